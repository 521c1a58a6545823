"""Large objects between users: who can put one, and who can receive it."""

import errno
import os

import pytest
from payload_files import files

from mood.mqueue import unlink
from mood.mqueue.objects import JSON, DecodeError, ObjectQueue

pytestmark = [
    pytest.mark.thread_unsafe(reason="forks"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]
OWNER, OTHER, ROOT = 1001, 1002, 0
LARGE = "large" * 1000


def as_user(uid, call):
    """What a call returns or raises in a child process of that user."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.umask(0)
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answer = repr(call())
        except OSError as error:
            answer = f"{errno.errorcode[error.errno or 0]}: {error.strerror}"
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writes, answer.encode())
        os._exit(0)
    os.close(writes)
    with open(reads) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def name(new_name):
    """Of a queue that everybody can use."""
    name = new_name()
    as_user(OWNER, lambda: ObjectQueue(name, 4, msgsize=256, mode=0o666).close())
    yield name
    unlink(name)
    for file in files(name):
        file.unlink()


def put(name, item):
    ObjectQueue(name, serializer=JSON).put(item)


def get(name):
    return len(ObjectQueue(name, serializer=JSON).get_nowait())


@pytest.mark.parametrize("sender", [OWNER, ROOT])
@pytest.mark.parametrize("receiver", [OWNER, ROOT])
def test_the_owner_and_root_exchange_large_objects(name, sender, receiver):
    assert as_user(sender, lambda: put(name, LARGE)) == "None"
    assert [file.stat().st_uid for file in files(name)] == [OWNER]
    assert as_user(receiver, lambda: get(name)) == "5000"
    assert files(name) == []


def test_another_user_is_refused_before_anything_is_queued(name):
    said = as_user(OTHER, lambda: put(name, LARGE))
    assert said.startswith("EPERM: Operation not permitted: an object of 5002 bytes")
    assert f"belongs to the queue's owner, user {OWNER}: only processes of that user and" in said
    assert (as_user(OWNER, lambda: get(name)), files(name)) == ("Empty: ", [])


def test_another_user_can_put_and_get_small_objects(name):
    assert as_user(OTHER, lambda: put(name, "small")) == "None"
    assert as_user(OTHER, lambda: get(name)) == "5"


def test_the_file_of_another_user_is_an_error_once(name):
    # What a stranger can do who does not use this library, with a file that all can read.
    put(name, LARGE)
    (file,) = files(name)
    os.chown(file, OTHER, -1)
    file.chmod(0o644)
    put(name, "next")
    with ObjectQueue(name, serializer=JSON) as objects:
        with pytest.raises(DecodeError, match=f"belongs to user {OTHER}, and the queue to user"):
            objects.get()
        assert objects.get() == "next"
