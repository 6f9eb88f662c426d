"""The door: a model from a folder of files, as it was published.  Nothing is fetched."""

from __future__ import annotations

from pathlib import Path

from meanfield.tools import files
from particles.trained import settings, weights
from particles.trained.model import Model


def load(folder: files.PathLike) -> Model:
    """A trained model from its folder: config.json with model.safetensors, or with pytorch_model.bin.

    Known are the families "bert" and "albert", with post-normalised layers.  Weights of float32 or float16 are held in
    float64; tensors of integers, and heads behind the last layer, are left out.  A pytorch_model.bin (both layouts) is
    read without torch, and no class that it names is resolved.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError
        Without a folder, config.json or weights.
    ValueError
        For another family or activation, settings that are missing or contradict the weights, names that are missing
        or unexpected, numbers that are not finite.
    StorageError
        For files that are cut short or of another kind, and a pickle that names anything unknown: what.
    MemoryError
        For a file larger than the memory.
    """
    place = Path(files.name_of(folder, "folder"))
    if not place.is_dir():
        what = "is a file" if place.exists() else "does not exist"
        raise FileNotFoundError(f"folder: {place} {what}; wanted a folder with config.json and a model's weights.")
    sizes, family, config = settings.read(place)
    embedding, layers = weights.read(place, sizes, family, config)
    return Model(sizes, "trained", embedding, tuple(layers), place)
