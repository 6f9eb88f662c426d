"""Causal attention of infinitely many tokens: densities by depth."""

from __future__ import annotations

from breakages.engine import Breakage

TESTS = "tests/methods/test_causal_density.py"
DEPTHS: tuple[Breakage, ...] = (
    Breakage(
        name="depths: the past is a sum, not a mean",
        file="meanfield/special/depths.py",
        old="    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))  # of what",
        new="    return np.asarray(weights * np.asarray(s)[..., None])  # of what",
        red=(f"{TESTS}::test_means_over_the_past_keep_polynomials", f"{TESTS}::test_it_is_the_series_in_s"),
    ),
    Breakage(
        name="depths: the last terms count half at the end",
        file="meanfield/special/depths.py",
        old="few = 2 if n > 4 else 1",
        new="few = 0",
        red=(f"{TESTS}::test_means_over_the_past_keep_polynomials",),
    ),
    Breakage(
        name="causal density: every depth sees all tokens",
        file="meanfield/methods/causal_density.py",
        old="seen.before.open(past)",
        new="seen.before.open(nu[-1])",
        red=(f"{TESTS}::test_it_is_the_series_in_s", f"{TESTS}::test_the_first_tokens_move_alone"),
    ),
    Breakage(
        name="causal density: terms without a mask see the tokens of their own depth",
        file="meanfield/methods/causal_density.py",
        old="            seen.before.open(past)\n",
        new="            seen.before.open(past)\n            seen.open(own)\n",
        red=(f"{TESTS}::test_matrices_and_terms_that_see_all_tokens",),
    ),
    Breakage(
        name="causal density: a run goes on with too few nodes in s",
        file="meanfield/methods/causal_density.py",
        old="if (change is None or change.t == t) and (last",
        new="if change is not None and (last",
        red=(f"{TESTS}::test_a_family_that_leaves_its_nodes_in_s_ends",),
    ),
    Breakage(
        name="causal density: a finer space is named where nodes in s are missing",
        file="meanfield/methods/causal_density.py",
        old="return depths.last(y) <= 0.1 * LOST",
        new="return True",
        red=(f"{TESTS}::test_a_family_that_leaves_its_nodes_in_s_ends",),
    ),
    Breakage(
        name="causal density: too few nodes in s are not told",
        file="meanfield/methods/causal_density.py",
        old="if (last := depths.last(y)) <= KNOWN:",
        new="if (last := depths.last(y)) <= LOST:",
        red=(f"{TESTS}::test_too_few_nodes_in_s_are_told",),
    ),
    Breakage(
        name="family: a depth's density is that of its past",
        file="meanfield/spaces/family.py",
        old="return self._of(depths.between(self._count",
        new="return self._of(depths.past(self._count",
        red=(f"{TESTS}::test_it_is_the_series_in_s",),
    ),
    Breakage(
        name="family: tokens come from the last depth on",
        file="meanfield/spaces/family.py",
        old="(np.arange(n) + 0.5) / n)",
        new="1.0 - (np.arange(n) + 0.5) / n)",
        red=(f"{TESTS}::test_tokens_come_in_the_order_of_their_depth",),
    ),
    Breakage(
        name="family run: the energy is that of the density itself",
        file="meanfield/runs/family.py",
        old="past = held.past\n",
        new="past = held.own\n",
        red=(f"{TESTS}::test_a_run_is_saved_resumed_told_and_drawn",),
    ),
    Breakage(
        name="exact: the series of the past is that of the density",
        file="validation/exact/causal_density.py",
        old="nu = f / np.arange(1.0, P + 1.0)[:, None]",
        new="nu = 1.0 * f",
        red=(f"{TESTS}::test_it_is_the_series_in_s",),
    ),
    Breakage(
        name="F24.density: the early depths are a little off",
        file="validation/checks/f/f24_density.py",
        old="FIRST, RISE = 0.1, 0.4",
        new="FIRST, RISE = 0.1001, 0.4",
        red=("F24.density",),
    ),
    Breakage(
        name="F24.limit: tokens come as if their depth did not matter",
        file="validation/checks/f/f24_density.py",
        old="z = FIRST + RISE * (np.arange(n) + 0.5) / n",
        new="z = FIRST + RISE * np.ones(n)",
        red=("F24.limit",),
    ),
    Breakage(
        name="F25: probes are carried by the whole of the context's field once more",
        file="validation/checks/f/f25_contextual.py",
        old="gone = run.x[:, :, n:] - x[:, n:]",
        new="gone = run.x[:, :, n:] - x[:, :1]",
        red=("F25",),
    ),
    Breakage(
        name="plot: depth is called time",
        file="meanfield/plot/depths.py",
        old="    ax = circle.heat(s, theta, values, ax, title=title, log=log, cmap=cmap, log_time=False, ends=False)\n"
        "    ax.set_xlabel(DEPTH)",
        new="    ax = circle.heat(s, theta, values, ax, title=title, log=log, cmap=cmap, log_time=False, ends=False)\n",
        red=(f"{TESTS}::test_a_run_is_saved_resumed_told_and_drawn",),
    ),
)
