"""Speed and accuracy, ours and other people's code in turn.

    python -m benchmarks list
    python -m benchmarks run circle-pde --peer dedalus --python dedalus=.venv-dedalus/bin/python
    python -m benchmarks tune circle-pde --runner dedalus
    python -m benchmarks table

`run` writes a JSON file under results/benchmarks; `table` makes docs/speed.md and docs/images/speed.png from
benchmarks/results.json, after taking up with `--collect` the newest record of every problem and runner.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.harness import ROOT, limits, measure
from benchmarks.picture import draw
from benchmarks.problems import LIMITS, OURS, PROBLEMS, Problem, chosen
from benchmarks.tuning import tune
from meanfield.tools import files
from validation.options import UsageError, place, whole, writable

RESULTS = ROOT / "results" / "benchmarks"
CURATED = ROOT / "benchmarks" / "results.json"


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 if all went well, 1 if a runner could not run, 2 if it makes no sense."""
    given = parser().parse_args(arguments)
    try:
        return int(given.call(given))
    except (ValueError, UsageError) as error:
        print(f"python -m benchmarks: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    commands = top.add_subparsers(required=True, metavar="list | run | tune | table")
    one = commands.add_parser("list", help="name the problems and who runs them")
    one.set_defaults(call=do_list)
    one = commands.add_parser("run", help="measure")
    one.add_argument("problem", nargs="*", help="names or patterns; all by default")
    one.add_argument("--peer", action="append", default=[], help="only this peer's problems; ours: what needs no peer")
    one.add_argument("--rounds", type=whole(1), help="instead of each problem's own")
    one.add_argument("--out", type=place, default=RESULTS, help="folder for the records")
    _interpreters(one)
    one.set_defaults(call=do_run)
    one = commands.add_parser("tune", help="find a runner's cheapest settings that reach the accuracy asked")
    one.add_argument("problem", help="name")
    one.add_argument("--runner", required=True, help="ours, or a peer")
    _interpreters(one)
    one.set_defaults(call=do_tune)
    one = commands.add_parser("table", help="make docs/speed.md and its picture from benchmarks/results.json")
    one.add_argument("--collect", type=Path, nargs="?", const=RESULTS, help="first take up the records of this folder")
    one.set_defaults(call=do_table)
    return top


def _interpreters(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--python", action="append", default=[], metavar="RUNNER=PATH", help="interpreter of ours or of a peer"
    )


def pythons(given: list[str]) -> dict[str, str]:
    """ "dedalus=/a/bin/python" -> by name.

    Raises
    ------
    ValueError
        If there is no such interpreter.
    """
    out = {}
    for text in given:
        name, _, path = text.partition("=")
        found = shutil.which(path)
        if not name or found is None:
            raise ValueError(f"--python: got {text!r}, wanted RUNNER=PATH of an interpreter that is there")
        out[name] = str(Path(found).absolute())  # not resolved: a virtual environment's python is a link
    return out


def do_list(given: argparse.Namespace) -> int:
    """Names, runners, titles."""
    for p in PROBLEMS.values():
        print(f"{p.name:24} {p.threads} thread{'s' * (p.threads > 1)}  {', '.join(p.runners):60} {p.title}")
    return 0


def do_run(given: argparse.Namespace) -> int:
    """Measure, print, save."""
    interpreters = pythons(given.python)
    problems = chosen(given.problem, given.peer)
    folder: Path = given.out
    writable("--out", folder)
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    path, log = folder / f"{stamp}.json", folder / f"{stamp}.log"
    facts = machine.facts()
    print(", ".join(f"{key} {value}" for key, value in facts.items()))
    bounds = {str(t): limits(interpreters, t) for t in sorted({p.threads for p in problems})}
    for threads, found in bounds.items():
        print(f"limits, {threads} thread(s): " + ", ".join(f"{key} {value:.3g}" for key, value in found.items()))
    records: list[dict[str, Any]] = []
    missing = False
    for problem in problems:
        record = measure(problem, asked(problem, given.peer), interpreters, given.rounds, say, log)
        record["limits"] = bounds[str(problem.threads)]
        records.append(record)
        report.write_json(path, records)
        print(report.text(record, problem), flush=True)
        missing = missing or any("unavailable" in r for r in record["runners"].values())
    print(f"written: {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    return int(missing)


def asked(problem: Problem, peers: list[str]) -> list[str]:
    """Ours and the floors always; of the others, those named, or all."""
    return [r for r in problem.runners if not peers or r.split()[0] == OURS or r in (*LIMITS, *peers)]


def say(text: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\r", file=sys.stderr, flush=True)


def do_tune(given: argparse.Namespace) -> int:
    """Every rung of a ladder, then the best."""
    if given.problem not in PROBLEMS:
        raise ValueError(f"no problem is called {given.problem!r}: `python -m benchmarks list` names them")
    best = tune(PROBLEMS[given.problem], given.runner, pythons(given.python), print)
    print("best: " + (json.dumps(best) if best is not None else "none reaches the accuracy asked"))
    return int(best is None)


def do_table(given: argparse.Namespace) -> int:
    """The page and the picture."""
    records = report.read_json(CURATED) if CURATED.exists() else []
    if given.collect is not None:
        for path in sorted(given.collect.glob("*.json")):
            records = report.merged(records, report.read_json(path))
        report.write_json(CURATED, records)
    if not records:
        raise ValueError("there are no results yet: `python -m benchmarks run`, then `table --collect`")
    page, picture = ROOT / "docs" / "speed.md", ROOT / "docs" / "images" / "speed.png"
    files.write_text(page, report.page(records, PROBLEMS), overwrite=True)
    draw(records, PROBLEMS, picture)
    print(f"written: {page.relative_to(ROOT)}, {picture.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
