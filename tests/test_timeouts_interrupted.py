"""What comes in the middle of a timeout: signals, and steps of the wall clock."""

import os
import shutil
import subprocess

import pytest
from calls import CALLS

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

EVERY = pytest.mark.parametrize("call", CALLS)

START = """
import ctypes, itertools, os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from calls import CALLS, is_unchanged, blocking_queue
from mood.mqueue import MessageQueue

name, call = sys.argv[2], CALLS[sys.argv[3]]
numbers = itertools.count()

def new_queue(maxmsg):
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return MessageQueue(f"{name}-{next(numbers)}", flags, maxmsg=maxmsg, msgsize=64)

def until(condition):
    while not condition():
        time.sleep(0.001)

def system_call(thread_id):
    with open(f"/proc/self/task/{thread_id}/syscall") as file:
        return file.read().split()

# ppoll() of one descriptor, with the address of a timeout.
def sleeps_in_ppoll(thread_id):
    number, *arguments = system_call(thread_id)
    return arguments[1:2] == ["0x1"] and int(arguments[2], 16)
"""

# With a timeout that began anew after each signal, this would have no end.
RAIN = (
    START
    + """
handled = []
signal.signal(signal.SIGALRM, lambda number, frame: handled.append(number))
with blocking_queue(new_queue, sys.argv[3]) as mq:
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    start = time.monotonic()
    try:
        call(mq, timeout=0.2)
    except TimeoutError:
        print(time.monotonic() - start >= 0.2, len(handled) >= 3, end=" ")
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(is_unchanged(mq, sys.argv[3]))
"""
)

RAISES = (
    START
    + """
class Mine(Exception):
    pass

def handler(number, frame):
    raise Mine

signal.signal(signal.SIGUSR1, handler)
main = threading.main_thread()

def interrupt():
    until(lambda: sleeps_in_ppoll(main.native_id))
    signal.pthread_kill(main.ident, signal.SIGUSR1)

with blocking_queue(new_queue, sys.argv[3]) as mq:
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        call(mq, timeout=3600)
    except Mine as error:
        print(error.args, getattr(error, "messages_sent", 0), end=" ")
    thread.join()
    print(is_unchanged(mq, sys.argv[3]))
"""
)

# The step is seen by this process alone, in every way there is to ask the C library for the time
# of day. What the kernel itself would measure by its own wall clock is not stepped with it: so it
# is shown besides that the kernel is asked to sleep in ppoll(), whose timeout is relative and on
# the monotonic clock, and never in the call with a moment of the wall clock.
STEPPED = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

static volatile time_t offset;
static volatile long asked;

void step(long seconds) { offset += seconds; }
long times_asked(void) { return asked; }

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    asked++;
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}
"""

STEP = (
    START
    + """
clock = ctypes.CDLL(sys.argv[4])
clock.times_asked.restype = ctypes.c_long
clock.step.argtypes = [ctypes.c_long]
step = int(sys.argv[5])

def run(mq, timeout, early):
    start = time.monotonic()
    try:
        call(mq, timeout=timeout)
    except TimeoutError:
        early.append(time.monotonic() - start < timeout)

def seconds_of_the_sleep(thread):
    while thread.is_alive():
        address = sleeps_in_ppoll(thread.native_id)
        if address:
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(address)
                seconds = ctypes.c_long.from_buffer_copy(memory.read(ctypes.sizeof(ctypes.c_long)))
            if sleeps_in_ppoll(thread.native_id) == address:
                return seconds.value
        time.sleep(0.001)

def steps_in_the_sleep(timeout):
    "Whether the step came in the middle of it; where this process is slow, it may come too late."
    early = []
    with blocking_queue(new_queue, sys.argv[3]) as mq:
        thread = threading.Thread(target=run, args=(mq, timeout, early))
        thread.start()
        seconds, before = seconds_of_the_sleep(thread), time.time()
        clock.step(step)
        assert abs(time.time() - before - step) < 60, "there was no step"
        in_the_middle = seconds is not None and thread.is_alive()
        thread.join()
        assert early == [False]
        assert is_unchanged(mq, sys.argv[3])
    # A moment of the wall clock would be a billion of them.
    assert seconds is None or seconds <= timeout, seconds
    return in_the_middle

asked = clock.times_asked()
print(any(steps_in_the_sleep(0.2 * 2**n) for n in range(5)), clock.times_asked() > asked)
"""
)


@pytest.fixture
def script(run_python, new_name, request):
    def run(body, *arguments):
        return run_python(body, request.path.parent, new_name(), *arguments)

    return run


@EVERY
def test_handlers_that_return_neither_shorten_nor_lengthen_it(script, call):
    assert script(RAIN, call) == "True True True\n"


@EVERY
def test_a_handler_that_raises_ends_it(script, call):
    assert script(RAISES, call) == "() 0 True\n"


@pytest.fixture(scope="module")
def stepped_clock(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    library = tmp_path_factory.mktemp("clock") / "stepped.so"
    command = ["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, "-x", "c", "-"]
    subprocess.run(command, input=STEPPED, text=True, check=True)
    with library.open("rb") as file:
        # The loader splits LD_PRELOAD at spaces, which the path of the library may have.
        yield f"/proc/{os.getpid()}/fd/{file.fileno()}"


# In a process of its own, whose C library alone tells the stepped time: the system's clock stays
# as it is, and nobody else is disturbed.
@EVERY
@pytest.mark.parametrize("step", [3600, -3600], ids=["forward", "back"])
def test_a_step_of_the_wall_clock_neither_ends_nor_lengthens_it(
    script, stepped_clock, monkeypatch, call, step
):
    before = os.environ.get("LD_PRELOAD", "")
    monkeypatch.setenv("LD_PRELOAD", f"{before} {stepped_clock}".strip())
    assert script(STEP, call, stepped_clock, step) == "True True\n"
