"""Tokens whose queries and keys are turned by their number: rotary positions (2104.09864; 2607.24502)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meanfield.laws.seeing import Seeing
from meanfield.measures.turned import Turned
from meanfield.protocols import Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Rotary(Seeing):
    r"""A law with rotary positions: the score of j at i is beta <R_i Q x_i, R_j K x_j>, values V x_j as they are.

    R_i turns the components 2k and 2k + 1 of Q x_i by i omega_k, k = 0, 1, ..., so that the score depends on i - j; a
    component that is left over is not turned.  omega_k = base^{-2k/m} for Q, K of m rows (m = d without them).  For SA

        x_i' = P_{x_i} sum_j e^{beta <R_i Q x_i, R_j K x_j>} V x_j / Z_i.

    Tokens are told apart by their order: the law moves points, none of which merge, and has no energy.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure by scores <a(x), b(y)>, sums and masks too.
    base : float
        > 0; 10^4 in networks.
    frequencies : array (p,), optional
        omega_0, ..., omega_{p-1} in the place of these, 2p <= m; those of 2 pi / n make n tokens a ring.

    Raises
    ------
    ValueError, TypeError
        For a base <= 0, frequencies that are not finite, or more of them than there are components to turn.

    Examples
    --------
    >>> law = mf.Rotary(mf.SA(1.0), frequencies=[2.0 * np.pi / 8.0])  # a ring of 8: opposite tokens see each other last
    >>> pt.attention(law, np.zeros(8)).argmin(axis=-1)
    array([4, 5, 6, 7, 0, 1, 2, 3])
    """

    equations = ("2607.24502",)
    law: Any
    base: float = 1e4
    frequencies: Any = None
    labelled = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "base", inputs.number("base", self.base, above=0.0))
        if self.frequencies is not None:
            omega = inputs.array("frequencies", self.frequencies)
            if omega.ndim != 1 or not len(omega):
                raise ValueError(f"frequencies: got shape {omega.shape}, wanted (p,), one for two components of Q x")
            object.__setattr__(self, "frequencies", tuple(map(float, omega)))

    def __str__(self) -> str:
        many = "" if self.frequencies is None else f", {inputs.several(len(self.frequencies), 'wave')}"
        return f"Rotary({self.law}{many or f', base={self.base:g}'})"

    def _sees(self, t: float, mu: Measure) -> Any:
        """All, turned."""
        return Turned(mu, self.base, self.frequencies)
