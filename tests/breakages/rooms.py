"""Faults of the rooms, and the tests that see them."""

from __future__ import annotations

from breakages.engine import Breakage

ROOMS: tuple[Breakage, ...] = (
    Breakage(
        name="kernel: the potential's multipliers one degree late",
        file="meanfield/kernel.py",
        old="np.cumprod(steps[1:degree], out=p[2:])",
        new="np.cumprod(steps[: degree - 1], out=p[2:])",
        red=("tests/test_kernel.py::test_potential_is_q_over_beta",),
    ),
)
