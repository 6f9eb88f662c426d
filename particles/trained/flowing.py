"""The papers' flow with a trained layer's own matrices, from the layer's own tokens: how much of the layer is it?

Tokens x of a layer have a mean length r.  On y = x / |x| its heads' scores are r^2 <Q_h y_i, K_h y_j> / sqrt(d_h), so
that

    y_i' = P_{y_i} sum_h sum_j softmax_j(beta <Q_h y_i, K_h y_j>) O_h V_h y_j,    beta = r^2 / sqrt(d_h),

has Euler's step 1 in the place of the layer's attention, but for biases, gains and lengths that differ.  The share of
the layer's displacement D = y(behind) - y that a displacement F explains is 1 - |D - F|^2 / |D|^2: 1 is all of it, 0
what staying put explains.

A second flow has no matrices, SA of the sphere with a beta that gives <x_i, x_j> the spread that the layer's scores
have.  T_eff is the time in which it raises the mean inner product as far as the layer does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.laws import SA, Sum
from meanfield.protocols import Array, Law
from meanfield.tools.shown import Shown
from particles.simulate import simulate
from particles.trained import statistics
from particles.trained.settings import Settings
from particles.trained.weights import Layer

TIMES = np.linspace(0.0, 2.0, 41)
"""At which the flow is compared with the layer, whose own step is 1."""
LONG = 20.0
"""In which T_eff is looked for."""
MOST = 1e4
"""beta of tokens that are one point but for so little that it says nothing."""
RTOL = 1e-5


@dataclass(frozen=True, eq=False)
class Flow(Shown):
    """The papers' flow beside one layer of a model, as `Model.flow` returns it.

    Attributes
    ----------
    layer : int
        From 1.
    t : ndarray
        Times of the flow with the layer's Q, K and O V.
    mean_product : ndarray
        Of its tokens.
    attention, whole : ndarray
        Share of the displacement that the flow explains at these times: of the attention half, and of the whole layer.
    straight_attention, straight_whole : float
        The share that the best multiple explains of the tangent part of what the layer's attention adds, with its
        biases: no flow, one step in the layer's own direction.
    beta : float
        Of SA without matrices: the spread of the layer's scores over that of <x_i, x_j>.
    time_attention, time_whole : float
        T_eff: in which SA raises the mean inner product as far as the half, and the layer, does; 0 where it falls, inf
        where SA does not come so far by t = 20, nan where the tokens have met and there is no such beta.
    own_attention, own_whole : float
        The same of the flow with the layer's own matrices; inf where it does not come so far by its last time.
    """

    layer: int
    t: Array
    mean_product: Array
    attention: Array
    whole: Array
    straight_attention: float
    straight_whole: float
    beta: float
    time_attention: float
    time_whole: float
    own_attention: float
    own_whole: float

    @property
    def best_attention(self) -> float:
        """The largest share of the attention half's displacement, over times."""
        return float(self.attention.max())

    @property
    def best_whole(self) -> float:
        """The same of the whole layer's."""
        return float(self.whole.max())


def law_of(layer: Layer, settings: Settings, r: float) -> Law:
    """The heads' flow on directions of tokens of length r; scaled: SA's velocity is the same, and does not overflow."""
    dh = settings.head
    parts = [slice(h * dh, (h + 1) * dh) for h in range(settings.heads)]
    beta = r * r / np.sqrt(dh)
    laws = [
        SA(beta, scale="scaled", Q=layer.Q[one], K=layer.K[one], V=layer.O[:, one] @ layer.V[one]) for one in parts
    ]
    return laws[0] if len(laws) == 1 else Sum(tuple(laws))


def explained(displacement: Array, by: Array) -> Array:
    """1 - |D - F|^2 / |D|^2 of displacements (..., n, d)."""
    left = np.sum(np.square(displacement - by), axis=(-2, -1))
    return np.asarray(1.0 - left / np.sum(np.square(displacement), axis=(-2, -1)))


def beside(number: int, layer: Layer, settings: Settings, tokens: Array, added: Array, spread: float) -> Flow:
    """The flow beside a layer.

    Parameters
    ----------
    number : int
        From 1.
    layer : Layer
    settings : Settings
    tokens : array (3, n, d)
        Before the layer, behind its attention, behind it.
    added : array (n, d)
        What its attention adds.
    spread : float
        Standard deviation of its scores.
    """
    y, half, whole = statistics.directions(tokens)
    r = float(np.linalg.norm(tokens[0], axis=-1).mean())
    run = simulate(law_of(layer, settings, r), y, (TIMES[0], TIMES[-1]), TIMES, rtol=RTOL)
    tangent = geometry.project(y, added)
    straight = [_multiple(goal - y, tangent) for goal in (half, whole)]
    with np.errstate(divide="ignore"):
        beta = float(spread / statistics.pairs(y).std())
    goals = [float(statistics.mean_product(goal)) for goal in (half, whole)]
    rise = statistics.mean_product(run.x)
    times = [_time(y, beta, goal) for goal in goals] + [_reached(run.t, rise, goal) for goal in goals]
    alike: Any = (*straight, beta, *times)
    return Flow(
        number, run.t, rise, explained(half - y, run.x - y), explained(whole - y, run.x - y), *alike,
    )  # fmt: skip


def _multiple(displacement: Array, way: Array) -> float:
    """The share that the best multiple of a way explains."""
    tau = np.sum(displacement * way) / np.sum(way * way)
    return float(explained(displacement, tau * way))


def _time(y: Array, beta: float, goal: float) -> float:
    """When SA's mean inner product first is as large as the goal."""
    if goal <= float(statistics.mean_product(y)):
        return 0.0
    if not beta <= MOST:
        return float("nan")
    law = SA(beta, scale="scaled")
    run = simulate(
        law, y, (0.0, LONG), [LONG], rtol=RTOL, until=lambda t, mu: float(statistics.mean_product(mu.x)) - goal
    )
    return float(run.end) if run.end < LONG else float("inf")


def _reached(t: Array, rise: Array, goal: float) -> float:
    """When a sequence first is as large, by straight lines between its times."""
    above = np.flatnonzero(rise >= goal)
    if not len(above) or above[0] == 0:
        return 0.0 if len(above) else float("inf")
    at = slice(above[0] - 1, above[0] + 1)
    return float(np.interp(goal, rise[at], t[at]))
