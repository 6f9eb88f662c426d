"""Sections of text, tables and pictures -> one self-contained HTML page; verdicts -> page, JSON, text, checklist.

`write` knows nothing of checks: any experiment can make its page with it.  The page loads nothing from anywhere:
pictures are inside it, the style is inside it, and it prints well.
"""

from __future__ import annotations

import base64
import html
import math
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np

from meanfield import files, inputs
from validation.registry import Check
from validation.rows import TITLES, Reach, Row
from validation.verdict import Outcome, Verdict, made_with, text_of

TONES = ("good", "bad", "info", "warn", "mute")
"""Colours of a mark."""

_MARKS = {
    Outcome.PASS: ("pass", "good"),
    Outcome.FAIL: ("fail", "bad"),
    Outcome.EVIDENCE: ("evidence", "info"),
    Outcome.INCONCLUSIVE: ("inconclusive", "warn"),
    Outcome.NOT_APPLICABLE: ("not applicable", "mute"),
}
_MIMES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml",
}  # fmt: skip


# --- what a page is made of --------------------------------------------------------------------------------


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
    """A part of a page.  Text between backquotes is set as code; n^{-1/2}, x^2, W_1 and x_{ij} as in print."""

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
        head = "".join(f'<th scope="col"{c}>{_inline(str(h))}</th>' for h, c in zip(table.header, classes))
        rows = [
            "<tr>" + "".join(f"<td{c}{_digits(v)}>{self.cell(v)}</td>" for v, c in zip(row, classes)) + "</tr>"
            for row in table.rows
        ]
        caption = [f"<caption>{_inline(table.caption)}</caption>"] if table.caption else []
        top = ['<div class="wide"><table>', *caption, f"<thead><tr>{head}</tr></thead>", "<tbody>"]
        return "\n".join([*top, *rows, "</tbody>", "</table></div>"])

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
    """Escaped text, with `code` between backquotes and, outside of it, n^{-1/2}, W_1 and x^2 set as such."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(f"<code>{html.escape(part)}</code>" if k % 2 else _indices(part) for k, part in enumerate(parts))


def _indices(text: str) -> str:
    """Escaped text, with exponents raised and the indices of one-letter and Greek names lowered."""
    raised = re.sub(r"\^(?:\{([^{}]*)\}|(-?\d+(?:\.\d+)?|[A-Za-z]\b))", r"<sup>\1\2</sup>", html.escape(text))
    greek = "alpha|beta|gamma|delta|eps|kappa|lambda|mu|nu|phi|psi|rho|sigma|tau|theta|omega"
    lowered = rf"(?<![A-Za-z0-9_])([A-Za-z]|{greek})_(?:\{{([^{{}}]*)\}}|([A-Za-z0-9]|{greek})(?![A-Za-z0-9_]))"
    return re.sub(lowered, r"\1<sub>\2\3</sub>", raised)


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


# --- verdicts on a page ------------------------------------------------------------------------------------


def write_verdicts(
    folder: files.PathLike, verdicts: Sequence[Verdict], checks: Sequence[Check], *, name: str = "report"
) -> Path:
    """Write ``<name>.html`` and ``<name>.json`` (the numbers, for any reader); return the page's path."""
    known = {check.id: check for check in checks}
    where = Path(folder)
    lead = [counts(verdicts), "Numbers are shown to six digits; the pointer shows the others."]
    # The overview's table is the list of contents.
    page = write(where, "Validation", _sections(where, verdicts, known), lead=lead, name=name, contents=False)
    files.write_json(where / f"{name}.json", [_plain(v, known) for v in verdicts], overwrite=True)
    return page


def _sections(folder: Path, verdicts: Sequence[Verdict], known: dict[str, Check]) -> list[Section]:
    rows = []
    for v in verdicts:
        check = known.get(v.id)
        told = (check.where, check.title) if check else ("", "")
        rows.append([Cell(v.id, to=_heading(v, known)), *told, _mark(v), _seconds(v)])
    overview = Section("Overview", tables=[Table(("check", "where", "what", "outcome", "time"), rows)] if rows else [])
    return [overview, *(_section(folder, v, known) for v in verdicts)]


def _section(folder: Path, v: Verdict, known: dict[str, Check]) -> Section:
    check = known.get(v.id)
    there = [name for name in v.pictures if (folder / name).is_file()]
    header = ("measured", "value", "wanted") if v.wanted else ("measured", "value")
    rows = [[name, value, v.wanted.get(name, "")][: len(header)] for name, value in v.measured.items()]
    paragraphs = [f"{check.where}. {v.outcome.value}" if check else v.outcome.value]
    paragraphs += [v.message] if v.message else []
    paragraphs += [f"The picture `{name}` is no longer in the folder." for name in v.pictures if name not in there]
    paragraphs += [f"`python -m validation run {v.id}`"] if check else ["No check has this id any more."]
    return Section(
        _heading(v, known),
        paragraphs=paragraphs,
        tables=[Table(header, rows)] if rows else [],
        pictures=[Picture(name, _caption(name, v.id)) for name in there],
        mark=_mark(v),
    )


def _heading(v: Verdict, known: dict[str, Check]) -> str:
    return f"{v.id}: {known[v.id].title}" if v.id in known else v.id


def _caption(name: str, id: str) -> str:
    """A12-two-rates.png -> two rates."""
    return Path(name).stem.removeprefix(f"{id}-").replace("-", " ").replace("_", " ")


def _mark(v: Verdict) -> Cell:
    return Cell(*_MARKS[v.outcome])


def _seconds(v: Verdict) -> str:
    return f"{v.seconds:.1f} s" if v.seconds < 100 else f"{v.seconds / 60:.1f} min"


def counts(verdicts: Sequence[Verdict]) -> str:
    """12 checks: 10 pass, 1 fails, ..."""
    counted = Counter(v.outcome for v in verdicts)
    parts = [f"{counted[outcome]} {_MARKS[outcome][0]}" for outcome in Outcome if counted[outcome]]
    return f"{len(verdicts)} check{'' if len(verdicts) == 1 else 's'}" + (f": {', '.join(parts)}." if parts else ".")


def _plain(v: Verdict, known: dict[str, Check]) -> dict[str, Any]:
    check = known.get(v.id)
    return {
        "id": v.id, "where": check.where if check else "", "title": check.title if check else "",
        "covers": check.covers if check else (), "outcome": v.outcome.name, "sentence": v.outcome.value,
        "measured": dict(v.measured), "wanted": dict(v.wanted), "message": v.message, "pictures": v.pictures,
        "tier": v.tier, "seconds": v.seconds, "seed": v.seed, "version": v.version,
    }  # fmt: skip


# --- verdicts on a terminal --------------------------------------------------------------------------------


def text_line(v: Verdict) -> str:
    """One verdict in one line, cut to the terminal's width."""
    told = [] if v.outcome is Outcome.FAIL and v.message else [", ".join(_figures(v, 3))]  # the message names them
    said = "; ".join(part for part in (*told, " ".join(v.message.split())) if part)
    line = f"{v.id:<10} {_MARKS[v.outcome][0]:<14} {_seconds(v):>9}  {said}"
    width = max(shutil.get_terminal_size((120, 24)).columns, 60)
    return line.rstrip() if len(line) <= width else line[: width - 3] + "..."


def text_table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as lines, and how many there are of each outcome."""
    return "\n".join([*(text_line(v) for v in verdicts), counts(verdicts)])


def _figures(v: Verdict, most: int) -> list[str]:
    """The first numbers of a verdict in words, those with a limit before the others."""
    names = sorted(v.measured, key=lambda name: name not in v.wanted)
    told = [f"{n} {text_of(v.measured[n])}" + (f" ({v.wanted[n]})" if n in v.wanted else "") for n in names[:most]]
    return told + ([f"and {len(names) - most} more"] if len(names) > most else [])


# --- the checklist -----------------------------------------------------------------------------------------


def state_of(row: Row, checks: Sequence[Check], verdicts: dict[str, Verdict]) -> str:
    """done, failing, open, out of reach or proof tool.

    A row is done when every check that covers it has been run, none failed or was inconclusive, and at least one
    passed or gave evidence.
    """
    own = [check for check in checks if row.id in check.covers]
    if not own:
        return {Reach.NONE: "out of reach", Reach.PROOF: "proof tool"}.get(row.reach, "open")
    outcomes = {verdicts[check.id].outcome if check.id in verdicts else None for check in own}
    if Outcome.FAIL in outcomes:
        return "failing"
    settled = not outcomes & {None, Outcome.INCONCLUSIVE} and outcomes & {Outcome.PASS, Outcome.EVIDENCE}
    return "done" if settled else "open"


def checklist(rows: Iterable[Row], checks: Sequence[Check], verdicts: Sequence[Verdict]) -> str:
    """`docs/checklist.md`: the state of every row, the command that shows it, the figure measured."""
    by_id = {v.id: v for v in verdicts}
    all_rows = list(rows)
    states = {row.id: state_of(row, checks, by_id) for row in all_rows}
    count = Counter(states.values())
    names = ("done", "failing", "open", "out of reach", "proof tool")
    pages = [
        "# Checklist\n\nEvery claim of the papers that a computation can bear on, and its state. This page is made by "
        "`python -m validation report` from the verdicts of earlier runs; do not edit it.\n\n"
        "A row is **done** when every check that covers it has run, none failed or was inconclusive, and at least one "
        "passed or gave evidence for an open question; **open** when a check is missing, not run or inconclusive.\n\n"
        f"{len(all_rows)} rows: " + ", ".join(f"{count[name]} {name}" for name in names if count[name]) + ".\n"
    ]
    for letter, title in TITLES.items():
        lines = [_line(row, states[row.id], checks, by_id) for row in all_rows if row.paper == letter]
        if lines:
            head = "| id | what | state | command | measured |\n|---|---|---|---|---|\n"
            pages.append(f"\n## {letter}: {title}\n\n{head}" + "\n".join(lines) + "\n")
    return "".join(pages)


def _line(row: Row, state: str, checks: Sequence[Check], verdicts: dict[str, Verdict]) -> str:
    own = [check for check in checks if row.id in check.covers]
    told = []
    for check in own:
        v = verdicts.get(check.id)
        words = "not run" if v is None else ", ".join([_MARKS[v.outcome][0], *_figures(v, 2)])
        told.append(words if len(own) == 1 else f"{check.id}: {words}")
    note = f" ({row.reach.value})" if row.reach is Reach.PARTLY else ""
    command = f"`python -m validation run {row.id}`" if own else ""
    what = f"{row.where}: {row.what}; wanted: {row.wanted}.{note}"
    return f"| {row.id} | {_markdown(what)} | {state} | {command} | {_markdown('; '.join(told))} |"


def _markdown(text: str) -> str:
    """Text in which markdown finds nothing of its own."""
    return re.sub(r"([\\|*<>\[\]`~])", r"\\\1", " ".join(text.split()))


def write_checklist(
    path: files.PathLike, rows: Iterable[Row], checks: Sequence[Check], verdicts: Sequence[Verdict]
) -> None:
    """Write the checklist to a file, replacing it."""
    if Path(path).suffix != ".md":
        raise ValueError(f"path must end in .md; got {inputs.describe(path)}.")
    files.write_text(path, checklist(rows, checks, verdicts), overwrite=True)
