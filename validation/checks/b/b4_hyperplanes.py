"""B, section 4 and Figures 6, 7, 13, 14 and 15: hyperplanes, and subspaces of higher codimension."""

from __future__ import annotations

from typing import Any

import numpy as np

import particles as pt
from meanfield.plot import style, vectors
from meanfield.protocols import Array
from validation.checks.b._flat import cube, duals, groups, moved, rescaled, with_spectrum, within
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

PLANE = (0.0, 1.0, 5.0, 15.0)
"""Times of Figure 6."""
TURNING = (0.0, 5.0, 10.0, 30.0, 35.0, 40.0)
"""Times of Figure 14."""
RADIUS = 2.4
"""Largest eigenvalue of Figure 7(b)'s V, whose scale is not printed: with it coordinates come to 10^14 at t = 14."""


def _belongs(values: Array) -> Array:
    """(n,) to which of the groups along a line every value (n,) belongs."""
    found = groups(values[:, None], 0.05)[0][:, 0]
    return np.asarray(np.abs(values[:, None] - found).argmin(axis=1))


def _gathered(coordinates: Array, tol: float = 0.05) -> dict[str, float]:
    """Limits of coordinates (n, k), and how wide the widest is."""
    found, wide = groups(coordinates, tol)
    return {"limits": len(found), "widest": wide}


@check("B16", where="B Thm 4.2, Fig 6", title="40 tokens in the plane: at most three parallel lines")
def plane(bench: Bench) -> Verdict:
    """n = 40 uniform on [-5, 5]^2, Q = K = I, V symmetric with eigenvalues 1.35 and -0.07, phi_1 = (0.76, 0.65); RK4,
    step 0.1, t = 0, 1, 5, 15.  <phi_1, z> comes to at most three values, 0.01; within a group the other
    coordinate parts like e^{0.07 t}, 0.005 in the exponent from t = 10 on.
    """
    phi = np.array([0.76, 0.65]) / np.hypot(0.76, 0.65)
    other = np.array([-phi[1], phi[0]])
    V = 1.35 * np.outer(phi, phi) - 0.07 * np.outer(other, other)
    z = cube(40, 2, np.random.default_rng(bench.rng))
    run = moved(rescaled(V), z, np.arange(0.0, 16.0), "printed")
    along, across = np.asarray(run.x) @ phi, np.asarray(run.x) @ other
    measured = _gathered(along[-1][:, None])
    width = within(across, _belongs(along[-1]))
    measured["growth across, t = 10 to 15"] = float(np.log(width[15] / width[10]) / 5.0)
    lines = [(phi, float(at)) for at in groups(along[-1][:, None], 0.05)[0][:, 0]]
    title = "V = V^T of eigenvalues 1.35, -0.07, Q = K = I, n = 40; arrow: phi_1; dashed: the limits"

    def picture() -> Any:
        return run.plot_states(PLANE, planes=lines, directions=phi[None], symbol="z", title=title)

    limits: Limits = {
        "limits": (1, 3), "widest": (None, 0.01), "growth across, t = 10 to 15": (0.065, 0.075),
    }  # fmt: skip
    return judge(measured, limits, pictures=[bench.figure("6", picture)])


@check("B18", where="B Conj 4.3, Fig 7a", title="two positive eigenvalues of three: lines, codimension 2")
def low(bench: Bench) -> Verdict:
    """n = 40 uniform on [-5, 5]^3, Q = K = I, V random with eigenvalues 1.96, 0.25, -0.22; RK4, step 0.1, to t = 40.
    The two dual coordinates of positive eigenvalues come to at most three points of the plane, 0.02; within a
    group the third parts like e^{0.22 t}, 0.01 in the exponent from t = 30 on.
    """
    rng = np.random.default_rng(bench.rng)
    V = with_spectrum(np.diag([1.96, 0.25, -0.22]), rng.standard_normal(3), rng)
    run = moved(rescaled(V), cube(40, 3, rng), np.linspace(0.0, 40.0, 41), "printed")
    _, right, left = duals(V)
    w = np.asarray(run.x) @ left.real.T
    measured = _gathered(w[-1, :, :2])
    width = within(w[:, :, 2], _belongs(w[-1, :, 0]))
    measured["growth along the third, t = 30 to 40"] = float(np.log(width[40] / width[30]) / 10.0)
    title = "V of eigenvalues 1.96, 0.25, -0.22, Q = K = I, n = 40; arrows: phi_1, phi_2, phi_3"

    def picture() -> Any:
        return run.plot_states((0.0, 2.0, 10.0, 40.0), directions=right.real.T, symbol="z", title=title)

    limits: Limits = {
        "limits": (1, 3), "widest": (None, 0.02), "growth along the third, t = 30 to 40": (0.21, 0.23),
    }  # fmt: skip
    return evidence(measured, limits, pictures=[bench.figure("7a", picture)])


def _high(bench: Bench) -> tuple[pt.Trajectory, Array, Array]:
    """A run in high dimension, V's eigenvalues, and the coordinates (T, n, d) along its eigenvectors."""
    n, d, positive = (64, 32, 17) if bench.tier == "quick" else (256, 128, 65)
    rng = np.random.default_rng(bench.rng)
    while True:
        M = rng.uniform(-1.0, 1.0, (d, d))
        values, basis = np.linalg.eigh(M + M.T)
        Q, K = rng.uniform(-1.0, 1.0, (2, d, d))
        top = basis[:, -1]
        if np.sum(values > 0.0) == positive and values[-1] >= -values[0] and (Q @ top) @ (K @ top) > 0.1 * d:
            break
    values *= RADIUS / values[-1]
    times = np.linspace(0.0, 15.0, 31)
    # along eigenvectors V is diagonal
    law = rescaled(np.diag(values), Q @ basis, K @ basis)
    run = moved(law, cube(n, d, rng) @ basis, times, "printed")
    return run, values, np.asarray(run.x)


@check("B19", where="B Conj 4.3, Fig 7b", title="high dimension: every positive coordinate comes to two values")
def high(bench: Bench) -> Verdict:
    """n = 256, d = 128, V symmetric with 65 positive eigenvalues (quick: 64, 32, 17), Q, K uniform on [-1, 1], drawn
    until <Q phi_1, K phi_1> > 0; RK4, step 0.1, to t = 15.  V is scaled so that its largest eigenvalue is 2.4.  Of
    coordinates with lambda_j t > 7 all come to at most three values, two but for chance, to 0.1; their
    variance within a group falls below 10^-4 of that at the beginning.
    """
    run, values, w = _high(bench)
    late = np.flatnonzero(values * 15.0 > 7.0)
    counts, shrunk = [], []
    who = _belongs(w[-1][:, -1])
    first = np.unique(who)
    for j in late:
        counts.append(len(groups(w[-1][:, [j]], 0.1)[0]))
        shrunk.append(float(within(w[-1:, :, j], who)[0]) ** 2 / float(w[0][:, j].var()))
    measured = {
        "coordinates looked at": len(late), "most limits of one": max(counts), "groups along phi_1": len(first),
        "largest share of the variance left": max(shrunk),
    }  # fmt: skip
    title = f"V = V^T, d = {len(values)}, n = {w.shape[1]}, {int(np.sum(values > 0))} positive eigenvalues, group "

    def picture() -> Any:
        with style.panels(None, [1.0] * len(first), (5.6, 2.6 * len(first))) as axes:
            for k, ax in enumerate(axes):
                vectors.components(
                    run.t, w[:, who == k][:, :, late[:: max(1, len(late) // 8)]], ax, spread=True,
                    title=f"{title}{k + 1} of {len(first)}", ylabel=r"$\varphi_j^*(z)$",
                )  # fmt: skip
        return axes

    limits: Limits = {
        "most limits of one": (1, 3), "groups along phi_1": (1, 3), "largest share of the variance left": (None, 1e-4),
    }  # fmt: skip
    return evidence(measured, limits, pictures=[bench.figure("7b", picture)])


@check("B43", where="B 11.5, Fig 15", title="negative eigenvalues: coordinates part like e^{-lambda_j t}")
def diverging(bench: Bench) -> Verdict:
    """The run of B19.  Of every negative eigenvalue the deviation of its coordinate within groups grows like
    e^{-lambda_j t}: the slope of its logarithm from t = 10 to 14 is -lambda_j to 0.02; the largest coordinate at t = 14
    is told (Figure 15's axis ends at 10^14).
    """
    run, values, w = _high(bench)
    negative = np.flatnonzero(values < 0.0)
    at = [int(np.argmin(np.abs(np.asarray(run.t) - t))) for t in (10.0, 14.0)]
    deviation = within(w[:, :, negative], _belongs(w[-1][:, -1]))
    slope = np.log(deviation[at[1]] / deviation[at[0]]) / 4.0
    measured = {
        "coordinates": len(negative), "slope + lambda_j, largest": float(np.abs(slope + values[negative]).max()),
        "log10 of the largest at t = 14": float(np.log10(np.abs(w[at[1]]).max())),
    }  # fmt: skip
    shown = slice(0, at[1] + 1)
    title = f"V = V^T, d = {len(values)}, n = {w.shape[1]}, {len(negative)} negative eigenvalues"

    def picture() -> Any:
        return vectors.components(
            run.t[shown], w[shown][:, :, negative[:: max(1, len(negative) // 6)]], spread=True, log=True, title=title,
            ylabel=r"$\varphi_j^*(z)$",
        )  # fmt: skip

    return judge(measured, {"slope + lambda_j, largest": (None, 0.02)}, pictures=[bench.figure("15", picture)])


def _pair(real: float, imaginary: float) -> Array:
    """1 and a complex pair, as a real block matrix."""
    return np.array([[1.0, 0.0, 0.0], [0.0, real, imaginary], [0.0, -imaginary, real]])


@check("B41", where="B 11.4, Fig 13", title="a complex pair of positive real part: two points")
def two_points(bench: Bench) -> Verdict:
    """n = 25 uniform on [-5, 5]^3, Q = K = I, V random with eigenvalues 1, 0.1 +- 0.08i (printed "1 - 0.08i" for the
    last) and phi_1 = (0.38, 0.8, 0.47); RK4, step 0.1 (quick: the flow, to 1e-7), to t = 70.  Tokens come to two
    points, three at most, to 0.1.
    """
    rng = np.random.default_rng(bench.rng)
    V = with_spectrum(_pair(0.1, 0.08), (0.38, 0.8, 0.47), rng)
    mode = "printed" if bench.tier == "full" else "flow"
    run = moved(rescaled(V), cube(25, 3, rng), (0.0, 2.0, 10.0, 70.0), mode)
    measured = _gathered(np.asarray(run.x[-1]), 0.3)
    title = "V of eigenvalues 1, 0.1 +- 0.08i, Q = K = I, n = 25; arrow: phi_1"

    def picture() -> Any:
        return run.plot_states(directions=[(0.38, 0.8, 0.47)], symbol="z", title=title)

    limits: Limits = {"limits": (1, 3), "widest": (None, 0.1)}
    return evidence(measured, limits, pictures=[bench.figure("13", picture)])


@check("B42", where="B 11.4, Fig 14", title="a complex pair of negative real part: tokens turn within two planes")
def turning(bench: Bench) -> Verdict:
    """n = 25 uniform on [-5, 5]^3, Q = K = I, V random with eigenvalues 1, -0.05 +- 0.25i and phi_1 =
    (-0.3, -0.8, -0.45); RK4, step 0.1, t = 0, 5, 10, 30, 35, 40.  The left eigenvector's coordinate comes to at most
    three values, 0.01; within a group, from t = 20 to 40, what parts two tokens turns by 0.25 a time and grows like
    e^{0.05 t}, both to 0.002.
    """
    rng = np.random.default_rng(bench.rng)
    V = with_spectrum(_pair(-0.05, 0.25), (-0.3, -0.8, -0.45), rng)
    t = np.arange(0.0, 41.0)
    run = moved(rescaled(V), cube(25, 3, rng), t, "printed")
    left = duals(V)[2]
    w = np.asarray(run.x) @ left.T
    first = w[-1, :, 0].real
    found, wide = groups(first[:, None], 0.05)
    who = np.abs(first[:, None] - found[:, 0]).argmin(axis=1)
    largest = int(np.bincount(who).argmax())
    turned = w[20:, who == largest][:, :, 1]
    apart = turned - turned[:, :1]
    apart = apart[:, np.abs(apart[-1]).argmax()]
    logs = np.log(np.abs(apart)), np.unwrap(np.angle(apart))
    growth, rate = (float(np.polyfit(t[20:], one, 1)[0]) for one in logs)
    measured = {
        "limits": len(found), "widest": wide, "rotation rate": abs(rate), "growth": growth,
        "largest part off the line": float(np.abs(logs[1] - np.polyval(np.polyfit(t[20:], logs[1], 1), t[20:])).max()),
    }  # fmt: skip
    normal = left[0].real
    planes = [(normal, float(at)) for at in found[:, 0]]
    title = "V of eigenvalues 1, -0.05 +- 0.25i, Q = K = I, n = 25; arrow: phi_1; planes: the limits"

    def picture() -> Any:
        return run.plot_states(TURNING, planes=planes, directions=[(-0.3, -0.8, -0.45)], symbol="z", title=title)

    limits: Limits = {
        "limits": (1, 3), "widest": (None, 0.01), "rotation rate": (0.248, 0.252), "growth": (0.048, 0.052),
    }  # fmt: skip
    return judge(measured, limits, pictures=[bench.figure("14", picture)])
