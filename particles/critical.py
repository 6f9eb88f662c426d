"""Critical points of the energy of n tokens, their indices in two metrics, and certificates (A, Problem 3)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from math import factorial
from typing import Any, Literal, NamedTuple

import numpy as np

from meanfield.laws.gradient import GradientLaw
from meanfield.measures.points import Points
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations
from particles.pulls import Spectrum, moved, newton, pulls, spectrum
from particles.seeking import balanced

Metric = Literal["wasserstein", "weighted"]
METRICS: tuple[Metric, ...] = ("wasserstein", "weighted")
MOST = 10
"""Tokens, at most: what there is to look through doubles with every further one."""
EDGE = 1e-12
"""Share of the largest eigenvalue of its part below which an eigenvalue is none but rounding."""


class Certificate(NamedTuple):
    """That a critical point is there, and alone: Kantorovich's test of Newton's method.

    Attributes
    ----------
    gradient : float
        |n grad E|, in the law's units, in the metric (1/n) sum_i |v_i|^2.
    singular : float
        Least singular value of n Hess E, rotations left out, clusters moved as wholes.
    kantorovich : float
        L |Newton's step| / singular, L a bound of the third derivative.  Below 1/2 there is one zero of the gradient,
        modulo rotations, within two steps' lengths of x; in floating point, the step's own rounding included.

    Examples
    --------
    >>> pt.critical_points(mf.USA(2.0), 2)[1].certificate.holds
    True
    """

    gradient: float
    singular: float
    kantorovich: float

    @property
    def holds(self) -> bool:
        """Whether Kantorovich's number is below 1/2."""
        return bool(self.kantorovich < 0.5)

    def __repr__(self) -> str:
        return line(self)


class CriticalPoint(NamedTuple):
    """A critical point of E on (S^{d-1})^n, for all that rotations, reflections and permutations make of it.

    Attributes
    ----------
    x : ndarray (n, d)
        Unit rows; tokens that are together are so to the last bit, the largest cluster first.
    energy : float
        E of the law.
    sizes : tuple of int
        How many tokens are together.
    certificate : Certificate
        That it is one.
    starts : int
        How many of the starts ended there; 1 of what was not sought but known.
    spectra : dict
        By metric, the eigenvalues of n Hess E in parts (`Spectrum`), in the law's units.

    Examples
    --------
    >>> square = pt.critical_points(mf.USA(2.0), 4)[-1]
    >>> square.index(), square.copies, round(square.energy, 9)
    (3, 6, 0.595274461)
    """

    x: Array
    energy: float
    sizes: tuple[int, ...]
    certificate: Certificate
    starts: int
    spectra: dict[Metric, Spectrum]

    def __repr__(self) -> str:
        n, d = self.x.shape
        return f"CriticalPoint(n={n}, d={d}, sizes={self.sizes}, energy={self.energy:.9g}, index={self.index()})"

    def _spectrum(self, metric: Any) -> Spectrum:
        inputs.choice("metric", metric, METRICS)
        return self.spectra[metric]

    def eigenvalues(self, metric: Metric = "wasserstein") -> Array:
        """Eigenvalues of n Hess E, ascending, those of rotations left out.

        They are those of the Jacobian of the flow that climbs E: of USA in Wasserstein's metric (1/n) sum |v_i|^2, of
        SA in the weighted one, (1/n) sum Z_i |v_i|^2 (A (3.12)).
        """
        part = self._spectrum(metric)
        return np.sort(np.concatenate(part))

    def index(self, metric: Metric = "wasserstein") -> int:  # type: ignore[override]
        """How many of them are positive: 0 of a maximum; by Remark B.1 the same in both metrics."""
        return int(sum((part > _edge(part)).sum() for part in self._spectrum(metric)))

    def top(self, metric: Metric = "wasserstein") -> float:
        """The largest of them, the rate at which tokens leave; nan of one token, which has none."""
        return float(self.eigenvalues(metric).max(initial=-np.inf)) if len(self.x) > 1 else np.nan

    @property
    def isolated(self) -> bool:
        """Whether no eigenvalue vanishes but the rotations', to rounding."""
        return all(bool((np.abs(part) > _edge(part)).all()) for part in self.spectra["wasserstein"])

    @property
    def copies(self) -> int:
        """On the circle: how many states of tokens with names it stands for, modulo rotations.

        n! / prod (sizes!), divided by the number of rotations that take it to itself, twice that if no reflection does.
        """
        if self.x.shape[1] != 2:
            raise ValueError(f"copies: of critical points on the circle, d = 2, and this has d = {self.x.shape[1]}")
        angles = self.angles[np.r_[0, np.cumsum(self.sizes)[:-1]]]
        order = np.argsort(angles)
        angles = angles[order]
        size, gap = np.array(self.sizes)[order], np.diff(np.append(angles, angles[0] + 2.0 * np.pi))
        ring = np.stack([size, gap])
        mirrored = np.stack([size[::-1], np.roll(gap[::-1], -1)])
        alike = [[np.abs(np.roll(one, k, axis=1) - ring).max() < 1e-6 for k in range(len(size))]
                 for one in (ring, mirrored)]  # fmt: skip
        named = factorial(len(self.x))
        for k in self.sizes:
            named //= factorial(k)
        return named // int(sum(alike[0])) * (1 if any(alike[1]) else 2)

    @property
    def angles(self) -> Array:
        """(n,) angles of tokens on the circle, the first at 0."""
        if self.x.shape[1] != 2:
            raise ValueError(f"angles: of critical points on the circle, d = 2, and this has d = {self.x.shape[1]}")
        return np.asarray(np.mod(np.arctan2(self.x[:, 1], self.x[:, 0]), 2.0 * np.pi))


def _edge(part: Array) -> float:
    """What counts as zero among eigenvalues of one part."""
    return EDGE * float(np.abs(part).max(initial=0.0))


@equations("A (B.5)")
def critical_points(law: Law, n: int, d: int = 2, rng: Any = 0, *, starts: int = 200) -> list[CriticalPoint]:
    """All critical points of E on (S^{d-1})^n that are found, modulo rotations, reflections and permutations.

    E = (1 / 2 beta n^2) sum_ij e^{beta <x_i, x_j>}; the highest first, which is consensus.  Tokens that are together
    stay so, and so each way of dividing n tokens into clusters is sought by itself, clusters being apart: by
    Levenberg's method from `starts` uniform starts, by deflation, by following what was found at a smaller beta, and
    from what was found in fewer dimensions; then by Newton's.  m clusters at balance span at most m - 1 dimensions.

    Nothing proves that these are all.  On the circle there is a count: sum (-1)^index copies is the Euler number of the
    torus modulo rotations, 0, and where it is not a UserWarning says so; on spheres it says so where some class was
    met by one start alone.

    Parameters
    ----------
    law : SA or USA
        Whose E; without matrices, beta > 0.  Its sign and metric do not matter, its scale multiplies E.
    n : int
        Tokens, at most 10.
    d : int
        Dimension, d >= 2.
    rng : int, numpy.random.Generator or None
        Seed or generator of the starts.
    starts : int
        For every way of dividing n.

    Returns
    -------
    list of CriticalPoint

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Notes
    -----
    At beta = 0, E = |sum_i x_i|^2 / 2 n^2, critical points are known: tokens at two poles, and sum_i x_i = 0, which for
    n >= 4 is a manifold: one of its points stands for it, not `isolated`, and a UserWarning says so.

    Examples
    --------
    >>> [(p.sizes, p.index("wasserstein"), p.index("weighted")) for p in pt.critical_points(mf.SA(2.0), 3)]
    [((3,), 0, 0), ((2, 1), 1, 1), ((1, 1, 1), 2, 2)]
    """
    n, d = inputs.integer("n", n, low=1, high=MOST), inputs.dimension("d", d)
    starts = inputs.integer("starts", starts, low=1, high=100_000)
    beta, unit = exponent(law, d)
    rng = inputs.generator(rng)
    found: list[CriticalPoint] = []
    for sizes in partitions(n):
        if len(sizes) == 1:
            found.append(_polished(law, np.eye(d)[:1], sizes, beta, unit, 1))
        elif beta == 0.0:
            found += [_polished(law, x, sizes, beta, unit, 1) for x in _at_zero(sizes, d)]
        else:
            span = min(d, max(2, len(sizes) - 1))
            states = balanced(np.array(sizes) / n, span, beta, starts, rng)
            rows = np.concatenate([states.x, np.zeros((*states.x.shape[:2], d - span))], axis=-1)
            found += [_polished(law, x, sizes, beta, unit, int(k)) for x, k in zip(rows, states.starts, strict=True)]
    found.sort(key=lambda p: -p.energy)
    _tell(found, n, d, beta, starts)
    return found


def partitions(n: int, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """All ways of writing n as a sum, the largest first."""
    if n == 0:
        yield ()
    for k in range(min(n, most or n), 0, -1):
        for rest in partitions(n - k, k):
            yield (k, *rest)


def exponent(law: Law, d: int) -> tuple[float, float]:
    """beta, and what a unit e^beta of the velocity is in the law's scale."""
    if not isinstance(inputs.law(law), GradientLaw) or not (law.paired and law.isotropic):
        raise ValueError(
            f"law: {law} climbs no energy of <x, y> on spheres that stays as it is: use mf.SA(beta) or mf.USA(beta), "
            "without matrices and with a number for beta"
        )
    law.check_range(d, atoms=True)
    climbs: Any = law
    beta = float(climbs.kernel().beta)
    return beta, float(np.exp(beta + climbs.log_factor(d)))


def _at_zero(sizes: tuple[int, ...], d: int) -> Iterator[Array]:
    """At beta = 0: two poles of unequal size, what of sum x = 0 is alone, and one state for the rest."""
    n = sum(sizes)
    if len(sizes) == 2 and (sizes[0] > sizes[1] or n == 2):
        yield np.eye(d)[[0, 0]] * [[1.0], [-1.0]]
    elif sizes == (1,) * n and n > 2:
        third = 2.0 * np.pi / 3.0 * np.arange(3) if n % 2 else np.zeros(0)
        pairs = np.repeat(0.3 + 0.9 * np.arange((n - len(third)) // 2), 2)
        angles = np.append(third, pairs + np.tile([0.0, np.pi], len(pairs) // 2))
        x = np.zeros((n, d))
        x[:, 0], x[:, 1] = np.cos(angles), np.sin(angles)
        yield x


def _polished(
    law: Law, x: Array, sizes: tuple[int, ...], beta: float, unit: float, starts: int
) -> CriticalPoint:
    """A critical point by Newton's method, turned so that its first token is at e_1, with its certificate."""
    many = np.array(sizes)
    for _ in range(6):
        x = moved(x, newton(x, many, beta)[0])
    R = np.linalg.qr(x.T)[1].T  # rows in a basis in which they are a triangle
    x = R * np.where(np.diagonal(R) < 0.0, -1.0, 1.0) if R.shape[1] == x.shape[1] else _wide(R, x.shape[1])
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    step, length, gradient, singular = newton(x, many, beta)
    w = many / many.sum()
    strongest = float(pulls(x, w, beta).A.sum(axis=-1).max())
    reach = 2.0 / np.sqrt(w.min())
    bound = 2.0 * strongest * reach * (beta**2 + 3.0 * beta + 1.0) * np.exp(2.0 * beta * reach * length)
    held = Certificate(gradient * unit, singular * unit, length * bound / singular if step.size else 0.0)
    spectra = {
        metric: Spectrum(*(part * (1.0 if metric == "weighted" else unit) for part in
                           spectrum(x, many, beta, metric == "weighted")))
        for metric in METRICS
    }  # fmt: skip
    tokens = np.repeat(x, many, axis=0)
    tokens.flags.writeable = False
    return CriticalPoint(tokens, float(Points(tokens).energy(law)), sizes, held, starts, spectra)


def _wide(R: Array, d: int) -> Array:
    """Rows of fewer dimensions than d, in R^d, the diagonal >= 0."""
    x = np.zeros((len(R), d))
    x[:, : R.shape[1]] = R * np.where(np.diagonal(R) < 0.0, -1.0, 1.0)
    return x


def _tell(found: list[CriticalPoint], n: int, d: int, beta: float, starts: int) -> None:
    """Warn of a manifold, of a count that does not come out, and of classes hardly met."""
    more = f"starts: {starts} starts for each way of dividing n = {n} were too few"
    less = f"give starts={10 * starts}"
    if beta == 0.0 and n >= 4:
        warnings.warn(
            f"law: at beta = 0 and n = {n} >= 4 the critical points with sum x = 0 are a manifold, which one of them "
            "stands for (isolated is False); the others are all there: take beta > 0 for a list",
            stacklevel=3,
        )
    elif d == 2 and n > 1 and all(p.isolated for p in found):
        count = sum((-1) ** p.index() * p.copies for p in found)
        if count:
            warnings.warn(f"{more}: sum (-1)^index copies = {count}, and not the torus's Euler number 0: {less}",
                          stacklevel=3)  # fmt: skip
    elif d > 2 and beta > 0.0 and min((p.starts for p in found if len(p.sizes) > 1), default=2) < 2:
        warnings.warn(f"{more}: some critical points were met by one of them alone: {less}", stacklevel=3)
