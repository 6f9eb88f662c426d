"""Finite volumes: fluxes through faces, upwind, and how long a step keeps what the method promises.

    d m_i / dt = F_{i-1} - F_i,   F_i = A_i u_i (rho at the face, from the side that u_i comes from),

with one velocity of the whole first variation, noise included: u = sign dU / (h w) - d(log D rho) D / h.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.methods.finite_volume.drift import Pull, means, parted, pull, steady, weight
from meanfield.methods.finite_volume.form import InVolumes
from meanfield.methods.finite_volume.limiters import LIMITERS
from meanfield.protocols import Array, Change, Method, Status, Stop
from meanfield.spaces.fields import Z_FLOOR

WITHIN = 1.0 - 1e-9
"""Of the longest step that keeps positivity: what rounding of the fluxes may add."""
REACH = 2.0
"""Cells that the largest velocity of the law may pass in a step: what bounds the error in time, of second order."""
SPREAD = 0.4
"""Of a cell's mass that noise may take in a step, were it all alone: 0.2 h^2 / D between equal cells."""
FAINT = 1e-20
"""Density below which its logarithm is taken to be that of this: nothing comes out of an empty cell."""
ALONE = 1e-6
"""Share of a cell's mass that its neighbours may hold where it holds a whole cluster."""
HEAVY = 1e-2
"""The least mass of a cluster that is told to be pinned."""
FLOORED_MASS = 1e-12
"""More mass than this where Z is rounding, and the velocity there is not known."""


@dataclass(frozen=True, eq=False)
class Volumes(Method):
    """The method bound to a law, and to the cells.

    Attributes
    ----------
    law : Law
    form : InVolumes
        What the masses mean.
    cfl : float
        Share of the longest step that keeps positivity.
    limiter : str
        How the density is reconstructed in a cell.
    """

    law: Any
    form: InVolumes
    cfl: float
    limiter: str
    _parts: Any = field(init=False, repr=False)
    _pulls: Any = field(init=False, repr=False)
    _shaken: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cells = self.form.cells
        parts, shaking = parted(self.law, self.form.measure(cells.sigma))
        constant = steady(self.law)
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_pulls", [pull(part, 0.0, cells) for part in parts] if constant else None)
        object.__setattr__(self, "_shaken", bool(shaking) or not constant)

    # --- what moves -------------------------------------------------------------------------------------

    def _diffusivity(self, t: float, m: Array) -> Any:
        """D = s^2 / 2 in the cells: a number, or (n,)."""
        if not self._shaken:
            return 0.0
        s = np.asarray(self.law.noise(t, None, self.form.measure(m)))
        return 0.5 * np.square(s[..., 0] if s.ndim > 1 else s)

    def _fluxes(self, t: float, m: Array) -> tuple[Array, Array, Any, float]:
        """F (n,), A u (n,), D at the faces, and the longest step by which a descended energy falls."""
        cells = self.form.cells
        rho = m / cells.sigma
        Au, speeds, longest = np.zeros(cells.n), [], np.inf
        for one in self._told(t):
            U, Z = means(cells, m, one)
            w = weight(Z)
            rise = np.roll(U, -1)
            rise -= U
            rise *= one.size / cells.h
            rise /= w
            Au += rise
            speeds.append((one, w))
        D = self._diffusivity(t, m)
        if np.any(D):
            D = np.broadcast_to(D, cells.n)
            log = np.log(np.maximum(D * rho, FAINT))
            D = 0.5 * (D + np.roll(D, -1))
            Au -= D * (np.roll(log, -1) - log) / cells.h
        Au *= cells.faces
        slope = LIMITERS[self.limiter](rho, *self._differences(rho))
        slope *= 0.5
        up = np.where(Au >= 0.0, rho + slope, np.roll(rho - slope, -1))
        for one, w in speeds:
            if one.size < 0.0:  # a descended energy: (F, dU) must outweigh the square that the step adds
                longest = min(longest, _descent(one, cells.h * float(np.sum(cells.faces * up / w * (Au != 0.0)))))
        return Au * up, Au, D, longest

    def _differences(self, rho: Array) -> tuple[Array, Array]:
        """To the cell before, and to the cell after; beyond the ends of a line the density is its own mirror image."""
        b = np.roll(rho, -1) - rho
        if not self.form.cells.line.turn:
            b[-1] = 0.0
        return np.roll(b, 1), b

    def _told(self, t: float) -> list[Pull]:
        return self._pulls if self._pulls is not None else [pull(part, t, self.form.cells) for part in self._parts]

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """What comes into the cells less what goes."""
        F = self._fluxes(t, y)[0]
        np.subtract(np.roll(F, 1), F, out=out)
        return out

    def slope(self, t: float, y: Array, out: Array) -> float:
        """`rhs`, and the longest step that keeps positivity, order and monotony from here."""
        cells = self.form.cells
        F, Au, D, longest = self._fluxes(t, y)
        np.subtract(np.roll(F, 1), F, out=out)
        leaving = np.maximum(np.maximum(Au, 0.0), np.roll(np.maximum(-Au, 0.0), 1))
        rate = 2.0 * float((leaving / cells.sigma).max())
        limits = [longest]
        if rate > 0.0:
            limits.append(self.cfl * WITHIN / rate)
        if np.any(D):
            through = D * cells.faces
            limits.append(SPREAD * cells.h / float(((through + np.roll(through, 1)) / cells.sigma).max()))
        fastest = sum(one.fastest for one in self._told(t))
        return min([*limits, REACH * cells.h / fastest] if fastest > 0.0 else limits)

    # --- after a step -----------------------------------------------------------------------------------

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """A step that is not finite ends the run; one of another stepper that left a negative mass is halved."""
        if not np.isfinite(y).all():
            raise Stop(Status.NOT_FINITE, f"Masses stopped being finite at t = {t:.6g}.")
        if y.min() < 0.0:
            return Change(self, t0, y0, 0.5 * (t - t0))
        self._seen(t, y)
        if self.form.pinned <= t or not self._held(t, y):
            return None
        return Change(replace(self, form=replace(self.form, pinned=t)), t, y)

    def _seen(self, t: float, y: Array) -> None:
        """End a run whose normaliser is rounding where there is mass."""
        for one in self._told(t):
            if one.normalised:
                Z = self.form.cells.means(y, (one.Z,))[0]
                lost = float(y[Z_FLOOR * Z.max() >= Z].sum())
                if lost > FLOORED_MASS:
                    raise Stop(
                        Status.VANISHING_FIELD,
                        f"At t = {t:.6g} a mass of {lost:.1e} lies where Z is below {Z_FLOOR:.0e} of its maximum, so "
                        "that its velocity is rounding.",
                    )

    def _held(self, t: float, y: Array) -> bool:
        """Whether a cell holds a cluster alone, both its faces leading in."""
        beside = np.roll(y, 1) + np.roll(y, -1)
        alone = (y >= HEAVY) & (beside <= ALONE * y)
        if not alone.any():
            return False
        Au = self._fluxes(t, y)[1]
        return bool(np.any(alone & (Au <= 0.0) & (np.roll(Au, 1) >= 0.0)))


def _descent(one: Pull, R: float) -> float:
    """The longest step of Euler's with which a descended E falls: 2 over sup |d d' Phi| sum_f h A_f rho_f / w_f.

    sup |d d' Phi| is Phi'(1), the kernel's largest value, as Phi is positive definite.
    """
    return 2.0 / (one.most * R) if R > 0.0 else np.inf
