"""Masks, graphs, tokens that do not move, and what C says of centres."""

from __future__ import annotations

from breakages.engine import Breakage

MASKED: tuple[Breakage, ...] = (
    Breakage(
        name="seeing: noise and velocity are asked of all",
        file="meanfield/laws/seeing.py",
        old="return self.law.velocity(t, x, self._sees(t, mu))",
        new="return self.law.velocity(t, x, mu)",
        red=("C02", "tests/laws/test_frozen.py::test_four_tokens_and_three_that_do_not_move"),
    ),
    Breakage(
        name="masked: a graph is its transpose",
        file="meanfield/laws/masked.py",
        old="return mu.masked(self._sight)",
        new="return mu.masked(self.A.T, self.per_row)",
        red=("tests/laws/test_masks.py::test_dense_and_sparse_graphs_are_the_loop_over_neighbours",),
    ),
    Breakage(
        name="frozen: every token that does not move counts for one",
        file="meanfield/laws/frozen.py",
        old="return mu.also(self.rows, self.weights, self.per_token)",
        new="return mu.also(self.rows, 1.0, self.per_token)",
        red=("tests/laws/test_frozen.py::test_four_tokens_and_three_that_do_not_move",),
    ),
    Breakage(
        name="edges: their weights are left out",
        file="meanfield/sums/edges.py",
        old="s += bias[of]",
        new="s += 0.0 * bias[of]",
        red=("tests/laws/test_masks.py::test_dense_and_sparse_graphs_are_the_loop_over_neighbours",),
    ),
    Breakage(
        name="the tiles of the past depend on who comes later",
        file="meanfield/sums/sight.py",
        old="        edges = [0, min(FIRST, most)]",
        new="        edges = [0, min(n, most)]",
        red=(
            "tests/laws/test_masks.py::"
            "test_with_fixed_steps_the_first_tokens_have_the_same_bits_whoever_comes_later",
        ),
    ),
    Breakage(
        name="asked: masses under a sight are counted as they come",
        file="meanfield/measures/asked.py",
        old="        weights = weights / points.unit_seen()\n    edges = None",
        new="        weights = weights / 1.0\n    edges = None",
        red=("tests/laws/test_causal.py::test_velocities_are_the_printed_loop_s",),
    ),
    Breakage(
        name="tiles: rows are asked for the wrong points",
        file="meanfield/sums/tiles.py",
        old="return cuts if last is None else [j for j in cuts if j.start < last]",
        new="return cuts if last is None else [j for j in cuts if j.stop < last]",
        red=("tests/laws/test_causal.py::test_velocities_are_the_printed_loop_s",),
    ),
    Breakage(
        name="running: a block forgets the blocks before it",
        file="meanfield/sums/running.py",
        old="terms[..., 0] += kept[k]",
        new="terms[..., 0] += 0.0 * kept[k]",
        red=("tests/sums/test_running.py::test_velocities_are_those_of_all_pairs",),
    ),
)
