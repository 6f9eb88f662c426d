"""What is said of hyperplanes in B, in numbers."""

from __future__ import annotations

from breakages.engine import Breakage

FIGURES: tuple[Breakage, ...] = (
    Breakage(
        name="B 9: tokens that are not rescaled by their own V",
        file="validation/checks/b/b9_hyperplanes.py",
        old="Q=A, K=A, V=V, geometry",
        new="Q=A, K=A, V=-V, geometry",
        red=("B15", "B35", "B36"),
    ),
    Breakage(
        name="B 4.3: places are counted within a hair's breadth",
        file="validation/checks/b/b9_hyperplanes.py",
        old="near(c[-1], 3.0 * NEAR * extent)",
        new="near(c[-1], 1e-9 * NEAR * extent)",
        red=("B17",),
        tier="full",
    ),
)
