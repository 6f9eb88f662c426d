"""Several densities as one: on one space, coefficients stacked along leading axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meanfield.spaces.density import Density
from meanfield.tools import inputs


def stacked(name: str, rhos: Sequence[Any]) -> Density:
    """Densities (B of them) of one space as one Density with a leading axis, at the largest of their resolutions.

    Raises
    ------
    TypeError, ValueError
        Naming which of them is none, or lives elsewhere than the first.
    """
    if not rhos:
        raise ValueError(f"{name}: got no densities, wanted one Density or a list of some")
    for i, rho in enumerate(rhos):
        if not isinstance(rho, Density) or rho.lead:
            came = f"{rho.lead} densities at once" if isinstance(rho, Density) else inputs.describe(rho)
            raise TypeError(
                f"{name}: got {came} as number {i} of the list, wanted one Density each: rho.space.density(...), on a "
                "circle, a zonal sphere or S^2"
            )
        first = rhos[0].space
        if type(rho.space) is not type(first) or rho.space.resized(first.size) != first:
            raise ValueError(
                f"{name}: number {i} lives on {rho.space} and the first on {first}: several densities are moved "
                f"together on one space; make that one on {first}, or solve it by itself"
            )
    largest = max((rho.space for rho in rhos), key=lambda space: int(space.size))
    grown = [rho if rho.space == largest else rho.resized(largest.size) for rho in rhos]
    doubt = max((rho.doubt for rho in grown), key=lambda doubt: doubt.error)
    return Density(largest, np.stack([rho.coefficients for rho in grown]), doubt)
