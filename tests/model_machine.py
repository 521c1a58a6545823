"""One queue under its name twice: the kernel's and the model's. Every call goes to both."""

import itertools
import os
import queue
import select
import signal
import sys

from hypothesis.stateful import RuleBasedStateMachine, multiple
from model import System

from mood.mqueue import MessageQueue, unlink

PATIENCE = 30
NOTICE = signal.SIGUSR2
SHOWN = ("name", "flags", "mode", "maxmsg", "msgsize", "closed", "blocking", "owner")


def outcome(call, *arguments, **named):
    try:
        return "returned", call(*arguments, **named)
    except Exception as error:
        about = ("errno", "filename", "characters_written")
        return "raised", type(error), *(getattr(error, name, None) for name in about)


def compare_values(seen, expected):
    assert seen == expected, f"{seen}, and the model says {expected}"


class QueuePair:
    """One object, and its model."""

    def __init__(self, real, model):
        self.real = real
        self.model = model

    def __repr__(self):
        return repr(self.model)

    def timeout(self, drawn):
        # Only who does not wait may wait for ever.
        return 0 if drawn is None and self.model.is_blocking else drawn


class Callback:
    """What the model is registered with; `target` is what the queue calls."""

    numbers = itertools.count()

    def __init__(self, both, calls, then=None):
        self.number = next(self.numbers)
        self.both = both
        self.then = then
        number, again = self.number, then and then.target

        # It has no reference to the queue: that is to go as soon as it is dropped.
        def target(mq):
            calls.put((number, id(mq), outcome(mq.notify, again) if again else None))

        self.target = target

    def __call__(self):
        raise AssertionError("the model calls nobody")


class Comparison(RuleBasedStateMachine):
    def __init__(self, name, signals, eventually):
        super().__init__()
        self.name = name
        self.eventually = eventually
        umask = os.umask(0o077)
        os.umask(umask)
        self.system = System(umask)
        self.open = []
        self.calls: queue.SimpleQueue[tuple] = queue.SimpleQueue()
        self.signals = signals
        self.signals.clear()
        self.expected_signals = []

    def opened(self, flags, mode, maxmsg, msgsize):
        arguments = (self.name, flags, mode)
        sizes = {"maxmsg": maxmsg, "msgsize": msgsize}
        expected = outcome(self.system.open, *arguments, **sizes)
        seen = outcome(MessageQueue, *arguments, **sizes)
        if seen[0] == expected[0] == "returned":
            both = QueuePair(seen[1], expected[1])
            self.open.append(both)
            return both
        compare_values(seen, expected)
        return multiple()

    def compare(self, both, method, *arguments, **named):
        self.compare_calls(both, lambda mq: getattr(mq, method)(*arguments, **named))

    def compare_calls(self, both, call):
        expected = outcome(call, both.model)
        compare_values(outcome(call, both.real), expected)
        self.settle()

    def compare_with_buffer(self, both, call, buffer, *, held):
        ours, theirs = bytearray(buffer), bytearray(buffer)
        views = [memoryview(ours), memoryview(theirs)] if held else []
        expected = outcome(call, both.model, theirs)
        compare_values((outcome(call, both.real, ours), ours), (expected, theirs))
        for view in views:
            view.release()
        self.settle()

    def compare_notify(self, both, callback):
        expected = outcome(both.model.notify, callback)
        compare_values(outcome(both.real.notify, callback.target), expected)

    def compare_shown(self, both):
        for call in (len, repr, *(lambda mq, name=name: getattr(mq, name) for name in SHOWN)):
            compare_values(outcome(call, both.real), outcome(call, both.model))
        compare_values(both.real.fileno() == -1, both.model.closed)

    def compare_ready(self, both):
        number = both.real.fileno()
        poll = select.poll()
        poll.register(number, select.POLLIN | select.POLLOUT)
        ready = select.POLLIN * (len(both.model) > 0)
        ready |= select.POLLOUT * (not both.model.queue.is_full())
        compare_values(poll.poll(0), [(number, ready)] if ready else [])

    def unlink_the_name(self):
        compare_values(outcome(unlink, self.name), outcome(self.system.unlink, self.name))

    def settle(self):
        """Waits for what the model says was notified."""
        notified, self.system.notified = self.system.notified, []
        for how in notified:
            if how is NOTICE:
                self.expected_signals.append(how)
                continue
            answer = how.then and outcome(how.both.model.notify, how.then)
            expected = (how.number, id(how.both.real), answer)
            compare_values(self.calls.get(timeout=PATIENCE), expected)
        self.eventually(lambda: len(self.signals) >= len(self.expected_signals))

    def nobody_else_was_notified(self):
        compare_values(self.signals, self.expected_signals)
        compare_values(self.calls.empty(), True)

    def teardown(self):
        try:
            # After a failure this would only hide it.
            if sys.exc_info()[0] is None:
                self.compare_the_end()
        finally:
            for both in self.open:
                outcome(both.real.close)
            self.open.clear()
            outcome(unlink, self.name)

    def compare_the_end(self):
        for both in self.open:
            while both.model.queue.messages and both.model.flags & os.O_ACCMODE != os.O_WRONLY:
                self.compare(both, "receive", timeout=0)
        for both in self.open:
            self.compare(both, "close")
        self.unlink_the_name()
        # Notifications come in turn: after one more, those before it have come.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        with MessageQueue(self.name, flags, maxmsg=1, msgsize=1) as mq:
            last = Callback(None, self.calls)
            mq.notify(last.target)
            mq.send(b"")
            compare_values(self.calls.get(timeout=PATIENCE), (last.number, id(mq), None))
        self.nobody_else_was_notified()
