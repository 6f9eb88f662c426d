"""Named arrays and one text <-> a netCDF file: atomic, checksummed, readable by anyone.

The room knows no class of ours: a record, a checkpoint, a sweep's cell or a verdict hands over arrays and a text
(usually `settings.to_json` of what made them) under the name of a `kind`.  The file is netCDF-4, written by h5netcdf,
and never holds pickled objects, so that reading a stranger's file runs nothing.

Layout, format 1: one variable per array; the attributes ``format``, ``kind``, ``text``, ``checksum`` and the versions
of what wrote it.  Plain netCDF has no complex numbers and no bools: complex arrays are real ones with a last
dimension ``real_imag`` of length 2, bools are int8, float16 is float32; the variable's attribute ``numpy_dtype`` says
so.  (xarray, too, recognises the bools.)  The checksum is the SHA-256 of kind, text and every array's name, dtype,
shape and bytes.  After the end of the netCDF file, where its readers do not look, stands a seal: a CRC of all its
bytes, read first, because a single flipped bit in its inner tables can send the HDF5 library into an endless loop.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import files
from meanfield.tools.files import PathLike, StorageError
from meanfield.tools.versions import versions

FORMAT = 1
"""Version of the layout; raised when an older reader would misread a newer file."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_KEPT = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"}
_STORED_AS = {"bool": "int8", "float16": "float32", "complex64": "float32", "complex128": "float64"}
PAIR = "real_imag"
"""The last dimension of complex values: their real and imaginary parts."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
_REMEDY = "Take a copy from elsewhere, or run again."
_SEAL = b"meanfield crc32 "
_DAMAGE = {
    OSError, KeyError, IndexError, RuntimeError, TypeError, ValueError, AttributeError, OverflowError,
    UnicodeDecodeError, UnicodeEncodeError,
}  # fmt: skip
"""What HDF5 and the reading of what it answers say of damage: of these very types, not of ones derived from them."""


# --- writing -----------------------------------------------------------------------------------------------


def write(
    path: PathLike,
    arrays: Mapping[str, Any],
    text: str,
    *,
    kind: str,
    overwrite: bool = False,
    dims: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """Write arrays and a text to one netCDF file, atomically.

    Parameters
    ----------
    path : str or os.PathLike
        Where to; its folder must exist.
    arrays : mapping of str to array
        Bools, integers, floats (to 64 bits), complex numbers (to 128); any shape, scalars and empty arrays included.
        Names begin with a letter and go on with letters, digits, ``_``, ``.`` or ``-``.
    text : str
        Any text without NUL characters; usually JSON.
    kind : str
        What the file is, for `read` to check.
    overwrite : bool
        Replace an existing file.
    dims : mapping of str to tuple of str, optional
        Names of the dimensions of (some of) the arrays; equal names must have equal lengths.  Unnamed ones are
        called ``<array>_<axis>``.

    Raises
    ------
    FileExistsError, FileNotFoundError, IsADirectoryError, OSError
        As of `files.write`.
    MemoryError
        If there is no room for the file's image, which is made in memory first.
    TypeError, ValueError
        If an array, a name, the dimensions or the text cannot be stored.
    """
    files.target(path, overwrite)
    _check_text("kind", kind)
    _check_text("text", text)
    if not kind:
        raise ValueError("kind must not be empty.")
    clean = {name: _check_array(name, value) for name, value in arrays.items()}
    names, sizes = _check_dims(clean, dims or {})
    import h5netcdf  # type: ignore[import-untyped]  # noqa: F401 - named in the file with its version

    # this package is loaded whenever this room is; importing it here would turn the street around
    found = versions("meanfield", "numpy", "h5netcdf")
    attributes = {"format": FORMAT, "kind": kind, "text": text, "checksum": _checksum(kind, text, clean), **found}
    image = _image(clean, names, sizes, attributes)
    files.write(path, image, _seal(image), overwrite=overwrite)


def _image(
    arrays: dict[str, Array], names: dict[str, tuple[str, ...]], sizes: dict[str, int], attributes: dict[str, Any]
) -> bytes:
    """The netCDF file as bytes.

    HDF5's own memory and no Python object: what fails to grow when HDF5 calls it leaves a file half-closed, and the
    process does not survive its collection.
    """
    import h5netcdf
    import h5py

    numbers = sum(value.nbytes for value in arrays.values())
    bytearray(2 * numbers + 2**20)  # there is room for HDF5's image and its copy, or a plain MemoryError here
    with h5py.File("image", "w", driver="core", backing_store=False, track_order=True) as memory:
        with h5netcdf.File(memory, "w") as file:
            file.attrs.update(attributes)
            file.dimensions = sizes
            for key, value in arrays.items():
                _put(file, key, value, names[key])
        memory.flush()
        image: bytes = memory.id.get_file_image()
        return image


def _put(file: Any, name: str, value: Array, dims: tuple[str, ...]) -> None:
    stored = _encode(value)
    variable = file.create_variable(name, dims, stored.dtype)
    if stored.size:
        variable[...] = stored
    if stored.dtype != value.dtype:
        variable.attrs["numpy_dtype"] = value.dtype.name
        if value.dtype.kind == "b":
            variable.attrs["dtype"] = "bool"  # xarray's own convention


def _check_text(label: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{label} must be a str; got {type(value).__name__}.")
    if "\0" in value:
        raise ValueError(f"{label} must not contain NUL characters, at which netCDF would cut it off; escape them.")
    value.encode()  # half a surrogate pair: UnicodeEncodeError, a ValueError


def _check_array(name: Any, value: Any) -> Array:
    """`value` as a native, C-contiguous array of a dtype the file can hold."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"arrays: the name {name!r} must begin with a letter and hold letters, digits, '_', '.', '-'.")
    raw = np.asarray(value)
    if raw.dtype.name not in _KEPT and raw.dtype.name not in _STORED_AS:
        raise TypeError(
            f"arrays[{name!r}] must hold bools, integers, floats (to 64 bits) or complex numbers (to 128); got dtype "
            f"{raw.dtype}. Convert it, or put it in the text."
        )
    return np.asarray(raw, dtype=raw.dtype.newbyteorder("="), order="C")


def _check_dims(
    arrays: dict[str, Array], dims: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """Names of every stored array's dimensions, and the length of each."""
    strange = sorted(set(dims) - set(arrays))
    if strange:
        raise ValueError(f"dims names {strange}, which are not among the arrays {sorted(arrays)}.")
    names: dict[str, tuple[str, ...]] = {}
    sizes: dict[str, int] = {}
    for name, value in arrays.items():
        own = tuple(dims.get(name, (f"{name}_{axis}" for axis in range(value.ndim))))
        if len(own) != value.ndim or len(set(own)) != len(own):
            raise ValueError(f"dims[{name!r}] must name {value.ndim} different dimensions; got {own}.")
        for dim, size in zip(own, value.shape, strict=True):
            if not isinstance(dim, str) or not _NAME.fullmatch(dim) or dim == PAIR:
                raise ValueError(f"dims[{name!r}]: {dim!r} is no name for a dimension; use letters, digits, '_'.")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(
                    f"dims[{name!r}]: the dimension {dim!r} has length {size} here and {sizes[dim]} elsewhere; "
                    "give it another name."
                )
        if value.dtype.kind == "c":
            own, sizes[PAIR] = (*own, PAIR), 2
        names[name] = own
    return names, sizes


def _encode(value: Array) -> Array:
    stored = _STORED_AS.get(value.dtype.name, value.dtype.name)
    if value.dtype.kind == "c":
        return value.reshape(-1).view(stored).reshape(*value.shape, 2)
    return value.astype(stored, copy=False)


def _decode(stored: Array, original: str | None) -> Array:
    stored = np.asarray(stored, dtype=stored.dtype.newbyteorder("="))
    if original is None:
        return stored
    if _STORED_AS[original] != stored.dtype.name:
        raise ValueError(f"{stored.dtype} does not hold {original}")
    if original.startswith("complex"):
        return stored.reshape(-1).view(original).reshape(stored.shape[:-1])
    return stored.astype(original)


def _seal(image: Any) -> bytes:
    """The mark after the end of a netCDF file: a CRC-32 of its bytes."""
    return _SEAL + f"{zlib.crc32(image):08x}".encode()


def _checksum(kind: str, text: str, arrays: dict[str, Array]) -> str:
    """SHA-256 in hexadecimal, of parts preceded by their lengths, little-endian on every machine."""
    digest = hashlib.sha256()

    def add(data: Any, size: int) -> None:
        digest.update(f"{size}:".encode())
        digest.update(data)

    for word in (kind, text):
        add(word.encode(), len(word.encode()))
    for name in sorted(arrays):
        value = arrays[name]
        head = f"{name} {value.dtype.name} {value.shape}".encode()
        add(head, len(head))
        little = value.astype(value.dtype.newbyteorder("<"), copy=False)
        add(little.reshape(-1).view(np.uint8), little.nbytes)
    return digest.hexdigest()


# --- reading -----------------------------------------------------------------------------------------------


def read(path: PathLike, kind: str | None = None) -> tuple[dict[str, Array], str]:
    """The arrays and the text of a file written by `write`, verified.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    kind : str, optional
        The kind wanted; None accepts any.

    Returns
    -------
    arrays : dict of str to ndarray
        With the dtypes (in native byte order), shapes and bits that were written.
    text : str

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    StorageError
        If it is no regular file, not a netCDF-4 file, not ours, truncated or damaged, of another kind, or of a newer
        format.
    MemoryError
        If there is no room for it.
    """
    return read_any(path, None if kind is None else (kind,))[1:]


def read_any(path: PathLike, kinds: Collection[str] | None = None) -> tuple[str, dict[str, Array], str]:
    """The kind, the arrays and the text of a file of one of several kinds (None: any), from one look at it.

    Errors as of `read`.
    """
    import h5py

    name = files.name_of(path)
    data, sealed = _bytes(name)
    try:
        # By h5py: on a damaged file h5netcdf leaves a half-made object behind that complains once more when collected.
        with h5py.File(io.BytesIO(data), "r") as file:
            text, checksum, found = _header(name, _attributes(file), kinds)
            arrays = dict(_variables(file))
        whole = _checksum(found, text, arrays) == checksum
    except Exception as error:
        if sealed or type(error) not in _DAMAGE:  # under a whole seal nothing is damaged, whatever else is amiss
            raise
        raise StorageError(f"{name} is truncated or damaged: {error}. {_REMEDY}") from error
    if not whole:
        raise StorageError(f"{name} is damaged: its checksum does not match. {_REMEDY}")
    return found, arrays, text


def _bytes(name: str) -> tuple[bytes, bool]:
    """A file's bytes, and whether a seal vouches for them; refuses what is no HDF5 file, or has a broken seal.

    No seal is no fault: a netCDF tool that edits the file removes it; the checksum of the content remains.
    """
    with files.opened(name) as (stream, size):
        head = stream.read(len(_HDF5))
        if not head:
            raise StorageError(f"{name} is empty.")
        if head != _HDF5:
            raise StorageError(f"{name} is not a netCDF-4 file (its first bytes are {head!r}).")
        stream.seek(0)
        data = stream.read(size)
    end = max(len(data) - len(_SEAL) - 8, 0)
    sealed = data.startswith(_SEAL, end)
    if sealed and data[end:] != _seal(memoryview(data)[:end]):
        raise StorageError(f"{name} is damaged: its bytes have changed. {_REMEDY}")
    return data, sealed


def _attributes(node: Any) -> dict[str, Any]:
    """The attributes as netCDF means them: a number is an array of length 1."""
    found = {}
    for key, value in node.attrs.items():
        if isinstance(value, np.ndarray) and value.shape == (1,):
            value = value[0]
        found[str(key)] = value.decode() if isinstance(value, bytes) else value
    return found


def _variables(file: Any) -> Iterator[tuple[str, Array]]:
    """The arrays.  netCDF-4 marks a dataset that is a dimension's name only, and renames a variable in its way."""
    for key, node in file.items():
        attributes = _attributes(node)
        if not str(attributes.get("NAME", "")).startswith("This is a netCDF dimension but not a netCDF variable"):
            yield key.removeprefix("_nc4_non_coord_"), _decode(np.asarray(node[()]), attributes.get("numpy_dtype"))


def _header(name: str, attributes: dict[str, Any], kinds: Collection[str] | None) -> tuple[str, str, str]:
    """Text, checksum and kind, once format and kind have been accepted."""
    if not {"format", "kind", "text", "checksum", "meanfield"} <= set(attributes):
        raise StorageError(f"{name} is a netCDF-4 file, but not one of ours; open it with xarray.open_dataset.")
    form = int(attributes["format"])
    if form > FORMAT:
        raise StorageError(
            f"{name} has format {form}, written by meanfield {attributes['meanfield']}; this version reads formats up "
            f"to {FORMAT}. Upgrade meanfield."
        )
    found = str(attributes["kind"])
    if kinds is not None and found not in kinds:
        wanted = " or a ".join(repr(kind) for kind in kinds)
        raise StorageError(f"{name} holds a {found!r}; wanted a {wanted}. Load it with what wrote it.")
    return str(attributes["text"]), str(attributes["checksum"]), found
