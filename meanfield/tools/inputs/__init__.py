"""The named refusals used at every public door.

Each function takes the argument's name first and returns the cleaned value, or raises TypeError (the wrong kind of
thing) or ValueError (the right kind, a wrong value).  Every message says the name, what came, what is wanted and
what to do about it, so that a reader of the traceback need not read our code.
"""

from meanfield.tools.inputs.arrays import (
    angles,
    array,
    axes,
    factors,
    matrix,
    replica,
    rows,
    times,
    unit_vector,
    weights,
)
from meanfield.tools.inputs.messages import describe, message, several
from meanfield.tools.inputs.precision import rounding, snapped, spacing, unit_room
from meanfield.tools.inputs.units import plain
from meanfield.tools.inputs.values import (
    angle,
    callable_or_none,
    choice,
    degree,
    dimension,
    fits,
    flag,
    generator,
    having,
    integer,
    law,
    mapped,
    number,
    one_time,
    seed,
    sense,
    sequence,
)

__all__ = [
    "angle",
    "angles",
    "array",
    "axes",
    "callable_or_none",
    "choice",
    "degree",
    "describe",
    "dimension",
    "factors",
    "fits",
    "flag",
    "generator",
    "having",
    "integer",
    "law",
    "mapped",
    "matrix",
    "message",
    "number",
    "one_time",
    "plain",
    "replica",
    "rounding",
    "rows",
    "seed",
    "sense",
    "sequence",
    "several",
    "snapped",
    "spacing",
    "times",
    "unit_room",
    "unit_vector",
    "weights",
]
