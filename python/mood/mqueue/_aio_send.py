"""Sending, where it takes several steps between which the task may be cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._aio_wait import (
    CALLS_PER_CHECKPOINT,
    WRITABLE,
    Waiter,
    consume_budget,
    maybe_checkpoint,
    raise_unless_would_block,
)
from ._native import PRIORITY_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import SupportsIndex, TypeAlias

    from typing_extensions import Buffer

    from ._native import MessageQueue

    _Item: TypeAlias = Buffer | tuple[Buffer, SupportsIndex]


async def send_all(queue: MessageQueue, message: Buffer, priority: SupportsIndex) -> None:
    message, sent = snapshot(message), 0
    if not isinstance(message, bytes):
        return queue.sendall(message, priority, 0)  # which tells what is wrong with it
    at_once = CALLS_PER_CHECKPOINT * queue.msgsize
    try:
        with Waiter(queue, WRITABLE) as waiter:
            await waiter.wait_turn()
            while True:
                part = message[sent : sent + at_once]
                try:
                    queue.sendall(part, priority, 0)
                except (BlockingIOError, TimeoutError) as error:
                    raise_unless_would_block(error)
                    sent += getattr(error, "characters_written", 0)
                    await waiter.wait_ready()
                    continue
                sent += len(part)
                if sent == len(message):
                    return None
                consume_budget(CALLS_PER_CHECKPOINT)
                await maybe_checkpoint()
    except BaseException as error:
        _add_progress(error, "characters_written", sent)
        raise


async def fill(queue: MessageQueue, buffer: bytearray, priority: SupportsIndex) -> None:
    with Waiter(queue, WRITABLE) as waiter:
        await waiter.wait_turn()
        while True:
            try:
                return queue.fill(buffer, priority, 0)
            except (BlockingIOError, TimeoutError) as error:
                raise_unless_would_block(error)
                await waiter.wait_ready()


async def send_many(queue: MessageQueue, messages: Iterable[_Item], priority: SupportsIndex) -> int:
    sent = 0
    try:
        every = [_snapshot_item(message) for message in messages]
        with Waiter(queue, WRITABLE) as waiter:
            await waiter.wait_turn()
            # All at once where one may be wrong: the queue looks at all before it sends one.
            right = all(_is_known_valid(item, queue.msgsize) for item in every)
            batch = every[:CALLS_PER_CHECKPOINT] if right else every
            while True:
                try:
                    sent += queue.send_many(batch, priority, 0)
                except (BlockingIOError, TimeoutError) as error:
                    raise_unless_would_block(error)
                    await waiter.wait_ready()
                except OSError as error:
                    # What a signal handler raised has this, and is raised in any case.
                    if sent and not hasattr(error, "messages_sent"):
                        return sent
                    raise
                if sent == len(every):
                    return sent
                consume_budget(len(batch))
                await maybe_checkpoint()
                batch = every[sent : sent + CALLS_PER_CHECKPOINT]
    except BaseException as error:
        _add_progress(error, "messages_sent", sent)
        raise


def snapshot(message: Buffer) -> Buffer:
    """The bytes of a message as they are now: other tasks may change them while this one waits.

    What is no message is left as it is: the queue's own method tells what is wrong with it.
    """
    if isinstance(message, bytes):
        return message
    try:
        with memoryview(message) as view:
            return view.tobytes() if view.c_contiguous else message
    except (TypeError, BufferError):
        return message


def _snapshot_item(item: _Item) -> _Item:
    match item:
        case (message, priority) if isinstance(item, tuple):
            return snapshot(message), priority
        case tuple():
            return item
    return snapshot(item)


def _is_known_valid(item: _Item, msgsize: int) -> bool:
    match item:
        case bytes() as message:
            return len(message) <= msgsize
        case (bytes() as message, int() as priority):
            return len(message) <= msgsize and 0 <= priority <= PRIORITY_MAX
    return False


def _add_progress(error: BaseException, name: str, done: int) -> None:
    """How far it came, with what the queue's own method said of its last part."""
    if done:
        setattr(error, name, done + getattr(error, name, 0))
