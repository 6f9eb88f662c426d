"""The two models that a package index ships, against activations of another implementation, kept beside the tests.

The references were computed by transformers 5.24 on torch 2.14 in double precision: of every layer and token the
projection sum_k x_k cos(k + 1), mean inner products and sentence embeddings; attention, and the tokens of one text
behind the first and the last layer, in single precision, whose rounding twelve passes of one layer make 1e-5.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validation.published import MINILM, MODELS, RXN, Published, loaded

pytestmark = pytest.mark.rounding
KEPT = {MINILM: "minilm", RXN: "rxn"}
TEXTS = range(5)


@pytest.fixture(params=MODELS, ids=lambda one: one.package)
def pair(request: pytest.FixtureRequest) -> Any:
    return need(request.param), reference(request.param)


def need(one: Published) -> Any:
    if one.folder is None:
        pytest.skip(one.missing)
    return loaded(one)


def reference(one: Published) -> Any:
    with np.load(Path(__file__).with_name("trained") / f"{KEPT[one]}.npz") as kept:
        return dict(kept)


def off(tokens: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference of the projections, over the largest entry of the layer."""
    tokens = tokens.astype(float)
    found = tokens @ np.cos(np.arange(tokens.shape[-1]) + 1.0)
    return float((np.abs(found - wanted).max(axis=1) / np.abs(tokens).max(axis=(1, 2))).max())


def test_every_layer_and_token_in_double_precision(pair: Any) -> None:
    model, kept = pair
    for i in TEXTS:
        run = model.trace(kept[f"ids{i}"])
        assert off(run.tokens[::2], kept[f"proj{i}"]) < 1e-10
        assert np.abs(run.mean_product[::2] - kept[f"mean_inner_product64_{i}"]).max() < 1e-12
        assert np.abs(run.sentence - kept[f"mean_pool64_{i}"]).max() < 1e-12
        for part, name in ((run.attention[0, 0], "first_head0"), (run.attention[-1, 1], "last_head1")):
            assert np.abs(part - kept[f"attn_{name}_{i}"]).max() < 2e-5


def test_single_precision(pair: Any) -> None:
    model, kept = pair
    for i in TEXTS:
        double, single = (model.trace(kept[f"ids{i}"], keep="tokens", dtype=dtype) for dtype in ("float64", "float32"))
        size = np.abs(double.tokens).max(axis=(1, 2))
        assert (np.abs(single.tokens - double.tokens).max(axis=(1, 2)) / size).max() < 5e-5
        assert np.abs(single.sentence - kept[f"mean_pool64_{i}"]).max() < 1e-5


def test_entry_by_entry_of_one_text(pair: Any) -> None:
    model, kept = pair
    run = model.trace(kept[f"ids{kept['hidden_of']}"], keep="tokens")
    for tokens, wanted in zip(run.tokens[[2, -1]], kept["hidden"]):
        assert np.abs(tokens - wanted).max() < 5e-5 * np.abs(tokens).max()


def test_texts_are_cut_as_the_reference_cut_them() -> None:
    pytest.importorskip("tokenizers", reason="the package tokenizers is not installed: pip install tokenizers")
    model, kept = need(MINILM), reference(MINILM)
    runs = model.trace([str(text) for text in kept["texts"]], keep="tokens")
    for i, run in enumerate(runs):
        assert run.ids.tolist() == kept[f"ids{i}"].tolist()
        assert np.abs(run.sentence - kept[f"mean_pool64_{i}"]).max() < 1e-12
    long = "bread " * 300
    assert len(model.trace(long, keep=()).ids) == 302, "neither cut at 128 nor padded, and with both marks"


def test_a_batch_sees_no_pads(pair: Any) -> None:
    model, kept = pair
    for i, run in enumerate(model.trace([kept[f"ids{i}"] for i in TEXTS], keep="tokens")):
        assert off(run.tokens[::2], kept[f"proj{i}"]) < 1e-10


def test_heads_as_they_were_counted_elsewhere() -> None:
    """Good triples of MiniLM, (layer, head) from 0 with their scores; of the ALBERT, which has none by modulus."""
    heads, shared = need(MINILM).heads(), need(RXN).heads()
    counts = {
        one: [(int(r.dominant.sum()), int(r.good.sum())) for r in
              (of.modulus, of.real_part, of.block_modulus, of.block_real_part)]
        for one, of in (("minilm", heads), ("rxn", shared))
    }  # fmt: skip
    assert counts == {"minilm": [(23, 7), (39, 13), (20, 10), (41, 23)], "rxn": [(0, 0), (5, 3), (2, 1), (6, 4)]}
    told = {(2, 0): 0.148, (2, 10): 0.023, (3, 1): 0.063, (3, 2): 0.092, (3, 9): 0.136, (4, 7): 0.052, (4, 11): 0.222}
    assert {one: round(float(heads.modulus.score[one]), 3) for one in zip(*np.nonzero(heads.modulus.good))} == told
    assert [int(r.modulus.negative.sum()) for r in (heads, shared)] == [17, 3]
    assert [int(r.modulus.real.sum()) for r in (heads, shared)] == [40, 3]
    assert [int((r.trace > 0.0).sum()) for r in (heads, shared)] == [46, 2]


def test_the_references_and_the_models_are_of_the_same_texts() -> None:
    """Everywhere: what is kept beside the tests is whole."""
    for one, layers in ((MINILM, 7), (RXN, 13)):
        kept = reference(one)
        for i in TEXTS:
            assert kept[f"proj{i}"].shape == (layers, len(kept[f"ids{i}"]))
            assert abs(np.linalg.norm(kept[f"mean_pool64_{i}"]) - 1.0) < 1e-12
