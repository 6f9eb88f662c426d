"""Pairs of angles on the circle, by their differences: the pull on oneself is exactly 0, and small ones keep digits.

In sums of rows a point's own pull is left out, but that of points at the same place is zero only up to rounding, 1e-16
of the largest.  That is all there is where clusters far apart pull each other by e^{beta (cos - 1)}.
"""

from __future__ import annotations

import numpy as np

from meanfield import geometry
from meanfield.protocols import Array, Kernel, Reading
from meanfield.sums.scores import moderate, peak, refuse_unpaired

__all__ = ["differences"]

BLOCK = 1 << 16
"""Pairs held at once."""


def differences(kernel: Kernel, theta: Array, weights: Array, want: str) -> Reading:
    r"""What mu = sum_j weights_j delta_{theta_j} answers at its own points, by sin(theta_j - theta_i).

        Z_i = sum_j w_j e^s,   M_i = sum_j w_j e^s sin(theta_j - theta_i), the component along the tangent,

    with s = c cos(theta_j - theta_i) = c - 2 c sin^2((theta_j - theta_i) / 2) where the kernel is c <x, y>, so that s
    is exact to eps c (theta_j - theta_i)^2.

    Parameters
    ----------
    kernel : Kernel
        Isotropic.
    theta : ndarray (..., n)
        Angles.
    weights : ndarray (..., n)
        Masses; zero and negative ones are permitted.
    want : str
        Letters among "Z" and "M".

    Returns
    -------
    Reading
        Z (..., n, 1), M (..., n, 1), log (..., n, 1); memory is that of `BLOCK` pairs.
    """
    n = theta.shape[-1]
    flat = geometry.reduced(theta).reshape(-1, n)
    w = (weights if weights.shape == theta.shape else np.broadcast_to(weights, theta.shape)).reshape(-1, n)
    out = {part: np.empty((*flat.shape, 1)) for part in ("Z", "M", "log")}
    if flat.size * n <= BLOCK:  # few tokens: what is asked most often
        _block(kernel, flat, flat, w, want, out)
    else:
        _by_blocks(kernel, flat, w, want, out)
    Z, M, log = (a.reshape(*theta.shape, 1) for a in out.values())
    return Reading(Z if "Z" in want else None, M if "M" in want else None, None, log)


def _by_blocks(kernel: Kernel, flat: Array, w: Array, want: str, out: dict[str, Array]) -> None:
    """All replicas and rows, as many at once as `BLOCK` permits."""
    n = flat.shape[-1]
    replicas, rows = max(1, BLOCK // max(n * n, 1)), max(1, BLOCK // max(n, 1))
    for r in range(0, len(flat), replicas):
        for i in range(0, n, rows):
            at = slice(r, r + replicas), slice(i, i + rows)
            _block(kernel, flat[at], flat[at[0]], w[at[0]], want, {part: a[at] for part, a in out.items()})


def _block(kernel: Kernel, at: Array, theta: Array, weights: Array, want: str, out: dict[str, Array]) -> None:
    """What some rows of some replicas see, into out."""
    gap = theta[:, None, :] - at[:, :, None]
    top = peak(kernel)
    if top is None:
        refuse_unpaired(kernel, 2)
        s = np.asarray(kernel.log(geometry.to_rows(at), geometry.to_rows(theta)))
    else:
        s = np.sin(0.5 * gap)
        s *= s
        s *= -2.0 * top
    if not moderate(weights):
        # the largest score may be that of a token without mass: log |w| belongs to it, as in `direct`
        with np.errstate(divide="ignore"):
            s = s + np.log(np.abs(weights))[:, None, :]
        weights = np.sign(weights)
    log = np.maximum.reduce(s, axis=-1, keepdims=True)
    log[log == -np.inf] = 0.0
    if top is not None:
        np.ceil(log, out=log)  # s(x, x) less a whole number keeps its digits
    e = np.exp(s - log)
    e *= weights[:, None, :]
    out["log"][...] = log + (top or 0.0)
    if "Z" in want:
        np.add.reduce(e, axis=-1, keepdims=True, out=out["Z"])
    if "M" in want:
        e *= np.sin(gap, out=gap)
        np.add.reduce(e, axis=-1, keepdims=True, out=out["M"])
