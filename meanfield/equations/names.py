"""Names of equations as people write them, and the places that a check says it is about."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from meanfield.equations.printed import PRINTED
from meanfield.tools import inputs

_PAPER = re.compile(r"([abc])(?:\s*\(|\s+|(?=\d))(.+?)\)?", re.IGNORECASE)
_RANGE = re.compile(r"\(([^()\s]+)\)(?:-\(([^()\s]+)\))?")


_SHORT = {
    "remark": "rem", "theorem": "thm", "lemma": "lem", "proposition": "prop", "table": "tab", "figure": "fig",
    "example": "ex",
}  # fmt: skip
_NAMED = re.compile(r"\b(?:mf|pt)\.(?:\w+\.)*(\w+)")
"""What a line types of ours."""
WORD = 3
"""Letters of a word by which an equation is looked for: fewer are in all of them."""
TOLD = 6
"""How many of those that speak of it are named."""


def _bare(name: str) -> str:
    words = "|".join([*_SHORT, *_SHORT.values()])
    bare = re.sub(r"[\s()]", "", name).lower()
    return re.sub(rf"({words})\.?(?=\d)", lambda found: _SHORT.get(found[1], found[1]), bare)


def _parted(name: str) -> tuple[str, str]:
    """(paper or nothing, the rest), in small letters without blanks and parentheses."""
    found = _PAPER.fullmatch(name.strip())
    return (found[1].lower(), _bare(found[2])) if found else ("", _bare(name))


def find(name: str, held: Mapping[str, str] | None = None) -> str:
    """The equation that is meant: "A (2.7)", "A 2.7", "(2.7)" and "2.7" are one; of a word the one that speaks of it.

    Parameters
    ----------
    name : str
        As people write it.
    held : mapping, optional
        Of an equation the names of those that hold it, by which it is found, too.

    Raises
    ------
    ValueError
        If no equation, or one of several papers, is called so; the text names them.
    """
    if not isinstance(name, str):
        raise TypeError(f'name: got {inputs.describe(name)}, wanted an equation as "A (2.7)"')
    paper, number = _parted(name)
    meant = [one for one in PRINTED if _parted(one)[1] == number and paper in ("", _parted(one)[0])]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ValueError(f"name: {name!r} is an equation of several papers: write {' or '.join(map(repr, meant))}")
    spoken = _speaking(name, held or {})
    if len(spoken) == 1:
        return spoken[0]
    more = f" and {len(spoken) - TOLD} more" if len(spoken) > TOLD else ""
    about = f": {', '.join(spoken[:TOLD])}{more} speak of it; write one of these" if spoken else near(name)
    raise ValueError(f"name: no equation is called {name!r}{about}")


def _speaking(word: str, held: Mapping[str, str]) -> list[str]:
    """Equations in whose words, line or holders some begin so."""
    asked = _words(word).rstrip()
    if len(re.sub(r"[^a-z]", "", asked)) < WORD:
        return []
    said = {name: (one.what, *_NAMED.findall(one.how), held.get(name, "")) for name, one in PRINTED.items()}
    whole = " " + asked.replace(" ", "")  # names of classes have no blanks
    return [name for name, texts in said.items() if asked in (text := _words(" ".join(texts))) or whole in text]


def _words(text: str) -> str:
    """In small letters, a blank before each, and nothing else between them."""
    return re.sub(r"\W+", " ", f" {text} ".lower())


def near(name: str) -> str:
    """ (did you mean ...?), or nothing: those of the paper, if one is named."""
    paper, number = _parted(name)
    known = {"".join(_parted(one)): one for one in PRINTED if paper in ("", _parted(one)[0])}
    plain = known if paper else {_parted(one)[1]: one for one in PRINTED}
    close = difflib.get_close_matches(paper + number, list(plain), n=3, cutoff=0.5)
    return f" (did you mean {', '.join(plain[one] for one in close)}?)" if close else ""


def places(where: str) -> tuple[str, ...]:
    """The equations that a check's `where` names, as "A 2.2 (2.3)-(2.5)" or "C B.1 (5), (6)".

    Every number in parentheses counts, whether or not there is such an equation; of what has no number, what is known.
    """
    found: list[str] = []
    for part in where.split(";"):
        part = part.strip()
        pieces = [piece if piece[:2] == part[:2] else part[:2] + piece for piece in part.split(", ")]
        said = ", ".join([part, *pieces])
        found += [one for one in PRINTED if "(" not in one and re.search(rf"{re.escape(one)}(?![\w.])", said)]
        if part[:2] not in ("A ", "B ", "C "):
            continue
        for first, last in _RANGE.findall(part):
            head, _, low = first.rpartition(".")
            high = last.rpartition(".")[2]
            numbers = [first] if not last else [f"{head}.{k}" for k in range(int(low), int(high) + 1)]
            found += [f"{part[0]} ({number})" for number in numbers]
    return tuple(dict.fromkeys(found))
