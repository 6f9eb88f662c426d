"""Gauss-Legendre panels in a label: where to put them, how to split them, what a polynomial on them says.

Arithmetic alone: arrays (..., P, G) of P panels with G Gauss nodes each, and lines on which labels live.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre

from meanfield.protocols import Array
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

GAUSS = 20
"""Nodes of a panel."""
XI, OMEGA = legendre.leggauss(GAUSS)
"""Gauss nodes on [-1, 1], and weights of sum 2."""
_K = np.arange(GAUSS)
TO_SERIES = (0.5 * (2 * _K + 1))[:, None] * (legendre.legvander(XI, GAUSS - 1) * OMEGA[:, None]).T
"""(G, G): node values -> Legendre coefficients."""
DERIVATIVE = np.array([np.append(legendre.legder(row), np.zeros(1)) for row in np.eye(GAUSS)])
"""(G, G): row k holds the coefficients of P_k'."""
INTEGRAL = np.array([legendre.legint(row, lbnd=-1.0) for row in np.eye(GAUSS)])
"""(G, G + 1): row k holds the coefficients of int_{-1}^x P_k."""
HALVES = np.stack([legendre.legvander(0.5 * (XI + side), GAUSS - 1) @ TO_SERIES for side in (-1.0, 1.0)])
"""(2, G, G): node values of a panel -> those of its left and right half."""
ENDS = np.stack([(-1.0) ** _K, np.ones(GAUSS)]) @ TO_SERIES
"""(2, G): node values -> values at the panel's two ends."""
LAST = 2
"""Legendre coefficients that make the tail."""
REACH = 6.0
"""A panel's nodes integrate e^{ikx} while k times half its width is below this: Gauss's rule misses what J_m(6) holds
beyond m = 2 GAUSS - 12 = 28, which is 5e-17, for masses whose series ends by degree 12."""
NEGLIGIBLE = 1e-15
"""A panel of less mass is moved, and no longer refined: its whole mass is below the rounding of any moment."""
BEFORE, LEVEL, NOISE = 12, 0.1, 1e-9
"""Coefficients from the 12th on that fall less than tenfold to the tail are noise, if below 1e-9."""


class Gathering:
    """Panels of which some have become part of atoms.

    Attributes
    ----------
    atom : ndarray of int (P,)
        The atom a panel has become part of, or -1.
    """

    atom: Array

    @cached_property
    def live(self) -> Array:
        """(P,) panels that are not part of an atom."""
        return np.asarray(self.atom < 0)

    @cached_property
    def count(self) -> tuple[int, int]:
        """(L, A): live panels and atoms."""
        return int(self.live.sum()), int(self.atom.max(initial=-1)) + 1

    def gathered(self, masses: Array) -> Array:
        """(A,) what the panels of every atom have, of (P,)."""
        dead = ~self.live
        return np.bincount(self.atom[dead], weights=masses[dead], minlength=self.count[1])


def series(values: Array) -> Array:
    """Node values (..., G) -> Legendre coefficients (..., G)."""
    return values @ TO_SERIES.T


def tails(values: Array) -> Array:
    """(...) the largest of the last Legendre coefficients: how far a polynomial is from resolving its panel."""
    return np.asarray(np.abs(values @ TO_SERIES[-LAST:].T).max(axis=-1))


def telling(values: Array) -> Array:
    """(...) the tails, 0 where they are rounding.

    Coefficients that have stopped falling at a small size are noise, which no halving cures: it comes back after the
    next step.  A map that steepens has its coefficients fall by many times from the one group to the other.
    """
    size = np.abs(values @ TO_SERIES[BEFORE:].T)
    tail, before = size[..., -LAST:].max(axis=-1), size[..., :-LAST].max(axis=-1)
    return np.where((tail > LEVEL * before) & (tail < NOISE), 0.0, tail)


def ends(values: Array) -> Array:
    """(..., 2) values at the two ends of every panel."""
    return values @ ENDS.T


def widths(values: Array) -> Array:
    """(...) how far a panel's image reaches; negative where the map has turned over."""
    return np.asarray(ends(values) @ np.array([-1.0, 1.0]))


def basis(xi: Array) -> Array:
    """(n, G) the Legendre polynomials at points xi (n,)."""
    return np.asarray(legendre.legvander(xi, GAUSS - 1))


def at(coefficients: Array, xi: Array) -> Array:
    """Series (n, m), one for each point, at points xi (n,)."""
    return np.sum(coefficients * legendre.legvander(xi, coefficients.shape[-1] - 1), axis=-1)


def halved(values: Array, which: Array) -> Array:
    """(..., P, G) with the panels of the mask `which` (P,) replaced by their halves, in order."""
    count = np.where(which, 2, 1)
    out = np.repeat(values, count, axis=-2)
    first = np.cumsum(count)[which] - 2
    for side in (0, 1):
        out[..., first + side, :] = values[..., which, :] @ HALVES[side].T
    return out


def bisected(mid: Array, half: Array, which: Array) -> tuple[Array, Array]:
    """Centres and half lengths of the panels, those of the mask replaced by their halves."""
    count = np.where(which, 2, 1)
    new_mid, new_half = np.repeat(mid, count), np.repeat(half, count)
    first = np.cumsum(count)[which] - 2
    new_half[first], new_half[first + 1] = 0.5 * half[which], 0.5 * half[which]
    new_mid[first], new_mid[first + 1] = mid[which] - 0.5 * half[which], mid[which] + 0.5 * half[which]
    return new_mid, new_half


def refined(mid: Array, half: Array, moved: Array, spread: Array, waves: float, light: float) -> tuple[Array, Array]:
    """A quadrature that resolves `waves` per unit of position: panels halved by their own polynomials.

    Parameters
    ----------
    mid, half : ndarray (P,)
        Label panels.
    moved : ndarray (..., P, G)
        Positions less labels: what is interpolated, so that nothing is lost where nothing has moved.
    spread : ndarray (P, G)
        Mass per unit of a panel's own coordinate.
    waves : float
        Largest wave number.
    light : float
        Panels of less mass are left as they are: whatever they hold counts for nothing.

    Returns
    -------
    ndarray (..., P', G), ndarray (P', G)
        Positions, and the mass at each of them.
    """
    while True:
        s = mid[:, None] + half[:, None] * XI + moved
        mass = spread * OMEGA
        wide = np.abs(widths(s)).reshape(-1, len(mid)).max(axis=0, initial=0.0) * waves > 2.0 * REACH
        wide &= np.abs(mass.sum(axis=-1)) > light
        if not wide.any():
            return s, mass
        moved = halved(moved, wide)
        spread = halved(np.where(wide[:, None], 0.5, 1.0) * spread, wide)
        mid, half = bisected(mid, half, wide)


def solved(coefficients: Array, slope: Array, target: Array) -> Array:
    """xi in [-1, 1] where increasing series (n, .) reach the targets (n,): Newton, kept inside a shrinking bracket."""
    low, high = np.full_like(target, -1.0), np.ones_like(target)
    xi = np.zeros_like(target)
    for _ in range(80):
        excess = at(coefficients, xi) - target
        low, high = np.where(excess <= 0.0, xi, low), np.where(excess >= 0.0, xi, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = xi - excess / at(slope, xi)
        new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
        done = np.abs(new - xi).max(initial=0.0) <= 4e-16
        xi = new
        if done:
            break
    return xi


@register
@dataclass(frozen=True, eq=False)
class Pieces(Shown):
    """A function of the label, by its values at the nodes of panels (mid, half), all of them in order.

    Attributes
    ----------
    mid, half : ndarray (P,)
        Centres and half lengths.
    values : ndarray (P, G)
        At the Gauss nodes.
    """

    mid: Array
    half: Array
    values: Array

    def __call__(self, labels: Array) -> Array:
        """Values at labels of any shape."""
        a = labels.ravel()
        cell = np.clip(np.searchsorted(self.mid - self.half, a, side="right") - 1, 0, len(self.mid) - 1)
        xi = np.clip((a - self.mid[cell]) / self.half[cell], -1.0, 1.0)
        return at(series(self.values)[cell], xi).reshape(labels.shape)
