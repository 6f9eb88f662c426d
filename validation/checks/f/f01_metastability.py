"""2410.06833, dynamic metastability: the five points of its published code, and the staircase they climb."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.clustering.tree import MergeTree
from meanfield.plot import curves
from meanfield.protocols import Array
from validation.checks._tools import EPS
from validation.checks._waits import waits
from validation.exact import diracs, double_loop
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

FIVE = np.array(
    [
        (0.99806638, 0.06215705),
        (0.97712061, 0.21268594),
        (-0.24578194, 0.96932515),
        (-0.97354734, 0.2284854),
        (-0.99892629, -0.04632772),
    ]
)
"""The initial points, eight digits as published."""
BETA, END, STEP = 4.0, 400.0, 0.1
TIMES = np.array([1.0, 10.0, 50.0, 100.0, 200.0, 400.0])
LANDED = np.union1d(TIMES, np.arange(0.0, END + 2.0, 2.0))
"""Where the exact mode lands.  Clusters contract at a rate of 1; explicit steps left alone grow to the edge of their
stability, 6 or so, where widths that are 0 bounce at up to 1e3 times the tolerance, differently on every processor."""
CLUSTER = 0.1
"""Angles whose neighbours are closer than this are one cluster."""
NEAR = 1e-3
"""The same for mergers."""
ORDER = ((0, 1), (3, 4), (2, 6), (5, 7))
"""Who merges with whom: points are 0..4, and the cluster of the k-th merger is 4 + k."""


def five() -> Array:
    """The published points as unit rows (5, 2): their eight digits leave the norms off by 5e-9."""
    return np.asarray(FIVE / np.linalg.norm(FIVE, axis=1, keepdims=True))


def clusters(theta: Array) -> int:
    """How many clusters: gaps above CLUSTER around the circle (one, if there is none)."""
    ordered = np.sort(np.mod(theta, 2.0 * np.pi))
    gaps = np.diff(np.append(ordered, ordered[0] + 2.0 * np.pi))
    return max(1, int(np.sum(gaps > CLUSTER)))


def _apart(a: Any, b: Any) -> float:
    """Largest distance of two arrays of angles along the circle."""
    return float(np.abs(2.0 * np.arcsin(np.sin(0.5 * (np.asarray(a) - b)))).max())


def _growth(theta0: Array) -> float:
    """Largest change of an angle at the asked times, over that of the start: the linearised flow's, by differences."""
    h = 1e-4
    plain = double_loop.run("SA", theta0, BETA, TIMES, rtol=1e-8)
    moved = (double_loop.run("SA", theta0 + h * e, BETA, TIMES, rtol=1e-8) for e in np.eye(len(theta0)))
    changed = [(one - plain) / h for one in moved]
    return float(np.abs(changed).sum(axis=0).max())


def _told(mode: str, theta: Array) -> dict[str, float]:
    """Angles in [0, 2 pi) at the asked times, by name."""
    return {
        f"{mode}: theta_{i + 1}({t:g})": float(x)
        for t, row in zip(TIMES, np.mod(theta, 2.0 * np.pi), strict=True)
        for i, x in enumerate(row)
    }


def _plateaus(t: Array, theta: Array) -> dict[str, float]:
    """When the last two clusters merge, the share of [0, 400] with two of them, and how many there are at the end."""
    count = np.array([clusters(x) for x in theta])
    last = np.flatnonzero((count[:-1] > 1) & (count[1:] == 1))[-1]
    return {
        "share of time with two clusters": float(np.diff(t)[count[:-1] == 2].sum() / t[-1]),
        "last merger at": float(0.5 * (t[last] + t[last + 1])),
        "clusters at the end": int(count[-1]),
    }


def _staircase(theta: Array, energy: Array) -> dict[str, float]:
    """The last step of the staircase, from the angles at the asked times: {1, 2} and {3, 4, 5} merge.

    2 beta e^{-beta} E is sum w_i^2 + 2 w_i w_j e^{-beta(1 - cos gap)} on the plateau, 1 at the top; and the gap closes
    as that of two Diracs of masses 2/5 and 3/5 does.
    """
    gap = theta[:, 2] - theta[:, 0]
    level = 2.0 * BETA * np.exp(-BETA) * energy
    plateau = 0.52 + 0.48 * np.exp(-BETA * (1.0 - np.cos(gap)))
    wait = diracs.merge_time(gap[2], gap[4], BETA, "SA", 0.4)
    return {
        "widths of {1, 2} and {3, 4, 5} at t = 50": max(_apart(x, x[0]) for x in (theta[2, :2], theta[2, 2:])),
        "energy on the plateau - formula": float(np.abs(level - plateau)[2:5].max()),
        "last jump of energy over 2 w_i w_j": float((level[5] - level[4]) / 0.48),
        "waiting time from t = 50 to 200 - two Diracs'": abs(wait - (TIMES[4] - TIMES[2])),
    }


@check("F01", where="2410.06833, code", title="five points at beta = 4: two clusters for long, then one")
def five_points(bench: Bench) -> Verdict:
    """SA from the five published points to t = 400, in two modes; angles mod 2 pi at t = 1, 10, 50, 100, 200, 400.

    Exact: adaptive steps at rtol = 1e-13, of 2 at most, against the printed loop in scipy's integrator at 3e-14: what
    the trajectory makes of rounding.  That is 2 N eps max |theta| G: a step of either rounds each angle, ours takes N
    steps, and G is how much a change of the start grows, by differences (3.3, at t = 200).  As coded: steps of 0.1 that
    add the attention as it is, not projected, and then normalise, against the same written as a loop: 1e-12.  How far
    the two modes are apart is reported.  In both, and by `longtime`, the same four mergers in the same order, at a
    distance of 1e-3.  Before it is normalised a coded step makes a row longer by nearly 0.1 (in a cluster <x, v> is
    nearly 1), so it goes about 1 / 1.1 of its way: the last merger is at 1.1 of the exact time, to 0.1^2 (`euler`,
    which projects first, is within 0.4% of the exact), the earlier ones between.  `longtime` is within 0.05 while
    earlier pairs are still wide (1e-4 at the third merger), and within 1e-4 at the last.  In both, two clusters (gaps
    above 0.1) for most of the time and one at the end.  The energy rises at every step, 90% of it in a tenth of the
    time at most; on the plateau it is that of two clusters (1e-12), the last jump is 2 w_i w_j (1%, the clusters' own
    attraction), and the wait is that of two Diracs (2e-11 of 150: the angles' own bound, times the 1000 units of time
    that a radian takes there).
    """
    x0, law = five(), mf.SA(BETA)
    theta0 = np.arctan2(x0[:, 1], x0[:, 0])
    exact = pt.simulate(law, theta0, (0.0, END), LANDED, rtol=1e-13, atol=1e-15)
    every = 5 if bench.tier == "quick" else 1  # quickly the coded mode is kept at every fifth step
    saved = STEP * np.arange(0, round(END / STEP) + 1, every)
    coded = pt.simulate(law, x0, (0.0, END), saved, method="euler-unprojected", step=STEP)
    asked, at = np.searchsorted(exact.t, TIMES), np.round(TIMES / (every * STEP)).astype(int)
    loop = double_loop.run("SA", theta0, BETA, LANDED)[asked]
    steps = double_loop.euler(lambda x: double_loop.attention_matrix(x, BETA) @ x, x0, STEP, round(END / STEP))[::every]
    angles = np.arctan2(steps[..., 1], steps[..., 0])[at]
    t, whole = np.linspace(0.0, END, 801), pt.simulate(law, theta0, (0.0, END), rtol=1e-11)
    theta = np.array([whole(s).points for s in t])
    energy = mf.Points(theta, angles=True).energy(law)
    rise = np.diff(energy)
    measured = {
        "exact mode - printed loop": _apart(exact.theta[asked], loop),
        "coded mode - printed loop": _apart(coded.theta[at], angles),
        "coded - exact": _apart(coded.theta[at], exact.theta[asked]),
        "least step of energy": float(rise.min()),
        "share of time for 90% of the rise": float(np.mean(np.cumsum(np.sort(rise)[::-1]) < 0.9 * rise.sum())),
    }
    measured |= _staircase(exact.theta[asked], exact.energy[asked])
    measured |= {f"exact: {name}": value for name, value in _plateaus(t, theta).items()}
    measured |= {f"coded: {name}": value for name, value in _plateaus(coded.t, coded.theta).items()}
    late = pt.longtime(law, theta0, log_t_end=np.log(END), merge_gap=NEAR)
    tree = mf.track(whole, NEAR).tree
    measured |= _mergers(tree, mf.track(coded, NEAR, refine=False).tree, mf.merge_tree(late.merges, 5))
    measured |= _told("exact", exact.theta[asked]) | _told("coded", coded.theta[at])
    pictures = [
        bench.figure("angles", lambda: curves.trajectories(t, theta, title=f"{law}, five points")),
        bench.figure("staircase", lambda: tree.plot_staircase(t, mf.rescaled_energy(law, energy))),
        bench.figure("tree", lambda: tree.plot()),
    ]
    rounding = 2.0 * exact.counters.steps * EPS * np.abs(exact.theta).max() * _growth(theta0)
    return judge(measured, LIMITS | {"exact mode - printed loop": (None, rounding)}, pictures=pictures)


LIMITS: dict[str, tuple[float | None, float | None]] = {
    "coded mode - printed loop": (None, 1e-12),
    "least step of energy": (-1e-13, None),
    "share of time for 90% of the rise": (None, 0.1),
    "widths of {1, 2} and {3, 4, 5} at t = 50": (None, 1e-12),
    "energy on the plateau - formula": (None, 1e-12),
    "last jump of energy over 2 w_i w_j": (0.99, 1.0),
    "waiting time from t = 50 to 200 - two Diracs'": (None, 2e-11 * 150.0),
    "exact: share of time with two clusters": (0.5, None),
    "coded: share of time with two clusters": (0.5, None),
    "modes with other mergers": (0, 0),
    "mergers: coded / exact": (1.0, 1.0 + STEP + STEP**2),
    "last merger: coded / exact": (1.0 + STEP - STEP**2, 1.0 + STEP + STEP**2),
    "early: longtime - exact": (None, 0.05),
    "last: longtime - exact": (None, 1e-4),
    "exact: clusters at the end": (1, 1),
    "coded: clusters at the end": (1, 1),
}


def _mergers(exact: MergeTree, coded: MergeTree, late: MergeTree) -> dict[str, float]:
    """How many mergers are others than those of ORDER, and how far apart the three modes have them."""
    trees = (exact, coded, late)
    wrong = sum(tuple(m.parents for m in tree.merges) != ORDER for tree in trees)
    told: dict[str, float] = {"modes with other mergers": wrong}
    if wrong:
        names = ("mergers: coded / exact", "last merger: coded / exact", "early: longtime - exact")
        return told | dict.fromkeys((*names, "last: longtime - exact"), np.inf)
    when, coded_when, late_when = (np.array([m.t for m in tree.merges]) for tree in trees)
    return told | {
        "mergers: coded / exact": float((coded_when / when).min()),
        "last merger: coded / exact": float(coded_when[-1] / when[-1]),
        "early: longtime - exact": float(np.abs(late_when - when)[:3].max()),
        "last: longtime - exact": float(abs(late_when[3] - when[3])),
        **{f"merger {k} at": float(t) for k, t in enumerate(when, 1)},
    }


# --- the limit of large beta -------------------------------------------------------------------------------


@check("F01.late", where="2410.06833", title="large beta: clusters wait 1 - cos(gap), E jumps 2 w_i w_j")
def rescaled_waits(bench: Bench) -> Verdict:
    """The five points at beta = 64 and 256 until all are one (t about e^480), by `longtime`.

    Every wait is that of the two Diracs which are quickest to meet, as if alone: log T to 1e-8 (the others' pulls are
    e^{-0.6 beta} weaker, or more; the run's tolerance of 1e-12, times its steps and beta).  Rescaled, log T / beta is 1
    - cos(gap) less about log(beta) / beta: within 0.03 at 256, the last two nearer than at 64 (gaps of order
    beta^{-1/2} do not wait).  In the middle (in log t) of the plateaus with 3, 2 and 1 clusters 2 beta e^{-beta} E is
    sum w^2, and steps up by 2 w_i w_j: 1e-12 of it, the others being e^{-0.6 beta} = 1e-17 of it and less.
    """
    theta = np.arctan2(FIVE[:, 1], FIVE[:, 0])
    measured: dict[str, float] = {}
    off = {}
    for beta in (64.0, 256.0):
        law = mf.SA(beta)
        run = pt.longtime(law, theta, log_t_end=2.0 * beta + 10.0, merge_gap=NEAR)
        found, tree = waits(run), mf.merge_tree(run.merges, 5, run.log_t[0], run.log_t[-1], log=True, title=run.title)
        middle = [0.5 * (p.begin + p.end) for p in tree.plateaus[-3:]]
        energy = np.array([float(mf.rescaled_energy(law, run(s).energy(law))) for s in middle])
        told = [merger.jump for merger in tree.merges[-2:]]
        off[beta] = np.array([abs(w.log_wait / beta - 1.0 + np.cos(w.gap)) for w in found])
        name = f"beta = {beta:g}"
        measured |= {
            f"other mergers, {name}": int(tuple(m.parents for m in tree.merges) != ORDER),
            f"log T - two Diracs', {name}": max(abs(w.log_wait - w.log_pair) for w in found),
            f"levels - sum w^2, {name}": float(np.abs(energy - tree.levels[1][-3:]).max()),
            f"jumps / 2 w_i w_j - 1, {name}": float(np.abs(np.diff(energy) / told - 1.0).max()),
            f"last rescaled wait, {name}": found[-1].log_wait / beta,
            f"last 1 - cos(gap), {name}": 1.0 - np.cos(found[-1].gap),
        }
    measured["rescaled waits - (1 - cos), beta = 256"] = off[256.0].max()
    measured["the same over that at 64, last two"] = float((off[256.0][-2:] / off[64.0][-2:]).max())
    limits: Limits = {name: _limit(name) for name in measured if "last rescaled" not in name and "last 1" not in name}
    return judge(measured, limits, pictures=[bench.figure("tree", lambda: tree.plot())])


def _limit(name: str) -> tuple[float | None, float | None]:
    if name.startswith("other"):
        return 0, 0
    if name.startswith("log T"):
        return None, 1e-8
    return None, 1e-12 if name.startswith(("levels", "jumps")) else 0.03 if name.startswith("rescaled") else 1.0
