"""The attention matrix of a state of tokens, its rank, the entropy of its rows, and what else rows tell (A (2.5))."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meanfield.geometry import located
from meanfield.measures.points import Points
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line

ROUNDED = 8.0 * float(np.finfo(float).eps)
"""Times n, the share of the largest singular value below which one is rounding."""
ROWS = 1e-9
"""By how much a row of shares may miss 1."""


def attention(law: Law, x: Any, t: float = 0.0, *, angles: bool = False, log: bool = False) -> Array:
    """What multiplies V x_j in the velocity of token i: (..., n, n).

    Its rows sum to 1 for SA, and its columns too for doubly stochastic attention (`mf.Sinkhorn`); for USA they are
    e^{beta <Q x_i, K x_j>} / n, in the law's scale, and for linear attention <Q x_i, K x_j> / n.  Under a mask
    (`mf.Causal`, `mf.Masked`) what is not seen is 0.  For Krause's law, whose tokens go to the mean of those near them,
    it is a_ij of that mean; for `mf.Normalised` that of its law at the directions.

    Parameters
    ----------
    law : Law
        One head: of a sum, also under a mask, one of ``law.parts``.
    x : array or measure
        Angles (n,), or rows (..., n, d); with ``angles=True`` angles (..., n).  Or points with their masses, as
        ``mf.Points(x, weights)``, or a run's at a time, ``run(t)``: P_ij has the mass of token j in it.
    t : float
        Time, for laws that change.
    angles : bool
        Read x as angles.
    log : bool
        Give log P, to its digits where P itself underflows or is 1 to rounding (`log_others`); -inf where nothing is
        seen.  For softmax attention, with masks, and doubly stochastic attention; other laws refuse it.

    Raises
    ------
    ValueError, TypeError
        For what was given, and for a law without such a matrix.

    Examples
    --------
    >>> P = pt.attention(mf.Causal(mf.SA(4.0)), pt.uniform(5, 3, rng=0))
    >>> P.sum(axis=-1).round(12)
    array([1., 1., 1., 1., 1.])
    >>> pt.attention(mf.SA(0.0), mf.Points([0.0, 1.0], weights=[3.0, 1.0]))[0]
    array([0.75, 0.25])
    >>> pt.attention(mf.SA(1.0, geometry="flat"), [[30.0], [-30.0]], log=True)
    array([[    0., -1800.],
           [-1800.,     0.]])
    """
    inputs.law(law)
    log = inputs.flag("log", log)
    mu = _tokens(law, x, angles)
    t = inputs.number("t", t)
    law.check_range(mu.d, atoms=True)
    return law.log_attention(t, mu) if log else law.attention(t, mu)


def log_others(log_P: Any) -> Array:
    """log(1 - P_ij), what row i gives to all others, from log P: right also where P_ij is 1 to rounding.

    Of entries up to 1/2 that is log(1 - P); of the one that may be larger, the logarithm of the sum of the others.

    Parameters
    ----------
    log_P : array (..., n, n)
        From ``attention(law, x, log=True)``; rows that sum to 1.

    Raises
    ------
    ValueError, TypeError
        For what was given, and for rows that sum to anything but 1.

    Examples
    --------
    >>> float(pt.log_others(pt.attention(mf.SA(1.0, geometry="flat"), [[30.0], [-30.0]], log=True))[0, 0])
    -1800.0
    """
    raw = np.asarray(log_P)
    unseen = np.isneginf(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, dtype=bool)
    a = _square(np.where(unseen, 0.0, raw) if unseen.any() else log_P, "log_P")
    a[unseen] = -np.inf
    off = np.abs(np.exp(a).sum(axis=-1) - 1.0).max(initial=0.0)
    if off > ROWS:
        raise ValueError(
            f"log_P: got rows whose shares sum to 1 but for {off:.2g}, wanted log P with rows that sum to 1: "
            "pt.attention(law, x, log=True) of mf.SA(beta)"
        )
    largest = a.argmax(axis=-1)[..., None]
    others = a.copy()
    np.put_along_axis(others, largest, -np.inf, axis=-1)
    top = others.max(axis=-1, keepdims=True)
    top = np.where(np.isneginf(top), 0.0, top)
    with np.errstate(divide="ignore"):
        rest = top + np.log(np.exp(others - top).sum(axis=-1, keepdims=True))
        out = np.log1p(-np.exp(np.minimum(others, 0.0)))
    np.put_along_axis(out, largest, rest, axis=-1)
    return out


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


def _tokens(law: Law, x: Any, angles: Any) -> Any:
    """The measure that is meant: points that are given as one, and others of equal masses."""
    if not (hasattr(x, "read") and hasattr(x, "weights")):
        return Points(x, angles=angles, geometry=law.place or law.geometry)
    if inputs.flag("angles", angles):
        raise ValueError("angles: a measure knows by itself whether its points are angles; leave it out")
    located("x", law, x.geometry)
    return x


def _square(P: Any, name: str = "P") -> Array:
    P = inputs.array(name, P)
    if P.ndim < 2 or P.shape[-1] != P.shape[-2]:
        raise ValueError(f"{name}: got shape {P.shape}, wanted (..., n, n), an attention matrix")
    return P
