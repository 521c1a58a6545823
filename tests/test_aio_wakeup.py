"""The descriptor that wakes tasks, after the program has closed it by accident."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

START = """
import os, tempfile
from mood.mqueue._aio_wakeup import WakeupFd

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

WAKEUP = """
before = descriptors()
wakeup = WakeupFd()
numbers = descriptors() - before
take(numbers)
wakeup.wake()
check(numbers)
del wakeup
check(numbers)
"""

# One end at a time, so that the other one still is the library's.
ONE_END = """
before = descriptors()
wakeup = WakeupFd()
numbers = descriptors() - before
for number in numbers:
    del wakeup
    wakeup = WakeupFd()
    assert descriptors() - before == numbers
    take([number])
    wakeup.wake()
    check([number])
    wakeup = None
    check([number])
    os.close(number)
"""

ANOTHER_WAKEUP = """
import select

def is_readable(wakeup):
    poll = select.poll()
    poll.register(wakeup.fileno(), select.POLLIN)
    return bool(poll.poll(0))

before = descriptors()
wakeup = WakeupFd()
numbers = descriptors() - before
for number in numbers:
    os.close(number)
other = WakeupFd()
assert descriptors() - before == numbers
wakeup.wake()
del wakeup
assert descriptors() - before == numbers
assert not is_readable(other)
other.wake()
assert is_readable(other)
"""


@pytest.fixture
def script(run_python, new_name):
    def run(body, *arguments):
        return run_python(START + body, new_name(), *arguments)

    return run


@pytest.mark.parametrize(
    "body", [WAKEUP, ONE_END, ANOTHER_WAKEUP], ids=["all", "one end", "a wakeup"]
)
def test_wakeup_leaves_files_of_the_program_alone(script, body):
    assert script(body) == ""
