"""What config.json says of a model, checked: sizes, activation, eps.  Nothing is assumed that it does not say."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meanfield.tools import files
from meanfield.tools.shown import Shown
from particles.trained.families import FAMILIES, Family

ACTIVATIONS = {
    "gelu": "gelu", "gelu_new": "gelu_new", "gelu_pytorch_tanh": "gelu_new", "relu": "relu", "silu": "silu",
    "swish": "silu", "tanh": "tanh",
}  # fmt: skip
"""Their names in config.json, and ours; "gelu" is by the normal distribution, "gelu_new" by a tanh."""
LARGEST = 10**8
"""No size of a model is as large."""


@dataclass(frozen=True)
class Settings(Shown):
    """Sizes of a model, by its config.json.

    Attributes
    ----------
    family : str
        "bert" or "albert".
    depth : int
        How many layers tokens pass.
    d, heads, hidden : int
        Width of tokens, attention heads, width of the feed-forward layer.
    activation : str
        As `mf.FeedForward` calls it.
    eps : float
        What normalisation adds to the variance.
    vocabulary, positions, types, embedding : int
        Rows of the three embeddings, and their width.

    Examples
    --------
    >>> pt.trained.Settings("bert", 6, 384, 12, 1536, "gelu", 1e-12, 30522, 512, 2, 384).head
    32
    """

    family: str
    depth: int
    d: int
    heads: int
    hidden: int
    activation: str
    eps: float
    vocabulary: int
    positions: int
    types: int
    embedding: int

    @property
    def head(self) -> int:
        """d_h, the width of a head."""
        return self.d // self.heads


def read(folder: Path) -> tuple[Settings, Family, dict[str, Any]]:
    """Settings of the model in a folder, its family, and config.json whole.

    Raises
    ------
    FileNotFoundError, ValueError
        Without config.json; where it is no JSON, of another family, or lacks or contradicts what is needed: naming it.
    """
    path = folder / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; a model's folder holds config.json and its weights.")
    try:
        config = json.loads(files.read_text(path))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}.") from error
    if not isinstance(config, dict):
        raise ValueError(f"{path} holds a {type(config).__name__}, wanted settings by name.")
    family = _family(path, config)
    _refuse_others(path, config)
    sizes = {
        name: _size(path, config, name)
        for name in (
            "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size",
            "max_position_embeddings", "type_vocab_size", family.width,
        )
    }  # fmt: skip
    if family.width != "hidden_size":
        sizes |= {name: _size(path, config, name) for name in ("num_hidden_groups", "inner_group_num")}
    depth, d, heads = (sizes[name] for name in ("num_hidden_layers", "hidden_size", "num_attention_heads"))
    if d % heads:
        raise ValueError(f"{path}: hidden_size is {d}, no multiple of num_attention_heads, {heads}.")
    return (
        Settings(
            family.model_type, len(family.places(sizes)), d, heads, sizes["intermediate_size"],
            _activation(path, config), _eps(path, config), sizes["vocab_size"], sizes["max_position_embeddings"],
            sizes["type_vocab_size"], sizes[family.width],
        ),
        family,
        {**config, **sizes, "num_hidden_layers": depth},
    )  # fmt: skip


def _family(path: Path, config: Mapping[str, Any]) -> Family:
    name = config.get("model_type")
    if not isinstance(name, str) or name not in FAMILIES:
        raise ValueError(f"{path}: model_type is {name!r}, and known are {', '.join(map(repr, FAMILIES))}.")
    return FAMILIES[name]


def _refuse_others(path: Path, config: Mapping[str, Any]) -> None:
    """Variants of a known family that would be computed wrongly."""
    for name, wanted in (
        ("position_embedding_type", "absolute"), ("is_decoder", False), ("add_cross_attention", False),
    ):  # fmt: skip
        if config.get(name, wanted) != wanted:
            raise ValueError(f"{path}: {name} is {config[name]!r}, and known is {wanted!r}.")
    if config.get("pruned_heads"):
        raise ValueError(f"{path}: pruned_heads is {config['pruned_heads']!r}, and known are models with all heads.")


def _said(path: Path, config: Mapping[str, Any], name: str) -> Any:
    if name not in config:
        near = difflib.get_close_matches(name, list(config), n=1)
        raise ValueError(f"{path} does not say {name}{f' (it says {near[0]})' if near else ''}: nothing is assumed.")
    return config[name]


def _size(path: Path, config: Mapping[str, Any], name: str) -> int:
    value = _said(path, config, name)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise ValueError(f"{path}: {name} is {value!r}, wanted a whole number from 1 on.")
    return value


def _activation(path: Path, config: Mapping[str, Any]) -> str:
    name = _said(path, config, "hidden_act")
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"{path}: hidden_act is {name!r}, and known are {', '.join(map(repr, ACTIVATIONS))}.")
    return ACTIVATIONS[name]


def _eps(path: Path, config: Mapping[str, Any]) -> float:
    value = _said(path, config, "layer_norm_eps")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise ValueError(f"{path}: layer_norm_eps is {value!r}, wanted a number >= 0, such as 1e-12.")
    return float(value)
