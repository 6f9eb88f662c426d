"""What leaves the library: datasets with all that a law tells, netCDF for any engine, runs rescued by registering."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from meanfield.tools import settings


@dataclass(frozen=True)
class Watched(mf.Law):
    """USA, with observables of its own."""

    beta: float
    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mf.USA(self.beta).velocity(t, x, mu)

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        second = np.asarray(mu.mean)
        return {
            "order": np.linalg.norm(second, axis=-1),
            "phase": second[..., 0] + 1j * second[..., 1],
            "weights": 2.0 * np.linalg.norm(second, axis=-1),  # a name that points have taken
            "mass": 0.0 * second[..., 0],  # and one of densities
            "pull": second,  # no number
        }


def runs() -> dict[str, Any]:
    law, rows = Watched(1.0), pt.uniform(6, 3, 0)
    three = np.stack([rows, -rows, rows[:, ::-1]])
    circle = mf.perturbed_uniform(mf.Circle(16), {1: 0.1})
    return {
        "circle": mf.solve(law, circle, (0.0, 0.1)),
        "lagrangian": mf.solve(mf.SA(1.0), circle, (0.0, 0.1), method="lagrangian"),
        "zonal": mf.solve(mf.SA(1.0), mf.perturbed_uniform(mf.ZonalSphere(4, 8), {1: 0.1}), (0.0, 0.1)),
        "sphere": mf.solve(law, mf.perturbed_uniform(mf.Sphere(8), {(1, 1): 0.1}), (0.0, 0.1)),
        "cloud": pt.simulate(law, rows, (0.0, 0.1)),
        "replicas": pt.simulate(law, three, (0.0, 0.1)),
        "late": pt.longtime(mf.SA(1.0), [0.0, 1.0], log_t_end=3.0),
    }


RUNS = runs()


@pytest.mark.parametrize("name", ["circle", "sphere", "cloud", "replicas"])
def test_a_dataset_holds_every_quantity_of_the_law(name: str) -> None:
    run = RUNS[name]
    ds, lead = run.to_xarray(), ("replica",) if name == "replicas" else ()
    assert {"order", "phase", "pull"} <= set(ds)
    np.testing.assert_array_equal(ds["order"].values, run.quantity("order"))
    assert ds["order"].dims == ("t", *lead)
    both = ds["phase"].sel(real_imag="real") + 1j * ds["phase"].sel(real_imag="imag")
    np.testing.assert_array_equal(both.values, run.quantity("phase"))
    own = "law_weights" if name in ("cloud", "replicas") else "weights"
    np.testing.assert_array_equal(ds[own].values, run.quantity("weights"))
    assert float(ds["law_mass" if name in ("circle", "sphere") else "mass"].max()) == 0.0
    assert ds["pull"].dims == ("t", *lead, "pull_0")
    assert ds["pull"].shape == run.quantity("pull").shape


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
@pytest.mark.parametrize("name", RUNS)
def test_any_engine_writes_a_dataset_and_reads_it_back(name: str, engine: Any, tmp_path: Path) -> None:
    ds = RUNS[name].to_xarray()
    assert not any(variable.dtype.kind in "cO" for variable in ds.variables.values())
    ds.to_netcdf(tmp_path / "a.nc", engine=engine)
    with xarray.open_dataset(tmp_path / "a.nc", engine=engine) as back:
        for key in ds.variables:
            np.testing.assert_array_equal(ds[key].values, back[key].values)
        assert back.attrs["law"] == ds.attrs["law"]


@pytest.mark.parametrize("name", RUNS)
def test_netcdf4_itself_writes_a_dataset_and_opens_a_saved_run(name: str, tmp_path: Path) -> None:
    pytest.importorskip("netCDF4", reason="the engine that refuses complex numbers")
    RUNS[name].to_xarray().to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    if name in ("lagrangian", "zonal", "late"):  # of registered laws
        RUNS[name].save(tmp_path / "run.nc")
        with xarray.open_dataset(tmp_path / "run.nc", engine="netcdf4") as back:
            np.testing.assert_array_equal(back["t"].values, RUNS[name].t)


def test_coefficients_are_their_real_and_imaginary_parts() -> None:
    ds = RUNS["circle"].to_xarray()
    assert ds["coefficients"].dims == ("t", "k", "real_imag")
    both = ds["coefficients"].sel(real_imag="real") + 1j * ds["coefficients"].sel(real_imag="imag")
    np.testing.assert_array_equal(both.values, RUNS["circle"].coefficients)


# --- laws that are not registered ----------------------------------------------------------------------------


def test_registering_afterwards_rescues_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_classes", "_names"):  # forgotten again when the test is over
        monkeypatch.setattr(settings, name, dict(getattr(settings, name)))
    run = mf.solve(Watched(2.0), mf.perturbed_uniform(mf.Circle(16), {1: 0.1}), (0.0, 0.1))
    with pytest.raises(TypeError, match=r"The run is not lost: mf.register\(Watched\) now, and save again") as caught:
        run.save(tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []
    told = str(caught.value).partition("not lost: ")[2].partition(" now")[0]
    eval(told, {"mf": mf, "Watched": Watched})
    run.save(tmp_path / "run.nc")
    again = mf.load(tmp_path / "run.nc")
    assert again.law == Watched(2.0)
    np.testing.assert_array_equal(again.coefficients, run.coefficients)
    np.testing.assert_array_equal(mf.resume(again, t_end=0.2).coefficients, mf.resume(run, t_end=0.2).coefficients)


def rising(t: float) -> float:
    return 1.0 + t


@mf.register(name="tests-rising")
@dataclass(frozen=True)
class Rising:
    """1 + t, as data."""

    def __call__(self, t: float) -> float:
        return 1.0 + t


def test_a_run_under_a_function_is_rescued_by_its_dataclass(tmp_path: Path) -> None:
    run = pt.simulate(mf.SA(rising), [0.0, 1.0], (0.0, 0.1))
    with pytest.raises(TypeError, match=r"The run is not lost: write the function as a registered frozen dataclass"):
        run.save(tmp_path / "run.nc")
    dataclasses.replace(run, law=mf.SA(Rising())).save(tmp_path / "run.nc")
    np.testing.assert_array_equal(mf.load(tmp_path / "run.nc").x, run.x)


def test_a_sweep_that_keeps_refuses_an_unregistered_law_before_anything_runs(tmp_path: Path) -> None:
    called = []
    with pytest.raises(TypeError, match="Watched cannot be written as settings"):
        mf.sweep(lambda cell, rng: called.append(cell), [{"law": Watched(1.0)}], rng=0, keep=tmp_path / "kept")
    assert not called and not (tmp_path / "kept").exists()


def test_a_checkpoint_refuses_an_unregistered_law_before_anything_runs(tmp_path: Path) -> None:
    seen: list[float] = []
    rho = mf.perturbed_uniform(mf.Circle(16), {1: 0.1})
    with pytest.raises(TypeError, match=r"cannot be kept: .*Watched cannot be written as settings.*@register"):
        mf.solve(Watched(1.0), rho, (0.0, 0.1), checkpoint=tmp_path / "run.nc", observe=lambda t, mu: seen.append(t))
    assert not seen and list(tmp_path.iterdir()) == []
