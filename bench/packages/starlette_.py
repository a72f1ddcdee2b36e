"""starlette: an application called as ASGI servers call it."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/", lambda request: JSONResponse({"a": 1}))])


async def main():
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    await app(scope, receive, send)
    print(sent[0]["status"], sent[1]["body"])


asyncio.run(main())
