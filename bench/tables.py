"""Tables, as text for a terminal and in Markdown for a page."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    # How to read it.
    about: str = ""

    def text(self) -> str:
        rows = [[cell.replace("`", "") for cell in row] for row in (self.header, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if number == 0 else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        lines.insert(1, "-" * len(lines[0]))
        about = [self.about] if self.about else []
        return "\n".join([self.title, *about, "", *lines])

    def markdown(self) -> str:
        rules = ["---", *["---:"] * (len(self.header) - 1)]
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.header, rules, *self.rows))


def number(value: float | None) -> str:
    """Two digits after the point, three where the first two say little."""
    if value is None:
        return "-"
    if value < 0.095:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 99.5 else f"{value:.0f}"


def duration(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= 0.995 * size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.0f} ns"
