"""Titles that fit: in smaller letters, in several lines, shortened; the one place where this is decided."""

from __future__ import annotations

import re
from typing import Any

SMALLEST = 0.8
"""Share of its size to which a title's letters are made smaller before it is broken into lines."""
LINES = 3
"""Of a title at most."""
_WORD = r"(?:\$[^$]*\$| ?\(\d[\d, ]*\)|[^\s$])+"
"""What is not parted: a word, a formula, a shape and what it is of."""


def fit(text: Any, room: float) -> None:
    """Make a text no wider than this many dots: by smaller letters, then in up to three lines, then shortened."""
    whole = text.get_text()
    if (width := _width(text, whole)) <= room:
        return
    text.set_fontsize(float(text.get_fontsize()) * max(room / width, SMALLEST))
    if width * SMALLEST > room:
        text.set_text("\n".join(_lines(text, re.findall(_WORD, whole), room)))


def _width(text: Any, words: str) -> float:
    """Dots that a text would be wide with these words in it, which it has from then on."""
    text.set_text(words)
    return float(text.get_window_extent().width)


def _lines(text: Any, words: list[str], room: float) -> list[str]:
    """Words in lines that fit; what is beyond the last of them, or within a word beyond a whole line, is left out."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if _width(text, longer) <= room:
            lines[-1] = longer
        elif not lines[-1]:
            lines[-1] = _shortened(text, word, room)
        else:
            lines.append(word if _width(text, word) <= room else _shortened(text, word, room))
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], _shortened(text, " ".join(lines[LINES - 1 :]), room)]
    return lines


def _shortened(text: Any, words: str, room: float) -> str:
    """The beginning and the end of some words, with dots between; formulas are not cut."""
    for kept in range(len(words) - 4, 8, -2):
        a, b = 2 * kept // 3, len(words) - kept // 3
        whole = words[:a].count("$") % 2 == 0 and "$" not in words[a:b]
        if whole and _width(text, short := f"{words[:a]} ... {words[b:]}") <= room:
            return short
    return words


def of_replica(index: tuple[Any, ...]) -> str:
    """Which replica a picture is of, to be added to its title; nothing where there is but one."""
    return f", replica {index[0] if len(index) == 1 else index}" if index else ""
