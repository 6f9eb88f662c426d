"""Checks at many seeds: shares of outcomes, coverage of intervals, the command line, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validation.__main__ import main
from validation.coverage import coverage
from validation.registry import Bench, Registry, UnknownCheck
from validation.verdict import Outcome, Verdict, judge


def honest(bench: Bench) -> Verdict:
    """A mean of 30 normal numbers with its 95 per cent interval; it fails where they miss 0 by chance."""
    x = np.random.default_rng(bench.rng).standard_normal(30)
    half = 2.045 * x.std(ddof=1) / np.sqrt(30.0)
    measured = {"mean": x.mean(), "mean, low": x.mean() - half, "mean, high": x.mean() + half, "mean, true": 0.0}
    measured["tier"] = float(bench.tier == "full")
    return judge(measured, {"mean, low": (None, 0.0), "mean, high": (0.0, None)})


def proud(bench: Bench) -> Verdict:
    """The same with an interval a third as wide, about a value the check does not know."""
    x = 5.0 + np.random.default_rng(bench.rng).standard_normal(30)
    half = 0.7 * x.std(ddof=1) / np.sqrt(30.0)
    return judge({"x": x.mean(), "x, low": x.mean() - half, "x, high": x.mean() + half}, {"x": (0.0, None)})


def broken(bench: Bench) -> Verdict:
    raise ArithmeticError("no")


@pytest.fixture
def some() -> Registry:
    made = Registry()
    for name, fn in (("H1", honest), ("P1", proud), ("B1", broken)):
        made.check(name, where="-", title=name, covers=())(fn)
    return made


def test_an_honest_interval_covers_and_a_proud_one_does_not(some: Registry) -> None:
    found = coverage(some, "H1", 400, rng=1)
    (mean,) = found.intervals
    assert found.seeds == 400 and 0.92 <= mean.covered <= 0.98
    assert mean.true == 0.0 and abs(mean.mean) < 0.04 and mean.spread == pytest.approx(30**-0.5, rel=0.15)
    assert found.share(Outcome.PASS) == mean.covered and found.share(Outcome.PASS, Outcome.FAIL) == 1.0
    assert {verdict.measured["tier"] for verdict in coverage(some, "H1", 3, "full").verdicts} == {1.0}
    (x,) = coverage(some, "P1", 400, rng=1).intervals
    assert x.true == x.mean == pytest.approx(5.0, abs=0.04)
    assert 0.4 < x.covered < 0.6  # +-0.7 standard errors


def test_seeds_decide_and_nothing_else(some: Registry) -> None:
    def means(**options: Any) -> list[float]:
        return [float(verdict.measured["mean"]) for verdict in coverage(some, "H1", **options).verdicts]

    assert means(seeds=5, rng=3) == means(seeds=20, rng=3)[:5]
    assert len(set(means(seeds=20, rng=3))) == 20 and means(seeds=5, rng=4) != means(seeds=5, rng=3)


def test_what_breaks_off_has_failed_and_measured_nothing(some: Registry) -> None:
    found = coverage(some, "B1", 3)
    assert found.outcomes == {"FAIL": 3} and found.intervals == ()
    with pytest.raises(UnknownCheck, match="H1"):
        coverage(some, "h1", 3)


def test_the_command_tells_and_writes_every_number(
    some: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage", "P1", "B1", "--seeds", "20", "--out", str(tmp_path)], some) == 1
    told = capsys.readouterr().out
    assert "P1 (quick), 20 seeds: 20 pass" in told and "x: holds" in told and "B1 (quick), 20 seeds: 20 fail" in told
    data = json.loads((tmp_path / "P1.coverage.json").read_text())
    assert len(data["measured"]["x, low"]) == 20 and data["outcomes"] == {"PASS": 20}
    assert data["intervals"][0]["name"] == "x" and data["failures"] == []
    assert json.loads((tmp_path / "B1.coverage.json").read_text())["failures"][0].startswith("Broke off")
    assert main(["coverage", "nobody", "--out", str(tmp_path)], some) == 2
    assert main(["coverage", "P1", "--seeds", "5", "--out", str(tmp_path)], some) == 0
