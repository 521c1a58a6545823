"""The tables and plots of docs/performance.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.tables import Table

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "performance.md"
PLOTS = DOCS / "performance"
# What is between these lines is written by the benchmark.
BLOCK = re.compile(r"(<!-- bench: ([\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(tables: Sequence[Table], sentences: Mapping[str, str], plots: Mapping[str, str]) -> None:
    """Fills the page in, and puts the plots beside it."""
    made = {table.name: table.markdown() for table in tables}
    made.update(sentences)

    def filled(block: re.Match[str]) -> str:
        begin, name, end = block.groups()
        if name not in made:
            raise KeyError(f"{PAGE}: nothing is called {name!r}; there are {', '.join(made)}")
        return f"{begin}\n{made[name]}\n\n{end}"

    text = BLOCK.sub(filled, PAGE.read_text())
    PLOTS.mkdir(exist_ok=True)
    for name, svg in plots.items():
        (PLOTS / f"{name}.svg").write_text(svg)
    PAGE.write_text(text)
