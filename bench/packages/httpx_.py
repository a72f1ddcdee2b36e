"""httpx: a client whose answers come from a transport."""

import httpx

transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"path": request.url.path}))
with httpx.Client(transport=transport) as client:
    print(client.get("http://example.org/x", params={"q": "a b"}).json())
