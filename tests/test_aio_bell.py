"""The descriptor that wakes tasks, after the program has closed it by accident."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import os, tempfile
from mood.mqueue._aio_bell import Bell

file = tempfile.TemporaryFile()
file.write(b"untouched")
file.flush()

def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False

def descriptors():
    # Listing them opens one.
    return set(filter(is_open, map(int, os.listdir("/proc/self/fd"))))

def take(numbers):
    "The program closes descriptors, and the numbers become those of its file."
    for number in numbers:
        os.dup2(file.fileno(), number)

def check(numbers):
    for number in numbers:
        assert os.path.samestat(os.fstat(number), os.fstat(file.fileno())), number
    assert os.pread(file.fileno(), 99, 0) == b"untouched"
"""

BELL = """
before = descriptors()
bell = Bell()
numbers = descriptors() - before
take(numbers)
bell.ring()
check(numbers)
del bell
check(numbers)
"""

# One end at a time, so that the other one still is the library's.
ONE_END = """
before = descriptors()
bell = Bell()
numbers = descriptors() - before
for number in numbers:
    del bell
    bell = Bell()
    assert descriptors() - before == numbers
    take([number])
    bell.ring()
    check([number])
    bell = None
    check([number])
    os.close(number)
"""

ANOTHER_BELL = """
import select

def is_rung(bell):
    poll = select.poll()
    poll.register(bell.fileno(), select.POLLIN)
    return bool(poll.poll(0))

before = descriptors()
bell = Bell()
numbers = descriptors() - before
for number in numbers:
    os.close(number)
other = Bell()
assert descriptors() - before == numbers
bell.ring()
del bell
assert descriptors() - before == numbers
assert not is_rung(other)
other.ring()
assert is_rung(other)
"""


@pytest.fixture
def script(run_python, new_name):
    def run(body, *arguments):
        return run_python(START + body, new_name(), *arguments)

    return run


@pytest.mark.parametrize("body", [BELL, ONE_END, ANOTHER_BELL], ids=["all", "one end", "a bell"])
def test_bell_leaves_files_of_the_program_alone(script, body):
    assert script(body) == ""
