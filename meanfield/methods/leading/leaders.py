"""Who leads whom, held between two moments at which that changes, and what is remembered of these."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.methods.leading.branches import Way, answers, followed, one, ties, together, ways
from meanfield.methods.leading.moment import EMPTY, ROOM, Moment
from meanfield.protocols import Array, Law, Measure, Status, Stop
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

MANY, AGAIN = 64, 1e-9
"""So many changes within this share of the time that has passed have no end: leaders change ever faster."""


@register
@dataclass(frozen=True)
class Switch(Shown):
    """A moment at which a token comes to have other leaders.

    Attributes
    ----------
    t : float
        When.
    token : int
        Whose leaders change.
    leaders : tuple of int
        Those it has from now on.
    how : str
        "crosses": another leads.  "slides": of several none keeps the lead, and the token goes along the border, with
        shares that keep them tied (Filippov).  "leaves": such a border is left.  "branches": there were several ways
        on, and the law's `ties` says which was taken.
    head : int
        Of a sum, which term.
    replica : int
        Which replica, counted through.

    Examples
    --------
    >>> law = mf.SA(np.inf, Q=[[0.36, 0.93], [-0.93, 0.36]], geometry="flat") + mf.Linear(-np.eye(2), geometry="flat")
    >>> run = pt.simulate(law, [[1.2, 0.1], [-0.4, 1.0], [0.3, 0.5], [-0.8, -0.6], [0.5, -0.9]], (0.0, 2.0))
    >>> [(one.token, one.leaders, one.how) for one in run.switches]
    [(4, (4,), 'crosses'), (3, (2,), 'crosses'), (3, (0,), 'crosses'), (2, (4,), 'crosses')]
    """

    t: float
    token: int
    leaders: tuple[int, ...]
    how: str
    head: int = 0
    replica: int = 0


@register
@dataclass(frozen=True, eq=False)
class Leaders(Shown):
    """Who leads whom, from the moment of its `switches` on.

    Attributes
    ----------
    pairs : ndarray of int (m, 3)
        Head, token (of all replicas, counted through) and leader.
    switches : tuple of Switch
        What changed, beside what was before.
    times : tuple of float
        The last moments of change.
    told : tuple of str
        Of what was warned.
    """

    pairs: Array
    switches: tuple[Any, ...] = ()
    times: tuple[float, ...] = ()
    told: tuple[str, ...] = ()

    @classmethod
    def begun(cls, law: Law, t: float, mu: Measure) -> Leaders:
        """Who leads at the beginning."""
        moment = Moment(law, t, mu)
        lead = moment.tied()
        return cls(_pairs(lead))._resolved(moment, lead, lead, np.ones(lead.shape[:2], dtype=bool))

    def _lead(self, moment: Moment) -> Array:
        lead = np.zeros(moment.s.shape, dtype=bool)
        lead[tuple(self.pairs.T)] = True
        return lead

    def velocity(self, law: Law, t: float, mu: Measure) -> Array:
        """Rows, before any projection."""
        moment = Moment(law, t, mu)
        return moment.velocity(moment.shares(self._lead(moment))[0])

    def borders(self, law: Law, t: float, mu: Measure) -> Array:
        """Functions that are positive while these lead."""
        moment = Moment(law, t, mu)
        return moment.borders(self._lead(moment))

    def after(self, law: Law, t: float, mu: Measure) -> Leaders | None:
        """Who leads from here on, where a border has been reached; None if it is they."""
        moment = Moment(law, t, mu)
        lead = self._lead(moment)
        spent = moment.least(lead, moment.shares(lead)[0]) <= 0.5 * EMPTY
        reached = spent | (moment.margins(lead) <= 0.5 * ROOM * moment.rounding())
        if not reached.any():
            return None
        new = self._resolved(moment, lead, moment.tied() | lead, reached)
        return None if np.array_equal(new._lead(moment), lead) else new

    def _resolved(self, moment: Moment, lead: Array, candidates: Array, asked: Array) -> Leaders:
        """These, with a way on for the rows asked about, and for those that slide and are tied with them."""
        before, lead, how = self._lead(moment), lead.copy(), {}
        rows = [(int(h), int(i)) for h, i in np.argwhere(asked)]
        tied = ties(moment, candidates, asked | (lead.sum(axis=-1) > 1))
        for row in rows:
            if row not in tied:
                lead[row] = candidates[row]
        for part in together(tied, moment.n):
            if not any(asked[row] for row in part):
                continue
            # who slides goes on sliding, if that is a way on
            alone = {row: of for row, of in part.items() if asked[row]}
            found = ways(moment, lead, alone) if len(alone) < len(part) else None
            way, choice = followed(moment, found, lead, alone) if found else _way(moment, lead, part)
            lead = way.lead
            for row, of in part.items():
                now, then = (sum(bool(who[row][g].any()) for g in of) for who in (lead, before))
                how[row] = "branches" if choice > 1 else "slides" if now > 1 else "leaves" if then > 1 else "crosses"
        begins = not self.times
        for row in rows:
            if not begins and row not in how:
                how[row] = "crosses"
        changed = {row: word for row, word in how.items() if begins or not np.array_equal(before[row], lead[row])}
        return self._told(moment, lead, changed)

    def _told(self, moment: Moment, lead: Array, changed: dict[Any, str]) -> Leaders:
        """The record of it; a warning where a solution slides, or branches, for the first time."""
        t, n, told = moment.t, moment.n, self.told
        switches = tuple(
            Switch(t, i % n, tuple(int(j) for j in np.flatnonzero(lead[h, i])), word, h, i // n)
            for (h, i), word in sorted(changed.items())
        )
        for word, text in WARNED.items():
            of = [one for one in switches if one.how == word]
            if of and word not in told:
                who = ", ".join(f"{one.token} (leaders {', '.join(map(str, one.leaders))})" for one in of[:6])
                warnings.warn(f"At t = {t:.6g} of {moment.law}, token {who}: {text}", RuntimeWarning, stacklevel=2)
                told = (*told, word)
        times = (*self.times, t)[-MANY:]
        if len(times) == MANY and times[-1] - times[0] <= AGAIN * abs(t):
            raise Stop(Status.UNDECIDED, f"Leaders change ever faster towards t = {t!r}, {MANY} times at the last.")
        return Leaders(_pairs(lead), switches, times, told)


WARNED = {
    "slides": "of these none keeps the lead, and it slides along their border, in Filippov's sense, with shares that "
    "keep them tied (run.switches tells all such moments).",
    "branches": 'several solutions may begin there; ties="uniform" takes equal shares, "first" the lowest index '
    "(pt.branches lists them, run.switches tells which was taken).",
}


def _pairs(lead: Array) -> Array:
    return np.argwhere(lead)


def _way(moment: Moment, lead: Array, tied: dict[Any, Any]) -> tuple[Way, int]:
    """The way on for tokens that are tied together, and between how many there was to choose."""
    found = ways(moment, lead, tied)
    if found:
        return followed(moment, found, lead, tied)
    settled = answers(moment, lead, tied) if found is None else None
    if settled is not None:
        return Way(settled, moment.even(settled), True), 2
    way = one(moment, lead, tied)
    if way is None:
        who = ", ".join(str(i % moment.n) for _, i in list(tied)[:6])
        raise Stop(Status.UNDECIDED, f"At t = {moment.t:.6g}: tokens {who}, {len(tied)} in all.")
    return way, 2  # whether there are others is not known
