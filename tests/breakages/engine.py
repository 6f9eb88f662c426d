"""The engine: a copy of the project, one text replaced, the named tests and checks run on it in processes of their own.

A target is first looked at unbroken: what is red anyway sees nothing.  Then it must be red because of what it
measured: a check says FAIL, a test asserts.  Whatever broke off (an import, a syntax error, an exception, a hang) has
judged nothing, and is an accident.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = (".git", ".venv", ".nox", "results", "build", "dist", "__pycache__", ".*_cache", "*.egg-info")
LONGEST = 1800
"""Seconds for one target; a hang is no verdict."""


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """One falsehood."""

    name: str
    """What is false, in a few words."""
    file: str
    """Relative to the project's folder."""
    old: str
    """Stands in the file exactly once."""
    new: str
    red: tuple[str, ...]
    """What must turn red: ids of checks, and tests as pytest names them (``tests/test_x.py::test_y``)."""
    tier: str = "quick"
    """In which the checks are run."""

    def apply(self, text: str) -> str:
        """The text of the file with the falsehood in it; ValueError if its place is gone or no longer one."""
        count = text.count(self.old)
        if count != 1 or self.new == self.old:
            raise ValueError(f"{self.name}: the old text stands {count} times in {self.file}; it must be there once")
        return text.replace(self.old, self.new)

    def mentions(self, words: Sequence[str]) -> bool:
        """Whether the name or file holds, or a target is, one of these words; without words, yes."""
        return not words or any(word in self.name or word in self.file or word in self.red for word in words)


class Result(NamedTuple):
    """What came of one target of one breakage."""

    breakage: str
    target: str
    outcome: str
    """red | green | accident | gone | red unbroken.  Only the first is wanted."""
    said: str


def run(table: Iterable[Breakage], root: Path = ROOT, jobs: int = 1) -> Iterator[Result]:
    """Carry out breakages, in their order; one result for each target of each."""
    chosen = list(table)
    with _copies(root, jobs) as copies, ThreadPoolExecutor(jobs) as pool:

        def look(target: str, tier: str, change: Breakage | None) -> tuple[str, str]:
            copy = copies.get()
            try:
                return _look(copy, target, tier, change)
            finally:
                copies.put(copy)

        whole: dict[tuple[str, str], tuple[str, str]] = {}
        first = {(target, one.tier): Lock() for one in chosen for target in one.red}

        def seen(target: str, one: Breakage) -> Result:
            key = target, one.tier
            with first[key]:
                if key not in whole:
                    whole[key] = look(*key, None)
            outcome, said = whole[key]
            if outcome == "green":
                outcome, said = look(target, one.tier, one)
            elif outcome == "red":
                outcome = "red unbroken"
            return Result(one.name, target, outcome, said)

        for future in [pool.submit(seen, target, one) for one in chosen for target in one.red]:
            yield future.result()


@contextmanager
def _copies(root: Path, count: int) -> Iterator[SimpleQueue[Path]]:
    """Copies of the project to work in, one a job."""
    free: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            copy = Path(folder, str(number), "project")
            shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
            free.put(copy)
        yield free


def _look(copy: Path, target: str, tier: str, change: Breakage | None) -> tuple[str, str]:
    """Outcome and words of one target in a copy, which is left as it was found."""
    if change is None:
        return _judged(copy, target, tier)
    file = copy / change.file
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(change.apply(text), encoding="utf-8")
        return _judged(copy, target, tier)
    except ValueError as error:
        return "gone", str(error)
    finally:
        file.write_text(text, encoding="utf-8")


def _judged(copy: Path, target: str, tier: str) -> tuple[str, str]:
    """The copy's own judge, asked in a process that sees the copy first."""
    answer = copy.parent / "answer.json"
    answer.unlink(missing_ok=True)
    # No bytecode is kept: a text of the same length, written within the same second, would not be seen.
    own = {"PYTHONPATH": os.pathsep.join([str(copy), str(copy / "tests")]), "PYTHONDONTWRITEBYTECODE": "1"}
    own |= {"NUMBA_CACHE_DIR": str(copy.parent / "numba"), "MPLBACKEND": "Agg"}
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "breakages.judge", target, tier, str(answer)]
    try:
        done = subprocess.run(
            command, cwd=copy, env=os.environ | one | own, capture_output=True, text=True, check=False, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return "accident", f"still running after {LONGEST} s"
    if not answer.exists():
        return "accident", (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[
            -1
        ]
    outcome, said = json.loads(answer.read_text(encoding="utf-8"))
    return str(outcome), str(said)


def main(table: Sequence[Breakage], argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line; exit code 0 if all that was chosen turned red, 1 if something did not."""
    parser = argparse.ArgumentParser(prog="python -m breakages", description="Does what should turn red turn red?")
    parser.add_argument("word", nargs="*", help="names or parts of them, files, or targets; all without any")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    options = parser.parse_args(argv)
    chosen = [one for one in table if one.mentions(options.word)]
    if not chosen:
        parser.error(f"no breakage has to do with {options.word}")
    if options.list:
        for one in chosen:
            print(f"{one.name}: {one.file} -> {', '.join(one.red)}")
        return 0
    lost = 0
    width = max(len(one.name) for one in chosen)
    for result in run(chosen, root, options.jobs):
        lost += result.outcome != "red"
        print(f"{result.outcome:<12}  {result.breakage:<{width}}  {result.target}  {result.said[:120]}", flush=True)
    print(f"{len(chosen)} breakages, {lost} targets that did not turn red.")
    return 1 if lost else 0
