"""Tensors of a file by their names: safetensors, which is a table in JSON and then bytes.

::

    8 bytes: the length of the table    the table: {name: {"dtype", "shape", "data_offsets"}}    the bytes, without gaps
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import files

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
"""Kinds of numbers that are read."""
INTEGERS = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Kinds that are no weights, and left out; their bytes."""
Entry: TypeAlias = tuple[str, str, tuple[int, ...], tuple[int, int]]
LONGEST = 100_000_000
"""Bytes of a table, at most: the format's own limit."""


def read(path: files.PathLike) -> dict[str, Array]:
    """Floating tensors by name, as they stand in a safetensors file.

    Raises
    ------
    StorageError
        If the file is no such file, is cut short or goes on, or holds numbers of a kind that is not known: what it is.
    """
    with files.opened(path) as (stream, size):
        data = stream.read(size)
    table, start = _table(path, data)
    spans = sorted(span for _, _, _, span in _entries(path, table))
    ends = [(0, 0), *spans, (len(data) - start,) * 2]
    if any(one[1] != two[0] for one, two in pairwise(ends)):
        there, wanted = len(data) - start, max([end for _, end in spans], default=0)
        what = "cut short" if there < wanted else "not one tensor after the other"
        raise files.StorageError(f"{path}: its table tells of {wanted} bytes, and {there} follow: it is {what}.")
    return {
        name: np.frombuffer(data, FLOATS[kind], math.prod(shape), start + span[0]).reshape(shape)
        for name, kind, shape, span in _entries(path, table)
        if kind in FLOATS
    }


def _table(path: files.PathLike, data: bytes) -> tuple[dict[str, Any], int]:
    """What the file says of itself, and where its numbers begin."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > LONGEST or 8 + length > len(data):
        raise files.StorageError(f"{path}: no safetensors file, or one cut short: its table has no {length} bytes.")
    try:
        table = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise files.StorageError(f"{path}: no safetensors file: its table is no JSON ({error}).") from error
    if not isinstance(table, dict):
        raise files.StorageError(f"{path}: no safetensors file: its table is a {type(table).__name__}.")
    table.pop("__metadata__", None)
    return table, 8 + length


def _entries(path: files.PathLike, table: dict[str, Any]) -> Iterator[Entry]:
    """Name, kind, shape and span of every tensor, which fit each other."""
    for name, entry in table.items():
        try:
            kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        except (TypeError, KeyError, ValueError) as error:
            raise files.StorageError(f"{path}: {name} has no dtype, shape and data_offsets in its table.") from error
        numbers = (*shape, begin, end)
        if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in numbers):
            raise files.StorageError(f"{path}: {name} has sizes that are no numbers >= 0: {entry}.")
        if not isinstance(kind, str) or kind not in {*FLOATS, *INTEGERS}:
            raise files.StorageError(
                f"{path}: {name} holds numbers of kind {kind!r}, wanted {', '.join(FLOATS)}: save it as float32"
            )
        width = INTEGERS[kind] if kind in INTEGERS else np.dtype(FLOATS[kind]).itemsize
        if end - begin != width * math.prod(shape):
            raise files.StorageError(f"{path}: {name} of kind {kind} and shape {shape} has {end - begin} bytes.")
        yield name, kind, shape, (begin, end)
