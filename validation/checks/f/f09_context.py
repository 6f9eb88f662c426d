"""2510.05554, 2605.12697 and 2605.08505: how beta must grow with the length of the context."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.exact import context, multipliers
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

RHOS = (0.2, 0.5, 0.8)
MISSED = 4.5
"""Standard errors by which a mean may miss."""


# --- equiangular tokens ------------------------------------------------------------------------------------


@check("F09", where="2510.05554", title="beta = gamma log n: attention passes from one to nothing at 1/(1 - rho)")
def critical_scaling(bench: Bench) -> Verdict:
    """Equiangular tokens, rho = 0.2, 0.5, 0.8, by `mf.equiangular`; against the Gram matrix of a layer (n = 2, 9, 40):
    1e-11.  The gamma at which the angle of two outputs is half that of the inputs, for n = 10^6, ..., 10^12, is a
    straight line in 1/log n (all but 1/(n log n)), and begins at gamma_c = 1/(1 - rho): 1e-5, what is left of order
    n^{-1/2}.  The flow from rho to 0.999 takes O(1) below gamma_c and n^{gamma/gamma_c - 1} / log n beyond: exponents
    at n = 10^150, ..., 10^300 within 1e-4, and their straight line in gamma leaves 0 at gamma_c, within 1e-4; times by
    quadrature of the printed A (6.9), the slope at their start by the law's own velocity (1e-11).  Tokens nearly
    equiangular, rho e + (1 - rho) of independent directions in R^d: the part they keep, from `Points`, is the closed
    form's whose e^{beta rho} is the mean over directions, within 4.5 standard errors.
    """
    measured: dict[str, float] = {"layer - Gram's": _layers(), "slope - A (6.9)'s, relative": _slopes()}
    limits: dict[str, tuple[float | None, float | None]] = dict.fromkeys(measured, (None, 1e-11))
    for rho in RHOS:
        name, want = f"rho = {rho:g}", 1.0 / (1.0 - rho)
        logs = np.log(10.0) * np.array([6.0, 8.0, 10.0, 12.0])
        halves = [_half(10**k, rho) for k in (6, 8, 10, 12)]
        found = np.polyfit(1.0 / logs, halves, 1)
        exponents, leaves = _exponents(rho)
        measured |= {f"gamma_c by the layer, {name}": found[1], f"gamma_c by the flow, {name}": leaves}
        measured[f"its slope in 1/log n - exact, {name}"] = abs(found[0] - _lean(rho))
        measured[f"exponents of time - theory, {name}"] = exponents
        limits |= {
            f"gamma_c by the layer, {name}": (want - 1e-5, want + 1e-5),
            f"gamma_c by the flow, {name}": (0.9999 * want, 1.0001 * want),
            f"its slope in 1/log n - exact, {name}": (None, 1e-3),
            f"exponents of time - theory, {name}": (None, 1e-4),
        }
    measured["nearly equiangular: errors off"] = _nearly(bench)
    limits["nearly equiangular: errors off"] = (None, MISSED)
    return judge(measured, limits, pictures=[bench.figure("transition", _draw_transition)])


def _ratio(n: int, gamma: float, rho: float) -> float:
    return mf.equiangular(mf.SA(gamma * log(n), scale="scaled"), n, rho).ratio


def _layers() -> float:
    """Largest difference of a_ii and of the outputs' inner product from those by the Gram matrix."""
    worst = 0.0
    for n in (2, 9, 40):
        for rho, beta in ((0.0, 3.0), (0.5, 1.0), (0.9, 25.0)):
            a, out = context.layer(context.equiangular_gram(n, rho), beta)
            got = mf.equiangular(mf.SA(beta), n, rho)
            worst = max(worst, abs(got.own - a[0, 0]), abs(got.output - out[0, 1]))
    return worst


def _slopes() -> float:
    worst = 0.0
    for n in (3, 10**6, 10**12, 10**250):
        for gamma in (0.5, 2.0, 2.5):
            beta = gamma * log(n)
            u = -np.log1p(-0.5)
            printed = -context.log_slowness(log(n - 1), beta)(np.array([u]))[0]
            ours = np.log(mf.equiangular(mf.SA(beta, scale="scaled"), n, 0.5).slope / 0.5)
            worst = max(worst, abs(ours - printed) / max(1.0, abs(printed)))
    return worst


def _half(n: int, rho: float) -> float:
    return float(brentq(lambda gamma: _ratio(n, gamma, rho) - 0.5, 0.1, 4.0 / (1.0 - rho), xtol=1e-14, rtol=1e-14))


def _lean(rho: float) -> float:
    """d gamma / d (1/log n) where w is what halves the angle: w = 1/(1 + n^{1 - gamma (1 - rho)})."""
    w = context.half_way(rho)
    return float(np.log(w / (1.0 - w)) / (1.0 - rho))


def _exponents(rho: float) -> tuple[float, float]:
    """Exponents of the flow's time in n, over log n, against max(0, gamma/gamma_c - 1); and where they leave 0."""
    logs, times = np.log(10.0) * np.array([150.0, 200.0, 250.0, 300.0]), np.array([0.5, 0.8, 1.3, 1.6, 2.0])
    found = []
    for part in times:
        gamma = part / (1.0 - rho)
        t = np.array([context.log_time(L, gamma * L, rho, 0.999) for L in logs])
        found.append(np.polyfit(logs, t + (np.log(logs) if part > 1.0 else 0.0), 1)[0])
    off = np.abs(np.array(found) - np.maximum(times - 1.0, 0.0)).max()
    line = np.polyfit(times[2:] / (1.0 - rho), found[2:], 1)
    return float(off), float(-line[1] / line[0])


def _nearly(bench: Bench) -> float:
    """The part kept by x_i = rho^(1/2) e + (1 - rho)^(1/2) z_i, z_i independent in S^{d-2}: errors off the closed form.

    Others are independent given z_i, so that sum_j e^{beta <x_i, x_j>} is n - 1 times its mean with errors of its own;
    1/(1 + S) is averaged with S of that spread, which is small beside 1 (by the second moment).
    """
    n, d, rho = (1500 if bench.tier == "quick" else 6000), 200, 0.5
    beta = 1.9 * np.log(n)
    rng = np.random.default_rng(bench.rng)
    z = rng.standard_normal((n, d - 1))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    x = np.concatenate([np.full((n, 1), np.sqrt(rho)), np.sqrt(1.0 - rho) * z], axis=1)
    read = mf.Points(x).read(mf.Exponential(beta), want="Z")
    own = np.exp(beta - np.asarray(read.log) - np.log(np.asarray(read.Z)[..., 0])) / n
    spread = float(multipliers.log_multipliers(beta * (1.0 - rho), d - 1, 0)[0])
    twice = float(multipliers.log_multipliers(2.0 * beta * (1.0 - rho), d - 1, 0)[0])
    w = context.own_share(np.log(n - 1.0), beta, rho, spread)
    # 1/(1 + S) about the mean of S: its second derivative is 2 w^3
    variance = (1.0 / w - 1.0) ** 2 * np.expm1(twice - 2.0 * spread) / (n - 1.0)
    mean = w + w**3 * variance
    # pairs are shared by two tokens, so that the mean's error is at most twice that of independent ones
    error = np.sqrt(2.0) * float(own.std(ddof=1)) / np.sqrt(n)
    return abs(float(own.mean()) - mean) / error


def _draw_transition() -> Any:
    with style.axes(None) as ax:
        at = np.linspace(0.5, 1.6, 221)
        sizes = (2, 4, 8, 12)
        for i, (k, look) in enumerate(zip(sizes, style.line_styles(len(sizes)), strict=True)):
            look["markevery"] = style.sparse_marks(i, len(at), len(sizes))
            ax.plot(at, [_ratio(10**k, 2.0 * part, 0.5) for part in at], label=f"$n = 10^{{{k}}}$", **look)
        ax.axvline(1.0, color="0.45", linewidth=0.9)
        ax.set(xlabel=r"$\gamma\,(1 - \rho)$", ylabel="angle of outputs / angle of inputs")
        style.headline(ax, r"equiangular tokens, $\rho = 0.5$, $\beta = \gamma \log n$")
        ax.legend()
    return ax


# --- laws of the gaps --------------------------------------------------------------------------------------

TOP, BINS = 400, 300
"""Highest scores drawn one by one; the others are counted, in so many bins of their ranks."""
POWERS = {"gaussian": 0.5, "double": 1.0, "edge": 2.0}


@check("F43", where="2605.12697", title="critical beta (log n)^(1/2), log n, (log n)^2 by the law of the gaps")
def counting(bench: Bench) -> Verdict:
    """n = e^50, ..., e^700 independent scores of three tails: the highest by their exact order statistics (arrivals of
    a Poisson process, the same for all n and tails, so that noise cancels), the others counted; `mf.critical_beta` of
    each row.  Medians over rows grow like a power of 2 log n or 1 + log n: 1/2, 1, 2 within 2%, for what is of order
    1/log n; over the hazard rate R'(x_n) they tend to one number, the same for all: 1% at the longest.
    Above R'(x_n) one row's sum of squared weights is 1 - R'/beta in the mean (Poisson and Dirichlet): at 2 R' and 4 R'
    within 4.5 standard errors and 1/log n.  Gaps that are all g: log(n - 1) / g to rounding.  The paper is not at hand
    but for its abstract; the formulation is our own (`validation.exact.context`).
    """
    rows = 400 if bench.tier == "quick" else 4000
    logs = np.array([50.0, 100.0, 200.0, 400.0, 700.0])
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    medians: dict[str, Array] = {}
    last: list[float] = []
    for tail, power in POWERS.items():
        over = []
        for k, L in enumerate(logs):
            scores, counts = _row(tail, L, rows, np.random.default_rng(bench.rng))
            rate = context.hazard(tail, L)
            over.append(np.log(mf.critical_beta(scores, counts)) - np.log(rate))
            if k == len(logs) - 1:
                for factor in (2.0, 4.0):
                    squares = _squares(factor * rate, scores, counts)
                    off = abs(float(squares.mean()) - 1.0 + 1.0 / factor) - 1.0 / L
                    measured[f"{tail}, {factor:g} R': errors off"] = off / (squares.std() / np.sqrt(rows))
        middle = np.median(over, axis=1)
        medians[tail] = middle + np.log([context.hazard(tail, L) for L in logs])
        found = np.polyfit(np.log(2.0 * logs if tail == "gaussian" else 1.0 + logs), medians[tail], 1)[0]
        measured |= {f"{tail}: power of log n": float(found), f"{tail}: median over R'": float(np.exp(middle[-1]))}
        limits[f"{tail}: power of log n"] = (0.98 * power, 1.02 * power)
        last.append(float(middle[-1]))
    measured["medians over R', farthest apart"] = float(np.expm1(max(last) - min(last)))
    limits["medians over R', farthest apart"] = (None, 0.01)
    n = np.array([1e3, 1e6, 1e12])
    gaps = [mf.critical_beta([1.0, 0.75], [0.0, np.log(m - 1.0)]) for m in n]
    measured["gaps of 1/4: beta / (4 log(n - 1)) - 1"] = float(np.abs(gaps / (4.0 * np.log(n - 1.0)) - 1.0).max())
    limits |= {name: (None, MISSED) for name in measured if name.endswith("errors off")}
    limits["gaps of 1/4: beta / (4 log(n - 1)) - 1"] = (None, 1e-14)
    return judge(measured, limits, pictures=[bench.figure("scales", lambda: _draw_scales(logs, medians))])


def _row(tail: str, log_n: float, rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Scores (rows, TOP + BINS) of n = e^log_n draws, and the logarithms of their counts.

    The k-th highest lies where the tail is Gamma_k / n, Gamma_k the k-th arrival; ranks beyond TOP, whose arrivals are
    their ranks to TOP^{-1/2}, are counted at the middle of bins that widen with the rank.
    """
    arrivals = np.cumsum(rng.exponential(size=(rows, TOP)), axis=1)
    ranks = np.exp(np.linspace(np.log(TOP + 0.5), log_n, BINS + 1))
    middle = np.log(ranks[:-1]) + 0.5 * np.diff(np.log(ranks))
    rest = np.broadcast_to(middle, (rows, BINS))
    log_ranks = np.concatenate([np.log(arrivals), rest + np.log(arrivals[:, -1:] / TOP)], axis=1)
    counts = np.concatenate([np.zeros(TOP), np.log(np.diff(ranks))])
    return context.score(tail, np.maximum(log_n - log_ranks, 0.0)), counts


def _squares(beta: float, scores: Array, counts: Array) -> Array:
    """Sum of squared weights of every row."""
    s = beta * (scores - scores[:, :1])
    return np.asarray(np.exp(2.0 * s + counts).sum(axis=1) / np.exp(s + counts).sum(axis=1) ** 2)


def _draw_scales(logs: Array, medians: dict[str, Array]) -> Any:
    names = {"gaussian": r"$e^{-x^2/2}$", "double": r"$e^{1 - e^x}$", "edge": r"$e^{1 - 1/g}$, gap $g$ to an edge"}
    with style.axes(None) as ax:
        for (tail, values), look in zip(medians.items(), style.line_styles(len(medians)), strict=True):
            ax.loglog(logs, np.exp(values), label=f"tail {names[tail]}", **look)
            ax.loglog(logs, [context.hazard(tail, float(L)) for L in logs], color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel=r"$\log n$", ylabel=r"critical $\beta$ (median)")
        style.headline(ax, r"the largest score holds half; grey: hazard rate where the tail is $1/n$")
        ax.legend()
    return ax


# --- uniform keys ------------------------------------------------------------------------------------------


@check("F10", where="2605.08505", title="uniform keys: beta* ~ n^(2/(d-1)); below it a backward heat step")
def uniform_keys(bench: Bench) -> Verdict:
    """One query among n uniform keys of S^{d-1}, d = 2, 3, 5, n = e^10, ..., e^28: gaps 1 - <q, y> by their exact order
    statistics (arrivals of a Poisson process, the same for all n, so that noise cancels), far ones counted.  Medians
    of `mf.critical_beta` grow like n^{2/(d-1)}: 1%; over n^{2/(d-1)} C^{2/(d-1)}, C gap^{(d-1)/2} a small cap's part,
    they are one number at every n (5%).  Of n = 2000 keys drawn one by one the median is the same within 4.5 standard
    errors.

    Far below, for a density rho on the circle, the output moves a query by grad log rho / beta + O(beta^-2): the error
    falls at order 2 from beta = 100 to 400.  So a layer with the identity for values multiplies mode k of a small
    ripple by 1 + k^2/beta + O(beta^-2), a step of 1/beta backwards by the heat equation: order 2 too.
    """
    rows = 120 if bench.tier == "quick" else 2000
    logs = np.array([10.0, 16.0, 22.0, 28.0])
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for d in (2, 3, 5):
        want = 2.0 / (d - 1)
        middle = [_median(_keys(d, L, rows, bench.rng)) for L in logs]
        constant = np.array(middle) - want * (logs + np.log(context.cap(1.0, d)))
        measured |= {
            f"power of n, d = {d}": float(np.polyfit(logs, middle, 1)[0]),
            f"constant's spread, d = {d}": float(np.ptp(constant)),
            f"constant, d = {d}": float(np.exp(constant[-1])),
            f"drawn one by one, d = {d}: errors off": _drawn(d, rows, bench.rng),
        }
        limits |= {
            f"power of n, d = {d}": (0.99 * want, 1.01 * want), f"constant's spread, d = {d}": (None, 0.05),
            f"drawn one by one, d = {d}: errors off": (None, MISSED),
        }  # fmt: skip
    heat, ripple = _backwards()
    measured |= {"order of the output's error": heat, "order of the ripple's error": ripple}
    limits |= {"order of the output's error": (1.9, 2.1), "order of the ripple's error": (1.9, 2.1)}
    return judge(measured, limits)


def _median(row: tuple[Array, Array]) -> float:
    return float(np.median(np.log(mf.critical_beta(*row))))


def _drawn(d: int, rows: int, rng: int) -> float:
    """The median of log beta* of n = 2000 keys drawn one by one, less that by order statistics, in standard errors."""
    n, some = 2000, rows
    keys = pt.uniform(some * n, d, rng=np.random.default_rng([rng, d]))
    beta = np.log(mf.critical_beta(keys[:, 0].reshape(some, n)))
    error = 1.2533 * float(np.std(beta)) / np.sqrt(some)
    counted = np.log(mf.critical_beta(*_keys(d, np.log(n), 2 * rows, rng)))
    both = np.hypot(error, 1.2533 * float(np.std(counted)) / np.sqrt(len(counted)))
    return abs(float(np.median(beta) - np.median(counted))) / float(both)


def _keys(d: int, log_n: float, rows: int, rng: int) -> tuple[Array, Array]:
    """Scores <q, y> - 1 of n = e^log_n uniform keys, and their counts, as in `_row`.

    (1 - <q, y>) / 2 has the law Beta((d-1)/2, (d-1)/2), whose quantile is asked at Gamma_k / n.
    """
    arrivals = np.cumsum(np.random.default_rng(rng).exponential(size=(rows, TOP)), axis=1)
    ranks = np.exp(np.linspace(np.log(TOP + 0.5), log_n, BINS + 1))
    middle = np.sqrt(ranks[:-1] * ranks[1:])
    many = np.concatenate([arrivals, middle * arrivals[:, -1:] / TOP], axis=1)
    half = 0.5 * (d - 1)
    gaps = 2.0 * betaincinv(half, half, np.minimum(many * np.exp(-log_n), 1.0))
    return -gaps, np.concatenate([np.zeros(TOP), np.log(np.diff(ranks))])


def _backwards() -> tuple[float, float]:
    """Orders in 1/beta of the output's and of the ripple's error, from beta = 100, 200 and 400."""
    theta = 2.0 * np.pi * np.arange(24) / 24
    betas = np.array([100.0, 200.0, 400.0])
    rho = mf.Circle(512).density(lambda q: np.exp(0.5 * np.cos(q) + 0.3 * np.sin(2.0 * q)))
    drift = -0.5 * np.sin(theta) + 0.6 * np.cos(2.0 * theta)
    x = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    turned = np.stack([-np.sin(theta), np.cos(theta)], axis=1)
    output, ripple = [], []
    for beta in betas:
        v = np.asarray(mf.SA(beta, scale="relative").velocity(0.0, x, rho))
        output.append(float(np.abs(beta * np.sum(v * turned, axis=1) - drift).max()))
        rates = mf.growth_rates(mf.SA(beta), 2, 3)
        ripple.append(float(np.abs(rates[1:] - np.arange(1, 4) ** 2 / beta).max() * beta))
    return tuple(1.0 - float(np.polyfit(np.log(betas), np.log(e), 1)[0]) for e in (output, ripple))  # type: ignore[return-value]
