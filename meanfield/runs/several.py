"""One of several that were moved together: its own record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.protocols import Array, Law

REPLICA = "replica"
"""The setting that says which member of several a run is."""


def one_of(run: Any, law: Law, index: tuple[int, ...]) -> Any:
    """The record of the member `index` of a run of several, under its law: as if it had been moved alone, by the steps
    that all of them took."""
    count = run.checkpoint["y"][..., 0].size
    checkpoint = run.checkpoint | {"y": run.checkpoint["y"][index]}
    before = checkpoint.get("before")
    if before is not None:
        checkpoint["before"] = replace(before, y=before.y[index])
    return replace(
        run,
        law=law,
        settings=run.settings | {REPLICA: index},
        states=tuple(y[index] for y in run.states),
        segments=tuple(replace(s, unknowns=s.unknowns // count) for s in run.segments),
        dense=tuple(replace(b, y0=b.y0[index], terms=b.terms[(slice(None), *index)]) for b in run.dense),
        integral=_last(run.integral, index),
        checkpoint=checkpoint,
        start=None if run.start is None else run.start[index],
    )


def _last(values: Array, index: tuple[Any, ...]) -> Array:
    """Of an array whose last axes are those of the members."""
    return np.asarray(values[(..., *index)]) if values.size else values
