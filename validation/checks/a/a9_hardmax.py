"""A, section 9.3: attention at temperature zero, and which of its solutions finite beta tends to."""

from __future__ import annotations

import warnings
from math import e as EULER
from math import erf, exp, sqrt
from typing import Any

import numpy as np
from scipy.optimize import brentq

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import double_loop, hardmax, ode
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence, judge

ONE = np.eye(2)
Z = np.array([(1.2, 0.1), (-0.4, 1.0), (0.3, 0.5), (-0.8, -0.6), (0.5, -0.9)])
TURNED = np.array([[1.0, 0.5], [-0.5, 0.7]])
TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}
SHARE = 1.0 - exp(-1.0)
"""Of the way that is gone by t = 1."""
MISSED = 4.5
"""Standard errors by which a count may miss."""


def rotation(angle: float) -> Array:
    """Of the plane."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


CASES: dict[str, tuple[Array, Array, Array, tuple[float, ...]]] = {
    "a": (ONE, ONE, ONE, (1.369364e-01, 1.804363e-02, 4.502109e-04)),
    "b": (np.array([[1.0, 0.3], [0.0, 0.8]]), np.array([[0.9, 0.0], [0.2, 1.1]]), TURNED,
          (4.361122e-01, 1.104868e-03, 1.088445e-07)),
    "c": (rotation(1.2), ONE, TURNED, (1.691283e-01, 1.040948e-01, 4.671256e-02)),
    "d": (rotation(-1.2), ONE, ONE, (1.961890e-01, 1.122524e-01, 3.306280e-02)),
}  # fmt: skip
"""Q, K, V, and how far beta = 10, 30, 100 are from temperature zero at most to t = 2."""
SLIDING = rotation(-1.2), ONE, np.array([[0.6, 0.8], [-0.8, 0.6]])
ENDS = {
    (0.0, 10.0): (0.0, 0.59900414662), (0.0, 100.0): (0.0, 0.63021693737), (0.0, 1000.0): (0.0, 0.6319360173),
    (0.001, 10.0): (0.37990993166, 0.60349264265), (0.001, 100.0): (0.62432585462, 0.63041526419),
    (0.001, 1000.0): (0.63236693771, 0.63205261418), (0.01, 10.0): (0.52567326371, 0.60824790302),
    (0.01, 100.0): (0.63455284777, 0.63141519189), (0.01, 1000.0): (0.63579934395, 0.63212054945),
    (0.1, 10.0): (0.6503427745, 0.619457009), (0.1, 100.0): (0.66890826091, 0.6321202899),
    (0.1, 1000.0): (0.66890850295, 0.63212055883),
}  # fmt: skip
"""z_3(1) from (eps, 0) at beta, by double rows and by a symmetric reduction in 34 digits."""


def pulled(beta: float, Q: Array | None = None, K: Array | None = None, V: Array = ONE, **more: Any) -> Any:
    """A (9.4), and at beta = inf (9.5)."""
    return mf.SA(beta, Q=Q, K=K, V=V, geometry="flat", **more) + mf.Linear(-V, geometry="flat")


def three(eps: float = 0.0) -> Array:
    """The tokens of Example 9.3, the third moved by eps towards the first two's right."""
    return np.array([[1.0, 1.0], [-1.0, 1.0], [eps, 0.0]])


def moved(law: Any, x: Array, t: Any = (1.0,), **options: Any) -> Any:
    """A run whose ties and slides are what is looked at."""
    times = np.asarray(t, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return pt.simulate(law, x, (0.0, float(times[-1])), times, **(TIGHT | options))


@check("A62", where="A 9.3 (9.4)-(9.6)", title="beta = inf: leaders, and finite beta converges to it on [0, T]")
def temperature_zero(bench: Bench) -> Verdict:
    """Five tokens of the plane to t = 2 under four choices of Q, K, V: hardmax by events against matrix exponentials,
    1e-10, switching times too.  (Quick: two of the choices, a and c; beta to 1e3; a
    quarter of the 2000 and 8000 layers.)

    Finite beta = 10, 30, 100 at 201 times: the largest distance is the printed one to 1e-4.  Where no leader changes it
    falls faster than any power (a, b); where one does, like 1 / beta: slope of the logarithms from 1000 on within 0.1
    of -1 (c; in the full tier d).  Where the solution slides (Filippov) it falls, too, and hardmax is the limit of
    layers, to first order in their step.
    """
    times, betas = np.linspace(0.0, 2.0, 201), (10.0, 30.0, 100.0)
    off = late = printed = 0.0
    far: dict[str, float] = {}
    quick = bench.tier == "quick"
    for name, (Q, K, V, wanted) in CASES.items():
        if quick and name in "bd":
            continue
        hard = moved(pulled(np.inf, Q, K, V), Z, times)
        exact, switches = hardmax.run(Z, Q, K, V, [1.0, 2.0])
        off = max(off, float(np.abs(hard.x[[100, 200]] - exact).max()))
        told = [(one.t, one.token, one.leaders) for one in hard.switches]
        same = [(i, (j,)) for _, i, j in switches] == [(i, j) for _, i, j in told]
        late = max([late, *(abs(a[0] - b[0]) for a, b in zip(told, switches, strict=True))]) if same else np.inf
        for beta, distance in zip(betas, wanted, strict=True):
            found = _apart(beta, (Q, K, V), hard)
            printed = max(printed, abs(found / distance - 1.0))
        if name in "cd":
            larger = (1000.0, 3000.0) if quick else (1000.0, 3000.0, 10000.0)
            far[name] = float(np.polyfit(np.log(larger), np.log([_apart(b, (Q, K, V), hard) for b in larger]), 1)[0])
    hard = moved(pulled(np.inf, *SLIDING), Z, times)
    near = [_apart(beta, SLIDING, hard) for beta in ((100.0, 1000.0) if quick else (100.0, 1000.0, 10000.0))]
    steps = (500, 2000) if quick else (2000, 8000)
    layers = [float(np.abs(hardmax.layers(Z, *SLIDING, 2.0 / n, n)[-1] - hard.x[-1]).max()) for n in steps]
    slopes = {f"slope of log distance, {name}": slope for name, slope in far.items()}
    measured = {
        "tokens - matrix exponentials": off,
        "times of switching off": late,
        "distance over the printed one, less 1": printed,
        **slopes,
        "sliding: moments of it": sum(one.how == "slides" for one in hard.switches),
        "sliding: distance at beta = 1e3 over 1e2": near[1] / near[0],
        "sliding: at the largest beta over a tenth of it": near[-1] / near[-2],
        "sliding: distance of so many layers": layers[1],
        "over that of a quarter of them": layers[1] / layers[0],
    }
    limits: dict[str, tuple[float | None, float | None]] = {
        "tokens - matrix exponentials": (None, 1e-10),
        "times of switching off": (None, 1e-10),
        "distance over the printed one, less 1": (None, 1e-4),
        **dict.fromkeys(slopes, (-1.1, -0.9)),
        "sliding: moments of it": (1, None),
        "sliding: distance at beta = 1e3 over 1e2": (None, 0.4),
        "sliding: at the largest beta over a tenth of it": (None, 0.4),
        "sliding: distance of so many layers": (None, 1e-3),
        "over that of a quarter of them": (None, 0.5),
    }
    return judge(measured, limits)


def _apart(beta: float, matrices: tuple[Array, Array, Array], hard: Any) -> float:
    """How far finite beta is from temperature zero at most."""
    soft = moved(pulled(beta, *matrices), Z, hard.t, rtol=1e-9, atol=1e-11)
    return float(np.abs(soft.x - hard.x).max())


@check("A63", where="A Ex 9.3", title="Three tokens, three solutions, and which of them finite beta takes")
def no_uniqueness(bench: Bench) -> Verdict:
    """From (1, 1), (-1, 1), (0, 0): ways on that hold A (9.5)-(9.6) are three, to z1, to z2 and between (the third
    moves by (z1 + z2) / 2, not twice that); rest, which holds Filippov's inclusion alone, is a fourth.

    All three are run to t = 1, 1e-11.  From (eps, 0) at finite beta: z3(1) at eps = 0, 1e-3, 1e-2, 1e-1 and beta = 10,
    100, 1000 is the printed one, 1e-9; at eps = 0 that tends to the middle, at eps > 0 to the vertex.
    """
    found = pt.branches(pulled(np.inf), three())
    strict = {one.leaders[0][2]: one.velocity[2] for one in found if one.strict}
    ways = {(0,): three()[0], (1,): three()[1], (0, 1): np.array([0.0, 1.0])}
    speeds = [float(np.abs(strict[at] - v).max()) for at, v in ways.items() if at in strict]
    ends = [
        moved(pulled(np.inf, ties=ties), three()[order]).x[-1, 2] - SHARE * np.array(end)
        for ties, order, end in (
            ("uniform", [0, 1, 2], (0, 1)), ("first", [0, 1, 2], (1, 1)), ("first", [1, 0, 2], (-1, 1)),
        )
    ]  # fmt: skip
    off = [moved(pulled(b), three(eps)).x[-1, 2] - np.array(end) for (eps, b), end in ENDS.items()]
    last = moved(pulled(np.inf), three(0.1)).x[-1, 2] - np.array(ENDS[0.1, 1000.0])
    measured = {
        "ways on of (9.5)-(9.6)": len(strict),
        "of Filippov's inclusion": len(found),
        "their velocities off": max(speeds),
        "the three at t = 1 off": float(np.abs(ends).max()),
        "finite beta - printed": float(np.abs(off).max()),
        "beta = 1000 from eps = 0.1 - vertex branch": float(np.abs(last).max()),
        "beta = 1000 from eps = 0 - middle branch": abs(ENDS[0.0, 1000.0][1] - SHARE),
    }
    return judge(
        measured,
        {
            "ways on of (9.5)-(9.6)": (3, 3),
            "of Filippov's inclusion": (4, 4),
            "their velocities off": (None, 1e-13),
            "the three at t = 1 off": (None, 1e-11),
            "finite beta - printed": (None, 1e-9),
            "beta = 1000 from eps = 0.1 - vertex branch": (None, 1e-9),
            "beta = 1000 from eps = 0 - middle branch": (None, 2e-4),
        },
    )


@check("A63.rates", where="A Ex 9.3", title="Rates at which finite beta leaves the middle and tends to a branch")
def rates(bench: Bench) -> Verdict:
    """With z1, z2 at rest and z3 = (e, s) near the middle line, e (1 - s)^(beta - 1) is constant: it is left at the
    rate beta - 1.  Measured at beta = 20, 40 from e = 1e-9 (1e-5; z1 and z2 move by e^{-beta}).

    On that line s is behind 1 - e^{-t} by e^{-t} / (2 beta): at t = 1, of beta = 1000, 2000, extrapolated, 1e-4.
    From eps = 0.1 the vertex branch is reached like e^{-beta (eps - eps^2)} / beta, z3's own share at the beginning:
    the slope of log(beta distance) from beta = 60 to 140 within 5e-3 of -0.09.
    """
    kept = []
    for beta, t in ((20.0, 0.6), (40.0, 0.3)):
        e, s = moved(pulled(beta), three(1e-9), [t], atol=1e-18).x[-1, 2]
        kept.append(float(e / 1e-9 * (1.0 - s) ** (beta - 1.0) - 1.0))
    behind = [2.0 * EULER * b * (SHARE - moved(pulled(b), three()).x[-1, 2, 1]) for b in (1000.0, 2000.0)]
    betas = np.array([60.0, 80.0, 100.0, 120.0, 140.0])
    vertex = SHARE * three()[0] + exp(-1.0) * np.array([0.1, 0.0])
    apart = [np.abs(moved(pulled(b), three(0.1), atol=1e-15).x[-1, 2] - vertex).max() for b in betas]
    slope = float(np.polyfit(betas, np.log(betas * apart), 1)[0])
    measured = {
        "e (1 - s)^(beta - 1), beta = 20: change": abs(kept[0]),
        "beta = 40: change": abs(kept[1]),
        "2 e beta (1 - 1/e - s(1)), extrapolated, less 1": abs(2.0 * behind[1] - behind[0] - 1.0),
        "slope of log(beta distance) from eps = 0.1": slope,
    }
    return judge(
        measured,
        {
            "e (1 - s)^(beta - 1), beta = 20: change": (None, 1e-5),
            "beta = 40: change": (None, 1e-5),
            "2 e beta (1 - 1/e - s(1)), extrapolated, less 1": (None, 1e-4),
            "slope of log(beta distance) from eps = 0.1": (-0.095, -0.085),
        },
    )


@check("A64", where="A Problem 6", title="The branch taken from Example 9.3 under perturbation, and under noise")
def selection(bench: Bench) -> Verdict:
    """The third token begins at (eps, 0), eps normal of width 1e-3, 400 times (4000 in the full tier).

    At beta = inf and 40 every run is at the vertex on eps's side and none in the middle; at beta = 10 the share that is
    still in the middle (|x| below half of 1 - 1/e at t = 1) is that of |eps| < eps_c, where eps_c is the printed
    equation's, within 4.5 standard errors.  With noise 2 kappa = 2e-6 and eps = 0 at beta = 40 none stays in the
    middle, and as many go right as left, within 4.5 standard errors.  So the middle branch is selected by exact
    symmetry alone; of the others either, by the sign of what breaks it.
    """
    n, half = 400 if bench.tier == "quick" else 4000, 0.5 * SHARE
    rng = np.random.default_rng(bench.rng)
    eps = 1e-3 * rng.standard_normal(n)
    x = np.array([three(one) for one in eps])
    counts: dict[str, float] = {}
    for beta in (10.0, 40.0, np.inf):
        end = moved(pulled(beta), x, rtol=1e-8, atol=1e-12).x[-1, :, 2, 0]
        middle = np.abs(end) < half
        if beta > 10.0:
            counts[f"beta = {beta:g}: in the middle"] = int(middle.sum())
            counts[f"beta = {beta:g}: on eps's other side"] = int(np.sum((end > 0.0) != (eps > 0.0)))
        else:
            p = erf(_critical(beta, half) / (1e-3 * sqrt(2.0)))
            counts["beta = 10: share in the middle"] = float(middle.mean())
            counts["its prediction"] = p
            counts["beta = 10: errors off"] = abs(float(middle.mean()) - p) / sqrt(p * (1.0 - p) / n)
    noise = mf.Diffusion(1e-6, geometry="flat")
    still = np.broadcast_to(three(), (n, 3, 2))
    run = pt.simulate(pulled(40.0) + noise, still, (0.0, 1.0), [1.0], method="heun", step=0.01, rng=bench.rng)
    end = run.x[-1, :, 2, 0]
    counts["noise: in the middle"] = int(np.sum(np.abs(end) < half))
    counts["noise: share to the right"] = float(np.mean(end > 0.0))
    counts["noise: errors off 1/2"] = abs(float(np.mean(end > 0.0)) - 0.5) * 2.0 * sqrt(n)
    limits: dict[str, tuple[float | None, float | None]] = {
        **{name: (0, 0) for name in counts if "other side" in name or name.endswith("in the middle")},
        "beta = 10: errors off": (None, MISSED),
        "noise: errors off 1/2": (None, MISSED),
    }
    limits.pop("beta = 10: share in the middle", None)
    return evidence(counts, limits)


def _critical(beta: float, half: float) -> float:
    """The eps from which the third token is at `half` at t = 1, by the printed loop."""

    def end(eps: float) -> float:
        def rhs(_: float, y: Array) -> Array:
            z = y.reshape(3, 2)
            return (double_loop.general_velocity("SA", z, beta, ONE, ONE, ONE, sphere=False) - z).ravel()

        return float(ode.integrate(rhs, three(eps).ravel(), [1.0], rtol=1e-9, atol=1e-12)[1][0, 4])

    return float(brentq(lambda eps: end(eps) - half, 1e-5, 1e-2, xtol=1e-8))
