"""How fast the energy changes along a run, and its integral over a step: by its formula, not by differences of E."""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre

from meanfield.protocols import Array, Between, Form, Law
from meanfield.steppers.dense import evaluate

GAUSS = 10
"""Gauss nodes per piece for int dissipation dt: exact to degree 19, the dense output has 7."""
CHUNK = 1 << 21
"""Numbers of state that one vectorised question may hold at once."""
WANTED, SEEN = 1e-10, 1e-8
"""Under a law that changes with time a step is halved until its last Legendre coefficients are below the first, as a
share of the largest rate; where they stay above the second that is told."""
PIECES = 64
"""Of a step, at most: thirty halvings reach a kink to 1e-9 of the step."""
ROUNDING = 1e-14
"""Share of the energy itself below which nobody sees how well its rates are integrated."""

MISSED, LOOSE, MOST = 1e-8, 100.0, 1e-3
"""Share of the largest part by which the identity of `driven` may be missed in silence: this, or so many rtol, as the
trajectory is known to between its steps; and never more than the last."""


class _Piece(NamedTuple):
    """A part of a step: its Legendre series, what is missing from its integral at most, and the rates' size there."""

    begin: float
    end: float
    series: Array
    """(GAUSS, 2, ...)"""
    missing: Array
    size: Array


def integrals(record: Any) -> Array:
    """The integrals of the rates from a run's beginning to every saved time, (T, ...); as `integral` has them."""
    first = record.dissipation[:1]
    knots = [np.array([record.begin])]
    totals = [np.zeros(first.shape if record.autonomous else (1, 2, *first.shape[1:]))]
    for between, owner in zip(record.dense, record.dense_owners, strict=True):
        inner = record.t[(record.t > between.t0) & (record.t < between.t1)]
        knots.append(np.append(inner, between.t1))
        more = integral(record.law, record.segments[owner].form, between, inner, record.autonomous)
        totals.append(totals[-1][-1] + more)
    at, total = np.concatenate(knots), np.concatenate(totals)
    if len(record.integral_t):
        at, total = np.append(at, record.integral_t), np.concatenate([total, total[-1] + record.integral])
    where = np.searchsorted(at, record.t)
    if np.any(where >= len(at)) or np.any(at[where] != record.t):
        raise ValueError(
            "dissipated: this run kept no dense output to integrate over: let it keep it (for particles, "
            "t_eval=None or times inside the span, no land=True, and no noise)"
        )
    return np.asarray(total[where])


def integral(law: Law, form: Form, between: Between, inner: Array, steady: bool) -> Array:
    """The integral of the dissipation from the step's beginning to each inner time and to its end, (k, ...).

    Where time matters beside that of `driven`, nan if it is unknown, (k, 2, ...).

    Under a law that does not change with time the integrand is as smooth as the dense output, and the step one piece.
    beta(t) may be of any shape, and is multiplied by e^beta(t): the step is halved where its polynomial tells that it
    does not suffice, and a RuntimeWarning says where PIECES of them do not.
    """
    if steady:
        nodes, _ = legendre.leggauss(GAUSS)
        h = between.t1 - between.t0
        times = between.t0 + 0.5 * h * (nodes + 1.0)
        states = evaluate(between, times)
        parts = chunks(times, states, steady)
        values = np.concatenate([np.asarray(_asked(law, form, t, some)["dissipation"]) for t, some in parts])
        return _primitive(_series(values), between.t0, h, np.append(inner, between.t1))
    pieces = _resolved(law, form, between)
    told, total = [], np.zeros(pieces[0].series.shape[1:])
    for piece in pieces:
        at = np.append(inner[(inner >= piece.begin) & (inner < piece.end)], piece.end)
        more = total + _primitive(piece.series, piece.begin, piece.end - piece.begin, at)
        told.append(more[:-1])
        total = more[-1]
    return np.concatenate([*told, total[None]])


def _series(values: Array) -> Array:
    """Legendre coefficients of the polynomial that has these values at the Gauss nodes."""
    nodes, weights = legendre.leggauss(GAUSS)
    k = np.arange(GAUSS)
    series = (2 * k + 1)[:, None] / 2.0 * legendre.legvander(nodes, GAUSS - 1).T * weights
    return np.asarray(np.tensordot(series, values, 1))


def _primitive(series: Array, begin: float, h: float, times: Array) -> Array:
    """Its integral from `begin` to each time."""
    x = 2.0 * (times - begin) / h - 1.0
    x[-1] = 1.0
    return np.asarray(0.5 * h * np.moveaxis(legendre.legval(x, legendre.legint(series, lbnd=-1.0)), -1, 0))


def _resolved(law: Law, form: Form, between: Between) -> list[_Piece]:
    """The step in as many pieces as its rates ask for, in their order."""
    first = _piece(law, form, between, between.t0, between.t1)
    size, missing = first.size, first.missing
    worst = [(-_share(missing, size), first.begin, first)]
    while (share := _share(missing, size)) > WANTED and len(worst) < PIECES:
        _, _, whole = heapq.heappop(worst)
        middle = 0.5 * (whole.begin + whole.end)
        missing = missing - whole.missing
        for ends in ((whole.begin, middle), (middle, whole.end)):
            part = _piece(law, form, between, *ends)
            size, missing = np.maximum(size, part.size), missing + part.missing
            heapq.heappush(worst, (-_share(part.missing, size), part.begin, part))
    if share > SEEN:
        warnings.warn(
            f"dissipated: from t = {between.t0:.6g} to {between.t1:.6g} the rates of {law} are integrated to "
            f"{share:.1g} of themselves only: it changes faster than this step can tell. Take shorter steps (a "
            "smaller rtol=, or step=), and, where it is not smooth in time, solve stretch by stretch",
            RuntimeWarning,
            stacklevel=2,
        )
    return [piece for _, _, piece in sorted(worst, key=lambda held: held[1])]


def _share(missing: Array, size: Array) -> float:
    """The largest part of what there is that is missing, over replicas."""
    return float(np.max(np.divide(missing, size, out=np.zeros(np.shape(missing)), where=size > 0.0)))


def _piece(law: Law, form: Form, between: Between, begin: float, end: float) -> _Piece:
    """The rates from `begin` to `end`, and how far their polynomial is from them."""
    times = begin + 0.5 * (end - begin) * (legendre.leggauss(GAUSS)[0] + 1.0)
    values, sizes = [], []
    for t, state in zip(times.tolist(), evaluate(between, times), strict=True):
        found = _asked(law, form, t, state[None])
        dissipation = np.asarray(found["dissipation"])
        values.append(np.stack([dissipation, np.broadcast_to(found.get("driven", np.nan), dissipation.shape)], axis=1))
        sizes.append(np.abs(np.asarray(found.get("excess", found.get("energy", 0.0)))))
    every = np.concatenate(values)
    series = _series(every)
    known = np.nan_to_num(np.abs(every), posinf=0.0)  # what is not known is told as nan, by any number of pieces
    last = np.nan_to_num(np.abs(series[-2:]), posinf=0.0)
    step = between.t1 - between.t0
    size = step * known.max(axis=(0, 1)) + ROUNDING / WANTED * np.max(sizes, axis=(0, 1))
    return _Piece(begin, end, series, np.asarray((end - begin) * last.max(axis=(0, 1))), np.asarray(size))


def _asked(law: Law, form: Form, t: float, states: Array) -> dict[str, Any]:
    """What the law tells of stacked states, (k, ...)."""
    return law.quantities(t, form.measure(states).summed)


def identity(law: Law, gained: Array, jumped: Array, dissipated: Array, driven: Array, rtol: float) -> str:
    """What to say where `gained` is not what the rates have brought, and mergers; empty where it is."""
    mergers = jumped.reshape(len(jumped), *([1] * (gained.ndim - 1)))
    missed = np.abs(gained - dissipated - driven - mergers).max(axis=0)
    size = np.max([np.abs(part).max(axis=0) for part in (gained, dissipated, driven)], axis=0)
    if not np.any(missed > min(max(MISSED, LOOSE * rtol), MOST) * size):
        return ""
    return (
        f"driven: gained is not dissipated + driven, but {missed.max():.2g} off: {law} jumps in time, which has no rate"
        " (solve stretch by stretch, and that is what the jumps add), or the steps are too long (a smaller rtol=, or "
        "step=)"
    )


def chunks(times: Array, states: Any, steady: bool) -> Iterator[tuple[float, Array]]:
    """Stacked states, so many at a time that they stay within CHUNK numbers; one at a time if time matters."""
    size = max(1, CHUNK // max(1, states[0].size)) if steady else 1
    for first in range(0, len(states), size):
        yield float(times[first]), np.stack(states[first : first + size])


def batches(record: Any) -> Iterator[tuple[Any, float, Array]]:
    """Saved states of one form together: (form, time, states)."""
    at = 0
    for owner, group in groupby(record.owners):
        end = at + len(list(group))
        for t, states in chunks(record.t[at:end], record.states[at:end], record.autonomous):
            yield record.segments[owner].form, t, states
        at = end
