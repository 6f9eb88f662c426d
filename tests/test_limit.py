"""The mean-field-limit experiment: small runs of it, its verdict, its page, its command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from validation import limit
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


def test_verdict_can_fail(small: Any) -> None:
    assert limit.verdict(small).outcome is Outcome.PASS
    n = small.n.astype(float)[:, None, None]
    rising = replace(small, distances={"W1": small.w1 * n})
    assert limit.verdict(rising).outcome is Outcome.FAIL


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
    assert numbers["n"] == [50, 100, 200]
    page = (tmp_path / "limit.html").read_text()
    assert page.count("data:image/png;base64") == 7
    assert len(list(tmp_path.glob("limit-*.png"))) == 7


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--beta -1", "beta"),
        ("--n 100", "n"),
        ("--t 0", "t"),
        ("--replicas 0", "replicas"),
        ("--times 1", "times"),
    ],
)
def test_what_makes_no_sense_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert limit.main(words.split()) == 2
    assert said in capsys.readouterr().err
