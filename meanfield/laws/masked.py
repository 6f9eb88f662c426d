"""Tokens that see their neighbours in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.laws.seeing import Masking
from meanfield.protocols import Measure, Sight
from meanfield.sums.edges import graph, held, savable, symmetric
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Masked(Masking):
    """A law on a graph: token i moves as the law says for what it sees, j with weight A[i, j].

    x_i' = P_{x_i} X[mu_i](x_i), mu_i = sum_j A_ij w_j delta_{x_j}, divided by sum_j A_ij w_j, or as it is: for SA the
    same, sum_j A_ij e^{beta <x_i, x_j>} P x_j / sum_j A_ij e^{beta <x_i, x_j>}; for USA a sum over neighbours,
    divided by their number or, with ``per_row=False``, by n.  A graph of ones is no graph, a lower triangle of ones is
    `mf.Causal`.  Tokens are told apart by their index: the law moves points, none of which merge.

    On a symmetric graph, A = A^T, SA and USA climb (repulsive ones descend)

        E = (1 / 2 beta) sum_ij w_i w_j A_ij e^{beta <x_i, x_j>},  dE/dt = sum_i w_i <grad_i, x_i'>,

    grad_i = P sum_j w_j A_ij e^{beta <x_i, x_j>} x_j, since x_i' is grad_i over a positive number of its own: over
    sum_j A_ij w_j e^{..} for SA, over sum_j A_ij w_j or 1 for USA.  So do they with matrices Q^T K = V = V^T, and sums
    of USA.  Of other graphs, and of laws that climb no energy, none is told.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure, sums too; none that has a mask.
    A : array (n, n) or scipy.sparse
        Weights >= 0, or True where i sees j.  A sparse graph is summed edge by edge; so is a dense one of more than
        2^20 entries, n > 1024, of which no more differ from 0: a file takes no more with its law.
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
        object.__setattr__(self, "A", savable(held(self.A)))
        _ = self._sight  # refuses what it cannot see by

    @cached_property
    def _sight(self) -> Sight:
        return graph(self.A, self.per_row)

    @cached_property
    def _whole(self) -> Sight:
        return graph(self.A, False)

    @cached_property
    def _climbs(self) -> bool:
        return self.law.paired and symmetric(self.A)

    @property
    def rises(self) -> tuple[str, ...]:  # type: ignore[override]
        """E, on a symmetric graph, as of the law."""
        return ("energy",) if self._climbs and "energy" in self.law.rises else ()

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """E, on a symmetric graph, as of the law."""
        return ("energy",) if self._climbs and "energy" in self.law.falls else ()

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """The graph's energy and its rate of change, where it is symmetric and the law climbs or descends it."""
        if not self._climbs:
            return {}
        whole = mu.masked(self._whole)
        E, x = self.law.pairs(t, whole), None if self.isotropic else mu.x
        sense = self.law.gradient  # of a sum too, which may not ask its terms for energies under a mask
        up = np.array(sense * self.law.velocity(t, x, whole) if sense else self.law.ascent(t, x, whole))
        if x is not None:
            up = geometry.project(x, up)
        rate = np.sum(mu.weights * np.sum(up * self.velocity(t, x, mu), axis=-1), axis=-1)
        return {"energy": E, "dissipation": rate}

    @property
    def tokens(self) -> int:  # type: ignore[override]
        """As many as the graph has."""
        return int(self.A.shape[0])

    def _product(self) -> str:
        """Entry by entry."""
        return f"mf.Masked(law, A * B{'' if self.per_row else ', per_row=False'})"

    def __str__(self) -> str:
        return f"Masked({self.law}, A {self.A.shape}{'' if self.per_row else ', per_row=False'})"

    def _sees(self, t: float, mu: Measure) -> Any:
        """The neighbours."""
        return mu.masked(self._sight)
