"""What a density's coefficients leave unknown: point values that rounding decides are not given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Space
from meanfield.tools import inputs
from meanfield.tools.settings import register


class UnknownValue(RuntimeWarning):
    """A point value that rounding leaves unknown was asked for, and is NaN.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("error", mf.UnknownValue)  # rather than NaN
    """


@register
@dataclass(frozen=True)
class Doubt:
    """What a density's coefficients leave unknown, and how exact a point value must be to be given.

    Attributes
    ----------
    error : float
        Largest error of a coefficient, those beyond the highest degree included; 0 where they define the density.
    share : float
        A value whose error may exceed this share of it (or of the density's mean, if that is larger) is NaN.

    Raises
    ------
    ValueError, TypeError
        For numbers below 0.

    Examples
    --------
    >>> mf.uniform(mf.Circle(16)).doubt == mf.Doubt(error=0.0)
    True
    """

    error: float = 0.0
    share: float = 1e-9

    def __post_init__(self) -> None:
        object.__setattr__(self, "error", inputs.number("error", self.error, low=0.0))
        object.__setattr__(self, "share", inputs.number("share", self.share, low=0.0))


EXACT = Doubt()


def told(space: Space, c: Array, doubt: Doubt, q: Array | None = None) -> Array:
    """The series at the nodes or at coordinates q, NaN where its error may exceed the share that is permitted."""
    bound = space.bound(c, doubt.error, q)
    if bound is None:
        return np.asarray(space.evaluate(c, q))
    with np.errstate(invalid="ignore", over="ignore"):
        values = space.evaluate(c, q)
    size = np.minimum(np.linalg.norm(c, axis=-1), 1.0)  # the mean of a density is 1
    size = size.reshape(size.shape + (1,) * (values.ndim - size.ndim))
    return np.where(bound <= doubt.share * np.maximum(np.abs(values), size), values, np.nan)
