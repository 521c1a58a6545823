"""Queues whose messages are awaited: each method, on every kind of event loop."""

import asyncio
import doctest
import errno
import os
import pickle

import anyio
import pytest
from loops import on_asyncio, on_every_loop, run_ready_tasks, start_waiting

from mood.mqueue import Message, MessageQueue, aio
from mood.mqueue.objects import ObjectQueue


@pytest.fixture(scope="session")
def new_aio(new_queue):
    def new(**arguments):
        return new_queue(cls=aio.MessageQueue, **arguments)

    return new


@on_every_loop
def test_each_method_does_what_the_synchronous_one_does(run, new_aio):
    async def main():
        async with new_aio() as mq:
            assert await mq.send(b"x" * 100) == 64
            assert await mq.receive() == b"x" * 64
            assert await mq.send_message(b"hello", priority=7) is None
            assert await mq.receive_message() == Message(b"hello", 7)
            assert await mq.sendall(bytes(100), 3) is None
            assert await mq.receive_many(1) == [Message(bytes(64), 3)]
            assert await mq.receive_many() == [Message(bytes(36), 3)]
            assert await mq.send_many([b"one", (b"two", 9)], 1) == 2
            buffer = bytearray(64)
            assert await mq.receive_into(buffer) == (3, 9)
            assert buffer[:3] == b"two"
            await mq.wait_readable()
            await mq.wait_writable()
            async for message in mq:
                assert message == b"one"
                break
            await mq.sendall(b"")
            assert await mq.receive() == b""
            assert await mq.send_many([]) == 0
            outgoing, incoming = bytearray(100), bytearray(b"head")
            assert await mq.fill(outgoing, 4) is None
            assert outgoing == b""
            assert await mq.drain(incoming) is False
            assert incoming == b"head" + bytes(100)
            await mq.fill(bytearray())
            assert len(mq) == 0

    run(main)


RECEIVING = {
    "receive": lambda mq: mq.receive(),
    "receive_message": lambda mq: mq.receive_message(),
    "receive_into": lambda mq: mq.receive_into(bytearray(64)),
    "receive_many": lambda mq: mq.receive_many(),
    "drain": lambda mq: mq.drain(bytearray()),
    "anext": anext,
    "wait_readable": lambda mq: mq.wait_readable(),
    "notify": lambda mq: mq.notify(),
}
SENDING = {
    "send": lambda mq: mq.send(b"x"),
    "send_message": lambda mq: mq.send_message(b"x"),
    "sendall": lambda mq: mq.sendall(b"x"),
    "fill": lambda mq: mq.fill(bytearray(b"x")),
    "send_many": lambda mq: mq.send_many([b"x"]),
    "wait_writable": lambda mq: mq.wait_writable(),
}


@on_every_loop
@pytest.mark.parametrize("nonblocking", [0, os.O_NONBLOCK])
@pytest.mark.parametrize("call", RECEIVING.values(), ids=RECEIVING)
def test_what_receives_waits_for_a_message(run, new_aio, call, nonblocking):
    async def main():
        async with new_aio(flags=os.O_RDWR | os.O_CREAT | nonblocking) as mq:
            done = []

            async def wait():
                done.append(await call(mq))

            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, wait)
                assert not done
                mq.queue.send(b"x")
            assert len(done) == 1
            assert mq.blocking == (not nonblocking)

    run(main)


@on_every_loop
@pytest.mark.parametrize("nonblocking", [0, os.O_NONBLOCK])
@pytest.mark.parametrize("call", SENDING.values(), ids=SENDING)
def test_what_sends_waits_for_room(run, new_aio, call, nonblocking):
    async def main():
        async with new_aio(flags=os.O_RDWR | os.O_CREAT | nonblocking, maxmsg=1) as mq:
            done = []
            mq.queue.send(b"full")

            async def wait():
                done.append(await call(mq))

            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, wait)
                assert not done
                assert mq.queue.receive() == b"full"
            assert len(done) == 1
            assert mq.blocking == (not nonblocking)

    run(main)


@on_every_loop
def test_what_needs_many_turns_is_sent_in_order(run, new_aio):
    async def main():
        async with new_aio(maxmsg=2, msgsize=2) as mq:
            text = bytes(i % 251 for i in range(1001))
            buffer = bytearray(text)
            numbers = [i.to_bytes(2, "big") for i in range(500)]

            async def send():
                await mq.sendall(text)
                await mq.fill(buffer)
                assert buffer == b""
                assert await mq.send_many(numbers) == 500

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(send)
                for _ in range(2):
                    assert b"".join([await mq.receive() for _ in range(501)]) == text
                assert [await mq.receive() for _ in range(500)] == numbers

    run(main)


@on_every_loop
def test_a_message_that_changes_while_it_waits_is_sent_as_it_was(run, new_aio):
    async def main():
        async with new_aio(maxmsg=1) as mq:
            for call in (
                mq.send,
                mq.send_message,
                mq.sendall,
                lambda m: mq.send_many([m]),
                lambda m: mq.send_many([(m, 3)]),
            ):
                message = bytearray(b"before")
                mq.queue.send(b"full")
                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, call, message)
                    message[:] = b"afterwards"
                    mq.queue.receive()
                assert await mq.receive() == b"before"

    run(main)


BAD = [
    pytest.param(lambda mq: mq.send("text"), TypeError, id="no-bytes"),
    pytest.param(lambda mq: mq.send(memoryview(bytes(8))[::2]), BufferError, id="gaps"),
    pytest.param(lambda mq: mq.send(b"x", 32768), OSError, id="priority"),
    pytest.param(lambda mq: mq.send(b"x", -1), OverflowError, id="negative-priority"),
    pytest.param(lambda mq: mq.send_message(bytes(65)), OSError, id="too-long"),
    pytest.param(lambda mq: mq.sendall(5), TypeError, id="sendall-no-bytes"),
    pytest.param(lambda mq: mq.sendall(bytes(100), 32768), OSError, id="sendall-priority"),
    pytest.param(lambda mq: mq.send_many(5), TypeError, id="no-iterable"),
    pytest.param(lambda mq: mq.send_many([b"x", "text"]), TypeError, id="many-no-bytes"),
    pytest.param(lambda mq: mq.send_many([b"x", bytes(65)]), OSError, id="many-too-long"),
    pytest.param(lambda mq: mq.send_many([b"x", (b"x", 1, 2)]), TypeError, id="many-triple"),
    pytest.param(lambda mq: mq.receive_into(bytearray(63)), ValueError, id="small-buffer"),
    pytest.param(lambda mq: mq.receive_into(bytes(64)), BufferError, id="constant-buffer"),
    pytest.param(lambda mq: mq.receive_many(-1), ValueError, id="negative-number"),
    pytest.param(lambda mq: mq.drain(b"constant"), TypeError, id="drain-no-bytearray"),
    pytest.param(lambda mq: mq.fill(b"constant"), TypeError, id="fill-no-bytearray"),
    pytest.param(lambda mq: mq.fill(bytearray(9), 32768), OSError, id="fill-priority"),
]


@on_every_loop
@pytest.mark.parametrize(("call", "error"), BAD)
def test_bad_input_is_refused_as_the_synchronous_method_does(run, new_aio, call, error):
    async def main():
        async with new_aio() as mq:
            mq.queue.send(b"there")
            with pytest.raises(error) as raised:
                await call(mq)
            assert not hasattr(raised.value, "characters_written") or isinstance(
                raised.value, BlockingIOError
            )
            assert mq.queue.receive() == b"there"
            assert len(mq) == 0

    run(main)


@on_every_loop
def test_the_wrong_direction_is_refused_and_not_waited_for(run, new_aio):
    async def main():
        async with new_aio() as mq, mq.reopen(os.O_WRONLY) as out, mq.reopen(os.O_RDONLY) as back:
            with pytest.raises(OSError, match="writing only") as raised:
                await out.receive()
            assert raised.value.errno == errno.EBADF
            with pytest.raises(OSError, match="reading only") as raised:
                await back.send(b"x")
            assert raised.value.errno == errno.EBADF

    run(main)


@on_every_loop
def test_a_timeout_of_the_loop_ends_a_wait(run, new_aio):
    async def main():
        async with new_aio() as mq:
            with pytest.raises(TimeoutError), anyio.fail_after(0.01):
                await mq.receive()
            await mq.send(b"later")
            assert await mq.receive() == b"later"

    run(main)


@on_asyncio
def test_a_timeout_of_asyncio_ends_a_wait(run, new_aio):
    async def main():
        async with new_aio() as mq:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await mq.receive()

    run(main)


def test_one_is_made_of_a_queue_or_as_a_queue_is(new_queue, new_name):
    with new_queue() as queue:
        assert aio.MessageQueue(queue).queue is queue
        assert aio.MessageQueue.from_fd(os.dup(queue.fileno())).name == ""
        assert aio.MessageQueue(queue).reopen().name == queue.name
        with pytest.raises(TypeError, match="no further arguments"):
            aio.MessageQueue(queue, os.O_RDWR)  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="flags are required"):
            aio.MessageQueue(queue.name)  # type: ignore[call-overload]
    with pytest.raises(FileNotFoundError):
        aio.MessageQueue(new_name(), os.O_RDWR)
    unique = aio.MessageQueue.create_unique("/mood-test-", maxmsg=1, msgsize=1)
    assert unique.owner
    unique.close()


def test_no_name_of_the_queue_is_missing():
    def public(cls):
        return {name for name in dir(cls) if not name.startswith("_")}

    # To spin would stop the loop.
    assert public(MessageQueue) - public(aio.MessageQueue) == {"busy_poll"}
    assert public(ObjectQueue) - public(aio.ObjectQueue) == set()
    assert aio.__all__ == ["MessageQueue", "ObjectQueue"]


def test_it_has_what_the_queue_has(new_aio):
    mq = new_aio()
    queue = mq.queue
    for name in ("name", "flags", "mode", "maxmsg", "msgsize", "closed", "blocking", "owner"):
        assert getattr(mq, name) == getattr(queue, name)
    assert (mq.fileno(), len(mq), mq.status()) == (queue.fileno(), 0, queue.status())
    mq.blocking = False
    assert not queue.blocking
    assert repr(mq) == f"<mood.mqueue.aio.MessageQueue of {queue!r}>"
    with pytest.raises(TypeError):
        b"x" in mq  # noqa: B015
    copy = pickle.loads(pickle.dumps(mq))
    assert (type(copy), copy.name, copy.owner) == (aio.MessageQueue, mq.name, False)
    copy.close()
    mq.owner = False
    assert not queue.owner
    mq.unlink()
    fd = mq.detach()
    assert mq.closed
    os.close(fd)


@on_every_loop
def test_a_busy_queue_lets_other_tasks_run(run, new_aio):
    async def main():
        calls, turns = 2000, []
        async with new_aio() as mq:
            with anyio.CancelScope() as scope:

                async def other():
                    while True:
                        turns.append(None)
                        await anyio.lowlevel.checkpoint()

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(other)
                    for _ in range(calls // 2):
                        await mq.send(b"x")
                        await mq.receive()
                    scope.cancel()
        assert calls / 64 < len(turns) < calls

    run(main)


class Drained(MessageQueue):
    """Whoever receives is as fast as the sender."""

    def send_many(self, messages, priority=0, timeout=None):
        for message in messages:
            super().send_many([message], priority, timeout)
            self.receive(timeout=0)
        return len(messages)


@on_every_loop
@pytest.mark.parametrize("item", [b"x", (b"x", 3)])
def test_many_messages_that_others_take_at_once_let_other_tasks_run(run, new_queue, item):
    async def main():
        turns = []
        with new_queue(cls=Drained) as queue:

            async def other():
                while True:
                    turns.append(None)
                    await anyio.lowlevel.checkpoint()

            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, other)
                turns.clear()
                assert await aio.MessageQueue(queue).send_many([item] * 3200) == 3200
                assert len(turns) > 50
                tasks.cancel_scope.cancel()

    run(main)


@pytest.mark.thread_unsafe(reason="an example has a fixed name")
def test_docstring_example_prints_what_it_says():
    text = aio.MessageQueue.__doc__ or ""
    example = doctest.DocTestParser().get_doctest(text, {}, "aio", None, 0)
    assert doctest.DocTestRunner().run(example) == (0, 4)


def test_every_public_name_has_a_docstring():
    assert aio.__doc__
    for name, member in vars(aio.MessageQueue).items():
        assert name.startswith("_") or member.__doc__, name


NO_DESCRIPTORS = """
import os, resource, sys
import anyio
from mood.mqueue import aio


async def main():
    async with aio.MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=8) as mq:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = os.open("/", os.O_RDONLY)
        for left in range(2):
            resource.setrlimit(resource.RLIMIT_NOFILE, (used + left, hard))
            for call in (mq.receive, mq.notify if left == 0 else mq.receive):
                try:
                    await call()
                except OSError as error:
                    print(error.strerror)
        await mq.send(b"x")
        assert await mq.receive() == b"x"
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(mq.receive)
            await anyio.lowlevel.checkpoint()
            await mq.send(b"x")


anyio.run(main, backend=sys.argv[2])
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_without_descriptors_to_wait_with_it_says_so_and_takes_nothing(
    run_python, new_name, backend
):
    assert run_python(NO_DESCRIPTORS, new_name(), backend) == "Too many open files\n" * 4


def test_the_synchronous_package_needs_nothing_of_it(run_python):
    assert run_python("import mood.mqueue, sys; print({'anyio', 'asyncio'} & {*sys.modules})") == (
        "set()\n"
    )


def test_without_anyio_the_import_says_what_to_install(run_python):
    script = """
import sys
sys.modules["anyio"] = None
try:
    import mood.mqueue.aio
except ModuleNotFoundError as error:
    print(error)
"""
    assert run_python(script) == ("mood.mqueue.aio needs anyio: pip install 'mood.mqueue[async]'\n")


def test_outside_of_a_loop_it_says_so(new_aio):
    with new_aio().queue as queue:
        call = aio.MessageQueue(queue).receive()
        with pytest.raises(RuntimeError, match="event loop"):
            call.send(None)


def test_wrapping_keeps_the_synchronous_object_usable(new_queue):
    async def main():
        with new_queue() as queue:
            mq = aio.MessageQueue(queue)
            queue.send(b"one")
            assert await mq.receive() == b"one"
            await mq.send(b"two")
            assert queue.receive() == b"two"
            await run_ready_tasks()

    anyio.run(main)
