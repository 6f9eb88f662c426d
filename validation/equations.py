"""`docs/equations.md`: every numbered equation of the papers, who holds it, and which check shows it.

``python -m validation equations`` writes the page, from what rooms and checks say of themselves and from the table of
`meanfield.equations`; `faults` tells where these disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from meanfield.equations import PRINTED, Holder, Printed, Standing, holders
from meanfield.equations.printed import TITLES
from meanfield.tools import files
from validation.registry import Check

PACKAGES = ("meanfield", "particles")
PAGE = Path("docs", "equations.md")


def page(checks: Sequence[Check], held: Sequence[Holder] | None = None) -> str:
    """The page as markdown."""
    held = holders(*PACKAGES) if held is None else held
    parts = [
        "# Equations\n\nEvery numbered equation of the papers: what it says, who holds it (file and line), and the "
        "command that shows it. In Python, `mf.equation(\"A (2.7)\")` answers the same with a line to type. This page "
        "is made by `python -m validation equations` from what rooms and checks say of themselves "
        "(`equations=`), and from `meanfield/equations/printed.py`; do not edit it.\n\n" + _count() + "\n"
    ]
    for letter, title in TITLES.items():
        lines = [_line(one, held, checks) for one in PRINTED.values() if one.paper == letter]
        head = "| equation | what it says | law or function | check |\n|---|---|---|---|\n"
        parts.append(f"\n## {f'{letter}: ' if letter else ''}{title}\n\n{head}" + "\n".join(lines) + "\n")
    return "".join(parts)


def _count() -> str:
    numbers = [one for one in PRINTED.values() if one.paper]
    of = {kind: sum(one.standing is kind for one in numbers) for kind in Standing}
    return (
        f"{len(numbers)} equations: {of[Standing.BUILT]} held by rooms of the library, {of[Standing.BENCH]} put to the "
        f"test or to be, without a room; {of[Standing.COMING]} whose room is to come; {of[Standing.STEP]} steps of "
        "proofs."
    )


def _line(one: Printed, held: Sequence[Holder], checks: Sequence[Check]) -> str:
    room = "; ".join(link(holder) for holder in held if one.name in holder.equations)
    if not room:
        room = {Standing.COMING: f"to come: {one.how}", Standing.STEP: f"a step of {one.how}"}.get(one.standing, "")
    ids = " ".join(check.id for check in checks if one.name in check.equations)
    command = f"`python -m validation run {ids}`" if ids else ""
    return f"| {one.name} | {_markdown(one.what)} | {room} | {command} |"


def link(holder: Holder) -> str:
    """A holder's name, leading to its line."""
    name = holder.name.rpartition(".")[2]
    return f"[`{name}`](../{holder.file}#L{holder.line}), {holder.file}, line {holder.line}"


def unlined(text: str) -> str:
    """A page without its line numbers, which move with every edit."""
    return re.sub(r"#L\d+\), (\S+), line \d+", r"), \1", text)


def _markdown(text: str) -> str:
    return re.sub(r"([\\|*<>\[\]`~]|(?<=\])\()", r"\\\1", text)


def write(path: files.PathLike, checks: Sequence[Check]) -> None:
    """Write the page to a file, replacing it."""
    files.write_text(path, page(checks), overwrite=True)


def faults(
    held: Iterable[Holder], checks: Iterable[Check], printed: Mapping[str, Printed] = PRINTED, root: Path = Path()
) -> Iterator[str]:
    """Where rooms, checks and the table of equations do not say the same; each with what to write."""
    claimed = {name: holder.name for holder in held for name in holder.equations}
    shown: dict[str, list[str]] = {name: [] for name in printed}
    for check in checks:
        for name in check.equations:
            if name not in shown:
                yield f"check {check.id}: no paper has an equation {name}"
            else:
                shown[name].append(check.id)
    for name, holder in claimed.items():
        if name not in printed:
            yield f"{holder}: no paper has an equation {name}"
    for name, one in printed.items():
        if one.standing is Standing.BUILT and name not in claimed:
            yield f"{name}: no room claims it; write equations=(..., {name!r}) there, or that it is to come"
        if one.standing is not Standing.BUILT and name in claimed:
            yield f"{name}: {claimed[name]} holds it, and the table says {one.standing.name}: give a line to type"
        if one.standing is Standing.COMING and one.how.endswith(".py") and (root / one.how).exists():
            yield f"{name}: its room {one.how} is there, and does not claim it"
        if sorted(one.checks) != sorted(shown[name]):
            yield f"{name}: its checks are {' '.join(sorted(shown[name])) or '-'}; the table has {one.checks}"
