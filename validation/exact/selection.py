"""Tokens on the axis of an eigenvector, at v and -v: how fast they leave it, under Q^T K = V = V^T (2604.26085).

Let V v = lambda v, and token i be at s_i v, s_i = 1 or -1.  It is at rest: all values are on the axis.  Moved by xi_i
off it, scores beta <x_i, V x_j> change by beta <xi_i, lambda s_j v> + beta <s_i v, V xi_j>, which is 0 for xi off v, V
being symmetric: attention stays as it is, to first order, and

    xi_i' = sum_j a_ij V xi_j - mu_i xi_i,     mu_i = lambda s_i sum_j a_ij s_j,

so every other eigenvector of V, of eigenvalue l, has the matrix l a - diag(mu) for itself.  a has one row for the n_+
tokens at v and one for the n_- at -v; what sums to 0 in either has the rates -mu_+ and -mu_-, and two rates are those
of a matrix of two rows.  Hence consensus is stable where lambda > 0 and lambda > l for all l; and equal halves, whose
a has the eigenvalues 1 and tanh(beta lambda), are where l < lambda tanh(beta lambda) and, for lambda < 0, l > lambda.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import refuse

Array = NDArray[np.float64]


def axis_rates(values: ArrayLike, which: int, beta: float, plus: int, n: int, kind: str = "SA") -> Array:
    """Rates of all n (d - 1) directions off the axis, ascending.

    Parameters
    ----------
    values : array (d,)
        Eigenvalues of V.
    which : int
        That of the axis.
    beta : float
    plus, n : int
        Tokens at v, 0 to n, of n in all, of equal masses.
    kind : {"SA", "USA"}
        In the natural scale.
    """
    lam = np.asarray(values, dtype=float)
    own, others = float(lam[which]), np.delete(lam, which)
    refuse.choice("kind", kind, ("SA", "USA"))
    sides = [(count, sign) for count, sign in ((plus, 1.0), (n - plus, -1.0)) if count]
    # weights of a token on one of the same and of the other side
    same, other = math.exp(beta * (own - abs(own))), math.exp(-beta * (own + abs(own)))
    rows, leaves = [], []
    for _, sign in sides:
        row = np.array([count * (same if sign == s else other) for count, s in sides])
        row *= 1.0 / row.sum() if kind == "SA" else math.exp(beta * abs(own)) / n
        rows.append(row)
        leaves.append(own * sum(a * sign * s for a, (_, s) in zip(row, sides, strict=True)))
    rates: list[float] = []
    for l in others:  # noqa: E741
        for mu, (count, _) in zip(leaves, sides, strict=True):
            rates += [-mu] * (count - 1)
        rates += np.linalg.eigvals(l * np.array(rows) - np.diag(leaves)).real.tolist()
    return np.sort(rates)


def halves_border(lam: float, beta: float) -> float:
    """The eigenvalue of V that equal halves on the axis of lam bear at most, |lam| tanh(beta |lam|)."""
    return abs(lam) * math.tanh(beta * abs(lam))


def most_uneven(lam: float, beta: float) -> float:
    """The largest part of all tokens on one side that lam < 0 holds there, 1 / (1 + e^{-2 beta |lam|}).

    There mu of the larger side is 0: n_+ e^{-beta |lam|} = n_- e^{beta |lam|}.  For lam > 0 it is the least part that
    the smaller side may have instead, one less this one.
    """
    return 1.0 / (1.0 + math.exp(-2.0 * beta * abs(lam)))
