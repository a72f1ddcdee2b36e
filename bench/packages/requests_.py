"""requests: a session whose answers come from an adapter."""

import io

import requests
from requests.adapters import BaseAdapter


class Adapter(BaseAdapter):
    def send(self, request, **options):
        response = requests.Response()
        response.status_code, response.raw, response.url = 200, io.BytesIO(b'{"a": 1}'), request.url
        return response

    def close(self):
        pass


session = requests.Session()
session.mount("http://", Adapter())
print(session.get("http://example.org/x", params={"q": "a b"}).json(), requests.codes.ok)
