"""The linearised equation about any density, as a matrix; and the spectrum, of zonal densities by sectors.

delta -> kappa Lap delta - div(delta X[rho] + rho X'[delta]), X'[delta] = grad(G'(V) V[delta]), tested against every
harmonic that counts: dense, by the space's own transforms, whatever the space.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.analysis.sectors import ROUND, Zonal, beside, ordered
from meanfield.analysis.zeroflux import ZeroFlux, balance
from meanfield.protocols import Array, Law, Space
from meanfield.spaces.coefficients import by_degree
from meanfield.tools import inputs

MOST = 2500
"""Unknowns at most: a dense spectrum of more takes minutes."""


def basis(space: Space, degree: int) -> Array:
    """(R, M) coefficients of the real harmonics up to a degree, but for the mass: unit ones, and i times them."""
    held = np.flatnonzero((space.degrees <= degree) & (space.degrees > 0))
    unit = np.zeros((len(held), len(space.degrees)), dtype=space.analyse(np.zeros(len(space.weights))).dtype)
    unit[np.arange(len(held)), held] = 1.0
    if np.iscomplexobj(unit):
        unit = np.concatenate([unit, 1j * unit])
    # what no real field has (i times an order of 0, an even grid's highest mode) does not come back
    back = np.abs(space.analyse(space.evaluate(unit))).max(axis=1)
    return unit[back > 0.5]


def rotations(space: Space, c: Array) -> Array:
    """(r, M) coefficients of what turning the sphere adds to a density, one for every plane; none where rows are not.

    x_a d_b rho - x_b d_a rho.
    """
    if space.rows is None:
        return np.zeros((0, len(c)), dtype=c.dtype)
    slope = np.einsum("nm,nmd->nd", space.evaluate(c, gradient=True), space.frame())
    x, d = space.rows, space.d
    return np.stack([space.analyse(x[:, a] * slope[:, b] - x[:, b] * slope[:, a]) for a in range(d) for b in range(a)])


def matrix(flux: ZeroFlux, kappa: float, space: Space, c: Array, unit: Array) -> tuple[Array, Array]:
    """(The linearised equation in orthonormal coordinates, the norms of the basis by which they are told)."""
    p = flux.potential(int(space.degrees.max()))[space.degrees]
    V, slope = space.evaluate(p * c), space.evaluate(p * c, gradient=True)
    _, G1, G2 = flux.responses(V)
    rho, X = space.evaluate(c), G1[:, None] * slope
    values, slopes = space.evaluate(unit), space.evaluate(unit, gradient=True)
    at = np.abs(unit).argmax(axis=1)
    v, v1 = p[at, None] * values, p[at, None, None] * slopes
    w = space.weights
    norms = np.sqrt(np.square(values) @ w)
    moved = values[..., None] * X + rho[:, None] * (G1[:, None] * v1 + (G2 * v)[..., None] * slope)
    size = len(unit)
    L = (slopes * w[:, None]).reshape(size, -1) @ moved.reshape(size, -1).T
    L /= norms[:, None] * norms
    L[np.diag_indices(size)] += kappa * space.laplacian[at]
    return L, norms


def about(flux: ZeroFlux, kappa: float, rho: Any, *, resting: bool) -> Array:
    """The spectrum about a density; of one at rest without the zeros of rotations."""
    space, c = rho.space, rho.coefficients
    size = by_degree(space, c)
    degree = flux.counted(size)
    if space.rows is None:
        zonal = Zonal(flux.d, c[: degree + 1], 2 * len(size))
        return ordered(np.concatenate(zonal.sectors(flux, kappa, resting)))
    unit = basis(space, degree)
    if len(unit) > MOST:
        raise ValueError(
            f"rho0: it has {len(unit)} coefficients that count, and its spectrum is dense: wanted at most {MOST}; "
            "give a smoother density, or a zonal one, on mf.ZonalSphere"
        )
    L, norms = matrix(flux, kappa, space, c, unit)
    if resting:
        turned = rotations(space, c)
        # coordinates of a real field: its parts by the basis, times the norms
        fields = space.evaluate(turned) @ (space.evaluate(unit) * space.weights / norms[:, None]).T
        left, sizes, _ = np.linalg.svd(fields.T, full_matrices=False)
        if (sizes > ROUND).any():
            L = beside(L, left[:, sizes > max(ROUND, 1e-8 * sizes[0])])
    return ordered(np.linalg.eigvals(L))


def spectrum(law: Law, rho0: Any, diffusion: float = 0.0) -> Array:
    """Eigenvalues of the linearised equation about a density, largest real part first.

    Of delta -> kappa Lap delta - div(delta X[rho] + rho X'[delta]): what a small change of the density does, about the
    uniform measure, a stationary state, or along a run, rho being frozen there.

    Parameters
    ----------
    law : Law
        SA or USA without matrices, or another gradient law; with or without noise.
    rho0 : Density
        On the circle or on S^2; or on a zonal sphere, where every eigenvalue of a sector s^m q(c) Y_m, s^2 = 1 - c^2,
        is told once: m = 0, 1, ... up to the first that is stable and below its predecessor (0 and 1 at d = 2: all).
    diffusion : float
        kappa >= 0, added to the law's own noise.

    Returns
    -------
    ndarray
        Real where all of them are; complex otherwise.

    Raises
    ------
    ValueError, TypeError
        For what was given; for a density with more than 2500 coefficients that count.

    Examples
    --------
    >>> told = mf.spectrum(mf.SA(4.0), mf.uniform(mf.Circle(64)))
    >>> bool(abs(told[0] - mf.fastest(mf.SA(4.0), 2)[1]) < 1e-12)
    True
    """
    inputs.having("rho0", rho0, ("space", "coefficients"), "a density, for example mf.uniform(mf.Circle(64))")
    if np.ndim(rho0.coefficients) != 1:
        raise ValueError(f"rho0: got densities of shape {rho0.coefficients.shape[:-1]}, wanted one: rho0[0]")
    flux, kappa = balance(law, rho0.space.d, diffusion)
    return about(flux, kappa, rho0, resting=False)
