"""A record to netCDF and back, and to xarray."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield import settings, storage
from meanfield.protocols import Array, Between, Status


def save(record: Any, path: Any, *, overwrite: bool = False) -> None:
    """Write a record: ragged states end to end, everything else in one JSON text."""
    arrays: dict[str, Array] = {
        "t": record.t,
        "owner": np.array(record.owners, dtype=np.int64),
        "dense_owner": np.array(record.dense_owners, dtype=np.int64),
        "dense_t": np.array([[b.t0, b.t1] for b in record.dense]).reshape(-1, 2),
        "dense_terms_count": np.array([len(b.terms) for b in record.dense], dtype=np.int64),
        "spent_t": record.spent_t,
        "spent": record.spent,
        "state": _end_to_end(record.states),
        "dense_y0": _end_to_end([b.y0 for b in record.dense]),
        "dense_terms": _end_to_end([b.terms for b in record.dense]),
        "checkpoint_y": _real(record.checkpoint["y"]),
    }
    if record.start is not None:
        arrays["start"] = _real(record.start)
    for i, (owner, between) in enumerate(zip(record.dense_owners, record.dense, strict=True)):
        if between.linear is not None and (i == 0 or owner != record.dense_owners[i - 1]):
            arrays[f"linear_{owner}"] = between.linear
    shapes: list[Any] = [None] * len(record.segments)
    kinds: list[Any] = [None] * len(record.segments)
    for owner, y in zip(record.owners, record.states, strict=True):
        shapes[owner], kinds[owner] = list(y.shape), y.dtype.kind
    for owner, between in zip(record.dense_owners, record.dense, strict=True):
        shapes[owner], kinds[owner] = list(between.y0.shape), between.y0.dtype.kind
    text = settings.to_json(
        {
            "law": record.law,
            "segments": list(record.segments),
            "shapes": shapes,
            "kinds": kinds,
            "checkpoint_kind": record.checkpoint["y"].dtype.kind,
            "start_kind": None if record.start is None else record.start.dtype.kind,
            "status": record.status.name,
            "detail": record.detail,
            "counters": record.counters,
            "settings": record.settings,
            "checkpoint": {k: v for k, v in record.checkpoint.items() if k != "y"},
        }
    )
    storage.write(path, arrays, text, kind=record.kind, overwrite=overwrite)


def load(path: Any, *faces: Any) -> Any:
    """Read a record back, of the one of the given faces that the file says it has."""
    kind, arrays, text = storage.read_any(path, [face.kind for face in faces])
    (face,) = (face for face in faces if face.kind == kind)
    said = settings.from_json(text)
    if "kinds" not in said:
        _modernise(arrays, said)
    shapes = [None if shape is None else tuple(shape) for shape in said["shapes"]]
    owners = tuple(arrays["owner"].tolist())
    dense_owners = tuple(arrays["dense_owner"].tolist())
    kinds = said["kinds"]
    of_dense = [kinds[o] for o in dense_owners]
    y0 = _apart(arrays["dense_y0"], [shapes[o] for o in dense_owners], of_dense)
    counts = arrays["dense_terms_count"].tolist()
    sizes = [(n, *shapes[o]) for n, o in zip(counts, dense_owners, strict=True)]
    terms = _apart(arrays["dense_terms"], sizes, of_dense)
    dense = tuple(
        Between(float(t0), float(t1), y, p, arrays.get(f"linear_{o}"))
        for (t0, t1), y, p, o in zip(arrays["dense_t"], y0, terms, dense_owners, strict=True)
    )
    return face(
        law=said["law"],
        t=arrays["t"],
        states=tuple(_apart(arrays["state"], [shapes[o] for o in owners], [kinds[o] for o in owners])),
        owners=owners,
        segments=tuple(said["segments"]),
        status=Status[said["status"]],
        detail=said["detail"],
        counters=said["counters"],
        settings=said["settings"],
        dense=dense,
        dense_owners=dense_owners,
        spent_t=arrays["spent_t"],
        spent=arrays["spent"],
        checkpoint={**said["checkpoint"], "y": _of_kind(arrays["checkpoint_y"], said["checkpoint_kind"])},
        start=_of_kind(arrays["start"], said["start_kind"]) if "start" in arrays else None,
    )


def _end_to_end(arrays: Any) -> Array:
    flat = [_real(np.ravel(a)) for a in arrays]
    return np.concatenate(flat) if flat else np.empty(0)


def _apart(flat: Array, shapes: list[Any], kinds: list[str]) -> list[Array]:
    out, at = [], 0
    for shape, kind in zip(shapes, kinds, strict=True):
        size = int(np.prod(shape)) * (2 if kind == "c" else 1)
        out.append(_of_kind(flat[at : at + size], kind).reshape(shape))
        at += size
    return out


def _modernise(arrays: dict[str, Array], said: dict[str, Any]) -> None:
    """A file from before runs could change their kind of state: all states are of one, and written as they are."""
    kind = arrays["checkpoint_y"].dtype.kind
    said["kinds"], said["checkpoint_kind"] = [kind] * len(said["segments"]), kind
    for name in ("state", "dense_y0", "dense_terms", "checkpoint_y"):
        arrays[name] = _real(arrays[name])


def _real(a: Array) -> Array:
    """Complex numbers as pairs: a run handed from one method to another holds states of both kinds."""
    a = np.ascontiguousarray(a)
    return np.stack([a.real, a.imag], axis=-1).reshape(*a.shape[:-1], -1) if a.dtype.kind == "c" else a


def _of_kind(a: Array, kind: str) -> Array:
    return a.view(complex) if kind == "c" else a


# --- xarray ------------------------------------------------------------------------------------------------


ENERGIES = ("energy", "excess", "dissipation", "free_energy")


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
    angles = traj.segments[0].template.angles
    lead = traj.x.ndim - (2 if angles else 3)
    replicas = tuple(f"replica_{i}" if lead > 1 else "replica" for i in range(lead))
    dims = ("t", *replicas, "particle") + (() if angles else ("component",))
    weights = traj.weights
    data = {
        "theta" if angles else "x": (dims, traj.x),
        "weights": ((*replicas, "particle"), weights),
    }
    data |= {name: (("t", *replicas), traj.quantity(name)) for name in ENERGIES if name in traj.names}
    return _dataset(traj, data, {"t": traj.t}, {"theta": "rad"})


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
