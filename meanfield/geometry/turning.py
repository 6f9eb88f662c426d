"""Angles: turns, rows of them, and the way back."""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array

TURN = 2.0 * np.pi
_TURN_HIGH = np.floor(TURN * 2.0**20) / 2.0**20
_TURN_LOW = (TURN - _TURN_HIGH) + 2.4492935982947064e-16  # 2 pi is their sum to 80 bits
FEW_TURNS = 4.0 * TURN
"""Angles up to this size are taken as they are: 2 pi as a double is off by 2.4e-16 a turn, less than their rounding."""


# --- the circle: angles and rows ---------------------------------------------------------------------------


def to_rows(theta: Array) -> Array:
    """Angles (...) in radians -> unit rows (..., 2) = (cos theta, sin theta)."""
    theta = np.asarray(theta, dtype=float)
    rows = np.empty((*theta.shape, 2))
    np.cos(theta, out=rows[..., 0])
    np.sin(theta, out=rows[..., 1])
    return rows


def to_angles(rows: Array) -> Array:
    """Rows (..., 2) of any length -> angles (...) in radians, in [-pi, pi].

    Raises
    ------
    ValueError
        If the last axis is not 2: only the circle has angles.
    """
    rows = np.asarray(rows, dtype=float)
    if rows.ndim == 0 or rows.shape[-1] != 2:
        raise ValueError(f"rows must have last axis 2 to have angles; got shape {rows.shape}")
    return np.arctan2(rows[..., 1], rows[..., 0])


def quarter_turn(rows: Array) -> Array:
    """Rows (..., 2) turned anticlockwise by pi/2: of a point on the circle, the unit tangent there."""
    turned = np.empty_like(rows)
    np.negative(rows[..., 1], out=turned[..., 0])
    turned[..., 1] = rows[..., 0]
    return turned


def tangent(theta: Array) -> Array:
    """The unit tangents (-sin theta, cos theta), shape (..., 2), at angles theta (...)."""
    return quarter_turn(to_rows(theta))


def unwrap_near(theta: Array, reference: Array) -> Array:
    """theta plus the multiple of 2 pi that brings it within pi of the reference (broadcast against each other).

    The reference may have made any number of turns; theta = arctan2 of rows then follows its trajectory.
    """
    theta = np.asarray(theta, dtype=float)
    return theta + TURN * np.round((np.asarray(reference, dtype=float) - theta) / TURN)


def reduced(theta: Array) -> Array:
    """theta where it is within four turns of 0, else the same angle in [-pi, pi], good to its rounding there.

    Sine and cosine reduce by pi itself; np.remainder reduces by the double next to 2 pi, and loses 2.4e-16 a turn.
    """
    theta = np.asarray(theta, dtype=float)
    far = ~(np.abs(theta) <= FEW_TURNS)
    if not far.any():
        return theta
    return np.where(far, np.arctan2(np.sin(theta), np.cos(theta)), theta)


def turned(theta: Array, turns: Array) -> Array:
    """theta + 2 pi turns, for whole turns to 1e8, rounded once: what `reduced` took off comes back with its digits."""
    return np.asarray(turns * _TURN_HIGH + (theta + turns * _TURN_LOW))


def positive(theta: Array) -> Array:
    """The same angles in [0, 2 pi): a new array."""
    theta = np.mod(reduced(theta), TURN)
    return np.where(theta >= TURN, 0.0, theta)  # np.mod rounds angles just below 0 up to a whole turn
