"""The short form of the integrity run (soak/integrity.py), and proof that it can fail."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mood.mqueue import MessageQueue

SOAK = Path(__file__).resolve().parent.parent / "soak"
RUN = [sys.executable, str(SOAK / "integrity.py"), "--patience", "30"]

sys.path.insert(0, str(SOAK))
accounting = importlib.import_module("accounting")
payload = importlib.import_module("payload")
sys.path.remove(str(SOAK))

# A library with a fault, put in the place of the real one in every process of the run.
FAULTY = """
import mood.mqueue
from mood.mqueue import MessageQueue

class Faulty(MessageQueue):
    aside = None

    def receive(self, timeout=None):
        if self.aside is not None:
            message, self.aside = self.aside, None
            return message
        message = super().receive(timeout)
        return message if len(message) < 200 else self.{fault}(message)

    def loses(self, message):
        return self.receive()

    def doubles(self, message):
        self.aside = message
        return message

    def corrupts(self, message):
        return message[:-1] + bytes([message[-1] ^ 1])

    def swaps(self, message):
        following = super().receive()
        if following == b"\\xff":
            self.send(following)
            return message
        self.aside = message
        return following

    def drain(self, buffer, timeout=None):
        buffer += self.receive(timeout)
        return not buffer

mood.mqueue.MessageQueue = Faulty
"""

uses_processors = pytest.mark.thread_unsafe(reason="many processes, which want the processors")


def run(configuration, messages=2000, **environment):
    return subprocess.run(
        [*RUN, "--configuration", configuration, "--messages", str(messages)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | environment,
    )


@uses_processors
@pytest.mark.parametrize(
    "configuration",
    [
        "processes-4x1",
        "processes-4x4-kills-closes",
        "threads-4x4-closes",
        "threads-4x8-8-queues-closes",
        "mixed-4x8-8-queues-kills-closes",
    ],
)
def test_every_message_is_accounted_for(configuration):
    done = run(configuration)
    assert (done.returncode, done.stderr) == (0, ""), done
    name, *numbers, verdict = done.stdout.splitlines()[2].split()
    sent, received, kills, _, in_hand, *_ = map(int, numbers)
    assert (name, verdict) == (configuration, "ok")
    assert sent == received + in_hand >= 2000
    assert (kills > 0) == ("kills" in configuration)


@uses_processors
@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("loses", "lost"),
        ("doubles", "twice"),
        ("corrupts", "corrupt"),
        ("swaps", "out of order"),
    ],
)
def test_the_run_finds_a_library_that(fault, found, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(FAULTY.format(fault=fault))
    done = run("processes-1x1", 500, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, ""), done
    assert f"DEFECT {found}: " in done.stdout


@uses_processors
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_queue_and_no_process(number):
    command = [*RUN, "--configuration", "processes-1x1", "--messages", "100000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        name = f"/soak-{process.pid}-0"
        watcher = _open_eventually(name)
        # Something flows, so all processes are there.
        watcher.receive(timeout=20)
        process.send_signal(number)
        # Every process of the run has these pipes: at their end all are gone.
        _, errors = process.communicate(timeout=20)
    watcher.close()
    assert (process.returncode, errors) == (128 + number, b"")
    with pytest.raises(FileNotFoundError):
        MessageQueue(name, os.O_RDONLY)


def _open_eventually(name):
    end = time.monotonic() + 20
    while True:
        try:
            return MessageQueue(name, os.O_RDONLY)
        except FileNotFoundError:
            if time.monotonic() > end:
                raise
        time.sleep(0.001)


def noted(sequence, priority=1, producer=0, body=b""):
    message = payload.named(0, producer, priority, sequence, body)
    return payload.record(message, 0)


def settled(*consumers, named=3, anonymous=None, kills=None):
    """The ledger after producer 0 has sent to queue 0 and the consumers have received."""
    ledger = accounting.Ledger()
    ledger.was_sent(0, 0, named, anonymous or {})
    for records in consumers:
        ledger.was_received(0, records)
    ledger.settle(kills or {})
    return ledger


def test_what_arrives_once_and_in_order_is_no_defect():
    ledger = settled([noted(0), noted(2)], [noted(1)])
    assert (ledger.sent, ledger.received, ledger.defects, ledger.in_hand) == (3, 3, [], [])


def test_order_is_kept_within_a_priority_and_a_consumer_only():
    assert settled([noted(1, priority=2), noted(0)], [noted(2)]).defects == []


@pytest.mark.parametrize(
    ("consumers", "defect"),
    [
        ([[noted(0), noted(2)]], "lost: queue 0, producer 0, message 1"),
        ([[noted(0), noted(1), noted(1), noted(2)]], "twice: queue 0, producer 0, message 1"),
        ([[noted(0), noted(1), noted(2)], [noted(1)]], "twice: queue 0, producer 0, message 1"),
        (
            [[noted(1), noted(0), noted(2)]],
            "out of order: queue 0, producer 0, message 0 after 1 of priority 1",
        ),
        ([[noted(n) for n in range(4)]], "never sent: queue 0, producer 0, message 3"),
        ([[noted(0, producer=7)]], "never sent: queue 0, producer 7, message 0"),
        ([[noted(0)[:-1]]], "queue 0: a record of 15 bytes"),
        ([[payload.record(b"", 0)]], "twice: queue 0, message of 0 bytes, 1 more than sent"),
    ],
)
def test_the_ledger_finds(consumers, defect):
    assert defect in settled(*consumers).defects


def test_the_ledger_finds_a_lost_message_without_a_name():
    ledger = settled([payload.record(b"\3\3\3", 0)], named=0, anonymous={"3": 2})
    assert "lost: queue 0, message of 3 bytes" in ledger.defects


def test_each_kill_excuses_one_missing_message_of_its_queue():
    missing = ["queue 0, producer 0, message 1"]
    assert settled([noted(0), noted(2)], kills={0: 1}).in_hand == missing
    assert settled([noted(0), noted(2)], kills={0: 1}).defects == []
    assert settled([noted(0)], kills={0: 1}).defects != []
    assert settled([noted(0), noted(2)], kills={1: 1}).defects != []


def test_defects_beyond_the_first_are_counted():
    defects = settled([noted(0)] * 100, named=1).defects
    assert (len(defects), defects[-1]) == (accounting.SHOWN + 1, "and 79 more")


def test_every_flipped_bit_makes_a_message_corrupt():
    message = payload.named(0, 1, 2, 3, b"body")
    for bit in range(8 * len(message)):
        flipped = bytearray(message)
        flipped[bit // 8] ^= 1 << bit % 8
        assert payload.record(bytes(flipped), 0)[0] == payload.CORRUPT


@pytest.mark.parametrize(
    "message",
    [
        payload.named(1, 0, 1, 0, b""),
        payload.named(0, 0, 1, 0, b"body")[:-1],
        payload.named(0, 0, 1, 0, b"body") + b"x",
        payload.named(0, 0, 1, 0, b"")[:-1],
        b"\3\3",
        b"\3\3\0",
    ],
    ids=["of another queue", "cut", "longer", "cut header", "cut, no name", "changed, no name"],
)
def test_what_is_not_as_it_was_sent_is_a_defect(message):
    record = payload.record(message, 0)
    (defect,) = settled([record], named=0).defects
    assert defect.startswith("corrupt: queue 0, ")


def test_a_drain_is_taken_apart_as_it_was_sent():
    messages = [payload.named(0, 0, 1, 0, b"body"), b"\1", b"\x0f" * 15, payload.END]
    assert list(payload.split(b"".join(messages))) == messages
