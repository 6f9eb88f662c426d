"""The door to branches of stationary densities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy

from meanfield.analysis.bifurcating import Bifurcating
from meanfield.analysis.following import Half, follow, told
from meanfield.analysis.onset import onset
from meanfield.analysis.zeroflux import ZeroFlux, balance, positive
from meanfield.protocols import Array, Law, Space
from meanfield.runs.branches import Branch
from meanfield.spaces.initial import uniform
from meanfield.tools import inputs
from meanfield.tools.tags import equations

LARGEST = 128
"""Degree to which densities are followed: matrices are dense.  Densities are handed over on the space as it is."""
STEPS = 10**5
APART = 2.0**0.25
"""Ratio of two inverse temperatures between which a branch point is looked for."""
FARTHEST = 100
"""Such ratios up and down from the law's own."""


@equations("A Problem 7", "2510.20094")
def branch(law: Law, space: Space, mode: int = 1, parameter: str = "diffusion", *, steps: int = 400) -> Branch:
    """The branch of stationary densities that leaves the uniform density by one mode, followed as far as it goes.

    By pseudo-arclength in f_k = int P_k d rho and the parameter's logarithm; folds, branch points and points of equal
    free energy are located, and the spectrum of the linearised equation is told along it, by sectors.

    Parameters
    ----------
    law : Law
        SA or USA without matrices, or another gradient law.  If the noise is varied, without noise; if beta is, with
        it: ``mf.USA(4.0) + mf.Diffusion(2.0)``, and beta is where the branch point is looked for.
    space : Space
        Where densities are to live: the circle (even ones), a zonal sphere of any d, or S^2 (axisymmetric ones).
    mode : int
        k: the branch point is kappa_c(k) = lambda_k / beta (USA), lambda_k / (beta lambda_0) (SA), in the law's scale.
    parameter : {"diffusion", "beta"}
        What is varied.
    steps : int
        Points at most, in each half.

    Returns
    -------
    Branch
        With `.reason`, why it ends: under-resolved, back at the uniform density, or no next point.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument; for a mode that does not grow, or grows at every beta or none.

    Examples
    --------
    >>> found = mf.branch(mf.USA(4.0), mf.Circle(96), steps=25)
    >>> found.kind, round(float(found.folds[0]), 9)
    ('discontinuous', 2.583518728)
    """
    inputs.having("space", space, ("d", "degrees", "analyse"), "a space, for example mf.Circle(128)")
    inputs.choice("parameter", parameter, ("diffusion", "beta"))
    steps = inputs.integer("steps", steps, low=2, high=STEPS)
    flux, kappa = balance(law, space.d)
    degree = int(space.degrees.max())
    if space.names[-1] == -1:  # an even grid's highest mode, which has no phase
        degree -= 1
    degree = min(degree, LARGEST)
    mode = inputs.integer("mode", mode, low=1, high=max(1, degree // 4))
    if parameter == "diffusion":
        if kappa != 0.0:
            raise ValueError(f"law: got {law}, whose noise is what is varied: give the law without it, {flux.law}")
        begun = onset(flux.law, space.d, mode)
        curve = Bifurcating(flux, degree, begun.critical)
    else:
        kappa = positive("law", kappa)
        flux = _critical_beta(flux, kappa, mode)
        begun = onset(flux.law, space.d, mode)
        curve = Bifurcating(flux, degree, float(flux.law.beta), kappa)
    halves = [follow(curve, mode, side, steps) for side in ((1.0, -1.0) if begun.kind == "transcritical" else (1.0,))]
    along = told(curve, halves, mode)
    flat = uniform(space)
    base = [-flux.law.sign * curve.at(np.log(value / curve.start))[0].flat(flat) for value in along["parameter"]]
    return Branch(
        law=law, space=space, mode=mode, varied=parameter, kind=begun.kind, critical=curve.start, base=np.array(base),
        reason="; ".join(half.reason for half in halves), **along, **_located(curve, halves, mode),
    )  # fmt: skip


def _located(curve: Bifurcating, halves: list[Half], mode: int) -> dict[str, Array]:
    """What was located, as arrays."""
    groups = {
        "folds": ("fold_heights", [at for half in halves for at in half.folds]),
        "equal": ("equal_heights", [at for half in halves for at in half.equal]),
        "branch_points": ("branch_heights", [at for half in halves for at, _ in half.crossings]),
    }
    out: dict[str, Array] = {}
    for name, (heights, points) in groups.items():
        out[name] = np.array([curve.value(at.y[-1]) for at in points])
        out[heights] = np.array([at.y[mode - 1] for at in points])
    out["branch_sectors"] = np.array([m for half in halves for _, m in half.crossings], dtype=np.int64)
    return out


def _critical_beta(flux: ZeroFlux, kappa: float, mode: int) -> ZeroFlux:
    """The law at the inverse temperature nearest its own at which kappa_c(mode) is kappa."""
    own = getattr(flux.law, "beta", None)
    if not isinstance(own, float) or not own > 0.0:
        raise ValueError(f"law: got {flux.law}, wanted a law whose beta > 0 can be varied, such as mf.USA(4.0)")

    def excess(log: float) -> float:
        law: Any = replace(flux.law, beta=float(np.exp(log)))
        return ZeroFlux(law, flux.d).critical(mode) / kappa - 1.0

    center, h = float(np.log(own)), float(np.log(APART))
    ends = {0: excess(center)}
    for i in range(1, FARTHEST + 1):
        for side in (1, -1):
            try:
                ends[side * i] = excess(center + side * i * h)
            except ValueError:  # beyond the law's range
                continue
            if ends[side * i] * ends.get(side * (i - 1), 0.0) < 0.0:
                low, high = sorted((center + side * (i - 1) * h, center + side * i * h))
                log = scipy.optimize.brentq(excess, low, high, xtol=1e-15, rtol=1e-15)
                law: Any = replace(flux.law, beta=float(np.exp(log)))
                return ZeroFlux(law, flux.d)
    raise ValueError(
        f"law: kappa = {kappa:g} is kappa_c({mode}) of {type(flux.law).__name__} on S^{flux.d - 1} at no beta between "
        f"{own / APART**FARTHEST:.1e} and {own * APART**FARTHEST:.1e}: give other noise"
    )
