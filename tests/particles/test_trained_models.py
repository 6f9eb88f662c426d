"""Heads, controls, loops and flows of tiny trained models, against matrices written out and other ways to compute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

import meanfield as mf
import particles as pt
from particles.trained import flowing, forward
from particles.trained.heads import of_layers
from particles.trained.statistics import directions, mean_product
from particles.trained.weights import each
from validation.exact import double_loop

pytestmark = pytest.mark.rounding
IDS = [3, 17, 29, 0, 8]
MATRICES = ("Q", "K", "V", "O", "U", "W")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    at = tmp_path_factory.mktemp("tiny")
    said = {"bert": tiny.config(num_hidden_layers=3), "albert": tiny.config("albert", num_hidden_layers=3)}
    return {name: pt.trained.load(tiny.folder(at / name, one)) for name, one in said.items()}


# --- heads -------------------------------------------------------------------------------------------------------


def written_out(model: Any) -> list[tuple[Any, ...]]:
    """Q, K, V, O of every head, and the blocks of the first three."""
    dh, out = model.settings.head, []
    for layer in {id(one): one for one in model.layers}.values():
        for h in range(model.settings.heads):
            at = slice(h * dh, (h + 1) * dh)
            blocks = tuple(M[at, at] for M in (layer.Q, layer.K, layer.V))
            out.append((layer.Q[at], layer.K[at], layer.V[at], layer.O[:, at], blocks))
    return out


def test_heads_are_those_of_the_matrices_written_out(models: Any) -> None:
    """By the d x d matrices, and good triples by `pt.good_triple`, of 36 and of 12 heads."""
    for model in models.values():
        good = 0
        for seed in range(3):
            one = model.control("gauss", seed)
            heads, matrices = one.heads(), written_out(one)
            flat = {name: np.ravel(getattr(heads, name)) for name in ("trace", "balance", "skew")}
            for k, (Q, K, V, O, blocks) in enumerate(matrices):  # noqa: E741
                w = np.linalg.eigvals(O @ V)
                w = w[np.argsort(-np.abs(w))][: len(V)]  # the others are 0
                A = Q.T @ K
                assert flat["trace"][k] == pytest.approx(np.trace(O @ V), abs=1e-12)
                assert flat["balance"][k] == pytest.approx(np.trace(O @ V) / np.abs(w).sum(), abs=1e-9)
                assert flat["skew"][k] == pytest.approx(np.sum((A - A.T) ** 2) / np.sum(A**2) / 4.0, abs=1e-12)
                for reading, triple in (
                    (heads.modulus, pt.good_triple(Q, K, O @ V)),
                    (heads.block_modulus, pt.good_triple(*blocks)),
                ):
                    assert np.ravel(reading.good)[k] == triple.good
                    assert np.ravel(reading.dominant)[k] == triple.dominant
                    assert np.ravel(reading.value)[k] == pytest.approx(triple.value, abs=1e-9)
                    if triple.phi is not None:
                        assert np.ravel(reading.score)[k] == pytest.approx(triple.score, abs=1e-9)
                    good += triple.good
                largest = max(w, key=lambda one: one.real)
                assert np.ravel(heads.real_part.value)[k].real == pytest.approx(largest.real, abs=1e-9)
                assert np.ravel(heads.real_part.real)[k] == (abs(largest.imag) < 1e-9)
        assert good > 1


def test_a_good_triple_by_real_part_and_not_by_modulus() -> None:
    """V = diag(1, -2): the largest real part is 1, the largest modulus belongs to -2."""
    one = np.eye(2)[None]
    by_modulus, by_real = pt.trained.heads.readings(one, one, np.diag([1.0, -2.0])[None], None)
    assert [bool(by_modulus.good[0]), bool(by_real.good[0])] == [False, True]
    assert [bool(by_modulus.negative[0]), bool(by_real.negative[0])] == [True, False]
    turned = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    assert not any(bool(reading.dominant[0]) for reading in pt.trained.heads.readings(one, one, turned, None))
    twice = pt.trained.heads.readings(one, one, np.eye(2)[None], None)
    assert not any(bool(reading.dominant[0]) or np.isfinite(reading.score[0]) for reading in twice)


def test_shared_layers_count_once_and_beta_is_of_a_prompt(models: Any) -> None:
    assert models["albert"].heads().trace.shape == (1, 4)
    heads = models["bert"].heads(IDS)
    run = models["bert"].trace(IDS)
    s = np.einsum("lhid,lhjd->lhij", run.q, run.k) / 2.0
    assert np.allclose(heads.beta, s.std(axis=(-2, -1)), rtol=1e-12)
    with pytest.raises(ValueError, match=r"prompt: got 2 prompts, wanted one: heads\(prompts\[0\]\)"):
        models["bert"].heads([IDS, IDS])


# --- controls ----------------------------------------------------------------------------------------------------


def test_controls_are_what_they_say(models: Any) -> None:
    model = models["bert"]
    for kind in ("shuffle", "gauss", "init"):
        one, again, other = (model.control(kind, seed) for seed in (0, 0, 1))
        assert one.weights == f"{kind} 0"
        assert one.embedding is model.embedding
        assert np.array_equal(one.trace(IDS).tokens[0], model.trace(IDS).tokens[0])
        for name in MATRICES:
            a, true = getattr(one.layers[1], name), getattr(model.layers[1], name)
            assert np.array_equal(a, getattr(again.layers[1], name))
            assert not np.array_equal(a, getattr(other.layers[1], name))
            assert (np.sort(a.ravel()) == np.sort(true.ravel())).all() == (kind == "shuffle")
            assert a.std() == pytest.approx(0.02 if kind == "init" else true.std(), rel=0.25)
        gain, bias = one.layers[0].gain2, one.layers[0].W0
        assert np.array_equal(gain, np.ones(16) if kind == "init" else model.layers[0].gain2)
        assert np.array_equal(bias, np.zeros(16) if kind == "init" else model.layers[0].W0)
        assert len({id(layer) for layer in models["albert"].control(kind, 0).layers}) == 1
    with pytest.raises(ValueError, match="kind must be one of"):
        model.control("random", 0)


# --- loops -------------------------------------------------------------------------------------------------------


def test_passes_are_the_layers_again(models: Any) -> None:
    for model in models.values():
        loop = model.loop(IDS, 3)
        long = replace(model, layers=3 * model.layers, settings=replace(model.settings, depth=9))
        assert np.allclose(loop.tokens, long.trace(IDS).tokens[::6], rtol=0.0, atol=1e-10)
        plain = model.loop(IDS, 3, growth=False)
        assert plain.growth is None and np.array_equal(plain.tokens, loop.tokens)
        both = model.loop([IDS, IDS[:2]], 3)
        assert np.allclose(both[1].tokens, model.loop(IDS[:2], 3).tokens, rtol=0.0, atol=1e-10)
        assert loop.mean_product.shape == loop.clusters.shape == (4,)
    with pytest.raises(MemoryError, match=r"passes: this needs \d+ bytes, more than limit=10000"):
        model.loop(IDS, 100, limit=1e4)


def test_growth_is_that_of_the_linearised_pass(models: Any) -> None:
    """By central differences along the same perturbation, whose own errors are 1e-10; of ours 1e-16 / 1e-9."""
    model = models["bert"]
    x = model.trace(IDS).tokens[0][None]
    v = np.random.default_rng(7).standard_normal(x.shape)
    v *= np.linalg.norm(x) / np.linalg.norm(v)

    def after(y: Any) -> Any:
        return [half.tokens for half in forward.halves(model.layers, y, model.settings)][-1]

    slope = (after(x + 1e-6 * v) - after(x - 1e-6 * v)) / 2e-6
    wanted = np.log(np.linalg.norm(slope) / np.linalg.norm(x)) / 3
    assert model.loop(IDS, 1, seed=7).growth[0] == pytest.approx(wanted, abs=1e-5)


def test_nothing_grows_where_layers_only_normalise(models: Any) -> None:
    """With O = W = 0 a layer only normalises, so that a perturbation stays as it is after the first pass."""
    model = models["bert"].control("init", 0)
    still = tuple(each(layer, lambda name, a: 0.0 * a if name in "OW" else a) for layer in model.layers)
    loop = replace(model, layers=still).loop(IDS, 4)
    assert loop.growth[0] < 0.0
    assert np.abs(loop.growth[1:]).max() < 1e-5


# --- flows -------------------------------------------------------------------------------------------------------


def test_the_flow_is_the_layer_s_attention(models: Any) -> None:
    """Of tokens of one length, without biases, what attention adds is r times the law's velocity."""
    model = models["bert"]
    plain = each(model.layers[0], lambda name, a: 0.0 * a if name.endswith("0") else a)
    y = directions(model.trace(IDS).tokens[0])
    added, _ = forward.attend(plain, 3.0 * y[None], model.settings.heads, None)
    law = flowing.law_of(plain, model.settings, 3.0)
    assert np.allclose(law.velocity(0.0, y, mf.Points(y)), added[0] / 3.0, rtol=0.0, atol=1e-11)


def test_what_a_flow_explains() -> None:
    D = np.random.default_rng(0).standard_normal((5, 3))
    assert np.allclose(flowing.explained(D, np.array([D, 0.0 * D, 2.0 * D])), [1.0, 0.0, 0.0])
    assert flowing._multiple(D, -7.0 * D) == pytest.approx(1.0)
    assert flowing._reached(np.arange(3.0), np.array([0.1, 0.3, 0.7]), 0.5) == pytest.approx(1.5)
    assert flowing._reached(np.arange(2.0), np.array([0.1, 0.3]), 0.5) == float("inf")
    assert flowing._reached(np.arange(2.0), np.array([0.6, 0.3]), 0.5) == 0.0


def test_flows_beside_layers(models: Any) -> None:
    """The time of SA is checked by the printed loop in scipy's integrator."""
    smaller = tuple(each(layer, lambda name, a: 0.3 * a if name in MATRICES else a) for layer in models["bert"].layers)
    model = replace(models["bert"], layers=smaller)
    found = model.flow(IDS, 2)
    run = model.trace(IDS)
    y = directions(run.tokens[2:5])
    assert found.attention[0] == found.whole[0] == 0.0
    assert found.best_attention == found.attention.max() <= 1.0
    scores = np.einsum("hid,hjd->hij", run.q[1], run.k[1]) / 2.0
    assert found.beta == pytest.approx(scores.std() / (y[0] @ y[0].T)[np.triu_indices(5, 1)].std())
    goal = float(mean_product(y[1]))
    assert 0.0 < found.time_attention < flowing.LONG
    x = double_loop.run("SA", y[0], found.beta, [0.0, found.time_attention])[-1]
    assert mean_product(x) == pytest.approx(goal, abs=1e-5)
    assert np.isnan(flowing._time(y[0], 1e5, goal)), "as of tokens that have met"
    with pytest.raises(ValueError, match="wanted one prompt of two tokens at least"):
        model.flow([5], 1)
    with pytest.raises(ValueError, match="layer must be an integer >= 1 and <= 3"):
        model.flow(IDS, 4)


def test_the_energy_is_split_between_attention_and_feed_forward(models: Any) -> None:
    """By the double sum as printed; what attention and feed-forward do adds up to what the model does."""
    run = models["bert"].trace(IDS)
    energies = run.energies(2.0)
    wanted = [np.exp(2.0 * y @ y.T).sum() / (4.0 * 25) for y in run.directions]
    assert np.allclose(energies, wanted, rtol=1e-13)
    steps = np.diff(energies)
    assert steps[::2].sum() + steps[1::2].sum() == pytest.approx(wanted[-1] - wanted[0], abs=1e-10)


def test_heads_of_a_list_of_layers(models: Any) -> None:
    layers = models["bert"].layers
    assert of_layers(layers[:1], 4).trace.shape == (1, 4)
    assert np.array_equal(of_layers([*layers, layers[0]], 4).skew, models["bert"].heads().skew)


def test_what_is_asked_wrongly(models: Any, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="passes must be an integer"):
        models["bert"].loop(IDS, 1.5)
    with pytest.raises(ValueError, match="beta must be a finite real number > 0"):
        models["bert"].trace(IDS).energies(0.0)
