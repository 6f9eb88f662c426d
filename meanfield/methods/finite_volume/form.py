"""What the state of a finite-volume run means: the masses in cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meanfield.methods.finite_volume.cells import Cells, divided
from meanfield.methods.finite_volume.snapshot import CellAverages
from meanfield.protocols import Array, Form
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class InVolumes(Form):
    """What a state (..., n) of masses means.

    Attributes
    ----------
    space : Space
        What it is told on.
    n : int
        Number of cells.
    pinned : float
        From when on a cluster has been held by the cells it is in; inf before.
    """

    space: Any
    n: int
    pinned: float = float("inf")
    name = "finite-volume"

    @cached_property
    def cells(self) -> Cells:
        """The cells."""
        return divided("cells", self.space, self.n)

    def measure(self, y: Array) -> CellAverages:
        """The density (leading axes: several)."""
        return CellAverages.trusted(self.cells, y)

    def lacking(self, y: Array) -> str:
        """That clusters no longer drift."""
        if self.pinned == float("inf"):
            return ""
        return (
            f"From t = {self.pinned:.6g} on a cluster is pinned: all its mass is in one cell, whose own pull holds it "
            f"against slow drifts (of SA those below h / 2 = {0.5 * self.cells.h:.2g}). Masses, positivity and the "
            'energy stay right; for where clusters go from there, and when they merge, take method="lagrangian".'
        )
