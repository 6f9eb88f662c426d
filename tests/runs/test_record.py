"""What a run leaves behind: saved and loaded bit for bit, gone on with bit for bit, shown."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from meanfield.runs import faces
from meanfield.tools import netcdf, settings

LAW = mf.SA(4.0)


def start(n: int) -> mf.Density:
    return mf.Circle(n).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))


RUNS: dict[str, Callable[..., mf.Solution]] = {
    "plain": lambda **o: mf.solve(LAW, start(128), (0.0, 2.0), **o),
    "doubling": lambda **o: mf.solve(mf.USA(4.0, sign=1, scale="relative"), start(32), (0.0, 2.5), **o),
    "asked times": lambda **o: mf.solve(LAW, start(16), (0.0, 2.0), t_eval=[0.0, 0.31, 0.7, 1.1, 1.9], **o),
    "noise": lambda **o: mf.solve(LAW, start(64), (0.0, 2.0), diffusion=0.05, **o),
    "noise, asked times": lambda **o: mf.solve(
        mf.USA(1.0), start(16), (1.0, 3.0), t_eval=[1.5, 3.0], diffusion=0.1, **o
    ),
    "own method": lambda **o: mf.solve(
        mf.USA(1.0), start(64), (0.0, 2.0), method=mf.Spectral(tail=1e-10), rtol=1e-8, **o
    ),
}
each = pytest.mark.parametrize("name", RUNS)


def same(a: Any, b: Any) -> None:
    """Bit for bit, between the saved times too."""
    np.testing.assert_array_equal(a.t, b.t)
    for mine, theirs in zip(a.densities, b.densities, strict=True):
        assert mine.space == theirs.space
        np.testing.assert_array_equal(mine.coefficients, theirs.coefficients)
    for name in ("energy", "dissipation", "dissipated", "mass", "entropy", "free_energy"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    for t in np.linspace(a.begin, a.end, 23):
        np.testing.assert_array_equal(a(t).coefficients, b(t).coefficients)
    assert [(s.t, s.method, s.unknowns) for s in a.segments] == [(s.t, s.method, s.unknowns) for s in b.segments]
    assert a.status is b.status and a.law == b.law and a.end == b.end


# --- files ---------------------------------------------------------------------------------------------------


@each
def test_a_solution_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    sol = RUNS[name]()
    sol.save(tmp_path / "run.nc")
    back = mf.load(tmp_path / "run.nc")
    same(sol, back)
    assert back.message == sol.message and back.counters == sol.counters
    assert settings.to_json(back.settings) == settings.to_json(sol.settings)
    assert back.success and repr(back) == repr(sol)
    back.save(tmp_path / "again.nc")
    same(mf.load(tmp_path / "again.nc"), sol)


CLOUDS: dict[str, Callable[[], Any]] = {
    "angles": lambda: pt.simulate(LAW, [0.0, 1.0, 12.5], (0.0, 1.0), weights=[1.0, 2.0, 3.0]),
    "rows": lambda: pt.simulate(mf.USA(2.0), pt.uniform(5, 4, 1), (0.0, 1.0), [0.2, 1.0]),
    "replicas": lambda: pt.simulate(LAW, pt.uniform_angles(6, 2, replicas=(2, 3)), (0.0, 1.0), angles=True),
    "noise": lambda: pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), diffusion=0.1, method="heun", step=0.05, rng=3),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_a_trajectory_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    traj = CLOUDS[name]()
    traj.save(tmp_path / "run.nc")
    back = pt.load(tmp_path / "run.nc")
    for part in ("t", "x", "weights", "energy", "dissipation", "rows"):
        np.testing.assert_array_equal(getattr(back, part), getattr(traj, part), err_msg=part)
    assert back.law == traj.law and back.message == traj.message and back.angles == traj.angles
    assert back.checkpoint["rng"] == traj.checkpoint["rng"] and (name == "noise") == (
        back.checkpoint["rng"] is not None
    )
    if traj.dense:
        np.testing.assert_array_equal(back.dissipated, traj.dissipated)
        np.testing.assert_array_equal(back(0.777).points, traj(0.777).points)


def test_files_are_refused_for_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sol, path = RUNS["plain"](), tmp_path / "run.nc"
    sol.save(path)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        sol.save(path)
    sol.save(path, overwrite=True)
    with monkeypatch.context() as there:
        there.delitem(faces._faces, "trajectory")  # as if particles had never been imported
        pt.simulate(LAW, [0.0, 1.0], (0.0, 0.1)).save(tmp_path / "cloud.nc")
        with pytest.raises(mf.StorageError, match=r"cloud\.nc holds a 'trajectory'.* import particles, then load"):
            mf.load(tmp_path / "cloud.nc")
    assert isinstance(mf.load(tmp_path / "cloud.nc"), pt.Trajectory)
    whole = path.read_bytes()
    for damage, told in ((whole[: len(whole) // 2], "damaged|truncated"), (b"hello", "not a netCDF"), (b"", "empty")):
        (tmp_path / "bad.nc").write_bytes(damage)
        with pytest.raises(mf.StorageError, match=told):
            mf.load(tmp_path / "bad.nc")
    sol.to_xarray().to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(mf.StorageError, match="not one of ours"):
        mf.load(tmp_path / "other.nc")
    with pytest.raises(FileNotFoundError, match=r"nothing\.nc"):
        mf.load(tmp_path / "nothing.nc")
    monkeypatch.setattr(netcdf, "FORMAT", netcdf.FORMAT + 1)
    sol.save(tmp_path / "newer.nc")
    monkeypatch.undo()
    with pytest.raises(mf.StorageError, match="Upgrade meanfield"):
        mf.load(tmp_path / "newer.nc")


# --- going on ------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("part", [0.02, 0.6])
def test_a_resumed_run_has_the_bits_of_an_unbroken_one(name: str, part: float, tmp_path: Path) -> None:
    whole = RUNS[name]()
    stop = whole.begin + part * (whole.end - whole.begin)
    half = RUNS[name](observe=lambda t, rho: t > stop)
    assert half.status is mf.Status.OBSERVER and half.end < whole.end
    rest = mf.resume(half)
    same(rest, whole)
    assert rest.counters == whole.counters and rest.message == whole.message
    half.save(tmp_path / "half.nc")
    same(mf.resume(mf.load(tmp_path / "half.nc")), whole)


@each
def test_broken_twice_is_no_worse_than_once(name: str, tmp_path: Path) -> None:
    whole = RUNS[name]()
    span = whole.end - whole.begin
    first = RUNS[name](observe=lambda t, rho: t > whole.begin + 0.2 * span)
    second = mf.resume(first, observe=lambda t, rho: t > whole.begin + 0.6 * span)
    assert first.end < second.end < whole.end
    second.save(tmp_path / "second.nc")
    third = mf.resume(mf.load(tmp_path / "second.nc"))
    same(third, whole)
    assert third.counters == whole.counters


@pytest.mark.rounding
def test_going_beyond_the_end_saves_at_the_same_spacing() -> None:
    first = mf.solve(LAW, start(64), (0.0, 1.0))
    longer = mf.resume(first, 1.555)
    np.testing.assert_allclose(longer.t[:-1], 0.01 * np.arange(156), rtol=1e-12)
    assert longer.t[-1] == longer.end == 1.555 and np.all(np.diff(longer.t) > 0.0)
    far = mf.resume(longer, 3.0)
    np.testing.assert_allclose(np.delete(far.t, 156), 0.01 * np.arange(301), rtol=1e-12)
    straight = mf.solve(LAW, start(64), (0.0, 3.0))
    np.testing.assert_allclose(far(3.0).moments(9), straight(3.0).moments(9), rtol=0.0, atol=1e-11)
    assert far.dissipated[-1] == pytest.approx(straight.dissipated[-1], rel=1e-10)
    asked = mf.solve(LAW, start(64), (0.0, 1.0), t_eval=[0.5])
    np.testing.assert_array_equal(mf.resume(asked, 2.0).t, [0.5, 2.0])
    shorter = mf.resume(mf.solve(LAW, start(64), (0.0, 3.0), observe=lambda t, rho: t > 0.5), 1.0)
    assert shorter.end == 1.0 == shorter.t[-1] and shorter.success


def test_an_unresolved_run_goes_on_with_more_room() -> None:
    law, rho0, span = mf.USA(4.0, scale="relative"), start(32), (0.0, 2.5)
    roomy = mf.solve(law, rho0, span, max_resolution=512)
    with pytest.raises(mf.UnresolvedError) as caught:
        mf.solve(law, rho0, span, max_resolution=64)
    cramped: Any = caught.value.solution
    assert cramped.end < 2.5
    with pytest.raises(mf.UnresolvedError) as again:
        mf.resume(cramped)
    nowhere: Any = again.value.solution
    np.testing.assert_array_equal(nowhere.t, cramped.t)
    assert nowhere.end == cramped.end and nowhere.status is mf.Status.UNRESOLVED
    for stopped in (cramped, nowhere):
        same(mf.resume(stopped, max_resolution=512), roomy)


def test_what_cannot_be_resumed() -> None:
    sol = mf.solve(LAW, start(64), (0.0, 1.0))
    for end in (1.0, 0.5, -1.0):
        with pytest.raises(ValueError, match="t_end"):
            mf.resume(sol, end)
    with pytest.raises(ValueError, match="t_end"):
        mf.resume(sol)
    with pytest.raises(ValueError, match="t_end"):
        mf.resume(sol, float("nan"))
    for run in (pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0)), pt.longtime(LAW, [0.0, 1.0], log_t_end=2.0)):
        with pytest.raises(ValueError, match="t_end: this run has reached its end"):
            mf.resume(run)
        with pytest.raises(ValueError, match="knows no resolution"):
            mf.resume(run, 3.0, max_resolution=64)
    with pytest.raises(ValueError, match="on_unresolved"):
        mf.resume(sol, 2.0, on_unresolved="shrug")  # type: ignore[arg-type]


# --- what it says --------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_a_record_is_frozen_and_says_how_it_went() -> None:
    sol = RUNS["doubling"]()
    with pytest.raises(dataclasses.FrozenInstanceError):
        sol.t = np.zeros(3)  # type: ignore[misc]
    assert len(sol) == 101 and sol.begin == 0.0 and sol.end == 2.5
    assert "17 -> 33 -> 65" in sol.message and f"{sol.counters.steps} steps" in sol.message
    assert str(mf.USA(4.0, scale="relative")) in repr(sol)
    assert sol.names == ("dissipation", "energy", "excess", "free_energy")
    np.testing.assert_array_equal(sol.quantity("energy"), sol.energy)
    with pytest.raises(ValueError, match=r"warmth.*energy"):
        sol.quantity("warmth")
    for t in (-0.1, 2.6, float("nan")):
        with pytest.raises(ValueError, match="t"):
            sol(t)
    np.testing.assert_allclose(sol.minimum, [rho.minimum for rho in sol.densities])
    assert sol.coefficients.shape == (101, sol.finest.n // 2 + 1) and sol.values.shape == (101, sol.finest.n)
    np.testing.assert_allclose(sol.values[0], sol.densities[0](sol.finest.nodes), rtol=0.0, atol=1e-14)


@pytest.mark.rounding
def test_xarray_of_a_solution() -> None:
    sol = RUNS["doubling"]()
    ds = sol.to_xarray()
    assert dict(ds.sizes) == {"t": 101, "theta": sol.finest.n, "k": sol.finest.n // 2 + 1, "real_imag": 2}
    np.testing.assert_array_equal(ds["rho"].values, sol.values)
    np.testing.assert_array_equal(ds["coefficients"].sel(k=2, real_imag="real").values, sol.coefficients[:, 2].real)
    np.testing.assert_array_equal(ds["coefficients"].isel(t=0, k=slice(17, None)).values, 0.0)
    for name in ("energy", "dissipation", "mass", "entropy", "free_energy"):
        np.testing.assert_array_equal(ds[name].values, getattr(sol, name))
    assert json.loads(ds.attrs["law"])["beta"] == 4.0 and ds.attrs["status"] == mf.Status.REACHED_END.value
    assert float(ds["rho"].mean("theta").sel(t=1.25, method="nearest")) == pytest.approx(1.0, abs=1e-14)
    heat = mf.solve(mf.Diffusion(0.1), start(64), (0.0, 1.0)).to_xarray()
    assert "energy" not in heat and "free_energy" in heat and "rho" in heat


@pytest.mark.parametrize("name", CLOUDS)
def test_xarray_of_a_trajectory(name: str) -> None:
    traj = CLOUDS[name]()
    ds = traj.to_xarray()
    variable = ds["theta" if traj.angles else "x"]
    np.testing.assert_array_equal(variable.values, traj.x)
    assert variable.dims[0] == "t" and variable.dims[-1] == ("particle" if traj.angles else "component")
    np.testing.assert_array_equal(ds["energy"].values, traj.energy)
    np.testing.assert_array_equal(ds["weights"].values, traj.weights)
    assert ("replica_1" in ds.dims) == (name == "replicas")


PLOTS: dict[str, Callable[[Any], Any]] = {
    "plot": lambda r: r.plot(),
    "plot_energy": lambda r: r.plot_energy(),
    "plot_profiles": lambda r: r.plot_profiles([0.0, 0.123, 1.0]),
    "plot_spectrum": lambda r: r.plot_spectrum(),
    "plot_ring": lambda r: r.plot_ring(),
    "plot_ring at a time": lambda r: r.plot_ring(0.5),
    "plot_inner_products": lambda r: r.plot_inner_products(),
}


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("name", ["doubling", "angles", "replicas"])
def test_pictures(name: str, plot: str) -> None:
    record = (RUNS | CLOUDS)[name]()
    if not hasattr(record, plot.split()[0]):
        assert ("profiles" in plot or "spectrum" in plot) == (name != "doubling")
        return
    axes = PLOTS[plot](record)
    assert all(isinstance(ax, Axes) and ax.has_data() for ax in np.ravel(axes))
    if plot == "plot":
        assert record.plot(ax=axes) is axes


def test_pictures_of_what_is_not_there() -> None:
    traj = CLOUDS["replicas"]()
    assert isinstance(traj.plot(replica=(1, 2)), Axes)
    with pytest.raises(ValueError, match="replica"):
        traj.plot(replica=1)
    with pytest.raises(ValueError, match=r"t: got 0\.123.*nearest"):
        traj.plot_ring(0.123)
    rows = CLOUDS["rows"]()
    with pytest.raises(TypeError, match="theta exists on the circle only"):
        rows.plot()
    assert isinstance(rows.plot_inner_products(1.0), Axes)


def drawn_defect(axes: Any) -> Array:
    return np.asarray(axes[1].get_lines()[0].get_ydata())


def test_the_defect_that_is_drawn_counts_from_the_beginning() -> None:
    """The first saved time may come later: its energy is not E(0), and nothing is dissipated twice."""
    late = mf.solve(LAW, start(128), (0.0, 3.0), t_eval=[1.0, 2.0, 3.0])
    assert np.all(drawn_defect(late.plot_energy()) < 1e-9)
    cloud = pt.simulate(LAW, [0.0, 1.0, 2.5], (0.0, 3.0))
    part = dataclasses.replace(cloud, t=cloud.t[40:], states=cloud.states[40:], owners=cloud.owners[40:])
    assert np.all(drawn_defect(part.plot_energy()) < 1e-7) and part.begin == 0.0
    # where the constant 1 / (2 beta) of E swamps its change
    faint = mf.solve(mf.SA(1e-9), start(32), (0.0, 1.0)).plot_energy()
    assert "constant" not in faint[0].get_legend().get_texts()[0].get_text()
    assert np.nanmax(drawn_defect(faint)) < 1e-8


def test_with_noise_the_free_energy_is_drawn_and_no_defect() -> None:
    sol = RUNS["noise, asked times"]()
    top, below = sol.plot_energy()
    np.testing.assert_array_equal(top.get_lines()[0].get_ydata(), sol.free_energy)
    assert sol.noisy and "free energy" in top.get_ylabel() and below.get_ylabel() == "rate of change"
    labels = [text.get_text() for ax in (top, below) for text in ax.get_legend().get_texts()]
    assert labels == ["$F(t)$, non-increasing", r"$|\Delta F| / \Delta t$"]
    # points have no entropy: their free energy is not known, and -E is not passed off for it
    cloud = pt.simulate(LAW, [0.0, 1.0, 2.5], (0.0, 1.0), diffusion=0.1, method="heun", step=0.1, rng=0)
    assert "free_energy" not in cloud.names
    np.testing.assert_array_equal(cloud.plot_energy()[0].get_lines()[0].get_ydata(), cloud.energy)


def test_pictures_of_a_cloud_show_its_masses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theta, w = np.array([0.0, 2.0, 4.0]), np.array([0.8, 0.1, 0.1])
    run = pt.simulate(LAW, np.array([theta, theta]), (0.0, 1e-9), [1e-9], angles=True, weights=[[1, 1, 1], w])
    resultant = float(np.abs(w @ np.exp(1j * theta)))
    ax = run.plot_ring(replica=1)
    assert any(f"= {resultant:.3f}$" in text.get_text() for text in ax.texts) and resultant > 0.6
    sizes = np.asarray(ax.collections[0].get_sizes())
    np.testing.assert_allclose(sizes / sizes[0], w / w[0])
    seen: list[Any] = []
    monkeypatch.setattr("meanfield.plot.circle.ring", lambda *args, **options: seen.append(options["weights"]))
    run.animate(tmp_path / "a.gif", replica=1)
    np.testing.assert_array_equal(seen[0], w)
    heights = run.plot_inner_products(replica=1, bins=4, uniform=False).patches[0].get_data().values
    x = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    by_hand = np.zeros(4)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        by_hand[int((x[i] @ x[j] + 1.0) * 2)] += w[i] * w[j]
    np.testing.assert_allclose(heights, by_hand / by_hand.sum() * 2.0)
    for bad in (2, "a", (0, 0), 1.5):
        with pytest.raises((ValueError, TypeError), match="replica"):
            run.plot_ring(replica=bad)


def test_films(tmp_path: Path) -> None:
    sol, traj = RUNS["plain"](), pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), [0.0, 0.5, 1.0])
    sol.animate(tmp_path / "density.gif", frames=3)
    traj.animate(tmp_path / "cloud.gif")
    for film in ("density.gif", "cloud.gif"):
        with Image.open(tmp_path / film) as picture:
            assert picture.n_frames == 3  # type: ignore[attr-defined]
    with pytest.raises(FileExistsError, match="overwrite"):
        sol.animate(tmp_path / "density.gif", frames=3)
    with pytest.raises(ValueError, match="frames"):
        sol.animate(tmp_path / "short.gif", frames=1)


def test_many_saved_times_are_asked_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = RUNS["plain"]()
    monkeypatch.setattr("meanfield.runs.rates.CHUNK", 100)
    pieces: Array = RUNS["plain"]().energy
    np.testing.assert_array_equal(pieces, whole.energy)


def test_dense_output_costs_what_it_holds() -> None:
    sol = RUNS["plain"]()
    for between in sol.dense:
        assert between.nbytes == 8 * between.y0.size * (1 + len(between.terms)) * (1 + np.iscomplexobj(between.y0))


def test_dense_output_ends_for_good_where_its_budget_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknowns fall as points merge: a later, smaller piece would fit again, and leave a gap before it."""

    def run() -> Any:
        theta = np.concatenate([1e-4 * np.arange(6), [2.0, 3.0]])
        return pt.simulate(LAW, theta, (0.0, 8.0), merge_tol=1e-5, rtol=1e-6, atol=1e-9)

    sizes = [between.nbytes for between in run().dense]
    k = next(k for k in range(1, len(sizes)) if sizes[k] < sizes[k - 1]) - 1
    monkeypatch.setattr("meanfield.runs.drive.DENSE_BUDGET", sum(sizes[:k]) + sizes[k + 1])
    cut = run()
    assert len(cut.dense) == k > 0
    assert all(a.t1 == b.t0 for a, b in itertools.pairwise(cut.dense))


def test_files_from_before_states_could_change_their_kind_are_read(tmp_path: Path) -> None:
    """They hold complex states as they are, and do not say of which kind."""
    rho0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    sol = mf.solve(mf.SA(1.0), rho0, (0.0, 1.0))
    sol.save(tmp_path / "new.nc")
    arrays, text = netcdf.read(tmp_path / "new.nc", kind="solution")
    for name in ("state", "dense_y0", "dense_terms", "checkpoint_y"):
        arrays[name] = arrays[name].view(complex)
    said = settings.from_json(text)
    del said["kinds"], said["checkpoint_kind"]
    netcdf.write(tmp_path / "old.nc", arrays, settings.to_json(said), kind="solution")
    old = mf.load(tmp_path / "old.nc")
    np.testing.assert_array_equal(old.coefficients, sol.coefficients)
    np.testing.assert_array_equal(old(0.37).coefficients, sol(0.37).coefficients)
    np.testing.assert_array_equal(mf.resume(old, 2.0).energy, mf.resume(sol, 2.0).energy)


def test_whatever_is_shown_at_a_prompt_is_one_line() -> None:
    """Of 4096 coefficients, of a thousand points, of clusters at a hundred times."""
    carried = mf.solve(LAW, start(128), (0.0, 3.0), method="lagrangian")
    late = pt.longtime(mf.SA(16.0), [0.0, 1.0, 3.0], log_t_end=20.0)
    cloud = pt.simulate(LAW, pt.uniform(30, 3, rng=0)[None], (0.0, 0.5))
    shown = [start(4096), mf.ZonalSphere(128, 64).density(lambda c: 1.0 + 0.3 * c), carried, *carried.measures]
    shown += [mf.track(carried), mf.track(late).tree, mf.clusters(start(64)), late, late(5.0), cloud, *cloud.measures]
    for thing in shown:
        assert "\n" not in repr(thing) and len(repr(thing)) < 240, type(thing)
    assert repr(start(64)) == "<Density on Circle(n=64), at its nodes 0.5658 to 1.434 (uniform = 1)>"
    assert repr(mf.Points([0.0, 1.0], [1.0, 3.0])) == "<Points n = 2, d = 2, masses 0.25 to 0.75>"


def test_times_are_labelled_so_that_they_can_be_told_apart() -> None:
    sol = mf.solve(LAW, start(64), (0.0, 1.0))
    labels = [text.get_text() for text in sol.plot_profiles([0.3, 0.30001, 0.7]).get_legend().get_texts()]
    assert labels == ["t = 0.3", "t = 0.30001", "t = 0.7"]
    long = mf.solve(LAW, mf.uniform(mf.Circle(16)), (0.0, 12500.0))
    labels = [text.get_text() for text in long.plot_spectrum([0.0, 1000.0, 12500.0]).get_legend().get_texts()]
    assert labels == ["t = 0", "t = 1000", "t = 12500"]
