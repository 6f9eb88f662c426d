"""Files: what was written comes back, what was hurt is noticed, what existed survives every failure."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5netcdf  # type: ignore[import-untyped]
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from meanfield.tools import netcdf
from meanfield.tools.files import StorageError
from meanfield.tools.netcdf import read, write

TEXT = json.dumps({"law": "SA", "beta": 4.0, "name": "π"}, ensure_ascii=False)


def sample() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "t": np.linspace(0, 1, 5),
        "x": rng.normal(size=(5, 3, 2)),
        "c": rng.normal(size=(5, 4)) + 1j * rng.normal(size=(5, 4)),
        "count": np.arange(5),
        "small": np.arange(3, dtype=np.float32),
        "mask": np.array([[True, False], [False, True]]),
        "scalar": np.array(1.5),
        "point": np.array(1 - 2j),
        "none": np.empty((0, 3)),
        "no_c": np.empty((2, 0), dtype=complex),
        "special": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, -np.nan]),
        "big": np.array([2**63 - 1, -(2**63)]),
    }


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert set(a) == set(b)
    for name, value in a.items():
        value = np.asarray(value)
        assert type(b[name]) is np.ndarray
        assert b[name].dtype == value.dtype.newbyteorder("=")
        assert b[name].dtype.isnative
        assert b[name].shape == value.shape
        assert b[name].tobytes() == value.astype(value.dtype.newbyteorder("=")).tobytes()
        assert b[name].flags.writeable


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# --- what comes back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_text", [True, False])
def test_round_trip(tmp_path, as_text):
    path: Any = str(tmp_path / "run.nc") if as_text else tmp_path / "run.nc"
    write(path, sample(), TEXT, kind="solution")
    for kind in ("solution", None):
        arrays, text = read(path, kind)
        assert text == TEXT
        assert_same(sample(), arrays)
    assert names(tmp_path) == ["run.nc"]


KINDS = ["?", "i1", "i2", "i4", "i8", "u1", "u4", "u8", "f2", "f4", "f8", ">f8", ">c16", "c8", "c16", ">i4"]
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda t: hnp.arrays(t, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["x", "X", "x_0", "t.1", "a-b"]), ARRAYS, max_size=4), st.text(max_size=20))
def test_round_trip_of_anything(tmp_path, arrays, text):
    text = text.replace("\0", "")
    write(tmp_path / "any.nc", arrays, text, kind="any", overwrite=True)
    back, same = read(tmp_path / "any.nc", "any")
    assert same == text
    assert_same(arrays, back)


def test_long_texts_and_nothing_at_all(tmp_path):
    text = "[" + "0.1, " * 100_000 + "0]"  # HDF5's compact attributes end at 64 kB
    write(tmp_path / "a.nc", {}, text, kind="k")
    assert read(tmp_path / "a.nc") == ({}, text)
    write(tmp_path / "b.nc", {}, "", kind="k")
    assert read(tmp_path / "b.nc") == ({}, "")


def test_views_and_lists_are_written_as_they_look(tmp_path):
    x = np.arange(12.0).reshape(3, 4)
    arrays = {"turned": x.T, "strided": x[::2, ::-1], "list": [1, 2], "one": 3.0, "z": (x + 1j * x).T[::3]}
    write(tmp_path / "a.nc", arrays, "", kind="k")
    assert_same(arrays, read(tmp_path / "a.nc")[0])


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write(tmp_path / name, sample(), TEXT, kind="k")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_others_can_open_it(tmp_path):
    arrays = sample()
    dims = {"t": ("t",), "x": ("t", "particle", "d"), "c": ("t", "k"), "mask": ("d", "d2")}
    write(tmp_path / "run.nc", arrays, TEXT, kind="solution", dims=dims)
    assert_same(arrays, read(tmp_path / "run.nc")[0])
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as data:
        assert data.attrs["kind"] == "solution"
        assert data.attrs["text"] == TEXT
        assert data.attrs["format"] == netcdf.FORMAT
        assert data.attrs["numpy"] == np.__version__
        assert {"meanfield", "python", "checksum"} <= set(data.attrs)
        assert data.x.dims == ("t", "particle", "d")
        assert data.indexes["t"].tolist() == arrays["t"].tolist()
        assert data.c.dims == ("t", "k", "real_imag")
        assert data.c.dtype == np.float64
        assert np.array_equal(data.c.sel(real_imag=1), arrays["c"].imag)
        assert data.mask.dtype == bool
        assert np.array_equal(data.mask, arrays["mask"])
        assert data.none.shape == (0, 3)
        assert data.special.values.tobytes() == arrays["special"].tobytes()


def test_a_variable_may_have_the_name_of_another_ones_dimension(tmp_path):
    arrays = {"x": np.ones((2, 3)), "d": np.zeros((3, 2)), "x_0": np.arange(4)}
    write(tmp_path / "a.nc", arrays, "", kind="k", dims={"x": ("n", "d"), "d": ("d", "n")})
    assert_same(arrays, read(tmp_path / "a.nc")[0])


# --- what is refused at writing ----------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.array([None]), np.array(["a"]), np.zeros(2, "M8[s]"), np.zeros(2, "f8,f8"), "text"])
def test_write_refuses_other_kinds(tmp_path, bad):
    with pytest.raises(TypeError, match=r"arrays\['x'\] must hold bools, integers, floats"):
        write(tmp_path / "a.nc", {"x": bad}, "", kind="k")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["", "a/b", "_x", "1x", "a b", "ä", 3])
def test_write_refuses_names(tmp_path, name):
    with pytest.raises(ValueError, match="must begin with a letter"):
        write(tmp_path / "a.nc", {name: np.ones(1)}, "", kind="k")


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ({"y": ("n",)}, r"names \['y'\]"),
        ({"x": ("n",)}, "must name 2 different"),
        ({"x": ("n", "n")}, "must name 2 different"),
        ({"x": ("n", "m"), "z": ("m",)}, "'m' has length 2 here and 3 elsewhere"),
        ({"x": ("n", "a/b")}, "is no name for a dimension"),
        ({"x": ("n", "real_imag")}, "is no name for a dimension"),
    ],
)
def test_write_refuses_dimensions(tmp_path, dims, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "a.nc", {"x": np.ones((2, 3)), "z": np.ones(2)}, "", kind="k", dims=dims)
    assert names(tmp_path) == []


def test_write_refuses_texts(tmp_path):
    with pytest.raises(ValueError, match="NUL"):
        write(tmp_path / "a.nc", {}, "a\0b", kind="k")
    with pytest.raises(ValueError, match="surrogates"):
        write(tmp_path / "a.nc", {}, "\ud800", kind="k")
    with pytest.raises(ValueError, match="kind must not be empty"):
        write(tmp_path / "a.nc", {}, "", kind="")
    with pytest.raises(TypeError, match="text must be a str; got dict"):
        write(tmp_path / "a.nc", {}, {}, kind="k")  # type: ignore[arg-type]


# --- failures ---------------------------------------------------------------------------------------------


def test_a_failure_while_writing_arrays_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments: Any) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(netcdf, "_encode", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        write(tmp_path / "a.nc", sample(), TEXT, kind="k")
    assert names(tmp_path) == []


# --- what is refused at reading ----------------------------------------------------------------------------


def test_every_kind_of_damage_is_noticed(tmp_path):
    """One flipped bit anywhere: an error that names the file.  (Unsealed, some of these hang the HDF5 library.)"""
    path, hurt = tmp_path / "a.nc", tmp_path / "hurt.nc"
    arrays = {"x": np.linspace(1, 2, 7), "c": np.ones(3) + 2j}
    write(path, arrays, TEXT, kind="k")
    good = path.read_bytes()
    seal = len(good) - len(netcdf._SEAL) - 8
    for at in range(0, seal, 61):
        bad = bytearray(good)
        bad[at] ^= 1 << (at % 8)
        hurt.write_bytes(bad)
        with pytest.raises(StorageError, match=r"hurt\.nc is (damaged|not a netCDF)"):
            read(hurt, "k")
    for at in range(seal, len(good)):  # in the seal itself: noticed, or no longer a seal and nothing is hurt
        bad = bytearray(good)
        bad[at] ^= 1
        hurt.write_bytes(bad)
        if at < len(good) - 8:
            assert_same(arrays, read(hurt, "k")[0])
        else:
            with pytest.raises(StorageError, match=r"hurt\.nc is damaged"):
                read(hurt, "k")


def test_another_tool_may_edit_the_file(tmp_path):
    path = tmp_path / "a.nc"
    write(path, sample(), TEXT, kind="k")
    with h5netcdf.File(path, "a") as file:
        file.attrs["comment"] = "mine " * 100
    assert_same(sample(), read(path, "k")[0])


@pytest.mark.parametrize("needle", [np.linspace(1, 2, 7)[3:5].tobytes(), TEXT.encode()[5:15], b"solution"])
def test_changed_content_fails_the_checksum_even_without_a_seal(tmp_path, needle):
    path = tmp_path / "a.nc"
    write(path, {"x": np.linspace(1, 2, 7)}, TEXT, kind="solution")
    bad = bytearray(path.read_bytes()[: -len(netcdf._SEAL) - 8])
    assert bad.count(needle) == 1
    bad[bad.index(needle) + 1] ^= 1
    path.write_bytes(bad)
    with pytest.raises(StorageError, match=r"a\.nc is damaged: its checksum"):
        read(path)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated(tmp_path, share):
    path = tmp_path / "a.nc"
    write(path, sample(), TEXT, kind="k")
    good = path.read_bytes()
    path.write_bytes(good[: int(len(good) * share)])
    with pytest.raises(StorageError, match=r"a\.nc is truncated or damaged"):
        read(path)


def test_not_ours(tmp_path):
    path = tmp_path / "a.nc"
    with pytest.raises(FileNotFoundError, match=r"a\.nc does not exist"):
        read(path)
    path.write_bytes(b"")
    with pytest.raises(StorageError, match=r"a\.nc is empty"):
        read(path)
    path.write_bytes(b"CDF\x01" + bytes(100))
    with pytest.raises(StorageError, match=r"a\.nc is not a netCDF-4 file"):
        read(path)
    with pytest.raises(StorageError, match="is a folder"):
        read(tmp_path)
    with h5netcdf.File(path, "w") as file:
        file.attrs["kind"] = "k"
    with pytest.raises(StorageError, match=r"a\.nc is a netCDF-4 file, but not one of ours"):
        read(path)


def test_wrong_kind_and_newer_format(tmp_path, monkeypatch):
    path = tmp_path / "a.nc"
    write(path, {"x": np.ones(1)}, "", kind="trajectory")
    with pytest.raises(StorageError, match=r"a\.nc holds a 'trajectory'; wanted a 'solution'"):
        read(path, "solution")
    monkeypatch.setattr(netcdf, "FORMAT", netcdf.FORMAT + 1)
    write(path, {"x": np.ones(1)}, "", kind="trajectory", overwrite=True)
    monkeypatch.undo()
    with pytest.raises(StorageError, match=r"a\.nc has format 2.*up to 1\. Upgrade"):
        read(path)
    assert issubclass(StorageError, ValueError)


# --- whose fault it is -------------------------------------------------------------------------------------


class Rang(Exception):
    """What a stranger's alarm raises."""


@pytest.mark.parametrize("error", [MemoryError("too much"), Rang("now"), TimeoutError("now"), RecursionError("deep")])
@pytest.mark.parametrize("sealed", [True, False])
def test_foreign_exceptions_are_not_called_damage(tmp_path, monkeypatch, error, sealed):
    def fail(*arguments: Any) -> None:
        raise error

    path = tmp_path / "a.nc"
    write(path, sample(), TEXT, kind="k")
    if not sealed:
        path.write_bytes(path.read_bytes()[: -len(netcdf._SEAL) - 8])
    monkeypatch.setattr(netcdf, "_decode", fail)
    with pytest.raises(type(error), match=str(error)):
        read(path)


@pytest.mark.parametrize("error", [OSError("read failed"), RuntimeError("no such heap")])
def test_a_whole_seal_vouches_for_the_file(tmp_path, monkeypatch, error):
    """What the library then says is not the file's fault; without a seal it is taken for damage."""

    def fail(*arguments: Any) -> None:
        raise error

    path = tmp_path / "a.nc"
    write(path, sample(), TEXT, kind="k")
    monkeypatch.setattr(netcdf, "_decode", fail)
    with pytest.raises((OSError, RuntimeError, StorageError)) as caught:
        read(path)
    assert caught.value is error
    path.write_bytes(path.read_bytes()[: -len(netcdf._SEAL) - 8])
    with pytest.raises(StorageError, match=rf"a\.nc is truncated or damaged: {error}"):
        read(path)
