"""What attention tends to on a line: matrices of 0 and 1 but for one row (B, Theorem 2.1 and Figure 2)."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.shown import line
from particles.matrix import attention_rank


class Boolean(NamedTuple):
    """How an attention matrix stands to the class of Figure 2, as `boolean` returns it.

    Attributes
    ----------
    member : bool
        It is in the class, within the tolerance.
    distance : float
        Largest entry of what it differs by from the nearest matrix of the class.
    leaders : ndarray of int
        The columns, one or two, at whose unit rows all rows are but one.
    row : int or None
        The row that is none of these; None where all are.
    rank : int
        Of the matrix, singular values below the tolerance times the largest not counted.

    Examples
    --------
    >>> found = pt.boolean([[1.0, 0.0, 0.0], [0.5, 0.2, 0.3], [0.0, 0.0, 1.0]])
    >>> found.member, found.leaders.tolist(), found.row, found.rank
    (True, [0, 2], 1, 3)
    """

    member: bool
    distance: float
    leaders: Array
    row: int | None
    rank: int

    def __repr__(self) -> str:
        return line(self)


def boolean(P: Any, tol: float = 1e-6) -> Boolean:
    """Whether an attention matrix is in the class of B's Figure 2, to which P(t) tends if d = 1, V > 0, Q K > 0.

    In the class every row but one at most is a unit row, at one of two columns, the leaders; the row left is any of
    numbers >= 0 with sum 1.  For almost all data it is a unit row as well, and the limit of rank 1 or 2 (Theorem 2.1).

    Parameters
    ----------
    P : array (n, n)
        Of entries >= 0 and rows of sum 1, as `attention` returns it for SA.
    tol : float
        How far, in its largest entry, P may be from the class.

    Returns
    -------
    Boolean

    Raises
    ------
    ValueError, TypeError
        For what was given.

    Examples
    --------
    >>> pt.boolean(np.full((3, 3), 1.0 / 3.0)).member
    False
    """
    P = inputs.array("P", P, ndim=2)
    n = len(P)
    if P.shape != (n, n):
        raise ValueError(f"P: got shape {P.shape}, wanted one attention matrix (n, n)")
    if P.min() < 0.0 or np.abs(P.sum(axis=1) - 1.0).max() > 1e-9 * n:
        raise ValueError("P: wanted entries >= 0 and rows of sum 1, as pt.attention gives of mf.SA")
    tol = inputs.number("tol", tol, low=0.0, high=1.0)
    best: tuple[float, tuple[int, int], Array] | None = None
    for pair in combinations_with_replacement(np.unique(P.argmax(axis=1)), 2):
        off = 1.0 - np.maximum(P[:, pair[0]], P[:, pair[1]])
        distance = float(np.partition(off, -2)[-2]) if n > 1 else 0.0
        if best is None or distance < best[0]:
            best = (distance, pair, off)
    assert best is not None
    distance, pair, off = best
    row = int(off.argmax()) if off.max() > tol else None
    return Boolean(distance <= tol, distance, np.unique(pair), row, int(attention_rank(P, tol)))
