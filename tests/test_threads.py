"""Many threads on one queue: none of their messages is lost, torn or taken twice."""

import os
import random
import subprocess
import sys
import threading
import zlib

import pytest

from mood.mqueue import MessageQueue

MESSAGES = 20000

# Each message: a checksum of the rest, a number, and random bytes.
SENDER = """
import os, random, sys, zlib
from mood.mqueue import MessageQueue

mq = MessageQueue(sys.argv[1], os.O_WRONLY)
for number in range(int(sys.argv[2])):
    body = number.to_bytes(4, "big") + random.randbytes(random.randrange(mq.msgsize - 7))
    mq.send(zlib.crc32(body).to_bytes(4, "big") + body)
mq.send(b"")
mq.send(b"")
"""


class Worker(threading.Thread):
    """A call in a thread of its own, whose result or exception end() gives."""

    def __init__(self, call, *arguments):
        # A daemon, so that one that hangs fails one test and not the whole run.
        super().__init__(daemon=True)
        self.call = call
        self.arguments = arguments
        self.result = None
        self.start()

    def run(self):
        self.result = self.call(*self.arguments)

    def end(self):
        self.join(40)
        assert not self.is_alive()
        return self.result


def receive_all(mq):
    numbers = []
    while message := mq.receive():
        checksum, body = message[:4], message[4:]
        assert zlib.crc32(body) == int.from_bytes(checksum, "big")
        numbers.append(int.from_bytes(body[:4], "big"))
    return numbers


@pytest.mark.thread_unsafe(reason="works for seconds as it is")
def test_two_threads_share_what_a_process_sends(new_queue):
    mq = new_queue(maxmsg=8, msgsize=128)
    with subprocess.Popen([sys.executable, "-c", SENDER, mq.name, str(MESSAGES)]) as sender:
        workers = [Worker(receive_all, mq) for _ in range(2)]
        received = [worker.end() for worker in workers]
    assert sender.returncode == 0
    # Each thread gets them in order, and both together get each once.
    assert received == [sorted(numbers) for numbers in received]
    assert sorted(received[0] + received[1]) == list(range(MESSAGES))


def persistent(call, *arguments):
    """The call's outcome, however often it must be made again in nonblocking mode."""
    while True:
        try:
            return call(*arguments)
        except BlockingIOError:
            os.sched_yield()


def send_range(mq, numbers):
    for number in numbers:
        persistent(mq.send, b"%d" % number, random.randrange(3))


def receive_until_empty(mq):
    return [int(message) for message in iter(lambda: persistent(mq.receive), b"")]


def run_senders_and_receivers(senders, receivers, each=500):
    ranges = [range(n * each, (n + 1) * each) for n in range(len(senders))]
    receiving = [Worker(receive_until_empty, mq) for mq in receivers]
    sending = [Worker(send_range, *both) for both in zip(senders, ranges, strict=True)]
    for worker in sending:
        worker.end()
    for mq in receivers:
        persistent(mq.send, b"")
    return sorted(number for worker in receiving for number in worker.end())


def test_many_threads_send_and_receive_on_one_object(new_queue):
    mq = new_queue()
    assert run_senders_and_receivers([mq] * 4, [mq] * 4) == list(range(2000))


def test_threads_that_wait_and_threads_that_do_not_share_a_queue(new_queue):
    mq = new_queue()
    polled = MessageQueue(mq.name, os.O_RDWR | os.O_NONBLOCK)
    queues = [mq, polled, mq, polled]
    assert run_senders_and_receivers(queues, queues) == list(range(2000))


def test_the_blocking_mode_may_change_while_threads_use_the_queue(new_queue):
    mq = new_queue()
    stop = threading.Event()

    def toggle():
        while not stop.is_set():
            mq.blocking = not mq.blocking

    toggling = Worker(toggle)
    try:
        assert run_senders_and_receivers([mq] * 2, [mq] * 2) == list(range(1000))
    finally:
        stop.set()
        toggling.end()
