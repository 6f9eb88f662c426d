"""The Lagrangian method: mu_t is the push-forward of mu_0 by a smooth flow, so carry the labels.

Nodes of label panels move with the law's velocity, ds/dt = X[mu](s), and their log-Jacobian with its divergence,
d log J / dt = div X[mu](s); then rho_t(x(a)) = rho_0(a) / J(a) and no mass is ever lost.  Panels are halved where a
polynomial no longer resolves the map, and become atoms once their image is too narrow to matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield import inputs, merging
from meanfield.kernel import Exponential
from meanfield.laws.base import said, steady_noise
from meanfield.methods import panels
from meanfield.methods.carried import NEGLIGIBLE, Carried
from meanfield.methods.labels import OnPanels
from meanfield.methods.panels import GAUSS, LINES, Pieces
from meanfield.points import Cluster
from meanfield.protocols import Array, Change, Method, Reading, Status, Stop
from meanfield.settings import register
from meanfield.steppers import dop853

TAIL = 1e-12
SOON = 0.2
"""A panel is halved at a step's end once its tail comes this near to the tolerance."""
FITTED = 1e-14
"""Tail of rho_0 and of the mass on the first panels, relative to the largest."""
NARROWEST = 1e-6
"""Half length below which a panel's roughness is noise."""
SEEN = 29.0
"""A panel's nodes resolve a kernel while its bandwidth K times half the image's width is below this: at K w / 2 Gauss's
rule misses 1e-13 of e^{beta (cos x - 1)} (its multipliers fall like e^{-k^2 / 2 beta} before K)."""
FIRST = 8
"""Panels to begin with, before any is halved."""
MERGE_TOL = 1e-9
LARGEST = 100_000
TIGHTER = 0.1
"""Of the tolerances asked: errors of a position near a separating point grow as the map steepens."""


@register
@dataclass(frozen=True)
class Lagrangian:
    """Settings of the Lagrangian method (circle and zonal spheres; no diffusion).

    Parameters
    ----------
    merge_tol : float
        A panel whose image is narrower than this (radians) becomes an atom: its mass at its centre of mass.  The law's
        velocities change by the second power of it; more than rtol is refused.
    tail : float, optional
        Largest of the last Legendre coefficients of position and log J on a panel; by default 1e-12, but never below
        rtol / 100.
    max_resolution : int
        Largest number of nodes.
    """

    merge_tol: float = MERGE_TOL
    tail: float | None = None
    max_resolution: int = LARGEST

    def __post_init__(self) -> None:
        object.__setattr__(self, "merge_tol", inputs.angle("merge_tol", self.merge_tol, above=0.0))
        inputs.integer("max_resolution", self.max_resolution, low=1)
        if self.tail is not None:
            inputs.number("tail", self.tail, above=0.0)

    def bind(self, law: Any, rho: Any, rtol: float, atol: float) -> tuple[Flow, Array]:
        """The method for this law, and its first state: panels fitted to rho."""
        self.check(law, rho.space, rtol)
        line = LINES[rho.space.line]
        rho = rho.resized(max(rho.space.size, line.shown))
        edges = np.linspace(line.low, line.high, FIRST + 1)
        mid, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        K = _bandwidth(law, rho.space, 0.0)
        while True:
            template = self._on(law, rho, mid, half)
            # light panels too: near a pole of a high dimension hardly any mass is, and Z is what there is
            rough = (K * half > SEEN) | (_unfitted(template) & (half >= NARROWEST))
            if not rough.any():
                break
            if (needed := int(len(mid) + rough.sum()) * GAUSS) > self.max_resolution:
                raise ValueError(
                    f"max_resolution: got {self.max_resolution}, and the initial density under {law} needs {needed} "
                    "nodes at least to begin with: allow more"
                )
            mid, half = panels.bisected(mid, half, rough)
        flow = Flow(law, template, rtol, self._tolerance(rtol), self.merge_tol, self.max_resolution)
        return flow, np.concatenate([template.labels.ravel(), np.zeros(template.labels.size)])

    def _on(self, law: Any, rho: Any, mid: Array, half: Array) -> OnPanels:
        """The density on these panels: by its own values if it keeps them, else by its series."""
        fresh, field = np.full(len(mid), -1), "harmonic" if law.isotropic else "direct"
        template = OnPanels(rho.space, np.array(rho.coefficients), mid, half, fresh, field=field, doubt=rho.doubt)
        if rho.given is None:
            return template
        return replace(template, given=Pieces(mid, half, rho.given(template.line.coordinates(template.labels))))

    def again(self, law: Any, template: OnPanels, rtol: float, atol: float) -> Flow:
        """The method as it was when a run stopped."""
        return Flow(law, template, rtol, self._tolerance(rtol), self.merge_tol, self.max_resolution)

    def stepper(self, rtol: float, atol: float) -> Any:
        """DOP853; positions and log J are of size 1, so that a relative tolerance serves."""
        return dop853(max(TIGHTER * rtol, 1e-13), max(TIGHTER * rtol, atol), norm="max")

    def check(self, law: Any, space: Any, rtol: float) -> None:
        """Refuse what has no flow, no line, or a merge_tol that would be seen."""
        if getattr(space, "line", None) not in LINES:
            raise ValueError(
                'method: "lagrangian" carries densities of one dimension, on the circle or a zonal sphere, got '
                f'{space}: use method="spectral"'
            )
        if np.any(steady_noise(law, space.d) != 0.0):
            raise ValueError(
                'diffusion: the method "lagrangian" has none: with noise the measure is no longer carried by a flow; '
                'use method="spectral"'
            )
        if not law.isotropic and space.d != 2:
            raise ValueError(f"law: {law} is not isotropic, which a zonal sphere needs")
        try:
            law.divergence(0.0, None if law.isotropic else _PAIR.x, _PAIR)
        except TypeError as error:
            raise ValueError(f"law: {law} gives no divergence, which a density carried by its flow needs") from error
        law.check_range(space.d, smooth=True, atoms=True)
        merging.checked("merge_tol", law, space.d, self.merge_tol, rtol)

    def _tolerance(self, rtol: float) -> float:
        return max(TAIL, 1e-2 * rtol) if self.tail is None else self.tail


@dataclass(frozen=True, eq=False)
class Flow(Method):
    """The method bound to a law, and to the panels of this moment.

    Attributes
    ----------
    law, template : Law, OnPanels
        What moves what.
    rtol : float
        Relative change of a velocity that making atoms may bring.
    tolerance : float
        Of the tails.
    merge_tol : float
        Images narrower than this become atoms.
    largest : int
        Most nodes.
    """

    law: Any
    template: OnPanels
    rtol: float
    tolerance: float
    merge_tol: float
    largest: int

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities of all points, and the divergence at the nodes."""
        body = _Once(self.template.body(y))
        at = None if self.law.isotropic else body.x
        points, nodes = len(self.template.weights), self.template.count[0] * GAUSS
        out[:points] = self.template.line.speed(body, self.law.velocity(t, at, body))
        out[points:] = np.asarray(self.law.divergence(t, at, body))[..., :nodes]
        return out

    def measure(self, t: float, y: Array) -> Carried:
        """The density and its atoms."""
        return self.template.measure(y)

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Halve panels whose map has become rough, and make atoms of those that have become narrow."""
        if not np.isfinite(y).all():
            raise Stop(Status.NOT_FINITE, f"Positions stopped being finite at t = {t:.6g}.")
        old = self.template
        s, _, log_j = old.parts(y)
        heavy = old.masses[old.live] > NEGLIGIBLE
        rough = np.maximum(panels.telling(s), panels.telling(log_j)) * heavy
        if np.any(rough > self.tolerance):
            return Change(*self._halved(t0, y0, rough > self.tolerance))
        width = panels.widths(s)
        if np.any((width <= 0.0) & heavy & (np.abs(width) > 1e-13)):
            return Change(self, t0, y0, 0.5 * (t - t0))  # the flow keeps order; a step that does not was too long
        change = None
        wide = heavy & (_bandwidth(self.law, old.space, t) * np.abs(width) > 2.0 * SEEN)
        soon = wide | (rough > SOON * self.tolerance)
        if soon.any():
            change = Change(*self._halved(t, y, soon))
        flow, y = (self, y) if change is None else (change.method, change.y)
        gathered = flow._gathered(t, y)
        return change if gathered is None else Change(gathered[0], t, gathered[1])

    def _halved(self, t: float, y: Array, which: Array) -> tuple[Flow, float, Array]:
        """(method, t, y) with the live panels `which` halved, by their own polynomials."""
        old = self.template
        if (old.count[0] + which.sum()) * GAUSS > self.largest:
            raise Stop(
                Status.UNRESOLVED, f"At t = {t:.6g} the flow needs more than the {self.largest} nodes permitted."
            )
        mask = np.zeros(len(old.mid), bool)
        mask[np.flatnonzero(old.live)[which]] = True
        mid, half = panels.bisected(old.mid, old.half, mask)
        s, atoms, log_j = old.parts(y)
        new = replace(old, mid=mid, half=half, atom=np.repeat(old.atom, np.where(mask, 2, 1)))
        state = [panels.halved(s, which).ravel(), atoms, panels.halved(log_j, which).ravel()]
        return replace(self, template=new), t, np.concatenate(state)

    def _gathered(self, t: float, y: Array) -> tuple[Flow, Array] | None:
        """(method, y) with narrow panels made atoms and touching atoms made one, or None if there are none."""
        old = self.template
        s, atoms, log_j = old.parts(y)
        narrow = panels.widths(s) < self.merge_tol
        if not narrow.any() and not _touching(old.atom, atoms, self.merge_tol, old.line):
            return None
        if said(self.law) is not True:  # merge_tol was measured before the run, and the law may be sharper by now
            merging.checked("merge_tol", self.law, old.space.d, self.merge_tol, self.rtol, (t,))
        cell = np.flatnonzero(old.live)[narrow]
        atom = old.atom.copy()
        atom[cell] = len(atoms) + np.arange(len(cell))
        centre = np.sum(s[narrow] * panels.OMEGA * old.spread[cell], axis=-1)
        mass = old.masses[cell]
        empty = np.abs(mass) < 1e-300
        centre = np.where(empty, s[narrow].mean(axis=-1), centre / np.where(empty, 1.0, mass))
        atom, at = _joined(atom, np.append(atoms, centre), np.append(old.atoms, mass), self.merge_tol, old.line)
        new = replace(old, atom=atom)
        state = np.concatenate([s[~narrow].ravel(), at, log_j[~narrow].ravel()])
        jump = merging.energy(self.law, new.measure(state)) - merging.energy(self.law, old.measure(y))
        return replace(self, template=replace(new, jump=old.jump + jump)), state


def _unfitted(template: OnPanels) -> Array:
    """(P,) panels on which a polynomial misses rho_0, or the mass there.

    Values are wanted relative to their own size, or to the mean, 1, where they are smaller; those of a series only
    relative to the largest, and where the coefficients hide them not at all.
    """
    size = np.abs(template.rho0).max(axis=-1)
    if template.given is not None:
        scale = np.maximum(size, 1.0)
    else:
        hidden = np.isnan(template.initial(template.labels.ravel())).reshape(template.labels.shape).any(axis=-1)
        scale = np.where(hidden, np.inf, size[~hidden].max(initial=0.0))
    missed = panels.telling(template.rho0 / scale[:, None]) > FITTED
    mass = template.spread / template.half[:, None]
    return missed | (panels.telling(mass / np.abs(mass).max()) > FITTED)


def _touching(atom: Array, at: Array, tol: float, line: Any) -> bool:
    """Whether two atoms, neighbours in the label, are nearer than tol."""
    after = np.roll(atom, -1)
    pairs = (atom >= 0) & (after >= 0) & (atom != after)
    if not line.turn:
        pairs[-1] = False
    return bool(np.any(np.abs(line.apart(at[after[pairs]] - at[atom[pairs]])) < tol))


def _joined(atom: Array, at: Array, mass: Array, tol: float, line: Any) -> tuple[Array, Array]:
    """Atoms renumbered in the order of their labels, neighbours nearer than tol joined at their centre of mass."""
    live = np.flatnonzero(atom < 0)
    # on a closed line, begin behind a live panel, so that the cut goes through no atom
    order = np.roll(np.arange(len(atom)), -int(live[0]) if line.turn and len(live) else 0)
    out = np.full_like(atom, -1)
    where: list[float] = []
    masses: list[float] = []
    last = -1
    for cell in order:
        a = int(atom[cell])
        if a >= 0 and a != last:
            gap = line.apart(at[a] - where[-1]) if last >= 0 else np.inf
            if abs(gap) < tol:
                masses[-1] += mass[a]
                where[-1] += gap * (mass[a] / masses[-1] if abs(masses[-1]) > 1e-300 else 0.5)
            else:
                where.append(float(at[a]))
                masses.append(float(mass[a]))
        out[cell] = len(where) - 1 if a >= 0 else -1
        last = a
    return out, np.array(where)


_PAIR = Cluster(np.array([0.0, 1.0]), np.array([0.5, 0.5]), True, "direct")
"""Two points, to ask a law whether it knows its divergence."""


def _bandwidth(law: Any, space: Any, t: float) -> int:
    """The largest bandwidth of the kernels that a law asks for: how finely it looks."""
    pair = _Once(LINES[space.line].body(space, _PAIR.points, _PAIR.weights, "direct"))
    law.velocity(t, None if law.isotropic else pair.x, pair)
    return max((_sharpness(kernel, space.d) for kernel in pair.asked), default=0)


def _sharpness(kernel: Any, d: int) -> int:
    """A kernel's bandwidth; of one with matrices, that of the largest beta it may come to, if known."""
    if not kernel.isotropic:
        kernel = Exponential(0.5 * kernel.spread if np.isfinite(kernel.spread) else 0.0)
    return int(kernel.bandwidth(d))


class _Once:
    """A measure that is asked twice at every stage, for velocity and divergence, and sums once."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._read: dict[Any, Reading] = {}

    @property
    def asked(self) -> set[Any]:
        """The kernels it was asked for."""
        return {kernel for kernel, *_ in self._read}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """A copy of one full answer, for the reader to overwrite."""
        if x is not None and x is not self._body.x:
            return self._body.read(kernel, x, want, V)
        key = kernel, x is None, None if V is None else (V.shape, V.tobytes())
        if key not in self._read:
            self._read[key] = self._body.read(kernel, x, "ZML", V)
        r = self._read[key]
        return Reading(r.Z.copy(), r.M.copy(), r.L.copy(), r.log)
