"""Tokens that act and do not move: cross-attention (C, Theorem 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry import to_rows
from meanfield.laws.base import refuse_jumps
from meanfield.laws.seeing import Seeing
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Frozen(Seeing):
    """A law beside tokens that never move: mu + sum_j a_j delta_{y_j} is seen in the place of mu.

    ``mf.Frozen(mf.Causal(mf.SA(beta)), theta, a)`` is the system of C, Theorem 5.2: on the circle, with
    h(x) = e^{beta (cos x - 1)} sin x and k(x) = e^{beta (cos x - 1)},

        phi_k' = (sum_{j <= k} h(phi_j - phi_k) + sum_j a_j h(theta_j - phi_k)) / Z_k,
        Z_k = sum_{j <= k} k(phi_j - phi_k) + sum_j a_j k(theta_j - phi_k).

    Every token sees all of them, whatever the law's mask.  A law that moves densities still does.

    Parameters
    ----------
    law : Law
        What moves the others.
    points : array
        Where they are: unit rows (k, d), on the circle angles (k,) too; under a law of R^d any rows.
    weights : array (k,) or number
        a_j >= 0, how many tokens each counts for; one number stands for all.
    per_token : bool
        False: a_j are masses beside a total of 1, whatever the number of tokens, as they are beside a density.

    Raises
    ------
    ValueError, TypeError
        For points that are none, or of another dimension than those that move, and weights < 0 or not finite.

    Examples
    --------
    >>> import meanfield as mf, particles as pt
    >>> law = mf.Frozen(mf.Causal(mf.SA(64.0)), [0.0, 1.5, -2.0], 1.0)
    >>> run = pt.simulate(law, [0.2, -0.3, 1.2, -1.7], (0.0, 30.0))
    >>> [float(abs(angle.round(3))) for angle in run.theta[-1]]
    [0.0, 0.0, 1.5, 2.0]
    """

    equations = ("C Thm 5.2",)
    law: Any
    points: Any
    weights: Any = 1.0
    per_token: bool = True
    isotropic = False
    autonomous = Seeing.autonomous

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_jumps(self.law, "tokens that do not move are summed apart")
        flat = self.law.geometry != "sphere"
        if inputs.axes(self.points) == 1 and not flat:
            points = inputs.angles("points", self.points)
        else:
            points = inputs.array("points", self.points) if flat else inputs.rows("points", self.points)
            if points.ndim != 2:
                raise ValueError(f"points: got shape {points.shape}, wanted rows (k, d), or angles (k,) on the circle")
        a = inputs.array("weights", self.weights)
        if a.shape not in ((), points.shape[:1]):
            raise ValueError(f"weights: got shape {a.shape}, wanted a number, or ({len(points)},), one for each point")
        if (a < 0.0).any():
            raise ValueError(f"weights: got {a.min():.3g}, wanted numbers >= 0: they count tokens")
        inputs.flag("per_token", self.per_token)
        a = np.array(np.broadcast_to(a, points.shape[:1]))
        for name, held in (("points", points), ("weights", a)):
            held.flags.writeable = False
            object.__setattr__(self, name, held)

    def __str__(self) -> str:
        return f"Frozen({self.law}, {inputs.several(len(self.points), 'point')})"

    @property
    def remedy(self) -> str:  # type: ignore[override]
        """Masses in the place of numbers of tokens."""
        if self.law.labelled or not self.per_token:
            return ""
        return "per_token=False, with weights that are masses beside a total of 1 (weights / n for n tokens)"

    @property
    def rows(self) -> Array:
        """(k, d) where they are."""
        return to_rows(self.points) if self.points.ndim == 1 else self.points

    @property
    def fixed(self) -> Array:
        """Where they are, and what the law has by itself."""
        more = self.law.fixed
        return self.rows if more is None else np.concatenate([self.rows, more])

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law; and refuse points of another dimension."""
        if self.rows.shape[-1] != d:
            raise ValueError(
                f"points: those that do not move are of R^{self.rows.shape[-1]}, and those that move of R^{d}: give "
                f"rows (k, {d})"
            )
        super().check_range(d, smooth=smooth, atoms=atoms)

    def _sees(self, t: float, mu: Measure) -> Any:
        """All, and those that do not move."""
        return mu.also(self.rows, self.weights, self.per_token)

    def attention(self, t: float, mu: Measure) -> Array:
        """Refused: those that do not move have no place in a square matrix."""
        raise ValueError(
            f"law: {self} sees tokens that do not move, too, and the attention matrix has a column for each that "
            "moves: give the law without them, law.law of the Frozen one"
        )

    def log_attention(self, t: float, mu: Measure) -> Array:
        """Refused, as the matrix."""
        return self.attention(t, mu)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, as rows: the measure's own points are those that move."""
        return super().velocity(t, mu.x if x is None else x, mu)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of what is seen."""
        return self.law.divergence(t, mu.x if x is None else x, self._sees(t, mu))
