"""Falsehoods about what is said: words by which equations are found, matrices of laws, remedies."""

from __future__ import annotations

from breakages.engine import Breakage

WORDS: tuple[Breakage, ...] = (
    Breakage(
        name="equations: the kind of a line stays in its room",
        file="meanfield/equations/cells.py",
        old="rest if standing else how, said",
        new="how, said",
        red=("tests/equations/test_equations.py::test_what_no_room_holds_says_so",),
    ),
    Breakage(
        name="equations: words are found within words",
        file="meanfield/equations/names.py",
        old='r"\\W+", " ", f" {text} ".lower()',
        new='r"\\W+", "", text.lower()',
        red=("tests/equations/test_equations.py::test_what_is_not_one_equation_is_refused",),
    ),
    Breakage(
        name="equations: rooms of particles are not named",
        file="meanfield/equations/answer.py",
        old='return holders("meanfield", "particles") if same else holders("meanfield")',
        new='return holders("meanfield")',
        red=("tests/equations/test_equations.py::test_rooms_of_particles_are_named_where_they_are_ours",),
    ),
    Breakage(
        name="equations: any package called particles is taken for ours",
        file="meanfield/equations/answer.py",
        old="if same else",
        new="if found else",
        red=("tests/equations/test_equations.py::test_rooms_of_particles_are_named_where_they_are_ours",),
    ),
    Breakage(
        name="equations: of several figures of a check the first alone counts",
        file="meanfield/equations/names.py",
        old='said = ", ".join([part, *pieces])',
        new="said = part",
        red=("tests/equations/test_equations.py::test_places",),
    ),
    Breakage(
        name="Krause: the attention matrix forgets the masses",
        file="meanfield/laws/krause.py",
        old="s = mu.scores(self._kernel) + mu.shares()",
        new="s = mu.scores(self._kernel) + 0.0 * mu.weights",
        red=("tests/laws/test_krause.py::test_the_attention_matrix_is_of_the_mean_to_which_tokens_go",),
    ),
    Breakage(
        name="normalised: the matrix is asked at the tokens, not at their directions",
        file="meanfield/laws/normalised.py",
        old="self.law.attention(t, mu.pushed(geometry.retract))",
        new="self.law.attention(t, mu)",
        red=("tests/laws/test_linear_attention.py::test_tokens_with_a_length",),
    ),
    Breakage(
        name="critical beta: of keys that share the largest score one is counted",
        file="meanfield/analysis/context.py",
        old="rivals = others.sum(axis=-1)",
        new="rivals = others.max(axis=-1)",
        red=("tests/analysis/test_context.py::test_the_critical_beta_is_where_the_largest_holds_half",),
    ),
    Breakage(
        name="titles: what is beyond the last line stays",
        file="meanfield/plot/titles.py",
        old="if len(lines) > LINES:",
        new="if len(lines) > 9 * LINES:",
        red=("tests/plot/test_plot_titles.py::test_titles_fit",),
    ),
    Breakage(
        name="titles: replicas are called by no number",
        file="meanfield/plot/titles.py",
        old='else index}" if index else ""',
        new='else index}" if not index else ""',
        red=("tests/plot/test_plot_titles.py::test_the_replica_is_named",),
    ),
    Breakage(
        name="frozen: of tokens that do not move the outer ones alone are told",
        file="meanfield/laws/frozen.py",
        old="return self.rows if more is None else",
        new="return self.rows if self is not None else",
        red=("tests/plot/test_plot_titles.py::test_tokens_that_do_not_move_are_drawn",),
    ),
    Breakage(
        name="inner products: their energy has no tolerance beside rounding",
        file="meanfield/plot/curves.py",
        old="slack * float(np.ptp(array)))",
        new="0.0 * slack)",
        red=(
            "tests/plot/test_plot_titles.py::"
            "test_inner_products_have_their_histogram_and_their_check_mark_after_consensus",
        ),
    ),
    Breakage(
        name="layers: the one before is drawn",
        file="particles/layers.py",
        old="% (depth + 1)",
        new="% depth",
        red=("tests/plot/test_plot_titles.py::test_layers_are_drawn_and_unpack",),
    ),
    Breakage(
        name="ALiBi: the product with a mask has no slope",
        file="meanfield/laws/sloped.py",
        old='weights = f"numpy.exp(-{self.slope:g} *',
        new='weights = f"numpy.exp(-0.0 *',
        red=("tests/house/test_remedies.py::test_the_product_of_two_masks_is_told_and_typed",),
    ),
    Breakage(
        name="refusals: a density is sampled a thousandfold for a law of three tokens",
        file="meanfield/laws/suited.py",
        old="rho0.sample({tokens or 1000}, rng=0)",
        new="rho0.sample(1000, rng=0)",
        red=("tests/house/test_remedies.py::test_a_remedy_is_told_and_works",),
    ),
)
