"""Mean-field fluctuations: how far n tokens are from their density, to leading order in n, along a run.

eta = sqrt(n) (mu_n - mu) obeys the equation linearised about the density that moves (A, Remark 3.3 bounds it),

    d_t eta + div(eta X[mu] + mu DX[mu] eta) = 0,

from the white noise of independent tokens, whose primitive is a Brownian bridge.  In the labels of the flow its
roughness is carried along unchanged, and what is added to it is smooth (`response`).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.analysis.nearest import POINTS, constant, normals
from meanfield.analysis.response import Response, resolved
from meanfield.analysis.zeroflux import balance
from meanfield.plot import slopes
from meanfield.protocols import Array, Law, Status
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

TIMES = 11
"""Equally spaced times, where none are asked for."""
AGREED = 1e-5
"""Largest error of a mode's power, beside it, that is not refused."""


@dataclass(frozen=True, eq=False)
class Fluctuations(Shown):
    """What `fluctuations` returns.

    Attributes
    ----------
    law, rho0
        What moves, and what tokens are drawn from.
    t : ndarray (T,)
        Times; those asked for, as far as the labels resolve the flow.
    status : Status
        REACHED_END, or UNRESOLVED.
    labels : int
        How many carry the flow.
    w1, w1_error : ndarray (T,)
        lim sqrt(n) E W1(mu_n(t), mu(t)) in radians, and its standard error, with what its grid misses; found when
        first asked for.

    Examples
    --------
    >>> told = mf.fluctuations(mf.USA(1.0), mf.uniform(mf.Circle(32)), (0.0, 0.5), [0.0, 0.5])
    >>> bool(np.allclose(told.modes(2)[1], np.exp(mf.growth_rates(mf.USA(1.0), 2, 2)[1:])))
    True
    """

    law: Any
    rho0: Any
    t: Array
    status: Status
    labels: int
    samples: int
    seed: int
    flow: tuple[Response, ...] = field(repr=False)

    @property
    def success(self) -> bool:
        """Whether every time asked for was reached."""
        return self.status.success

    @property
    def message(self) -> str:
        """The status, as a sentence."""
        return self.status.value

    def modes(self, K: Any) -> Array:
        """n E|c_k|^2, c_k = int e^{-ikx} d(mu_n - mu), in the limit n -> inf: (T, K), k = 1..K.

        The variance over mu_0 of what one token more at a label adds to c_k.  ValueError for a K beyond what the labels
        resolve.
        """
        K = inputs.integer("K", K, low=1, high=self.labels // 4)
        k = np.arange(1, K + 1)
        told = np.empty((len(self.t), K))
        for row, flow in zip(told, self.flow, strict=True):
            f = flow.influence(k)
            row[:] = _variance(f, flow.weights)
            # by every other label the error is the root of what it is by all
            coarse = _variance(f[:, ::2], flow.weights[::2] / flow.weights[::2].sum())
            if (bad := np.abs(coarse - row) > AGREED**0.5 * row).any():
                raise ValueError(
                    f"K: {self.labels} labels do not resolve mode {int(k[np.argmax(bad)])}: ask for fewer modes, or "
                    f"for finer labels, mf.fluctuations(..., resolution={2 * self.labels})"
                )
        return told

    @cached_property
    def _constants(self) -> Array:
        """(T, 2) the constants of W1 and their errors, by the same draws at all times."""
        blocks = normals(POINTS, self.samples, np.random.default_rng(self.seed))
        return np.array([constant(flow, blocks) for flow in self.flow])

    @property
    def w1(self) -> Array:
        """(T,) lim sqrt(n) E W1(mu_n, mu), radians."""
        return np.asarray(self._constants[:, 0])

    @property
    def w1_error(self) -> Array:
        """(T,) its error."""
        return np.asarray(self._constants[:, 1])

    def plot(self, ax: Any = None) -> Any:
        """The constant of W1 over time, with twice its error."""
        return slopes.growth(
            self.t, [self.w1], None, ax, spread=[2.0 * self.w1_error], log=False,
            ylabel=r"$\lim\,\sqrt{n}\,\mathrm{E}\,W_1(\mu_n, \mu)$ (rad)", title=f"{self.law}, {self.rho0.space}",
        )  # fmt: skip


def _variance(f: Array, weights: Array) -> Array:
    """Of functions (K, N) under the weights."""
    return np.asarray(np.square(np.abs(f - (f @ weights)[:, None])) @ weights)


@equations("A Rem 3.3")
def fluctuations(
    law: Law, rho0: Any, t_span: Any, t_eval: Any = None, *, samples: int = 4096, resolution: int | None = None,
    max_resolution: int = 1024, rtol: float = 1e-9, rng: Any = 0,
) -> Fluctuations:  # fmt: skip
    """How far n independent tokens of rho0, moved by the law, are from the density at each time, for large n.

    sqrt(n) (mu_n - mu) tends to a Gaussian, the solution of the equation linearised about mu(t): its covariance is
    carried by the labels of the flow to spectral accuracy, and the mean of its W1, a minimum over shifts of the circle,
    is found by quasi Monte Carlo (`w1`, with `w1_error`).

    Parameters
    ----------
    law : Law
        SA or USA without matrices and noise, or another gradient law.
    rho0 : Density
        On the circle.
    t_span : (float, float)
        From when to when.
    t_eval : array, optional
        Times; 11 equally spaced ones by default.
    samples : int
        Draws for W1, >= 64.
    resolution : int, optional
        Labels to begin with; they are doubled until they resolve the flow.
    max_resolution : int
        Most labels, up to 4096; the cost of a step grows like their square.
    rtol : float
        Of the flow and its derivative.
    rng : seed or Generator
        Of the draws.

    Returns
    -------
    Fluctuations

    Raises
    ------
    ValueError, TypeError
        For what was given; for laws with noise, which shakes the tokens besides.

    Warns
    -----
    RuntimeWarning
        Where the labels cease to resolve the flow before the end; times up to there are kept.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    >>> told = mf.fluctuations(mf.SA(1.0), rho0, (0.0, 1.0), [0.0, 1.0])
    >>> told.modes(3).shape, bool(np.all(told.w1_error < 0.005 * told.w1))
    ((2, 3), True)
    """
    inputs.having("rho0", rho0, ("space", "coefficients", "line"), "a density, for example mf.uniform(mf.Circle(64))")
    if rho0.line is None or not rho0.line.turn or np.ndim(rho0.coefficients) != 1:
        raise TypeError(f"rho0: got {rho0}, wanted one density on the circle, for example mf.uniform(mf.Circle(64))")
    begin, end, t = inputs.times(t_span, t_eval)
    flux, kappa = balance(law, 2)
    if kappa:
        raise ValueError(
            f"law: got {law}: fluctuations of tokens with noise of their own are not told; give it without noise, "
            f"{flux.law}"
        )
    most = inputs.integer("max_resolution", max_resolution, low=16, high=4096)
    first = None if resolution is None else inputs.integer("resolution", resolution, low=16, high=4096, even=True)
    most = max(most, first or 0)
    draws = inputs.integer("samples", samples, low=64, high=2**22)
    rtol = inputs.number("rtol", rtol, low=1e-12, high=1e-3)
    seed = int(inputs.generator(rng).integers(2**63))
    times = np.linspace(begin, end, TIMES) if t is None else t
    flow, labels = resolved(flux, rho0, times, begin, (first, most), rtol)
    status = Status.REACHED_END if len(flow) == len(times) else Status.UNRESOLVED
    told = Fluctuations(law, rho0, times[: len(flow)], status, labels, draws, seed, tuple(flow))
    if not status.success:
        until = f"to t = {told.t[-1]:g}" if len(flow) else "at no time"
        warnings.warn(
            f"{status.value} {labels} labels resolve the flow {until}: take an earlier end, or "
            f"max_resolution={2 * labels}",
            RuntimeWarning,
            stacklevel=2,
        )
    return told
