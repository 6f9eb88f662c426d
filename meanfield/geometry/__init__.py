"""Where tokens live: rows on a sphere, angles on the circle, vectors of R^d.

Rows have shape (..., n, d); on a sphere they are unit.  On the circle an angle theta in radians is the row
(cos theta, sin theta), and tangent vectors are multiples of the unit tangent (-sin theta, cos theta), which turns
anticlockwise.  Angles move on the line (a trajectory stays unwrapped) and vectors in R^d: both need neither
projection nor retraction.

Which of these it is says an object, `ROWS`, `ANGLES`, `MERIDIAN` or `FLAT`, a `Product` of two (positions and
velocities), or a geometry of one's own (see `protocols.Geometry`): points hold it, and what a run's state means; the
functions here are what they are made of.
"""

from meanfield.geometry.angles import ANGLES
from meanfield.geometry.flat import FLAT
from meanfield.geometry.given import MANIFOLDS, given, located, unflagged
from meanfield.geometry.joining import circle_groups, line_groups, row_groups
from meanfield.geometry.meridian import MERIDIAN
from meanfield.geometry.product import Product, halves
from meanfield.geometry.reals import REALS
from meanfield.geometry.rows import ROWS
from meanfield.geometry.sphere import frames, project, retract, vanishing
from meanfield.geometry.tangent import Tangent
from meanfield.geometry.turning import (
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

__all__ = [
    "ANGLES",
    "FEW_TURNS",
    "FLAT",
    "MANIFOLDS",
    "MERIDIAN",
    "REALS",
    "ROWS",
    "TURN",
    "Product",
    "Tangent",
    "circle_groups",
    "frames",
    "given",
    "halves",
    "line_groups",
    "located",
    "positive",
    "project",
    "quarter_turn",
    "reduced",
    "retract",
    "row_groups",
    "tangent",
    "to_angles",
    "to_rows",
    "turned",
    "unflagged",
    "unwrap_near",
    "vanishing",
]
