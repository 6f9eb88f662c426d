"""A record to netCDF and back."""

from __future__ import annotations

import dataclasses
import inspect
import json
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.protocols import Array, Between, Status
from meanfield.runs.faces import faces
from meanfield.tools import files, netcdf, settings

BEFORE = {"trajectory": "particles", "longtime": "particles"}
"""Who reads the files that did not say so yet."""


def save(record: Any, path: Any, *, overwrite: bool = False) -> None:
    """Write a record: ragged states end to end, everything else in one JSON text."""
    arrays: dict[str, Array] = {
        "t": record.t,
        "owner": np.array(record.owners, dtype=np.int64),
        "dense_owner": np.array(record.dense_owners, dtype=np.int64),
        "dense_t": np.array([[b.t0, b.t1] for b in record.dense]).reshape(-1, 2),
        "dense_terms_count": np.array([len(b.terms) for b in record.dense], dtype=np.int64),
        "spent_t": record.integral_t,
        "spent": record.integral,
        "state": _end_to_end(record.states),
        "dense_y0": _end_to_end([b.y0 for b in record.dense]),
        "dense_terms": _end_to_end([b.terms for b in record.dense]),
        "checkpoint_y": _real(record.checkpoint["y"]),
    }
    if record.start is not None:
        arrays["start"] = _real(record.start)
    checkpoint = {k: v for k, v in record.checkpoint.items() if k != "y"}
    if before := checkpoint.get("before"):
        arrays["before_y"] = _real(before.y)
        checkpoint |= {"before": replace(before, y=None), "before_kind": before.y.dtype.kind}
    for i, (owner, between) in enumerate(zip(record.dense_owners, record.dense, strict=True)):
        if between.linear is not None and (i == 0 or owner != record.dense_owners[i - 1]):
            arrays[f"linear_{owner}"] = between.linear
    shapes: list[Any] = [None] * len(record.segments)
    kinds: list[Any] = [None] * len(record.segments)
    for owner, y in zip(record.owners, record.states, strict=True):
        shapes[owner], kinds[owner] = list(y.shape), y.dtype.kind
    for owner, between in zip(record.dense_owners, record.dense, strict=True):
        shapes[owner], kinds[owner] = list(between.y0.shape), between.y0.dtype.kind
    text = _told(
        {
            "package": type(record).__module__.partition(".")[0],
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
            "checkpoint": checkpoint,
        }
    )
    netcdf.write(path, arrays, text, kind=record.kind, overwrite=overwrite)


def _told(said: dict[str, Any]) -> str:
    """As JSON text; or a refusal that says how the run, which is in hand, is saved all the same.

    Who registers the class that could not be written saves the same record: nothing else of it need change.
    """
    try:
        return settings.to_json(said)
    except settings.NoSetting as refused:
        value = refused.args[1]
        kind = value if isinstance(value, type) else type(value)
        if dataclasses.is_dataclass(kind) and vars(kind)["__dataclass_params__"].frozen:
            rescue = f"mf.register({kind.__qualname__}) now, and save again"
        else:
            what = "the function" if inspect.isroutine(value) else f"the {kind.__qualname__}"
            setting = next((name for name, held in said["settings"].items() if held is value), None)
            new, place = "law=...", "in the law's place"
            if setting is not None:
                new, place = f'settings=run.settings | {{"{setting}": ...}}', "there"
            rescue = (
                f"write {what} as a registered frozen dataclass, and save dataclasses.replace(run, {new}) with it "
                f"{place}"
            )
        raise TypeError(f"{refused} The run is not lost: {rescue}.") from refused


def load(path: Any) -> Any:
    """Read a record back, by the face that its file says it has."""
    kind, arrays, text = netcdf.read_any(path)
    face: Any = faces().get(kind)
    if face is None:
        package = json.loads(text).get("package", BEFORE.get(kind, "the package that wrote it"))
        raise files.StorageError(
            f"{files.name_of(path)} holds a {kind!r}, which no package imported by now reads: import {package}, then "
            "load it again"
        )
    said = settings.from_json(text)
    if hasattr(face, "restored"):  # a record of another layout than a run's
        return face.restored(arrays, said)
    if "kinds" not in said:
        _modernise(arrays, said)
    checkpoint = said["checkpoint"] | {"y": _of_kind(arrays["checkpoint_y"], said["checkpoint_kind"])}
    if before := checkpoint.get("before"):
        y = _of_kind(arrays["before_y"], checkpoint.pop("before_kind"))
        checkpoint["before"] = replace(before, y=y)
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
        integral_t=arrays["spent_t"],
        integral=arrays["spent"],
        checkpoint=checkpoint,
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
