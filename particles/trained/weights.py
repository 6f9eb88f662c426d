"""A model's weights: the embedding and its layers, in float64, checked against config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import files
from meanfield.tools.inputs.messages import first, place
from meanfield.tools.shown import Shown
from particles.trained import named, pickled
from particles.trained.families import Family
from particles.trained.settings import Settings

Part = TypeVar("Part", "Embedding", "Layer")

READERS = {"model.safetensors": named.read, "pytorch_model.bin": pickled.read}
"""Files of weights, the first that is there."""
FEW = 3
"""Names told of many."""


@dataclass(frozen=True, eq=False)
class Embedding(Shown):
    """Words, positions and types are added, normalised with gain and shift, and mapped to d where there is a map."""

    words: Array
    positions: Array
    types: Array
    gain: Array
    shift: Array
    map: Array | None = None
    map0: Array | None = None


@dataclass(frozen=True, eq=False)
class Layer(Shown):
    """x <- N(x + O sum_h P_h (V x + V0) + O0), then x <- N2(x + W sigma(U x + U0) + W0); N has gain and shift.

    Rows h d_h, ..., (h + 1) d_h - 1 of Q, K and V, and these columns of O, are those of head h.
    """

    Q: Array
    Q0: Array
    K: Array
    K0: Array
    V: Array
    V0: Array
    O: Array  # noqa: E741 - the papers' name
    O0: Array
    gain: Array
    shift: Array
    U: Array
    U0: Array
    W: Array
    W0: Array
    gain2: Array
    shift2: Array


def each(part: Part, f: Any) -> Part:
    """A part with f(name, array) in the place of its arrays."""
    arrays = {one.name: getattr(part, one.name) for one in fields(part)}
    return replace(part, **{name: f(name, a) for name, a in arrays.items() if a is not None})


def cast(part: Part, dtype: Any) -> Part:
    """A part in another precision; itself if it is in this one."""
    return part if part.gain.dtype == dtype else each(part, lambda _, a: a.astype(dtype))


def read(folder: Path, settings: Settings, family: Family, config: Mapping[str, Any]) -> tuple[Embedding, list[Layer]]:
    """Embedding and layers, one for every pass; layers that share their weights are one object.

    Raises
    ------
    FileNotFoundError, StorageError, ValueError
        For a missing or damaged file, missing or unexpected names, shapes against config.json, numbers not finite.
    """
    path = next((folder / name for name in READERS if (folder / name).exists()), None)
    if path is None:
        raise FileNotFoundError(f"{folder} holds no weights: wanted {' or '.join(READERS)} beside config.json.")
    found = READERS[path.name](path)
    places = family.places(config)
    if any(name.startswith(family.prefix) for name in found):
        found = {name.removeprefix(family.prefix): a for name, a in found.items()}
    found = {name: a for name, a in found.items() if not name.startswith(family.ignored)}
    wanted = dict(_wanted(family, settings, list(dict.fromkeys(places))))
    _agree(path, found, wanted)
    embedding = Embedding(**{ours: _plain(path, name, found[name]) for ours, name in family.embedding.items()})
    shared = {
        at: Layer(**{ours: _plain(path, at + name, found[at + name]) for ours, name in family.layer.items()})
        for at in dict.fromkeys(places)
    }
    return embedding, [shared[at] for at in places]


def _wanted(family: Family, s: Settings, places: list[str]) -> Any:
    """Names in the file, and their shapes."""
    rows = {"words": s.vocabulary, "positions": s.positions, "types": s.types}
    shapes: dict[str, tuple[int, ...]] = {name: (count, s.embedding) for name, count in rows.items()}
    shapes |= {"gain": (s.embedding,), "shift": (s.embedding,), "map": (s.d, s.embedding), "map0": (s.d,)}
    yield from ((name, shapes[ours]) for ours, name in family.embedding.items())
    shapes = {"U": (s.hidden, s.d), "U0": (s.hidden,), "W": (s.d, s.hidden)}
    for at in places:
        for ours, name in family.layer.items():
            yield at + name, shapes.get(ours, (s.d, s.d) if ours in ("Q", "K", "V", "O") else (s.d,))


def _agree(path: Path, found: Mapping[str, Array], wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse names and shapes that are not those of the model that config.json tells of."""
    for what, names in (
        ("lacks", [name for name in wanted if name not in found]),
        ("also holds", [name for name in found if name not in wanted]),
    ):
        if names:
            more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
            raise ValueError(f"{path} {what} {', '.join(names[:FEW])}{more}: it is not the model of config.json.")
    for name, shape in wanted.items():
        if found[name].shape != shape:
            raise ValueError(f"{path}: {name} has shape {found[name].shape}, and by config.json {shape}.")


def _plain(path: Path, name: str, a: Array) -> Array:
    """float64, finite and frozen."""
    bad = ~np.isfinite(a)
    if bad.any():
        at = first(bad)
        raise files.StorageError(
            f"{path}: {name} holds {int(bad.sum())} NaN or infinite of {a.size} numbers, the first at "
            f"{place(at)}: {a[at]}."
        )
    out = np.array(a, dtype=float)
    out.flags.writeable = False
    return out
