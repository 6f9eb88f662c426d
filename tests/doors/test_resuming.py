"""Every face of a run goes on where it was broken off, with the bits of the unbroken run, from its file too."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.runs.faces import face
from meanfield.runs.record import Record
from meanfield.steppers import heun

pytestmark = pytest.mark.rounding
ANGLES = [0.0, 0.02, 1.0, 2.5]


@mf.register
@dataclass(frozen=True)
class Breaks(mf.Law):
    """SA, whose velocity is interrupted from the keyboard once, at the so-many-th question."""

    beta: float
    noise_: float = 0.0
    count: list[int] = field(default_factory=lambda: [10**9], compare=False)
    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        self.count[0] -= 1
        if self.count[0] == 0:
            raise KeyboardInterrupt
        return mf.SA(self.beta).velocity(t, x, mu)

    def noise(self, t: float, x: Any, mu: Any) -> Any:
        return self.noise_

    def quantities(self, t: float, mu: Any) -> Any:
        return mf.SA(self.beta).quantities(t, mu)


RUNS: dict[str, dict[str, Any]] = {
    "adaptive": {},
    "asked": {"t_eval": [0.3, 1.7, 5.0]},
    "fixed": {"method": "rk4", "step": 0.05},
    "merging": {"merge_tol": 2e-3, "rtol": 1e-5},
    "noise": {"method": "heun", "step": 0.05, "rng": 3},
    "noise by a stepper": {"method": heun(0.05), "rng": np.random.Generator(np.random.MT19937(5))},
}


def same(one: Any, other: Any) -> None:
    np.testing.assert_array_equal(one.t, other.t)
    np.testing.assert_array_equal(one.x, other.x)
    assert one.counters.steps == other.counters.steps and one.status is other.status
    assert [len(s.form.merges) for s in one.segments] == [len(s.form.merges) for s in other.segments]
    assert one.checkpoint["rng"] is None or repr(one.checkpoint["rng"]) == repr(other.checkpoint["rng"])


@pytest.mark.parametrize("name", RUNS)
def test_an_interrupted_cloud_goes_on_with_the_same_bits(name: str, tmp_path: Path) -> None:
    """In the midst of a step, which has drawn of the generator by then."""
    options = dict(RUNS[name])
    noise = 0.3 if "rng" in options else 0.0
    seed = repr(options.get("rng"))
    fresh = {**options, "rng": np.random.Generator(np.random.MT19937(5))} if "MT" in seed else options
    law = Breaks(4.0, noise)
    whole = pt.simulate(law, ANGLES, (0.0, 5.0), **fresh)
    if name == "merging":
        assert whole.merges
    asked = 10**9 - law.count[0]
    for part in (0.35, 0.8):
        again = {**options, "rng": np.random.Generator(np.random.MT19937(5))} if "MT" in seed else options
        breaking = Breaks(4.0, noise, [int(part * asked)])
        with pytest.raises(mf.Interrupted) as caught:
            pt.simulate(breaking, ANGLES, (0.0, 5.0), **again)
        half: Any = caught.value.solution
        assert 0 < half.counters.steps < whole.counters.steps
        half.save(tmp_path / "half.nc", overwrite=True)
        same(mf.resume(half), whole)
        same(mf.resume(mf.load(tmp_path / "half.nc")), whole)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_late_clusters_go_on_with_the_same_bits(part: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after some steps, as by max_seconds."""
    law, x = mf.SA(9.0), [0.0, 1.0, 2.5, 4.0]
    whole = pt.longtime(law, x, log_t_end=30.0)
    assert len(whole.merges) == 3
    looks = [int(part * whole.counters.steps)]

    def look(*_: Any) -> None:
        looks[0] -= 1
        if looks[0] == 0:
            raise mf.protocols.Stop(mf.Status.INTERRUPTED)

    with monkeypatch.context() as there, pytest.raises(mf.Interrupted) as caught:
        there.setattr("meanfield.runs.drive._look", look)
        pt.longtime(law, x, log_t_end=30.0)
    half: Any = caught.value.solution
    assert half.reached < whole.reached
    half.save(tmp_path / "half.nc")
    for rest in (mf.resume(half), mf.resume(mf.load(tmp_path / "half.nc"))):
        same(rest, whole)
        np.testing.assert_array_equal(rest(3.0).points, whole(3.0).points)


def test_late_clusters_go_on_to_a_later_end() -> None:
    law, x = mf.SA(9.0), [0.0, 1.0, 2.5, 4.0]
    whole, short = (pt.longtime(law, x, log_t_end=end) for end in (30.0, 3.0))
    longer = mf.resume(short, 30.0)
    assert longer.settings["log_t_end"] == 30.0 and len(longer.merges) == len(whole.merges)
    for one, other in zip(longer.merges, whole.merges, strict=True):
        assert one.log_t == pytest.approx(other.log_t, rel=1e-9)
    np.testing.assert_allclose(longer(20.0).points, whole(20.0).points, rtol=0.0, atol=1e-9)
    asked = mf.resume(pt.longtime(law, x, log_t_end=3.0, log_t_eval=[1.0, 2.0]), 5.0, t_eval=[4.0, 5.0])
    np.testing.assert_allclose(asked.log_t, [1.0, 2.0, 4.0, 5.0], rtol=1e-14)


def test_a_cloud_goes_on_to_a_later_end() -> None:
    longer = mf.resume(pt.simulate(mf.SA(4.0), ANGLES, (0.0, 1.0)), 2.0)
    whole = pt.simulate(mf.SA(4.0), ANGLES, (0.0, 2.0))
    assert len(longer.t) == 201 and longer.t[-1] == 2.0
    np.testing.assert_allclose(longer.x[-1], whole.x[-1], rtol=0.0, atol=1e-8)
    np.testing.assert_allclose(longer.gained, longer.dissipated, rtol=0.0, atol=1e-8)


def test_a_strangers_face_is_read_by_its_kind(tmp_path: Path) -> None:
    @face("walk")
    class Walk(pt.Trajectory):
        pass

    run = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.1))
    Walk(**{name: getattr(run, name) for name in Record.__dataclass_fields__}).save(tmp_path / "walk.nc")
    assert type(mf.load(tmp_path / "walk.nc")) is Walk


def test_diffusion_is_a_law_more() -> None:
    assert pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.1), diffusion=0.1, method="heun", step=0.05, rng=1).noisy


@pytest.mark.parametrize("change", [0.31, 0.45, 0.59])
def test_steps_that_the_end_made_shorter_and_that_failed(change: float) -> None:
    """A jump near the end: what was first tried to the end, rejected, and went on from there is taken again."""
    law, x = mf.Normalised(mf.SA(1.0), "mix", change), pt.uniform(4, 3, rng=0)
    broken = mf.resume(pt.simulate(law, x, (0.0, 0.6), [0.3, 0.6]), 1.0, t_eval=[1.0])
    whole = pt.simulate(law, x, (0.0, 1.0), [0.3, 0.6, 1.0])
    np.testing.assert_array_equal(broken.x, whole.x)
    assert broken.counters == whole.counters
