"""Falsehoods about what was once wrong in silence."""

from __future__ import annotations

from breakages.engine import Breakage

MENDED: tuple[Breakage, ...] = (
    Breakage(
        name="fields: what lies along x is left out of a density's M",
        file="meanfield/spaces/fields.py",
        old=' + got["x"][..., None] * x',
        new="",
        red=("tests/measures/test_whole.py::test_densities_answer_with_all_of_it",),
    ),
    Breakage(
        name="solve: sums over points are known as well as multipliers",
        file="meanfield/doors/solve.py",
        old="else max(followed, SUMMED)",
        new="else followed",
        red=("tests/doors/test_from_uniform.py::test_the_uniform_density_is_left_in_few_steps",),
    ),
)
