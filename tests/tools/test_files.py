"""The disk: what existed survives every failure, errors name the path, and only regular files are touched."""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from meanfield.plot import animate, style
from meanfield.tools import files, netcdf
from meanfield.tools.files import StorageError, write_json, write_text

ROOT = Path(files.__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="permissions, links and FIFOs as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def film(path: Any, **options: Any) -> Path:
    return animate.animate(lambda figure, k: figure.subplots(), 1, path, figsize=(0.8, 0.8), dpi=40, **options)


def picture(path: Any, overwrite: bool = True) -> Path:
    return style.save(Figure(figsize=(0.8, 0.8)), path)


WRITERS = {
    "netCDF": lambda path, **options: netcdf.write(path, {"x": np.ones(2)}, "new", kind="k", **options),
    "text": lambda path, **options: write_text(path, "new", **options),
    "JSON": lambda path, **options: write_json(path, {"new": 1}, **options),
    "film": film,
}
each = pytest.mark.parametrize("writer", WRITERS.values(), ids=list(WRITERS))
pictures_too = pytest.mark.parametrize(
    ("writer", "name"),
    [*((w, "a.gif") for w in WRITERS.values()), (film, "a.webp"), *((picture, f"a.{s}") for s in ("png", "pdf"))],
)


# --- paths -------------------------------------------------------------------------------------------------


@each
def test_an_existing_file_is_kept_unless_told(tmp_path: Path, writer: Any) -> None:
    path = tmp_path / "a.gif"
    path.write_text("old")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        writer(path)
    assert path.read_text() == "old"
    writer(path, overwrite=True)
    assert path.read_bytes() != b"old"
    assert names(tmp_path) == ["a.gif"]


@each
def test_paths_that_cannot_be_written(tmp_path: Path, writer: Any) -> None:
    with pytest.raises(FileNotFoundError, match=r"the folder .*missing does not exist; create it"):
        writer(tmp_path / "missing" / "a.gif")
    (tmp_path / "b.gif").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        writer(tmp_path / "b.gif", overwrite=True)
    assert names(tmp_path) == ["b.gif"]


@pytest.mark.parametrize("name", ["netCDF", "text", "JSON"])
def test_what_is_no_path(name: str) -> None:
    for path in (3, b"a.nc", None):
        with pytest.raises(TypeError, match=r"path must be a str or an os\.PathLike"):
            WRITERS[name](path)
    with pytest.raises(ValueError, match="must not be empty"):
        WRITERS[name]("")


@each
@pytest.mark.parametrize("answer", ["no", 1, None])
def test_only_true_overwrites(tmp_path: Path, writer: Any, answer: Any) -> None:
    path = tmp_path / "a.gif"
    path.write_text("old")
    with pytest.raises(TypeError, match="overwrite must be True or False"):
        writer(path, overwrite=answer)
    assert path.read_text() == "old"


@posix
@pictures_too
def test_only_regular_files_are_replaced(tmp_path: Path, writer: Any, name: str) -> None:
    """Neither a FIFO nor a link to one, nor a socket, nor (by name only: the test may run as root) a device."""
    fifo = tmp_path / name
    os.mkfifo(fifo)
    with pytest.raises(FileExistsError, match="is a FIFO, which is never replaced by a file; choose another name"):
        writer(fifo, overwrite=True)
    link = tmp_path / f"link-{name}"
    link.symlink_to(fifo)
    with pytest.raises(FileExistsError, match="is a FIFO"):
        writer(link, overwrite=True)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert names(tmp_path) == [name, f"link-{name}"]


@posix
def test_sockets_and_devices_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(FileExistsError, match="s is a socket"):
            write_text("s", "x", overwrite=True)
        with pytest.raises(StorageError, match="s is a socket, not a regular file"):
            files.read_text("s")
    with pytest.raises(FileExistsError, match="/dev/null is a device"):
        files.target("/dev/null", overwrite=True)


@posix
def test_permissions_and_links_are_those_of_any_file(tmp_path: Path) -> None:
    plain, ours, link = (tmp_path / name for name in ("plain", "ours", "link"))
    plain.write_text("")
    link.symlink_to(ours)
    write_text(link, "1")
    assert stat.S_IMODE(ours.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert link.is_symlink()
    assert ours.read_text() == "1"


# --- failures ----------------------------------------------------------------------------------------------


class Full(io.FileIO):
    """A disk with room for two bytes more."""

    room = 2

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = super().write(memoryview(data)[: self.room])
        self.room -= done
        return done


@pictures_too
def test_a_full_disk_is_an_error_with_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Any, name: str
) -> None:
    path = tmp_path / name
    path.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", lambda file, mode="r", **options: Full(file, mode.removesuffix("b")))
        for target in (path, tmp_path / f"b-{name}") * 2:
            with pytest.raises(OSError, match=r"No space left.*not written, and what was there still is") as caught:
                writer(target, **({"overwrite": True} if target == path else {}))
            assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(target))
    assert names(tmp_path) == [name]
    assert path.read_text() == "old"
    writer(path, overwrite=True)
    assert path.read_bytes() != b"old"


@each
@pytest.mark.parametrize("error", [OSError("disk full"), OSError(errno.EIO, "bad disk"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Any, error: BaseException, call: str
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    path = tmp_path / "a.gif"
    writer(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, call, fail)
    for target in (path, tmp_path / "b.gif"):
        with pytest.raises(type(error)) as caught:
            writer(target, overwrite=True)
        if getattr(error, "errno", None):
            assert caught.value.filename == str(target)  # type: ignore[attr-defined]
    assert names(tmp_path) == ["a.gif"]
    assert path.read_bytes() == before


def survives(script: str, folder: Path) -> None:
    """A process of its own lives to the script's end."""
    words = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


LIMITED = """
import errno, os, resource, sys
import meanfield as mf
from meanfield.tools import files
from meanfield.plot import animate, style
from matplotlib.figure import Figure

folder, room = sys.argv[1], 500
run, old = os.path.join(folder, "run.nc"), mf.solve(mf.SA(1.0), mf.perturbed_uniform(mf.Circle(16), {1: 0.3}), (0, 0.1))
old.save(run)
before, there = open(run, "rb").read(), {"run.nc"}
sol = mf.solve(mf.SA(1.0), mf.perturbed_uniform(mf.Circle(16), {1: 0.5}), (0, 1))
WRITERS = {
    "run.nc": lambda path: sol.save(path, overwrite=True),
    "new.nc": lambda path: sol.save(path),
    "a.gif": lambda path: animate.ring([0.0], [[0.0, 1.0]], path),
    "a.png": lambda path: style.save(Figure(), path),
    "a.json": lambda path: files.write_json(path, list(range(9999))),
}
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for name, writer in WRITERS.items():
    path = os.path.join(folder, name)
    for _ in range(20 if name == "run.nc" else 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            writer(path)
        except OSError as error:
            assert (error.errno, error.filename) == (errno.EFBIG, path), error
        else:
            raise AssertionError(f"{name} was written")
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert set(os.listdir(folder)) == there, os.listdir(folder)
        assert open(run, "rb").read() == before
    if name == "new.nc":
        sol.save(path)  # there is room again: nothing is lost
        there.add(name)
        assert (mf.load(path).coefficients == sol.coefficients).all()
print("alive")
"""


@posix
def test_twenty_saves_beyond_the_size_a_file_may_have(tmp_path: Path) -> None:
    """The process lives on, and so does the run; the error has the path, the old file is whole, no litter is left."""
    survives(LIMITED, tmp_path)


STARVED = """
import os, resource, sys
import numpy as np
from meanfield.tools import netcdf

arrays = {f"x{k}": np.arange(2e6) for k in range(3)}
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
path = os.path.join(sys.argv[1], "a.nc")
for room in (30, 50, 70, 90):  # megabytes: 48 of numbers, an image of as many
    resource.setrlimit(resource.RLIMIT_AS, (size + room * 10**6, resource.RLIM_INFINITY))
    try:
        netcdf.write(path, arrays, "", kind="k")
        raise AssertionError("there was room")
    except MemoryError:
        pass
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    assert os.listdir(sys.argv[1]) == []
netcdf.write(path, arrays, "", kind="k")
resource.setrlimit(resource.RLIMIT_AS, (size + 10 * 10**6, resource.RLIM_INFINITY))
try:
    netcdf.read(path)
    raise AssertionError("there was room")
except MemoryError:
    print("alive")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a limit on memory that is kept")
def test_too_little_memory_is_no_damage_and_no_end(tmp_path: Path) -> None:
    """HDF5 lives on where its image does not fit, and what cannot be read for lack of memory is not called damaged."""
    survives(STARVED, tmp_path)


KILLED = """
import os, sys
import numpy as np
from meanfield.tools import netcdf
os.replace = lambda *a: os._exit(9)       # the power goes off between writing and renaming
netcdf.write(sys.argv[1], {"x": np.zeros(3)}, "new", kind="k", overwrite=True)
"""


def test_a_killed_process_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    netcdf.write(path, {"x": np.ones(3)}, "old", kind="k")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False, timeout=120)
    assert done.returncode == 9
    arrays, text = netcdf.read(path)
    assert (arrays["x"].tolist(), text) == ([1.0, 1.0, 1.0], "old")
    assert [name for name in names(tmp_path) if not name.endswith(".part")] == ["a.nc"]
    assert len(names(tmp_path)) == 2  # what it was writing
    files._cleared.clear()  # as another process would find it
    netcdf.write(path, {"x": np.ones(2)}, "newer", kind="k", overwrite=True)
    assert names(tmp_path) == ["a.nc"]


def test_parts_of_the_living_and_of_strangers_are_left_alone(tmp_path: Path) -> None:
    here, other = files._here(), "0" * 8
    mine, living = f".{here}-{os.getpid()}-{'a' * 32}.part", f".{here}-{os.getppid()}-{'b' * 32}.part"
    young, old = f".{other}-1-{'c' * 32}.part", f".{other}-1-{'d' * 32}.part"
    older = f".{'e' * 32}.part"  # of 0.1, which did not say whose
    for name in (mine, living, young, old, older, "f.part", ".hidden"):
        (tmp_path / name).write_text("")
    for name in (old, older):
        os.utime(tmp_path / name, (0.0, 0.0))
    write_text(tmp_path / "a.txt", "new")
    assert set(names(tmp_path)) == {"a.txt", mine, living, young, "f.part", ".hidden"}


def test_a_folder_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, scan = [], os.scandir

    def counted(folder: Any) -> Any:
        looked.append(folder)
        return scan(folder)

    monkeypatch.setattr(files.os, "scandir", counted)
    for i in range(3):
        write_text(tmp_path / f"{i}.txt", "new")
    assert looked == [tmp_path.resolve()]


def test_another_process_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    flush = os.fsync

    def meanwhile(handle: int) -> None:
        flush(handle)
        path.write_text("theirs")

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(FileExistsError):
        write_text(path, "ours")
    assert path.read_text() == "theirs"
    assert names(tmp_path) == ["a"]


# --- reading -----------------------------------------------------------------------------------------------


@posix
def test_only_regular_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO would hang, an endless device would eat all memory."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(StorageError, match="fifo is a FIFO, not a regular file; give a file's name"):
        netcdf.read(tmp_path / "fifo")
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(StorageError, match=f"{device} is a device, not a regular file"):
            netcdf.read(device)
    with pytest.raises(StorageError, match="is a folder"):
        netcdf.read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing\.nc does not exist"):
        netcdf.read(tmp_path / "nothing.nc")


def test_what_is_larger_than_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "a", "x" * 100)
    assert files.read_text(tmp_path / "a") == "x" * 100
    monkeypatch.setattr(files, "_memory", lambda: 99.0)
    with pytest.raises(MemoryError, match=r"a has 100 bytes, more than this machine's memory \(99\)"):
        files.read_text(tmp_path / "a")
    monkeypatch.undo()
    assert files._memory() > 1e8


REPLACING = """
import os, sys
path, *images = sys.argv[1:]
while True:
    for image in images:
        with open(path + ".part", "wb") as part:
            part.write(bytes.fromhex(image))
        os.replace(path + ".part", path)
"""


def test_a_reader_beside_a_writer_sees_one_file_or_the_other(tmp_path: Path) -> None:
    path, images = tmp_path / "a.nc", []
    for n in (3, 400):
        netcdf.write(path, {"x": np.full(n, 1.0 * n)}, "t" * n, kind="k", overwrite=True)
        images.append(path.read_bytes())

    script = [sys.executable, "-c", REPLACING, str(path), *(image.hex() for image in images)]
    with subprocess.Popen(script, stdin=subprocess.PIPE) as writer:
        found = set()
        for _ in range(150):
            arrays, text = netcdf.read(path)
            assert np.all(arrays["x"] == len(text)) and len(arrays["x"]) == len(text)
            found.add(len(text))
        writer.kill()
    assert found == {3, 400}


def test_what_is_read_is_what_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = tmp_path / "a.nc", files.opened
    netcdf.write(path, {"x": np.ones(3)}, "first", kind="k")

    @contextmanager
    def overtaken(name: Any) -> Iterator[Any]:
        with opened(name) as (stream, size):
            netcdf.write(path, {"x": np.ones(4000)}, "second", kind="other", overwrite=True)
            yield stream, size

    monkeypatch.setattr(files, "opened", overtaken)
    arrays, text = netcdf.read(path, "k")
    assert (arrays["x"].tolist(), text) == ([1.0] * 3, "first")


# --- JSON for others ---------------------------------------------------------------------------------------


def test_write_json_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    numbers = {"slope": np.float64(-0.5), "n": np.arange(2), "bad": [np.nan, -np.inf], "z": 1 + 2j, 3: (True, None)}
    write_json(path, numbers)
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == {
        "slope": -0.5, "n": [0, 1], "bad": ["nan", "-inf"], "z": [1.0, 2.0], "3": [True, None],
    }  # fmt: skip
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(path, object(), overwrite=True)
    assert json.loads(path.read_text())["n"] == [0, 1]
