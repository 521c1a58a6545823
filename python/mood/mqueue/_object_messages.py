"""Objects into a queue and out of it again, so that what was taken can always be had."""

import errno
import os
import pickle
import queue
import warnings
from contextlib import suppress
from typing import Any, Generic, TypeVar

from . import _payload_file, _users
from ._native import MessageQueue
from ._serializer import DecodeError, Serializer, check_senders
from ._undelivered import Undelivered, close_file
from ._values import Message

T = TypeVar("T")
Encoded = _payload_file.InlinePayload | _payload_file.FilePayload | _payload_file.RenamedPayload

# The errno of a full or an empty queue; a signal handler's own TimeoutError has none.
WOULD_BLOCK_ERRNOS = {errno.ETIMEDOUT, errno.EAGAIN}


class ObjectMessages(Generic[T]):
    """A queue and its serializer: how an object is sent, and how it is received."""

    def __init__(
        self, mq: MessageQueue, serializer: Serializer, trust: bool, max_object_size: int
    ) -> None:
        self._serializer = serializer
        self._trust = trust
        self._max_object_size = max_object_size
        self._is_checked = False
        self._undelivered = Undelivered()
        self._is_registered = _users.register(mq)
        self._mq = mq

    def _register(self) -> bool:
        # Whoever was in the way before may be gone.
        self._is_registered = self._is_registered or _users.register(self._mq)
        return self._is_registered

    # An object to a message

    def _encode(self, payload: Any) -> _payload_file.InlinePayload | _payload_file.FilePayload:
        try:
            view = memoryview(payload).cast("B")
        except TypeError:
            kind = type(payload).__name__
            raise TypeError(f"dumps returned {kind!r}, where a bytes-like is needed") from None
        mq, size = self._mq, view.nbytes
        if size > self._max_object_size:
            raise OSError(errno.EMSGSIZE, self._too_large(size), mq.name or None)
        escape = view[:1] == _payload_file.ESCAPE
        if size + escape <= mq.msgsize:
            return _payload_file.InlinePayload(_payload_file.ESCAPE + view if escape else payload)
        status = mq.status()  # which a closed queue refuses
        text = f"an object of {size} bytes, and a message of this queue has {mq.msgsize}"
        if not mq.name or os.fstat(mq.fileno()).st_nlink == 0:
            text += "; a file for it could be left behind, since the queue has no name"
            raise OSError(errno.EMSGSIZE, text, mq.name or None)
        payload_file = _payload_file.FilePayload(_payload_file.QueueId.of(mq), status.uid, view)
        if len(payload_file.message) > mq.msgsize:
            text += f"; to name a file for it takes {len(payload_file.message)}"
            raise OSError(errno.EMSGSIZE, text, mq.name)
        if not self._register():
            text += "; a file for it would not be safe from sweep(), since another process has a"
            text += " lock (fcntl) on the queue: `mqctl info` shows which processes have it open"
            raise OSError(errno.EBUSY, text, mq.name)
        return payload_file

    def _too_large(self, size: int) -> str:
        text = f"an object of {size} bytes exceeds max_object_size={self._max_object_size}"
        return text + "; give a larger one to the ObjectQueue() of senders and receivers"

    def _send(self, obj: T, priority: int, timeout: float | None) -> None:
        encoded = self._encode(self._serializer.dumps(obj))
        try:
            self._send_encoded(encoded, priority, timeout)
        except (TimeoutError, BlockingIOError) as error:
            if error.errno not in WOULD_BLOCK_ERRNOS:
                raise
            raise queue.Full from None

    def _send_encoded(self, encoded: Encoded, priority: int, timeout: float | None) -> None:
        """Leaves a message and its file, or neither."""
        sent: list[None] = []
        try:
            encoded.write()
            # In one go in C, so that no signal handler can raise after the message is sent and
            # before that is known: its file would be removed.
            sent.extend(map(self._mq.send_message, (encoded.message,), (priority,), (timeout,)))
        finally:
            if not sent:
                encoded.remove()

    # A message to an object

    def _check_trust(self) -> None:
        """Before anything is taken: who can send a pickle can run any code."""
        # The only loads known to be dangerous; cloudpickle's is the same function.
        if not self._is_checked and not self._trust and self._serializer.loads is pickle.loads:
            check_senders(self._mq)
        self._is_checked = True

    def _receive(self, timeout: float | None) -> T:
        self._check_trust()
        received: list[Any] = []
        try:
            self._undelivered.take(received)
            if not received:
                self._receive_message(received, timeout)
            return self._decode(received)
        except (TimeoutError, BlockingIOError) as error:
            self._save_for_redelivery(received, error)
            if received or error.errno not in WOULD_BLOCK_ERRNOS:
                raise
            raise queue.Empty from None
        except BaseException as error:
            self._save_for_redelivery(received, error)
            raise

    def _receive_message(self, received: list[Any], timeout: float | None) -> None:
        if not self._is_registered:
            self._register()
        # In C, so that no signal handler can raise while nobody has the message.
        received.extend(map(self._mq.receive_message, (timeout,)))

    def _save_for_redelivery(self, received: list[Any], error: BaseException) -> None:
        """For the next get: there was no memory, no descriptor, or a signal handler raised."""
        if received and not isinstance(error, DecodeError):
            self._undelivered.save(received)
            if self._mq.closed:
                self._requeue()

    def _decode(self, received: list[Any]) -> T:
        payload = self._payload(received)
        decoded: list[T] = []
        decoding = map(self._serializer.loads, (payload,))
        try:
            # In C again: what is raised once the object is there, is a signal handler's.
            decoded.extend(decoding)
        except Exception as error:
            if decoded or isinstance(error, MemoryError):
                raise
            reason = f"a message of {len(payload)} bytes is no object: {type(error).__name__}"
            raise DecodeError(reason, payload, received[0].priority) from error
        return decoded[0]

    def _payload(self, received: list[Any]) -> bytes:
        message: Message = received[0]
        try:
            if len(received) == 1:
                received.append(self._open_payload(message.data))
            stored: bytes | _payload_file.PayloadFile = received[1]
            if len(stored) > self._max_object_size:
                self._discard(received)
                reason = f"an object is lost: {self._too_large(len(stored))}"
                raise DecodeError(reason, _data(received), message.priority)
            if isinstance(stored, bytes):
                return stored
            received[1] = payload = stored.read()
        except _payload_file.PayloadFileError as error:
            reason = f"a large object is lost: {error}"
            raise DecodeError(reason, message.data, message.priority) from error.__cause__
        stored.close()
        return payload

    def _open_payload(self, data: bytes) -> bytes | _payload_file.PayloadFile:
        if data[:1] != _payload_file.ESCAPE:
            return data
        if data[:2] == _payload_file.ESCAPE * 2:
            return data[1:]
        reference = _payload_file.Reference.parse(data, self._mq)
        return _payload_file.PayloadFile(reference, self._mq.status().uid)

    # What a failed get has received

    @property
    def undelivered(self) -> int:
        """How many objects were received by calls of get() that failed, in this process, and come
        with the next calls. qsize() counts them as well."""
        return len(self._undelivered)

    def discard(self) -> Message | None:
        """Drop the object that comes with the next get() because an earlier one failed, and its
        file if it has one. Return its message, or None if there is no such object.

        This is the way past an object that fails again and again, such as one for which this
        process will never have the memory. The data of the message are what DecodeError.data would
        be; they are the message that names the file if that was not read.

        >>> jobs.discard() is None  # no get() has failed
        True

        Source: unlink(2).
        """
        received: list[Any] = []
        self._undelivered.take(received)
        if not received:
            return None
        self._discard(received)
        return Message(_data(received), received[0].priority)

    def _discard(self, received: list[Any]) -> None:
        with suppress(_payload_file.PayloadFileError):
            _payload_file.remove(_payload_file.Reference.parse(received[0].data, self._mq).path)
        close_file(received)

    def _requeue(self) -> None:
        """At the end of the queue object: back into the queue, or a warning of what is lost."""
        while self._undelivered:
            received: list[Any] = []
            self._undelivered.take(received)
            if not received:
                return
            try:
                self._resend(received)
            except BaseException as error:
                self._warn(received[0].priority, error)
                if not isinstance(error, Exception):
                    raise
            finally:
                close_file(received)

    def _resend(self, received: list[Any]) -> None:
        message: Message = received[0]
        stored = received[-1]
        encoded: Encoded
        if isinstance(stored, bytes):
            encoded = self._encode(stored)
        else:
            try:
                reference = _payload_file.Reference.parse(message.data, self._mq)
                encoded = _payload_file.RenamedPayload(reference)
            except _payload_file.PayloadFileError:
                encoded = _payload_file.InlinePayload(message.data)
        try:
            self._send_encoded(encoded, message.priority, 0)
        except FileNotFoundError:
            if not isinstance(stored, _payload_file.PayloadFile):
                raise
            # It has lost its name, and is open.
            self._send_encoded(self._encode(stored.read()), message.priority, 0)

    def _warn(self, priority: int, error: BaseException) -> None:
        text = f"{self!r} is closed, and an object of priority {priority}, received by a get() that"
        text += f" failed, is lost, since it cannot be put back into the queue: {error!r}"
        # Not a ResourceWarning, which is not shown by default.
        warnings.warn(text, RuntimeWarning, stacklevel=5)


def _data(received: list[Any]) -> bytes:
    data: bytes = received[-1] if isinstance(received[-1], bytes) else received[0].data
    return data
