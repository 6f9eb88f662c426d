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
)
