r"""Running sums over the past: O(n K) on the circle, O(n L^2) on S^2, where all pairs take O(n^2).

e^{beta <x, y>} = lambda_0 sum_k q_k sum_m conj Y_km(x) Y_km(y) to the kernel's bandwidth, so that what token i sees of
the tokens up to itself is a sum over harmonics of Y_km(x_i) times a running moment,

    Z_i = lambda_0 sum_k q_k sum_m conj Y_km(x_i) sum_{j <= i} w_j Y_km(x_j).

Harmonics are made one after the other, for `BLOCK` points at once, and are nowhere held.  The error is absolute, about
1e-15 of the mass seen times e^beta, as for `harmonic`.  Tokens are added one after the other, so that the bits of the
first do not depend on who comes later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from meanfield.kernels.along import along
from meanfield.protocols import Array, Kernel, Reading
from meanfield.tools.alarm import look

__all__ = ["harmonics", "running"]

BLOCK = 1 << 12
"""Points taken at once: what is made of them stays in the cache."""
LANES = 16
"""Their number is made a multiple of it by some without mass: a rest numpy would multiply in another way."""


def running(kernel: Kernel, q: Array, weights: Array, want: str = "ZM") -> Reading:
    """What tokens see of those up to themselves: Z and P_x M of mu_i = sum_{j <= i} weights_j delta_{x_j} at x_i.

    Parameters
    ----------
    kernel : Kernel
        Isotropic.
    q : ndarray
        Angles (..., n) on the circle, or unit rows (..., n, 3).
    weights : ndarray (..., n)
        Masses; zero and negative ones are permitted.
    want : str
        Letters among "Z" and "M"; on the circle x beside M for what of it lies along x, as one more component.

    Returns
    -------
    Reading
        Z (..., n, 1); M (..., n, 1), along the tangent, on the circle, (..., n, 3) on S^2, all of it;
        log = log lambda_0.
    """
    shape, n = weights.shape, weights.shape[-1]
    R = math.prod(shape[:-1])
    w = weights.reshape(R, n)
    circle = q.shape == shape
    flat = q.reshape(R, n) if circle else q.reshape(R, n, 3)
    if rest := -n % LANES:
        flat = np.concatenate([flat, np.broadcast_to(flat[:, :1], (R, rest, *flat.shape[2:]))], axis=1)
        w = np.concatenate([w, np.zeros((R, rest))], axis=1)
    parts = 2 + ("x" in want) if circle else 4
    out = np.zeros((parts, R, n + rest))
    kept: list[Array] = []
    for first in range(0, n + rest, BLOCK):
        look()
        run = slice(first, first + BLOCK)
        if circle:
            _circle(kernel, flat[:, run], w[:, run], kept, out[..., run], want)
        else:
            _sphere(kernel, flat[:, run], w[:, run], kept, out[..., run], "M" in want)
    Z = out[0, :, :n].reshape(*shape, 1) if "Z" in want else None
    M = np.moveaxis(out[1:, :, :n], 0, -1).reshape(*shape, parts - 1) if "M" in want else None
    return Reading(Z, M, None, kernel.log_lambda0(2 if circle else 3))


def _summed(terms: Array, kept: list[Array], k: int) -> Array:
    """Running sums of terms (..., B) behind what harmonic k had before, which they go on; in their place."""
    if k == len(kept):
        kept.append(np.zeros(terms.shape[:-1], terms.dtype))
    terms[..., 0] += kept[k]
    np.cumsum(terms, axis=-1, out=terms)
    kept[k] = terms[..., -1].copy()
    return terms


def _circle(kernel: Kernel, theta: Array, w: Array, kept: list[Array], out: Array, want: str) -> None:
    """Z and M of a run of angles (R, B), added to out (2 or 3, R, B); `kept` are the moments of those before."""
    K = kernel.bandwidth(2)
    q, p = kernel.multipliers(2, K), kernel.potential(2, K)
    r = along(kernel, 2, K) if "x" in want else None
    turn = np.exp(-1j * theta)
    e = np.ones_like(turn)
    for k in range(K + 1):
        if k:
            e = e * turn
            if k % 8 == 0:  # a power loses a digit in so many steps
                e = np.exp(-1j * k * theta)
        moment = _summed(w * e, kept, k)
        moment *= np.conj(e)
        out[0] += (2.0 * q[k] if k else q[0]) * moment.real
        if r is not None:
            out[2] += (2.0 * r[k] if k else r[0]) * moment.real
        if k:
            out[1] -= (2.0 * k * p[k]) * moment.imag


def _sphere(kernel: Kernel, x: Array, w: Array, kept: list[Array], out: Array, moved: bool) -> None:
    """Z and int e^s y of a run of rows (R, B, 3), added to out (4, R, B)."""
    K = kernel.bandwidth(3)
    q = kernel.multipliers(3, K)
    masses = np.stack([w, *(w * x[..., a] for a in range(3))]) if moved else w[None]
    for count, (k, m, Y) in enumerate(harmonics(x, K)):
        moment = _summed(masses * Y, kept, count)
        moment *= np.conj(Y)
        out[: len(masses)] += (2.0 * q[k] if m else q[k]) * moment.real


def harmonics(x: Array, K: int) -> Iterator[tuple[int, int, Array]]:
    """(k, m, Y_km(x)) at rows (..., 3), 0 <= m <= k <= K, with int |Y_km|^2 d sigma = 1, the uniform probability.

    By the recurrence in k at fixed m, which is stable: with c = x_3 and a_k = sqrt((4 k^2 - 1) / (k^2 - m^2)),
    Y_km = a_k (c Y_{k-1,m} - Y_{k-2,m} / a_{k-1}), from Y_mm = sqrt((2m + 1)!! / (2m)!!) (x_1 + i x_2)^m.
    """
    c, s = x[..., 2], x[..., 0] + 1j * x[..., 1]
    top = np.ones_like(s)
    for m in range(K + 1):
        if m:
            top = top * s * math.sqrt((2.0 * m + 1.0) / (2.0 * m))
        before, now, last = np.zeros_like(top), top, 1.0
        yield m, m, now
        for k in range(m + 1, K + 1):
            a = math.sqrt((4.0 * k * k - 1.0) / (k * k - m * m))
            before, now, last = now, a * (c * now - before / last), a
            yield k, m, now
