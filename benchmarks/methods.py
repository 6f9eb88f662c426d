"""Which method when: the same problem by every method, its error over time, its unknowns and its cost.

    python benchmarks/methods.py [--out docs]

SA, beta = 4, rho_0 = 1 + 0.3 cos theta + 0.2 sin 2 theta, to t = 20: two clusters form at about t = 6.  The error is
that of the moments c_k = int e^{-ik theta} d mu, k = 1..10, against a Lagrangian run at rtol = 1e-13.  Rewrites the
table of docs/methods.md and docs/images/methods.png.  Times are ratios within one run, to the Lagrangian method at its
defaults.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.tools import files

LAW = mf.SA(beta=4.0)
END = 20.0
TIMES = np.linspace(0.5, END, 40)
TOLD = (2.0, 5.0, 10.0, 20.0)
MODES = 10
ROUNDS = 3


def runs(rho0: Any) -> dict[str, Any]:
    """Name -> a call that makes the run."""

    def spectral(n: int) -> Any:
        return mf.solve(LAW, rho0, (0.0, END), t_eval=TIMES, max_resolution=n, on_unresolved="stop")

    def lagrangian(rtol: float) -> Any:
        return mf.solve(LAW, rho0, (0.0, END), t_eval=TIMES, method="lagrangian", rtol=rtol)

    def handed() -> Any:
        return mf.solve(LAW, rho0, (0.0, END), t_eval=TIMES, max_resolution=1024, on_unresolved="lagrangian")

    def points(x: Any) -> Any:
        return pt.simulate(LAW, x, (0.0, END), TIMES)

    return {
        "Lagrangian": lambda: lagrangian(1e-10),
        "Lagrangian, rtol = 1e-6": lambda: lagrangian(1e-6),
        "spectral, at most 1024 nodes": lambda: spectral(1024),
        "spectral, at most 4096 nodes": lambda: spectral(4096),
        "spectral, then Lagrangian": handed,
        "1000 particles, quantised": lambda: points(rho0.quantize(1000)),
        "100 000 particles, quantised": lambda: points(rho0.quantize(100_000)),
        "100 000 particles, independent": lambda: points(rho0.sample(100_000, rng=0)),
    }


def timed(make: Any) -> tuple[float, Any]:
    """Seconds and the run."""
    began = time.perf_counter()
    run = make()
    return time.perf_counter() - began, run


def errors(run: Any, exact: Any) -> tuple[np.ndarray, np.ndarray]:
    """Times reached, and the largest error of a moment there."""
    pairs = [(a, b) for a, b in zip(run.measures, exact.measures, strict=False)]
    reached = [t for t in run.t if t in TIMES]
    size = [np.abs(a.moments(MODES) - b.moments(MODES)).max() for a, b in pairs[: len(reached)]]
    return np.array(reached), np.maximum(size, 1e-16)


def picture(curves: dict[str, Any], path: Path) -> None:
    """Error over time."""
    with style.session(), style.axes(figsize=(7.2, 4.2)) as ax:
        for (name, (t, e)), line in zip(curves.items(), style.line_styles(len(curves)), strict=True):
            ax.semilogy(t, e, label=name, markevery=6, **line)
            if t[-1] < END:
                ax.plot(t[-1], e[-1], "x", color="black", markersize=7)
        ax.set_xlabel(r"time $t$")
        ax.set_ylabel(r"largest error of $c_1, \ldots, c_{10}$")
        ax.set_title("SA(beta=4): who follows the density how far (x: stopped, and said so)")
        legends.legend(ax)
    style.save(ax, path)


def table(rows: list[list[str]]) -> str:
    """Markdown."""
    head = ["method", "unknowns, most", *[f"error, t = {t:g}" for t in TOLD], "time"]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def main() -> None:
    """Run, draw, rewrite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs")
    out = parser.parse_args().out
    rho0 = mf.Circle(64).density(lambda theta: 1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta))
    exact = mf.solve(LAW, rho0, (0.0, END), t_eval=TIMES, method=mf.Lagrangian(tail=1e-13), rtol=1e-13)
    makers = runs(rho0)
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    done: dict[str, Any] = {}
    for _ in range(ROUNDS):
        for name, make in makers.items():
            spent, done[name] = timed(make)
            seconds[name].append(spent)
    curves = {name: errors(run, exact) for name, run in done.items()}
    rows = []
    for name, run in done.items():
        t, e = curves[name]
        told = [f"{e[t == at][0]:.0e}" if at in t else "stopped" for at in TOLD]
        ratios = np.divide(seconds[name], seconds["Lagrangian"])
        rows.append([name, str(max(s.unknowns for s in run.segments)), *told, f"{np.median(ratios):.2g}"])
    text = table(rows)
    print(text)
    page = out / "methods.md"
    written = re.sub(r"(?s)(<!-- table -->\n).*?(\n<!-- end -->)", lambda m: m[1] + text + m[2], page.read_text())
    files.write_text(page, written, overwrite=True)
    picture(curves, out / "images" / "methods.png")


if __name__ == "__main__":
    main()
