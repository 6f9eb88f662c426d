"""A falsehood for each check of the checklist: with it, the check must say FAIL."""

from __future__ import annotations

from breakages.engine import Breakage

CHECKS: tuple[Breakage, ...] = (
    Breakage(
        name="SA: the dissipation forgets Z",
        file="meanfield/energy.py",
        old="return np.sum(mu.weights * square / r.Z[..., 0] * np.exp(log), axis=-1)",
        new="return np.sum(mu.weights * square * np.exp(log), axis=-1)",
        red=("A13", "A14"),
    ),
)
