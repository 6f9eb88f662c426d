"""Tokens to which a position is added at every layer (2605.30229)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.laws.seeing import Seeing
from meanfield.protocols import Array, Measure, said
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Encoded(Seeing):
    r"""A law that sees token i at x_i + p_i: positions that are added wherever attention is asked, not once.

    x_i' = P_{x_i} X[mu_p](x_i + p_i), mu_p = sum_j w_j delta_{x_j + p_j}; for USA

        x_i' = P_{x_i} sum_j w_j e^{beta <x_i + p_i, x_j + p_j>} (x_j + p_j),

    which climbs E = (1 / 2 beta) sum_ij w_i w_j e^{beta <x_i + p_i, x_j + p_j>} over the x_i: its largest values are at
    x_i = T(p_i), the image of the positions' law under a map, where tokens of one position are at one place and those
    of others elsewhere.  (Added once, to the initial data, positions are `pt.encoded`.)  The law tells no energy; that
    E of rows x is ``mf.Points(x + p, geometry="flat").energy(mf.USA(beta, geometry="flat"))``.

    Parameters
    ----------
    law : Law
        SA, USA, with matrices or without, or any law that reads its measure, masks too.
    p : array (n, d)
        A position for every token.

    Raises
    ------
    ValueError, TypeError
        For positions that are not finite rows, or of another number or dimension than the tokens.

    Examples
    --------
    >>> p = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    >>> run = pt.simulate(mf.Encoded(mf.USA(1.0), p), [0.0, 0.5, 2.0], (0.0, 60.0))
    >>> a, b, c = run.theta[-1]
    >>> bool(abs(a - b) < 1e-6 < abs(a - c))
    True
    """

    equations = ("2605.30229",)
    law: Any
    p: Any
    labelled = True
    isotropic = False

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """As the law, None if it does not say."""
        return said(self.law)

    def __post_init__(self) -> None:
        super().__post_init__()
        p = inputs.array("p", self.p)
        if p.ndim != 2:
            raise ValueError(f"p: got shape {p.shape}, wanted (n, d), a position for every token")
        p = np.array(p)
        p.flags.writeable = False
        object.__setattr__(self, "p", p)

    def __str__(self) -> str:
        return f"Encoded({self.law}, p {self.p.shape})"

    @property
    def tokens(self) -> int:  # type: ignore[override]
        """As many as there are positions."""
        return len(self.p)

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law; and refuse tokens of another dimension than the positions."""
        if self.p.shape[1] != d:
            raise ValueError(f"p: got shape {self.p.shape}, wanted (n, {d}): these are tokens of R^{d}")
        super().check_range(d, smooth=smooth, atoms=atoms)

    def _sees(self, t: float, mu: Measure) -> Any:
        """All, at x_i + p_i."""
        x = mu.x
        if x.shape[-2:] != self.p.shape:
            raise ValueError(
                f"p: got shape {self.p.shape}, wanted {x.shape[-2:]}: a position for each of the {x.shape[-2]} tokens"
            )
        return mu.placed(x + self.p)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, at what is seen of the measure's own points."""
        if x is not None and x is not mu.x:
            raise TypeError("x: a point that is none of the tokens has no position: ask at mu.x")
        seen = self._sees(t, mu)
        return self.law.velocity(t, seen.x, seen)

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of what is seen."""
        return self.law.noise(t, x, mu)
