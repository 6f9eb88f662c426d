"""SA and USA: one energy, two metrics.

With Z(x) = int e^{beta <x, y>} d mu(y) and U = Z / beta, the velocity is grad U / w with weight w = 1 (the Wasserstein
metric: USA, A (3.8)-(3.10)) or w = Z (the weighted metric: SA, A (2.6), (3.1)-(3.4)).  With matrices Q, K, V it is
`general`'s.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar, get_args

import numpy as np

from meanfield.geometry import MANIFOLDS
from meanfield.kernels import Exponential, energy
from meanfield.kernels.heating import Heating
from meanfield.laws import general, hardmax
from meanfield.laws.schedules import settled, slope
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register

Scale: TypeAlias = Literal["natural", "scaled", "relative"]
Manifold: TypeAlias = Literal["sphere", "flat"]
Ties: TypeAlias = Literal["uniform", "first"]
SCALES: tuple[Scale, ...] = get_args(Scale)
SMALLEST_BETA = 1e-300
"""1 / (2 beta) overflows at 2.8e-309, and what is as small loses digits."""
QUICK = 10.0
"""Logarithm of how much quicker than 1 a natural scale may be without being told of."""
LARGEST_NATURAL_BETA = 700.0
"""e^beta overflows at 709; and so much may the logarithm of any Z, E and velocity be."""


@dataclass(frozen=True, eq=False)
class Attention(general.Attending):
    """What SA and USA share: beta, sign, scale, matrices, energy.

    Parameters
    ----------
    beta : float or callable
        Inverse temperature, >= 0; or a function of time, asked at t = 0 too.  To be saved with a run it must be an
        object of a registered frozen dataclass with ``__call__(t)``.
    sign : {1, -1}
        -1 reverses the flow (V = -I, the repulsive case).
    scale : {"natural", "scaled", "relative"}
        Factor on Z, U, E, the dissipation and, for USA, on X and so on time: 1, e^{-beta} or 1/lambda_0, lambda_0 the
        mean of e^{beta <x, y>} over the sphere ("relative" makes USA and SA agree near the uniform measure).  SA's X
        and time never change.  With Q or K "scaled" is e^{-beta |Q^T K|_2}, and there is no "relative".
    Q, K : array (m, d) or callable, optional
        Scores are beta <Q x, K y> (A (2.3), (2.7)); None: the identity.  A callable gives the matrix at time t; to be
        saved with a run it must be an object of a registered frozen dataclass with ``__call__(t)``.
    V : array (d, d) or callable, optional
        Values V y in the place of y.
    D : array (d,) or callable, optional
        The trained diagonal of a layer's normalisation (A, 2.2), a number for each component, or a function of time:
        attention sees z = diag(D) x, which is on an ellipsoid, in the place of x.
    geometry : {"sphere", "flat"}
        "flat": the law of R^d, x' = X[mu](x) without a projection, for rows of any length; E and its identity are those
        of the sphere without P_x, where the law is a gradient flow (no matrices, or Q^T K = V = V^T).  There is no
        lambda_0 and so no ``scale="relative"``; scores are not bounded by beta, and USA blows up in finite time.

    Raises
    ------
    ValueError
        For beta < 0, not finite or below 1e-300 and not 0 (E's constant 1 / (2 beta) would overflow), sign other than
        +-1, an unknown scale, beta > 700 in the natural scale, and matrices that do not go together.  See
        `check_range` for what the points' dimension asks besides.
    """

    equations: ClassVar[tuple[str, ...]] = ("A (4.1)", "A (7.1)", "A Sec 2.2")
    rowwise = True
    more: ClassVar[str] = ""
    """What a law takes besides, as its text tells it."""
    beta: Any
    sign: int = 1
    scale: Scale = "natural"
    Q: Any = field(default=None, kw_only=True)
    K: Any = field(default=None, kw_only=True)
    V: Any = field(default=None, kw_only=True)
    D: Any = field(default=None, kw_only=True)
    geometry: Manifold = field(default="sphere", kw_only=True)

    def __post_init__(self) -> None:
        if not callable(self.beta):
            object.__setattr__(self, "beta", self._inverse_temperature())
        object.__setattr__(self, "sign", inputs.sense("sign", self.sign))
        inputs.choice("scale", self.scale, SCALES)
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        if self.scale == "relative" and self.geometry == "flat":
            raise ValueError('scale: there is no lambda_0, a mean over the sphere, in R^d: use scale="natural"')
        for name in general.NAMES:
            object.__setattr__(self, name, general.given(name, getattr(self, name)))
        if self.scale == "relative" and not (self.Q is self.K is self.D is None):
            raise ValueError(
                "scale: with Q, K or D there is no lambda_0, the mean over y differs from x to x: use "
                'scale="scaled" (times e^(-beta |Q^T K|_2)) or "natural"'
            )
        if not self._moving:
            general.kernel(self, 0.0)  # refuses what does not go together
        if not callable(self.beta):
            self._refuse("beta", self.beta)

    def _inverse_temperature(self) -> float:
        """beta, a number."""
        if hardmax.hard(self.beta):
            raise ValueError(
                f"beta: at inf {type(self).__name__}, which is not normalised, has no limit: give mf.SA(np.inf), which "
                "has, or a finite beta"
            )
        return inputs.number("beta", self.beta, low=0.0)

    @cached_property
    def hard(self) -> bool:
        """Whether beta is infinite."""
        return hardmax.hard(self.beta)

    def _refuse(self, name: str, beta: float) -> None:
        """Refuse an inverse temperature with which E's constant, or e^beta, overflows."""
        if 0.0 < beta < SMALLEST_BETA:
            raise ValueError(f"{name}: {beta} is so small that E's constant 1 / (2 beta) overflows: use beta=0.0")
        bounded = self.isotropic and self.geometry == "sphere"
        if bounded and self.scale == "natural" and beta > LARGEST_NATURAL_BETA:
            raise ValueError(
                f"{name}: {beta} in the natural scale overflows (e^beta, beyond about 700): "
                'use scale="scaled" (times e^-beta) or scale="relative" (divided by lambda_0)'
            )

    def beta_at(self, t: float) -> float:
        """The inverse temperature at time t, checked."""
        if not callable(self.beta):
            return float(self.beta)
        name = f"beta({t:g})"
        with settled(t):
            beta = inputs.number(name, self.beta(t), low=0.0)
            self._refuse(name, beta)
        return beta

    def __str__(self) -> str:
        beta = "beta(t)" if callable(self.beta) else f"beta={self.beta:g}"
        sign = "" if self.sign > 0 else ", sign=-1"
        scale = "" if self.scale == "natural" else f', scale="{self.scale}"'
        where = "" if self.geometry == "sphere" else f', geometry="{self.geometry}"'
        return f"{type(self).__name__}({beta}{sign}{scale}{general.words(self)}{where}{self._more()})"

    def _more(self) -> str:
        return ""

    @cached_property
    def isotropic(self) -> bool:  # type: ignore[override]
        """True without matrices, at finite beta."""
        return all(getattr(self, name) is None for name in general.NAMES) and not self.hard

    @cached_property
    def autonomous(self) -> bool:  # type: ignore[override]
        """False if beta or a matrix is a function of time."""
        return not any(callable(getattr(self, name)) for name in ("beta", *general.NAMES))

    @cached_property
    def climb(self) -> int:
        """1 where Q^T K = V = V^T, as without matrices, -1 where V is minus that; 0 of others (A, (3.12)-(3.14))."""
        if self.isotropic or not self.autonomous or self.hard:
            return int(self.autonomous and not self.hard)
        d = general.dimension(self)
        return 0 if d is None else general.climbs(self, d)

    @cached_property
    def _moving(self) -> bool:
        """True if the kernel changes with time."""
        return any(callable(getattr(self, name)) for name in ("beta", "Q", "K", "D"))

    @cached_property
    def _kernel(self) -> Exponential:
        return general.made(self, 0.0)

    def kernel(self, t: float = 0.0) -> Exponential:
        """e^{beta <Q x, K y>} at time t; made once where it does not change."""
        return general.made(self, t) if self._moving else self._kernel

    def log_factor(self, d: int, t: float = 0.0) -> float:
        """Logarithm of the scale's factor in dimension d (at time t, if beta, Q or K change)."""
        if self.scale == "natural":
            return 0.0
        if self.scale == "scaled":
            return -general.kernel(self, t).upper()
        if self._moving:
            return -self.kernel(t).log_lambda0(d)
        known = self._means.get(d)
        if known is None:
            known = self._means[d] = -self._kernel.log_lambda0(d)
        return known

    @cached_property
    def _means(self) -> dict[int, float]:
        """-log lambda_0 by dimension: asked at every stage of a run."""
        return {}

    @property
    def advice(self) -> str:  # type: ignore[override]
        """Another scale, where the natural one makes velocities huge."""
        if self.normalised or self.scale != "natural" or self.geometry == "flat" or self._moving:
            return ""
        most = general.kernel(self, 0.0).upper()
        if most < QUICK:
            return ""
        scale = "relative" if self.Q is None and self.K is None else "scaled"
        return (
            f'In the natural scale velocities go to e^{most:.3g}: scale="{scale}" counts time in other units, in which '
            "they are of size 1."
        )

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse dimension d if E or its rate of change leave the range of floats there.

        Z is e^beta times the scale's factor at a Dirac, lambda_0 times it for the uniform density.  SA's velocity knows
        no factor, and what it has of E is lost only where it overflows; USA's rate of change carries the factor twice,
        and its velocity must not underflow either.
        """
        if self.hard:
            hardmax.check_range(self, d, smooth)
            return
        most = LARGEST_NATURAL_BETA if self.normalised else 0.5 * LARGEST_NATURAL_BETA
        if not self.isotropic:
            general.check(self, d, most)
        if not self.isotropic or self.geometry == "flat":
            return
        beta, factor, even = self.beta_at(0.0), self.log_factor(d), self.kernel().log_lambda0(d)
        large = beta + factor > most and (atoms or self.scale == "natural")
        small = even + factor < -most and smooth and not self.normalised
        if not large and not small:
            return
        span = f"overflow in d = {d}" if large else f"underflow in d = {d}"
        remedy = f'use scale="{"scaled" if large and atoms else "relative"}"'
        if smooth and atoms and not self.normalised and beta - even > most:
            remedy = (
                'no scale holds both a smooth density and its clusters; use method="spectral", scale="relative", which '
                "needs no clusters"
            )
        raise ValueError(f"law: the numbers of {self} {span} (E, or its rate of change): {remedy}")

    def driven(self, t: float, mu: Measure) -> Any:
        """d/dt of the excess at a fixed measure: beta' (d/dbeta + d log(factor) / dbeta) of it."""
        beta, factor = self.beta_at(t), self.log_factor(mu.d, t)
        rate = float(slope(self.beta, t)) if callable(self.beta) else 0.0
        told = energy.excess(Heating(beta), mu, factor)
        if self.scale != "natural":
            k = self.kernel(t)
            fall = 1.0 if self.scale == "scaled" else float(k.multipliers(mu.d, 1)[1])
            told = told - fall * energy.excess(k, mu, factor)
        return rate * told

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """SA: M / Z; USA: M."""
        return super().velocity(t, x, mu) if self.isotropic else general.velocity(self, t, x, mu)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """SA: div(M / Z) = L / Z - beta |P M|^2 / Z^2, without P in R^d; USA: L."""
        if not self.isotropic:
            return general.divergence(self, t, x, mu)
        if not self.normalised:
            return super().divergence(t, x, mu)
        k = self.kernel(t)
        r = mu.read(k, x, "ZML")
        M = r.M
        if M.shape[-1] == mu.d and self.geometry == "sphere":
            at = mu.x if x is None else x
            M = M - np.sum(M * at, axis=-1, keepdims=True) * at
        Z = r.Z[..., 0]
        return self.sign * (r.L / Z - k.beta * np.sum(np.square(M / r.Z), axis=-1))

    def attention(self, t: float, mu: Measure) -> Array:
        """P, with velocity sign P V x: rows sum to 1 for SA, and for USA are e^{..}/n in the law's scale."""
        return hardmax.shares(self, t, mu.x, mu) if self.hard else general.matrix(self, t, mu)

    def singly(self, t: float, mu: Measure) -> tuple[Any, Any]:
        """SA: Z_k = sum_j e^{beta (<x_k, x_j> - 1)} over what is seen, in tokens, and E_k = -sign (Z_k - 1) / beta."""
        beta = self.beta_at(t)
        if not (self.isotropic and self.normalised and self.geometry == "sphere" and beta > 0.0):
            return super().singly(t, mu)
        r = mu.read(self.kernel(t), None, "Z")
        Z = (r.Z * np.exp(r.log - beta) / mu.token)[..., 0]
        return -self.sign * (Z - 1.0) / beta, Z

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """As every `GradientLaw`; with matrices int e^s Q^T K y d mu(y)."""
        return super().ascent(t, x, mu) if self.isotropic else general.ascent(self, t, x, mu)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """As every `GradientLaw`; with matrices only a gradient flow has them; R^d has no excess."""
        if self.isotropic and self.geometry == "sphere":
            return super().quantities(t, mu)
        if self.hard:
            return {}
        return general.quantities(self, t, mu)


A = TypeVar("A", bound=Attention)


def _settings_shown(law: type[A]) -> type[A]:
    """The law with what `Attention` takes and refuses in its own text, where ``help(mf.SA)`` looks."""
    told = inspect.cleandoc(Attention.__doc__ or "")
    first, _, example = inspect.cleandoc(law.__doc__ or "").partition("Examples\n")
    more = inspect.cleandoc(law.more) + "\n" if law.more else ""
    told = told.replace("\n\nRaises\n", f"\n{more}\nRaises\n")
    law.__doc__ = f"{first}{told[told.index('Parameters') :]}\n\nExamples\n{example}\n"
    return law


@_settings_shown
@register
@dataclass(frozen=True, eq=False)
class SA(Attention):
    """Softmax self-attention, X = sign grad log Z / beta (A, (SA) and (3.1)-(3.4)).

    At ``beta=inf`` its limit, hardmax (A (9.5), (9.6)): a token sees its leaders alone, those of largest score
    <Q x, K y>.  A run lands on the moments at which leaders change, slides where neither of two keeps the lead
    (Filippov), and tells both (`Trajectory.switches`).  It has no energy, and moves no density.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> mf.solve(mf.SA(1.0), rho0, (0.0, 0.5)).success
    True
    """

    equations = (
        "A (SA)", "A (2.3)", "A (2.6)", "A (3.2)", "A (3.7)", "A (9.1)", "A (9.4)", "C (SA)", "B (1.1)", "B (6.2)",
        "B (7.1)", "B (8.25)",
    )  # fmt: skip
    weight = "Z"
    more = """
    ties : {"uniform", "first"}
        At beta = inf, what becomes of several leaders: equal shares (by their masses; if not given), or all for the
        first of them, which tells tokens apart.  Where solutions branch, that with equal shares, or of the lowest
        index, is followed.
    tie : float
        At beta = inf, how far below the largest a score counts as largest; 1e-12 if not given, at most 1e-6.  Scores
        that rounding alone may have told apart are equal at any tie.
    """
    autonomous = Attention.autonomous
    ties: Ties | None = field(default=None, kw_only=True)
    tie: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.hard:
            hardmax.check(self)
        elif self.ties is not None:
            raise ValueError(f"ties: got {self.ties!r} at beta = {self.beta!r}: only at beta = inf are there any: omit")
        elif self.tie is not None:
            raise ValueError(f"tie: got {self.tie!r} at beta = {self.beta!r}: only at beta = inf is there any: omit it")
        super().__post_init__()

    def _inverse_temperature(self) -> float:
        return math.inf if self.hard else super()._inverse_temperature()

    def _more(self) -> str:
        return f', ties="{self.ties}"' if self.labelled else ""

    @property
    def labelled(self) -> bool:  # type: ignore[override]
        """True where ties go to the first token."""
        return self.ties == "first"

    @cached_property
    def choosing(self) -> tuple[Any, ...]:
        """The scores, at beta = inf."""
        return (hardmax.Scores(self),) if self.hard else ()

    def chosen(self, t: float, mu: Measure, shares: Sequence[Array]) -> Any:
        """sign P V x, at beta = inf."""
        return hardmax.drawn(self, t, mu, shares[0]) if self.hard else super().chosen(t, mu, shares)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """M / Z; at beta = inf V times the mean of the leaders."""
        return hardmax.velocity(self, t, x, mu) if self.hard else super().velocity(t, x, mu)


@_settings_shown
@register
@dataclass(frozen=True, eq=False)
class USA(Attention):
    """Unnormalised self-attention, X = sign grad Z / beta (A, (USA) and (3.8)-(3.10)).

    Examples
    --------
    >>> law = mf.USA(9.0, scale="relative")
    >>> pt.simulate(law, [0.0, 1.0, 2.5], (0.0, 1.0)).success
    True
    """

    equations = ("A (USA)", "A (3.8)", "A (3.9)", "A (3.10)", "A (3.11)", "A (7.4)")
    weight = "1"
    autonomous = Attention.autonomous
