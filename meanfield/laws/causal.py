"""Causal attention: every token sees those before it, and itself (C (CSA), (CSA-2d))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meanfield.laws.seeing import Masking
from meanfield.protocols import Measure
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Causal(Masking):
    """A law under the causal mask: token i moves as the law says for the mean of the tokens 1..i.

    x_i' = P_{x_i} X[mu_i](x_i), mu_i = sum_{j <= i} w_j delta_{x_j} / sum_{j <= i} w_j; for SA, C (CSA).  Tokens are
    told apart by their order: it moves points, none of which merge, and has no energy.  Who comes later changes nothing
    of those before: with fixed steps their bits are the same, with adaptive ones they differ by the tolerance (the step
    is chosen for all).
    Infinitely many, by their depth in the sequence, are a `mf.family` of densities, which ``mf.solve`` moves.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure, sums too; none that has a mask.

    Raises
    ------
    ValueError
        For a law that has a mask already; at the first question, where a token sees no mass (it and all before it have
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

    def __str__(self) -> str:
        return f"Causal({self.law})"

    @property
    def unordered(self) -> Any:
        """The law without the mask."""
        return self.law

    def _product(self) -> str:
        """The past of B."""
        return "mf.Masked(law, numpy.tril(B))"

    def _sees(self, t: float, mu: Measure) -> Any:
        """The past."""
        return mu.past()
