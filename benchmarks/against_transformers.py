"""Sentence embeddings of MiniLM beside those of transformers on torch: 100 sentences, 1e-5 at most.

    nox -s trained

Prints the largest difference of an entry, and ends with 1 if it is larger.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from validation.prompts import english
from validation.published import MINILM, loaded

MOST, COUNT = 1e-5, 100


def sentences() -> list[str]:
    """From the prompts of the checks."""
    found = [part.strip() for text in english() for part in text.split(". ") if len(part.split()) > 3]
    return found[:COUNT]


def theirs(texts: list[str]) -> np.ndarray:
    """Means over tokens of the last layer, of length 1, by transformers in single precision."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = str(MINILM.folder)
    cut, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    out = []
    for text in texts:
        with torch.no_grad():
            mean = model(**cut(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0).numpy()
        out.append(mean / np.linalg.norm(mean))
    return np.array(out)


if __name__ == "__main__":
    asked = sentences()
    ours = np.array([run.sentence for run in loaded(MINILM).trace(asked, keep="tokens")])
    worst = float(np.abs(ours - theirs(asked)).max())
    print(f"{len(asked)} sentences: largest difference {worst:.2g} (asked: {MOST:g} at most)")
    sys.exit(worst > MOST)
