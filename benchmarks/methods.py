"""Which method when: the same problems by every method, their error over time, their unknowns and their cost.

    python benchmarks/methods.py [circle] [zonal] [sphere] [--out docs]

SA, beta = 4: on the circle from 1 + 0.3 cos theta + 0.2 sin 2 theta to t = 20 (two clusters form at about t = 6), of
zonal data 1 + 0.3 P_1 + 0.2 P_2 on S^2 to t = 8, on S^2 from 1 + 0.3 x_3 + 0.4 x_1 x_2 - 0.3 x_1 x_3^2 to t = 4.  The
error is that of the moments to degree 10 against a Lagrangian run at a tighter tolerance.  Rewrites the tables of
docs/methods.md and docs/images/methods*.png.  Times are ratios of processor time within one run, to the Lagrangian
method at its defaults.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.tools import files

LAW = mf.SA(beta=4.0)
MODES = 10
DEFAULT = "Lagrangian"


@dataclass(frozen=True)
class Problem:
    """What is solved, until when, and by whom."""

    title: str
    rho0: Any
    end: float
    told: tuple[float, ...]
    count: int
    tight: dict[str, Any]
    calls: Callable[[Problem], dict[str, Callable[[], Any]]]

    @property
    def times(self) -> np.ndarray:
        """When errors are looked at."""
        return np.linspace(self.end / self.count, self.end, self.count)

    def solve(self, **given: Any) -> Any:
        """A density's run."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mf.StoppedEarly)  # that clusters are pinned
            return mf.solve(LAW, self.rho0, (0.0, self.end), t_eval=self.times, **given)

    def points(self, x: Any) -> Any:
        """That of particles."""
        return pt.simulate(LAW, x, (0.0, self.end), self.times)


def _circle(p: Problem) -> dict[str, Callable[[], Any]]:
    return {
        DEFAULT: lambda: p.solve(method="lagrangian"),
        "Lagrangian, rtol = 1e-6": lambda: p.solve(method="lagrangian", rtol=1e-6),
        "spectral, at most 1024 nodes": lambda: p.solve(max_resolution=1024, on_unresolved="stop"),
        "spectral, at most 4096 nodes": lambda: p.solve(max_resolution=4096, on_unresolved="stop"),
        "spectral, then Lagrangian": lambda: p.solve(max_resolution=1024, on_unresolved="lagrangian"),
        "finite volumes, 128 cells": lambda: p.solve(method=mf.FiniteVolume(cells=128)),
        "finite volumes, 512 cells": lambda: p.solve(method=mf.FiniteVolume(cells=512)),
        "1000 particles, quantised": lambda: p.points(p.rho0.quantize(1000)),
        "100 000 particles, quantised": lambda: p.points(p.rho0.quantize(100_000)),
        "100 000 particles, independent": lambda: p.points(p.rho0.sample(100_000, rng=0)),
    }


def _zonal(p: Problem) -> dict[str, Callable[[], Any]]:
    return {
        DEFAULT: lambda: p.solve(method="lagrangian"),
        "spectral, at most degree 512": lambda: p.solve(on_unresolved="stop"),
        "finite volumes, 64 cells": lambda: p.solve(method=mf.FiniteVolume(cells=64)),
        "finite volumes, 256 cells": lambda: p.solve(method=mf.FiniteVolume(cells=256)),
    }


def _sphere(p: Problem) -> dict[str, Callable[[], Any]]:
    return {
        DEFAULT: lambda: p.solve(method="lagrangian"),
        "Lagrangian, rtol = 1e-6": lambda: p.solve(method="lagrangian", rtol=1e-6),
        "spectral, at most degree 64": lambda: p.solve(max_resolution=64, on_unresolved="stop"),
        "spectral, then Lagrangian": lambda: p.solve(max_resolution=64, on_unresolved="lagrangian"),
        "10 000 particles, quantised": lambda: p.points(p.rho0.quantize(10_000)),
        "10 000 particles, independent": lambda: p.points(p.rho0.sample(10_000, rng=0)),
    }


def _legendre(c: Any) -> Any:
    return 1.0 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5)


def _bumps(x: Any) -> Any:
    return 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "circle": lambda: Problem(
        "the circle",
        mf.Circle(64).density(lambda theta: 1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta)),
        20.0, (2.0, 5.0, 10.0, 20.0), 40, {"method": mf.Lagrangian(tail=1e-13), "rtol": 1e-13}, _circle,
    ),
    "zonal": lambda: Problem(
        "zonal data on $S^2$", mf.ZonalSphere(3, 48).density(_legendre),
        8.0, (2.0, 4.0, 6.0, 8.0), 16, {"method": mf.Lagrangian(tail=1e-13), "rtol": 1e-13}, _zonal,
    ),
    "sphere": lambda: Problem(
        "$S^2$", mf.Sphere(8).density(_bumps),
        4.0, (1.0, 2.0, 3.0, 4.0), 8, {"method": mf.Lagrangian(max_resolution=300_000), "rtol": 1e-11}, _sphere,
    ),
}  # fmt: skip


def timed(make: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, and the run."""
    began = time.process_time()
    run = make()
    return time.process_time() - began, run


def errors(run: Any, exact: Any, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times reached, and the largest error of a moment there."""
    reached = [t for t in run.t if t in times]
    pairs = list(zip(run.measures, exact.measures, strict=False))[: len(reached)]
    size = [np.abs(a.moments(MODES) - b.moments(MODES)).max() for a, b in pairs]
    return np.array(reached), np.maximum(size, 1e-16)


def picture(problem: Problem, curves: dict[str, Any], path: Path) -> None:
    """Error over time."""
    with style.session(), style.axes(figsize=(7.2, 4.2)) as ax:
        for (name, (t, e)), line in zip(curves.items(), style.line_styles(len(curves)), strict=True):
            ax.semilogy(t, e, label=name, markevery=max(1, problem.count // 7), **line)
            if t[-1] < problem.end:
                ax.plot(t[-1], e[-1], "x", color="black", markersize=7)
        ax.set_xlabel(r"time $t$")
        ax.set_ylabel("largest error of the moments to degree 10")
        ax.set_title(f"SA(beta=4), {problem.title}: who follows the density how far (x: stopped, and said so)")
        legends.legend(ax)
    style.save(ax, path)


def table(problem: Problem, rows: list[list[str]]) -> str:
    """Markdown."""
    head = ["method", "unknowns, most", *[f"error, t = {t:g}" for t in problem.told], "time"]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def measured(name: str, out: Path) -> None:
    """Run one problem, draw it, rewrite its table."""
    problem = PROBLEMS[name]()
    exact = problem.solve(**problem.tight)
    done = {method: timed(make) for method, make in problem.calls(problem).items()}
    curves = {method: errors(run, exact, problem.times) for method, (_, run) in done.items()}
    rows = []
    for method, (seconds, run) in done.items():
        t, e = curves[method]
        told = [f"{e[np.isclose(t, at)][0]:.0e}" if np.isclose(t, at).any() else "stopped" for at in problem.told]
        unknowns = str(max(s.unknowns for s in run.segments))
        rows.append([method, unknowns, *told, f"{seconds / done[DEFAULT][0]:.2g}"])
    text = table(problem, rows)
    print(text)
    page = out / "methods.md"
    written = re.sub(
        rf"(?s)(<!-- table {name} -->\n).*?(<!-- end -->)", lambda m: m[1] + text + "\n" + m[2], page.read_text()
    )
    files.write_text(page, written, overwrite=True)
    picture(problem, curves, out / "images" / ("methods.png" if name == "circle" else f"methods_{name}.png"))


def main() -> None:
    """Run, draw, rewrite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", nargs="*", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs")
    given = parser.parse_args()
    for name in given.problems:
        measured(name, given.out)


if __name__ == "__main__":
    main()
