"""W_{2,E} on the circle: against W_2, two points in closed form, samples, SA's own speed, and itself."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.distances import w2_circle, w2_energy_circle
from meanfield.distances.circle import weighted
from meanfield.distances.circle.action import Action
from meanfield.distances.circle.series import Series
from validation.exact import two_points

pytestmark = pytest.mark.rounding

CIRCLE = mf.Circle(128)
SMALL = mf.Circle(16)


@cache
def density(name: str) -> mf.Density:
    if name == "flag":
        return CIRCLE.density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
    mean, kappa = map(float, name.split())
    return mf.von_mises_fisher(CIRCLE, [np.cos(mean), np.sin(mean)], kappa)


PAIRS = (("flag", "1 1"), ("0 1", "3.141592653589793 1"), ("0 2", "1.5 0.5"))


@cache
def geodesic(a: str, b: str, beta: float) -> Any:
    return w2_energy_circle(density(a), density(b), beta, return_path=True)


def test_at_beta_0_it_is_w2() -> None:
    for a, b in PAIRS:
        assert abs(geodesic(a, b, 0.0)[0] / w2_circle(density(a), density(b)) - 1.0) < 1e-11


def test_its_bounds_its_symmetry_and_the_triangle() -> None:
    sides = [geodesic(*pair, 4.0)[0] for pair in (("flag", "1 1"), ("1 1", "0 1"), ("flag", "0 1"))]
    assert abs(w2_energy_circle(density("1 1"), density("flag"), 4.0) / sides[0] - 1.0) < 1e-11
    plain = w2_circle(density("flag"), density("1 1"))
    assert np.exp(-2.0) * plain < sides[0] < np.exp(2.0) * plain
    assert max(sides) < sum(sides) - max(sides)


def test_derivatives_of_the_action_are_differences() -> None:
    rng = np.random.default_rng(0)
    action = Action(rng.dirichlet(np.ones(6)), 2.0, 4)
    Q = np.sort(rng.uniform(0.0, 6.0, 6)) + 0.4 * rng.standard_normal((5, 6))
    way, h = rng.standard_normal(Q.shape), 1e-5
    _, slope, bend = action.told(Q)
    ahead, behind = action.told(Q + h * way), action.told(Q - h * way)
    assert abs((ahead[0] - behind[0]) / (2.0 * h) - np.sum(slope * way)) < 1e-7 * abs(slope).max()
    off = (ahead[1] - behind[1]) / (2.0 * h) - np.einsum("abij,bj->ai", bend, way)
    assert np.abs(off).max() < 1e-7 * np.abs(bend).max()


def test_the_error_falls_exponentially_with_labels_and_with_the_degree_in_time() -> None:
    one, other = (Series(density(name).moments(64)) for name in PAIRS[2])
    W, path = geodesic(*PAIRS[2], 1.0)
    start = weighted.Course(path.weights, path.course.Q, path.course.action, path.cut, 1.0)

    def off(n: int, degree: int) -> float:
        found = weighted.joined(one, other, 1.0, n, degree, start)
        return abs(found.action / path.course.action - 1.0)

    labels, times = [off(n, 11) for n in (12, 20, 28)], [off(48, degree) for degree in (2, 4, 6)]
    for errors in (labels, times):
        assert errors[1] < 0.05 * errors[0] and errors[2] < 0.05 * errors[1], errors
    assert abs(W - path.distance) == 0.0


def test_two_points_against_a_quadrature() -> None:
    for beta in (0.0, 2.0, 9.0):
        W = w2_energy_circle([-0.3, 0.3], [-1.0, 1.0], beta)
        assert abs(W / two_points.length(0.6, 2.0, beta) - 1.0) < 1e-10
    assert abs(w2_energy_circle([0.0], [1.0], 2.0) / np.e - 1.0) < 1e-14


def test_samples_tend_to_densities() -> None:
    """Two densities that are even, so that their quantiles go to those of the same number: as fast as any power."""
    a, b = (mf.von_mises_fisher(CIRCLE, [1.0, 0.0], kappa) for kappa in (0.2, 0.8))
    W = w2_energy_circle(a, b, 1.0)
    off = [abs(w2_energy_circle(a.quantize(n), b.quantize(n), 1.0) / W - 1.0) for n in (8, 16, 32)]
    assert off[0] < 1e-2 and off[1] < 1e-4 and off[2] < 1e-7, off


def test_matchings_of_samples() -> None:
    a, b = np.array([0.0, 2.0, 4.0]), np.array([2.1, 4.1, 0.1])
    best = w2_energy_circle(a, b, 1.0)
    assert abs(best - w2_energy_circle(a, b, 1.0, matching=[2, 0, 1])) < 1e-12
    assert w2_energy_circle(a, b, 1.0, matching="index") > 5.0 * best
    assert abs(best - w2_energy_circle(a[::-1], b, 1.0)) < 1e-12
    assert w2_energy_circle(a, a, 1.0) == 0.0


def test_the_middle_of_a_geodesic_is_half_way() -> None:
    W, path = geodesic(*PAIRS[0], 4.0)
    middle = path(0.5)
    for end in PAIRS[0]:
        assert abs(2.0 * w2_energy_circle(density(end), middle, 4.0) / W - 1.0) < 1e-10
    assert np.ptp(path.speed(np.linspace(0.0, 1.0, 7))) < 1e-10 * W
    for t, name in ((0.0, PAIRS[0][0]), (1.0, PAIRS[0][1])):
        assert np.abs(path(t)(CIRCLE.nodes) - density(name)(CIRCLE.nodes)).max() < 1e-9


def test_nearby_it_is_the_speed_at_which_sa_moves() -> None:
    """|mu'|^2 = int |v|^2 Z d mu along SA's run: its dissipation."""
    h = 1e-3
    sol = mf.solve(mf.SA(4.0), density("flag"), (0.0, 2.0 * h), t_eval=[0.0, h, 2.0 * h], rtol=1e-13)
    W = w2_energy_circle(sol.densities[0], sol.densities[2], 4.0)
    assert abs(W / (2.0 * h) / np.sqrt(sol.dissipation[1]) - 1.0) < 1e-6


def test_what_has_not_settled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted, "MOST", weighted.FIRST)
    with pytest.warns(RuntimeWarning, match="still changed by .*the length of a curve"):
        w2_energy_circle(np.linspace(0.0, 0.2, 4), np.linspace(2.0, 2.5, 4), 9.0)


def test_pictures(tmp_path: Path) -> None:
    _, path = geodesic("flag", "1 1", 4.0)
    ax = path.plot()
    assert "geodesic, beta = 4" in ax.get_title(loc="left")
    assert path.animate(tmp_path / "path.gif", frames=2).exists()


def test_bad_input_is_named() -> None:
    rho, zonal = mf.perturbed_uniform(SMALL, {1: 0.3}), mf.uniform(mf.ZonalSphere(3, 8))
    empty = mf.perturbed_uniform(SMALL, {1: 1.0})
    cases: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
        (ValueError, "beta", (rho, rho, -1.0), {}),
        (ValueError, "b must be .*circle", (rho, zonal, 1.0), {}),
        (ValueError, "a: its density falls", (empty, rho, 1.0), {}),
        (TypeError, "b: got points", (rho, [0.0, 1.0], 1.0), {}),
        (ValueError, "b: got 3 points", ([0.0, 1.0], [0.0, 1.0, 2.0], 1.0), {}),
        (ValueError, "matching", ([0.0, 1.0], [0.0, 2.0], 1.0), {"matching": [0, 0]}),
        (ValueError, "matching", ([0.0, 1.0], [0.0, 2.0], 1.0), {"matching": "best"}),
        (ValueError, "matching", (rho, rho, 1.0), {"matching": "index"}),
        (ValueError, "wanted .* at most", (np.zeros(700), np.ones(700), 1.0), {}),
        (TypeError, "return_path", (rho, rho, 1.0), {"return_path": "yes"}),
    ]
    for kind, match, given, options in cases:
        with pytest.raises(kind, match=match):
            w2_energy_circle(*given, **options)
    mixed = mf.mixture([empty, mf.uniform(empty.space)], [0.999, 0.001])  # the remedy, typed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert w2_energy_circle(mixed, rho, 0.0) > 0.0
    path = geodesic("flag", "1 1", 4.0)[1]
    with pytest.raises(ValueError, match="t: got"):
        path.angles(1.5)
