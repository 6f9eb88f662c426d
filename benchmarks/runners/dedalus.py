"""Dedalus v3: the kernel as a multiplier in the coefficient layout, by its documented hook `GeneralFunction`.

X = grad U / Z with U and Z as two such functions of rho, products on the 3/2 grid, RK443 (the
fastest of its schemes at 1e-8: `tune` tries the others).  The solver is built once; a run sets its state back.
"""

from __future__ import annotations

import logging
from typing import Any

import dedalus.public as d3
import numpy as np
from dedalus.core import timesteppers

from benchmarks.runners import Job

for _handler in logging.root.handlers:
    _handler.setLevel("ERROR")
PACKAGES = ("dedalus", "numpy", "scipy", "mpi4py")
TWO_PI = 2.0 * np.pi


def _multiplied(rho: Any, symbol: Any, name: str) -> Any:
    """The field whose coefficients are `symbol` times those of rho."""

    def multiply(field: Any) -> Any:
        return symbol * field.data

    multiply.__name__ = name
    return d3.GeneralFunction(rho.dist, rho.domain, rho.tensorsig, rho.dtype, "c", multiply, args=[rho])


class _Run:
    """An initial value problem of one field that can be run again."""

    def __init__(self, rho: Any, rate: Any, start: Any, scheme: str) -> None:
        self.rho, self.rate, self.start = rho, rate, start
        problem = d3.IVP([rho], namespace={"rho": rho, "rate": rate})
        problem.add_equation("dt(rho) = rate")
        self.solver = problem.build_solver(getattr(d3, scheme))
        self.back()

    def back(self) -> None:
        """To the initial state, without a history (which only the multistep schemes have)."""
        self.rho.change_scales(1)
        self.rho["g"] = self.start
        if isinstance(self.solver.timestepper, timesteppers.MultistepIMEX):
            self.solver.timestepper = type(self.solver.timestepper)(self.solver)

    def steps(self, count: int, h: float) -> Any:
        """That many from the initial state."""
        self.back()
        for _ in range(count):
            self.solver.step(h)
        return self.rho

    def stages(self, h: float) -> Any:
        """One step, from wherever the state is."""
        self.solver.step(h)


def _circle(s: dict[str, Any], bessel: Any) -> tuple[_Run, Any]:
    N, beta = s["n"], s["beta"]
    coordinate = d3.Coordinate("theta")
    dist = d3.Distributor(coordinate, dtype=np.float64)
    basis = d3.RealFourier(coordinate, size=N, bounds=(0, TWO_PI), dealias=3 / 2)
    rho = dist.Field(name="rho", bases=basis)
    q = bessel[np.arange(N) // 2]  # cosine and sine of a degree stand side by side
    Z, U = _multiplied(rho, q, "Z"), _multiplied(rho, q / beta, "U")
    X = d3.Differentiate(U, coordinate)
    if s["law"] == "SA":
        X = X / Z
    theta = np.ravel(dist.local_grid(basis))
    start = (1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta)) / TWO_PI
    return _Run(rho, -d3.Differentiate(rho * X, coordinate), start, s["scheme"]), theta


def circle_pde(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """A fixed number of steps to the end."""
    run, theta = _circle(s, arrays["bessel"])

    def answer(rho: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        rho.change_scales(1)
        return {"theta": theta, "pdf": np.array(rho["g"])}, {"steps": s["steps"]}

    return Job(lambda: run.steps(s["steps"], s["end"] / s["steps"]), answer)


def _sphere(s: dict[str, Any], multipliers: Any) -> tuple[_Run, Any]:
    L = s["lmax"]
    coordinates = d3.S2Coordinates("phi", "theta")
    dist = d3.Distributor(coordinates, dtype=np.float64)
    basis = d3.SphereBasis(coordinates, shape=(2 * L, L), dtype=np.float64, dealias=3 / 2)
    rho = dist.Field(name="rho", bases=basis)
    symbol = np.zeros(rho["c"].shape)
    for degree, m, place in basis.ell_maps(dist):
        symbol[m, place] = multipliers[degree] if degree < len(multipliers) else 0.0
    Z, U = _multiplied(rho, symbol, "Z"), _multiplied(rho, symbol / s["beta"], "U")
    X = d3.Gradient(U, coordinates)
    if s["law"] == "SA":
        X = X / Z
    phi, theta = dist.local_grids(basis)
    phi, theta = np.broadcast_arrays(phi, theta)
    x = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    start = 1 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2
    return _Run(rho, -d3.Divergence(rho * X), start, s["scheme"]), x


def _some(x: Any, values: Any) -> tuple[Any, Any]:
    """At most 200 of the grid's values, spread over it."""
    rows, values = x.reshape(-1, 3), np.ravel(values)
    chosen = np.linspace(0, len(rows) - 1, 200).astype(int)
    return rows[chosen], values[chosen]


def sphere_rhs(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """A right-hand side as its time stepping asks for it: a step of RK443 has four stages, each evaluates one."""
    run, x = _sphere(s, arrays["multipliers"])
    stages = run.solver.timestepper.stages
    run.stages(1e-9)

    def answer(none: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        run.back()
        rate = run.rate.evaluate()
        rate.change_scales(1)
        rows, values = _some(x, rate["g"])
        return {"rows": rows, "rhs": values}, {"divided by": stages}

    return Job(lambda: run.stages(1e-9), answer, stages)


def sphere_pde(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """A fixed number of steps to the end."""
    run, x = _sphere(s, arrays["multipliers"])

    def answer(rho: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        rho.change_scales(1)
        rows, values = _some(x, rho["g"])
        return {"rows": rows, "rho": values}, {"steps": s["steps"]}

    return Job(lambda: run.steps(s["steps"], s["end"] / s["steps"]), answer)


JOBS = {"circle-pde": circle_pde, "sphere-rhs": sphere_rhs, "sphere-pde": sphere_pde}
