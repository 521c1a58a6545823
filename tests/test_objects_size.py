"""How large an object may be: max_object_size, and what the file systems at /dev/shm say of it."""

import asyncio
import errno
import os
import pickle
from typing import Any

import pytest
from payload_files import files

from mood.mqueue import _payload_file, aio
from mood.mqueue.objects import DecodeError, ObjectQueue

BYTES = (bytes, bytes)
pytestmark = pytest.mark.thread_unsafe(reason="the threads of a test would share its fixtures")


def too_large(size, limit):
    text = rf"an object of {size} bytes exceeds max_object_size={limit}; give a larger one to the"
    return pytest.raises(OSError, match=text, check=lambda error: error.errno == errno.EMSGSIZE)


@pytest.mark.parametrize("limit", [100, 1000])
def test_put_refuses_an_object_over_the_limit(new_objects, limit):
    with new_objects(serializer=BYTES, max_object_size=limit) as objects:
        with too_large(limit + 1, limit):
            objects.put(b"x" * (limit + 1))
        assert (objects.qsize(), files(objects)) == (0, [])
        objects.put(b"x" * limit)
        assert objects.get() == b"x" * limit


@pytest.mark.parametrize("size", [200, 2000])
def test_get_drops_an_object_over_the_limit_unread(new_objects, monkeypatch, size):
    with (
        new_objects(serializer=BYTES) as sender,
        ObjectQueue(sender.name, serializer=BYTES, max_object_size=100) as objects,
    ):
        sender.put(b"x" * size, priority=3)
        sender.put(b"next")
        monkeypatch.setattr(_payload_file.PayloadFile, "read", None)
        with pytest.raises(DecodeError, match=f"of {size} bytes exceeds max_object_size=100") as it:
            objects.get()
        assert it.value.priority == 3
        assert it.value.data.startswith(b"\x10@2000 " if size == 2000 else b"x" * size)
        assert (objects.get(), files(objects)) == (b"next", [])


def test_the_limit_is_kept_by_every_way_to_make_a_queue(new_name):
    makers = [
        lambda cls: cls(new_name(), 2, msgsize=256, max_object_size=5),
        lambda cls: cls.create_unique("/mood-test-", 2, msgsize=256, max_object_size=5),
    ]
    for cls in ObjectQueue, aio.ObjectQueue:
        for make in makers:
            objects = make(cls)
            again = pickle.loads(pickle.dumps(objects))
            assert (objects.max_object_size, again.max_object_size) == (5, 5)
            again.close()
            objects.owner = True
            objects.close()


def test_the_default_limit_is_64_mib(new_objects):
    with new_objects(serializer=BYTES) as objects:
        assert objects.max_object_size == 64 * 1024 * 1024
        with too_large(2**26 + 1, 2**26):
            objects.put(bytes(2**26 + 1))


def test_an_awaited_put_refuses_an_object_over_the_limit(new_name):
    async def main():
        async with aio.ObjectQueue(new_name(), 2, msgsize=256, max_object_size=500) as objects:
            objects.owner = True
            with too_large(1018, 500):
                await objects.put(b"x" * 1000)
            assert (objects.qsize(), files(objects)) == (0, [])

    asyncio.run(main())


def test_a_limit_that_is_not_a_size_is_refused(new_name):
    with pytest.raises(ValueError, match="max_object_size must be a non-negative number of bytes"):
        ObjectQueue(new_name(), max_object_size=-1)
    wrongs: list[Any] = [None, 1.5, "1"]
    for wrong in wrongs:
        with pytest.raises(TypeError):
            ObjectQueue(new_name(), max_object_size=wrong)


SIZES = [257, 4095, 4096, 4097, 100_000, 3_000_000]


def test_honest_files_use_the_memory_they_should(new_objects):
    with new_objects(serializer=BYTES) as objects:
        for size in SIZES:
            objects.put(b"x" * size)
            assert len(objects.get()) == size


def test_a_disk_at_dev_shm_serves(new_objects, monkeypatch, tmp_path):
    # A container without a mount there has a directory of its own file system.
    monkeypatch.setattr(_payload_file, "DIRECTORY", str(tmp_path))
    with new_objects(serializer=BYTES) as objects:
        for size in SIZES:
            try:
                objects.put(b"x" * size)
            except OSError as error:
                if error.errno == errno.EOPNOTSUPP:
                    pytest.skip(f"{error}")
                raise
            assert len(objects.get()) == size
        assert list(tmp_path.iterdir()) == []


def test_put_refuses_a_file_system_that_receivers_would_not_trust(new_objects, monkeypatch):
    # Such as ZFS, where a file that was just written uses no blocks yet.
    monkeypatch.setattr(os, "posix_fallocate", lambda *_: None)
    monkeypatch.setattr(os, "write", lambda fd, data: os.truncate(fd, len(data)) or len(data))
    with new_objects(serializer=BYTES) as objects:
        with pytest.raises(OSError, match="receivers would refuse a file that is sparse") as it:
            objects.put(b"x" * 1000)
        assert (it.value.errno, objects.qsize(), files(objects)) == (errno.EOPNOTSUPP, 0, [])


HUGE_PAGES = """
import ctypes, sys
libc = ctypes.CDLL(None)
if (
    libc.unshare(0x20000)
    or libc.mount(None, b"/", None, 0x44000, None)
    or libc.mount(b"none", b"/dev/shm", b"tmpfs", 0, b"huge=always")
):
    print("refused")
    sys.exit()
from mood.mqueue.objects import ObjectQueue
with ObjectQueue(sys.argv[1], 2, msgsize=256, serializer=(bytes, bytes)) as objects:
    objects.owner = True
    for size in 257, 4097, 3_000_000:
        objects.put(b"x" * size)
        print(len(objects.get()))
"""


def test_huge_pages_make_no_difference(run_python, new_name):
    out = run_python(HUGE_PAGES, new_name())
    if out == "refused\n":
        pytest.skip("mounting is not allowed here")
    assert out == "257\n4097\n3000000\n"
