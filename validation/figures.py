"""Figures of the mean-field-limit experiment, on the circle and on spheres."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.plot import circle, slopes, style, zonal
from validation.experiment import Limit
from validation.registry import close


def save_limit(run: Limit, folder: Path) -> list[tuple[str, str]]:
    """Draw and save every picture of the experiment; (file name, caption) in the order of telling."""
    drawings: list[tuple[str, str, Callable[[], Any]]] = [
        ("density", "The density over time.", run.solution.plot),
        ("energy", "The energy rises, by as much as was dissipated (below: the defect).", run.solution.plot_energy),
        ("overlay", "The largest cloud at the end, against the density.", lambda: overlay(run)),
        ("rate-start", f"{run.headline} at t = 0: independent samples.", lambda: rate(run, 0)),
        ("rate-end", f"{run.headline} at the end: the rate survives the dynamics.", lambda: rate(run, -1)),
        ("growth", f"{run.headline} over time, relative to its start, and what theory allows.", lambda: growth(run)),
        *([] if run.constant is None else [
            ("constant", "sqrt(n) E W1 of n samples over time, and its limit for n to infinity.", lambda: constant(run))
        ]),
        ("energy-gap", "Energy of the particles against the density's, at the end.", lambda: energy_gap(run)),
    ]
    made = []
    for name, caption, draw in drawings:
        if run.init == "quantize":
            caption = caption.replace("independent samples", "deterministic quantisation")
        with style.session():
            drawn = draw()
        style.save(drawn, folder / f"limit-{name}.png")
        close(drawn)
        made.append((f"limit-{name}.png", caption))
    return made


LABELS = {
    "W1": r"mean $W_1(\mu_n, \mu)$ (rad)",
    "Sobolev": r"mean $\Vert\mu_n - \mu\Vert_{H^{-d/2}}$",
}


def overlay(run: Limit, ax: Any = None) -> Any:
    """Histogram of the largest cloud's first replica at the end, against rho."""
    rho = run.solution.densities[-1]
    title = f"{run.law}, n = {run.n[-1]}, t = {run.t[-1]:g}"
    if run.d > 2:
        heights = rho.space.chart(run.samples)
        return zonal.overlay(rho.space.nodes, rho.values, heights, ax=ax, title=f"{title}, d = {run.d}", d=run.d)
    return circle.overlay(rho.space.nodes, rho.values, run.samples, ax=ax, title=title)


def rate(run: Limit, at: int, ax: Any = None) -> Any:
    """W1 over n at one time, with the fitted slope."""
    fit = run.slope(at)
    title = f"{run.law}, t = {run.t[at]:g}, {run.w1.shape[-1]} replicas"
    interval = (fit.low, fit.high)
    reference = -0.5 if run.init == "sample" else -1.0
    return slopes.rate(
        run.n,
        run.mean[:, at],
        run.error[:, at],
        fit.slope,
        interval,
        ax,
        intercept=fit.intercept,
        reference=reference,
        ylabel=LABELS[run.headline],
        title=title,
    )


def growth(run: Limit, ax: Any = None) -> Any:
    """W1(t) / W1(0) for every n, beside e^{max rate t} and Dobrushin's factor."""
    start = run.mean[:, :1]
    top = 3.0 * float(np.max(run.linear))
    bounds = {r"$e^{\max_k s_k t}$ (about uniform)": run.linear}
    held = np.where(run.dobrushin <= top, run.dobrushin, np.nan)
    if np.isfinite(held).sum() >= 2:  # else beyond the picture from the first step on; its numbers are told
        bounds["Dobrushin along the solution"] = held
    return slopes.growth(
        run.t,
        list(run.mean / start),
        [f"n = {k}" for k in run.n],
        ax,
        spread=list(run.error / start),
        bounds=bounds,
        ylabel=f"{run.headline} distance, relative to t = 0",
        title=f"{run.law}, {run.w1.shape[-1]} replicas",
    )


def constant(run: Limit, ax: Any = None) -> Any:
    """sqrt(n) mean W1 over time for every n, beside the limit that the linearised equation gives."""
    assert run.constant is not None
    root = np.sqrt(run.n)[:, None]
    return slopes.growth(
        run.t,
        list(root * run.mean),
        [f"n = {k}" for k in run.n],
        ax,
        spread=list(root * run.error),
        bounds={r"$n \to \infty$": run.constant[:, 0]},
        ylabel=r"$\sqrt{n}$ mean $W_1(\mu_n, \mu)$ (rad)",
        title=f"{run.law}, {run.w1.shape[-1]} replicas",
        log=False,
    )


def energy_gap(run: Limit, ax: Any = None) -> Any:
    """Root mean square of E_n - E at the end over n."""
    gap, error = run.energy_gap[0][:, -1], run.energy_gap[1][:, -1]
    slope = float(np.polyfit(np.log(run.n), np.log(gap), 1)[0])
    return slopes.rate(
        run.n,
        gap,
        error,
        slope,
        None,
        ax,
        reference=-0.5 if run.init == "sample" else -1.0,
        ylabel=r"root mean square of $E_\beta(\mu_n) - E_\beta(\mu)$",
        title=f"{run.law}, t = {run.t[-1]:g}, {run.w1.shape[-1]} replicas",
    )
