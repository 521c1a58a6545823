"""Loops in Python, compiled from the lines that a user would write, as timeit does.

So each contender is measured by its own calls, with nothing between them and the loop.
"""

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from bench.measure import Turn

PAIRS = """
for _ in repeat(None, count):
    {send}
    {receive}
"""
SENDS = """
for _ in repeat(None, count):
    {send}
"""
RECEIVES = """
for _ in repeat(None, count):
    {receive}
"""
BURSTS = """
for _ in repeat(None, count):
    for _ in repeat(None, burst):
        {send}
    for _ in repeat(None, burst):
        {receive}
"""
BACKLOGS = """
for _ in repeat(None, count):
    for priority in priorities:
        {send_with_priority}
    for _ in repeat(None, depth):
        {receive}
"""
PINGS = """
for i in range(count):
    begin = clock_ns()
    {send}
    {receive}
    took[i] = clock_ns() - begin
"""
ECHOES = """
for _ in repeat(None, count):
    {receive}
    {send}
"""


@dataclass
class Code:
    """How a contender sends `message` and receives one."""

    send: str
    receive: str
    send_with_priority: str = ""
    # What the lines refer to.
    names: dict[str, Any] = field(default_factory=dict)


def loop(template: str, names: dict[str, Any], **lines: str) -> Callable[..., float]:
    """A function of a count, and of what else is said, that runs the template. The names are local
    variables."""
    space: dict[str, Any] = {
        "repeat": repeat,
        "clock": time.perf_counter,
        "clock_ns": time.perf_counter_ns,
        **names,
    }
    body = template.strip().format(**lines).splitlines()
    parameters = ", ".join(f"{name}={name}" for name in space)
    source = "\n    ".join(
        [
            f"def turn(count, took=None, {parameters}):",
            "start = clock()",
            *body,
            "return clock() - start",
        ]
    )
    exec(source, space)
    return space["turn"]


def turn(template: str, code: Code, message: bytes, **names: Any) -> Turn:
    lines = {
        "send": code.send,
        "receive": code.receive,
        "send_with_priority": code.send_with_priority,
    }
    return loop(template, code.names | {"message": message} | names, **lines)


def pings(there: Code, back: Code, message: bytes) -> Callable[[int, "array[int]"], float]:
    """A turn that fills an array with the nanoseconds of each round trip."""
    names = there.names | back.names | {"message": message}
    return loop(PINGS, names, send=there.send, receive=back.receive)


def echoes(there: Code, back: Code, message: bytes) -> Turn:
    names = there.names | back.names | {"message": message}
    return loop(ECHOES, names, send=back.send, receive=there.receive)
