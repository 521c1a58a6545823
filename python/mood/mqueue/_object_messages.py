"""Objects into a queue and out of it again, so that what was taken can always be had."""

import errno
import os
import pickle
import queue
from collections import deque
from typing import Any, Generic, TypeVar

from . import _spill
from ._native import MessageQueue
from ._serializer import DecodeError, Serializer, check_writers
from ._values import Message

T = TypeVar("T")

# The errno of a full or an empty queue; a signal handler's own TimeoutError has none.
NOT_NOW = {errno.ETIMEDOUT, errno.EAGAIN}


class ObjectMessages(Generic[T]):
    """A queue and its serializer: how an object is sent, and how it is received."""

    def __init__(self, mq: MessageQueue, serializer: Serializer, trusted: bool) -> None:
        self._mq = mq
        self._serializer = serializer
        self._trusted = trusted
        # What was taken and could not be handed over: the message, then its payload or its file.
        self._kept: deque[list[Any]] = deque()

    # An object to a message

    def _packed(self, obj: T) -> tuple[Any, memoryview | None]:
        """The message, or nothing and the payload that needs a file."""
        payload = self._serializer.dumps(obj)
        try:
            view = memoryview(payload).cast("B")
        except TypeError:
            kind = type(payload).__name__
            raise TypeError(f"dumps returned {kind!r}, where a bytes-like is needed") from None
        message = _spill.ESCAPE + view if view[:1] == _spill.ESCAPE else payload
        if len(message if message is not payload else view) <= self._mq.msgsize:
            return message, None
        return None, view

    def _spilled(self, size: int) -> _spill.Spill:
        """A file for a payload, not yet there."""
        mq = self._mq
        name, msgsize = mq.status() and mq.name, mq.msgsize
        text = f"an object of {size} bytes, and this queue's messages take {msgsize} at most"
        if not name or os.fstat(mq.fileno()).st_nlink == 0:
            text += "; the file for a larger one would be left behind, since this queue has no name"
            raise OSError(errno.EMSGSIZE, text, name or None)
        spill = _spill.Spill(_spill.Queue.of(mq), size)
        if len(spill.message) > msgsize:
            text += f"; to name a file for a larger one takes {len(spill.message)}"
            raise OSError(errno.EMSGSIZE, text, name)
        return spill

    def _write(self, spill: _spill.Spill, payload: memoryview) -> bytes:
        try:
            spill.write(payload)
        except OSError as error:
            text = f"{error.strerror}: an object of {payload.nbytes} bytes, for which there is"
            text += f" no room in this queue's messages, needs a file in {_spill.DIRECTORY}"
            raise OSError(error.errno, text, spill.path) from error
        return spill.message

    def _send(self, obj: T, priority: int, timeout: float | None) -> None:
        message, payload = self._packed(obj)
        spill = None if payload is None else self._spilled(payload.nbytes)
        sent: list[None] = []
        try:
            if spill is not None and payload is not None:
                message = self._write(spill, payload)
            # In one go in C, so that no signal handler can raise after the message is sent and
            # before that is known: its file would be removed.
            sent.extend(map(self._mq.send_message, (message,), (priority,), (timeout,)))
        except (TimeoutError, BlockingIOError) as error:
            if error.errno not in NOT_NOW:
                raise
            raise queue.Full from None
        finally:
            if spill is not None and not sent:
                spill.remove()

    # A message to an object

    def _check_trust(self) -> None:
        """Before anything is taken: who can send a pickle can run any code."""
        if self._trusted or self._serializer.loads is not pickle.loads:
            return
        check_writers(self._mq)
        self._trusted = True

    def _keeping(self) -> list[Any]:
        """What a get that failed has kept, or an empty list for a message to come."""
        try:
            return self._kept.popleft()
        except IndexError:
            return []

    def _receive(self, timeout: float | None) -> T:
        self._check_trust()
        hand = self._keeping()
        try:
            if not hand:
                # In one go in C, so that no signal handler can raise while nobody has the message.
                hand.extend(map(self._mq.receive_message, (timeout,)))
        except BaseException as error:
            self._keep(hand)
            if isinstance(error, TimeoutError | BlockingIOError) and error.errno in NOT_NOW:
                raise queue.Empty from None
            raise
        return self._unpacked(hand)

    def _keep(self, hand: list[Any]) -> None:
        if hand:
            self._kept.appendleft(hand)

    def _unpacked(self, hand: list[Any]) -> T:
        try:
            payload = self._payload(hand)
            try:
                return self._serializer.loads(payload)  # type: ignore[no-any-return]
            except Exception as error:
                reason = f"a message of {len(payload)} bytes is no object: {type(error).__name__}"
                raise DecodeError(reason, payload, hand[0].priority) from error
        except DecodeError:
            raise
        except BaseException:
            # It may be had with the next get: no descriptor, no memory, or a signal handler raised.
            self._keep(hand)
            raise

    def _payload(self, hand: list[Any]) -> bytes:
        message: Message = hand[0]
        if len(hand) == 1:
            hand.append(self._opened(message))
        if isinstance(hand[1], bytes):
            return hand[1]
        # Before it is read, which takes longer, so that a kill leaves no file. Once it is in hand.
        file = hand[1]
        _spill.remove(file.name)
        file.seek(0)
        hand[1] = file.readall()
        file.close()
        return hand[1]  # type: ignore[no-any-return]

    def _opened(self, message: Message) -> Any:
        data = message.data
        if data[:1] != _spill.ESCAPE:
            return data
        if data[:2] == _spill.ESCAPE * 2:
            return data[1:]
        owners = {0, os.geteuid(), self._mq.status().uid}
        try:
            return _spill.open_named(data, _spill.Queue.of(self._mq), owners)
        except _spill.BadFileError as error:
            reason = f"a large object is lost: {error}"
            raise DecodeError(reason, data, message.priority) from error.__cause__
