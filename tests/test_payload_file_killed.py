"""Senders and receivers of large objects are killed at random moments; all is accounted for."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from payload_files import files

from mood.mqueue import unlink
from mood.mqueue.objects import ObjectQueue, sweep

ROUNDS = int(os.environ.get("KILL_ROUNDS", "8"))
EACH = 3

# Each writes down what it has put, or got, as soon as the call has returned.
START = """
import ctypes, os, signal, sys
from mood.mqueue.objects import ObjectQueue
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # else it would outlive a killed suite
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
objects = ObjectQueue(sys.argv[1])
"""
SENDER = (
    START
    + """
number = 0
os.write(1, b"ready")
while True:
    name = f"{os.getpid()}-{number}"
    objects.put((name, bytes(number % 5 * 50_000)), priority=number % 2)
    os.write(log, f"put {name}\\n".encode())
    number += 1
"""
)
RECEIVER = (
    START
    + """
os.write(1, b"ready")
while True:
    name, payload = objects.get()
    assert not payload.strip(b"\\0") and len(payload) % 50_000 == 0
    os.write(log, f"got {name}\\n".encode())
"""
)


@pytest.fixture
def start():
    processes = []

    def start(script, name, log):
        process = subprocess.Popen(
            [sys.executable, "-c", script, name, str(log)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        ready = process.stdout
        assert ready is not None
        assert ready.read(5) == b"ready"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def kill(process):
    process.kill()
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (-signal.SIGKILL, b"")


@pytest.mark.timeout(600)
@pytest.mark.thread_unsafe(reason="starts processes; sweep() looks at all there is")
@pytest.mark.parametrize("receivers_first", [True, False])
def test_a_kill_loses_what_was_in_hand_and_leaves_no_file(
    start, new_name, tmp_path, receivers_first
):
    name, log = new_name(), tmp_path / "log"
    ObjectQueue(name, 4, msgsize=256).close()
    killed_receivers = 0
    for round_ in range(ROUNDS):
        # Between the rounds nobody uses the queue, and there is something in it as a rule. Who
        # opens it first then tries to sweep.
        scripts = [SENDER, RECEIVER] * EACH
        processes = [(script, start(script, name, log)) for script in scripts]
        time.sleep(random.uniform(0, 0.03))
        if round_ % 2:
            random.shuffle(processes)
        else:
            processes.sort(key=lambda pair: (pair[0] == SENDER) == receivers_first)
        for script, process in processes:
            kill(process)
            killed_receivers += script == RECEIVER
            time.sleep(random.uniform(0, 0.003))

    # What the dead have put is all there still, and none of it has lost its file.
    rest = []
    with ObjectQueue(name) as objects:
        while not objects.empty():
            rest.append(objects.get(timeout=10)[0])
    lines = [line.split() for line in log.read_text().splitlines()]
    put = [item for verb, item in lines if verb == "put"]
    got = [item for verb, item in lines if verb == "got"] + rest
    assert len(got) == len(set(got))
    # A receiver loses one at most: it was killed before it could write it down.
    assert len(set(put) - set(got)) <= killed_receivers
    assert len(put) > ROUNDS

    assert sweep() >= 0
    assert files(name) == []
    unlink(name)
