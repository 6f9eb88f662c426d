"""The mean-field-limit experiment: small runs of it, its verdict, its page, its command line."""

from __future__ import annotations

import argparse
import json
import pkgutil
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from validation import figures, limit
from validation.exact import energy, floors
from validation.experiment import dobrushin_constant, mean_field_limit, sphere_limit, standard_density
from validation.verdict import Outcome


@pytest.fixture(scope="module")
def small() -> Any:
    return mean_field_limit(mf.SA(4.0), n=(50, 100, 300, 600), replicas=12, t=1.0, times=3, rng=3)


def test_shapes_and_times(small: Any) -> None:
    assert small.w1.shape == small.energy.shape == (4, 3, 12)
    np.testing.assert_array_equal(small.t, [0.0, 0.5, 1.0])
    assert np.all(small.error > 0.0)
    assert small.samples.shape == (600,)
    assert np.all((small.samples >= 0.0) & (small.samples < 2.0 * np.pi))


def test_same_seed_same_bits(small: Any) -> None:
    again = mean_field_limit(mf.SA(4.0), n=(50, 100, 300, 600), replicas=12, t=1.0, times=3, rng=3)
    np.testing.assert_array_equal(again.w1, small.w1)
    other = mean_field_limit(mf.SA(4.0), n=(50, 100), replicas=2, t=0.1, times=2, rng=4)
    assert not np.array_equal(other.w1[0, 0], small.w1[0, 0, :2])


def test_uniform_samples_have_the_exact_mean_distance() -> None:
    """At t = 0 nothing has moved: E W1 of n uniform points is known for every n."""
    run = mean_field_limit(mf.SA(0.0), mf.uniform(mf.Circle(64)), n=(20, 80), replicas=400, t=0.01, times=2, rng=1)
    for i, n in enumerate(run.n):
        assert abs(run.mean[i, 0] - floors.w1_uniform(int(n))) < 4.0 * run.error[i, 0]


def test_mean_energy_of_samples_lies_above_by_the_self_pairs() -> None:
    beta = 2.0
    run = mean_field_limit(mf.SA(beta), mf.uniform(mf.Circle(64)), n=(20, 80), replicas=400, t=0.01, times=2, rng=2)
    gap, error = run.bias
    for i, n in enumerate(run.n):
        assert abs(gap[i, 0] - energy.sampling_excess(int(n), beta, 2)) < 4.0 * error[i, 0]


@pytest.mark.rounding
def test_dobrushin_bounds_the_growth(small: Any) -> None:
    assert np.all(small.mean / small.mean[:, :1] <= small.dobrushin + 1e-12)
    assert small.dobrushin[0] == 1.0


@pytest.mark.parametrize("law", [mf.SA(2.0), mf.USA(2.0, scale="relative")])
def test_dobrushin_constant_against_differences(law: Any) -> None:
    """L_x by differences of the velocity, L_mu by moving a small atom: both within the constant, and near it."""
    rho = standard_density(128)
    theta = rho.space.nodes
    total = dobrushin_constant(law, rho)
    X = law.velocity(0.0, None, rho)[:, 0]
    L_x = np.abs(np.gradient(X, theta)).max()
    eps, moved = 1e-6, 1e-3
    response = 0.0
    for y in np.linspace(0.0, 6.0, 25):
        fields = []
        for place in (y - moved, y + moved):
            points = mf.Points(
                np.append(theta, place), weights=np.append((1.0 - eps) * rho.weights, eps), field="direct"
            )
            at = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
            v = law.velocity(0.0, at, points)
            fields.append(v[:, 1] * at[:, 0] - v[:, 0] * at[:, 1])
        response = max(response, float(np.abs(fields[1] - fields[0]).max() / (2.0 * moved * eps)))
    assert 0.97 * total < L_x + response < 1.01 * total


def test_quantised_data_leave_only_the_dynamics() -> None:
    run = mean_field_limit(mf.SA(4.0), n=(100, 200, 400), t=1.0, times=2, init="quantize")
    assert run.slope(-1).slope < -0.9
    assert limit.verdict(run).outcome is Outcome.PASS


# --- the verdict -------------------------------------------------------------------------------------------

SIZES = (100, 300, 1000, 3000, 10000)


def made(small: Any, rng: Any, sizes: tuple[int, ...] = SIZES, replicas: int = 96, rate: float = -0.5) -> Any:
    """An experiment with distances of this rate, spread like W1's (0.3 of the mean), and its next order at the end."""
    n = np.array(sizes)
    noise = rng.gamma(11.0, 1.0 / 11.0, (len(n), 2, replicas))
    bent = np.exp(np.array([0.0, -13.0]) / n[:, None])
    return replace(small, n=n, t=np.array([0.0, 3.0]), distances={"W1": noise * (bent * (n**rate)[:, None])[..., None]})


def test_verdict_is_that_of_the_rate(small: Any) -> None:
    """At the command's own size: two hundred experiments of the right rate pass, and of a wrong one fail."""
    rng = np.random.default_rng(1)
    for rate, wanted in ((-0.5, Outcome.PASS), (-1.0 / 3.0, Outcome.FAIL)):
        found = [limit.verdict(made(small, rng, rate=rate)).outcome for _ in range(200)]
        assert found.count(wanted) >= (200 if wanted is Outcome.PASS else 190)
        assert wanted is Outcome.PASS or Outcome.PASS not in found


def test_what_breaks_the_identity_fails_however_wide_the_slope_is(small: Any) -> None:
    assert limit.verdict(small).outcome is Outcome.INCONCLUSIVE
    sol = small.solution
    off = SimpleNamespace(gained=sol.gained, dissipated=1.001 * sol.dissipated, mass=sol.mass)
    assert limit.verdict(replace(small, solution=off)).outcome is Outcome.FAIL


@pytest.mark.parametrize(("sizes", "replicas"), [((100, 300), 2), ((100, 300, 1000), 2), ((100, 300, 1000, 3000), 12)])
def test_small_experiments_decide_nothing(small: Any, sizes: tuple[int, ...], replicas: int) -> None:
    """The right rate and n^{-1/3} alike: neither passes, and the right one does not fail."""
    rng = np.random.default_rng(2)
    for rate in (-0.5, -1.0 / 3.0):
        found = [limit.verdict(made(small, rng, sizes, replicas, rate)).outcome for _ in range(100)]
        assert Outcome.PASS not in found
        assert rate > -0.5 or Outcome.FAIL not in found


def test_two_numbers_of_particles_are_told_to_be_three() -> None:
    run = mean_field_limit(mf.SA(4.0), n=(100, 300), replicas=2, t=1.0, rng=3)
    told = limit.verdict(run)
    assert told.outcome is Outcome.INCONCLUSIVE and "three or more" in told.message
    alone = mean_field_limit(mf.SA(4.0), n=(50, 100, 300), replicas=1, t=1.0, times=2, rng=3)
    assert "ask for --replicas 96" in limit.verdict(alone).message


def test_as_many_replicas_as_are_asked_for_do(small: Any) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(40):
        told = limit.verdict(made(small, rng, SIZES, 8))
        asked = re.search(r"ask for --replicas (\d+)", told.message)
        assert told.outcome is Outcome.INCONCLUSIVE and asked
        found.append(limit.verdict(made(small, rng, SIZES, int(asked[1]))).outcome)
    assert found.count(Outcome.PASS) >= 32


def test_a_next_order_as_large_as_the_limit_is_no_limit(small: Any) -> None:
    run = made(small, np.random.default_rng(4))
    late = replace(run, distances={"W1": run.w1 * np.exp(-90.0 / run.n)[:, None, None]})
    told = limit.verdict(late)
    assert told.outcome is Outcome.INCONCLUSIVE and "ask for numbers of particles from" in told.message


def test_spheres_in_any_dimension() -> None:
    for d in (3, 4):
        run = sphere_limit(mf.SA(2.0), d=d, n=(50, 300, 600), replicas=4, t=0.5, times=2, rng=0, pairs=0)
        assert run.distances["Sobolev"].shape == run.distances["axial W1"].shape == (3, 2, 4)
        assert -0.9 < run.slope(0).slope < -0.2
        assert np.isnan(run.dobrushin).all()


def test_page_and_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "--n 50 100 200 --replicas 4 --t 0.5 --times 2 --out"
    assert limit.main([*words.split(), str(tmp_path)]) in (0, 1)
    told = capsys.readouterr().out
    assert "sqrt(n) W1" in told
    numbers = json.loads((tmp_path / "limit.json").read_text())
    assert np.shape(numbers["distances"]["W1"]) == (3, 2, 4)
    assert numbers["n"] == [50, 100, 200] and numbers["d"] == 2
    assert numbers["seed"] == 0 and f"numpy {np.__version__}" in numbers["version"]
    assert numbers["solution"]["t_span"] == [0.0, 0.5]
    page = (tmp_path / "limit.html").read_text()
    assert page.count("data:image/png;base64") == 8
    assert len(list(tmp_path.glob("limit-*.png"))) == 8


@pytest.mark.parametrize(("init", "slope"), [("sample", -0.5), ("quantize", -1.0)])
def test_pictures_draw_what_was_measured_beside_what_is_expected(small: Any, init: str, slope: float) -> None:
    run = replace(small, init=init)
    for ax, values in (
        (figures.rate(run, -1), run.mean[:, -1]),
        (figures.energy_gap(run), run.energy_gap[0][:, -1]),
    ):
        np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), values)
        reference = next(line for line in ax.get_lines() if "ref" in str(line.get_label()))
        x, y = np.log(np.asarray(reference.get_xydata())).T
        np.testing.assert_allclose(np.diff(y) / np.diff(x), slope)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--beta -1", "limit: --beta must be"),
        ("--n 100", "limit: --n: got"),
        ("--t 0", "limit: --t must be"),
        ("--replicas 0", "limit: --replicas must be"),
        ("--times 1", "limit: --times must be"),
        ("--times 0", "limit: --times must be"),
        ("--replicas 1 --n 10 20", "at least 3"),
        ("--beta 700", "--scale scaled"),
        ("--law USA --scale natural --beta 600", "--scale scaled"),
        ("--beta nan", "beta"),
        ("--t 1e-320", "t must be"),
        ("--t inf", "t must be"),
        ("--dim 5", "--space sphere"),
        ("--dim 0 --space sphere", "limit: --dim must be"),
        ("--dim 99999 --space sphere", "limit: --dim must be"),
        ("--n 20 10", "increasing"),
        ("--n 0 10", "n must be"),
        ("--out /dev/null", "--out"),
        ("--init quantize --n 10 20", "at least 3"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, before the density is solved for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mf, "solve", None)
    assert limit.main(words.split()) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_every_default_is_told_by_the_help() -> None:
    parsers = [limit._parser()]
    for action in pkgutil.resolve_name("validation.__main__:")._parser()._actions:
        parsers += (action.choices or {}).values() if isinstance(action.choices, dict) else []
    told = 0
    for parser in parsers:
        for action in parser._actions:
            if action.default not in (None, argparse.SUPPRESS):
                words = action.default if isinstance(action.default, list) else [action.default]
                said = " ".join(f"{word:g}" if isinstance(word, int | float) else str(word) for word in words)
                assert f"default: {said}" in (action.help or ""), (parser.prog, action.dest)
                told += 1
    assert told > 15


@pytest.mark.parametrize("words", ["--seed -1", "--seed 1.5", "--beta x", "--sign 2", "--n", "--init z", "--times 2.5"])
def test_what_is_not_understood_is_told_by_the_parser(words: str) -> None:
    with pytest.raises(SystemExit) as caught:
        limit.main(words.split())
    assert caught.value.code == 2


def test_a_run_that_breaks_off_is_no_failed_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sol = mf.solve(mf.SA(1.0), mf.uniform(mf.Circle(16)), (0.0, 1.0))
    for error, code in ((mf.RunError(sol), 2), (mf.UnresolvedError(sol), 2), (mf.Interrupted(sol), 130)):

        def broken(*_: Any, error: BaseException = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(limit, "mean_field_limit", broken)
        assert limit.main(["--out", str(tmp_path)]) == code
        assert capsys.readouterr().err
