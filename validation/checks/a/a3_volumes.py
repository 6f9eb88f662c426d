"""A, section 3.1, by finite volumes: densities stay positive, mass stays 1, and the energy is monotone."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import meanfield as mf
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

START: dict[Any, complex] = {1: 0.3, 2: 0.2}


def _start(d: int) -> mf.Density:
    return mf.perturbed_uniform(mf.Circle(64) if d == 2 else mf.ZonalSphere(d, 32), START)


def _order(law: Any, d: int, kappa: float, sizes: tuple[int, int]) -> float:
    """The observed order in L1 of cell averages at t = 0.8, against the spectral answer."""
    rho0, off = _start(d), []
    exact = mf.solve(law, rho0, (0.0, 0.8), t_eval=[0.8], diffusion=kappa)(0.8)
    for n in sizes:
        sol = mf.solve(law, rho0, (0.0, 0.8), t_eval=[0.8], method=mf.FiniteVolume(cells=n), diffusion=kappa)
        masses = sol.segments[0].form.cells.masses(exact)
        off.append(float(np.abs(sol(0.8).weights - masses).sum()))
    return float(np.log2(off[0] / off[1]) / np.log2(sizes[1] / sizes[0]))


@check("A09.positive", where="A 3.1 (3.1)-(3.4)", title="positive at all times, clusters included, E monotone")
def positive(bench: Bench) -> Verdict:
    """Finite volumes, under SA and USA (relative scale), beta = 4, of either sign.

    To t = 30 (repulsive, and USA: 3) with 32 cells, of a cap with empty cells on the circle and of smooth data on
    S^2: the least mean of a cell is >= 0 and the mass 1 to 1e-13 at every saved time; E goes its way at every one,
    to 1e-15 of its size.  Order in the L1 norm of cell averages against the spectral answer: 2 within 0.1, from 64
    to 128 cells (full: 128 to 512, all signs, d = 8 too, and with noise, kappa = 0.02).
    """
    full = bench.tier == "full"
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    kinds = {"SA": lambda sign: mf.SA(4.0, sign=sign), "USA": lambda sign: mf.USA(4.0, sign=sign, scale="relative")}
    cap = mf.CellAverages(mf.Circle(64), [1.0] * 10 + [0.0] * 22)
    starts: dict[str, Any] = {"circle": cap, "d = 3": _start(3)}
    for kind, made in kinds.items():
        for sign in (1, -1):
            law = made(sign)
            for where, start in starts.items():
                end = 30.0 if kind == "SA" and sign > 0 else 3.0
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", mf.StoppedEarly)  # that clusters are pinned
                    sol = mf.solve(law, start, (0.0, end), method=mf.FiniteVolume(cells=32))
                name, E = f"{law}, {where}", sign * sol.energy
                measured[f"minimum, {name}"] = float(sol.minimum.min())
                measured[f"mass - 1, {name}"] = float(np.abs(sol.mass - 1.0).max())
                measured[f"E the wrong way, {name}"] = float(max(-np.diff(E).min(), 0.0) / np.abs(E).max())
    for name in measured:
        limits[name] = (0.0, None) if "minimum" in name else (None, 1e-13 if "mass" in name else 1e-15)
    for d in (2, 3, 8) if full else (2, 3):
        for kind, made in kinds.items():
            for sign in (1, -1) if full else (1 if kind == "SA" else -1,):
                for kappa in (0.0, 0.02) if full else (0.0,):
                    name = f"order, {kind}, sign = {sign}, d = {d}, kappa = {kappa:g}"
                    measured[name] = _order(made(sign), d, kappa, (128, 512) if full else (64, 128))
                    limits[name] = (1.9, 2.1)
    return judge(measured, limits)
