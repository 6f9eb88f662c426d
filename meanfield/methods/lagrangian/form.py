"""What the state of a Lagrangian run means: labels on panels, their masses and rho_0 there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.methods.lagrangian import panels
from meanfield.methods.lagrangian.lines import body
from meanfield.methods.lagrangian.panels import GAUSS, OMEGA, XI
from meanfield.methods.lagrangian.snapshot import Carried
from meanfield.protocols import Array, Form
from meanfield.spaces.doubt import Doubt, told
from meanfield.tools.settings import register

ROUNDED = Doubt(1e-14)
"""Of runs saved before densities knew their doubt: what rounding may have left in their coefficients."""
DIRECT = 96
"""Up to so many points every pair is summed; beyond, the band-limited sum."""


@register
@dataclass(frozen=True, eq=False)
class OnPanels(Form, panels.Gathering):
    """What a state of positions and log-Jacobians means.

    A state (..., N + A + N) holds the positions s of N = L G nodes on L panels, then of A atoms, then log J at the
    nodes, with rho_t(x(a)) = rho_0(a) / J(a).  Labels a are positions at the beginning; masses never change.

    Attributes
    ----------
    space : Space
        Where it lives, with a line.
    coefficients : ndarray
        rho_0.
    mid, half : ndarray (P,)
        Label panels, in order: centres and half lengths.
    atom : ndarray (P,) of int
        The atom a panel has become part of, or -1.
    jump : float
        Energy gained so far by making atoms; nan under a law without energy.
    field : {"harmonic", "direct"}
        Which sum answers the law.
    given : Pieces or None
        rho_0 along the labels, where the coefficients hide some of its values.
    doubt : Doubt
        What the coefficients leave unknown.
    """

    space: Any
    coefficients: Array
    mid: Array
    half: Array
    atom: Array
    jump: float = 0.0
    field: str = "harmonic"
    given: Any = None
    doubt: Doubt = ROUNDED
    name = "lagrangian"

    @property
    def line(self) -> Any:
        """Where labels live."""
        return self.space.line

    @cached_property
    def labels(self) -> Array:
        """(P, G) labels of the nodes of all panels."""
        return np.asarray(self.mid[:, None] + self.half[:, None] * XI)

    @cached_property
    def rho0(self) -> Array:
        """(P, G) rho_0 there; where it is unknown, what its series says: it weighs less than rounding."""
        if self.given is not None:
            return np.asarray(self.given(self.labels))
        q = self.line.coordinates(self.labels.ravel())
        return np.asarray(self.space.evaluate(self.coefficients, q).reshape(self.labels.shape))

    def initial(self, labels: Array) -> Array:
        """rho_0 at labels (n,), NaN where it is unknown."""
        if self.given is not None:
            return np.asarray(self.given(labels))
        return told(self.space, self.coefficients, self.doubt, self.line.coordinates(labels))

    @cached_property
    def mass_density(self) -> Array:
        """(P, G) mass per unit of the panels' own coordinate xi in [-1, 1]; of total mass 1 to the last bit."""
        m = self.rho0 * self.line.measure(self.space, self.labels) * self.half[:, None]
        return np.asarray(m / float((m * OMEGA).sum()))

    @cached_property
    def masses(self) -> Array:
        """(P,) the mass of every panel."""
        return np.asarray((self.mass_density * OMEGA).sum(axis=-1))

    @cached_property
    def atoms(self) -> Array:
        """(A,) the mass of every atom."""
        return self.gathered(self.masses)

    @cached_property
    def weights(self) -> Array:
        """(N + A,) masses at the nodes and of the atoms."""
        return np.append((self.mass_density * OMEGA)[self.live].ravel(), self.atoms)

    def parts(self, y: Array) -> tuple[Array, Array, Array]:
        """Positions (..., L, G) of nodes and (..., A) of atoms, and log J (..., L, G)."""
        L, A = self.count
        N = L * GAUSS
        shape = (*y.shape[:-1], L, GAUSS)
        return y[..., :N].reshape(shape), y[..., N : N + A], y[..., N + A :].reshape(shape)

    def body(self, y: Array) -> Any:
        """The measure of all masses at their positions."""
        s = y[..., : len(self.weights)]
        return body(self.space, s, self.weights, "direct" if s.shape[-1] <= DIRECT else self.field)

    def measure(self, y: Array) -> Carried:
        """The measure (leading axes: several)."""
        return Carried(self, y)
