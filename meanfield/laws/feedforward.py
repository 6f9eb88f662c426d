r"""What a token does by itself: a feed-forward layer, a linear map; and a layer behind another law (A (2.8), B (12.1)).

On the sphere, with v(x) = W sigma(A x + b), s = A x + b and Dv = W diag(sigma'(s)) A,

    div P_x v = tr Dv - <x, Dv x> - (d - 1) <v, x>.

A sigma with kinks (relu) gives a velocity with kinks: steps of high order lose their order where a token crosses one,
and an adaptive stepper makes them shorter there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield.geometry import MANIFOLDS
from meanfield.laws import activations
from meanfield.laws.base import Law, refuse_jumps
from meanfield.laws.schedules import settled
from meanfield.laws.seeing import ByDifferences
from meanfield.protocols import Array, Measure, said
from meanfield.tools import inputs
from meanfield.tools.settings import register

SAME = 8.0 * float(np.finfo(float).eps)
"""Share of the largest entry by which a matrix may differ from its transpose, being symmetric."""


def held(name: str, value: Any, ndim: int = 2) -> Any:
    """Weights as a law holds them: a frozen array, or a function of t."""
    if callable(value):
        return value
    array = inputs.array(name, value, ndim=ndim)
    array.flags.writeable = False
    return array


def at(law: Law, name: str, t: float, shape: tuple[int, int], d: int) -> Array:
    """The matrix of this name at time t, of this shape, for points of R^d."""
    weights = getattr(law, name)
    if callable(weights):
        with settled(t):
            return _fitting(f"{name}({t:g})", inputs.array(f"{name}({t:g})", weights(t), ndim=2), shape, d)
    return _fitting(name, weights, shape, d)


def _fitting(name: str, weights: Array, shape: tuple[int, int], d: int) -> Array:
    if weights.shape != shape:
        raise ValueError(f"{name}: got shape {weights.shape}, wanted {shape}: these are points of R^{d}")
    return np.asarray(weights)


def square(law: Law, name: str, t: float, d: int) -> Array:
    """The same, (d, d)."""
    return at(law, name, t, (d, d), d)


def shown(law: Law, names: str) -> str:
    """Weights by their shapes."""
    told = ((name, getattr(law, name)) for name in names)
    return ", ".join(f"{name} {'(t)' if callable(m) else m.shape}" for name, m in told)


class Alone(Law):
    """What laws share that ask nobody: where they live, and whether their weights change with time."""

    weights: str = ""
    lone = True

    @property
    def autonomous(self) -> bool:  # type: ignore[override]
        """False if a weight is a function of time."""
        return not any(callable(getattr(self, name)) for name in self.weights)

    def __str__(self) -> str:
        where = "" if self.geometry == "sphere" else f', geometry="{self.geometry}"'
        return f"{type(self).__name__}({shown(self, self.weights)}{self._more()}{where})"

    def _more(self) -> str:
        return ""


@register
@dataclass(frozen=True)
class FeedForward(Alone):
    """A feed-forward layer: v(x) = W sigma(A x + b), for every token by itself (A (2.2), (2.8)).

    ``mf.SA(beta) + mf.FeedForward(W, A, b)`` is the complete layer, integrated together;
    ``pt.simulate(law, x0, t_span, method="strang", step=0.1)`` moves by one after the other.

    Parameters
    ----------
    W : array (d, m) or callable
        Out of the layer; a callable gives it at time t.  To be saved with a run it must be an object of a registered
        frozen dataclass with ``__call__(t)``.
    A : array (m, d) or callable
        Into the layer.
    b : array (m,) or callable
        Its bias.
    activation : {"tanh", "relu", "gelu", "gelu_new", "silu"} or callable
        sigma: max(s, 0), s Phi(s) with the normal distribution, s / (1 + e^{-s}); or a function of arrays, entry by
        entry, to be saved of a registered frozen dataclass, and with a method ``slope(s)`` if a density is to ride on
        points.  At the kinks of relu high-order steps lose their order.
    geometry : {"sphere", "flat"}
        "flat": the law of R^d.

    Raises
    ------
    ValueError, TypeError
        For shapes that do not go together, weights that are not finite, an unknown activation, or one that gives
        another shape.

    Examples
    --------
    >>> law = mf.SA(2.0) + mf.FeedForward(W=np.eye(3), A=[[0, 1, 0], [0, 0, 1], [1, 0, 0]], b=[0.1, 0.0, -0.1])
    >>> pt.simulate(law, np.eye(3), (0.0, 1.0)).success
    True
    """

    equations = ("A (2.2)", "A (2.8)")
    W: Any
    A: Any
    b: Any
    activation: Any = "tanh"
    geometry: str = field(default="sphere", kw_only=True)
    weights = "WAb"
    autonomous = Alone.autonomous

    def __post_init__(self) -> None:
        for name, ndim in (("W", 2), ("A", 2), ("b", 1)):
            object.__setattr__(self, name, held(name, getattr(self, name), ndim))
        activations.checked("activation", self.activation)
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        W, A, b = ((None, None) if callable(w) else w.shape for w in (self.W, self.A, self.b))
        d = {n for n in (W[0], A[-1]) if n is not None}
        m = {n for n in (W[-1], A[0], b[0]) if n is not None}
        if len(d) > 1 or len(m) > 1:
            raise ValueError(f"W, A and b do not go together: got {shown(self, 'WAb')}, wanted (d, m), (m, d) and (m,)")

    def _more(self) -> str:
        return "" if self.activation == "tanh" else f", activation={self.activation!r}"

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse points of a dimension that its weights are not for."""
        self._layer(0.0, d)

    def _layer(self, t: float, d: int) -> tuple[Array, Array, Array]:
        b = self.b
        if callable(b):
            with settled(t):
                b = inputs.array(f"b({t:g})", b(t), ndim=1)
        return at(self, "W", t, (d, len(b)), d), at(self, "A", t, (len(b), d), d), b

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """W sigma(A x + b)."""
        x = mu.x if x is None else x
        W, A, b = self._layer(t, x.shape[-1])
        return activations.value(self.activation, x @ A.T + b) @ W.T

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """tr Dv - <x, Dv x> - (d - 1) <v, x>; in R^d tr Dv."""
        x = mu.x if x is None else x
        W, A, b = self._layer(t, x.shape[-1])
        into = x @ A.T
        slope = activations.slope(self.activation, into + b)
        whole = slope @ np.sum(W.T * A, axis=1)
        if self.geometry != "sphere":
            return whole
        out = x @ W
        along = np.sum(activations.value(self.activation, into + b) * out, axis=-1)
        return whole - np.sum(slope * into * out, axis=-1) - (x.shape[-1] - 1) * along


@register
@dataclass(frozen=True)
class Linear(Alone):
    """A linear map: v(x) = A x before the projection, for every token by itself.

    On the sphere x' = P_x A x, which is y' = A y without its length (C (5)); div P_x A x = tr A - d <x, A x>.  Where A
    is constant and symmetric it is the gradient flow of E = (1/2) int <x, A x> d mu, whose dissipation is
    int |P_x A x|^2 d mu.

    Parameters
    ----------
    A : array (d, d) or callable
        The map; a callable gives it at time t.
    geometry : {"sphere", "flat"}
        "flat": the law of R^d, x' = A x.

    Raises
    ------
    ValueError, TypeError
        For a matrix that is not square or not finite.

    Examples
    --------
    >>> run = pt.simulate(mf.Linear(np.diag([1.0, 0.0, -1.0])), np.ones((1, 3)) / np.sqrt(3.0), (0.0, 1.0))
    >>> y = np.exp([1.0, 0.0, -1.0])
    >>> bool(np.allclose(run.x[-1, 0], y / np.linalg.norm(y), atol=1e-8))
    True
    """

    equations = ("C (5)",)
    energy_is = "quadratic energy"
    A: Any
    geometry: str = field(default="sphere", kw_only=True)
    weights = "A"
    autonomous = Alone.autonomous

    def __post_init__(self) -> None:
        object.__setattr__(self, "A", held("A", self.A))
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        if not callable(self.A) and self.A.shape[0] != self.A.shape[1]:
            raise ValueError(f"A: got shape {self.A.shape}, wanted (d, d): it maps a token to a velocity")

    @property
    def gradient(self) -> int:  # type: ignore[override]
        """1 where A is constant and symmetric."""
        return int(not callable(self.A) and np.abs(self.A - self.A.T).max() <= SAME * np.abs(self.A).max())

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse points of another dimension."""
        square(self, "A", 0.0, d)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """A x."""
        x = mu.x if x is None else x
        return x @ square(self, "A", t, x.shape[-1]).T

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """tr A - d <x, A x>; in R^d tr A."""
        x = mu.x if x is None else x
        A = square(self, "A", t, x.shape[-1])
        whole = np.full(x.shape[:-1], np.trace(A))
        return whole if self.geometry != "sphere" else whole - x.shape[-1] * np.sum(x * (x @ A.T), axis=-1)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """E and its rate of change where A is symmetric; nothing of a density in R^d."""
        if not self.gradient or (mu.dense and mu.geometry.manifold != "sphere"):
            return {}
        mu = mu.summed
        x = mu.x
        v = x @ square(self, "A", t, x.shape[-1]).T
        E = 0.5 * np.sum(mu.weights * np.sum(x * v, axis=-1), axis=-1)
        rate = np.sum(mu.weights * np.sum(np.square(mu.tangential(v)), axis=-1), axis=-1)
        return {"energy": E, "dissipation": rate}


@register
@dataclass(frozen=True)
class Activated(ByDifferences):
    """W sigma(X), X the velocity of a law, before the projection (B (12.1)).

    sigma acts on the whole of the attention, what a token adds to its own included, entry by entry.

    Parameters
    ----------
    law : Law
        Any without noise: SA, USA, with matrices or without, sums.
    W : array (d, d) or callable
        Out of the layer; a callable gives it at time t.
    activation : {"tanh", "relu", "gelu", "gelu_new", "silu"} or callable
        sigma, as for `FeedForward`.

    Raises
    ------
    ValueError, TypeError
        For what is no law, a W that is not square or not finite, an unknown activation; at the first question for a
        law with noise.

    Examples
    --------
    >>> law = mf.Activated(mf.SA(1.0), np.eye(3), "relu")
    >>> pt.simulate(law, np.eye(3), (0.0, 1.0)).success
    True
    """

    equations = ("B (12.1)",)
    law: Any
    W: Any
    activation: Any = "tanh"
    isotropic = False

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_jumps(self.law, "an activation makes no mean of what its leaders give")
        object.__setattr__(self, "W", held("W", self.W))
        activations.checked("activation", self.activation)
        if not callable(self.W) and self.W.shape[0] != self.W.shape[1]:
            raise ValueError(f"W: got shape {self.W.shape}, wanted (d, d): it maps a velocity to one")

    def __str__(self) -> str:
        return f"Activated({self.law}, {shown(self, 'W')}, {self.activation!r})"

    @property
    def parts(self) -> tuple[Any, ...]:
        """Itself: sigma of a sum is no sum."""
        return (self,)

    @property
    def sublayers(self) -> tuple[Any, ...]:
        """Itself."""
        return (self,)

    def attention(self, t: float, mu: Measure) -> Array:
        """None: sigma of a sum over tokens is no such sum."""
        return Law.attention(self, t, mu)

    def log_attention(self, t: float, mu: Measure) -> Array:
        """None, either."""
        return self.attention(t, mu)

    def _sees(self, t: float, mu: Measure) -> Measure:
        """What is there."""
        return mu

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """As the law, None if it does not say; False if W changes."""
        return False if callable(self.W) else said(self.law)

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law; refuses points of a dimension that W is not for."""
        square(self, "W", 0.0, d)
        self.law.check_range(d, smooth=smooth, atoms=atoms)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """W sigma of all of the law's velocity at rows x."""
        x = mu.x if x is None else x
        v = np.broadcast_to(self.law.velocity(t, x, mu), x.shape)
        return activations.value(self.activation, v) @ square(self, "W", t, x.shape[-1]).T

    def apart(self, t: float, mu: Measure) -> Array:
        """In these coordinates, of the law's, which is one of differences."""
        S = self.law.basis(mu.d)
        v = activations.value(self.activation, self.law.apart(t, mu) @ S.T) @ square(self, "W", t, mu.d).T
        return np.asarray(np.linalg.solve(S, v[..., None])[..., 0])

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """None: noise goes through no activation."""
        if np.any(self.law.noise(t, x, mu)):
            raise ValueError(
                f"law: {self.law} has noise, which goes through no activation: add it outside, "
                "Activated(...) + mf.Diffusion(kappa)"
            )
        return 0.0
