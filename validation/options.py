"""What a command line may say: options that are checked before anything is computed."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

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
