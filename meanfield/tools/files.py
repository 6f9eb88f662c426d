"""Bytes, texts and plain JSON <-> the disk: whole or not at all, regular files only, errors that name the path.

Everything that is written is made in memory first and handed over as bytes, so that a full disk meets no library
in the midst of a file of its own (HDF5 flushes a half-closed file again when it is collected, and takes the process
with it).  Everything that is read is read through one handle: a writer beside it may replace the file meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import platform
import re
import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from meanfield.tools import inputs

PathLike: TypeAlias = str | os.PathLike[str]

_PART = re.compile(r"\.(?:([0-9a-f]{8})-(\d+)-)?[0-9a-f]{32}\.part")
"""A file that is being written, hidden beside its goal: by which machine and process (0.1 did not say)."""
_DAY = 86400.0
"""Seconds after which a part is nobody's, where nobody can be asked."""
_cleared: set[Path] = set()
"""Folders in which this process has looked."""

_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
_ASIDE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags with which nothing that poses as a file can hang the opening, and no line ending is changed."""


class StorageError(ValueError):
    """A file cannot be read as ours: no regular file, not netCDF, damaged, of another kind, or from the future.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("note.nc").write_text("no record")
    >>> try:
    ...     mf.load("note.nc")
    ... except mf.StorageError as error:
    ...     print("note.nc" in str(error))
    True
    """


# --- writing -----------------------------------------------------------------------------------------------


def target(path: PathLike, overwrite: bool, name: str = "path") -> Path:
    """The absolute path to write to, or a refusal while nothing has been computed or touched."""
    text = name_of(path, name)
    inputs.flag("overwrite", overwrite)
    goal = Path(os.path.realpath(text))  # through links: the file a link points to is the one replaced
    if not goal.parent.is_dir():
        raise FileNotFoundError(f"{text}: the folder {goal.parent} does not exist; create it first.")
    if goal.is_dir():
        raise IsADirectoryError(f"{text} is a folder; give a file's name.")
    if goal.exists() and not goal.is_file():
        kind = _kind(goal.stat().st_mode)
        raise FileExistsError(f"{text} is {kind}, which is never replaced by a file; choose another name.")
    if goal.exists() and not overwrite:
        raise FileExistsError(f"{text} exists; pass overwrite=True to replace it, or choose another name.")
    return goal


def name_of(path: PathLike, name: str = "path") -> str:
    """The path as text, or a refusal."""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a str or an os.PathLike of str; got {path!r} ({type(path).__name__}).")
    if not text:
        raise ValueError(f"{name} must not be empty.")
    return text


def write(path: PathLike, *parts: Any, overwrite: bool = False) -> Path:
    """Write bytes to a file, which appears in one stroke; the absolute path.

    A crash leaves the old file or the new one; a failure leaves the old file and no other.  What a killed process was
    writing stays, hidden, until another process writes into the same folder.

    Parameters
    ----------
    path : str or os.PathLike
        Where to; its folder must exist.
    *parts : bytes-like
        What it holds, one after the other.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    FileExistsError, FileNotFoundError, IsADirectoryError
        If `path` exists and `overwrite` is False, or is a device or a FIFO; its folder does not; it is a folder.
    OSError
        If the disk is full, the file larger than allowed, the folder not ours, ...: with `path` as its filename.
    """
    goal = target(path, overwrite)
    _clear(goal.parent)
    # the same folder: os.replace is atomic within a file system
    part = goal.with_name(f".{_here()}-{os.getpid()}-{uuid.uuid4().hex}.part")
    try:
        _fill(part, parts)
        target(path, overwrite)  # again: another process may have written meanwhile
        os.replace(part, goal)
    except BaseException as error:  # KeyboardInterrupt too
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:  # the system's, which names the part
            said = f"{error.strerror} (not written, and what was there still is; try again, or another place)"
            raise OSError(error.errno, said, name_of(path)) from error
        raise
    with contextlib.suppress(OSError):  # folders cannot be flushed everywhere, and the file itself is safe
        _flush(goal.parent)
    return goal


def _fill(part: Path, parts: tuple[Any, ...]) -> None:
    """A new file of these bytes, on the disk: a rename may otherwise reach it before them."""
    # mkstemp would make it private to the user; this way the umask decides, as for any new file
    with open(part, "xb", buffering=0) as stream:  # no buffer: nothing is left to be written when it is closed
        for data in parts:
            rest = memoryview(data)
            while len(rest):
                rest = rest[stream.write(rest) :]
        os.fsync(stream.fileno())


def _here() -> str:
    """This machine, and where its processes are numbered apart, this part of it: 8 hexadecimal digits."""
    try:
        apart = os.readlink("/proc/self/ns/pid")
    except OSError:  # another system, which has one numbering
        apart = ""
    return hashlib.sha256(f"{platform.node()} {apart}".encode()).hexdigest()[:8]


def _clear(folder: Path) -> None:
    """Remove what killed processes were writing there; once for each folder, since a living one removes its own."""
    if folder in _cleared:
        return
    _cleared.add(folder)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _PART.fullmatch(entry.name)
            if found is not None and _abandoned(entry, found):
                with contextlib.suppress(OSError):  # another process clears the same folder
                    os.unlink(entry.path)


def _abandoned(entry: os.DirEntry[str], found: re.Match[str]) -> bool:
    """Whether the process that wrote this part is no more; a day is waited for one that cannot be asked for."""
    machine, process = found.groups()
    if os.name != "posix" or machine != _here():
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _DAY
    try:
        os.kill(int(process), 0)  # sends nothing: asks whether there is such a process
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:  # there is, and it is another user's
        pass
    return False


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: PathLike, text: str, overwrite: bool = False) -> Path:
    """Write a text file (UTF-8), as `write` does."""
    return write(path, text.encode(), overwrite=overwrite)


def write_json(path: PathLike, obj: Any, overwrite: bool = False) -> Path:
    """Write plain JSON for any reader, as `write` does: one way, where `settings.to_json` is exact.

    Numpy scalars and arrays become numbers and lists, complex numbers pairs, tuples lists; NaN and infinities, which
    JSON lacks, become the strings "nan", "inf", "-inf".
    """
    return write_text(path, json.dumps(_plain(obj), indent=2, allow_nan=False) + "\n", overwrite)


def _plain(obj: Any) -> Any:
    if isinstance(obj, np.ndarray | np.generic):
        obj = obj.tolist()
    if isinstance(obj, Mapping):
        return {str(key): _plain(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_plain(value) for value in obj]
    if isinstance(obj, complex):
        return [_plain(obj.real), _plain(obj.imag)]
    if isinstance(obj, float) and not math.isfinite(obj):
        return repr(float(obj))
    return obj


# --- reading -----------------------------------------------------------------------------------------------


@contextmanager
def opened(path: PathLike) -> Iterator[tuple[BinaryIO, int]]:
    """A regular file, open for reading, and its size, which this machine's memory can hold.

    Raises
    ------
    FileNotFoundError, StorageError
        If there is no such file; it is a folder, a FIFO, a device.
    MemoryError
        If it is larger than the memory.
    """
    name = name_of(path)
    if not os.path.exists(name):
        raise FileNotFoundError(f"{name} does not exist.")
    _regular(name, os.stat(name))  # before: opening a device can do something
    with open(os.open(name, os.O_RDONLY | _ASIDE), "rb") as stream:
        found = os.fstat(stream.fileno())
        _regular(name, found)
        if found.st_size > _memory():
            raise MemoryError(f"{name} has {found.st_size} bytes, more than this machine's memory ({_memory():.3g}).")
        yield stream, found.st_size


def read_text(path: PathLike) -> str:
    """The text of a regular file (UTF-8); refusals as of `opened`, ValueError if it is no such text."""
    with opened(path) as (stream, size):
        return stream.read(size).decode()


def _regular(name: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise StorageError(f"{name} is {_kind(found.st_mode)}, not a regular file; give a file's name.")


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def _memory() -> float:
    """Bytes of memory of this machine; inf where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf
