"""Formulas in a line of text -> MathML, which a browser sets without a script, a font or a network.

The text is what the project writes everywhere: ``W_1 ~ n^{-1/2}``, ``int |X|^2 Z d mu``, ``<x_i, x_j> >= 1 - delta``.
What reads as a formula is set as one; all else stays the text it was, so that a sentence cannot be spoiled.  Blanks
stay where they were: a formula that is copied from the page is the text again.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
SIGNS = {"int": "∫", "sum": "∑", "grad": "∇"}
"""Signs that stand before what they are of."""
FUNCTIONS = frozenset(
    ("exp", "log", "cos", "sin", "tan", "sinh", "cosh", "tanh", "arccos", "min", "max", "sup", "det", "div", "sqrt")
)
RELATIONS = {"<=": "≤", ">=": "≥", "->": "→", "!=": "≠", "~": "∼", "=": "=", "<": "<", ">": ">"}
CLOSING = {"(": ")", "[": "]", "{": "}"}
PAPERS = "ABCFSIa"
"""Letters that alone are a paper, a word or an identity more often than a variable."""

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<word>(?<![\w)])\(\d+(?:\.\d+)?\)|(?:[A-Za-z]\.){2,}|[A-Za-z]+\d*['’][A-Za-z]+|[A-Za-z]+(?:-[A-Za-z]{3,})+"
    r"|[A-Za-z]\w+\((?=\w+=)[^()]*\))"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![A-Za-z]{2}))"
    r"|(?P<name>[A-Za-z]\w*|_\w*)"
    r"|(?P<relation><=|>=|->|!=|[~=<>])"
    r"|(?P<mark>[-+*/^_()\[\]{}|,'])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_LETTER = re.compile(r"(?P<first>[A-Za-z]\d*|d[A-Zxtyz])$")
_PRODUCT = re.compile(r"<(?=\S)[^<>=]+, [^<>=]+>")


class Part(NamedTuple):
    """A parsed stretch: its MathML, the token after it, whether it must be a formula, whether it holds a variable."""

    out: str
    end: int
    sure: bool = False
    variable: bool = False


def typeset(text: str) -> str:
    """Escaped text, its formulas as ``<math>``."""
    return _Reader(text).all()


class _Reader:
    """Descends through one line of text; a method returns None where there is no such thing."""

    def __init__(self, text: str) -> None:
        self.tokens = [(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(text)]
        self.deep = 0
        """How many braces are open: inside, ``tV`` is a product."""

    def all(self) -> str:
        pieces, at = [], 0
        while at < len(self.tokens):
            found = self.chain(at)
            if found is None:
                pieces.append(html.escape(self.tokens[at][1]))
                at += 1
                continue
            source = "".join(text for _, text in self.tokens[at : found.end])
            lone = len(source) == 1 and source.isalpha() and source not in PAPERS
            sure = found.sure or lone
            pieces.append(f"<math>{found.out}</math>" if sure else html.escape(source))
            at = found.end
        return "".join(pieces)

    def kind(self, at: int) -> str:
        return self.tokens[at][0] if at < len(self.tokens) else "end"

    def text(self, at: int) -> str:
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def past_space(self, at: int) -> tuple[int, str]:
        """Where the next token that is no blank is, and the blank before it."""
        return (at + 1, " ") if self.kind(at) == "space" else (at, "")

    # --- from the loosest to the tightest ---

    def chain(self, at: int, bar: bool = False) -> Part | None:
        """a = b <= c, also without the first."""
        if self.kind(at) == "relation" and not self.brackets(at):
            left = Part("", at)
        else:
            first = self.total(at, bar)
            if first is None:
                return None
            left = first
        while True:
            sign, before = self.past_space(left.end)
            if self.kind(sign) != "relation" or self.brackets(sign):
                break
            begin, after = self.past_space(sign + 1)
            right = self.total(begin, bar, related=True)
            if right is None:
                break
            mark = html.escape(RELATIONS[self.text(sign)])
            sure = self.text(sign) not in "<>" or bool(left.out)
            out = f"{left.out}{before}<mo>{mark}</mo>{after}{right.out}"
            left = Part(out, right.end, left.sure or right.sure or sure, left.variable or right.variable)
        return left if left.out else None

    def total(self, at: int, bar: bool, related: bool = False) -> Part | None:
        """a + b - c."""
        sign = self.text(at) if self.text(at) in ("-", "+") and self.kind(at) == "mark" else ""
        first = self.product(at + bool(sign), bar, related)
        if first is None:
            return None
        left = first._replace(out=_row(f"<mo>{sign}</mo>{first.out}")) if sign else first
        while True:
            op, before = self.past_space(left.end)
            if self.kind(op) != "mark" or self.text(op) not in ("+", "-"):
                return left
            begin, after = self.past_space(op + 1)
            if before and not after:  # "a -b": a dash, or a sign of what follows
                return left
            right = self.product(begin, bar, related)
            if right is None:
                return left
            left = self.joined(left, f"{before}<mo>{self.text(op)}</mo>{after}", right, sure=True)

    def product(self, at: int, bar: bool, related: bool) -> Part | None:
        """a b / c * d."""
        left = self.factor(at, bar)
        while left is not None:
            op, before = self.past_space(left.end)
            if self.kind(op) == "mark" and self.text(op) in ("/", "*"):
                begin, after = self.past_space(op + 1)
                right = self.factor(begin, bar)
                if right is None or (before != after):
                    return left
                tight = "" if before or self.text(op) == "*" else ' lspace="0" rspace="0"'
                left = self.joined(left, f"{before}<mo{tight}>{self.text(op)}</mo>{after}", right, sure=True)
                continue
            right = self.factor(op, bar)
            if right is None or (before and self.apart(related, right.end)):
                return left
            left = self.joined(left, f'{before}<mspace width=".2em"/>' if before else "", right)
        return None

    def apart(self, related: bool, end: int) -> bool:
        """Whether a relation follows one that was before: "n = 4 d = 2" is two formulas."""
        return related and self.kind(self.past_space(end)[0]) == "relation"

    @staticmethod
    def joined(left: Part, between: str, right: Part, sure: bool = False) -> Part:
        variable = left.variable or right.variable
        found = left.sure or right.sure or (sure and variable)
        return Part(f"{left.out}{between}{right.out}", right.end, found, variable)

    def factor(self, at: int, bar: bool) -> Part | None:
        """x_i^2, f(x), x'."""
        base = self.base(at, bar)
        while base is not None:
            mark = self.text(base.end)
            if mark in ("^", "_") and self.kind(base.end) == "mark":
                index = self.index(base.end + 1)
                if index is None:
                    return base
                tag = "msup" if mark == "^" else "msub"
                base = Part(f"<{tag}>{_row(base.out)}{_row(index.out)}</{tag}>", index.end, True, True)
            elif mark == "'" and base.variable:
                base = Part(f"<msup>{_row(base.out)}<mo>′</mo></msup>", base.end + 1, True, True)
            elif mark == "*" and base.variable and self.ends(base.end + 1):
                base = Part(f"<msup>{_row(base.out)}<mo>*</mo></msup>", base.end + 1, True, True)
            elif mark in ("(", "[") and base.variable and (inside := self.bracket(base.end)):
                base = Part(base.out + inside.out, inside.end, True, True)
            else:
                return base
        return None

    def ends(self, at: int) -> bool:
        """Whether nothing that could be multiplied stands here."""
        return self.kind(at) in ("space", "end", "other") or self.text(at) in (",", ")", "|", "]", "}")

    def index(self, at: int) -> Part | None:
        """What is raised or lowered: a group, or one sign."""
        if self.text(at) == "{":
            self.deep += 1
            inside = self.bracket(at)
            self.deep -= 1
            return inside or self.verbatim(at)
        if self.text(at) in ("*", "#"):
            return Part(f"<mo>{self.text(at)}</mo>", at + 1)
        sign = self.text(at) == "-"
        found = self.single(at + sign)
        return found and found._replace(out=f"<mo>-</mo>{found.out}" if sign else found.out)

    def single(self, at: int) -> Part | None:
        """A number, or a name without an index of its own."""
        kind, text = self.kind(at), self.text(at)
        if kind == "number":
            return Part(f"<mn>{text}</mn>", at + 1)
        if kind == "name" and (text in GREEK or len(text) == 1):
            return Part(f"<mi>{GREEK.get(text, text)}</mi>", at + 1, text in GREEK, True)
        return None

    def verbatim(self, at: int) -> Part | None:
        """A group that is no formula, as it is."""
        texts = [text for _, text in self.tokens]
        if "}" not in texts[at:]:
            return None
        end = texts.index("}", at)
        return Part(f"<mtext>{html.escape(''.join(texts[at + 1 : end]))}</mtext>", end + 1)

    def base(self, at: int, bar: bool) -> Part | None:
        kind, text = self.kind(at), self.text(at)
        if kind == "number":
            return Part(f"<mn>{text}</mn>", at + 1)
        if kind == "name":
            return self.name(at, bar)
        if text == "|" and not bar:
            return self.norm(at)
        if self.brackets(at):
            return self.angles(at)
        return self.bracket(at) if text in ("(", "[") else None

    def name(self, at: int, bar: bool) -> Part | None:
        text = self.text(at)
        if text in SIGNS or text in FUNCTIONS:
            return self.applied(at, bar)
        head, line, tail = text.partition("_")
        letters = _letters(head) or (_spread(head) if self.deep else "")
        if not letters:
            return None
        sure = head in GREEK
        if not line:
            return Part(letters, at + 1, sure, True)
        if not tail:  # what is lowered follows: x_{ij}, beta_*
            index = self.index(at + 1) if self.text(at + 1) in ("{", "*", "#") else None
            return index and Part(f"<msub>{_row(letters)}{_row(index.out)}</msub>", index.end, True, True)
        if len(tail) > 1 and tail not in GREEK:
            return None
        low = f"<mn>{tail}</mn>" if tail.isdigit() else f"<mi>{GREEK.get(tail, tail)}</mi>"
        return Part(f"<msub>{_row(letters)}{low}</msub>", at + 1, True, True)

    def applied(self, at: int, bar: bool) -> Part | None:
        """log x, sin^2 x, sqrt beta, int rho, grad E: a name or sign, and what it is of."""
        text, end = self.text(at), at + 1
        sign = f"<mo>{SIGNS[text]}</mo>" if text in SIGNS else f"<mi>{text}</mi>"
        if self.text(end) in ("^", "_") and (index := self.index(end + 1)):
            tag = "msup" if self.text(end) == "^" else "msub"
            sign, end = f"<{tag}>{sign}{_row(index.out)}</{tag}>", index.end
        begin, blank = self.past_space(end)
        found = self.factor(begin, bar)
        if found is None or not (found.variable or self.text(begin) in ("(", "|", "<")):
            return None
        if text == "sqrt":
            return Part(f"<msqrt>{found.out}</msqrt>", found.end, True, True)
        gap = f'{blank}<mspace width=".17em"/>' if blank else ""
        return Part(f"{sign}{gap}{found.out}", found.end, True, True)

    # --- brackets ---

    def brackets(self, at: int) -> bool:
        """Whether an inner product <x, y> begins here."""
        rest = "".join(text for _, text in self.tokens[at:])
        return self.text(at) == "<" and _PRODUCT.match(rest) is not None

    def angles(self, at: int) -> Part | None:
        inside = self.parts(at + 1, ">")
        if inside is None:
            return None
        return Part(f"<mo>⟨</mo>{inside.out}<mo>⟩</mo>", inside.end + 1, True, True)

    def norm(self, at: int) -> Part | None:
        inside = self.chain(at + 1, bar=True)
        if inside is None or self.text(inside.end) != "|" or not inside.variable:
            return None
        bar = '<mo stretchy="false">|</mo>'
        return Part(f"{bar}{inside.out}{bar}", inside.end + 1, True, True)

    def bracket(self, at: int) -> Part | None:
        opening = self.text(at)
        inside = self.parts(at + 1, CLOSING[opening]) if self.kind(at) == "mark" else None
        if inside is None or opening == "{":
            return inside and inside._replace(end=inside.end + 1)
        shown = [f'<mo stretchy="false">{one}</mo>' for one in (opening, CLOSING[opening])]
        return inside._replace(out=inside.out.join(shown), end=inside.end + 1)

    def parts(self, at: int, closing: str) -> Part | None:
        """Formulas with commas between, up to what closes them."""
        pieces: list[str] = []
        sure = variable = False
        while True:
            # an inner product's end is no relation
            one = self.total(at, False) if closing == ">" else self.chain(at)
            if one is None:
                return None
            pieces.append(one.out)
            sure, variable = sure or one.sure, variable or one.variable
            if self.text(one.end) == closing:
                return Part("".join(pieces), one.end, sure, variable)
            if self.text(one.end) != ",":
                return None
            at, blank = self.past_space(one.end + 1)
            pieces.append(f'<mo separator="true">,</mo>{blank}')


def _row(out: str) -> str:
    """One element, as indices want it."""
    return f"<mrow>{out}</mrow>"


def _letters(head: str) -> str:
    """A variable as MathML: a Greek name, a letter (with digits: W1), dt; nothing for a word."""
    if head in GREEK:
        return f"<mi>{GREEK[head]}</mi>"
    if _LETTER.match(head):
        split = head[0] == "d" and head[1:].isalpha()
        return "".join(f"<mi>{one}</mi>" for one in (head if split else [head]))
    return ""


def _spread(head: str) -> str:
    """Two or three letters inside braces are a product."""
    return "".join(f"<mi>{one}</mi>" for one in head) if 1 < len(head) < 4 and head.isalpha() else ""
