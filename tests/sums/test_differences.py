"""Pairs of angles by their differences, against the definition in 40 digits and against sums of rows."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import ANGLES, FLAT, ROWS
from meanfield.measures.points import Points
from meanfield.sums import differences as room
from meanfield.sums.choose import FAR, FEW, QUICK, choose

pytestmark = pytest.mark.rounding
EPS = float(np.finfo(float).eps)


def speeds(beta: float, theta: Any, w: Any) -> Any:
    """SA's angular velocities from the printed sum."""
    with mp.workdps(60):
        x = [mp.mpf(float(t)) for t in theta]
        rows = [[mp.mpf(float(m)) * mp.exp(mp.mpf(beta) * (mp.cos(b - a) - 1)) for b, m in zip(x, w, strict=True)]
                for a in x]  # fmt: skip
        out = [sum(e * mp.sin(b - a) for e, b in zip(row, x, strict=True)) / sum(row)
               for row, a in zip(rows, x, strict=True)]  # fmt: skip
        return np.array([float(v) for v in out])


CLUSTERS = np.repeat([0.3, 2.3, 4.9], [7, 5, 9])


@pytest.mark.parametrize("replicas", [1, 200])
@pytest.mark.parametrize("beta", [9.0, 64.0, 300.0])
def test_clusters_far_apart_keep_the_digits_of_their_pull(beta: float, replicas: int) -> None:
    """Points at one place pull each other by exactly 0, so that e^{-beta (1 - cos 2)}, e^-425 at the last, is told to
    the rounding of its exponent; in sums of rows it drowns.  In batches too, which are many pairs."""
    theta, w = np.tile(CLUSTERS, (replicas, 1)), np.full((replicas, 21), 1 / 21)
    law, exact = mf.SA(beta), speeds(beta, CLUSTERS, w[0])
    v = law.velocity(0.0, None, Points.trusted(theta, w, ANGLES))[..., 0]
    np.testing.assert_allclose(v, np.broadcast_to(exact, v.shape), rtol=64.0 * EPS * beta)
    if beta > 9.0:
        rows = law.velocity(0.0, None, Points.trusted(theta[:1], w[:1], ANGLES, "direct"))[0, :, 0]
        assert np.abs(rows / exact - 1.0).max() > 1.0


@pytest.mark.parametrize("block", [1, 50, 1 << 16])
@pytest.mark.parametrize("kernel", [mf.Exponential(4.0), mf.Exponential(0.0), mf.Zonal(np.exp, "exp")])
def test_replicas_weights_and_blocks(kernel: Any, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    theta, w = rng.uniform(-40.0, 40.0, (3, 2, 11)), rng.uniform(0.1, 1.0, (3, 2, 11))
    w[..., ::4] *= -1.0
    monkeypatch.setattr(room, "BLOCK", block)
    for angles in (True, False):
        x = theta if angles else geometry.to_rows(theta)
        fast, slow = (Points.trusted(x, w, ANGLES if angles else ROWS, field).read(kernel, None, "ZM") for field in
                      ("differences", "direct"))  # fmt: skip
        for a, b in ((fast.Z, slow.Z), (fast.M, slow.M)):
            size = np.exp(slow.log) * np.abs(b)
            np.testing.assert_allclose(a * np.exp(fast.log), b * np.exp(slow.log), rtol=0.0, atol=1e-13 * size.max())
    alone = Points.trusted(theta, w, ANGLES, "differences")
    assert alone.read(kernel, None, "Z").M is None and alone.read(kernel, None, "M").Z is None


def test_which_questions_are_answered_by_differences() -> None:
    k, keen, n = mf.Exponential(4.0), mf.Exponential(FAR), 32
    assert choose("auto", k, ANGLES, 2, n, gaps=QUICK) == "differences"
    assert choose("auto", keen, ANGLES, 2, n, gaps=100 * QUICK) == "differences"
    assert choose("auto", k, ANGLES, 2, n, gaps=QUICK + 1) == "direct"
    assert choose("auto", keen, ANGLES, 2, FEW + 1, gaps=(FEW + 1) ** 2) == "direct"
    # rows, elsewhere, L
    assert choose("auto", keen, ANGLES, 2, n) == choose("differences", keen, ANGLES, 2, n) == "direct"
    assert choose("differences", k, ANGLES, 2, 5000, gaps=5000**2) == "differences"
    for bad, d, place, valued in ((k, 3, ROWS, False), (mf.Exponential(1.0, np.eye(2)), 2, ROWS, False),
                                  (k, 2, ROWS, True), (k, 2, FLAT, False)):  # fmt: skip
        with pytest.raises(ValueError, match=r'(?s)^field: "differences" needs the circle.*use field="direct"'):
            choose("differences", bad, place, d, n, valued)


def test_the_field_by_its_name_at_the_doors() -> None:
    theta, law = np.array([0.1, 0.9, 2.0]), mf.SA(4.0)
    one, other = (mf.Points(theta, field=field) for field in ("differences", "direct"))
    at = geometry.to_rows(np.array([0.3, 5.0]))
    for a, b in ((one, other), (mf.Points(one.x, field="differences"), mf.Points(one.x, field="direct"))):
        np.testing.assert_allclose(law.velocity(0.0, None, a), law.velocity(0.0, None, b), rtol=0.0, atol=1e-15)
        np.testing.assert_array_equal(law.velocity(0.0, at, a), law.velocity(0.0, at, b))
        np.testing.assert_array_equal(law.divergence(0.0, None, a), law.divergence(0.0, None, b))
    for method in ("dop853", "euler-unprojected"):
        more: dict[str, Any] = {"method": method} | ({} if method == "dop853" else {"step": 0.01})
        ends = [pt.simulate(law, theta, (0.0, 1.0), field=field, **more).x[-1] for field in ("differences", "direct")]
        np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-12)
