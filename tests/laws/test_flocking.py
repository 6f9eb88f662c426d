"""Flocks: positions with velocities or headings, against printed loops and what is known in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import FLAT, ROWS, Product
from meanfield.protocols import Array
from validation.exact import ode, opinions

pytestmark = pytest.mark.rounding


@mf.register
@dataclass(frozen=True)
class Tail:
    """(1 + s)^-gamma."""

    gamma: float

    def __call__(self, s: Any) -> Any:
        return (1.0 + s) ** -self.gamma


def flock(n: int, d: int, seed: int, unit: bool = False) -> Array:
    rng = np.random.default_rng(seed)
    v = rng.standard_normal((n, d))
    return np.concatenate([rng.standard_normal((n, d)), geometry.retract(v) if unit else v], axis=-1)


def test_cucker_and_smale_s_flock_is_the_printed_loop() -> None:
    """Six of different masses in the plane, t = 2; the mean velocity is kept, the rest of it dissipated."""
    x, w, psi = flock(6, 2, 0), np.random.default_rng(1).dirichlet(np.ones(6)), Tail(0.3)
    law, times = mf.CuckerSmale(psi, 2.0), np.linspace(0.0, 2.0, 5)
    run = pt.simulate(law, x, (0.0, 2.0), times, weights=w, rtol=1e-12, atol=1e-13)

    def printed(t: float, y: Array) -> Array:
        z = y.reshape(6, 4)
        turn = 2.0 * opinions.follows(z[:, :2], z[:, 2:], w, psi)
        return np.concatenate([z[:, 2:], turn], axis=1).ravel()

    exact = ode.integrate(printed, x.ravel(), [2.0], rtol=1e-12, atol=1e-14)[1][-1].reshape(6, 4)
    np.testing.assert_allclose(run.x[-1], exact, rtol=0.0, atol=1e-10)
    kept = run.quantity("momentum")
    np.testing.assert_allclose(kept, np.broadcast_to(w @ x[:, 2:], kept.shape), rtol=0.0, atol=1e-12)
    assert run.law.keeps == ("momentum",) and np.all(np.diff(run.energy) < 0.0)
    assert abs(run.gained[-1] - run.dissipated[-1]) < 1e-10


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_two_birds(speed: float) -> None:
    """psi = 1 / (1 + s), K = 1: u + arctan r is kept; below the threshold they end with one velocity."""
    together, end = opinions.two_birds(1.0, 0.2, speed)
    x = np.array([[0.0, 0.0], [0.2, speed]])
    run = pt.simulate(mf.CuckerSmale(Tail(1.0)), x, (0.0, 60.0), np.linspace(0.0, 60.0, 5), rtol=1e-12, atol=1e-13)
    r, u = np.diff(run.x, axis=1)[:, 0].T
    np.testing.assert_allclose(u + np.arctan(r), speed + np.arctan(0.2), rtol=0.0, atol=1e-11)
    assert together == (speed < 1.0)
    assert abs(r[-1] - end) < 1e-10 if together else abs(u[-1] - end) < 1.0 / r[-1] + 1e-6


def test_vicsek_s_flock_is_the_printed_loop() -> None:
    """Seven in space, of which some do not see one another, t = 1.5, against headings turned by the averages."""
    x, law = flock(7, 3, 3, unit=True), mf.Vicsek(Tail(2.0), coupling=1.5, speed=0.7)
    run = pt.simulate(law, x, (0.0, 1.5), [0.0, 1.5], rtol=1e-12, atol=1e-13)

    def printed(t: float, y: Array) -> Array:
        z = y.reshape(7, 6)
        place, u = z[:, :3], z[:, 3:]
        a = Tail(2.0)(np.sum(np.square(place[:, None] - place[None]), axis=-1))
        mean = (a / a.sum(axis=1, keepdims=True)) @ u
        turn = 1.5 * (mean - np.sum(mean * u, axis=1, keepdims=True) * u)
        return np.concatenate([0.7 * u, turn], axis=1).ravel()

    exact = ode.integrate(printed, x.ravel(), [1.5])[1][-1].reshape(7, 6)
    np.testing.assert_allclose(run.x[-1], exact, rtol=0.0, atol=1e-10)
    order = run.quantity("order")
    np.testing.assert_allclose(order[-1], np.linalg.norm(exact[:, 3:].mean(axis=0)), rtol=0.0, atol=1e-10)


def test_headings_alone_shake() -> None:
    """Without coupling E <u(t), u(0)> = e^{-kappa (d - 1) t}; positions go along, and do not shake."""
    x = np.broadcast_to([0.0, 0.0, 0.0, 1.0, 0.0, 0.0], (5_000, 1, 6))  # each a replica of its own
    law = mf.Vicsek(Tail(1.0), coupling=0.0, speed=2.0, kappa=0.25)
    run = pt.simulate(law, x, (0.0, 1.0), [1.0], method="heun", step=0.1, rng=0)
    u = run.x[-1, :, 0, 3]
    assert abs(u.mean() - np.exp(-0.5)) < 4.5 * u.std() / np.sqrt(len(u))
    assert np.abs(np.linalg.norm(run.x[-1, ..., 3:], axis=-1) - 1.0).max() < 1e-15 * 8
    gone = run.x[-1, :, 0, 0]
    assert abs(gone.mean() - 2.0 * (1.0 - np.exp(-0.5)) / 0.5) < 4.5 * gone.std() / np.sqrt(len(gone)) + 1e-3
    told = law.noise(0.0, None, mf.Points(x[0], geometry=Product(FLAT, ROWS)))
    np.testing.assert_allclose(told, np.sqrt(0.5) * np.array([0, 0, 0, 1, 1, 1]), rtol=1e-15, atol=0.0)


def test_flocks_in_sums_on_graphs_and_on_the_disk(tmp_path: Any) -> None:
    law = mf.Masked(mf.CuckerSmale(Tail(0.5)), np.eye(4)) + mf.CuckerSmale(Tail(0.2))
    assert law.place == Product(FLAT, FLAT)
    x = flock(4, 2, 5)
    run = pt.simulate(law, x, (0.0, 0.1), [0.1])
    assert run.geometry == Product(FLAT, FLAT)
    mu = mf.Points(x, geometry=law.place)
    alone, told = (one.velocity(0.0, mu.x, mu) for one in (mf.CuckerSmale(Tail(0.2)), law))
    np.testing.assert_allclose(told[:, 2:], alone[:, 2:], rtol=0.0, atol=1e-14)
    np.testing.assert_array_equal(told[:, :2], x[:, 2:])  # x' = v, once
    birds = mf.CuckerSmale(Tail(0.2))
    once, twice = birds.quantities(0.0, mu), (birds + birds).quantities(0.0, mu)
    np.testing.assert_array_equal(twice["momentum"], once["momentum"])  # of the flock, not of who moves it
    assert twice["energy"] == once["energy"] and "dissipation" not in twice
    run = pt.simulate(mf.CuckerSmale(Tail(0.5)), x, (0.0, 1.0), [0.0, 1.0])
    run.save(tmp_path / "flock.nc")
    kept = mf.load(tmp_path / "flock.nc")
    assert kept.geometry == run.geometry and kept.law == run.law
    np.testing.assert_allclose(kept.quantity("energy"), run.energy, rtol=1e-14, atol=0.0)
    assert abs(run(1.0).energy(run.law) - run.energy[-1]) < 1e-15 * 8


@pytest.mark.parametrize("method", ["dop853", "lie", "strang"])
def test_a_sum_of_flocks_goes_as_fast_as_one(method: Any) -> None:
    """Two halves of a coupling are the whole; x' was 2 v, in sums, in sums of sums, and part by part."""
    half, tail = mf.CuckerSmale(Tail(0.3), coupling=0.5), mf.CuckerSmale(Tail(0.3), coupling=0.0)
    x = flock(5, 2, 3)
    options = {"method": method, **({} if method == "dop853" else {"step": 0.05})}
    run = pt.simulate(half + (mf.Masked(half, np.ones((5, 5))) + tail), x, (0.0, 1.0), [1.0], **options)
    whole = pt.simulate(mf.CuckerSmale(Tail(0.3)), x, (0.0, 1.0), [1.0])
    room = {"dop853": 1e-8, "lie": 0.1, "strang": 1e-3}[method]
    np.testing.assert_allclose(run.x, whole.x, rtol=0.0, atol=room)
    birds = mf.Vicsek(Tail(1.0), speed=2.0)
    y = np.concatenate([x[:, :2], x[:, 2:] / np.linalg.norm(x[:, 2:], axis=1, keepdims=True)], axis=1)
    mu = mf.Points(y, geometry=birds.place)
    np.testing.assert_array_equal((birds + birds).velocity(0.0, mu.x, mu)[:, :2], 2.0 * y[:, 2:])


def test_who_is_refused() -> None:
    bad: Any = {"phi": 3}
    x, birds = np.ones((3, 4)), mf.CuckerSmale(Tail(1.0))
    for tried, what in (
        (lambda: mf.CuckerSmale(bad["phi"]), "phi: wanted a function"),
        (lambda: mf.CuckerSmale(lambda s: -s), "phi: at the squared distance"),
        (lambda: mf.CuckerSmale(Tail(1.0), coupling=np.inf), "coupling"),
        (lambda: mf.Vicsek(Tail(1.0), kappa=-1.0), "kappa"),
        (lambda: mf.Vicsek(Tail(1.0), speed=np.nan), "speed"),
        (lambda: pt.simulate(birds, np.ones((3, 3)), (0.0, 1.0)), r"x0 must be rows \(..., n, 2 d\)"),
        (lambda: pt.simulate(mf.Vicsek(Tail(1.0)), x, (0.0, 1.0)), r"x0 \(the second 2 components\)"),
        (lambda: pt.simulate(birds, x, (0.0, 1.0), geometry="flat"), "x0: .*law.place"),
        (lambda: mf.Points(x, geometry="flat").energy(birds), "law: .*law.place"),
        (lambda: birds + mf.Vicsek(Tail(1.0)), "terms move points of different geometries"),
        (lambda: mf.Vicsek(Tail(1.0)) + mf.Vicsek(Tail(1.0), speed=2.0), "at speeds of their own"),
        (lambda: birds + mf.SA(1.0, geometry="flat"), "scores rows as they stand"),
        (lambda: mf.Krause(Tail(1.0)) + (birds + birds), "scores rows as they stand"),
        (lambda: mf.solve(birds, mf.uniform(mf.Circle(16)), (0.0, 1.0)), "law: "),
        (lambda: pt.simulate(birds, x, (0.0, 1.0), merge_tol=1e-6), "merge_tol"),
    ):
        with pytest.raises((ValueError, TypeError), match=what):
            tried()
