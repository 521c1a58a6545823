"""What many rounds come to: the median, and the range that half of them fall into."""

import statistics
from dataclasses import dataclass

from bench.measure import Results, Series


@dataclass(frozen=True)
class Summary:
    median: float
    low: float
    high: float
    rounds: int
    # Median nanoseconds, or bytes where memory is measured.
    cost: float

    @property
    def spread(self) -> float:
        return (self.high - self.low) / 2


def summary(series: Series) -> Summary:
    ratios = series.ratios
    low, median, high = (
        statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    )
    return Summary(median, low, high, len(ratios), statistics.median(series.costs))


def to_json(results: Results) -> list[dict[str, object]]:
    """Each series, with what it comes to."""
    return [
        vars(key)
        | vars(summary(series))
        | {"ratios": [round(ratio, 4) for ratio in series.ratios]}
        | {"costs": [round(cost, 1) for cost in series.costs]}
        for key, series in results.series.items()
    ]
