"""What trained models are asked with: fifty paragraphs of English, fifty reactions of organic chemistry as text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from validation.published import Published

ACYL = (
    "C", "CC", "CCC", "CC(C)", "c1ccccc1", "c1ccc(F)cc1", "c1ccc(Cl)cc1", "c1ccc(C)cc1", "c1ccc(OC)cc1", "c1ccncc1",
)  # fmt: skip
"""What is left of an acid without C(=O)O."""
PARTNERS = ("NCc1ccccc1", "N1CCOCC1", "OCC")
"""Amines and an alcohol, which take the acid's OH."""
HALIDES, BORONIC = ("F", "C", "OC", "C(C)=O", "C#N"), ("F", "C", "Cl", "OC")
"""Substituents of a bromide and of a boronic acid, which are coupled."""
PIECE = re.compile(r"\[[^\]]+\]|Br|Cl|%\d{2}|>>|[A-Za-z0-9]|[()\.=#\-+\\/:~@?>*$]")
"""One token of a reaction: an atom in brackets or of two letters, a ring of two digits, the arrow, or one sign."""


@cache
def english() -> tuple[str, ...]:
    """Paragraphs of 50 to 110 tokens, of this project's own pages as they once stood."""
    return tuple(Path(__file__).with_name("prompts.txt").read_text(encoding="utf-8").splitlines())


@cache
def reactions() -> tuple[str, ...]:
    """Thirty of an acid with an amine or alcohol, twenty couplings of two rings."""
    joined = [f"{acid}C(=O)O.{one}>>{acid}C(=O){one}" for acid in ACYL for one in PARTNERS]
    coupled = [f"Brc1ccc({a})cc1.OB(O)c1ccc({b})cc1>>{_ring(a)}-{_ring(b)}" for a in HALIDES for b in BORONIC]
    return (*joined, *coupled)


def _ring(part: str) -> str:
    return f"c1ccc({part})cc1"


def pieces(text: str, vocabulary: dict[str, int]) -> list[int]:
    """A reaction as ids, with the marks at both ends; what the vocabulary has not is [UNK]."""
    unknown = vocabulary["[UNK]"]
    inside = [vocabulary.get(one, unknown) for one in PIECE.findall(text)]
    return [vocabulary["[CLS]"], *inside, vocabulary["[SEP]"]]


def vocabulary(one: Published) -> dict[str, int]:
    """The words of a model's vocab.txt."""
    if one.folder is None:
        raise FileNotFoundError(one.missing)
    return {word: k for k, word in enumerate((one.folder / "vocab.txt").read_text(encoding="utf-8").splitlines())}
