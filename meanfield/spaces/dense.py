"""A plan by matrices, for spaces without a transform of their own."""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array, Space


class DensePlan:
    """The plain plan of a space with real orthonormal coefficients: matrices, no transforms."""

    def __init__(self, space: Space, multipliers: Array, potential: Array | None) -> None:
        self.grid = space.resized(2 * space.size)
        one = np.eye(len(space.degrees))
        self._basis = space.evaluate(one, self.grid.nodes).T
        self._slopes = np.moveaxis(space.evaluate(one, self.grid.nodes, gradient=True), 0, 1)
        self._multipliers, self._potential = multipliers, potential

    def open(self, c: Array) -> tuple[Array, Array | None]:
        """Scalar fields (..., S, N) and the potential's gradient (..., N, m)."""
        s = (self._multipliers * c[..., None, :]) @ self._basis.T
        return s, None if self._potential is None else np.einsum("nkm,...k->...nm", self._slopes, self._potential * c)

    def close(self, X: Array, rho: Array, out: Array) -> Array:
        """-div(rho X), tested against every basis function: int <grad phi_k, X> d mu."""
        return np.einsum("nkm,...nm,...n->...k", self._slopes, X, self.grid.weights * rho, out=out)
