"""The event loops that a test of the asynchronous queues runs in."""

from functools import partial
from typing import Any

import anyio
import pytest
import uvloop

ASYNCIO: dict[str, Any] = {"backend": "asyncio"}
UVLOOP: dict[str, Any] = {"backend": "asyncio", "backend_options": {"use_uvloop": True}}
TRIO: dict[str, Any] = {"backend": "trio"}
LOOPS = {
    name: partial(anyio.run, **options)
    for name, options in [("asyncio", ASYNCIO), ("uvloop", UVLOOP), ("trio", TRIO)]
}


def _on(*names):
    return pytest.mark.parametrize("run", [LOOPS[name] for name in names], ids=names)


on_every_loop = _on(*LOOPS)
on_asyncio = _on("asyncio", "uvloop")

# The first one makes a pipe that the process keeps, which is no leak of a test.
uvloop.new_event_loop().close()


async def run_ready_tasks(count=5):
    """Lets the other tasks go as far as they can."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def start_waiting(task_group, function, *arguments):
    """Starts a task and returns once it waits."""
    task_group.start_soon(function, *arguments)
    await run_ready_tasks()


async def wait_until(condition, seconds=10):
    """Waits until a condition holds."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.001)
