"""F25, 2605.16747: flow maps that see a context, by how many tokens the context has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation import rates
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence

TIMES = (0.5, 1.0, 2.0)
PROBES = 8


def _moved(n: int, clouds: int, rng: Any) -> Array:
    """(times, clouds) root mean square distance that probes have gone on S^3 in a context of n uniform tokens.

    Probes see the context and nobody sees them; under the uniform measure itself no token moves.
    """
    x = pt.uniform(n + PROBES, 4, rng, replicas=clouds)
    w = np.append(np.full(n, 1.0 / n), np.zeros(PROBES))
    run = pt.simulate(mf.SA(1.0), x, (0.0, TIMES[-1]), list(TIMES), weights=w, rtol=1e-5, atol=1e-8)
    gone = run.x[:, :, n:] - x[:, n:]
    return np.asarray(np.sqrt(np.mean(np.sum(gone**2, axis=-1), axis=-1)))


def _gap(n: int, clouds: int, rng: Any) -> Array:
    """(clouds,) mean distance of uniform points of S^3 to the nearest of n uniform tokens: at most their W1."""
    told = []
    for _ in range(clouds):
        tokens, points = pt.uniform(n, 4, rng), pt.uniform(1000, 4, rng)
        chord, _ = cKDTree(tokens).query(points)
        told.append(float(np.mean(2.0 * np.arcsin(0.5 * chord))))
    return np.array(told)


def _fitted(sizes: list[int], samples: list[Array]) -> rates.Slope:
    """The slope of means over clouds in n, with what these do not explain."""
    return rates.slope(sizes, [one.mean() for one in samples], [one.std() / math.sqrt(len(one)) for one in samples])


@check(
    "F25",
    where="2605.16747",
    title="flow maps of a context: n^{-1/d} in general, n^{-1/2} for attention, at every depth",
)
def contextual(bench: Bench) -> Verdict:
    """A token's flow phi_t[mu](x) in the context mu, against that of n tokens drawn from mu; here mu is uniform on S^3,
    of dimension 3, so that phi_t[mu](x) = x.

    Attention (SA, beta = 1, the context moving, too): the root mean square of phi_t[mu_n](x) - x over probes falls like
    n^{-1/2} at t = 1/2, 1, 2 alike: n = 24, 48, 96, 192, 24 clouds (full: 100 to 1600, 200 clouds, within 0.05).  In
    general: x' = W1(mu_n, sigma) e(x) is as regular in W1 as a context may be, and its W1 is at least the mean distance
    to the nearest token, which is Gamma(4/3) (3 pi / (2 n))^{1/3} to leading order: slope -1/3, its constant within 5
    per cent at the largest n, so nothing in dimension 3 is faster than that without more of the field.  Evidence: rates
    are measured, and the source's classes are in our words.
    """
    rng, quick = np.random.default_rng(bench.rng), bench.tier == "quick"
    sizes, clouds = ([24, 48, 96, 192], 24) if quick else ([100, 200, 400, 800, 1600], 200)
    moved = [_moved(n, clouds, rng) for n in sizes]
    measured: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for k, t in enumerate(TIMES):
        fit = _fitted(sizes, [one[k] for one in moved])
        name = f"attention, t = {t:g}: slope"
        measured |= {name: fit.slope, f"{name}: low": fit.low, f"{name}: high": fit.high}
        room = 4.5 * fit.error if quick else max(0.05, 4.5 * fit.error)
        limits[name] = (-0.5 - room, -0.5 + room)
    many = [16 * n for n in sizes]
    gaps = [_gap(n, 8, rng) for n in many]
    fit = _fitted(many, gaps)
    measured |= {"in general: slope": fit.slope, "in general: low": fit.low, "in general: high": fit.high}
    constant = math.gamma(4.0 / 3.0) * (1.5 * math.pi / many[-1]) ** (1.0 / 3.0)
    measured["in general: constant / exact"] = float(gaps[-1].mean()) / constant
    limits |= {"in general: slope": (-1 / 3 - 0.05, -1 / 3 + 0.05), "in general: constant / exact": (0.95, 1.05)}
    return evidence(measured, limits)
