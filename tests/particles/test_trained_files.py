"""Files of trained models: read as they are meant, or refused by what is wrong with them."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

import meanfield as mf
import particles as pt
from particles.trained import named, pickled

SAID = tiny.config()
ALBERT = tiny.config("albert")


def written(at: Path, tensors: dict[str, np.ndarray]) -> Path:
    return tiny.folder(at, SAID, tensors)


def zipped(tensors: dict[str, np.ndarray], table: bytes | None = None, how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("archive/data.pkl", tiny.table(tensors, legacy=False) if table is None else table)
        archive.writestr("archive/byteorder", "little")
        for k, a in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{k}", a.tobytes())
    return out.getvalue()


# --- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["safetensors", "legacy", "zip"])
def test_three_layouts_hold_the_same_model(layout: str, tmp_path: Path) -> None:
    w = tiny.weights(ALBERT)
    named_ = {f"albert.{name}": a for name, a in w.items()}
    named_["predictions.bias"] = np.ones(30, dtype=np.float32)
    named_["albert.pooler.weight"] = np.ones((16, 16), dtype=np.float32)
    at = tiny.folder(tmp_path / "one", ALBERT, named_)
    if layout != "safetensors":
        (at / "model.safetensors").unlink()
        (at / "pytorch_model.bin").write_bytes(tiny.legacy_bin(named_) if layout == "legacy" else zipped(named_))
    plain = pt.trained.load(tiny.folder(tmp_path / "plain", ALBERT, w))
    assert np.array_equal(pt.trained.load(at).trace([1, 2, 3]).tokens, plain.trace([1, 2, 3]).tokens)


def test_half_precision_is_taken_up_and_integers_are_left_out(tmp_path: Path) -> None:
    w = tiny.weights(SAID)
    half: dict[str, np.ndarray] = {name: a.astype(np.float16) for name, a in w.items()}
    half["embeddings.position_ids"] = np.arange(12)[None]
    up = {name: a.astype(np.float16).astype(np.float64) for name, a in w.items()}
    one, two = (pt.trained.load(written(tmp_path / name, t)) for name, t in (("half", half), ("up", up)))
    assert np.array_equal(one.trace([1, 2]).tokens, two.trace([1, 2]).tokens)


def test_the_file_of_the_package_safetensors_is_read() -> None:
    package = pytest.importorskip("safetensors.numpy", reason="the package safetensors is not installed")
    w = tiny.weights(SAID)
    assert set(package.load(tiny.safetensors(w))) == set(w)


def test_a_part_of_a_storage_is_a_tensor(tmp_path: Path) -> None:
    """Two tensors of one storage, one of them transposed, as torch saves views."""
    row = np.arange(6.0, dtype=np.float32)
    file = tmp_path / "x.bin"
    header: list[Any] = [pickled.MAGIC, 1001, {}]
    parts = [pickle.dumps(one, 2) for one in header]
    turned = tiny.tensor("0", (2, 3), 6, legacy=True).replace(tiny.plain((3, 1)), tiny.plain((1, 2)))
    table = b"\x80\x02" + tiny.ORDERED + b"(" + tiny.plain("a") + turned
    table += tiny.plain("b") + tiny.tensor("0", (6,), 6, legacy=True) + b"u."
    file.write_bytes(b"".join([*parts, table, pickle.dumps(["0"], 2), struct.pack("<q", 6), row.tobytes()]))
    found = pickled.read(file)
    assert found["a"].tolist() == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]
    assert found["b"].tolist() == row.tolist()


# --- what is refused ---------------------------------------------------------------------------------------------


def test_folders_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"folder: .*gone does not exist; wanted a folder with config.json"):
        pt.trained.load(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match=r"config.json does not exist"):
        pt.trained.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(SAID))
    with pytest.raises(FileNotFoundError, match=r"wanted model.safetensors or pytorch_model.bin"):
        pt.trained.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"config.json is a file; wanted a folder"):
        pt.trained.load(tmp_path / "config.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "gpt2"}, "model_type is 'gpt2', and known are 'albert', 'bert'"),
        ({"hidden_act": "mish"}, "hidden_act is 'mish', and known are 'gelu', 'gelu_new'"),
        ({"hidden_act": None}, "does not say hidden_act"), ({"layer_norm_eps": None}, "does not say layer_norm_eps"),
        ({"layer_norm_eps": "x"}, "layer_norm_eps is 'x'"),
        ({"hidden_size": 18}, "no multiple of num_attention_heads, 4"),
        ({"vocab_size": 0}, "vocab_size is 0, wanted a whole number"), ({"is_decoder": True}, "is_decoder is True"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ({"vocab_size": 31}, r"words?_embeddings.weight has shape \(30, 16\), and by config.json \(31, 16\)"),
        ({"intermediate_size": 20}, r"has shape \(24, 16\), and by config.json \(20, 16\)"),
        ({"num_hidden_layers": 3}, r"lacks encoder.layer.2.attention.self.query.weight, .* and 13 more"),
        ({"num_hidden_layers": 1}, "also holds encoder.layer.1"), ({"pruned_heads": {"0": [1]}}, "pruned_heads"),
    ],
)  # fmt: skip
def test_a_config_that_is_not_the_weights(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    config = {name: value for name, value in (SAID | change).items() if value is not None}
    with pytest.raises(ValueError, match=said):
        pt.trained.load(tiny.folder(tmp_path / "one", config, tiny.weights(SAID)))


def test_a_config_that_is_no_json(tmp_path: Path) -> None:
    at = tiny.folder(tmp_path / "one", SAID)
    for text, said in (("{", "config.json is no JSON"), ("[1]", "config.json holds a list")):
        (at / "config.json").write_text(text)
        with pytest.raises(ValueError, match=said):
            pt.trained.load(at)


def test_names_and_numbers_of_the_weights(tmp_path: Path) -> None:
    w = tiny.weights(SAID)
    gone = {name: a for name, a in w.items() if "layer.1.output.dense.bias" not in name}
    with pytest.raises(ValueError, match=r"lacks encoder.layer.1.output.dense.bias: it is not the model of"):
        pt.trained.load(written(tmp_path / "gone", gone))
    with pytest.raises(ValueError, match=r"also holds encoder.adapter"):
        pt.trained.load(written(tmp_path / "more", {**w, "encoder.adapter": np.ones(3)}))
    for value, word in ((np.nan, "nan"), (np.inf, "inf")):
        w["embeddings.LayerNorm.bias"][3] = value
        said = rf"LayerNorm.bias holds 1 NaN .* 16 numbers, the first at \[3\]: {word}"
        with pytest.raises(mf.StorageError, match=said):
            pt.trained.load(written(tmp_path / word, w))


def test_files_that_are_no_safetensors(tmp_path: Path) -> None:
    good = tiny.safetensors({"a": np.ones(4, dtype=np.float32), "b": np.ones((2, 3), dtype=np.float32)})
    size = int.from_bytes(good[:8], "little")
    file = tmp_path / "x.safetensors"
    head = good[8 : 8 + size]

    def told(data: bytes) -> str:
        file.write_bytes(data)
        with pytest.raises(mf.StorageError, match=r"x\.safetensors") as error:
            named.read(file)
        return str(error.value)

    def changed(old: bytes, new: bytes) -> bytes:
        text = head.replace(old, new)
        assert text != head
        return struct.pack("<Q", len(text)) + text + good[8 + size :]

    assert "cut short" in told(good[:-1])
    assert "cut short" in told(good[:20])
    assert "cut short" in told(b"")
    assert "cut short" in told(struct.pack("<Q", 2**63) + b"x" * 20)
    assert "not one tensor after the other" in told(good + b"x")
    assert "no JSON" in told(struct.pack("<Q", 4) + b"{{{{" + good)
    assert "its table is a list" in told(struct.pack("<Q", 2) + b"[]")
    assert "'BF16', wanted F64, F32, F16" in told(changed(b'"F32"', b'"BF16"'))
    assert "has 16 bytes" in told(changed(b"[4]", b"[5]"))
    assert "not one tensor after the other" in told(changed(b"[16, 40]", b"[0, 24]"))
    assert "no numbers >= 0" in told(changed(b"[4]", b"[-4]"))
    assert "has no dtype, shape and data_offsets" in told(changed(b'"shape"', b'"shaqe"'))


@pytest.mark.parametrize("name", ["os system", "builtins eval", "torch HalfStorage", "numpy array", "posix system"])
def test_a_pickle_that_names_anything_else(name: str, tmp_path: Path) -> None:
    """Refused by the name, in the table and before it, in both layouts; nothing is called."""
    module, _, what = name.partition(" ")
    evil = b"\x80\x02c" + f"{module}\n{what}\n".encode() + b"(" + tiny.plain("exit 1") + b"tR."
    header: list[Any] = [pickled.MAGIC, 1001, {}]
    first = [pickle.dumps(one, 2) for one in header]
    file = tmp_path / "x.bin"
    for data in (evil, b"".join([*first, evil]), zipped({}, evil)):
        file.write_bytes(data)
        with pytest.raises(mf.StorageError, match=rf"it names {module}.{what}, and nothing but torch._utils"):
            pickled.read(file)


def test_pickles_that_are_damaged(tmp_path: Path) -> None:
    w = {"a": np.ones((2, 3), dtype=np.float32)}
    file, legacy = tmp_path / "x.bin", tiny.legacy_bin(w)
    long = tiny.table(w, legacy=False).replace(tiny.plain((2, 3)), tiny.plain((9, 3)))
    called = b"\x80\x02ctorch\nFloatStorage\n)R."
    tied = b"\x80\x02ccollections\nOrderedDict\n}" + tiny.plain("call") + tiny.plain(1) + b"sb."
    little = pickle.dumps({"little_endian": True}, 2)
    inside = b"\x80\x02" + tiny.ORDERED + b"(" + tiny.plain("a") + tiny.plain(3) + b"u."
    cases = {
        "cut short": legacy[:-3], "another number than torch's": pickle.dumps(3, 2) * 3, "not read": b"",
        "reaches beyond its 6 numbers": zipped(w, long), "is called": zipped(w, called), "x.bin": zipped(w, tied),
        "a is no tensor": zipped(w, inside), "it is compressed": zipped(w, how=zipfile.ZIP_DEFLATED),
        "another kind than torch.FloatStorage": zipped(
            w, tiny.table(w, legacy=False).replace(b"ctorch\nFloatStorage\n", tiny.plain("FloatStorage"))
        ),
        "big-endian": legacy.replace(little, pickle.dumps({"little_endian": False}, 2)),
    }  # fmt: skip
    for said, data in cases.items():
        file.write_bytes(data)
        with pytest.raises(mf.StorageError, match=said):
            pickled.read(file)
