"""Falsehoods of what laws do together: sums, tokens that merge, noise that all share."""

from __future__ import annotations

from breakages.engine import Breakage

TOGETHER: tuple[Breakage, ...] = (
    Breakage(
        name="together: the rates of single laws add",
        file="meanfield/laws/together.py",
        old="np.asarray(law.velocity(t, x, mu))\n",
        new="np.asarray(telling[0].velocity(t, x, mu))\n",
        red=("tests/laws/test_together.py::test_what_a_sum_gains_is_what_its_rate_brings",),
    ),
    Breakage(
        name="general: matrices that change drive nothing",
        file="meanfield/laws/general.py",
        old="    return along / (2.0 * k.beta) + (fall - hotter) * E\n",
        new="    return (fall - hotter) * E\n",
        red=("tests/laws/test_together.py::test_what_time_adds_is_driven",),
    ),
    Breakage(
        name="gathering: whoever is near is taken for one",
        file="meanfield/methods/merging/gathering.py",
        old="    apart = groups[~(g < -unsure)]\n",
        new="    apart = groups[:0]\n",
        red=("tests/methods/test_gathering.py::test_of_groups_those_that_widen_are_left",),
    ),
    Breakage(
        name="gathering: what has merged is not looked at again",
        file="meanfield/methods/merging/gathering.py",
        old="    suspect = (g > unsure) | (mu.weights[which] == 0.0)\n",
        new="    suspect = mu.weights[which] < 0.0\n",
        red=("tests/methods/test_gathering.py::test_a_law_that_comes_to_part_them_ends_the_run",),
    ),
    Breakage(
        name="flow: narrow panels become atoms though they widen",
        file="meanfield/methods/lagrangian/flow.py",
        old="        narrow &= panels.widths(v) <= unsure\n",
        new="",
        red=("tests/methods/test_gathering.py::test_a_narrow_density_that_spreads_makes_no_atoms",),
    ),
)
