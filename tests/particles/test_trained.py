"""Trained models: tiny ones, made here, against a forward in loops, with every trap that is known."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

import particles as pt

pytestmark = pytest.mark.rounding
IDS = [3, 17, 29, 0, 8]
KINDS: dict[str, dict[str, Any]] = {
    "bert": tiny.config("bert"),
    "albert": tiny.config("albert", num_hidden_layers=3),
    "gelu_new": tiny.config("bert", hidden_act="gelu_new", layer_norm_eps=1e-5, hidden_size=12, num_attention_heads=3),
    "groups": tiny.config("albert", num_hidden_groups=2, inner_group_num=2, num_hidden_layers=4),
    "relu": tiny.config("albert", hidden_act="relu", layer_norm_eps=1e-3),
}
TRACED: dict[str, Any] = {}


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    said = KINDS[request.param]
    at = tiny.folder(tmp_path_factory.mktemp("tiny") / request.param, said)
    return said, pt.trained.load(at)


def far(a: Any, b: Any) -> float:
    """Largest difference over the largest entry, of every half layer."""
    a, b = np.asarray(a), np.asarray(b)
    axes = tuple(range(1, a.ndim))
    return float((np.abs(a - b).max(axis=axes) / np.abs(b).max(axis=axes)).max())


def test_tokens_and_attention_are_those_of_a_forward_in_loops(made: Any) -> None:
    said, model = made
    run = model.trace(IDS)
    tokens, attention = tiny.forward(said, tiny.weights(said), IDS)
    assert run.tokens.shape == (2 * model.settings.depth + 1, len(IDS), said["hidden_size"])
    assert far(run.tokens, tokens) < 1e-12
    assert far(run.attention, attention) < 1e-12
    scores = run.q @ np.swapaxes(run.k, -1, -2) / np.sqrt(run.q.shape[-1])
    P = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    assert far(run.attention, P) < 1e-12
    assert run.v.shape == run.q.shape == (model.settings.depth, said["num_attention_heads"], len(IDS), run.q.shape[-1])


@pytest.mark.parametrize("trap", tiny.TRAPS)
def test_no_trap_is_fallen_into(trap: str, tmp_path: Path) -> None:
    """Every trap moves the tokens by more than a thousand times what they may be off by."""
    said = KINDS["albert" if trap == "order" else "bert"]
    model = pt.trained.load(tiny.folder(tmp_path / "one", said))
    run = model.trace([IDS, [*IDS, 1, 2]])[0] if trap == "pads" else model.trace(IDS)
    right, _ = tiny.forward(said, tiny.weights(said), IDS)
    wrong, _ = tiny.forward(said, tiny.weights(said), IDS, trap, pads=2)
    assert far(wrong, right) > 1e-6
    assert far(run.tokens, right) < 1e-12


def test_a_batch_gives_what_each_prompt_gives_alone(made: Any) -> None:
    _, model = made
    prompts = [IDS, [5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]
    for ids, run in zip(prompts, model.trace(prompts)):
        alone = model.trace(ids)
        assert run.ids.tolist() == ids
        for name in ("tokens", "attention", "q", "k", "v"):
            assert far(getattr(run, name), getattr(alone, name)) < 1e-12, name


def test_a_shared_layer_is_the_same_layer_copied(tmp_path: Path) -> None:
    said = tiny.config("albert", num_hidden_layers=3)
    w = tiny.weights(said)
    groups = "encoder.albert_layer_groups."
    copied = {
        (name.replace(f"{groups}0.", f"{groups}{g}.") if name.startswith(groups) else name): a
        for g in range(3) for name, a in w.items()
    }  # fmt: skip
    shared = pt.trained.load(tiny.folder(tmp_path / "shared", said, w))
    apart = pt.trained.load(tiny.folder(tmp_path / "apart", {**said, "num_hidden_groups": 3}, copied))
    assert len({id(layer) for layer in shared.layers}) == 1
    assert len({id(layer) for layer in apart.layers}) == 3
    assert np.array_equal(shared.trace(IDS).tokens, apart.trace(IDS).tokens)


def test_single_precision_is_near_double(made: Any) -> None:
    _, model = made
    double, single = model.trace(IDS), model.trace(IDS, dtype="float32")
    assert {getattr(single, name).dtype for name in ("tokens", "attention", "q")} == {np.dtype("float32")}
    assert 0.0 < far(single.tokens, double.tokens) < 2000 * np.finfo(np.float32).eps


def test_what_is_not_wanted_is_not_kept_and_bytes_are_known_before(made: Any) -> None:
    _, model = made
    run = model.trace(IDS, keep=("tokens",))
    assert run.attention is None
    with pytest.raises(ValueError, match=r"attention was not kept: trace with keep=\('attention',\)"):
        _ = run.entropy
    with pytest.raises(MemoryError, match=r"this needs \d+ bytes, more than limit=1000"):
        model.trace(IDS, limit=1000)
    with pytest.raises(ValueError, match="keep must be one of"):
        model.trace(IDS, keep=("token",))


def test_the_bytes_are_those_that_are_held(made: Any) -> None:
    _, model = made
    run = model.trace(IDS)
    held = sum(getattr(run, name).nbytes for name in ("tokens", "attention", "q", "k", "v"))
    assert 8 * model._numbers(len(IDS), ("tokens", "attention", "q", "k", "v")) == held


def test_what_a_trace_tells_is_of_directions() -> None:
    x = np.array([[[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 4.0, 0.0]]])
    run = pt.trained.Trace("none", np.arange(3), x, attention=np.full((1, 1, 3, 3), 1.0 / 3.0))
    assert np.allclose([run.mean_product, run.near, run.clusters], [[1.0 / 3.0], [1.0 / 3.0], [2.0]])
    assert np.allclose(run.spread, np.std([3.0, 2.0, 4.0]) / 3.0)
    share = np.array([1.0, np.sqrt(2.0)]) / (1.0 + np.sqrt(2.0))
    assert np.allclose(run.effective_rank, np.exp(-np.sum(share * np.log(share))))
    assert np.allclose([run.entropy[0, 0], run.first_share[0, 0]], [np.log(3.0), 1.0 / 3.0])
    assert [run.half(0), run.title] == ["embedding", "none, n = 3"]
    one = pt.trained.Trace("none", np.arange(1), x[:, :1])
    assert np.isnan(one.mean_product).all()


# --- texts -------------------------------------------------------------------------------------------------------


class Encoded:
    """A stand-in for the package tokenizers: cuts at blanks, and pads and cuts short unless told not to."""

    def __init__(self) -> None:
        self.pads, self.short = True, True

    @classmethod
    def from_file(cls, path: str) -> Encoded:
        if not Path(path).read_text().startswith("{"):
            raise RuntimeError("no JSON")
        return cls()

    def no_padding(self) -> None:
        self.pads = False

    def no_truncation(self) -> None:
        self.short = False

    def encode(self, text: str) -> Any:
        ids = [1, *(3 + len(word) for word in text.split()), 2]
        ids = ids[:3] if self.short else ids
        return types.SimpleNamespace(ids=ids + [0] * (12 - len(ids)) * self.pads)


@pytest.fixture
def cutter(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tokenizers")
    module.Tokenizer = Encoded  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tokenizers", module)


def test_a_text_is_cut_without_pads_and_keeps_its_last_mark(cutter: None, tmp_path: Path) -> None:
    at = tiny.folder(tmp_path / "one", tiny.config())
    (at / "tokenizer.json").write_text("{}")
    model = pt.trained.load(at)
    assert model.trace("a bb ccc d").ids.tolist() == [1, 4, 5, 6, 4, 2]
    assert [run.ids.tolist() for run in model.trace(["a", [1, 2]])] == [[1, 4, 2], [1, 2]]
    assert model.trace("a bb", tokenize=lambda text: [7] * len(text)).ids.tolist() == [7] * 4
    (at / "tokenizer.json").write_text("none")
    with pytest.raises(ValueError, match="not read as a tokenizer: no JSON"):
        model.trace("a")


def test_a_text_needs_a_tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = tiny.folder(tmp_path / "one", tiny.config())
    model = pt.trained.load(at)
    with pytest.raises(ValueError, match=r"ids where the model has no tokenizer\.json; got a text. Or give tokenize="):
        model.trace("a")
    (at / "tokenizer.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r'pip install tokenizers .the extra "trained".'):
        model.trace("a")


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ([], "at least one token"), ("  ", "a text with something in it"), ([3, 30], "the id 30"),
        ([-1, 2], "the id -1"), (list(range(13)), "12 tokens long at most"), ([0.5], "ids, as"), (b"x", "ids, as"),
        (7, "ids, as"), ([[]], "at least one token"), ([True, False], "ids, as"), ([[[1, 2]]], "shape"),
        (None, "ids, as"),
    ],
)  # fmt: skip
def test_prompts_that_make_no_sense(prompt: Any, said: str, tmp_path: Path) -> None:
    model = pt.trained.load(tiny.folder(tmp_path / "one", tiny.config()))
    with pytest.raises((ValueError, TypeError), match=rf"prompt must be .*{said}"):
        model.trace(prompt, tokenize=lambda text: [1])
