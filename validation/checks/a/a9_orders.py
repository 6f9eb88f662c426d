"""A, Problem 7: how fast the steps of noisy tokens converge, in the mean and path by path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array, Measure
from meanfield.steppers import euler_maruyama, heun, weak2
from validation.exact import growth, shaken
from validation.rates import Slope, rate, slope
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

KAPPA, PULL = (0.3, 0.2), 0.7
START = 0.9
PATHS = 6000


class Given(np.random.Generator):
    """Normals that are given, in the order in which they are asked for."""

    def __init__(self, normals: Any) -> None:
        super().__init__(np.random.PCG64())
        self.normals = iter(normals)

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        """The next of them."""
        return next(self.normals).copy()


@dataclass(frozen=True)
class Pulled(mf.Law):
    """x' = g P_x e_1."""

    g: float
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """g e_1."""
        x = mu.x if x is None else x
        return np.broadcast_to(self.g * np.eye(x.shape[-1])[0], x.shape).copy()


def _slower(t: float) -> float:
    return 1.0 / (1.0 + t)


def _stepped(make: Any, law: mf.Law, x: Array, t: float, h: float, normals: Any) -> Array:
    """One step of many tokens at once, each by itself."""
    method, y = pt.Cloud().bind(law, mf.Points(x), 1e-9, 1e-12)
    return np.asarray(make(h).step(method, t, y, None, t + h, Given(normals), False).y)


def _rule(m: int, points: int) -> tuple[Array, Array]:
    """A product rule for m standard normals: (q, m) nodes and (q,) weights."""
    x, w = np.polynomial.hermite_e.hermegauss(points)
    nodes = np.stack(np.meshgrid(*[x] * m, indexing="ij"), axis=-1).reshape(-1, m)
    return nodes, np.stack(np.meshgrid(*[w / w.sum()] * m, indexing="ij"), axis=-1).reshape(-1, m).prod(axis=1)


def _on_circle(make: Any, draws: int, h: float, exact: float) -> float:
    """Error of E cos(theta(1)) under the varying noise, the scheme's own means carried back step by step on a grid."""
    nodes, weights = _rule(draws, 6 if draws > 1 else 10)
    grid = 2.0 * np.pi * np.arange(17) / 17
    k = np.arange(-8, 9)
    law = Pulled(PULL) + mf.VaryingDiffusion(lambda t, x: _slower(t) * (KAPPA[0] + KAPPA[1] * x[..., 0]))
    values = np.cos(grid)
    for n in range(round(1.0 / h) - 1, -1, -1):
        here = grid if n else np.array([START])
        normals = [np.tile(nodes[:, m], len(here)) for m in range(draws)]
        ahead = _stepped(make, law, np.repeat(here, len(weights)), n * h, h, normals).reshape(len(here), -1)
        series = np.fft.fftshift(np.fft.fft(values)) / 17.0
        base, told = np.exp(1j * ahead), np.full(ahead.shape, series[-1])
        for c in series[-2::-1]:  # Horner
            told = told * base + c
        values = (told * np.exp(1j * k[0] * ahead)).real @ weights
    return abs(float(values[0]) - exact)


def _on_sphere(make: Any, h: float) -> float:
    """Error of E <x(1), x(0)> on S^2, kappa = 1/2 alone: the mean of one step, to its power."""
    nodes, weights = _rule(4, 8)
    frame = np.eye(3)[:2]
    x = np.tile(np.eye(3)[2], (len(weights), 1))
    ahead = _stepped(make, mf.Diffusion(0.5), x, 0.0, h, [nodes[:, :2] @ frame, nodes[:, 2:] @ frame])
    return abs(float(weights @ ahead[:, 2]) ** round(1.0 / h) - float(np.exp(-1.0)))


def _apart(make: Any, law: mf.Law, d: int, n: int, paths: int, rng: np.random.Generator) -> Array:
    """How far runs of n and of 2n steps by the same Brownian paths are from each other at t = 1."""
    shape = (paths,) if d == 2 else (paths, d)
    fine = rng.standard_normal((2 * n, *shape))
    ends = []
    for steps in (fine, (fine[::2] + fine[1::2]) / np.sqrt(2.0)):
        x = np.full(paths, START) if d == 2 else np.tile(np.eye(d)[0], (paths, 1))
        for m, xi in enumerate(steps):
            x = _stepped(make, law, x, m / len(steps), 1.0 / len(steps), _drawn(make, xi, d, rng))
        ends.append(x)
    return np.asarray(np.linalg.norm((ends[0] - ends[1]).reshape(paths, -1), axis=-1))


def _drawn(make: Any, xi: Array, d: int, rng: np.random.Generator) -> list[Array]:
    """The normals of one step whose increment is xi: those of the step's parts have their sum."""
    if make is not weak2:
        return [xi, rng.standard_normal(xi.shape)]
    z = rng.standard_normal((7, *xi.shape))
    parts = [(xi + z[0]) / np.sqrt(2.0), (xi - z[0]) / np.sqrt(2.0)]
    out = []
    for part, aside, one, other in ((parts[0], *z[1:4]), (parts[1], *z[4:7])):
        U, V = (part + aside) / np.sqrt(2.0), (part - aside) / np.sqrt(2.0)
        out += [U, V] if d == 2 else [U, one, V, other]
    return out


def _put(
    measured: dict[str, float], limits: dict[str, Any], name: str, found: Slope, wanted: float, room: float = 0.15
) -> None:
    """A slope, its interval, and how near what is wanted it must be."""
    sign = np.sign(found.slope)
    low, high = sorted((sign * found.low, sign * found.high))
    measured |= {name: abs(found.slope), f"{name}, low": low, f"{name}, high": high}
    limits[name] = (wanted - room, wanted + room)


@check("A66.orders", where="A Problem 7", title="weak and strong orders of the steps of noisy tokens", tier="quick",
       covers=())  # fmt: skip
def orders(bench: Bench) -> Verdict:
    """Euler and Maruyama: weak 1, strong 1/2.  Heun: weak 2 for constant noise.  weak2: 2 where noise varies.

    Weak orders without sampling: a step's means by Gauss's rule over its normals, carried from step to step.  On the
    circle kappa = (0.3 + 0.2 cos theta) / (1 + t) and a pull of 0.7 towards 0, E cos theta(1) from 0.9 against the
    linear equation of all means; on S^2 noise alone, kappa = 1/2, E <x(1), x(0)> against e^{-1}.  Slopes over four
    steps, with Student's interval: within 0.15.  Full tier: strong orders by runs of n and of 2n steps by the same
    Brownian paths, n = 16 to 128, 6000 paths, on S^2 and, where additive noise makes them 1, on the circle: the slope
    with the next order in its model within 0.2, 4.5 standard errors; and P_k of 1e6 Brownian tokens on S^2 by Heun's
    method at 0.0125, k = 1, 2, 3: 4.5 standard errors.
    """
    measured: dict[str, float] = {}
    limits: dict[str, Any] = {}
    means = shaken.means(START, 1.0, *KAPPA, PULL, _slower)
    exact = float(means[len(means) // 2 + 1].real)
    for name, make, draws, wanted in (
        ("euler-maruyama", euler_maruyama, 1, 1.0), ("heun", heun, 1, 1.0), ("weak2", weak2, 4, 2.0)
    ):  # fmt: skip
        steps = np.array([6, 8, 10, 12] if draws > 1 else [16, 24, 32, 48])
        errors = [_on_circle(make, draws, 1.0 / n, exact) for n in steps]
        _put(measured, limits, f"weak, varying noise, circle: {name}", slope(1.0 / steps, errors), wanted)
        measured[f"error at 1/{steps[-1]}: {name}"] = errors[-1]
    for name, make, wanted in (("euler-maruyama", euler_maruyama, 1.0), ("heun", heun, 2.0)):
        steps = np.array([128, 192, 256, 384])
        errors = [_on_sphere(make, 1.0 / n) for n in steps]
        _put(measured, limits, f"weak, constant noise, S^2: {name}", slope(1.0 / steps, errors), wanted)
    if bench.tier == "full":
        _strong(measured, limits, np.random.default_rng(bench.rng))
        _moments(measured, limits, np.random.default_rng([bench.rng, 1]))
    return judge(measured, limits)


def _strong(measured: dict[str, float], limits: dict[str, Any], rng: np.random.Generator) -> None:
    steps = (16, 32, 64, 128)
    varying = mf.VaryingDiffusion(lambda t, x: 0.3 + 0.2 * x[..., 0])
    for where, law, d, makes, wanted in (
        ("constant noise, S^2", mf.Diffusion(0.5), 3, (euler_maruyama, heun), 0.5),
        ("varying noise, S^2", varying, 3, (euler_maruyama, weak2), 0.5),
        ("constant noise, circle", Pulled(2.0) + mf.Diffusion(0.3), 2, (euler_maruyama, heun), 1.0),
    ):
        for make in makes:
            found = rate(steps, [_apart(make, law, d, n, PATHS, rng) for n in steps], order=wanted)
            _put(measured, limits, f"strong, {where}: {make.__name__}", found, wanted, 0.2)


def _moments(measured: dict[str, float], limits: dict[str, Any], rng: np.random.Generator) -> None:
    count, kappa, d = 1_000_000, 0.2, 3
    x = np.tile(np.eye(d)[0], (count, 1))
    c = pt.simulate(mf.Diffusion(kappa), x, (0.0, 1.0), [1.0], method="heun", step=0.0125, rng=rng).x[-1][:, 0]
    exact = np.exp(-kappa * growth.laplace(d, 3)[1:])
    for k, told in enumerate((c, (3.0 * c**2 - 1.0) / 2.0, (5.0 * c**3 - 3.0 * c) / 2.0), start=1):
        name = f"1e6 paths: standard errors of P_{k}"
        measured[name] = abs(float(told.mean() - exact[k - 1])) / float(told.std() / np.sqrt(count))
        limits[name] = (None, 4.5)
