"""Verdicts -> page, JSON, text, checklist."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from meanfield.tools import files, inputs
from validation.page import Cell, Picture, Section, Table, write
from validation.registry import Check
from validation.rows import TITLES, Reach, Row
from validation.verdict import Outcome, Verdict, text_of

_MARKS = {
    Outcome.PASS: ("pass", "good"),
    Outcome.FAIL: ("fail", "bad"),
    Outcome.EVIDENCE: ("evidence", "info"),
    Outcome.INCONCLUSIVE: ("inconclusive", "warn"),
    Outcome.NOT_APPLICABLE: ("not applicable", "mute"),
}
_FIRST = {Outcome.FAIL: 0, Outcome.INCONCLUSIVE: 1}
"""What a reader must see before the others."""
_MOST = 12
"""Ids in one command that a reader would still copy."""


# --- verdicts on a page ------------------------------------------------------------------------------------


def write_verdicts(
    folder: files.PathLike, verdicts: Sequence[Verdict], checks: Sequence[Check], *, name: str = "report"
) -> Path:
    """Write ``<name>.html`` and ``<name>.json`` (the numbers, for any reader); return the page's path."""
    known = {check.id: check for check in checks}
    where = Path(folder)
    failed = sum(v.outcome is Outcome.FAIL for v in verdicts)
    lead = [counts(verdicts), "Numbers are shown to six digits; the pointer shows the others."]
    said = Cell(f"FAIL: {failed} of {len(verdicts)}", "bad") if failed else Cell("PASS: no check failed", "good")
    page = write(
        where, "Validation", _sections(where, verdicts, known), lead=lead, mark=said if verdicts else None,
        facts=_facts(verdicts, known), name=name, contents=False,  # the overview's table is the list of contents
    )  # fmt: skip
    files.write_json(where / f"{name}.json", [_plain(v, known) for v in verdicts], overwrite=True)
    return page


def _sections(folder: Path, verdicts: Sequence[Verdict], known: dict[str, Check]) -> list[Section]:
    """What failed, what there is, then every verdict: failures first, then what could not be decided."""
    ordered = sorted(verdicts, key=lambda v: (_FIRST.get(v.outcome, len(_FIRST)), v.id))
    rows, failures = [], []
    for v in ordered:
        check, link = known.get(v.id), Cell(v.id, to=_heading(v, known))
        told = (check.where, check.title) if check else ("", "")
        rows.append([link, *told, _mark(v), _seconds(v).replace(" ", "\u00a0")])
        if v.outcome is Outcome.FAIL:
            failures.append([link, _mark(v), check.title if check else "", v.message or v.outcome.value])
    overview = Section("Overview", tables=[Table(("check", "where", "what", "outcome", "time"), rows)] if rows else [])
    first = [Section("Failures", tables=[Table(("check", "outcome", "what", "why"), failures)])] if failures else []
    return [*first, overview, *(_section(folder, v, known) for v in ordered)]


def _facts(verdicts: Sequence[Verdict], known: dict[str, Check]) -> dict[str, str]:
    """When, with which seed, by which command; what verdicts of before do not tell is said to be unknown."""
    if not verdicts:
        return {}
    dates = sorted({v.date for v in verdicts})
    seeds = sorted({v.seed for v in verdicts}, key=str)
    when = f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else dates[0]
    together = _together(verdicts, known)
    return {
        "date": f"{when} UTC" if all(dates) else "not all verdicts say when",
        "seed": ", ".join("unknown" if seed is None else str(seed) for seed in seeds),
        "command": f"`{together}`" if together else "each section has its own",
        "made with": "; ".join(sorted({v.version or "unknown versions" for v in verdicts})),
    }


def _together(verdicts: Sequence[Verdict], known: dict[str, Check]) -> str:
    """One command that makes all of these again, or nothing: of several seeds, or too long."""
    there = {v.id for v in verdicts}
    if len({(v.seed, v.tier) for v in verdicts}) > 1 or not there <= set(known):
        return ""
    if len(verdicts) == 1:
        return _command(verdicts[0], known)
    told = "" if verdicts[0].seed is None else f" --seed {verdicts[0].seed}"
    tier = verdicts[0].tier
    if there == {check.id for check in known.values() if tier in ("full", check.tier)}:
        return f"python -m validation all --tier {tier}{told}"
    own = all(known[id].tier == tier for id in there)
    return f"python -m validation run {' '.join(sorted(there))}{told}" if own and len(there) <= _MOST else ""


def _command(v: Verdict, known: dict[str, Check]) -> str:
    """What makes this verdict again, by the same seed, alone."""
    seed = "" if v.seed is None else f" --seed {v.seed}"
    if v.tier == "full" and known[v.id].tier == "quick":  # it may do more in a full run
        return f"python -m validation all --tier full --name {v.id}{seed}"
    return f"python -m validation run {v.id}{seed}"


def _section(folder: Path, v: Verdict, known: dict[str, Check]) -> Section:
    check = known.get(v.id)
    there = [name for name in v.pictures if (folder / name).is_file()]
    header = ("measured", "value", "wanted") if v.wanted else ("measured", "value")
    rows = [[name, value, v.wanted.get(name, "")][: len(header)] for name, value in v.measured.items()]
    paragraphs = [f"{v.outcome.name.replace('_', ' ')}. {v.outcome.value}"]
    paragraphs += [v.message] if v.message else []
    paragraphs += [f"The picture `{name}` is no longer in the folder." for name in v.pictures if name not in there]
    paragraphs += [f"`{_command(v, known)}`"] if check else ["No check has this id any more."]
    facts = (check.where if check else "", v.date and f"{v.date} UTC", v.tier and f"{v.tier} tier", _seconds(v))
    paragraphs += ["; ".join(part for part in facts if part) + "."]
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
    return mark(v.outcome)


def mark(outcome: Outcome) -> Cell:
    """An outcome in words and its colour."""
    words, tone = _MARKS[outcome]
    return Cell(words.upper(), tone)


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
        "tier": v.tier, "seconds": v.seconds, "seed": v.seed, "version": v.version, "date": v.date,
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
