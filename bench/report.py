"""The results as tables: contenders in the rows, cases in the columns."""

from collections.abc import Callable

from bench import contenders
from bench.measure import Key, Results
from bench.summary import Summary, summary
from bench.tables import Table, duration, number
from bench.workloads import (
    backlog,
    batch,
    convoy,
    failed_try,
    fan_in,
    fresh,
    open_queues,
    pair,
    ping_pong,
    stream,
    threads,
)

RATIO = "Times as ratios to the C loop through libc; less is faster."
# How a summary is shown in a cell.
Show = Callable[[Summary], str]


def spread(result: Summary) -> str:
    return f"{number(result.median)} ± {number(result.spread)}"


def share(result: Summary) -> str:
    return number(result.median)


def with_time(result: Summary) -> str:
    return f"{number(result.median)} ({duration(result.cost)})"


def with_bytes(result: Summary) -> str:
    return f"{number(result.median)} ({result.cost:,.0f} bytes)"


def table(results: Results, workload: str, title: str, about: str, show: dict[str, Show]) -> Table:
    """`show` has the measures that are wanted."""
    keys = [key for key in results.series if key.workload == workload and key.measure in show]
    columns = sorted(
        dict.fromkeys((key.case, key.measure) for key in keys),
        key=lambda column: [key.case for key in keys].index(column[0]),
    )
    many = len(show) > 1
    header = ["", *(f"{case}, {measure}" if many else case for case, measure in columns)]
    rows = []
    for label in dict.fromkeys(key.contender for key in keys):
        found = [
            (show[measure], results.series.get(Key(workload, case, label, measure)))
            for case, measure in columns
        ]
        rows.append([label, *(cell(summary(one)) if one else "-" for cell, one in found)])
    return Table(workload, title, header, rows, about)


def tables(results: Results) -> list[Table]:
    """Of what was measured."""
    latencies: dict[str, Show] = dict.fromkeys(("p50", *ping_pong.PERCENTILES), with_time)
    wanted: tuple[tuple[str, str, str, dict[str, Show]], ...] = (
        (pair.NAME, "Send and receive in one process", RATIO, {"time": spread}),
        (
            batch.NAME,
            "Batches in one process, for each message",
            f"{RATIO} The loop sends one and receives one.",
            {"time": spread},
        ),
        (
            failed_try.NAME,
            "A try to receive from an empty queue",
            "As a ratio to a pair of 64 bytes by the C loop.",
            {"time": with_time},
        ),
        (stream.NAME, "From one process to another, for each message", RATIO, {"time": spread}),
        (ping_pong.NAME, "To another process and back, 64 bytes", RATIO, latencies),
        (fan_in.NAME, "From eight processes to one, for each message", RATIO, {"time": with_time}),
        (
            convoy.NAME,
            "Sends beside a Python thread that computes",
            "Sends in a second, as a part of those without that thread; more is better.",
            {"share": share},
        ),
        (
            backlog.NAME,
            "Messages that pile up, with mixed priorities, for each message",
            f"{RATIO} The loop is 10 deep.",
            {"time": spread},
        ),
        (open_queues.NAME, "Pairs in one queue after the other", RATIO, {"time": spread}),
        (
            threads.NAME,
            "Pairs in threads, each with a queue of its own, for each pair",
            f"{RATIO} The loop has one thread.",
            {"time": spread},
        ),
        (
            fresh.IMPORT,
            "Import in a fresh interpreter",
            "As a ratio to `import socket`.",
            {"time": with_time, "memory": with_bytes},
        ),
        (
            fresh.HELD,
            "Memory of received messages that are kept, each",
            "As a ratio to `bytes` of the same length.",
            {"memory": with_bytes},
        ),
    )
    made = [table(results, workload, title, about, show) for workload, title, about, show in wanted]
    return [one for one in made if one.rows]


def sentences(results: Results) -> dict[str, str]:
    """What the page says in words and figures."""
    sizes = {"64 B": "64 bytes", "8192 B": "8192 bytes"}

    def figures(label: str) -> list[str]:
        keys = [Key(pair.NAME, case, label) for case in sizes]
        return [
            number(summary(results.series[key]).median) for key in keys if key in results.series
        ]

    theirs, ours = figures(contenders.PIPE), figures(contenders.MOOD)
    if not len(theirs) == len(ours) == len(sizes):
        return {}
    small, large = sizes.values()
    return {
        "pipe": f"From Python, a pipe takes {theirs[0]} of the C loop's time for {small} and "
        f"{theirs[1]} for {large}; `mood.mqueue` takes {ours[0]} and {ours[1]}."
    }
