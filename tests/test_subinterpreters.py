"""A subinterpreter of any kind cannot import the package, on any CPython."""

import pytest

pytestmark = pytest.mark.thread_unsafe(reason="starts a process for each of its scripts")

PREPARE = """
import os, sys

IMPORT = '''
try:
    import mood.mqueue
    print("imported", flush=True)
except ImportError as error:
    print(error, flush=True)
'''

def embedded():
    "As a program in C makes them: mod_wsgi and uWSGI do."
    import _testcapi
    _testcapi.run_in_subinterp(IMPORT)

def interpreters():
    try:
        import _interpreters
    except ImportError:
        import _xxsubinterpreters as _interpreters
    return _interpreters

def isolated():
    subinterpreter = interpreters().create()
    interpreters().run_string(subinterpreter, IMPORT)
    interpreters().destroy(subinterpreter)

def sharing():
    "Shares the GIL with the first."
    try:
        subinterpreter = interpreters().create(isolated=False)
    except TypeError:
        subinterpreter = interpreters().create("legacy")
    interpreters().run_string(subinterpreter, IMPORT)
    interpreters().destroy(subinterpreter)

def use():
    "What a queue gives is of this interpreter's classes, and can be pickled."
    import pickle
    from mood.mqueue import Message, MessageQueue
    with MessageQueue(sys.argv[1], os.O_RDWR | os.O_CREAT, maxmsg=2, msgsize=8) as mq:
        mq.send(b"x")
        message = mq.receive_message()
    print(type(message) is Message, pickle.loads(pickle.dumps(message)) == (b"x", 0), flush=True)
"""
REFUSED = "module mood.mqueue._native does not support loading in subinterpreters\n"
WORKS = "True True\n"

KINDS = pytest.mark.parametrize("kind", ["embedded", "isolated", "sharing"])


@pytest.fixture
def run(run_python, new_name):
    pytest.importorskip("_testcapi")
    return lambda script: run_python(PREPARE + script, new_name())


@KINDS
def test_subinterpreter_that_imports_first_is_refused(run, kind):
    assert run(f"{kind}(); use()") == REFUSED + WORKS


@KINDS
def test_subinterpreter_that_imports_later_is_refused(run, kind):
    assert run(f"use(); {kind}(); {kind}(); use()") == WORKS + 2 * REFUSED + WORKS
