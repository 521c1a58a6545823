"""Memory that runs out while an object is made: no descriptor and no queue is left."""

import importlib.util

import pytest

pytestmark = [
    pytest.mark.thread_unsafe(reason="one process after the other"),
    pytest.mark.skipif(
        importlib.util.find_spec("_testcapi") is None, reason="needs CPython's test module"
    ),
]

# The n-th allocation is refused, for every n until the call needs no more.
START = """
import copy, os, pickle, sys
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what panics say, besides
from _testcapi import remove_mem_hooks, set_nomemory
from mood.mqueue import MessageQueue, unlink

name = sys.argv[1]
mq = MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=4, msgsize=640)

class Sub(MessageQueue):
    pass

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def afterwards():
    assert descriptors() == before, (n, descriptors(), before)

def each(call, check=afterwards, undo=None):
    "Until it succeeds; where that can be undone, ten times in a row: some refusals it gets over."
    global n
    in_a_row = 0
    for n in range(1, 400):
        made = None
        # That one alone: where nothing at all is to be had, PyO3 cannot even say so.
        set_nomemory(n, n + 1)
        try:
            made = call()
        except (MemoryError, pickle.PicklingError):
            pass
        except BaseException as error:
            # PyO3's way to say that there is none for the smallest of objects.
            if type(error).__name__ != "PanicException":
                raise
        finally:
            remove_mem_hooks()
        in_a_row = 0 if made is None else in_a_row + 1
        if made is not None and (undo is None or in_a_row == 10):
            return made
        if made is not None:
            undo(made)
        check()
    raise AssertionError("it never succeeded")

before = descriptors()
"""

CALLS = {
    "from_fd": """
fd = os.dup(mq.fileno())
before += 1
def check():
    os.fstat(fd)  # still the caller's
    afterwards()
for cls in MessageQueue, Sub:
    again = each(lambda: cls.from_fd(fd), check, undo=MessageQueue.detach)
    assert again.fileno() == fd and again.detach() == fd
""",
    "reopen": """
each(mq.reopen, undo=MessageQueue.close).close()
each(lambda: mq.reopen(os.O_RDONLY), undo=MessageQueue.close).close()
""",
    "reopen, notified": """
mq.notify(None)
again = each(mq.reopen)
try:
    mq.notify(None)
except OSError as error:
    assert error.errno == 16
else:
    raise AssertionError("the registration is gone")
""",
    "create_unique": """
def create():
    return MessageQueue.create_unique(name + "-", maxmsg=1, msgsize=640)
for _ in range(3):
    each(create, undo=MessageQueue.close).close()
""",
    "pickle": """
data = each(lambda: pickle.dumps(mq), undo=lambda data: None)
each(lambda: pickle.loads(data), undo=MessageQueue.close).close()
""",
    # Not deepcopy(), which makes a generator: CPython 3.12 and 3.13 crash without memory for one.
    "copy": """
each(lambda: copy.copy(mq), undo=MessageQueue.close).close()
""",
    "detach": """
again = mq.reopen()
fd = again.fileno()
assert each(again.detach) == fd
os.close(fd)
""",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_refusal_leaves_nothing(run_python, new_name, call):
    run_python(START + CALLS[call], new_name())
