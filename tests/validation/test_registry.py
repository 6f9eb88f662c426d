"""Checks, verdicts and the checklist's rows, on registries of synthetic checks."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread

from meanfield.doors.workers import workers
from validation import registry as room
from validation.registry import HOUSE, Bench, Registry, UnknownCheck
from validation.rows import ROWS, Reach
from validation.verdict import Outcome, Verdict, evidence, judge, load, save


def good(bench: Bench) -> Verdict:
    value = float(np.random.default_rng(bench.rng).normal())
    return judge({"value": value, "free": 3}, {"value": (-9.0, 9.0)}, message=f"in {bench.tier}")


def bad(bench: Bench) -> Verdict:
    return judge({"value": 2.0}, {"value": (None, 1.0)})


def broken(bench: Bench) -> Verdict:
    raise ZeroDivisionError("nothing to divide by")


def drawn(bench: Bench) -> Verdict:
    def draw() -> Any:
        _, ax = plt.subplots()
        ax.plot([0, 1], [0, 1])
        return ax

    return evidence({"n": 1}, {"n": (1, None)}, pictures=[bench.figure("line", draw)])


@pytest.fixture
def some() -> Registry:
    made = Registry()
    made.check("T2", where="A 2", title="passes")(good)
    made.check("T1.usa", where="A 1", title="fails", tier="full", covers=("T1", "T9"))(bad)
    made.check("T1", where="A 1", title="breaks")(broken)
    made.check("T3", where="A 3", title="draws", covers=())(drawn)
    return made


# --- judging -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "limit", "passes", "words"),
    [
        (1e-9, (None, 1e-9), True, "<= 1e-9"),
        (1.0000001e-9, (None, 1e-9), False, "<= 1e-9"),
        (0.5, (0.5, None), True, ">= 0.5"),
        (0.4, (0.5, math.inf), False, ">= 0.5"),
        (2, (1.9, 2.1), True, "in [1.9, 2.1]"),
        (178.731, (178.7305, 178.7315), True, "in [178.7305, 178.7315]"),
        (1e25, (1e22, 1e30), True, "in [1e22, 1e30]"),
        (7, (7, 7), True, "= 7"),
        (8, (7, 7), False, "= 7"),
        (math.nan, (None, 1.0), False, "<= 1"),
        (math.inf, (0.0, None), False, ">= 0"),
        (-math.inf, (None, 0.0), False, "<= 0"),
        (np.float64(0.5), (0, 1), True, "in [0, 1]"),
        (True, (1, 1), True, "= 1"),
    ],
)
def test_judge_holds_a_number_to_its_limit(value: Any, limit: Any, passes: bool, words: str) -> None:
    verdict = judge({"x": value}, {"x": limit})
    assert verdict.outcome is (Outcome.PASS if passes else Outcome.FAIL)
    assert verdict.wanted == {"x": words}
    assert (f"wanted {words}" in verdict.message) is not passes


def test_one_number_outside_fails_all_and_is_named() -> None:
    verdict = judge({"a": 1.0, "b": 2.0, "c": math.nan}, {"a": (0, 1), "b": (0, 1), "c": (0, 1)}, message="Note.")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "Note. b is 2, wanted in [0, 1]; c is nan, wanted in [0, 1]."


def test_evidence_has_a_bar_below_which_it_speaks_against_the_claim() -> None:
    assert evidence({"share": 1.0}, {"share": (0.99, None)}).outcome is Outcome.EVIDENCE
    against = evidence({"share": 0.0}, {"share": (0.99, None)}, "Of 1000 clouds.")
    assert against.outcome is Outcome.FAIL
    assert against.message == "Of 1000 clouds. share is 0, wanted >= 0.99."
    with pytest.raises(ValueError, match="at least one limit"):
        evidence({"share": 1.0}, {})


@pytest.mark.parametrize(
    ("measured", "limits", "message"),
    [
        ({"a": 1.0}, {}, "at least one limit"),
        ({"a": 1.0}, {"b": (0, 1)}, r"'b', which was not measured; measured are \['a'\]"),
        ({"a": 1.0}, {"a": (1, 0)}, "an interval that something can lie outside of"),
        ({"a": 1.0}, {"a": (None, None)}, "an interval that something can lie outside of"),
        ({"a": 1.0}, {"a": (math.nan, 1)}, "an interval"),
        ({"a": 1.0}, {"a": 3}, r"must be \(low, high\)"),
    ],
)
def test_limits_that_limit_nothing_are_refused(measured: Any, limits: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge(measured, limits)


@pytest.mark.parametrize("value", [1j, "1", np.ones(2), None])
def test_only_real_numbers_are_measured(value: Any) -> None:
    with pytest.raises(TypeError, match=r"measured\['a'\] must be one real number"):
        evidence({"a": value}, {"a": (0, None)})


# --- verdicts and files ------------------------------------------------------------------------------------

NUMBERS = st.floats() | st.integers(-(10**20), 10**20)
VERDICTS = st.builds(
    Verdict,
    outcome=st.sampled_from(Outcome),
    measured=st.dictionaries(st.sampled_from(["a", "kind", "gap at t = 1"]), NUMBERS),
    wanted=st.dictionaries(st.sampled_from(["a", "kind"]), st.text(max_size=9)),
    message=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
    pictures=st.lists(st.sampled_from(["a.png", "b.png"]), max_size=2),
    id=st.sampled_from(["A13", "A13.usa"]),
    seconds=st.floats(0, 1e6),
)


@given(VERDICTS)
def test_verdicts_survive_json(verdict: Verdict) -> None:
    again = Verdict.from_json(verdict.to_json())
    assert repr(again) == repr(verdict)  # NaN is not equal to itself, but is spelled alike
    assert all(type(getattr(again, f.name)) is type(getattr(verdict, f.name)) for f in fields(Verdict))


def test_what_is_no_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="this is no verdict"):
        Verdict.from_json('{"id": "A13"}')
    with pytest.raises(ValueError, match="an outcome of PASS, FAIL"):
        Verdict.from_json(evidence({"a": 1}, {"a": (0, None)}).to_json().replace("EVIDENCE", "FINE"))
    with pytest.raises(TypeError, match="outcome must be an Outcome; got 'PASS'"):
        Verdict(outcome="PASS")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="without folders"):
        evidence({"a": 1}, {"a": (0, None)}, pictures=["../secret.png"])
    with pytest.raises(TypeError, match="got one string"):
        Verdict(outcome=Outcome.PASS, pictures="a.png")  # type: ignore[arg-type]
    (tmp_path / "A01.verdict.json").write_text("{")
    with pytest.raises(ValueError, match=r"A01\.verdict\.json cannot be read.*run the check again"):
        load(tmp_path)


def test_verdicts_are_kept_in_a_folder(tmp_path: Path) -> None:
    kept = [replace(evidence({"x": math.pi}, {"x": (3, None)}), id=id) for id in ("B01", "A02.x", "A02")]
    for verdict in kept:
        save(tmp_path, verdict)
    save(tmp_path, kept[0])
    (tmp_path / "other.json").write_text("{}")
    assert load(tmp_path) == [kept[2], kept[1], kept[0]]
    assert load(tmp_path / "missing") == []


def test_verdicts_of_before_they_told_their_seed_are_read() -> None:
    new = replace(evidence({"a": 1}, {"a": (0, None)}), seed=7, version="meanfield 9")
    old = json.loads(new.to_json())
    del old["seed"], old["version"]
    assert Verdict.from_json(json.dumps(old)) == replace(new, seed=None, version="")
    del old["tier"]
    with pytest.raises(ValueError, match="this is no verdict"):
        Verdict.from_json(json.dumps(old))


# --- registering -------------------------------------------------------------------------------------------


def test_the_decorated_function_stays_what_it_was() -> None:
    made = Registry()
    assert made.check("T1", where="A", title="t")(good) is good
    (check,) = made.checks()
    assert (check.id, check.tier, check.covers, check.fn) == ("T1", "quick", ("T1",), good)


def test_odd_registrations_are_refused(some: Registry) -> None:
    with pytest.raises(ValueError, match=r"check 'T2' exists, in test_registry\.good; test_registry\.bad needs"):
        some.check("T2", where="A", title="t")(bad)
    for id in ("", "T 1", "T1/x", "../T1", "T1.", 3):
        with pytest.raises(ValueError, match="id must be letters and digits"):
            some.check(id, where="A", title="t")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tier must be one of 'quick', 'full'"):
        some.check("T7", where="A", title="t", tier="slow")
    with pytest.raises(TypeError, match="covers must be several names"):
        some.check("T7", where="A", title="t", covers="T7")


def test_rows_that_do_not_exist_are_refused() -> None:
    made = Registry(rows=ROWS)
    made.check("A13.usa", where="A", title="t")(good)
    made.check("limit", where="ours", title="t", covers=())(good)
    with pytest.raises(ValueError, match=r"\['A133'\], which are no rows of the checklist \(did you mean .*A13"):
        made.check("A133", where="A", title="t")
    with pytest.raises(ValueError, match="'X01'"):
        made.check("A14", where="A", title="t", covers=("A14", "X01"))


def test_checks_are_chosen_by_tier_id_suffix_and_row(some: Registry) -> None:
    def ids(**options: Any) -> list[str]:
        return [check.id for check in some.checks(**options)]

    assert ids() == ids(tier="full") == ["T1", "T1.usa", "T2", "T3"]
    assert ids(tier="quick") == ["T1", "T2", "T3"]
    assert ids(ids=["T1"]) == ["T1", "T1.usa"]
    assert ids(ids="T9") == ids(ids=["T1.usa", "T9"]) == ["T1.usa"]
    assert ids(ids=["T3", "T2"]) == ["T2", "T3"]
    with pytest.raises(UnknownCheck, match=r"no check is called 't1\.uss' \(did you mean T1\.usa"):
        some.checks(ids=["T2", "t1.uss"])
    with pytest.raises(UnknownCheck, match="no check is called 'T'"):
        some.checks(ids="T")  # the beginning of an id is no id
    with pytest.raises(UnknownCheck, match="A50 is a row of the checklist that no check covers yet"):
        Registry(rows=ROWS).checks(ids=["A50"])


def test_a_new_file_of_checks_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "synthetic_checks"
    folder.mkdir()
    made = Registry("synthetic_checks")
    monkeypatch.setattr(room, "SYNTHETIC", made, raising=False)
    text = "from validation import registry\n\n\n@registry.SYNTHETIC.check('{}', where='A', title='t')\n"
    text += "def fn(bench):\n    pass\n"
    (folder / "section_1.py").write_text(text.format("T1"))
    (folder / "section_2.py").write_text(text.format("T2") + "import nothing_of_that_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        for _ in range(2):  # a file that cannot be imported is an error every time, and hides no check
            with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
                made.checks()
        (folder / "section_2.py").write_text(text.format("T2"))
        assert [check.id for check in made.checks()] == ["T1", "T2"]
    finally:
        for name in [name for name in sys.modules if name.startswith("synthetic_checks")]:
            del sys.modules[name]


def test_the_house_looks_for_checks_of_known_rows() -> None:
    assert HOUSE.check.__self__ is room.check.__self__  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="no rows of the checklist"):
        HOUSE.check("Q99", where="A", title="t")


# --- running -----------------------------------------------------------------------------------------------


def test_a_run_gives_one_verdict_a_check(some: Registry, tmp_path: Path) -> None:
    told: list[str] = []
    out = tmp_path / "new" / "results"
    verdicts = some.run(out=out, done=lambda v: told.append(v.id))
    assert [(v.id, v.outcome) for v in verdicts] == [
        ("T1", Outcome.FAIL), ("T1.usa", Outcome.FAIL), ("T2", Outcome.PASS), ("T3", Outcome.EVIDENCE)
    ]  # fmt: skip
    assert told == ["T1", "T1.usa", "T2", "T3"]
    assert re.fullmatch(
        r"Broke off: ZeroDivisionError: nothing to divide by \(test_registry\.py, line \d+\)", verdicts[0].message
    )
    assert [v.tier for v in verdicts] == ["quick", "full", "quick", "quick"]
    assert all(0 < v.seconds < 60 for v in verdicts)
    assert load(out) == verdicts
    assert verdicts[3].pictures == ("T3-line.png",)
    assert imread(out / "T3-line.png").ndim == 3
    assert json.loads((out / "T2.verdict.json").read_text())["outcome"] == "PASS"


def test_a_run_without_a_folder_writes_and_draws_nothing(some: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plt, "subplots", lambda: pytest.fail("a picture was drawn that nobody wants"))
    (verdict,) = some.run(["T3"])
    assert (verdict.outcome, verdict.pictures) == (Outcome.EVIDENCE, ())


def test_a_checks_seed_does_not_depend_on_what_else_is_run(some: Registry) -> None:
    def value(verdicts: list[Verdict]) -> float:
        return next(v.measured["value"] for v in verdicts if v.id == "T2")

    alone = value(some.run("T2"))
    assert value(some.run()) == alone
    with ThreadPoolExecutor(2) as pool:
        assert value(some.run(["T1", "T2"], executor=pool)) == alone
    assert value(some.run("T2", rng=1)) != alone


def test_the_tier_being_run_is_told_to_the_check(some: Registry) -> None:
    assert [v.message for v in some.run("T2")] == ["in quick"]
    assert [v.message for v in some.run("T2", tier="full")] == ["in full"]
    assert [v.id for v in some.run(tier="quick")] == ["T1", "T2", "T3"]


def test_a_verdict_holds_what_it_takes_to_repeat_it(some: Registry, tmp_path: Path) -> None:
    some.run(out=tmp_path, rng=np.int64(7))
    for verdict in load(tmp_path):
        assert verdict.seed == 7 and f"numpy {np.__version__}" in verdict.version and "meanfield" in verdict.version
    assert {v.seed for v in some.run(rng=np.random.SeedSequence(7))} == {None}


def test_a_full_disk_does_not_lose_the_checks_to_come(
    some: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    told: list[Verdict] = []
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        some.run(tier="quick", out=tmp_path, done=told.append)
    verdicts = caught.value.verdicts  # type: ignore[attr-defined]
    assert [v.id for v in verdicts] == sorted(v.id for v in told) == [c.id for c in some.checks("quick")]
    assert caught.value.filename.endswith(".verdict.json") and os.listdir(tmp_path) == []


def test_what_is_returned_must_be_a_verdict() -> None:
    made = Registry()
    made.check("T1", where="A", title="t")(lambda bench: 3)
    (verdict,) = made.run()
    assert verdict.outcome is Outcome.FAIL
    assert "the check returned 3 (int), not a Verdict" in verdict.message


def test_processes_carry_checks_out_and_a_dead_one_is_a_verdict(some: Registry, tmp_path: Path) -> None:
    with workers(1) as pool:
        verdicts = some.run(["T2", "T3"], out=tmp_path, executor=pool)
        assert [v.outcome for v in verdicts] == [Outcome.PASS, Outcome.EVIDENCE]
        assert verdicts[0].measured == some.run("T2")[0].measured
        local = Registry()
        local.check("T1", where="A", title="t")(lambda bench: bad(bench))  # cannot be sent to a process
        (verdict,) = local.run(out=tmp_path, executor=pool)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message.startswith("Broke off: ")
    assert load(tmp_path)[0] == verdict


def test_an_interrupt_is_no_verdict(some: Registry, tmp_path: Path) -> None:
    def stop(bench: Bench) -> Verdict:
        raise KeyboardInterrupt

    some.check("T8", where="A", title="t")(stop)
    with pytest.raises(KeyboardInterrupt):
        some.run(out=tmp_path)
    assert [v.id for v in load(tmp_path)] == ["T1", "T1.usa", "T2", "T3"]


def test_figures_are_saved_named_and_closed(tmp_path: Path) -> None:
    bench = Bench("T1", 0, "quick", tmp_path)
    _, axes = plt.subplots(2, 1)
    figure, ax = plt.subplots()
    assert bench.figure("one", ax) == "T1-one.png"
    assert bench.figure("two", axes) == "T1-two.png"
    assert bench.figure("three", Figure()) == "T1-three.png"
    assert bench.figure("four", lambda: plt.figure()) == "T1-four.png"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"T1-{n}.png" for n in ("four", "one", "three", "two")]
    assert plt.get_fignums() == []
    assert not plt.fignum_exists(figure.number)
    for name in ("a/b", "a.png", "", "-a"):
        with pytest.raises(ValueError, match="name must hold letters"):
            bench.figure(name, figure)


# --- rows --------------------------------------------------------------------------------------------------


def test_there_are_a_hundred_and_sixty_rows_and_forty_seven_of_later_works() -> None:
    counts = {"A": 74, "B": 47, "C": 33, "S": 6, "F": 47}
    assert list(ROWS) == [f"{letter}{i:02d}" for letter, count in counts.items() for i in range(1, count + 1)]
    assert all(id == row.id and row.paper == id[0] for id, row in ROWS.items())


def test_what_cannot_be_measured_is_said() -> None:
    reach = {id: row.reach for id, row in ROWS.items() if row.reach is not Reach.FULL}
    assert reach == {
        "A05": Reach.PARTLY, "C28": Reach.PARTLY, "B38": Reach.NONE, "S06": Reach.NONE, "A36": Reach.PROOF,
        "A67": Reach.PROOF,
    }  # fmt: skip


def test_the_rows_are_read_whole() -> None:
    assert ROWS["B22"].wanted == "field <= |V| R, its derivative <= 2 |Q^T K| |V| R^2"
    assert ROWS["A38"].wanted.endswith("178.731 (9); USA 4.8607, 2.8970, 1.1308, 0.8703, 0.6860")
    assert not any("\n" in text or "  " in text for row in ROWS.values() for text in (row.where, row.what, row.wanted))
