"""E min_c int |G - c| dx over the circle, of a Gaussian process: what sqrt(n) E W1 tends to.

On the circle W1 is the least of int |F_n - F - c| over shifts c, and the least is at a median.  The law of that is not
known; its mean is found by quasi Monte Carlo over the process's principal components, the squared deviation, whose
mean is known exactly, taking out most of the scatter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from meanfield.analysis.response import Response, harmonics
from meanfield.protocols import Array

BLOCKS = 16
"""Independent scrambles of the quasi Monte Carlo points: their scatter is the error."""
POINTS = 256
"""Positions at which the process is told; half of them show what that misses."""
NEWTON = 40
"""Steps of Newton's method that find the labels of positions."""
SETTLED = 1e-11
"""Radians: a step of Newton's method that is no more is the last."""


class Placed(NamedTuple):
    """Equispaced positions (p,) of a flow: the labels there, rho / 2 pi, mu_0's share up to the labels, the matrix from
    values at the flow's labels to values there, and that to integrals up to there."""

    labels: Array
    mass: Array
    share: Array
    told: Array
    until: Array


def positions(flow: Response, points: int) -> Placed:
    """So many equispaced positions, from where label 0 is, and what has come there."""
    N = len(flow.q)
    half = (N - 1) // 2
    degrees = np.arange(-half, half + 1)
    series = harmonics(flow.labels, half).T / N
    c = series @ (flow.q - flow.labels)
    start = flow.q[0]
    x = start + 2.0 * np.pi * np.arange(points) / points
    a = np.interp(x, np.append(flow.q, start + 2.0 * np.pi), np.append(flow.labels, 2.0 * np.pi))
    for _ in range(NEWTON):
        waves = harmonics(a, half).conj()
        rate = 1.0 + (waves @ (1j * degrees * c)).real
        step = (a + (waves @ c).real - x) / rate
        if np.abs(step).max() < SETTLED:
            break
        a = a - step
    told = (waves @ series).real
    # int_0^a of a series: its mean times a, and e^{ika} - 1 over ik
    over = np.where(degrees == 0, a[:, None], (waves - 1.0) / np.where(degrees == 0, 1.0, 1j * degrees))
    until = (over @ series).real * N / (2.0 * np.pi)
    return Placed(a, told @ (flow.weights * N) / (2.0 * np.pi) / rate, until @ flow.weights, told, until)


def covariance(flow: Response, points: int = POINTS) -> Array:
    """Of sqrt(n) (F_n - F) at equispaced positions x: (points, points).

    At x = q(a) it is B(F_0(a)) - rho(x) xi(a), with B the Brownian bridge that sqrt(n) (F_n - F) is at the start and xi
    the displacement of the flow, int R dB.
    """
    at = positions(flow, points)
    moved = at.mass[:, None] * (at.told @ flow.R)
    mean = moved @ flow.weights
    crossed = at.until @ (flow.weights[:, None] * moved.T) - np.outer(at.share, mean)
    bridge = np.minimum.outer(at.share, at.share) - np.outer(at.share, at.share)
    return np.asarray(bridge - crossed - crossed.T + (moved * flow.weights) @ moved.T - np.outer(mean, mean))


def normals(points: int, samples: int, rng: np.random.Generator) -> list[Array]:
    """Scrambled Sobol points as standard normals, in independent blocks of (a power of 2, points)."""
    exponent = max(4, int(np.ceil(np.log2(samples / BLOCKS))))
    made = (scipy.stats.qmc.Sobol(points, scramble=True, rng=rng).random_base2(exponent) for _ in range(BLOCKS))
    tiny = 0.5**32
    return [np.asarray(scipy.special.ndtri(np.clip(u, tiny, 1.0 - tiny))) for u in made]


def constant(flow: Response, blocks: list[Array]) -> tuple[float, float]:
    """(2 pi E mean |G - med G|, its error: of the sampling and of the positions' number)."""
    points = blocks[0].shape[1]
    C = covariance(flow, points)
    # less its mean over the circle, which no shift sees
    centred = C - C.mean(axis=0) - C.mean(axis=1)[:, None] + C.mean()
    size, modes = np.linalg.eigh(centred)
    principal = (modes * np.sqrt(np.maximum(size, 0.0)))[:, ::-1].T
    square = float(np.trace(centred)) / points
    told = []
    for z in blocks:
        G = z @ principal
        every, few = _deviation(G), _deviation(G[:, ::2])
        Q = np.square(G).mean(axis=1)
        told.append((every.mean(), few.mean(), Q.mean(), np.cov(every, Q)[0, 1] / Q.var(ddof=1)))
    every, few, Q, slope = np.array(told).T
    # the slope is common to all blocks, so that the blocks stay independent to leading order
    values = every - slope.mean() * (Q - square)
    error = values.std(ddof=1) / np.sqrt(len(values))
    missed = float((every - few).mean())
    return 2.0 * np.pi * float(values.mean()), 2.0 * np.pi * float(np.hypot(error, missed))


def _deviation(G: Array) -> Array:
    """Mean over the circle of the distance from the median."""
    return np.asarray(np.abs(G - np.median(G, axis=1, keepdims=True)).mean(axis=1))
