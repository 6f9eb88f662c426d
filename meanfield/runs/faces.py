"""The faces of a record, by the kind that its files have: each says so itself, where it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_faces: dict[str, type] = {}


def face(kind: str) -> Callable[[type[T]], type[T]]:
    """Class decorator: files of this kind hold such records, and are read as such.

    Defining the same class again (a notebook cell run twice) replaces it.
    """

    def enter(cls: type[T]) -> type[T]:
        other = _faces.get(kind)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"face: the kind {kind!r} belongs to {other.__module__}.{other.__qualname__}")
        _faces[kind] = cls
        cls.kind = kind  # type: ignore[attr-defined]
        return cls

    return enter


def faces() -> dict[str, type]:
    """The faces known by now (a copy)."""
    return dict(_faces)
