"""Tokens that see their neighbours in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meanfield.laws.seeing import Masking
from meanfield.protocols import Measure, Sight
from meanfield.sums.edges import graph, held
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Masked(Masking):
    """A law on a graph: token i moves as the law says for what it sees, j with weight A[i, j].

    x_i' = P_{x_i} X[mu_i](x_i), mu_i = sum_j A_ij w_j delta_{x_j}, divided by sum_j A_ij w_j, or as it is: for SA the
    same, sum_j A_ij e^{beta <x_i, x_j>} P x_j / sum_j A_ij e^{beta <x_i, x_j>}; for USA a sum over neighbours,
    divided by their number or, with ``per_row=False``, by n.  A graph of ones is no graph, a lower triangle of ones is
    `mf.Causal`.  Tokens are told apart by their index: the law moves points, none of which merge, and has no energy.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure, sums too; none that has a mask.
    A : array (n, n) or scipy.sparse
        Weights >= 0, or True where i sees j.  A sparse graph is summed edge by edge.
    per_row : bool
        A mean over what is seen; or a sum as it is.

    Raises
    ------
    ValueError, TypeError
        For an A that is not square, has a negative entry, or one that is not finite, or a row of zeros; at the first
        question, for another number of points, and where a token sees no mass.

    Examples
    --------
    >>> import meanfield as mf, numpy as np, particles as pt
    >>> ring = np.eye(5) + np.roll(np.eye(5), 1, axis=1)  # each sees itself and the next
    >>> run = pt.simulate(mf.Masked(mf.SA(1.0), ring), [0.0, 0.2, 0.4, 0.6, 0.8], (0.0, 50.0))
    >>> bool(np.ptp(run.theta[-1]) < 1e-6)
    True
    """

    law: Any
    A: Any
    per_row: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "A", held(self.A))
        _ = self._sight  # refuses what it cannot see by

    @cached_property
    def _sight(self) -> Sight:
        return graph(self.A, self.per_row)

    def __str__(self) -> str:
        return f"Masked({self.law}, A {self.A.shape}{'' if self.per_row else ', per_row=False'})"

    def _sees(self, t: float, mu: Measure) -> Any:
        """The neighbours."""
        return mu.masked(self._sight)
