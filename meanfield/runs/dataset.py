"""A record to xarray."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.tools import netcdf, settings

ENERGIES = ("energy", "excess", "dissipation", "driven", "free_energy")

LEFT_OUT = {
    "energy": ". E is known of laws that climb or descend one: mf.SA and mf.USA without matrices or with Q^T K = V = "
    "V^T (or -V), their sums, with noise or without; a mask, other matrices and positions leave none",
    "dissipation": ". Of a sum it is known where every term that tells an energy tells its ascent(t, x, mu), too; what "
    "E gains is gained",
    "driven": ". It is known of beta(t) and, where Q^T K = V = V^T at every time, of Q, K and V; in a sum, of terms "
    "that all tell it of E and not of its excess, or all of the excess",
}
"""What a law may leave out, and of which it is known."""


def quantities(record: Any, taken: Any, replicas: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the law tells at the saved times, own observables too, as variables over t and the replicas.

    One whose name is another variable's (`taken`) is called ``law_<name>``; axes beyond those, of an observable that is
    no number, are called ``<name>_0``, ...
    """
    found = {}
    for name in record.names:
        value = np.asarray(record.quantity(name))
        dims = ("t", *replicas)[: value.ndim]
        key = f"law_{name}" if name in taken else name
        found[key] = ((*dims, *(f"{key}_{i}" for i in range(value.ndim - len(dims)))), value)
    return found


def real(variable: tuple[Any, Any]) -> tuple[Any, Any]:
    """Complex values as pairs along a last dimension: there is none in netCDF, and each engine has its own way."""
    dims, value = variable
    if not np.iscomplexobj(value):
        return variable
    dims = (dims,) if isinstance(dims, str) else tuple(dims)
    return (*dims, netcdf.PAIR), np.stack([np.real(value), np.imag(value)], axis=-1)


def made(record: Any, data: dict[str, Any], coords: dict[str, Any], units: dict[str, str]) -> Any:
    """An xarray.Dataset of a record; every variable has its units, 1 where none are told.

    Any engine writes it: complex variables have a last dimension ``real_imag``, of "real" and "imag".
    """
    # xarray takes most of a second to import, and most runs never ask for it
    import xarray

    data = {name: real(variable) for name, variable in data.items()}
    if any(netcdf.PAIR in dims for dims, _ in data.values()):
        coords = {**coords, netcdf.PAIR: ["real", "imag"]}
    ds = xarray.Dataset(data, coords=coords)
    for name, variable in ds.variables.items():
        variable.attrs["units"] = units.get(str(name), "1")
    ds.attrs.update(
        law=words(record.law),
        settings=settings.to_json({name: _known(value) for name, value in record.settings.items()}),
        status=record.status.value,
        message=record.message,
    )
    return ds


def words(thing: Any) -> str:
    """A law or a space as JSON; one that is not registered in its own words, since a dataset is never loaded."""
    try:
        return settings.to_json(thing)
    except settings.NoSetting:
        return str(thing)


def _known(value: Any) -> Any:
    """A setting, or what it calls itself."""
    try:
        settings.to_json(value)
    except settings.NoSetting:
        return str(value)
    return value
