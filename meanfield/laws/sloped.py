"""Tokens whose scores fall with their distance in the sequence: linear biases, ALiBi (2108.12409; 2605.09213)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.laws.seeing import Masking
from meanfield.protocols import Array, Measure, Sight
from meanfield.tools import inputs
from meanfield.tools.settings import register


@dataclass(frozen=True)
class Slope(Sight):
    """i sees j with weight e^{-slope |i - j|}, of the past alone or of all."""

    slope: float
    causal: bool
    per_row: bool = False

    def bias(self, i: slice, j: slice) -> Array:
        """-slope |i - j|, -inf of what comes later."""
        apart = np.arange(i.start, i.stop)[:, None] - np.arange(j.start, j.stop)
        s = -self.slope * np.abs(apart)
        return np.where(apart >= 0, s, -np.inf) if self.causal else s

    def seen(self, weights: Array) -> Array:
        """(..., n) sum_j w_j e^{-slope |i - j|} over what is seen; 1 where it counts as it is."""
        if not self.per_row:
            return np.ones_like(weights)
        keep = math.exp(-self.slope)
        before = _faded(weights, keep)
        return before if self.causal else before + _faded(weights[..., ::-1], keep)[..., ::-1] - weights


def _faded(w: Array, keep: float) -> Array:
    """w_i + keep w_{i-1} + keep^2 w_{i-2} + ..."""
    out = np.array(w)
    for i in range(1, out.shape[-1]):
        out[..., i] += keep * out[..., i - 1]
    return out


@register
@dataclass(frozen=True)
class ALiBi(Masking):
    """A law with linear biases: the score of j at i is less by slope |i - j|.

    x_i' = P_{x_i} sum_j e^{beta <x_i, x_j> - slope |i - j|} V x_j, for SA over the sum of these weights, for USA over
    n or, with ``per_row=True``, over sum_j e^{-slope |i - j|}.
    Tokens are told apart by their order: the law moves points, none of which merge, and has no energy.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure, sums too; none that has a mask.
    slope : float
        >= 0; 0 is no bias.
    causal : bool
        Whether i sees those j <= i alone, as in networks that have such biases.
    per_row : bool
        A mean over what is seen, as of `mf.Causal` and `mf.Masked`, or a sum as it is; the same for SA.

    Raises
    ------
    ValueError, TypeError
        For a law with a mask, a slope < 0 or not finite.

    Examples
    --------
    >>> law = mf.ALiBi(mf.SA(1.0), 0.5)
    >>> float(pt.simulate(law, [0.0, 1.0, 2.0], (0.0, 5.0)).theta[-1, 0])
    0.0
    """

    equations = ("2605.09213",)
    law: Any
    slope: float
    causal: bool = True
    per_row: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "slope", inputs.number("slope", self.slope, low=0.0))
        inputs.flag("causal", self.causal)
        inputs.flag("per_row", self.per_row)

    def __str__(self) -> str:
        told = f"{'' if self.causal else ', causal=False'}{', per_row=True' if self.per_row else ''}"
        return f"ALiBi({self.law}, slope={self.slope:g}{told})"

    def _product(self) -> str:
        """Its weights times B; of the past alone it is itself that product."""
        i = "numpy.arange(n)"
        weights = f"numpy.exp(-{self.slope:g} * abs(numpy.subtract.outer({i}, {i})))"
        seen = f"numpy.tril({weights} * B)" if self.causal else f"{weights} * B"
        alone = f" (of the past mf.ALiBi(law, {self.slope:g}) alone)" if self.causal else ""
        return f"mf.Masked(law, {seen}{'' if self.per_row else ', per_row=False'}){alone}"

    def _sees(self, t: float, mu: Measure) -> Any:
        """All, or the past, the near ones more."""
        return mu.masked(Slope(self.slope, self.causal, self.per_row))
