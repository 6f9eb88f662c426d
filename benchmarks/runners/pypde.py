"""py-pde: its finite differences of second order in space, scipy's integrators through its own solver.

py-pde has no convolution; the field X is made by an FFT inside `evolution_rate`, to rounding.  The divergence is
its own operator, and the error is that of the differences, O(N^-2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pde
from scipy import fft

from benchmarks.runners import Job

PACKAGES = ("py-pde", "numpy", "scipy", "numba")
TWO_PI = 2.0 * np.pi


class Continuity(pde.PDEBase):
    """d_t rho = -d/d theta (rho X[rho])."""

    def __init__(self, law: str, beta: float, bessel: Any, n: int) -> None:
        super().__init__()
        k = np.arange(n // 2 + 1)
        q = np.zeros(len(k))
        q[: len(bessel)] = bessel[: len(q)]
        self.symbols = np.stack([q, 1j * k * q / beta])
        self.normalised = law == "SA"
        self.evaluations = 0

    def evolution_rate(self, state: Any, t: float = 0.0) -> Any:
        """The right-hand side as a field."""
        self.evaluations += 1
        Z, U = fft.irfft(self.symbols * fft.rfft(state.data), len(state.data))
        flux = pde.VectorField(state.grid, (state.data * (U / Z if self.normalised else U))[np.newaxis])
        return -flux.divergence("periodic")


def circle_pde(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """From rho0 to the end, nothing tracked."""
    grid = pde.CartesianGrid([[0.0, TWO_PI]], s["n"], periodic=True)
    theta = grid.axes_coords[0]
    rho0 = pde.ScalarField(grid, (1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta)) / TWO_PI)
    equation = Continuity(s["law"], s["beta"], arrays["bessel"], s["n"])

    def solve(end: float = s["end"]) -> Any:
        equation.evaluations = 0
        options = {"method": s["method"], "rtol": s["rtol"], "atol": s["atol"]}
        return equation.solve(rho0, t_range=end, solver="scipy", backend="numpy", tracker=None, **options)

    def answer(state: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        some = slice(None, None, max(1, s["n"] // 500))
        return {"theta": theta[some], "pdf": state.data[some]}, {"evaluations": equation.evaluations}

    solve(1e-4)  # compiles the divergence
    return Job(solve, answer)


JOBS = {"circle-pde": circle_pde}
