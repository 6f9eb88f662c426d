"""Tokens of R^d that settle on leaders: held by what they differ from these, in coordinates of their own growth.

Where x = e^{tV} z, tokens of one cluster keep a distance in x, so that they differ by e^{-2t} in z along an eigenvalue
2 of V: beyond t = 18 less than z's rounding, and yet it decides by whom they are led, and so where they go along the
other eigenvectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.geometry import FLAT
from meanfield.measures.parted import Parted
from meanfield.methods.cloud import OnPoints, Tokens
from meanfield.protocols import Array, Change, Law
from meanfield.tools.settings import register

LED = 0.9
"""Share of a row from which its largest token leads it."""
PAIRS = 250_000
"""Pairs, over all replicas, beyond which points are summed as they come (by the field asked for) while that will do."""
FINE = 1e-12
"""The largest rounding of a score with which it does."""
LOST = 1e3
"""By how much differences may be smaller than what they are differences of, before the centre moves to the leader."""


@register
@dataclass(frozen=True, eq=False)
class OnParted(OnPoints):
    """What a state of differences means: x = S (centre + y).

    Attributes
    ----------
    basis : ndarray (d, d)
        S: coordinates along which tokens grow each at their own rate.
    centre : ndarray (..., n, d)
        In these coordinates.
    group : ndarray of int (..., n)
        The lowest point of those that have one centre.
    whole : bool
        All are about 0, and scores of points as they are have the digits it needs: differences are not asked.
    """

    basis: Any = None
    centre: Any = None
    group: Any = None
    whole: bool = False

    @classmethod
    def begun(cls, form: OnPoints, basis: Array, x: Array) -> tuple[OnParted, Array]:
        """All in one group about 0, and their state."""
        y = np.linalg.solve(basis, x[..., None])[..., 0]
        told: dict[str, Any] = {"weights": form.weights, "geometry": form.geometry, "field": form.field}
        told["whole"] = y.size // y.shape[-1] * y.shape[-2] > PAIRS
        return cls(**told, basis=basis, centre=np.zeros_like(y), group=np.zeros(y.shape[:-1], dtype=int)), y

    def measure(self, y: Array) -> Parted:
        """The points, and what they differ by."""
        shape = y.shape[:-1]
        weights = self.weights if self.weights.shape == shape else np.broadcast_to(self.weights, shape)
        more = {"near": y, "centre": self.centre, "group": self.group}
        return Parted.trusted(self.unmerged(y), weights, self.geometry, self.field, **more)

    def unmerged(self, y: Array) -> Array:
        """The points."""
        return np.asarray((y + self.centre) @ self.basis.T)

    def moved(self, law: Law, merge_tol: float | None, rtol: float) -> Tokens:
        """The method."""
        return PartedTokens(law, self, merge_tol, rtol)

    def about(self, y: Array, leader: Array) -> tuple[OnParted, Array]:
        """The same points, each about its leader (-1: as it was)."""
        led = leader >= 0
        at = np.where(led, leader, 0)
        group = np.where(led, np.take_along_axis(self.group, at, -1), -1)
        same = (group == self.group)[..., None]
        here, there = (np.take_along_axis(a, at[..., None], -2) for a in (y, self.centre))
        near = np.where(same, y - here, (self.centre - there) + (y - here))
        centre = there + here
        # those of one old group that are not led stay one, and are no part of a new one
        n = y.shape[-2]
        names = np.where(led, at, n + self.group)
        lowest = np.argmax(names[..., :, None] == names[..., None, :], axis=-1)
        new = replace(self, centre=np.where(led[..., None], centre, self.centre), group=lowest)
        return new, np.where(led[..., None], near, y)


@dataclass(frozen=True, eq=False)
class PartedTokens(Tokens):
    """z' of tokens that are held by differences, by a law that knows their `apart`."""

    equations = ("B (3.1)",)

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """By differences, where that is needed."""
        form: Any = self.form
        mu = form.measure(y)
        if form.whole:
            out[...] = np.linalg.solve(form.basis, self.law.velocity(t, None, mu)[..., None])[..., 0]
        else:
            out[...] = self.law.apart(t, mu)
        return out

    def parts(self) -> tuple[Any, ...]:
        """Of one law, as it is."""
        return (self,)

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Centres move to leaders, once these lead."""
        form: Any = self.form
        mu = form.measure(y)
        whole = form.whole
        if whole and self.law.rounding(t, mu) < FINE:
            return None
        form = replace(form, whole=False)
        leader, share = self.law.leading(t, mu)
        own = np.take_along_axis(leader, leader, -1) == leader
        sure = own & (share > LED) & (np.take_along_axis(share, leader, -1) > LED)
        leader = np.where(sure, leader, -1)
        if not self._lost(y, leader):
            return Change(replace(self, form=form), t, y) if whole else None
        new, y = form.about(y, leader)
        return Change(replace(self, form=new), t, y)

    def _lost(self, y: Array, leader: Array) -> bool:
        """Whether a difference to a leader has lost digits to the centre."""
        form: Any = self.form
        led = leader >= 0
        at = np.where(led, leader, 0)
        here, there = (np.take_along_axis(a, at[..., None], -2) for a in (y, form.centre))
        apart = np.take_along_axis(form.group, at, -1) != form.group
        gap = np.abs(np.where(apart[..., None], form.centre - there, 0.0) + (y - here))
        size = np.where(apart[..., None], np.abs(there + here), np.abs(here))
        return bool((led[..., None] & (gap > 0.0) & (size > LOST * gap)).any())


def started(law: Law, form: OnPoints, x: Array, shaken: bool) -> tuple[OnPoints, Array]:
    """The form and the state with which a law begins: differences, where it knows them and has no noise."""
    if shaken or form.geometry != FLAT:
        return form, x
    basis = law.basis(x.shape[-1])
    return (form, x) if basis is None else OnParted.begun(form, basis, x)
