"""Tokens are taken for one where the flow brings them closer, and nowhere else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.methods import merging
from meanfield.methods.merging.gathering import growth
from meanfield.protocols import Stop

pytestmark = pytest.mark.rounding

SADDLE = mf.Linear(np.diag([-1.0, 1.0]))
"""theta' = sin 2 theta: tokens part at 0 and gather at pi / 2."""


def test_tokens_that_the_flow_parts_do_not_merge() -> None:
    """Seen: both at 0 for ever, and not at +-pi / 2: tan theta grows like e^{2 t}."""
    x0 = 3e-10
    run = pt.simulate(SADDLE, [x0, -x0], (0.0, 30.0), [11.0, 30.0], merge_tol=1e-6, rtol=1e-9, atol=1e-18)
    exact = math.atan(math.tan(x0) * math.exp(22.0))
    np.testing.assert_allclose(run.theta[0], [exact, -exact], rtol=1e-6)
    np.testing.assert_allclose(np.abs(run.theta[1]), 0.5 * np.pi, rtol=1e-9)
    assert not run.merges
    both = pt.simulate(SADDLE, [0.5, 0.6, -0.5], (0.0, 30.0), [30.0], merge_tol=1e-6, rtol=1e-9)
    assert [m.members.tolist() for m in both.merges] == [[0, 1]]  # at pi / 2, and -pi / 2 by itself


def test_of_groups_those_that_widen_are_left() -> None:
    mu = mf.Points([3e-10, -3e-10, 1.5, 1.5 + 1e-9, 0.0])
    np.testing.assert_array_equal(merging.gathered(SADDLE, 0.0, mu, np.array([0, 0, 1, 1, 0])), [0, 1, 2, 2, 3])
    assert merging.gathered(SADDLE, 0.0, mu, np.array([0, 0, 1, 2, 0])) is None
    all_of_them = np.array([0, 0, 1, 1, 0])
    assert merging.gathered(mf.SA(1.0), 0.0, mu, all_of_them) is all_of_them


def test_a_law_that_repels_is_refused_by_name() -> None:
    """Seen: [0, 0] of two tokens that part by sin."""
    for law in (mf.SA(4.0, sign=-1), mf.USA(1.0, sign=-1), mf.Kuramoto(0.0, coupling=-1.0)):
        with pytest.raises(ValueError, match=r"merge_tol: .* parts tokens.*leave it out"):
            pt.simulate(law, [0.0, 1e-9], (0.0, 1.0), merge_tol=1e-6)
    with pytest.raises(ValueError, match=r"merge_gap: .*repels.*take merge_gap = 2\.5e-05"):
        pt.longtime(mf.SA(4.0, sign=-1), [0.0, 5e-5, 2.0], log_t_end=3.0)
    run = pt.longtime(mf.SA(4.0, sign=-1), [0.0, 5e-5, 2.0], log_t_end=3.0, merge_gap=2.5e-5)
    assert len(run.masses[-1]) == 3


def test_how_fast_near_tokens_part_is_the_field_s_derivative() -> None:
    """Of V y alone, P_x V c about c: -<c, V c> in every direction; of Linear the eigenvalues' differences."""
    V = np.array([[1.0, 0.4, 0.0], [0.0, -2.0, 0.3], [0.1, 0.0, 0.5]])
    c = geometry.retract(np.random.default_rng(0).standard_normal((4, 3)))
    g, unsure = merging.alone(mf.SA(3.0, V=V), 0.0, c)
    np.testing.assert_allclose(g, -np.einsum("mi,ij,mj->m", c, V, c), rtol=0.0, atol=1e-8)
    assert np.all(unsure < 1e-7)
    g, _ = merging.alone(mf.Linear(np.diag([3.0, 1.0, -1.0])), 0.0, np.eye(3))
    np.testing.assert_allclose(g, [-2.0, 2.0, 4.0], rtol=0.0, atol=1e-8)
    mu = mf.Points([0.0, 2.0, 2.5])
    at, h = mu.x[:1], 1e-4
    law, s = mf.USA(2.0), np.array([h, -h])
    x = geometry.to_rows(s)
    v = np.sum(law.velocity(0.0, x, mu) * np.stack([-np.sin(s), np.cos(s)], axis=-1), axis=-1)
    assert growth(law, 0.0, mu, at)[0][0] == pytest.approx((v[0] - v[1]) / (2.0 * h), rel=1e-6)


def test_of_a_saddle_in_space_no_direction_is_forgotten() -> None:
    """Two tokens apart along the direction that contracts, where another expands."""
    law = mf.Linear(np.diag([0.0, -1.0, 1.0]))
    x0 = geometry.retract(np.array([[1.0, 1e-7, 1e-12], [1.0, -1e-7, -1e-12]]))
    run = pt.simulate(law, x0, (0.0, 40.0), [40.0], merge_tol=1e-6, rtol=1e-9)
    np.testing.assert_allclose(run.x[-1, :, 2], [1.0, -1.0], rtol=1e-6)


def test_a_law_that_comes_to_part_them_ends_the_run() -> None:
    """V = cos t gathers tokens, and parts them from pi / 2 on."""
    law = mf.SA(1.0, V=lambda t: math.cos(t) * np.eye(2))
    x = [0.0, 0.15, 1.5]
    with pytest.raises(mf.RunError, match=r"At t = .* parts tokens that have become one.*leave merge_tol out") as told:
        pt.simulate(law, x, (0.0, 3.0), merge_tol=0.1, rtol=0.3, method="rk4", step=0.1)
    run: Any = told.value.solution
    assert run.merges and 1.4 < run.end < 2.0
    assert pt.simulate(law, x, (0.0, 1.5), merge_tol=0.1, rtol=0.3, method="rk4", step=0.1).merges


def test_a_narrow_density_that_spreads_makes_no_atoms() -> None:
    """Under a law that parts what is near panels as narrow as merge_tol stay what they are; as they gather they go."""
    rho0 = mf.Circle(64).density(lambda s: 1.0 + 0.9 * np.cos(s))
    for sign, made in ((1, True), (-1, False)):
        flow, y = mf.Lagrangian(merge_tol=1e-3).bind(mf.SA(1.0, sign=sign), rho0, 1e-5, 1e-8)
        form: Any = flow.form
        s, _, _ = form.parts(y)
        y[: s.size] *= 1e-4
        change = flow.review(0.0, y, 0.0, y)
        assert bool(change is not None and (change.method.form.atom >= 0).any()) is made


def test_atoms_that_the_law_comes_to_part_end_the_run() -> None:
    """As tokens: V = cos t gathers them until pi / 2, by itself and among the others."""
    rho0 = mf.Circle(64).density(lambda s: 1.0 + 0.9 * np.cos(s))
    law = mf.SA(1.0, V=lambda t: math.cos(t) * np.eye(2))
    flow, y = mf.Lagrangian(merge_tol=1e-3).bind(law, rho0, 1e-5, 1e-8)
    form: Any = flow.form
    s, _, _ = form.parts(y)
    y[: s.size] *= 1e-4
    change = flow.review(0.0, y, 0.0, y)
    assert change is not None
    later = change.method
    assert (later.form.atom >= 0).any() and later.review(1.0, change.y, 1.0, change.y) is None
    with pytest.raises(Stop, match=r"At t = 2 .* parts what has become atoms"):
        later.review(2.0, change.y, 2.0, change.y)
