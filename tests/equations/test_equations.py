"""The papers' equations: all numbers are there, rooms, checks and page agree, and what is told to be typed runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.equations import PRINTED, Holder, Printed, Standing, holders, places
from meanfield.equations.answer import rooms
from meanfield.equations.names import near
from meanfield.tools.tags import equations as tag
from validation import equations
from validation.registry import HOUSE, Check

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "equations.md"
AGAIN = "write the page anew: python -m validation equations"
HELD = holders(*equations.PACKAGES)
BUILT = [one for one in PRINTED.values() if one.standing is Standing.BUILT]
NUMBERS = {
    "A": {"2": 8, "3": 16, "4": 5, "6": 12, "7": 5, "8": 1, "9": 6, "A": 4, "B": 5, "C": 4, "D": 15},
    "B": {"1": 3, "3": 1, "6": 12, "7": 15, "8": 25, "9": 13, "10": 2, "12": 1},
    "C": {"": 10},
}
"""How many numbered equations each section of the papers has; counted in the papers, not in our table."""
LETTERED = ("A (SA)", "A (USA)", "C (SA)", "C (CSA)", "C (CSA-2d)", "C (IntPot)")


# --- the table ---------------------------------------------------------------------------------------------


def test_every_number_of_the_papers_is_there() -> None:
    wanted = {
        f"{paper} ({section + '.' if section else ''}{k})"
        for paper, sections in NUMBERS.items()
        for section, count in sections.items()
        for k in range(1, count + 1)
    }
    assert {one.name for one in PRINTED.values() if one.paper} == wanted | set(LETTERED)


def test_rooms_checks_and_table_agree() -> None:
    assert "\n".join(equations.faults(HELD, HOUSE.checks(), root=ROOT)) == ""


def check(id: str, *names: str) -> Check:
    return Check(id, "", "", "quick", (), lambda bench: bench, names)  # type: ignore[arg-type,return-value]


ONE = Printed("A (2.7)", "heads", Standing.BUILT, "1 + 1", ("A07",))
LATER = Printed("A (2.8)", "layers", Standing.COMING, "meanfield/laws/base.py", ())
ROOM = Holder("meanfield.laws.base.Sum", "meanfield/laws/base.py", 1, ("A (2.7)",))


@pytest.mark.parametrize(
    ("held", "checks", "printed", "said"),
    [
        ([], [check("A07", "A (2.7)")], [ONE], "A (2.7): no room claims it"),
        ([ROOM], [], [ONE], "A (2.7): its checks are -"),
        ([ROOM], [check("A07", "A (2.7)"), check("A08", "A (2.7)")], [ONE], "A (2.7): its checks are A07 A08"),
        ([ROOM], [check("A07", "A (2.7)", "A (2.9)")], [ONE], "check A07: no paper has an equation A (2.9)"),
        ([ROOM], [], [], "meanfield.laws.base.Sum: no paper has an equation A (2.7)"),
        ([], [], [LATER], "A (2.8): its room meanfield/laws/base.py is there"),
        ([Holder("m.f", "m.py", 1, ("A (2.8)",))], [], [LATER], "A (2.8): m.f holds it, and the table says COMING"),
    ],
)
def test_each_fault_is_found(held: list[Any], checks: list[Any], printed: Iterable[Printed], said: str) -> None:
    told = list(equations.faults(held, checks, {one.name: one for one in printed}, ROOT))
    assert len([line for line in told if line.startswith(said)]) == 1


def test_what_is_inherited_is_claimed_once() -> None:
    own = {holder.name.rpartition(".")[2]: holder.equations for holder in HELD}
    assert "A (4.1)" in own["Attention"] and "A (4.1)" not in own["SA"] + own["USA"]
    assert not set(own["SA"]) & set(own["USA"])

    class Mine(mf.SA):
        """Without a word of its own."""

    assert "equations" not in vars(Mine) and Mine.equations == mf.SA.equations


def test_a_function_stays_what_it_was() -> None:
    def f() -> int:
        return 3

    assert tag("A (2.7)")(f) is f and f() == 3 and vars(f)["equations"] == ("A (2.7)",)


# --- the page ----------------------------------------------------------------------------------------------


def test_the_page_is_what_rooms_and_checks_say() -> None:
    """But for line numbers, which move with every edit."""
    fresh = equations.page(HOUSE.checks(), HELD)
    assert equations.unlined(PAGE.read_text(encoding="utf-8")) == equations.unlined(fresh), AGAIN
    assert equations.unlined(fresh) != fresh


def test_the_lines_of_the_page_are_right_at_a_release() -> None:
    """Until then they may be some edits old, but name a file in which the name is."""
    text = PAGE.read_text(encoding="utf-8")
    links = re.findall(r"\[`(\w+)`\]\(\.\./([\w/.]+)#L(\d+)\), \2, line (\d+)", text)
    assert len(links) > 30
    for name, file, anchor, line in links:
        assert anchor == line
        assert re.search(rf"^(class|def) {name}\b", (ROOT / file).read_text(encoding="utf-8"), re.M)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = not re.search(r"^## \[Unreleased\]\n+(?!## |\n)", changes, re.MULTILINE)
    assert not released or text == equations.page(HOUSE.checks(), HELD), AGAIN


@pytest.mark.parametrize("holder", HELD, ids=lambda holder: holder.name)
def test_lines_told_are_where_the_thing_begins(holder: Holder) -> None:
    line = (ROOT / holder.file).read_text(encoding="utf-8").splitlines()[holder.line - 1]
    assert re.match(rf"(class|def) {holder.name.rpartition('.')[2]}\b", line)


# --- the answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", BUILT, ids=lambda one: one.name)
def test_every_line_told_to_be_typed_runs(one: Printed) -> None:
    found = mf.equation(one.name)
    assert found.line == one.how and eval(found.line, {"mf": mf, "pt": pt, "np": np}) is not None
    assert all(text in str(found) for text in (found.what, found.line, found.command, found.name))
    for holder in found.holders:
        assert f"{holder.name} ({holder.file}, line {holder.line})" in str(found)


def test_rooms_of_particles_are_named_where_they_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.name for one in mf.equation("C (4)").holders] == ["particles.layers.layers"]
    assert {one.name for one in rooms()} == {one.name for one in HELD}
    strange = tmp_path / "particles"
    strange.mkdir()
    (strange / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "particles"]:
        monkeypatch.delitem(sys.modules, name)
    assert {one.name.split(".")[0] for one in rooms()} == {"meanfield"}


def test_heads() -> None:
    found = mf.equation("A (2.7)")
    assert [holder.name for holder in found.holders] == ["meanfield.laws.base.Sum"]
    assert found.checks == ("A07",) and found.command == "python -m validation run A07"
    assert found.standing is Standing.BUILT and found.how == ""


def test_what_no_room_holds_says_so() -> None:
    assert "(the proof of Lemma 6.4)" in str(mf.equation("A (6.5)"))
    assert mf.equation("A (6.12)").command == "python -m validation run A40"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("A (2.7)", "A (2.7)"), ("A 2.7", "A (2.7)"), ("a2.7", "A (2.7)"), ("2.7", "A (2.7)"), (" (2.7) ", "A (2.7)"),
        ("CSA", "C (CSA)"), ("c csa-2d", "C (CSA-2d)"), ("C (SA)", "C (SA)"), ("USA", "A (USA)"), ("B.5", "A (B.5)"),
        ("A B.2", "A (B.2)"), ("C 5", "C (5)"), ("A lem 3.7", "A Lem 3.7"), ("2410.23228", "2410.23228"),
        ("A Remark 2.1", "A Rem 2.1"), ("C Theorem 5.2", "C Thm 5.2"), ("C Figure 2", "C Fig 2"),
        ("a fig. 3", "A Fig 3"), ("Vicsek", "A Rem 2.1"), ("alibi", "2605.09213"),
        ("Cucker-Smale", "A Rem 2.1"), ("strong ones", "C Fig 3"),
    ],
)  # fmt: skip
def test_names_as_people_write_them(typed: str, meant: str) -> None:
    assert mf.equation(typed).name == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("6.1", r"several papers: write 'A \(6\.1\)' or 'B \(6\.1\)'"),
        ("SA", r"write 'A \(SA\)' or 'C \(SA\)'"),
        ("A (3.17)", r"no equation is called 'A \(3\.17\)' \(did you mean .*A \(3\.1[0-6]\)"),
        ("", "no equation is called ''"),
        ("Sinkhorn", r"A Rem 3\.5, 2110\.11773, 2604\.07925 speak of it; write one of these"),
        ("Hegselmann", r"A Rem 2\.1, 2602\.11534 speak of it"),
        ("attention", r"(, .*){5} and \d+ more speak of it"),
        ("igurations", r"no equation is called 'igurations'(?! speak)"),
        ("np", "no equation is called 'np'"),
    ],
)
def test_what_is_not_one_equation_is_refused(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mf.equation(typed)
    with pytest.raises(TypeError, match=r"name: got 2\.7"):
        mf.equation(2.7)  # type: ignore[arg-type]
    assert near("zzzzzz") == ""


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("A 2.2 (2.3)-(2.5)", ("A (2.3)", "A (2.4)", "A (2.5)")),
        ("C B.1 (5), (6)", ("C (5)", "C (6)")),
        ("C Lem A.1, Fig 4", ("C Fig 4",)),
        ("A App B (B.1), (B.2); C Lem A.1", ("A (B.1)", "A (B.2)")),
        ("A Lem 3.7, 9", ("A Lem 3.7",)),
        ("A (3.8)-(3.10), Lem 3.6", ("A (3.8)", "A (3.9)", "A (3.10)")),
        ("A 9 (9.99)", ("A (9.99)",)),
        ("2410.23228, code", ("2410.23228",)),
        ("A Problem 12", ()),
    ],
)
def test_places(where: str, names: tuple[str, ...]) -> None:
    assert places(where) == names
