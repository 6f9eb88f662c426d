"""The flow of a Lagrangian run: velocities and divergence at the nodes, panels halved, atoms made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.laws.base import constant_noise
from meanfield.methods import merging, unbounded
from meanfield.methods.lagrangian import panels
from meanfield.methods.lagrangian.form import OnPanels
from meanfield.methods.lagrangian.lines import body, two
from meanfield.methods.lagrangian.panels import GAUSS, NEGLIGIBLE
from meanfield.protocols import Array, Bilinear, Change, Kernel, Law, Method, Reading, Space, Status, Stop, said

SOON = 0.2
"""A panel is halved at a step's end once its tail comes this near to the tolerance."""
NARROWEST = 1e-6
"""Half length below which a panel's roughness is noise, in units of the line's size."""
UNSEEN = 1e-2
"""Of rtol: so little mass may lie where no polynomial resolves the map."""
SHORT = 1e-7
"""Share of t below which steps near a blow-up are the last: every tenfold shorter one takes more panels."""
ROUNDING = 64.0 * float(np.finfo(float).eps)
"""Share of the velocities below which nobody knows whether two come closer."""
SEEN = 29.0
"""A panel's nodes resolve a kernel while its bandwidth K times half the image's width is below this: at K w / 2 Gauss's
rule misses 1e-13 of e^{beta (cos x - 1)} (its multipliers fall like e^{-k^2 / 2 beta} before K)."""


@dataclass(frozen=True, eq=False)
class Flow(Method):
    """The method bound to a law, and to the panels of this moment.

    Attributes
    ----------
    law, form : Law, OnPanels
        What moves what.
    rtol : float
        Relative change of a velocity that making atoms may bring.
    tolerance : float
        Of the tails.
    merge_tol : float
        Images narrower than this become atoms; 0: none do.
    largest : int
        Most nodes.
    """

    law: Any
    form: OnPanels
    rtol: float
    tolerance: float
    merge_tol: float
    largest: int

    @property
    def light(self) -> float:
        """Mass of panels that are not refined: on R, whose separating points are doubly exponentially thin, more."""
        return NEGLIGIBLE if self.law.geometry == "sphere" else max(NEGLIGIBLE, UNSEEN * self.rtol)

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities of all points, and the divergence at the nodes."""
        if said(self.law) is not True:
            constant_noise(self.law, self.form.space.d, t, 0.0)
        mu = _Once(self.form.body(y))
        at = None if self.law.isotropic else mu.x
        points, nodes = len(self.form.weights), self.form.count[0] * GAUSS
        # first, since what it reads may hold what the velocity does
        divergence = np.asarray(self.law.divergence(t, at, mu))
        out[points:] = divergence[..., :nodes] if divergence.ndim else divergence
        v = self.law.velocity(t, at, mu)
        out[:points] = self.form.line.project(mu.positions, v) if np.ndim(v) else v
        return out

    def moving(self, t: float, y: Array, v: Array) -> Array:
        """Velocities of the points: log J falls for ever where a cluster contracts."""
        return v[..., : len(self.form.weights)]

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Halve panels whose map has become rough, and make atoms of those that have become narrow."""
        if not np.isfinite(y).all():
            raise Stop(Status.NOT_FINITE, f"Positions stopped being finite at t = {t:.6g}.")
        old = self.form
        if self.law.geometry == "flat":
            unbounded.checked(self, t0, y0, t, y, "parts of the density", SHORT)
        s, _, log_j = old.parts(y)
        heavy = old.masses[old.live] > self.light
        size = old.line.extent(old.space, s)
        rough = np.maximum(panels.telling(s / size), panels.telling(log_j)) * heavy
        if np.any(rough > self.tolerance):
            return Change(*self._halved(t0, y0, rough > self.tolerance))
        width = panels.widths(s)
        if np.any((width <= 0.0) & heavy & (np.abs(width) > 1e-13 * size)):
            return Change(self, t0, y0, 0.5 * (t - t0))  # the flow keeps order; a step that does not was too long
        change = None
        wide = heavy & (looked(self.law, old.space, t, panels.ends(s)) > 2.0 * SEEN)
        soon = wide | (rough > SOON * self.tolerance)
        if soon.any():
            change = Change(*self._halved(t, y, soon))
        flow, y = (self, y) if change is None else (change.method, change.y)
        gathered = flow._gathered(t, y)
        return change if gathered is None else Change(gathered[0], t, gathered[1])

    def _halved(self, t: float, y: Array, which: Array) -> tuple[Flow, float, Array]:
        """(method, t, y) with the live panels `which` halved, by their own polynomials."""
        old = self.form
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
        return replace(self, form=new), t, np.concatenate(state)

    def _gathered(self, t: float, y: Array) -> tuple[Flow, Array] | None:
        """(method, y) with narrow panels made atoms and touching atoms made one, where the flow brings them closer.

        None if there are none.
        """
        old = self.form
        if self.merge_tol == 0.0:
            return None
        s, atoms, log_j = old.parts(y)
        self._held(t, y)
        narrow = panels.widths(s) < self.merge_tol
        if not narrow.any() and not _touching(old.atom, atoms, self.merge_tol, old.line).any():
            return None
        v, speed, _ = old.parts(self.rhs(t, y, np.empty_like(y)))
        unsure = ROUNDING * max(np.abs(v).max(initial=0.0), np.abs(speed).max(initial=0.0))
        narrow &= panels.widths(v) <= unsure
        if not narrow.any() and not _closing(old, atoms, speed, self.merge_tol, unsure):
            return None
        if said(self.law) is not True:  # merge_tol was measured before the run, and the law may be sharper by now
            merging.checked_now(self.law, old.space.d, self.merge_tol, self.rtol, t)
        cell = np.flatnonzero(old.live)[narrow]
        atom = old.atom.copy()
        atom[cell] = len(atoms) + np.arange(len(cell))
        mass = old.masses[cell]
        empty = np.abs(mass) < 1e-300

        def central(values: Array) -> Array:
            sums = np.sum(values[narrow] * panels.OMEGA * old.mass_density[cell], axis=-1)
            return np.where(empty, values[narrow].mean(axis=-1), sums / np.where(empty, 1.0, mass))

        at, speed = np.append(atoms, central(s)), np.append(speed, central(v))
        atom, at = _joined(atom, at, speed, np.append(old.atoms, mass), self.merge_tol, unsure, old.line)
        new = replace(old, atom=atom)
        state = np.concatenate([s[~narrow].ravel(), at, log_j[~narrow].ravel()])
        jump = merging.energy(self.law, t, new.measure(state)) - merging.energy(self.law, t, old.measure(y))
        return replace(self, form=replace(new, jump=old.jump + jump)), state

    def _held(self, t: float, y: Array) -> None:
        """End a run whose law would part atoms, by itself and among the others."""
        _, atoms, _ = self.form.parts(y)
        if not atoms.size or (self.law.isotropic and said(self.law) is True):
            return
        single = body(self.form.space, atoms[:, None], np.ones((len(atoms), 1)), "direct")
        parts: Any = True
        for mu, last in ((single, slice(None)), (self.form.body(y), slice(-len(atoms), None))):
            told = np.asarray(self.law.divergence(t, None if self.law.isotropic else mu.x, mu))
            parts = parts & (np.broadcast_to(told, mu.weights.shape).reshape(-1)[last] > 0.0)
        if np.any(parts):
            raise Stop(
                Status.LAW_CHANGED,
                f'At t = {t:.6g} {self.law} parts what has become atoms: use method="spectral", or end the run before.',
            )


def _pairs(atom: Array, line: Any) -> tuple[Array, Array]:
    """Neighbours in the label that are two atoms."""
    after = np.roll(atom, -1)
    pairs = (atom >= 0) & (after >= 0) & (atom != after)
    if not line.turn:
        pairs[-1] = False
    return atom[pairs], after[pairs]


def _touching(atom: Array, at: Array, tol: float, line: Any) -> Array:
    """(pairs,) whether two atoms, neighbours in the label, are nearer than tol."""
    one, other = _pairs(atom, line)
    return np.asarray(np.abs(line.apart(at[one], at[other])) < tol)


def _closing(form: OnPanels, at: Array, speed: Array, tol: float, unsure: float) -> bool:
    """Whether two that touch come closer still."""
    one, other = _pairs(form.atom, form.line)
    nearer = np.sign(form.line.apart(at[one], at[other])) * (speed[other] - speed[one]) <= unsure
    return bool(np.any(_touching(form.atom, at, tol, form.line) & nearer))


def _joined(
    atom: Array, at: Array, speed: Array, mass: Array, tol: float, unsure: float, line: Any
) -> tuple[Array, Array]:
    """Atoms renumbered in the order of their labels, neighbours nearer than tol that close in joined at their centre
    of mass."""
    live = np.flatnonzero(atom < 0)
    # on a closed line, begin behind a live panel, so that the cut goes through no atom
    order = np.roll(np.arange(len(atom)), -int(live[0]) if line.turn and len(live) else 0)
    out = np.full_like(atom, -1)
    where: list[float] = []
    masses: list[float] = []
    speeds: list[float] = []
    last = -1
    for cell in order:
        a = int(atom[cell])
        if a >= 0 and a != last:
            gap = line.apart(where[-1], at[a]) if last >= 0 else np.inf
            if abs(gap) < tol and np.sign(gap) * (speed[a] - speeds[-1]) <= unsure:
                masses[-1] += mass[a]
                share = mass[a] / masses[-1] if abs(masses[-1]) > 1e-300 else 0.5
                where[-1] += gap * share
                speeds[-1] += (speed[a] - speeds[-1]) * share
            else:
                where.append(float(at[a]))
                masses.append(float(mass[a]))
                speeds.append(float(speed[a]))
        out[cell] = len(where) - 1 if a >= 0 else -1
        last = a
    return out, np.array(where)


def bandwidth(law: Law, space: Space, t: float) -> int:
    """The largest bandwidth of the kernels that a law asks for: how finely it looks."""
    return max((int(kernel.bandwidth(space.d)) for kernel in kernels(law, space, t)), default=0)


def looked(law: Law, space: Space, t: float, ends: Array) -> Array:
    """(P,) radians that what the law's kernels see turns through across panels with these ends (P, 2)."""
    line: Any = space.line
    each = [line.looked(kernel, space, ends) for kernel in kernels(law, space, t)]
    return np.asarray(np.max(each, axis=0, initial=0.0)) if each else np.zeros(len(ends))


def kernels(law: Law, space: Space, t: float) -> set[Any]:
    """Those that a law asks for."""
    pair = _Once(two(space))
    law.velocity(t, None if law.isotropic else pair.x, pair)
    return pair.asked


def _named(V: Array | None) -> Any:
    """Values by what they are; the identity and none are the same."""
    if V is None or (V.shape[0] == V.shape[1] and np.array_equal(V, np.eye(len(V)))):
        return None
    return V.shape, V.tobytes()


class _Once:
    """A measure that is asked twice at every stage, for velocity and divergence, and sums once."""

    def __init__(self, body: Any, asked: set[Any] | None = None) -> None:
        self._body = body
        self._read: dict[Any, Reading] = {}
        self.asked: set[Any] = set() if asked is None else asked
        """The kernels it was asked for, itself or changed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def reweighed(self, g: Any) -> _Once:
        """The masses changed: another measure, which is asked more than once, too."""
        return _Once(self._body.reweighed(g), self.asked)

    def also(self, y: Any, a: Any, per_token: bool = True) -> Any:
        """What is added is asked beside it."""
        return replace(self._body.also(y, a, per_token), body=self)

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """A copy of one full answer, for the reader to overwrite."""
        self.asked.add(kernel)
        if x is not None and x is not self._body.x:
            return self._body.read(kernel, x, want, V)
        # a law whose kernel has no L says its divergence by other questions
        whole = "ZML" if isinstance(kernel, Bilinear) or "L" in want else "ZM"
        key = kernel, whole, x is None, _named(V)
        if key not in self._read:
            r = self._read[key] = self._body.read(kernel, x, whole, V)
            if V is not None and len(V) > V.shape[1] and whole == "ZML":
                d = V.shape[1]
                self._read.setdefault((*key[:3], _named(V[:d])), r._replace(M=r.M[..., :d]))
        r = self._read[key]
        return Reading(r.Z.copy(), r.M.copy(), None if r.L is None else r.L.copy(), r.log)
