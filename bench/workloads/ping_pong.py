"""A message to another process and one back."""

from bench import contenders, processes
from bench.contenders import (
    MINIMAL,
    MOOD,
    MOOD_SPINNING,
    OURS_RUST,
    OURS_RUST_SPINNING,
    PIPE,
    POSIX_IPC,
    RAW,
    RAW_SPINNING,
    SEQPACKET,
    SIMPLE_QUEUE,
)
from bench.links import PingPong
from bench.measure import Key, Results, alternate
from bench.queues import Queue
from bench.workloads import Workload

NAME = "ping-pong"
CONTENDERS = (
    *(RAW, RAW_SPINNING, OURS_RUST, OURS_RUST_SPINNING, MINIMAL, MOOD, MOOD_SPINNING),
    *(POSIX_IPC, SEQPACKET, SIMPLE_QUEUE, PIPE),
)
MESSAGE = b"x" * 64
ROUND_TRIPS = 600
PERCENTILES = {"p99": 0.99, "p99.9": 0.999}


def run(results: Results, seconds: float) -> None:
    topologies = processes.topologies(results)
    for topology, (here, there) in topologies.items():
        processes.pin(here)
        with Queue() as first, Queue() as second:
            games = {
                Key(NAME, topology, label, "p50"): PingPong(label, first, second, MESSAGE)
                for label in contenders.available(CONTENDERS, results)
            }
        turns = {key: game.turn_beside(there) for key, game in games.items()}
        raw = turns[Key(NAME, topology, RAW, "p50")]
        share = seconds / len(topologies)
        alternate(raw, turns, results, seconds=share, count=ROUND_TRIPS)
        add_tails(games, results)


def add_tails(games: dict[Key, PingPong], results: Results) -> None:
    """The slow ones are too few in one turn: of all turns together."""
    raw = next(game for key, game in games.items() if key.contender == RAW)
    for measure, part in PERCENTILES.items():
        usual = percentile(raw, part)
        for key, game in games.items():
            cost = percentile(game, part)
            tail = Key(key.workload, key.case, key.contender, measure)
            results.of(tail).add(cost, cost / usual)


def percentile(game: PingPong, part: float) -> float:
    return sorted(game.took)[int(len(game.took) * part)]


WORKLOAD = Workload(NAME, "a message to another process and one back", 16, run)
