"""Weighted points moved by a law: on spheres by rows, on the circle by angles, in R^d freely."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.geometry import unflagged
from meanfield.measures.points import Points
from meanfield.methods import merging, unbounded
from meanfield.methods.leading import Leaders
from meanfield.protocols import Array, Change, Form, Geometry, Law, Method, Status, Stop, said
from meanfield.sums.choose import BANDED
from meanfield.tools.settings import register, renamed

LOOKS = 15
"""Times within a step at which leaders are looked at; of a lead lost and won again in between a parabola tells."""


def of_0_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that say what a state of points means, as 0.1 wrote them, as today's."""
    return unflagged(renamed(labels="owners")(fields))


@register(older=of_0_1)
@dataclass(frozen=True, eq=False)
class OnPoints(Form):
    """What a state of positions means.

    Attributes
    ----------
    weights : ndarray
        Masses, broadcastable to (..., n).
    geometry : Geometry
        Where they live, and so the state's shape: (..., n) of angles, or (..., n, d) of rows.
    field : str
        Which sum answers.
    owners : ndarray of int (n,), optional
        Which point of the state every original point is part of; None: each is its own.
    turns : ndarray (..., n), optional
        Whole turns by which an original point's angle is ahead of that point's.
    merges : tuple of Merge
        The mergers that led from the stretch before to this one.
    leaders : Leaders, optional
        Who leads whom in this stretch, under a law that jumps where that changes; None: as the law says.
    """

    weights: Array
    geometry: Geometry
    field: str = "auto"
    owners: Array | None = None
    turns: Array | None = None
    merges: tuple[Any, ...] = ()
    leaders: Leaders | None = None
    name = "particles"

    def retract(self, y: Array) -> Array:
        """Rows back on the sphere; angles (unwrapped) and vectors of R^d are left as they are."""
        return self.geometry.retract(y)

    def measure(self, y: Array) -> Points:
        """The weighted points (leading axes: replicas, or several times at once)."""
        x = self.retract(y)
        shape = self.geometry.shape(x)
        weights = self.weights if self.weights.shape == shape else np.broadcast_to(self.weights, shape)
        return Points.trusted(x, weights, self.geometry, self.field)

    def unmerged(self, y: Array) -> Array:
        """The state by original points: those that have merged coincide (angles: but for whole turns)."""
        if self.owners is not None:
            y = np.take(y, self.owners, axis=-self.geometry.axes)
        return y if self.turns is None else self.geometry.turned(y, self.turns)

    def moved(self, law: Law, merge_tol: float | None, rtol: float) -> Tokens:
        """The method that moves a state of this kind."""
        return Tokens(law, self, merge_tol, rtol)

    def merged(self, law: Law, t: float, y: Array, labels: Array) -> tuple[OnPoints, Array]:
        """What the state means, and the state, once the points of equal label are one."""
        weights = np.broadcast_to(self.weights, len(labels))
        after = self.geometry.centres(y, weights, labels)
        owner = np.arange(len(labels)) if self.owners is None else self.owners
        turns = None
        if self.geometry.turn:
            ahead = np.round((self.unmerged(y) - after[0][labels[owner]]) / self.geometry.turn)
            turns = ahead if ahead.any() else None
        new = replace(self, weights=after[1], owners=labels[owner], turns=turns, merges=())
        jump = merging.energy(law, t, new.measure(after[0])) - merging.energy(law, t, self.measure(y))
        merges = merging.mergers(t, labels, weights, after, owner, jump)
        return replace(new, merges=tuple(merges)), after[0]


@dataclass(frozen=True, eq=False)
class Tokens(Method):
    """x_i' = P_{x_i} X[mu](x_i), mu = sum_i weights_i delta_{x_i}; noise sqrt(2 kappa) P_x dB if the law has any.

    With merge_tol, points that have come that close (geodesic distance; see `geometry.joining`), and which the flow
    brings closer still, become one after the step, of their joint mass at their centre of mass; rtol is what that may
    change, relatively.
    """

    equations = ("A (3.1)",)
    law: Any
    form: OnPoints
    merge_tol: float | None = None
    rtol: float = 0.0

    @property
    def noise_changes(self) -> bool:  # type: ignore[override]
        """Unless the law says that it does not change with time."""
        return said(self.law) is not True

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities, shaped as y; the law sees points on the sphere at every stage."""
        mu, leaders = self.form.measure(y), self.form.leaders
        if leaders is not None:
            v: Any = leaders.velocity(self.law, t, mu)
        else:
            v = self.law.velocity(t, None if self.law.isotropic else mu.x, mu)
        if np.ndim(v) == 0:
            out[...] = v
        else:
            out[...] = self.form.geometry.project(mu.points, v)
        return out

    def led(self, t: float, y: Array) -> Tokens:
        """These under a law that jumps, their leaders held from here on until others lead; else itself."""
        if not self.law.choosing:
            return self
        return replace(self, form=replace(self.form, leaders=Leaders.begun(self.law, t, self.form.measure(y))))

    @property
    def looks(self) -> int:  # type: ignore[override]
        """How often leaders are looked at within a step."""
        return 0 if self.form.leaders is None else LOOKS

    def events(self, t: float, y: Array) -> Array | None:
        """What is positive while the same tokens lead."""
        leaders = self.form.leaders
        return None if leaders is None else leaders.borders(self.law, t, self.form.measure(y))

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Other leaders, if they have changed; fewer points, if some have come close."""
        if self.form.leaders is not None:
            now = self.form.leaders.after(self.law, t, self.form.measure(y))
            return None if now is None else Change(replace(self, form=replace(self.form, leaders=now)), t, y)
        if self.form.geometry.manifold == "flat":
            unbounded.checked(self, t0, y0, t, y, "points of R^d")
        if self.merge_tol is None:
            return None
        mu = self.form.measure(y)
        if self.form.owners is not None:
            merging.held(self.law, t, mu, np.flatnonzero(np.bincount(self.form.owners, minlength=mu.n) > 1))
        labels = self.form.geometry.groups(y, self.merge_tol)
        labels = None if labels is None else merging.gathered(self.law, t, mu, labels)
        if labels is None:
            return None
        if self.noise_changes:  # merge_tol was measured before the run, and the law may be sharper by now
            merging.checked_now(self.law, self.form.geometry.d(y), self.merge_tol, self.rtol, t)
        form, x = self.form.merged(self.law, t, y, labels)
        return Change(replace(self, form=form), t, x)

    def retract(self, y: Array) -> Array:
        """Unit norms to rounding, by construction."""
        return self.form.retract(y)

    def tangent(self, y: Array, v: Array) -> Array:
        """P_y v."""
        return self.form.geometry.tangent(y, v)

    def pushed(self, t: float, y: Array, h: float) -> Array:
        """(x + h v) / |x + h v| for rows, v the law's velocity as it comes; angles turn as the rows do.

        By sums over pairs: harmonics know the tangent part of the attention alone.
        """
        if self.form.field in BANDED:
            raise ValueError(
                f'field: "{self.form.field}" knows the tangent part of the attention alone, and this method adds '
                'all of it: use field="direct", "differences", "compiled" or "auto"'
            )
        mu = replace(self.form, field="direct" if self.form.field == "auto" else self.form.field).measure(y)
        move = h * np.asarray(self.law.velocity(t, mu.x, mu))
        return self.form.geometry.moved(mu.points, move)

    def parts(self) -> tuple[Tokens, ...]:
        """The same tokens under each part of the law."""
        if self.law.choosing:
            raise ValueError(
                f'method: {self.law} jumps where another token comes to lead, which no splitting sees: use "dop853"'
            )
        return tuple(Tokens(part, self.form) for part in self.law.parts)

    @property
    def shared(self) -> bool:  # type: ignore[override]
        """As the law says."""
        return bool(self.law.common)

    def noise(self, t: float, y: Array) -> Any:
        """The law's noise that is every token's own, shaped to broadcast against y."""
        return self._strength(t, self._noises(t, y)[0], self.form.geometry.axes == 1)

    def common(self, t: float, y: Array) -> tuple[Any, ...]:
        """The strengths of the paths that all tokens share, shaped to broadcast against rows."""
        return tuple(self._strength(t, s, False) for s in self._noises(t, y)[1]) if self.shared else ()

    def alike(self, y: Array, s: Any, rng: Any) -> Array:
        """s P_y xi, one xi (d,) for each replica."""
        place = self.form.geometry
        shape = place.shape(y)
        xi = rng.standard_normal((*shape[:-1], 1, place.d(y)))
        return np.asarray(place.project(y, np.broadcast_to(s * xi, (*shape, place.d(y)))))

    def furthest(self, y: Array, v: Array, s: Any) -> tuple[float, str]:
        """Where noise is bent, the step of which Euler and Maruyama's loses all of the rate kappa (d - 1); where
        velocities are, a quarter turn."""
        place = self.form.geometry
        if place.manifold != "sphere":
            return math.inf, ""
        speed = float(np.abs(v).max() if place.axes == 1 else np.sqrt(np.square(v).sum(axis=-1).max()))
        most, d = (0.5 * math.pi / speed if speed > 0.0 else math.inf), place.d(y)
        strongest = 0.5 * max((float(np.square(one).max()) for one in s), default=0.0)
        if place.axes == 2 and strongest * (d + 2) * most > 1.0:
            why = f"noise of kappa = {strongest:.3g} on S^{d - 1} takes 1 / (kappa (d + 2))"
            return 1.0 / (strongest * (d + 2)), why
        return most, f"a drift of up to {speed:.3g} takes a quarter turn, pi / {2.0 * speed:.3g}"

    def _noises(self, t: float, y: Array) -> tuple[Any, tuple[Any, ...]]:
        mu = self.form.measure(y)
        return self.law.noises(t, None if self.law.isotropic else mu.x, mu)

    def _strength(self, t: float, s: Any, numbers: bool) -> Any:
        """One of them, or a refusal; (..., n) where the state is numbers."""
        if self.merge_tol is not None and np.any(s):
            raise Stop(
                Status.LAW_CHANGED,
                f"At t = {t:.6g} {self.law} has noise, which parts what has merged: leave merge_tol out.",
            )
        place = self.form.geometry
        if np.ndim(s) and np.shape(s)[-1] != 1 and place.manifold == "sphere":
            raise ValueError(
                f"noise: {self.law} gives shape {np.shape(s)}, a strength for every direction, which have no meaning "
                "on a sphere: give a number, or one for every token, of shape (..., n, 1)"
            )
        return s[..., 0] if np.ndim(s) and numbers else s
