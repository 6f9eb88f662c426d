"""The tables of falsehoods cannot rot, and the engine knows red from green, from broken off and from gone.

Whether each falsehood turns its targets red is looked at by ``nox -s breakages``, not here.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from breakages import TABLE, Breakage
from breakages.engine import ROOT, main

from validation.registry import TIERS, checks

KNOWN = {check.id: check.tier for check in checks()}
PACKAGES = ("meanfield", "particles", "validation")


# --- the tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("breakage", TABLE, ids=lambda one: one.name)
def test_every_falsehood_still_has_its_place(breakage: Breakage) -> None:
    broken = breakage.apply((ROOT / breakage.file).read_text(encoding="utf-8"))
    ast.parse(broken)
    assert breakage.red and breakage.tier in TIERS
    for target in breakage.red:
        file, _, test = target.partition("::")
        if test:
            assert test.partition("[")[0].rpartition("::")[2] in functions_of(file), f"there is no test {target}"
        else:
            assert target in KNOWN, f"there is no check {target}"
            assert breakage.tier == "full" or KNOWN[target] == "quick", f"{target} is run in the full tier only"


def functions_of(file: str) -> set[str]:
    """Names of the functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_check_has_its_falsehood() -> None:
    assert set(KNOWN) - {target for one in TABLE for target in one.red} == set()


OWED = {
    "meanfield/protocols/array.py",
    "meanfield/protocols/form.py",
    "meanfield/protocols/kernel.py",
    "meanfield/protocols/method.py",
    "meanfield/protocols/space.py",
    "meanfield/protocols/status.py",
    "validation/metrics.py",
}
"""Parts of files that were divided, whose falsehoods lie in the other part: each is owed one."""


def test_every_room_has_its_falsehood() -> None:
    """A room is a file of the packages; an `__init__` re-exports, and has nothing that could be false."""
    files = {file for package in PACKAGES for file in (ROOT / package).rglob("*.py")}
    doors = {file for file in files if file.name == "__init__.py"}
    assert [file for file in doors if functions_of(str(file.relative_to(ROOT)))] == []
    rooms = {file.relative_to(ROOT).as_posix() for file in files - doors}
    assert sorted(rooms - {one.file for one in TABLE} - OWED) == []
    assert not OWED & {one.file for one in TABLE}


def test_falsehoods_are_told_apart_by_name() -> None:
    assert [name for name, count in Counter(one.name for one in TABLE).items() if count > 1] == []


# --- the engine --------------------------------------------------------------------------------------------

SUBJECT = "def half(x):\n    return x / 2\n"
LOOKS = """
import pytest
from subject import half

def test_sees():
    assert half(4) == 2

def test_blind():
    assert half(0) == 0

def test_demands():
    with pytest.raises(TypeError):
        half("x")

def test_red_anyway():
    assert half(4) == 3
"""
THIRD = Breakage(name="a third", file="subject.py", old="x / 2", new="x / 3", red=("tests/test_it.py::test_sees",))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one room and four tests, and this one's engine."""
    for name in ("engine", "judge"):
        text = (ROOT / "tests" / "breakages" / f"{name}.py").read_text(encoding="utf-8")
        (tmp_path / "tests" / "breakages").mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / "breakages" / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "tests" / "test_it.py").write_text(LOOKS, encoding="utf-8")
    (tmp_path / "subject.py").write_text(SUBJECT, encoding="utf-8")
    return tmp_path


def test_only_what_was_judged_is_red(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = [
        THIRD,
        replace(THIRD, name="unseen", red=("tests/test_it.py::test_blind",)),
        replace(THIRD, name="refused no more", new="str(x)", red=("tests/test_it.py::test_demands",)),
        replace(THIRD, name="no such name", new="x / nobody"),
        replace(THIRD, name="no Python", new="x / / 2"),
        replace(THIRD, name="already", red=("tests/test_it.py::test_red_anyway",)),
        replace(THIRD, name="moved", old="x / 4"),
    ]
    assert main(table, ["--jobs", "2"], small) == 1
    *printed, summary = capsys.readouterr().out.splitlines()
    outcomes = ["red", "green", "red", "accident", "accident", "red unbroken", "gone"]
    assert [line[:12].rstrip() for line in printed] == outcomes, printed
    assert summary == "7 breakages, 5 targets that did not turn red."
    assert "NameError" in printed[3]
    assert "SyntaxError" in printed[4]
    assert (small / "subject.py").read_text() == SUBJECT


def test_the_command_line_chooses(capsys: pytest.CaptureFixture[str]) -> None:
    table = [THIRD, replace(THIRD, name="elsewhere", file="other.py")]
    assert main(table, ["--list", "subject.py"]) == 0
    assert capsys.readouterr().out == "a third: subject.py -> tests/test_it.py::test_sees\n"
    with pytest.raises(SystemExit, match="2"):
        main(table, ["fourth"])
