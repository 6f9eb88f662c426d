"""Verdicts: what came of a check, how numbers are judged, and the files verdicts are kept in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from meanfield.tools import files, inputs, settings
from meanfield.tools.versions import versions

Number: TypeAlias = int | float
Limits: TypeAlias = Mapping[str, tuple[float | None, float | None]]

_SUFFIX = ".verdict.json"
_LATER = {"seed", "version", "date"}
"""Fields that verdicts of before did not have."""


# --- verdicts ----------------------------------------------------------------------------------------------


class Outcome(Enum):
    """What came of a check, as a sentence."""

    PASS = "Every number lies within its limits."
    FAIL = "A number lies outside its limits, or the check broke off."
    EVIDENCE = "Numbers for a question that a computation cannot settle; all lie within what the claim needs."
    INCONCLUSIVE = "The measurement is too coarse or too noisy to decide."
    NOT_APPLICABLE = "It cannot be decided here."


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of a check.  `id`, `tier`, `seconds`, `seed`, `version` and `date` are the runner's."""

    outcome: Outcome
    measured: Mapping[str, Number] = field(default_factory=dict)
    """Name -> number."""
    wanted: Mapping[str, str] = field(default_factory=dict)
    """Name -> what was wanted of it, such as ``<= 1e-9``."""
    message: str = ""
    pictures: tuple[str, ...] = ()
    """Names of files in the run's folder; None among those given is dropped."""
    id: str = ""
    tier: str = ""
    seconds: float = 0.0
    seed: int | None = None
    """Of the whole run: what `--seed` must be to repeat it; None if it was not a number."""
    version: str = ""
    """Of this project, numpy, scipy and Python."""
    date: str = ""
    """When it was finished, in UTC to the second, as "2026-03-01 12:00:00"."""

    def __post_init__(self) -> None:
        if not isinstance(self.outcome, Outcome):
            raise TypeError(f"outcome must be an Outcome; got {inputs.describe(self.outcome)}. Write Outcome.PASS.")
        if isinstance(self.pictures, str):
            raise TypeError(f"pictures must be several file names; got one string, {self.pictures!r}. Use a tuple.")
        pictures = tuple(str(name) for name in self.pictures if name is not None)
        for name in pictures:
            if Path(name).name != name:
                raise ValueError(f"pictures must be names of files in the run's folder, without folders; got {name!r}.")
        object.__setattr__(self, "measured", {str(k): _number(k, v) for k, v in self.measured.items()})
        object.__setattr__(self, "wanted", {str(k): str(v) for k, v in self.wanted.items()})
        object.__setattr__(self, "pictures", pictures)

    def to_json(self) -> str:
        """As JSON text, exactly: floats come back bit for bit, NaN and infinities too."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return settings.to_json(values | {"outcome": self.outcome.name, "pictures": list(self.pictures)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """What `to_json` wrote; ValueError if it is something else."""
        values = settings.from_json(text)
        names = {f.name for f in fields(cls)}
        strange = not isinstance(values, dict) or not names - _LATER <= set(values) <= names
        if strange or values["outcome"] not in Outcome.__members__:
            raise ValueError(f"this is no verdict; wanted the fields {sorted(names)} and an outcome of {_outcomes()}.")
        return cls(**values | {"outcome": Outcome[values["outcome"]], "pictures": tuple(values["pictures"])})


def made_with() -> str:
    """The versions of what judges here."""
    return ", ".join(f"{name} {number}" for name, number in versions("meanfield", "numpy", "scipy").items())


def now() -> str:
    """This moment as a verdict's `date`."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _outcomes() -> str:
    return ", ".join(Outcome.__members__)


def _number(name: Any, value: Any) -> Number:
    """A plain int or float; NaN and infinities pass (they are measured, and then fail)."""
    plain = value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value
    if isinstance(plain, bool):
        return int(plain)
    if not isinstance(plain, int | float):
        raise TypeError(f"measured[{name!r}] must be one real number; got {inputs.describe(value)}.")
    return plain


def judge(
    measured: Mapping[str, Any], limits: Limits, message: str = "", pictures: Iterable[str | None] = ()
) -> Verdict:
    """PASS if every limited number is finite and lies in its closed interval [low, high], else FAIL.

    Parameters
    ----------
    measured : mapping of name to number
        Numbers without a limit are reported and decide nothing.
    limits : mapping of name to (low, high)
        None stands for an open side.  At least one limit.
    message : str
        Said before what failed.
    pictures : names, as `Bench.figure` gives them

    Raises
    ------
    ValueError
        If there is no limit, a limit is not an interval, or it limits what was not measured.
    """
    return _held(Outcome.PASS, measured, limits, message, pictures)


def evidence(
    measured: Mapping[str, Any], limits: Limits, message: str = "", pictures: Iterable[str | None] = ()
) -> Verdict:
    """As `judge`, for a claim that no computation settles ("almost every", an open question): EVIDENCE, or FAIL.

    The limits are the bar below which the numbers speak against the claim.
    """
    return _held(Outcome.EVIDENCE, measured, limits, message, pictures)


def _held(
    good: Outcome, measured: Mapping[str, Any], limits: Limits, message: str, pictures: Iterable[str | None]
) -> Verdict:
    """`good` if every number lies within its limits, else FAIL."""
    if not limits:
        raise ValueError("limits must hold at least one limit; got none: without one nothing could fail.")
    numbers = {str(name): _number(name, value) for name, value in measured.items()}
    wanted, failed = {}, []
    for name, limit in limits.items():
        if name not in numbers:
            raise ValueError(f"limits names {name!r}, which was not measured; measured are {sorted(numbers)}.")
        low, high = _interval(name, limit)
        wanted[name] = _words(low, high)
        if not (math.isfinite(numbers[name]) and low <= numbers[name] <= high):
            failed.append(f"{name} is {text_of(numbers[name])}, wanted {wanted[name]}")
    said = " ".join(part for part in (message.strip(), "; ".join(failed) + "." if failed else "") if part)
    return Verdict(
        outcome=Outcome.FAIL if failed else good,
        measured=numbers,
        wanted=wanted,
        message=said,
        pictures=tuple(pictures),  # type: ignore[arg-type]
    )


def text_of(value: Number) -> str:
    """A number for people: integers as they are, floats to four digits."""
    return str(value) if isinstance(value, int) else re.sub(r"e([+-])0*(\d)", r"e\1\2", f"{value:.4g}")


def _interval(name: str, limit: Any) -> tuple[float, float]:
    try:
        low, high = limit
        low = -math.inf if low is None else float(low)
        high = math.inf if high is None else float(high)
    except (TypeError, ValueError):
        raise ValueError(f"limits[{name!r}] must be (low, high), None being open; got {limit!r}.") from None
    if not low <= high or (low, high) == (-math.inf, math.inf):
        raise ValueError(f"limits[{name!r}] must be an interval that something can lie outside of; got {limit!r}.")
    return low, high


def _words(low: float, high: float) -> str:
    if low == high:
        return f"= {_exact(low)}"
    if math.isinf(low):
        return f"<= {_exact(high)}"
    return f">= {_exact(low)}" if math.isinf(high) else f"in [{_exact(low)}, {_exact(high)}]"


def _exact(limit: float) -> str:
    """A limit as short as it can be said exactly: a rounded one would contradict the verdict."""
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", repr(limit)).replace("e+", "e").removesuffix(".0")


# --- files -------------------------------------------------------------------------------------------------


def save(folder: Path, verdict: Verdict) -> Path:
    """Write ``<id>.verdict.json`` into a folder, replacing an earlier one."""
    file = folder / f"{verdict.id}{_SUFFIX}"
    files.write_text(file, verdict.to_json() + "\n", overwrite=True)
    return file


def load(folder: files.PathLike) -> list[Verdict]:
    """The verdicts that earlier runs left in a folder, sorted by id; none if there is no such folder."""
    found = []
    for file in Path(folder).glob(f"*{_SUFFIX}"):
        try:
            found.append(Verdict.from_json(files.read_text(file)))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{file} cannot be read: {error} Remove it, and run the check again.") from error
    return sorted(found, key=lambda verdict: verdict.id)
