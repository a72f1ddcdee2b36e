"""aiohttp: a server answers a client on this machine."""

import asyncio

import aiohttp
from aiohttp import web


async def main():
    app = web.Application()
    app.add_routes([web.get("/", lambda request: web.json_response({"a": 1}))])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
        print(await answer.json())
    await runner.cleanup()


asyncio.run(main())
