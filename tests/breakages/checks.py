"""A falsehood for each check of the checklist: with it, the check must say FAIL."""

from __future__ import annotations

from breakages.engine import Breakage

CHECKS: tuple[Breakage, ...] = (
    Breakage(
        name="SA: the dissipation forgets Z",
        file="meanfield/energy.py",
        old="np.square(_tangent(r, mu) / r.Z) * (r.Z * size)",
        new="np.square(_tangent(r, mu) / r.Z) * size",
        red=("A13", "A14"),
    ),
)
