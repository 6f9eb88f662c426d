"""The mean-field-limit experiment: particles against the PDE, measured.

mu_n(t) from n i.i.d. samples of rho_0 (or its deterministic quantisation) is compared with the solution mu(t) by the
circle's Wasserstein distance, over independent replicas.  On the circle E W1(mu_n, mu) ~ n^{-1/2} at t = 0, and
Dobrushin's estimate (A, Remark 3.3) carries the rate to every later time.

On S^{d-1} the distance that falls like n^{-1/2} whatever d is the negative Sobolev norm of order d/2; transport
distances of independent samples are limited by the sampling itself, (log n / n)^{1/2} on S^2 and n^{-1/(d-1)} beyond.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import meanfield as mf
import particles as pt
from meanfield.distances import emd_sphere, sobolev_sphere, w1_axial, w1_circle
from meanfield.doors.solve import Unresolved
from meanfield.protocols import Law
from meanfield.tools import inputs
from validation.rates import Slope, rate, replicas_for, slope

Floats = NDArray[np.float64]
INITS = ("sample", "quantize")
PARTICLE_RTOL = 1e-7
"""Time stepping of the particles: five digits below the smallest W1 asked about."""
SOBOLEV_DEGREE = 48
"""Last degree of the Sobolev norm: beyond it lies a few per cent of the norm of independent samples."""
TWO_SAMPLE = 1000
"""Largest n for exact two-sample transport: its cost grows like n^3."""
FIT_FROM = 100
"""Smaller n are shown and not fitted: the rate is a limit, and the fit knows the next order only."""
LIMIT_SAMPLES = 1024
"""Draws for the limit of sqrt(n) E W1: a quarter of a per cent."""
SHORTEST = 1e-6
"""In less time nothing changes by more than rounding."""


@dataclass(frozen=True, eq=False)
class Limit:
    """What the experiment measured.

    Attributes
    ----------
    law, rho0, solution
        What was solved.
    t : ndarray (T,)
        Times of comparison, from 0 to the end.
    n : ndarray (N,)
        Numbers of particles.
    distances : dict of name to ndarray (N, T, R)
        Between mu_n(t) and mu(t), of every replica.
    headline : str
        The distance whose rate is judged.
    energy : ndarray (N, T, R)
        E of the particles.
    samples : ndarray (n,) or (n, d)
        The largest cloud's first replica at the end, for a picture.
    transport : dict of name to tuple of (n, (N', 2) mean and standard error at start and end), optional
        Two-sample transport distances between independent replicas, for small n.
    init : str
    """

    law: Any
    rho0: Any
    solution: Any
    t: Floats
    n: NDArray[np.int64]
    distances: dict[str, Floats]
    headline: str
    energy: Floats
    samples: Floats
    init: str
    transport: Any = None

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.rho0.d)

    @property
    def w1(self) -> Floats:
        """(N, T, R) the distance whose rate is judged (W1 on the circle, radians)."""
        return self.distances[self.headline]

    @cached_property
    def densities(self) -> tuple[Any, ...]:
        """The density at the times of comparison (the solution itself is saved more finely, for pictures)."""
        return tuple(self.solution(t) for t in self.t)

    @cached_property
    def pde_energy(self) -> Floats:
        """(T,) E of the density."""
        return np.array([rho.energy(self.law) for rho in self.densities])

    @cached_property
    def mean(self) -> Floats:
        """(N, T) mean distance."""
        return self.w1.mean(axis=-1)

    @cached_property
    def error(self) -> Floats:
        """(N, T) its standard error (zero where there is one replica, or no randomness)."""
        R = self.w1.shape[-1]
        if R == 1:
            return np.zeros(self.w1.shape[:-1])
        return self.w1.std(axis=-1, ddof=1) / np.sqrt(R)

    @cached_property
    def fitted(self) -> NDArray[np.bool_]:
        """(N,) whether the fit uses this n: from FIT_FROM on, or all where those are fewer than three."""
        use = self.n >= FIT_FROM
        return use if use.sum() > 2 else np.ones_like(use)

    def slope(self, at: int, level: float = 0.95) -> Slope:
        """Fit of the mean distance over n at the time with this index.

        Of replicas: `rates.rate`, a power times the next order e^{c/n}, as at t = 3 the flagship's distance is 13 per
        cent below the limit at n = 100 and 6 at n = 300.  Of quantised data, or a single replica: a line.
        """
        use = self.fitted
        if self.w1.shape[-1] > 1:
            return rate(self.n[use], self.w1[use, at], level)
        return slope(self.n[use], self.mean[use, at], level=level)

    def replicas_for(self, at: int, half: float) -> int:
        """How many replicas would do for the slope's interval at this time to be +- half (`rates.replicas_for`)."""
        return replicas_for(self.n[self.fitted], self.w1[self.fitted, at], half)

    @cached_property
    def bias(self) -> tuple[Floats, Floats]:
        """E_n(t) - E(t): (N, T) mean over replicas, and its standard error."""
        gap = self.energy - self.pde_energy[None, :, None]
        R = gap.shape[-1]
        error = gap.std(axis=-1, ddof=1) / np.sqrt(R) if R > 1 else np.zeros(gap.shape[:-1])
        return gap.mean(axis=-1), error

    @cached_property
    def energy_gap(self) -> tuple[Floats, Floats]:
        """Root mean square of E_n(t) - E(t) over replicas, (N, T), and its standard error."""
        square = np.square(self.energy - self.pde_energy[None, :, None])
        R = square.shape[-1]
        root = np.sqrt(square.mean(axis=-1))
        error = square.std(axis=-1, ddof=1) / np.sqrt(R) / (2.0 * root) if R > 1 else np.zeros(root.shape)
        return root, error

    @cached_property
    def dobrushin(self) -> Floats:
        """(T,) Dobrushin's factor exp int_0^t (L_x + L_mu), constants along the solution (circle; else NaN)."""
        if self.d != 2:
            return np.full(len(self.t), np.nan)
        constants = np.array([dobrushin_constant(self.law, rho) for rho in self.densities])
        return np.exp(np.concatenate([[0.0], np.cumsum(0.5 * (constants[1:] + constants[:-1]) * np.diff(self.t))]))

    @cached_property
    def constant(self) -> Floats | None:
        """(T, 2) lim sqrt(n) E W1 and its error, NaN where it is not resolved; None but for samples on the circle."""
        if self.d != 2 or self.init != "sample":
            return None
        out = np.full((len(self.t), 2), np.nan)
        with warnings.catch_warnings():  # what is left out is NaN
            warnings.simplefilter("ignore", RuntimeWarning)
            told = mf.fluctuations(self.law, self.rho0, (0.0, self.t[-1]), self.t, samples=LIMIT_SAMPLES)
        if len(told.t):
            out[: len(told.t)] = np.stack([told.w1, told.w1_error], axis=-1)
        return out

    @cached_property
    def linear(self) -> Floats:
        """(T,) e^{max rate t}: the growth of the fastest mode about the uniform measure."""
        return np.exp(max(mf.fastest(self.law, self.d)[1], 0.0) * self.t)


def dobrushin_constant(law: mf.SA | mf.USA, rho: Any, nodes: int = 512) -> float:
    """L_x + L_mu at a density: sup |d_x X[mu](x)| + sup |d_y (dX[mu](x)/d mu)(y)|, on a grid.

    With X = U' (USA) the response to mass at y is sin(y - x) e^{beta cos(x - y)}; with X = U'/Z (SA) it is
    e^{beta cos(x - y)} (sin(y - x) - X(x)) / Z(x).  Then d/dt W1 <= (L_x + L_mu) W1 to first order in W1
    (A, Remark 3.3, after Dobrushin).
    """
    space = mf.Circle(nodes)
    held = min(nodes, rho.space.size) // 2
    rho = mf.Density(space, np.append(rho.moments(held - 1), np.zeros(nodes // 2 + 1 - held)))
    theta = space.nodes
    slopes = np.asarray(law.divergence(0.0, None, rho))
    gap = theta[None, :] - theta[:, None]  # y - x
    pull = np.exp(law.beta * (np.cos(gap) - 1.0))
    r = rho.read(law.kernel(), None, "Z")
    if law.normalised:
        X = np.asarray(law.velocity(0.0, None, rho)) * law.sign
        # Z = e^{log} r.Z, and the pull above is e^{-beta} times the kernel
        weight = np.exp(law.beta - r.log) / r.Z
        response = weight * pull * (np.cos(gap) - law.beta * np.sin(gap) * (np.sin(gap) - X))
    else:
        response = np.exp(law.beta + law.log_factor(2)) * pull * (np.cos(gap) - law.beta * np.sin(gap) ** 2)
    return float(np.abs(slopes).max() + np.abs(response).max())


def standard_density(n: int = 256) -> Any:
    """rho_0 = 1 + 0.3 cos theta + 0.2 sin 2 theta, with respect to d theta / 2 pi."""
    return mf.Circle(n).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))


def mean_field_limit(
    law: Law,
    rho0: Any = None,
    *,
    n: Any = (100, 300, 1000, 3000, 10000),
    replicas: int = 96,
    t: float = 3.0,
    times: int = 7,
    init: str = "sample",
    rng: Any = 0,
) -> Limit:
    """Run the experiment.

    Parameters
    ----------
    law : Law
        SA or USA.
    rho0 : Density, optional
        On the circle; `standard_density()` by default.
    n : sequence of int
        Numbers of particles.
    replicas : int
        Independent clouds for each (one suffices for init="quantize").
    t : float
        End time.
    times : int
        How many equidistant times of comparison, 0 and t included.
    init : {"sample", "quantize"}
        i.i.d. samples of rho0, or its deterministic quantisation, which leaves only the dynamics' error.
    rng : int or Generator
        Same seed, same bits.
    """
    rho0 = standard_density() if rho0 is None else rho0
    return _run(law, rho0, n, replicas, t, times, init, rng, {"W1": w1_circle}, "W1")


def standard_zonal(d: int, degree: int = 64) -> Any:
    """rho_0 = 1 + 0.3 P_1(c) + 0.2 P_2(c) on S^{d-1}, c = <x, axis>."""
    return mf.ZonalSphere(d, degree).density(lambda c: 1.0 + 0.3 * c + 0.2 * (d * c * c - 1.0) / (d - 1.0))


def sphere_limit(
    law: Law,
    rho0: Any = None,
    *,
    d: int = 3,
    n: Any = (100, 300, 1000, 3000, 10000),
    replicas: int = 96,
    t: float = 3.0,
    times: int = 4,
    init: str = "sample",
    rng: Any = 0,
    pairs: int = 8,
) -> Limit:
    """Run the experiment on S^{d-1} from an axisymmetric density: negative Sobolev norm of order d/2, W1 of the axial
    marginals, and exact two-sample W1 between `pairs` pairs of replicas for n <= 1000 (extra `ot`; left out without).

    Parameters are those of `mean_field_limit`; `rho0` on a `mf.ZonalSphere`, `standard_zonal(d)` by default.
    """
    rho0 = standard_zonal(inputs.dimension("d", d, low=3)) if rho0 is None else rho0
    distances: dict[str, Any] = {"Sobolev": _sobolev, "axial W1": w1_axial}
    return _run(law, rho0, n, replicas, t, times, init, rng, distances, "Sobolev", pairs)


def _run(
    law: Law,
    rho0: Any,
    n: Any,
    replicas: int,
    t: float,
    times: int,
    init: str,
    rng: Any,
    distances: dict[str, Callable[[Any, Any], Any]],
    headline: str,
    pairs: int = 0,
) -> Limit:
    inputs.choice("init", init, INITS)
    sizes = np.array([inputs.integer("n", k, low=1) for k in np.atleast_1d(np.asarray(n, dtype=object))])
    replicas = inputs.integer("replicas", replicas, low=1) if init == "sample" else 1
    fewest = 2 if replicas > 1 else 3  # a line through two points without error bars has no interval
    if len(sizes) < fewest or np.any(np.diff(sizes) <= 0):
        raise ValueError(f"n: got {sizes.tolist()}, wanted at least {fewest} increasing numbers of particles")
    grid = np.linspace(0.0, inputs.number("t", t, low=SHORTEST), inputs.integer("times", times, low=2))
    generator = inputs.generator(rng)
    beyond: Unresolved = "lagrangian" if rho0.space.line else "raise"
    solution = mf.solve(law, rho0, (0.0, t), on_unresolved=beyond)
    densities = [solution(s) for s in grid]
    energy, transport = [], []
    found: dict[str, list[Floats]] = {name: [] for name in distances}
    last: Any = None
    for k in sizes.tolist():
        x0 = pt.sample(rho0, k, generator, replicas=replicas) if init == "sample" else rho0.quantize(k)[None]
        traj = pt.simulate(law, x0, (0.0, t), grid, angles=rho0.d == 2, rtol=PARTICLE_RTOL, atol=1e-9)
        last = traj.x
        for name, distance in distances.items():
            per_time = [np.atleast_1d(distance(x, rho)) for x, rho in zip(last, densities, strict=True)]
            found[name].append(np.stack(per_time))
        energy.append(traj.energy)
        if pairs and k <= TWO_SAMPLE and replicas > 1:
            transport.append((k, _two_sample(last[[0, -1]], pairs)))
    angles = np.mod(last[-1, 0], 2.0 * np.pi) if rho0.d == 2 else last[-1, 0]
    stacked = {name: np.stack(values) for name, values in found.items()}
    return Limit(
        law, rho0, solution, grid, sizes, stacked, headline, np.stack(energy), angles, init, transport or None
    )


def _sobolev(x: Any, rho: Any) -> Any:
    """Negative Sobolev norm of order d/2, to degree SOBOLEV_DEGREE."""
    return sobolev_sphere(x, rho, degree=SOBOLEV_DEGREE)


def _two_sample(x: Floats, pairs: int) -> tuple[Floats, Floats]:
    """Mean exact W1 between replicas 2j and 2j + 1 at start and end, and its standard error, (2,) each."""
    count = min(pairs, x.shape[1] // 2)
    values = np.array([[emd_sphere(x[i, 2 * j], x[i, 2 * j + 1]) for j in range(count)] for i in range(2)])
    error = values.std(axis=1, ddof=1) / np.sqrt(count) if count > 1 else np.zeros(2)
    return values.mean(axis=1), error
