"""A process whose main thread has ended. /proc/self shows no descriptors then."""

import errno

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process")

# pthread_exit() ends the thread and not the process.
SCRIPT = """
import ctypes, os, signal, sys, threading, time, traceback
from mood.mqueue import MessageQueue, list_queues
from mood.mqueue.objects import ObjectQueue

name = sys.argv[1]

def reopen():
    with MessageQueue(name, os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=32) as mq:
        mq.send(b"reopened")
        return mq.reopen().receive()

def large_object():
    with ObjectQueue(name, 2, msgsize=256) as objects:
        objects.owner = True
        objects.put("x" * 100_000)
        return len(objects.get())

def list_all():
    with MessageQueue(name, os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=32):
        try:
            return name in list_queues()
        except FileNotFoundError as error:
            return "mounted nowhere" in str(error)

def close():
    mq, raised = MessageQueue(name, os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=32), []
    fd = mq.fileno()

    def receive():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGURG})
        try:
            mq.receive()
        except OSError as error:
            raised.append(error.errno)

    thread = threading.Thread(target=receive)
    thread.start()
    while hex(fd) not in open(f"/proc/self/task/{thread.native_id}/syscall").read():
        time.sleep(0.001)
    mq.close()
    thread.join()
    return raised

def go_on():
    try:
        while os.listdir("/proc/self/fd"):
            time.sleep(0.001)
        print(globals()[sys.argv[2]](), flush=True)
    except BaseException:
        traceback.print_exc()
    os._exit(0)

threading.Thread(target=go_on).start()
ctypes.CDLL(None).pthread_exit(None)
"""

OUTPUTS = {
    "reopen": "b'reopened'",
    "large_object": "100000",
    "list_all": "True",
    "close": f"[{errno.EBADF}]",
}


@pytest.mark.parametrize("use", OUTPUTS)
def test_everything_works_after_the_main_thread_has_ended(run_python, new_name, use):
    assert run_python(SCRIPT, new_name(), use) == OUTPUTS[use] + "\n"
