"""The event loops that a test of the asynchronous queues runs in."""

import anyio
import pytest
import uvloop


def _runner(**options):
    def run(function):
        return anyio.run(function, **options)

    return run


ASYNCIO = pytest.param(_runner(backend="asyncio"), id="asyncio")
UVLOOP = pytest.param(_runner(backend="asyncio", backend_options={"use_uvloop": True}), id="uvloop")
TRIO = pytest.param(_runner(backend="trio"), id="trio")

on_every_loop = pytest.mark.parametrize("run", [ASYNCIO, UVLOOP, TRIO])
on_asyncio = pytest.mark.parametrize("run", [ASYNCIO, UVLOOP])


# The first one makes a pipe that the process keeps, which is no leak of a test.
uvloop.new_event_loop().close()


async def ticks(count=5):
    """Lets the other tasks go as far as they can."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def started(task_group, function, *arguments):
    """Starts a task and returns once it waits."""
    task_group.start_soon(function, *arguments)
    await ticks()


async def soon(condition, seconds=10):
    """Waits until a condition holds."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.001)
