r"""Shares of tied leaders as an equilibrium, found by Lemke's algorithm where there are too many ways to try.

Rates of scores are affine in the shares, r = r_0 + R p.  Shares p >= 0 that sum to 1 in every row, and are 0 where a
candidate's score rises more slowly than the row's fastest, solve the linear complementarity problem

    w = M z + q >= 0,   z >= 0,   <z, w> = 0,   M = [[C, -E^T], [E, 0]],   q = [c, -1],   z = [p, rho],

C = const - R > 0, c = const - r_0 >= 0 and E the sums of rows: a polymatrix game, which has a solution, and Lemke's
algorithm ends in one (D. A. Miller, S. W. Zucker, Neural Computation 3 (1991), 600-614).
"""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array

PIVOTS = 50
"""Times the number of unknowns after which a solution is given up."""
SMALL = 1e-11
"""Share of the largest below which an entry is no pivot."""


def equilibrium(R: Array, r0: Array, rows: Array) -> Array | None:
    """Shares (k,) of k candidates that belong to `rows` (k,), 0, 1, ...; None if none were found."""
    k, m = len(r0), int(rows.max()) + 1
    E = (rows[None, :] == np.arange(m)[:, None]).astype(float)
    size = max(float(np.abs(R).max()), float(np.abs(r0).max()), 1e-300)
    C, c = (R.max() - R) / size + 1.0, (r0.max() - r0) / size + 1.0
    M = np.block([[C, -E.T], [E, np.zeros((m, m))]])
    z = lemke(M, np.concatenate([c, -np.ones(m)]))
    return None if z is None else z[:k]


def lemke(M: Array, q: Array) -> Array | None:
    """z >= 0 with M z + q >= 0 and <z, M z + q> = 0; None where the algorithm ends in a ray."""
    n = len(q)
    if q.min() >= 0.0:
        return np.zeros(n)
    T = np.hstack([np.eye(n), -M, -np.ones((n, 1)), q[:, None]])
    basis = np.arange(n)
    row, entering = int(q.argmin()), 2 * n
    for _ in range(PIVOTS * n):
        T[row] /= T[row, entering]
        others = np.arange(n) != row
        T[others] -= T[others, entering][:, None] * T[row]
        leaving, basis[row] = int(basis[row]), entering
        if leaving == 2 * n:
            z = np.zeros(2 * n + 1)
            z[basis] = T[:, -1]
            return z[n : 2 * n]
        entering = leaving + n if leaving < n else leaving - n
        column = T[:, entering]
        able = np.flatnonzero(column > SMALL * np.abs(column).max())
        if not len(able):
            return None
        ratios = T[able, -1] / column[able]
        near = able[ratios <= ratios.min() + 1e-14 * max(1.0, float(np.abs(ratios).max()))]
        at_end = near[basis[near] == 2 * n]
        row = int(at_end[0] if len(at_end) else near[column[near].argmax()])
    return None
