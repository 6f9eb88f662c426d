"""What the loader knows of a family of models: names in a file and in config.json, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

EMBEDDING = ("words", "positions", "types", "gain", "shift")
"""What every family embeds with; "map" and "map0" beside these where the embedding has a width of its own."""
LAYER = (
    "Q", "Q0", "K", "K0", "V", "V0", "O", "O0", "gain", "shift", "U", "U0", "W", "W0", "gain2", "shift2",
)  # fmt: skip
"""What every layer holds: O sum_h P_h (V x + V0) + O0, normalised; then W sigma(U x + U0) + W0, normalised."""


class Family(NamedTuple):
    """Where the parts of a model stand in its file.

    Attributes
    ----------
    model_type : str
        What config.json calls it.
    prefix : str
        What names may begin with, and which is then dropped.
    ignored : tuple of str
        Beginnings of names (without the prefix) of parts behind the last layer.
    embedding : mapping
        Our name of a part -> the file's.
    layer : mapping
        The same within a layer, behind its place.
    places : function of config
        The place of every layer, in the order in which tokens pass them; a place that comes twice is one layer shared.
    width : str
        What config.json calls the width of the embedding.
    """

    model_type: str
    prefix: str
    ignored: tuple[str, ...]
    embedding: Mapping[str, str]
    layer: Mapping[str, str]
    places: Callable[[Mapping[str, Any]], list[str]]
    width: str


def dense(**places: str) -> dict[str, str]:
    """Weight and bias of dense layers by our name: Q="a.query" is Q: a.query.weight, Q0: a.query.bias."""
    pairs = ((name, place) for name, place in places.items())
    return {key: value for name, place in pairs for key, value in _both(name, f"{name}0", place)}


def norm(gain: str, shift: str, place: str) -> dict[str, str]:
    """The same of a normalisation's gain and shift."""
    return dict(_both(gain, shift, place))


def _both(weight: str, bias: str, place: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (weight, f"{place}.weight"), (bias, f"{place}.bias")
