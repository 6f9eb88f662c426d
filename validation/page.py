"""Sections of text, tables and pictures -> one self-contained HTML page (`report.html`).

`write` knows nothing of checks: any experiment can make its page with it.  The page loads nothing from anywhere:
pictures, style and formulas (`mathml`) are inside it; it fits a telephone, it is dark where the reader's screen is, and
it prints well.
"""

from __future__ import annotations

import base64
import html
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np

from meanfield.tools import files
from validation.mathml import typeset
from validation.verdict import made_with

TONES = ("good", "bad", "info", "warn", "mute")
"""Colours of a mark."""
_MIMES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell of a table, or the mark beside a heading, that is more than text."""

    text: str
    tone: str = ""
    """One of `TONES`: set as a small coloured mark.  Empty: plain."""
    to: str = ""
    """Heading of a section of the same page to link to."""


class Table(NamedTuple):
    """Header and rows; a cell is a number (right-aligned, its every digit on hovering), text, or a `Cell`."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""


class Picture(NamedTuple):
    """A picture file (png, jpg, gif, svg), relative to the page's folder or absolute."""

    path: files.PathLike
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a page.  Text between backquotes is set as code, formulas such as W_1 ~ n^{-1/2} as in print."""

    heading: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table | tuple[Any, ...]] = ()
    pictures: Sequence[Picture | tuple[Any, ...]] = ()
    mark: Cell | None = None


def write(
    folder: files.PathLike,
    title: str,
    sections: Iterable[Section],
    *,
    lead: Sequence[str] = (),
    mark: Cell | None = None,
    facts: Mapping[str, str] | None = None,
    name: str = "report",
    contents: bool = True,
) -> Path:
    """Write ``<name>.html`` into a folder (made if need be), and return its path.

    Parameters
    ----------
    folder : path
        Where the page goes, and where relative pictures are.
    title : str
    sections : iterable of Section
        With different headings.
    lead : sequence of str
        Paragraphs under the title.
    mark : Cell, optional
        What came of it all, beside the title.
    facts : mapping of str to str, optional
        What a reader needs to repeat it, under the lead: date, seed, command.
    name : str
        File name without its suffix.
    contents : bool
        False: no list of the sections; True: there is one if they are more than three.

    Raises
    ------
    FileNotFoundError, ValueError
        If a picture is missing or of another kind; a heading comes twice, a link leads to none, a row is not as long
        as its header.
    """
    where = Path(folder)
    parts = list(sections)
    page = _Page(where, [part.heading for part in parts])
    body = "\n".join(page.section(part) for part in parts)
    template = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    text = template.substitute(
        title=html.escape(title),
        heading=f"<span>{_inline(title)}</span>" + (f" {page.cell(mark)}" if mark else ""),
        facts=_facts(facts or {}),
        lead="\n".join(_paragraph(one) for one in lead),
        contents=page.contents() if contents and len(parts) > 3 else "",
        body=body,
        foot=html.escape(f"{made_with()}."),
    )
    where.mkdir(parents=True, exist_ok=True)
    target = where / f"{name}.html"
    files.write_text(target, text, overwrite=True)
    return target


class _Page:
    """Turns sections into HTML; knows the folder of the pictures and the anchors of the headings."""

    def __init__(self, folder: Path, headings: list[str]) -> None:
        twice = [heading for heading, count in Counter(headings).items() if count > 1]
        if twice:
            raise ValueError(f"sections must have different headings; got {twice[0]!r} twice.")
        self.folder = folder
        self.anchors = {heading: f"s{i}-{_slug(heading)}" for i, heading in enumerate(headings, 1)}

    def contents(self) -> str:
        links = "\n".join(f'<a href="#{a}">{_inline(heading)}</a>' for heading, a in self.anchors.items())
        return f"<nav>\n{links}\n</nav>"

    def section(self, part: Section) -> str:
        mark = f" {self.cell(part.mark)}" if part.mark else ""
        pieces = [f"<h2><span>{_inline(part.heading)}</span>{mark}</h2>"]
        pieces += [_paragraph(text) for text in part.paragraphs]
        pieces += [self.table(Table(*table)) for table in part.tables]
        figures = [self.figure(Picture(*picture)) for picture in part.pictures]
        pieces += ['<div class="pair">', *figures, "</div>"] if len(figures) > 1 else figures
        return f'<section id="{self.anchors[part.heading]}">\n' + "\n".join(pieces) + "\n</section>"

    def table(self, table: Table) -> str:
        width = len(table.header)
        for row in table.rows:
            if len(row) != width:
                raise ValueError(f"rows of a table must have its header's {width} cells; got {len(row)}: {list(row)}.")
        numeric = [bool(table.rows) and all(_is_number(row[k]) for row in table.rows) for k in range(width)]
        classes = [' class="number"' if one else "" for one in numeric]
        names = [f' data-name="{html.escape(str(h), quote=True)}"' for h in table.header]  # where columns do not fit
        head = "".join(f'<th scope="col"{c}>{_inline(str(h))}</th>' for h, c in zip(table.header, classes))
        rows = [
            "".join(f"<td{c}{n}{_digits(v)}>{self.cell(v)}</td>" for v, c, n in zip(row, classes, names))
            for row in table.rows
        ]
        caption = [f"<caption>{_inline(table.caption)}</caption>"] if table.caption else []
        top = ['<div class="wide"><table>', *caption, f"<thead><tr>{head}</tr></thead>", "<tbody>"]
        return "\n".join([*top, *(f"<tr>{row}</tr>" for row in rows), "</tbody>", "</table></div>"])

    def cell(self, value: Any) -> str:
        if _is_number(value):
            return html.escape(_six(value))
        if not isinstance(value, Cell):
            return _inline(str(value))
        if value.tone and value.tone not in TONES:
            raise ValueError(f"tone must be one of {TONES}; got {value.tone!r}.")
        text = _inline(value.text)
        if value.tone:
            text = f'<span class="mark {value.tone}">{text}</span>'
        if value.to:
            if value.to not in self.anchors:
                raise ValueError(f"a cell links to the section {value.to!r}, which is not on the page.")
            text = f'<a href="#{self.anchors[value.to]}">{text}</a>'
        return text

    def figure(self, picture: Picture) -> str:
        file = self.folder / picture.path
        mime = _MIMES.get(file.suffix.lower())
        if mime is None:
            raise ValueError(f"pictures must end in {', '.join(_MIMES)}; got {file.name!r}.")
        if not file.is_file():
            raise FileNotFoundError(f"the picture {file} does not exist.")
        data = base64.b64encode(file.read_bytes()).decode("ascii")
        alt = html.escape(picture.caption or file.stem, quote=True)
        caption = f"\n<figcaption>{_inline(picture.caption)}</figcaption>" if picture.caption else ""
        return f'<figure>\n<img alt="{alt}" src="data:{mime};base64,{data}">{caption}\n</figure>'


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _inline(text: str) -> str:
    """Escaped text, with `code` between backquotes and, outside of it, formulas set as such."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(f"<code>{html.escape(part)}</code>" if k % 2 else typeset(part) for k, part in enumerate(parts))


def _facts(facts: Mapping[str, str]) -> str:
    if not facts:
        return ""
    rows = "\n".join(f"<div><dt>{_inline(name)}</dt><dd>{_inline(text)}</dd></div>" for name, text in facts.items())
    return f"<dl>\n{rows}\n</dl>"


def _paragraph(text: str) -> str:
    return f"<p>{_inline(text)}</p>"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _six(value: Any) -> str:
    """A number to six digits; integers whole."""
    return str(int(value)) if isinstance(value, int | np.integer) else f"{float(value):.6g}"


def _digits(value: Any) -> str:
    """Every digit of a float, shown when the pointer rests on it."""
    shortened = isinstance(value, float | np.floating) and math.isfinite(value) and float(_six(value)) != float(value)
    return f' title="{float(value)!r}"' if shortened else ""
