"""How exactly what came was told: by the type of its numbers, or by the digits to which they were printed."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.tools.inputs.units import plain

EPS = float(np.finfo(np.float64).eps)
SINGLE = float(np.finfo(np.float32).eps)
MOST_DIGITS = 12
"""Significant digits up to which numbers of float64 are taken as rounded to so many: of computed ones, which have 15 to
17, one in a thousand has as few."""
COARSEST = 1e-3
"""Share of the largest number that a rounding may be of: 0 and 1 are not taken for numbers of one digit."""
LOOK = 64
"""Numbers at which is looked before all of them are."""


def spacing(name: str, value: Any) -> float:
    """Relative spacing of numbers that `array` takes: that of float64 at least, of float32 1.2e-7, of float16 1e-3."""
    return _spacing(np.asarray(plain(name, value, radians=True)).dtype)


def snapped(name: str, value: Any, a: Array, ends: tuple[float, ...]) -> Array:
    """The numbers that came as float64, `a`, those that are one of the ends in their own precision at that end."""
    eps = spacing(name, value)
    for end in filter(np.isfinite, ends if eps > EPS else ()):
        a = np.where(np.abs(a - end) <= eps * abs(end), end, a)
    return a


def unit_room(name: str, value: Any, d: int) -> float:
    """How far from 1 the norm of a row of R^d may be that was divided by its norm in the precision in which it came.

    Adding d squares one after the other is off by d/2 spacings of the sum, d/4 of its root; half precision is added in
    single.  The root, the quotient and a narrower type after it are within the 8 more.
    """
    eps = spacing(name, value)
    return 8.0 * eps + 0.25 * d * min(eps, SINGLE)


def rounding(name: str, value: Any) -> Array:
    """How far each number may be from what it was rounded from; 0 where they have all the digits of float64.

    Half a spacing of single (or half) precision, also where such numbers came as float64; and half a unit in the last
    place, if none has more than `MOST_DIGITS` significant digits, as in a table or after numpy.round.  The last place
    is that of the longest number, counted from its first digit and from the decimal point, whichever is larger.
    Integers are exact.
    """
    raw = np.asarray(plain(name, value))
    if raw.dtype.kind == "f" and _spacing(raw.dtype) == EPS:
        with np.errstate(over="ignore"):
            single = raw.astype(np.float32)
        if (single == raw).all():
            raw = single
    size = np.abs(raw.astype(np.float64))
    if raw.dtype.kind != "f":
        return np.zeros_like(size)
    eps = _spacing(raw.dtype)
    own = 0.5 * eps * size if eps > EPS else np.zeros_like(size)
    printed = _printed(raw, size)
    if printed is not None and printed.max(initial=0.0) <= COARSEST * size.max(initial=0.0):
        own = np.maximum(own, printed)
    return own


def _spacing(dtype: Any) -> float:
    return max(EPS, float(np.finfo(dtype).eps)) if dtype.kind in "fc" else EPS


def _printed(raw: Array, size: Array) -> Array | None:
    """Half a unit in the last decimal place; None of numbers that have as many as their type holds."""
    flat, most, decimals = np.unique(raw[size > 0.0]), 1, 0
    held = MOST_DIGITS if raw.dtype.itemsize >= 8 else int(-np.log10(np.finfo(raw.dtype).eps))
    for start in range(0, len(flat), LOOK):
        for one in flat[start : start + LOOK]:
            mantissa, _, power = np.format_float_scientific(one, trim="-").lstrip("-").partition("e")
            digits = len(mantissa.replace(".", ""))
            most, decimals = max(most, digits), max(decimals, digits - 1 - int(power))
        if most > held:
            return None
    with np.errstate(divide="ignore"):
        first = np.floor(np.log10(size))
    return 0.5 * np.maximum(10.0 ** (first - most + 1.0), 10.0 ** float(-decimals))
