"""Objects that are larger than a message."""

import errno
import gc
import os
import pickle
import socket
import stat

import pytest
from payload_files import files

from mood.mqueue import MessageQueue, _payload_file
from mood.mqueue.objects import DecodeError, ObjectQueue

LARGE = b"large" * 1000
pytestmark = pytest.mark.thread_unsafe(reason="the threads of a test would share its fixtures")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def refused(code):
    return pytest.raises(OSError, check=lambda error: error.errno == code)


@pytest.fixture
def objects(new_objects):
    with new_objects() as objects:
        yield objects
    # pytest keeps what a fixture gives until after the check that nothing is left.
    vars(objects).clear()


@pytest.mark.parametrize("size", [257, 4096, 1_000_000, 20_000_000])
def test_a_large_object_is_put_and_got(new_objects, size):
    with new_objects() as objects:
        item = os.urandom(size)
        objects.put(item)
        assert objects.get() == item
        assert files(objects) == []


def test_its_file_is_private_and_the_message_names_it(objects):
    objects.put(LARGE, priority=3)
    (file,) = files(objects)
    status = file.lstat()
    assert stat.filemode(status.st_mode) == "-rw-------"
    assert (status.st_uid, status.st_nlink) == (os.geteuid(), 1)
    assert pickle.loads(file.read_bytes()) == LARGE
    with MessageQueue(objects.name, os.O_RDWR) as mq:
        message = mq.receive_message()
        assert message.data == b"\x10@%d %s" % (status.st_size, file.name.encode())
        assert message.priority == 3
        mq.send_message(*message)
    assert objects.get() == LARGE


@pytest.mark.parametrize("umask", [0, 0o777])
def test_its_file_is_private_whatever_the_umask(objects, umask):
    before = os.umask(umask)
    try:
        objects.put(LARGE)
    finally:
        os.umask(before)
    assert files(objects)[0].stat().st_mode & 0o7777 == 0o600


def test_large_and_small_keep_the_order_of_priorities(new_objects):
    with new_objects() as objects:
        for item, priority in [(LARGE, 1), ("a", 2), (LARGE * 2, 2), ("b", 1)]:
            objects.put(item, priority=priority)
        assert [objects.get() for _ in range(4)] == ["a", LARGE * 2, LARGE, "b"]


def test_no_descriptor_is_left(objects):
    gc.collect()  # what other tests have left goes before
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        objects.put(LARGE)
        objects.get()
    assert len(os.listdir("/proc/self/fd")) == before


# What cannot be put


def test_a_put_that_finds_no_room_leaves_no_file(new_objects):
    with new_objects(maxsize=1) as objects:
        objects.put(1)
        for _ in range(3):
            with pytest.raises(Exception, match=r"^$"):
                objects.put(LARGE, timeout=0.01)
        assert (files(objects), objects.get()) == ([], 1)


def test_a_queue_whose_messages_cannot_hold_the_reference_refuses(new_objects):
    with new_objects(msgsize=64) as objects:
        with pytest.raises(OSError, match=r"of 5018 bytes, and a message of this queue has 64; to"):
            objects.put(LARGE)
        assert (files(objects), objects.qsize()) == ([], 0)


def test_a_queue_without_a_name_refuses(new_objects):
    with new_objects() as objects:
        objects.unlink()
        with refused(errno.EMSGSIZE):
            objects.put(LARGE)
        objects.put("small")
        assert (objects.get(), files(objects)) == ("small", [])


def test_an_adopted_queue_takes_large_objects_and_puts_none(new_objects):
    with new_objects() as objects:
        mq = MessageQueue.from_fd(os.dup(objects.fileno()))
        with ObjectQueue(mq) as adopted:
            objects.put(LARGE)
            assert adopted.get() == LARGE
            with refused(errno.EMSGSIZE):
                adopted.put(LARGE)
        assert objects.empty()


def test_a_name_that_is_too_long_for_a_file_is_explained(new_name):
    with ObjectQueue(new_name().ljust(250, "x"), 2, msgsize=512) as objects:
        objects.owner = True
        with pytest.raises(OSError, match="File name too long: an object of 5018 bytes, for which"):
            objects.put(LARGE)
        assert objects.empty()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.ENOMEM, errno.EDQUOT, errno.EFBIG])
def test_when_shared_memory_is_full_nothing_is_queued_or_left(objects, monkeypatch, code):
    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(
        OSError, match=r"of 5018 bytes, for which .* needs a file in /dev/shm"
    ) as it:
        objects.put(LARGE)
    assert (it.value.errno, files(objects), objects.qsize()) == (code, [], 0)


FULL = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER, PRIVATE = 0x20000, 0x10000000, 0x44000
uid, gid = os.geteuid(), os.getegid()
if libc.unshare(NEWNS):
    # Without the maps its files would be nobody's.
    maps = {"setgroups": "deny", "uid_map": f"{uid} {uid} 1", "gid_map": f"{gid} {gid} 1"}
    try:
        if libc.unshare(NEWNS | NEWUSER):
            raise PermissionError
        for file, text in maps.items():
            with open(f"/proc/self/{file}", "w") as map:
                map.write(text)
    except PermissionError:
        print("refused")
        sys.exit()
if (
    libc.mount(None, b"/", None, PRIVATE, None)
    or libc.mount(b"none", b"/dev/shm", b"tmpfs", 0, b"size=1m")
):
    print("refused")
    sys.exit()
from mood.mqueue.objects import ObjectQueue
with ObjectQueue(sys.argv[1], 4, msgsize=256) as objects:
    objects.owner = True
    objects.put(b"x" * 600_000)
    try:
        objects.put(b"y" * 600_000)
    except OSError as error:
        print(error.errno, error.strerror)
    print(objects.qsize(), len(os.listdir("/dev/shm")), len(objects.get()))
    objects.put(b"y" * 600_000)
    print(len(objects.get()), len(os.listdir("/dev/shm")))
"""


def test_full_shared_memory_is_an_error_until_a_get(run_python, new_name):
    out = run_python(FULL, new_name())
    if out == "refused\n":
        pytest.skip("mounting is not allowed here")
    assert out.splitlines() == [
        "28 No space left on device: an object of 600009 bytes, for which a message of this queue"
        " has no room, needs a file in /dev/shm; get() makes room there, and sweep() removes what"
        " crashes have left",
        "1 1 600000",
        "600000 0",
    ]


WITHOUT_MAIN = """
import ctypes, os, platform, sys, threading, time
from mood.mqueue.objects import ObjectQueue
def run():
    # Its name is in the map of its descriptors, which the main thread's end takes away.
    while os.path.exists("/proc/self/fd/1"):
        time.sleep(0.001)
    with ObjectQueue(sys.argv[1], 2, msgsize=256) as objects:
        objects.owner = True
        objects.put("x" * 1000)
        print(len(objects.get()), flush=True)
    os._exit(0)
threading.Thread(target=run).start()
exit = {"x86_64": 60, "aarch64": 93}.get(platform.machine())
if exit is None:
    print("refused", flush=True)
    os._exit(0)
ctypes.CDLL(None).syscall(exit, 0)
"""


def test_a_large_object_is_put_after_the_main_thread_has_ended(run_python, new_name):
    out = run_python(WITHOUT_MAIN, new_name())
    if out == "refused\n":
        pytest.skip("the number of the exit call is not known here")
    assert out == "1000\n"


# What cannot be taken


def lost(objects, why):
    """The next object is lost, for that reason; the message is taken, and comes with the error."""
    with pytest.raises(DecodeError, match=why) as caught:
        objects.get()
    assert caught.value.data.startswith(b"\x10")
    assert caught.value.priority == 5
    assert objects.empty()


@pytest.fixture
def file(objects):
    objects.put(LARGE, priority=5)
    (file,) = files(objects)
    yield file
    if file.is_dir() and not file.is_symlink():
        file.rmdir()
    else:
        file.unlink(missing_ok=True)


def test_a_missing_file_is_an_error(objects, file):
    file.unlink()
    lost(objects, f"its file '{file}' cannot be opened: No such file or directory")


def test_a_link_is_not_followed(objects, file, tmp_path):
    target = tmp_path / "target"
    file.replace(target) if file.stat().st_dev == tmp_path.stat().st_dev else file.unlink()
    target.write_bytes(LARGE)
    file.symlink_to(target)
    lost(objects, "cannot be opened: Too many levels of symbolic links")
    assert target.read_bytes() == LARGE
    assert file.is_symlink()


def test_a_file_with_another_name_is_not_read(objects, file):
    other = file.with_name(f"mood-test-other-{os.getpid()}")
    os.link(file, other)
    try:
        lost(objects, "has 2 names")
        assert other.stat().st_nlink == 2
    finally:
        other.unlink()


def test_a_truncated_file_is_not_read(objects, file):
    os.truncate(file, 10)
    lost(objects, "has 10 bytes, and was sent with 5018")


def test_a_sparse_file_is_not_read(objects, file):
    # Of the same size, but it uses no memory: whoever can send could have any amount of it read.
    os.truncate(file, 0)
    os.truncate(file, 5018)
    lost(objects, "is sparse: it has 5018 bytes, and uses 0")


def change_once_checked(monkeypatch, file, size):
    problem = _payload_file._find_problem

    def changed(*arguments):
        found = problem(*arguments)
        os.truncate(file, size)
        return found

    monkeypatch.setattr(_payload_file, "_find_problem", changed)


def test_a_file_that_grows_is_read_up_to_its_size(objects, file, monkeypatch):
    change_once_checked(monkeypatch, file, 2**40)
    assert objects.get() == LARGE


def test_a_file_truncated_after_the_check_is_an_error(objects, file, monkeypatch):
    change_once_checked(monkeypatch, file, 5000)
    lost(objects, "was truncated while it was read")


@AS_ROOT
def test_a_file_of_another_user_is_not_read(objects, file):
    os.chown(file, 65534, -1)
    lost(objects, f"belongs to user 65534, and the queue to user {os.geteuid()}")
    assert file.exists()


def test_a_pipe_does_not_keep_it_waiting(objects, file):
    file.unlink()
    os.mkfifo(file)
    lost(objects, "is not a regular file")


def test_a_directory_is_not_read(objects, file):
    file.unlink()
    file.mkdir()
    lost(objects, "is not a regular file|Is a directory")


def test_a_socket_is_not_read(objects, file):
    file.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(file.parent)  # a socket's path is at most 107 bytes
        try:
            listener.bind(file.name)
        finally:
            os.chdir(here)
        lost(objects, "cannot be opened: No such device or address")


@pytest.mark.parametrize(
    "message",
    [
        b"\x10",
        b"\x10x",
        b"\x10@",
        b"\x10@5 ",
        b"\x10@5 ../../etc/passwd",
        b"\x10@5 /etc/passwd",
        b"\x10@-1 {name}",
        b"\x10@five {name}",
        b"\x10@5 {name}/../{name}",
        b"\x10@5 x{name}",
        b"\x10@" + b"9" * 200,
    ],
)
def test_a_reference_that_a_stranger_made_up_is_refused(objects, message):
    name = f"mood-mqueue.1.2.{'0' * 32}.x".encode()
    with MessageQueue(objects.name, os.O_WRONLY) as stranger:
        stranger.send_message(message.replace(b"{name}", name), priority=5)
    lost(objects, "the message is not a reference to a file of an object queue")


def test_a_reference_to_a_file_of_another_queue_is_refused(objects, file, new_objects):
    with new_objects() as other, MessageQueue(objects.name, os.O_RDWR) as mq:
        with MessageQueue(other.name, os.O_WRONLY) as stranger:
            stranger.send_message(*mq.receive_message())
        lost(other, "the message refers to a file of another queue")
        assert file.exists()


# What can be taken later


def test_an_error_of_a_signal_handler_is_not_taken_for_the_files(objects, monkeypatch):
    def interrupted(*_):
        raise TimeoutError("a signal handler's")

    objects.put(LARGE)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", interrupted)
        with pytest.raises(TimeoutError, match="a signal handler's"):
            objects.get()
    assert objects.get() == LARGE


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_an_object_that_cannot_be_opened_now_comes_with_the_next_get(objects, monkeypatch, code):
    objects.put(LARGE, priority=5)
    objects.put("small")

    def fails(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fails)
        with refused(code):
            objects.get()
        assert objects.qsize() == 2
    assert (objects.get(), objects.get(), files(objects)) == (LARGE, "small", [])


def test_object_is_redelivered_after_a_memory_error(run_python, new_name):
    script = """
import os, resource, sys
from mood.mqueue.objects import ObjectQueue
pair = bytes, bytes
with ObjectQueue(sys.argv[1], 4, msgsize=256, serializer=pair, max_object_size=10**9) as objects:
    objects.owner = True
    objects.put(b"x" * 300_000_000)
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (200_000_000, unlimited[1]))
    try:
        objects.get()
    except MemoryError:
        # It has its file still, with which it could go back into the queue.
        left = [file for file in os.listdir("/dev/shm") if file.endswith("." + objects.name[1:])]
        print("no memory", objects.qsize(), len(left))
    resource.setrlimit(resource.RLIMIT_AS, unlimited)
    print(len(objects.get()))
"""
    assert run_python(script, new_name()) == "no memory 1 1\n300000000\n"
