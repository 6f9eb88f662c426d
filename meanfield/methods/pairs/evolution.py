"""psi over time: steps of order 8, the grid doubled until it resolves, and a stop where a closure fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy

from meanfield.methods.pairs.closures import Pairs
from meanfield.methods.pairs.forces import Forces
from meanfield.methods.pairs.triples import Triples
from meanfield.protocols import Array, Status
from meanfield.tools.shown import Shown

TAIL = {1: 1e-9, 2: 1e-4}
"""Largest share of the last quarter of the degrees kept, of pairs and of triples, that counts as resolved."""
BELOW = 1e-9
"""How far below 0 rounding may take a law of pairs or triples."""
FIRST = {1: 32, 2: 48}
"""Nodes to begin with."""


@dataclass(frozen=True, eq=False)
class Evolution(Shown):
    """psi on N nodes from t[0] to t[-1], step by step.

    Attributes
    ----------
    t : ndarray (steps + 1,)
        Ends of the steps.
    status : Status
        REACHED_END, UNRESOLVED or NEGATIVE.
    size : int
        N.
    """

    t: Array
    status: Status
    size: int
    system: Any = field(repr=False)
    dense: tuple[Any, ...] = field(repr=False)

    def values(self, t: float) -> Array:
        """psi (N,) at a time of the span."""
        if not self.dense:
            return np.ones(self.size)
        at = int(np.clip(np.searchsorted(self.t, t) - 1, 0, len(self.dense) - 1))
        return np.asarray(self.system.pair(np.asarray(self.dense[at](t))))


def evolved(forces: Forces, closure: str, span: tuple[float, float], most: int, rtol: float) -> Evolution:
    """psi from uniform independent tokens, on as many nodes as it needs and at most so many."""
    axes = 2 if closure == "cluster" else 1
    size = min(FIRST[axes], most)
    while True:
        system = Triples(forces, size) if axes == 2 else Pairs(forces, closure, size)
        found = _run(system, size, span, rtol)
        if found.status is not Status.UNRESOLVED or 2 * size > most:
            return found
        size *= 2


def _run(system: Any, size: int, span: tuple[float, float], rtol: float) -> Evolution:
    begin, end = span
    stepper = scipy.integrate.DOP853(
        lambda t, y: system.slope(y), begin, np.ones(size**system.axes), end, rtol=rtol, atol=1e-4 * rtol
    )
    times, dense, status = [begin], [], Status.REACHED_END
    while stepper.status == "running":
        with np.errstate(all="ignore"):  # what is not finite has no small tail
            stepper.step()
        psi = system.pair(stepper.y)
        c = np.abs(np.fft.rfft(psi)) / size
        last = c[size // 4 : size // 3 + 1].max()
        if stepper.status == "failed" or not last < TAIL[system.axes] * max(1.0, c.max()):
            status = Status.UNRESOLVED
            break
        if min(psi.min(), stepper.y.min()) < -BELOW:
            status = Status.NEGATIVE
            break
        times.append(stepper.t)
        dense.append(stepper.dense_output())
    return Evolution(np.array(times), status, size, system, tuple(dense))
