"""A pickle can run any code, so it matters who can send one."""

import os
import pickle

import pytest

from mood.mqueue import MessageQueue
from mood.mqueue.objects import JSON, ObjectQueue

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("/nonexistent/it-was-run",)


@pytest.fixture
def new_open_queue(new_queue):
    """Makes queues that others can use, with a pickle in them."""

    def new(mode, uid=-1):
        mq = new_queue(msgsize=256)
        os.fchmod(mq.fileno(), mode)
        os.fchown(mq.fileno(), uid, -1)
        mq.send_message(pickle.dumps(Bomb()))
        return mq

    return new


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o622, 0o666, 0o777])
def test_queue_open_to_other_senders_is_refused_before_receiving(new_open_queue, mode):
    with ObjectQueue(new_open_queue(mode)) as objects:
        for get in objects.get, objects.get_nowait:
            with pytest.raises(PermissionError, match=f"its mode is {mode:#o}") as caught:
                get()
            assert "trust=True" in str(caught.value)
            assert caught.value.filename == objects.name
        assert objects.qsize() == 1


@AS_ROOT
def test_a_queue_of_another_user_is_refused(new_open_queue):
    with ObjectQueue(new_open_queue(0o600, uid=65534)) as objects:
        with pytest.raises(PermissionError, match="it belongs to user 65534"):
            objects.get()
        assert objects.qsize() == 1


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400, 0o755])
def test_a_queue_that_others_can_only_read_is_not_refused(new_open_queue, mode):
    with ObjectQueue(new_open_queue(mode)) as objects, pytest.raises(Exception, match="no object"):
        objects.get()


def test_trust_is_for_who_knows(new_open_queue):
    with ObjectQueue(new_open_queue(0o666), trust=True) as objects:
        with pytest.raises(Exception, match="FileNotFoundError"):
            objects.get()
        assert objects.empty()


def test_it_is_no_reason_not_to_put(new_open_queue):
    with ObjectQueue(new_open_queue(0o666)) as objects:
        objects.put("small")
        assert objects.qsize() == 2


def test_json_is_safe_from_anybody(new_open_queue):
    with ObjectQueue(new_open_queue(0o666), serializer=JSON) as objects:
        objects.put([1], priority=1)
        assert objects.get() == [1]


def test_another_dumps_for_pickle_is_no_way_around(new_open_queue):
    pair, refused = (pickle.dumps, pickle.loads), pytest.raises(PermissionError)
    with ObjectQueue(new_open_queue(0o666), serializer=pair) as objects, refused:
        objects.get()


def test_trust_travels_with_a_pickle_and_a_check_does_not(new_objects):
    with new_objects() as objects:
        objects.put(1)
        objects.get()
        with pickle.loads(pickle.dumps(objects)) as again:
            os.fchmod(objects.fileno(), 0o666)
            with pytest.raises(PermissionError):
                again.get()
        with (
            ObjectQueue(objects.name, trust=True) as trusting,
            pickle.loads(pickle.dumps(trusting)) as again,
        ):
            objects.put(2)
            assert again.get() == 2


def test_refused_object_is_received_after_fixing_the_mode(new_open_queue):
    mq = new_open_queue(0o666)
    with ObjectQueue(MessageQueue(mq.name, os.O_RDWR)) as objects:
        with pytest.raises(PermissionError):
            objects.get()
        os.fchmod(mq.fileno(), 0o600)
        with pytest.raises(Exception, match="no object"):
            objects.get()
