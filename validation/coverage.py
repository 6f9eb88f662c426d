"""A check at many seeds: how often it passes, and how often its intervals hold what they are of.

A check whose verdict depends on random draws is right at any seed or it is not right; and an interval of 95 per cent
is one only if it holds the true value 95 times of a hundred.  Both can be counted::

    python -m validation coverage A12 A39 --seeds 200

A measured number ``x`` has an interval if the check measures ``x, low`` and ``x, high`` too.  What it should hold is
``x, true`` where the check knows it, and else the mean of ``x`` over the seeds, which knows it much better than any of
them.  Every number of every seed is written down.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.tools import files
from validation.registry import Registry
from validation.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Interval:
    """One interval of a check, over many seeds."""

    name: str
    true: float
    """What it should hold."""
    covered: float
    """Share of seeds at which it does."""
    mean: float
    """Of the number it is about; its distance from `true` is the estimate's bias."""
    spread: float
    """Standard deviation of the number over the seeds."""
    half: float
    """Mean half-width."""


@dataclass(frozen=True)
class Coverage:
    """What a check said at many seeds."""

    id: str
    tier: str
    verdicts: tuple[Verdict, ...]

    @property
    def seeds(self) -> int:
        """How many."""
        return len(self.verdicts)

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome -> how often."""
        return dict(Counter(verdict.outcome.name for verdict in self.verdicts))

    def share(self, *outcomes: Outcome) -> float:
        """Share of seeds with one of these outcomes."""
        return sum(verdict.outcome in outcomes for verdict in self.verdicts) / self.seeds

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """All intervals the check measures, over the seeds at which it did not break off."""
        told = [verdict.measured for verdict in self.verdicts if verdict.measured]
        names = [name for name in (told[0] if told else ()) if f"{name}, low" in told[0] and f"{name}, high" in told[0]]
        return tuple(_interval(name, told) for name in names)

    def lines(self) -> list[str]:
        """For people: what came of it, and a line for each interval."""
        counts = ", ".join(f"{count} {name.lower().replace('_', ' ')}" for name, count in sorted(self.outcomes.items()))
        out = [f"{self.id} ({self.tier}), {self.seeds} seeds: {counts}"]
        for i in self.intervals:
            found = f"{i.mean:.4g} +- {i.spread:.2g}, interval +-{i.half:.2g}"
            out.append(f"  {i.name}: holds {i.true:.4g} at {i.covered:.1%} of the seeds ({found})")
        return out

    def save(self, folder: Path) -> Path:
        """Write ``<id>.coverage.json``: the summary, and every number at every seed."""
        file = folder / f"{self.id}.coverage.json"
        names = {name: None for verdict in self.verdicts for name in verdict.measured}
        data = {
            "id": self.id,
            "tier": self.tier,
            "seeds": self.seeds,
            "outcomes": self.outcomes,
            "intervals": [vars(interval) for interval in self.intervals],
            "failures": [verdict.message for verdict in self.verdicts if verdict.outcome is Outcome.FAIL],
            "measured": {name: [verdict.measured.get(name) for verdict in self.verdicts] for name in names},
        }
        files.write_json(file, data, overwrite=True)
        return file


def coverage(registry: Registry, id: str, seeds: int = 200, tier: str = "quick", **options: Any) -> Coverage:
    """Carry out one check at many seeds; `options` are those of `Registry.at_seeds`, rng and executor."""
    return Coverage(id, tier, tuple(registry.at_seeds(id, seeds, tier, **options)))


def _interval(name: str, told: list[Any]) -> Interval:
    """One interval over what was measured at the seeds that measured it."""
    rows = [(row[name], row[f"{name}, low"], row[f"{name}, high"]) for row in told if f"{name}, low" in row]
    value, low, high = np.array(rows, dtype=float).T
    true = float(told[0].get(f"{name}, true", value.mean()))
    return Interval(
        name,
        true,
        covered=float(np.mean((low <= true) & (true <= high))),
        mean=float(value.mean()),
        spread=float(value.std()),
        half=float(np.mean(high - low)) / 2.0,
    )
