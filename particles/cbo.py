r"""Consensus-based optimisation: points that look for the minimum of a function f (A, 9.4).

    dx_i = -lam (x_i - v) H[f(x_i) - f(v)] dt + sqrt(2) sigma |x_i - v| dW_i,    v = sum_j w_j e^{-beta f(x_j)} x_j / Z

with Z = sum_j w_j e^{-beta f(x_j)}.  Where beta is large v is near the best point (Laplace's principle); points go
there, and are shaken the more the further they are from it.  After Pinnau, Totzeck, Tse and Martin (Math. Models
Methods Appl. Sci. 27, 2017) and, on spheres, Fornasier, Huang, Pareschi and Suennen (J. Mach. Learn. Res. 22, 2021);
noise of every direction by itself: Carrillo, Jin, Li and Zhu (ESAIM: COCV 27, 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.special import erf

from meanfield.geometry import MANIFOLDS
from meanfield.laws import Law
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register

Manifold: TypeAlias = Literal["flat", "sphere"]


@register
@dataclass(frozen=True, eq=False)
class CBO(Law):
    """Points that drift to the mean weighted by e^{-beta f}, shaken in proportion to their distance from it (A, 9.4).

    Parameters
    ----------
    f : callable
        What to minimise: rows (..., n, d) -> (..., n), finite.  To be saved with a run it must be registered
        (`mf.register`), as a frozen dataclass with ``__call__``.
    beta : float
        How much better points count, >= 0.
    lam, sigma : float
        Drift and noise, >= 0.  With v held, E |x - v|^2 changes at the rate -2 lam + 2 d sigma^2 (every direction by
        itself: without d), and log |x - v| at -lam + (d - 2) sigma^2: too much noise, and there is no consensus.
    epsilon : float, optional
        Width of the smoothed Heaviside factor H(s) = (1 + erf(s / epsilon)) / 2 on the drift, s = f(x_i) - f(v), which
        leaves alone who is better than v; None: no factor.
    anisotropic : bool
        Noise sqrt(2) sigma (x_i - v)_k dW_k in every direction k by itself, in R^d.
    geometry : {"flat", "sphere"}
        R^d, or the unit sphere: drift and noise along it, with the curvature term.

    Raises
    ------
    ValueError, TypeError
        For what was given, and where f gives nan, an infinity, or another shape.

    Examples
    --------
    >>> law = pt.CBO(lambda x: np.sum((x - 1.0) ** 2, axis=-1), sigma=0.3)
    >>> x0 = np.random.default_rng(0).normal(size=(40, 2))
    >>> run = pt.simulate(law, x0, (0.0, 12.0), method="euler-maruyama", step=0.05, rng=1)
    >>> bool(abs(law.consensus(run.x[-1]) - 1.0).max() < 0.1)
    True
    """

    equations = ("A Sec 9.4",)
    f: Callable[[Array], Any]
    beta: float = 30.0
    lam: float = field(default=1.0, kw_only=True)
    sigma: float = field(default=0.5, kw_only=True)
    epsilon: float | None = field(default=None, kw_only=True)
    anisotropic: bool = field(default=False, kw_only=True)
    geometry: Manifold = field(default="flat", kw_only=True)
    autonomous = True

    def __post_init__(self) -> None:
        if not callable(self.f):
            raise TypeError(f"f: wanted a function of rows (..., n, d), got {inputs.describe(self.f)}")
        for name in ("beta", "lam", "sigma"):
            object.__setattr__(self, name, inputs.number(name, getattr(self, name), low=0.0))
        if self.epsilon is not None:
            object.__setattr__(self, "epsilon", inputs.number("epsilon", self.epsilon, above=0.0))
        inputs.flag("anisotropic", self.anisotropic)
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        if self.anisotropic and self.geometry == "sphere":
            raise ValueError('anisotropic: a sphere has no directions of its own: use geometry="flat", or leave it out')

    def __str__(self) -> str:
        name = getattr(self.f, "__name__", type(self.f).__name__)
        where = "" if self.geometry == "flat" else f', geometry="{self.geometry}"'
        return f"CBO({name}, beta={self.beta:g}, lam={self.lam:g}, sigma={self.sigma:g}{where})"

    def values(self, x: Any) -> Array:
        """f at rows (..., n, d), (..., n), or a refusal of what it gave."""
        x = _rows(x)
        told = np.asarray(self.f(x), dtype=float)
        if told.shape != x.shape[:-1]:
            raise ValueError(
                f"f: of rows of shape {x.shape} it gave shape {told.shape}, wanted {x.shape[:-1]}, a number for every "
                "row: sum over the last axis, as in lambda x: numpy.sum(x**2, axis=-1)"
            )
        if not np.isfinite(told).all():
            at = tuple(np.argwhere(~np.isfinite(told))[0])
            raise ValueError(
                f"f: it gave {told[at]} at x = {x[at].tolist()}, wanted finite values: give a function that is finite "
                "wherever points may come, as in lambda x: numpy.nan_to_num(f(x), nan=1e6)"
            )
        return told

    def consensus(self, x: Any, weights: Any = None) -> Array:
        """v of rows (..., n, d), (..., d); on the sphere not of length 1."""
        x = _rows(x)
        return np.asarray(np.einsum("...n,...nd->...d", self._shares(x, weights)[0], x))

    def laplace(self, x: Any, weights: Any = None) -> Array:
        """-(1/beta) log sum_j w_j e^{-beta f(x_j)}, (...): tends to the least f from above as beta grows."""
        if self.beta == 0.0:
            raise ValueError("beta: Laplace's principle is of beta > 0; got 0")
        return self._shares(_rows(x), weights)[1]

    def _shares(self, x: Array, weights: Any) -> tuple[Array, Array]:
        """w_j e^{-beta f_j} / Z, and -(1/beta) log Z."""
        told = self.values(x)
        w = inputs.weights("weights", weights, told.shape)
        least = told.min(axis=-1, keepdims=True)
        a = w * np.exp(-self.beta * (told - least))
        total = a.sum(axis=-1, keepdims=True)
        log = least[..., 0] - np.log(total[..., 0]) / (self.beta or 1.0)
        return a / total, log

    def _seen(self, x: Array | None, mu: Measure) -> tuple[Array, Array]:
        """x and v."""
        return mu.x if x is None else x, self.consensus(mu.x, mu.weights)[..., None, :]

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """-lam (x - v), times the factor."""
        x, v = self._seen(x, mu)
        if self.epsilon is None:
            return -self.lam * (x - v)
        better = (self.values(x) - self.values(v)) / self.epsilon
        return -0.5 * self.lam * (1.0 + erf(better))[..., None] * (x - v)

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """sqrt(2) sigma |x - v|, or of every direction by itself."""
        if self.sigma == 0.0:
            return 0.0
        x, v = self._seen(x, mu)
        if self.anisotropic:
            return math.sqrt(2.0) * self.sigma * (x - v)
        return math.sqrt(2.0) * self.sigma * np.linalg.norm(x - v, axis=-1, keepdims=True)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Refused: densities do not go by it."""
        raise TypeError(f"{self} moves points: give pt.simulate its rows, with a step and rng")


def _rows(x: Any) -> Array:
    """Rows (..., n, d), or a refusal."""
    x = inputs.array("x", x)
    if x.ndim < 2:
        raise ValueError(f"x: got shape {x.shape}, wanted rows (..., n, d): give x[None] for one point")
    return x
