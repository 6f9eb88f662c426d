"""A record as a notebook shows it: a small table of what was run, how it ended and what it cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.runs.dataset import ENERGIES
from meanfield.tools import shown


def html(record: Any) -> str:
    """The table of a record.  Energies are told at the first and last saved time: no more is computed for it."""
    counters, (clock, begin, end) = record.counters, record.told_span
    moved = " -> ".join(dict.fromkeys(segment.method for segment in record.segments))
    unknowns = [segment.unknowns for segment in record.segments]
    facts = [
        ("law", record.law),
        ("moved by", shown.short(record.scheme)),
        ("method", moved),
        ("unknowns", f"{unknowns[0]} -> {unknowns[-1]}" if len(unknowns) > 1 else unknowns[0]),
        ("span", f"{clock} = {begin:.6g} to {end:.6g}, {len(record.t)} saved times"),
        ("status", f"{'success' if record.success else 'ended early'}: {record.status.value} {record.detail}".strip()),
        ("steps", f"{counters.steps}, and {counters.rejections} rejected; {counters.evaluations} evaluations"),
    ]
    return shown.table(f"{type(record).__name__}: {record.title}", facts + _energies(record))


def _energies(record: Any) -> list[tuple[str, str]]:
    """Each energy that is known, from the first saved time to the last."""
    if record.silent or not len(record.t):
        return []
    try:
        ends = [record.tells(float(record.t[i]), record.measures[i]) for i in (0, -1)]
    except Exception:  # a law's own; a table says what it can, and whoever asks for the energy is told
        return []
    names = [name for name in ENERGIES if all(name in one for one in ends)]
    return [(name.replace("_", " "), " -> ".join(shown.span(np.asarray(one[name])) for one in ends)) for name in names]
