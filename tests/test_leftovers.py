"""A leftover fails the test that made it, or its file, and no other test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HEAD = """
import os
import threading

import leftovers
import pytest

from mood.mqueue import MessageQueue

leftovers.THREAD_END_SECONDS = 0.1
kept = []


def test_before(new_queue):
    new_queue().send(b"x")

"""
AFTER = """

def test_after(new_queue):
    new_queue().send(b"x")
"""

IN_THE_SYSTEM = {
    "a queue": "new_queue().owner = False",
    "a queue that nobody may open": "new_queue(mode=0).owner = False",
    "a queue whose object is kept": "kept.append(new_queue())",
    "a file of a large object": """
    objects = new_objects()
    objects.owner = False
    objects.put(b"x" * 5000)""",
}
IN_THE_PROCESS = {
    "a closed object": "kept.append(new_queue()); kept[0].close()",
    "a descriptor": "os.pipe()",
    "a thread": "threading.Thread(target=threading.Event().wait, daemon=True).start()",
}
FAILED = {
    "its traceback holds a queue": "mq = new_queue(); assert not mq.name",
    "its traceback holds an object queue": "mq = new_objects(); assert not mq.name",
    "the traceback of its fixture holds a queue": "request.getfixturevalue('fails')",
    "it left a queue": "new_queue().owner = False; assert 0",
    "it left a descriptor": "os.pipe(); assert 0",
    "a thread waits in its queue": """
    mq = new_queue()
    threading.Thread(target=waits, args=[mq]).start()
    assert not mq.name""",
    "an exception is kept": """
    mq = new_queue()
    try:
        raise ValueError
    except ValueError as error:
        kept.append(error)
    assert 0""",
}
FAILS = """
def waits(mq):
    with pytest.raises(OSError, match="closed"):
        mq.receive()


@pytest.fixture
def fails(new_queue):
    mq = new_queue()
    assert not mq.name

"""


def a_test(body):
    return f"\ndef test_it(request, new_queue, new_objects):\n    {body}\n"


@pytest.fixture
def outcomes(tmp_path):
    """Runs each source as a test file. Returns the failures and the output of pytest."""

    def run(sources):
        for number, source in enumerate(sources):
            (tmp_path / f"test_{number}.py").write_text(HEAD + source)
        options = "--rootdir . --import-mode=importlib -q -p no:randomly -p no:cacheprovider"
        project = ["-c", str(TESTS.parent / "pyproject.toml"), "-p", "conftest"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *project, *options.split(), "."],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.stderr == "", done
        found = re.findall(r"^(FAILED|ERROR) test_(\d)\.py::(\w+)", done.stdout, re.M)
        return [(what, int(number), test) for what, number, test in found], done.stdout

    return run


def test_a_leftover_in_the_system_fails_its_test(outcomes):
    failed, output = outcomes(a_test(body) + AFTER for body in IN_THE_SYSTEM.values())
    assert failed == [("ERROR", number, "test_it") for number in range(len(IN_THE_SYSTEM))], output


def test_a_leftover_in_the_process_fails_its_file(outcomes):
    failed, output = outcomes(a_test(body) + AFTER for body in IN_THE_PROCESS.values())
    numbers = range(len(IN_THE_PROCESS))
    assert failed == [("ERROR", number, "test_after") for number in numbers], output


@pytest.mark.parametrize("after", [AFTER, ""], ids=["in the middle", "at the end"])
def test_leftovers_of_a_failed_test_fail_nothing_else(outcomes, after):
    failed, output = outcomes(FAILS + a_test(body) + after for body in FAILED.values())
    assert failed == [("FAILED", number, "test_it") for number in range(len(FAILED))], output
