r"""Where a network normalises: tokens with a direction and a length (2510.22026).

A token x = r theta of R^d is seen by its direction theta alone, and attention gives it A = A(theta).  Then

    post         theta' = P A,            r' = 0            after the residual sum: the flow on the sphere
    pre          theta' = P A / r,        r' = <theta, A>   before attention:  x' = A
    mix          post to time `change`, pre from then on
    peri         theta' = P A / (r |A|),  r' = <theta, A> / |A|    before and after attention:  x' = A / |A|
    ngpt         theta' = P A / |A|,      r' = 0            after attention and after the sum
    ln-scaling   x' = A / (1 + t)^{1/2}   pre, damped with depth

Of equal angles, <theta_i, theta_j> = rho -> 1, this is 1 - rho ~ e^{-2t} for post and ngpt, t^{-2} for pre and peri,
t^{-1} for ln-scaling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from meanfield import geometry
from meanfield.laws.base import Law, refuse_jumps
from meanfield.protocols import Array, Measure, said
from meanfield.tools import inputs
from meanfield.tools.settings import register

Placement: TypeAlias = Literal["post", "pre", "mix", "peri", "ngpt", "ln-scaling"]
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)


def unit(v: Array) -> Array:
    """v / |v|, and 0 of 0: where attention vanishes nothing is added."""
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.asarray(v / np.where(length == 0.0, 1.0, length))


@register
@dataclass(frozen=True)
class Normalised(Law):
    """A law of the sphere for tokens of R^d that it sees by their directions, normalised where a network does.

    Parameters
    ----------
    law : Law
        Of the sphere; asked at the directions.
    norm : {"post", "pre", "mix", "peri", "ngpt", "ln-scaling"}
        Where: after the sum, before attention, after the sum until `change` and before from then on, before and after
        attention, after attention and after the sum, before and damped with depth.
    change : float, optional
        Of "mix": when.  The velocity jumps there; land on it.

    Raises
    ------
    ValueError, TypeError
        For what is no law of the sphere, an unknown placement, a `change` that is missing or without use.

    Examples
    --------
    >>> x = pt.uniform(8, 3, rng=0)
    >>> post, pre = (pt.simulate(mf.Normalised(mf.SA(1.0), norm), x, (0.0, 4.0)).x[-1] for norm in ("post", "pre"))
    >>> bool(np.allclose(np.linalg.norm(post, axis=-1), 1.0) and np.linalg.norm(pre, axis=-1).min() > 2.0)
    True
    """

    equations = ("2510.22026",)
    law: Any
    norm: str = "post"
    change: float | None = None
    geometry = "flat"
    rowwise = True

    def __post_init__(self) -> None:
        inputs.law(self.law)
        if self.law.geometry != "sphere":
            raise ValueError(f"law: {self.law} moves points of R^d, wanted a law of the sphere, which directions obey")
        refuse_jumps(self.law, "lengths are no mean of what its leaders give")
        inputs.choice("norm", self.norm, PLACEMENTS)
        if (self.change is None) == (self.norm == "mix"):
            raise ValueError(f'change: got {self.change!r} with norm="{self.norm}": it is of "mix", which needs it')
        if self.change is not None:
            object.__setattr__(self, "change", inputs.number("change", self.change, low=0.0))

    def __str__(self) -> str:
        return f"Normalised({self.law}, {self.norm!r})"

    @property
    def labelled(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.labelled)

    @property
    def tokens(self) -> int | None:  # type: ignore[override]
        """As the law."""
        return self.law.tokens

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """As the law, None if it does not say; False where depth damps, or the placement changes."""
        return False if self.norm in ("mix", "ln-scaling") else said(self.law)

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law."""
        self.law.check_range(d, smooth=smooth, atoms=atoms)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """r theta' + r' theta."""
        x = mu.x if x is None else x
        directions = mu.pushed(geometry.retract)
        at = directions.x if x is mu.x else geometry.retract(x)
        A = np.broadcast_to(self.law.velocity(t, at, directions), x.shape)
        norm = self.norm
        if norm == "mix":
            norm = "post" if t < self._changed else "pre"
        if norm in ("peri", "ngpt"):
            A = unit(A)
        elif norm == "ln-scaling":
            A = A / np.sqrt(1.0 + t)
        if norm in ("post", "ngpt"):
            A = np.linalg.norm(x, axis=-1, keepdims=True) * geometry.project(at, A)
        return A

    def attention(self, t: float, mu: Measure) -> Array:
        """The law's, at the directions."""
        if len(self.law.parts) > 1:
            raise TypeError(
                f"law: {self} has a matrix for every term: give the one head that is meant, "
                "mf.Normalised(law.law.parts[0], law.norm, law.change)"
            )
        return np.asarray(self.law.attention(t, mu.pushed(geometry.retract)))

    @property
    def _changed(self) -> float:
        return np.inf if self.change is None else self.change

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """None: directions' noise has no length."""
        if np.any(self.law.noise(t, x, mu)):
            raise ValueError(
                f"law: {self.law} has noise, which lengths do not know: add it outside, "
                'Normalised(...) + mf.Diffusion(kappa, geometry="flat")'
            )
        return 0.0
