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
        name="check B14: matrices of positive entries",
        file="validation/checks/b/b4_triples.py",
        old="Q, K, V = rng.standard_normal((3, LARGE, LARGE))",
        new="Q, K, V = np.abs(rng.standard_normal((3, LARGE, LARGE)))",
        red=("B14",),
    ),
    Breakage(
        name="settled: all that contract do so at one rate",
        file="particles/settled.py",
        old="most = math.exp(-rate * (1.0 - ALIKE) * h)",
        new="most = 1.0",
        red=("B03", "tests/particles/test_settled.py::test_rows_by_the_spectrum_of_increments"),
    ),
    Breakage(
        name="origin: whatever falls by a factor e",
        file="particles/origin.py",
        old='told["bend"] <= BENT and r[0]',
        new="r[0]",
        red=("tests/particles/test_settled.py::test_what_falls_otherwise_is_not_the_origin",),
    ),
    Breakage(
        name="check B03: two leading eigenvalues for one",
        file="validation/checks/b/b1_table.py",
        old='"hyperplanes": lambda d: 1',
        new='"hyperplanes": lambda d: 2',
        red=("B03",),
    ),
    Breakage(
        name="boolean: no row is left over",
        file="particles/boolean.py",
        old="float(np.partition(off, -2)[-2]) if n > 1 else 0.0",
        new="float(off.max())",
        red=("tests/particles/test_hulls.py::test_the_class_of_limits_of_attention",),
    ),
    Breakage(
        name="check B31: V = -I",
        file="validation/checks/b/b8_polytopes.py",
        old="_run(np.eye(d), rng, rtol=1e-12)",
        new="_run(-np.eye(d), rng, rtol=1e-12)",
        red=("B31",),
    ),
    Breakage(
        name="check B10: a tenth of the time",
        file="validation/checks/b/b8_polytopes.py",
        old="z = np.asarray(_run(np.eye(d), rng)[0].x)",
        new="z = np.asarray(_run(0.1 * np.eye(d), rng)[0].x)",
        red=("B10",),
    ),
    Breakage(
        name="limits: half way to the foot",
        file="particles/limits.py",
        old="found.append(a @ v[list(face)])",
        new="found.append(0.5 * a @ v[list(face)])",
        red=("B30",),
    ),
    Breakage(
        name="check B32: the least for the largest",
        file="validation/checks/b/b8_polytopes.py",
        old="lift = (inside @ scores @ K.points.T).max(axis=1)",
        new="lift = (inside @ scores @ K.points.T).min(axis=1)",
        red=("B32",),
    ),
    Breakage(
        name="check B20: two eigenvalues for one",
        file="validation/checks/b/b8_polytopes.py",
        old="np.diag([1.0, 1.0, -0.5])",
        new="np.diag([1.0, 0.5, -0.5])",
        red=("B20",),
    ),
    Breakage(
        name="check B32: |A z| falls",
        file="validation/checks/b/b8_polytopes.py",
        old="rates += [*(2.0 * np.einsum",
        new="rates += [*(-2.0 * np.einsum",
        red=("B32",),
    ),
)
