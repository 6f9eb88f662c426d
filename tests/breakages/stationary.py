"""Noise: stationary densities, their spectra, and branches of them."""

from __future__ import annotations

from breakages.engine import Breakage

STATIONARY: tuple[Breakage, ...] = (
    Breakage(
        name="zero flux: energies without the law's scale",
        file="meanfield/analysis/zeroflux.py",
        old="+ self.law.log_factor(self.d))",
        new="+ 0.5 * self.law.log_factor(self.d))",
        red=("tests/analysis/test_stationary.py::test_scales_and_laws_with_noise_in_them",),
    ),
    Breakage(
        name="sectors: the part that was integrated is of one dimension less",
        file="meanfield/analysis/sectors.py",
        old="(m * (d + m - 2.0) * rho",
        new="(m * (d + m - 3.0) * rho",
        red=("tests/analysis/test_stationary.py::test_the_printed_moments",),
    ),
    Breakage(
        name="linearised: the field's curvature is left out",
        file="meanfield/analysis/linearised.py",
        old="+ (G2 * v)[..., None] * slope)",
        new="- (G2 * v)[..., None] * slope)",
        red=("tests/analysis/test_stationary.py::test_the_linearised_equation_is_that_of_the_solver",),
    ),
    Breakage(
        name="stationary: the free energy counts the excess twice",
        file="meanfield/analysis/stationary.py",
        old="return 0.5 * flux.factor",
        new="return flux.factor",
        red=("tests/analysis/test_stationary.py::test_scales_and_laws_with_noise_in_them",),
    ),
    Breakage(
        name="exact stationary: SA without its logarithm",
        file="validation/exact/stationary.py",
        old='(np.log(Z) if kind == "SA" else Z)',
        new='(Z if kind == "SA" else Z)',
        red=("tests/analysis/test_stationary.py::test_nothing_flows_by_quadrature",),
    ),
    Breakage(
        name="onset: the mean of the fourth power is not subtracted",
        file="meanfield/analysis/onset.py",
        old="* fourth / 6.0 - 0.5)",
        new="* fourth / 6.0)",
        red=("F15", "tests/analysis/test_branches.py::test_curvatures_of_pitchforks_are_those_of_branches"),
    ),
    Breakage(
        name="continuation: what is located is where one begins to look",
        file="meanfield/analysis/continuation.py",
        old="    return cache[h]\n",
        new="    return cache[0.0]\n",
        red=("tests/analysis/test_branches.py::test_the_fold_and_the_point_of_equal_energy",),
    ),
    Breakage(
        name="bifurcating: the noise's derivative has the other sign",
        file="meanfield/analysis/bifurcating.py",
        old="by = (mass * (G - mass @ G) / kappa)",
        new="by = -(mass * (G - mass @ G) / kappa)",
        red=("tests/analysis/test_branches.py::test_derivatives_are_those_of_the_fixed_point_form",),
    ),
    Breakage(
        name="following: what is odd is not asked for stability",
        file="meanfield/analysis/following.py",
        old="[max(t) for t in tops]",
        new="[min(t) for t in tops]",
        red=("tests/analysis/test_branches.py::test_stability_changes_at_the_fold_and_nowhere_else",),
    ),
    Breakage(
        name="the record of a branch: a free energy without that of the uniform density",
        file="meanfield/runs/branches.py",
        old="return self.base + self.excess",
        new="return 0.0 * self.base + self.excess",
        red=("tests/analysis/test_branches.py::test_states_of_a_branch_are_stationary",),
    ),
    Breakage(
        name="the door to branches: beta begins elsewhere",
        file="meanfield/doors/branch.py",
        old=".critical(mode) / kappa - 1.0",
        new=".critical(mode) / kappa - 1.1",
        red=("tests/analysis/test_branches.py::test_beta_varied_meets_noise_varied",),
    ),
    Breakage(
        name="diagrams: pieces of a branch are drawn without their last point",
        file="meanfield/plot/branches.py",
        old="x[piece], y[piece], color",
        new="x[piece][:-1], y[piece][:-1], color",
        red=("tests/analysis/test_branches.py::test_the_diagram_is_drawn_through_where_it_is_stable",),
    ),
    Breakage(
        name="exact stationary: kernels averaged over turns of one dimension more",
        file="validation/exact/stationary.py",
        old="special.roots_gegenbauer(n, 0.5 * (d - 3.0))",
        new="special.roots_gegenbauer(n, 0.5 * (d - 2.0))",
        red=("F17", "tests/analysis/test_branches.py::test_zonal_folds_are_those_of_nodes_and_averaged_kernels"),
    ),
    Breakage(
        name="check F16: multipliers of one degree more",
        file="validation/checks/f/f15_stationary.py",
        old="p = ive(np.abs(l), beta)",
        new="p = ive(np.abs(l) + 1, beta)",
        red=("F16",),
    ),
    Breakage(
        name="check A66: what grows is not the difference of two runs",
        file="validation/checks/a/a9_stationary.py",
        old="growth = 0.5 * (halves[0] - halves[1])",
        new="growth = halves[0]",
        red=("A66",),
    ),
    Breakage(
        name="check A73: a hundredth of the constant is claimed",
        file="validation/checks/a/a_lipschitz.py",
        old="lambda beta, n: 10.0 * max(1.0, beta) * n",
        new="lambda beta, n: 0.1 * max(1.0, beta) * n",
        red=("A73",),
    ),
    Breakage(
        name="check A74: 1 - gamma is claimed to fall at e^{3 beta / 2}",
        file="validation/checks/a/a_lipschitz.py",
        old="np.exp(-exp(0.5 * beta) * (t - 0.5 * n))",
        new="np.exp(-exp(1.5 * beta) * (t - 0.5 * n))",
        red=("A74",),
    ),
    Breakage(
        name="stars: clusters widen at the rate of a move",
        file="meanfield/analysis/stars.py",
        old="return -float(_responses(law, m).sum())",
        new="return -float(_responses(law, m)[1:].sum())",
        red=("tests/analysis/test_stationary.py::test_clusters_of_a_star_widen_at_their_rate",),
    ),
)
