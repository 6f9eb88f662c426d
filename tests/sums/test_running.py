"""Running sums over the past, against all pairs under the mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.measures import asked
from meanfield.sums import choose
from meanfield.sums import running as room
from meanfield.sums.running import harmonics, running
from meanfield.sums.sight import Until

pytestmark = pytest.mark.rounding
EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("beta", [0.0, 1.0, 9.0, 64.0])
@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_velocities_are_those_of_all_pairs(d: int, beta: float, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas, over several blocks, with weights; rows and, on the circle, angles."""
    monkeypatch.setattr(room, "BLOCK", 64)
    rng = np.random.default_rng(1)
    x, w = pt.uniform(400, d, rng).reshape(2, 200, d), rng.uniform(0.5, 1.5, (2, 200))
    law = mf.Causal(getattr(mf, kind)(beta, scale="scaled"))
    clouds: list[tuple[Any, dict[str, Any]]] = [(x, {})]
    if d == 2:
        clouds.append((geometry.to_angles(x), {"angles": True}))
    for q, given in clouds:
        one, two = (law.velocity(0.0, None, mf.Points(q, weights=w, field=f, **given)) for f in ("direct", "harmonic"))
        assert one.shape == two.shape
        np.testing.assert_allclose(two, one, rtol=0.0, atol=64.0 * (8.0 + beta) * EPS * np.abs(one).max())
        mu = mf.Points(q, weights=w, field="harmonic", **given).past()
        np.testing.assert_allclose(mu.read(mf.Exponential(beta), mu.x, "M").M.shape, x.shape)


@pytest.mark.parametrize("d", [2, 3])
def test_where_little_is_seen_pairs_are_summed(d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """600 tokens about one place and 20 of little mass that come after them on the other side, at beta = 32."""
    rng = np.random.default_rng(0)
    pole = np.eye(d)[0]
    near = geometry.retract(pole + 0.05 * rng.standard_normal((600, d)))
    x = np.concatenate([near, geometry.retract(-pole + 0.3 * rng.standard_normal((20, d)))])
    law, asked_of = mf.Causal(mf.SA(32.0)), list[Any]()
    w = np.append(np.ones(600), np.full(20, 1e-7))

    def noted(few: Any) -> Until:
        asked_of.append(few)
        return Until(few)

    monkeypatch.setattr(asked, "Until", noted)
    one, two = (law.velocity(0.0, None, mf.Points(x, w, field=f)) for f in ("direct", "harmonic"))
    assert len(asked_of) == 1 and asked_of[0].min() >= 600
    np.testing.assert_allclose(two, one, rtol=0.0, atol=1e-12)
    # and if they are most, all are
    x, w = np.concatenate([near[:10], x[600:]]), w[590:]
    one, two = (law.velocity(0.0, None, mf.Points(x, w, field=f)) for f in ("direct", "harmonic"))
    np.testing.assert_allclose(two, one, rtol=0.0, atol=1e-12)


def test_harmonics_are_orthonormal_and_add_up_to_the_kernel() -> None:
    """Y_km of degree up to 12 under a quadrature of the sphere, and sum_m conj Y Y = (2k + 1) P_k(<x, y>)."""
    c, v = np.polynomial.legendre.leggauss(20)
    phi = 2.0 * np.pi * np.arange(40) / 40.0
    s = np.sqrt(1.0 - c**2)
    x = np.stack([np.outer(s, np.cos(phi)), np.outer(s, np.sin(phi)), np.outer(c, np.ones(40))], axis=-1)
    w = np.repeat(v / 2.0, 40) / 40.0
    Y = np.stack([Y.ravel() for _, _, Y in harmonics(x, 12)])
    np.testing.assert_allclose((np.conj(Y) * w) @ Y.T, np.eye(len(Y)), rtol=0.0, atol=1e-13)
    a, b = pt.uniform(2, 3, 0)
    total = np.zeros(13)
    for (k, m, p), (_, _, q) in zip(harmonics(a, 12), harmonics(b, 12), strict=True):
        total[k] += (2.0 if m else 1.0) * float((np.conj(p) * q).real)
    legendre = [np.polynomial.legendre.legval(a @ b, np.eye(13)[k]) for k in range(13)]
    np.testing.assert_allclose(total, (2.0 * np.arange(13) + 1.0) * legendre, rtol=0.0, atol=1e-12)


def test_the_first_have_the_same_bits_whoever_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BLOCK", 32)
    for q in (pt.uniform_angles(100, 0), pt.uniform(100, 3, 0)):
        whole = running(mf.Exponential(4.0), q, np.ones(100))
        for n in (1, 31, 32, 33, 70):
            part = running(mf.Exponential(4.0), q[:n], np.ones(n))
            np.testing.assert_array_equal(part.Z, whole.Z[:n])
            np.testing.assert_array_equal(part.M, whole.M[:n])


def test_a_run_by_running_sums_is_the_run_of_pairs() -> None:
    theta = pt.uniform_angles(300, 0)
    law: Any = mf.Causal(mf.SA(4.0))
    beside = mf.Frozen(law, [0.3], 5.0)
    for one in (law, beside):
        fields: tuple[Any, ...] = ("direct", "harmonic")
        ends = [pt.simulate(one, theta, (0.0, 2.0), [2.0], field=f).theta[-1] for f in fields]
        np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-7)


def test_who_gets_them() -> None:
    """By rule from so many tokens on, and never with matrices, on other spheres, or where divergences are asked for."""
    k, few, many = mf.Exponential(9.0), 400, 20_000

    def name(field: str, place: Any, d: int, n: int, kernel: Any = k, valued: bool = False) -> str:
        return choose.choose(field, kernel, place, d, n, valued, running=True)

    assert name("auto", geometry.ANGLES, 2, few) == "direct" and name("auto", geometry.ANGLES, 2, many) == "running"
    assert name("harmonic", geometry.ROWS, 2, few) == "running" and name("auto", geometry.ROWS, 3, many) == "running"
    assert name("auto", geometry.ROWS, 4, many) == "direct"
    turned = mf.Exponential(1.0, Q=np.eye(3), K=np.eye(3))
    assert name("auto", geometry.ROWS, 3, many, turned) in ("direct", "compiled")
    assert name("auto", geometry.ROWS, 3, many, valued=True) in ("direct", "compiled")
    for field in ("harmonic", "cells"):
        with pytest.raises(ValueError, match="field"):
            name(field, geometry.ROWS, 4, many)
    with pytest.raises(ValueError, match="field"):
        name("cells", geometry.ANGLES, 2, many)
