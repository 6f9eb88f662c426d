"""Where tokens live: rows on a sphere, angles on the circle, vectors of R^d.

Rows have shape (..., n, d); on a sphere they are unit.  On the circle an angle theta in radians is the row
(cos theta, sin theta), and tangent vectors are multiples of the unit tangent (-sin theta, cos theta), which turns
anticlockwise.  Angles move on the line (a trajectory stays unwrapped) and vectors in R^d: both need neither
projection nor retraction.
"""

from meanfield.geometry.angles import (
    FEW_TURNS,
    TURN,
    positive,
    quarter_turn,
    reduced,
    tangent,
    to_angles,
    to_rows,
    turned,
    unwrap_near,
)
from meanfield.geometry.rows import project, retract, vanishing

__all__ = [
    "FEW_TURNS",
    "TURN",
    "positive",
    "project",
    "quarter_turn",
    "reduced",
    "retract",
    "tangent",
    "to_angles",
    "to_rows",
    "turned",
    "unwrap_near",
    "vanishing",
]
