"""Formulas in a sentence: what is set as one, what stays a word, and that nothing is lost."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from validation.mathml import GREEK, typeset
from validation.registry import checks
from validation.rows import ROWS

WRITTEN = {sign: name for name, sign in GREEK.items() if name != "epsilon"} | {
    "≤": "<=", "≥": ">=", "→": "->", "∼": "~", "⟨": "<", "⟩": ">", "′": "'", "∫": "int", "∑": "sum", "∇": "grad",
}  # fmt: skip


def seen(text: str) -> str:
    """The text with formulas between brackets, indices as they were typed."""
    return re.sub(r"<math>(.*?)</math>", lambda found: f"[{''.join(typed(found[1]))}]", typeset(text))


def typed(inside: str) -> str:
    def of(node: ElementTree.Element) -> str:
        parts = [of(child) + (child.tail or "") for child in node]
        if node.tag in ("msup", "msub"):
            mark = "" if parts[1] == "′" else "^" if node.tag == "msup" else "_"
            return f"{parts[0]}{mark}{parts[1] if len(parts[1]) < 2 else '{' + parts[1] + '}'}"
        if node.tag == "msqrt":
            return f"sqrt({''.join(parts)})"
        return (node.text or "") + "".join(parts)

    plain = of(ElementTree.fromstring(f"<math>{inside}</math>"))
    return "".join(WRITTEN.get(sign, sign) for sign in plain)


@pytest.mark.parametrize(
    ("text", "set_as"),
    [
        ("W_1 ~ n^{-1/2}", "[W_1 ~ n^{-1/2}]"),
        ("at rate n^{-1/2}, d = 2", "at rate [n^{-1/2}], [d = 2]"),
        ("rises by int |X|^2 Z d mu; points", "rises by [int |X|^2 Z d mu]; points"),
        ("grow at k(k+d-2) lambda_k / beta", "grow at [k(k+d-2) lambda_k / beta]"),
        ("e^{beta cos x} = sum I_k e^{ikx}, and", "[e^{beta cos x} = sum I_k e^{ikx}], and"),
        ("least <x_i, x_j> >= 1 - delta", "least [<x_i, x_j> >= 1 - delta]"),
        ("x' = P_x V x: to", "[x' = P_x V x]: to"),
        ("exp(Omega(sqrt beta))", "[exp(Omega(sqrt(beta)))]"),
        ("n=4 d=2 beta=1", "[n=4] [d=2] [beta=1]"),
        ("up to tau*, beta_* and K_#", "up to [tau^*], [beta_*] and [K_#]"),
        ("e^b x_{ij} 10^-12 (x_i)^2", "[e^b x_{ij} 10^{-12} (x_i)^2]"),
        ("V = -I", "[V = -I]"),
        ("<= 1e-9", "[<= 1e-9]"),
        ("E(t) - E(0) = dissipated", "[E(t) - E(0)] = dissipated"),
        ("W_{2,E} <= e^{b/2} W_2", "[W_{2,E} <= e^{b/2} W_2]"),
    ],
)  # fmt: skip
def test_what_reads_as_a_formula_is_one(text: str, set_as: str) -> None:
    assert seen(text) == set_as


@pytest.mark.parametrize(
    "text",
    [
        "A 3.1 (3.1)-(3.4)", "C B.1 (5), (6)", "A 2.2, 3.3", "order 8 - printed", "rows' sums - 1", "max_resolution",
        "x_10 a_b_c _x 2^ thorough_o", "a mean-field limit", "SA(beta=4), USA", "A43's intervals", "i.i.d. samples",
        "200 times A12.spheres", "Nobody | knows", "one (or 2) of 3", "the sum over all", "0.5 s", "log time",
    ],
)  # fmt: skip
def test_what_is_a_word_stays_one(text: str) -> None:
    assert typeset(text) == text.replace("'", "&#x27;")


def test_nothing_can_be_slipped_in() -> None:
    for evil in ("<script>", "x^<b>", "x_{<b>}", "<x, <b>>", "|<b>|", "e^{\"&", "P(<b>, x)"):
        assert not re.search(r"<(?!/?(?:math|m[a-z]+)[ >/])|&(?!(?:lt|gt|amp|quot|#x27);)", typeset(evil))


def test_every_formula_of_the_checklist_is_whole() -> None:
    """Well-formed, and with no sign lost or gained but those that MathML writes otherwise."""
    texts = [check.title for check in checks()] + [text for row in ROWS.values() for text in (row.what, row.wanted)]
    set_ones = 0
    for text in texts:
        tree = ElementTree.fromstring(f"<p>{typeset(text)}</p>")
        set_ones += len(tree)
        left = "".join(WRITTEN.get(sign, sign) for sign in "".join(tree.itertext()))
        assert re.sub(r"[\s^_{}]|sqrt", "", left) == re.sub(r"[\s^_{}]|sqrt", "", text)
        for node in tree.iter():
            assert node.tag not in ("msup", "msub") or len(node) == 2
    assert set_ones > 300
