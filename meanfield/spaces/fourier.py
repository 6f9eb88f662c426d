"""Fourier series on the circle: planned FFTs, nonuniform transforms, the inverse distribution function."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any
from weakref import finalize

import ducc0
import numpy as np

from meanfield import geometry
from meanfield.geometry import TURN
from meanfield.protocols import Array
from meanfield.tools.threads import parallel

TOLERANCE = 1e-14
"""Of ducc0's nonuniform transforms, which in one dimension accept 3e-15 and more (its page promises 2e-13, for three);
the error seen is 2e-14 of the largest value, at the same cost."""
BLOCK = 1 << 16
"""Points one transform takes at a time."""
IDLE, LARGEST_IDLE = 2, 1 << 20
"""Transforms of one size kept for the next run, and the bytes of values beyond which none is."""
# ESTIMATE, not MEASURE: measured plans differ from run to run, and with them the last bits of every result.
ESTIMATE = "FFTW_ESTIMATE"


def _planned(source: Array, target: Array, direction: str, *flags: str) -> Callable[[], Any]:
    """The transform along the last axis from one buffer to the other, planned."""
    import pyfftw  # brings scipy's transforms along: a third of what importing meanfield would cost

    return pyfftw.FFTW(
        source, target, axes=(-1,), direction=f"FFTW_{direction}", flags=(ESTIMATE, *flags), threads=1
    ).execute


def _buffer(shape: tuple[int, int], dtype: type) -> Array:
    """Zeros at an address that every vector instruction likes (64 bytes), which is what FFTW plans for."""
    size = shape[0] * shape[1] * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, dtype=np.uint8)
    first = -memory.ctypes.data % 64
    return memory[first : first + size].view(dtype).reshape(shape)


class Backward:
    """Spectrum (rows, n/2 + 1) -> values (rows, n), values_j = sum over both signs of k, unnormalised.

    Fill `spectrum`, `execute()`, read `values`.  The spectrum is destroyed.
    """

    def __init__(self, rows: int, n: int) -> None:
        self.spectrum, self.values = _buffer((rows, n // 2 + 1), complex), _buffer((rows, n), float)
        self.execute = _planned(self.spectrum, self.values, "BACKWARD", "FFTW_DESTROY_INPUT")


class Forward:
    """Values (rows, n) -> spectrum (rows, n/2 + 1), spectrum_k = sum_j values_j e^{-ik theta_j}, unnormalised."""

    def __init__(self, rows: int, n: int) -> None:
        self.values, self.spectrum = _buffer((rows, n), float), _buffer((rows, n // 2 + 1), complex)
        self.execute = _planned(self.values, self.spectrum, "FORWARD")


def borrowed(kind: Any, rows: int, n: int, to: Any) -> Any:
    """A transform with its buffers, for `to` alone as long as it lives; then kept for whoever needs the like.

    Planning costs as much as a dozen right-hand sides, and a short run has not many more.
    """
    idle = _idle.setdefault((kind, rows, n), [])
    try:
        plan = idle.pop()
    except IndexError:
        plan = kind(rows, n)
    finalize(to, _returned, idle, plan)
    return plan


def _returned(idle: list[Any], plan: Any) -> None:
    if len(idle) < IDLE and plan.values.nbytes <= LARGEST_IDLE:
        idle.append(plan)


_idle: dict[Any, list[Any]] = {}
_backward = lru_cache(maxsize=32)(Backward)
_forward = lru_cache(maxsize=32)(Forward)
_lock = Lock()  # the plans kept here own one pair of buffers each


def forward(values: Array) -> Array:
    """(..., n) real values -> (..., n/2 + 1) unnormalised spectrum."""
    n = values.shape[-1]
    flat = values.reshape(-1, n)
    out = np.empty((len(flat), n // 2 + 1), dtype=complex)
    with _lock:
        plan = _forward(1, n)
        for row, target in zip(flat, out, strict=True):
            plan.values[0] = row
            plan.execute()
            target[:] = plan.spectrum[0]
    return out.reshape(*values.shape[:-1], n // 2 + 1)


def backward(c: Array, n: int) -> Array:
    """(..., M <= n/2 + 1) coefficients -> (..., n) values of the series at the nodes."""
    flat = c.reshape(-1, c.shape[-1])
    out = np.empty((len(flat), n))
    with _lock:
        plan = _backward(1, n)
        for row, target in zip(flat, out, strict=True):
            plan.spectrum[0, : len(row)] = row
            plan.spectrum[0, len(row) :] = 0.0
            plan.execute()
            target[:] = plan.values[0]
    return out.reshape(*c.shape[:-1], n)


# --- any angles --------------------------------------------------------------------------------------------


def moments(q: Array, w: Array, degree: int) -> Array:
    """c_k = sum_j w_j e^{-ik q_j}, k = 0..degree: (..., p) angles and weights -> (..., degree + 1)."""
    q, w = np.broadcast_arrays(q, w)
    p = q.shape[-1]
    angles = geometry.reduced(q).reshape(-1, p, 1)
    masses = w.reshape(-1, p).astype(complex)
    # In blocks of fixed size, each by one thread, added up in order: ducc0's own threads add in the order in which
    # they finish, and the last bits would change from run to run.
    starts = range(0, max(p, 1), BLOCK)
    out = np.empty((len(angles), len(starts), 2 * degree + 1), dtype=complex)

    def one(unit: int) -> None:
        r, b = divmod(unit, len(starts))
        block = slice(starts[b], starts[b] + BLOCK)
        ducc0.nufft.nu2u(
            points=masses[r, block], coord=angles[r, block], forward=True, epsilon=TOLERANCE, nthreads=1, out=out[r, b]
        )

    parallel(one, len(angles) * len(starts), min(p, BLOCK))
    return out.sum(axis=1)[:, degree:].reshape(*q.shape[:-1], degree + 1)


def series(c: Array, q: Array) -> Array:
    """Values of several real series at the same angles: c (S, ..., M), q (..., p) -> (S, ..., p).

    Two real series travel in one complex transform, as its real and imaginary parts.
    """
    c = band(c)
    lead = np.broadcast_shapes(c.shape[1:-1], q.shape[:-1])
    if q.size == 0:
        return np.empty((len(c), *lead, q.shape[-1]))
    S, M, p = len(c), c.shape[-1], q.shape[-1] if q.ndim else 1
    missing = [1] * (len(lead) - len(c.shape[1:-1]))
    flat = np.broadcast_to(c.reshape(S, *missing, *c.shape[1:]), (S, *lead, M)).reshape(S, -1, M)
    angles = np.broadcast_to(geometry.reduced(q), (*lead, *q.shape[len(q.shape[:-1]) :])).reshape(-1, p, 1)
    out = np.empty((S, len(angles), p))
    starts = range(0, max(p, 1), BLOCK)

    def one(unit: int) -> None:
        r, b = divmod(unit, len(starts))
        block = slice(starts[b], starts[b] + BLOCK)
        grid = np.empty(2 * M - 1, dtype=complex)
        for first in range(0, S, 2):
            real = flat[first, r]
            imaginary = flat[first + 1, r] if first + 1 < S else np.zeros(M)
            grid[M - 1 :] = real + 1j * imaginary
            grid[: M - 1] = np.conj(real[:0:-1]) + 1j * np.conj(imaginary[:0:-1])
            coord = angles[r, block]
            values = ducc0.nufft.u2nu(grid=grid, coord=coord, forward=False, epsilon=TOLERANCE, nthreads=1)
            out[first, r, block] = values.real
            if first + 1 < S:
                out[first + 1, r, block] = values.imag

    parallel(one, len(angles) * len(starts), min(p, BLOCK))
    return out.reshape(S, *lead, *q.shape[len(q.shape[:-1]) :])


def band(c: Array) -> Array:
    """c without its trailing zeros (at least three modes are kept)."""
    used = np.nonzero(np.abs(c).reshape(-1, c.shape[-1]).max(axis=0, initial=0.0))[0]
    return c[..., : max(3, int(used[-1]) + 1 if len(used) else 0)]


def inverse_distribution(c: Array, u: Array) -> Array:
    """theta in [0, 2 pi] with F(theta) = u F(2 pi), for the series' exact distribution function F.

    A table brackets each root; Newton's method inside the bracket finishes it to rounding.  Where the series dips
    below zero (missing resolution) F is read as its running maximum.
    """
    c = band(c / c[0].real)
    k = np.arange(1, len(c))
    # F(theta) = theta / 2 pi + G(theta) - G(0), G periodic with coefficients c_k / (2 pi i k)
    G = np.concatenate([[0.0], c[1:] / (TURN * 1j * k)])
    offset = 2.0 * G.real.sum()
    m = 16 * max(16, 1 << int(np.ceil(np.log2(len(c)))))
    table_theta = TURN * np.arange(m + 1) / m
    table = np.append(backward(G, m) - offset, 0.0) + table_theta / TURN
    table = np.maximum.accumulate(table)
    table[0], table[-1] = 0.0, 1.0
    cell = np.clip(np.searchsorted(table, u, side="right") - 1, 0, m - 1)
    low, high = table_theta[cell], table_theta[cell + 1]
    rise = table[cell + 1] - table[cell]
    theta = low + (high - low) * np.clip((u - table[cell]) / np.where(rise > 0.0, rise, 1.0), 0.0, 1.0)
    both = np.stack([G, c])
    for _ in range(60):
        g, rho = series(both, theta)
        excess = theta / TURN + g - offset - u
        low, high = np.where(excess <= 0.0, theta, low), np.where(excess >= 0.0, theta, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = theta - TURN * excess / rho
        inside = (newton >= low) & (newton <= high)
        new = np.where(inside, newton, 0.5 * (low + high))
        done = np.abs(new - theta).max() <= 4e-15 * TURN or not np.any(np.abs(excess) > 4e-16)
        theta = new
        if done:
            break
    return theta
