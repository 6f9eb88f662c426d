"""A, sections 6.2 to 7.2 and appendix B: clusters on the circle, critical points, and where attraction turns."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.checks._critical import critical_points, jacobian, top_eigenvalue
from validation.checks._tools import start, velocity
from validation.registry import Bench, Verdict, check, evidence, judge
from validation.verdict import Limits


@check("A32", where="A Rem 6.2", title="the entropy of a density falls without bound")
def entropy(bench: Bench) -> Verdict:
    """int rho log rho (minus the entropy) along SA at beta = 1 from two waves, until 4096 nodes no longer resolve it.

    Its rate is -int div X d mu: the change over each unit of time against Gauss's rule over that, 1e-8 relative.  In
    the end all is one narrow cluster that contracts at rate 1, so that the rate tends to 1 and the entropy to minus
    infinity: within 3% of 1 at the last resolved time, where int rho log rho exceeds 3.
    """
    law = mf.SA(1.0)
    sol = mf.solve(law, start(), (0.0, 12.0), on_unresolved="stop", rtol=1e-11, atol=1e-15)

    def rate(rho: Any) -> float:
        return float(-(rho.weights @ np.asarray(law.divergence(0.0, None, rho)).ravel()))

    nodes, weights = np.polynomial.legendre.leggauss(20)
    end = np.floor(sol.end)
    worst = 0.0
    for a in np.arange(0.0, end, 1.0):
        spent = 0.5 * sum(w * rate(sol(a + 0.5 * (s + 1.0))) for s, w in zip(nodes, weights, strict=True))
        change = sol(a + 1.0).entropy - sol(a).entropy
        worst = max(worst, abs(change / spent - 1.0))
    last = sol.densities[-1]
    measured = {
        "change over integral - 1": worst,
        "int rho log rho at the end": last.entropy,
        "rate at the end": rate(last),
        "end time": sol.end,
        "largest density": last.maximum,
    }
    limits: Limits = {
        "change over integral - 1": (None, 1e-8),
        "int rho log rho at the end": (3.0, None),
        "rate at the end": (0.97, 1.03),
    }
    return judge(measured, limits)


def _counts(theta: Array, gap: float) -> Array:
    """Numbers of clusters of rows of angles (..., n): gaps above `gap` around the circle."""
    ordered = np.sort(np.mod(theta, 2.0 * np.pi), axis=-1)
    gaps = np.diff(np.concatenate([ordered, ordered[..., :1] + 2.0 * np.pi], axis=-1), axis=-1)
    return np.maximum(1, np.sum(gaps > gap, axis=-1))


@check("A42", where="A Fig 4", title="how many clusters on the circle at t = 2.5, 18, 30")
def cluster_counts(bench: Bench) -> Verdict:
    """Mean number of clusters (gaps above 0.3) of 32 uniform tokens over 100 clouds, SA at beta = 4 and 9.

    Evidence, since the figure shows one cloud: 2 clusters at beta = 4 and 3 at beta = 9, after mergers.  What has a
    limit is the fastest mode about the uniform measure, 3 and 4, and that the mean number never rises.
    """
    rng = np.random.default_rng(bench.rng)
    t = [2.5, 18.0, 30.0]
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for beta, fastest, shown in ((4.0, 3, 2), (9.0, 4, 3)):
        x = pt.uniform_angles(32, rng, replicas=100)
        run = pt.simulate(mf.SA(beta), x, (0.0, 30.0), t, angles=True, rtol=1e-6, atol=1e-9)
        counts = _counts(run.x, 0.3)
        name = f"beta = {beta:g}"
        measured |= {f"mean clusters at {s:g}, {name}": m for s, m in zip(t, counts.mean(axis=1), strict=True)}
        measured[f"share with {shown} at 30, {name}"] = float((counts[-1] == shown).mean())
        measured[f"fastest mode, {name}"] = mf.fastest(mf.SA(beta), 2)[0]
        measured[f"rise of the mean, {name}"] = float(np.diff(counts.mean(axis=1)).max())
        limits |= {f"fastest mode, {name}": (fastest, fastest), f"rise of the mean, {name}": (None, 0.0)}
    return judge(measured, limits, pictures=[bench.figure("one", lambda: run.plot_ring(30.0, replica=0))])


@check("A50", where="A Problem 3", title="critical points for n <= 6: the least top eigenvalue over beta", tier="full")
def saddles(bench: Bench) -> Verdict:
    """Zeros of USA's field from 400 random starts, n = 4, 5, 6, beta = 0.5 to 8, consensus left out.

    Evidence on the open question whether all are strict saddles: the least of their largest eigenvalues, over lambda_0
    (relative scale).  Positive means strict; a search finds many critical points, not provably all.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for beta in (0.5, 1.0, 2.0, 4.0, 8.0):
        law = mf.USA(beta, scale="relative")
        found = [theta for n in (4, 5, 6) for theta in critical_points(law, n, 400, rng)]
        apart = [theta for theta in found if np.ptp(np.cos(theta)) > 1e-6]
        measured[f"critical points, beta = {beta:g}"] = len(apart)
        measured[f"least top eigenvalue, beta = {beta:g}"] = min(top_eigenvalue(law, theta) for theta in apart)
    return evidence(measured, "Positive: every critical point found is a strict saddle.")


@check("A71", where="A Rem B.1, C.1", title="the index of a critical point is the same in both metrics")
def indices(bench: Bench) -> Verdict:
    """Numbers of unstable directions of SA and of USA at the same critical points, n = 3, 4, 5, beta = 0.5, 1, 2.

    SA's field is USA's over Z, so that its Jacobian there is Z^{-1} times the symmetric one, with the same signs.
    Eigenvalues within 1e-7 of zero (the rotation, and what differences leave) count for neither.
    """
    rng = np.random.default_rng(bench.rng)
    points = different = saddles = 0
    field = 0.0
    for beta in (0.5, 1.0, 2.0):
        sa, usa = mf.SA(beta), mf.USA(beta, scale="relative")
        for theta in (theta for n in (3, 4, 5) for theta in critical_points(usa, n, 40, rng)):
            ours, other = (np.linalg.eigvals(jacobian(law, theta)).real for law in (sa, usa))
            points += 1
            different += int(np.sum(ours > 1e-7) != np.sum(other > 1e-7))
            saddles += int(0 < np.sum(other > 1e-7) < len(theta) - 1)
            field = max(field, float(np.abs(velocity(sa, mf.Points(theta))).max()))
    measured = {
        "critical points": points,
        "of them saddles": saddles,
        "indices that differ": different,
        "SA's speed": field,
    }
    limits: Limits = {"of them saddles": (5, None), "indices that differ": (0, 0), "SA's speed": (None, 1e-11)}
    return judge(measured, limits)


# --- where attraction turns --------------------------------------------------------------------------------

TURNS = {1.0: 0.904557, 10.0: 0.313535, 64.0: 0.124837}
"""Root of cos x = beta sin^2 x, as printed on the checklist."""


def _response(beta: float, x: float) -> float:
    """-div X at the angle x from a single token, USA scaled by e^{-beta}."""
    law = mf.USA(beta, scale="scaled")
    rows = np.array([[np.cos(x), np.sin(x)]])
    return -float(np.ravel(law.divergence(0.0, rows, mf.Points(np.array([[1.0, 0.0]]))))[0])


@check(
    "A69",
    where="A App B (B.1), (B.2); C Lem A.1",
    title="one token's field contracts up to tau*, and spreads beyond",
    covers=("A69", "C23"),
)
def turning(bench: Bench) -> Verdict:
    """Root of our divergence around a single token, against print (1e-5 relative) and the root in closed form.

    cos x = beta (1 - cos^2 x) gives cos tau* = (sqrt(1 + 4 beta^2) - 1)/(2 beta): 1e-12.  The divergence itself against
    e^{beta(cos x - 1)} (cos x - beta sin^2 x): 1e-14; negative beyond tau*; (beta + 1/2)^{-1/2} < tau* < beta^{-1/2}.
    """
    x = np.linspace(0.0, np.pi, 101)
    printed, exact, formula, beyond = 0.0, 0.0, 0.0, -np.inf
    low, high = np.inf, np.inf
    for beta, told in TURNS.items():
        ours = np.array([_response(beta, s) for s in x])
        told_so = np.exp(beta * (np.cos(x) - 1.0)) * (np.cos(x) - beta * np.sin(x) ** 2)
        formula = max(formula, float(np.abs(ours - told_so).max()))
        turn = float(brentq(lambda s, beta=beta: _response(beta, s), 1e-3, 1.5, xtol=1e-15))
        printed = max(printed, abs(turn / told - 1.0))
        exact = max(exact, abs(turn - np.arccos((np.sqrt(1.0 + 4.0 * beta**2) - 1.0) / (2.0 * beta))))
        beyond = max(beyond, float(ours[x > turn + 1e-3].max()))
        low, high = min(low, turn * np.sqrt(beta + 0.5) - 1.0), min(high, 1.0 - turn * np.sqrt(beta))
    measured = {
        "root - printed, relative": printed,
        "root - closed form": exact,
        "divergence - formula": formula,
        "largest response beyond the root": beyond,
        "root over its lower bound - 1": low,
        "1 - root over its upper bound": high,
    }
    limits: Limits = {
        "root - printed, relative": (None, 1e-5),
        "root - closed form": (None, 1e-12),
        "divergence - formula": (None, 1e-14),
        "largest response beyond the root": (None, 0.0),
        "root over its lower bound - 1": (1e-12, None),
        "1 - root over its upper bound": (1e-12, None),
    }
    return judge(measured, limits)
