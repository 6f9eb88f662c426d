"""Settings of the Lagrangian method, and its first panels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.laws import suited
from meanfield.methods import merging
from meanfield.methods.lagrangian import panels, squares
from meanfield.methods.lagrangian.carry import Carrying
from meanfield.methods.lagrangian.flow import NARROWEST, SEEN, Flow, bandwidth, looked
from meanfield.methods.lagrangian.form import OnPanels
from meanfield.methods.lagrangian.lines import two
from meanfield.methods.lagrangian.panels import GAUSS, Pieces
from meanfield.methods.lagrangian.sheets import Laid, OnSheets
from meanfield.methods.lagrangian.squares import NODES, Sheet
from meanfield.protocols import Array, Law, Method, Scheme, Space
from meanfield.spaces.density import Density
from meanfield.steppers import dop853
from meanfield.tools import inputs
from meanfield.tools.settings import register

TAIL = 1e-12
FITTED = 1e-14
"""Tail of rho_0 and of the mass on the first panels, relative to the largest."""
SPREAD = 3.0
"""Tail of a position times its panel's mass, in two dimensions, in units of rtol."""
UNKNOWN, ROUNDED = 0.01, 3e-13
"""What the time stepping leaves unknown of a moment there, in units of rtol, and what the rounding of sums does."""
SMOOTH = 1e-9
"""Tail of the mass by label on the first panels, relative to the largest: Gauss's rule makes its square of it."""
FIRST = 8
"""Panels to begin with, before any is halved."""
MERGE_TOL = 1e-9
LARGEST = 100_000
DENSE = 4_000
"""Nodes at most unless told otherwise, and where they are summed pair by pair."""
TIGHTER = 0.1
"""Of the tolerances asked: errors of a position near a separating point grow as the map steepens."""


@register
@dataclass(frozen=True)
class Lagrangian(Scheme):
    """Settings of the Lagrangian method (circle, zonal spheres, S^2 and R; no diffusion).

    Parameters
    ----------
    merge_tol : float
        A panel whose image is narrower than this (radians) becomes an atom: its mass at its centre of mass.  The law's
        velocities change by the second power of it; more than rtol is refused.  On R there are no atoms: a panel may be
        as narrow as it likes.
    tail : float, optional
        Largest of the last Legendre coefficients of position and log J on a panel; by default 1e-12, but never below
        rtol / 100.  On S^2 of the position, times the panel's mass; by default 3 rtol.
    max_resolution : int
        Largest number of nodes (on R 4000 unless told otherwise).  On S^2 a run goes on with so many, and tells what
        its moments are off by.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> mf.solve(mf.SA(1.0), rho0, (0.0, 0.5), method=mf.Lagrangian(max_resolution=4000)).success
    True
    """

    equations = ("A (3.4)", "A (3.10)")
    merge_tol: float = MERGE_TOL
    tail: float | None = None
    max_resolution: int = LARGEST

    def __post_init__(self) -> None:
        object.__setattr__(self, "merge_tol", inputs.angle("merge_tol", self.merge_tol, above=0.0))
        inputs.integer("max_resolution", self.max_resolution, low=1)
        if self.tail is not None:
            inputs.number("tail", self.tail, above=0.0)

    def bind(self, law: Law, mu: Any, rtol: float, atol: float) -> tuple[Method, Array]:
        """The method for this law, and its first state: panels fitted to it."""
        self.check(law, mu.space, rtol)
        return self._spread(law, mu, rtol) if mu.space.line is None else self._on_line(law, mu, rtol)

    def _on_line(self, law: Law, mu: Density, rtol: float) -> tuple[Flow, Array]:
        line = mu.space.line
        mu = mu.resized(max(mu.space.size, line.shown))
        low, high = line.bounds(mu.space)
        edges = np.linspace(low, high, FIRST + 1)
        mid, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        while True:
            form = self._on(law, mu, mid, half)
            # light panels too: near a pole of a high dimension hardly any mass is, and Z is what there is
            seen = looked(law, mu.space, 0.0, np.stack([mid - half, mid + half], axis=-1))
            rough = (seen > 2.0 * SEEN) | (_unfitted(form) & (half >= NARROWEST * line.size(mu.space)))
            if (needed := int(len(mid) + rough.sum()) * GAUSS) > self._most(mu.space):
                raise ValueError(self._too_few(law, needed))
            if not rough.any():
                break
            mid, half = panels.bisected(mid, half, rough)
        return self._flow(law, form, rtol), np.concatenate([form.labels.ravel(), np.zeros(form.labels.size)])

    def _on(self, law: Law, rho: Any, mid: Array, half: Array) -> OnPanels:
        """The density on these panels: by its own values if it keeps them, else by its series."""
        fresh, field = np.full(len(mid), -1), "harmonic" if law.isotropic and law.geometry == "sphere" else "direct"
        form = OnPanels(rho.space, np.array(rho.coefficients), mid, half, fresh, field=field, doubt=rho.doubt)
        if rho.given is None:
            return form
        return replace(form, given=Pieces(mid, half, rho.given(form.line.coordinates(form.labels))))

    def _spread(self, law: Law, mu: Density, rtol: float) -> tuple[Carrying, Array]:
        """In two dimensions: on both sheets."""
        sheet = Sheet.begun(mu.space.atlas.faces, mu.space.atlas.first)
        K = bandwidth(law, mu.space, 0.0)
        while True:
            laid = Laid(mu.space, np.array(mu.coefficients), sheet)
            if not (rough := unfitted(laid, K)).any():
                break
            if (needed := 2 * int(np.where(rough, 2, 1).prod(axis=-1).sum()) * NODES) > self.max_resolution:
                raise ValueError(self._too_few(law, needed))
            for axis, mine in squares.each(rough):
                sheet = sheet.halved(mine, axis)
        if (needed := 2 * sheet.points) > self.max_resolution:
            raise ValueError(self._too_few(law, needed))
        form = OnSheets(mu.space, laid.coefficients, sheet, sheet, UNKNOWN * rtol + ROUNDED)
        start = laid.rows.reshape(-1, mu.space.d)
        return self._carrying(law, form, rtol), np.concatenate([start, start])

    def _carrying(self, law: Law, form: OnSheets, rtol: float) -> Carrying:
        tolerance = SPREAD * rtol if self.tail is None else self.tail
        return Carrying(law, form, rtol, tolerance, self.merge_tol, self.max_resolution)

    def _too_few(self, law: Law, needed: int) -> str:
        return (
            f"max_resolution: got {self.max_resolution}, and the initial density under {law} needs {needed} nodes at "
            "least to begin with: allow more"
        )

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Method:
        """The method as it was when a run stopped."""
        return self._carrying(law, form, rtol) if form.space.line is None else self._flow(law, form, rtol)

    def _flow(self, law: Law, form: OnPanels, rtol: float) -> Flow:
        tol = self.merge_tol if law.geometry == "sphere" else 0.0
        return Flow(law, form, rtol, self._tolerance(rtol), tol, self._most(form.space))

    def _most(self, space: Space) -> int:
        """The largest number of nodes: where all pairs are summed, few, unless another is told."""
        dense = space.geometry.manifold != "sphere" and self.max_resolution == LARGEST
        return DENSE if dense else self.max_resolution

    def stepper(self, rtol: float, atol: float) -> Any:
        """DOP853; positions and log J are of size 1, so that a relative tolerance serves."""
        return dop853(max(TIGHTER * rtol, 1e-13), max(TIGHTER * rtol, atol), norm="max")

    def limited(self, max_resolution: int) -> Lagrangian:
        """The same with another largest number of nodes."""
        return replace(self, max_resolution=max_resolution)

    def followed(self, then: Scheme) -> Lagrangian:
        """Itself: it goes through what others hand over at."""
        return self

    def check(self, law: Law, space: Space, rtol: float) -> None:
        """Refuse what has no flow, no line, or a merge_tol that would be seen."""
        if space.line is None and space.atlas is None:
            raise ValueError(
                'method: "lagrangian" carries densities on spaces that name a line or an atlas of labels, the circle, '
                f'zonal spheres, S^2 and R, got {space}: use method="spectral"'
            )
        # a divergence is asked for where log J rides on the labels
        pair = None if space.line is None else two(space)
        suited.density(law, space, noise=False, flow=pair, atoms=True)
        if law.geometry == "sphere":
            merging.checked("merge_tol", law, space.d, self.merge_tol, rtol)

    def _tolerance(self, rtol: float) -> float:
        return max(TAIL, 1e-2 * rtol) if self.tail is None else self.tail


def unfitted(laid: Laid, K: int) -> Array:
    """(P, 2) along which labels a polynomial misses the mass, or the nodes a kernel of bandwidth K."""
    per_label = laid.spread / laid.sheet.half.prod(axis=-1)[:, None, None]
    missed = squares.tails(per_label[..., None] / np.abs(per_label).max()) > SMOOTH
    return np.asarray(missed | (K * squares.widths(laid.rows) > 2.0 * SEEN))


def _unfitted(form: OnPanels) -> Array:
    """(P,) panels on which a polynomial misses rho_0, or the mass there.

    Values are wanted relative to their own size, or to the mean, 1, where they are smaller; those of a series only
    relative to the largest, and where the coefficients hide them not at all.
    """
    size = np.abs(form.rho0).max(axis=-1)
    if form.given is not None:
        scale = np.maximum(size, 1.0)
    else:
        hidden = np.isnan(form.initial(form.labels.ravel())).reshape(form.labels.shape).any(axis=-1)
        scale = np.where(hidden, np.inf, size[~hidden].max(initial=0.0))
    missed = panels.telling(form.rho0 / scale[:, None]) > FITTED
    mass = form.mass_density / form.half[:, None]
    return missed | (panels.telling(mass / np.abs(mass).max()) > FITTED)
