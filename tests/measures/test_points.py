"""Weighted points as a measure: the fast sums against the direct ones, and symmetries no sum may break."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import ANGLES, ROWS
from meanfield.measures import points as measure
from meanfield.measures.points import Points
from meanfield.methods.cloud import OnPoints
from meanfield.protocols import Array
from meanfield.spaces import Circle
from meanfield.sums import choose as room
from meanfield.sums.choose import CROSSOVER, choose
from meanfield.sums.harmonic import harmonic

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

BETAS = (0.0, 1.0, 9.0, 64.0, 1000.0)
N = 1200


def clustered(rng: np.random.Generator) -> Array:
    return rng.normal(0.0, 0.1, N)


def lonely(rng: np.random.Generator) -> Array:
    """Two tight clusters, and a few particles between."""
    tight = rng.choice([0.3, 2.8], N - 12) + rng.normal(0.0, 0.03, N - 12)
    return np.concatenate([tight, rng.uniform(-3.0, 0.0, 12)])


CLOUDS = {"uniform": lambda rng: rng.uniform(-20.0, 20.0, N), "clustered": clustered, "lonely": lonely}
everywhere = pytest.mark.parametrize("cloud", CLOUDS)


def laws(beta: float) -> tuple[Any, Any]:
    return mf.SA(beta, scale="relative"), mf.USA(beta, scale="relative")


def as_rows(v: Array, mu: Points) -> Array:
    return v * geometry.quarter_turn(mu.x) if v.shape[-1] == 1 else geometry.project(mu.x, v)


# --- kernels of <x, y> that are no exponential ---------------------------------------------------------------

KERNELS = {
    "polynomial": mf.Zonal(lambda t: 1.0 + 0.5 * t * t, "polynomial"),
    "falling": mf.Zonal(lambda t: np.exp(-20.0 * t), "falling"),
    "confidence": mf.Zonal(lambda t: np.where(t > 0.2, 0.8, 0.3), "confidence", breaks=(0.2,)),
    "kink": mf.Zonal(lambda t: np.abs(t - 0.3), "kink", breaks=(0.3,)),
    "unnamed": mf.Zonal(lambda t: np.where(t > 0.2, 1.0, 0.1), "a break that was not named"),
}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("d", [2, 3])
def test_any_kernel_of_the_inner_product_by_every_sum_or_not_at_all(kernel: mf.Zonal, d: int) -> None:
    """Bounded confidence had velocities 3e-3 off by rule and by harmonics, 1 + t^2 / 2 on S^2 5e-3."""
    rng = np.random.default_rng(3)
    n = CROSSOVER[d] + 200
    x, w = geometry.retract(rng.standard_normal((n, d))), rng.uniform(0.0, 2.0 / n, n)
    e = kernel.phi(np.clip(x @ x.T, -1.0, 1.0)) * w
    exact = geometry.project(x, (e @ x) / e.sum(axis=1, keepdims=True))
    smooth = kernel.name in ("polynomial", "falling")
    for field in ("auto", "direct", "harmonic", *(("cells", "compiled") if room.installed() else ())):
        if field == "cells" and d == 3:
            continue
        mu = mf.Points(x, weights=w, field=field)
        if field in ("harmonic", "cells") and not smooth:
            with pytest.raises(ValueError, match=r'breaks=|field="direct"'):
                mu.read(kernel)
            continue
        r = mu.read(kernel)
        v = geometry.project(x, r.M) / r.Z
        np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-13)


# --- tokens without mass -------------------------------------------------------------------------------------


def speeds(theta: Array, w: Array, beta: float) -> Array:
    """SA's angular velocities in long double: the log-sum-exp over tokens that have mass."""
    x, m = theta.astype(np.longdouble), w.astype(np.longdouble)
    gap = x[w > 0.0][None, :] - x[:, None]
    s = -2.0 * np.longdouble(beta) * np.sin(gap / 2) ** 2
    e = m[w > 0.0] * np.exp(s - s.max(axis=1, keepdims=True))
    return np.asarray((e * np.sin(gap)).sum(axis=1) / e.sum(axis=1), dtype=float)


SUMS = {"differences": 40, "direct": 300, "compiled": 300, "harmonic": 600, "cells": 600}
"""With every one of them, tokens of which a third has no mass."""


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("beta", [4.0, 373.0, 375.0, 1000.0, 1e6])
def test_tokens_without_mass_move_as_the_others_pull(beta: float, rows: bool, name: str) -> None:
    """Padding: theta' of a token at 0 whose only company is at 3 is sin 3 at every beta; by differences it was
    0.1111 at beta = 373, and not finite from 375 on."""
    if name in ("compiled", "cells") and not room.installed():
        pytest.skip("needs the extra fast")
    n = SUMS[name]
    if name in ("harmonic", "cells") and n < 2 * mf.Exponential(beta).bandwidth(2):
        pytest.skip("too few points for so many harmonics")
    rng = np.random.default_rng(7)
    theta, w = rng.uniform(0.0, 2.0, n), rng.uniform(0.5, 1.5, n)
    w[::3] = 0.0
    theta[:3] = 4.0, 2.0, 5.0  # the first is far from all mass
    w /= w.sum()
    mu = OnPoints(w, ROWS if rows else ANGLES, name).measure(geometry.to_rows(theta) if rows else theta)
    v = mf.SA(beta, scale="scaled").velocity(0.0, None, mu)
    v = v[:, 0] if v.shape[-1] == 1 else np.sum(v * geometry.quarter_turn(mu.x), axis=-1)
    # beta eps on rows and in harmonics, where scores to 2 beta are rounded; the far token's is one of them
    np.testing.assert_allclose(v, speeds(theta, w, beta), rtol=0.0, atol=4e-15 * (10.0 + beta))


def test_padding_at_every_beta() -> None:
    for beta in (1.0, 373.0, 375.0, 1e4, 1e8):
        run = pt.simulate(mf.SA(beta, scale="scaled"), [0.0, 3.0], (0.0, 0.01), [0.0, 0.01], weights=[0.0, 1.0])
        # tan(g / 2) of the gap to a token that stands still decays like e^-t
        assert run.x[-1, 0] == pytest.approx(3.0 - 2.0 * np.arctan(np.exp(-0.01) * np.tan(1.5)), abs=1e-13)
        assert run.x[-1, 1] == 3.0


def test_weights_too_different_to_stand_outside_the_exponential() -> None:
    """The token's own mass of 1e-250 has the largest score, beside which the other's vanished."""
    w = np.array([1e-250, 1.0])
    mu = OnPoints(w, ANGLES, "differences").measure(np.array([0.0, 3.0]))
    for beta in (4.0, 200.0, 375.0):
        v = mf.SA(beta).velocity(0.0, None, mu)
        share = 1.0 / (1.0 + np.exp(np.log(1e-250) + 2.0 * beta * np.sin(1.5) ** 2))
        assert v[0, 0] == pytest.approx(share * np.sin(3.0), rel=1e-12, abs=0.0)


@pytest.mark.parametrize("angles", [True, False])
def test_tokens_without_mass_merge_and_wait(angles: bool) -> None:
    """Merging and long times: a token without mass goes to the others, and moves nobody."""
    theta, w = np.array([0.0, 0.9, 1.0, 2.5]), np.array([0.0, 0.3, 0.0, 0.7])
    x = theta if angles else geometry.to_rows(theta)
    law, t = mf.SA(4.0), 30.0
    whole = pt.simulate(law, x, (0.0, t), [t], weights=w, merge_tol=1e-6)
    alone = pt.simulate(law, x[[1, 3]], (0.0, t), [t], weights=w[[1, 3]])
    assert [m.mass for m in whole.merges][-1] == pytest.approx(1.0)
    np.testing.assert_allclose(whole.x[-1][[1, 3]], alone.x[-1], rtol=0.0, atol=1e-5)
    late = pt.longtime(mf.SA(64.0), x, weights=w, log_t_end=100.0)
    pair = pt.longtime(mf.SA(64.0), x[[1, 3]], weights=w[[1, 3]], log_t_end=100.0)
    assert late.masses[-1].tolist() == [1.0]
    # the last merger is that of the two that have mass: the token beside the first has joined it by then
    assert late.merges[-1].log_t == pytest.approx(pair.merges[-1].log_t, abs=1e-6)


# --- fast against direct -------------------------------------------------------------------------------------


@everywhere
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("beta", BETAS)
def test_harmonic_velocities_are_the_direct_ones(beta: float, weighted: bool, cloud: str) -> None:
    rng = np.random.default_rng(1)
    x = CLOUDS[cloud](rng)
    w = rng.uniform(0.1, 1.0, N) if weighted else None
    if cloud == "lonely" and weighted:
        w[-12:] = 10.0 ** -np.arange(1.0, 10.0, 0.75)  # type: ignore[index]
    fast, slow = (mf.Points(x, weights=w, field=field) for field in ("harmonic", "direct"))
    for law in laws(beta):
        v, exact = law.velocity(0.0, None, fast), law.velocity(0.0, None, slow)
        assert v.shape == exact.shape == (N, 1)
        np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-12 * np.abs(exact).max())
        div, slowly = law.divergence(0.0, None, fast), law.divergence(0.0, None, slow)
        np.testing.assert_allclose(div, slowly, rtol=0.0, atol=1e-11 * max(1.0, np.abs(slowly).max()))
        for name, value in law.quantities(0.0, slow).items():
            assert law.quantities(0.0, fast)[name] == pytest.approx(value, rel=1e-11), name


@pytest.mark.rounding
@pytest.mark.parametrize("d", [2, 3])
def test_harmonic_divergences_are_the_direct_ones(d: int) -> None:
    x = pt.uniform(60, d, np.random.default_rng(d))
    kernel = mf.Exponential(4.0)
    fast, slow = (mf.Points(x, field=field).read(kernel, None, "L") for field in ("harmonic", "direct"))
    exact = slow.L * np.exp(slow.log)[..., 0]
    got = fast.L * np.exp(np.asarray(fast.log)).reshape(-1, 1)[..., 0]
    np.testing.assert_allclose(got, exact, rtol=0.0, atol=1e-12 * np.abs(exact).max())


@everywhere
@pytest.mark.parametrize("beta", BETAS)
def test_the_bare_harmonic_sum_has_a_small_absolute_error(beta: float, cloud: str) -> None:
    kernel, x = mf.Exponential(beta), CLOUDS[cloud](np.random.default_rng(2))
    w = np.full(N, 1.0 / N)
    fast = harmonic(Circle(8), kernel, x, w, want="ZML")
    slow = mf.Points(x, field="direct").read(kernel, None, "ZML")
    size = np.exp(slow.log - fast.log)
    top = (slow.Z * size).max()
    rounding = 2e-14 + 4.0 * beta * EPS  # of the oracle: its scores beta <x, y> are rounded
    np.testing.assert_allclose(fast.Z, slow.Z * size, rtol=0.0, atol=rounding * top)
    np.testing.assert_allclose(fast.M, slow.M * size, rtol=0.0, atol=rounding * top)
    np.testing.assert_allclose(fast.L, slow.L * size[:, 0], rtol=0.0, atol=rounding * (1.0 + beta) * top)


@pytest.mark.parametrize("beta", [9.0, 64.0])
def test_faint_points_are_mended_by_direct_sums(beta: float) -> None:
    """Alone opposite a cluster, Z is the point's own weight, and the bare quotient is rounding."""
    rng = np.random.default_rng(3)
    x = np.append(rng.normal(0.0, 0.05, N - 2), [3.0, 3.1])
    w = np.append(np.ones(N - 2), [1e-3, 3e-4])
    law = mf.SA(beta)
    slow = law.velocity(0.0, None, mf.Points(x, weights=w, field="direct"))
    fast = law.velocity(0.0, None, mf.Points(x, weights=w, field="harmonic"))
    r = harmonic(Circle(8), law.kernel(), x, w / w.sum())
    assert np.abs(fast - slow).max() < 1e-13 and np.abs(r.M / r.Z - slow).max() > 1e-12
    # all the same at rows, at rows of one's own asking, and where no point is near
    far = np.stack([np.cos([2.0, 3.05, 4.5]), np.sin([2.0, 3.05, 4.5])], axis=-1)
    for where in (far, far[1:2], far[:, None, :]):  # of the last, each row is asked by itself
        ours, exact = (law.velocity(0.0, where, mf.Points(x, weights=w, field=f)) for f in ("harmonic", "direct"))
        np.testing.assert_allclose(
            geometry.project(where, ours), geometry.project(where, exact), rtol=0.0, atol=1e-12 * np.abs(exact).max()
        )


def test_far_from_every_point_the_normaliser_may_not_be_written() -> None:
    """Z is e^{-2000} of its maximum there; the law's quotient is what it is all the same."""
    x = np.random.default_rng(4).normal(0.0, 0.01, N)
    far = np.array([[-1.0, 0.0], [np.cos(3.0), np.sin(3.0)]])
    law = mf.SA(1000.0, scale="scaled")
    exact = law.velocity(0.0, far, mf.Points(x, field="direct"))
    np.testing.assert_allclose(law.velocity(0.0, far, mf.Points(x)), exact, rtol=1e-11)
    among_others = np.concatenate([far, geometry.to_rows(x)])
    np.testing.assert_allclose(law.velocity(0.0, among_others, mf.Points(x))[:2], exact, rtol=1e-11)
    assert np.abs(exact).max() > 0.9


@pytest.mark.parametrize("beta", [1.0, 64.0])
def test_replicas_do_not_see_one_another(beta: float) -> None:
    rng = np.random.default_rng(5)
    x = np.stack([CLOUDS[name](rng) for name in CLOUDS])
    w = rng.uniform(0.5, 1.5, (3, N))
    for field in ("harmonic", "direct"):
        together = mf.Points(x, weights=w, angles=True, field=field)
        alone = [mf.Points(x[i], weights=w[i], field=field) for i in range(3)]
        for law in laws(beta):
            single = np.stack([law.velocity(0.0, None, mu) for mu in alone])
            np.testing.assert_allclose(law.velocity(0.0, None, together), single, rtol=0.0, atol=1e-12)
            energies = [law.quantities(0.0, mu)["energy"] for mu in alone]
            np.testing.assert_allclose(law.quantities(0.0, together)["energy"], energies, rtol=1e-12)
    small = mf.Points(x[:, :20], angles=True)
    for law in laws(beta):
        single = np.stack([law.velocity(0.0, None, mf.Points(x[i, :20])) for i in range(3)])
        np.testing.assert_array_equal(law.velocity(0.0, None, small), single)


def test_angles_and_rows_are_the_same_points() -> None:
    theta = np.random.default_rng(6).uniform(-30.0, 30.0, 600)
    on_angles, on_rows = mf.Points(theta), mf.Points(geometry.to_rows(theta))
    for law in (mf.SA(4.0), mf.USA(4.0), mf.SA(0.0)):
        ours = as_rows(law.velocity(0.0, None, on_angles), on_angles)
        theirs = as_rows(law.velocity(0.0, None, on_rows), on_rows)
        size = np.abs(ours).max()
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-12 * size)
        given = geometry.project(on_rows.x, law.velocity(0.0, on_rows.x, on_angles))
        np.testing.assert_allclose(given, theirs, rtol=0.0, atol=1e-12 * size)
    np.testing.assert_allclose(on_rows.moments(30), on_angles.moments(30), rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(on_rows.mean, on_angles.mean, rtol=0.0, atol=1e-15)


# --- which sum -----------------------------------------------------------------------------------------------


def test_the_rule_of_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = CROSSOVER[2] - 1, CROSSOVER[2]
    kernel, wide = mf.Exponential(4.0), mf.Exponential(1000.0)
    turned = mf.Exponential(1.0, Q=np.array([[0.0, 1.0], [1.0, 0.0]]))
    lots = room.COMPILED["cells"]
    for there in (True, False):
        monkeypatch.setattr(room, "installed", lambda there=there: there)
        assert choose("auto", kernel, ROWS, 2, few) == choose("auto", wide, ROWS, 2, many) == "direct"
        assert choose("auto", kernel, ROWS, 2, many) == choose("harmonic", kernel, ROWS, 2, 5) == "harmonic"
        assert choose("direct", kernel, ROWS, 2, many) == "direct"
        assert choose("auto", kernel, ROWS, 5, 10**6) == ("compiled" if there else "direct")
        assert choose("auto", kernel, ROWS, 3, 10**6) == choose("auto", kernel, ROWS, 2, lots - 1) == "harmonic"
        assert choose("auto", kernel, ROWS, 2, lots) == ("cells" if there else "harmonic")
        assert choose("auto", turned, ROWS, 2, lots) == choose("harmonic", turned, ROWS, 2, 5) == "twofold"
        assert choose("auto", turned, ROWS, 2, lots, divergence=True) == ("compiled" if there else "direct")
        for d, bad in ((5, kernel), (5, turned)):
            with pytest.raises(ValueError, match=r"field.*harmonic"):
                choose("harmonic", bad, ROWS, d, many)
        for d, bad in ((3, kernel), (2, turned)):
            with pytest.raises(ValueError, match=r"field.*cells.*circle"):
                choose("cells", bad, ROWS, d, many)
    for name in ("cells", "compiled"):
        with pytest.raises(ImportError, match="pip install -U numba"):
            mf.Points([0.0, 1.0], field=name).read(kernel)


@pytest.mark.parametrize("beta", [4.0, 9.0, 64.0])
def test_tiny_weights_need_no_direct_sum(beta: float) -> None:
    """A density carried by its points: weights over eighteen decades, some zero, some negative by rounding."""
    rng = np.random.default_rng(11)
    x = np.concatenate([rng.normal(0.0, 0.3, N - 300), rng.uniform(-1.5, 1.5, 300)])
    w = np.concatenate([np.ones(N - 300), 10.0 ** -rng.uniform(0.0, 18.0, 300)])
    w[-40:-20], w[-20:] = 0.0, -1e-17
    w /= w.sum()
    fast, slow, auto = (Points.trusted(x, w, ANGLES, field) for field in ("harmonic", "direct", "auto"))
    for law in laws(beta):
        v, exact = law.velocity(0.0, None, fast), law.velocity(0.0, None, slow)
        np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-12 * np.abs(exact).max())
        div, slowly = law.divergence(0.0, None, fast), law.divergence(0.0, None, slow)
        np.testing.assert_allclose(div, slowly, rtol=0.0, atol=1e-11 * max(1.0, np.abs(slowly).max()))
        np.testing.assert_array_equal(law.velocity(0.0, None, auto), v)


def test_a_well_conditioned_cloud_asks_no_direct_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(12)
    w = 10.0 ** -rng.uniform(0.0, 18.0, N)
    mu = Points.trusted(rng.normal(0.0, 0.5, N), w / w.sum(), ANGLES, "harmonic")
    expected = mu.read(mf.Exponential(4.0), None, "ZML")
    monkeypatch.setattr(measure, "direct", None)
    np.testing.assert_array_equal(mu.read(mf.Exponential(4.0), None, "ZML").L, expected.L)


@pytest.mark.parametrize("n", [CROSSOVER[2] - 1, CROSSOVER[2] + 1])
def test_nothing_jumps_where_the_choice_turns(n: int) -> None:
    x = np.random.default_rng(7).uniform(0.0, 6.0, n)
    for law in laws(9.0):
        auto, slow = (law.velocity(0.0, None, mf.Points(x, field=field)) for field in ("auto", "direct"))
        np.testing.assert_allclose(auto, slow, rtol=0.0, atol=1e-12 * np.abs(slow).max())


# --- symmetries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["harmonic", "direct"])
@pytest.mark.parametrize("beta", [0.0, 4.0, 64.0])
def test_renaming_turning_and_reflecting_the_circle(beta: float, field: str) -> None:
    rng = np.random.default_rng(8)
    x, w = lonely(rng), rng.uniform(0.2, 1.0, N)
    order = rng.permutation(N)
    for law in laws(beta):

        def v(theta: Array, masses: Array, law: Any = law) -> Array:
            return np.asarray(law.velocity(0.0, None, mf.Points(theta, weights=masses, field=field))[:, 0])

        here = v(x, w)
        size = 1e-12 * np.abs(here).max()
        np.testing.assert_allclose(v(x[order], w[order]), here[order], rtol=0.0, atol=size)
        np.testing.assert_allclose(v(x + 1.2345, w), here, rtol=0.0, atol=size)
        np.testing.assert_allclose(v(-x, w), -here, rtol=0.0, atol=size)
        np.testing.assert_allclose(v(x + 20.0 * np.pi, w), here, rtol=0.0, atol=10.0 * size)
        np.testing.assert_allclose(v(x, 7.0 * w), here, rtol=0.0, atol=size)


@pytest.mark.parametrize("d", [3, 8])
@pytest.mark.parametrize("beta", [0.0, 4.0, 64.0])
def test_renaming_and_turning_spheres(beta: float, d: int) -> None:
    rng = np.random.default_rng(9)
    x, w = pt.uniform(300, d, rng), rng.uniform(0.2, 1.0, 300)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]  # reflections among them
    order = rng.permutation(300)
    for law in laws(beta):

        def v(rows: Array, masses: Array, law: Any = law) -> Array:
            mu = mf.Points(rows, weights=masses)
            return geometry.project(mu.x, law.velocity(0.0, None, mu))

        here = v(x, w)
        Z = mf.Points(x, weights=w).read(law.kernel(), None, "Z")
        size = 1e-12 * np.abs(here).max() + 1e-14 * float(np.exp(Z.log + law.log_factor(d)).max()) * (
            type(law) is mf.USA
        )
        np.testing.assert_allclose(v(x[order], w[order]), here[order], rtol=0.0, atol=size)
        np.testing.assert_allclose(v(geometry.retract(x @ turn.T), w), here @ turn.T, rtol=0.0, atol=size)
        assert np.abs(np.einsum("nd,nd->n", x, here)).max() <= size


def test_a_double_particle_is_one_of_double_weight() -> None:
    theta = np.array([0.1, 1.0, 1.0, 2.5, 4.0])
    merged, masses = np.array([0.1, 1.0, 2.5, 4.0]), np.array([1.0, 2.0, 1.0, 1.0])
    for law in (mf.SA(4.0), mf.USA(4.0), mf.SA(0.0), mf.USA(4.0, sign=-1)):
        ours = law.velocity(0.0, None, mf.Points(theta))[[0, 1, 3, 4]]
        np.testing.assert_allclose(ours, law.velocity(0.0, None, mf.Points(merged, weights=masses)), rtol=1e-13)
        energies = [law.quantities(0.0, mu)["energy"] for mu in (mf.Points(theta), mf.Points(merged, weights=masses))]
        assert energies[0] == pytest.approx(energies[1], rel=1e-14)


def test_what_points_are() -> None:
    rng = np.random.default_rng(10)
    x, w = pt.uniform(40, 4, rng), rng.uniform(0.0, 1.0, 40)
    mu = mf.Points(x, weights=w)
    assert mu.d == 4 and mu.n == 40 and mu.mass == pytest.approx(1.0, abs=40 * EPS)
    np.testing.assert_allclose(mu.mean, (w / w.sum()) @ x, rtol=1e-13)
    np.testing.assert_allclose(mu.second_moment, np.einsum("n,ni,nj->ij", w / w.sum(), x, x), rtol=1e-12)
    assert mu.energy(mf.SA(1.0)) == mf.SA(1.0).quantities(0.0, mu)["energy"]
    with pytest.raises(TypeError, match="theta exists on the circle"):
        mu.theta  # noqa: B018
    one = mf.Points([0.5])
    assert np.abs(mf.SA(9.0).velocity(0.0, None, one)).max() == 0.0
