"""What is measured. Each workload fills results for about so many seconds."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.measure import Results


@dataclass(frozen=True)
class Workload:
    name: str
    # One line for who watches.
    about: str
    # Of one pass.
    seconds: float
    run: Callable[[Results, float], None]
