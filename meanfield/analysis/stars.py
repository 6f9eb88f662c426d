"""Stars: how fast equal clusters, equally spaced on the circle, leave their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.analysis.linear import MOST, _valueless, only_autonomous, only_isotropic
from meanfield.protocols import Array, Kernel, Law, Reading
from meanfield.sums.scores import peak
from meanfield.tools import inputs
from meanfield.tools.tags import equations


@dataclass(frozen=True)
class _Star:
    """m equal Diracs, equally spaced on the circle, seen by one of them while each of the others moves in turn.

    There P_x M = 0, so that a law's velocity at P_x dM, dM the change of M when Dirac l moves by d theta_l, is its
    linear response: for each l one "point" with one tangent component, as in `_Ripple`.
    """

    m: int
    d = 2

    @property
    def mean(self) -> Array:
        return np.zeros(2)

    @property
    def x(self) -> Array:
        raise TypeError(
            "law: it asks where the points are, and a star is asked how its clusters answer one another: what turns "
            "all of them is to be left out (omega=0.0), a coupling of one's own has no rates here"
        )

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        _valueless(V)
        beta = peak(kernel)
        if beta is None:
            raise TypeError(f"law: the rates of stars are known for kernels e^(beta <x, y>), and not for {kernel}")
        x = 2.0 * np.pi * np.arange(self.m) / self.m
        e = np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2)
        pull = e * (np.cos(x) - beta * np.sin(x) ** 2) / self.m  # d/dx of e^{beta (cos x - 1)} sin x / m
        return Reading(np.full((self.m, 1), e.mean()), pull[:, None], None, beta)


@equations("A Problem 1")
def star_rates(law: Law, m: int) -> Array:
    """Growth rates of the modes q = 0..m-1 of m equal clusters, equally spaced on the circle.

    Moving cluster j by eps cos(2 pi q j / m) grows at the rate
    -(1/m) sum_l g(2 pi l/m) (1 - cos(2 pi q l/m)) / Z, with g(x) = e^{beta cos x} (cos x - beta sin^2 x) and
    Z = (1/m) sum_l e^{beta cos(2 pi l/m)} for SA, 1 for USA.  The largest decides how long the star lives; mode 0, the
    rotation, is neutral.

    Parameters
    ----------
    law : Law
        Isotropic, without noise, of kernels e^{beta <x, y>}; it is asked for its response (in its own scale and sign),
        beta being the kernel's.
    m : int
        Number of clusters, >= 1.

    Returns
    -------
    ndarray (m,)

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> rates = mf.star_rates(mf.SA(9.0), 3)
    >>> bool(rates.max() > 0.0)
    True
    """
    response = _responses(law, m)
    # turning all Diracs together moves nobody against the field, so at rest its own slope is minus their sum
    l = np.arange(len(response))  # noqa: E741
    return np.asarray(-2.0 * np.sin(np.pi * np.outer(l, l) / len(response)) ** 2 @ response)


def _responses(law: Law, m: int) -> Array:
    """(m,) how a cluster's velocity changes when the l-th of them moves and itself does not."""
    only_isotropic(law, "a star of equal clusters need not stand still")
    star: Any = _Star(inputs.integer("m", m, low=1, high=MOST))
    only_autonomous(law)
    if float(law.noise(0.0, None, star)) != 0.0:
        raise ValueError(f"law: {law} has noise, in which clusters do not stand still")
    response = np.zeros(star.m)
    response += np.asarray(law.velocity(0.0, None, star)).reshape(-1)
    return response


@equations("A Problem 1")
def star_spread(law: Law, m: int) -> float:
    """The rate at which a cluster of such a star widens or, below 0, is drawn together: the slope of X at its place.

    What is added to a measure near a star is, to first order, clusters that move (`star_rates`), mass that passes from
    one to another, which stays, and what widens them: a change of r-th order within a cluster (r = 1, one half moved
    against the other) grows at r times this rate.  -(1/m) sum_l g(2 pi l/m) / Z, g and Z as of `star_rates`.

    Parameters
    ----------
    law : Law
        As for `star_rates`.
    m : int
        Number of clusters, >= 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> [mf.star_spread(mf.SA(9.0), m) < 0.0 for m in (1, 3, 12)]
    [True, True, True]
    """
    return -float(_responses(law, m).sum())
