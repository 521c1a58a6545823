"""What the module offers, and what help() says of it."""

import errno
import pickle
import pydoc

import pytest

import mood.mqueue
from mood.mqueue import LimitError, MessageQueue

PARSES = pytest.mark.thread_unsafe(reason="CPython 3.11 counts its parser's depth over all threads")


@PARSES
@pytest.mark.parametrize(
    "name",
    [
        *["close", "fileno", "send", "sendall", "receive", "notify", "drain", "fill", "unlink"],
        *["name", "flags", "mode", "maxmsg", "msgsize", "closed", "blocking", "owner"],
    ],
)
def test_help_tells_about_every_name(name):
    shown = pydoc.plain(pydoc.render_doc(MessageQueue))
    lines = [line.removeprefix(" |").strip() for line in shown.splitlines()]
    (at,) = [n for n, line in enumerate(lines) if line == name or line.startswith(f"{name}(self")]
    assert len(lines[at + 1].split()) > 1


@PARSES
def test_help_of_the_module_tells_of_what_it_exports():
    shown = pydoc.plain(pydoc.render_doc(mood.mqueue))
    # The version has a section of its own, without its name.
    assert all(name in shown for name in {*mood.mqueue.__all__} - {"__version__"})


def test_all_is_what_the_module_offers():
    assert sorted(mood.mqueue.__all__) == [
        *["LimitError", "Limits", "Message", "MessageQueue", "PRIORITY_MAX", "Status"],
        *["__version__", "limits", "list_queues", "unlink"],
    ]
    assert all(hasattr(mood.mqueue, name) for name in mood.mqueue.__all__)


@pytest.mark.parametrize("offered", [LimitError, MessageQueue])
def test_a_class_says_where_it_is_to_be_imported_from(offered):
    assert offered.__module__ == "mood.mqueue"
    assert getattr(mood.mqueue, offered.__qualname__) is offered


def test_limit_error_is_an_os_error_and_an_overflow_error():
    error = LimitError(errno.EMFILE, "too many", "/jobs")
    assert isinstance(error, OSError)
    assert isinstance(error, OverflowError)
    assert (error.errno, error.strerror, error.filename) == (errno.EMFILE, "too many", "/jobs")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_limit_error_pickles(protocol):
    error = LimitError(errno.EMFILE, "too many", "/jobs")
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is LimitError
    assert (again.errno, again.strerror, again.filename) == (errno.EMFILE, "too many", "/jobs")
