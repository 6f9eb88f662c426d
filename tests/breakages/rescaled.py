"""Attention in R^d, rescaled tokens, and layers of them."""

from __future__ import annotations

from breakages.engine import Breakage

RESCALED: tuple[Breakage, ...] = (
    Breakage(
        name="rescaled: scores are those of z",
        file="meanfield/laws/rescaled.py",
        old="E, log = self._growth(d).at(t)",
        new="E, log = self._growth(d).at(0.0)",
        red=("B09", "tests/laws/test_rescaled.py::test_printed_digits_of_a_symmetric_V"),
    ),
    Breakage(
        name="growth: blocks are not parted by Sylvester's equation",
        file="meanfield/special/growth.py",
        old="X = solve_sylvester(T[:m, :m], -T[m:, m:], -T[:m, m:])",
        new="X = solve_sylvester(T[:m, :m], -T[m:, m:], T[:m, m:])",
        red=("tests/laws/test_rescaled.py::test_growth_is_the_exponential",),
    ),
    Breakage(
        name="B01 is handed another V",
        file="validation/checks/b/b1_rescaled.py",
        old='"SA", flat.reshape(N, D), 1.0, Q, K, V, sphere=False',
        new='"SA", flat.reshape(N, D), 1.0, Q, K, V.T, sphere=False',
        red=("B01",),
    ),
)
