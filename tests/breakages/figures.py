"""The figures of B, and what is said of hyperplanes in numbers."""

from __future__ import annotations

from breakages.engine import Breakage

FIGURES: tuple[Breakage, ...] = (
    Breakage(
        name="B's figures: tokens are rescaled by another V",
        file="validation/checks/b/_flat.py",
        old="V=V, geometry=",
        new="V=-V, geometry=",
        red=("B04", "B11", "B16", "B18", "B19", "B21", "B41", "B42", "B43", "B45"),
    ),
    Breakage(
        name="B's figures 3, 4, 11, 12: queries of one size",
        file="validation/checks/b/b2_attention.py",
        old="    law = mf.SA(1.0, Q=Q, geometry=\"flat\")\n",
        new="    law = mf.SA(0.0, Q=Q, geometry=\"flat\")\n",
        red=("B07", "B07.coded", "B08", "B08.coded", "B39", "B39.coded", "B40", "B40.coded"),
    ),
    Breakage(
        name="B 12: only what is at one place to the bit is a group",
        file="validation/checks/b/b12_open.py",
        old="0.02 * float(np.abs(z).max())",
        new="0.0 * float(np.abs(z).max())",
        red=("B44",),
    ),
    Breakage(
        name="B, slides: a polytope of one vertex",
        file="validation/checks/b/b12_open.py",
        old="    counts = [len(vertices(groups(z, 0.02)[0])) for z in",
        new="    counts = [1 for z in",
        red=("B47",),
    ),
    Breakage(
        name="B (12.1): what is behind attention turns round",
        file="validation/checks/b/b12_open.py",
        old="(\"top\", \"relu\", np.eye(3))",
        new="(\"top\", \"relu\", -np.eye(3))",
        red=("B46",),
    ),
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
        old="3.0 * NEAR * float(",
        new="1e-9 * NEAR * float(",
        red=("B17",),
        tier="full",
    ),
)
