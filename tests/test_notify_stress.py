"""Notifications with everybody at it at once: none twice, none too late, none lost.

MOOD_FIRE_SECONDS=600 pytest --timeout=0 with the name of this file is the long form.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mood.mqueue import MessageQueue

pytestmark = pytest.mark.thread_unsafe(reason="starts processes that are busy for a while")

SECONDS = float(os.environ.get("MOOD_FIRE_SECONDS", "0.7"))

START = """
import errno, functools, gc, itertools, operator, os, random, sys, threading, time
from mood.mqueue import MessageQueue

name, seconds = sys.argv[1], float(sys.argv[2])
# Threads change places wherever they can.
sys.setswitchinterval(random.choice([1e-6, 1e-5, 1e-4]))

def new():
    return MessageQueue(name, os.O_RDWR | os.O_NONBLOCK)

def until(condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to pass")
        time.sleep(0.001)

def register(mq, how):
    try:
        mq.notify(how)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True

def empty(mq):
    try:
        while True:
            mq.receive()
    except BlockingIOError:
        pass

def send(mq):
    try:
        mq.send(b"")
    except BlockingIOError:
        pass

def dawdle():
    random.choice([int, os.sched_yield, lambda: time.sleep(random.random() / 2000)])()

class Registration:
    # next(numbers, queue): one call of C that counts, and which no other thread can get into the
    # middle of. A function in Python could be stopped after it started and before its first line.
    def __init__(self):
        self.numbers = iter(range(9))
        self.callback = functools.partial(next, self.numbers)

    def calls(self):
        return 9 - operator.length_hint(self.numbers)

class Senders:
    def __init__(self, mq):
        self.stopped = False
        self.threads = [threading.Thread(target=self.run, args=(mq,)) for _ in range(2)]

    def run(self, mq):
        while not self.stopped:
            send(mq)
            dawdle()

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *exc_info):
        self.stopped = True
        for thread in self.threads:
            thread.join()
"""

# Nobody cancels, nobody closes. So where a registration succeeds, the one before it in the same
# process is gone because the kernel has told of a message.
TOLD_ONCE = """
mq = new()
done = []
end = time.monotonic() + seconds

def keep_registering():
    while time.monotonic() < end:
        registration = Registration()
        if register(mq, registration.callback):
            done.append(registration)
        if random.random() < 0.7:
            empty(mq)
        dawdle()

with Senders(mq):
    threads = [threading.Thread(target=keep_registering) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

def register_last():
    empty(mq)
    send(mq)
    return register(mq, None)

until(register_last)
until(lambda: all(registration.calls() for registration in done))
time.sleep(0.05)
print(len(done), {registration.calls() for registration in done})
"""

# Registrations through two objects of the queue, which are closed, collected and opened again.
ENDED_AT_RANDOM = """
class Either:
    def __init__(self):
        self.mq = new()
        self.waiting = []

def over(waiting):
    # What was not called by now must never be.
    dead.extend(registration for registration in waiting if not registration.calls())
    waiting.clear()

def cancel(either):
    either.mq.notify()
    for each in eithers:
        over(each.waiting)

def close(either):
    either.mq.close()
    over(either.waiting)
    either.mq = new()

def collect(either):
    # A callback that is under way keeps its queue, and may be called.
    either.mq = None
    either.waiting.clear()
    either.mq = new()

def renew(either):
    registration = Registration()
    if register(either.mq, registration.callback):
        either.waiting.append(registration)
        everything.append(registration)

dead, everything = [], []
sending = new()
eithers = [Either(), Either()]
actions = [renew] * 6 + [cancel, cancel, close, collect]
end = time.monotonic() + seconds
with Senders(sending):
    while time.monotonic() < end or not any(registration.calls() for registration in everything):
        random.choice(actions)(random.choice(eithers))
        if random.random() < 0.7:
            empty(sending)
        dawdle()
cancel(eithers[0])
time.sleep(0.05)
calls = [registration.calls() for registration in everything]
print(sum(calls), max(calls), sum(registration.calls() for registration in dead))
"""

# As close together as can be: told, and cancelled at once.
CANCELLED_AT_ONCE = """
mq = MessageQueue(name, os.O_RDWR)
sys.setswitchinterval(1e-6)
cancelled, calls, number = [], 0, 0
end = time.monotonic() + seconds
while time.monotonic() < end or not calls:
    number += 1
    registration = Registration()
    mq.notify(registration.callback)
    mq.send(b"")
    for _ in range(random.randrange(400)):
        pass
    if number % 3 == 0:
        time.sleep(0)
    mq.notify()
    if registration.calls():
        calls += 1
    else:
        cancelled.append(registration)
    mq.receive()
time.sleep(0.05)
print(sum(registration.calls() for registration in cancelled))
"""

# A callback registers again and then empties the queue, or polls while the other process has the
# registration. An empty message is the last, for the other process too.
CONSUMER = """
mq = new()
taken, done = [], threading.Event()

def take_all():
    last = False
    try:
        while True:
            message = mq.receive()
            if message:
                taken.append(int(message))
            last = last or not message
    except BlockingIOError:
        return last

def arrived(queue):
    while not done.is_set():
        registered = register(mq, arrived)
        if take_all():
            if registered:
                mq.notify()
            mq.send(b"")
            done.set()
        if registered:
            break
        time.sleep(0.0002)

arrived(mq)
if not done.wait(seconds + 30):
    raise TimeoutError("a notification was lost")
mq.notify()
print(*taken)
"""


@pytest.fixture
def in_two_processes(new_name, run_python):
    """Runs a script in two processes on one queue, with something to do meanwhile."""

    def run(script, meanwhile=None, **sizes):
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        sizes = {"maxmsg": 4, "msgsize": 8} | sizes
        with MessageQueue(new_name(), flags, **sizes) as mq, ThreadPoolExecutor() as pool:
            arguments = START + script, mq.name, SECONDS
            both = [pool.submit(run_python, *arguments, timeout=SECONDS + 50) for _ in range(2)]
            if meanwhile is not None:
                meanwhile(mq)
            return [done.result().split() for done in both], len(mq)

    return run


@pytest.mark.parametrize("maxmsg", [1, 4])
def test_whoever_was_registered_is_told_exactly_once(in_two_processes, maxmsg):
    outcomes, _ = in_two_processes(TOLD_ONCE, maxmsg=maxmsg)
    assert [calls for _, *calls in outcomes] == [["{1}"], ["{1}"]]


@pytest.mark.parametrize("maxmsg", [1, 4])
def test_nobody_is_told_after_notify_or_close_returned(in_two_processes, maxmsg):
    outcomes, _ = in_two_processes(ENDED_AT_RANDOM, maxmsg=maxmsg)
    assert [calls for _, *calls in outcomes] == [["1", "0"], ["1", "0"]]


def test_a_callback_that_notify_cancelled_is_not_called_a_moment_later(new_queue, run_python):
    mq = new_queue()
    assert run_python(START + CANCELLED_AT_ONCE, mq.name, SECONDS, timeout=SECONDS + 50) == "0\n"


def test_two_processes_that_wait_to_be_told_get_every_message_once(in_two_processes):
    count = int(4000 * SECONDS)

    def send(mq):
        for number in range(count):
            mq.send(b"%d" % number, timeout=30)
        mq.send(b"", timeout=30)

    (first, second), left = in_two_processes(CONSUMER, meanwhile=send)
    assert sorted(map(int, first + second)) == list(range(count))
    assert left == 1
