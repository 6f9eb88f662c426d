"""Scores of pairs: kernels are pairwise or refused, and at large beta scores come from differences."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, cast

import mpmath as mp
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import ANGLES, ROWS
from meanfield.kernels.energy import Beyond
from meanfield.measures.points import Points
from meanfield.methods.cloud import OnPoints
from meanfield.protocols import Array, Bilinear
from meanfield.sums.choose import choose
from meanfield.sums.direct import TILE, direct
from meanfield.sums.direct_numba import direct_numba
from meanfield.sums.scores import moderate, peak, refuse_unpaired, sharp, unit

pytestmark = pytest.mark.rounding
EPS = float(np.finfo(float).eps)
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs the extra fast")
dense = pytest.mark.parametrize("dense", [direct, pytest.param(direct_numba, marks=needs_numba)])


def rows(rng: np.random.Generator, n: int, d: int) -> Array:
    return np.asarray(geometry.retract(rng.standard_normal((n, d))))


# --- kernels are pairwise ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hardmax:
    """0 where <x, y> is the row's largest, else -inf: looks along the row."""

    isotropic = True
    range = np.inf

    def log(self, x: Array, y: Array) -> Array:
        s = x @ np.swapaxes(y, -1, -2)
        return np.where(s == s.max(axis=-1, keepdims=True), 0.0, -np.inf)


@dataclass(frozen=True)
class Softmax(Hardmax):
    """Scores normalised along the row."""

    def log(self, x: Array, y: Array) -> Array:
        s = x @ np.swapaxes(y, -1, -2)
        return np.asarray(s - np.log(np.exp(s).sum(axis=-1, keepdims=True)))


@dataclass(frozen=True)
class Centred(Hardmax):
    """Keys less their mean: looks along the columns."""

    def log(self, x: Array, y: Array) -> Array:
        return np.asarray(x @ np.swapaxes(y - y.mean(axis=-2, keepdims=True), -1, -2))


@dataclass(frozen=True)
class Mask(Hardmax):
    """A bias by index, of a shape of its own."""

    n: int = 5

    def log(self, x: Array, y: Array) -> Array:
        return np.asarray(x @ np.swapaxes(y, -1, -2) + np.arange(self.n)[:, None])


@dataclass(frozen=True)
class Confidence(Hardmax):
    """Bounded confidence: -inf beyond a distance.  Pairwise."""

    def log(self, x: Array, y: Array) -> Array:
        return np.where(x @ np.swapaxes(y, -1, -2) > 0.3, 0.0, -np.inf)


@dataclass(frozen=True)
class Squares(Hardmax, Bilinear):
    """s = c <x, y>^2 by factors."""

    c: float = 1.0

    def upper(self) -> float:
        return self.c

    def factors(self, x: Array, y: Array) -> tuple[Array, Array]:
        a, b = ((v[..., :, None] * v[..., None, :]).reshape(*v.shape[:-1], -1) for v in (x, y))
        return self.c * a, b

    def log(self, x: Array, y: Array) -> Array:
        a, b = self.factors(x, y)
        return np.asarray(a @ np.swapaxes(b, -1, -2))


@dataclass(frozen=True)
class Named(Hardmax):
    """Equal by name, whatever the profile."""

    name: str = ""
    profile: Any = field(compare=False, default=None)

    def log(self, x: Array, y: Array) -> Array:
        return np.asarray(self.profile(x @ np.swapaxes(y, -1, -2)))


@dataclass(frozen=True)
class Ask(mf.Law):
    """The mean of a kernel."""

    kernel: Any

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        r = mu.read(self.kernel, x, "ZM")
        return r.M / r.Z


SHIPPED = [
    mf.Exponential(0.0),
    mf.Exponential(4.0),
    mf.Exponential(1e6),
    mf.Exponential(3.0, np.diag([1.0, 2.0, -1.0]), np.ones((3, 3))),
    mf.Zonal(lambda t: np.exp(2.0 * t), "exponential"),
    mf.Zonal(lambda t: np.where(t > 0.2, 1.0, 0.0), "krause", breaks=(0.2,)),
    Beyond(0.5),
    Confidence(),
]


@pytest.mark.parametrize("kernel", SHIPPED, ids=lambda k: type(k).__name__)
def test_every_kernel_is_pairwise(kernel: Any) -> None:
    """Cut in two, rows and columns, replicas too: the parts are the whole's."""
    rng = np.random.default_rng(3)
    x, y = rows(rng, 2 * 9, 3).reshape(2, 9, 3), rows(rng, 2 * 11, 3).reshape(2, 11, 3)
    whole = kernel.log(x, y)
    size = np.abs(whole[np.isfinite(whole)]).max(initial=1.0)
    if isinstance(kernel, Beyond):  # log of about t^2 / 2, whose t = <x, y> is known to eps and not to eps t
        size += 2.0 / np.abs(x @ np.swapaxes(y, -1, -2)).min()
    for i in (slice(0, 4), slice(4, 9), slice(8, 9)):
        for j in (slice(0, 5), slice(5, 11), slice(0, 1)):
            part = kernel.log(x[:, i], y[:, j])
            np.testing.assert_allclose(part, whole[:, i, j], rtol=0.0, atol=8.0 * EPS * size)
    refuse_unpaired(kernel, 3)


@pytest.mark.parametrize("kernel", [Hardmax(), Softmax(), Centred(), Mask()], ids=lambda k: type(k).__name__)
@pytest.mark.parametrize("n", [3, 100, 1000])
@pytest.mark.parametrize("angles", [True, False])
def test_a_kernel_that_looks_around_is_refused_at_every_size(kernel: Any, n: int, angles: bool) -> None:
    """Hardmax was right at n = 100 and wrong by 0.12 at n = 1000, where a row has several tiles."""
    theta = np.random.default_rng(1).uniform(0.0, 6.0, n)
    x0 = theta if angles else geometry.to_rows(theta)
    with pytest.raises(ValueError, match=r"kernel: .*not pairwise"):
        pt.simulate(Ask(kernel), x0, (0.0, 0.1), field="direct")


def test_a_pairwise_kernel_over_several_tiles_is_the_loop() -> None:
    n = 2 * TILE + 60
    x = rows(np.random.default_rng(2), n, 3)
    r = direct(cast(Any, Confidence()), x, x, np.full(n, 1.0 / n), "ZM", same=True)
    near = x @ x.T > 0.3
    np.testing.assert_allclose(np.exp(r.log) * r.Z, near.mean(axis=1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(np.exp(r.log) * r.M, near @ x / n, rtol=0.0, atol=1e-14)


def test_a_profile_is_a_function_of_each_height() -> None:
    for phi in (lambda t: t / t.max() + 2.0, lambda t: np.exp(t - np.mean(t)), np.cumsum):
        with pytest.raises(ValueError, match="phi must be a function of each t"):
            mf.Zonal(phi, "relative")


def test_a_kernel_answers_for_itself() -> None:
    """Not the equal one that was tried before it."""
    mu = OnPoints(np.full(2, 0.5), ANGLES).measure(np.array([0.0, 1.0]))
    for c in (1.0, 2.0):
        r = mu.read(cast(Any, Named)("profile", lambda t, c=c: c * t), None, "Z")
        exact = 0.5 * (np.exp(c) + np.exp(c * np.cos(1.0)))
        np.testing.assert_allclose(r.Z * np.exp(r.log), exact, rtol=1e-14)


def test_a_kernel_is_tried_once() -> None:
    asked = []

    @dataclass(frozen=True)
    class Counted(Confidence):
        def log(self, x: Array, y: Array) -> Array:
            asked.append(x.shape)
            return super().log(x, y)

    x = rows(np.random.default_rng(0), 20, 3)
    for _ in range(3):
        direct(cast(Any, Counted()), x, x, np.full(20, 0.05), "Z")
    assert len([shape for shape in asked if shape == (20, 3) or shape == (1, 20, 3)]) == 3
    assert len(asked) == 3 + 4


# --- scores from differences ---------------------------------------------------------------------------------


class Exactly:
    """Z, M / Z and L / Z at unit rows, each row normalised in 50 digits, times e^{-beta}."""

    def __init__(self, beta: float, x: Array, y: Array, w: Array) -> None:
        with mp.workdps(50):
            self.rows = [self._row(mp.mpf(beta), p, self._unit(y), w) for p in self._unit(x)]

    @staticmethod
    def _unit(x: Array) -> Any:
        out = []
        for row in x:
            v = [mp.mpf(float(a)) for a in row]
            size = mp.sqrt(mp.fsum(a * a for a in v))
            out.append([a / size for a in v])
        return out

    @staticmethod
    def _row(beta: Any, p: Any, y: Any, w: Array) -> Any:
        d = len(p)
        t = [mp.fsum(a * b for a, b in zip(p, q, strict=True)) for q in y]
        e = [mp.mpf(float(m)) * mp.exp(beta * (c - 1)) for m, c in zip(w, t, strict=True)]
        Z = mp.fsum(e)
        M = [mp.fsum(g * q[k] for g, q in zip(e, y, strict=True)) / Z for k in range(d)]
        L = mp.fsum(g * (beta * (1 - c * c) - (d - 1) * c) for g, c in zip(e, t, strict=True)) / Z
        return Z, M, L

    def errors(self, r: Any, beta: float) -> tuple[float, float]:
        """Of Z (relative) and M / Z, and of L / Z."""
        of_L = of_Z = 0.0
        with mp.workdps(50):
            for i, (Z, M, L) in enumerate(self.rows):
                size = mp.exp(mp.mpf(float(r.log[i, 0])) - mp.mpf(beta))
                of_Z = max(of_Z, abs(float(mp.mpf(float(r.Z[i, 0])) * size / Z - 1)))
                for k, m in enumerate(M):
                    of_Z = max(of_Z, abs(float(mp.mpf(float(r.M[i, k])) / mp.mpf(float(r.Z[i, 0])) - m)))
                if r.L is not None:
                    of_L = max(of_L, abs(float(mp.mpf(float(r.L[i])) / mp.mpf(float(r.Z[i, 0])) - L)))
        return of_Z, of_L


@dense
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("d", [2, 3, 40])
@pytest.mark.parametrize("beta", [1e4, 1e8, 1e12])
def test_narrow_clusters_at_large_beta(beta: float, d: int, own: bool, dense: Any) -> None:
    """At 1e8 the error was 1e-8, beta eps; it is beta eps |x - y|, and |x - y| is some 1 / sqrt(beta)."""
    rng, n = np.random.default_rng(d), 24
    width = 1.0 / np.sqrt(beta * d)
    centre = rows(rng, 1, d)
    y = np.asarray(geometry.retract(centre + width * rng.standard_normal((n, d))))
    x = y if own else np.asarray(geometry.retract(centre + width * rng.standard_normal((3, d))))
    w = rng.uniform(0.5, 1.0, n) / n
    kernel = mf.Exponential(beta)
    apart = float(np.linalg.norm(x[:, None] - y[None], axis=-1).max())
    # a difference of coordinates is exact; the norms of rows leave beta 1e-24 d, sums of n terms n eps
    limit = 4.0 * (beta * EPS * apart**2 + n * EPS) + 1e-23 * beta * d
    if own:
        fast = Exactly(beta, y[:3], y, w).errors(dense(kernel, y, y, w, "ZM", same=True), beta)
        assert fast[0] < limit
    assert Exactly(beta, x[:3], y, w).errors(dense(kernel, x, y, w, "ZM"), beta)[0] < limit
    of_Z, of_L = Exactly(beta, x[:3], y, w).errors(dense(kernel, x, y, w, "ZML"), beta)
    assert of_Z < limit and of_L < (d + 2.0) * limit


@dense
def test_far_from_all_mass_the_scores_are_shifted_by_their_largest(dense: Any) -> None:
    beta = 1e6
    rng = np.random.default_rng(4)
    x = rows(rng, 3, 3)
    y = np.asarray(geometry.retract(-x[:1] + 1e-3 * rng.standard_normal((8, 3))))
    w = np.full(8, 0.125)
    r = dense(mf.Exponential(beta), x, y, w, "ZM")
    apart = np.array([Exactly(beta, x[i : i + 1], y, w).rows[0][0] for i in range(3)])
    with mp.workdps(50):
        for i in range(3):
            size = mp.exp(mp.mpf(float(r.log[i, 0])) - mp.mpf(beta)) * mp.mpf(float(r.Z[i, 0]))
            assert abs(float(size / apart[i] - 1)) < 16.0 * beta * EPS


def test_few_angles_at_large_beta() -> None:
    """Two tokens 1e-4 apart at beta = 1e8: theta' = sin(gap) e^{-s} / (1 + e^{-s}), s = 2 beta sin^2(gap / 2)."""
    beta, gap = 1e8, 1.3e-4
    law = mf.SA(beta, scale="scaled")
    cloud = pt.simulate(law, [0.0, gap], (0.0, 1.0), [0.0, 1.0], method="euler", step=1.0)
    with mp.workdps(40):
        s = 2 * mp.mpf(beta) * mp.sin(mp.mpf(gap) / 2) ** 2
        exact = float(mp.sin(mp.mpf(gap)) * mp.exp(-s) / (1 + mp.exp(-s)))
    assert cloud.x[-1, 0] == pytest.approx(exact, rel=1e-14)


def test_usa_keeps_its_digits_at_large_beta() -> None:
    """e^{log - beta}, log = beta + something, is worth beta eps, unless log is beta itself."""
    beta, gap = 1e8, 1.3e-4
    law = mf.USA(beta, scale="scaled")
    exact = 0.5 * np.exp(-2.0 * beta * np.sin(0.5 * gap) ** 2) * np.sin(gap)
    for w in ([0.5, 0.5], [0.0, 1.0]):
        few = pt.simulate(law, [0.0, gap], (0.0, 1.0), [1.0], method="euler", step=1.0, weights=w)
        assert few.x[-1, 0] == pytest.approx(2.0 * w[1] * exact, rel=1e-14)
        mu = Points.trusted(np.array([0.0, gap]), np.array(w), ANGLES, "direct")
        assert law.velocity(0.0, None, mu)[0, 0] == pytest.approx(2.0 * w[1] * exact, rel=4.0 * beta * EPS * gap)


def test_where_differences_are_not_to_be_trusted_they_are_not_taken() -> None:
    x = rows(np.random.default_rng(1), 5, 3)
    large = mf.Exponential(1e6)
    assert sharp(large, x, x) == 1e6
    assert sharp(mf.Exponential(10.0), x, x) is None
    assert sharp(large, 1.001 * x, x) is None and sharp(large, x, 1.001 * x) is None
    assert sharp(mf.Exponential(1e6, np.eye(3)), x, x) is None
    assert peak(mf.Zonal(np.exp, "exp")) is None and peak(large) == 1e6
    assert peak(mf.Exponential(0.0)) == 0.0 and peak(cast(Any, Squares)(500.0)) is None
    assert unit(np.asarray(geometry.retract(np.random.default_rng(2).standard_normal((100, 1024)))))
    assert moderate(np.ones(3)) and not moderate(np.array([0.0, 1.0])) and not moderate(np.array([-1.0, 1.0]))


def test_scores_of_other_factors_are_their_own() -> None:
    """Isotropic and bilinear in features, not in x: c <x, y>^2, of which differences know nothing."""
    kernel = cast(Any, Squares)(500.0)
    theta, w = np.array([0.0, 0.1, 1.0]), np.full(3, 1.0 / 3.0)
    for mu in (OnPoints(w, ANGLES).measure(theta), Points.trusted(theta, w, ANGLES, "direct")):
        r = mu.read(kernel, None, "ZM")
        s = 500.0 * np.cos(theta[:, None] - theta) ** 2 - 500.0
        Z = np.exp(s) @ w
        np.testing.assert_allclose(r.Z[:, 0] * np.exp(r.log[:, 0] - 500.0), Z, rtol=1e-12)
        pull = (np.exp(s) * np.sin(theta - theta[:, None])) @ w
        np.testing.assert_allclose(r.M[:, 0] * np.exp(r.log[:, 0] - 500.0), pull, rtol=0.0, atol=1e-12)


@dense
def test_rows_off_the_sphere_are_summed_as_they_are(dense: Any) -> None:
    """Compiled sums by pairs take scores from differences, which is wrong for other rows."""
    rng = np.random.default_rng(6)
    x = rows(rng, 30, 3) * rng.uniform(0.99, 1.01, (30, 1))
    w = np.full(30, 1.0 / 30.0)
    r = dense(mf.Exponential(2.0), x, x, w, "ZM", same=True)
    np.testing.assert_allclose(np.exp(r.log) * r.Z, np.exp(2.0 * x @ x.T) @ w[:, None], rtol=1e-13)


# --- harmonics are not needed where all pairs are summed -----------------------------------------------------


@pytest.mark.parametrize("n", [2, 3000])
@pytest.mark.parametrize("d", [2, 3])
def test_no_multipliers_are_asked_for_where_none_are_used(d: int, n: int) -> None:
    """beta = 1e12 in d = 3 was refused: it "needs 1.5e+07 multipliers"."""
    assert choose("auto", mf.Exponential(1e12), ROWS, d, n) in ("direct", "compiled")


def test_two_tokens_at_beta_1e12() -> None:
    gap = 1e-6
    x0 = geometry.to_rows(np.array([0.0, gap]))
    x0 = np.concatenate([x0, np.zeros((2, 1))], axis=1)
    run = pt.simulate(mf.SA(1e12, scale="scaled"), x0, (0.0, 1.0), [0.0, 1.0])
    # by angles too; a row's last digit is 1e-10 of this gap
    y = pt.simulate(mf.SA(1e12, scale="scaled"), [0.0, gap], (0.0, 1.0), [1.0])
    now = np.linalg.norm(run.x[-1, 1] - run.x[-1, 0])
    assert now == pytest.approx(y.x[-1, 1] - y.x[-1, 0], rel=1e-8) and now < 0.5 * gap
    # E e^{-beta} = (1 + e^{-s}) / (4 beta), s = beta gap^2 / 2
    for t, apart in ((0, gap), (1, now)):
        assert run.energy[t] == pytest.approx((1.0 + np.exp(-0.5e12 * apart**2)) / 4e12, rel=1e-8, abs=0.0)
