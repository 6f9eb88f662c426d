r"""What may become of tied leaders: the ways in which a solution can go on, and which of them is followed.

Let token i have tied candidates C_i.  A way on is a set L_i of them with shares p_ij > 0 (`moment`) such that no other
candidate's score rises faster: a solution of Filippov's inclusion to first order.  It is **strict** where all others
fall behind, so that L_i leads at once: then it is a solution of A (9.5)-(9.6) for almost every t too.  Shares are the
equilibria of a game between the tokens, candidates being moves and rates what they pay: there always are some.

Two candidates a, b: with D the rate of s_a - s_b, D_a where a is followed and D_b where b is,

    D_a > 0, D_b > 0    a leads             D_a < 0 < D_b    the border attracts: sliding, p_a = D_b / (D_b - D_a)
    D_a < 0, D_b < 0    b leads             D_b < 0 < D_a    it repels: a, b and sliding are three solutions
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from meanfield.methods.leading.game import equilibrium
from meanfield.methods.leading.moment import Moment, places
from meanfield.protocols import Array
from meanfield.tools.shown import line

MOST = 512
"""Ways on that are tried one by one; of more tied tokens together best answers are sought instead."""
FACE = 1e-9
"""A share below this is none."""
EQUAL = 1e-9
"""Share of |Q x| |K y| within which rates are equal."""
TOGETHER = 1e-12
"""Share of the largest distance from the origin within which tokens are at one place."""
TURNS = 30
"""Best answers that are tried in turn."""
EPS = float(np.finfo(float).eps)
Row = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Way:
    """One way on: who leads, by what shares, whether all others fall behind at once."""

    lead: Array
    P: Array
    strict: bool


Tied = dict[Row, list[Array]]
"""Rows with several candidates: groups of these that are at one place, as index arrays."""


def groups(moment: Moment, row: Row, candidates: Array) -> list[Array]:
    """Candidates of a row by where they are."""
    x = places(moment.mu, row[1])
    near = TOGETHER * max(float(np.abs(x).max()), 1e-300)
    found: list[list[int]] = []
    for j in np.flatnonzero(candidates):
        of = next((g for g in found if np.abs(x[g[0]] - x[j]).max() <= near), None)
        if of is None:
            found.append([int(j)])
        else:
            of.append(int(j))
    return [np.array(g) for g in found]


def together(tied: Tied, n: int) -> Iterator[Tied]:
    """Rows whose ways depend on each other: a candidate of one is another's token."""
    left = dict(tied)
    while left:
        part: Tied = {}
        new = [next(iter(left))]
        while new:
            row = new.pop()
            if row in left:
                part[row] = left.pop(row)
                reach = _reach(part[row], row[1], n)
                new += [other for other in left if other[1] in reach or row[1] in _reach(left[other], other[1], n)]
        yield part


def _reach(of: list[Array], i: int, n: int) -> set[int]:
    """A row's token and its candidates."""
    return {i, *(int(j) + i // n * n for g in of for j in g)}


def ways(moment: Moment, lead: Array, tied: Tied) -> list[Way] | None:
    """All of them, those of few leaders and low indices first; None if there are too many to try."""
    if prod(2 ** len(g) - 1 for g in tied.values()) > MOST:
        return None
    found = []
    for combination in product(*(_subsets(g) for g in tied.values())):
        trial = lead.copy()
        for row, leaders in zip(tied, combination, strict=True):
            trial[row] = False
            trial[row][leaders] = True
        way = _way(moment, trial, tied)
        if way is not None:
            found.append(way)
    return found


def _subsets(of: list[Array]) -> list[Array]:
    """Nonempty unions of groups."""
    some = chain.from_iterable(combinations(of, k) for k in range(1, len(of) + 1))
    return [np.concatenate(one) for one in some]


def _tolerance(moment: Moment, row: Row) -> float:
    return float(EQUAL / EPS * moment.off[row[0]].max())


def _way(moment: Moment, trial: Array, tied: Tied) -> Way | None:
    """A choice of leaders as a way on, if it is one."""
    P, solved = moment.shares(trial)
    if not solved or P[trial].min() < -FACE or any(P[row][trial[row]].min() < FACE for row in tied):
        return None
    r, strict = moment.rates(P), True
    for row, of in tied.items():
        among = np.concatenate(of)
        others = among[~trial[row][among]]
        if len(others):
            ahead = float(r[row][trial[row]].min() - r[row][others].max())
            if ahead < -_tolerance(moment, row):
                return None
            strict &= ahead > _tolerance(moment, row)
    return Way(trial, P, strict)


def answers(moment: Moment, lead: Array, tied: Tied) -> Array | None:
    """Leaders that are left when all candidates share alike, then those that rise fastest, and so on; None if these
    never settle."""
    now = lead.copy()
    for row, of in tied.items():
        now[row] = False
        now[row][np.concatenate(of)] = True
    for _ in range(TURNS):
        r, after = moment.rates(moment.even(now)), now.copy()
        for row, of in tied.items():
            among = np.concatenate(of)
            after[row] = False
            after[row][among[r[row][among] >= r[row][among].max() - _tolerance(moment, row)]] = True
        if np.array_equal(after, now):
            return now
        now = after
    return None


def one(moment: Moment, lead: Array, tied: Tied) -> Way | None:
    """A way on of many tokens tied together, as an equilibrium (`game`)."""
    base, slots = lead.copy(), [(row, g) for row, of in tied.items() for g in of]
    for row, of in tied.items():
        base[row] = False
        base[row][np.concatenate(of)] = True
    P, even = moment.shares(lead)[0], moment.even(base)
    for row in tied:
        P[row] = 0.0
    at = tuple(np.array(axis) for axis in zip(*((*row, g[0]) for row, g in slots), strict=True))
    r0, R = moment.rates(P)[at], np.empty((len(slots), len(slots)))
    for k, (row, g) in enumerate(slots):
        other = P.copy()
        other[row][g] = even[row][g] / even[row][g].sum()
        R[:, k] = moment.rates(other)[at] - r0
    number = {row: k for k, row in enumerate(tied)}
    p = equilibrium(R, r0, np.array([number[row] for row, _ in slots]))
    if p is None:
        return None
    trial = lead.copy()
    for row in tied:
        trial[row] = False
    for share, (row, g) in zip(p, slots, strict=True):
        trial[row][g] = share > FACE
    return _way(moment, trial, tied)


def followed(moment: Moment, found: list[Way], lead: Array, tied: Tied) -> tuple[Way, int]:
    """Of several ways on the one to take, and between how many there was to choose."""
    open_ = [way for way in found if way.strict] or found
    if len(open_) == 1:
        return open_[0], 1
    if all(moment.heads[row[0]].first for row in tied):
        key = [tuple(tuple(np.flatnonzero(way.lead[row])) for row in tied) for way in open_]
        return open_[min(range(len(key)), key=key.__getitem__)], len(open_)
    even = [way for way in open_ if np.abs(way.P - moment.even(way.lead)).max() <= FACE]
    several = [way for way in even if all(way.lead[row].sum() > 1 for row in tied)]
    if several:
        return several[-1], len(open_)
    settled = answers(moment, lead, tied)
    same = [way for way in open_ if settled is not None and np.array_equal(way.lead, settled)]
    return (same or open_)[0], len(open_)


class Branch(NamedTuple):
    """One way in which a solution can go on from a state of tokens.

    Attributes
    ----------
    leaders : tuple
        For every head, and in it for every token, the indices of its leaders.
    shares : ndarray (heads, n, n)
        What token i takes of j.
    velocity : ndarray (n, d)
        How the tokens move.
    strict : bool
        Whether these lead alone at once, so that A (9.5)-(9.6) holds for almost every t.

    Examples
    --------
    >>> law = mf.SA(np.inf, geometry="flat") + mf.Linear(-np.eye(2), geometry="flat")
    >>> [one.leaders[0][2] for one in pt.branches(law, [[1.0, 1.0], [-1.0, 1.0], [0.0, 0.0]]) if one.strict]
    [(0,), (1,), (0, 1)]
    """

    leaders: tuple[Any, ...]
    shares: Array
    velocity: Array
    strict: bool

    def __repr__(self) -> str:
        return line(self)


def branches(moment: Moment) -> list[Branch] | None:
    """All ways on from here of one cloud; None if too many tokens are tied together."""
    lead = moment.tied()
    tied = ties(moment, lead, np.ones(lead.shape[:2], dtype=bool))
    found = ways(moment, lead, tied) if tied else [Way(lead, moment.even(lead), True)]
    if found is None:
        return None
    return [
        Branch(
            tuple(tuple(tuple(int(j) for j in np.flatnonzero(row)) for row in head) for head in way.lead),
            way.P,
            moment.moving(way.P),
            way.strict,
        )
        for way in found
    ]


def ties(moment: Moment, candidates: Array, asked: Array) -> Tied:
    """The rows asked about whose candidates are not all at one place."""
    tied: Tied = {}
    for h, i in np.argwhere(asked & (candidates.sum(axis=-1) > 1)):
        of = groups(moment, (int(h), int(i)), candidates[h, i])
        if len(of) > 1:
            tied[int(h), int(i)] = of
    return tied
