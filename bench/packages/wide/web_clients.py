"""httpx: clients against a server on this machine; httpcore, requests, urllib3, idna, charset_normalizer beside it."""

import asyncio
import http.server
import threading

import charset_normalizer
import httpcore
import httpx
import idna
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, Timeout


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        code = {"/away": 302, "/none": 404, "/auth": 200 if "Authorization" in self.headers else 401}.get(
            self.path, 200
        )
        body = f"{self.command} {self.path}".encode()
        self.send_response(code)
        self.send_header("Location", "/here")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

with httpx.Client(base_url=base, follow_redirects=True, auth=("u", "p"), trust_env=False) as client:
    print(
        client.get("/away").text,
        client.post("/x", json={"a": 1}).text,
        dict(client.cookies),
        client.get("/auth").status_code,
    )
    with client.stream("GET", "/s") as answer:
        print(b"".join(answer.iter_bytes()), answer.http_version)
    try:
        client.get("/none").raise_for_status()
    except httpx.HTTPStatusError as fault:
        print(fault.response.status_code)
try:
    httpx.get("http://127.0.0.1:9/", trust_env=False)
except httpx.ConnectError as fault:
    print(type(fault).__name__)


async def several():
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        return [each.text for each in await asyncio.gather(client.get("/1"), client.get("/2"))]


print(asyncio.run(several()))
print(
    httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(201, html="<p>")))
    .get("http://x/")
    .headers
)
with httpcore.ConnectionPool() as pool:
    print(pool.request("GET", base + "/core").content)
session = requests.Session()
session.trust_env = False
session.mount("http://", HTTPAdapter(max_retries=Retry(total=1, backoff_factor=0)))
session.hooks["response"].append(lambda answer, **more: print("hook", answer.status_code))
print(
    session.get(base + "/away").history,
    session.post(base + "/f", files={"f": b"x"}).text,
    session.cookies.get_dict(),
)
print(requests.Request("GET", base, params={"a": [1, 2]}).prepare().url.partition("?")[2])
try:
    session.get(base + "/none").raise_for_status()
except requests.HTTPError as fault:
    print(fault.response.reason)
pool = urllib3.PoolManager(timeout=Timeout(5))
print(
    pool.request("GET", base + "/pool", fields={"q": "x y"}).data, urllib3.util.parse_url("http://a:1/b?c#d")
)
print(idna.encode("bücher.example"), idna.decode("xn--bcher-kva.example"), idna.encode("ﬀ", uts46=True))
print(charset_normalizer.from_bytes("héllo wörld, ça va".encode("cp1252")).best() is not None)
print(charset_normalizer.detect(b"abc")["encoding"], charset_normalizer.is_binary(b"\0\1\2"))
server.shutdown()
