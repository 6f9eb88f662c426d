"""Units, where what came carries one: converted to plain numbers, or refused; never dropped.

Recognised by what they can do, so that no library of units need be installed: a quantity of astropy or of pint has a
`unit` or `units` and converts itself by `to`; a labelled array (xarray, pandas) names its units in `attrs`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from meanfield.tools.inputs.messages import describe, message

RADIANS = {"": 1.0, "1": 1.0, "dimensionless": 1.0, "rad": 1.0, "radian": 1.0, "radians": 1.0}
DEGREES = dict.fromkeys(("deg", "degree", "degrees", "degrees_north", "degrees_east"), math.pi / 180.0)
_BARE = {float, int, bool, complex, str, np.float64}
"""What a list holds nearly always, and never with a unit."""


def plain(name: str, value: Any, *, radians: bool = False) -> Any:
    """`value` without its unit, if it has one, lists of such values included; anything else as it came.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        A quantity, a labelled array, a list or tuple of them, or anything else.
    radians : bool
        An angle is meant: units of angle are converted to radians.  Otherwise only pure numbers pass.

    Raises
    ------
    TypeError
        If the unit does not convert to what is meant.
    """
    if isinstance(value, list | tuple):
        return [plain(name, v, radians=radians) for v in value] if _any(value) else value
    if _quantity(value):
        return _converted(name, value, radians)
    units = _label(value)
    if units is None:
        return value
    factor = RADIANS.get(units) if radians or units not in ("rad", "radian", "radians") else None
    factor = DEGREES.get(units, factor) if radians else factor
    if factor is None:
        raise _refusal(name, value, units, radians)
    return factor * np.asarray(value)


def _quantity(value: Any) -> bool:
    return callable(getattr(value, "to", None)) and (hasattr(value, "unit") or hasattr(value, "units"))


def _label(value: Any) -> str | None:
    """The units that a labelled array names."""
    attrs = getattr(value, "attrs", None)
    units = attrs.get("units") if isinstance(attrs, dict) else None
    return units if isinstance(units, str) else None


def _any(values: Any) -> bool:
    if set(map(type, values)) <= _BARE:
        return False
    return any(_any(v) if isinstance(v, list | tuple) else _quantity(v) or _label(v) is not None for v in values)


def _converted(name: str, value: Any, radians: bool) -> Any:
    for wanted in ("rad", "") if radians else ("",):
        try:
            bare = value.to(wanted)
        except (TypeError, ValueError, AttributeError):  # each library's word for: these do not convert
            continue
        return bare.magnitude if hasattr(bare, "magnitude") else bare.value
    raise _refusal(name, value, str(getattr(value, "unit", getattr(value, "units", ""))), radians)


def _refusal(name: str, value: Any, units: str, radians: bool) -> TypeError:
    wanted = "an angle: radians, or a unit that converts to them" if radians else "a number without a unit"
    remedy = "Convert it to radians." if radians else "Divide it by the unit that is meant: a pure number is left."
    return TypeError(message(name, wanted, f"{describe(value)} in units of {units!r}", remedy))
