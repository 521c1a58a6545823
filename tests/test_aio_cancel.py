"""Cancelled calls: no message is lost, doubled or left behind, wherever it happens."""

import asyncio
import random
from collections import Counter
from contextlib import suppress

import anyio
import pytest
from loops import on_asyncio, on_every_loop, run_ready_tasks, start_waiting
from test_aio import RECEIVING, SENDING

from mood.mqueue import aio

WIDTH = 4
CALLS = 3000


class Interrupted:
    """A call that calls `interrupt` each time it is about to suspend for the n-th time."""

    def __init__(self, call, n, interrupt):
        self.call, self.n, self.interrupt = call, n, interrupt

    def __await__(self):
        inner = self.call.__await__()
        step, given = inner.send, None
        for suspended in range(1, 1_000_000):
            try:
                waits_for = step(given)
            except StopIteration as stop:
                return stop.value
            if suspended == self.n:
                self.interrupt()
            try:
                step, given = inner.send, (yield waits_for)
            except BaseException as error:
                step, given = inner.throw, error
        raise AssertionError("it suspends without end")


class Account:
    """What was sent, what was taken, and where calls were cancelled."""

    def __init__(self, mq, seed):
        self.mq, self.random = mq, random.Random(seed)
        self.next = 0
        self.sent, self.taken, self.cancelled = Counter(), Counter(), Counter()

    def numbers(self, count):
        first, self.next = self.next, self.next + count
        return [i.to_bytes(WIDTH, "big") for i in range(first, self.next)]

    async def send(self):
        how = self.random.choice(["send", "send_message", "sendall", "fill", "send_many"])
        several = how in {"sendall", "fill", "send_many"}
        numbers = self.numbers(self.random.randint(2, 9) if several else 1)
        message = numbers if how == "send_many" else bytearray().join(numbers)
        sent = 0
        try:
            await getattr(self.mq, how)(message)
            sent = len(numbers)
        except BaseException as error:
            written = getattr(error, "characters_written", 0)
            assert written % WIDTH == 0
            sent = getattr(error, "messages_sent", 0) + written // WIDTH
            if how == "fill":
                sent = len(numbers) - len(message) // WIDTH
            raise
        finally:
            self.sent.update(numbers[:sent])

    async def receive(self):
        how = self.random.choice(["receive", "message", "into", "many", "drain", "next"])
        match how:
            case "receive":
                taken = [await self.mq.receive()]
            case "message":
                taken = [(await self.mq.receive_message()).data]
            case "into":
                buffer = bytearray(WIDTH)
                length, _ = await self.mq.receive_into(buffer)
                taken = [bytes(buffer[:length])]
            case "many":
                taken = [message.data for message in await self.mq.receive_many()]
            case "drain":
                buffer = bytearray()
                await self.mq.drain(buffer)
                taken = [bytes(buffer[i : i + WIDTH]) for i in range(0, len(buffer), WIDTH)]
            case "next":
                taken = [await anext(self.mq)]
        self.taken.update(taken)

    def left(self):
        while len(self.mq):
            yield self.mq.queue.receive(timeout=0)

    async def by_scope(self, call):
        """At an await of its own, or some steps later: a message may be in flight then."""
        at, later = self.random.choice((1, 1, 2, 2, 3, 4)), self.random.randint(0, 4)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def cancel_later():
                    await run_ready_tasks(later)
                    scope.cancel()

                def interrupt():
                    if later:
                        tasks.start_soon(cancel_later)
                    else:
                        scope.cancel()

                await Interrupted(call(), at, interrupt)
                tasks.cancel_scope.cancel()
        self.cancelled[at] += scope.cancelled_caught

    async def by_task(self, call):
        """The same with asyncio's own way to cancel."""
        at, later = self.random.choice((1, 1, 2, 2, 3, 4)), self.random.randint(0, 4)
        loop = asyncio.get_running_loop()

        def cancel_later(ticks_left):
            if ticks_left:
                loop.call_soon(cancel_later, ticks_left - 1)
            else:
                task.cancel()

        async def interrupted():
            await Interrupted(call(), at, lambda: cancel_later(later))

        task = asyncio.create_task(interrupted())
        try:
            await asyncio.wait([task])
        finally:
            # At the end this one is cancelled itself.
            task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        self.cancelled[at] += task.cancelled()

    async def settle(self, cancel, tasks=4):
        # That of python -X dev takes most of a minute to write down where each call came from.
        with suppress(RuntimeError):
            asyncio.get_running_loop().set_debug(False)

        async def repeat(call, times):
            for _ in range(times):
                await cancel(call)

        async with anyio.create_task_group() as receivers:
            for _ in range(tasks):
                receivers.start_soon(repeat, self.receive, 1_000_000)
            async with anyio.create_task_group() as senders:
                for _ in range(tasks):
                    senders.start_soon(repeat, self.send, CALLS // tasks)
            await run_ready_tasks(20)
            receivers.cancel_scope.cancel()
        self.taken.update(self.left())
        assert self.taken == self.sent
        assert max(self.taken.values()) == 1
        # Else it would show little.
        assert min(self.cancelled[at] for at in (1, 2)) > 20
        assert self.cancelled.total() > CALLS // 3


@on_every_loop
@pytest.mark.parametrize("seed", range(2))
def test_every_message_is_accounted_for_when_scopes_are_cancelled(run, new_queue, seed):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=3, msgsize=WIDTH) as mq:
            account = Account(mq, seed)
            await account.settle(account.by_scope)

    run(main)


@on_asyncio
@pytest.mark.parametrize("seed", range(2))
def test_every_message_is_accounted_for_when_tasks_are_cancelled(run, new_queue, seed):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=3, msgsize=WIDTH) as mq:
            account = Account(mq, seed)
            await account.settle(account.by_task)

    run(main)


@on_every_loop
def test_a_scope_that_is_cancelled_already_takes_and_sends_nothing(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            mq.queue.send(b"stays")
            for call in [*RECEIVING.values(), *SENDING.values()]:
                with anyio.CancelScope() as scope:
                    scope.cancel()
                    await call(mq)
                assert scope.cancelled_caught
            assert len(mq) == 1
            mq.queue.notify(None)  # nobody is registered
            assert mq.queue.receive() == b"stays"

    run(main)


@on_asyncio
def test_a_task_that_has_cancelled_itself_takes_nothing(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue) as mq:
            mq.queue.send(b"stays")

            async def cancelled():
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await mq.receive()

            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(cancelled())
            assert len(mq) == 1

            async def cleans_up():
                try:
                    await cancelled()
                finally:
                    assert await mq.receive() == b"stays"

            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(cleans_up())

    run(main)


@on_every_loop
def test_a_cancelled_sendall_tells_how_many_bytes_went(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=3, msgsize=4) as mq:
            with anyio.CancelScope() as scope:

                async def send():
                    with pytest.raises(anyio.get_cancelled_exc_class()) as raised:
                        await mq.sendall(bytes(100))
                    assert vars(raised.value)["characters_written"] == 16
                    raise raised.value

                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, send)
                    assert await mq.receive() == bytes(4)
                    await run_ready_tasks()
                    scope.cancel()
            assert len(mq) == 3

    run(main)


@on_every_loop
def test_a_cancelled_send_many_tells_how_many_messages_went(run, new_queue):
    async def main():
        async with new_queue(cls=aio.MessageQueue, maxmsg=3, msgsize=4) as mq:
            with anyio.CancelScope() as scope:

                async def send():
                    with pytest.raises(anyio.get_cancelled_exc_class()) as raised:
                        await mq.send_many([b"x"] * 10)
                    assert vars(raised.value)["messages_sent"] == 4
                    raise raised.value

                async with anyio.create_task_group() as tasks:
                    await start_waiting(tasks, send)
                    assert await mq.receive() == b"x"
                    await run_ready_tasks()
                    scope.cancel()
            assert len(mq) == 3

    run(main)
