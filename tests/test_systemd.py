"""A queue that the service manager opened: ListenMessageQueue= of a socket unit."""

import os
import subprocess
import sys

import pytest

from mood.mqueue import MessageQueue

pytestmark = pytest.mark.thread_unsafe(reason="starts a process")

# As a service is started: descriptor 3, for reading only, nonblocking, not closed on exec.
START = """
import os, select, sys, threading
from mood.mqueue import MessageQueue

assert os.environ["LISTEN_PID"] == str(os.getpid()) and os.environ["LISTEN_FDS"] == "1"
assert os.get_inheritable(3)
mq = MessageQueue.from_fd(3)
assert (mq.fileno(), mq.name, mq.owner) == (3, "", False)
assert mq.flags == os.O_RDONLY | os.O_NONBLOCK and not mq.blocking
assert not os.get_inheritable(3)

def send_later():
    # After the receiver sleeps, as a rule; whenever it comes, the message is received.
    other = MessageQueue(sys.argv[1], os.O_WRONLY)
    threading.Timer(0.05, lambda: (other.send(b"later", 5), other.close())).start()

def refused(kind, call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except kind:
        return True
"""

SERVICES = {
    "select": """
assert select.select([mq], [], [], 0) == ([], [], [])
send_later()
assert select.select([mq], [], [], 20) == ([mq], [], [])
assert mq.receive_message() == (b"later", 5)
""",
    "poll": """
poll = select.poll()
poll.register(mq, select.POLLIN)
send_later()
assert poll.poll(20_000) == [(3, select.POLLIN)]
assert mq.receive() == b"later"
""",
    "epoll": """
epoll = select.epoll()
epoll.register(mq, select.EPOLLIN)
send_later()
assert epoll.poll(20) == [(3, select.EPOLLIN)]
assert mq.receive() == b"later"
""",
    "reopened": """
reader = mq.reopen(os.O_RDONLY)
assert reader.blocking and not mq.blocking
assert refused(TimeoutError, reader.receive, timeout=0.01)
assert refused(BlockingIOError, mq.receive, timeout=20)
send_later()
assert reader.receive(timeout=20) == b"later"
""",
    "made blocking": """
mq.blocking = True
send_later()
assert mq.receive(timeout=20) == b"later"
send_later()
assert mq.receive() == b"later"
""",
    "asyncio": """
import asyncio

async def main():
    arrived = asyncio.Event()
    asyncio.get_running_loop().add_reader(mq, arrived.set)
    send_later()
    await asyncio.wait_for(arrived.wait(), 20)
    return mq.receive()

assert asyncio.run(main()) == b"later"
""",
    "reading only": """
assert refused(OSError, mq.send, b"")
""",
    "what waits already": """
MessageQueue(sys.argv[1], os.O_WRONLY).send(b"waiting")
assert next(mq) == b"waiting"
assert list(mq) == []
""",
    "not passed on": """
import subprocess
code = "import os; os.fstat(3)"
done = subprocess.run([sys.executable, "-c", code], close_fds=False, stderr=subprocess.PIPE)
assert b"Bad file descriptor" in done.stderr
""",
}

END = """
mq.close()
assert refused(OSError, os.fstat, 3)
print("served")
"""

# What systemd does between fork and exec.
PASS = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="jobs.socket")
os.execv(sys.executable, [sys.executable, "-c", sys.argv[2], sys.argv[3]])
"""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_adopts_its_queue_and_waits_on_it(new_queue, service):
    mq = new_queue()
    with mq.reopen(os.O_RDONLY | os.O_NONBLOCK) as passed:
        fd = passed.fileno()
        script = START + SERVICES[service] + END
        done = subprocess.run(
            [sys.executable, "-c", PASS, str(fd), script, mq.name],
            pass_fds=[fd],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("served\n", "")
    # The name is the unit's, and stays.
    MessageQueue(mq.name, os.O_RDONLY).close()


# The first queue that the program opens gets the number that LISTEN_FDS speaks of.
OWN = """
import os, sys
from mood.mqueue import MessageQueue

os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8) as mq:
    print(os.get_inheritable(mq.fileno()))
    try:
        MessageQueue.from_fd(mq.fileno())
    except ValueError as error:
        print("belongs to another MessageQueue" in str(error))
    mq.send(b"open")
    print(mq.receive().decode())
"""


def test_a_queue_of_the_program_itself_is_not_adopted(run_python, new_name):
    assert run_python(OWN, new_name()) == "False\nTrue\nopen\n"
