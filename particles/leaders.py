"""Who leads whom at temperature zero, and in how many ways a solution can go on (A 9.3; 2407.01602)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meanfield.geometry import given
from meanfield.measures.points import Points
from meanfield.methods.leading import Branch, Moment
from meanfield.methods.leading import branches as ways
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations


class Led(NamedTuple):
    """Who leads whom.

    Attributes
    ----------
    sets : tuple
        For every token the indices of its leaders, C_i, as an array.
    own : ndarray of int
        The leaders among the tokens: those that lead themselves, alone or beside others at their place.

    Examples
    --------
    >>> pt.leaders(mf.SA(np.inf, geometry="flat"), [[1.0, 1.0], [-1.0, 1.0], [0.2, 0.1]]).own
    array([0, 1])
    """

    sets: tuple[Any, ...]
    own: Array

    def __repr__(self) -> str:
        return line(self)


@equations("A (9.6)", "2407.01602")
def leaders(law: Law, x: Any, t: float = 0.0, *, angles: bool = False) -> Led:
    """C_i = argmax_j <Q x_i, K x_j> of every token (A (9.6)), and the tokens with C_i = {i} (2407.01602).

    Parameters
    ----------
    law : Law
        One head at temperature zero, ``mf.SA(np.inf)``, with whatever else moves the tokens.
    x : array
        Angles (n,), or rows (n, d): one cloud.
    t : float
        Time, for laws that change.
    angles : bool
        Read x as angles; of one dimension they are.

    Returns
    -------
    Led

    Raises
    ------
    ValueError, TypeError
        For what was given, and for a law that compares nothing, or with several heads.

    Examples
    --------
    >>> law = mf.SA(np.inf, Q=2.0 * np.eye(2), geometry="flat")
    >>> [list(map(int, one)) for one in pt.leaders(law, [[1.0, 1.0], [-1.0, 1.0], [0.0, 0.1]]).sets]
    [[0], [1], [0, 1]]
    """
    moment = _moment(law, x, t, angles)
    if len(moment.heads) > 1:
        raise ValueError(f"law: {law} has {len(moment.heads)} heads of leaders of their own: give one of its terms")
    lead = moment.tied()[0]
    place = moment.mu.x
    near = 1e-12 * max(float(np.abs(place).max()), 1e-300)
    own = [i for i, row in enumerate(lead) if row[i] and np.abs(place[row] - place[i]).max() <= near]
    return Led(tuple(np.flatnonzero(row) for row in lead), np.array(own, dtype=int))


@equations("A (9.5)", "A Ex 9.3")
def branches(law: Law, x: Any, t: float = 0.0, *, angles: bool = False) -> tuple[Branch, ...]:
    """All ways in which a solution at temperature zero can go on from tokens x, in Filippov's sense (A, Example 9.3).

    Where tied leaders leave a choice there are several, and a run follows one of them (``ties``).  To first order: what
    begins later along a border that repels, after any time, is not listed.

    Parameters
    ----------
    law : Law
        At temperature zero, with whatever else moves the tokens.
    x : array
        Angles (n,), or rows (n, d): one cloud.
    t : float
        Time, for laws that change.
    angles : bool
        Read x as angles; of one dimension they are.

    Returns
    -------
    tuple of Branch

    Raises
    ------
    ValueError, TypeError
        For what was given, for a law that compares nothing, and where more than 512 choices would have to be tried.

    Examples
    --------
    >>> law = mf.SA(np.inf, geometry="flat") + mf.Linear(-np.eye(2), geometry="flat")
    >>> len(pt.branches(law, [[1.0, 1.0], [-1.0, 1.0], [0.01, 0.0]]))
    1
    """
    moment = _moment(law, x, t, angles)
    found = ways(moment)
    if found is None:
        raise ValueError("x: too many of these tokens are tied to try all choices (512): give those that matter")
    return tuple(found)


def _moment(law: Law, x: Any, t: float, angles: Any) -> Moment:
    inputs.law(law)
    if not law.choosing:
        raise ValueError(f"law: {law} has no leaders, only a law at temperature zero has: give mf.SA(np.inf)")
    place, q = given("x", x, angles=angles, geometry=law.geometry)
    if place.shape(q)[:-1]:
        raise ValueError(f"x: got replicas {place.shape(q)[:-1]}, wanted one cloud: ask for each")
    law.check_range(place.d(q), atoms=True)
    return Moment(law, inputs.number("t", t), Points(q, geometry=place))
