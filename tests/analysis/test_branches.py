"""Branches of stationary densities: folds to printed digits, the equations they solve, what is located and stored."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from scipy.special import iv

import meanfield as mf
from meanfield.analysis.bifurcating import Bifurcating
from meanfield.analysis.continuation import Point, corrected, located, on, tangent, traced
from meanfield.analysis.onset import onset, turning
from meanfield.analysis.zeroflux import balance
from meanfield.doors.branch import branch
from meanfield.runs.branches import Branch
from validation.exact import stationary as exact

pytestmark = pytest.mark.rounding
mpl.use("Agg")
FOLD, EQUAL = 2.5835187278184967, 2.554440877247074


@pytest.fixture(scope="module")
def loop() -> Branch:
    """USA, beta = 4, on the circle: a discontinuous branch."""
    return branch(mf.USA(4.0), mf.Circle(80), steps=26)


def test_the_fold_and_the_point_of_equal_energy(loop: Branch) -> None:
    assert loop.folds == pytest.approx([FOLD], rel=1e-12)
    assert loop.equal == pytest.approx([EQUAL], rel=1e-12)
    assert loop.kind == "discontinuous"
    assert loop.critical == pytest.approx(exact.critical("USA", 4.0, 2, 1), rel=1e-13)
    assert loop.parameter[0] == loop.critical and loop.amplitude[0] == 0.0
    assert loop.hysteresis == pytest.approx((loop.critical, FOLD), rel=1e-12)


def test_stability_changes_at_the_fold_and_nowhere_else(loop: Branch) -> None:
    top = int(np.argmax(loop.parameter))
    after = np.arange(len(loop)) >= top + (loop.amplitude[top] < loop.fold_heights[0])
    assert (loop.stable == after).all()
    assert len(loop.branch_points) == 0
    assert (loop.sector[~after] == 0).all()
    # the energy of a state below the uniform one's is that of the stable part beyond the equal point
    assert ((loop.excess < 0.0) == (after & (loop.parameter < EQUAL))).all()


def test_states_of_a_branch_are_stationary(loop: Branch) -> None:
    i = int(np.argmin(np.abs(loop.amplitude - 0.75)))
    rho, kappa = loop.densities[i], float(loop.parameter[i])
    image = exact.image(rho.space.rows, rho.space.weights, rho.values, "USA", 4.0, kappa)
    assert np.abs(rho.values - image).max() < 1e-11 * rho.maximum
    found = mf.stationary(mf.USA(4.0), rho, kappa)
    assert np.abs(found.density.coefficients - rho.coefficients).max() < 1e-11
    assert found.free_energy == pytest.approx(loop.free_energy[i], rel=1e-12)
    assert found.leading == pytest.approx(loop.leading[i], rel=1e-8)
    assert rho.mean[0] == pytest.approx(loop.amplitude[i], rel=1e-11)


def test_beta_varied_meets_noise_varied(loop: Branch) -> None:
    """The fold in beta at the noise of the fold is at beta = 4."""
    across = branch(mf.USA(4.0) + mf.Diffusion(FOLD), mf.Circle(48), parameter="beta", steps=14)
    assert across.folds == pytest.approx([4.0], rel=1e-10)
    assert exact.critical("USA", across.critical, 2, 1) == pytest.approx(FOLD, rel=1e-12)


def test_zonal_folds_are_those_of_nodes_and_averaged_kernels() -> None:
    told = branch(mf.USA(4.0), mf.ZonalSphere(8, 40), steps=24)
    assert told.folds == pytest.approx([exact.fold(8, 4.0, 0.8, 0.9, n=40)], rel=1e-11)
    assert told.critical == pytest.approx(exact.critical("USA", 4.0, 8, 1), rel=1e-12)


def test_a_transcritical_branch_has_two_halves() -> None:
    """Even modes of S^2: kappa is linear in the amplitude, with the slope that `onset` says."""
    told = branch(mf.SA(4.0), mf.ZonalSphere(3, 32), mode=2, steps=4)
    begun = onset(mf.SA(4.0), 3, 2)
    at = int(np.flatnonzero(told.amplitude == 0.0)[0])
    assert told.kind == begun.kind == "transcritical"
    assert 0 < at < len(told) - 1
    sides = (told.parameter[[at - 1, at + 1]] / told.critical - 1.0) / told.amplitude[[at - 1, at + 1]]
    assert sides.mean() == pytest.approx(begun.slope, rel=1e-3)
    # prolate and oblate states are different: neither is the other turned
    assert sides[0] < 0.98 * sides[1] or sides[1] < 0.98 * sides[0]


def test_curvatures_of_pitchforks_are_those_of_branches() -> None:
    for law in (mf.USA(4.0), mf.SA(4.0)):
        told = branch(law, mf.Circle(48), steps=2)
        c = (told.parameter[1] / told.critical - 1.0) / told.amplitude[1] ** 2
        assert c == pytest.approx(onset(law, 2).curvature, rel=2e-3)


def test_where_modes_turn_first_order() -> None:
    """I_{2k} / I_k = 1/2 on the circle; lambda_2 / lambda_1 = 1/d beyond; SA and even modes do not."""
    for k in (1, 2, 3):
        beta = turning(2, k)
        assert iv(2 * k, beta) / iv(k, beta) == pytest.approx(0.5, rel=1e-12)
    for d in (3, 8):
        q = mf.multipliers(turning(d), d, 2)
        assert q[2] / q[1] == pytest.approx(1.0 / d, rel=1e-12)
    with pytest.raises(ValueError, match="transcritical"):
        turning(3, 2)
    with pytest.raises(ValueError, match="does not turn"):
        turning(2, 1, mf.SA)


def test_a_branch_is_saved_and_loaded(loop: Branch, tmp_path: Any) -> None:
    loop.save(tmp_path / "branch.nc")
    back = mf.load(tmp_path / "branch.nc")
    assert isinstance(back, Branch)
    assert (back.heights == loop.heights).all() and (back.folds == loop.folds).all()
    assert (back.law, back.space, back.reason, back.kind) == (loop.law, loop.space, loop.reason, loop.kind)
    with pytest.raises(FileExistsError):
        loop.save(tmp_path / "branch.nc")


def test_the_diagram_is_drawn_through_where_it_is_stable(loop: Branch) -> None:
    ax = loop.plot()
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"stable", "unstable", "folds", "same free energy", "both are stable"} <= set(words)
    assert ax.get_xlabel() == r"$\kappa$"
    # every point of the branch is on one of the lines
    drawn = np.concatenate([line.get_xdata() for line in ax.get_lines() if line.get_label() in ("stable", "unstable")])
    assert set(loop.parameter) <= set(drawn)


def test_what_is_refused_and_what_ends_is_told() -> None:
    with pytest.raises(ValueError, match="give the law without it"):
        branch(mf.SA(1.0) + mf.Diffusion(0.1), mf.Circle(32))
    with pytest.raises(ValueError, match="wanted noise > 0"):
        branch(mf.SA(1.0), mf.Circle(32), parameter="beta")
    with pytest.raises(ValueError, match="does not grow"):
        branch(mf.SA(1.0, sign=-1), mf.Circle(32))
    with pytest.raises(ValueError, match="at no beta"):
        branch(mf.SA(1.0) + mf.Diffusion(3.0), mf.Circle(32), parameter="beta")
    short = branch(mf.SA(2.0), mf.Circle(24), steps=200)
    assert "under-resolved beyond" in short.reason
    assert len(short) > 5
    # coarse as the space is, the densities are resolved: on a finer one where they must be
    assert max(rho.tail for rho in short.densities) < 1e-10


# --- continuation ------------------------------------------------------------------------------------------


class Circles:
    """x^2 + y^2 = 1, of two unknowns."""

    def residual(self, y: Any) -> Any:
        return np.array([y @ y - 1.0])

    def jacobian(self, y: Any) -> Any:
        return 2.0 * y[None]


def test_arclength_goes_round_a_circle() -> None:
    y = np.array([0.0, -1.0])
    point = Point(y, tangent(Circles(), y, np.array([1.0, 0.0])))
    seen = [point]
    for new in traced(Circles(), point, 0.05, 0.3, 1e-6):
        seen.append(new)
        if len(seen) > 60:
            break
    ys = np.array([p.y for p in seen])
    assert np.abs(np.linalg.norm(ys, axis=1) - 1.0).max() < 1e-14
    turned = np.unwrap(np.arctan2(ys[:, 1], ys[:, 0]))
    assert (np.diff(turned) > 0.0).all() and turned[-1] - turned[0] > 2.0 * np.pi
    # the parameter's fold is at y = +-1, x = 0
    i = next(i for i in range(1, 60) if seen[i].t[-1] > 0.0 > seen[i + 1].t[-1])
    fold = located(Circles(), seen[i], seen[i + 1], lambda p: float(p.t[-1]))
    assert fold is not None and fold.y == pytest.approx([0.0, 1.0], abs=1e-12)
    assert on(Circles(), point, 5.0) is None
    assert corrected(Circles(), y, np.array([1.0, 0.0]), 3.0) is None


def test_derivatives_are_those_of_the_fixed_point_form() -> None:
    for law in (mf.SA(2.0), mf.USA(2.0)):
        for kappa in (None, 0.4):
            flux, _ = balance(law, 3)
            curve = Bifurcating(flux, 12, flux.critical(1) if kappa is None else 2.0, kappa)
            y = np.append(0.4 ** np.arange(1, 13), -0.1)
            h = 1e-6
            for e, column in zip(np.eye(13), curve.jacobian(y).T, strict=True):
                slope = (curve.residual(y + h * e) - curve.residual(y - h * e)) / (2.0 * h)
                assert np.abs(slope - column).max() < 1e-7
