"""Densities under general Q, K, V: harmonics in both points."""

from __future__ import annotations

from breakages.engine import Breakage

HERE = "tests/methods/test_general_densities.py::"
DENSITIES: tuple[Breakage, ...] = (
    Breakage(
        name="levels: harmonics of x end where those of y do",
        file="meanfield/special/levels.py",
        old="return width, int(np.flatnonzero(c > NOTHING * max(float(F.max()), 1.0))[-1])",
        new="return width, min(width, int(np.flatnonzero(c > NOTHING * max(float(F.max()), 1.0))[-1])) - 4",
        red=(HERE + "test_what_is_taken_out_leaves_few_harmonics_and_no_large_values",),
    ),
    Breakage(
        name="levels: g is |A x|^2 over the largest singular value",
        file="meanfield/special/levels.py",
        old="        both = self.top + self.least\n",
        new="        both = self.top\n",
        red=(HERE + "test_what_is_taken_out_leaves_few_harmonics_and_no_large_values",),
    ),
    Breakage(
        name="twofold: the values have no degree of their own",
        file="meanfield/sums/twofold.py",
        old="products(space, level.width + 1)",
        new="products(space, level.width // 2)",
        red=(HERE + "test_harmonics_in_both_points_are_the_sum_over_all_pairs",),
    ),
    Breakage(
        name="twofold: nobody says how large the fields are",
        file="meanfield/sums/twofold.py",
        old="None, g[..., None])",
        new="None, 0.0 * g[..., None])",
        red=(HERE + "test_harmonics_in_both_points_are_the_sum_over_all_pairs",),
    ),
    Breakage(
        name="on nodes: a floored Z is not told",
        file="meanfield/methods/on_nodes.py",
        old="            self.floors = True\n",
        new="",
        red=(HERE + "test_where_z_is_rounding_the_run_says_so",),
    ),
    Breakage(
        name="suited: zonal spheres take laws with matrices by a bad value alone",
        file="meanfield/laws/suited.py",
        old="class Unsuited(TypeError, ValueError):",
        new="class Unsuited(ValueError):",
        red=(HERE + "test_what_does_not_fit_is_refused_by_name",),
    ),
    Breakage(
        name="check F14: the density of least E leaves one mode out",
        file="validation/checks/f/f14_minimiser.py",
        old="        series[0], series[2 : 2 + 2 * len(c) : 2] = 1.0, c\n",
        new="        series[0], series[2] = 1.0, c[0]\n",
        red=("F14",),
    ),
    Breakage(
        name="check F33: the positive map alone",
        file="validation/checks/f/f33_steering.py",
        old="    return np.real(logm(S)), np.real(logm(R))",
        new="    return np.real(logm(S)), 0.0 * np.real(logm(R))",
        red=("F33",),
    ),
    Breakage(
        name="check F39: J is that of heads that look the other way",
        file="validation/checks/f/f39_patterns.py",
        old="np.exp(2j * np.pi * np.outer",
        new="np.exp(-2j * np.pi * np.outer",
        red=("F39",),
    ),
    Breakage(
        name="check A02.density: the heads of the tokens are one",
        file="validation/checks/a/a2_densities.py",
        old="    tokens = pt.simulate(heads, ",
        new="    tokens = pt.simulate(law, ",
        red=("A02.density",),
    ),
    Breakage(
        name="check C03.rotating: the pair turns the other way",
        file="validation/checks/c/c3_rotating.py",
        old="    V = np.array([[GROWTH, -TURN], [TURN, GROWTH]])",
        new="    V = np.array([[GROWTH, TURN], [-TURN, GROWTH]])",
        red=("C03.rotating",),
    ),
)
