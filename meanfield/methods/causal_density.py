"""Causal attention of infinitely many tokens: densities by depth, d_t mu_s + div(X[nu_s] mu_s) = kappa Lap mu_s.

nu_s = (1/s) int_0^s mu_r dr is what the tokens at depth s see.  The state is (S, M): coefficients of mu_s at
Chebyshev's points in s.  Tokens of a law that is no causal one (in a sum of laws) see them all, nu_1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.laws import suited
from meanfield.laws.base import constant_noise
from meanfield.methods.on_plan import OnPlan
from meanfield.methods.spectral import AMPLIFIED, TAIL, Coefficients, Resolving
from meanfield.protocols import Array, Change, Form, Law, Space, Status, Stop
from meanfield.spaces.density import Density
from meanfield.spaces.doubt import Doubt
from meanfield.spaces.family import Family
from meanfield.special import depths
from meanfield.tools.settings import register

KNOWN, LOST = 1e-8, 1e-2
"""Last Chebyshev coefficients in s above which a run warns, and above which it ends.  What the field needs, means over
the past of the lowest modes, is far better known."""


@register
@dataclass(frozen=True)
class CausalSpectral(Resolving):
    """Settings of the spectral method for densities by depth (`mf.family`): coefficients in x, Chebyshev points in s.

    Parameters
    ----------
    max_resolution : int, optional
        Largest size of the space the run may go to; the space's own limit by default.
    tail : float, optional
        Largest coefficient in the last sixteenth of the degrees; by default as for `mf.Spectral`.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument; at the door for a family whose nodes in s are too few.

    Examples
    --------
    >>> mu = mf.family(lambda s: mf.poisson_kernel(mf.Circle(128), [0.1 + 0.4 * s, 0.0]), nodes=12)
    >>> sol = mf.solve(mf.Causal(mf.USA(1.0)), mu, (0.0, 0.5), method=mf.CausalSpectral(max_resolution=512))
    >>> sol(0.5).last < 1e-8
    True
    """

    takes = "family"

    def check(self, law: Law, space: Space, rtol: float) -> None:
        """Refuse a law under which no order of tokens matters, and one that moves no densities here."""
        suited.density(ordered(law), space)

    def rebind(self, law: Law, form: OnFamily, rtol: float, atol: float) -> Any:
        """The method as it was when a run stopped."""
        bound = self._bound(law, form.space, self._limit(form.space), rtol, atol, form.rounding, form.total)
        return replace(bound, count=form.nodes)

    def _bound(
        self, law: Law, space: Space, limit: int, rtol: float, atol: float, known: float, total: float
    ) -> ByDepth:
        return ByDepth(law, space, self._tolerance(rtol, atol, known), limit, rounding=known, total=total)


def ordered(law: Law) -> Law:
    """The law without its causal mask, where it has one."""
    if law.unordered is law:
        raise ValueError(
            f"law: under {law} the order of tokens does not matter, and a family has one: give mf.Causal(law), or one "
            "density that all tokens have, as mu.whole"
        )
    return law.unordered


@register
@dataclass(frozen=True)
class OnFamily(Form):
    """What a state of coefficients by depth means.

    Attributes
    ----------
    space : Space
        Where it lives.
    nodes : int
        Chebyshev points in s.
    lost, rounding, total : float
        As of a density's state: the tail that may be thrown away; what was not known when the run began; the largest
        int |mu_s| then.
    """

    space: Any
    nodes: int
    lost: float = TAIL
    rounding: float = 0.0
    total: float = 1.0
    name = "causal"

    def measure(self, y: Array) -> Family:
        """The family (leading axes: several)."""
        return Family(self.space, y, Doubt(self.lost, AMPLIFIED * self.lost))

    def finer(self, y: Array) -> bool:
        """Not where the nodes in s are what is missing."""
        return depths.last(y) <= 0.1 * LOST

    def lacking(self, y: Array) -> str:
        """What a run that ends with this state lacks."""
        if (last := depths.last(y)) <= KNOWN:
            return ""
        return (
            f"The last terms in s are {last:.1e}, above {KNOWN:.0e}: between its nodes the family is known to about "
            f"that. For more digits give mf.family(f, nodes={2 * self.nodes})."
        )


class _Prefix(OnPlan):
    """What a token at one depth is shown: all of them, and, of a law that asks it, those before it."""

    def __init__(self, space: Space, isotropic: bool, tolerance: float) -> None:
        super().__init__(space, isotropic, tolerance)
        self.before = OnPlan(space, isotropic, tolerance)

    def past(self) -> OnPlan:
        """nu_s."""
        return self.before


@dataclass(frozen=True, eq=False)
class ByDepth(Coefficients):
    """The method bound to a law and a space; a state has its nodes in s first.

    Attributes
    ----------
    count : int
        Nodes in s; 0 before the first state.
    """

    count: int = 0
    _own: OnPlan = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        iso = self.law.isotropic
        object.__setattr__(self, "_seen", _Prefix(self.space, iso, self.tolerance))
        object.__setattr__(self, "_own", OnPlan(self.space, iso, self.tolerance))

    @property
    def form(self) -> OnFamily:  # type: ignore[override]
        """The meaning of a state."""
        return OnFamily(self.space, self.count, self.tolerance, self.rounding, self.total)

    def start(self, mu: Density) -> tuple[ByDepth, Array]:
        """The first state, at a larger size if the densities lean on their last degrees already."""
        method: Any
        method, c = super().start(mu)
        if (last := depths.last(c)) > LOST:
            raise ValueError(
                f"nodes: {len(c)} nodes in s are too few: the last terms of this family in s are {last:.1e}: give "
                f"mf.family(f, nodes={2 * len(c)}); an f that jumps has no such series"
            )
        return replace(method, count=len(c)), c

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Coefficients of -div(mu_s X[nu_s]) for every node in s."""
        self._speed(t, y, out)
        return out

    def slope(self, t: float, y: Array, out: Array) -> float:
        """`rhs`, and 1 / (largest wave number * max |X|) over all nodes in s."""
        speed = self._speed(t, y, out)
        return 1.0 / (self._seen.waves * speed) if speed > 0.0 and self.linear is None else float("inf")

    def _speed(self, t: float, y: Array, out: Array) -> float:
        seen: Any = self._seen
        law, fastest = self.law, 0.0
        if self._noise is not None:
            constant_noise(law, self.space.d, t, self._noise)
        nu = depths.means(len(y)) @ y
        seen.open(nu[-1])
        for past, own, rate in zip(nu, y, out, strict=True):
            seen.before.open(past)
            self._own.open(own)
            v = law.velocity(t, None if law.isotropic else seen.x, seen)
            if np.ndim(v):
                fastest = max(fastest, float(np.einsum("nm,nm->n", v, v).max()))
            self._own.close(v, rate)
        return float(np.sqrt(fastest))

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """As of one density; and stop where the nodes in s no longer tell the family."""
        change = super().review(t0, y0, t, y)
        if (change is None or change.t == t) and (last := depths.last(y)) > LOST:
            raise Stop(
                Status.UNRESOLVED,
                f"At t = {t:.6g} the last terms in s are {last:.1e}, above {LOST:.0e}: {self.count} nodes in s are too "
                f"few; give mf.family(f, nodes={2 * self.count}).",
            )
        return change

    def _diverged(self, t: float, y: Array) -> str:
        worst = int(np.argmax(np.max(np.abs(y) / self._most, axis=-1)))
        return super()._diverged(t, y[worst])

    def _lost(self, t: float, y: Array) -> str:
        """What is wrong, if the velocity is rounding where there is mass."""
        seen: Any = self._seen
        nu = depths.means(len(y)) @ y
        for past, own in zip(nu, y, strict=True):
            if told := self._floored(t, max(seen.before.lost(past, own), seen.lost(nu[-1], own))):
                return told
        return ""
