"""Who takes part, and how each sends and receives one message."""

import ctypes
import errno
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterable

import posix_ipc as posix_ipc_module

from bench import native
from bench.code import Code
from bench.measure import Results, Turn, timed
from bench.queues import Queue
from mood.mqueue import Message, MessageQueue

RAW = "C through libc"
RAW_TRY = "C through libc, a try"
RAW_SPINNING = "C through libc, spinning"
INLINED = "C, system call inlined"
MINIMAL = "C extension, minimal"
MINIMAL_MESSAGE = "C extension, minimal, _message"
MINIMAL_MANY = "C extension, minimal, _many"
NIX = "Rust: nix"
POSIXMQ = "Rust: posixmq"
OURS_RUST = "Rust: posix-mqueue"
OURS_RUST_TRY = "Rust: posix-mqueue, try_"
OURS_RUST_SPINNING = "Rust: posix-mqueue, busy_poll"
MOOD = "mood.mqueue"
MOOD_MESSAGE = "mood.mqueue, _message"
MOOD_MANY = "mood.mqueue, _many"
MOOD_SPINNING = "mood.mqueue, busy_poll"
POSIX_IPC = "posix_ipc"
CTYPES = "ctypes"
SEQPACKET = "SOCK_SEQPACKET"
SIMPLE_QUEUE = "SimpleQueue"
PIPE = "os.pipe"

BUSY_POLL = 50e-6

# Makes the code for a queue. What is no kernel queue takes only the size of a message from it.
# The prefix keeps the names of two of them apart.
Maker = Callable[[Queue, str], Code]


def mood(queue: Queue, q: str = "mq") -> Code:
    names = {q: MessageQueue(queue.name, os.O_RDWR)}
    return Code(f"{q}.send(message)", f"{q}.receive()", f"{q}.send(message, priority)", names)


def mood_message(queue: Queue, q: str = "mq") -> Code:
    names = {q: MessageQueue(queue.name, os.O_RDWR)}
    return Code(f"{q}.send_message(message)", f"{q}.receive_message()", names=names)


def mood_many(queue: Queue, q: str = "mq") -> Code:
    """A batch, called `messages`, in each line."""
    names = {q: MessageQueue(queue.name, os.O_RDWR)}
    return Code(f"{q}.send_many(messages)", f"{q}.receive_many(len(messages))", names=names)


def mood_spinning(queue: Queue, q: str = "mq") -> Code:
    code = mood(queue, q)
    code.names[q].busy_poll = BUSY_POLL
    return code


def minimal_queue(queue: Queue):
    """What only makes the calls: the floor of what an extension can be."""
    timed_out = (errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), queue.name)
    return native.MINIMAL_EXTENSION.Queue(queue.fd, queue.msgsize, Message, timed_out)


def minimal(queue: Queue, q: str = "mq") -> Code:
    return Code(f"{q}.send(message)", f"{q}.receive()", names={q: minimal_queue(queue)})


def minimal_message(queue: Queue, q: str = "mq") -> Code:
    names = {q: minimal_queue(queue)}
    return Code(f"{q}.send_message(message)", f"{q}.receive_message()", names=names)


def minimal_many(queue: Queue, q: str = "mq") -> Code:
    names = {q: minimal_queue(queue)}
    return Code(f"{q}.send_many(messages)", f"{q}.receive_many(len(messages))", names=names)


def posix_ipc(queue: Queue, q: str = "mq") -> Code:
    names = {q: posix_ipc_module.MessageQueue(queue.name)}
    send_with_priority = f"{q}.send(message, priority=priority)"
    return Code(f"{q}.send(message)", f"{q}.receive()", send_with_priority, names)


def ctypes_calls(queue: Queue, q: str = "mq") -> Code:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mq_send.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint]
    unsigned_p = ctypes.POINTER(ctypes.c_uint)
    libc.mq_receive.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, unsigned_p]
    libc.mq_receive.restype = ctypes.c_ssize_t
    buffer = ctypes.create_string_buffer(queue.msgsize)
    names = {
        f"{q}_send": libc.mq_send,
        f"{q}_receive": libc.mq_receive,
        f"{q}_fd": queue.fd,
        f"{q}_buffer": buffer,
        f"{q}_room": queue.msgsize,
        f"{q}_priority": ctypes.byref(ctypes.c_uint()),
        "string_at": ctypes.string_at,
    }
    return Code(
        f"{q}_send({q}_fd, message, len(message), 0)",
        f"string_at({q}_buffer, {q}_receive({q}_fd, {q}_buffer, {q}_room, {q}_priority))",
        f"{q}_send({q}_fd, message, len(message), priority)",
        names,
    )


def seqpacket(queue: Queue, q: str = "mq") -> Code:
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    names = {f"{q}_sender": sender, f"{q}_receiver": receiver}
    return Code(f"{q}_sender.send(message)", f"{q}_receiver.recv({queue.msgsize})", names=names)


def simple_queue(_queue: Queue, q: str = "mq") -> Code:
    names = {q: multiprocessing.get_context("fork").SimpleQueue()}
    return Code(f"{q}.put(message)", f"{q}.get()", names=names)


def pipe(_queue: Queue, q: str = "mq") -> Code:
    receiver, sender = os.pipe()
    names = {"read": os.read, "write": os.write, f"{q}_in": sender, f"{q}_out": receiver}
    # It keeps no boundaries, so the receiver has to know the length.
    return Code(f"write({q}_in, message)", f"read({q}_out, len(message))", names=names)


PYTHON: dict[str, Maker] = {
    MINIMAL: minimal,
    MINIMAL_MESSAGE: minimal_message,
    MOOD: mood,
    MOOD_MESSAGE: mood_message,
    MOOD_SPINNING: mood_spinning,
    POSIX_IPC: posix_ipc,
    CTYPES: ctypes_calls,
    SEQPACKET: seqpacket,
    SIMPLE_QUEUE: simple_queue,
    PIPE: pipe,
}
# By the numbers that they have in Rust.
RUST = {POSIXMQ: 0, NIX: 1, OURS_RUST: 2, OURS_RUST_TRY: 3, OURS_RUST_SPINNING: 4}

_NEEDS = {
    MOOD_MESSAGE: "receive_message",
    MOOD_MANY: "receive_many",
    MOOD_SPINNING: "busy_poll",
}


def available(labels: Iterable[str], results: Results) -> list[str]:
    """Those that can take part here; of the others it is noted why not."""
    reasons = {label: _missing(label) for label in labels}
    for reason in filter(None, reasons.values()):
        results.note(reason)
    return [label for label, reason in reasons.items() if not reason]


def _missing(label: str) -> str | None:
    needed = _NEEDS.get(label)
    if needed and not hasattr(MessageQueue, needed):
        return f"{label}: not available, this mood.mqueue has no {needed}"
    if label in (MINIMAL, MINIMAL_MESSAGE, MINIMAL_MANY) and native.MINIMAL_EXTENSION is None:
        return f"{MINIMAL}: not available on this processor, or without the headers of Python"
    if label == INLINED and not native.HAS_INLINED:
        return f"{label}: not available on this processor"
    return None


def rust_handle(label: str, queue: Queue) -> int:
    return native.rust_open(RUST[label], queue.process, queue.number)


def native_pairs(label: str, queue: Queue, size: int) -> Turn:
    """Pairs in C or Rust."""
    if label in RUST:
        return timed(native.rust_pairs, rust_handle(label, queue), size, queue.msgsize)
    if label == RAW_TRY:
        return timed(native.raw_try_pairs, queue.fd, size, queue.msgsize)
    bursts = native.inlined_bursts if label == INLINED else native.raw_bursts
    return timed(bursts, queue.fd, size, queue.msgsize, 1)
