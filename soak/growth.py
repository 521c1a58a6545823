"""No call of the Python interface makes the process grow, however often it is made.

    python soak/growth.py [--calls 1000000] [KIND ...]

makes each kind of call again and again, successful and refused, in a process of its own that makes
no other kind: what one kind leaves behind, another one may clean up. Most are made a million times.
Those that sleep, start threads, open files or differ only in the argument that is refused are made
less often; the table says how often. Memory, descriptors, threads, payload files and references are
compared before and after. The exit code is 1 if anything has grown.
"""

import argparse
import asyncio
import dataclasses
import fnmatch
import json
import os
import resource
import signal
import sys
import time

import kinds_aio  # noqa: F401
import kinds_life  # noqa: F401
import kinds_notify  # noqa: F401
import kinds_objects  # noqa: F401
import kinds_transfer  # noqa: F401
from kinds import KINDS, MILLION, SkippedError
from usage import LIMITS, Meter, Usage

WARM_UP_CALLS = 2_000
LEAST_WARM_UP_CALLS = 100
# Of one kind; the slowest takes some seconds of an idle machine.
TIMEOUT_SECONDS = 300

COLUMNS = "{:42}{:>9}{:>8}{:>9}{:>12}{:>5}{:>9}{:>7}{:>8}{:>8}  {}"
TITLES = (
    *("kind of call", "calls", "CPU s", "RSS KiB", "KiB/million", "fds", "threads"),
    *("files", "refs", "blocks", "verdict"),
)


def measure(kind, calls):
    """Makes the calls of one kind, in this process; returns by how much the process has grown."""

    def run():
        call = kind.prepare()
        for _ in range(warm_up):
            call()
        meter = Meter()
        for _ in range(calls):
            call()
        return meter.growth()

    async def run_async():
        call = kind.prepare()
        for _ in range(warm_up):
            await call()
        meter = Meter()
        for _ in range(calls):
            await call()
        return meter.growth()

    warm_up = min(max(calls // 10, LEAST_WARM_UP_CALLS), WARM_UP_CALLS)
    return asyncio.run(run_async()) if kind.is_async else run()


def grown(usage):
    """The names of what has grown by more than its limit."""
    return [
        field.name
        for field in dataclasses.fields(Usage)
        if getattr(usage, field.name) > getattr(LIMITS, field.name)
    ]


class Child:
    """A process that measures one kind. Forked, since it starts in no time and has run no calls."""

    def __init__(self, kind, calls):
        self.kind = kind
        self.calls = calls
        self._reader, writer = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            signal.alarm(TIMEOUT_SECONDS)
            os.close(self._reader)
            os.write(writer, self._measured().encode())
            # Not os._exit(): at the end of the interpreter owners remove their queues.
            sys.exit()
        os.close(writer)

    def _measured(self):
        try:
            return json.dumps(dataclasses.asdict(measure(self.kind, self.calls)))
        except SkippedError as reason:
            return f"skipped: {reason}"

    def report(self, status, seconds):
        """Prints the line of this kind, and returns whether it is flat."""
        with os.fdopen(self._reader) as reader:
            measured = reader.read()
        if status != 0 or not measured:
            print(f"{self.kind.name:42}FAILED: wait status {status}", flush=True)
            return False
        if measured.startswith("skipped"):
            print(f"{self.kind.name:42}{measured}", flush=True)
            return True
        usage = Usage(**json.loads(measured))
        faults = grown(usage)
        line = COLUMNS.format(
            self.kind.name,
            self.calls,
            f"{seconds:.1f}",
            usage.resident_kib,
            round(usage.resident_kib * MILLION / self.calls),
            usage.descriptors,
            usage.threads,
            usage.files,
            usage.references,
            usage.blocks,
            "GROWS: " + ", ".join(faults) if faults else "flat",
        )
        print(line, flush=True)
        return not faults


def check(kinds, calls, jobs):
    """Measures all kinds, some at a time; returns how many are flat."""
    flat, children = 0, {}
    waiting = list(reversed(kinds))
    while waiting or children:
        while waiting and len(children) < jobs:
            kind = waiting.pop()
            child = Child(kind, max(1, kind.calls * calls // MILLION))
            children[child.pid] = child
        pid, status, used = os.wait3(0)
        flat += children.pop(pid).report(status, used.ru_utime + used.ru_stime)
    return flat


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help="by default all; may have wildcards"
    )
    parser.add_argument(
        "--calls", type=int, default=MILLION, help="of a fast kind; the others in proportion"
    )
    parser.add_argument("--list", action="store_true", help="list the kinds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="kinds at a time")
    return parser.parse_args()


def main():
    options = parse()
    chosen = [
        kind
        for name, kind in KINDS.items()
        if not options.kinds or any(fnmatch.fnmatchcase(name, given) for given in options.kinds)
    ]
    if options.list:
        print(*(kind.name for kind in chosen), sep="\n")
        return 0
    if not chosen:
        print(f"there is no such kind of call: {', '.join(options.kinds)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    print(f"CPython {sys.version.split()[0]}, {os.cpu_count()} processors")
    print(COLUMNS.format(*TITLES), flush=True)
    flat = check(chosen, options.calls, options.jobs)
    seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{flat} of {len(chosen)} kinds of calls are flat, in {seconds:.0f} seconds, "
        f"{used.ru_utime + used.ru_stime:.0f} seconds of processors"
    )
    return 0 if flat == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
