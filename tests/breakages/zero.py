"""Temperature zero: leaders, ties, borders."""

from __future__ import annotations

from breakages.engine import Breakage

LAW, LEAD = "tests/laws/test_temperature_zero.py::", "tests/methods/test_leading.py::"
ZERO: tuple[Breakage, ...] = (
    Breakage(
        name="hardmax: of tied leaders the last is the first",
        file="meanfield/laws/hardmax.py",
        old="np.argmax(lead, axis=-1)[..., None]",
        new="(s.shape[-1] - 1 - np.argmax(lead[..., ::-1], axis=-1))[..., None]",
        red=(LAW + "test_velocities_are_the_loop_s",),
    ),
    Breakage(
        name="moment: scores change by the queries alone",
        file="meanfield/laws/hardmax.py",
        old=" + a @ np.swapaxes(db, -1, -2))",
        new=" + 0.0 * (a @ np.swapaxes(db, -1, -2)))",
        red=(LEAD + "test_sliding_is_the_limit_of_layers",),
    ),
    Breakage(
        name="moment: shares stay equal along a border",
        file="meanfield/methods/leading/moment.py",
        old="        P[slots] += step\n",
        new="        P[slots] += 0.0 * step\n",
        red=(
            "A62",
            LEAD + "test_a_border_that_is_slid_along_is_kept_and_left",
        ),
    ),
    Breakage(
        name="branches: who rises faster may be left out",
        file="meanfield/methods/leading/branches.py",
        old="            if ahead < -_tolerance(moment, row):\n                return None\n",
        new="",
        red=(LEAD + "test_a_token_follows_of_tied_leaders_the_one_that_rises_faster_whoever_is_followed",),
    ),
    Breakage(
        name="branches: a way on is told with half of its shares",
        file="meanfield/methods/leading/branches.py",
        old="    return Way(trial, P, strict)\n",
        new="    return Way(trial, 0.5 * P, strict)\n",
        red=("A63",),
    ),
    Breakage(
        name="game: a pivot's row is not the first to come to 0",
        file="meanfield/methods/leading/game.py",
        old="near[column[near].argmax()])",
        new="able[ratios.argmax()])",
        red=(LEAD + "test_equilibria",),
    ),
    Breakage(
        name="leaders: a border that was reached changes nothing",
        file="meanfield/methods/leading/leaders.py",
        old="        if not reached.any():\n",
        new="        if True:\n",
        red=(LAW + "test_printed_rows_and_matrix_exponentials",),
    ),
    Breakage(
        name="leaders: changes go on without end",
        file="meanfield/methods/leading/leaders.py",
        old="if len(times) == MANY and",
        new="if len(times) > MANY and",
        red=(LEAD + "test_changes_without_end_are_told",),
    ),
    Breakage(
        name="loop: events are looked at where steps end alone",
        file="meanfield/runs/loop.py",
        old="    if not method.looks or r.between is None:\n",
        new="    if True:\n",
        red=(LEAD + "test_two_zeros_within_one_step_are_seen",),
    ),
    Breakage(
        name="particles: leaders are those of another token",
        file="particles/leaders.py",
        old="tuple(np.flatnonzero(row) for row in lead)",
        new="tuple(np.flatnonzero(row) for row in lead[::-1])",
        red=(LEAD + "test_leaders_of_leaders",),
    ),
    Breakage(
        name="feed-forward: a linear map in R^d is a hundredth too weak",
        file="meanfield/laws/feedforward.py",
        old="return x @ square(self, \"A\", t, x.shape[-1]).T",
        new="return 0.99 * x @ square(self, \"A\", t, x.shape[-1]).T",
        red=("A63.rates", "F22"),
    ),
    Breakage(
        name="A64: the middle is wider than is said",
        file="validation/checks/a/a9_hardmax.py",
        old="brentq(lambda eps: end(eps) - half,",
        new="brentq(lambda eps: end(eps) - 0.2 * half,",
        red=("A64",),
    ),
    Breakage(
        name="F22: the gap of a triangle's vertices is smaller",
        file="validation/checks/f/f22_frank_wolfe.py",
        old="GAP = 1.5",
        new="GAP = 1.3",
        red=("F22",),
    ),
    Breakage(
        name="F23: layers are longer than is said",
        file="validation/checks/f/f23_leaders.py",
        old="h = a / (1.0 + a)",
        new="h = a",
        red=("F23",),
    ),
    Breakage(
        name="particles: everybody leads itself",
        file="particles/leaders.py",
        old="if row[i] and np.abs",
        new="if not row[i] or np.abs",
        red=("F23",),
    ),
    Breakage(
        name="exact: the oracle of temperature zero moves twice as fast",
        file="validation/exact/hardmax.py",
        old="(expm(t * _matrix(leaders, V)) @ z.ravel())",
        new="(expm(2.0 * t * _matrix(leaders, V)) @ z.ravel())",
        red=(LAW + "test_printed_rows_and_matrix_exponentials",),
    ),
)
