"""Functions of an angle in [0, pi], held on equal cells as polynomials through their values at Chebyshev nodes."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev

from meanfield.protocols import Array


def abscissae(cells: int, nodes: int) -> Array:
    """(cells, nodes) the angles at which a function is to be given."""
    return np.asarray((np.arange(cells)[:, None] + 0.5 + 0.5 * chebyshev.chebpts1(nodes)) * (np.pi / cells))


def powers(values: Array) -> Array:
    """(cells, nodes) values -> (nodes, cells) coefficients of the powers of u in [-1, 1] over each cell.

    Where the cells are short enough for the Chebyshev series to fall fast, the powers lose nothing.
    """
    nodes = values.shape[1]
    series = chebyshev.chebvander(chebyshev.chebpts1(nodes), nodes - 1).T @ values.T * (2.0 / nodes)
    series[0] *= 0.5
    change = np.zeros((nodes, nodes))
    for i, unit in enumerate(np.eye(nodes)):
        change[: i + 1, i] = chebyshev.cheb2poly(unit)
    return np.ascontiguousarray(change @ series)


def place(angle: Array, cells: int) -> tuple[Array, Array]:
    """The cell of each angle, and u in [-1, 1] there."""
    u = angle * (cells / np.pi)
    cell = np.clip(u.astype(np.intp), 0, cells - 1)
    u -= cell
    u *= 2.0
    u -= 1.0
    return cell, u


def evaluate(table: Array, cell: Array, u: Array) -> Array:
    """The polynomials (powers, cells) of these cells at u."""
    out = table[-1].take(cell)
    for row in table[-2::-1]:
        out *= u
        out += row.take(cell)
    return out
