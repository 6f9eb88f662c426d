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
    Breakage(
        name="parted: centres stay where they were",
        file="meanfield/methods/parted.py",
        old="if not self._lost(y, leader):",
        new="if True:",
        red=("tests/laws/test_rescaled_long.py::test_z_at_10_and_50",),
    ),
    Breakage(
        name="parted: who has another centre is told as having the same",
        file="meanfield/measures/parted.py",
        old="np.broadcast_to(self.centre, shape)",
        new="np.broadcast_to(0.0 * self.centre, shape)",
        red=("tests/laws/test_rescaled_long.py::test_z_at_10_and_50",),
    ),
    Breakage(
        name="layers of R^d are normalised",
        file="particles/layers.py",
        old="return place.retract(x + h * place.project(x, A))",
        new="return geometry.retract(x + h * place.project(x, A))",
        red=("B02", "B13", "tests/particles/test_flat_layers.py::test_printed_iterates"),
    ),
    Breakage(
        name="B37: the frozen attention is taken at every stage",
        file="validation/checks/b/b11_setup.py",
        old="P = _attention(x, Q, K)  # frozen",
        new="P = _attention(x + 0.05, Q, K)",
        red=("B37",),
    ),
    Breakage(
        name="rescaled: z alone chooses leaders, whatever the field",
        file="meanfield/methods/parted.py",
        old="if shaken or form.geometry != FLAT:",
        new='if shaken or form.geometry != FLAT or form.field != "auto":',
        red=("tests/laws/test_rescaled_fields.py::test_any_field_and_any_tiles_hold_differences",),
    ),
    Breakage(
        name="rescaled: rounding chooses leaders in silence",
        file="meanfield/laws/rescaled.py",
        old="if mu.differences is None and _lost(kernel, x, seen):",
        new="if False:",
        red=("tests/laws/test_rescaled_fields.py::test_where_rounding_would_choose_leaders_the_run_ends",),
    ),
    Breakage(
        name="rescaled: rows of the first tile are all there are",
        file="meanfield/measures/points.py",
        old="np.log(self.seen())[..., i, None]",
        new="np.log(self.seen())[..., :1, None]",
        red=("tests/laws/test_rescaled_fields.py::test_masks_in_tiles",),
    ),
    Breakage(
        name="general: a horizon that overflows names no way on",
        file="meanfield/runs/errors.py",
        old="in (Status.NOT_FINITE, Status.STEP_TOO_SMALL, Status.UNDECIDED) and",
        new="in (Status.STEP_TOO_SMALL,) and",
        red=("tests/laws/test_rescaled_fields.py::test_a_horizon_that_overflows_names_the_way_on",),
    ),
    Breakage(
        name="growth: a half grows by the whole time",
        file="meanfield/special/growth.py",
        old="_turned(T, rate, t / 2.0) * math.exp(rate * t / 2.0 - log)",
        new="_turned(T, rate, t) * math.exp(rate * t / 2.0 - log)",
        red=("tests/laws/test_rescaled.py::test_growth_is_the_exponential",),
    ),
    Breakage(
        name="rescaled: those of another centre are told as of this one",
        file="meanfield/laws/rescaled.py",
        old="v[..., i, :] += P @ centre - P.sum(axis=-1, keepdims=True) * centre[..., i, :]",
        new="v[..., i, :] += P @ centre",
        red=("tests/laws/test_rescaled_exact.py::test_arbitrary_precision_at_10_and_50",),
    ),
    Breakage(
        name="exact leaders: midpoints are extrapolated as if of odd order",
        file="validation/exact/leaders.py",
        old="ratio = (mp.mpf(k) / (k - j)) ** 2",
        new="ratio = (mp.mpf(k) / (k - j)) ** 3",
        red=(
            "tests/laws/test_rescaled_exact.py::"
            "test_the_program_is_the_double_loop_where_that_has_its_digits",
        ),
    ),
    Breakage(
        name="parted: centres are forgotten where a run goes on",
        file="meanfield/methods/parted.py",
        old="return np.asarray((y + self.centre) @ self.basis.T)",
        new="return np.asarray((y + 0.999 * self.centre) @ self.basis.T)",
        red=("tests/laws/test_rescaled_on.py::test_dense_output_files_and_going_on_across_a_moved_centre",),
    ),
)
