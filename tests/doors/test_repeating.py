"""A record holds what it takes to repeat its run and to go on with it; a dataset says in which units it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.tools import netcdf, settings

LAW = mf.SA(4.0)
RHO0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3, 2: 0.2j})


def kept(run: Any, path: Path) -> Any:
    """The run as its file has it."""
    run.save(path)
    return (mf if isinstance(run, mf.Solution) else pt).load(path)


# --- repeating ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [None, [0.5, 1.0]])
def test_a_solution_is_repeated_from_its_file(asked: Any, tmp_path: Path) -> None:
    whole = mf.solve(LAW, RHO0, (0.25, 1.5), t_eval=asked, method=mf.Spectral(max_resolution=64), rtol=1e-8)
    there = kept(whole, tmp_path / "run.nc")
    s = there.settings
    assert s["space"] == RHO0.space
    start = s["space"].density(coefficients=there(there.begin).coefficients)
    options = {name: s[name] for name in ("t_eval", "method", "rtol", "atol") if name in s}
    again = mf.solve(there.law, start, tuple(s["t_span"]), **options)
    np.testing.assert_array_equal(again.t, whole.t)
    np.testing.assert_array_equal(again.coefficients, whole.coefficients)


RNGS: dict[str, Any] = {
    "fresh": lambda: None,
    "seed": lambda: 7,
    "numpy's seed": lambda: np.int64(7),
    "sequence": lambda: np.random.SeedSequence(7).spawn(2)[1],
    "generator": lambda: np.random.default_rng(7).spawn(1)[0],
    "used generator": lambda: [g := np.random.default_rng(7), g.normal(size=3)][0],
}


@pytest.mark.parametrize("kind", RNGS)
def test_a_cloud_is_repeated_from_its_file(kind: str, tmp_path: Path) -> None:
    """The beginning is there though it was not asked for, and so is the seed, though it was drawn."""
    options: dict[str, Any] = {"weights": [1.0, 2.0, 3.0], "field": "harmonic", "method": "heun", "step": 0.05}
    whole = pt.simulate(LAW, [0.0, 1.0, 7.0], (0.0, 1.0), [0.5, 1.0], diffusion=0.1, rng=RNGS[kind](), **options)
    there = kept(whole, tmp_path / "run.nc")
    s = there.settings
    assert s["field"] == "harmonic"
    assert 0.0 not in there.t and there.answers(0.0)
    names = ("t_eval", "field", "method", "step", "rng", "rtol", "atol")
    start = there(there.begin).points
    given = {"weights": there.weights, **{name: s[name] for name in names}}
    again = pt.simulate(there.law, start, tuple(s["t_span"]), **given)
    np.testing.assert_array_equal(again.x, whole.x)
    if kind != "fresh":
        same = pt.simulate(LAW, [0.0, 1.0, 7.0], (0.0, 1.0), [0.5, 1.0], diffusion=0.1, rng=RNGS[kind](), **options)
        np.testing.assert_array_equal(same.x, whole.x)


def test_a_generator_is_used_and_its_copy_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    run = pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), diffusion=0.1, method="heun", step=0.1, rng=rng)
    assert run.settings["rng"].normal() == np.random.default_rng(7).normal() != rng.normal()
    quiet = pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), rng=7)
    assert "rng" not in quiet.settings


def test_every_record_says_what_computed_it(tmp_path: Path) -> None:
    late = pt.longtime(LAW, [0.0, 1.0, 3.0], log_t_end=2.0)
    for i, run in enumerate((mf.solve(LAW, RHO0, (0.0, 0.1)), pt.simulate(LAW, [0.0, 1.0], (0.0, 0.1)), late)):
        said = kept(run, tmp_path / f"{i}.nc").settings["version"]
        assert (said["meanfield"], said["numpy"]) == (mf.__version__, np.__version__)
        assert {"scipy", "python"} < set(said)
        assert json.loads(run.to_xarray().attrs["settings"])["version"] == said


def test_the_version_that_began_a_run_is_the_one_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    half = mf.solve(LAW, RHO0, (0.0, 1.0))
    monkeypatch.setattr(mf, "__version__", "99")
    assert mf.solve(LAW, RHO0, (0.0, 1.0)).settings["version"]["meanfield"] == "99"
    assert mf.resume(half, 2.0).settings["version"]["meanfield"] != "99"


def test_an_axis_is_kept() -> None:
    space = mf.ZonalSphere(3, 16, axis=[1.0, 2.0, 2.0])
    sol = mf.solve(LAW, space.density(lambda c: 1 + 0.3 * c), (0.0, 0.1))
    assert sol.settings["space"] == space
    assert settings.from_json(sol.to_xarray().attrs["space"]).axis == pytest.approx((1 / 3, 2 / 3, 2 / 3))


def test_files_from_before_the_beginning_was_kept_are_read(tmp_path: Path) -> None:
    sol = mf.solve(LAW, RHO0, (0.0, 1.0), t_eval=[0.5, 2.0 / 3.0])
    sol.save(tmp_path / "new.nc")
    arrays, text = netcdf.read(tmp_path / "new.nc", "solution")
    said = settings.from_json(text)
    del arrays["start"], said["start_kind"], said["settings"]["version"], said["settings"]["space"]
    netcdf.write(tmp_path / "old.nc", arrays, settings.to_json(said), kind="solution")
    old = mf.load(tmp_path / "old.nc")
    assert old.start is None
    np.testing.assert_array_equal(old(0.0).coefficients, sol(0.0).coefficients)
    np.testing.assert_array_equal(mf.resume(old, 2.0).coefficients, mf.resume(sol, 2.0).coefficients)
    kept(old, tmp_path / "again.nc")


# --- going on ----------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_a_run_with_asked_times_saves_its_new_end() -> None:
    asked = mf.solve(LAW, RHO0, (0.0, 1.0), t_eval=[0.5])
    longer = mf.resume(asked, 2.0)
    np.testing.assert_array_equal(longer.t, [0.5, 2.0])
    np.testing.assert_array_equal(longer.settings["t_eval"], [0.5, 2.0])
    np.testing.assert_array_equal(mf.resume(longer, 3.0).t, [0.5, 2.0, 3.0])
    whole = mf.solve(LAW, RHO0, (0.0, 2.0), t_eval=[0.5, 1.0, 2.0])
    np.testing.assert_allclose(longer.coefficients[-1], whole.coefficients[-1], rtol=0.0, atol=1e-10)
    shorter = mf.resume(mf.solve(LAW, RHO0, (0.0, 3.0), t_eval=[2.5], observe=lambda t, rho: t > 0.1), 1.0)
    np.testing.assert_array_equal(shorter.t, [1.0])
    np.testing.assert_array_equal(mf.resume(shorter, 4.0).t, [1.0, 2.5, 4.0])  # what was asked for still is


def test_a_run_goes_on_with_other_times() -> None:
    for first in (mf.solve(LAW, RHO0, (0.0, 1.0)), mf.solve(LAW, RHO0, (0.0, 1.0), t_eval=[0.5, 1.0])):
        longer = mf.resume(first, 2.0, t_eval=[1.0, 1.25, 1.5])
        np.testing.assert_array_equal(longer.t, [*first.t, 1.25, 1.5])
        assert longer.end == 2.0
        np.testing.assert_array_equal(mf.resume(longer, 3.0).t, [*first.t, 1.25, 1.5, 3.0])
    half = mf.solve(LAW, RHO0, (0.0, 1.0), t_eval=[0.9], observe=lambda t, rho: t > 0.1)
    other = mf.resume(half, t_eval=[half.end, 0.8])
    np.testing.assert_array_equal(other.t, [half.end, 0.8])
    np.testing.assert_array_equal(mf.resume(half, t_eval=[0.8]).t, [0.8])
    broken = mf.resume(half, t_eval=[0.7, 0.8], land=True, observe=lambda t, rho: t == 0.7)
    np.testing.assert_array_equal(mf.resume(broken).t, [0.7, 0.8])
    for bad in ([0.05], [0.8, 1.2], [0.8, 0.7]):
        with pytest.raises(ValueError, match="t_eval must be"):
            mf.resume(half, t_eval=bad)


# --- units -------------------------------------------------------------------------------------------------


def test_datasets_carry_their_units(tmp_path: Path) -> None:
    zonal, globe = mf.ZonalSphere(4, 8), mf.Sphere(8)
    runs = {
        "circle": mf.solve(LAW, RHO0, (0.0, 0.1)),
        "zonal": mf.solve(LAW, zonal.density(lambda c: 1 + 0.1 * c), (0.0, 0.1)),
        "globe": mf.solve(LAW, globe.density(lambda x: 1 + 0.1 * x[..., 0]), (0.0, 0.1)),
        "angles": pt.simulate(LAW, [0.0, 1.0], (0.0, 0.1)),
        "rows": pt.simulate(LAW, pt.uniform(5, 3, 0), (0.0, 0.1)),
        "late": pt.longtime(LAW, [0.0, 1.0], log_t_end=2.0),
    }
    odd = {"circle": {"theta": "rad"}, "globe": {"lat": "degrees", "lon": "degrees"}, "angles": {"theta": "rad"}}
    odd["late"] = odd["angles"]
    for name, run in runs.items():
        ds = run.to_xarray()
        units = {str(key): variable.attrs["units"] for key, variable in ds.variables.items()}
        assert units == {**dict.fromkeys(units, "1"), **odd.get(name, {})}, name
    np.testing.assert_allclose(runs["globe"].to_xarray()["lat"].values[[0, -1]], [90.0, -90.0], rtol=0.0, atol=10.0)
    runs["circle"].to_xarray().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")


@pytest.mark.rounding
def test_long_times_lie_over_their_logarithms(tmp_path: Path) -> None:
    """Beyond e^709 every time is inf, and no column could be told from another."""
    law, asked = mf.SA(1000.0, scale="scaled"), [400.0, 1000.0, 2000.0]
    run = pt.longtime(law, [0.0, 1.0, 3.0], log_t_end=2000.0, log_t_eval=asked)
    ds = run.to_xarray()
    assert ds["theta"].dims == ("log_t", "particle") and ds["t"].dims == ("log_t",)
    np.testing.assert_allclose(ds.indexes["log_t"], asked, rtol=1e-14)  # 400: when nothing moves yet
    np.testing.assert_array_equal(np.isinf(ds["t"]), [False, True, True])
    np.testing.assert_allclose(ds["theta"].sel(log_t=1000.0), [0.5, 0.5, 3.0], rtol=0.0, atol=1e-2)
    there = kept(run, tmp_path / "late.nc")
    assert "log t = -inf..2000" in repr(there) and "log t = 2000;" in there.message and "t = inf" not in repr(there)
