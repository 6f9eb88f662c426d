"""Many clusters in log time: against plain particles, and from runs that merge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pairs import KINDS, both

import meanfield as mf
import particles as pt
from meanfield.geometry import ANGLES
from meanfield.methods.late import collapsed
from particles.longtime import longtime

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)


# --- many clusters --------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("d", [2, 3])
def test_many_clusters_move_as_plain_particles(kind: str, d: int) -> None:
    law = KINDS[kind](9.0, scale="relative")
    rng = np.random.default_rng(8)
    x, w = (pt.uniform_angles(8, 6) if d == 2 else pt.uniform(8, 3, 6)), rng.dirichlet(np.full(8, 5.0))
    run = longtime(law, x, w, math.log(3.0), log_t_eval=np.log([0.3, 1.0, 3.0]))
    plain = pt.simulate(law, x, (0.0, 3.0), [0.3, 1.0, 3.0], weights=w, rtol=1e-12, atol=1e-14)
    lone = run.labels == np.arange(8)
    assert len(run.merges) < 7
    for k in range(3):
        alone = lone[k] & (np.bincount(run.labels[k], minlength=8) == 1)
        # merging at 1e-3 is felt in second order, (9^2 / 8) 1e-6
        np.testing.assert_allclose(run.x[k][alone], plain.x[k][alone], rtol=0.0, atol=1e-4 if run.merges else 1e-9)
        np.testing.assert_allclose(run.x[k], plain.x[k], rtol=0.0, atol=2e-3)
    quiet = run.log_t < (run.merges[0].log_t if run.merges else 100.0)
    np.testing.assert_allclose(run.x[quiet], plain.x[quiet], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(run.energy[quiet], plain.energy[quiet], rtol=1e-9)


@pytest.mark.parametrize("d", [2, 3])
def test_ten_clusters_become_one_at_e_to_the_140(d: int, tmp_path: Any) -> None:
    x = pt.uniform_angles(10, 2) if d == 2 else pt.uniform(10, 3, 2)
    run = longtime(mf.SA(64.0), x, log_t_end=140.0)
    logs = [m.log_t for m in run.merges]
    assert run.success and logs == sorted(logs) and run.counts[0] == 10 and run.counts[-1] == 10 - len(run.merges)
    assert logs[-1] > 60.0 and np.all(np.diff(run.energy) >= -1e-13 * run.energy[-1])
    assert run.energy[-1] - run.energy[0] > 0.0 and 0.0 < run.jumped[-1] < 1e-3 * run.energy[-1]
    np.testing.assert_allclose([m.sum() for m in run.masses], 1.0, rtol=1e-14)
    if len(run.merges) == 9:
        (last,) = run.centres[-1]
        np.testing.assert_allclose(run.merges[-1].position, last, rtol=0.0, atol=8.0 * EPS * np.abs(last).max())
    assert run.x.shape == ((101, 10) if d == 2 else (101, 10, 3))

    run.save(tmp_path / "run.nc")
    again = pt.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(again.log_t, run.log_t)
    np.testing.assert_array_equal(again.x, run.x)
    assert [m.log_t for m in again.merges] == logs and again.error_bound == run.error_bound == 0.0
    np.testing.assert_array_equal(again(50.0).points, run(50.0).points)
    np.testing.assert_array_equal(again.labels, run.labels)


def test_a_smaller_merge_gap_changes_later_times_in_second_order_at_most() -> None:
    x, law = [0.0, 0.45, 1.6, 3.3, 4.0], mf.SA(16.0)
    finest = np.array([m.log_t for m in longtime(law, x, None, 60.0, 1e-5).merges])
    off = [np.abs([m.log_t for m in longtime(law, x, None, 60.0, g).merges][-1] - finest[-1]) for g in (0.02, 0.01)]
    assert len(finest) == 4 and 3.0 < off[0] / off[1] < 12.0
    assert off[1] < 16.0**2 * 0.01**2


# --- from runs ------------------------------------------------------------------------------------------------


def test_two_hundred_particles_by_merging_and_then_to_e_to_the_100() -> None:
    law = mf.SA(64.0)
    traj = pt.simulate(law, pt.uniform_angles(200, 0), (0.0, 60.0), merge_tol=1e-6)
    run = longtime(law, traj, log_t_end=100.0)
    assert run.log_t[0] == pytest.approx(math.log(60.0)) and run.counts[0] == traj(60.0).n < 20
    assert len(run.merges) == run.counts[0] - run.counts[-1] and run.counts[-1] <= 3
    assert run.x.shape == (101, 200) and run.error_bound == 0.0
    np.testing.assert_allclose(run.x[0] % 6.283185307179586, traj.x[-1] % 6.283185307179586, rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(run.labels[0], traj.labels[-1])
    last = run.merges[-1]
    assert last.mass == pytest.approx(len(last.members) / 200.0, rel=1e-12)
    # the same in two stretches
    first = longtime(law, traj, log_t_end=math.log(1e6))
    second = longtime(law, first, log_t_end=100.0)
    joined = [m.log_t for m in (*first.merges, *second.merges)]
    np.testing.assert_allclose(joined, [m.log_t for m in run.merges], rtol=1e-9)
    np.testing.assert_array_equal(second.labels[-1], run.labels[-1])


def test_from_clusters_with_width_the_bound_holds() -> None:
    """Two narrow clouds of ten points each, followed as points and as clusters; and from a density."""
    law, rng = mf.SA(9.0), np.random.default_rng(5)
    cloud = np.concatenate([0.02 * rng.standard_normal(10), 1.0 + 0.02 * rng.standard_normal(10)])
    exact = longtime(law, cloud, log_t_end=12.0, merge_gap=1e-4)
    found = longtime(law, cloud, log_t_end=12.0, merge_gap=1e-4, cluster_gap=0.2)
    assert found.counts[0] == 2 and found.x.shape == (101, 2)
    assert 0.0 < found.error_bound < 0.05
    late = exact.merges[-1].log_t
    assert 0.0 < abs(found.merges[-1].log_t - late) < found.error_bound
    rho = mf.mixture([mf.von_mises_fisher(mf.Circle(512), m, 900.0) for m in (1.0, 3.0)], [0.4, 0.6])
    run = longtime(law, rho, log_t_end=12.0)
    width = 1.0 / math.sqrt(900.0)
    assert run.error_bound == pytest.approx(0.5 * (81.0 + 27.0 + 1.0) * width**2, rel=1e-2)
    np.testing.assert_allclose(np.sort(run.masses[0]), [0.4, 0.6], rtol=1e-9)
    with pytest.raises(ValueError, match=r"x: its clusters are up to .* contract first"):
        longtime(law, mf.von_mises_fisher(mf.Circle(64), 1.0, 4.0), log_t_end=12.0)


def test_points_at_the_start_within_the_gap_are_one() -> None:
    run = longtime(mf.SA(4.0), [0.3, 0.3004, 2.0], [0.25, 0.25, 0.5], log_t_end=1.0)
    assert run.counts[0] == 2 and run.error_bound == pytest.approx(0.5 * 29.0 * 0.0002**2, rel=1e-6)
    np.testing.assert_array_equal(run.labels[0], [0, 0, 2])
    x, w, labels = collapsed(np.array([0.0, 0.9e-3, 1.8e-3, 3.0]), np.full(4, 0.25), 1e-3, ANGLES)
    assert len(x) == 3 and w[0] == 0.5 and labels.tolist() == [0, 0, 1, 2]
    alone = longtime(mf.USA(4.0), [0.3], log_t_end=100.0)
    assert alone.merges == () and np.all(alone.x == 0.3) and alone.log_t[-1] == pytest.approx(100.0, rel=1e-14)
