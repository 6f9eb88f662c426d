"""Densities of two dimensions, carried by their flow: labels, panels, two sheets, atoms."""

from __future__ import annotations

from breakages.engine import Breakage

ROOM, RUN = "meanfield/methods/lagrangian/", "tests/methods/test_spread.py::"
SQUARES: tuple[Breakage, ...] = (
    Breakage(
        name="cube: labels are tangents, and areas those of angles",
        file="meanfield/geometry/cube.py",
        old="(1.0 + s + t) ** -1.5)",
        new="(1.0 + s + t) ** -1.0)",
        red=(RUN + "test_the_cube_covers_the_sphere_once", RUN + "test_it_agrees_with_the_spectral_method"),
    ),
    Breakage(
        name="squares: halves are taken along the other label",
        file=ROOM + "squares.py",
        old="out[first + side] = along(HALVES[side], values[which], axis)",
        new="out[first + side] = along(HALVES[side], values[which], 1 - axis)",
        red=(RUN + "test_halves_of_a_polynomial_are_the_polynomial",),
    ),
    Breakage(
        name="found: the area is not that of the sphere",
        file=ROOM + "found.py",
        old="np.asarray(area * spread / scale)",
        new="np.asarray(spread / scale)",
        red=(RUN + "test_values_by_the_flow_map_inverted",),
    ),
    Breakage(
        name="spread: the coarse sheet is not asked, and the error told is that of the steps alone",
        file=ROOM + "spread.py",
        old="WIDER * apart.max(axis=-1) + self.form.unknown",
        new="0.0 * apart.max(axis=-1) + 1e-16",
        red=(RUN + "test_it_agrees_with_the_spectral_method", RUN + "test_too_few_nodes_go_on_and_say_so"),
    ),
    Breakage(
        name="sheets: nobody says that nodes were too few",
        file=ROOM + "sheets.py",
        old='if self.full == float("inf"):',
        new="if True:",
        red=(RUN + "test_too_few_nodes_go_on_and_say_so",),
    ),
    Breakage(
        name="carry: narrow panels stay panels",
        file=ROOM + "carry.py",
        old="narrow = np.flatnonzero(width < self.merge_tol)",
        new="narrow = np.flatnonzero(width < 0.0)",
        red=(RUN + "test_beta_zero_to_one_atom",),
    ),
    Breakage(
        name="check F03.porous: the medium is heat",
        file="validation/exact/porous.py",
        old="-0.5 * k * k * square",
        new="-0.5 * k * k * np.fft.rfft(c)",
        red=("F03.porous",),
    ),
    Breakage(
        name="carry: the coarse sheet moves half as fast",
        file=ROOM + "carry.py",
        old="v[...] = self._velocity(t, laid, x)",
        new="v[...] = self._velocity(t, laid, x) * (1.0 if laid is self.form.laid[0] else 0.5)",
        red=("A09.carried", RUN + "test_it_agrees_with_the_spectral_method"),
    ),
    Breakage(
        name="check A09.carried: other data than the table's",
        file="validation/checks/a/a3_carried.py",
        old="0.4 * x[..., 0]",
        new="0.5 * x[..., 0]",
        red=("A09.carried",),
    ),
)
