"""Plots, written as SVG: for each contender a dot at the median, and a line for half of the rounds.

The scale is logarithmic, so that twice as fast is as far as twice as slow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.summary import Summary
from bench.tables import number

WIDTH = 760
LEFT, RIGHT = 210, 70
ROW = 24
HEAD = 46
FOOT = 34
TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
OURS, OTHERS, RAW, FAINT, INK = "#c2410c", "#475569", "#94a3b8", "#e2e8f0", "#0f172a"


@dataclass(frozen=True)
class Dot:
    label: str
    result: Summary
    colour: str = OTHERS


@dataclass(frozen=True)
class Panel:
    title: str
    dots: Sequence[Dot]

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.dots) + FOOT

    def draw(self, top: int) -> list[str]:
        ticks = _ticks(self.dots)
        low, high = math.log(ticks[0]), math.log(ticks[-1])

        def x(value: float) -> float:
            part = (math.log(value) - low) / (high - low)
            return LEFT + (WIDTH - LEFT - RIGHT) * min(max(part, 0.0), 1.0)

        bottom = top + HEAD + ROW * len(self.dots)
        parts = [_text(12, top + 26, self.title, size=15, weight="bold")]
        for tick in ticks:
            colour, width = (RAW, 2) if tick == 1 else (FAINT, 1)
            parts.append(_line(x(tick), top + HEAD - 8, x(tick), bottom, colour, width))
            parts.append(_text(x(tick), bottom + 16, f"{tick:g}", size=11, anchor="middle"))
        for row, dot in enumerate(self.dots):
            y = top + HEAD + ROW * row + ROW / 2
            result = dot.result
            parts += [
                _text(LEFT - 14, y + 4, dot.label, anchor="end", colour=dot.colour),
                _line(x(result.low), y, x(result.high), y, dot.colour, 3),
                f'<circle cx="{x(result.median):.1f}" cy="{y:.1f}" r="5" fill="{dot.colour}"/>',
                _text(WIDTH - 12, y + 4, number(result.median), anchor="end", colour=dot.colour),
            ]
        return parts


def _ticks(dots: Sequence[Dot]) -> list[float]:
    lowest = min(1.0, *(dot.result.low for dot in dots))
    highest = max(1.0, *(dot.result.high for dot in dots))
    first = max((i for i, tick in enumerate(TICKS) if tick <= lowest), default=0)
    last = min((i for i, tick in enumerate(TICKS) if tick >= highest), default=len(TICKS) - 1)
    return list(TICKS[first : max(last, first + 1) + 1])


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}" stroke-linecap="round"/>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = INK,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
    )


def svg(title: str, panels: Sequence[Panel]) -> str:
    """One plot of several panels below each other."""
    parts, top = [], 8
    for panel in panels:
        parts += panel.draw(top)
        top += panel.height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" '
            f'width="{WIDTH}" height="{top}" font-family="system-ui, sans-serif" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{top}" fill="white"/>',
            *parts,
            "</svg>",
            "",
        ]
    )
