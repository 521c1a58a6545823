"""Objects into a queue and out of it again, so that what was taken can always be had."""

import errno
import os
import pickle
import queue
from collections import deque
from contextlib import suppress
from itertools import chain, islice
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

    def __init__(self, mq: MessageQueue, serializer: Serializer, trust: bool) -> None:
        self._mq = mq
        self._serializer = serializer
        self._trust = trust
        self._is_checked = False
        # What was taken and could not be handed over: the message, then its payload or its file.
        self._kept: deque[list[Any]] = deque()

    # An object to a message

    def _packed(self, obj: T) -> _spill.Plain | _spill.Spill:
        payload = self._serializer.dumps(obj)
        try:
            view = memoryview(payload).cast("B")
        except TypeError:
            kind = type(payload).__name__
            raise TypeError(f"dumps returned {kind!r}, where a bytes-like is needed") from None
        mq = self._mq
        escape = view[:1] == _spill.ESCAPE
        if view.nbytes + escape <= mq.msgsize:
            return _spill.Plain(_spill.ESCAPE + view if escape else payload)
        mq.status()  # which a closed queue refuses
        text = f"an object of {view.nbytes} bytes, and a message of this queue has {mq.msgsize}"
        if not mq.name or os.fstat(mq.fileno()).st_nlink == 0:
            text += "; a file for it could be left behind, since the queue has no name"
            raise OSError(errno.EMSGSIZE, text, mq.name or None)
        spill = _spill.Spill(_spill.Queue.of(mq), view)
        if len(spill.message) > mq.msgsize:
            text += f"; to name a file for it takes {len(spill.message)}"
            raise OSError(errno.EMSGSIZE, text, mq.name)
        return spill

    def _send(self, obj: T, priority: int, timeout: float | None) -> None:
        packed = self._packed(obj)
        try:
            self._send_packed(packed, priority, timeout)
        except (TimeoutError, BlockingIOError) as error:
            if error.errno not in NOT_NOW:
                raise
            raise queue.Full from None

    def _send_packed(
        self, packed: _spill.Plain | _spill.Spill, priority: int, timeout: float | None
    ) -> None:
        """Leaves a message and its file, or neither."""
        sent: list[None] = []
        try:
            packed.write()
            # In one go in C, so that no signal handler can raise after the message is sent and
            # before that is known: its file would be removed.
            sent.extend(map(self._mq.send_message, (packed.message,), (priority,), (timeout,)))
        finally:
            if not sent:
                packed.remove()

    # A message to an object

    def _check_trust(self) -> None:
        """Before anything is taken: who can send a pickle can run any code."""
        # The only loads known to be dangerous; cloudpickle's is the same function.
        if not self._is_checked and not self._trust and self._serializer.loads is pickle.loads:
            check_writers(self._mq)
        self._is_checked = True

    def _receive(self, timeout: float | None) -> T:
        self._check_trust()
        hand: list[Any] = []
        try:
            self._resume(hand)
            if not hand:
                self._take(hand, timeout)
            return self._unpacked(hand)
        except BaseException as error:
            self._keep(hand, error)
            if isinstance(error, TimeoutError | BlockingIOError) and error.errno in NOT_NOW:
                raise queue.Empty from None
            raise

    def _take(self, hand: list[Any], timeout: float | None) -> None:
        # In C, so that no signal handler can raise while nobody has the message.
        hand.extend(map(self._mq.receive_message, (timeout,)))

    def _resume(self, hand: list[Any]) -> None:
        """Take in hand what an earlier get has kept, if it has."""
        if self._kept:
            with suppress(IndexError):
                hand.extend(chain.from_iterable(islice(iter(self._kept.popleft, None), 1)))

    def _keep(self, hand: list[Any], error: BaseException) -> None:
        """For the next get: there was no memory, no descriptor, or a signal handler raised."""
        if hand and not isinstance(error, DecodeError):
            self._kept.appendleft(hand)

    def _unpacked(self, hand: list[Any]) -> T:
        payload = self._payload(hand)
        made: list[T] = []
        making = map(self._serializer.loads, (payload,))
        try:
            # In C again: what is raised once the object is there, is a signal handler's.
            made.extend(making)
        except Exception as error:
            if made:
                raise
            reason = f"a message of {len(payload)} bytes is no object: {type(error).__name__}"
            raise DecodeError(reason, payload, hand[0].priority) from error
        return made[0]

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
        payload: bytes = file.readall()
        hand[1] = payload
        file.close()
        return payload

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
