"""Limits of tokens in R^d: hulls, the set S, good triples, the rows of B's Table 1."""

from __future__ import annotations

from breakages.engine import Breakage

FLAT: tuple[Breakage, ...] = (
    Breakage(
        name="hulls: nearest points by their squares alone",
        file="particles/hulls.py",
        old="a @ to) / a.sum())",
        new="a @ to))",
        red=("tests/particles/test_hulls.py::test_distance_from_a_square_and_depth_within_it",),
    ),
    Breakage(
        name="limits: points beyond which a vertex lies belong to S",
        file="particles/limits.py",
        old="if length > room and (a @ G[list(face)]).max() <= length + room:",
        new="if length > room:",
        red=("tests/particles/test_hulls.py::test_the_set_s_is_what_its_definition_says",),
    ),
    Breakage(
        name="triples: the largest real part leads",
        file="particles/triples.py",
        old="size = np.abs(w)\n",
        new="size = np.where(np.abs(w.real) > 0, w.real, 0.0)\n",
        red=("B14", "tests/particles/test_hulls.py::test_good_triples_condition_by_condition"),
    ),
    Breakage(
        name="boolean: no row is left over",
        file="particles/boolean.py",
        old="float(np.partition(off, -2)[-2]) if n > 1 else 0.0",
        new="float(off.max())",
        red=("tests/particles/test_hulls.py::test_the_class_of_limits_of_attention",),
    ),
)
