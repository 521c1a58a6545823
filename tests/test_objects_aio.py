"""Object queues that are awaited."""

import asyncio
import errno
import os
import pickle
import queue

import anyio
import pytest
from loops import LOOPS, start_waiting
from payload_files import files

from mood.mqueue import MessageQueue, aio
from mood.mqueue.objects import JSON, DecodeError

LARGE = "large" * 1000
pytestmark = pytest.mark.thread_unsafe(reason="the threads of a test would share its fixtures")


def fails(*_):
    raise OSError(errno.EMFILE, "full")


@pytest.fixture(params=LOOPS)
def run(request):
    return LOOPS[request.param]


@pytest.fixture
def new_awaited(new_name):
    def new():
        objects = aio.ObjectQueue(new_name(), 4, msgsize=256)
        objects.owner = True
        return objects

    return new


@pytest.fixture
def objects(new_awaited):
    objects = new_awaited()
    yield objects
    name = objects.name
    objects.close()
    # pytest keeps what a fixture gives until after the check that nothing is left.
    vars(objects).clear()
    assert files(name) == []


@pytest.mark.parametrize("item", [None, [1, {"two": 3.0}], LARGE])
def test_what_is_put_is_got(run, objects, item):
    async def main():
        await objects.put(item)
        await objects.put("first", priority=1)
        assert [await objects.get(), await objects.get()] == ["first", item]

    run(main)


def test_get_waits_for_an_object_and_put_for_room(run, objects):
    async def main():
        got = []

        async def take():
            got.extend([await objects.get() for _ in range(20)])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take)
            for number in range(20):
                await objects.put((number, LARGE * (number % 2)))
        assert [number for number, _ in got] == list(range(20))

    run(main)


def test_a_cancelled_put_leaves_no_object_and_no_file(run, objects):
    async def main():
        for _ in range(objects.maxsize):
            objects.put_nowait(1)
        for seconds in 0, 0.001, 0.01:
            with anyio.move_on_after(seconds) as scope:
                await objects.put(LARGE)
            assert scope.cancelled_caught
        assert (files(objects), objects.qsize()) == ([], 4)

    run(main)


def test_a_cancelled_get_takes_nothing(run, objects):
    async def main():
        for seconds in 0, 0.001:
            with anyio.move_on_after(seconds) as scope:
                await objects.get()
            assert scope.cancelled_caught
        await objects.put(LARGE)
        assert await objects.get() == LARGE

    run(main)


def test_while_a_put_waits_there_is_no_file(run, objects):
    async def main():
        for number in range(objects.maxsize):
            objects.put_nowait(number)
        async with anyio.create_task_group() as tasks:
            await start_waiting(tasks, objects.put, LARGE)
            assert files(objects) == []
            assert [await objects.get() for _ in range(5)] == [0, 1, 2, 3, LARGE]

    run(main)


def test_a_scope_that_is_cancelled_already_puts_and_takes_nothing(run, objects, monkeypatch):
    async def main():
        async def cancelled(call, *arguments):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await call(*arguments)
            assert scope.cancelled_caught

        await cancelled(objects.put, LARGE)
        assert (files(objects), objects.qsize()) == ([], 0)
        objects.put_nowait(LARGE)
        await cancelled(objects.get)
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", fails)
            with pytest.raises(OSError, match="full"):
                await objects.get()
        # It is in the hand of this process now.
        await cancelled(objects.get)
        assert (await objects.get(), objects.qsize()) == (LARGE, 0)

    run(main)


def test_when_shared_memory_is_full_nothing_is_queued_or_left(run, objects, monkeypatch):
    async def main():
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match="needs a file in /dev/shm"):
            await objects.put(LARGE)
        assert (files(objects), objects.qsize()) == ([], 0)

    run(main)


def test_the_nowait_calls_are_those_of_queue(objects):
    with pytest.raises(queue.Empty):
        objects.get_nowait()
    for number in range(4):
        objects.put_nowait(number)
    assert objects.full()
    with pytest.raises(queue.Full):
        objects.put_nowait(5)


def test_a_message_of_a_stranger_is_taken_and_given_with_the_error(run, objects):
    async def main():
        with MessageQueue(objects.name, os.O_WRONLY) as stranger:
            stranger.send(b"hello", priority=7)
        with pytest.raises(DecodeError) as caught:
            await objects.get()
        assert (caught.value.data, caught.value.priority, objects.qsize()) == (b"hello", 7, 0)

    run(main)


def test_undelivered_object_comes_with_the_next_get(run, objects, monkeypatch):
    async def main():
        await objects.put(LARGE)
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", fails)
            with pytest.raises(OSError, match="full"):
                await objects.get()
        assert await objects.get() == LARGE

    run(main)


def test_others_who_can_send_are_not_trusted(run, objects):
    async def main():
        os.fchmod(objects.fileno(), 0o666)
        objects.put_nowait(1)
        with pytest.raises(PermissionError):
            await objects.get()
        assert objects.qsize() == 1

    run(main)


def test_closing_wakes_who_waits(run, new_awaited):
    async def main():
        objects = new_awaited()

        async def waits():
            with pytest.raises(OSError, check=lambda error: error.errno == errno.EBADF):
                await objects.get()

        async with objects, anyio.create_task_group() as tasks:
            tasks.start_soon(waits)
            await anyio.sleep(0.01)
            objects.close()

    run(main)


def test_it_is_made_of_a_queue_that_is_open(new_queue):
    for wrap in aio.MessageQueue, lambda mq: mq:
        objects = aio.ObjectQueue(wrap(new_queue()), serializer=JSON)

        async def main(objects=objects):
            async with objects:
                await objects.put([1])
                assert await objects.get() == [1]

        asyncio.run(main())


def test_it_can_be_pickled(run, new_awaited):
    async def main():
        async with new_awaited() as objects:
            async with pickle.loads(pickle.dumps(objects)) as again:
                await again.put("there")
            assert await objects.get() == "there"

    run(main)
