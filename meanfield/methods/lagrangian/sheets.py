"""What the state of a Lagrangian run in two dimensions means: two sheets of panels, their masses and rho_0 there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.measures.points import Points
from meanfield.methods.lagrangian.spread import Spread
from meanfield.methods.lagrangian.squares import CELL, GAUSS, NODES, Sheet
from meanfield.protocols import Array, Form
from meanfield.tools.settings import register


@dataclass(frozen=True, eq=False)
class Laid:
    """A sheet on a density: where its labels are, and what mass they carry.

    Attributes
    ----------
    space : Space
        With an atlas.
    coefficients : ndarray
        rho_0.
    sheet : Sheet
        The panels.
    """

    space: Any
    coefficients: Array
    sheet: Sheet

    @cached_property
    def rows(self) -> Array:
        """(P, G, G, d) the labels as rows: positions at the beginning."""
        face = np.broadcast_to(self.sheet.face[:, None, None], self.sheet.labels.shape[:-1])
        return np.asarray(self.space.atlas.rows(face, self.sheet.labels))

    @cached_property
    def spread(self) -> Array:
        """(P, G, G) mass by d xi d eta, xi and eta the panels' own coordinates in [-1, 1]; of total mass 1."""
        m = self.density(self.sheet.face[:, None, None], self.sheet.labels)
        m *= self.sheet.half.prod(axis=-1)[:, None, None]
        return m / float(np.sum(m * CELL))

    def density(self, face: Array, labels: Array) -> Array:
        """(...) rho_0 times sigma's mass by da db at labels (..., 2)."""
        face = np.broadcast_to(face, labels.shape[:-1])
        rows = self.space.atlas.rows(face, labels)
        rho = self.space.evaluate(self.coefficients, rows.reshape(-1, rows.shape[-1])).reshape(face.shape)
        return np.asarray(rho * self.space.atlas.area(face, labels))

    @cached_property
    def masses(self) -> Array:
        """(P,) the mass of every panel."""
        return np.asarray(np.einsum("pij,ij->p", self.spread, CELL))

    @cached_property
    def atoms(self) -> Array:
        """(A,) the mass of every atom."""
        return self.sheet.gathered(self.masses)

    @cached_property
    def weights(self) -> Array:
        """(n,) masses at the nodes of live panels, then of the atoms."""
        return np.append((self.spread[self.sheet.live] * CELL).ravel(), self.atoms)

    def parts(self, x: Array) -> tuple[Array, Array]:
        """Positions (..., L, G, G, d) of nodes and (..., A, d) of atoms, of all (..., n, d)."""
        L = self.sheet.count[0]
        nodes = x[..., : L * NODES, :].reshape(*x.shape[:-2], L, GAUSS, GAUSS, x.shape[-1])
        return nodes, x[..., L * NODES :, :]

    def body(self, x: Array) -> Points:
        """The masses at these positions (..., n, d), as a measure."""
        return Points.trusted(x, self.weights, self.space.geometry, unit=1.0)


@register
@dataclass(frozen=True, eq=False)
class OnSheets(Form):
    """What a state of positions means, carried twice: on fine panels, and beside them on coarser ones.

    A state (..., n, d) holds the positions of nodes and atoms of the fine sheet, then those of the coarse one.  Every
    sheet is moved by its own measure; what the fine one answers is the answer, and how far the other is from it tells
    the error.  Labels are positions at the beginning; masses never change.

    Attributes
    ----------
    space : Space
        Where it lives, with an atlas.
    coefficients : ndarray
        rho_0.
    fine, coarse : Sheet
        The panels.
    unknown : float
        What the time stepping leaves unknown of a moment.
    jump : float
        Energy gained so far by making atoms; nan under a law without energy.
    full : float
        From when on more nodes would have been needed than were permitted; inf before.
    """

    space: Any
    coefficients: Array
    fine: Sheet
    coarse: Sheet
    unknown: float = 0.0
    jump: float = 0.0
    full: float = float("inf")
    name = "lagrangian"

    @cached_property
    def laid(self) -> tuple[Laid, Laid]:
        """The fine sheet and the coarse one on the density."""
        return Laid(self.space, self.coefficients, self.fine), Laid(self.space, self.coefficients, self.coarse)

    def both(self, y: Array) -> tuple[Array, Array]:
        """The positions on the fine sheet, and those on the coarse one."""
        n = self.fine.points
        return y[..., :n, :], y[..., n:, :]

    def retract(self, y: Array) -> Array:
        """Rows back on the sphere."""
        return np.asarray(self.space.geometry.retract(y))

    def measure(self, y: Array) -> Spread:
        """The measure (leading axes: several)."""
        return Spread(self, y)

    def lacking(self, y: Array) -> str:
        """That panels were to be halved and were not."""
        if self.full == float("inf"):
            return ""
        return (
            f"From t = {self.full:.6g} on the flow needed more than the nodes permitted, and panels on which "
            f"polynomials no longer resolve it were kept: moments to degree {Spread.TOLD} are told to "
            f"{self.measure(y).error():.1e} at the end (sol(t).error() at other times), values there not at all. A "
            "larger max_resolution, as in "
            f"method=mf.Lagrangian(max_resolution={4 * (self.fine.points + self.coarse.points)}), goes further."
        )
