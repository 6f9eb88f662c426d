"""Fluctuations of tokens about a density that moves, and the laws of pairs."""

from __future__ import annotations

from breakages.engine import Breakage

MODES = "tests/analysis/test_fluctuations.py"

FLUCTUATIONS: tuple[Breakage, ...] = (
    Breakage(
        name="response: labels do not feel how the velocity changes where they are",
        file="meanfield/analysis/response.py",
        old="rate += (G2 * V1**2 + G1 * V2)[:, None] * R",
        new="rate += (G2 * V1**2)[:, None] * R",
        red=("A12.fluctuations", f"{MODES}::test_powers_by_duality"),
    ),
    Breakage(
        name="response: the normaliser does not fluctuate",
        file="meanfield/analysis/response.py",
        old="bent = (G2 * V1)[:, None]",
        new="bent = 0.0 * (G2 * V1)[:, None]",
        red=("A12.fluctuations", f"{MODES}::test_the_flows_derivative_is_that_of_a_run"),
    ),
    Breakage(
        name="constant of W1: the interval's, without a shift",
        file="meanfield/analysis/nearest.py",
        old="np.abs(G - np.median(G, axis=1, keepdims=True))",
        new="np.abs(G - G[:, :1])",
        red=("A12.fluctuations", f"{MODES}::test_the_start_is_that_of_independent_tokens"),
    ),
    Breakage(
        name="constant of W1: what has moved is independent of the bridge",
        file="meanfield/analysis/nearest.py",
        old="bridge - crossed - crossed.T + ",
        new="bridge + ",
        red=(f"{MODES}::test_the_constant_by_labels_of_equal_mass",),
    ),
    Breakage(
        name="fluctuations: powers are not variances",
        file="meanfield/analysis/fluctuations.py",
        old="np.square(np.abs(f - (f @ weights)[:, None])) @ weights",
        new="np.square(np.abs(f)) @ weights",
        red=("A12.fluctuations", f"{MODES}::test_the_start_is_that_of_independent_tokens"),
    ),
    Breakage(
        name="check A12.fluctuations: the floor of three samples for that of many",
        file="validation/checks/a/a3_fluctuations.py",
        old="known = floors.w1_constant()",
        new="known = floors.w1_uniform(3)",
        red=("A12.fluctuations",),
    ),
    Breakage(
        name="exact moving: half the effect of others",
        file="validation/exact/moving.py",
        old="return X * df + told / nodes",
        new="return X * df + 0.5 * told / nodes",
        red=("A12.fluctuations", f"{MODES}::test_powers_by_duality"),
    ),
    Breakage(
        name="two tokens: one of them alone moves",
        file="meanfield/methods/pairs/two.py",
        old="v = -2.0 * f.divided(",
        new="v = -1.0 * f.divided(",
        red=("tests/methods/test_pairs.py::test_two_tokens",),
    ),
    Breakage(
        name="triples: what pairs say twice is not taken off",
        file="meanfield/methods/pairs/triples.py",
        old="- twice[:, None] - twice + both",
        new="+ both",
        red=("tests/methods/test_pairs.py::test_the_closures_for_32_tokens",),
    ),
    Breakage(
        name="closures: one other token fewer",
        file="meanfield/methods/pairs/closures.py",
        old="(f.n - 2) * self.mean(self.pull, psi)",
        new="(f.n - 3) * self.mean(self.pull, psi)",
        red=("tests/methods/test_pairs.py::test_the_closures_for_32_tokens",),
    ),
    Breakage(
        name="forces: a sum is divided by a tenth too much",
        file="meanfield/methods/pairs/forces.py",
        old="total / (self.n if Z is None else Z)",
        new="total / (1.1 * self.n if Z is None else Z)",
        red=("tests/methods/test_pairs.py::test_many_tokens_are_those_of_linear_theory",),
    ),
    Breakage(
        name="evolution: a negative law goes on",
        file="meanfield/methods/pairs/evolution.py",
        old="times.append(stepper.t)",
        new="times.append(stepper.t - begin + end)",
        red=("tests/methods/test_pairs.py::test_a_closure_that_fails_says_so",),
    ),
    Breakage(
        name="pair correlation: beta of another law",
        file="meanfield/doors/pairs.py",
        old="Forces(n, float(beta),",
        new="Forces(n, 1.1 * float(beta),",
        red=("tests/methods/test_pairs.py::test_two_tokens",),
    ),
    Breakage(
        name="check A54: clouds of twice the time",
        file="validation/checks/a/a8_pairs.py",
        old="x = pt.simulate(law, x0, (0.0, t), [t], angles=True, rtol=1e-6).x[-1]",
        new="x = pt.simulate(law, x0, (0.0, 2.0 * t), [2.0 * t], angles=True, rtol=1e-6).x[-1]",
        red=("A54",),
        tier="full",
    ),
    Breakage(
        name="check A55: pairs with themselves",
        file="validation/checks/a/a8_pairs.py",
        old="np.sum(x[:, 0] * x[:, 1], axis=-1)",
        new="np.sum(x[:, 0] * x[:, 0], axis=-1)",
        red=("A55",),
    ),
)
