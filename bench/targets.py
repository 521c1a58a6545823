"""What this library is to reach, beside what it and the others do."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench import contenders as c
from bench.measure import Key, Results
from bench.summary import Summary, summary
from bench.tables import Table, number
from bench.workloads import batch, convoy, failed_try, fresh, pair, ping_pong

PYTHON_PEERS = (c.POSIX_IPC, c.CTYPES, c.SEQPACKET, c.SIMPLE_QUEUE)
ONE_CORE, TWO_CORES = "one core", "two cores"


@dataclass(frozen=True)
class Target:
    text: str
    bound: float
    # Where several are named, the worst counts.
    ours: Sequence[Key]
    peers: Sequence[Key] = ()
    # The same in C, without libc where it can be: nobody can be much better.
    floor: Key | None = None
    at_least: bool = False

    def result(self, results: Results) -> Summary | None:
        return self._extreme(results, self.ours, best=False)

    def best_peer(self, results: Results) -> Summary | None:
        return self._extreme(results, self.peers, best=True)

    def is_reached_by(self, result: Summary) -> bool:
        # As precise as the bound is given.
        value = round(result.median, 2)
        return value >= self.bound if self.at_least else value <= self.bound

    def _extreme(self, results: Results, keys: Sequence[Key], best: bool) -> Summary | None:
        found = [summary(results.series[key]) for key in keys if key in results.series]
        highest = best == self.at_least
        choose = max if highest else min
        return choose(found, key=lambda one: one.median, default=None)


def _keys(workload: str, case: str, *labels: str, measure: str = "time") -> list[Key]:
    return [Key(workload, case, label, measure) for label in labels]


def _pair(text: str, case: str, label: str, floor: str, bound: float) -> Target:
    return Target(
        text,
        bound,
        _keys(pair.NAME, case, label),
        _keys(pair.NAME, case, *PYTHON_PEERS),
        Key(pair.NAME, case, floor),
    )


def _ping_pong(text: str, case: str, label: str, floor: str, bound: float) -> Target:
    return Target(
        text,
        bound,
        _keys(ping_pong.NAME, case, label, measure="p50"),
        _keys(ping_pong.NAME, case, c.POSIX_IPC, c.SEQPACKET, c.SIMPLE_QUEUE, measure="p50"),
        Key(ping_pong.NAME, case, floor, "p50"),
    )


TARGETS = (
    _pair("Python pair, 64 B", "64 B", c.MOOD, c.MINIMAL, 1.15),
    _pair("Python pair, 8 KiB", "8192 B", c.MOOD, c.MINIMAL, 1.15),
    _pair(
        "Python pair through `send_message`/`receive_message`",
        "64 B",
        c.MOOD_MESSAGE,
        c.MINIMAL_MESSAGE,
        1.25,
    ),
    Target(
        "Python `send_many`/`receive_many`, per message, 64 B, batches of 100",
        0.85,
        _keys(batch.NAME, "batches of 100", c.MOOD_MANY),
        _keys(batch.NAME, "batches of 100", c.POSIX_IPC),
        Key(batch.NAME, "batches of 100", c.MINIMAL_MANY),
    ),
    Target(
        "Rust pair, 64 B",
        0.75,
        _keys(pair.NAME, "64 B", c.OURS_RUST),
        _keys(pair.NAME, "64 B", c.NIX, c.POSIXMQ),
        Key(pair.NAME, "64 B", c.INLINED),
    ),
    _ping_pong(
        "ping-pong, two cores, `busy_poll` 50 µs, p50",
        TWO_CORES,
        c.MOOD_SPINNING,
        c.RAW_SPINNING,
        0.12,
    ),
    _ping_pong("ping-pong, no spin, one core, p50", ONE_CORE, c.MOOD, c.MINIMAL, 1.15),
    Target(
        "send beside a CPU-bound Python thread, sends/s against sending alone",
        0.45,
        _keys(convoy.NAME, convoy.CASE, c.MOOD, measure="share"),
        _keys(convoy.NAME, convoy.CASE, c.POSIX_IPC, c.CTYPES, measure="share"),
        at_least=True,
    ),
    Target(
        "failed try, raising",
        0.6,
        _keys(failed_try.NAME, failed_try.CASE, c.MOOD, failed_try.NONBLOCKING),
        _keys(failed_try.NAME, failed_try.CASE, c.POSIX_IPC),
        Key(failed_try.NAME, failed_try.CASE, c.MINIMAL),
    ),
    Target(
        "import time against `import socket`",
        1.0,
        _keys(fresh.IMPORT, fresh.FRESH, fresh.OURS_IMPORTED),
        _keys(fresh.IMPORT, fresh.FRESH, fresh.THEIRS_IMPORTED),
    ),
)


def table(results: Results) -> Table:
    header = ("workload", "best peer", "target", "result", "half of the rounds", "reached", "floor")
    return Table("targets", "The targets", header, [_row(target, results) for target in TARGETS])


def to_json(results: Results) -> list[dict[str, object]]:
    return [
        {
            "workload": target.text,
            "at_least" if target.at_least else "at_most": target.bound,
            "result": result.median if result else None,
            "reached": target.is_reached_by(result) if result else None,
        }
        for target in TARGETS
        for result in [target.result(results)]
    ]


def _row(target: Target, results: Results) -> tuple[str, ...]:
    peer = target.best_peer(results)
    floor = results.series.get(target.floor) if target.floor else None
    ours = target.result(results)
    if ours:
        half = f"{number(ours.low)} to {number(ours.high)}"
        reached = "yes" if target.is_reached_by(ours) else "no"
    else:
        half, reached = "", "not measured"
    return (
        target.text,
        number(peer.median if peer else None),
        f"{'≥' if target.at_least else '≤'} {target.bound:.2f}",
        number(ours.median if ours else None),
        half,
        reached,
        number(summary(floor).median if floor else None),
    )
