"""Queues that are closed, loops that end, processes that fork, while tasks wait."""

import errno
import gc
import os
import threading

import anyio
import pytest
from loops import on_every_loop, run_ready_tasks, start_waiting
from observe import is_in_the_system
from test_aio import RECEIVING, SENDING

from mood.mqueue import aio

CLOSE = {
    "close": lambda mq: mq.close(),
    "close-the-other": lambda mq: mq.queue.close(),
    "with": lambda mq: mq.queue.__exit__(),
    "detach": lambda mq: os.close(mq.detach()),
}


async def expect_closed(call, mq, errors):
    with pytest.raises(OSError, match="closed") as raised:
        await call(mq)
    errors.append(raised.value.errno)


@on_every_loop
@pytest.mark.parametrize("in_thread", [False, True])
@pytest.mark.parametrize("close", CLOSE.values(), ids=CLOSE)
def test_closing_wakes_every_task_that_waits(run, new_queue, close, in_thread):
    async def main():
        mq, full = new_queue(cls=aio.MessageQueue), new_queue(cls=aio.MessageQueue, maxmsg=1)
        mq.unlink()
        full.unlink()
        await full.send(b"x")
        errors = []

        def close_both():
            close(mq)
            close(full)

        async with anyio.create_task_group() as tasks:
            for call in [*RECEIVING.values(), RECEIVING["receive"]]:
                await start_waiting(tasks, expect_closed, call, mq, errors)
            for call in [*SENDING.values(), SENDING["send"]]:
                await start_waiting(tasks, expect_closed, call, full, errors)
            assert errors == []
            if in_thread:
                thread = threading.Thread(target=close_both)
                thread.start()
            else:
                close_both()
        if in_thread:
            thread.join()
        assert errors == [errno.EBADF] * (len(RECEIVING) + len(SENDING) + 2)

    run(main)


@on_every_loop
def test_a_closed_queue_is_refused(run, new_queue):
    async def main():
        mq = new_queue(cls=aio.MessageQueue)
        mq.close()
        mq.close()
        errors = []
        for call in [*RECEIVING.values(), *SENDING.values()]:
            await expect_closed(call, mq, errors)
        assert set(errors) == {errno.EBADF}
        with pytest.raises(OSError, match="closed"):
            async with mq:
                pass

    run(main)


@on_every_loop
def test_closing_wakes_tasks_of_other_loops(run, new_queue):
    mq, errors, waiting = new_queue(cls=aio.MessageQueue), [], threading.Barrier(3)

    async def wait():
        async with anyio.create_task_group() as tasks:
            await start_waiting(tasks, expect_closed, RECEIVING["receive"], mq, errors)
            await start_waiting(tasks, expect_closed, RECEIVING["receive"], mq, errors)
            waiting.wait()

    threads = [threading.Thread(target=run, args=(wait,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    waiting.wait()
    mq.close()
    for thread in threads:
        thread.join()
    assert errors == [errno.EBADF] * 4


@on_every_loop
@pytest.mark.thread_unsafe(reason="takes a certain descriptor number")
def test_reused_descriptor_is_not_watched_or_read(run, new_queue):
    async def main():
        mq, errors = new_queue(cls=aio.MessageQueue), []
        out, back = os.pipe()
        os.write(back, b"not yours")
        async with anyio.create_task_group() as tasks:
            await start_waiting(tasks, expect_closed, RECEIVING["receive"], mq, errors)
            # The queue's file stays open, so that no epoll instance forgets it by itself.
            number, kept = mq.fileno(), os.dup(mq.fileno())
            mq.close()
            assert os.dup2(out, number) == number
        assert errors == [errno.EBADF]
        assert os.read(number, 100) == b"not yours"
        for fd in (out, back, number, kept):
            os.close(fd)
        async with new_queue(cls=aio.MessageQueue) as another, anyio.create_task_group() as tasks:
            await start_waiting(tasks, another.receive)
            await another.send(b"x")

    run(main)


@on_every_loop
def test_queues_that_come_and_go_leave_nothing_in_the_loop(run, new_queue):
    async def main():
        for _ in range(30):
            async with new_queue(cls=aio.MessageQueue, maxmsg=1) as mq:
                errors = []
                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, mq.receive)
                    await mq.send(b"x")
                    await run_ready_tasks()
                    await start_waiting(tasks, expect_closed, RECEIVING["receive"], mq, errors)
                    mq.close()
                assert errors == [errno.EBADF]

    run(main)


@on_every_loop
@pytest.mark.thread_unsafe(reason="counts descriptors")
def test_a_queue_that_is_dropped_unseen_gives_everything_back(run, new_queue):
    async def main():
        async def use():
            mq = new_queue(cls=aio.MessageQueue)
            for call in (mq.receive, mq.wait_readable):
                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, call)
                    mq.queue.send(b"x")

        await use()
        gc.collect()
        before = len(os.listdir("/proc/self/fd"))
        await use()
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == before

    run(main)


CLOSED_LOOP = """
import asyncio, gc, os, sys
import anyio
import uvloop
from mood.mqueue import aio

mq = aio.MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=8)
new_loop = {"asyncio": asyncio, "uvloop": uvloop}[sys.argv[2]].new_event_loop


async def main():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(mq.receive)
        await asyncio.sleep(0.01)
        await mq.send(b"x")
    assert len(mq) == 0


for drop in (True, False):
    loop = new_loop()
    loop.set_exception_handler(lambda loop, context: None)  # tells of tasks that never ended
    calls = (mq.receive, mq.receive, mq.wait_readable, mq.notify)
    tasks = [loop.create_task(call()) for call in calls]
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    if drop:
        del tasks, loop
        gc.collect()
    anyio.run(main)
    mq.queue.notify()
call = mq.receive()
try:
    loop.run_until_complete(call)
except RuntimeError as error:
    print(error)
call.close()
mq.close()
"""


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_a_loop_that_is_closed_under_its_tasks_leaves_the_queue_usable(
    module, run_python, new_name
):
    assert run_python(CLOSED_LOOP, new_name(), module) == "Event loop is closed\n"


@on_every_loop
def test_a_loop_that_ends_cancels_what_waits(run, new_queue):
    with new_queue() as queue:
        mq = aio.MessageQueue(queue)

        async def main():
            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, mq.receive)
                await start_waiting(tasks, mq.receive)
                raise RuntimeError("the program")

        for _ in range(2):
            with pytest.raises(ExceptionGroup) as raised:
                run(main)
            assert [str(error) for error in raised.value.exceptions] == ["the program"]


CTRL_C = """
import os, signal, sys
import anyio
from mood.mqueue import aio

name, backend = sys.argv[1:]
# CPython keeps SIGINT ignored if its parent did, as a shell does for background jobs.
signal.signal(signal.SIGINT, signal.default_int_handler)


async def main():
    flags = os.O_RDWR | os.O_CREAT
    async with aio.MessageQueue(name, flags, maxmsg=2, msgsize=8) as mq:
        async with anyio.create_task_group() as tasks:
            for call in mq.receive, mq.receive, mq.wait_readable, mq.notify:
                tasks.start_soon(call)
            await anyio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
            await anyio.sleep(20)


try:
    anyio.run(main, backend=backend)
except* KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ctrl_c_ends_what_waits_and_the_queue_is_closed(run_python, new_name, backend):
    name = new_name()
    assert run_python(CTRL_C, name, backend) == "interrupted\n"
    assert not is_in_the_system(name)


FORK = """
import os, sys
import anyio
from mood.mqueue import aio

mq = aio.MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=8)


async def wait():
    with anyio.move_on_after(0.05) as scope:
        await mq.wait_readable()
    return scope.cancelled_caught


async def answer():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.lowlevel.checkpoint()
        await mq.send(b"child")


assert anyio.run(wait)
if not (child := os.fork()):
    anyio.run(answer)
    mq.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert anyio.run(mq.receive) == b"child"
print(anyio.run(wait))
mq.close()
"""


def test_a_forked_child_that_closes_its_queue_wakes_nobody_of_the_parent(run_python, new_name):
    assert run_python(FORK, new_name()) == "True\n"
