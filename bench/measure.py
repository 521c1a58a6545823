"""Contenders take turns, with a turn of the raw loop between any two of them.

What else the machine does comes and goes in fractions of a second, so it falls on neighbours alike:
what counts is the ratio of a contender's turn to the raw turns right before and after it. Times are
kept as well, to be looked at, not to be compared between machines.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Does something `count` times and tells how many seconds that took.
Turn = Callable[[int], float]

# Shorter than the time for which another process is likely to interrupt.
TURN_SECONDS = 0.002
LEAST_ROUNDS = 3
TRIALS = 3


@dataclass
class Series:
    """Of each round: the time of one thing in nanoseconds, and its ratio to the raw loop's."""

    costs: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def add(self, cost: float, ratio: float) -> None:
        self.costs.append(cost)
        self.ratios.append(ratio)


@dataclass(frozen=True)
class Key:
    """What a series is of. `measure` tells the series of one contender in one case apart."""

    workload: str
    case: str
    contender: str
    measure: str = "time"


@dataclass
class Results:
    series: dict[Key, Series] = field(default_factory=dict)
    # Why something is missing, and what a reader should know besides.
    notes: list[str] = field(default_factory=list)

    def of(self, key: Key) -> Series:
        return self.series.setdefault(key, Series())

    def merge(self, other: "Results") -> None:
        for key, series in other.series.items():
            mine = self.of(key)
            mine.costs += series.costs
            mine.ratios += series.ratios
        for note in other.notes:
            self.note(note)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def to_json(self) -> dict[str, Any]:
        return {
            "series": [vars(key) | vars(series) for key, series in self.series.items()],
            "notes": self.notes,
        }

    @classmethod
    def from_json(cls, data) -> "Results":
        results = cls(notes=list(data["notes"]))
        for entry in data["series"]:
            key = Key(*(entry[name] for name in Key.__dataclass_fields__))
            results.series[key] = Series(entry["costs"], entry["ratios"])
        return results


def timed(function: Callable[..., object], *arguments: object) -> Turn:
    """The turn of a function whose last argument is the count."""

    def turn(count: int) -> float:
        start = time.perf_counter()
        function(*arguments, count)
        return time.perf_counter() - start

    return turn


def in_lots(turn: Turn, lot: int) -> Turn:
    """The turn that counts what is in the lots, for one that does a whole lot each time."""

    def counted(count: int) -> float:
        lots = max(1, round(count / lot))
        return turn(lots) * count / (lots * lot)

    return counted


def count_for(turn: Turn, seconds: float) -> int:
    """How often a turn has to do its thing to take that long."""
    count = 1
    # The fastest of some is one that nothing has interrupted.
    while (took := min(turn(count) for _ in range(TRIALS))) < seconds / 8:
        count *= 4
    return max(1, round(count * seconds / took))


def rounds(seconds: float) -> Iterable[int]:
    end = time.monotonic() + seconds
    number = 0
    while number < LEAST_ROUNDS or time.monotonic() < end:
        yield number
        number += 1


def alternate(
    raw: Turn,
    contenders: Mapping[Key, Turn],
    results: Results,
    *,
    seconds: float,
    count: int | None = None,
    turn_seconds: float = TURN_SECONDS,
) -> None:
    """Adds to the results what came out in that time. `raw` itself is one of the contenders only
    if it is named among them."""
    raw_count = count or count_for(raw, turn_seconds)
    counts = {key: count or count_for(turn, turn_seconds) for key, turn in contenders.items()}
    order = list(contenders)
    for _ in rounds(seconds):
        before = raw(raw_count) / raw_count
        for key in order:
            cost = contenders[key](counts[key]) / counts[key]
            after = raw(raw_count) / raw_count
            results.of(key).add(cost * 1e9, 2 * cost / (before + after))
            before = after
        # Nobody is always the neighbour of the same.
        order.append(order.pop(0))
