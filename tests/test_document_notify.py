"""The document, sentence by sentence: when a notification occurs, and to whom."""

import errno
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from observe import is_registered

PEER = """
import errno, os, sys
from mood.mqueue import MessageQueue
mq = MessageQueue(sys.argv[1], os.O_RDWR)
todo = {"register": lambda: mq.notify(None), "receive": mq.receive}
for line in sys.stdin:
    print("started", flush=True)
    try:
        answer = todo[line.strip()]()
    except OSError as error:
        answer = errno.errorcode[error.errno]
    print(answer, flush=True)
"""


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


class Peer:
    """Another process that has the queue open, and does what it is told."""

    def __init__(self, mq):
        self.process = start(PEER, mq.name)

    def start(self, what):
        self.process.stdin.write(what + "\n")
        assert self.answer() == "started"

    def answer(self):
        return self.process.stdout.readline().strip()

    def ask(self, what):
        self.start(what)
        return self.answer()

    def is_asleep(self):
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "S"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self.process:
            self.process.kill()


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


def mailbox():
    return queue.SimpleQueue()


def test_notify_registers_for_a_new_message_on_an_empty_queue(new_queue):
    mq, calls = new_queue(), mailbox()
    mq.notify(calls.put)
    mq.send(b"message")
    assert calls.get(timeout=10) is mq
    assert mq.receive() == b"message"


def test_only_one_process_can_be_registered(new_queue):
    mq = new_queue()
    with Peer(mq) as peer:
        assert peer.ask("register") == "None"
        with refused(errno.EBUSY):
            mq.notify(None)


@pytest.mark.parametrize("callback", [None, signal.SIGURG, id])
def test_whoever_is_registered_no_other_process_can_be(new_queue, callback):
    mq = new_queue()
    mq.notify(callback)
    with Peer(mq) as peer:
        assert peer.ask("register") == "EBUSY"
    assert is_registered(mq)


def test_the_same_process_cannot_register_twice_either(new_queue):
    mq = new_queue()
    mq.notify(None)
    with refused(errno.EBUSY):
        mq.notify(id)
    assert is_registered(mq)


def test_notification_occurs_only_when_the_queue_was_empty(new_queue):
    mq, calls = new_queue(), mailbox()
    mq.send(b"before")
    mq.notify(calls.put)
    mq.send(b"not on an empty queue")
    mq.receive()
    mq.send(b"not on an empty queue")
    assert is_registered(mq)
    assert calls.empty()


def test_notification_on_a_filled_queue_waits_until_it_was_empty(new_queue):
    mq, lengths = new_queue(), mailbox()
    mq.send(b"before")
    mq.notify(lambda mq: lengths.put((len(mq), mq.receive())))
    mq.receive()
    assert is_registered(mq)
    mq.send(b"after")
    assert lengths.get(timeout=10) == (1, b"after")


def test_a_process_that_waits_in_receive_gets_the_message_and_registration_stays(
    new_queue, eventually
):
    mq, calls = new_queue(), mailbox()
    mq.notify(calls.put)
    with Peer(mq) as peer:
        peer.start("receive")
        # Its only thread, which has stopped reading commands.
        eventually(peer.is_asleep)
        mq.send(b"theirs")
        assert peer.answer() == "b'theirs'"
    assert is_registered(mq)
    mq.send(b"ours")
    assert calls.get(timeout=10) is mq
    assert calls.empty()


def test_a_thread_that_waits_in_receive_gets_the_message_and_registration_stays(
    new_queue, eventually
):
    mq, calls = new_queue(), mailbox()
    mq.notify(calls.put)
    with ThreadPoolExecutor(1) as pool:
        task = Path("/proc/self/task", str(pool.submit(threading.get_native_id).result()))
        received = pool.submit(mq.receive)

        def waits():
            state = task.joinpath("stat").read_text().rpartition(")")[2].split()[0]
            # Python's own locks are futexes.
            return state == "S" and "futex" not in task.joinpath("wchan").read_text()

        eventually(waits)
        mq.send(b"theirs")
        assert received.result(10) == b"theirs"
    assert is_registered(mq)
    mq.send(b"ours")
    assert calls.get(timeout=10) is mq
    assert calls.empty()


@pytest.mark.parametrize("callback", [None, signal.SIGURG, id])
def test_after_a_notification_the_registration_is_removed(new_queue, callback):
    mq = new_queue()
    mq.notify(callback)
    mq.send(b"message")
    assert not is_registered(mq)


def test_notification_occurs_once(new_queue):
    mq, calls = new_queue(), mailbox()
    mq.notify(lambda _: calls.put("first"))
    for _ in range(3):
        mq.send(b"message")
        mq.receive()
    assert calls.get(timeout=10) == "first"
    # One that came twice would come before this one.
    mq.notify(lambda _: calls.put("second"))
    mq.send(b"message")
    assert calls.get(timeout=10) == "second"


def test_after_a_notification_another_process_can_register(new_queue):
    mq = new_queue()
    mq.notify(None)
    with Peer(mq) as peer:
        assert peer.ask("register") == "EBUSY"
        mq.send(b"message")
        assert peer.ask("register") == "None"


def test_the_notified_process_can_request_a_further_notification(new_queue):
    mq, calls = new_queue(), mailbox()
    for message in (b"first", b"second", b"third"):
        mq.notify(lambda mq: calls.put(mq.receive()))
        mq.send(message)
        assert calls.get(timeout=10) == message


def test_registering_again_before_emptying_the_queue_misses_no_message(new_queue):
    mq = new_queue(os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, maxmsg=8)
    taken = mailbox()

    def empty(mq):
        mq.notify(empty)
        try:
            while True:
                taken.put(int(mq.receive()))
        except BlockingIOError:
            pass

    mq.notify(empty)
    for start in range(0, 200, 8):
        burst = range(start, start + 8)
        for number in burst:
            mq.send(b"%d" % number)
        assert sorted(taken.get(timeout=10) for _ in burst) == list(burst)


def test_nonblocking_mode_is_useful_for_emptying_the_queue(new_queue):
    mq = new_queue()
    messages = [b"a", b"b", b"c"]
    for message in messages:
        mq.send(message)
    mq.blocking = False
    assert [mq.receive() for _ in messages] == messages
    with pytest.raises(BlockingIOError):
        mq.receive()
