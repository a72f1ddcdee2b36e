"""aiohttp: middlewares, streams, multipart, websockets, cookies, redirects; yarl and multidict beside it."""

import asyncio

import aiohttp
import multidict
import yarl
from aiohttp import web


@web.middleware
async def tag(request, handler):
    answer = await handler(request)
    answer.headers["X-Tag"] = request.path
    return answer


async def form(request):
    parts = []
    async for part in await request.multipart():
        parts.append((part.name, part.filename, (await part.read()).decode()))
    return web.json_response(parts)


async def chat(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_json({"said": message.data})
    return socket


async def chunks(request):
    answer = web.StreamResponse()
    await answer.prepare(request)
    for number in range(3):
        await answer.write(f"{number};".encode())
    return answer


async def away(request):
    raise web.HTTPFound("/stream")


async def broken(request):
    raise web.HTTPTeapot(text="tea")


async def main():
    app = web.Application(middlewares=[tag])
    app.router.add_post("/form", form)
    app.router.add_get("/chat", chat)
    app.router.add_get("/stream", chunks)
    app.router.add_get("/away", away)
    app.router.add_get("/broken", broken)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = yarl.URL.build(scheme="http", host="127.0.0.1", port=site._server.sockets[0].getsockname()[1])
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(
        base, cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=20)
    ) as session:
        data = aiohttp.FormData()
        data.add_field("file", b"text", filename="a.txt")
        async with session.post("/form", data=data) as answer:
            print(answer.status, answer.headers["X-Tag"], await answer.json())
        async with session.ws_connect("/chat") as socket:
            await socket.send_str("hello")
            print(await socket.receive_json())
        async with session.get("/away") as answer:
            print(answer.url.path, len(answer.history), await answer.text())
        async with session.get("/broken") as answer:
            print(answer.status, await answer.text())
        try:
            await session.get("/none", raise_for_status=True)
        except aiohttp.ClientResponseError as fault:
            print(fault.status, fault.message)
    await runner.cleanup()


asyncio.run(main())
url = yarl.URL("http://user@example.org:8080/a/b?x=1#f")
print(url.parent, url.with_query({"y": 2}), url / "c", url.human_repr())
print(multidict.CIMultiDict([("A", 1), ("a", 2)]).getall("A"))
