"""Causal attention: every token sees those before it, and itself (C (CSA), (CSA-2d))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meanfield.laws.base import Law, Sum
from meanfield.protocols import Array, Measure, said
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Causal(Law):
    """A law under the causal mask: token i moves as the law says for the mean of the tokens 1..i.

    x_i' = P_{x_i} X[mu_i](x_i), mu_i = sum_{j <= i} w_j delta_{x_j} / sum_{j <= i} w_j; for SA, C (CSA).  Tokens are
    told apart by their order: it moves points, none of which merge, and has no energy.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure, sums too; none that is causal itself.

    Raises
    ------
    ValueError
        For a law that is causal already; at the first question, where a token sees no mass (it and all before it have
        weight 0).

    Examples
    --------
    >>> import meanfield as mf, particles as pt
    >>> run = pt.simulate(mf.Causal(mf.SA(4.0)), [0.0, 1.0, 2.0], (0.0, 5.0))
    >>> float(run.theta[-1, 0])
    0.0
    """

    equations = ("C (CSA)", "C (CSA-2d)")
    law: Any
    labelled = True

    def __post_init__(self) -> None:
        inputs.law(self.law)
        if any(isinstance(term, Causal) for term in (self.law.terms if isinstance(self.law, Sum) else (self.law,))):
            raise ValueError(f"law: {self.law} sees the past alone already: give Causal the law without a mask")

    def __str__(self) -> str:
        return f"Causal({self.law})"

    @property
    def geometry(self) -> str:  # type: ignore[override]
        """Where the law lives."""
        return str(self.law.geometry)

    @property
    def isotropic(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.isotropic)

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """As the law, None if it does not say."""
        return said(self.law)

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law."""
        self.law.check_range(d, smooth=smooth, atoms=atoms)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of the past."""
        return self.law.velocity(t, x, mu.past())

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of the past."""
        return self.law.noise(t, x, mu.past())
