"""Settings of the finite-volume method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from meanfield.laws import suited
from meanfield.methods.finite_volume.cells import FEWEST, MOST, divided
from meanfield.methods.finite_volume.drift import parted
from meanfield.methods.finite_volume.form import InVolumes
from meanfield.methods.finite_volume.snapshot import told_on
from meanfield.methods.finite_volume.volumes import Volumes
from meanfield.protocols import Array, Law, Scheme, Space, Stepper
from meanfield.steppers.convex import ConvexHeun
from meanfield.tools import inputs
from meanfield.tools.settings import register

Limiter: TypeAlias = Literal["minmod", "van leer", "positive"]
CFL = 0.9
ROUNDING = 1e-12
"""Largest negative mass of a cell, over that of the largest, that a density that passed its own door may have."""


@register
@dataclass(frozen=True)
class FiniteVolume(Scheme):
    """Settings of the finite-volume method: positive, conservative, of second order (circle and zonal spheres).

    The density is its masses in equal cells, and what flows through their faces: upwind, by a limited reconstruction,
    with velocities that are differences of the first variation (U, or log Z / beta), noise included.  So masses stay
    positive and their sum 1, and the energy of an attractive law never falls, step by step (docs/finite_volumes.md).
    It goes on through the formation of clusters, where it holds each in one cell: what drifts more slowly than h / 2
    does not move any more, and the run says from when on.

    Parameters
    ----------
    cells : int
        How many, at least 8: equal arcs of the circle, or zones of equal width in the colatitude.
    cfl : float
        Steps are this share of the longest that keeps masses positive whatever they are, in (0, 1].
    step : float, optional
        The longest step; by default none but the method's own limits, of which the largest lets the law's largest
        velocity pass two cells.
    limiter : {"minmod", "van leer", "positive"}
        How steep a density is taken to be within a cell: `minmod` with theta = 2, the harmonic mean, or central slopes
        that are cut only where a face value would be negative.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> sol = mf.solve(mf.SA(1.0), rho0, (0.0, 0.5), method=mf.FiniteVolume(cells=128))
    >>> bool(sol.minimum.min() > 0.0), bool(np.all(np.diff(sol.energy) > 0.0))
    (True, True)
    """

    equations = ("A (3.4)", "A (3.10)")
    cells: int = 256
    cfl: float = CFL
    step: float | None = None
    limiter: Limiter = "minmod"

    def __post_init__(self) -> None:
        inputs.integer("cells", self.cells, low=FEWEST, high=MOST)
        object.__setattr__(self, "cfl", inputs.number("cfl", self.cfl, above=0.0, high=1.0))
        if self.step is not None:
            object.__setattr__(self, "step", inputs.number("step", self.step, above=0.0))
        inputs.choice("limiter", self.limiter, get_args(Limiter))

    rough = True
    varied = True

    def check(self, law: Law, space: Space, rtol: float) -> None:
        """Refuse a space without one angle, and a law whose velocities are no differences of a first variation."""
        self._form(law, space)

    def _form(self, law: Law, space: Space) -> InVolumes:
        divided("cells", space, self.cells)
        suited.density(law, space, varied=True)
        form = InVolumes(told_on(space), self.cells)
        parted(law, form.measure(form.cells.sigma))
        return form

    def bind(self, law: Law, mu: Any, rtol: float, atol: float) -> tuple[Volumes, Array]:
        """The method for this law, and its first state: what mu has in every cell."""
        form = self._form(law, mu.space)
        m = form.cells.masses(mu) if mu.dense else mu.cells(form.cells.edges)
        m = np.where((m < 0.0) & (m >= -ROUNDING * np.abs(m).max()), 0.0, m)  # what its door took for rounding
        if (m < 0.0).any():
            i = int(np.argmin(m))
            raise ValueError(f"rho0: its mass in cell {i} is {m[i]:.3g}: a density is not negative")
        return Volumes(law, form, self.cfl, self.limiter), m / m.sum()

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Volumes:
        """The method as it was when a run stopped."""
        return Volumes(law, form, self.cfl, self.limiter)

    def stepper(self, rtol: float, atol: float) -> Stepper:
        """Heun's method by two Euler steps: rtol and atol have no say."""
        return ConvexHeun() if self.step is None else ConvexHeun(self.step)
