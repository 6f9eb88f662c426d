"""2410.06833, dynamic metastability: the five points of its published code, and the staircase they climb."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import curves
from meanfield.protocols import Array
from validation.exact import diracs, double_loop, ode
from validation.registry import Bench, Verdict, check, judge
from validation.verdict import Limits

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
CLUSTER = 0.1
"""Angles whose neighbours are closer than this are one cluster."""


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

    Exact: adaptive steps at rtol = 1e-13, against the printed loop in scipy's integrator at 3e-14: 1e-11.  As coded:
    Euler's steps of 0.1, rows renormalised, against the same written as a loop: 1e-12.  How far the two modes are apart
    is reported.  In both, two clusters (gaps above 0.1) for most of the time and one at the end.  The energy rises at
    every step, 90% of it in a tenth of the time at most; on the plateau it is that of two clusters (1e-10), the last
    jump is 2 w_i w_j (1%, the clusters' own attraction), and the wait is that of two Diracs (1e-7 of 150).
    """
    x0, law = five(), mf.SA(BETA)
    theta0 = np.arctan2(x0[:, 1], x0[:, 0])
    exact = pt.simulate(law, theta0, (0.0, END), TIMES, rtol=1e-13, atol=1e-15)
    coded = pt.simulate(law, x0, (0.0, END), np.arange(END + 1.0), method="euler", step=STEP)
    at = np.searchsorted(coded.t, TIMES)
    _, loop = ode.integrate(lambda _, y: double_loop.angle_velocity("SA", y, BETA), theta0, TIMES)
    steps = double_loop.euler(lambda x: double_loop.velocity("SA", x, BETA), x0, STEP, round(END / STEP))
    angles = np.arctan2(steps[..., 1], steps[..., 0])[np.round(TIMES / STEP).astype(int)]
    t, whole = np.linspace(0.0, END, 801), pt.simulate(law, theta0, (0.0, END), rtol=1e-11)
    theta = np.array([whole(s).points for s in t])
    energy = mf.Points(theta, angles=True).energy(law)
    rise = np.diff(energy)
    measured = {
        "exact mode - printed loop": _apart(exact.theta, loop),
        "coded mode - printed loop": _apart(coded.theta[at], angles),
        "coded - exact": _apart(coded.theta[at], exact.theta),
        "least step of energy": float(rise.min()),
        "share of time for 90% of the rise": float(np.mean(np.cumsum(np.sort(rise)[::-1]) < 0.9 * rise.sum())),
    }
    measured |= _staircase(exact.theta, exact.energy)
    measured |= {f"exact: {name}": value for name, value in _plateaus(t, theta).items()}
    measured |= {f"coded: {name}": value for name, value in _plateaus(coded.t, coded.theta).items()}
    measured |= _told("exact", exact.theta) | _told("coded", coded.theta[at])
    pictures = [
        bench.figure("angles", lambda: curves.trajectories(t, theta, title=f"{law}, five points")),
        bench.figure("staircase", lambda: _steps(t, energy / energy[-1], f"{law}, five points")),
    ]
    return judge(measured, LIMITS, pictures=pictures)


LIMITS: Limits = {
    "exact mode - printed loop": (None, 1e-11),
    "coded mode - printed loop": (None, 1e-12),
    "least step of energy": (-1e-13, None),
    "share of time for 90% of the rise": (None, 0.1),
    "widths of {1, 2} and {3, 4, 5} at t = 50": (None, 1e-9),
    "energy on the plateau - formula": (None, 1e-10),
    "last jump of energy over 2 w_i w_j": (0.99, 1.0),
    "waiting time from t = 50 to 200 - two Diracs'": (None, 1e-7 * 150.0),
    "exact: share of time with two clusters": (0.5, None),
    "coded: share of time with two clusters": (0.5, None),
    "exact: clusters at the end": (1, 1),
    "coded: clusters at the end": (1, 1),
}


def _steps(t: Array, share: Array, title: str) -> Any:
    """The staircase: E(t) over its last value."""
    label = "interaction energy, share of its end"
    return curves.growth(t, [share], ["$E(t)/E(400)$"], log=False, ylabel=label, title=title)
