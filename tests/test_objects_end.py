"""The files of large objects go with their queue, however its owner ends."""

import gc

import pytest
from observe import is_in_the_system
from payload_files import files

from mood.mqueue import MessageQueue, aio, unlink
from mood.mqueue.objects import ObjectQueue

LARGE = "large" * 1000
pytestmark = pytest.mark.thread_unsafe(reason="the threads of a test would share its fixtures")


@pytest.fixture(params=[ObjectQueue, aio.ObjectQueue], ids=["objects", "aio"])
def unique(request):
    def unique():
        objects = request.param.create_unique("/mood-test-end-", 2, msgsize=256)
        objects.put_nowait(LARGE)
        assert len(files(objects)) == 1
        return objects

    return unique


def is_gone(name):
    return (files(name), is_in_the_system(name)) == ([], False)


def test_closing_the_owner_removes_queue_and_files(unique):
    objects = unique()
    objects.close()
    assert is_gone(objects.name)


def test_collecting_the_owner_removes_queue_and_files(unique):
    name = unique().name
    assert is_gone(name)


def test_collecting_the_owner_in_a_cycle_removes_queue_and_files(unique):
    def make():
        objects = unique()
        objects.itself = objects
        return objects.name

    name = make()
    gc.collect()
    assert is_gone(name)


def test_collecting_a_queue_in_a_cycle_with_its_callback_removes_both(eventually):
    def make():
        mq = MessageQueue.create_unique("/mood-test-end-", maxmsg=2, msgsize=256)
        objects = ObjectQueue[str](mq)
        objects.put(LARGE)
        mq.notify(lambda _: objects.get())
        return mq.name

    name = make()

    def is_collected():
        gc.collect()
        return is_gone(name)

    eventually(is_collected)


def test_a_message_queue_outlives_the_object_queue_made_of_it(new_queue):
    mq = new_queue(msgsize=256)
    ObjectQueue[str](mq).put(LARGE)
    assert is_in_the_system(mq.name)
    assert ObjectQueue[str](mq).get() == LARGE
    ObjectQueue[str](mq).put(LARGE)
    assert len(files(mq.name)) == 1
    mq.close()
    assert is_gone(mq.name)


def test_a_user_that_is_collected_removes_nothing(new_objects):
    with new_objects() as objects:
        objects.put(LARGE)
        ObjectQueue(objects.name)
        assert objects.get() == LARGE


def test_the_owner_removes_the_files_of_a_queue_unlinked_by_others(new_objects):
    with new_objects() as objects:
        objects.put(LARGE)
        unlink(objects.name)
    assert is_gone(objects.name)


def test_unlink_of_an_unlinked_queue_removes_the_files(new_objects):
    with new_objects() as objects:
        objects.put(LARGE)
        unlink(objects.name)
        with pytest.raises(FileNotFoundError):
            objects.unlink()
        assert is_gone(objects.name)


EXITS = """
import os, signal, sys, threading
from mood.mqueue import aio
from mood.mqueue.objects import ObjectQueue
kind = {"objects": ObjectQueue, "aio": aio.ObjectQueue}[sys.argv[1]]
def main():
    objects = kind.create_unique("/mood-test-end-", 2, msgsize=256)
    objects.put_nowait("large" * 1000)
    print(objects.name, flush=True)
    return objects
"""
ENDS = {
    "global": "objects = main()",
    "builtin": "import builtins; builtins.objects = main()",
    "sys.exit": "objects = main(); sys.exit(0)",
    "daemon": """
def run():
    objects = main()
    put.set()
    while True:
        objects.qsize()
put = threading.Event()
threading.Thread(target=run, daemon=True).start()
put.wait()
""",
}


@pytest.mark.parametrize("kind", ["objects", "aio"])
@pytest.mark.parametrize("end", ENDS)
def test_exit_of_the_owner_removes_queue_and_files(run_python, kind, end):
    name = run_python(EXITS + ENDS[end], kind).strip()
    assert is_gone(name)


FORKS = """
import gc, os, sys
from mood.mqueue.objects import ObjectQueue
objects = ObjectQueue.create_unique("/mood-test-end-", 2, msgsize=256)
objects.put("large" * 1000)
for end in "del", "close", "exit", "cycle":
    child = os.fork()
    if child == 0:
        if end == "close":
            objects.close()
        elif end == "cycle":
            objects.itself = objects
        if end != "exit":
            del objects
            gc.collect()
        sys.exit()
    os.waitpid(child, 0)
print(len(objects.get()), objects.qsize())
"""


# The object queue is collected before the fork, and the message queue that it was made of after.
FORKS_BETWEEN = """
import os, sys
from mood.mqueue import MessageQueue
from mood.mqueue.objects import ObjectQueue
mq = MessageQueue.create_unique("/mood-test-end-", maxmsg=2, msgsize=256)
ObjectQueue(mq).put("large" * 1000)
child = os.fork()
if child == 0:
    del mq
    sys.exit()
os.waitpid(child, 0)
print(len(ObjectQueue(mq).get()), len(mq))
"""


@pytest.mark.thread_unsafe(reason="forks")
@pytest.mark.parametrize("script", [FORKS, FORKS_BETWEEN])
def test_a_forked_child_leaves_its_parents_files(run_python, script):
    assert run_python(script) == "5000 0\n"
