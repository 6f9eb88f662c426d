"""The attention matrix of a state of tokens, its rank, the entropy of its rows, and what else rows tell (A (2.5))."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meanfield.measures.points import Points
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line

ROUNDED = 8.0 * float(np.finfo(float).eps)
"""Times n, the share of the largest singular value below which one is rounding."""


def attention(law: Law, x: Any, t: float = 0.0) -> Array:
    """What multiplies V x_j in the velocity of token i: (..., n, n).

    Its rows sum to 1 for SA, and its columns too for doubly stochastic attention (`mf.Sinkhorn`); for USA they are
    e^{beta <Q x_i, K x_j>} / n, in the law's scale, and for linear attention <Q x_i, K x_j> / n.  Under a mask
    (`mf.Causal`, `mf.Masked`) what is not seen is 0.

    Parameters
    ----------
    law : Law
        One head: of a sum, one of ``law.terms``.
    x : array
        Angles (n,), or rows (..., n, d).
    t : float
        Time, for laws that change.

    Raises
    ------
    ValueError, TypeError
        For what was given, and for a law without such a matrix.

    Examples
    --------
    >>> P = pt.attention(mf.Causal(mf.SA(4.0)), pt.uniform(5, 3, rng=0))
    >>> P.sum(axis=-1).round(12)
    array([1., 1., 1., 1., 1.])
    """
    inputs.law(law)
    mu = Points(x, geometry=law.geometry)
    t = inputs.number("t", t)
    law.check_range(mu.d, atoms=True)
    return law.attention(t, mu)


def attention_rank(P: Any, tol: float | None = None) -> Array:
    """How many singular values of a matrix are above tol times the largest: (...,) integers.

    Parameters
    ----------
    P : array (..., n, n)
        From `attention`.
    tol : float, optional
        8 n eps if not given: what rounding leaves.

    Raises
    ------
    ValueError, TypeError
        For what was given.

    Examples
    --------
    >>> int(pt.attention_rank(pt.attention(mf.SA(4.0), [0.0, 0.0, 1.0])))
    2
    """
    P = _square(P)
    tol = ROUNDED * P.shape[-1] if tol is None else inputs.number("tol", tol, low=0.0, high=1.0)
    s = np.linalg.svd(P, compute_uv=False)
    return np.asarray(np.sum(s > tol * s[..., :1], axis=-1))


class RowStatistics(NamedTuple):
    """What the rows of an attention matrix tell, each (..., n).

    Attributes
    ----------
    sum : ndarray
        Of the row; 1 for SA.
    entropy : ndarray
        -sum_j p_j log p_j of the row over its sum, between 0 and log n.
    seen : ndarray
        e^entropy: of how many tokens a row is a mean, in effect.
    largest : ndarray
        The largest share.
    leader : ndarray of int
        Whose it is.

    Examples
    --------
    >>> pt.row_statistics(np.full((4, 4), 0.25)).seen
    array([4., 4., 4., 4.])
    """

    sum: Array
    entropy: Array
    seen: Array
    largest: Array
    leader: Array

    def __repr__(self) -> str:
        return line(self)


def row_statistics(P: Any) -> RowStatistics:
    """Sum, entropy and largest share of every row of an attention matrix.

    Parameters
    ----------
    P : array (..., n, n)
        From `attention`, of entries >= 0.

    Raises
    ------
    ValueError, TypeError
        For negative entries (linear attention has some, and no entropy), and a row of zeros.

    Examples
    --------
    >>> entropy = pt.row_statistics(pt.attention(mf.SA(0.0), np.eye(4))).entropy
    >>> bool(np.allclose(entropy, np.log(4.0)))
    True
    """
    P = _square(P)
    if (P < 0.0).any():
        raise ValueError(f"P: got entries down to {P.min():.3g}, wanted shares >= 0: such rows are no mean")
    total = P.sum(axis=-1)
    if not total.all():
        raise ValueError("P: got a row of zeros, wanted one that sees something")
    p = P / total[..., None]
    entropy = np.sum(np.where(p > 0.0, -p * np.log(np.where(p > 0.0, p, 1.0)), 0.0), axis=-1)
    return RowStatistics(total, entropy, np.exp(entropy), p.max(axis=-1), p.argmax(axis=-1))


def _square(P: Any) -> Array:
    P = inputs.array("P", P)
    if P.ndim < 2 or P.shape[-1] != P.shape[-2]:
        raise ValueError(f"P: got shape {P.shape}, wanted (..., n, n), an attention matrix")
    return P
