"""Every example in the documentation runs and prints what it says."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mood.mqueue
from mood.mqueue import MessageQueue

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
# A block of Python and, where there is one right after it, what it prints.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n*```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)


def blocks():
    for page in PAGES:
        for number, match in enumerate(BLOCK.finditer(page.read_text()), 1):
            script, output = match.groups(default="")
            yield pytest.param(script, output, id=f"{page.name}-{number}")


def documented():
    for name in {*mood.mqueue.__all__} - {"__version__"}:
        yield name, getattr(mood.mqueue, name)
    for name, member in vars(MessageQueue).items():
        if not name.startswith("_"):
            yield f"MessageQueue.{name}", member


DOCUMENTED = sorted(documented(), key=lambda pair: pair[0])


@pytest.mark.thread_unsafe(reason="an example has a fixed name")
@pytest.mark.parametrize(("script", "output"), list(blocks()))
def test_block_of_python_prints_what_the_page_says(script, output):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == output


@pytest.mark.thread_unsafe(reason="an example has a fixed name")
@pytest.mark.parametrize(("name", "member"), DOCUMENTED)
def test_docstring_example_prints_what_it_says(name, member, new_queue, request):
    if name == "list_queues":
        request.getfixturevalue("list_queues_or_skip")
    examples = doctest.DocTestParser().get_doctest(
        member.__doc__, {"mq": new_queue()}, name, None, 0
    )
    results = doctest.DocTestRunner().run(examples)
    assert results.failed == 0


@pytest.mark.parametrize(
    ("name", "member"), [pair for pair in DOCUMENTED if pair[0] != "PRIORITY_MAX"]
)
def test_docstring_names_its_source_and_has_an_example(name, member):
    assert "Source: mq_" in member.__doc__
    assert ">>> " in member.__doc__


@pytest.mark.parametrize(("name", "member"), DOCUMENTED)
def test_public_name_has_a_docstring(name, member):
    assert member.__doc__, name


def test_repository_and_wheel_agree_on_the_version():
    manifest = (ROOT / "crates/mood-mqueue/Cargo.toml").read_text()
    assert f'version = "{mood.mqueue.__version__}"' in manifest
    assert os.path.dirname(mood.mqueue.__file__) != str(ROOT / "python/mood/mqueue")


@pytest.mark.parametrize("crate", ["posix-mqueue", "mood-mqueue", "mqctl", "mqrelay"])
def test_contributing_lists_each_room_of_the_crate(crate):
    source = ROOT / "crates" / crate / "src"
    rooms = {path.stem for path in source.iterdir() if path.is_dir() or path.suffix == ".rs"}
    section = (ROOT / "CONTRIBUTING.md").read_text().split(f"\n`crates/{crate}` is ")[1]
    table = section.split("\n|---|---|\n")[1].split("\n\n")[0]
    listed = re.findall(
        r"`(\w+)(?:/|\.rs)?`", "".join(row.split("|")[1] for row in table.splitlines())
    )
    assert sorted(listed) == sorted(rooms)
