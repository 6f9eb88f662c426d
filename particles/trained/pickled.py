"""Tensors of a `pytorch_model.bin` without torch, and without resolving any class that the file names.

A pickle is a program that may call whatever it names.  Here three names mean something, each a thing of ours made for
this one file, and any other is refused by its name.  Two layouts: since 2020 a zip of `data.pkl` and a file for every
storage; before (legacy) five pickles, of which the fourth is the table and the fifth the order of the storages, whose
lengths and numbers follow.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import files

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
REBUILD, ORDERED, FLOATS = "torch._utils._rebuild_tensor_v2", "collections.OrderedDict", "torch.FloatStorage"
WIDTH = 4
"""Bytes of a float32."""


class _Table(dict[Any, Any]):
    """An ordered dictionary to which a file may tie notes, as torch does."""


class _Storage(NamedTuple):
    """A row of float32 numbers: by which key it stands in the file, and how many."""

    key: str
    size: int


class _Tensor(NamedTuple):
    """A part of a storage, seen as an array."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def _entries(self) -> int:
        return math.prod(list(self.shape))  # a list, because the types of prod take a tuple for one of truth values

    def of(self, name: str, numbers: Array) -> Array:
        """The array itself; refused if it reaches beyond its storage."""
        fits = len(self.shape) == len(self.strides) and min((self.offset, *self.shape, *self.strides), default=0) >= 0
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=False))
        if not fits or (self._entries() and last >= len(numbers)):
            raise ValueError(f"{name} of shape {self.shape} reaches beyond its {len(numbers)} numbers")
        begin, strides = numbers[self.offset :], [WIDTH * s for s in self.strides]
        if not self._entries():
            return np.zeros(self.shape, dtype=np.float32)
        return np.lib.stride_tricks.as_strided(begin, self.shape, strides, writeable=False).copy()


class _Named:
    """What a name of the file means: a function of ours to call, to which nothing can be tied."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name, self.call = name, call

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)


def _whole(*values: Any) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    sizes = isinstance(shape, tuple) and isinstance(strides, tuple) and _whole(offset, *shape, *strides)
    if not isinstance(storage, _Storage) or not sizes:
        raise ValueError(f"a tensor of {type(storage).__name__} with sizes {offset}, {shape}, {strides}")
    return _Tensor(storage, offset, shape, strides)


def _no_call(*_: Any) -> Any:
    raise ValueError(f"{FLOATS} is called, where it is to be named")


class _Reader(pickle.Unpickler):
    """Resolves three names, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name means, or a refusal."""
        whole = f"{module}.{name}"
        meanings: dict[str, Callable[..., Any]] = {REBUILD: _rebuild, ORDERED: _Table, FLOATS: _no_call}
        if whole not in meanings:
            raise ValueError(f"it names {whole}, and nothing but {', '.join(meanings)} is known here")
        return _Named(whole, meanings[whole])

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage by what the file says of it; where it was, on a processor or a card, does not matter."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or (len(pid) > 5 and pid[5] is not None):
            raise ValueError(f"it refers to {pid!r}, wanted ('storage', {FLOATS}, key, place, count)")
        _, kind, key, _, count = pid[:5]
        if not isinstance(kind, _Named) or kind.name != FLOATS or not isinstance(key, str) or not _whole(count):
            raise ValueError(f"it refers to a storage {key!r} of another kind than {FLOATS}")
        return _Storage(key, count)


def read(path: files.PathLike) -> dict[str, Array]:
    """float32 tensors by name.

    Raises
    ------
    StorageError
        If the file is of another kind, is cut short, or names anything but three known things: what it names.
    """
    with files.opened(path) as (stream, size):
        data = stream.read(size)
    try:
        return _zipped(data) if data[:2] == b"PK" else _legacy(data)
    except Exception as error:  # a damaged pickle raises anything at all
        raise files.StorageError(f"{path}: not read as a pytorch_model.bin: {error}.") from error


def _tensors(table: Any, numbers: Callable[[_Storage], Array]) -> dict[str, Array]:
    if not isinstance(table, dict) or not all(isinstance(name, str) for name in table):
        raise ValueError(f"it holds a {type(table).__name__}, wanted tensors by name")
    strange = [name for name, one in table.items() if not isinstance(one, _Tensor)]
    if strange:
        raise ValueError(f"{strange[0]} is no tensor")
    return {name: one.of(name, numbers(one.storage)) for name, one in table.items()}


def _legacy(data: bytes) -> dict[str, Array]:
    stream = io.BytesIO(data)
    magic, version, system = (_Reader(stream).load() for _ in range(3))
    if magic != MAGIC or version != VERSION:
        raise ValueError("it begins with another number than torch's, or is of another version")
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise ValueError("its numbers are big-endian")
    table, keys = _Reader(stream).load(), _Reader(stream).load()
    rows: dict[str, Array] = {}
    for key in keys:
        count = int.from_bytes(_taken(stream, 8), "little")
        rows[key] = np.frombuffer(_taken(stream, WIDTH * count), "<f4")
    return _tensors(table, lambda storage: _counted(rows[storage.key], storage))


def _taken(stream: io.BytesIO, count: int) -> bytes:
    found = stream.read(count) if count <= len(stream.getbuffer()) else b""
    if len(found) != count:
        raise ValueError(f"it is cut short: {count} bytes are wanted, and {len(found)} are left")
    return found


def _zipped(data: bytes) -> dict[str, Array]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise ValueError("it is compressed, which torch's files are not")
        tables = [name for name in sizes if name.endswith("/data.pkl") or name == "data.pkl"]
        if len(tables) != 1:
            raise ValueError(f"it holds {len(tables)} tables data.pkl, wanted one")
        root = tables[0].removesuffix("data.pkl")
        if sizes.get(f"{root}byteorder") and archive.read(f"{root}byteorder") != b"little":
            raise ValueError("its numbers are big-endian")
        table = _Reader(io.BytesIO(archive.read(tables[0]))).load()

        def numbers(storage: _Storage) -> Array:
            name = f"{root}data/{storage.key}"
            if sizes.get(name) != WIDTH * storage.size:
                raise ValueError(f"{name} has {sizes.get(name, 'no')} bytes, wanted {WIDTH * storage.size}")
            return _counted(np.frombuffer(archive.read(name), "<f4"), storage)

        return _tensors(table, numbers)


def _counted(row: Array, storage: _Storage) -> Array:
    if len(row) != storage.size:
        raise ValueError(f"the storage {storage.key} has {len(row)} numbers, wanted {storage.size}")
    return row
