"""2601.21942, 2603.06187, 2608.16664: two tokens under random layers, with attention, without, and forced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import random_layers
from validation.rates import mean_interval
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

PAIRS = ((3, 1.0), (8, 2.0), (8, 1.0))
"""Dimension, beta: antipodal pairs attract in the first two."""


def _layers(law: mf.Law | None, x: Array, t: float, h: float, rng: np.random.Generator, force: float = 0.0) -> Array:
    """Pairs (R, 2, d) after t / h layers x <- N(x + h^{1/2} G m + h force e_1), G normal, one for a pair.

    m is what the law's attention has, x itself if there is none.
    """
    for _ in range(round(t / h)):
        m = x if law is None else np.asarray(law.velocity(0.0, None, mf.Points(x, geometry="flat")))
        x = x + math.sqrt(h) * m @ rng.standard_normal((len(x), x.shape[-1], x.shape[-1]))
        x[..., 0] += h * force
        x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return x


def _gap(x: Array, sign: float) -> Array:
    """(R,) 1 - sign <x, y>, to its digits."""
    return np.asarray(0.5 * np.square(x[:, 0] - sign * x[:, 1]).sum(axis=-1))


def _near(count: int, d: int, sign: float, rng: np.random.Generator, gap: float = 1e-5) -> Array:
    """Pairs that lie a gap from each other, or from being antipodal."""
    x = pt.uniform(count, d, rng)
    aside = rng.standard_normal(x.shape)
    aside -= np.sum(aside * x, axis=-1, keepdims=True) * x
    y = sign * x + gap * aside / np.linalg.norm(aside, axis=-1, keepdims=True)
    return np.stack([x, y / np.linalg.norm(y, axis=-1, keepdims=True)], axis=1)


@check("F26", where="2601.21942", title="two tokens under random layers: merged or, for large beta, antipodal",
       tier="full")  # fmt: skip
def random_pairs(bench: Bench) -> Verdict:
    """Layers with normal value matrices, x <- N(x + h^{1/2} G P(x) x) with P our attention: own formulation.

    As h -> 0 <x, y> is a diffusion (`exact.random_layers` derives it): antipodal pairs attract where cosh^2 beta >
    (d - 1) / 2, in every d <= 3, and never for beta = 0 and d > 3; merged ones always do.  Orthogonal pairs, 2000
    of them, h = 0.01, to t = 10: the share that is antipodal at (d, beta) = (3, 1), (8, 2) and (8, 1), against the
    scale function: within 4.5 standard errors, and at the third
    all but those not yet decided have merged.  Rates of log(1 + c) from an antipodal pair with a
    gap of 1e-5, to t = 1/2: within 4.5 standard errors and the layers' own bias, h (d + 2) of the rate's parts.
    """
    rng = np.random.default_rng(bench.rng)
    count = 2000
    measured: dict[str, float] = {}
    limits: Limits = {}
    for d, beta in PAIRS:
        law, at = mf.SA(beta, geometry="flat"), f"d = {d}, beta = {beta:g}"
        x = np.zeros((count, 2, d))
        x[:, 0, 0] = x[:, 1, 1] = 1.0
        share = float((_gap(_layers(law, x, 10.0, 0.01, rng), 1.0) > 1.0).mean())
        told = random_layers.antipodal_share(beta, d, 0.0)
        error = math.sqrt(max(told * (1.0 - told), 1.0 / count) / count)
        measured |= {f"antipodal: {at}": share, f"antipodal, told: {at}": told}
        measured[f"standard errors: {at}"] = abs(share - told) / error
        grown = np.log(_gap(_layers(law, _near(count, d, -1.0, rng), 0.5, 0.005, rng), -1.0) / 5e-11) / 0.5
        rate = random_layers.antipodal_rate(beta, d)
        error = float(grown.std()) / math.sqrt(count)
        measured |= {f"rate: {at}": float(grown.mean()), f"rate, told: {at}": rate}
        measured[f"standard errors of the rate: {at}"] = abs(float(grown.mean()) - rate) / (error + 0.005 * (d + 2))
        limits = {**limits, f"standard errors: {at}": (None, 4.5), f"standard errors of the rate: {at}": (None, 4.5)}
    return evidence(measured, limits, "Antipodal pairs attract where cosh^2 beta > (d - 1) / 2.")


@check("F41", where="2608.16664", title="forced random quadratic forms: antipodal with probability 1/2, for a time",
       tier="full")  # fmt: skip
def forced(bench: Bench) -> Verdict:
    """x <- N(x + h^{1/2} G x + h gamma e), the layers of F26 without attention: own formulation.

    Where gamma = 0 the law of <x, y> is that of -<x, y>, and log(1 -+ c) falls at the rate 2 at either end in every d
    (`exact.random_layers`, beta = inf): of pairs that begin at random half are antipodal at t = 8, within 4.5 standard
    errors.  A force gamma turns x + y of an antipodal pair by 2 gamma P e, against the contraction exp(-t): the mean of
    log |x + y| is that without a force while e^{-t} is far above gamma, and then stays.  The time at which it stops
    falling, from a gap of 1/100 on, so grows like log(1/gamma): the last mean of log |x + y|, at t = 24, has slope 1 in
    log gamma (0.9 to 1.1 over gamma = 1e-4, 1e-6, 1e-8).  Merged pairs go on to merge, whatever gamma is: both see
    the same force.
    """
    rng = np.random.default_rng(bench.rng)
    count, h, d = 1000, 0.02, 3
    x = pt.uniform(2, d, rng, replicas=count)
    antipodal = (_gap(_layers(None, x, 8.0, h, rng), 1.0) > 1.0).astype(float)
    low, high = mean_interval(antipodal)
    measured: dict[str, Any] = {"antipodal": float(antipodal.mean()), "antipodal, low": low, "antipodal, high": high}
    measured |= {"antipodal, true": 0.5, "standard errors from 1/2": abs(antipodal.mean() - 0.5) * 2.0 * count**0.5}
    gammas = np.array([1e-4, 1e-6, 1e-8])
    last = []
    for gamma in gammas:
        runs = _layers(None, _near(count, d, -1.0, rng, 1e-2), 24.0, h, rng, gamma)
        last.append(float(0.5 * np.log(2.0 * _gap(runs, -1.0)).mean()))
        measured[f"gap of antipodal pairs over gamma, {gamma:g}"] = float(np.exp(last[-1])) / gamma
    merged = _layers(None, _near(count, d, 1.0, rng, 1e-2), 12.0, h, rng, 1e-4)
    measured["slope in log gamma"] = float(np.polyfit(np.log(gammas), last, 1)[0])
    measured["merged pairs, log of the gap"] = float(0.5 * np.log(2.0 * _gap(merged, 1.0)).mean())
    limits: Limits = {
        "standard errors from 1/2": (None, 4.5), "slope in log gamma": (0.9, 1.1),
        "merged pairs, log of the gap": (None, math.log(1e-2) - 6.0),
    }  # fmt: skip
    return evidence(measured, limits, "Antipodal pairs last until a gap of order gamma is left, at log(1/gamma).")
