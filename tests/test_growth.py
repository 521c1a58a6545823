"""One kind of call, made again and again with no other, leaves nothing behind.

The short form of the growth check (soak/growth.py), for the calls that programs make for years.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts processes, and measures them")

GROWTH = Path(__file__).resolve().parent.parent / "soak" / "growth.py"
# What each leaves is some bytes: so many of them are well over the limit.
CALLS = "100000"
FAST_METHODS = ["send", "send_message", "receive", "receive_message"]

# Leaves as much as a call that drops one reference where nothing takes it up.
LEAKING = """
import sys
sys.path.insert(0, sys.argv[1])
import growth, kinds

kept = []

@kinds.kind("leaking")
def leaking():
    return lambda: kept.append({what})

sys.argv[1:] = ["--calls", "{calls}", "leaking"]
sys.exit(growth.main())
"""


def check(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=55, check=False
    )


@pytest.mark.parametrize("method", FAST_METHODS)
def test_fast_method_leaves_nothing_behind(method):
    done = check(GROWTH, "--calls", CALLS, method, f"{method}, *")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["aio receive", "aio receive, waiting", "aio send, waiting"])
def test_awaited_call_leaves_nothing_behind(kind):
    done = check(GROWTH, "--calls", "1000000", kind)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("method", ["put_nowait", "get_nowait"])
def test_object_queue_leaves_nothing_behind(method):
    done = check(GROWTH, "--calls", CALLS, f"{method}*")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("what", "fault", "calls"),
    [
        ("b'x'", "resident_kib", 200_000),
        ("OverflowError", "resident_kib", 200_000),
        ("object()", "blocks", 1000),
        ("kinds.MessageQueue", "references", 1000),
        ("open('/proc/self/stat').detach().detach()", "descriptors", 100),
    ],
)
def test_growth_is_found(what, fault, calls):
    script = LEAKING.format(what=what, calls=calls)
    done = check("-c", script, GROWTH.parent)
    assert done.returncode == 1, done.stdout + done.stderr
    assert fault in done.stdout.partition("GROWS: ")[2]
