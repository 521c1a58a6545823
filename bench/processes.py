"""Other processes, for contenders of which each end is in one of its own."""

import os
import sys
import traceback
from collections.abc import Callable

from bench import native
from bench.measure import Results

CORES = sorted(os.sched_getaffinity(0))


def pin(core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})


class Child:
    """A forked process that says when it is ready, does something, and says that it is done."""

    def __init__(self, run: Callable[[], object], core: int | None = None):
        self._read, write = os.pipe()
        # What is buffered would be written twice.
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid == 0:
            status = 1
            try:
                native.die_with_parent()
                pin(core)
                os.write(write, b"r")
                run()
                os.write(write, b"d")
                status = 0
            except KeyboardInterrupt:
                pass
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(write)

    def wait_until_ready(self) -> None:
        self._expect(b"r")

    def wait_until_done(self) -> None:
        self._expect(b"d")

    def _expect(self, byte: bytes) -> None:
        if os.read(self._read, 1) != byte:
            raise RuntimeError("a process of the benchmark has failed")

    def join(self) -> None:
        os.close(self._read)
        os.waitpid(self._pid, 0)


def topologies(results: Results) -> dict[str, tuple[int, int]]:
    """Where the two processes can run: this one's core and the other one's."""
    first, *others = CORES
    if not others:
        results.note("two cores: not available, this process has one")
        return {"one core": (first, first)}
    return {"one core": (first, first), "two cores": (first, others[0])}
