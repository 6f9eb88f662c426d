"""The two metrics: the weighted distance, the inequality, minimising movements."""

from __future__ import annotations

from breakages.engine import Breakage

ROOM, TEST = "meanfield/distances/circle/", "tests/distances/test_metrics_weighted.py::"
MINIMISING, MOVES = "meanfield/methods/minimising/", "tests/methods/test_minimising.py::"
METRICS: tuple[Breakage, ...] = (
    Breakage(
        name="action: its gradient forgets that Z moves",
        file=ROOM + "action.py",
        old="at.T @ (wide * a_q) + slope.T",
        new="0.0 * at.T @ (wide * a_q) + slope.T",
        red=(TEST + "test_derivatives_of_the_action_are_differences", "A25"),
    ),
    Breakage(
        name="weighted: the cut stays that of W_2",
        file=ROOM + "weighted.py",
        old="corner = float(along @ bend[m, m] @ along + slope[m] @ curved)",
        new="border, corner, slope[m] = 0.0 * border, 1.0, 0.0",
        red=(TEST + "test_the_middle_of_a_geodesic_is_half_way",),
    ),
    Breakage(
        name="weighted: labels of equal steps have equal masses",
        file=ROOM + "weighted.py",
        old="return w / w.sum(), x, y",
        new="return np.full(n, 1.0 / n), x, y",
        red=(TEST + "test_at_beta_0_it_is_w2", "A25"),
    ),
    Breakage(
        name="labelled: a density has the labels' masses twice",
        file=ROOM + "labelled.py",
        old="masses = refined(w, fine) * (n / fine)",
        new="masses = refined(w, fine) * (2 * n / fine)",
        red=(TEST + "test_the_middle_of_a_geodesic_is_half_way",),
    ),
    Breakage(
        name="energy: the distance without its factor e^{beta / 2}",
        file=ROOM + "energy.py",
        old="float(np.exp(0.5 * self.beta) * np.sqrt(self.course.action))",
        new="float(np.sqrt(self.course.action))",
        red=(TEST + "test_two_points_against_a_quadrature", "A25"),
    ),
    Breakage(
        name="newton: the Hessian's scale is the diagonal's square",
        file="meanfield/distances/numerics/newton.py",
        old="return -scipy.linalg.cho_solve(factor, slope, check_finite=False), damping",
        new="return -1e-3 * scipy.linalg.cho_solve(factor, slope, check_finite=False), damping",
        red=(TEST + "test_the_middle_of_a_geodesic_is_half_way",),
    ),
    Breakage(
        name="two points: Z of one alone",
        file="validation/exact/two_points.py",
        old="0.5 * (math.exp(beta) + math.exp(beta * math.cos(a)))",
        new="math.exp(beta)",
        red=(TEST + "test_two_points_against_a_quadrature", "A25"),
    ),
    Breakage(
        name="inequality: the slope of Wasserstein's metric in both",
        file="validation/inequality.py",
        old="up * up / w",
        new="up * up",
        red=("tests/validation/test_inequality.py::test_equality_along_the_metric_s_own_flow_alone", "A24"),
    ),
    Breakage(
        name="descended: the Hessian of the energy without its diagonal",
        file=MINIMISING + "descended.py",
        old="bend[i, i] -= bend.sum(axis=1)",
        new="bend[i, i] = 0.0",
        red=(MOVES + "test_derivatives_of_what_is_descended",),
    ),
    Breakage(
        name="movement: half the price of distance",
        file=MINIMISING + "movement.py",
        old="share = exp(F.log_top) / (2.0 * tau)",
        new="share = exp(F.log_top) / (4.0 * tau)",
        red=(MOVES + "test_first_order_towards_the_metric_s_own_law_and_not_the_other", "A25.movements"),
    ),
    Breakage(
        name="minimising: a state says nothing of its step",
        file=MINIMISING + "form.py",
        old="y[..., self.n + i] for i, name",
        new="0.0 * y[..., self.n + i] for i, name",
        red=(MOVES + "test_every_step_keeps_its_residual_and_falls",),
    ),
    Breakage(
        name="minimising: any step will do",
        file=MINIMISING + "movements.py",
        old="if not step.found:",
        new="if False:",
        red=(MOVES + "test_a_step_beyond_convexity_is_refused_and_the_one_told_is_not",),
    ),
    Breakage(
        name="minimising: noise in the weighted metric",
        file=MINIMISING + "scheme.py",
        old="if energy.normalised and shaken:",
        new="if False:",
        red=(MOVES + "test_what_makes_no_sense_is_named",),
    ),
    Breakage(
        name="proximal: steps are twice as long as they say",
        file="meanfield/steppers/proximal.py",
        old="method.proximal(t, y, used)",
        new="method.proximal(t, y, 2.0 * used)",
        red=(MOVES + "test_first_order_towards_the_metric_s_own_law_and_not_the_other",),
    ),
    Breakage(
        name="check A25.movements: the other law is the limit",
        file="validation/checks/a/a3_movements.py",
        old="at[own]",
        new="at[other]",
        red=("A25.movements",),
    ),
    Breakage(
        name="check A25: half way is a third",
        file="validation/checks/a/a3_metric.py",
        old="w2_energy_circle(one, path(0.5), beta)",
        new="w2_energy_circle(one, path(0.34), beta)",
        red=("A25",),
    ),
)
