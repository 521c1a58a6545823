"""Which results are plotted."""

from collections.abc import Sequence

from bench import contenders, plot
from bench.measure import Key, Results
from bench.summary import summary
from bench.workloads import pair, ping_pong

# Of each file: the title, and the series of each panel.
PLOTS = {
    "pair": (
        "A send and a receive in one process, time as a ratio to C through libc",
        {
            "64 bytes, time as a ratio to C through libc": (pair.NAME, "64 B", "time"),
            "8192 bytes": (pair.NAME, "8192 B", "time"),
        },
    ),
    "ping-pong": (
        "To another process and back, median time as a ratio to C through libc",
        {
            "two cores, median round trip as a ratio to C through libc": (
                *(ping_pong.NAME, "two cores", "p50"),
            ),
            "one core": (ping_pong.NAME, "one core", "p50"),
        },
    ),
}
_OURS = ("mood.mqueue", "Rust: posix-mqueue")


def _colour(label: str) -> str:
    if label.startswith(_OURS):
        return plot.OURS
    return plot.RAW if label == contenders.RAW else plot.OTHERS


def _panel(results: Results, title: str, workload: str, case: str, measure: str) -> plot.Panel:
    dots = [
        plot.Dot(key.contender, summary(series), _colour(key.contender))
        for key, series in results.series.items()
        if key == Key(workload, case, key.contender, measure)
    ]
    return plot.Panel(title, dots)


def drawn(results: Results) -> dict[str, str]:
    """The plots of what was measured, by name."""
    made: dict[str, Sequence[plot.Panel]] = {
        name: [_panel(results, text, *series) for text, series in panels.items()]
        for name, (_, panels) in PLOTS.items()
    }
    return {
        name: plot.svg(PLOTS[name][0], [panel for panel in panels if panel.dots])
        for name, panels in made.items()
        if any(panel.dots for panel in panels)
    }
