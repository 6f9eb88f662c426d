"""The energy-dissipation inequality along a run, in either metric: equality singles out the metric's own flow.

A curve mu_t of velocity v_t descends F = -sign E no faster than its speed and F's slope allow,

    F(0) - F(t) <= (1/2) int_0^t (|mu'|^2 + |dF|^2) ds,   |mu'|^2 = int |v|^2 w d mu,   |dF|^2 = int |grad U|^2 / w d mu

with w = 1 (Wasserstein's metric) or w = Z (the weighted one, A 3.4.2).  The defect is (1/2) int int w |v - sign grad U
/ w|^2: zero of the gradient flow of that metric alone.  Velocities sign grad U and sign grad U / Z are gradients over w
in both metrics on the circle and about an axis, so that |mu'| is the least speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

import meanfield as mf
from meanfield.laws.gradient import GradientLaw
from meanfield.protocols import Law, Measure
from meanfield.steppers.dense import evaluate
from meanfield.tools import inputs

Metric: TypeAlias = Literal["wasserstein", "weighted"]
Array: TypeAlias = NDArray[Any]
GAUSS = 10
"""Nodes in every step."""


@dataclass(frozen=True)
class Inequality:
    """Both sides along a run.

    Attributes
    ----------
    t : ndarray (S,)
        Ends of the run's steps.
    gained : ndarray (S,)
        F(0) - F(t), what mergers jumped left out.
    spent : ndarray (S,)
        (1/2) int_0^t (speed^2 + slope^2) ds.
    """

    t: Array
    gained: Array
    spent: Array

    @property
    def defect(self) -> Array:
        """spent - gained, >= 0."""
        return self.spent - self.gained

    @property
    def share(self) -> float:
        """The defect at the run's end, over what was gained."""
        return float(self.defect[-1] / self.gained[-1])


def _weights(law: Law, mu: Measure, metric: str) -> tuple[Array, Array, Any]:
    """Velocity v, grad U (both in the measure's tangent components) and the weight w at the measure's own points."""
    inputs.choice("metric", metric, get_args(Metric))
    if not isinstance(law, GradientLaw) or not law.isotropic or not law.autonomous:
        raise ValueError(f"law: got {law}, wanted mf.SA or mf.USA without matrices and noise: the flow of one energy")
    v = np.array(law.velocity(0.0, None, mu))
    r = mu.read(law.kernel(), None, "ZM")
    size = np.exp(r.log + law.log_factor(mu.d))
    return v, r.M * size, r.Z * size if metric == "weighted" else 1.0


def _squares(law: Law, mu: Measure, metric: str) -> tuple[Array, Array]:
    mu = mu.summed
    v, up, w = _weights(law, mu, metric)
    speed, slope = (np.sum(mu.weights * np.sum(part, axis=-1), axis=-1) for part in (v * v * w, up * up / w))
    return speed, slope


def metric_slope(law: Law, mu: Measure, metric: Metric) -> float:
    """|dE| = (int |grad U|^2 / w d mu)^{1/2}: how steeply the law's E rises at mu in a metric, in the law's scale."""
    return float(np.sqrt(_squares(law, mu, metric)[1]))


def metric_speed(law: Law, mu: Measure, metric: Metric) -> float:
    """|mu'| = (int |X|^2 w d mu)^{1/2}: how fast the law moves mu in a metric; its slope, where it is the gradient."""
    return float(np.sqrt(_squares(law, mu, metric)[0]))


def energy_dissipation(sol: mf.Solution, metric: Metric) -> Inequality:
    """Both sides of the inequality along a density's run without noise, by Gauss's rule in each of its steps.

    Parameters
    ----------
    sol : Solution
        Of SA or USA, with its dense output.
    metric : {"wasserstein", "weighted"}

    Raises
    ------
    ValueError
        For a law of several energies, one with noise or matrices, an unknown metric, a run without dense output.
    """
    law: Any = sol.law
    if not sol.dense or sol.dense[-1].t1 < sol.end:
        raise ValueError("sol: this run kept no dense output to integrate over: solve a shorter one")
    nodes, weights = np.polynomial.legendre.leggauss(GAUSS)
    spent, gained, start = [0.0], [0.0], None
    for between, owner in zip(sol.dense, sol.dense_owners, strict=True):
        form, h = sol.segments[owner].form, between.t1 - between.t0
        speed, slope = _squares(law, form.measure(evaluate(between, between.t0 + 0.5 * h * (nodes + 1.0))), metric)
        spent.append(spent[-1] + 0.25 * h * float(weights @ (speed + slope)))
        ends = evaluate(between, np.array([between.t0, between.t1]))
        E = law.quantities(0.0, form.measure(ends).summed)["excess"]
        start = float(E[0]) if start is None else start
        gained.append(law.sign * (float(E[1]) - start - form.jump))
    t = np.array([sol.dense[0].t0, *(one.t1 for one in sol.dense)])
    return Inequality(t, np.array(gained), np.array(spent))
