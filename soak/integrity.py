"""Nothing lost, doubled, corrupted or out of order: the integrity run.

    python soak/integrity.py --messages 1000000 --seconds 600

runs every configuration (see configurations.py), or those that --configuration names. Signals rain
on every process. The exit code is 1 if there is any defect. What is missing may only be what killed
consumers had in hand, one message for each kill; those are listed.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import payload
from accounting import Ledger, records_of
from configurations import ALL
from crew import Crew

from mood.mqueue import MessageQueue

MAXMSG = 8
LOOK_INTERVAL = 0.01
KILL_INTERVAL = 0.1
LEAST_KILLS = 3
MESSAGE = ", message "

COLUMNS = "{:36}{:>9}{:>10}{:>7}{:>8}{:>8}{:>8}{:>9}{:>8}  {}"
TITLES = (
    *("sent", "received", "kills", "asleep", "in-hand"),
    *("closes", "signals", "rate/s", "verdict"),
)


class StoppedError(Exception):
    pass


class Overseer:
    """Waits, and kills meanwhile, as long as something happens."""

    def __init__(self, crew, configuration, patience, rng):
        self._crew = crew
        self._kills = configuration.kills
        self._patience = patience
        self._rng = rng
        self._received = -1
        self._moved = 0.0
        self._next_kill = 0.0

    def wait(self, condition, killing=False):
        while not condition():
            if self._crew.failures():
                raise StoppedError("a process has failed")
            now = time.monotonic()
            if self._crew.received() != self._received:
                self._received, self._moved = self._crew.received(), now
            elif now - self._moved > self._patience:
                raise StoppedError(f"nothing was received for {self._patience} seconds")
            if killing and self._kills and now > self._next_kill:
                self._crew.kill_one()
                self._next_kill = now + self._rng.uniform(0, 2 * KILL_INTERVAL)
            time.sleep(LOOK_INTERVAL)

    def has_killed(self):
        return not self._kills or self._crew.kills.total() >= LEAST_KILLS


def oversee(crew, queues, overseer, patience):
    crew.start()
    overseer.wait(crew.producers_are_done, killing=True)
    overseer.wait(overseer.has_killed, killing=True)
    for queue in queues:
        queue.send(payload.END, payload.END_PRIORITY, timeout=patience)
    overseer.wait(crew.is_done)
    if crew.failures():
        raise StoppedError("a process has failed")


def account(crew, queues, stopped):
    ledger = Ledger()
    if stopped:
        ledger.defect(f"stopped: {stopped} {crew.failures()}")
    if not crew.producers_are_done():
        return ledger
    for number, report in crew.producer_reports.items():
        told = json.loads(report.read_text())
        for queue, counts in enumerate(zip(told["named"], told["anonymous"], strict=True)):
            ledger.was_sent(queue, number, *counts)
    for queue, path in crew.records:
        if path.exists():
            ledger.was_received(queue, records_of(path))
    ledger.settle(crew.kills)
    for number, queue in enumerate(queues):
        left = [queue.receive(timeout=0) for _ in range(len(queue))]
        if left != [payload.END]:
            ledger.defect(f"left in queue {number}: {left}")
    return ledger


def run(configuration, options):
    """Runs one configuration, prints its line, and returns whether it is without a defect."""
    rng = random.Random(options.seed)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    with contextlib.ExitStack() as stack:
        queues = [
            stack.enter_context(
                MessageQueue(
                    f"/soak-{os.getpid()}-{number}", flags, maxmsg=MAXMSG, msgsize=payload.MSGSIZE
                )
            )
            for number in range(configuration.queues)
        ]
        names = [queue.name for queue in queues]
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        crew = stack.enter_context(Crew(configuration, names, directory, options, rng))
        overseer = Overseer(crew, configuration, options.patience, rng)
        started = time.monotonic()
        stopped = None
        try:
            oversee(crew, queues, overseer, options.patience)
        except (StoppedError, TimeoutError) as error:
            stopped = error
        seconds = time.monotonic() - started
        ledger = account(crew, queues, stopped)
        report(configuration, crew, ledger, seconds)
    return not ledger.defects


def report(configuration, crew, ledger, seconds):
    signals, closes = crew.totals()
    line = COLUMNS.format(
        configuration.name,
        ledger.sent,
        ledger.received,
        crew.kills.total(),
        crew.killed_asleep,
        len(ledger.in_hand),
        closes,
        signals,
        round(ledger.received / seconds),
        "DEFECTS" if ledger.defects else "ok",
    )
    print(line, flush=True)
    for whose, names in itertools.groupby(ledger.in_hand, lambda name: name.split(MESSAGE)[0]):
        which = ", ".join(name.split(MESSAGE)[1] for name in names)
        print(f"    in the hand of killed consumers: {whose}{MESSAGE}{which}")
    for defect in ledger.defects:
        print(f"    DEFECT {defect}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000, help="for each configuration")
    parser.add_argument("--seconds", type=float, default=60, help="that producers send at most")
    parser.add_argument("--configuration", action="append", choices=ALL, metavar="NAME")
    parser.add_argument("--seed", type=int, default=None, help="of all that is drawn")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds without a message that are a defect"
    )
    parser.add_argument("--list", action="store_true", help="list the configurations")
    return parser.parse_args()


def main():
    options = parse()
    if options.list:
        print(*ALL, sep="\n")
        return 0
    if options.seed is None:
        options.seed = random.SystemRandom().getrandbits(32)
    # So that what was begun is undone.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    print(f"seed {options.seed}")
    print(COLUMNS.format("configuration", *TITLES), flush=True)
    chosen = options.configuration or ALL
    outcomes = [run(ALL[name], options) for name in chosen]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
