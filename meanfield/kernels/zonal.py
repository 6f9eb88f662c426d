"""Kernels phi(<x, y>) of any function phi."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from meanfield.protocols import Array, Kernel
from meanfield.special.bessel import dimensions, frozen
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

BEYOND = 1e-6
"""How far beyond 1 an inner product of unit rows, of few digits, may be."""
ALIASED = 1e-11
"""Largest change of a multiplier (of lambda_0) by half as many nodes again: more, and the quadrature does not hold."""
FAR = 1e-16
"""Share of phi's maximum, over its mean, below which all harmonics of one degree together are nothing."""


def _nodes(phi: Callable[[Array], Array], d: int, breaks: tuple[float, ...], order: int) -> tuple[Array, Array]:
    """Heights t and weighted values of phi there: Fejer's first rule on panels in the angle."""
    # In the angle the weight sin^{d-2} is entire for every d, even between breaks, where Jacobi's would not be; and
    # Fejer's closed form is good to rounding, where computed Gauss weights lose two digits at this order.
    phase = (2 * np.arange(order) + 1) * np.pi / (2 * order)
    j = np.arange(1, order // 2 + 1)
    s = -np.cos(phase)
    w = 2.0 / order * (1.0 - 2.0 * (np.cos(2.0 * np.outer(phase, j)) / (4.0 * j * j - 1.0)).sum(axis=1))
    edges = np.arccos(np.array([1.0, *sorted(breaks, reverse=True), -1.0]))
    half = 0.5 * np.diff(edges)[:, None]
    theta = (edges[:-1, None] + half * (1.0 + s)).ravel()
    weight = (half * w).ravel() * np.sin(theta) ** (d - 2)
    weight /= weight.sum()
    t = np.cos(theta)
    values = np.asarray(phi(t), dtype=float)
    if values.shape != t.shape or not np.isfinite(values).all() or (values < 0.0).any():
        raise ValueError(f"phi must map an array of t in [-1, 1], shape {t.shape}, to finite values >= 0 of that shape")
    return t, weight * values


@lru_cache(maxsize=64)
def _zonal(
    phi: Callable[[Array], Array], d: int, degree: int, breaks: tuple[float, ...], order: int
) -> tuple[Array, float]:
    """int phi(t) P_k(t) dsigma, k = 0..degree (read-only), and by how much more nodes change the worst of them."""
    # P_k makes pi k / 2 radians on the whole circle's panel
    order = max(order, 2 * degree)
    found, better = (heights(d, degree, *_nodes(phi, d, breaks, n)) for n in (order, order + order // 2 + 1))
    return frozen(found), float(np.abs(found - better).max())


@lru_cache(maxsize=64)
def _width(phi: Callable[[Array], Array], d: int, breaks: tuple[float, ...], order: int) -> int | None:
    """Degree beyond which the multipliers of phi are rounding or nothing; None if they are not up to order / 2.

    Rounding of lambda_k is 8 k eps int phi |P_k| dsigma; nothing is what all harmonics of the degree together, where
    they are largest, cannot bring to `FAR` of phi's maximum.
    """
    degree = max(order // 2, 2)
    t, weight = _nodes(phi, d, breaks, max(order, 2 * degree))
    k = np.arange(degree + 1)
    size = np.array([np.sum(weight * np.abs(P)) for P in _polynomials(d, degree, t)])
    with np.errstate(over="ignore"):
        nothing = FAR * float(np.max(phi(t))) / dimensions(d, degree)
    told = np.abs(heights(d, degree, t, weight)) > np.maximum(8.0 * np.finfo(float).eps * k * size, nothing)
    last = int(np.flatnonzero(told)[-1])
    return last if last <= degree // 2 else None


def _polynomials(d: int, degree: int, t: Array) -> Iterator[Array]:
    """P_k(t), k = 0..degree, of dimension d, with P_k(1) = 1."""
    before, P = np.zeros_like(t), np.ones_like(t)
    for k in range(degree + 1):
        yield P
        a = max(k + d - 2, 1)  # only d = 2, k = 0 needs the maximum: P_1 = t
        before, P = P, ((a + k) * t * P - k * before) / a


def heights(d: int, degree: int, t: Array, weight: Array) -> Array:
    """sum_j weight_j P_k(t_j) over the last axis, k = 0..degree: (..., n), (..., n) -> (..., degree + 1).

    With P_k(1) = 1, so that nothing is large in any d: rounding is k^2 / d eps at most, near t = +-1.
    """
    t, weight = np.broadcast_arrays(t, weight)
    out = np.empty((*t.shape[:-1], degree + 1))
    for k, P in enumerate(_polynomials(d, degree, t)):
        out[..., k] = np.einsum("...n,...n->...", weight, P)
    return out


@register
@dataclass(frozen=True)
class Zonal(Shown, Kernel):
    """The kernel phi(<x, y>) for any function phi >= 0 on [-1, 1].

    Parameters
    ----------
    phi : callable
        Array of t -> array of phi(t), entry by entry, finite and >= 0.  To be saved with a run it must itself be
        registered (`meanfield.tools.settings.register`), as a frozen dataclass with ``__call__``.
    name : str
        What it is called in plots and messages.
    breaks : tuple of float, optional
        Where in (-1, 1) phi is not smooth (a bounded-confidence kernel jumps): the quadrature is split there.
    order : int, optional
        Highest degree that may be asked for, and nodes a panel in the angle arccos t (or twice the degree, if more).

    Raises
    ------
    ValueError
        When asked for multipliers that half as many nodes again would change by 1e-11 lambda_0: phi has a break that
        was not named, or a peak between the nodes.

    Notes
    -----
    Multipliers carry an absolute error of about 1e-15 times lambda_0 (k eps lambda_0 at degree k on the circle), not a
    relative one.

    Examples
    --------
    >>> kernel = mf.Zonal(np.exp, "exp")
    >>> mu = mf.Points([0.0, 1.0])
    >>> mu.read(kernel, want="Z").Z.shape
    (2, 1)
    """

    phi: Callable[[Array], Array]
    name: str
    breaks: tuple[float, ...] = ()
    order: int = 400
    isotropic = True
    range = math.inf
    """phi may vanish, and Z with it."""

    def __post_init__(self) -> None:
        if not callable(self.phi):
            raise TypeError(f"phi must be a function of t = <x, y>, got {self.phi!r}")
        breaks = tuple(inputs.number("breaks", b) for b in inputs.sequence("breaks", self.breaks, "numbers in (-1, 1)"))
        if not all(-1.0 < b < 1.0 for b in breaks):
            raise ValueError(f"breaks must lie strictly between -1 and 1, got {breaks}")
        object.__setattr__(self, "breaks", breaks)
        object.__setattr__(self, "order", inputs.integer("order", self.order, low=2, high=10**5))
        t = np.linspace(-1.0, 1.0, 8)
        with np.errstate(all="ignore"):
            whole, *parts = (inputs.mapped("phi", self.phi, part, "numbers <x, y>") for part in (t, t[:3], t[3:]))
        if not np.allclose(np.hstack(parts), whole, rtol=1e-9, atol=0.0, equal_nan=True):
            raise ValueError(f"phi must be a function of each t alone: of {self.name}, phi(t)[:3] is not phi(t[:3])")

    def _lambdas(self, d: int, degree: int) -> Array:
        d, degree = inputs.dimension("d", d), inputs.degree("degree", degree)
        if degree > self.order:
            raise ValueError(f"degree must be at most order = {self.order}, got {degree}; give Zonal a larger order")
        lambdas, off = _zonal(self.phi, d, degree, self.breaks, self.order)
        if not lambdas[0] > 0.0:
            raise ValueError(f"phi must have a positive mean on the sphere, got {float(lambdas[0])!r} for {self.name}")
        if off > ALIASED * lambdas[0]:
            raise ValueError(
                f"phi: the quadrature does not resolve {self.name}, whose multipliers in d = {d} are off by "
                f"{off / lambdas[0]:.1g} lambda_0: name the places in breaks= where phi or its slope jumps (got "
                f"{self.breaks}), or, if it has a narrow peak, give a larger order (got {self.order})"
            )
        return lambdas

    def log(self, x: Array, y: Array) -> Array:
        """s = log phi(<x, y>), -inf where phi vanishes: (..., n, d), (..., p, d) -> (..., n, p)."""
        t = x @ np.swapaxes(y, -1, -2)
        if t.size and max(t.max(), -t.min()) > 1.0 + BEYOND:
            raise ValueError(
                f"{self.name}: asked at <x, y> = {t.flat[np.abs(t).argmax()]:.6g}, and is a function of numbers in "
                "[-1, 1], of unit rows: rows with positions added at every layer (mf.Encoded) are none; add them once, "
                "x0 = pt.encoded(x, p), or take mf.Encoded of mf.SA or mf.USA"
            )
        np.clip(t, -1.0, 1.0, out=t)  # rounding must not leave phi's domain
        with np.errstate(divide="ignore"):
            return np.log(np.asarray(self.phi(t), dtype=float))

    def multipliers(self, d: int, degree: int) -> Array:
        """q_k = lambda_k / lambda_0, k = 0..degree, lambda_k = int phi(t) P_k(t) dsigma."""
        lambdas = self._lambdas(d, degree)
        return lambdas / lambdas[0]

    def potential(self, d: int, degree: int) -> Array:
        """p_k = (q_{k-1} - q_{k+1}) / (2k + d - 2), k >= 1, and p_0 = 0.

        The multipliers over lambda_0 of an antiderivative of phi (for phi = e^{beta t}: e^{beta t} / beta).
        """
        q = self._lambdas(d, inputs.degree("degree", degree) + 1)
        p = np.zeros(degree + 1)
        p[1:] = (q[:degree] - q[2:]) / (2.0 * np.arange(1, degree + 1) + d - 2.0) / q[0]
        return p

    def log_lambda0(self, d: int) -> float:
        """Log of the mean of phi over the sphere."""
        return math.log(self._lambdas(d, 0)[0])

    def bandwidth(self, d: int) -> int:
        """Degree beyond which harmonics are rounding, of Z and of P_x M (whose are of one degree more).

        Raises
        ------
        ValueError
            Where they are not by degree order / 4, as of a phi that is not smooth.
        """
        self._lambdas(d, 0)
        last = _width(self.phi, d, self.breaks, self.order)
        if last is None:
            raise ValueError(
                f"bandwidth: the harmonics of {self.name} do not fall to rounding by degree order / 4 = "
                f'{self.order // 4}, and sums that leave out the rest would be wrong: of points take field="direct" '
                'or "auto", of a density method="spectral"; if phi is smooth, a larger order'
            )
        return last + 1
