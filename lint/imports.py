"""Which file of a tree imports which: the arrows that lint/floors.py judges.

An arrow points from the file that names something to the file that defines the module it names it
by. `mod child;` is no arrow: a parent lists its children. `pub use child::Thing` is one.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

Arrows = dict[Path, set[Path]]

# A comment, a string or a character, whichever comes first: only what is left is code.
_NOT_CODE = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r'|b?r(#*)".*?"\1'
    r'|b?"(?:\\.|[^"\\])*"'
    r"|b?'(?:\\.|[^'\\])'",
    re.DOTALL,
)
_USE = re.compile(r"\buse\s+([^;]+);")
_PATH = re.compile(r"\b(?:crate|super|self)(?:::\w+)+")
_MOD = re.compile(r"\bmod\s+(\w+)\s*;")
_INLINE = re.compile(r"\bmod\s+\w+\s*\{")


def of(sources: Path) -> Arrows:
    """The arrows of the `src` of a crate, or of a Python package."""
    return rust(sources) if any(sources.glob("*.rs")) else python(sources)


def rust(sources: Path) -> Arrows:
    found = sorted(sources.rglob("*.rs"))
    # Of a crate that is a library and a program, `crate` is the library: it comes last.
    files = {_module(file, sources): file for file in sorted(found, key=lambda f: f.stem == "lib")}
    arrows: Arrows = {file: set() for file in found}
    for file in found:
        module = _module(file, sources)
        code = _NOT_CODE.sub(" ", file.read_text())
        children = set(_MOD.findall(code))
        depth = _inline_depths(code)
        for position, path in _paths(code):
            target = _resolve(module, depth(position), path, files, children)
            if target is not None and target != file:
                arrows[file].add(target)
    return arrows


def python(package: Path) -> Arrows:
    """Stubs are left out. An import for types alone counts."""
    files = {file.stem: file for file in sorted(package.glob("*.py"))}
    arrows: Arrows = {file: set() for file in files.values()}
    for file in files.values():
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.ImportFrom) or node.level != 1:
                continue
            names = [node.module] if node.module else [alias.name for alias in node.names]
            arrows[file] |= {files[name] for name in names if name in files}
    return arrows


def _module(file: Path, sources: Path) -> tuple[str, ...]:
    parts = file.relative_to(sources).with_suffix("").parts
    return parts[:-1] if parts[-1] in {"mod", "lib", "main"} else parts


def _paths(code: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    for use in _USE.finditer(code):
        for path in _tree(use[1]):
            yield use.start(), path
    for found in _PATH.finditer(_USE.sub(lambda use: " " * len(use[0]), code)):
        yield found.start(), tuple(found[0].split("::"))


def _tree(text: str, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """`a::{b, c::d}` as `a::b` and `a::c::d`."""
    depth, start = 0, 0
    for end, letter in enumerate(text + ","):
        depth += (letter == "{") - (letter == "}")
        if letter != "," or depth:
            continue
        part = text[start:end].strip()
        start = end + 1
        head, brace, rest = part.partition("{")
        path = [name.split()[0] for name in head.split("::") if name.strip()]
        if brace:
            yield from _tree(rest.rstrip().removesuffix("}"), (*prefix, *path))
        elif part:
            yield (*prefix, *path)


def _inline_depths(code: str):
    """How many `mod name { … }` enclose a position: `super` leads out of these first."""
    spans = []
    for found in _INLINE.finditer(code):
        level, end = 1, found.end()
        while level and end < len(code):
            level += (code[end] == "{") - (code[end] == "}")
            end += 1
        spans.append((found.start(), end))
    return lambda position: sum(start < position < end for start, end in spans)


def _resolve(module, inline, path, files, children):
    """The file of the longest prefix of a path that is a module; None if that is another crate."""
    here = [*module, *[None] * inline]
    first, *rest = path
    if first == "crate":
        here = []
    elif first == "super":
        here = here[:-1]
        while rest and rest[0] == "super":
            here, rest = here[:-1], rest[1:]
    elif first in children and not inline:
        rest = path
    elif first != "self":
        return None
    if None in here:
        return None
    # The last name may be an item or a module.
    for length in range(len(rest), -1, -1):
        found = files.get((*here, *rest[:length]))
        if found is not None:
            return found
    return None
