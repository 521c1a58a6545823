"""The docstrings of the object queues: each name has one, and their examples run."""

import doctest
import inspect

import pytest

import mood.mqueue.objects
from mood.mqueue import aio, objects
from mood.mqueue.objects import ObjectQueue


def members():
    for name in sorted({*objects.__all__} - {"JSON", "PICKLE", "Empty", "Full"}):
        yield name, getattr(objects, name)
    for cls in ObjectQueue, aio.ObjectQueue:
        for name, member in inspect.getmembers(cls):
            if not name.startswith("_"):
                yield f"{cls.__module__}.{name}", member
    yield "aio.ObjectQueue", aio.ObjectQueue
    yield "the module", mood.mqueue.objects


@pytest.mark.thread_unsafe(reason="an example has a fixed name")
@pytest.mark.parametrize(("name", "member"), list(members()))
def test_docstring_is_there_and_its_example_prints_what_it_says(name, member, new_objects):
    assert member.__doc__, name
    jobs = new_objects(8)
    examples = doctest.DocTestParser().get_doctest(member.__doc__, {"jobs": jobs}, name, None, 0)
    assert doctest.DocTestRunner().run(examples).failed == 0
    jobs.close()
