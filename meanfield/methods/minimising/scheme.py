"""Settings of minimising movements, and the flow that they approximate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from meanfield.distances.circle.labelled import labels
from meanfield.geometry import ANGLES
from meanfield.kernels import Exponential
from meanfield.laws import suited
from meanfield.laws.gradient import GradientLaw
from meanfield.laws.together import still
from meanfield.measures.points import Points
from meanfield.methods.minimising.form import TOLD, InQuantiles
from meanfield.methods.minimising.movements import Movements
from meanfield.protocols import Array, Law, Scheme, Space, Stepper, said
from meanfield.steppers.proximal import Proximal
from meanfield.tools import inputs
from meanfield.tools.settings import register

Metric: TypeAlias = Literal["wasserstein", "weighted"]
METRICS: tuple[Metric, ...] = get_args(Metric)
WEIGHTS: dict[Metric, str] = {"wasserstein": "1", "weighted": "Z"}
FEWEST, FIRST, MOST = 17, 65, 513
STEP = 0.01
FAINT = 1e-12
"""Density, over its largest value, below which labels have no mass to be moved by."""
PAIR = Points.trusted(np.array([0.0, 1.0]), np.array([0.5, 0.5]), ANGLES, "direct")
"""Two points, to ask which part of a law moves nothing."""


@register
@dataclass(frozen=True)
class MinimisingMovements(Scheme):
    """Minimising movements (JKO) on the circle: each step minimises d(mu_n, mu)^2 / (2 step) + kappa Ent(mu) - E(mu).

    (E with the law's sign and scale.)  Labels carry fixed masses; their angles are the unknowns.  d is W_2, and then
    the steps approximate the law that climbs E in Wasserstein's metric, USA; or W_{2,E} (A, 3.4.2), and then SA: of
    first order in the step, the objective never above its start.  A run's `law` is the one that is approximated: that
    of `metric`, whichever of the two was given.  ``sol.diagnostics`` tells of every step the residual of its
    optimality, its length, and what the objective fell by.

    Parameters
    ----------
    step : float
        tau > 0, by default 0.01.  One with no minimiser near that keeps the labels' order ends the run, and says which
        is short enough.
    metric : {"wasserstein", "weighted"}, optional
        None: the law's own.  In the weighted metric noise is refused: kappa Ent - E may rise along SA with noise.
    frozen : bool
        In the weighted metric: the weight of each step's start all along it, in the place of W_{2,E} itself.  Cheaper,
        of first order too, and not the minimising movement of that distance.
    labels : int
        How many to begin with, odd, at least 17; doubled where their Fourier series asks for it.
    max_resolution : int
        Most labels.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> sol = mf.solve(mf.SA(1.0), rho0, (0.0, 0.5), method=mf.MinimisingMovements(step=0.1))
    >>> str(sol.law), bool(np.all(np.diff(sol.energy) > 0.0)), bool(sol.diagnostics["residual"].max() < 1e-6)
    ('SA(beta=1)', True, True)
    """

    equations = ("A (3.15)",)
    step: float = STEP
    metric: Metric | None = None
    frozen: bool = False
    labels: int = FIRST
    max_resolution: int = MOST

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", inputs.number("step", self.step, above=0.0))
        if self.metric is not None:
            inputs.choice("metric", self.metric, METRICS)
        inputs.flag("frozen", self.frozen)
        if self.frozen and self.metric == "wasserstein":
            raise ValueError("frozen: Wasserstein's metric has no weight to freeze: leave it out")
        if inputs.integer("labels", self.labels, low=FEWEST) % 2 == 0:
            raise ValueError(f"labels: got {self.labels}, wanted an odd number, as {self.labels + 1}")
        inputs.integer("max_resolution", self.max_resolution, low=self.labels)

    def approximated(self, law: Law) -> Law:
        """The law of the same energy and noise that climbs in this metric."""
        _parted(law)
        if self.metric is None:
            return law
        weight = WEIGHTS[self.metric]
        terms = [one.weighed(weight) if isinstance(one, GradientLaw) else one for one in law.parts]
        return law if all(a is b for a, b in zip(terms, law.parts, strict=True)) else reduce(add, terms)

    def check(self, law: Law, space: Space, rtol: float) -> None:
        """Refuse a space that is no circle, a law of no one energy, and noise in the weighted metric."""
        if space.line is not ANGLES:
            raise ValueError(
                f'space: minimising movements are of densities on the circle, got {space}: leave method out'
            )
        suited.density(law, space)
        energy, shaken = _parted(law)
        if energy.normalised and shaken:
            raise ValueError(
                f"law: {law} has noise, and kappa Ent - E may rise along SA with noise: there is nothing to descend in "
                'the weighted metric. Leave diffusion out, or give metric="wasserstein", mf.USA'
            )

    def _bound(self, law: Law, form: Any) -> Movements:
        energy, _ = _parted(law)
        s = float(np.asarray(law.noise(0.0, None, PAIR)))
        metric = "wasserstein" if not energy.normalised else "frozen" if self.frozen else "weighted"
        return Movements(law, form, energy, 0.5 * s * s, metric, self.max_resolution)

    def bind(self, law: Law, mu: Any, rtol: float, atol: float) -> tuple[Movements, Array]:
        """The method for this law, and its first state: labels at equal steps."""
        self.check(law, mu.space, rtol)
        rho = mu.resized(max(mu.space.size, mu.space.line.shown))
        n = self.labels
        while n < int(2 * mu.space.degrees.max()) + 1 and n < self.max_resolution:
            n = 2 * n - 1
        values = rho.known(labels(max(n, 4 * rho.space.size)))
        if values.min() <= FAINT * values.max():
            raise ValueError(
                f"rho0: it falls to {values.min() / values.max():.1e} of its largest value, and labels need mass "
                "everywhere: add some, mf.mixture([rho0, mf.uniform(rho0.space)], [0.999, 0.001])"
            )
        form = InQuantiles(rho.space, np.array(rho.coefficients), min(n, self.max_resolution))
        return self._bound(law, form), np.concatenate([labels(form.n), np.zeros(len(TOLD))])

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Movements:
        """The method as it was when a run stopped."""
        return self._bound(law, form)

    def stepper(self, rtol: float, atol: float) -> Stepper:
        """Steps of this length; rtol and atol have no say."""
        return Proximal(self.step)

    def limited(self, max_resolution: int) -> MinimisingMovements:
        """The same with another largest number of labels."""
        return MinimisingMovements(self.step, self.metric, self.frozen, self.labels, max_resolution)


def _parted(law: Law) -> tuple[Any, bool]:
    """The one part that climbs or descends an energy, and whether there is noise; other laws are refused."""
    parts = law.parts
    climbing = [one for one in parts if isinstance(one, GradientLaw) and one.isotropic]
    rest = [one for one in parts if one not in climbing]
    known = len(climbing) == 1 and isinstance(climbing[0].kernel(), Exponential) and said(law) is True
    if not known or not all(still(one, 0.0, PAIR) for one in rest):
        raise ValueError(
            f"law: minimising movements descend one energy of pairs, and {law} is no flow of such: take mf.SA or "
            'mf.USA without matrices, with mf.Diffusion at most; or method="spectral"'
        )
    return climbing[0], bool(rest)
