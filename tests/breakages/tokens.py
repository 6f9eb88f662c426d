"""Positions, a normalisation's diagonal, and what tokens do with heads and layers."""

from __future__ import annotations

from breakages.engine import Breakage

TOKENS: tuple[Breakage, ...] = (
    Breakage(
        name="turned: keys are turned as if they were the first token's",
        file="meanfield/measures/turned.py",
        old="self._turned(b, y[..., self.d :])",
        new="b",
        red=("F40", "tests/laws/test_positions.py::test_rotary_positions_are_the_loop"),
    ),
    Breakage(
        name="rotary: waves are those of another base",
        file="meanfield/laws/rotary.py",
        old="return Turned(mu, self.base, self.frequencies)",
        new="return Turned(mu, 2.0 * self.base, self.frequencies)",
        red=("F40", "tests/laws/test_positions.py::test_rotary_positions_are_the_loop"),
    ),
    Breakage(
        name="encoded: positions are taken away",
        file="meanfield/laws/encoded.py",
        old="return mu.placed(x + self.p)",
        new="return mu.placed(x - self.p)",
        red=("F30", "tests/laws/test_positions.py::test_positions_added_at_every_layer"),
    ),
    Breakage(
        name="general: a normalisation's diagonal is left out of what is not there",
        file="meanfield/laws/general.py",
        old="        return np.diag(D)",
        new="        return None",
        red=("tests/laws/test_positions.py::test_a_diagonal_that_climbs_and_moves_a_density",),
    ),
    Breakage(
        name="general: a normalisation's diagonal stands before the matrices",
        file="meanfield/laws/general.py",
        old="    return np.asarray(m * D)",
        new="    return np.asarray(m * D[:, None])",
        red=("A02.diagonal", "tests/laws/test_positions.py::test_a_diagonal_is_the_flow_on_the_ellipsoid"),
    ),
    Breakage(
        name="A02.diagonal: D moves, and nobody is carried along",
        file="validation/checks/a/a2_diagonal.py",
        old=" + 0.2 * np.cos(t) * D0 * on).ravel()",
        new=").ravel()",
        red=("A02.diagonal",),
    ),
    Breakage(
        name="F30: the best map is one point",
        file="validation/checks/f/f30_encoded.py",
        old="best, T = _largest(places, PLACES, rng)",
        new="best, T = _largest(places, 1, rng)",
        red=("F30",),
    ),
    Breakage(
        name="sloped: what is seen fades twice as fast as what it is divided by",
        file="meanfield/laws/sloped.py",
        old="        keep = math.exp(-self.slope)",
        new="        keep = math.exp(-2.0 * self.slope)",
        red=("tests/laws/test_linear_attention.py::test_biases_by_distance",),
    ),
    Breakage(
        name="F24: mode n follows at n I_n(beta)",
        file="validation/checks/f/f24_retrieval.py",
        old="    return n**2 * special.iv(n, beta)",
        new="    return n * special.iv(n, beta)",
        red=("F24",),
    ),
    Breakage(
        name="base: of heads that are equal one is asked",
        file="meanfield/laws/base.py",
        old="            total = total + term.velocity(t, x, mu)",
        new="            total = term.velocity(t, x, mu)",
        red=("S03", "tests/laws/test_heads.py::test_equal_heads_are_one_with_its_values_summed"),
    ),
    Breakage(
        name="S card: tokens in R^d are held on the sphere",
        file="validation/checks/s/s_card.py",
        old='free = pt.simulate(mf.SA(1.0, geometry="flat"), x,',
        new="free = pt.simulate(mf.SA(1.0), x,",
        red=("S02",),
    ),
    Breakage(
        name="S card: tokens repel each other",
        file="validation/checks/s/s_card.py",
        old="pt.simulate(mf.SA(beta), x, (0.0, t[-1])",
        new="pt.simulate(mf.SA(beta, sign=-1), x, (0.0, t[-1])",
        red=("S04",),
    ),
    Breakage(
        name="F34: the past is not hidden",
        file="validation/checks/f/f34_consensus.py",
        old="_falls(law, x), _falls(mf.Causal(law), x)",
        new="_falls(law, x), _falls(law, x)",
        red=("F34",),
    ),
    Breakage(
        name="layers: the residual sum takes half of a layer",
        file="particles/layers.py",
        old='"post": lambda x, A, t, h: geometry.retract(x + h * A),',
        new='"post": lambda x, A, t, h: geometry.retract(x + 0.5 * h * A),',
        red=("F34.angle",),
    ),
    Breakage(
        name="F34: two parts see each other",
        file="validation/checks/f/f34_consensus.py",
        old="half = np.kron(np.eye(2), np.ones((n // 2, n // 2)))",
        new="half = np.kron(np.ones((2, 2)), np.ones((n // 2, n // 2)))",
        red=("F34.rank",),
    ),
    Breakage(
        name="normalised: a placement that changes never does",
        file="meanfield/laws/normalised.py",
        old='norm = "post" if t < self._changed else "pre"',
        new='norm = "post"',
        red=("F08",),
    ),
    Breakage(
        name="F40: orders do not alias",
        file="validation/checks/f/f40_rotary.py",
        old="N, BETA, TERMS = 12, 1.5, 60",
        new="N, BETA, TERMS = 12, 1.5, 5",
        red=("F40",),
    ),
)
