"""Runs kept on the disk while they go: what is there at any moment goes on to the bits of the unbroken run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.runs import archive, checkpoint
from meanfield.runs.checks import checked_watch
from meanfield.tools import files

pytestmark = pytest.mark.rounding

OFTEN = 1e-9
"""Seconds: after every step."""
X = np.random.default_rng(5).uniform(-3.0, 3.0, 9)


def density() -> Any:
    return mf.perturbed_uniform(mf.Circle(64), {1: 0.4, 2: 0.1})


def spectral(**options: Any) -> Any:
    return mf.solve(mf.SA(4.0), density(), (0.0, 2.0), **options)


def handed_over(**options: Any) -> Any:
    return mf.solve(
        mf.SA(4.0), density(), (0.0, 4.0), max_resolution=64, on_unresolved="lagrangian", rtol=1e-7, **options
    )  # fmt: skip


def merging(**options: Any) -> Any:
    return pt.simulate(mf.SA(4.0), X, (0.0, 30.0), merge_tol=5e-4, rtol=1e-6, **options)


def noisy(**options: Any) -> Any:
    x = np.stack([X, X + 0.1])
    return pt.simulate(
        mf.SA(4.0), x, (0.0, 2.0), angles=True, method="heun", step=0.1, diffusion=0.1, rng=3, **options
    )  # fmt: skip


RUNS = {"spectral": spectral, "handed over": handed_over, "merging": merging, "noisy": noisy}


def equal(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(a.t, b.t)
    assert len(a.states) == len(b.states) and a.counters == b.counters and a.status is b.status
    for one, other in zip(a.states, b.states, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", RUNS)
def test_what_is_kept_at_any_step_goes_on_with_the_same_bits(name: str, tmp_path: Path) -> None:
    whole, kept = RUNS[name](), tmp_path / "run.nc"
    at = 0

    def copied(t: float, mu: Any) -> None:
        nonlocal at
        at += 1
        if kept.exists():
            shutil.copy(kept, tmp_path / f"{at}.nc")

    same = RUNS[name](observe=copied, checkpoint=kept, every=OFTEN)
    equal(same, whole)
    assert at > 5 and not list(tmp_path.glob("*.part"))
    for step in (2, at // 2, at):
        found = mf.load(tmp_path / f"{step}.nc")
        assert found.status is mf.Status.UNDERWAY and not found.success
        equal(mf.resume(tmp_path / f"{step}.nc"), whole)
        shutil.copy(tmp_path / f"{step}.nc", kept)  # a script that was killed is run again
        equal(RUNS[name](checkpoint=kept), whole)
    equal(mf.load(kept), whole)
    equal(RUNS[name](checkpoint=kept), whole)


def test_long_times_are_kept(tmp_path: Path, monkeypatch: Any) -> None:
    run: dict[str, Any] = {"x": [0.0, 1.0, 2.5], "log_t_end": 30.0}
    whole, kept = pt.longtime(mf.SA(9.0), **run), tmp_path / "run.nc"
    found: list[Any] = []
    looks = 0

    def seldom(self: Any, record: Any) -> None:
        nonlocal looks
        looks += 1
        if looks % 20 == 0:
            self.keep(record())
            found.append(shutil.copy(kept, tmp_path / f"{len(found)}.nc"))

    monkeypatch.setattr(checkpoint.Checkpoint, "look", seldom)
    pt.longtime(mf.SA(9.0), **run, checkpoint=kept, every=OFTEN)
    monkeypatch.undo()
    for path in (found[0], found[-1]):
        shutil.copy(path, kept)
        again = pt.longtime(mf.SA(9.0), **run, checkpoint=kept)
        np.testing.assert_array_equal(again.log_t, whole.log_t)
        np.testing.assert_array_equal(again.centres[-1], whole.centres[-1])


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path: Path) -> None:
    kept = tmp_path / "run.nc"
    whole = spectral(checkpoint=kept, every=OFTEN)
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 255
    kept.write_bytes(data)
    with pytest.warns(RuntimeWarning, match=r"run\.nc.*Going on from the checkpoint before it"):
        run = mf.resume(kept, 3.0)
    np.testing.assert_array_equal(run(1.0).coefficients, whole(1.0).coefficients)
    kept.unlink()
    with pytest.warns(RuntimeWarning, match="does not exist"):
        mf.resume(kept, 3.0)
    checkpoint.before(kept).write_bytes(b"")
    with pytest.raises(mf.StorageError):
        mf.resume(kept, 3.0)


def test_a_kill_between_two_files_leaves_no_third_name(tmp_path: Path) -> None:
    """The newest under the name of the one before already, and not yet replaced: two names of one file."""
    kept = tmp_path / "run.nc"
    spectral(checkpoint=kept, every=OFTEN, until=mf.steps(3))
    checkpoint.aside(kept)
    checkpoint.aside(kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.nc", "run.nc.before"]


def test_another_run_is_not_gone_on_from_and_not_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "run.nc"
    spectral(checkpoint=kept)
    bytes_before = kept.read_bytes()
    rho = density()
    others = {
        "law: SA.beta=4. there, SA.beta=5. here": lambda: mf.solve(mf.SA(5.0), rho, (0.0, 2.0), checkpoint=kept),
        "rtol: 1e-10": lambda: spectral(rtol=1e-8, checkpoint=kept),
        "t_span": lambda: mf.solve(mf.SA(4.0), rho, (0.0, 3.0), checkpoint=kept),
        "atol: ": lambda: mf.solve(
            mf.SA(4.0), mf.uniform(mf.Circle(64)), (0.0, 2.0), checkpoint=kept, atol=1e-8
        ),
        "is a Solution": lambda: merging(checkpoint=kept),
        "holds another run": lambda: mf.resume(merging(max_seconds=None), 31.0, checkpoint=kept),
    }
    for told, run in others.items():
        with pytest.raises(ValueError, match=told):
            run()
    assert kept.read_bytes() == bytes_before


def test_a_place_that_fails_during_the_run_is_told_and_the_run_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "save", full)
    with pytest.warns(RuntimeWarning) as told:
        run = spectral(checkpoint=tmp_path / "run.nc", every=OFTEN)
    equal(run, spectral())
    lines = [str(w.message) for w in told]
    assert len(lines) == 2 and "the run goes on" in lines[0] and "sol.save" in lines[1]


def test_bad_places_are_refused_before_the_run(tmp_path: Path, monkeypatch: Any) -> None:
    ran: list[float] = []
    for wrong, error in (
        ({"checkpoint": tmp_path}, IsADirectoryError),
        ({"checkpoint": tmp_path / "none" / "a.nc"}, FileNotFoundError),
        ({"checkpoint": 3}, TypeError),
        ({"every": 3.0}, ValueError),
        ({"checkpoint": tmp_path / "a.nc", "every": 0.0}, ValueError),
        ({"checkpoint": tmp_path / "a.nc", "every": "often"}, TypeError),
    ):
        with pytest.raises(error):
            spectral(observe=lambda t, mu: ran.append(t), **wrong)
    monkeypatch.setattr(checkpoint.os, "access", lambda *a: False)
    with pytest.raises(PermissionError, match="cannot be written"):
        spectral(checkpoint=tmp_path / "a.nc")
    assert not ran and not list(tmp_path.iterdir())


def test_what_no_file_can_hold_is_refused_before_the_run(tmp_path: Path) -> None:
    class Own(mf.SA):
        """Nobody registered it."""

    with pytest.raises((ValueError, TypeError), match="checkpoint: this run cannot be kept"):
        mf.solve(Own(4.0), density(), (0.0, 2.0), checkpoint=tmp_path / "a.nc")
    assert checked_watch(None, None, None).kept is None and files.name_of("a") == "a"


def cloud(**options: Any) -> Any:
    return pt.simulate(mf.SA(4.0), X, (0.0, 5.0), **options)


def test_a_run_ended_by_code_is_not_taken_for_another(tmp_path: Path) -> None:
    kept = tmp_path / "run.nc"
    for ends in ({"until": mf.steps(3)}, {"observe": lambda t, mu: t > 1.0}):
        cloud(checkpoint=kept, **ends)
        with pytest.raises(ValueError, match=r"ended before its last time .* mf.resume"):
            cloud(checkpoint=kept)
        assert mf.resume(kept).end == 5.0
        kept.unlink()
        checkpoint.before(kept).unlink(missing_ok=True)


def test_steps_count_from_the_beginning_of_a_run_that_was_killed(tmp_path: Path) -> None:
    kept, seen = tmp_path / "run.nc", [6]

    def breaks(t: float, mu: Any) -> None:
        seen[0] -= 1
        if not seen[0]:
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        cloud(until=mf.steps(10), observe=breaks, checkpoint=kept, every=OFTEN)
    again = cloud(until=mf.steps(10), checkpoint=kept)
    equal(again, cloud(until=mf.steps(10)))


def test_a_run_that_is_further_is_not_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "run.nc"
    whole = cloud(checkpoint=kept)
    half = pt.simulate(mf.SA(4.0), X, (0.0, 1.0))
    with pytest.raises(ValueError, match="further than"):
        mf.resume(half, 2.0, checkpoint=kept)
    rough = pt.simulate(mf.SA(4.0), X, (0.0, 6.0), rtol=1e-5)
    with pytest.raises(ValueError, match="rtol"):
        mf.resume(rough, 7.0, checkpoint=kept)
    equal(mf.load(kept), whole)
    assert mf.resume(kept, 6.0, checkpoint=kept).end == mf.load(kept).end == 6.0


def test_two_runs_on_one_path_do_not_replace_each_other(tmp_path: Path) -> None:
    kept = tmp_path / "run.nc"

    def other(t: float, mu: Any) -> None:
        if not kept.exists():
            pt.simulate(mf.SA(9.0), X, (0.0, 1.0), checkpoint=kept)

    with pytest.warns(RuntimeWarning, match="another run has written"):
        cloud(observe=other, checkpoint=kept, every=OFTEN)
    assert mf.load(kept).law == mf.SA(9.0)


def test_a_damaged_file_does_not_take_the_place_of_the_one_before(tmp_path: Path, monkeypatch: Any) -> None:
    kept = tmp_path / "run.nc"
    cloud(checkpoint=kept, every=OFTEN)
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 255
    kept.write_bytes(data)
    good = checkpoint.before(kept).read_bytes()

    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "save", full)
    with pytest.warns(RuntimeWarning):
        cloud(checkpoint=kept, every=OFTEN)
    assert checkpoint.before(kept).read_bytes() == good


def test_a_run_whose_landings_are_behind_goes_on() -> None:
    run = cloud(land=[0.1], until=mf.steps(8))
    assert run.end > 0.1 and mf.resume(run).end == 5.0


def test_noise_is_kept_by_its_seed(tmp_path: Path) -> None:
    kept = tmp_path / "run.nc"
    shaken: dict[str, Any] = {"method": "heun", "step": 0.1, "diffusion": 0.1, "checkpoint": kept}
    with pytest.raises(ValueError, match="rng: a run that is kept"):
        cloud(**shaken)
    first = cloud(**shaken, rng=np.random.default_rng(4))
    equal(cloud(**shaken, rng=np.random.default_rng(4)), first)
    with pytest.raises(ValueError, match="rng"):
        cloud(**shaken, rng=np.random.default_rng(5))


def test_a_generator_is_left_where_the_unbroken_run_leaves_it(tmp_path: Path) -> None:
    """So that a script that draws on with it draws the same after a kill."""
    kept = tmp_path / "run.nc"

    def shaken(rng: Any) -> Any:
        return pt.simulate(
            mf.SA(4.0), X, (0.0, 1.0), method="heun", step=0.1, diffusion=0.1, rng=rng, checkpoint=kept, every=OFTEN
        )

    wanted = np.random.default_rng(4)
    whole = shaken(wanted)
    for once in ("whole", "under way"):
        if once == "under way":
            checkpoint.before(kept).rename(kept)
        rng = np.random.default_rng(4)
        equal(shaken(rng), whole)
        assert rng.bit_generator.state == wanted.bit_generator.state
