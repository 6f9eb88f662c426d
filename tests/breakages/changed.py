"""Faults of changed measures and of kernels, and the tests that see them."""

from __future__ import annotations

from breakages.engine import Breakage

CHANGED: tuple[Breakage, ...] = (
    Breakage(
        name="mixture: tokens added weigh as one mass each",
        file="meanfield/measures/mixture.py",
        old="np.exp(one.log - log), size * np.exp(two.log - log)",
        new="np.exp(one.log - log), np.exp(two.log - log)",
        red=("tests/measures/test_changed.py::test_frozen_tokens_are_the_loops",),
    ),
    Breakage(
        name="points: masses multiplied under a mask change what the mean divides by",
        file="meanfield/measures/points.py",
        old="return self.changed(weights=self.weights * g)",
        new="return self.changed(weights=self.weights * g, counted=self.weights * g)",
        red=("tests/measures/test_changed.py::test_weights_of_any_sign_under_masks_and_twice",),
    ),
    Breakage(
        name="lines: a token beside a density is one of its points",
        file="meanfield/methods/lagrangian/lines.py",
        old=", unit=1.0",
        new="",
        red=("tests/measures/test_changed.py::test_tokens_beside_a_density_are_mass",),
    ),
    Breakage(
        name="on_plan: what the plan cannot hold goes on",
        file="meanfield/methods/on_plan.py",
        old="        if last > FOLDED:\n",
        new="        if False:\n",
        red=(
            "tests/measures/test_changed.py::test_a_reweighed_density_that_the_plan_cannot_hold_ends_the_run",
        ),
    ),
    Breakage(
        name="on_plan: components under laws that answer in rows",
        file="meanfield/methods/on_plan.py",
        old='return M if self._isotropic else np.einsum("nm,nmd->nd", M, self.grid.frame())',
        new="return M",
        red=("tests/measures/test_changed.py::test_a_density_and_points_by_both_methods",),
    ),
    Breakage(
        name="exact: frozen tokens count once, whatever a",
        file="validation/exact/changed.py",
        old="of = _masses(n, weights), np.asarray(a, dtype=float) / n",
        new="of = _masses(n, weights), np.ones(len(fixed)) / n",
        red=("tests/measures/test_changed.py::test_frozen_tokens_are_the_loops",),
    ),
    Breakage(
        name="direct: points without mass lead",
        file="meanfield/sums/direct.py",
        old="            s = np.where(absent, -np.inf, s)\n",
        new="",
        red=("tests/kernels/test_hardmax.py::test_leaders_are_the_loops",),
    ),
    Breakage(
        name="direct: every tile has leaders of its own",
        file="meanfield/sums/direct.py",
        old="share(np.where(alike, 0.0, s - top))",
        new="share(np.where(alike, 0.0, s - s.max(axis=-1, keepdims=True)))",
        red=("tests/kernels/test_hardmax.py::test_a_share_of_ones_own",),
    ),
    Breakage(
        name="quadrature: points of a density lead",
        file="meanfield/methods/quadrature.py",
        old="        if share_of(kernel) is not None:",
        new="        if False:",
        red=("tests/kernels/test_hardmax.py::test_a_density_has_no_leaders",),
    ),
    Breakage(
        name="quadrature: a kernel that does not say its bandwidth has that of the plan",
        file="meanfield/methods/quadrature.py",
        old="            if off <= self.tolerance:",
        new="            if True:",
        red=(
            "tests/methods/test_quadrature.py::test_a_kernel_that_jumps_is_refused",
            "tests/methods/test_quadrature.py::test_a_smooth_kernel_is_integrated_whether_it_says_its_bandwidth_or_not",
        ),
    ),
    Breakage(
        name="contracts: a method that nobody wrote answers None",
        file="meanfield/protocols/member.py",
        old='            raise TypeError(f"{type(self).__name__} has no {says',
        new='            return print(f"{type(self).__name__} has no {says',
        red=("tests/house/test_contracts.py::test_what_is_inherited_and_not_written_answers_nothing",),
    ),
    Breakage(
        name="spaces: steps on a line are bounded by degrees",
        file="meanfield/spaces/base.py",
        old='        if self.geometry.manifold == "sphere":\n            return float(self.degrees.max())\n',
        new="        if True:\n            return float(self.degrees.max())\n",
        red=("tests/house/test_stranger_line.py::test_contraction_at_any_length",),
    ),
    Breakage(
        name="spectral: heat is that of a sphere",
        file="meanfield/methods/spectral.py",
        old="0.5 * float(s) ** 2 * self.space.laplacian",
        new="-0.5 * float(s) ** 2 * self.space.degrees * (self.space.degrees + self.space.d - 2.0)",
        red=("tests/house/test_stranger_line.py::test_heat_of_a_mode",),
    ),
    Breakage(
        name="suited: a law of the sphere moves densities of R^d",
        file="meanfield/laws/suited.py",
        old="    if law.geometry != place.manifold:",
        new="    if False:",
        red=("tests/house/test_stranger_line.py::test_laws_and_spaces_of_other_manifolds_are_refused",),
    ),
    Breakage(
        name="general: the energy of a density in R^d is told unconfirmed",
        file="meanfield/laws/general.py",
        old="(2, 4))",
        new="(1, 1))",
        red=("tests/house/test_stranger_line.py::test_an_energy_that_is_not_confirmed_is_not_told",),
    ),
    Breakage(
        name="measures: a density has no line",
        file="meanfield/spaces/density.py",
        old="        line: Line | None = self.space.line\n",
        new="        line = None\n",
        red=("tests/analysis/test_prediction.py::test_the_line_a_measure_lies_on_says_what_its_moments_are",),
    ),
    Breakage(
        name="belts: what is added weighs as one mass",
        file="meanfield/measures/belts.py",
        old="self.at, self.phi, self.a, want)",
        new="self.at, self.phi, np.ones(len(self.a)), want)",
        red=("tests/measures/test_belts.py::test_they_are_circles_like_the_others",),
    ),
    Breakage(
        name="direct: rounding tells scores apart",
        file="meanfield/sums/direct.py",
        old="            alike = absent | (top - s <= off + error)\n",
        new="            alike = absent\n",
        red=("tests/kernels/test_ties.py::test_ties_are_those_of_exact_arithmetic_at_any_size",),
    ),
    Breakage(
        name="direct: the farthest point's rounding is everybody's",
        file="meanfield/sums/direct.py",
        old="np.where(highest > top, its, off), np",
        new="np.maximum(off, error.max(axis=-1, keepdims=True)), np",
        red=("tests/kernels/test_ties.py::test_what_is_lower_by_more_than_rounding_is_lower",),
    ),
    Breakage(
        name="heating: multipliers that underflow are none",
        file="meanfield/kernels/heating.py",
        old="if self.at < COLD:",
        new="if self.at == 0.0:",
        red=("tests/kernels/test_ties.py::test_heating_at_the_smallest_beta_is_that_of_zero",),
    ),
)
