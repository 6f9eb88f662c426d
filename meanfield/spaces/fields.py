"""What a density answers a kernel of <x, y> with: its own series times the kernel's multipliers (Funk-Hecke).

With p_k the multipliers of the potential U (q_k / beta of e^{beta <x, y>}), Z and U are series of coefficients, L is
the Laplacian of U, and M = grad U + x int <x, y> e^s dmu: at rows all of it is told, by one more series
(`kernels.along`), at the own nodes P_x M = grad U.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.kernels.along import along
from meanfield.protocols import Array, Kernel, Reading

Z_FLOOR = 1e-13
"""Below this fraction of its maximum the normaliser Z of a density is rounding: it is floored there."""


def floored(Z: Array, least: Any = 0.0) -> Array:
    """Z >= Z_FLOOR max Z along the last axis, so that a law may divide by it (in place); max Z is at least `least`."""
    if Z.ndim == 1:  # at every stage of a run: the quickest way to a maximum
        return np.maximum(Z, Z_FLOOR * max(Z[Z.argmax()], least), out=Z)
    floor = Z_FLOOR * np.maximum(Z.max(axis=-1, keepdims=True), least)
    return np.maximum(Z, floor, out=Z)


def fields(
    rho: Any, kernel: Kernel, x: Array | None, want: str, V: Array | None, void: Any = True
) -> tuple[Reading, Array | None]:
    """The answer, and where it is rounding (None: nowhere); where also `void`, it is 0 and no part of max Z."""
    if not kernel.isotropic or V is not None or rho.geometry.manifold != "sphere":
        came = f"{kernel}" if V is None else f"{kernel} with values V y"
        raise TypeError(
            f"a density answers kernels of <x, y> alone, on spheres, got {came} on {rho.space}: ask its "
            "quadrature points, mf.Points(rho.x, weights=rho.weights)"
        )
    c, space, d = rho.coefficients, rho.space, rho.d
    degree = int(space.degrees.max())
    potential = kernel.potential(d, degree)[space.degrees]
    symbol = {"Z": kernel.multipliers(d, degree)[space.degrees], "L": potential * space.laplacian}
    if x is not None and "M" in want:
        symbol["x"] = along(kernel, d, degree)[space.degrees]
    names = [name for name in "ZLx" if name in want + "x" and name in symbol]
    scalars = np.stack([symbol[name] * c for name in names]) if names else np.empty((0, *c.shape))
    q = None if x is None else space.chart(x)
    s, M = space.fields(scalars, potential * c if "M" in want else None, q)
    got = dict(zip(names, s, strict=True))
    hidden = _hidden(rho, symbol, q)
    if hidden is not None:
        for part in s if M is None else (*s, M):
            part[hidden & void] = 0.0
    if M is not None and x is not None:
        M = np.einsum("...nm,...nmd->...nd", M, space.frame(x)) + got["x"][..., None] * x
    # at a few points of a stranger's choice Z may be faint everywhere; its mean over the sphere is the mass
    least = 0.0 if x is None else np.abs(np.asarray(rho.mass))[..., None]
    Z = floored(got["Z"], least)[..., None] if "Z" in got else None
    return Reading(Z, M, got.get("L"), kernel.log_lambda0(d)), hidden


def _hidden(rho: Any, symbol: dict[str, Array], q: Array | None) -> Array | None:
    """(..., n) where an error of a field may exceed the permitted share of Z; None where none ever does."""
    c, every = rho.coefficients, sum(np.abs(one) for one in symbol.values())
    bound = rho.space.bound(every * c, every * rho.doubt.error, q)
    with np.errstate(invalid="ignore", over="ignore"):
        return bound if bound is None else ~(bound <= rho.doubt.share * rho.space.evaluate(symbol["Z"] * c, q))
