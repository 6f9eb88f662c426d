"""What is remembered of a merger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.protocols import Array, Law, Measure
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown


@register
@dataclass(frozen=True, eq=False)
class Merge(Shown):
    """One merger.

    Attributes
    ----------
    t : float
        When.
    members : ndarray of int
        The original points that are one from now on, increasing.
    parts : tuple of int
        The lowest member of each of the points that became one.
    masses : ndarray
        Their masses, in that order.
    mass : float
        The sum of the masses.
    position : ndarray
        The centre of mass: an angle, shape (), or a row (d,).
    jump : float
        E after less E before, of second order in the distance (nan for a law without energy).

    Examples
    --------
    >>> run = pt.simulate(mf.SA(4.0), [0.0, 0.5, 2.0], (0.0, 20.0), merge_tol=1e-6)
    >>> len(run.merges[0].masses)
    2
    """

    t: float
    members: Array
    parts: tuple[int, ...]
    masses: Array
    mass: float
    position: Array
    jump: float


@register
@dataclass(frozen=True, eq=False)
class LateMerge(Merge):
    """A merger at a time that floats may not hold: t is inf then, and log_t its logarithm.

    Attributes
    ----------
    log_t : float
        Logarithm of the time; the other fields are those of `Merge`.

    Examples
    --------
    >>> run = pt.longtime(mf.SA(9.0), [0.0, 1.0, 3.0], log_t_end=8.0)
    >>> bool(np.isfinite(run.merges[0].log_t))
    True
    """

    log_t: float


def energy(law: Law, t: float, mu: Measure) -> float:
    """E before or after a merger, less a constant if the law knows its `excess`; nan for a law that tells none."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = law.quantities(t, mu)
        return float(found.get("excess", found.get("energy", math.nan)))


def mergers(
    t: float, labels: Array, before: Array, after: tuple[Array, Array], owner: Array, jump: float, log_t: Any = None
) -> list[Merge]:
    """The mergers of one moment, for the record; the first of them carries their common jump of E.

    Parameters
    ----------
    t, log_t : float
        When; `LateMerge`s if log_t is given.
    labels : ndarray of int (k,)
        New index of every point there was.
    before : ndarray (k,)
        Their masses.
    after : (centres, masses)
        What they became.
    owner : ndarray of int (n,)
        Which of the k points every original point was.
    jump : float
        E after less E before, all mergers together.
    """
    lowest = np.full(len(labels), len(owner))
    np.minimum.at(lowest, owner, np.arange(len(owner)))
    merges: list[Merge] = []
    for g in np.flatnonzero(np.bincount(labels) > 1):
        parts = np.flatnonzero(labels == g)
        parts = parts[np.argsort(lowest[parts])]
        members, leaders = np.flatnonzero(labels[owner] == g), tuple(int(p) for p in lowest[parts])
        centre, mass = np.array(after[0][g]), float(after[1][g])
        first = 0.0 if merges else jump
        if log_t is None:
            merges.append(Merge(t, members, leaders, before[parts], mass, centre, first))
        else:
            merges.append(LateMerge(t, members, leaders, before[parts], mass, centre, first, log_t))
    return merges
