"""The command line: ``python -m validation``.

::

    python -m validation                      the checks there are
    python -m validation list --paper A       those of one paper (also --row, --system, --name, --tier)
    python -m validation run A13 A15.sample   carry some out
    python -m validation all --tier quick     carry all out
    python -m validation report               the page and the checklist, from earlier runs
    python -m validation equations            which room and which check hold which equation
    python -m validation limit ...            particles against the PDE: its own options under limit --help
    python -m validation trained PATH ...     what a trained model does with a prompt: trained --help
    python -m validation coverage A12 A39     how often checks pass, and their intervals hold, at many seeds

Every run writes pictures, numbers (JSON) and one page (``report.html``) into ``results/``, or where ``--out`` says.
The exit code is 0; 1 if a check failed; 2 if the command makes no sense, said in one sentence before anything is
computed; 3 if something broke off that is neither; 130 if it was interrupted, 141 if
whoever read its output went away (``list | head``).
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from meanfield.doors.workers import workers
from validation import equations, limit, report, trained
from validation.coverage import coverage
from validation.options import MOST_WORKERS, UsageError, add_filters, filters, place, whole, writable
from validation.registry import HOUSE, TIERS, Registry, UnknownCheck
from validation.rows import ROWS
from validation.verdict import Outcome, Verdict, load, made_with

CHECKLIST = Path("docs", "checklist.md")
"""Rewritten by `report` where it exists: in the checkout."""


def main(argv: Sequence[str] | None = None, registry: Registry = HOUSE) -> int:
    """Carry out one command line; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("MPLBACKEND", "Agg")  # pictures go to files, here and in the workers
    try:
        code = _carry_out(words, registry)
        sys.stdout.flush()  # here, where it is known what it means that nobody reads it
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends
        return 141
    except UnknownCheck as error:
        print(f"{error}\n`python -m validation` lists the checks.", file=sys.stderr)
        return 2
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. What was finished is kept; `python -m validation report` shows it.", file=sys.stderr)
        return 130
    except Exception:  # a traceback's own exit code is 1, which means that a check failed
        traceback.print_exc()
        return 3


def _carry_out(words: list[str], registry: Registry) -> int:
    if words[:1] == ["limit"]:
        return limit.main(words[1:])
    if words[:1] == ["trained"]:
        return trained.main(words[1:])
    options = _parser().parse_args(words or ["list"])
    if options.command == "run":
        return _run(registry, options, ids=options.id)
    if options.command == "all":
        return _run(registry, options, tier=options.tier)
    if options.command == "report":
        return _report(registry, options)
    if options.command == "equations":
        return _equations(registry, options)
    if options.command == "coverage":
        return _coverage(registry, options)
    return _list(registry, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation", description="Do the two ways agree, and are the papers right?"
    )
    parser.add_argument("--version", action="version", version=made_with())
    commands = parser.add_subparsers(
        dest="command", metavar="{list,run,all,report,equations,limit,trained,coverage}", required=True
    )
    add_filters(commands.add_parser("list", help="the checks there are, or some of them (also without a command)"))
    run = commands.add_parser("run", help="carry out checks, by id or by row of the checklist")
    run.add_argument("id", nargs="+", help="such as A13 or A15.sample")
    every = commands.add_parser("all", help="carry out all checks, or those that are asked for")
    add_filters(every, tier="quick")
    often = commands.add_parser("coverage", help="carry out checks at many seeds: how often they pass")
    often.add_argument("id", nargs="+", help="such as A12 or A15.sample")
    often.add_argument("--seeds", type=whole(1), default=200, help="how many (default: 200)")
    often.add_argument("--tier", choices=TIERS, default="quick", help="in which the checks are run (default: quick)")
    for command in (run, every, often):
        command.add_argument("--seed", type=whole(0), default=0, help="default: 0")
        command.add_argument("--workers", type=whole(1, MOST_WORKERS), default=1, help="processes (default: 1)")
    made = commands.add_parser("report", help="the page and the checklist, from the verdicts of earlier runs")
    made.add_argument("--checklist", type=place, help=f"where to write it (default: {CHECKLIST}, where it exists)")
    pages = commands.add_parser("equations", help="which room and which check hold which equation")
    pages.add_argument("--page", type=place, help=f"where to write it (default: {equations.PAGE}, where it exists)")
    for command in (run, every, made, often):
        command.add_argument("--out", type=place, default=Path("results"), help="folder (default: results)")
    commands.add_parser("limit", help="particles against the PDE", add_help=False)
    commands.add_parser("trained", help="what a trained model does with a prompt", add_help=False)
    return parser


def _list(registry: Registry, options: argparse.Namespace) -> int:
    found = registry.checks(options.tier, only=filters(options, registry.checks()))
    width = max([len(check.id) for check in found], default=0)
    place = max([len(check.where) for check in found], default=0)
    for check in found:
        print(f"{check.id:<{width}}  {check.tier:<5}  {check.where:<{place}}  {check.title}")
    counted = f"{len(found)} check{'' if len(found) == 1 else 's'}"
    print(f"{counted}, {sum(check.tier == 'quick' for check in found)} of them quick.")
    return 0


def _run(registry: Registry, options: argparse.Namespace, ids: Any = None, tier: str | None = None) -> int:
    every = registry.checks()
    registry.checks(tier, ids)  # an unknown id is refused before processes are started
    only = None if tier is None else filters(options, every)
    writable("--out", options.out)

    def tell(verdict: Verdict) -> None:
        print(report.text_line(verdict), flush=True)

    with workers(options.workers) if options.workers > 1 else nullcontext() as executor:
        verdicts = registry.run(ids, tier, only=only, out=options.out, rng=options.seed, executor=executor, done=tell)
    # The page shows the whole folder, earlier runs included; the exit code is of these checks only.
    page = report.write_verdicts(options.out, load(options.out), every)
    print(f"{report.counts(verdicts)}\n{page}")
    return 1 if any(verdict.outcome is Outcome.FAIL for verdict in verdicts) else 0


def _coverage(registry: Registry, options: argparse.Namespace) -> int:
    writable("--out", options.out)
    failed = False
    with workers(options.workers) if options.workers > 1 else nullcontext() as executor:
        for id in options.id:
            found = coverage(registry, id, options.seeds, options.tier, rng=options.seed, executor=executor)
            print("\n".join([*found.lines(), str(found.save(options.out))]), flush=True)
            failed |= found.share(Outcome.FAIL) > 0.0
    return int(failed)


def _report(registry: Registry, options: argparse.Namespace) -> int:
    writable("--out", options.out)
    target = options.checklist or (CHECKLIST if CHECKLIST.exists() else None)
    if target is not None:
        if target.suffix != ".md":
            raise UsageError(f"--checklist: got {str(target)!r}, wanted a file that ends in .md")
        writable("--checklist", target.parent)
    verdicts = load(options.out)
    if not verdicts:  # a page on which nothing is done would take the place of what was shown
        raise UsageError(
            f"--out: {str(options.out)!r} has no verdicts of earlier runs: name the folder of a run, or make them "
            "with `python -m validation all`"
        )
    found = registry.checks()
    print(report.text_table(verdicts))
    print(report.write_verdicts(options.out, verdicts, found))
    if target is not None:
        report.write_checklist(target, ROWS.values(), found, verdicts)
        print(target)
        if registry is HOUSE and equations.PAGE.exists():
            equations.write(equations.PAGE, found)
    return 1 if any(verdict.outcome is Outcome.FAIL for verdict in verdicts) else 0


def _equations(registry: Registry, options: argparse.Namespace) -> int:
    found = registry.checks()
    target = options.page or (equations.PAGE if equations.PAGE.exists() else None)
    if target is None:
        print(equations.page(found))
        return 0
    if target.suffix != ".md":
        raise UsageError(f"--page: got {str(target)!r}, wanted a file that ends in .md")
    writable("--page", target.parent)
    equations.write(target, found)
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
