"""Merging: who joins whom against the slow definition, what it costs against the formula, and runs with merge_tol."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import ANGLES, MERIDIAN, ROWS
from meanfield.methods import merging
from meanfield.protocols import Array, Stop

EPS = float(np.finfo(np.float64).eps)


def slow_groups(distance: Array, tol: float) -> Array:
    """Single linkage by flooding; a chain wider than tol stays apart."""
    n = len(distance)
    labels = np.arange(n)
    for _ in range(n):
        near = distance <= tol
        labels = np.array([labels[near[i]].min() for i in range(n)])
    for g in np.unique(labels):
        mine = np.flatnonzero(labels == g)
        if distance[np.ix_(mine, mine)].max() > tol:
            labels[mine] = mine
    return np.asarray(np.unique(labels, return_inverse=True)[1])


def arcs(theta: Array) -> Array:
    d = np.abs(theta[:, None] - theta[None]) % (2.0 * np.pi)
    return np.minimum(d, 2.0 * np.pi - d)


@pytest.mark.parametrize("seed", range(5))
def test_groups_on_the_line_and_the_circle_are_those_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.concatenate([c + 0.01 * rng.standard_normal(4) for c in rng.uniform(-20.0, 20.0, 12)])
    rng.shuffle(x)
    tol = 0.03
    for found, distance in (
        (geometry.line_groups(x, tol), np.abs(x[:, None] - x[None])),
        (geometry.circle_groups(x, tol), arcs(x)),
    ):
        assert found is not None and found.max() < len(x) - 1
        np.testing.assert_array_equal(found, slow_groups(distance, tol))
    assert geometry.line_groups(x, 1e-9) is None and geometry.circle_groups(x, 1e-9) is None
    assert geometry.circle_groups(np.linspace(0.0, 2.0 * np.pi, 100), 0.1) is None  # one chain all around
    seam = geometry.circle_groups(np.array([1.0, -0.001, 0.001, 2.0 * np.pi - 0.002]), 0.01)
    np.testing.assert_array_equal(seam, [0, 1, 1, 1])


@pytest.mark.parametrize("d", [3, 8])
def test_groups_of_rows_are_those_of_the_definition(d: int) -> None:
    rng = np.random.default_rng(d)
    centres = np.repeat(pt.uniform(15, d, rng), 4, axis=0)
    # pairs far apart on the scale of tol, members near: the slow definition's diameter and our radius then agree
    x = geometry.retract(centres + 0.001 * rng.standard_normal(centres.shape))[rng.permutation(60)]
    chain = geometry.to_rows(0.02 * np.arange(6))  # every step below tol, the whole above
    x = np.concatenate([x, np.pad(chain, ((0, 0), (0, d - 2)))])
    tol = 0.03
    distance = 2.0 * np.arcsin(np.linalg.norm(x[:, None] - x[None], axis=-1) / 2.0)
    found = ROWS.groups(x, tol)
    assert found is not None
    np.testing.assert_array_equal(found, slow_groups(distance, tol))
    assert len(set(found[-6:])) == 6
    assert ROWS.groups(x[:1], tol) is None


@pytest.mark.rounding
def test_one_tight_cluster_of_many_points_is_found_without_their_pairs() -> None:
    rng = np.random.default_rng(0)
    x = geometry.retract(np.array([0.0, 0.0, 1.0]) + 1e-8 * rng.standard_normal((10_000, 3)))
    labels = ROWS.groups(x, 1e-6)
    assert labels is not None and not labels.any()
    centre, mass = ROWS.centres(x, np.full(10_000, 1e-4), labels)
    assert centre.shape == (1, 3) and mass[0] == pytest.approx(1.0, abs=10_000 * EPS)


@pytest.mark.parametrize("d", [2, 5])
def test_a_group_of_rows_is_no_wider_than_the_tolerance(d: int) -> None:
    """Two points on either side of a third, each within tol of it and 1.6 tol from the other."""
    tol = 0.02
    theta = np.array([0.0, 0.8 * tol, -0.8 * tol])
    x = np.pad(geometry.to_rows(theta), ((0, 0), (0, d - 2)))
    assert geometry.row_groups(x, tol) is None
    narrow = np.pad(geometry.to_rows(0.6 * theta), ((0, 0), (0, d - 2)))
    labels = geometry.row_groups(narrow, tol)
    assert labels is not None and not labels.any()


@pytest.mark.rounding
def test_centres_and_masses() -> None:
    theta, w = np.array([0.2, 3.0, 0.3, 2.0 * np.pi + 0.25]), np.array([0.1, 0.5, 0.3, 0.1])
    centre, mass = ANGLES.centres(theta, w, np.array([0, 1, 0, 0]))
    rows, again = ROWS.centres(geometry.to_rows(theta), w, np.array([0, 1, 0, 0]))
    few = 8.0 * EPS
    np.testing.assert_allclose(mass, [0.5, 0.5], rtol=few)
    np.testing.assert_array_equal(mass, again)
    mean = w[[0, 2, 3]] @ geometry.to_rows(theta[[0, 2, 3]])
    np.testing.assert_allclose(rows[0], mean / np.linalg.norm(mean), rtol=0.0, atol=few)
    np.testing.assert_allclose(centre, geometry.to_angles(rows), rtol=0.0, atol=few)
    assert centre[1] == 3.0
    line, _ = MERIDIAN.centres(theta[:3], w[:3], np.array([0, 1, 0]))
    np.testing.assert_allclose(line, [0.275, 3.0], rtol=few)
    nobody, none = ANGLES.centres(theta[:2], np.zeros(2), np.zeros(2, dtype=int))
    assert none[0] == 0.0 and nobody[0] == pytest.approx(1.6, abs=few)


# --- what it costs -------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize(
    "law", [mf.SA(4.0), mf.USA(4.0), mf.SA(64.0), mf.USA(16.0, scale="scaled"), mf.SA(16.0, sign=-1)]
)
@pytest.mark.parametrize("d", [2, 5])
def test_the_change_is_that_of_the_force(law: Any, d: int) -> None:
    """(delta^2 / 8) max |f'' / f| for f = e^{beta cos} sin; SA's own normaliser hardly counts at these beta."""
    theta = np.linspace(0.05, math.pi - 0.05, 2001)
    beta, delta = law.beta, 1e-3
    force = np.abs(beta**2 * np.sin(theta) ** 2 - 3.0 * beta * np.cos(theta) - 1.0).max() * delta**2 / 8.0
    assert merging.change(law, d, delta) == pytest.approx(force, rel=0.02)
    assert merging.change(law, d, 1e-6) == pytest.approx(1e-6 * merging.change(law, d, delta), rel=1e-12)
    assert merging.change(law, d, 0.01) == pytest.approx(100.0 * merging.change(law, d, delta), rel=0.05)


def test_a_tolerance_that_would_change_the_answer_is_refused() -> None:
    law = mf.SA(4.0)
    assert merging.checked("merge_tol", law, 3, 2e-5, 1e-9) == 2e-5
    with pytest.raises(ValueError, match=r"merge_tol must.*0\.001.*2\.1e-06.*take merge_tol = 2\.1e-05") as said:
        merging.checked("merge_tol", law, 3, 1e-3, 1e-9)
    largest = float(str(said.value).split("take merge_tol = ")[1].split()[0])
    assert merging.checked("merge_tol", law, 3, largest, 1e-9) == largest
    for bad in (0.0, -1.0, math.nan, 2.0):
        with pytest.raises(ValueError, match="merge_tol"):
            merging.checked("merge_tol", law, 3, bad, 1e-9)
    with pytest.raises(ValueError, match=r"merge_tol.*no velocity"):
        pt.simulate(law, [0.0, 1.0], (0.0, 1.0), merge_tol=1e-2)
    assert pt.simulate(law, [0.0, 1.0], (0.0, 1.0), merge_tol=1e-3, rtol=1e-5).success


def test_replicas_and_noise_do_not_merge() -> None:
    with pytest.raises(ValueError, match=r"merge_tol.*replicas"):
        pt.simulate(mf.SA(1.0), np.zeros((2, 3)), (0.0, 1.0), angles=True, merge_tol=1e-6)
    with pytest.raises(ValueError, match=r"merge_tol.*noise"):
        pt.simulate(mf.SA(1.0), [0.0, 1.0], (0.0, 1.0), merge_tol=1e-6, diffusion=0.1, method="heun", step=0.1)


def test_points_of_flat_space_do_not_merge() -> None:
    with pytest.raises(ValueError, match=r"merge_tol.*R\^d.*leave it out"):
        pt.simulate(mf.SA(1.0, geometry="flat"), np.eye(3), (0.0, 1.0), merge_tol=1e-6, rtol=1e-6)


# --- runs ----------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize("d", [2, 3])
def test_merging_changes_the_run_in_second_order_and_unknowns_fall(d: int, tmp_path: Any) -> None:
    law, end = mf.SA(9.0), 30.0
    x0 = pt.uniform_angles(40, 1) + 7.0 * np.arange(40) if d == 2 else pt.uniform(40, 3, 1)
    w = np.random.default_rng(1).dirichlet(np.ones(40))
    options: dict[str, Any] = {"weights": w, "rtol": 1e-11, "atol": 1e-13}
    without = pt.simulate(law, x0, (0.0, end), **options)
    traj = pt.simulate(law, x0, (0.0, end), merge_tol=9e-7, **options)
    assert traj.x.shape == without.x.shape and traj(end).n < 12
    # what has merged is 1e-6 apart elsewhere
    np.testing.assert_allclose(traj.x, without.x, rtol=0.0, atol=3e-6)
    np.testing.assert_array_equal(traj.weights, without.weights)
    assert traj.energy[-1] == pytest.approx(without.energy[-1], rel=1e-10)
    np.testing.assert_allclose(
        traj.energy - traj.energy[0], traj.dissipated + traj.jumped, rtol=0.0, atol=1e-9 * np.ptp(traj.energy)
    )
    assert 0.0 < traj.jumped[-1] < 1e-9 * traj.energy[-1]

    assert len({m.members[0] for m in traj.merges}) >= traj(end).n - 5
    times = [m.t for m in traj.merges]
    assert times == sorted(times) and times[0] > 0.0 and times[-1] < end
    for merge in traj.merges:
        assert merge.mass == pytest.approx(w[merge.members].sum(), rel=1e-13)
        assert set(merge.parts) <= set(merge.members.tolist()) and len(merge.parts) > 1
        there = without(merge.t).points[merge.members[0]]
        assert np.abs(merge.position - there).max() < 3e-6
    assert traj.labels.shape == (101, 40) and len(set(traj.labels[-1])) == traj(end).n
    assert np.all(traj.labels[0] == np.arange(40))

    traj.save(tmp_path / "run.nc")
    again = pt.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(again.x, traj.x)
    np.testing.assert_array_equal(again.labels, traj.labels)
    np.testing.assert_array_equal(again.merges[-1].members, traj.merges[-1].members)
    np.testing.assert_array_equal(again(0.5 * end + 0.01).points, traj(0.5 * end + 0.01).points)


def test_a_trajectory_saved_late_knows_all_its_points() -> None:
    traj = pt.simulate(mf.SA(1.0), [0.0, 0.1, 0.2], (0.0, 40.0), [30.0, 40.0], merge_tol=1e-5, rtol=1e-9)
    assert traj.x.shape == (2, 3) and traj.weights.shape == (3,) and traj.states[0].shape == (1,)
    np.testing.assert_allclose(traj.x, 0.1, rtol=0.0, atol=1e-9)
    assert len(traj.labels[0]) == 3 and not traj.labels.any()


@pytest.mark.rounding
def test_few_angles_pull_each_other_exactly() -> None:
    """At beta = 64 the pull across 2 rad is e^-91 of the self-attention, which must drop out exactly."""
    traj = pt.simulate(mf.SA(64.0), [0.3, 2.3], (0.0, 1.0), [1.0])
    mu = traj.segments[0].form.measure(np.array([0.3, 2.3]))
    v = mf.SA(64.0).velocity(0.0, None, mu)[:, 0]
    exact = math.sin(2.0) * math.exp(64.0 * (math.cos(2.0) - 1.0))
    np.testing.assert_allclose(v, [exact, -exact], rtol=8.0 * 91.0 * EPS)  # of the exponent
    many = mf.Points(np.array([0.3, 2.3]), field="direct")
    np.testing.assert_allclose(mf.USA(3.0).velocity(0.0, None, mu), mf.USA(3.0).velocity(0.0, None, many), rtol=1e-13)


@dataclass(frozen=True)
class Sharper(mf.Law):
    """SA with beta = 1 + rate t: what may be taken for one at first may not later."""

    rate: float
    isotropic = True
    autonomous = False

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(1.0 + self.rate * t, scale="scaled").velocity(t, x, mu)

    def divergence(self, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(1.0 + self.rate * t, scale="scaled").divergence(t, x, mu)


def test_the_cost_of_merging_is_that_of_all_times() -> None:
    """It was measured at t = 0: at merge_tol = 3e-5 a run to beta = 401 came 2e-6 off with rtol = 1e-9."""
    x, law, t_span = np.random.default_rng(1).random(12) * 6.0, Sharper(50.0), (0.0, 8.0)
    with pytest.raises(ValueError, match=r"merge_tol must.*take merge_tol = ") as said:
        pt.simulate(law, x, t_span, [8.0], merge_tol=3e-5)
    largest = float(str(said.value).split("take merge_tol = ")[1].split()[0])
    one, all_of_them = (pt.simulate(law, x, t_span, [8.0], merge_tol=tol) for tol in (largest, None))
    np.testing.assert_allclose(one.x, all_of_them.x, rtol=0.0, atol=1e-7)


def test_the_cost_of_merging_is_that_of_the_moment_of_a_merger() -> None:
    """Seen: measured at both ends of the span, whatever came between them, and not again by a longer run."""
    x = [0.0, 0.3, 0.9, 3.0]
    flash = mf.SA(lambda t: 1.0 + 60.0 * math.exp(-(((t - 10.0) / 4.0) ** 2)), scale="scaled")
    with pytest.raises(mf.RunError, match=r"The law changed.*At t = .*take merge_tol = ") as told:
        pt.simulate(flash, x, (0.0, 30.0), merge_tol=3e-5)
    run: Any = told.value.solution
    assert 8.0 < run.end < 14.0 and not run.merges
    short = pt.simulate(Sharper(2.0), x, (0.0, 0.5), merge_tol=3e-5)
    with pytest.raises(mf.RunError, match=r"The law changed.*take merge_tol = "):
        mf.resume(short, 30.0)


def test_a_density_makes_no_atoms_that_would_be_seen_by_then() -> None:
    rho0 = mf.Circle(64).density(lambda s: 1.0 + 0.9 * np.cos(s))
    flow, y = mf.Lagrangian(merge_tol=1e-3).bind(Sharper(3.0), rho0, 1e-5, 1e-8)
    form: Any = flow.form
    s, _, _ = form.parts(y)
    y[: s.size] *= 1e-4  # all of it has gathered at 0
    change = flow.review(0.0, y, 0.0, y)
    assert change is not None and (change.method.form.atom >= 0).any()
    with pytest.raises(Stop, match=r"At t = 12: merge_tol must.*take merge_tol = "):
        flow.review(12.0, y, 12.0, y)
