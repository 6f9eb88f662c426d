"""A record to xarray."""

from __future__ import annotations

from typing import Any

from meanfield.tools import settings

ENERGIES = ("energy", "excess", "dissipation", "driven", "free_energy")


def solution_dataset(sol: Any) -> Any:
    """rho over time and the space's axes (theta | c | lat, lon), coefficients(t, k) and the curves of a solution.

    Every variable has its units: rad or degrees for the axes, 1 for what is a number.
    """
    space = sol.finest
    axes = space.axes
    shape = tuple(len(axis) for axis in axes.values())
    curves = {name: ("t", sol.quantity(name)) for name in ENERGIES if name in sol.names}
    curves |= {"mass": ("t", sol.mass), "entropy": ("t", sol.entropy)}
    ds = _dataset(
        sol,
        {
            "rho": (("t", *axes), sol.values.reshape(len(sol.t), *shape)),
            "coefficients": (("t", "k"), sol.coefficients),
            **curves,
        },
        {"t": sol.t, **axes, "degree": ("k", space.degrees)},
        getattr(space, "units", {}),
    )
    ds.attrs["space"] = settings.to_json(space)
    ds["rho"].attrs.update(long_name="density with respect to the uniform probability measure")
    ds["coefficients"].attrs.update(long_name=f"coefficients in the orthonormal basis of {space}")
    return ds


def trajectory_dataset(traj: Any) -> Any:
    """theta(t, ..., particle) in rad or x(t, ..., particle, component), weights and energy of a trajectory."""
    place = traj.segments[0].form.geometry
    lead = traj.x.ndim - 1 - place.axes
    replicas = tuple(f"replica_{i}" if lead > 1 else "replica" for i in range(lead))
    dims = ("t", *replicas, "particle") + ("component",) * (place.axes - 1)
    weights = traj.weights
    data = {
        place.symbol: (dims, traj.x),
        "weights": ((*replicas, "particle"), weights),
    }
    data |= {name: (("t", *replicas), traj.quantity(name)) for name in ENERGIES if name in traj.names}
    return _dataset(traj, data, {"t": traj.t}, {place.symbol: place.unit})


def longtime_dataset(run: Any) -> Any:
    """A trajectory over log_t: late times themselves are beyond any float, and stand beside it as inf."""
    ds = trajectory_dataset(run).assign_coords(log_t=("t", run.log_t)).swap_dims(t="log_t")
    ds["log_t"].attrs.update(long_name="natural logarithm of the time", units="1")
    return ds


def _dataset(record: Any, data: dict[str, Any], coords: dict[str, Any], units: dict[str, str]) -> Any:
    # xarray takes most of a second to import, and most runs never ask for it
    import xarray

    ds = xarray.Dataset(data, coords=coords)
    for name, variable in ds.variables.items():
        variable.attrs["units"] = units.get(str(name), "1")
    ds.attrs.update(
        law=settings.to_json(record.law),
        settings=settings.to_json(record.settings),
        status=record.status.value,
        message=record.message,
    )
    return ds


DATASETS = {"solution": solution_dataset, "trajectory": trajectory_dataset, "longtime": longtime_dataset}
