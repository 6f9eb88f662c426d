"""How fast the energy changes along a run, and its integral over a step: by its formula, not by differences of E."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.polynomial import legendre

from meanfield.kernels import energy
from meanfield.protocols import Array, Between, Form, Law
from meanfield.steppers.dense import evaluate

GAUSS = 10
"""Gauss nodes per step for int dissipation dt: exact to degree 19, the dense output has 7."""
CHUNK = 1 << 21
"""Numbers of state that one vectorised question may hold at once."""


def integral(law: Law, form: Form, between: Between, inner: Array, steady: bool) -> Array:
    """The integrals of `rates` from the step's beginning to each inner time and to its end."""
    nodes, weights = legendre.leggauss(GAUSS)
    h = between.t1 - between.t0
    times = between.t0 + 0.5 * h * (nodes + 1.0)
    states = evaluate(between, times)
    values = np.concatenate([rates(law, form, *part, steady) for part in chunks(times, states, steady)])
    # Legendre coefficients of the integrand, integrated exactly
    k = np.arange(GAUSS)
    series = (2 * k + 1)[:, None] / 2.0 * legendre.legvander(nodes, GAUSS - 1).T * weights
    primitive = legendre.legint(np.tensordot(series, values, 1), lbnd=-1.0)
    x = np.append(2.0 * (inner - between.t0) / h - 1.0, 1.0)
    return 0.5 * h * np.moveaxis(legendre.legval(x, primitive), -1, 0)


def rates(law: Law, form: Form, t: float, states: Array, steady: bool) -> Array:
    """The dissipation at stacked states, (k, ...); where time matters with `driven`, nan if unknown, (k, 2, ...)."""
    found = law.quantities(t, energy.summed(form.measure(states)))
    dissipation = np.asarray(found["dissipation"])
    if steady:
        return dissipation
    return np.stack([dissipation, np.broadcast_to(found.get("driven", np.nan), dissipation.shape)], axis=1)


def chunks(times: Array, states: Any, steady: bool) -> Iterator[tuple[float, Array]]:
    """Stacked states, so many at a time that they stay within CHUNK numbers; one at a time if time matters."""
    size = max(1, CHUNK // max(1, states[0].size)) if steady else 1
    for first in range(0, len(states), size):
        yield float(times[first]), np.stack(states[first : first + size])
