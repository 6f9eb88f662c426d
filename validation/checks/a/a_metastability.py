"""A, Problem 1: how long clusters last when beta is large, and until when there is more than one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation import rates
from validation.checks._tools import scattered
from validation.checks._waits import Wait, fit, late_tree, until_one, waits
from validation.exact import diracs
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

NEAR = 1e-3
"""Two clusters at this distance are one."""

# --- two Diracs --------------------------------------------------------------------------------------------

PAIRS = (("SA", mf.SA, 0.5), ("SA", mf.SA, 0.2), ("USA", mf.USA, 0.5))
ANGLES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
BETAS = (4.0, 9.0, 16.0, 28.0, 40.0, 52.0, 64.0)
SOME_ANGLES, SOME_BETAS = (1.5, 2.5), (16.0, 40.0, 64.0)
"""The same, quickly."""


def _log_life(law: mf.SA | mf.USA, alpha: float, m1: float) -> float:
    """log of the time after which two Diracs, alpha apart, are NEAR, by `longtime`."""
    end = 2.0 * law.beta + 20.0
    run = pt.longtime(law, [0.0, alpha], [m1, 1.0 - m1], log_t_end=end, merge_gap=NEAR, log_t_eval=[0.0])
    return float(run.merges[0].log_t)


def _law_of_two(kind: str, beta: float, alpha: float, m1: float) -> float:
    """log T for large beta; see `two_diracs`."""
    s, c = np.sin(alpha) ** 2, 2.0 * np.cos(alpha)
    masses = m1 / (1.0 - m1) + (1.0 - m1) / m1 if kind == "SA" else 1.0
    series = 1.0 + c / (beta * s) + (2.0 / s + 2.0 * (c / s) ** 2) / beta**2
    return float(beta * ((kind == "SA") - np.cos(alpha)) - np.log(beta * s * masses) + np.log(series))


@check("A43.diracs", where="A Problem 1", title="two Diracs wait e^{beta(1 - cos alpha)}, times what theory says")
def two_diracs(bench: Bench) -> Verdict:
    """Lifetime of two Diracs alpha apart, beta = 4..64, alpha = 0.5..3 (quick: three betas from 16, alpha = 1.5 and
    2.5), SA (equal masses; 0.2) and USA, by `longtime`.

    Against the integral in closed form: log T to 1e-9.  In u = 1 - cos of the angle, SA's T is the integral of
    e^{beta u} / (u (2 - u)) du over m1/m2 + m2/m1, but for e^{-beta u}; by parts, with
    S = sin^2 alpha and C = 2 cos alpha,

        T = e^{beta (1 - cos alpha)} / (beta S (m1/m2 + m2/m1)) (1 + C/(beta S) + (2/S + 2 C^2/S^2)/beta^2 + ...),

    alpha the largest angle, that at the start; USA's is e^{-beta} of it without the masses.  At alpha = 1.5, 2, 2.5 (at
    3 sin alpha is too small for it): log T at beta = 64 to 4e-3, twice the next order at 2.5, 6 (C/S)^3 / beta^3; the
    slope of log(beta T) over beta = 16..64 to 1e-2 of 1 - cos alpha (USA: -cos alpha), the slope of C/(beta S) at 20.
    """
    exact, series, off = 0.0, 0.0, 0.0
    measured: dict[str, float] = {}
    angles, beta = (SOME_ANGLES, np.array(SOME_BETAS)) if bench.tier == "quick" else (ANGLES, np.array(BETAS))
    late = beta >= 16.0
    lines: dict[str, Array] = {}
    for kind, make, m1 in PAIRS:
        for alpha in angles:
            log_t = np.array([_log_life(make(b), alpha, m1) for b in beta])
            told = [diracs.log_merge_time(alpha, NEAR, b, kind, m1) for b in beta]
            exact = max(exact, float(np.abs(log_t - told).max()))
            if kind == "SA" and m1 == 0.5:
                lines[rf"$\alpha = {alpha:g}$"] = log_t
            if alpha not in (1.5, 2.0, 2.5):
                continue
            series = max(series, abs(float(log_t[-1]) - _law_of_two(kind, beta[-1], alpha, m1)))
            line = rates.slope(np.exp(beta[late]), beta[late] * np.exp(log_t[late]))
            limit = (kind == "SA") - np.cos(alpha)
            off = max(off, abs(line.slope - limit))
            if m1 == 0.5:
                name = f"{kind}, alpha = {alpha:g}: slope of log(beta T)"
                measured |= {name: line.slope, f"{name}, half its interval": line.high - line.slope}
                measured[f"{kind}, alpha = {alpha:g}: the limit"] = limit
    measured = {"log T - closed form": exact, "log T - series": series, "slope - limit": off} | measured
    limits: Limits = {
        "log T - closed form": (None, 1e-9),
        "log T - series": (None, 4e-3),
        "slope - limit": (None, 1e-2),
    }
    picture = bench.figure("two", lambda: _lines(beta, lines, "SA, two equal Diracs at distance $\\alpha$"))
    return judge(measured, limits, pictures=[picture])


def _lines(beta: Array, lines: dict[str, Array], title: str) -> Any:
    with style.axes() as ax:
        for (name, log_t), look in zip(lines.items(), style.line_styles(len(lines)), strict=True):
            ax.plot(beta, log_t, label=name, **look)
        ax.set(xlabel=r"$\beta$", ylabel=r"lifetime, $\ln T$", title=title)
        legends.legend(ax)
    return ax


# --- stars -------------------------------------------------------------------------------------------------


def _star_life(beta: float, m: int, mode: int, size: float) -> float:
    """log of the time to the first merger of m equal clusters, equally spaced but for size cos(2 pi mode j / m)."""
    at = 2.0 * np.pi * np.arange(m) / m + size * np.cos(2.0 * np.pi * mode * np.arange(m) / m)
    end = diracs.log_merge_time(2.0 * np.pi / m, NEAR, beta) + 5.0
    run = pt.longtime(mf.SA(beta), at, log_t_end=end, merge_gap=NEAR, log_t_eval=[0.0], rtol=1e-10)
    return float(run.merges[0].log_t)


@check("A43.stars", where="A Problem 1", title="m equal clusters, equally spaced, live as long as their rates say")
def stars(bench: Bench) -> Verdict:
    """Lifetimes of m = 3..6 clusters pushed off balance by 1e-5 and 1e-6 in their fastest mode, SA, beta = 9..64
    (quick: m = 3 and 4, beta = 16, 32, 64).

    A push ten times smaller lives log(10) / s longer, s = `star_rates` (which is against its closed form): 1e-3
    relative, a hundred times the larger push.  s = beta sin^2(2 pi/m) e^{-beta (1 - cos(2 pi/m))} times a number of m,
    to first order in 1/beta, so that log(beta T) over beta = 16..64 has the slope 1 - cos(2 pi / m): 0.03, the next
    order's cot / (beta sin) at the lower end, and what the push changes in the smallest gap.
    """
    few = bench.tier == "quick"
    beta = np.array([16.0, 32.0, 64.0] if few else [9.0, 16.0, 32.0, 48.0, 64.0])
    late, apart, closed, off = beta >= 16.0, 0.0, 0.0, 0.0
    measured: dict[str, float] = {}
    lines: dict[str, Array] = {}
    for m in (3, 4) if few else (3, 4, 5, 6):
        log_t = np.empty((2, len(beta)))
        for i, b in enumerate(beta):
            s = mf.star_rates(mf.SA(b), m)
            top = int(np.argmax(s))
            closed = max(closed, float(np.abs(s - diracs.star_rates(m, b)).max() / s[top]))
            log_t[:, i] = [_star_life(b, m, top, size) for size in (1e-5, 1e-6)]
            more = log_t[1, i] + np.log(-np.expm1(log_t[0, i] - log_t[1, i]))
            apart = max(apart, abs(float(np.expm1(more - np.log(np.log(10.0) / s[top])))))
        line = rates.slope(np.exp(beta[late]), beta[late] * np.exp(log_t[1, late]))
        lines[f"$m = {m}$"] = log_t[1]
        off = max(off, abs(line.slope - 1.0 + np.cos(2.0 * np.pi / m)))
        measured[f"m = {m}: slope of log(beta T)"] = line.slope
        measured[f"m = {m}: half its interval"] = line.high - line.slope
        measured[f"m = {m}: 1 - cos(2 pi / m)"] = 1.0 - np.cos(2.0 * np.pi / m)
    measured = {"a tenth of the push, relative": apart, "rates - closed form": closed, "slope - limit": off} | measured
    limits: Limits = {
        "a tenth of the push, relative": (None, 1e-3),
        "rates - closed form": (None, 1e-12),
        "slope - limit": (None, 0.03),
    }
    picture = bench.figure("stars", lambda: _lines(beta, lines, "SA, $m$ equal clusters, pushed by $10^{-6}$"))
    return judge(measured, limits, pictures=[picture])


# --- random tokens -----------------------------------------------------------------------------------------

TOKENS = 200
COARSE = (4.0, 9.0, 16.0, 25.0, 36.0)
FULL = (4.0, 9.0, 16.0, 20.0, 25.0, 30.0, 36.0, 42.0, 49.0, 56.0, 64.0)


class Life(NamedTuple):
    """One cloud, from its tokens to one cluster."""

    beta: float
    theta: Array
    early: Any
    late: pt.LongTime
    waits: list[Wait]


def life_of(beta: float, theta: Array, rtol: float = 1e-9) -> Life:
    """From tokens at these angles."""
    early, late = until_one(beta, theta, rtol=rtol)
    return Life(beta, theta, early, late, waits(late))


def _finer(lives: list[Life]) -> float:
    """Change of the last three mergers' log T if points and clusters merge at ten times smaller distances.

    The largest of each cloud's three; of several clouds the median.  A cluster that is nearly in balance between two
    falls the later the nearer it is, and then little tells: the change is above x in a share 5e-6 / x of clouds, above
    1e-3 in one of two hundred; in four of seven once in 5e7.
    """
    changes = []
    for life in lives:
        other = until_one(life.beta, life.theta, 1e-6, 1e-4)[1]
        pairs = zip(life.late.merges[-3:], other.merges[-3:], strict=True)
        changes.append(max(abs(a.log_t - b.log_t) for a, b in pairs))
    return float(np.median(changes))


def lasted(clouds: list[list[Life]], m: int, least: float) -> list[tuple[Array, Array]]:
    """For every cloud the betas, from the least on, and the logs of the times for which there were m clusters."""
    rows = [[(x.beta, w) for x in row if x.beta >= least for w in x.waits if w.clusters == m] for row in clouds]
    return [(np.array([b for b, _ in row]), np.array([w.log_wait for _, w in row])) for row in rows]


@check(
    "A43",
    where="A Problem 1",
    title="metastability: few clusters for a time exponential in beta",
    covers=("A43", "S05"),
)
def random_tokens(bench: Bench) -> Verdict:
    """SA from 200 uniform tokens on the circle until all are one: the same 40 clouds at beta = 4..64.  (Quick: two
    clouds of 64 that are given, `scattered`, beta = 4..25; nothing is left to chance, and in the place of an
    interval there are the two slopes.)

    At t = 30 nine of ten clusters are no wider than 1e-2 (the others are two that are meeting).  From there every
    stretch of time with m <= 5 clusters is compared with the greedy model, in which the quickest two meet as if alone:
    for m = 2 that is exact (log T to 1e-6, the tolerances); with more, 95% of the log T above log 30 are within 10% of
    it.  Distances at which points and clusters are taken for one ten times smaller (seven clouds, the largest beta):
    log T to 1e-3, the median of them.  (Quick: of one, beta = 16.)

    Lifetimes of 2 clusters (of 3, from beta = 9) over beta, one line for each cloud: log T has a mean slope whose 95%
    interval (over clouds) is above 0, not all of it above 2 (no two are more than pi apart); and T is exponential
    rather than a power of beta, the scatter about lines in beta being the smaller.  (For 3 clusters few clouds do not
    tell: of 5 the ratio is above 1 in one case of fifty, of 40 it is 0.4 and never above 0.6.)
    """
    quick, rng = bench.tier == "quick", np.random.default_rng(bench.rng)
    if quick:
        clouds = [[life_of(b, scattered(64, p), 1e-7) for b in COARSE[:-1]] for p in (2, 5)]
    else:
        tokens = [pt.uniform_angles(TOKENS, rng) for _ in range(40)]
        clouds = [[life_of(b, theta) for b in FULL] for theta in tokens]
    lives = [life for row in clouds for life in row]
    found = [(life.beta, w) for life in lives for w in life.waits]
    wide = np.concatenate([mf.clusters(life.early.measures[-1]).widths for life in lives])
    pairs = np.array([abs(w.log_wait - w.log_pair) for _, w in found if w.clusters == 2])
    more = np.array([w.log_wait / w.log_pair - 1.0 for _, w in found if w.clusters > 2 and w.log_pair > np.log(30.0)])
    measured: dict[str, float] = {
        "share of clusters that are narrow at t = 30": float((wide <= 1e-2).mean()),
        "most clusters at t = 30": max(len(np.unique(life.late.labels[0])) for life in lives),
        "finer distances: change of log T": _finer([clouds[-1][2]] if quick else [row[-1] for row in clouds[:7]]),
        "two clusters: log T - two Diracs'": pairs.max(),
        "more: log T / greedy model's - 1, largest": float(np.abs(more).max()),
        "more: share within 10%": float((np.abs(more) < 0.1).mean()),
        "more: stretches": len(more),
    }
    limits: Limits = {
        "share of clusters that are narrow at t = 30": (0.9, None),
        "finer distances: change of log T": (None, 1e-3),
        "two clusters: log T - two Diracs'": (None, 1e-6),
        "more: share within 10%": (0.95, None),
    }
    times = {2: lasted(clouds, 2, 4.0), 3: lasted(clouds, 3, 9.0)}
    n = len(lives[0].theta)
    for m, rows in times.items():
        line, name = fit(rows), f"{m} clusters: d log T / d beta"
        measured |= {name: line.slope, f"{name}, low": line.low, f"{name}, high": line.high}
        power = fit([(np.log(b), log_t) for b, log_t in rows])
        measured[f"{m} clusters: scatter, over a power's"] = line.scatter / power.scatter
        limits = {**limits, f"{name}, low": (1e-6, 2.0), f"{m} clusters: scatter, over a power's": (None, 1.0)}
    pictures = [
        bench.figure("lifetimes", lambda: _cloud(times, n)),
        bench.figure("merge_tree", lambda: late_tree(lives[-1].late).plot()),
    ]
    return judge(measured, limits, pictures=pictures)


def _cloud(lasted: dict[int, list[tuple[Array, Array]]], n: int) -> Any:
    """Every lifetime of n tokens' clusters as a point, and the exponential fits."""
    with style.axes() as ax:
        for (m, rows), look in zip(lasted.items(), style.line_styles(len(lasted)), strict=True):
            line, colour = fit(rows), look["color"]
            beta, log_t = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
            ax.plot(beta, log_t, look["marker"], color=colour, markersize=3.0, alpha=0.5)
            label = rf"{m} clusters: $e^{{{line.slope:.2f} \beta}}$ [{line.low:.2f}, {line.high:.2f}]"
            ends = np.array([beta.min(), beta.max()])
            mean = line.log_t + line.slope * (ends - line.x)
            ax.plot(ends, mean, color=colour, linestyle=look["linestyle"], label=label)
        ax.set(xlabel=r"$\beta$", ylabel=r"lifetime, $\ln T$", title=f"SA, {n} uniform tokens on the circle")
        legends.legend(ax)
    return ax
