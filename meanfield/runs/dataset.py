"""A record to xarray."""

from __future__ import annotations

from typing import Any

from meanfield.tools import settings

ENERGIES = ("energy", "excess", "dissipation", "driven", "free_energy")


def made(record: Any, data: dict[str, Any], coords: dict[str, Any], units: dict[str, str]) -> Any:
    """An xarray.Dataset of a record; every variable has its units, 1 where none are told."""
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
