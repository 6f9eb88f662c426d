"""F46, 2607.09279: the causal mask's attention matrix is far from normal."""

from __future__ import annotations

import numpy as np

import meanfield as mf
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence


def _kreiss(P: np.ndarray) -> float:
    """sup over |z| > 1 of (|z| - 1) |(z - P)^{-1}|_2, over a grid of radii and angles."""
    n, best = len(P), 0.0
    for gap in np.geomspace(1e-6, 10.0, 36):
        for angle in (0.0, 0.01, 0.1, 0.5, 1.0, 2.0, np.pi):
            z = (1.0 + gap) * np.exp(1j * angle)
            best = max(best, gap / float(np.linalg.svd(z * np.eye(n) - P, compute_uv=False)[-1]))
    return best


@check("F46", where="2607.09279", title="Kreiss constant ~ sqrt n for the causal mask (own formulation)")
def propagator(bench: Bench) -> Verdict:
    """The attention matrix of tokens at one place under the causal mask has rows (1/k, ..., 1/k, 0, ...): the layer x
    <- P x about consensus, asked of our causal law by unit vectors.  Its Kreiss constant sup (|z| - 1) |(z - P)^{-1}|
    over a grid, n = 8, ..., 64 (full: 256): a slope of its logarithm in log n between 0.45 and 0.55; P^k tends to a
    matrix of norm sqrt n, which it is not above.  No equation of that paper is at hand: evidence, by a formulation of
    our own.
    """
    sizes = [8, 16, 32, 64] if bench.tier == "quick" else [8, 16, 32, 64, 128, 256]
    constants, over = [], 0.0
    for n in sizes:
        mu = mf.Points(np.eye(n)).past()
        P = np.array(mu.read(mf.Exponential(0.0), mu.x, "M").M)  # what multiplies x_j, x_j the unit vectors
        constants.append(_kreiss(P))
        over = max(over, constants[-1] / np.sqrt(n))
    slope = float(np.polyfit(np.log(sizes), np.log(constants), 1)[0])
    measured = {"slope in log n": slope, "largest, over sqrt n": over}
    measured |= {f"n = {n}": c for n, c in zip(sizes, constants, strict=True)}
    return evidence(measured, {"slope in log n": (0.45, 0.55), "largest, over sqrt n": (0.8, 1.5)})
