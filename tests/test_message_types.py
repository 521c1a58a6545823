"""Which objects send() and sendall() take for a message."""

import array
import errno
import mmap
import sys

import pytest

BOTH = pytest.mark.parametrize("method", ["send", "sendall"])


@BOTH
@pytest.mark.parametrize("message", ["text", None, 1, 1.5, [], [1], object(), True])
def test_message_that_is_not_bytes_like_is_a_type_error(new_queue, method, message):
    with new_queue() as mq:
        with pytest.raises(TypeError, match="bytes-like"):
            getattr(mq, method)(message)
        assert len(mq) == 0


@pytest.mark.parametrize(
    "message",
    [
        b"bytes",
        bytearray(b"bytes"),
        memoryview(b"bytes"),
        memoryview(bytearray(b"..bytes.."))[2:7],
        array.array("B", b"bytes"),
        memoryview(b"bytes").cast("c"),
        type("Subclass", (bytes,), {})(b"bytes"),
        type("Subclass", (bytearray,), {})(b"bytes"),
    ],
    ids=lambda message: type(message).__name__,
)
@BOTH
def test_bytes_like_objects_are_sent(new_queue, method, message):
    with new_queue() as mq:
        assert getattr(mq, method)(message) == (5 if method == "send" else None)
        assert mq.receive() == b"bytes"


def test_the_bytes_of_wider_items_are_sent(new_queue):
    numbers = array.array("d", [1.5, -2.5])
    with new_queue() as mq:
        assert mq.send(numbers) == 16
        assert mq.receive() == numbers.tobytes()


def test_a_memoryview_of_several_dimensions_is_sent(new_queue):
    with new_queue() as mq:
        mq.send(memoryview(b"abcdef").cast("B", (2, 3)))
        assert mq.receive() == b"abcdef"


def test_a_mmap_is_sent(new_queue):
    with new_queue(msgsize=16) as mq, mmap.mmap(-1, mmap.PAGESIZE) as mapped:
        mapped[:20] = b"0123456789abcdefghij"
        assert mq.send(mapped) == 16
        assert mq.receive() == b"0123456789abcdef"


@BOTH
@pytest.mark.parametrize("message", [b"", bytearray(), memoryview(b""), array.array("I")])
def test_an_empty_message_is_one_empty_message(new_queue, method, message):
    with new_queue() as mq:
        assert getattr(mq, method)(message) == (0 if method == "send" else None)
        assert len(mq) == 1
        assert mq.receive() == b""


@BOTH
@pytest.mark.parametrize("step", [2, -1])
def test_a_message_that_is_not_contiguous_is_a_buffer_error(new_queue, method, step):
    with new_queue() as mq:
        with pytest.raises(BufferError):
            getattr(mq, method)(memoryview(b"abcdef")[::step])
        assert len(mq) == 0


@BOTH
def test_a_released_memoryview_is_a_value_error(new_queue, method):
    view = memoryview(b"abc")
    view.release()
    with new_queue() as mq:
        with pytest.raises(ValueError, match="released"):
            getattr(mq, method)(view)
        assert len(mq) == 0


@BOTH
def test_a_message_can_be_resized_once_it_is_sent(new_queue, method):
    message = bytearray(b"abc")
    with new_queue() as mq:
        getattr(mq, method)(message)
        message.extend(bytes(100))
        assert mq.receive() == b"abc"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")
@BOTH
def test_what_a_buffer_method_raises_comes_through(new_queue, method):
    class Broken:
        def __buffer__(self, flags):
            raise LookupError("no bytes today")

    with new_queue() as mq:
        with pytest.raises(LookupError, match="no bytes today"):
            getattr(mq, method)(Broken())
        assert len(mq) == 0


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")
@BOTH
@pytest.mark.parametrize("moment", ["__buffer__", "__release_buffer__"])
def test_a_message_that_closes_the_queue_is_not_sent(new_queue, method, moment):
    class Closing:
        def __init__(self, queue):
            self.queue = queue

        def __buffer__(self, flags):
            if moment == "__buffer__":
                self.queue.close()
            return memoryview(b"message")

        def __release_buffer__(self, view):
            if moment == "__release_buffer__":
                self.queue.close()
            view.release()

    with new_queue() as mq:
        with pytest.raises(OSError, match="the queue is closed") as raised:
            getattr(mq, method)(Closing(mq))
        assert raised.value.errno == errno.EBADF


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs __buffer__ in Python")
def test_a_message_may_use_the_queue_while_it_is_asked_for_its_bytes(new_queue):
    class Chatty:
        def __init__(self, queue):
            self.queue = queue

        def __buffer__(self, flags):
            self.queue.send(b"first")
            return memoryview(b"second")

    with new_queue() as mq:
        mq.send(Chatty(mq))
        assert (mq.receive(), mq.receive()) == (b"first", b"second")
