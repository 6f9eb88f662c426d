"""C, section 5: until when there is more than one cluster, under a causal mask and without."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.checks._tools import scattered, velocity
from validation.checks._waits import FORMED, fit, until_one
from validation.exact import double_loop
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

NEAR = 1e-3
"""Clusters at this distance are one."""
TOKENS = 64
COARSE = (4.0, 9.0, 16.0, 25.0, 36.0)
FULL = (4.0, 9.0, 16.0, 20.0, 25.0, 30.0, 36.0, 42.0, 49.0, 56.0, 64.0)


def pulled(beta: float, theta: Array, seen: Array) -> Array:
    """Angular velocities of angles (n,) that see seen[k, j] tokens at the place of j."""
    apart = theta[None, :] - theta[:, None]
    share = seen * np.exp(-2.0 * beta * np.sin(0.5 * apart) ** 2)
    return np.asarray(np.sum(share * np.sin(apart), axis=1) / np.sum(share, axis=1))


def leaders(theta: Array) -> tuple[Array, Array]:
    """Places of clusters, each that of its first token, and how many tokens of each those first tokens see."""
    first: list[int] = []
    cluster = np.empty(len(theta), dtype=int)
    for k, x in enumerate(theta):
        near = [a for a, i in enumerate(first) if abs(2.0 * np.sin(0.5 * (x - theta[i]))) <= NEAR]
        cluster[k] = near[0] if near else len(first)
        if not near:
            first.append(k)
    seen = np.array([np.bincount(cluster[: k + 1], minlength=len(first)) for k in first], dtype=float)
    return theta[first], seen


def until_one_masked(beta: float, tokens: list[Array]) -> Array:
    """log of the times at which clouds of tokens under a causal mask, (n,) angles each, are one cluster.

    To t = 30 as tokens, all clouds side by side.  Then as clusters: nobody's velocity depends on later tokens, and a
    cluster's later tokens follow its first, which moves as the tokens before it make it, a few units of time behind.
    State log t and the places, over a clock s that grows with log t and with the way gone: d log t / ds = 1 / (1 + t R)
    and dx/ds = t v / (1 + t R), with R = sum |v|.
    """
    law = mf.Causal(mf.SA(beta))
    early = pt.simulate(law, np.stack(tokens), (0.0, FORMED), [FORMED], angles=True, rtol=1e-7, atol=1e-9)
    return np.array([_led(beta, theta) for theta in early.theta[-1]])


def _led(beta: float, theta: Array) -> float:
    """log of the time at which tokens that are at these angles at t = 30 are one cluster."""
    x, seen = leaders(theta)
    log_t = np.log(FORMED)
    while len(x) > 1:
        pairs = np.triu_indices(len(x), 1)

        def rhs(s: float, y: Array, seen: Array = seen) -> Array:
            v = pulled(beta, y[1:], seen) * np.exp(y[0])
            return np.append(1.0, v) / (1.0 + np.abs(v).sum())

        def met(s: float, y: Array, pairs: Any = pairs) -> float:
            apart = y[1:][pairs[1]] - y[1:][pairs[0]]
            return float(np.abs(2.0 * np.sin(0.5 * apart)).min() / NEAR - 1.0)

        met.terminal = True  # type: ignore[attr-defined]
        run = solve_ivp(rhs, (0.0, 1e4), np.append(log_t, x), "LSODA", events=met, rtol=1e-7, atol=1e-8)
        if run.status != 1:
            raise ArithmeticError(f"beta = {beta}: clusters did not meet: {run.message}")
        log_t, x = float(run.y[0, -1]), run.y[1:, -1]
        gaps = np.abs(2.0 * np.sin(0.5 * (x[pairs[1]] - x[pairs[0]])))
        a, b = (int(side[np.argmin(gaps)]) for side in pairs)
        # the earlier leads on; what was the later one's mass is now at its place
        seen[:, a] += seen[:, b]
        x, seen = np.delete(x, b), np.delete(np.delete(seen, b, axis=0), b, axis=1)
    return log_t


def until_one_unmasked(beta: float, tokens: list[Array]) -> Array:
    """The same where everybody sees all."""
    runs = [until_one(beta, theta)[1] for theta in tokens]
    return np.array([run.merges[-1].log_t if run.merges else np.log(FORMED) for run in runs])


def _by_tokens(beta: float, theta: Array, end: float) -> float:
    """The same by tokens alone: log of the time at which the last is within NEAR of the first."""
    t = np.exp(np.linspace(np.log(FORMED), np.log(end), 201))
    run = pt.simulate(mf.Causal(mf.SA(beta)), theta, (0.0, 1.01 * end), t, rtol=1e-9, atol=1e-12)
    apart = np.abs(2.0 * np.sin(0.5 * (run.x - run.x[:, :1]))).max(axis=1)
    last = int(np.flatnonzero(apart > NEAR)[-1])
    here, there = np.log(apart[last : last + 2])
    share = (here - np.log(NEAR)) / (here - there)
    return float(np.log(t[last]) + share * (np.log(t[last + 1]) - np.log(t[last])))


def _against_tokens(clouds: int, apart: float, rng: Any) -> tuple[float, float]:
    """Largest difference of T by tokens and by clusters, and the largest T, for clouds in two halves so far apart."""
    differences, times = [], []
    for _ in range(clouds):
        theta = np.repeat([0.0, apart], 12) + 0.2 * rng.uniform(-1.0, 1.0, 24)
        times.append(np.exp(until_one_masked(4.0, [theta])[0]))
        differences.append(abs(np.exp(_by_tokens(4.0, theta, times[-1] + 30.0)) - times[-1]))
    return float(max(differences)), float(max(times))


def _mask(theta: Array) -> dict[str, float]:
    """Whether tokens see those before them and no others: by the printed loop, and by leaving the later ones out."""
    law, rows, one = mf.Causal(mf.SA(9.0)), geometry.to_rows(theta), np.eye(2)
    printed = double_loop.general_velocity("SA", rows, 9.0, one, one, one, causal=True)
    alone, among = (pt.simulate(law, x, (0.0, 3.0), [3.0]).theta[-1, :16] for x in (theta[:16], theta))
    return {
        "velocity - printed": float(np.abs(velocity(law, mf.Points(rows)) - printed).max()),
        "the first 16 alone - among all": float(np.abs(alone - among).max()),
    }


def _clouds(bench: Bench, rng: Any) -> tuple[tuple[float, ...], list[Array]]:
    """At which beta, and which clouds."""
    if bench.tier == "quick":
        return COARSE[:-1], [scattered(32, p) for p in (2, 5)]
    return FULL, [pt.uniform_angles(TOKENS, rng) for _ in range(40)]


# --- the end -----------------------------------------------------------------------------------------------


@check("C19", where="C 5", title="causal mask: all are one only after exp(Omega(sqrt beta))")
def final_collapse(bench: Bench) -> Verdict:
    """Time T to one cluster under a causal mask, 64 uniform tokens on the circle: the same 40 clouds at beta = 4..64
    (quick: two of 32 that are given, `scattered`, beta = 4..25, and the two slopes in the place of an interval).  A
    cloud that is one cluster by t = 30 counts as T = 30, which can but flatten the lines.

    The claim is a lower bound, T >= e^{c sqrt(beta)}.  Any power of beta rises with sqrt(beta) as well, so that a slope
    says nothing alone: the 95% interval (over clouds) of the slope of log T in sqrt(beta) is above 0, and the scatter
    about each cloud's own line in sqrt(beta) is less than 0.8 of that about lines in log(beta), of powers.  (It is
    half in every cloud; a power has no scatter about the latter, and log(beta) bends away from both.)  The same
    scatter about lines in beta is reported, over that in sqrt(beta): T is exponential in beta itself, which is more
    than the claim (the last two clusters are a fixed angle apart, and wait e^{beta (1 - cos)}; which angle is the
    cloud's chance).

    The mask: velocities are those of the printed loop (CSA), 1e-13; and the first tokens of a cloud, run alone, go as
    they go among the others, which sees whoever looks at later ones: 1e-7, a tolerance of 1e-9 times what a flow of t =
    3 adds.  T is by clusters (`until_one_masked`); by tokens alone, 12 about 0 and then 12 about 2.9 (quick: 2.5) at
    beta = 4, it is the same within 10 of some hundred units of time (it would be 12 times as long if a leader saw one
    token a cluster).
    """
    rng = np.random.default_rng(bench.rng)
    beta, tokens = _clouds(bench, rng)
    log_t = np.array([until_one_masked(b, tokens) for b in beta])
    worst, longest = _against_tokens(*((1, 2.5) if bench.tier == "quick" else (4, 2.9)), rng)
    measured, limits = _fits(np.array(beta), log_t)
    measured |= {"T by tokens - by clusters": worst, "of T, the longest": longest} | _mask(tokens[0])
    limits = {**limits, "T by tokens - by clusters": (None, 10.0)}
    limits |= {"velocity - printed": (None, 1e-13), "the first 16 alone - among all": (None, 1e-7)}
    picture = bench.figure("ends", lambda: _points(np.array(beta), log_t, len(tokens[0]), "causal mask"))
    return judge(measured, limits, pictures=[picture])


@check("C19.unmasked", where="C 5", title="the same without a mask", covers=())
def final_collapse_unmasked(bench: Bench) -> Verdict:
    """As C19 for SA, where everybody sees all, by `longtime`."""
    beta, tokens = _clouds(bench, np.random.default_rng(bench.rng))
    log_t = np.array([until_one_unmasked(b, tokens) for b in beta])
    picture = bench.figure("ends", lambda: _points(np.array(beta), log_t, len(tokens[0]), "no mask"))
    return judge(*_fits(np.array(beta), log_t), pictures=[picture])


def _fits(beta: Array, log_t: Array) -> tuple[dict[str, float], Limits]:
    """What is said of logarithms (beta, cloud) of times to one cluster, and its limit."""
    measured: dict[str, float] = {"one cluster by t = 30": int(np.sum(log_t <= np.log(FORMED)))}
    least, scatter = log_t.min(axis=1), {}
    for name, x in (("log(beta)", np.log(beta)), ("sqrt(beta)", np.sqrt(beta)), ("beta", beta)):
        line, rate = fit([(x, row) for row in log_t.T]), f"d log T / d {name}"
        scatter[name] = line.scatter
        measured |= {rate: line.slope, f"{rate}, low": line.low, f"{rate}, high": line.high}
        measured |= {f"scatter about lines in {name}": line.scatter, f"least log T / {name}": float((least / x).min())}
    measured["scatter in sqrt(beta), over a power's"] = scatter["sqrt(beta)"] / scatter["log(beta)"]
    measured["scatter in beta, over that in sqrt(beta)"] = scatter["beta"] / scatter["sqrt(beta)"]
    limits: Limits = {"d log T / d sqrt(beta), low": (1e-6, None)}
    return measured, {**limits, "scatter in sqrt(beta), over a power's": (None, 0.8)}


def _points(beta: Array, log_t: Array, n: int, name: str) -> Any:
    """Every T as a point, and the mean of the lines in beta and in its root."""
    fine = np.linspace(beta[0], beta[-1], 200)
    fits = ((beta, fine, r"\beta"), (np.sqrt(beta), np.sqrt(fine), r"\sqrt{\beta}"))
    with style.axes() as ax:
        ax.plot(np.repeat(beta, log_t.shape[1]), log_t.ravel(), "o", color="0.55", markersize=2.6)
        for (x, at, label), look in zip(fits, style.line_styles(2), strict=True):
            line = fit([(x, row) for row in log_t.T])
            caption = rf"$e^{{{line.slope:.2f} {label}}}$ [{line.low:.2f}, {line.high:.2f}]"
            mean = line.log_t + line.slope * (at - line.x)
            ax.plot(fine, mean, color=look["color"], linestyle=look["linestyle"], label=caption)
        title = f"{n} uniform tokens on the circle, {name}"
        ax.set(xlabel=r"$\beta$", ylabel=r"time to one cluster, $\ln T$", title=title)
        legends.legend(ax)
    return ax
