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
        old="np.expm1(np.take_along_axis(capped, most, -1))",
        new="np.exp(np.take_along_axis(capped, most, -1))",
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
    Breakage(
        name="equilibria: poles may be anywhere",
        file="particles/equilibria.py",
        old="return float(np.linalg.norm(c[0] + c[1]))",
        new="return float(np.linalg.norm(c[0] - c[0]))",
        red=("tests/particles/test_equilibria.py::test_classes",),
    ),
    Breakage(
        name="equilibria: angles of a polygon are not spread",
        file="particles/equilibria.py",
        old="steps = 2.0 * math.pi * np.arange(m) / m",
        new="steps = 2.0 * math.pi * np.arange(m) / (m + 1)",
        red=("F38", "tests/particles/test_equilibria.py::test_classes"),
    ),
    Breakage(
        name="exact selection: tokens of the other side pull",
        file="validation/exact/selection.py",
        old="leaves.append(own * sum(a * sign * s for",
        new="leaves.append(own * sum(a for",
        red=("F37", "tests/particles/test_equilibria.py::test_rates_off_an_axis_are_those_of_the_written_matrix"),
    ),
    Breakage(
        name="check F37: values against the scores",
        file="validation/checks/f/f37_selection.py",
        old='return (mf.SA if kind == "SA" else mf.USA)(beta, K=V, V=V)',
        new='return (mf.SA if kind == "SA" else mf.USA)(beta, K=V, V=-V)',
        red=("F37",),
    ),
    Breakage(
        name="check F38: repulsion attracts",
        file="validation/checks/f/f38_equilibria.py",
        old='(("repulsion", -1), ("attraction", 1))',
        new='(("repulsion", 1), ("attraction", -1))',
        red=("F38",),
    ),
    Breakage(
        name="check F03: values do not flatten",
        file="validation/checks/f/f03_multiscale.py",
        old="V=np.diag([1.0, 1.0, 0.0])",
        new="V=np.diag([1.0, 1.0, 0.5])",
        red=("F03",),
    ),
    Breakage(
        name="exact polygons: phi'' along the sine",
        file="validation/exact/polygons.py",
        old="bend(c) * np.sin(angle) ** 2",
        new="bend(c) * np.sin(angle)",
        red=("F06",),
    ),
    Breakage(
        name="check F05: far tokens pull more than half as much",
        file="validation/checks/f/f05_circle.py",
        old="FLOOR = 0.01",
        new="FLOOR = 0.6",
        red=("F05",),
    ),
    Breakage(
        name="check F06: beta a tenth too large",
        file="validation/checks/f/f05_circle.py",
        old="return mf.USA(B, K=-np.eye(2))",
        new="return mf.USA(B, K=-1.1 * np.eye(2))",
        red=("F06",),
    ),
    Breakage(
        name="check F04: energies of a Dirac twice as large",
        file="validation/checks/f/f04_clustering.py",
        old="gap = exp(beta) / (2.0 * beta) - np",
        new="gap = exp(beta) / beta - np",
        red=("F04",),
    ),
    Breakage(
        name="check F11: norms of tokens, as if groups were single tokens",
        file="validation/checks/f/f11_smooth.py",
        old="np.sqrt(w)[..., :, None] * D / np.sqrt(w)[..., None, :]",
        new="D",
        red=("F11",),
    ),
    Breakage(
        name="check F20: alone, tokens go twice as fast",
        file="validation/checks/f/f20_cold.py",
        old="np.array([0.0, SLOW - 1.0])",
        new="np.array([0.0, 2.0 * SLOW - 2.0])",
        red=("F20",),
    ),
)
