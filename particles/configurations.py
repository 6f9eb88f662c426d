"""Best configurations of n points on spheres: sharp ones as exact constructions, their tester, the least energy found.

E's minimum over n points is known where a configuration is sharp (A, Definition 9.1 and Theorem 9.2, after Cohn and
Kumar): m inner products between different points, and a design of strength 2 m - 1.  The same points are best for every
beta, and so are the 600-cell's.
"""

from __future__ import annotations

import math
from itertools import combinations, permutations, product
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from meanfield.geometry import given
from meanfield.kernels import Exponential
from meanfield.measures.points import Points
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations
from particles.critical import exponent
from particles.pulls import moved, pulls
from particles.sample import uniform

GOLDEN = 0.5 * (1.0 + math.sqrt(5.0))
ARRIVED = 1e-12
"""Share of E by which an end may lie above the least and count as there."""
STILL = 8.0 * float(np.finfo(float).eps)
"""By no more than rounding, of what is at most 1, a step towards a minimum may go up."""
LARGEST = 500
"""Coordinates up to which minima are refined by Newton's method."""
SHARP, FLAT = 9.0, 1e-6
"""The beta by way of which descent goes where, at a smaller one, this little of E is left."""

__all__ = [
    "Design", "Least", "cell_24", "cell_600", "cross_polytope", "design", "icosahedron", "least", "polygon", "roots_e8",
    "simplex",
]  # fmt: skip


# --- constructions -----------------------------------------------------------------------------------------


def polygon(n: int) -> Array:
    """The regular n-gon, (n, 2): sharp, of strength n - 1."""
    angle = 2.0 * np.pi * np.arange(inputs.integer("n", n, low=2, high=100_000)) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def simplex(d: int, n: int | None = None) -> Array:
    """n equidistant points (n, d), d + 1 by default: <x_i, x_j> = -1/(n - 1), strength 2 if n = d + 1, and else 1.

    Cholesky's factor of their Gram matrix, column by column, so that the first is e_1.
    """
    d = inputs.dimension("d", d)
    n = d + 1 if n is None else inputs.integer("n", n, low=2, high=d + 1)
    x, rest, left = np.zeros((n, d)), -1.0 / (n - 1.0), 1.0
    for k in range(n - 1):
        x[k, k] = math.sqrt(left)
        x[k + 1 :, k] = rest / x[k, k]
        left, rest = left - x[-1, k] ** 2, rest - x[-1, k] ** 2
    return x


def cross_polytope(d: int) -> Array:
    """e_1, -e_1, ..., e_d, -e_d, (2 d, d): inner products 0 and -1, strength 3."""
    d = inputs.dimension("d", d)
    return np.stack([np.eye(d), -np.eye(d)], axis=1).reshape(2 * d, d)


def icosahedron() -> Array:
    """Its 12 vertices, (12, 3): inner products +-1/5^{1/2} and -1, strength 5."""
    rows = [np.roll([0.0, a, b * GOLDEN], k) for k in range(3) for a, b in product((1.0, -1.0), repeat=2)]
    return np.asarray(np.array(rows) / math.sqrt(1.0 + GOLDEN**2))


def cell_24() -> Array:
    """The 24-cell, (24, 4): inner products +-1/2, 0, -1, strength 5, and so not sharp.

    Nor is it best for every increasing convex function of <x, y> whose derivatives are all >= 0 (Cohn, Conway, Elkies,
    Kumar); of E nothing lower is found here.
    """
    rows = [a * np.eye(4)[i] + b * np.eye(4)[j] for i, j in combinations(range(4), 2)
            for a, b in product((1.0, -1.0), repeat=2)]  # fmt: skip
    return np.asarray(np.array(rows) / math.sqrt(2.0))


def cell_600() -> Array:
    """The 600-cell, (120, 4): 8 inner products, strength 11: not sharp, and yet best for every beta."""
    rows = [*cross_polytope(4), *(0.5 * np.array(s) for s in product((1.0, -1.0), repeat=4))]
    for p in permutations(range(4)):
        if np.linalg.det(np.eye(4)[list(p)]) > 0:
            for a, b, c in product((1.0, -1.0), repeat=3):
                rows.append(0.5 * np.array([GOLDEN * a, b, c / GOLDEN, 0.0])[list(p)])
    return np.array(rows)


def roots_e8() -> Array:
    """The 240 roots of E8 as unit rows, (240, 8): inner products +-1/2, 0, -1, strength 7."""
    rows = [a * np.eye(8)[i] + b * np.eye(8)[j] for i, j in combinations(range(8), 2)
            for a, b in product((1.0, -1.0), repeat=2)]  # fmt: skip
    rows += [0.5 * np.array(s) for s in product((1.0, -1.0), repeat=8) if np.prod(s) > 0]
    return np.asarray(np.array(rows) / math.sqrt(2.0))


# --- the tester --------------------------------------------------------------------------------------------


class Design(NamedTuple):
    """What a configuration is as a design, as `design` returns it.

    Attributes
    ----------
    strength : int
        The largest t for which it is a spherical t-design.
    products : ndarray (m,)
        Inner products of different points, descending.
    counts : ndarray (m,)
        How many of the others a point sees there, on average.
    moments : ndarray (strength + 2,)
        (1/n^2) sum_ij P_k(<x_i, x_j>), k = 0, ..., strength + 1, P_k(1) = 1: none is negative.

    Examples
    --------
    >>> pt.configurations.design(pt.configurations.icosahedron()).strength
    5
    """

    strength: int
    products: Array
    counts: Array
    moments: Array

    @property
    def sharp(self) -> bool:
        """Whether its strength is 2 m - 1 or more, m the number of inner products (A, Definition 9.1)."""
        return self.strength >= 2 * len(self.products) - 1

    def __repr__(self) -> str:
        return line(self)


@equations("A Def 9.1")
def design(x: Any, tol: float = 1e-9, *, angles: bool = False) -> Design:
    """Design strength and inner products of points on a sphere (A, Definition 9.1).

    A t-design has the means of the uniform measure for all polynomials of degree at most t; that is, its moments
    (1/n^2) sum_ij P_k(<x_i, x_j>) vanish for k = 1, ..., t, P_k the Gegenbauer polynomials of S^{d-1}.

    Parameters
    ----------
    x : array or Trajectory
        Unit rows (n, d), n >= 2, or angles (n,); of a run its last tokens.
    tol : float
        What a moment may be and count as 0, and how near two inner products may be and count as one.
    angles : bool
        An array x is angles.

    Returns
    -------
    Design

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> told = pt.configurations.design(pt.configurations.cell_24())
    >>> told.strength, told.products.round(9).tolist(), told.counts.tolist(), told.sharp
    (5, [0.5, 0.0, -0.5, -1.0], [8.0, 6.0, 8.0, 1.0], False)
    """
    tol = inputs.number("tol", tol, above=0.0, high=0.1)
    place, q = given("x", x, angles=angles)
    x = place.rows(q)
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"x: got shape {x.shape}, wanted two unit rows or more, (n, d): of replicas give one, x[0]")
    n, d = x.shape
    g = np.sort(np.clip((x @ x.T)[np.triu_indices(n, 1)], -1.0, 1.0))[::-1]
    groups = np.split(g, np.flatnonzero(-np.diff(g) > tol) + 1)
    values = np.array([group.mean() for group in groups])
    counts = np.array([2.0 * len(group) / n for group in groups])
    moments, before, now = [1.0], np.ones_like(values), values
    for k in range(1, n + 1):  # no n points have strength n: the product of n factors that vanish on them
        moments.append(float((1.0 + counts @ now) / n))
        if moments[-1] > tol:
            break
        before, now = now, ((2.0 * k + d - 2.0) * values * now - k * before) / (k + d - 2.0)
    return Design(len(moments) - 2, values, counts, np.array(moments))


# --- the least energy --------------------------------------------------------------------------------------


class Least(NamedTuple):
    """The least energy found, as `least` returns it.

    Attributes
    ----------
    x : ndarray (n, d)
        Where.
    energy : float
        E there, in the law's scale.
    energies : ndarray (starts,)
        E at the end of every start, ascending.

    Examples
    --------
    >>> found = pt.configurations.least(mf.SA(4.0), 4, 3, starts=3)
    >>> round(found.energy, 12), found.starts, found.arrived
    (1.730904420234, 3, 3)
    """

    x: Array
    energy: float
    energies: Array

    @property
    def starts(self) -> int:
        """From how many starts."""
        return len(self.energies)

    @property
    def arrived(self) -> int:
        """How many of them ended there, to 1e-12 of E: at large beta, where E is e^beta / (2 beta n) to more digits
        whatever the points do, all."""
        return int((self.energies <= self.energy + ARRIVED * abs(self.energy)).sum())

    def __repr__(self) -> str:
        return line(self)


@equations("A Thm 9.2")
def least(law: Law, n: int, d: int, starts: int = 16, rng: Any = 0, *, x0: Any = None) -> Least:
    """The least energy of n points on S^{d-1} that is found by descent from random starts.

    E falls along the repulsive flow, V = -I, to a minimum (A, 9.1); descent by L-BFGS on E and its gradient ends where
    that flow would, or in another local minimum, and sooner.  Nothing proves that no lower one exists, but where n
    points have a sharp configuration.

    Parameters
    ----------
    law : SA or USA
        Whose E; without matrices, beta > 0.
    n, d : int
        Points, dimension.
    starts : int
        Uniform starts.
    rng : int, numpy.random.Generator or None
        Seed or generator.
    x0 : array (n, d) or (starts, n, d), optional
        Begin from these unit rows instead.

    Returns
    -------
    Least

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> shaken = pt.configurations.icosahedron() + 0.1 * pt.uniform(12, 3, rng=0)
    >>> shaken /= np.linalg.norm(shaken, axis=1, keepdims=True)
    >>> round(pt.configurations.least(mf.USA(9.0), 12, 3, x0=shaken).energy, 9)
    38.810431426
    """
    n, d = inputs.integer("n", n, low=1, high=10_000), inputs.dimension("d", d)
    beta = exponent(law, d)[0]
    if beta == 0.0:
        raise ValueError("law: at beta = 0 all points of sum 0 have the least E, 0, a manifold: take beta > 0")
    starts = inputs.integer("starts", starts, low=1, high=100_000)
    rows = uniform(n, d, rng, replicas=starts) if x0 is None else _begun(x0, n, d)
    ends = [descended(x, beta) for x in rows]
    energies = np.array([float(Points(x).energy(law)) for x in ends])
    best = int(np.argmin([_crowded(x, beta)[0] for x in ends])) if n > 1 else 0
    return Least(ends[best], float(energies[best]), np.sort(energies))


def _begun(x0: Any, n: int, d: int) -> Array:
    """Starts (starts, n, d)."""
    x = inputs.rows("x0", x0)
    if x.shape[-2:] != (n, d) or x.ndim > 3:
        raise ValueError(f"x0: got shape {x.shape}, wanted {(n, d)} or (starts, {n}, {d}), as n and d say")
    return x.reshape(-1, n, d)


def descended(x: Array, beta: float) -> Array:
    """Unit rows at the end of a descent of E from unit rows x (n, d).

    Of points that are nearly a design E keeps so little, 1e-10 of it at small beta, in directions a billion times
    flatter than others, that descent all but stands still: there it is tried by way of beta = 9 too, and the lower end
    taken.
    """
    if len(x) == 1:
        return x
    end = _refined(_lowered(x, beta), beta)
    if beta < SHARP and _excess(end, beta) < FLAT:
        other = _refined(_lowered(_lowered(x, SHARP), beta), beta)
        end = other if _excess(other, beta) < _excess(end, beta) else end
    return end


def _excess(x: Array, beta: float) -> float:
    """2 beta e^{-beta} times the excess of E: the mean of e^{beta (g - 1)} less the sphere's."""
    return _spread(x, beta)[0]


def _sphere_mean(beta: float, d: int) -> float:
    """The mean of e^{beta (<x, y> - 1)} over the sphere."""
    return math.exp(Exponential(beta).log_lambda0(d) - beta)


def _lowered(x: Array, beta: float) -> Array:
    """By L-BFGS on the excess, in units of what it is at the beginning; beyond beta = 9 on what points among themselves
    have of E, by its logarithm: beside what every point has with itself it may be nothing, e^{-50} of it."""
    n, d = x.shape
    told = _crowded if beta > SHARP else _spread
    scale = 1.0 if beta > SHARP else 1.0 / max(_excess(x, beta), 1e-15)

    def both(flat: Array) -> tuple[float, Array]:
        """It and its gradient, without measure and law: these are asked some thousand times."""
        size = np.linalg.norm(flat.reshape(n, d), axis=1, keepdims=True)
        y = flat.reshape(n, d) / size
        value, v = told(y, beta)
        v -= np.einsum("ik,ik->i", v, y)[:, None] * y
        return scale * value, (scale * v / size).ravel()

    options = {"maxiter": 1000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-11}
    found: Any = minimize(both, x.ravel(), jac=True, method="L-BFGS-B", options=options)  # type: ignore[call-overload]
    end = found.x.reshape(n, d)
    return np.asarray(end / np.linalg.norm(end, axis=1, keepdims=True))


def _spread(x: Array, beta: float) -> tuple[float, Array]:
    """The excess, and its derivative by rows."""
    K = np.exp(beta * (x @ x.T - 1.0))
    return float((K - _sphere_mean(beta, x.shape[1])).mean()), 2.0 * beta / len(x) ** 2 * (K @ x)


def _crowded(x: Array, beta: float) -> tuple[float, Array]:
    """log(sum_{i != j} e^{beta <x_i, x_j>}) / beta, and its derivative by rows."""
    G = x @ x.T
    np.fill_diagonal(G, -np.inf)
    top = float(G.max())
    K = np.exp(beta * (G - top))
    total = float(K.sum())
    return top + math.log(total) / beta, 2.0 / total * (K @ x)


def _refined(x: Array, beta: float) -> Array:
    """The same by damped Newton steps, which see what is flat beside what is steep."""
    n, d = x.shape
    w, size, damp = np.full(n, 1.0 / n), n * (d - 1), 1e-13
    if size > LARGEST:
        return x
    level = _crowded if beta > SHARP else _spread
    now, p = level(x, beta)[0], pulls(x, w, beta)
    for _ in range(20):
        H, g = p.slope.reshape(size, size), p.field.ravel()
        large = float(np.abs(H).sum(axis=1).max())
        if large == 0.0:
            break
        step = -np.linalg.solve(H + damp * large * np.eye(size), g)
        y = moved(x, step.reshape(n, d - 1))
        then, q = level(y, beta)[0], pulls(y, w, beta)
        if then <= now + STILL and np.linalg.norm(q.field) < np.linalg.norm(g):
            x, now, p, damp = y, then, q, max(0.1 * damp, 1e-13)
        elif damp > 1e-2:
            break
        else:
            damp *= 100.0
    return x
