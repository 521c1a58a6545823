"""The check of the floors, on trees that keep the rule and on trees that break it."""

import floors
import pytest


@pytest.fixture
def complaints(tmp_path):
    """What is said of a crate with these files and floors."""

    def check(files, order):
        for name, code in files.items():
            file = tmp_path / "crate" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(code)
        return list(floors.complaints(tmp_path, {"crate": order}))

    return check


def test_an_arrow_that_runs_down_is_allowed(complaints):
    files = {
        "lib.rs": "mod low;\nmod high;\npub use high::High;",
        "low.rs": "pub struct Low;",
        "high.rs": "use crate::low::Low;\npub struct High(Low);",
    }
    assert complaints(files, [["low"], ["high"], ["lib"]]) == []


@pytest.mark.parametrize(
    "code",
    [
        "use crate::high::High;",
        "use crate::{low, high::{self, High}};",
        "use super::high::High as H;",
        "fn f() { crate::high::g(); }",
        "mod tests { use super::super::high::High; }",
        "#[derive(Debug)]\npub(crate) struct Low(crate::high::High);",
    ],
)
def test_an_arrow_that_runs_up_names_both_files(complaints, code):
    files = {"lib.rs": "mod low; mod high;", "low.rs": code, "high.rs": "pub struct High;"}
    assert complaints(files, [["low"], ["high"], ["lib"]]) == [
        "crate/low.rs imports crate/high.rs, which is not below it"
    ]


def test_an_arrow_across_a_floor_is_refused(complaints):
    files = {"lib.rs": "", "a/one.rs": "use crate::b::two;", "b/two.rs": ""}
    assert complaints(files, [["a", "b"], ["lib"]]) == [
        "crate/a/one.rs imports crate/b/two.rs, which is not below it"
    ]


def test_a_circle_inside_a_folder_is_refused(complaints):
    files = {
        "lib.rs": "",
        "a/one.rs": "use super::two::Two;",
        "a/two.rs": "use super::three;",
        "a/three.rs": "use super::one::One;",
    }
    assert complaints(files, [["a"], ["lib"]]) == [
        "a circle of imports: "
        "crate/a/one.rs -> crate/a/two.rs -> crate/a/three.rs -> crate/a/one.rs"
    ]


def test_a_parent_and_its_child_can_form_a_circle(complaints):
    files = {
        "lib.rs": "",
        "a.rs": "mod child;\nuse child::Child;\npub struct Parent(Child);",
        "a/child.rs": "use super::Parent;\npub struct Child;",
    }
    assert complaints(files, [["a"], ["lib"]]) == [
        "a circle of imports: crate/a/child.rs -> crate/a.rs -> crate/a/child.rs"
    ]


@pytest.mark.parametrize(
    "code",
    [
        "// use crate::high::High;",
        "/// See [`crate::high::High`].",
        'const S: &str = "crate::high";',
    ],
)
def test_comments_and_strings_are_no_arrows(complaints, code):
    files = {"lib.rs": "", "low.rs": code, "high.rs": ""}
    assert complaints(files, [["low"], ["high"], ["lib"]]) == []


def test_a_file_that_no_floor_lists_is_named(complaints):
    files = {"lib.rs": "", "low.rs": "", "new.rs": ""}
    assert complaints(files, [["low"], ["lib"]]) == ["crate: not on a floor, or not there: new"]


def test_a_listed_folder_that_is_gone_is_named(complaints):
    assert complaints({"lib.rs": ""}, [["low"], ["lib"]]) == [
        "crate: not on a floor, or not there: low"
    ]


def test_python_modules_that_import_each_other_are_refused(complaints):
    files = {
        "__init__.py": "from ._a import thing",
        "_a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ._b import B",
        "_b.py": "from . import _a",
    }
    assert complaints(files, []) == [
        "a circle of imports: crate/_a.py -> crate/_b.py -> crate/_a.py"
    ]


def test_the_sources_of_this_project_keep_the_rule():
    assert floors.main() == 0
