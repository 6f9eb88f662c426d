"""Long contexts, selection by a spectrum, several equilibria, and circles without a spurious maximum."""

from __future__ import annotations

from breakages.engine import Breakage

CONTEXT: tuple[Breakage, ...] = (
    Breakage(
        name="context: a token keeps by n others, for n - 1",
        file="meanfield/analysis/context.py",
        old="return math.log(self.n - 1) - beta",
        new="return math.log(self.n) - beta",
        red=("F09", "tests/analysis/test_context.py::test_equiangular_tokens_are_those_of_rows"),
    ),
    Breakage(
        name="context: the largest score is its own competitor",
        file="meanfield/analysis/context.py",
        old="np.where(first == 0.0, -np.inf,",
        new="np.where(first < 0.0, -np.inf,",
        red=("F43", "tests/analysis/test_context.py::test_the_critical_beta_is_where_the_largest_holds_half"),
    ),
    Breakage(
        name="exact context: the hazard of an edge is that of the double exponential",
        file="validation/exact/context.py",
        old='"edge": (1.0 + log_n) ** 2',
        new='"edge": 1.0 + log_n',
        red=("F43",),
    ),
    Breakage(
        name="exact context: tokens keep the square of their part",
        file="validation/exact/context.py",
        old="return math.sqrt(rho * (1.0 / cosine - 1.0) / (1.0 - rho))",
        new="return rho * (1.0 / cosine - 1.0) / (1.0 - rho)",
        red=("F09",),
    ),
    Breakage(
        name="check F10: keys of a sphere of one dimension more",
        file="validation/checks/f/f09_context.py",
        old="half = 0.5 * (d - 1)",
        new="half = 0.5 * d",
        red=("F10",),
    ),
)
