"""C, sections 1, 4 and 5: how many clusters wait, as a power of beta, with a mask and without."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

RANGES = {1: (9.0, 144.0), 2: (16.0, 64.0, 144.0), 3: (9.0, 16.0, 49.0)}
"""beta by the dimension in which tokens gather."""
ROOM = {1: 0.15, 2: 0.2, 3: 0.35}
"""About (d - 1)/2: 4.5 standard errors of six clouds' slope (0.03, 0.06), and what few clusters bend the line."""


def _waiting(x: Array, beta: float) -> int:
    """Clusters of one cloud (n, d): groups whose tokens are linked by steps of a quarter of beta^{-1/2}."""
    return len(mf.clusters(mf.Points(x), 0.25 / np.sqrt(beta), floor=0.0).masses)


def _ends(law: mf.Law, clouds: int, n: int, d: int, end: float, rng: Any) -> Array:
    """(clouds, n, d) uniform clouds, side by side, at the end."""
    x = pt.uniform(clouds * n, d, rng).reshape(clouds, n, d)
    return np.asarray(pt.simulate(law, x, (0.0, end), [end], rtol=1e-4, atol=1e-6).rows[-1])


def _fits(counts: dict[int, Array]) -> tuple[dict[str, float], Limits]:
    """Slopes of the mean number in log beta, by dimension, and limits about (d - 1) / 2."""
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for d, found in counts.items():
        mean, name = found.mean(axis=1), f"power of beta, d = {d}"
        measured |= {f"clusters, d = {d}, beta = {b:g}": float(m) for b, m in zip(RANGES[d], mean, strict=True)}
        measured[name] = float(np.polyfit(np.log(RANGES[d]), np.log(mean), 1)[0])
        limits[name] = (0.5 * (d - 1) - ROOM[d], 0.5 * (d - 1) + ROOM[d])
    return measured, limits


def _drawn(counts: dict[int, Array], title: str) -> Any:
    """Numbers of clusters over beta, and lines of slope (d - 1) / 2."""
    with style.axes() as ax:
        for (d, found), look in zip(counts.items(), style.line_styles(len(counts)), strict=True):
            beta, mean = np.array(RANGES[d]), found.mean(axis=1)
            line = np.exp(np.log(mean).mean()) * (beta / np.exp(np.log(beta).mean())) ** (0.5 * (d - 1))
            ax.plot(beta, mean, look["marker"], color=look["color"], label=f"mean, d = {d}")
            power = rf"$\beta^{{{0.5 * (d - 1):g}}}$"
            ax.plot(beta, line, color=look["color"], linestyle=look["linestyle"], label=power)
        ax.set(xscale="log", yscale="log", xlabel=r"$\beta$", ylabel="clusters", title=title)
        legends.legend(ax)
    return ax


@check("C09", where="C 4, 5", title="values V reduce the dimension: clusters ~ beta^{(d_1 - 1)/2}, d_1 = dim L")
def reduced(bench: Bench) -> Verdict:
    """V the identity on L, of dimension d_1 = 1, 2, 3, and 0 across it, in R^4; Q = K = I, causal; 6 clouds (full: 20)
    of 60 uniform tokens (full: 600) to t = 25.  Tokens come to L: the largest distance is below 0.05 (1e-3 at d_1 = 2,
    3, where tokens hold each other there).  Clusters that wait (linked by steps of a quarter of beta^{-1/2}) are as
    many as a power (d_1 - 1) / 2 of beta: within 0.15, 0.2 and 0.35 of it, while d = 4 would say 3/2; at d_1 = 1 they
    are two, at the ends of L.
    """
    rng = np.random.default_rng(bench.rng)
    clouds, n = (6, 60) if bench.tier == "quick" else (20, 600)
    counts, off = {}, {}
    for d, betas in RANGES.items():
        V, found, far = np.diag([1.0] * d + [0.0] * (4 - d)), [], 0.0
        for beta in betas:
            rows = _ends(mf.Causal(mf.SA(beta, V=V)), clouds, n, 4, 25.0, rng)
            found.append([_waiting(one, beta) for one in rows])
            far = max(far, float(np.linalg.norm(rows[..., d:], axis=-1).max()))
        counts[d], off[f"farthest from L, d = {d}"] = np.array(found, dtype=float), far
    measured, limits = _fits(counts)
    limits = {**limits, "farthest from L, d = 1": (None, 0.05), "clusters, d = 1, beta = 144": (2.0, 2.0)}
    limits |= {f"farthest from L, d = {d}": (None, 1e-3) for d in (2, 3)}
    title = f"causal, $V$ the identity on $d$ of 4 dimensions, n = {n}, t = 25"
    return judge(measured | off, limits, pictures=[bench.figure("powers", lambda: _drawn(counts, title))])


@check("C33", where="C 1, 5", title="full attention: clusters ~ beta^{(d - 1)/2} at d = 2, 3")
def unmasked(bench: Bench) -> Verdict:
    """SA of 6 clouds (full: 20) of 120 uniform tokens (full: 2000), to t = 30 on the circle and 15 on S^2: clusters
    that wait are as many as a power (d - 1) / 2 of beta, within 0.2 and 0.35.  What begins them says the same: the
    fastest mode about the uniform measure, k* on the circle and its square on S^2, beta = 64, ..., 1024, has a slope
    within 0.05 of it.
    """
    rng = np.random.default_rng(bench.rng)
    clouds, n = (6, 120) if bench.tier == "quick" else (20, 2000)
    counts, fast = {}, {}
    for d, end in ((2, 30.0), (3, 15.0)):
        rows = [_ends(mf.SA(beta), clouds, n, d, end, rng) for beta in RANGES[d]]
        found = [[_waiting(one, beta) for one in x] for x, beta in zip(rows, RANGES[d], strict=True)]
        counts[d], wide = np.array(found, dtype=float), np.array([64.0, 128.0, 256.0, 512.0, 1024.0])
        modes = [float(mf.fastest(mf.SA(beta, scale="relative"), d)[0]) ** (d - 1) for beta in wide]
        fast[f"power of the fastest mode, d = {d}"] = float(np.polyfit(np.log(wide), np.log(modes), 1)[0])
    measured, limits = _fits(counts)
    limits = {**limits, **{f"power of the fastest mode, d = {d}": (0.5 * d - 0.55, 0.5 * d - 0.45) for d in counts}}
    picture = bench.figure("powers", lambda: _drawn(counts, f"no mask, n = {n}, t = 30 and 15"))
    return judge(measured | fast, limits, pictures=[picture])
