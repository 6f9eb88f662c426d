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
    Breakage(
        name="cloud: of a path that all share each draws its own",
        file="meanfield/methods/cloud.py",
        old="rng.standard_normal((*shape[:-1], 1, place.d(y)))",
        new="rng.standard_normal((*shape, place.d(y)))",
        red=("tests/laws/test_common.py::test_in_space_differences_stay_and_all_move_by_one_gaussian",),
    ),
    Breakage(
        name="stochastic: one path alone is drawn",
        file="meanfield/steppers/stochastic.py",
        old="    for path in s.shared:\n",
        new="    for path in s.shared[:1]:\n",
        red=("tests/laws/test_common.py::test_own_noise_and_shared_noise_add",),
    ),
    Breakage(
        name="suited: a density takes noise that all share",
        file="meanfield/laws/suited.py",
        old='    refuse_common(law, "a density moves at random")\n',
        new="",
        red=("tests/laws/test_common.py::test_a_density_refuses_it_by_name",),
    ),
    Breakage(
        name="scheme: a carried density takes noise",
        file="meanfield/methods/lagrangian/scheme.py",
        old="noise=False, flow=pair",
        new="noise=True, flow=pair",
        red=("tests/doors/test_one_check.py::test_what_a_refusal_says_to_do_works",),
    ),
    Breakage(
        name="suited: a remedy forgets the noise",
        file="meanfield/laws/suited.py",
        old="step=0.01, rng=0' if shaken else",
        new="step=0.01, rng=0' if False else",
        red=("tests/doors/test_one_check.py::test_what_a_refusal_says_to_do_works",),
    ),
    Breakage(
        name="mixture: second moments of the moving tokens alone",
        file="meanfield/measures/mixture.py",
        old="            total = total + (size[..., None] if np.ndim(size) else size) * more\n",
        new="            total = total + 0.0 * more\n",
        red=("tests/laws/test_said_in_words.py::test_linear_attention_sees_tokens_that_do_not_move",),
    ),
    Breakage(
        name="flow: velocity and divergence sum the pairs twice",
        file="meanfield/methods/lagrangian/flow.py",
        old="            if V is not None and len(V) > V.shape[1] and whole == \"ZML\":\n",
        new="            if False and V is not None:\n",
        red=("tests/laws/test_one_reading.py::test_a_carried_density_s_stage_is_one_reading",),
    ),
    Breakage(
        name="general: the gradient of Z without beta",
        file="meanfield/laws/general.py",
        old="    both = np.concatenate([np.eye(d) if V is None else V, k.beta * product(law, d, t)])\n",
        new="    both = np.concatenate([np.eye(d) if V is None else V, product(law, d, t)])\n",
        red=("tests/laws/test_one_reading.py::test_the_divergence_is_one_reading_and_right",),
    ),
    Breakage(
        name="density: integrals by the few nodes of a few degrees",
        file="meanfield/spaces/density.py",
        old="        if not 0 < K < LAID_OUT or",
        new="        if True or",
        red=("tests/laws/test_one_reading.py::test_energies_of_few_degrees_are_those_of_the_density",),
    ),
    Breakage(
        name="stacked: all of a stack is its first",
        file="meanfield/spaces/stacked.py",
        old="            s, g = self.opened(one)\n",
        new="            s, g = self.opened(c.reshape(-1, c.shape[-1])[0])\n",
        red=("tests/spaces/test_stacked.py::test_a_stack_is_each_of_its_densities",),
    ),
    Breakage(
        name="flow: atoms are not looked at again",
        file="meanfield/methods/lagrangian/flow.py",
        old="        if np.any(parts):\n",
        new="        if False and np.any(parts):\n",
        red=("tests/methods/test_gathering.py::test_atoms_that_the_law_comes_to_part_end_the_run",),
    ),
    Breakage(
        name="asked: what lies along x is left out of M",
        file="meanfield/measures/asked.py",
        old="np.concatenate([frame, at[..., None, :]], axis=-2)",
        new="np.concatenate([frame, 0.0 * at[..., None, :]], axis=-2)",
        red=("tests/measures/test_whole.py::test_points_answer_with_all_of_it",),
    ),
    Breakage(
        name="along: its multipliers are one degree off",
        file="meanfield/kernels/along.py",
        old="(k + d - 2.0) * q[2:] + k * q[:-2]",
        new="(k + d - 2.0) * q[:-2] + k * q[2:]",
        red=("tests/measures/test_whole.py::test_points_answer_with_all_of_it",),
    ),
)
