"""The method: labels moved by minimising movements, finer where they or their density ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.distances.circle.labelled import labels, refined
from meanfield.methods.minimising.descended import Descended
from meanfield.methods.minimising.form import TOLD, InQuantiles
from meanfield.methods.minimising.movement import longest, moved
from meanfield.protocols import Array, Change, Method, Status, Stop
from meanfield.spaces.coefficients import tail

FINEST = 1e-7
"""Of the labels' displacement, and of the density, what may stand in the last sixteenth of the degrees."""
LARGEST = 4096
"""Nodes on which densities are told, at most."""


@dataclass(frozen=True, eq=False)
class Movements(Method):
    """The method bound to a law, and to its labels.

    Attributes
    ----------
    law : Law
        Whose flow it is.
    form : InQuantiles
        What states mean.
    energy : GradientLaw
        The part that climbs or descends.
    kappa : float
        Of the noise.
    metric : str
        "wasserstein", "weighted" or "frozen".
    largest : int
        Most labels.
    """

    law: Any
    form: InQuantiles
    energy: Any
    kappa: float
    metric: str
    largest: int
    _descended: Descended = field(init=False, repr=False)

    def __post_init__(self) -> None:
        law, w = self.energy, self.form.weights
        object.__setattr__(
            self, "_descended", Descended(w, law.kernel().beta, law.log_factor(2), law.sign, self.kappa)
        )

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities of the labels in the flow that is approximated."""
        q, F = self.form.angles(y), self._descended
        out[:] = 0.0
        out[: self.form.n] = F.speeds(q) / (1.0 if self.metric == "wasserstein" else F.weight(q))
        return out

    def moving(self, t: float, y: Array, v: Array) -> Array:
        """Those of the labels."""
        return v[..., : self.form.n]

    def proximal(self, t: float, y: Array, h: float) -> tuple[Array, int]:
        """The minimising movement of length h, and Newton's iterations; or the run's end, beyond convexity."""
        q0, F = self.form.angles(y), self._descended
        step = moved(F, q0, h, self.metric)
        if not step.found:
            told = longest(F, q0, self.metric)
            raise Stop(
                Status.NO_MINIMISER,
                f"At t = {t:.6g} a step of {h:.4g} has no minimiser near that keeps the labels' order: its objective "
                f"is convex there for steps below {told:.3g}. Take mf.MinimisingMovements(step={0.5 * told:.2g}).",
            )
        return np.append(step.q, [step.residual, step.distance, step.fell]), step.iterations

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """More labels, or a finer density, where the last degrees are in use; an end where there are too many."""
        form, q = self.form, self.form.angles(y)
        s = q - labels(form.n)
        c = np.abs(np.fft.rfft(s)) / form.n
        if c[15 * len(c) // 16 :].max() > FINEST:
            n = 2 * form.n - 1
            if n > self.largest:
                raise Stop(
                    Status.UNRESOLVED, f"At t = {t:.6g} the labels need more than the {self.largest} permitted."
                )
            form = replace(form, n=n)
            y = np.concatenate([refined(s, n) + labels(n), y[-len(TOLD) :]])
        rho = form.measure(y)
        if tail(rho.space, rho.coefficients) > FINEST:
            if form.space.size >= LARGEST:
                raise Stop(Status.UNRESOLVED, f"At t = {t:.6g} the density needs more than {LARGEST} nodes.")
            form = replace(form, space=form.space.resized(2 * form.space.size))
        return None if form is self.form else Change(replace(self, form=form), t, y)
