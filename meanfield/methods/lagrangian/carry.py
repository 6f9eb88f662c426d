"""The flow of a Lagrangian run in two dimensions: velocities on both sheets, panels halved, atoms made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.laws.base import constant_noise
from meanfield.methods import merging
from meanfield.methods.lagrangian import squares
from meanfield.methods.lagrangian.flow import SEEN, bandwidth
from meanfield.methods.lagrangian.panels import NEGLIGIBLE
from meanfield.methods.lagrangian.sheets import Laid, OnSheets
from meanfield.methods.lagrangian.squares import NODES, Sheet
from meanfield.protocols import Array, Change, Method, Status, Stop, said

SOON = 0.1
"""A panel is halved at a step's end once its tail comes this near to the tolerance."""
COARSER = 10.0
"""Times the tolerance of the fine sheet is that of the coarse one."""
SHARE = 0.6
"""Of the nodes permitted, those of the fine sheet."""


@dataclass(frozen=True, eq=False)
class Carrying(Method):
    """The method bound to a law, and to the panels of this moment.

    Attributes
    ----------
    law, form : Law, OnSheets
        What moves what.
    rtol : float
        Relative change of a velocity that making atoms may bring.
    tolerance : float
        Of the tail of a position times its panel's mass, on the fine sheet.
    merge_tol : float
        Images narrower than this become atoms.
    largest : int
        Most nodes, of both sheets together.
    """

    law: Any
    form: OnSheets
    rtol: float
    tolerance: float
    merge_tol: float
    largest: int

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities of all points, on each sheet by its own measure."""
        if said(self.law) is not True:
            constant_noise(self.law, self.form.space.d, t, 0.0)
        for laid, x, v in zip(self.form.laid, self.form.both(y), self.form.both(out), strict=True):
            v[...] = self._velocity(t, laid, x)
        return out

    def _velocity(self, t: float, laid: Laid, x: Array) -> Any:
        mu = laid.body(self.form.retract(x))
        v = self.law.velocity(t, None if self.law.isotropic else mu.x, mu)
        return mu.geometry.project(mu.points, v) if np.ndim(v) else v

    def retract(self, y: Array) -> Array:
        """Unit norms to rounding, by construction."""
        return self.form.retract(y)

    def tangent(self, y: Array, v: Array) -> Array:
        """P_y v."""
        return np.asarray(self.form.space.geometry.tangent(y, v))

    # --- panels -------------------------------------------------------------------------------------------

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Halve panels whose map has become rough, and make atoms of those that have become narrow."""
        if not np.isfinite(y).all():
            raise Stop(Status.NOT_FINITE, f"Positions stopped being finite at t = {t:.6g}.")
        rough = [self._rough(t, i, y) for i in (0, 1)]
        if self.form.full == np.inf and any((r > 1.0).any() for r in rough):
            method, x = self._halved(t0, y0, rough, 1.0)
            if method.form.full == np.inf:
                return Change(method, t0, x)
        method, x = self._halved(t, y, rough, SOON)
        gathered = method._gathered(t, x)
        if gathered is not None:
            method, x = gathered
        return None if method is self else Change(method, t, x)

    def _rough(self, t: float, which: int, y: Array) -> Array:
        """(L, 2) tails of a sheet's positions times masses, in units of its tolerance."""
        laid = self.form.laid[which]
        nodes = laid.parts(self.form.both(y)[which])[0]
        masses = np.abs(laid.masses[laid.sheet.live])[:, None]
        rough = squares.tails(nodes) * masses / (self.tolerance * (COARSER if which else 1.0))
        wide = (masses > NEGLIGIBLE) & (bandwidth(self.law, self.form.space, t) * squares.widths(nodes) > 2.0 * SEEN)
        return np.where(wide, np.maximum(rough, 1.0), rough)

    def _halved(self, t: float, y: Array, rough: list[Array], least: float) -> tuple[Carrying, Array]:
        """(method, y) with panels rougher than `least` halved by their own polynomials, as far as nodes are permitted.

        The roughest come first.  One that is rougher than the tolerance once there were too few nodes stays as it is:
        its nodes are carried rightly, and its polynomial would put others wrongly.
        """
        old, full = self.form, self.form.full
        sheets, state = [], []
        for laid, x, r, share in zip(old.laid, old.both(y), rough, (SHARE, 1.0 - SHARE), strict=True):
            which = (r > least) & ((r <= 1.0) | (full == np.inf))
            more = (np.where(which, 2, 1).prod(axis=-1) - 1) * NODES
            room = share * self.largest - laid.sheet.points
            order = np.argsort(-r.max(axis=-1), kind="stable")
            fits = np.empty(len(order), bool)
            fits[order] = np.cumsum(more[order]) <= room
            if not fits[more > 0].all():
                full = min(full, t)
                which &= fits[:, None]
            sheet, (nodes, atoms) = laid.sheet, laid.parts(x)
            for axis, mine in squares.each(which):
                mask = np.zeros(len(sheet.face), bool)
                mask[np.flatnonzero(sheet.live)[mine]] = True
                sheet, nodes = sheet.halved(mask, axis), squares.halved(nodes, mine, axis)
            sheets.append(sheet)
            state += [nodes.reshape(-1, y.shape[-1]), atoms]
        if sheets[0].points + sheets[1].points == len(y) and full == old.full:
            return self, y
        form = replace(old, fine=sheets[0], coarse=sheets[1], full=full)
        return replace(self, form=form), old.retract(np.concatenate(state))

    # --- atoms --------------------------------------------------------------------------------------------

    def _gathered(self, t: float, y: Array) -> tuple[Carrying, Array] | None:
        """(method, y) with narrow panels made atoms and near atoms made one, where the flow brings them closer.

        None if there are none.
        """
        old = self.form
        sheets, state = [old.fine, old.coarse], list(old.both(y))
        for i, laid in enumerate(old.laid):
            mu = laid.body(state[i])
            made = laid.sheet.count[1]
            if made and not (self.law.isotropic and said(self.law) is True):
                merging.held(self.law, t, mu, np.arange(mu.n - made, mu.n))
            labels = self._near(laid, state[i])
            labels = None if labels is None else merging.gathered(self.law, t, mu, labels)
            if labels is None:
                continue
            if said(self.law) is not True:  # merge_tol was measured before the run, and the law may be sharper by now
                merging.checked_now(self.law, old.space.d, self.merge_tol, self.rtol, t)
            sheets[i], state[i] = _merged(laid, state[i], labels)
        if sheets[0] is old.fine and sheets[1] is old.coarse:
            return None
        new, x = replace(old, fine=sheets[0], coarse=sheets[1]), np.concatenate(state)
        if sheets[0] is not old.fine:
            jump = merging.energy(self.law, t, new.measure(x)) - merging.energy(self.law, t, old.measure(y))
            new = replace(new, jump=old.jump + jump)
        return replace(self, form=new), x

    def _near(self, laid: Laid, x: Array) -> Array | None:
        """Labels (n,) of all points, equal where narrow panels and atoms are to be one; None if none are."""
        nodes, atoms = laid.parts(x)
        place = self.form.space.geometry
        flat = nodes.reshape(len(nodes), NODES, -1)
        centre = place.retract(flat.mean(axis=1))
        width = 2.0 * np.linalg.norm(flat - centre[:, None], axis=-1).max(axis=-1, initial=0.0)
        narrow = np.flatnonzero(width < self.merge_tol)
        items = np.concatenate([centre[narrow], atoms])
        groups = place.groups(items, self.merge_tol) if len(items) > 1 else None
        if groups is None:
            if not len(narrow):
                return None
            groups = np.arange(len(items))
        first = np.append(narrow * NODES, len(nodes) * NODES + np.arange(len(atoms)))
        lowest = np.full(groups.max() + 1, len(x))
        np.minimum.at(lowest, groups, first)
        leader = np.arange(len(x))
        for item, least in zip(first, lowest[groups], strict=True):
            leader[item : item + (NODES if item < len(nodes) * NODES else 1)] = least
        return np.asarray(np.unique(leader, return_inverse=True)[1].reshape(-1))


def _merged(laid: Laid, x: Array, labels: Array) -> tuple[Sheet, Array]:
    """The sheet and its positions, once points of equal label are one: panels that are all of one become atoms."""
    L = laid.sheet.count[0]
    own = labels[: L * NODES].reshape(L, NODES)
    narrow = (own == own[:, :1]).all(axis=1)
    several, atom = np.unique(np.append(own[narrow, 0], labels[L * NODES :]), return_inverse=True)
    cells = np.full(len(laid.sheet.face), -1)
    dead = ~laid.sheet.live
    cells[dead] = atom[narrow.sum() :][laid.sheet.atom[dead]]
    cells[np.flatnonzero(laid.sheet.live)[narrow]] = atom[: narrow.sum()]
    sheet = Sheet(laid.sheet.face, laid.sheet.mid, laid.sheet.half, cells)
    centres = laid.space.geometry.centres(x, laid.weights, labels)[0]
    return sheet, np.concatenate([x[: L * NODES][~np.repeat(narrow, NODES)], centres[several]])
