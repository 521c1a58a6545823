"""Contenders with each end in a process of its own."""

import time
from array import array
from collections.abc import Callable
from typing import NamedTuple

from bench import code, contenders, native
from bench.contenders import BUSY_POLL, RAW, RAW_SPINNING
from bench.measure import Turn, timed
from bench.processes import Child
from bench.queues import Queue

SPIN_NS = round(BUSY_POLL * 1e9)
WARM_UP = 50


class Ends(NamedTuple):
    """What each of the two processes does `count` times."""

    here: Callable[[int], object]
    there: Callable[[int], object]


def stream(label: str, queue: Queue, message: bytes) -> Ends:
    """One end sends, the other receives."""
    size, room = len(message), queue.msgsize
    if label == RAW:
        return Ends(
            timed(native.raw_sends, queue.fd, size), timed(native.raw_receives, queue.fd, room)
        )
    if label in contenders.RUST:
        handle = contenders.rust_handle(label, queue)
        return Ends(
            timed(native.rust_sends, handle, size), timed(native.rust_receives, handle, room)
        )
    made = contenders.PYTHON[label](queue, "mq")
    return Ends(code.turn(code.SENDS, made, message), code.turn(code.RECEIVES, made, message))


def stream_turn(ends: Ends, core: int | None = None) -> Turn:
    """From the first message sent to the last received."""

    def turn(count: int) -> float:
        receiver = Child(lambda: ends.there(count), core)
        receiver.wait_until_ready()
        start = time.perf_counter()
        ends.here(count)
        receiver.wait_until_done()
        seconds = time.perf_counter() - start
        receiver.join()
        return seconds

    return turn


class PingPong:
    """A message there and one back, with the time of each round trip."""

    def __init__(self, label: str, there: Queue, back: Queue, message: bytes):
        self.took: array[int] = array("q")
        self._last: array[int] = array("q")
        make = self._of_code
        if label in (RAW, RAW_SPINNING):
            make = self._of_c
        elif label in contenders.RUST:
            make = self._of_rust
        self._ends = make(label, there, back, message)

    def turn_beside(self, core: int | None) -> Turn:
        """The median round trip, times their number."""

        def turn(count: int) -> float:
            echo = Child(lambda: self._ends.there(WARM_UP + count), core)
            echo.wait_until_ready()
            for round_trips in (WARM_UP, count):
                self._last = array("q", bytes(8 * round_trips))
                self._ends.here(round_trips)
            echo.wait_until_done()
            echo.join()
            self.took += self._last
            return sorted(self._last)[count // 2] * 1e-9 * count

        return turn

    def _of_c(self, label: str, there: Queue, back: Queue, message: bytes) -> Ends:
        spin = SPIN_NS if label == RAW_SPINNING else 0
        ends = (there.fd, back.fd, len(message), there.msgsize, spin)

        def pings(count: int) -> None:
            native.raw_pings(*ends, count, self._last.buffer_info()[0])

        return Ends(pings, timed(native.raw_echoes, *ends))

    def _of_rust(self, label: str, there: Queue, back: Queue, message: bytes) -> Ends:
        handles = [contenders.rust_handle(label, queue) for queue in (there, back)]
        ends = (*handles, len(message), there.msgsize)

        def pings(count: int) -> None:
            native.rust_pings(*ends, count)
            self._last = array("q", map(native.rust_round_trip, range(count)))

        return Ends(pings, timed(native.rust_echoes, *ends))

    def _of_code(self, label: str, there: Queue, back: Queue, message: bytes) -> Ends:
        make = contenders.PYTHON[label]
        ends = (make(there, "there"), make(back, "back"), message)
        pings = code.pings(*ends)
        return Ends(lambda count: pings(count, self._last), code.echoes(*ends))
