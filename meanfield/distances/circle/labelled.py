"""Measures on the circle by the angles of labels that are equally spaced on a circle of their own.

Of a density q(s) - s is a smooth periodic function of the label, and so is the mass w(s): sums over labels are
spectrally accurate, and both are told between the labels by their Fourier series.
"""

from __future__ import annotations

import numpy as np

from meanfield.distances.circle.measures import TWO_PI
from meanfield.protocols import Array


def refined(values: Array, n: int) -> Array:
    """(..., n) a periodic function at n equally spaced labels, from fewer, (..., m), by its Fourier series."""
    m = values.shape[-1]
    if n == m:
        return values
    spectrum = np.fft.rfft(values, axis=-1)
    if m % 2 == 0:
        spectrum[..., -1] *= 0.5 if n > m else 1.0  # the highest mode of an even number is of both signs
    return np.fft.irfft(spectrum[..., : n // 2 + 1], n, axis=-1) * (n / m)


def labels(n: int) -> Array:
    """(n,) equally spaced, from 0."""
    return TWO_PI / n * np.arange(n)


def moments(q: Array, w: Array, degree: int) -> Array:
    """(..., degree + 1) c_k = int e^{-ik theta} d mu of labels of masses w (n,) at angles q (..., n).

    Told on so many labels that e^{-ikq} is resolved on them, wherever q rises most steeply.
    """
    n = q.shape[-1]
    s = q - labels(n)
    steep = float((np.diff(q, axis=-1, append=q[..., :1] + TWO_PI) * (n / TWO_PI)).max())
    fine = 8 * (int(np.ceil((degree * steep + n) / 4.0)) + 1)
    angles = refined(s, fine) + labels(fine)
    masses = refined(w, fine) * (n / fine)
    turn = np.exp(-1j * angles)
    power = np.broadcast_to(masses.astype(complex), turn.shape).copy()
    c = np.empty((*q.shape[:-1], degree + 1), dtype=complex)
    for k in range(degree + 1):
        c[..., k] = power.sum(axis=-1)
        power *= turn
    return c
