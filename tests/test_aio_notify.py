"""Waiting for a notification as a task."""

import errno
import gc
import os
import threading

import anyio
import pytest
from loops import on_every_loop, run_ready_tasks, start_waiting, wait_until

from mood.mqueue import aio
from mood.mqueue._aio_wakeup import WakeupFd


@on_every_loop
def test_it_completes_when_a_message_arrives_on_the_empty_queue(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            for _ in range(20):
                done = []

                async def wait(done):
                    assert await mq.notify() is None
                    done.append(len(mq))

                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, wait, done)
                    assert done == []
                    await mq.send(b"x")
                assert done == [1]
                assert await mq.receive() == b"x"

    run(main)


@on_every_loop
def test_two_at_once_are_refused_and_the_first_one_stays(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq, anyio.create_task_group() as tasks:
            await start_waiting(tasks, mq.notify)
            with pytest.raises(OSError, match="registered") as raised:
                await mq.notify()
            assert raised.value.errno == errno.EBUSY
            await mq.send(b"x")

    run(main)


@on_every_loop
def test_to_cancel_it_unregisters(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            for _ in range(20):
                with anyio.CancelScope() as scope:
                    async with anyio.create_task_group() as tasks:
                        await start_waiting(tasks, mq.notify)
                        scope.cancel()
                mq.queue.notify(None)
                mq.queue.notify()

    run(main)


@on_every_loop
def test_a_cancellation_that_comes_too_late_leaves_the_next_one_registered(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            for _ in range(20):
                with anyio.CancelScope() as scope:
                    async with anyio.create_task_group() as tasks:
                        await start_waiting(tasks, mq.notify)
                        mq.queue.send(b"x")
                        # Whether the callback's thread was as fast differs.
                        scope.cancel()
                mq.queue.receive()
                with anyio.fail_after(10):
                    async with anyio.create_task_group() as tasks:
                        await start_waiting(tasks, mq.notify)
                        mq.queue.send(b"x")
                mq.queue.receive()

    run(main)


@on_every_loop
def test_it_fails_if_the_registration_is_ended(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:

            async def wait(errors):
                with pytest.raises(OSError, match="ended before a message arrived") as raised:
                    await mq.notify()
                errors.append(raised.value.errno)

            for end in (mq.queue.notify, lambda: mq.reopen().close()):
                errors = []
                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, wait, errors)
                    end()
                    await wait_until(lambda errors=errors: errors)
                assert errors == [errno.ECANCELED]
            await run_ready_tasks()

    run(main)


@on_every_loop
@pytest.mark.thread_unsafe(reason="replaces a method")
def test_a_callback_thread_that_stops_in_between_stops_nobody_else(run, new_queue, monkeypatch):
    # As the end of the interpreter stops it, for good.
    woken, goes_on, wake = threading.Event(), threading.Event(), WakeupFd.wake

    def stops(wakeup):
        wake(wakeup)
        woken.set()
        goes_on.wait()

    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq, anyio.create_task_group() as tasks:
            await start_waiting(tasks, mq.notify)
            monkeypatch.setattr(WakeupFd, "wake", stops)
            mq.queue.send(b"x")
            await wait_until(woken.is_set)
            monkeypatch.undo()

    try:
        run(main)
    finally:
        goes_on.set()


@on_every_loop
@pytest.mark.thread_unsafe(reason="counts descriptors")
def test_it_keeps_no_descriptor(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            kept = []
            await use(mq, kept)
            gc.collect()  # what other tests have left goes before
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(10):
                await use(mq, kept)
            assert len(os.listdir("/proc/self/fd")) == before
        kept.clear()

    async def use(mq, kept):
        async def refused():
            with pytest.raises(OSError, match="registered") as raised:
                await mq.notify()
            kept.append(raised)

        async def cancelled():
            try:
                await mq.notify()
            except BaseException as error:
                kept.append(error)
                raise

        async with anyio.create_task_group() as tasks:
            await start_waiting(tasks, cancelled)
            await refused()
            tasks.cancel_scope.cancel()

    run(main)
