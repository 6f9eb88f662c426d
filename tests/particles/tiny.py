"""Tiny models made here: their weights by names of files, the files themselves, and a forward in loops."""

from __future__ import annotations

import json
import math
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np

ACTIVATIONS = {
    "gelu": lambda s: 0.5 * s * (1.0 + math.erf(s / math.sqrt(2.0))),
    "gelu_new": lambda s: 0.5 * s * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (s + 0.044715 * s**3))),
    "relu": lambda s: max(s, 0.0),
}
TRAPS = ("pads", "types", "sqrt d", "gelu", "eps", "order", "positions")
"""What a forward may get wrong: pads that are seen, no token type, scores over the root of d, the other gelu, another
eps, ALBERT's map before the norm, positions from 2."""

BERT_LAYER = {
    "Q": "attention.self.query", "K": "attention.self.key", "V": "attention.self.value", "O": "attention.output.dense",
    "N": "attention.output.LayerNorm", "U": "intermediate.dense", "W": "output.dense", "N2": "output.LayerNorm",
}  # fmt: skip
ALBERT_LAYER = {
    "Q": "attention.query", "K": "attention.key", "V": "attention.value", "O": "attention.dense",
    "N": "attention.LayerNorm", "U": "ffn", "W": "ffn_output", "N2": "full_layer_layer_norm",
}  # fmt: skip


def config(family: str = "bert", **more: Any) -> dict[str, Any]:
    """A config.json: 2 layers, d = 16, 4 heads."""
    said: dict[str, Any] = {
        "model_type": family, "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 4, "hidden_act": "gelu",
        "intermediate_size": 24, "vocab_size": 30, "max_position_embeddings": 12, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    }  # fmt: skip
    if family == "albert":
        said |= {"embedding_size": 6, "num_hidden_groups": 1, "inner_group_num": 1}
    return {**said, **more}


def weights(said: dict[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Normal numbers, by the names in a file without a prefix."""
    rng = np.random.default_rng(seed)
    albert = said["model_type"] == "albert"
    d, ff, e = said["hidden_size"], said["intermediate_size"], said.get("embedding_size", said["hidden_size"])
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (said["vocab_size"], e),
        "embeddings.position_embeddings.weight": (said["max_position_embeddings"], e),
        "embeddings.token_type_embeddings.weight": (said["type_vocab_size"], e),
        "embeddings.LayerNorm.weight": (e,), "embeddings.LayerNorm.bias": (e,),
    }  # fmt: skip
    if albert:
        shapes["encoder.embedding_hidden_mapping_in.weight"] = (d, e)
        shapes["encoder.embedding_hidden_mapping_in.bias"] = (d,)
    for place in dict.fromkeys(places(said)):
        for ours, name in (ALBERT_LAYER if albert else BERT_LAYER).items():
            wide = {"U": (ff, d), "W": (d, ff), "N": (d,), "N2": (d,)}.get(ours, (d, d))
            shapes |= {f"{place}{name}.weight": wide, f"{place}{name}.bias": wide[:1]}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def places(said: dict[str, Any]) -> list[str]:
    """Where every layer stands in the file, in the order of passing."""
    L = said["num_hidden_layers"]
    if said["model_type"] == "bert":
        return [f"encoder.layer.{k}." for k in range(L)]
    share = L // said["num_hidden_groups"]
    return [
        f"encoder.albert_layer_groups.{k // share}.albert_layers.{j}."
        for k in range(L) for j in range(said["inner_group_num"])
    ]  # fmt: skip


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    """A file of that format, as its definition has it."""
    kinds = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64"}
    table: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, a in tensors.items():
        begin, data = len(data), data + a.tobytes()
        table[name] = {"dtype": kinds[a.dtype.name], "shape": list(a.shape), "data_offsets": [begin, len(data)]}
    head = json.dumps(table).encode()
    return struct.pack("<Q", len(head)) + head + data


def folder(at: Path, said: dict[str, Any], tensors: dict[str, np.ndarray] | None = None) -> Path:
    """A model's folder, with safetensors."""
    at.mkdir(parents=True, exist_ok=True)
    (at / "config.json").write_text(json.dumps(said))
    (at / "model.safetensors").write_bytes(safetensors(weights(said) if tensors is None else tensors))
    return at


# --- a pytorch_model.bin, opcode by opcode -------------------------------------------------------------------------

ORDERED = b"ccollections\nOrderedDict\n)R"


def plain(value: Any) -> bytes:
    """What puts a plain value on the pickle's stack."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(key: str, shape: tuple[int, ...], count: int, *, legacy: bool, kind: bytes = b"FloatStorage") -> bytes:
    """What puts one contiguous tensor on the stack."""
    strides = tuple(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))
    pid = b"(" + plain("storage") + b"ctorch\n" + kind + b"\n" + plain(key) + plain("cuda:0") + plain(count)
    pid += (b"N" if legacy else b"") + b"tQ"
    sizes = plain(0) + plain(shape) + plain(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + pid + sizes + b"\x89" + ORDERED + b"tR"


def table(tensors: dict[str, np.ndarray], *, legacy: bool) -> bytes:
    """The pickle that names all tensors, with torch's notes tied to it."""
    items = b"".join(
        plain(name) + tensor(str(k), a.shape, a.size, legacy=legacy) for k, (name, a) in enumerate(tensors.items())
    )
    tied = b"}" + plain("_metadata") + b"}sb"
    return b"\x80\x02" + ORDERED + b"(" + items + b"u" + tied + b"."


def legacy_bin(tensors: dict[str, np.ndarray]) -> bytes:
    """The layout before 2020."""
    parts = [pickle.dumps(one, 2) for one in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    parts += [table(tensors, legacy=True), pickle.dumps([str(k) for k in range(len(tensors))], 2)]
    return b"".join([*parts, *(struct.pack("<q", a.size) + a.tobytes() for a in tensors.values())])


# --- a forward in loops --------------------------------------------------------------------------------------------


def forward(
    said: dict[str, Any], w: dict[str, np.ndarray], ids: list[int], trap: str = "", pads: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens behind every half layer (2 L + 1, n, d), and attention (L, h, n, n): one number after the other.

    A trap, and pads to fall into one of them, make it wrong.
    """
    n = len(ids)
    w = {name: a.astype(float) for name, a in w.items()}
    eps = 1e-1 if trap == "eps" else said["layer_norm_eps"]
    act = ACTIVATIONS["gelu_new" if trap == "gelu" else said["hidden_act"]]
    begin = 2 if trap == "positions" else 0

    def norm(row: np.ndarray, name: str) -> np.ndarray:
        mean = sum(row) / len(row)
        variance = sum((a - mean) ** 2 for a in row) / len(row)
        scaled = [(a - mean) / math.sqrt(variance + eps) for a in row]
        return np.array([a * g + b for a, g, b in zip(scaled, w[f"{name}.weight"], w[f"{name}.bias"])])

    def dense(row: np.ndarray, name: str) -> np.ndarray:
        lines = zip(w[f"{name}.weight"], w[f"{name}.bias"])
        return np.array([sum(a * b for a, b in zip(line, row)) + c for line, c in lines])

    x = []
    for place, id in enumerate([*ids, *[0] * (pads if trap == "pads" else 0)]):
        row = w["embeddings.word_embeddings.weight"][id] + w["embeddings.position_embeddings.weight"][place + begin]
        if trap != "types":
            row = row + w["embeddings.token_type_embeddings.weight"][0]
        if said["model_type"] == "bert":
            x.append(norm(row, "embeddings.LayerNorm"))
        elif trap == "order":
            mapped = dense(row, "encoder.embedding_hidden_mapping_in")
            x.append((mapped - mapped.mean()) / math.sqrt(mapped.var() + eps))
        else:
            x.append(dense(norm(row, "embeddings.LayerNorm"), "encoder.embedding_hidden_mapping_in"))
    names = ALBERT_LAYER if said["model_type"] == "albert" else BERT_LAYER
    heads, tokens, seen = said["num_attention_heads"], [np.array(x)], []
    dh = said["hidden_size"] // heads
    for layer in places(said):
        at = {ours: layer + name for ours, name in names.items()}
        q, k, v = ([dense(row, at[one]) for row in x] for one in "QKV")
        mixed, matrices = np.zeros((len(x), said["hidden_size"])), np.zeros((heads, len(x), len(x)))
        for h in range(heads):
            part = slice(h * dh, (h + 1) * dh)
            for i in range(len(x)):
                scale = math.sqrt(said["hidden_size"] if trap == "sqrt d" else dh)
                e = [math.exp(sum(q[i][part] * k[j][part]) / scale) for j in range(len(x))]
                matrices[h, i] = [one / sum(e) for one in e]
                for j in range(len(x)):
                    mixed[i, part] += matrices[h, i, j] * v[j][part]
        x = [norm(row + dense(more, at["O"]), at["N"]) for row, more in zip(x, mixed)]
        tokens.append(np.array(x))
        seen.append(matrices[:, :n, :n])
        x = [norm(row + dense(np.array([act(s) for s in dense(row, at["U"])]), at["W"]), at["N2"]) for row in x]
        tokens.append(np.array(x))
    return np.array([one[:n] for one in tokens]), np.array(seen)
