"""A, section 2.3.2 and Remark 3.2: attention and feed-forward layers one after the other; positions."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from particles.cloud import MethodName
from validation.exact import double_loop, ode
from validation.rates import slope
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge


@check(
    "A08", where="A 2.3.2 (2.8)", title="attention and feed-forward: splitting errors of order 1 (Lie) and 2 (Strang)"
)
def splitting(bench: Bench) -> Verdict:
    """The complete layer at t = 1 with a tanh layer: by the printed loop in scipy's integrator, together and split.

    Together: 1e-10.  One Lie and one Strang step of 0.25, part by part in scipy's integrator: 1e-10.  Then the slopes
    of the errors over the step, 0.1 to 0.0125: 1 and 2 within 0.05.
    """
    rng = np.random.default_rng(bench.rng)
    n, d, m, beta = 8, 3, 4, 2.0
    x = pt.uniform(n, d, rng)
    Q, K, V = rng.standard_normal((3, d, d)) / np.sqrt(d)
    W, A, b = rng.standard_normal((d, m)) / np.sqrt(m), rng.standard_normal((m, d)), 0.3 * rng.standard_normal(m)
    law = mf.SA(beta, Q=Q, K=K, V=V) + mf.FeedForward(W, A, b)

    def attention(t: float, y: Array) -> Array:
        return double_loop.general_velocity("SA", y.reshape(n, d), beta, Q, K, V).ravel()

    def feed(t: float, y: Array) -> Array:
        rows = y.reshape(n, d)
        v = np.tanh(rows @ A.T + b) @ W.T
        return np.asarray(v - np.sum(v * rows, axis=1, keepdims=True) * rows).ravel()

    def flow(field: Any, y: Array, h: float) -> Array:
        return np.asarray(ode.integrate(field, y.ravel(), [h])[1][-1]).reshape(n, d)

    exact = flow(lambda t, y: attention(t, y) + feed(t, y), x, 1.0)
    together = pt.simulate(law, x, (0.0, 1.0), [1.0], rtol=1e-12, atol=1e-14).x[-1]
    h = 0.25
    once = {
        "lie": flow(feed, flow(attention, x, h), h),
        "strang": flow(feed, flow(attention, flow(feed, x, h / 2), h), h / 2),
    }
    steps = np.array([0.1, 0.05, 0.025, 0.0125])
    measured = {"together - printed": np.abs(together - exact).max()}
    limits: dict[str, Any] = {"together - printed": (None, 1e-10)}
    orders: tuple[tuple[MethodName, float], ...] = (("lie", 1.0), ("strang", 2.0))
    for name, order in orders:
        one = pt.simulate(law, x, (0.0, h), [h], method=name, step=h).x[-1]
        ends = [pt.simulate(law, x, (0.0, 1.0), [1.0], method=name, step=s).x[-1] for s in steps]
        measured[f"one step - printed, {name}"] = np.abs(one - once[name]).max()
        measured[f"order, {name}"] = slope(steps, np.array([np.abs(y - exact).max() for y in ends])).slope
        limits |= {f"one step - printed, {name}": (None, 1e-10), f"order, {name}": (order - 0.05, order + 0.05)}
    told: Limits = limits
    return judge(measured, told)


@check("A11", where="A Rem 3.2", title="sinusoidal positions are the printed ones, and tokens gather sooner with them")
def positions(bench: Bench) -> Verdict:
    """p_i for M = 10^4 one number at a time, 1e-15; and what adding them does to clustering.

    Of 32 tokens in R^16 under SA at beta = 1, 40 times, the time at which the mean inner product passes 0.9, with and
    without positions.  Added, they share the cosines near 1 of long waves: the initial mean inner product rises, and
    every cloud gathers sooner.  Put beside the tokens they do the same, their own Gram matrix being that of p.
    """
    d, n, M = 16, 32, 1e4
    p = pt.positions(n, d, M=M)
    printed = np.array([
        [np.sin((i + 1) / M ** (k / d)) if k % 2 == 0 else np.cos((i + 1) / M ** ((k - 1) / d)) for k in range(d)]
        for i in range(n)
    ])  # fmt: skip
    x = pt.uniform(n, d, bench.rng, replicas=40)
    t = np.linspace(0.0, 8.0, 161)

    def passed(y: Array) -> Array:
        run = pt.simulate(mf.SA(1.0), y, (0.0, 8.0), t, rtol=1e-7)
        mean = np.sum(run.x.mean(axis=-2) ** 2, axis=-1)
        return np.asarray(t[np.argmax(mean > 0.9, axis=0)])

    bare = passed(x)
    measured = {"positions - printed": np.abs(p - printed).max(), "time without": float(bare.mean())}
    for how in ("add", "concatenate"):
        told = passed(pt.encoded(x, p, how))
        measured[f"time with, {how}"] = float(told.mean())
        measured[f"clouds that gather sooner, {how}"] = float(np.mean(told < bare))
    limits: Limits = {
        "positions - printed": (None, 1e-13),
        "clouds that gather sooner, add": (1.0, 1.0),
        "clouds that gather sooner, concatenate": (1.0, 1.0),
    }
    return judge(measured, limits)
