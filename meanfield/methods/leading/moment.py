r"""A cloud at a moment under a law that chooses leaders (`protocols.Choosing`): scores, velocities, shares, borders.

Token i follows its leaders L_i with shares p_ij, and the rates r_ij of its scores are affine in all shares.  Where one
token leads alone its share is 1.  Where several do, they stay tied only at shares by which their scores go on alike,

    r_ij = r_ik for all j, k in L_i,   sum_j p_ij = 1,

Filippov's velocity along the border; of several solutions that nearest to equal shares (by masses) is taken, which of
tokens at one place is equal shares.  Rows of replicas and of several heads are asked about together.
"""

from __future__ import annotations

import numpy as np

from meanfield.geometry import project
from meanfield.protocols import Array, Law, Measure

ROOM = 16.0
"""Roundings of a score by which another must be above a leader's for the lead to change."""
EMPTY = 1e-12
"""How far below 0 a share must come for its token to leave."""
SINGULAR = 1e-9
"""Equations for shares that are smaller than this share of the rates are rounding: tokens at one place."""
SOLVED = 1e-7
"""Share of the rates by which shares that were found may leave them unequal."""


class Moment:
    """Scores (heads, rows, n) of own points for every token of every replica, and by how much they may be wrong."""

    def __init__(self, law: Law, t: float, mu: Measure) -> None:
        self.law, self.t, self.mu, self.heads = law, t, mu, law.choosing
        self.lead_shape, self.n = mu.x.shape[:-2], mu.x.shape[-2]
        told = [head.scores(t, mu) for head in self.heads]
        self.s, self.off = (np.stack([self._flat(one[k]) for one in told]) for k in (0, 1))
        self._masses: Array | None = None

    def _flat(self, table: Array) -> Array:
        """(..., n, n) as (rows, n)."""
        return np.broadcast_to(table, (*self.lead_shape, self.n, self.n)).reshape(-1, self.n)

    def rounding(self) -> Array:
        """(heads, rows) by how much scores of a row may be wrong."""
        return np.asarray(np.where(np.isneginf(self.s), 0.0, self.off).max(axis=-1))

    def tied(self) -> Array:
        """(heads, rows, n) whose score is within the tie, or rounding, of the largest."""
        ties = np.array([head.tie for head in self.heads])[:, None]
        least = self.s.max(axis=-1) - np.maximum(ties, ROOM * self.rounding())
        return np.asarray(self.s >= least[..., None])

    def even(self, lead: Array) -> Array:
        """Equal shares, by masses, of those who lead."""
        if self._masses is None:
            self._masses = np.stack([self._flat(head.masses(self.t, self.mu)) for head in self.heads])
        mass = np.exp(np.where(lead, self._masses, -np.inf))
        return np.asarray(mass / mass.sum(axis=-1, keepdims=True))

    def velocity(self, P: Array) -> Array:
        """(..., n, d) rows, before any projection."""
        shares = [p.reshape(*self.lead_shape, self.n, self.n) for p in P]
        return np.broadcast_to(self.law.chosen(self.t, self.mu, shares), self.mu.x.shape)

    def moving(self, P: Array) -> Array:
        """(..., n, d) rows as they move."""
        v = self.velocity(P)
        return project(self.mu.x, v) if self.mu.geometry.manifold == "sphere" else v

    def rates(self, P: Array) -> Array:
        """(heads, rows, n) how fast scores change."""
        v = self.moving(P)
        return np.stack([self._flat(head.rates(self.t, self.mu, v)) for head in self.heads])

    def shares(self, lead: Array) -> tuple[Array, bool]:
        """(heads, rows, n) shares by which those who lead stay tied, and whether there are any such."""
        P = self.even(lead)
        slots = np.nonzero(lead & (lead.sum(axis=-1) > 1)[..., None])
        count = len(slots[0])
        if not count:
            return P, True
        r, moved = self.rates(P)[slots], np.empty((count, count))
        for k in range(count):
            other = P.copy()
            other[tuple(axis[k] for axis in slots)] += 1.0
            moved[:, k] = self.rates(other)[slots] - r
        row = np.ravel_multi_index(slots[:2], lead.shape[:2])
        _, first, which = np.unique(row, return_index=True, return_inverse=True)
        size = max(float(np.abs(moved).max()), float(np.abs(r).max()), 1e-300)
        A, b = (moved - moved[first[which]]) / size, (r[first[which]] - r) / size
        A[first], b[first] = (row[None, :] == row[first, None]).astype(float), 0.0
        step = np.linalg.lstsq(A, b, rcond=SINGULAR)[0]
        P[slots] += step
        return P, bool(np.abs(A @ step - b).max() <= SOLVED)

    def margins(self, lead: Array) -> Array:
        """(heads, rows) by how much the least leader is above all others, and its rounding; 1 if there are none."""
        inside = np.where(lead, self.s, np.inf).min(axis=-1)
        outside = np.where(lead, -np.inf, self.s).max(axis=-1)
        return np.where(np.isneginf(outside), 1.0, inside - outside + ROOM * self.rounding())

    def least(self, lead: Array, P: Array) -> Array:
        """(heads, rows) the least share of several leaders, and a little; 1 where one leads."""
        return np.where(lead.sum(axis=-1) > 1, np.where(lead, P, 1.0).min(axis=-1) + EMPTY, 1.0)

    def borders(self, lead: Array) -> Array:
        """Functions that are positive until another comes to lead, or a leader's share is used up."""
        P = self.shares(lead)[0]
        return np.concatenate([self.margins(lead).ravel(), self.least(lead, P).ravel()])


def places(mu: Measure, i: int) -> Array:
    """(n, d) the own points of the replica to which row i belongs."""
    n, d = mu.x.shape[-2:]
    return np.asarray(mu.x.reshape(-1, n, d)[i // n])
