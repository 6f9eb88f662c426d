"""C, section 6: two open questions, measured: how many tokens a centre captures, and the feed-forward layer."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.checks._tools import velocity
from validation.checks.c.c5_pictures import BETA, DELTA
from validation.exact import double_loop, ode
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

TIMES = np.concatenate([[0.0], np.arange(1.0, 21.0)])
CLOSE = 0.1 / np.sqrt(BETA)
"""Captured is within this of a centre: of uniform tokens the 250th part is so from the beginning."""


def _captured(theta: Array, strong: bool) -> tuple[Array, Array]:
    """(T,) share of tokens that are captured, and (T, centres) that of each, of one cloud (T, n)."""
    centres = pt.renyi(theta[0], DELTA, strong)
    near = np.abs(2.0 * np.sin(0.5 * (theta[:, :, None] - theta[:, None, centres]))) <= 2.0 * np.sin(0.5 * CLOSE)
    return near.any(axis=-1).mean(axis=-1), near.mean(axis=1)


def _half(times: Array, share: Array) -> float:
    """When a share that rises passes a half; inf if it does not."""
    over = np.flatnonzero(share >= 0.5)
    if not len(over) or not over[0]:
        return 0.0 if len(over) else np.inf
    k = int(over[0])
    return float(np.interp(0.5, share[k - 1 : k + 1], times[k - 1 : k + 1]))


def _clouds(clouds: int, n: int, rng: Any) -> Array:
    """(T, clouds, n) angles."""
    law, phi = mf.Causal(mf.SA(BETA)), rng.uniform(0.0, 2.0 * np.pi, (clouds, n))
    how: dict[str, Any] = {"method": "rk45", "land": True, "angles": True, "rtol": 1e-4, "atol": 1e-6}
    return np.asarray(pt.simulate(law, phi, (0.0, TIMES[-1]), TIMES, **how).theta)


@check("C20", where="C 6", title="open: does every centre capture a share of all tokens in a time that does not grow")
def capture(bench: Bench) -> Verdict:
    """d = 2, beta = 64, delta = 0.5, n = 50, 100, 200, 10 clouds each (full: 100, ..., 6400, 40 clouds); captured is a
    token within 0.1 beta^{-1/2} of a centre, which moves.  Evidence, in a formulation of our own.

    Told for Rényi centres and for strong ones, in the mean over clouds: the share of tokens that are captured at t = 5,
    10, 20, and the least share of one centre; and when half of all tokens are.  That time grows with n, about as log n:
    late tokens see a cloud that is nearly uniform until those before them have gathered.  So O(1) asks for a time that
    depends on n a little: the bars are a slope of that time in log n above 0.1, and strong centres with more than a
    third of all tokens at t = 20, at every n.
    """
    rng = np.random.default_rng(bench.rng)
    sizes = [50, 100, 200] if bench.tier == "quick" else [100, 200, 400, 800, 1600, 3200, 6400]
    measured: dict[str, float] = {}
    curves: dict[str, list[Array]] = {"Rényi": [], "strong": []}
    for n in sizes:
        theta = _clouds(10 if bench.tier == "quick" else 40, n, rng)
        for name, kept in curves.items():
            both = [_captured(theta[:, k], name == "strong") for k in range(theta.shape[1])]
            kept.append(np.mean([share for share, _ in both], axis=0))
            for t in (5, 10, 20):
                measured[f"{name}, n = {n}, t = {t}: captured"] = float(kept[-1][t])
                measured[f"{name}, n = {n}, t = {t}: least of one"] = float(np.mean([one[t].min() for _, one in both]))
            measured[f"{name}, n = {n}: half at t"] = _half(TIMES, kept[-1])
    halves = [measured[f"Rényi, n = {n}: half at t"] for n in sizes]
    measured["slope of the time to a half in log n"] = float(np.polyfit(np.log(sizes), halves, 1)[0])
    limits: Limits = {f"strong, n = {n}, t = 20: captured": (1.0 / 3.0, None) for n in sizes}
    limits = {**limits, "slope of the time to a half in log n": (0.1, None)}
    return evidence(measured, limits, pictures=[bench.figure("capture", lambda: _drawn(sizes, curves))])


def _drawn(sizes: list[int], curves: dict[str, list[Array]]) -> Any:
    """Shares over time, a line a size."""
    with style.axes() as ax:
        for (name, shares), dash in zip(curves.items(), ("-", "--"), strict=True):
            for k, (n, share) in enumerate(zip(sizes, shares, strict=True)):
                shade = str(0.7 * (1.0 - k / max(1, len(sizes) - 1)))
                ax.plot(TIMES, share, color=shade, linestyle=dash, label=f"{name}, n = {n}")
        ax.set(xlabel="t", ylabel="share of tokens captured", ylim=(0.0, 1.02))
        ax.set_title(r"within $0.1 \beta^{-1/2}$ of a centre, $\beta = 64$, $\delta = 1/2$, causal")
        legends.legend(ax)
    return ax


def _layer(s: float, d: int) -> mf.FeedForward:
    """s tanh(x_1) along the first axis: two sinks, at its ends."""
    one = np.zeros((d, d))
    one[0, 0] = 1.0
    return mf.FeedForward(s * one, one, np.zeros(d))


def _two(s: float) -> float:
    """The rate at which a token near -e_1 leaves it, beside one at e_1, beta = 1."""
    law, phi = mf.Causal(mf.SA(1.0)) + _layer(s, 2), np.array([0.0, np.pi - 1e-6])
    run = pt.simulate(law, phi, (0.0, 2.0), [1.0, 2.0], rtol=1e-11, atol=1e-16)
    away = np.abs(np.pi - np.asarray(run.theta)[:, 1])
    return float(np.log(away[1] / away[0]))


@check("C21", where="C 6; A (2.8)", title="open: the feed-forward layer beside causal attention")
def layer(bench: Bench) -> Verdict:
    """Random W, A, b, tanh, beside causal attention, d = 3, 24 tokens, beta = 4: velocities are the printed sums and
    W tanh(A x + b), 1e-14; the first token, which attention leaves where it is, goes as the layer takes it alone, in
    scipy's integrator, 1e-9.

    Theorem 4.1 does not hold beside a layer: with s tanh(x_1) along e_1 two tokens, at e_1 and near -e_1, stay apart if
    s tanh 1 is above w = e^{-2 beta} / (1 + e^{-2 beta}), what the second counts the first for, and meet if it is
    below.  The rate w - s tanh 1 at beta = 1, s = 0.1, 0.2, one on each side, 1e-6.

    Told: how many clusters 48 uniform tokens on the circle are at t = 60, beta = 16, beside that layer with s = 0,
    0.01, 0.1, 1, in the mean over 5 clouds (full: 100); with s = 1 they are at most two.  Evidence, of our own
    formulation.
    """
    rng = np.random.default_rng(bench.rng)
    (W, A), b = rng.standard_normal((2, 3, 3)) / np.sqrt(3.0), rng.standard_normal(3)
    law, x = mf.Causal(mf.SA(4.0)) + mf.FeedForward(W, A, b), pt.uniform(24, 3, rng)

    def alone(y: Array) -> Array:
        v = np.tanh(y @ A.T + b) @ W.T
        return np.asarray(v - np.sum(v * y, axis=-1, keepdims=True) * y)

    one = np.eye(3)
    printed = double_loop.general_velocity("SA", x, 4.0, one, one, one, causal=True) + alone(x)
    run = pt.simulate(law, x, (0.0, 3.0), [3.0], rtol=1e-11, atol=1e-13)
    first = ode.integrate(lambda _, y: alone(y[None])[0], x[0], [3.0])[1][-1]
    measured = {
        "velocity - printed": float(np.abs(velocity(law, mf.Points(x)) - printed).max()),
        "first token - the layer's own": float(np.abs(run.x[-1, 0] - first).max()),
    }
    w = np.exp(-2.0) / (1.0 + np.exp(-2.0))
    for s in (0.1, 0.2):
        measured[f"rate, s = {s:g}"] = _two(s)
        measured[f"rate - (w - s tanh 1), s = {s:g}"] = abs(_two(s) - (w - s * np.tanh(1.0)))
    phi = rng.uniform(0.0, 2.0 * np.pi, (5 if bench.tier == "quick" else 100, 48))
    for s in (0.0, 0.01, 0.1, 1.0):
        beside = mf.Causal(mf.SA(16.0)) + _layer(s, 2)
        end = pt.simulate(beside, phi, (0.0, 60.0), [60.0], angles=True, rtol=1e-5, atol=1e-7).theta[-1]
        counts = [len(mf.clusters(mf.Points(cloud), 0.05, floor=0.0).masses) for cloud in end]
        measured[f"clusters, s = {s:g}"] = float(np.mean(counts))
    limits: Limits = {
        "velocity - printed": (None, 1e-14), "first token - the layer's own": (None, 1e-9),
        "rate, s = 0.1": (1e-3, None), "rate, s = 0.2": (None, -1e-3), "clusters, s = 1": (1.0, 2.0),
        **{f"rate - (w - s tanh 1), s = {s:g}": (None, 1e-6) for s in (0.1, 0.2)},
    }  # fmt: skip
    return evidence(measured, limits)
