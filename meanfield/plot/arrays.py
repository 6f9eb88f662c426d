"""What a picture is given: arrays of numbers, masses, captions, checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.tools import inputs


def numbers(name: str, value: ArrayLike, *shape: int | None) -> NDArray[np.float64]:
    """`value` as a float array of the given shape (None: any length there), or a refusal naming it.

    NaN and infinities pass: a gap in a curve and the density inside an atom are things to be drawn.
    """
    wanted = "an array of real numbers of shape (" + ", ".join("any" if b is None else str(b) for b in shape) + ")"
    try:
        array = np.asarray(inputs.plain(name, value))
    except ValueError:
        raise ValueError(f"{name} must be {wanted}; got rows of different lengths.") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be {wanted}; got {inputs.describe(value)}.")
    if array.ndim != len(shape) or any(b is not None and a != b for a, b in zip(array.shape, shape, strict=False)):
        raise ValueError(f"{name} must be {wanted}; got shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} must be {wanted}; got none at all: there is nothing to draw.")
    return array.astype(np.float64)


def finite(name: str, value: ArrayLike, *shape: int | None) -> NDArray[np.float64]:
    """As `numbers`, for what a picture is laid out by: NaN and infinities are refused."""
    array = numbers(name, value, *shape)
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite; got {int(np.sum(~np.isfinite(array)))} values that are not.")
    return array


def masses(name: str, value: ArrayLike | None, count: int) -> NDArray[np.float64]:
    """Weights of `count` points, brought to sum 1; equal ones for None."""
    if value is None:
        return np.full(count, 1.0 / count)
    array = finite(name, value, count)
    if np.any(array < 0) or not array.sum() > 0:
        raise ValueError(f"{name} must be nonnegative with a positive sum; got minimum {array.min():.3g}.")
    return array / array.sum()


def names(name: str, value: Iterable[Any] | None, count: int) -> list[str]:
    """Labels of `count` lines as strings, or a refusal naming the argument."""
    if value is None:
        return [""] * count
    if isinstance(value, str):
        raise TypeError(f"{name} must be a sequence of labels; got one string, {value!r}.")
    out = [str(one) for one in value]
    if len(out) != count:
        raise ValueError(f"{name} must be {count} labels, one a line; got {len(out)}.")
    return out
