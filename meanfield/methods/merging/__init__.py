"""Points so close together that one will do: what taking one for all costs, and what is remembered of it.

Two points at distance delta, replaced by one of their joint mass at their centre of mass, change the field elsewhere
in second order, by (delta^2 / 8) |f'' / f| of the force f between points at most (equal masses are the worst): for
f = e^{beta cos theta} sin theta that is |beta^2 sin^2 theta - 3 beta cos theta - 1| delta^2 / 8.  That holds while the
flow gathers them: who would part is not taken for one.
"""

from meanfield.methods.merging.cost import change, checked, checked_now
from meanfield.methods.merging.gathering import alone, attracting, gathered, held
from meanfield.methods.merging.record import LateMerge, Merge, energy, mergers

__all__ = [
    "LateMerge",
    "Merge",
    "alone",
    "attracting",
    "change",
    "checked",
    "checked_now",
    "energy",
    "gathered",
    "held",
    "mergers",
]
