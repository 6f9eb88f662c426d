"""What a command line may say: options that are checked before anything is computed."""

from __future__ import annotations

import argparse
import difflib
import tempfile
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from meanfield.equations import PRINTED, equation
from validation.registry import TIERS, Check
from validation.rows import ROWS, TITLES

MOST_WORKERS = 1024
"""More processes than any one machine runs well."""


class UsageError(Exception):
    """The command makes no sense as it stands: one sentence says why, and the exit code is 2."""


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """The type of an option that is a whole number in a range, for argparse."""

    def whole_number(text: str) -> int:
        value = int(text)
        if value < low or (high is not None and value > high):
            upper = "" if high is None else f" and {high} or less"
            raise argparse.ArgumentTypeError(f"must be {low} or more{upper}; got {text}")
        return value

    whole_number.__name__ = "whole number"  # what argparse calls it where int() fails
    return whole_number


def place(text: str) -> Path:
    """The type of an option that is a path."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must name a place; got nothing (for the folder you are in, write .)")
    return Path(text)


def writable(option: str, folder: Path) -> None:
    """Make the folder, and see that a file can be written there.

    Raises
    ------
    UsageError
        If not: naming the option, the folder and the reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        reason = getattr(error, "strerror", None) or error
        said = f"{option}: nothing can be written in {str(folder)!r} ({reason}): name another folder"
        raise UsageError(said) from None


# --- which checks ------------------------------------------------------------------------------------------


def add_filters(parser: argparse.ArgumentParser, *, tier: str | None = None) -> None:
    """The options that choose among checks; together they choose what answers to all of them."""
    said = "full is everything" + (f" (default: {tier})" if tier else "")
    parser.add_argument("--tier", choices=TIERS, default=tier, help=said)
    parser.add_argument("--paper", metavar="LETTER", help=f"checks of one paper: {', '.join(TITLES)}")
    parser.add_argument("--row", metavar="ROW", help="checks that cover a row of the checklist, such as A13")
    parser.add_argument("--system", metavar="EQUATION", help='checks that show an equation, such as SA or "A (2.7)"')
    parser.add_argument("--name", metavar="GLOB", help='checks whose id or title fits, such as "A13*" or "*energy*"')


def filters(options: argparse.Namespace, checks: Sequence[Check]) -> Callable[[Check], bool]:
    """What `add_filters` read, as a question to a check.

    Raises
    ------
    UsageError
        If an option means nothing, or nothing answers to all of them: what came, and what to type.
    """
    papers = sorted({row[0] for check in checks for row in check.covers} | set(TITLES))
    asked: list[Callable[[Check], bool]] = []
    if options.paper is not None:
        paper = _known("--paper", options.paper, papers)
        asked.append(lambda check: any(row.startswith(paper) for row in (*check.covers, check.where.partition(" ")[0])))
    if options.row is not None:
        row = _known("--row", options.row, list(ROWS))
        asked.append(lambda check: row in check.covers)
    if options.system is not None:
        shown = _equations(options.system)
        asked.append(lambda check: not shown.isdisjoint(check.equations))
    if options.name is not None:
        glob = options.name.lower()
        asked.append(lambda check: any(fnmatchcase(text.lower(), glob) for text in (check.id, check.title)))

    def wanted(check: Check) -> bool:
        return all(one(check) for one in asked)

    if asked and not any(wanted(check) and options.tier in (None, "full", check.tier) for check in checks):
        names = ("tier", "paper", "row", "system", "name")
        given = " ".join(f"--{name} {getattr(options, name)}" for name in names if getattr(options, name) is not None)
        raise UsageError(f"{given}: no check answers to all of this; `python -m validation list` shows what there is")
    return wanted


def _known(option: str, came: str, names: Sequence[str]) -> str:
    """One of these names, in either case, or a refusal that says which."""
    spelled = {name.lower(): name for name in names}
    if came.lower() in spelled:
        return spelled[came.lower()]
    near = difflib.get_close_matches(came.lower(), list(spelled), n=3, cutoff=0.6) or list(spelled)[:5]
    raise UsageError(f"{option}: got {came!r}; write {' or '.join(f'{option} {spelled[one]}' for one in near)}")


def _equations(came: str) -> set[str]:
    """Names of equations that are meant: one of one paper, or of several papers where they call it alike."""
    alike = {name for name in PRINTED if name.partition("(")[2].rstrip(")").lower() == came.strip(" ()").lower()}
    try:
        return alike or {equation(came).name}
    except ValueError as error:
        said = str(error).removeprefix("name: ")
        raise UsageError(f'--system: {said}; write one of docs/equations.md, such as --system "A (2.7)"') from None
