"""Many tasks, several loops, several objects on one queue."""

import asyncio
import gc
import os
import threading

import anyio
import pytest
from loops import ASYNCIO, TRIO, UVLOOP, on_asyncio, on_every_loop, run_ready_tasks, start_waiting

from mood.mqueue import aio


@on_every_loop
def test_tasks_are_served_in_the_order_they_came(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            got = []

            async def receive(number):
                got.append((number, await mq.receive()))

            async with anyio.create_task_group() as tasks:
                for number in range(10):
                    await start_waiting(tasks, receive, number)
                for number in range(10):
                    await mq.send(b"%d" % number)
            assert got == [(number, b"%d" % number) for number in range(10)]

    run(main)


@on_every_loop
def test_checkpoint_keeps_fifo_position(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            came, served = [], []

            async def receive(number):
                came.append(number)
                await mq.receive()
                served.append(number)

            async def send(number):
                came.append(number)
                await mq.send(b"%d" % number)

            async with anyio.create_task_group() as tasks:
                for number in range(100):
                    tasks.start_soon(receive, number)
                await run_ready_tasks()
                await mq.send_many([b"x"] * 100)
            assert served == came
            await mq.send_many([b"-1"] * mq.maxmsg)
            came.clear()
            async with anyio.create_task_group() as tasks:
                for number in range(100):
                    tasks.start_soon(send, number)
                await run_ready_tasks()
                got = [int(await mq.receive()) for _ in range(100 + mq.maxmsg)]
            assert got[mq.maxmsg :] == came

    run(main)


@on_every_loop
def test_waiting_tasks_are_served_fifo(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            got = []

            async def receive(name):
                got.append((name, await mq.receive()))

            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, receive, "first")
                mq.queue.send(b"one")
                mq.queue.send(b"two")
                # It has not suspended since, so that nobody was woken yet.
                await receive("second")
            assert got == [("first", b"one"), ("second", b"two")]

    run(main)


@on_every_loop
@pytest.mark.parametrize("cancelled", [{0}, {1}, {3}, {0, 1, 2}, {1, 3}])
@pytest.mark.parametrize("message_first", [True, False])
def test_a_cancelled_task_passes_its_turn_on(run, new_queue, cancelled, message_first):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            got, scopes = [], {}

            async def receive(number):
                with anyio.CancelScope() as scopes[number]:
                    got.append((number, await mq.receive()))

            async with anyio.create_task_group() as tasks:
                for number in range(4):
                    await start_waiting(tasks, receive, number)
                if message_first:
                    mq.queue.send(b"x")
                for number in cancelled:
                    scopes[number].cancel()
                for _ in range(4 - len(cancelled) - message_first):
                    await mq.send(b"x")
            assert got == [(number, b"x") for number in range(4) if number not in cancelled]
            assert len(mq) == 0

    run(main)


@on_every_loop
def test_senders_and_receivers_wait_apart(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=1, msgsize=1) as mq:
            total = []

            async def receive():
                total.append(await mq.receive())

            async with anyio.create_task_group() as tasks:
                for _ in range(50):
                    tasks.start_soon(receive)
                    tasks.start_soon(mq.send, b"x")
            assert len(total) == 50

    run(main)


@on_every_loop
def test_parts_of_one_task_are_not_mixed_with_those_of_another(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=2, msgsize=1) as mq:
            async with anyio.create_task_group() as tasks:
                for letter in b"abcd":
                    await start_waiting(tasks, mq.sendall, bytes([letter]) * 9)
                got = b"".join([await mq.receive() for _ in range(36)])
            assert got == b"".join(bytes([letter]) * 9 for letter in b"abcd")

    run(main)


def test_several_loops_in_several_threads_use_one_queue(new_queue):
    count, got, lock = 300, [], threading.Lock()
    with new_queue(maxmsg=3, msgsize=4) as queue:
        mq = aio.MessageQueue(queue)

        async def receive():
            async for message in mq:
                if not message:
                    return
                with lock:
                    got.append(message)

        async def receivers():
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(receive)

        async def senders():
            for number in range(count):
                await mq.send(b"%d" % number)
            for _ in range(15):
                await mq.send(b"")

        threads = [
            threading.Thread(target=anyio.run, args=(receivers,), kwargs=options)
            for options in (ASYNCIO, UVLOOP, TRIO)
        ]
        for thread in threads:
            thread.start()
        anyio.run(senders)
        for thread in threads:
            thread.join()
    assert sorted(map(int, got)) == list(range(count))


@on_every_loop
def test_two_objects_of_one_queue_share_the_line(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            got = []

            async def receive(number, mq):
                got.append((number, await mq.receive()))

            async with anyio.create_task_group() as tasks:
                for number in range(4):
                    await start_waiting(tasks, receive, number, aio.MessageQueue(mq.queue))
                for number in range(4):
                    await mq.send(b"%d" % number)
            assert got == [(number, b"%d" % number) for number in range(4)]

    run(main)


@on_every_loop
def test_two_descriptors_of_one_queue_are_waited_for_in_one_loop(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq, mq.reopen() as again:
            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, mq.receive)
                await start_waiting(tasks, again.receive)
                await mq.send(b"x")
                await mq.send(b"x")
            assert len(mq) == 0

    run(main)


@on_asyncio
def test_a_program_may_have_the_loop_watch_the_descriptor_besides(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            loop, seen = asyncio.get_running_loop(), []
            loop.add_reader(mq.fileno(), seen.append, None)
            async with anyio.create_task_group() as tasks:
                await start_waiting(tasks, mq.wait_readable)
                assert not seen
                await mq.send(b"x")
                await run_ready_tasks()
            assert seen
            loop.remove_reader(mq.fileno())

    run(main)


@on_every_loop
def test_the_mode_that_others_share_is_left_alone(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=1) as mq:
            modes = []
            for call in (mq.wait_readable, mq.receive, mq.notify):
                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, call)
                    modes.append(mq.blocking)
                    mq.queue.send(b"x")
                modes.append(mq.blocking)
                while len(mq):
                    mq.queue.receive()
            assert modes == [True] * 6

    run(main)


@on_every_loop
@pytest.mark.thread_unsafe(reason="counts descriptors")
def test_wrapping_again_and_again_costs_no_descriptors(run, new_queue):
    async def main():
        with new_queue() as queue:

            async def use():
                mq = aio.MessageQueue(queue)
                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, mq.receive)
                    queue.send(b"x")

            await use()
            gc.collect()  # what other tests have left goes before
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(10):
                await use()
            assert len(os.listdir("/proc/self/fd")) == before

    run(main)


@on_every_loop
def test_a_notification_outlives_what_waits(run, new_queue, eventually):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            arrived = threading.Event()
            mq.queue.notify(lambda queue: arrived.set())
            with anyio.move_on_after(0.01):
                await mq.receive()
            with anyio.move_on_after(0.01):
                await aio.MessageQueue(mq.queue).wait_readable()
            await mq.send(b"x")
            eventually(arrived.is_set)

    run(main)
