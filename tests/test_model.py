"""Random calls through several objects, and what `model.py` says must come of each.

The suite makes the same few hundred sequences every time. For new ones, as many as wanted:
`MODEL_EXAMPLES=100000 pytest tests/test_model.py`.
"""

import array
import math
import os
import signal
import weakref

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model_machine import NOTICE, Callback, Comparison

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
PROFILE = settings(
    max_examples=EXAMPLES or 100,
    stateful_step_count=100 if EXAMPLES else 40,
    derandomize=not EXAMPLES,
    database=None,
    # They judge by the clock, and the machine may be busy.
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

pytestmark = [
    pytest.mark.thread_unsafe(reason="a signal handler, and one generator of examples"),
    # To find the shortest sequence that fails may take minutes.
    pytest.mark.timeout(0 if EXAMPLES else 400),
]

access = st.sampled_from([os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR])
new = os.O_CREAT | os.O_EXCL
extra = st.sampled_from(
    [0, os.O_NONBLOCK, os.O_EXCL, os.O_CREAT, os.O_CREAT | os.O_NONBLOCK, new, new | os.O_CLOEXEC]
)
flags = st.tuples(access, extra).map(sum)
modes = st.sampled_from([0o600, 0o666, 0o777, 0o100640])
wrong_flags_and_modes = st.sampled_from(
    [
        *[None] * 9,
        (os.O_ACCMODE, 0o600),
        (os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600),
        (os.O_RDWR, 0o10000),
        (os.O_RDWR | os.O_CREAT, -1),
    ]
)
data = st.binary(max_size=12)
buffers = data.map(bytearray)


def as_array(data):
    return array.array("b", data)


kinds = st.sampled_from([*[bytes] * 8, bytearray, memoryview, as_array, lambda _: "text"])
messages = st.tuples(kinds, data).map(lambda drawn: drawn[0](drawn[1]))
# Few, so that messages of one priority meet.
priorities = st.sampled_from([*[0, 1, 2] * 5, 32767, 32767, 32768, 2**32 - 1, 2**32, -1])
# Positive ones are so short since they are waited for.
timeouts = st.sampled_from([*[None, 0] * 8, 0.0, False, 0.001, 0.001, -1, math.nan])
truths = st.sampled_from([True, False, 0, 1, "", "x"])
seldom = st.integers(0, 7).map(lambda n: n == 7)
arguments_of_notify = st.sampled_from(
    [
        *[(None,), (NOTICE,), (NOTICE,), ()] * 2,
        (0,),
        (65,),
        (-1,),
        (2**40,),
        ("x",),
        (1.5,),
    ]
)
# Its size cannot change.
viewed = bytearray(b"x")
view_of_it = memoryview(viewed)
CALLS_OF_CLOSED = (
    ("send", b"x"),
    ("send", b"x", 32768),
    ("send", b"x", -1),
    ("send", ""),
    ("sendall", b""),
    ("sendall", b"x", 0, -1),
    ("receive",),
    ("receive", -1),
    ("drain", bytearray(b"x")),
    ("drain", viewed),
    ("drain", bytearray(), -1),
    ("fill", bytearray(b"x")),
    ("fill", viewed),
    ("fill", bytearray()),
    ("fill", bytearray(b"x"), 2**32),
    ("notify",),
    ("notify", None),
    ("notify", NOTICE),
    ("notify", 0),
    ("notify", "x"),
    ("notify", print),
    ("unlink",),
    ("close",),
    ("__enter__",),
    ("__exit__", None, None, None),
    ("__setattr__", "blocking", True),
    ("__setattr__", "owner", True),
)


class Machine(Comparison):
    objects = Bundle("objects")
    closed = Bundle("closed")

    @initialize(target=objects, access=access, maxmsg=st.integers(1, 4), msgsize=st.integers(1, 5))
    def create(self, access, maxmsg, msgsize):
        return self.opened(access | os.O_CREAT | os.O_EXCL, 0o600, maxmsg, msgsize)

    @initialize(target=objects, nonblocking=st.sampled_from([0, os.O_NONBLOCK]))
    def open_second(self, nonblocking):
        return self.opened(os.O_RDWR | os.O_CREAT | nonblocking, 0o600, 2, 3)

    # RLIMIT_MSGQUEUE is everybody's.
    @precondition(lambda self: len(self.open) < 8)
    @rule(
        target=objects,
        flags=flags,
        mode=modes,
        maxmsg=st.integers(0, 4),
        msgsize=st.integers(0, 5),
        wrong=wrong_flags_and_modes,
    )
    def open_another(self, flags, mode, maxmsg, msgsize, wrong):
        flags, mode = wrong or (flags, mode)
        return self.opened(flags, mode, maxmsg, msgsize)

    @rule(both=objects, message=messages, priority=priorities, timeout=timeouts)
    def send(self, both, message, priority, timeout):
        self.compare(both, "send", message, priority, timeout=both.timeout(timeout))

    @rule(both=objects, message=messages, priority=priorities, timeout=timeouts)
    def sendall(self, both, message, priority, timeout):
        self.compare(both, "sendall", message, priority, timeout=both.timeout(timeout))

    @rule(both=objects, timeout=timeouts)
    def receive(self, both, timeout):
        self.compare(both, "receive", timeout=both.timeout(timeout))

    @rule(both=objects, buffer=buffers, timeout=timeouts, held=seldom)
    def drain(self, both, buffer, timeout, held):
        timeout = both.timeout(timeout)
        self.compare_with_buffer(both, lambda mq, b: mq.drain(b, timeout), buffer, held=held)

    @rule(
        both=objects,
        buffer=buffers,
        priority=priorities,
        timeout=timeouts,
        held=seldom,
    )
    def fill(self, both, buffer, priority, timeout, held):
        timeout = both.timeout(timeout)
        self.compare_with_buffer(
            both, lambda mq, b: mq.fill(b, priority, timeout), buffer, held=held
        )

    @rule(both=objects, again=st.booleans())
    def notify_callback(self, both, again):
        then = Callback(both, self.calls) if again else None
        self.compare_notify(both, Callback(both, self.calls, then))

    @rule(both=objects, arguments=arguments_of_notify)
    def notify(self, both, arguments):
        self.compare(both, "notify", *arguments)

    @rule(both=objects, name=st.sampled_from(["blocking", "owner"]), value=truths)
    def set_attribute(self, both, name, value):
        self.compare(both, "__setattr__", name, value)

    @rule(target=objects, both=objects, by_name=st.booleans(), taken=st.booleans())
    def unlink(self, both, by_name, taken):
        if by_name:
            self.unlink_the_name()
        else:
            self.compare(both, "unlink")
        if taken and len(self.open) < 8:
            # The name is another queue's by now.
            return self.opened(os.O_RDWR | os.O_CREAT, 0o600, 2, 2)
        return multiple()

    @rule(both=objects, flags=flags)
    def initialise_again(self, both, flags):
        with pytest.raises(RuntimeError):
            both.real.__init__(self.name, flags)

    @precondition(lambda self: len(self.open) > 1)
    @rule(target=closed, both=consumes(objects), how=st.sampled_from(["close", "with", "raise"]))
    def close(self, both, how):
        def leave_a_with_block(mq):
            with mq as entered:
                assert entered is mq
                if how == "raise":
                    raise KeyError

        if how == "close":
            self.compare(both, "close")
        else:
            self.compare_calls(both, leave_a_with_block)
        self.open.remove(both)
        self.compare_shown(both)
        return both

    @precondition(lambda self: len(self.open) > 1)
    @rule(both=consumes(objects))
    def collect(self, both):
        self.open.remove(both)
        both.model.close()
        reference = weakref.ref(both.real)
        both.real = None
        # The thread of a callback that has returned may have it for a moment.
        self.eventually(lambda: reference() is None)

    @rule(both=closed)
    def use_a_closed_one(self, both):
        for method, *arguments in CALLS_OF_CLOSED:
            self.compare(both, method, *arguments)
        self.compare_shown(both)

    @invariant()
    def every_object_is_like_its_model(self):
        for both in self.open:
            self.compare_shown(both)
            self.compare_ready(both)
        self.nobody_else_was_notified()


@pytest.fixture
def signals():
    seen = []
    before = signal.signal(NOTICE, lambda number, _frame: seen.append(number))
    yield seen
    signal.signal(NOTICE, before)


def test_every_call_does_what_a_plain_queue_does(new_name, signals, eventually):
    name = new_name()

    def machine():
        return Machine(name, signals, eventually)

    run_state_machine_as_test(machine, settings=PROFILE)  # type: ignore[arg-type]
