"""anyio: task groups, streams, files, subprocesses, threads, a socket, cancellation."""

import sys
import tempfile
from pathlib import Path

import anyio
from anyio import from_thread, to_thread
from anyio.abc import TaskStatus


async def numbers(send, count):
    async with send:
        for number in range(count):
            await send.send(number)


async def echo(stream):
    async with stream:
        await stream.send(await stream.receive())


async def serve(*, task_status: TaskStatus):
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        task_status.started(listener.extra(anyio.abc.SocketAttribute.local_port))
        await listener.serve(echo)


async def main():
    send, receive = anyio.create_memory_object_stream(max_buffer_size=2)
    async with anyio.create_task_group() as group:
        group.start_soon(numbers, send, 4)
        print([number async for number in receive])
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep(10)
    print(scope.cancelled_caught)
    async with anyio.create_task_group() as group:
        port = await group.start(serve)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(b"hello")
            print(await stream.receive())
        group.cancel_scope.cancel()
    done = await anyio.run_process([sys.executable, "-c", "print(6 * 7)"])
    print(done.stdout.strip())
    path = anyio.Path(tempfile.mkdtemp()) / "x"
    await path.write_text("text")
    print(await path.read_text(), Path(path).exists())
    print(await to_thread.run_sync(lambda: from_thread.run(anyio.sleep, 0)))
    lock, limit, event = anyio.Lock(), anyio.CapacityLimiter(2), anyio.Event()
    async with lock, limit:
        event.set()
    print(event.is_set(), limit.statistics().borrowed_tokens)
    try:
        with anyio.fail_after(0.01):
            await anyio.sleep(10)
    except TimeoutError as error:
        print(type(error).__name__)
    try:
        anyio.create_memory_object_stream()[0].send_nowait(1)
    except anyio.WouldBlock as error:
        print(type(error).__module__, type(error).__name__)


anyio.run(main)
