"""Rescaled tokens of R^d against digits of two formulations, against (1.1), and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from tokens import K3, Q3, tokens

import meanfield as mf
import particles as pt
from meanfield.special.growth import Growth

pytestmark = pytest.mark.rounding
TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}
SYMMETRIC = np.array([[0.6, 0.2, 0.0], [0.2, -0.3, 0.1], [0.0, 0.1, 0.2]])
PAIR = np.array([[0.3, 1.0, 0.0], [-1.0, 0.3, 0.2], [0.0, 0.1, -0.4]])
JORDAN = np.array([[0.5, 1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.3, -0.2]])


def flat(**matrices: Any) -> mf.SA:
    return mf.SA(1.0, geometry="flat", **matrices)


def test_printed_digits_of_a_symmetric_V() -> None:
    """Six tokens, t = 5: z and P of (3.1), which agree with (1.1) in arbitrary precision."""
    law = mf.Rescaled(flat(Q=Q3, K=K3, V=SYMMETRIC))
    z = pt.simulate(law, tokens(6), (0.0, 5.0), [5.0], **TIGHT).x[-1]
    printed = [
        [0.481684432641932019, 0.291253981247689935, 0.442374564682536566],
        [0.220254781246457384, -2.80636745263069236, 1.15517315687348130],
        [-0.442646504128801511, 0.179642352763857854, 0.653850240228169466],
        [-0.353850771535015257, -0.271217316444803679, 0.698984744695320651],
        [1.36214320260802171, -4.23990545891261169, 0.944777537512222300],
        [0.321574216975125446, 1.21107425219533027, -0.198186416693509505],
    ]
    np.testing.assert_allclose(z, printed, rtol=0.0, atol=1e-11)
    P = pt.attention(law, z, t=5.0)
    np.testing.assert_allclose(
        P[0, [0, 4, 5]], [0.941084913767756, 4.16809297356713e-14, 0.0589150862322025], rtol=1e-8
    )
    np.testing.assert_allclose(P[2, [1, 2, 3]], [1.66626997789315e-5, 0.196755553811311, 0.803227783488910], rtol=1e-8)
    np.testing.assert_allclose(np.log10(P[2, 0]), -89.6346691048, rtol=0.0, atol=1e-7)


def test_printed_digits_of_the_identity() -> None:
    """Eight tokens of the plane, V = I: the vertices of a polygon, at t = 1, 3, 12."""
    z0 = [
        [0.320999, 0.717356], [-0.134583, -0.44252], [-1.16515, -0.255541], [-1.19795, 0.198669],
        [0.850404, -0.841471], [-1.13067, -0.198669], [-0.605815, 0.515501], [-1.16016, 0.675463],
    ]  # fmt: skip
    z = pt.simulate(mf.Rescaled(flat()), z0, (0.0, 12.0), [1.0, 3.0, 12.0], **TIGHT).x
    np.testing.assert_allclose(z[0, 0], [-0.3676856516383, 0.4196724544606], rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(z[1, 1], [-1.018213555224, 0.1904934237049], rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(z[2, 7], [-1.084745192633, 0.2939916098853], rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(z[2, 4], [0.6340964913783, -0.7035475606995], rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("V", [SYMMETRIC, PAIR, JORDAN], ids=["symmetric", "a complex pair", "a Jordan block"])
def test_both_forms_are_one(V: Any) -> None:
    """(1.1) and (3.1) to t = 5, weights and two replicas: x and P."""
    law = flat(Q=Q3, K=K3, V=V)
    x0, w = np.stack([tokens(6), tokens(6)[::-1] * 0.7]), [1.0, 2.0, 1.0, 3.0, 1.0, 1.0]
    x = pt.simulate(law, x0, (0.0, 5.0), [5.0], weights=w, **TIGHT)
    z = pt.simulate(mf.Rescaled(law), x0, (0.0, 5.0), [0.0, 5.0], weights=w, **TIGHT)
    np.testing.assert_allclose(z.law.unscaled(z.t, z.x)[-1], x.x[-1], rtol=0.0, atol=1e-10 * np.abs(x.x).max())
    np.testing.assert_allclose(z.law.rescaled(5.0, x.x[-1]), z.x[-1], rtol=0.0, atol=1e-10 * np.abs(z.x).max())
    P, R = pt.attention(law, x(5.0)), pt.attention(z.law, z(5.0), t=5.0)
    np.testing.assert_allclose(R, P, rtol=0.0, atol=1e-8)


@pytest.mark.parametrize("mask", [mf.Causal, lambda law: mf.Masked(law, np.tri(6) + np.eye(6, k=2))])
def test_masks_inside_and_outside(mask: Any, tmp_path: Any) -> None:
    """Of the law, or of its rescaled tokens: the same; saved, loaded and gone on with."""
    law = flat(Q=Q3, K=K3, V=PAIR)
    exact = pt.simulate(mask(law), tokens(6), (0.0, 3.0), [3.0], **TIGHT).x[-1]
    for one in (mf.Rescaled(mask(law)), mask(mf.Rescaled(law))):
        run = pt.simulate(one, tokens(6), (0.0, 2.0), **TIGHT)
        run.save(tmp_path / "run.nc", overwrite=True)
        on = mf.resume(tmp_path / "run.nc", 3.0)
        assert on.law == one
        x = on.x[-1] @ expm(3.0 * PAIR).T
        np.testing.assert_allclose(x, exact, rtol=0.0, atol=1e-10 * np.abs(exact).max())
    inside = pt.attention(mf.Rescaled(mask(law)), run.x[-1], t=2.0)
    np.testing.assert_allclose(inside, pt.attention(one, run.x[-1], t=2.0), rtol=0.0, atol=1e-13)


def test_a_sign_and_matrices_that_change() -> None:
    law = mf.SA(lambda t: 1.0 + 0.2 * t, sign=-1, Q=lambda t: Q3 * (1.0 - 0.1 * t), V=JORDAN, geometry="flat")
    x = pt.simulate(law, tokens(6), (0.0, 2.0), [2.0], **TIGHT).x[-1]
    run = pt.simulate(mf.Rescaled(law), tokens(6), (0.0, 2.0), [2.0], **TIGHT)
    np.testing.assert_allclose(run.law.unscaled(2.0, run.x[-1]), x, rtol=0.0, atol=1e-10 * np.abs(x).max())


@pytest.mark.parametrize(
    "V", [SYMMETRIC, PAIR, JORDAN, np.diag([2.0, -2.0]), [[2.0, 5.0], [0.0, -2.0]], np.zeros((2, 2))]
)
def test_growth_is_the_exponential(V: Any) -> None:
    """e^{tV} against scipy's, where that does not overflow; and e^{log} E e^{-log} stays in range where it does."""
    for t in (-3.0, 0.0, 0.7, 10.0):
        E, log = Growth.of(V).at(t)
        exact = expm(t * np.asarray(V))
        np.testing.assert_allclose(E * np.exp(log), exact, rtol=0.0, atol=1e-13 * (1.0 + abs(t)) * np.abs(exact).max())
    E, log = Growth.of(V).at(1e4)
    assert np.isfinite(E).all() and np.isfinite(log)


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="no z"):
        mf.Rescaled(mf.USA(1.0, geometry="flat"))
    with pytest.raises(TypeError, match="one head"):
        mf.Rescaled(flat() + flat())
    with pytest.raises(ValueError, match="points of the sphere"):
        mf.Rescaled(mf.SA(1.0))
    with pytest.raises(ValueError, match="V is a function of time"):
        mf.Rescaled(flat(V=lambda t: np.eye(2)))
    with pytest.raises(ValueError, match="square"):
        mf.Rescaled(flat(V=np.ones((3, 2))))
    with pytest.raises(ValueError, match="D multiplies"):
        mf.Rescaled(flat(D=[1.0, 2.0]))
    with pytest.raises(ValueError, match="beta is inf"):
        mf.Rescaled(mf.SA(np.inf, geometry="flat"))
    with pytest.raises((TypeError, ValueError), match="V"):
        mf.Rescaled(flat(V=np.eye(2) * 1j))


def test_where_x_overflows() -> None:
    law = mf.Rescaled(flat(V=np.diag([2.0, -2.0])))
    with pytest.raises(ValueError, match="grown"):
        law.unscaled(400.0, np.eye(2))
    rows, log = law.grown(400.0, np.eye(2))
    np.testing.assert_allclose(rows[0], [1.0, 0.0], rtol=0.0, atol=1e-14)
    assert log == 800.0
