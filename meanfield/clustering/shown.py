"""A merge tree and a tracking as a notebook shows them: small tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.tools import inputs, shown

FEW = 6
"""So many masses of a merger are told."""


def tree(one: Any) -> str:
    """The table of a merge tree."""
    return shown.table(f"{type(one).__name__}: {one.title or 'without a title'}", _lives(one))


def tracking(one: Any) -> str:
    """The table of a tracking: that of its tree, and how sure its numbers are."""
    unsure = int(np.sum(~one.sharp))
    facts = [("looked at", inputs.several(len(one.t), "time")), *_lives(one.tree)]
    facts += [("another number by half or twice the gap", f"at {inputs.several(unsure, 'time')}")] * bool(unsure)
    facts.append(("mass near its cluster's centre, at the end", f"{one.clustered[-1]:.6g}"))
    return shown.table(f"{type(one).__name__}: {one.tree.title}", facts)


def _lives(one: Any) -> list[tuple[str, Any]]:
    """What a tree tells in a few rows."""
    clock, counts = "log t" if one.log else "t", one.counts[1].tolist()
    splits = sum(branch.origin is not None for branch in one.branches)
    most = [f"{max(counts)} at most"] * (max(counts) > max(counts[0], counts[-1]))
    facts: list[tuple[str, Any]] = [
        ("span", f"{clock} = {one.begin:.6g} to {one.end:.6g}"),
        ("clusters", " -> ".join([str(counts[0]), *most, str(counts[-1])])),
        ("mergers", len(one.merges)),
        *[("splits", splits)] * bool(splits),
    ]
    if one.merges:
        last = one.merges[-1]
        masses = [f"{w:.6g}" for w in last.masses[:FEW]] + ["..."] * (len(last.masses) > FEW)
        facts.append(("last merger", f"{clock} = {last.t:.6g}, masses {' + '.join(masses)}"))
    longest = max(one.plateaus[:-1], key=lambda stretch: stretch.length, default=None)
    if longest is not None:
        many = f"{inputs.several(longest.clusters, 'cluster')}, {clock} = {longest.begin:.6g} to {longest.end:.6g}"
        facts.append(("longest stretch before the last", many))
    return [*facts, ("times", one.detail or "as given")]
