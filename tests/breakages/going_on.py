"""Faults of runs as data: what goes on, who reads it back, and the tests that see them."""

from __future__ import annotations

from breakages.engine import Breakage

GOING_ON: tuple[Breakage, ...] = (
    Breakage(
        name="checkpoint: another law goes on as this one",
        file="meanfield/runs/checkpoint.py",
        old="told += [] if run.law == law else",
        new="told += [] if True else",
        red=("tests/runs/test_checkpoint.py::test_another_run_is_not_gone_on_from_and_not_replaced",),
    ),
    Breakage(
        name="checkpoint: the one before is lost",
        file="meanfield/runs/checkpoint.py",
        old="        os.replace(part, before(path))",
        new="        part.unlink()",
        red=("tests/runs/test_checkpoint.py::test_a_damaged_checkpoint_is_named_and_the_one_before_is_used",),
    ),
    Breakage(
        name="control: the dense output's error has no say",
        file="meanfield/steppers/control.py",
        old="worst = float(np.maximum(worst,",
        new="worst = float(np.minimum(worst,",
        red=("tests/runs/test_landing.py::test_the_dense_output_keeps_the_tolerance_in_every_step",),
    ),
    Breakage(
        name="times: a run lands on nothing",
        file="meanfield/runs/times.py",
        old='return saves if inputs.flag("land", land) else np.empty(0)',
        new='return np.empty(0) if inputs.flag("land", land) else np.empty(0)',
        red=("tests/runs/test_landing.py::test_many_times_cost_no_more_than_none",),
    ),
    Breakage(
        name="until: a run rests when its slowest unknown does",
        file="meanfield/runs/until.py",
        old="np.abs(velocity).max(initial=0.0)",
        new="np.abs(velocity).min(initial=1.0)",
        red=("tests/runs/test_until.py::test_a_run_ends_at_rest_and_goes_on_from_there",),
    ),
    Breakage(
        name="alarm: nobody is told",
        file="meanfield/tools/alarm.py",
        old="    if watch is not None:\n        watch()",
        new="    if watch is not None:\n        return",
        red=("tests/runs/test_until.py::test_threads_are_watched_too",),
    ),
    Breakage(
        name="job: noise goes on by fresh random numbers",
        file="meanfield/runs/job.py",
        old='None if at["rng"] is None else generator(None, at["rng"])',
        new='None if at["rng"] is None else np.random.default_rng(0)',
        red=("tests/doors/test_resuming.py::test_an_interrupted_cloud_goes_on_with_the_same_bits",),
    ),
    Breakage(
        name="resume: a larger resolution is not taken",
        file="meanfield/doors/resume.py",
        old="run.scheme if max_resolution is None else",
        new="run.scheme if True else",
        red=("tests/runs/test_record.py::test_what_cannot_be_resumed",),
    ),
    Breakage(
        name="faces: who writes a kind does not read it",
        file="meanfield/runs/faces.py",
        old="_faces[kind] = cls",
        new="_faces[kind] = cls.__mro__[1]",
        red=("tests/doors/test_resuming.py::test_a_strangers_face_is_read_by_its_kind",),
    ),
    Breakage(
        name="dataset: what has no unit is in rad",
        file="meanfield/runs/dataset.py",
        old='units.get(str(name), "1")',
        new='units.get(str(name), "rad")',
        red=("tests/doors/test_repeating.py::test_datasets_carry_their_units",),
    ),
    Breakage(
        name="cloud: points that merged go on apart",
        file="particles/cloud.py",
        old="return Tokens(law, form, self.merge_tol)\n\n\ndef",
        new="return Tokens(law, form, None)\n\n\ndef",
        red=("tests/doors/test_resuming.py::test_an_interrupted_cloud_goes_on_with_the_same_bits",),
    ),
    Breakage(
        name="segments: a run that went on tells the steps of its end alone",
        file="meanfield/runs/segments.py",
        old="self.steps + other.steps",
        new="other.steps",
        red=("tests/doors/test_resuming.py::test_an_interrupted_cloud_goes_on_with_the_same_bits",),
    ),
    Breakage(
        name="checks: a law is not shaken",
        file="meanfield/runs/checks.py",
        old="return law if noise.kappa == 0.0 else",
        new="return law if noise.kappa >= 0.0 else",
        red=("tests/doors/test_resuming.py::test_diffusion_is_a_law_more",),
    ),
    Breakage(
        name="scheme: who cannot hand over says nothing",
        file="meanfield/protocols/scheme.py",
        old="raise ValueError(f'on_unresolved:",
        new="return self or ValueError(f'on_unresolved:",
        red=("tests/house/test_stranger.py::test_method_agrees_with_the_spectral_one",),
    ),
    Breakage(
        name="resume: a new end is not saved",
        file="meanfield/runs/times.py",
        old="np.union1d(past, [end])",
        new="past",
        red=("tests/doors/test_repeating.py::test_a_run_with_asked_times_saves_its_new_end",),
    ),
    Breakage(
        name="longtime: angles far out keep their turns",
        file="particles/longtime.py",
        old="given = given._replace(x=given.geometry.reduced(given.x))",
        new="given = given._replace(x=given.x)",
        red=("tests/particles/test_longtime.py::test_angles_far_out_are_reduced",),
    ),
)
