"""What several checks measure: relative errors, the defect of the energy's identity, slides in the wrong direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import meanfield as mf
from meanfield import geometry
from meanfield.laws.attention import Attention
from meanfield.protocols import Array, Law
from validation.exact import double_loop, multipliers
from validation.registry import Bench

EPS = float(np.finfo(np.float64).eps)


def relative(a: Any, b: Any) -> float:
    """max |a - b| / max |b|."""
    return float(np.max(np.abs(np.asarray(a) - b)) / np.max(np.abs(b)))


def defect(record: Any) -> float:
    """max over saved times after the start (and replicas) of |E(t) - E(0) - dissipated(t)| / |E(t) - E(0)|."""
    late = record.t > record.begin
    change = record.gained[late]
    return float(np.max(np.abs(change - record.dissipated[late]) / np.abs(change)))


def backslide(values: Any, direction: int) -> float:
    """Largest step against `direction` (1: up, -1: down) along the first axis, over max |values|; 0 if monotone.

    A sequence that is monotone as reals slides back by rounding at the most, a few 1e-16.
    """
    array = np.asarray(values, dtype=float)
    return float(max(0.0, -(direction * np.diff(array, axis=0)).min()) / np.abs(array).max())


def velocity(law: Law, mu: mf.Points) -> Array:
    """A law's velocity at a cloud's own points: (..., n) for angles, else (..., n, d) tangent rows."""
    v = np.asarray(law.velocity(0.0, None, mu))
    return v[..., 0] if mu.angles else geometry.project(mu.x, v)


def named(law: Attention, d: int) -> tuple[str, float]:
    """What `exact` calls SA or USA, and the factor that a scale puts on its velocity (not by our own account)."""
    return ("SA", 1.0) if law.normalised else ("USA", float(np.exp(multipliers.log_factor(law.scale, law.beta, d))))


def by_loop(law: Attention, x: Array, times: Any, **options: Any) -> Array:
    """Tokens (T, n, d) or angles (T, n) under SA or USA, by the printed loop in scipy's integrator: no line of ours.

    A factor on the velocity is one on time.  Options are those of `double_loop.run`.
    """
    kind, factor = named(law, 2 if x.ndim == 1 else x.shape[1])
    return double_loop.run(kind, x, law.beta, factor * np.asarray(times), sign=law.sign, **options)


def noisy_rates(law: Law, d: int, degree: int, kappa: float) -> tuple[Array, Array]:
    """Our growth rates with the noise beside the law, and with the noise as a term of it."""
    return mf.growth_rates(law, d, degree, kappa), mf.growth_rates(law + mf.Diffusion(kappa), d, degree)


def central(f: Any, h: float) -> Any:
    """f'(0) by the central difference of order 6 in h."""
    weights = (45.0 / 60.0, -9.0 / 60.0, 1.0 / 60.0)
    return sum(w * (f(j * h) - f(-j * h)) for j, w in enumerate(weights, 1)) / h


def gradient(law: Law, x: Array, w: Array) -> Array:
    """(1/w_i) grad_i E by central differences of our energy along great circles; shaped as x.

    x holds angles (n,) or unit rows (n, d).  Good to about 1e-12 of the largest slope for beta <= 9.
    """
    out = np.zeros_like(x)
    for i in range(len(x)):
        if x.ndim == 1:
            out[i] = central(lambda h, i=i: mf.Points(x + h * (np.arange(len(x)) == i), w).energy(law), 2e-3) / w[i]
            continue
        for e in np.linalg.svd(x[i : i + 1])[2][1:]:

            def turned(h: float, i: int = i, e: Array = e) -> float:
                y = x.copy()
                y[i] = np.cos(h) * x[i] + np.sin(h) * e
                return float(mf.Points(y, w).energy(law))

            out[i] += central(turned, 2e-3) / w[i] * e
    return out


def spread(bench: Bench, fn: Any, cells: Any) -> Any:
    """`mf.sweep` of what a full check does, over all cores; beside its figures it keeps what is finished, so that the
    same command goes on after a kill.
    """
    keep = None if bench.out is None else bench.out / f"{bench.id}-cells-{bench.rng}"
    with mf.workers() as executor:
        return mf.sweep(fn, cells, rng=bench.rng, executor=executor, keep=keep)


def scattered(n: int, p: int) -> Array:
    """n angles 2 pi frac(i^2 sqrt(p)), i = 1..n: as irregular as random ones, and the same every time."""
    return np.asarray(2.0 * np.pi * np.modf(np.arange(1, n + 1) ** 2 * np.sqrt(p))[0])


def two_waves(theta: Any) -> Array:
    """1 + 0.3 cos theta + 0.2 sin 2 theta, the density most checks begin with."""
    return np.asarray(1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))


def start(n: int = 128) -> mf.Density:
    """`two_waves` on a circle of n nodes."""
    return mf.Circle(n).density(two_waves)


@mf.register
@dataclass(frozen=True, eq=False)
class Swaying:
    """V(t) = V_0 + sin(t) V_1."""

    mean: Array
    part: Array

    def __call__(self, t: float) -> Array:
        return np.asarray(self.mean + np.sin(t) * self.part)
