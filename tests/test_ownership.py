"""Who creates a queue owns it, and takes its name away in the end."""

import gc
import os

import pytest

from mood.mqueue import MessageQueue, unlink

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL
SMALL = {"maxmsg": 1, "msgsize": 8}

START = """
import gc, os, sys
from mood.mqueue import MessageQueue, unlink
mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
"""

AT_EXIT = {
    "end": "",
    "sys.exit": "sys.exit()",
    "cycle": "class Sub(MessageQueue): pass\n"
    "mq.close()\n"
    "mq = Sub(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)\n"
    "mq.itself = mq",
    "waiting callback": "mq.notify(print)",
}

CLOSE_UNPERMITTED = """
os.seteuid(65534)
try:
    mq.close()
except PermissionError as error:
    print(error.filename == sys.argv[1], mq.closed, mq.fileno())
mq.close()
os.seteuid(0)
unlink(sys.argv[1])
"""

COLLECT_UNPERMITTED = """
def hook(unraisable):
    print(unraisable.exc_type.__name__, unraisable.exc_value.filename == sys.argv[1])

sys.unraisablehook = hook
os.seteuid(65534)
del mq
gc.collect()
os.seteuid(0)
unlink(sys.argv[1])
"""

UNLINK_UNPERMITTED = """
os.seteuid(65534)
for call, arguments in (mq.unlink, ()), (unlink, (mq.name,)):
    try:
        call(*arguments)
    except PermissionError as error:
        print(error.filename == sys.argv[1], mq.closed)
os.seteuid(0)
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def exists(name):
    # Without O_CREAT it is no owner, so to look changes nothing.
    try:
        MessageQueue(name, os.O_RDONLY).close()
    except FileNotFoundError:
        return False
    return True


def test_who_creates_a_queue_owns_it(new_queue):
    assert new_queue().owner is True


@pytest.mark.parametrize("flags", [os.O_RDWR, os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT])
def test_opening_an_existing_queue_does_not_own_it(new_queue, flags):
    mq = new_queue()
    assert MessageQueue(mq.name, flags).owner is False


def test_the_owners_close_removes_the_name(new_queue):
    mq = new_queue()
    mq.close()
    assert not exists(mq.name)


def test_leaving_the_owners_with_block_removes_the_name(new_queue):
    with new_queue() as mq:
        assert exists(mq.name)
    assert not exists(mq.name)


def test_the_owners_collection_removes_the_name(new_queue):
    mq = new_queue()
    name = mq.name
    del mq
    gc.collect()
    assert not exists(name)


def test_another_objects_close_leaves_the_name(new_queue):
    mq = new_queue()
    MessageQueue(mq.name, os.O_RDWR | os.O_CREAT).close()
    assert exists(mq.name)


def test_another_objects_collection_leaves_the_name(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    del other
    gc.collect()
    assert exists(mq.name)


def test_the_others_go_on_when_the_owner_has_closed(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    mq.send(b"left")
    mq.close()
    assert other.receive() == b"left"


def test_owner_set_to_false_leaves_the_queue_in_the_system(new_queue):
    mq = new_queue()
    mq.owner = False
    mq.send(b"left")
    mq.close()
    other = MessageQueue(mq.name, os.O_RDONLY)
    unlink(mq.name)
    assert other.receive() == b"left"


def test_owner_set_to_true_takes_the_queue(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    other.owner = True
    other.close()
    assert not exists(mq.name)


def test_owner_reads_back_what_was_set(new_queue):
    mq = new_queue()
    seen = []
    for owner in (False, True, 0, 1, "", "yes"):
        mq.owner = owner
        seen.append(mq.owner)
    assert seen == [False, True, False, True, False, True]


def test_two_owners_are_no_error(new_queue):
    mq = new_queue()
    other = MessageQueue(mq.name, os.O_RDWR)
    other.owner = True
    mq.close()
    other.close()
    assert not exists(mq.name)


def test_close_leaves_a_reused_name_alone(new_queue):
    mq = new_queue()
    unlink(mq.name)
    heir = MessageQueue(mq.name, NEW, **SMALL)
    mq.close()
    assert exists(heir.name)


def test_collection_leaves_a_reused_name_alone(new_queue):
    mq = new_queue()
    unlink(mq.name)
    heir = MessageQueue(mq.name, NEW, **SMALL)
    del mq
    gc.collect()
    assert exists(heir.name)


def test_unlink_leaves_a_reused_name_alone(new_queue):
    mq = new_queue()
    unlink(mq.name)
    heir = MessageQueue(mq.name, NEW, **SMALL)
    with pytest.raises(FileNotFoundError):
        mq.unlink()
    assert exists(heir.name)


def test_close_of_a_queue_unlinked_by_others_is_no_error(new_queue):
    mq = new_queue()
    unlink(mq.name)
    mq.close()
    assert mq.closed


def test_unlink_removes_the_name_now(new_queue):
    mq = new_queue()
    mq.unlink()
    assert not exists(mq.name)
    mq.send(b"works on")
    assert mq.receive() == b"works on"


def test_unlink_is_for_others_than_the_owner_too(new_queue):
    mq = new_queue()
    MessageQueue(mq.name, os.O_WRONLY).unlink()
    assert not exists(mq.name)


def test_unlink_again_raises_filenotfounderror(new_queue):
    mq = new_queue()
    mq.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mq.unlink()
    assert caught.value.filename == mq.name


@pytest.mark.parametrize("kind", [str, os.fsencode])
def test_the_unlink_function_removes_a_name(new_queue, kind):
    mq = new_queue()
    unlink(kind(mq.name))
    assert not exists(mq.name)


def test_the_unlink_function_raises_filenotfounderror(new_name):
    name = new_name()
    with pytest.raises(FileNotFoundError) as caught:
        unlink(name)
    assert caught.value.filename == name


@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("end", AT_EXIT)
def test_a_global_owner_removes_the_name_when_the_interpreter_exits(run_python, new_name, end):
    name = new_name()
    run_python(START + AT_EXIT[end], name)
    assert not exists(name)


@needs_root
@pytest.mark.thread_unsafe(reason="starts a process")
def test_close_without_permission_to_unlink_raises_and_closes(run_python, new_name):
    assert run_python(START + CLOSE_UNPERMITTED, new_name()) == "True True -1\n"


@needs_root
@pytest.mark.thread_unsafe(reason="starts a process")
def test_collection_reports_that_the_name_may_not_be_removed(run_python, new_name):
    assert run_python(START + COLLECT_UNPERMITTED, new_name()) == "PermissionError True\n"


@needs_root
@pytest.mark.thread_unsafe(reason="starts a process")
def test_unlink_raises_when_the_name_may_not_be_removed(run_python, new_name):
    assert run_python(START + UNLINK_UNPERMITTED, new_name()) == "True False\n" * 2


HELD_AT_EXIT = """
import os, sys, threading, time
from mood.mqueue import MessageQueue

mq = MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=1, msgsize=8)
if sys.argv[2] == "callback":
    running = threading.Event()

    def callback(queue):
        running.set()
        time.sleep(60)

    mq.notify(callback)
    mq.send(b"")
    running.wait()
else:
    threading.Thread(target=mq.receive, daemon=True).start()
"""


@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("holder", ["callback", "daemon thread"])
def test_at_the_end_an_owner_that_is_in_use_removes_the_name_too(run_python, new_name, holder):
    name = new_name()
    run_python(HELD_AT_EXIT, name, holder)
    with pytest.raises(FileNotFoundError):
        MessageQueue(name, os.O_RDWR)
