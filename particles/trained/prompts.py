"""What a model is asked with: ids as they are, or a text that the model's own tokenizer cuts into ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.inputs.messages import describe, message
from particles.trained.settings import Settings

WANTED = "ids, as [101, 7592, 102], or a text"


def cut(prompt: Any, settings: Settings, folder: Path | None, tokenize: Any) -> tuple[list[Array], bool]:
    """The ids of every prompt, and whether one alone was given.

    Parameters
    ----------
    prompt : str, ids (n,), or a list of such
    settings : Settings
        Refuses what is not in the vocabulary, or longer than the positions.
    folder : Path or None
        Where tokenizer.json is.
    tokenize : callable or None
        Text to ids, in its place.
    """
    inputs.callable_or_none("tokenize", tokenize)
    alone = isinstance(prompt, str) or not _many(prompt)
    prompts = [prompt] if alone else list(prompt)
    if any(isinstance(one, str) for one in prompts):
        tokenize = tokenizer(folder) if tokenize is None else tokenize
    return [_checked(tokenize(_text(one)) if isinstance(one, str) else one, settings) for one in prompts], alone


def _many(prompt: Any) -> bool:
    """Whether these are several prompts: a list of texts or of lists, rows of an array."""
    if isinstance(prompt, bytes) or not isinstance(prompt, Iterable):
        raise TypeError(message("prompt", WANTED, describe(prompt), "Give one of these, or a list of them."))
    if isinstance(prompt, np.ndarray):
        return prompt.ndim > 1
    items = list(prompt)
    if not items:
        raise ValueError(message("prompt", f"{WANTED}, at least one token long", "nothing", "Give a word."))
    return any(isinstance(one, str) or np.ndim(one) for one in items)


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError(message("prompt", "a text with something in it", describe(text), "Give a word."))
    return text


def _checked(ids: Any, s: Settings) -> Array:
    """Ids (n,) that the model knows, no more than it has positions."""
    a = np.asarray(ids)
    if a.size == 0:
        raise ValueError(message("prompt", f"{WANTED}, at least one token long", "no token at all", "Give a word."))
    if a.dtype.kind not in "iu":
        raise TypeError(message("prompt", WANTED, f"elements of dtype {a.dtype}", "Ids are whole numbers."))
    if a.ndim != 1:
        raise ValueError(message("prompt", WANTED, f"an array of shape {a.shape}", "Give ids (n,), or a list of such."))
    if a.min() < 0 or a.max() >= s.vocabulary:
        strange = int(a.min() if a.min() < 0 else a.max())
        wanted = f"ids from 0 to {s.vocabulary - 1}, of this model's vocabulary"
        raise ValueError(message("prompt", wanted, f"the id {strange}", "Use the model's own tokenizer."))
    if len(a) > s.positions:
        wanted = f"{s.positions} tokens long at most, as many as the model has positions"
        raise ValueError(message("prompt", wanted, f"{len(a)} tokens", "Cut the text: cut ids lose their last one."))
    return a.astype(np.int64)


def tokenizer(folder: Path | None) -> Callable[[str], list[int]]:
    """Text to ids by the folder's tokenizer.json, with its marks at both ends, neither padded nor cut short.

    What the file says of padding and truncation is for batches of the service it came from: followed, pads are tokens.
    """
    path = None if folder is None else folder / "tokenizer.json"
    if path is None or not path.is_file():
        raise ValueError(
            message("prompt", "ids where the model has no tokenizer.json", "a text", "Or give tokenize=, text to ids.")
        )
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ImportError(
            "a text is cut by the package tokenizers, which is not installed: pip install tokenizers (the extra "
            '"trained"), or give ids, or tokenize='
        ) from error
    try:
        made = Tokenizer.from_file(str(path))
    except Exception as error:
        raise ValueError(f"{path} is not read as a tokenizer: {error}.") from error
    made.no_padding()
    made.no_truncation()
    return lambda text: list(made.encode(text).ids)


def padded(prompts: list[Array]) -> tuple[Array, Array | None]:
    """Ids (b, n) of the longest, and which of them are pads (None where there is none)."""
    lengths = np.array([len(ids) for ids in prompts])
    out = np.zeros((len(prompts), lengths.max()), dtype=np.int64)
    for row, ids in zip(out, prompts):
        row[: len(ids)] = ids
    unseen = np.arange(out.shape[1]) >= lengths[:, None]
    return out, unseen if unseen.any() else None
