"""Hold the sources to their floors: imports point down, and no files import each other in a circle.

`lint/floors.toml` lists the floors of each crate, the lowest first. A name on a floor is a folder
or a file of the crate. A file may import others of its own folder and whatever is on a lower floor.
"""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import imports
from imports import Arrows

ROOT = Path(__file__).resolve().parent.parent


def circles(arrows: Arrows) -> Iterator[list[Path]]:
    """Each shortest way back from a file to itself, once."""
    seen: set[frozenset[Path]] = set()
    for start in sorted(arrows):
        way = _way(arrows, start, start)
        if way and frozenset(way) not in seen:
            seen.add(frozenset(way))
            yield way


def _way(arrows: Arrows, start: Path, end: Path) -> list[Path] | None:
    ways = [[start]]
    reached: set[Path] = set()
    for way in ways:
        for following in sorted(arrows[way[-1]] - reached):
            if following == end:
                return way
            reached.add(following)
            ways.append([*way, following])
    return None


def wrong_arrows(
    arrows: Arrows, sources: Path, floors: list[list[str]]
) -> Iterator[tuple[Path, Path]]:
    """The arrows that run up, or across a floor from one folder to another."""
    level = {name: height for height, floor in enumerate(floors) for name in floor}

    def place(file: Path) -> str:
        return Path(file.relative_to(sources).parts[0]).stem

    for file, imported in sorted(arrows.items()):
        for other in sorted(imported):
            if place(file) != place(other) and level[place(other)] >= level[place(file)]:
                yield file, other


def unplaced(arrows: Arrows, sources: Path, floors: list[list[str]]) -> set[str]:
    """The files and folders that no floor lists, and what is listed and is not there."""
    placed = {name for floor in floors for name in floor}
    return placed ^ {Path(file.relative_to(sources).parts[0]).stem for file in arrows}


def complaints(root: Path, trees: dict[str, list[list[str]]]) -> Iterator[str]:
    for tree, floors in trees.items():
        sources = root / tree
        arrows = imports.of(sources)
        for circle in circles(arrows):
            names = " -> ".join(str(file.relative_to(root)) for file in [*circle, circle[0]])
            yield f"a circle of imports: {names}"
        if not floors:
            continue
        strangers = unplaced(arrows, sources, floors)
        if strangers:
            yield f"{tree}: not on a floor, or not there: {', '.join(sorted(strangers))}"
            continue
        for file, other in wrong_arrows(arrows, sources, floors):
            upper, lower = file.relative_to(root), other.relative_to(root)
            yield f"{upper} imports {lower}, which is not below it"


def main() -> int:
    trees = tomllib.loads((ROOT / "lint/floors.toml").read_text())
    found = list(complaints(ROOT, {tree: rules["floors"] for tree, rules in trees.items()}))
    sys.stdout.writelines(f"{complaint}\n" for complaint in found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
