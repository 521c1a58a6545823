"""close(): once, for good, and for whoever waits."""

import errno
import os
import signal
import threading

import pytest
from observe import descriptors_of

from mood.mqueue import MessageQueue

CLOSED = rf"^\[Errno {errno.EBADF}\] .*closed"
WOKEN = (errno.EBADF, True)

SIGURG_IS_TAKEN = """
import os, signal, sys, threading, time
from mood.mqueue import MessageQueue

taken, raised = [], []
signal.signal(signal.SIGURG, lambda number, frame: taken.append(number))
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)

def receive():
    try:
        mq.receive()
    except OSError as error:
        raised.append(error.errno)

def asleep(thread):
    with open(f"/proc/self/task/{thread.native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(mq.fileno())]

thread = threading.Thread(target=receive)
thread.start()
while not asleep(thread):
    time.sleep(0.001)
mq.close()
thread.join()
print(taken, raised)
"""

# A thread that blocks every signal waits, while SIGURG is pending for the program.
SIGURG_IS_READ = """
import os, signal, sys, threading, time
from mood.mqueue import MessageQueue

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
raised = []

def receive():
    try:
        mq.receive()
    except OSError as error:
        raised.append(error.errno)

def asleep(thread):
    with open(f"/proc/self/task/{thread.native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(mq.fileno())]

thread = threading.Thread(target=receive)
thread.start()
while not asleep(thread):
    time.sleep(0.001)
os.kill(os.getpid(), signal.SIGURG)
mq.close()
thread.join()
print(raised, signal.sigwait({signal.SIGURG}).value)
"""

NO_SIGNAL_IS_FREE = """
import os, signal, sys, threading, time, warnings
from mood.mqueue import MessageQueue

for number in (signal.SIGURG, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1)):
    signal.signal(number, lambda number, frame: None)
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
other = MessageQueue(mq.name, os.O_RDWR)
received = []

def asleep(thread):
    with open(f"/proc/self/task/{thread.native_id}/syscall") as state:
        return state.read().split()[1:2] == [hex(fd)]

fd = mq.fileno()
thread = threading.Thread(target=lambda: received.append(mq.receive()))
thread.start()
while not asleep(thread):
    time.sleep(0.001)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    mq.close()
print(caught[0].category.__name__, str(caught[0].message).partition(" in the")[0])
# The descriptor of the call that waits is not reused.
files = [os.open("/", os.O_RDONLY) for _ in range(20)]
print(mq.closed, len(set(files) - {fd}), end=" ")
other.send(b"not lost")
thread.join()
print(*received)
"""


class Call(threading.Thread):
    """A call in a thread of its own; what it returned, or errno and "closed while waiting"."""

    def __init__(self, call, *arguments, blocked=()):
        # A daemon, so that a call that is not woken fails one test and not the whole run.
        super().__init__(daemon=True)
        self.call = call
        self.arguments = arguments
        self.blocked = blocked
        self.outcome = None
        self.start()

    def run(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, self.blocked)
        try:
            self.outcome = self.call(*self.arguments)
        except OSError as error:
            text = str(error)
            self.outcome = (error.errno, "closed while waiting" in text)
        # So that the thread keeps no queue.
        del self.call

    def sleeps_in(self, fd):
        return self.arguments_of_call()[:1] == [hex(fd)]

    def polls(self):
        return self.arguments_of_call()[1:2] == ["0x1"]  # one descriptor

    def arguments_of_call(self):
        try:
            with open(f"/proc/self/task/{self.native_id}/syscall") as state:
                return state.read().split()[1:]
        except FileNotFoundError:
            return []

    def end(self):
        self.join(10)
        assert not self.is_alive()
        return self.outcome


def test_close_again_does_nothing(new_queue):
    mq = new_queue()
    mq.close()
    mq.close()
    assert mq.closed


USES = {
    "len": len,
    "send": lambda mq: mq.send(b"x"),
    "send nothing": lambda mq: mq.send(b""),
    "send a bytearray": lambda mq: mq.send(bytearray(b"x"), 1),
    "sendall": lambda mq: mq.sendall(b"x"),
    "sendall nothing": lambda mq: mq.sendall(b""),
    "receive": lambda mq: mq.receive(),
    "drain": lambda mq: mq.drain(bytearray()),
    "fill": lambda mq: mq.fill(bytearray(b"x")),
    "fill nothing": lambda mq: mq.fill(bytearray()),
    "unregister": lambda mq: mq.notify(),
    "notify None": lambda mq: mq.notify(None),
    "notify signal": lambda mq: mq.notify(signal.SIGUSR1),
    "notify callback": lambda mq: mq.notify(print),
    "unlink": lambda mq: mq.unlink(),
    "with": lambda mq: mq.__enter__(),
    "mode": lambda mq: mq.mode,
    "blocking": lambda mq: mq.blocking,
    "set blocking": lambda mq: setattr(mq, "blocking", False),
    "owner": lambda mq: mq.owner,
    "set owner": lambda mq: setattr(mq, "owner", False),
}


@pytest.mark.parametrize("use", USES)
def test_every_use_after_close_raises_ebadf(new_queue, use):
    mq = new_queue()
    mq.close()
    with pytest.raises(OSError, match=CLOSED):
        USES[use](mq)


def test_the_error_after_close_names_the_queue(new_queue):
    mq = new_queue()
    mq.close()
    with pytest.raises(OSError, match="closed") as caught:
        mq.receive()
    assert caught.value.filename == mq.name


def test_fill_and_drain_of_a_closed_queue_leave_the_buffer(new_queue):
    mq = new_queue()
    mq.close()
    buffer = bytearray(b"kept")
    for use in (mq.fill, mq.drain):
        with pytest.raises(OSError, match="closed"):
            use(buffer)
    assert buffer == b"kept"


def test_what_never_changes_is_readable_after_close(new_name):
    name = new_name()
    mq = MessageQueue(name, os.O_RDWR | os.O_CREAT, maxmsg=3, msgsize=32)
    mq.close()
    assert (mq.name, mq.flags, mq.maxmsg, mq.msgsize) == (name, os.O_RDWR | os.O_CREAT, 3, 32)


def test_closed_is_true_after_close_and_false_before(new_queue):
    mq = new_queue()
    before = mq.closed
    mq.close()
    assert (before, mq.closed) == (False, True)


def test_fileno_is_minus_one_after_close(new_queue):
    mq = new_queue()
    mq.close()
    assert mq.fileno() == -1


def test_close_releases_the_descriptor(new_queue):
    mq = new_queue()
    fd, name = mq.fileno(), mq.name
    before = descriptors_of(name)
    mq.close()
    assert (before, descriptors_of(name)) == ({fd}, set())


def test_repr_tells_that_it_is_closed(new_queue):
    mq = new_queue()
    mq.close()
    assert repr(mq).endswith(" closed>")


def test_leaving_a_with_block_closes(new_queue):
    with new_queue() as mq:
        assert not mq.closed
    assert mq.closed


def test_a_with_block_that_raises_closes_and_lets_it_through(new_queue):
    mq = new_queue()
    with pytest.raises(ZeroDivisionError), mq:
        mq.send(bytes(1 // 0))
    assert mq.closed


def test_a_queue_closed_within_its_with_block_is_left_quietly(new_queue):
    with new_queue() as mq:
        mq.close()
    assert mq.closed


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("method", ["receive", "drain"])
def test_close_wakes_every_thread_that_waits_for_a_message(new_queue, eventually, method, threads):
    mq = new_queue()
    fd = mq.fileno()
    calls = [
        Call(getattr(mq, method), *([bytearray()] if method == "drain" else []))
        for _ in range(threads)
    ]
    eventually(lambda: all(call.sleeps_in(fd) for call in calls))
    mq.close()
    assert [call.end() for call in calls] == [WOKEN] * threads


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("method", ["send", "sendall", "fill"])
def test_close_wakes_every_thread_that_waits_for_room(new_queue, eventually, method, threads):
    mq = new_queue(maxmsg=1)
    other = MessageQueue(mq.name, os.O_RDONLY)
    mq.send(b"full")
    fd = mq.fileno()
    calls = [Call(getattr(mq, method), bytearray(b"no")) for _ in range(threads)]
    eventually(lambda: all(call.sleeps_in(fd) for call in calls))
    mq.close()
    assert [call.end() for call in calls] == [WOKEN] * threads
    assert (len(other), other.receive()) == (1, b"full")


def test_leaving_a_with_block_wakes_who_waits(new_queue, eventually):
    with new_queue() as mq:
        fd = mq.fileno()
        call = Call(mq.receive)
        eventually(lambda: call.sleeps_in(fd))
    assert call.end() == WOKEN


def test_close_wakes_nobody_who_waits_in_another_object(new_queue, eventually):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    call = Call(other.receive)
    eventually(lambda: call.sleeps_in(other.fileno()))
    mq.close()
    assert call.sleeps_in(other.fileno())
    other.send(b"theirs")
    assert call.end() == b"theirs"


# Whenever close() comes, the message goes to one of two places.
def test_a_message_that_comes_as_the_queue_is_closed_is_not_lost(new_queue):
    for _ in range(200):
        mq = new_queue()
        other = MessageQueue(mq.name, os.O_RDWR)
        receive = Call(mq.receive)
        send = Call(other.send, b"x")
        mq.close()
        send.end()
        outcome, left = receive.end(), len(other)
        if outcome == b"x":
            assert left == 0
        else:
            # Whether it waited by then or had not begun.
            assert (outcome[0], left) == (errno.EBADF, 1)


def test_a_woken_call_keeps_off_the_queue_that_gets_its_number(new_queue, eventually):
    for _ in range(30):
        mq = new_queue()
        fd = mq.fileno()
        call = Call(mq.receive)
        eventually(lambda call=call, fd=fd: call.sleeps_in(fd))
        mq.close()
        others = [new_queue(maxmsg=1, msgsize=8) for _ in range(3)]
        for other in others:
            other.send(b"others'")
        assert call.end() == WOKEN
        assert [other.receive() for other in others] == [b"others'"] * 3


MASKS = {
    "SIGURG": {signal.SIGURG},
    "all": signal.valid_signals(),
    "all but SIGURG": signal.valid_signals() - {signal.SIGURG},
    "all but the last": signal.valid_signals() - {signal.SIGRTMAX},
    "all but the first real-time signal": signal.valid_signals() - {signal.SIGRTMIN},
    "every real-time signal": set(range(signal.SIGRTMIN, signal.SIGRTMAX + 1)),
}

WAITS = {
    "receive": lambda empty, _: empty.receive(),
    "receive for an hour": lambda empty, _: empty.receive(timeout=3600),
    "receive_message": lambda empty, _: empty.receive_message(),
    "receive_into": lambda empty, _: empty.receive_into(bytearray(64), timeout=3600),
    "receive_many": lambda empty, _: empty.receive_many(),
    "drain": lambda empty, _: empty.drain(bytearray()),
    "send": lambda _, full: full.send(b"x"),
    "send for an hour": lambda _, full: full.send(b"x", timeout=3600),
    "send_message": lambda _, full: full.send_message(b"x"),
    "sendall": lambda _, full: full.sendall(b"x", timeout=3600),
}


@pytest.mark.parametrize("blocked", MASKS)
def test_close_wakes_threads_that_block_signals(new_queue, eventually, blocked):
    for wait in WAITS.values():
        empty, full = new_queue(maxmsg=1), new_queue(maxmsg=1)
        full.send(b"full")
        call = Call(wait, empty, full, blocked=MASKS[blocked])
        fds = [empty.fileno(), full.fileno()]
        eventually(lambda call=call, fds=fds: any(map(call.sleeps_in, fds)) or call.polls())
        empty.close()
        full.close()
        assert call.end() == WOKEN


def test_close_wakes_threads_that_block_signals_after_their_first_wait(new_queue, eventually):
    for blocked in (MASKS["SIGURG"], MASKS["every real-time signal"], MASKS["all but the last"]):
        first, mq = new_queue(), new_queue()
        first.send(b"first")

        def receive_twice(first=first, mq=mq, blocked=blocked):
            first.receive()
            signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
            mq.receive()

        fd = mq.fileno()
        call = Call(receive_twice)
        del receive_twice
        eventually(lambda call=call, fd=fd: call.sleeps_in(fd))
        mq.close()
        assert call.end() == WOKEN


def test_a_wait_leaves_the_signal_mask_as_it_was(new_queue, eventually):
    mq = new_queue()
    fd = mq.fileno()

    def masks():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        mq.receive()
        return before == signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.sigpending()

    call = Call(masks, blocked=signal.valid_signals())
    eventually(lambda: call.sleeps_in(fd))
    mq.send(b"x")
    assert call.end() == (True, set())


@pytest.mark.thread_unsafe(reason="starts a process")
def test_close_leaves_a_blocked_sigurg_pending_for_the_program(run_python, new_name):
    assert run_python(SIGURG_IS_READ, new_name()) == f"[{errno.EBADF}] {signal.SIGURG:d}\n"


@pytest.mark.thread_unsafe(reason="starts a process")
def test_close_warns_of_a_thread_that_no_signal_can_wake(run_python, new_name):
    output = run_python(NO_SIGNAL_IS_FREE, new_name())
    assert output == "RuntimeWarning a thread goes on waiting\nTrue 20 b'not lost'\n"


# SIGURG is what close() interrupts with, unless the program has a use for it.
@pytest.mark.thread_unsafe(reason="starts a process")
def test_close_wakes_without_a_signal_that_the_program_handles(run_python, new_name):
    assert run_python(SIGURG_IS_TAKEN, new_name()) == f"[] [{errno.EBADF}]\n"
