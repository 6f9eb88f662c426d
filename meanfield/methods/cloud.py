"""Weighted points moved by a law: on spheres by rows, on the circle by angles, in R^d freely."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.measures.points import Points
from meanfield.methods import merging
from meanfield.protocols import Array, Change, Method, Reading
from meanfield.sums.scores import moderate, peak, refuse_unpaired
from meanfield.tools.settings import register, renamed

FEW = 64
"""Points up to which pairs of angles are summed by their differences."""
PAIRS = 1 << 18
"""And pairs at most, over all replicas."""


class FewAngles(Points):
    """A few points on the circle, which ask each other by sin(theta_j - theta_i): the pull on oneself is exactly 0.

    In sums of rows it is zero only up to rounding, 1e-16 e^beta, which is all there is where clusters far apart pull
    each other by e^{beta cos}.
    """

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law (see `protocols.Measure`)."""
        plain = V is None and self.sight is None and "L" not in want and kernel.isotropic
        if x is not None or not plain or self.field not in ("auto", "direct"):
            return super().read(kernel, x, want, V)
        weights = np.broadcast_to(self.weights, self.points.shape)
        theta = geometry.reduced(self.points)
        gap = theta[..., None, :] - theta[..., :, None]
        top = peak(kernel)
        if top is None:
            refuse_unpaired(kernel, 2)
            s = kernel.log(self.x, self.x)
        else:
            s = (-2.0 * top) * np.square(np.sin(0.5 * gap))
        if not moderate(weights):
            # the largest score may be that of a token without mass: log |w| belongs to it, as in `direct`
            with np.errstate(divide="ignore"):
                s = s + np.log(np.abs(weights))[..., None, :]
            weights = np.sign(weights)
        log = s.max(axis=-1, keepdims=True)
        log[np.isneginf(log)] = 0.0
        if top is not None:
            np.ceil(log, out=log)  # s(x, x) less a whole number keeps its digits
        e = weights[..., None, :] * np.exp(s - log)
        M = np.sum(e * np.sin(gap), axis=-1)[..., None] if "M" in want else None
        return Reading(e.sum(axis=-1, keepdims=True) if "Z" in want else None, M, None, log + (top or 0.0))


@register(older=renamed(labels="owners"))
@dataclass(frozen=True, eq=False)
class OnPoints:
    """What a state of positions means.

    Attributes
    ----------
    weights : ndarray
        Masses, broadcastable to (..., n).
    angles : bool
        State (..., n) of angles, not (..., n, d) of rows.
    field : str
        Which sum answers.
    flat : bool
        Rows in R^d, not on the sphere.
    owners : ndarray of int (n,), optional
        Which point of the state every original point is part of; None: each is its own.
    turns : ndarray (..., n), optional
        Whole turns by which an original point's angle is ahead of that point's.
    merges : tuple of Merge
        The mergers that led from the stretch before to this one.
    """

    weights: Array
    angles: bool
    field: str = "auto"
    flat: bool = False
    owners: Array | None = None
    turns: Array | None = None
    merges: tuple[Any, ...] = ()
    name = "particles"

    def retract(self, y: Array) -> Array:
        """Rows back on the sphere; angles are left as they are (unwrapped)."""
        return y if self.angles or self.flat else geometry.retract(y)

    def measure(self, y: Array) -> Points:
        """The weighted points (leading axes: replicas, or several times at once)."""
        x = self.retract(y)
        shape = x.shape if self.angles else x.shape[:-1]
        few = self.angles and shape[-1] <= FEW and x.size * shape[-1] <= PAIRS
        weights = self.weights if self.weights.shape == shape else np.broadcast_to(self.weights, shape)
        return (FewAngles if few else Points).trusted(x, weights, self.angles, self.field, self.flat)

    def unmerged(self, y: Array) -> Array:
        """The state by original points: those that have merged coincide (angles: but for whole turns)."""
        if self.owners is not None:
            y = np.take(y, self.owners, axis=-1 if self.angles else -2)
        return y if self.turns is None else geometry.turned(y, self.turns)

    def merged(self, law: Any, t: float, y: Array, labels: Array) -> tuple[OnPoints, Array]:
        """What the state means, and the state, once the points of equal label are one."""
        weights = np.broadcast_to(self.weights, len(labels))
        after = merging.centres(y, weights, labels, angles=self.angles, flat=self.flat)
        owner = np.arange(len(labels)) if self.owners is None else self.owners
        turns = None
        if self.angles:
            ahead = np.round((self.unmerged(y) - after[0][labels[owner]]) / (2.0 * np.pi))
            turns = ahead if ahead.any() else None
        new = replace(self, weights=after[1], owners=labels[owner], turns=turns, merges=())
        jump = merging.energy(law, new.measure(after[0])) - merging.energy(law, self.measure(y))
        merges = merging.mergers(t, labels, weights, after, owner, jump)
        return replace(new, merges=tuple(merges)), after[0]


@dataclass(frozen=True, eq=False)
class Cloud(Method):
    """x_i' = P_{x_i} X[mu](x_i), mu = sum_i weights_i delta_{x_i}; noise sqrt(2 kappa) P_x dB if the law has any.

    With merge_tol, points that have come that close (geodesic distance; see `merging.groups`) become one after the
    step, of their joint mass at their centre of mass.
    """

    law: Any
    form: OnPoints
    merge_tol: float | None = None

    def start(self, mu: Points) -> tuple[Cloud, Array]:
        """The points themselves."""
        return self, self.form.retract(np.array(mu.points, dtype=float))

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities, shaped as y; the law sees points on the sphere at every stage."""
        mu = self.form.measure(y)
        v = self.law.velocity(t, None if self.law.isotropic else mu.x, mu)
        if np.ndim(v) == 0:
            out[...] = v
        elif not self.form.angles:
            out[...] = v if self.form.flat else geometry.project(mu.x, v)
        elif v.shape[-1] == 1:
            out[...] = v[..., 0]
        else:
            out[...] = np.sum(v * geometry.quarter_turn(mu.x), axis=-1)
        return out

    def measure(self, t: float, y: Array) -> Points:
        """The weighted points."""
        return self.form.measure(y)

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Fewer points, if some have come close."""
        if self.merge_tol is None:
            return None
        labels = merging.groups(y, self.merge_tol, angles=self.form.angles, flat=self.form.flat)
        if labels is None:
            return None
        form, x = self.form.merged(self.law, t, y, labels)
        return Change(replace(self, form=form), t, x)

    def retract(self, y: Array) -> Array:
        """Unit norms to rounding, by construction."""
        return self.form.retract(y)

    def tangent(self, y: Array, v: Array) -> Array:
        """P_y v."""
        return v if self.form.angles or self.form.flat else geometry.project(y, v)

    def pushed(self, t: float, y: Array, h: float) -> Array:
        """(x + h v) / |x + h v| for rows, v the law's velocity as it comes; angles turn as the rows do.

        By sums over pairs: harmonics know the tangent part of the attention alone.
        """
        if self.form.field not in ("auto", "direct", "compiled"):
            raise ValueError(
                f'field: "{self.form.field}" knows the tangent part of the attention alone, and this method adds '
                'all of it: use field="direct", "compiled" or "auto"'
            )
        mu = replace(self.form, field="direct" if self.form.field == "auto" else self.form.field).measure(y)
        move = h * np.asarray(self.law.velocity(t, mu.x, mu))
        if not self.form.angles:
            return self.form.retract(mu.x + move)
        across = np.sum(move * geometry.quarter_turn(mu.x), axis=-1)
        return y + np.arctan2(across, 1.0 + np.sum(move * mu.x, axis=-1))

    def noise(self, t: float, y: Array) -> Any:
        """The law's noise, shaped to broadcast against y."""
        mu = self.form.measure(y)
        s = self.law.noise(t, None if self.law.isotropic else mu.x, mu)
        return s[..., 0] if np.ndim(s) and self.form.angles else s
