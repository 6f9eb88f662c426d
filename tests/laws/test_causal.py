"""Masks: every token sees those before it, or its neighbours in a graph; against the printed loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tokens import tokens

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array, said
from validation.exact import double_loop

pytestmark = pytest.mark.rounding
EYE = np.eye(3)
QUARTER = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("n", [5, 300, 700])
@pytest.mark.parametrize("general", [False, True])
def test_velocities_are_the_printed_loop_s(kind: str, n: int, general: bool) -> None:
    """Over one tile and several, with weights, as replicas, of rows and of angles."""
    rng = np.random.default_rng(n)
    for d in (2, 3):
        x, w = pt.uniform(n, d, rng), rng.dirichlet(np.ones(n))
        K, V = (rng.standard_normal((2, d, d))) if general else (np.eye(d), np.eye(d))
        matrices: dict[str, Any] = {"K": K, "V": V} if general else {}
        law = mf.Causal(getattr(mf, kind)(2.0, **matrices))
        printed = double_loop.general_velocity(kind, x, 2.0, np.eye(d), K, V, weights=w, causal=True)
        mu = mf.Points(np.stack([x, x]), weights=np.stack([w, w]))
        v = law.velocity(0.0, None if law.isotropic else mu.x, mu)
        limit = 1e-13 * np.abs(printed).max()
        np.testing.assert_allclose(geometry.project(mu.x, v), np.stack([printed, printed]), rtol=0.0, atol=limit)
        if d == 2:
            mu = mf.Points(geometry.to_angles(x), weights=w)
            v = law.velocity(0.0, None if law.isotropic else mu.x, mu)
            along = np.sum(printed * geometry.quarter_turn(x), axis=-1)
            ours = v[:, 0] if law.isotropic else np.sum(v * geometry.quarter_turn(mu.x), axis=-1)
            np.testing.assert_allclose(ours, along, rtol=0.0, atol=limit)


def loop(law: Any, x: Array, A: Array, per_row: bool) -> Array:
    """sum_j A_ij e^{beta <x_i, x_j>} x_j, over n or what is seen, or by its weights' sum (SA)."""
    e = A * np.exp(law.beta * x @ x.T)
    below = e.sum(axis=1) if law.normalised else A.sum(axis=1) if per_row else np.full(len(x), len(x))
    return np.asarray(geometry.project(x, e @ x / below[:, None]))


@pytest.mark.parametrize("per_row", [True, False])
@pytest.mark.parametrize("n", [6, 600])
def test_graphs(n: int, per_row: bool) -> None:
    rng = np.random.default_rng(1)
    A = np.where(rng.random((n, n)) < 0.4, rng.random((n, n)), 0.0) + np.eye(n)
    x = pt.uniform(n, 3, rng)
    for law in (mf.SA(3.0), mf.USA(3.0)):
        v = geometry.project(x, law.velocity(0.0, None, mf.Points(x).masked(A, per_row)))
        printed = loop(law, x, A, per_row)
        np.testing.assert_allclose(v, printed, rtol=0.0, atol=1e-13 * np.abs(printed).max())


def test_large_beta_and_weights_far_apart() -> None:
    x, w = pt.uniform(300, 3, 2), np.exp(-np.linspace(0.0, 600.0, 300))
    law = mf.Causal(mf.SA(50.0))
    printed = double_loop.general_velocity("SA", x, 50.0, EYE, EYE, EYE, weights=w / w.sum(), causal=True)
    v = geometry.project(x, law.velocity(0.0, None, mf.Points(x, weights=w)))
    np.testing.assert_allclose(v, printed, rtol=0.0, atol=50.0 * 64.0 * np.finfo(float).eps)


@pytest.mark.parametrize(
    ("K", "V", "second", "last"),
    [
        (EYE, EYE, (0.0980840585160608025, -0.561709705676192230, 0.821499679862496026),
         (0.772343435843925219, 0.453988155203352603, -0.444275108512571520)),
        (QUARTER, -EYE, (0.0699603281397301684, -0.588520741392332030, 0.805449495274285416),
         (-0.882480132105779878, -0.462035988341787099, 0.0880429549458289763)),
    ],
)  # fmt: skip
def test_six_tokens(K: Array, V: Array, second: Any, last: Any) -> None:
    """An independent run of 34 digits of y' = |y| a(y / |y|)."""
    law = mf.Causal(mf.SA(9.0, K=K, V=V))
    run = pt.simulate(law, tokens(6), (0.0, 5.0), [5.0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(run.x[-1][[0, 1, 5]], [tokens(6)[0], second, last], rtol=0.0, atol=1e-9)


def test_six_angles() -> None:
    theta = [0.3, 1.1, 2.5, -2.2, -0.9, 1.9]
    law = mf.Causal(mf.SA(9.0, V=np.diag([1.0, 0.0])))
    run = pt.simulate(law, theta, (0.0, 5.0), [5.0], rtol=1e-12, atol=1e-14)
    known = [0.00208428823653203385, 0.0119901556678755794, 3.13655873540415461, -3.13245143002859686,
             -0.00831817916929688721, 3.12520318231583922]  # fmt: skip
    np.testing.assert_allclose(np.exp(1j * run.theta[-1]), np.exp(1j * np.array(known)), rtol=0.0, atol=1e-9)


def test_nobody_is_moved_by_who_comes_later(tmp_path: Any) -> None:
    law, x = mf.Causal(mf.SA(9.0)), pt.uniform(20, 3, 3)
    alone, among = (pt.simulate(law, y, (0.0, 3.0), [3.0], rtol=1e-11).x[-1][:8] for y in (x[:8], x))
    np.testing.assert_allclose(alone, among, rtol=0.0, atol=1e-8)
    run = pt.simulate(law, x, (0.0, 0.1))
    run.save(tmp_path / "run.nc")
    assert pt.load(tmp_path / "run.nc").law == law and str(law) == "Causal(SA(beta=9))"


class Unsaid(mf.Law):
    """cos t times SA, which does not say that it changes."""

    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return np.cos(t) * mf.SA(2.0).velocity(t, x, mu)


def test_a_law_that_does_not_say_whether_it_changes() -> None:
    assert said(mf.Causal(Unsaid())) is None and said(mf.Causal(Unsaid() + mf.SA(1.0))) is None
    assert said(mf.Causal(mf.SA(1.0))) is True and said(mf.Causal(mf.SA(1.0, V=lambda t: EYE))) is False


def test_a_mask_has_no_energy() -> None:
    """It was told of the mask, or without it, by how many points there were and what beta was."""
    for n in (6, 400):
        theta = pt.uniform_angles(n, 0)
        for mu in (mf.Points(theta).past(), mf.Points(theta).masked(np.ones((n, n)))):
            for law in (mf.SA(2.0), mf.USA(0.2), mf.SA(2.0, V=np.eye(2))):
                with pytest.raises(TypeError, match="energy: under a mask"):
                    mu.energy(law)


@pytest.mark.parametrize("law", [mf.SA(2.0), mf.USA(2.0), mf.SA(2.0, V=EYE)], ids=str)
def test_who_sees_no_mass(law: Any) -> None:
    x, w = pt.uniform(4, 3, 0), [0.0, 0.0, 0.5, 0.5]
    with pytest.raises(ValueError, match="weights: point 0 sees no mass"):
        pt.simulate(mf.Causal(law), x, (0.0, 1.0), weights=w)
    mu = mf.Points(x, weights=[0.5, 0.0, 0.25, 0.25])
    with pytest.raises(ValueError, match="weights: point 1 sees no mass"):
        law.velocity(0.0, None, mu.masked(EYE[[0, 1, 2, 2]][:, [0, 1, 2, 2]]))
    mu = mf.Points(x).masked(np.diag([1.0, 1.0, 0.0, 1.0]), per_row=False)
    if law.normalised:
        with pytest.raises(ValueError, match="point 2 sees no mass"):
            law.velocity(0.0, None, mu)
    else:
        assert (law.velocity(0.0, mu.x, mu)[2] == 0.0).all()  # a sum of nothing


def test_refusals() -> None:
    law = mf.Causal(mf.SA(4.0))
    with pytest.raises(ValueError, match="by their index"):
        mf.solve(law, mf.Circle(32).density(lambda q: 1 + 0.3 * np.cos(q)), (0.0, 1.0))
    with pytest.raises(ValueError, match="merge_tol"):
        pt.simulate(law, [0.0, 1.0, 2.0], (0.0, 1.0), merge_tol=1e-6)
    mu = mf.Points(pt.uniform(4, 3, 0))
    with pytest.raises(TypeError, match=r"mu\.x"):
        mu.past().read(mf.Exponential(1.0), np.eye(3))
    with pytest.raises(TypeError, match="a mask already"):
        mu.past().past()
    for A, word in ((np.ones((3, 3)), "A"), (-np.ones((4, 4)), "wanted weights >= 0"), (np.zeros((4, 4)), "row 0")):
        with pytest.raises(ValueError, match=word):
            mu.masked(A)
    with pytest.raises(ValueError, match="no V"):
        pt.simulate(law, pt.uniform_angles(5, 0), (0.0, 1.0), field="cells")
    with pytest.raises(TypeError, match="law"):
        mf.Causal("SA")
    for twice in (law, mf.SA(1.0) + law):
        with pytest.raises(ValueError, match="has a mask already"):
            mf.Causal(twice)
