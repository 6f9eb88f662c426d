"""Plans asked about several densities at once: one after the other through the buffers of one."""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array


class OneByOne:
    """A plan whose buffers hold one density; stacks (..., M) are laid out in arrays of their own.

    It writes `opened` and `closed`, which are `protocols.Plan`'s `open` and `close` of one density.
    """

    def opened(self, c: Array) -> tuple[Array, Array | None]:
        """c (M,) -> scalar fields (S, N), and the gradient (N, m) in tangent components or None; until the next."""
        raise TypeError(f"{type(self).__name__} does not say its opened(c)")

    def closed(self, X: Array, rho: Array, out: Array) -> Array:
        """Coefficients of -div(rho X), for X (N, m) and rho (N,), written into out (M,)."""
        raise TypeError(f"{type(self).__name__} does not say its closed(X, rho, out)")

    def open(self, c: Array) -> tuple[Array, Array | None]:
        """As `protocols.Plan`: one density in the plan's buffers, several in arrays (..., S, N) and (..., N, m)."""
        if c.ndim == 1:
            return self.opened(c)
        lead = c.shape[:-1]
        fields, gradients = [], []
        for one in c.reshape(-1, c.shape[-1]):
            s, g = self.opened(one)
            fields.append(s.copy())
            gradients.append(None if g is None else g.copy())
        scalars = np.stack(fields).reshape(*lead, *fields[0].shape)
        if any(g is None for g in gradients):
            return scalars, None
        slopes = np.stack([g for g in gradients if g is not None])
        return scalars, slopes.reshape(*lead, *slopes.shape[1:])

    def close(self, X: Array, rho: Array, out: Array) -> Array:
        """As `protocols.Plan`, for X (..., N, m), rho (..., N) and out (..., M)."""
        if out.ndim == 1:
            return self.closed(X, rho, out)
        for i in np.ndindex(out.shape[:-1]):
            out[i] = self.closed(X[i], rho[i], np.empty_like(out[i]))
        return out
