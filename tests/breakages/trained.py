"""Trained models: files, names, the forward pass and its traps, what is told of it."""

from __future__ import annotations

from breakages.engine import Breakage

ROOM, TINY, FILES = "particles/trained/", "tests/particles/test_trained.py::", "tests/particles/test_trained_files.py::"
MODELS = "tests/particles/test_trained_models.py::"
LOOPS = TINY + "test_tokens_and_attention_are_those_of_a_forward_in_loops"
TRAP = TINY + "test_no_trap_is_fallen_into"
TRAINED: tuple[Breakage, ...] = (
    Breakage(
        name="families: a bias has the name of the weight",
        file=ROOM + "families/family.py",
        old='(bias, f"{place}.bias")',
        new='(bias, f"{place}.weight")',
        red=(FILES + "test_names_and_numbers_of_the_weights",),
    ),
    Breakage(
        name="bert: the two normalisations are exchanged",
        file=ROOM + "families/bert.py",
        old='norm("gain2", "shift2", "output.LayerNorm")',
        new='norm("gain2", "shift2", "attention.output.LayerNorm")',
        red=(FILES + "test_names_and_numbers_of_the_weights",),
    ),
    Breakage(
        name="albert: all layers are of the first group",
        file=ROOM + "families/albert.py",
        old="k * groups // layers",
        new="0 * groups // layers",
        red=(LOOPS,),
    ),
    Breakage(
        name="safetensors: gaps are let in",
        file=ROOM + "named.py",
        old="if any(one[1] != two[0] for one, two in pairwise(ends)):",
        new="if False:",
        red=(FILES + "test_files_that_are_no_safetensors",),
    ),
    Breakage(
        name="pickles: any name means a table",
        file=ROOM + "pickled.py",
        old="if whole not in meanings:",
        new="meanings.setdefault(whole, _Table)\n        if not meanings:",
        red=(FILES + "test_a_pickle_that_names_anything_else",),
    ),
    Breakage(
        name="config.json: eps is what it mostly is",
        file=ROOM + "settings.py",
        old="    return float(value)\n",
        new="    return 1e-12\n",
        red=(LOOPS,),
    ),
    Breakage(
        name="weights: numbers that are not finite are let in",
        file=ROOM + "weights.py",
        old="    if bad.any():",
        new="    if False:",
        red=(FILES + "test_names_and_numbers_of_the_weights",),
    ),
    Breakage(
        name="forward: pads are seen",
        file=ROOM + "forward.py",
        old="    if unseen is not None:",
        new="    if False and unseen is not None:",
        red=(TINY + "test_a_batch_gives_what_each_prompt_gives_alone", TRAP),
    ),
    Breakage(
        name="forward: scores are divided by the root of d",
        file=ROOM + "forward.py",
        old="math.sqrt(q.shape[-1])",
        new="math.sqrt(x.shape[-1])",
        red=(LOOPS, TRAP),
    ),
    Breakage(
        name="forward: no token type",
        file=ROOM + "forward.py",
        old=" + part.types[0]",
        new="",
        red=(LOOPS, TRAP),
    ),
    Breakage(
        name="prompts: the file's truncation is followed",
        file=ROOM + "prompts.py",
        old="    made.no_truncation()\n",
        new="",
        red=(TINY + "test_a_text_is_cut_without_pads_and_keeps_its_last_mark",),
    ),
    Breakage(
        name="prompts: the file's padding is followed",
        file=ROOM + "prompts.py",
        old="    made.no_padding()\n",
        new="",
        red=(TINY + "test_a_text_is_cut_without_pads_and_keeps_its_last_mark",),
    ),
    Breakage(
        name="statistics: a token is a pair with itself",
        file=ROOM + "statistics.py",
        old="np.sum(total * total, axis=-1) - n)",
        new="np.sum(total * total, axis=-1))",
        red=(TINY + "test_what_a_trace_tells_is_of_directions",),
    ),
    Breakage(
        name="statistics: the spread is that of squares",
        file=ROOM + "statistics.py",
        old="lengths.std(axis=-1) / lengths.mean(axis=-1)",
        new="lengths.var(axis=-1) / lengths.mean(axis=-1)",
        red=(TINY + "test_what_a_trace_tells_is_of_directions",),
    ),
    Breakage(
        name="trace: the energy is twice what it is",
        file=ROOM + "trace.py",
        old="float(Points(x).energy(law))",
        new="2.0 * float(Points(x).energy(law))",
        red=(MODELS + "test_the_energy_is_split_between_attention_and_feed_forward",),
    ),
    Breakage(
        name="controls: weights that were one come apart",
        file=ROOM + "controls.py",
        old="        if id(layer) not in made:\n            made",
        new="        if True:\n            made",
        red=(MODELS + "test_controls_are_what_they_say",),
    ),
    Breakage(
        name="heads: any real eigenvalue will do",
        file=ROOM + "heads.py",
        old="known & (value.real > 0.0)",
        new="known",
        red=(MODELS + "test_heads_are_those_of_the_matrices_written_out",),
    ),
    Breakage(
        name="heads: a triple is good without a score",
        file=ROOM + "heads.py",
        old="self.dominant & (self.score > 0.0)",
        new="self.dominant",
        red=(MODELS + "test_heads_are_those_of_the_matrices_written_out",),
    ),
    Breakage(
        name="loops: a perturbation is never brought back",
        file=ROOM + "looped.py",
        old="off *= (size / _size(off, real))[:, None, None]",
        new="off *= 1.0",
        red=(MODELS + "test_nothing_grows_where_layers_only_normalise",),
    ),
    Breakage(
        name="flows: scores forget the length of tokens",
        file=ROOM + "flowing.py",
        old="beta = r * r / np.sqrt(dh)",
        new="beta = r / np.sqrt(dh)",
        red=(MODELS + "test_the_flow_is_the_layer_s_attention",),
    ),
    Breakage(
        name="model: memory has no limit",
        file=ROOM + "model.py",
        old="        if wanted > limit:",
        new="        if False:",
        red=(TINY + "test_what_is_not_wanted_is_not_kept_and_bytes_are_known_before",),
    ),
    Breakage(
        name="load: a file is a folder",
        file=ROOM + "loading.py",
        old='"is a file" if place.exists() else "does not exist"',
        new='"does not exist"',
        red=(FILES + "test_folders_without_a_model",),
    ),
    Breakage(
        name="published: nothing is where it is",
        file="validation/published.py",
        old="return found if found.is_dir() else None",
        new="return found.parent if found.is_dir() else None",
        red=("tests/validation/test_published.py::test_a_package_s_model_is_found_in_its_files",),
    ),
    Breakage(
        name="gelu by tanh is gelu by erf",
        file="meanfield/laws/activations.py",
        old='"gelu_new": _Named(_gelu_new, _gelu_new_slope)',
        new='"gelu_new": _Named(lambda s: s * scipy.special.ndtr(s), _gelu_slope)',
        red=(LOOPS,),
    ),
)
