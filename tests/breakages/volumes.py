"""Finite volumes: cells, slopes, fluxes, steps."""

from __future__ import annotations

from breakages.engine import Breakage

ROOM, RUN = "meanfield/methods/finite_volume/", "tests/methods/test_finite_volume.py::"
TOLD, STEP = "tests/methods/test_cell_averages.py::", "tests/steppers/test_convex.py::"
VOLUMES: tuple[Breakage, ...] = (
    Breakage(
        name="held: points stand for equal masses at other levels",
        file="meanfield/methods/lagrangian/held.py",
        old="self._placed(self.space.lattice(inputs.integer(\"n\", n, low=1)))",
        new="self._placed(self.space.lattice(inputs.integer(\"n\", n, low=1)) ** 2)",
        red=("tests/methods/test_cell_averages.py::test_distribution_samples_and_values",),
    ),
    Breakage(
        name="cells: means of the kernel are values at centres",
        file=ROOM + "cells.py",
        old="q[np.abs(k)] * self._sinc(k) ** 2)",
        new="q[np.abs(k)])",
        red=(RUN + "test_the_circle_s_kernel_is_the_mean_of_e_beta_cos_over_pairs_of_cells",),
    ),
    Breakage(
        name="limiters: no slope at all",
        file=ROOM + "limiters.py",
        old="np.where(a * b > 0.0, np.copysign(s, a), 0.0)",
        new="np.where(a * b > 0.0, 0.0 * s, 0.0)",
        red=(RUN + "test_order_two_in_l1_of_cell_averages",),
    ),
    Breakage(
        name="cells: clusters have no width of their own",
        file=ROOM + "profile.py",
        old=" + wide**2 / 12.0",
        new=" + 0.0 * wide",
        red=(TOLD + "test_clusters_of_cells",),
    ),
    Breakage(
        name="cell averages: entropy with the wrong sign",
        file=ROOM + "snapshot.py",
        old="return np.sum(self.weights * np.log(",
        new="return -np.sum(self.weights * np.log(",
        red=(TOLD + "test_masses_moments_and_entropy", RUN + "test_the_free_energy_falls_under_noise"),
    ),
    Breakage(
        name="volumes: nobody says that clusters are pinned",
        file=ROOM + "form.py",
        old='if self.pinned == float("inf"):',
        new="if True:",
        red=(RUN + "test_after_concentration_a_run_goes_on_and_says_that_clusters_are_pinned",),
    ),
    Breakage(
        name="drift: the weight at a face is Z beside it",
        file=ROOM + "drift.py",
        old="    mean *= Z\n",
        new="    mean = Z.copy()\n",
        red=(RUN + "test_the_weight_at_a_face_is_the_logarithmic_mean",),
    ),
    Breakage(
        name="volumes: fluxes come from downwind",
        file=ROOM + "volumes.py",
        old="np.where(Au >= 0.0, rho + slope, np.roll(rho - slope, -1))",
        new="np.where(Au < 0.0, rho + slope, np.roll(rho - slope, -1))",
        red=(RUN + "test_any_masses_stay_positive_and_the_energy_is_monotone_step_by_step",),
    ),
    Breakage(
        name="volumes: steps know no bound where E is descended",
        file=ROOM + "volumes.py",
        old="return 2.0 / (one.most * R) if R > 0.0 else np.inf",
        new="return np.inf",
        red=(RUN + "test_a_repulsive_energy_falls_only_within_the_bound_that_steps_keep",),
    ),
    Breakage(
        name="finite volumes: negative masses are let in",
        file=ROOM + "snapshot.py",
        old="if (v < 0.0).any():",
        new="if False:",
        red=(RUN + "test_data_laws_and_spaces_that_make_no_sense",),
    ),
    Breakage(
        name="finite volumes: any CFL number will do",
        file=ROOM + "scheme.py",
        old='inputs.number("cfl", self.cfl, above=0.0, high=1.0)',
        new='inputs.number("cfl", self.cfl, above=0.0)',
        red=(RUN + "test_settings_that_make_no_sense",),
    ),
    Breakage(
        name="convex: the second stage has no limit",
        file="meanfield/steppers/convex.py",
        old="if used <= limit * (1.0 + ROOM):",
        new="if True:",
        red=(STEP + "test_it_lands_and_keeps_within_both_limits",),
    ),
    Breakage(
        name="check A09.positive: the energy falls",
        file="validation/checks/a/a3_volumes.py",
        old="sign * sol.energy",
        new="-sign * sol.energy",
        red=("A09.positive",),
    ),
)
