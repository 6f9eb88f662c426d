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
)
