"""This project, through what its users call."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from benchmarks.runners import Job, Own
from meanfield.distances import w1_circle, w2_circle
from meanfield.geometry import FLAT
from meanfield.methods.cloud import OnPoints, Tokens
from meanfield.methods.parted import started

PACKAGES = ("numpy", "scipy", "pyfftw", "ducc0", "numba")
VERSIONS = {"meanfield": mf.__version__}
LAWS = {"SA": mf.SA, "USA": mf.USA}
TWO_PI = 2.0 * np.pi


def _law(s: dict[str, Any], **options: Any) -> Any:
    return LAWS[s["law"]](beta=s["beta"], **options)


def _on_circle(n: int) -> mf.Density:
    return mf.Circle(n).density(lambda t: 1 + 0.3 * np.cos(t) + 0.2 * np.sin(2 * t))


def _on_sphere(lmax: int) -> mf.Density:
    return mf.Sphere(lmax).density(
        lambda x: 1 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2
    )


def circle_pde(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """`mf.solve` with its checks on, only the end saved."""
    law, rho0, end = _law(s), _on_circle(s["n"]), s["end"]

    def solve() -> Any:
        return mf.solve(law, rho0, (0.0, end), t_eval=[end], rtol=s["rtol"], atol=s["atol"])

    def answer(sol: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        theta = TWO_PI * np.arange(256) / 256
        notes = {"evaluations": sol.counters.evaluations, "steps": sol.counters.steps, "nodes": sol.finest.size}
        return {"theta": theta, "pdf": sol(end).pdf(theta)}, notes

    return Job(solve, answer)


def sphere_pde(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """The same on S^2."""
    law, rho0, end = _law(s), _on_sphere(s["lmax"]), s["end"]

    def solve() -> Any:
        return mf.solve(law, rho0, (0.0, end), t_eval=[end], rtol=s["rtol"], atol=s["atol"])

    def answer(sol: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        notes = {"evaluations": sol.counters.evaluations, "steps": sol.counters.steps, "lmax": sol.finest.size}
        return {"rows": arrays["rows"], "rho": sol(end).at(arrays["rows"])}, notes

    return Job(solve, answer)


def _rhs(law: Any, rho0: mf.Density) -> tuple[Any, Any]:
    method, y = mf.Spectral().bind(law, rho0, 1e-10, 1e-13)
    out = np.empty_like(y)
    return method, lambda: method.rhs(0.0, y, out)


def circle_rhs(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Coefficients of -d/d theta (rho X), as the stepper asks for them."""
    method, solve = _rhs(_law(s), _on_circle(s["n"]))

    def answer(c: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        theta = TWO_PI * np.arange(64) / 64
        return {"theta": theta, "rhs": method.space.evaluate(c, theta)}, {}

    return Job(solve, answer)


def sphere_rhs(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Coefficients of -div(rho X)."""
    method, solve = _rhs(_law(s), _on_sphere(s["lmax"]))

    def answer(c: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        rows = arrays["rows"]
        return {"rows": rows, "rhs": method.space.evaluate(c, method.space.chart(rows))}, {}

    return Job(solve, answer)


def _cloud(s: dict[str, Any], points: Any, angles: bool) -> Any:
    """The right-hand side that `particles.simulate` integrates."""
    n = len(points)
    mu = mf.Points(points[:2], angles=angles, field=s["field"])  # refuses, before any work, a sum that is not there
    cloud = Tokens(_law(s, scale="scaled"), OnPoints(np.full(n, 1.0 / n), mu.geometry, s["field"]))
    out = np.empty_like(points)
    return lambda: cloud.rhs(0.0, points, out)


def circle_points(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Angular velocities of n particles given by angles."""
    solve = _cloud(s, arrays["theta"], True)
    return Job(solve, lambda v: ({"v": v[arrays["asked"]]}, {}))


def causal_points(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """The same, each of those up to itself alone."""
    theta = arrays["theta"]
    law, n = mf.Causal(_law(s)), len(theta)
    cloud = Tokens(law, OnPoints(np.full(n, 1.0 / n), mf.Points(theta[:2]).geometry, s["field"]))
    out = np.empty_like(theta)
    return Job(lambda: cloud.rhs(0.0, theta, out), lambda v: ({"v": v[arrays["asked"]]}, {}))


def dense(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Tangent velocities of n rows, by all pairs."""
    solve = _cloud(s, arrays["rows"], False)
    return Job(solve, lambda v: ({"v": v[arrays["asked"]]}, {}))


def general(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Tangent velocities of n rows under Q, K and V."""
    x, law = arrays["rows"], mf.SA(s["beta"], **{name: arrays[name] for name in ("Q", "K", "V")})
    cloud = Tokens(law, OnPoints(np.full(len(x), 1.0 / len(x)), mf.Points(x[:2]).geometry, s["field"]))
    out = np.empty_like(x)
    return Job(lambda: cloud.rhs(0.0, x, out), lambda v: ({"v": v[arrays["asked"]]}, {}))


def rescaled(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Velocities of n rescaled tokens of R^d under Q, K and V, as rows."""
    x = arrays["rows"]
    law = mf.Rescaled(mf.SA(s["beta"], geometry="flat", **{name: arrays[name] for name in ("Q", "K", "V")}))
    form, y = started(law, OnPoints(np.full(len(x), 1.0 / len(x)), FLAT, s["field"]), x, False)
    cloud, out = form.moved(law, None, 1e-9), np.empty_like(x)
    return Job(lambda: cloud.rhs(s["t"], y, out), lambda v: ({"v": v[arrays["asked"]] @ law.basis(s["d"]).T}, {}))


def gram(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Clouds of unit rows to the end, by their inner products."""
    law, x, end = mf.SA(s["beta"]), arrays["clouds"], s["end"]

    def solve() -> Any:
        return pt.gram(law, x, (0.0, end), [end], rtol=s["rtol"], atol=s["atol"]).G[-1, 0]

    return Job(solve, lambda G: ({"v": G[*np.triu_indices(len(G), 1)]}, {}))


def distance(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """W1 or W2 on the circle."""
    measure = {1: w1_circle, 2: w2_circle}[s["p"]]
    x, y, wx, wy = arrays["x"], arrays["y"], arrays.get("wx"), arrays.get("wy")
    return Job(lambda: measure(x, y, wx, wy), lambda w: ({"w": np.array(float(w))}, {}))


def importing(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Seconds that `import meanfield` takes in a new interpreter whose files are in the system's cache."""
    return Job(lambda: import_time(s["module"]), lambda t: ({}, {}))


def import_time(module: str) -> Own:
    """Measured by the new interpreter itself; its own start is not counted."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Own(float(done.stdout), None)


JOBS = {
    "circle-pde": circle_pde,
    "sphere-pde": sphere_pde,
    "circle-rhs": circle_rhs,
    "sphere-rhs": sphere_rhs,
    "circle-points": circle_points,
    "causal-points": causal_points,
    "dense": dense,
    "rescaled": rescaled,
    "general": general,
    "gram": gram,
    "distance": distance,
    "import": importing,
}
