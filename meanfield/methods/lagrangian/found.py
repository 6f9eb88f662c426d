"""Where a carried density of two dimensions has what: the flow map inverted, by the panels' polynomials."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy

from meanfield.methods.lagrangian import panels, squares
from meanfield.methods.lagrangian.panels import DERIVATIVE
from meanfield.methods.lagrangian.squares import AXES, GAUSS, NODES
from meanfield.protocols import Array

NEAREST = 48
"""Nodes near a point whose panels are looked at, one panel after the other."""
ROUNDS, HIT, SLACK = 24, 1e-12, 1e-6
"""Newton's steps on a panel; how near they must come; how far beyond a panel's edge its polynomial still tells."""
BLOCK = 2048
"""Points at once: each looks at its panel's own series."""


def place(c: Array, xi: Array) -> Array:
    """Positions (n, d) at xi (n, 2) on the panels of series c (n, G, G, d)."""
    u, v = (panels.basis(xi[:, i]) for i in AXES)
    return np.einsum("njd,nj->nd", np.einsum("nijd,ni->njd", c, u), v)


def slopes(c: Array, xi: Array) -> tuple[Array, Array]:
    """The same, and the derivatives (n, d, 2) there."""
    (u, v), (du, dv) = zip(*((b, b @ DERIVATIVE.T) for b in (panels.basis(xi[:, i]) for i in AXES)), strict=True)
    across, over = (np.einsum("nijd,ni->njd", c, one) for one in (u, du))
    x, first, second = (np.einsum("njd,nj->nd", a, b) for a, b in ((across, v), (over, v), (across, dv)))
    return x, np.stack([first, second], axis=-1)


def density(spread: Array, slope: Array, area: float) -> Array:
    """rho (...) of mass `spread` (...) by d xi d eta, for derivatives (..., d, 2) of the position: by the area."""
    gram = np.einsum("...di,...dj->...ij", slope, slope)
    scale = np.sqrt(np.maximum(gram[..., 0, 0] * gram[..., 1, 1] - gram[..., 0, 1] ** 2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(area * spread / scale)


class Found:
    """The panels of a sheet at one time, to look in.

    Parameters
    ----------
    laid : Laid
        The sheet, and its masses.
    nodes, atoms : ndarray (L, G, G, d), (A, d)
        Where they are.
    """

    def __init__(self, laid: Any, nodes: Array, atoms: Array) -> None:
        self.laid, self.nodes, self.atoms = laid, nodes, atoms
        self.live = np.flatnonzero(laid.sheet.live)

    @cached_property
    def series(self) -> Array:
        """(L, G, G, d) of the positions."""
        return squares.series(self.nodes)

    @cached_property
    def _tree(self) -> Any:
        return scipy.spatial.cKDTree(self.nodes.reshape(-1, self.nodes.shape[-1]))

    def density(self, q: Array, area: float) -> Array:
        """rho at positions q (n, d); NaN where no panel reaches."""
        out = np.full(len(q), np.nan)
        for first in range(0, len(q) if len(self.live) else 0, BLOCK):
            part = slice(first, first + BLOCK)
            panel, xi, hit = self.inverse(q[part])
            out[part][hit] = self._at(panel[hit], xi[hit], area)[1]
        return out

    def inverse(self, q: Array) -> tuple[Array, Array, Array]:
        """Live panel (n,), xi (n, 2), and whether the panel's image reaches positions q (n, d)."""
        near = self._tree.query(q, k=min(NEAREST, self._tree.n))[1].reshape(len(q), -1)
        panel, xi, hit = near[:, 0] // NODES, np.zeros((len(q), 2)), np.zeros(len(q), bool)
        for k in range(near.shape[1]):
            # a panel that was looked at before is not looked at again
            fresh = ~hit & (near[:, k, None] // NODES != near[:, :k] // NODES).all(axis=1)
            todo = np.flatnonzero(fresh)
            if not len(todo):
                continue
            node = near[todo, k] % NODES
            start = np.stack([panels.XI[node // GAUSS], panels.XI[node % GAUSS]], axis=-1)
            at, found = self._newton(near[todo, k] // NODES, start, q[todo])
            panel[todo[found]], xi[todo[found]], hit[todo[found]] = (near[todo, k] // NODES)[found], at[found], True
        return panel, xi, hit

    def _newton(self, panel: Array, xi: Array, q: Array) -> tuple[Array, Array]:
        """xi where the panels reach q, and whether they do."""
        c, xi = self.series[panel], xi.copy()
        size = np.linalg.norm(np.ptp(self.nodes[panel], axis=(1, 2)), axis=-1)
        for _ in range(ROUNDS):
            x, slope = slopes(c, xi)
            step = np.einsum("nid,nd->ni", np.linalg.pinv(slope), q - x)
            new = np.clip(xi + np.clip(step, -0.5, 0.5), -1.0 - 2.0 * SLACK, 1.0 + 2.0 * SLACK)
            moved, xi = np.abs(new - xi).max(initial=0.0), new
            if moved < HIT:
                break
        # what a panel is off by is its tail, across which there is nothing to be solved
        across = np.einsum("nid,nd->ni", np.linalg.pinv(slopes(c, xi)[1]), q - place(c, xi))
        found = (np.abs(across) < SLACK).all(axis=-1) & (np.linalg.norm(q - place(c, xi), axis=-1) < 0.1 * size)
        return xi, found

    def _at(self, panel: Array, xi: Array, area: float) -> tuple[Array, Array]:
        """Positions and rho at xi (n, 2) on live panels (n,)."""
        x, slope = slopes(self.series[panel], xi)
        sheet, cell = self.laid.sheet, self.live[panel]
        labels = sheet.mid[cell] + sheet.half[cell] * xi
        spread = self.laid.density(sheet.face[cell], labels) * sheet.half[cell].prod(axis=-1)
        return x, density(spread, slope, area)

    def carried(self, rows: Array, area: float) -> tuple[Array, Array]:
        """Positions and rho of what began at rows (n, d)."""
        sheet = self.laid.sheet
        face, labels = self.laid.space.atlas.within(rows)
        cell = sheet.holding(face, labels)
        x, rho = np.empty_like(rows), np.full(len(rows), np.inf)
        live = sheet.live[cell]
        x[~live] = self.atoms[sheet.atom[cell[~live]]]
        xi = np.clip((labels - sheet.mid[cell]) / sheet.half[cell], -1.0, 1.0)[live]
        x[live], rho[live] = self._at((np.cumsum(sheet.live) - 1)[cell[live]], xi, area)
        return x, rho
