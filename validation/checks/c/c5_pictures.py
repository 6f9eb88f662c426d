"""C, Figures 2 and 3: clusters that wait, and how many tokens gather about Rényi's centres."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from meanfield.sums.choose import installed
from validation.checks._tools import spread
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

BETA, TOKENS, DELTA = 64.0, 200, 0.5
"""delta = 4 beta^{-1/2}."""
TIMES = (0.0, 5.0, 10.0, 75.0, 150.0, 500.0)
"""Of Figure 2's panels."""
NEAR = 0.5 * DELTA
"""Consumed is what lies within delta / 2 of a centre: the caption does not say; no token is within it of two centres
that stay where they began."""
TOGETHER = 1e-2
"""Tokens at this distance are one cluster."""
BATCH = 25
"""Clouds that share their steps: more of them would take shorter ones."""
SAVED = np.concatenate([[0.0], np.geomspace(0.5, 500.0, 31)])
"""Times of Figure 3."""


def _clusters(theta: Array) -> int:
    """Runs of angles with gaps above TOGETHER."""
    ordered = np.sort(np.mod(theta, 2.0 * np.pi))
    return int(np.sum(np.diff(np.append(ordered, ordered[0] + 2.0 * np.pi)) > TOGETHER))


def _run(clouds: int, times: Any, rng: Any) -> Array:
    """(T, clouds, n) angles of clouds that share their steps; by pairs, compiled, where there is numba."""
    law, phi = mf.Causal(mf.SA(BETA)), rng.uniform(0.0, 2.0 * np.pi, (clouds, TOKENS))
    how: dict[str, Any] = {"method": "rk45", "land": True, "angles": True, "rtol": 1e-4, "atol": 1e-6}
    how["field"] = "compiled" if installed() else "harmonic"
    return np.asarray(pt.simulate(law, phi, (0.0, times[-1]), times, **how).theta)


def _panels(theta: Array) -> Any:
    """Six circles: tokens, Rényi centres black, strong ones red."""
    with style.axes() as ax:
        plain, strong = pt.renyi(theta[0], DELTA), pt.renyi(theta[0], DELTA, strong=True)
        for k, (t, at) in enumerate(zip(TIMES, theta, strict=True)):
            x, y = 2.6 * (k % 3), -2.8 * (k // 3)
            turn = np.linspace(0.0, 2.0 * np.pi, 200)
            ax.plot(x + np.cos(turn), y + np.sin(turn), color="0.85", linewidth=0.8)
            for which, color, size in ((slice(None), "tab:blue", 2.5), (plain, "black", 5.0), (strong, "tab:red", 4.0)):
                ax.plot(x + np.cos(at[which]), y + np.sin(at[which]), "o", color=color, markersize=size)
            ax.text(x, y, f"t = {t:g}", ha="center", va="center")
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title("causal attention, n = 200, beta = 64; Rényi centres black, strong ones red")
    return ax


@check("C10", where="C Fig 2", title="200 tokens at beta = 64: clusters that wait, and their centres")
def evolution(bench: Bench) -> Verdict:
    """n = 200 uniform tokens on the circle, Q = K = V = I, t = 0, 5, 10, 75, 150, 500: the figure of one cloud, and the
    number of clusters (gaps above 0.01) in 10 clouds (full: 200).  At t = 150 it is near seven (the figure's), 5 to 9
    on average; from 150 to 500 it falls by less than one and a half on average (none in the figure); strong centres
    move by less than delta / 2 up to t = 10 in 9 of 10.
    """
    rng = np.random.default_rng(bench.rng)
    theta = _run(10 if bench.tier == "quick" else 200, np.array(TIMES), rng)
    counts = np.array([[_clusters(cloud) for cloud in at] for at in theta])
    moved = []
    for k in range(theta.shape[1]):
        strong = pt.renyi(theta[0, k], DELTA, strong=True)
        moved.extend(np.abs(theta[2, k, strong] - theta[0, k, strong]))
    measured = {f"mean clusters, t = {t:g}": float(c.mean()) for t, c in zip(TIMES, counts, strict=True)}
    measured["clusters lost from 150 to 500, mean"] = float((counts[4] - counts[5]).mean())
    measured["strong centres that moved less than delta / 2 by t = 10"] = float(np.mean(np.array(moved) < NEAR))
    limits: Limits = {
        "mean clusters, t = 150": (5.0, 9.0), "clusters lost from 150 to 500, mean": (0.0, 1.5),
        "strong centres that moved less than delta / 2 by t = 10": (0.9, None),
    }  # fmt: skip
    return judge(measured, limits, pictures=[bench.figure("2", lambda: _panels(theta[:, 0]))])


def _shares(theta: Array, strong: bool) -> Array:
    """(T, clouds) shares of tokens within NEAR of a centre, which moves."""
    out = np.empty(theta.shape[:2])
    for k in range(theta.shape[1]):
        at = theta[:, k]
        centres = pt.renyi(at[0], DELTA, strong)
        apart = np.abs(2.0 * np.sin(0.5 * (at[:, :, None] - at[:, None, centres])))
        out[:, k] = (apart.min(axis=-1) <= 2.0 * np.sin(0.5 * NEAR)).mean(axis=-1)
    return out


def _batch(cell: dict[str, int], rng: Any) -> list[Any]:
    """Shares of one batch of clouds, of Rényi centres and of strong ones: what a process does of Figure 3."""
    theta = _run(cell["clouds"], SAVED, rng)
    return [_shares(theta, False).tolist(), _shares(theta, True).tolist()]


def _consumed(clouds: int, bench: Bench) -> Array:
    """(2, T, clouds) shares; in many processes, and with what was finished before, where there are many clouds."""
    cells = {first: {"first": first, "clouds": min(BATCH, clouds - first)} for first in range(0, clouds, BATCH)}
    if len(cells) == 1:
        return np.array(_batch(cells[0], np.random.default_rng(bench.rng)))
    found = spread(bench, _batch, cells)
    return np.concatenate([np.array(found[first]) for first in cells], axis=-1)


def _curves(times: Array, shares: dict[str, Array]) -> Any:
    """Means, and the bands of quantiles."""
    with style.axes() as ax:
        for (name, values), look in zip(shares.items(), style.line_styles(2), strict=True):
            low, high = np.quantile(values, [0.1, 0.9], axis=1)
            ax.fill_between(times[1:], low[1:], high[1:], color=look["color"], alpha=0.2, linewidth=0.0)
            ax.plot(times[1:], values.mean(axis=1)[1:], color=look["color"], linestyle=look["linestyle"], label=name)
        ax.set(xscale="log", xlabel="t", ylabel="share of tokens within delta / 2", ylim=(0.0, 1.02))
        ax.set_title(f"consumed by centres, {shares['Rényi'].shape[1]} clouds: mean, quantiles 0.1 and 0.9")
        legends.legend(ax)
    return ax


@check("C13", where="C Fig 3", title="share of tokens consumed by Rényi and strong Rényi centres")
def consumption(bench: Bench) -> Verdict:
    """n = 200, beta = 64, delta = 0.5, to t = 500 as in Figure 2; 10 clouds (full: 5000).  Consumed is within delta / 2
    of a centre (the caption names no radius; it is told here).  Rényi centres have consumed more than strong ones at
    every time after the first, on average; the mean share of Rényi centres rises to above 0.9 at t = 500, and is above
    0.8 from t = 10 on; that of strong ones at t = 500 lies between 0.5 and 1.

    Runs at a tolerance of 1e-4, batches of 25 clouds on all cores: beside runs at 1e-9 no share of 4 clouds differs,
    and angles by 4e-3 at most.
    """
    found = _consumed(10 if bench.tier == "quick" else 5000, bench)
    times, told = SAVED, dict(zip(("Rényi", "strong Rényi"), found, strict=True))
    plain, strong = (values.mean(axis=1) for values in told.values())
    measured = {
        "Rényi at 500": float(plain[-1]), "strong at 500": float(strong[-1]),
        "Rényi, least from 10 on": float(plain[times >= 10.0].min()),
        "Rényi - strong, least": float((plain - strong).min()),
        "Rényi at 500, 0.1 quantile": float(np.quantile(told["Rényi"][-1], 0.1)),
    }  # fmt: skip
    limits: Limits = {
        "Rényi at 500": (0.9, None), "strong at 500": (0.5, 1.0), "Rényi, least from 10 on": (0.8, None),
        "Rényi - strong, least": (0.0, None),
    }  # fmt: skip
    return judge(measured, limits, pictures=[bench.figure("3", lambda: _curves(times, told))])
