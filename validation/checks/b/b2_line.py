"""B, section 2: on the line the attention matrix tends to a Boolean one, doubly exponentially."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

START = np.array([-1.0, -0.2, 0.5, 1.2])[:, None]
REFERENCE = {
    1.0: (-4.01516067484749, -0.57803166190385, -1.94786939203618, -2.86075726924642),
    2.5: (-22.8509479494246, -17.1131722583278, -11.7990653454058, -12.8390456032383),
}
"""Time -> log(1 - P_il) of the four rows, l the leader, in arbitrary precision."""
LATE = 16.0
LAW = mf.SA(1.0, geometry="flat")


def left(law: mf.Law, x: Array, ends: pt.Ends) -> Array:
    """log(1 - P_il) of every row, l its leader in the end."""
    others = pt.log_others(pt.attention(law, x, log=True))
    return np.asarray(others[np.arange(len(x)), ends.P.argmax(axis=1)])


@check(
    "B05", where="B Thm 2.1", title="d = 1: attention tends to P*, rows doubly exponentially", equations=["B Thm 2.1"]
)
def doubly(bench: Bench) -> Verdict:
    """log(1 - P_il), l the leader of row i: of four tokens against arbitrary precision, t = 1 and 2.5, to 1e-9.

    Then the slope of log(-log(1 - P_il)) over t from 9 to 12, for 24 normal clouds of 6 tokens under Q = K = V = 1, and
    8 under beta QK = 2.1, V = 1/2: `pt.ends`' pace to 0.01 in every row.  That is V where the leader has company on its
    side: the two leading tokens come to a fixed distance, and -log(1 - P) is that times x_i, like e^{Vt}.  Where it has
    none the next score is of the other side, and -log(1 - P) like e^{2Vt}.  1 - P is far below rounding by then, so
    that logarithms of scores are asked; rows in which it is above e^{-30} at t = 9 (leading tokens that began very
    near) are left out, one in ten at the most.
    """
    rng = np.random.default_rng(bench.rng)
    run = pt.simulate(LAW, START, (0.0, 4.0), [*REFERENCE, 4.0], rtol=1e-12, atol=1e-13)
    ends = pt.ends(LAW, run.x[-1])
    measured: dict[str, float] = {
        f"log(1 - P) off, t = {t:g}": float(np.abs(left(LAW, x, ends) - REFERENCE[t]).max())
        for t, x in zip(REFERENCE, run.x, strict=False)
    }
    other = mf.SA(2.0, Q=[[1.5]], K=[[0.7]], V=[[0.5]], geometry="flat")
    off, far, rows, seen, paces = 0.0, 0.0, 0, 0, set()
    for law, V, clouds in ((LAW, 1.0, 24), (other, 0.5, 8)):
        t = np.array([9.0, 12.0]) / V
        x = pt.simulate(law, rng.standard_normal((clouds, 6, 1)), (0.0, t[-1]), t, rtol=1e-11, atol=1e-12).x
        for early, late in zip(x[0], x[1], strict=True):
            ends = pt.ends(law, late)
            before, after = (left(law, one, ends) for one in (early, late))
            on = before < -30.0
            slope = np.log(after[on] / before[on]) / (t[1] - t[0])
            off = max(off, float(np.abs(slope / ends.pace[on] - 1.0).max(initial=0.0)))
            far, rows, seen = min(far, float(after.min())), rows + len(on), seen + int(on.sum())
            paces |= set((ends.pace / V).tolist())
    measured |= {"slope over pace, less 1": off, "least log(1 - P) at the end": far}
    measured |= {"share of rows that are seen": seen / rows, "different paces": len(paces)}
    limits: Limits = {name: (None, 1e-9) for name in measured if "off" in name} | {
        "slope over pace, less 1": (None, 0.01),
        "least log(1 - P) at the end": (None, -1000.0),
        "share of rows that are seen": (0.9, None),
        "different paces": (2, 2),
    }

    def draw() -> Any:
        run = pt.simulate(LAW, START, (0.0, 8.0), np.linspace(0.5, 8.0, 76), rtol=1e-11, atol=1e-12)
        ends = pt.ends(LAW, run.x[-1])
        rows = np.log(-np.array([left(LAW, x, ends) for x in run.x]))
        return plot_rows(run.t, rows)

    return judge(measured, limits, pictures=[bench.figure("rows", draw)])


def plot_rows(t: Array, rows: Array) -> Any:
    """log(-log(1 - P)) of every row over time, and the slope 1."""
    from matplotlib import pyplot

    _, ax = pyplot.subplots(figsize=(4.6, 3.4), layout="constrained")
    style.dress(ax)
    for i, row in enumerate(rows.T):
        ax.plot(t, row, color=style.dark(), linestyle=style.DASHES[i % len(style.DASHES)], label=f"row {i + 1}")
    ax.plot(t[-30:], t[-30:] - 1.0, color="0.5", linewidth=3.0, alpha=0.5, label="slope 1")
    ax.set(xlabel="t", ylabel="log(-log(1 - P of the leader))")
    style.headline(ax, "d = 1, Q = K = V = 1, x(0) = -1, -0.2, 0.5, 1.2")
    ax.legend(fontsize="small")
    return ax


@check("B06", where="B Fig 2", title="the limit of attention on the line has rank 1 or 2")
def forms(bench: Bench) -> Verdict:
    """Clouds of n = 2, 5, 20 normal tokens, 100 each (full: 2000), at t = 16: P* and its rank.

    Almost every start has rank 1 or 2, which draws cannot settle: no row may be open, P* must have the form of Figure 2
    (rows e_1, then rows e_n, in the order of the tokens), and every leader have more than half of its
    row already.  How many have rank 1 is
    told: for n = 2 all whose second token begins beyond the place from which it stays (`pt.stays`).
    """
    rng = np.random.default_rng(bench.rng)
    many = 100 if bench.tier == "quick" else 2000
    measured: dict[str, float] = {}
    ranks: dict[int, Array] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    worst, wrong = -np.inf, 0
    for n in (2, 5, 20):
        x0 = np.sort(rng.standard_normal((many, n, 1)), axis=1)
        x = pt.simulate(LAW, x0, (0.0, LATE), [LATE], rtol=1e-9, atol=1e-10).x[-1]
        found = [pt.ends(LAW, one) for one in x]
        wrong += sum(one.rank is None or bool(np.any(np.diff(one.P.argmax(axis=1)) < 0)) for one in found)
        ranks[n] = np.array([one.rank or 0 for one in found])
        worst = max(worst, *(float(left(LAW, one, end).max()) for one, end in zip(x, found, strict=True)))
        for rank in (1, 2):
            measured[f"n = {n}: share of rank {rank}"] = float(np.mean(ranks[n] == rank))
    measured |= {"open, or not of the form": wrong, "largest log(1 - P) of a leader": worst}
    limits |= {"open, or not of the form": (0, 0), "largest log(1 - P) of a leader": (None, -0.7)}
    drawn = bench.figure("ranks", lambda: plot_forms(rng, ranks))
    return evidence(measured, limits, "Rank 1 or 2 in every draw.", pictures=[drawn])


def plot_forms(rng: Any, ranks: dict[int, Array]) -> Any:
    """P(t) of 40 tokens at three times (B, Figure 3), and the histogram of ranks."""
    from matplotlib import pyplot

    fig, axes = pyplot.subplots(1, 4, figsize=(10.5, 2.9), layout="constrained")
    x0 = np.sort(rng.standard_normal((40, 1)), axis=0)
    times = [0.0, 1.0, 4.0]
    run = pt.simulate(LAW, x0, (0.0, 4.0), times)
    image: Any = None
    for ax, t, x in zip(axes, times, run.x, strict=False):
        image = ax.imshow(pt.attention(LAW, x), vmin=0.0, vmax=1.0, cmap="Greys", interpolation="nearest")
        ax.set(xlabel="token j", ylabel="token i" if t == 0.0 else "")
        style.headline(ax, f"P(t), n = 40, t = {t:g}")
    fig.colorbar(image, ax=axes[2], label="P_ij")
    style.dress(axes[3])
    width = 0.25
    for k, (n, found) in enumerate(ranks.items()):
        at = np.arange(1, 4) + (k - 1) * width
        shares = [np.mean(found == rank) for rank in (1, 2, 3)]
        axes[3].bar(at, shares, width, color=str(0.15 + 0.3 * k), edgecolor="black", label=f"n = {n}")
    axes[3].set(xlabel="rank of P*", ylabel="share of draws", xticks=[1, 2, 3], ylim=(0.0, 1.5))
    axes[3].legend(fontsize="small")
    style.headline(axes[3], f"{len(next(iter(ranks.values())))} normal clouds each")
    return axes
