"""2603.16535, 2510.25034: attention with inertia; laws that stay elliptical, and how long clusters take."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import eval_legendre
from scipy.stats import norm
from scipy.stats import t as student

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array, Measure
from validation.exact import inertia
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

V = np.array([[-0.6, 0.3], [0.1, -0.9]])
Q = np.array([[0.9, 0.2], [-0.3, 0.7]])
BETA, FRICTION = 0.8, 0.6
NODES = 10
"""Nodes of latitude; twice as many of longitude."""
CLOUDS = 16


class Quadratic(mf.Law):
    """Weights <Q x, y> in R^d: V S Q^T x with S = int y y^T dmu, linear in x whatever mu is."""

    geometry = "flat"
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """V S Q^T x."""
        x = mu.x if x is None else x
        return x @ Q @ mu.second_moment @ V.T


@check("F47", where="2603.16535", title="inertial attention: elliptical laws stay elliptical, their moments an ODE",
       equations=("2603.16535",))  # fmt: skip
def elliptical(bench: Bench) -> Verdict:
    """x' = v, v' = -gamma v + X in R^2, own formulation (`mf.Inertial`); V, Q not symmetric, gamma = 0.6, to t = 1.5.

    A Gaussian of (x, v) under softmax attention: `mf.solve` against the equations of mean and covariance, written out
    (`validation.exact.inertia`), 1e-9; 16 clouds of 200 tokens drawn from it (full: 800) against the same, their
    covariance within 4.5 standard errors (Student's t, as normal deviates); Mardia's kurtosis of such clouds, less a
    Gaussian's 24, is told: few tokens are not quite a Gaussian's field.  Attention with weights <Q x, y>, under which
    any elliptical law should stay one: 200 tokens uniform on an ellipsoid's surface in R^4 end at one linear map of
    where they began, 1e-9, so on an ellipsoid's surface again.  As a contrast, under softmax they do not: above 1e-3.
    """
    rng = np.random.default_rng(bench.rng)
    n = 800 if bench.tier == "full" else 200
    a = 0.2 * rng.standard_normal((4, 4)) + 0.3 * np.eye(4)
    mu, t = mf.Gaussian(0.3 * rng.standard_normal(4), a @ a.T), np.array([0.5, 1.0, 1.5])
    law = mf.Inertial(mf.SA(BETA, Q=Q, V=V, geometry="flat"), FRICTION)
    run = mf.solve(law, mu, (0.0, 1.5), t_eval=t, rtol=1e-11, atol=1e-13)
    m, S = inertia.moments(V, Q.T, BETA, FRICTION, mu.mean, mu.covariance, t)
    measured: dict[str, Any] = {
        "mean - the equations'": np.abs(run.mean[-3:] - m).max(),
        "covariance - the equations'": np.abs(run.covariance[-3:] - S).max(),
    }
    clouds = mu.sample(CLOUDS * n, rng=rng).reshape(CLOUDS, n, 4)
    x = pt.simulate(law, clouds, (0.0, 1.5), [1.5], rtol=1e-4, atol=1e-7).x[-1]
    told = np.array([np.cov(one.T) for one in x])
    # Mardia's, less its mean of n normal vectors of R^4, 24 (n - 1) / (n + 1)
    away = np.swapaxes(x - x.mean(axis=1, keepdims=True), 1, 2)
    own = np.linalg.solve(np.linalg.cholesky(told), away)
    kurtosis = np.mean(np.sum(own * own, axis=1) ** 2, axis=1) * (n / (n - 1.0)) ** 2 - 24.0 * (n - 1.0) / (n + 1.0)
    measured["tokens' covariance, standard errors"] = _deviates(told - S[-1]).max()
    measured["kurtosis, less 24"] = float(kurtosis.mean())

    ball = rng.standard_normal((200, 4))
    shell = ball / np.linalg.norm(ball, axis=1, keepdims=True) @ a.T
    for name, force in (("weights <Q x, y>", Quadratic()), ("softmax", law.law)):
        end = pt.simulate(mf.Inertial(force, FRICTION), shell, (0.0, 1.5), [1.5], rtol=1e-10, atol=1e-12).x[-1]
        fit = np.linalg.lstsq(shell, end, rcond=None)[0]
        measured[f"{name}: off a linear map"] = np.abs(end - shell @ fit).max() / np.abs(end).max()
    return judge(measured, {
        "mean - the equations'": (None, 1e-9), "covariance - the equations'": (None, 1e-9),
        "tokens' covariance, standard errors": (None, 4.5),
        "weights <Q x, y>: off a linear map": (None, 1e-9), "softmax: off a linear map": (1e-3, None),
    })  # fmt: skip


def _deviates(off: Array) -> Array:
    """How far means over the clouds (axis 0) are from 0: normal deviates as unlikely as their t."""
    spread = off.std(axis=0, ddof=1) / np.sqrt(len(off))
    return np.asarray(norm.isf(student.sf(np.abs(off.mean(axis=0)) / spread, len(off) - 1)))


@check("F19", where="2510.25034", title="inertia: how long clusters take, against friction, by linear stability",
       equations=("2510.25034",))  # fmt: skip
def friction(bench: Bench) -> Verdict:
    """A mode that the law grows at the rate s grows with inertia at z = (sqrt(gamma^2 + 4 s) - gamma) / 2 (own
    derivation: displacements obey a'' + gamma a' = s a), `mf.inertial_rate` of `mf.growth_rates`.

    Measured of displacements of 1e-6 along a mode: 24 tokens of the circle at beta = 2, k = 1, 2, 3, and quadrature
    points of S^2, degrees 1, 2, SA and USA, gamma = 0, 0.5, 3 (quick: k = 3 and 2, SA, gamma = 0.5): 1e-6 of z.  From
    rest, a(t) = a_0 (z_+ e^{z_- t} - z_- e^{z_+ t}) / (z_+ - z_-): with displacements of 1e-3 on the circle, k = 1,
    beta = 2, the time at which the order is 0.05, at gamma = 0.25 to 8 (quick: 0.5 and 2), within 1 per cent of it.
    Full: the time at which it is 0.9, where one cluster is near, too: told.
    """
    full = bench.tier == "full"
    worst = {"circle": 0.0, "S^2": 0.0}
    for kind in (mf.SA, mf.USA) if full else (mf.SA,):
        for gamma in (0.0, 0.5, 3.0) if full else (0.5,):
            for d, degrees in ((2, (1, 2, 3)), (3, (1, 2))):
                for k in degrees if full else degrees[-1:]:
                    z = float(mf.inertial_rate(mf.growth_rates(kind(2.0), d, k)[k], gamma))
                    name = "circle" if d == 2 else "S^2"
                    worst[name] = max(worst[name], abs(_grown(mf.Inertial(kind(2.0), gamma), d, k, z) / z - 1.0))
    gammas = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0) if full else (0.5, 2.0)
    times = np.array([_waits(gamma, 40.0 if full else 7.0) for gamma in gammas])
    measured = {f"{name}: rate over z, less 1": off for name, off in worst.items()}
    measured["times to order 0.05, off"] = float(np.abs(times[:, 0] / times[:, 2] - 1.0).max())
    for gamma, (early, late, _) in zip(gammas, times, strict=True):
        measured[f"gamma = {gamma:g}: order 0.05 at t"] = early
        if full:
            measured[f"gamma = {gamma:g}: order 0.9 at t"] = late
    limits = {f"{name}: rate over z, less 1": (None, 1e-6) for name in worst}
    picture = bench.figure("times", lambda: _drawn(gammas, times))
    return judge(measured, {**limits, "times to order 0.05, off": (None, 0.01)}, pictures=[picture])


def _mode(d: int, k: int) -> tuple[Array, Array, Array, Any]:
    """Unit rows and masses of a rule, a mode's gradient there, and how to read its amplitude off displaced rows."""
    if d == 2:
        a = 2.0 * np.pi * np.arange(24) / 24
        x, along = np.stack([np.cos(a), np.sin(a)], axis=-1), np.stack([-np.sin(a), np.cos(a)], axis=-1)
        w = np.full(24, 1.0 / 24)
        return x, w, np.sin(k * a)[:, None] * along, lambda y: np.mean(np.cos(k * np.arctan2(y[:, 1], y[:, 0])))
    u, weights = np.polynomial.legendre.leggauss(NODES)
    h, phi = (g.ravel() for g in np.meshgrid(u, np.pi * np.arange(2 * NODES) / NODES, indexing="ij"))
    r = np.sqrt(1.0 - h * h)
    x = np.stack([r * np.cos(phi), r * np.sin(phi), h], axis=-1)
    w = np.repeat(weights, 2 * NODES) / (4.0 * NODES)
    slope = k * (h * eval_legendre(k, h) - eval_legendre(k - 1, h)) / (h * h - 1.0)
    return x, w, slope[:, None] * (np.array([0.0, 0.0, 1.0]) - h[:, None] * x), lambda y: w @ eval_legendre(k, y[:, 2])


def _grown(law: mf.Inertial, d: int, k: int, z: float) -> float:
    """The rate at which a displacement of 1e-6 along a mode grows, with the velocity that belongs to it; half the
    difference of both signs, over two e-foldings."""
    x, w, slope, read = _mode(d, k)
    ends = []
    for sign in (1.0, -1.0):
        y = x + sign * 1e-6 * slope
        y /= np.linalg.norm(y, axis=1, keepdims=True)
        v = sign * 1e-6 * z * slope
        v -= np.sum(v * y, axis=1, keepdims=True) * y
        start = np.concatenate([y, v], axis=1)
        run = pt.simulate(law, start, (0.0, 2.0 / z), [2.0 / z], weights=w, rtol=1e-8, atol=1e-14)
        ends.append([read(y), read(run.x[-1][:, :d])])
    before, after = np.diff(ends, axis=0)[0]
    return float(np.log(after / before) * z / 2.0)


def _waits(gamma: float, long: float) -> tuple[float, float, float]:
    """In so many e-foldings, when tokens of the circle at rest, displaced by 1e-3 along k = 1, have the order 0.05, and
    0.9 (nan: not within it); and the first of these by linear stability.
    """
    x, _, slope, _ = _mode(2, 1)
    y = x - 2e-3 * slope  # the order is half of it
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    s = float(mf.growth_rates(mf.SA(2.0), 2, 1)[1])
    high = float(mf.inertial_rate(s, gamma))
    low = -gamma - high
    t = np.linspace(0.0, long / high, 1 + int(30.0 * long))
    run = pt.simulate(mf.Inertial(mf.SA(2.0), gamma), np.concatenate([y, 0.0 * y], axis=1), (0.0, t[-1]), t, rtol=1e-7)
    order = np.linalg.norm(run.x[..., :2].mean(axis=1), axis=-1)
    linear = order[0] * (high * np.exp(low * t) - low * np.exp(high * t)) / (high - low)
    return _first(t, order, 0.05), _first(t, order, 0.9), _first(t, linear, 0.05)


def _first(t: Array, curve: Array, level: float) -> float:
    """When a curve comes to a level, nan if it does not."""
    at = int(np.argmax(curve >= level))
    return float(np.interp(level, curve[at - 1 : at + 1], t[at - 1 : at + 1])) if at else float("nan")


def _drawn(gammas: tuple[float, ...], times: Array) -> Any:
    """Both times over the friction, and that of linear stability."""
    with style.axes() as ax:
        ax.plot(gammas, times[:, 2], "-", color="0.5", label="order 0.05, linear stability")
        ax.plot(gammas, times[:, 0], "o", color="black", label="order 0.05")
        if np.isfinite(times[:, 1]).any():
            ax.plot(gammas, times[:, 1], "x", color="black", label="order 0.9")
        ax.set(xlabel="friction", ylabel="time")
        ax.set_title("SA with inertia on the circle, beta = 2, n = 24, k = 1", loc="left")
        legends.legend(ax)
    return ax
