"""The sphere S^2 as the six faces of a cube: labels (a, b) in the square [-1, 1]^2 of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Atlas

QUARTER = 0.25 * math.pi


@dataclass(frozen=True)
class Cube(Atlas):
    """Equiangular: a face's labels are the angles of its two great circles, in units of pi / 4.

    On the face of the axis n, the others u and v, the row at (a, b) is along n + u tan(pi a / 4) + v tan(pi b / 4).
    """

    faces = 6
    first = 1

    def rows(self, face: Array, labels: Array) -> Array:
        """(..., 3) unit rows at labels (..., 2) of the faces (...)."""
        s, t = np.tan(QUARTER * labels[..., 0]), np.tan(QUARTER * labels[..., 1])
        out = np.empty((*s.shape, 3))
        sign, axis = np.where(face % 2, -1.0, 1.0), face // 2
        one = sign / np.sqrt(1.0 + s * s + t * t)
        for n in range(3):
            here = axis == n
            out[here, n] = one[here]
            out[here, (n + 1) % 3] = (one * s)[here]
            out[here, (n + 2) % 3] = (one * t)[here]
        return out

    def area(self, face: Array, labels: Array) -> Array:
        """(...) sigma's mass by da db: (pi / 4)^2 (1 + s^2) (1 + t^2) (1 + s^2 + t^2)^{-3/2} / 4 pi."""
        s, t = (np.square(np.tan(QUARTER * labels[..., i])) for i in (0, 1))
        return np.asarray(QUARTER**2 / (4.0 * math.pi) * (1.0 + s) * (1.0 + t) * (1.0 + s + t) ** -1.5)

    def within(self, rows: Array) -> tuple[Array, Array]:
        """The faces (...) and labels (..., 2) of unit rows (..., 3)."""
        axis = np.argmax(np.abs(rows), axis=-1)
        n, s, t = (np.take_along_axis(rows, ((axis + i) % 3)[..., None], axis=-1)[..., 0] for i in range(3))
        labels = np.stack([np.arctan(s / n), np.arctan(t / n)], axis=-1) / QUARTER
        return 2 * axis + (n < 0.0), labels


CUBE = Cube()
