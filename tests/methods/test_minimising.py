"""Minimising movements: their order, towards which law, what each step keeps, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.distances import w2_circle, w2_energy_circle
from meanfield.distances.circle.labelled import labels
from meanfield.methods.minimising.descended import Descended

pytestmark = pytest.mark.rounding

RHO = mf.Circle(64).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
SA, USA = mf.SA(1.0, scale="relative"), mf.USA(1.0, scale="relative")


def end(law: Any, step: float, t: float = 1.0, **options: Any) -> mf.Solution:
    kappa = options.pop("diffusion", 0.0)
    method = mf.MinimisingMovements(step=step, **options)
    return mf.solve(law, RHO, (0.0, t), t_eval=[0.0, t], method=method, diffusion=kappa)


def order(law: Any, steps: tuple[float, float], **options: Any) -> float:
    """Of W_2 to the spectral answer."""
    exact = mf.solve(law, RHO, (0.0, 1.0), t_eval=[1.0], diffusion=options.get("diffusion", 0.0))(1.0)
    off = [float(w2_circle(end(law, step, **options)(1.0), exact)) for step in steps]
    return float(np.log(off[0] / off[1]) / np.log(steps[0] / steps[1]))


def test_first_order_towards_the_metric_s_own_law_and_not_the_other() -> None:
    at = {law: mf.solve(law, RHO, (0.0, 1.0), t_eval=[1.0])(1.0) for law in (SA, USA)}
    for own, other, metric in ((SA, USA, "weighted"), (USA, SA, "wasserstein")):
        ends = [end(other, step, metric=metric)(1.0) for step in (0.2, 0.1)]
        off = {law: [float(w2_circle(rho, exact)) for rho in ends] for law, exact in at.items()}
        assert abs(np.log2(off[own][0] / off[own][1]) - 1.0) < 0.1, off
        assert off[other][1] > 1e-2 and off[other][0] < 1.2 * off[other][1], off


def test_first_order_with_either_sign_with_noise_and_with_a_frozen_weight() -> None:
    down, repelled = mf.USA(4.0, sign=-1, scale="relative"), mf.SA(4.0, sign=-1)
    cases: tuple[tuple[Any, dict[str, Any]], ...] = (
        (down, {}), (mf.USA(4.0, scale="relative"), {"diffusion": 0.05}), (down, {"diffusion": 0.05}),
        (repelled, {"frozen": True}), (mf.SA(4.0), {"frozen": True}),
    )  # fmt: skip
    for law, options in cases:
        assert abs(order(law, (0.2, 0.1), **options) - 1.0) < 0.1, law


def test_the_record_names_the_flow_that_is_approximated() -> None:
    assert end(USA, 0.25, 0.5, metric="weighted").law == SA
    assert end(SA, 0.25, 0.5, metric="wasserstein").law == USA
    assert end(SA, 0.25, 0.5).law == SA
    noisy = end(SA, 0.25, 0.5, metric="wasserstein", diffusion=0.1).law
    assert noisy == USA + mf.Diffusion(0.1)


def test_every_step_keeps_its_residual_and_falls() -> None:
    for law, options in ((mf.SA(4.0), {}), (mf.USA(4.0, sign=-1, scale="relative"), {"diffusion": 0.05})):
        sol = end(law, 0.125, 0.5, **options)
        told = sol.diagnostics
        assert np.allclose(told["t"], [0.125, 0.25, 0.375, 0.5])
        assert 0.0 < told["residual"].max() < 1e-8 and told["fell"].min() > 0.0 and told["distance"].min() > 0.0
        assert sol.free_energy[-1] < sol.free_energy[0]
    assert mf.solve(mf.SA(4.0), RHO, (0.0, 0.1)).diagnostics == {}


def test_a_step_s_length_is_the_distance_itself() -> None:
    """Of the weighted metric W_{2,E}, by the distance between the two measures; and what the objective fell by."""
    sol = end(mf.SA(4.0), 0.5, 0.5)
    told = sol.diagnostics
    W = w2_energy_circle(sol.densities[0], sol.densities[1], 4.0)
    assert abs(told["distance"][0] / W - 1.0) < 1e-7
    assert abs(told["fell"][0] / (sol.gained[-1] - W**2 / (2.0 * 0.5)) - 1.0) < 1e-6


def test_derivatives_of_what_is_descended() -> None:
    n, rng = 17, np.random.default_rng(0)
    q, h, way = labels(n) + 0.2 * np.sin(labels(n)), 1e-5, rng.standard_normal(n)
    for beta, kappa in ((0.0, 0.0), (0.5, 0.1), (4.0, 0.3)):
        F = Descended(rng.dirichlet(np.ones(n)), beta, -beta, 1, kappa)
        _, g, H = F.told(q)
        assert abs((F.value(q + h * way) - F.value(q - h * way)) / (2.0 * h) - g @ way) < 1e-7
        off = (F.told(q + h * way)[1] - F.told(q - h * way)[1]) / (2.0 * h) - H @ way
        assert np.abs(off).max() < 1e-6 * max(1.0, np.abs(H).max())


def test_a_step_beyond_convexity_is_refused_and_the_one_told_is_not() -> None:
    for law in (mf.SA(4.0), mf.USA(4.0, scale="relative")):
        with pytest.raises(mf.RunError, match=r"no minimiser near that keeps the labels' order.*step=0\.7") as told:
            end(law, 5.0, 5.0)
        assert told.value.solution.status is mf.Status.NO_MINIMISER
        assert end(law, 0.7, 0.7).success


def test_labels_grow_where_the_map_steepens_and_end_where_too_many_are_asked() -> None:
    method = mf.MinimisingMovements(step=0.25, labels=17, frozen=True)
    sol = mf.solve(mf.SA(4.0), mf.perturbed_uniform(mf.Circle(16), {1: 0.6}), (0.0, 1.0), method=method)
    assert sol.segments[-1].form.n > sol.segments[0].form.n and abs(sol.mass - 1.0).max() < 1e-12
    with pytest.raises(mf.UnresolvedError, match="more than the 33"):
        mf.solve(mf.SA(4.0), mf.perturbed_uniform(mf.Circle(16), {1: 0.6}), (0.0, 3.0), method=mf.MinimisingMovements(
            step=0.25, labels=17, frozen=True, max_resolution=33))  # fmt: skip


def test_saved_and_gone_on_with(tmp_path: Path) -> None:
    method = mf.MinimisingMovements(step=0.1, metric="weighted")
    whole = mf.solve(USA, RHO, (0.0, 0.4), t_eval=[0.4], method=method)
    half = mf.solve(USA, RHO, (0.0, 0.2), t_eval=[0.2], method=method)
    half.save(tmp_path / "half.nc")
    more = mf.resume(mf.load(tmp_path / "half.nc"), 0.4)
    assert more.law == SA and np.abs(more(0.4).coefficients - whole(0.4).coefficients).max() < 1e-12


def test_what_makes_no_sense_is_named() -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("step", {"step": 0.0}), ("metric", {"metric": "euclidean"}), ("labels", {"labels": 64}),
        ("frozen", {"metric": "wasserstein", "frozen": True}), ("max_resolution", {"max_resolution": 17}),
    )  # fmt: skip
    for match, options in cases:
        with pytest.raises(ValueError, match=match):
            mf.MinimisingMovements(**options)
    empty = mf.perturbed_uniform(mf.Circle(16), {1: 1.0})
    sphere = mf.uniform(mf.ZonalSphere(3, 8))
    wrong: tuple[tuple[str, Any, Any], ...] = (
        ("has noise", mf.SA(1.0) + mf.Diffusion(0.1), RHO), ("on the circle", mf.SA(1.0), sphere),
        ("need mass", mf.SA(1.0), empty), ("one energy", mf.SA(1.0) + mf.SA(2.0), RHO),
        ("one energy", mf.SA(lambda t: 1.0 + t), RHO),
    )  # fmt: skip
    for match, law, rho in wrong:
        with pytest.raises(ValueError, match=match):
            mf.solve(law, rho, (0.0, 0.1), method="minimising-movements")
