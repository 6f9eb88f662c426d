"""Ours and the others in turn: A B C A B C, every one in a process of its own with the same number of threads."""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.oracles import KINDS, no_error, no_inputs
from benchmarks.problems import LIMITS, OURS, Problem

ROOT = Path(__file__).resolve().parents[1]
BLOCK = 0.1
"""Seconds that one timing should last: calls shorter than this are repeated, and the mean is taken."""
Say = Callable[[str], None]


class Failed(RuntimeError):
    """What a runner said instead of answering."""


class Worker:
    """A runner in its own interpreter, asked over pipes."""

    def __init__(self, runner: str, python: str, threads: int, log: Path | None = None) -> None:
        self.log = None if log is None else log.open("ab")
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", runner],
            cwd=ROOT,
            env=machine.environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self.log is None else self.log,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the reply."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed("the process ended without an answer")
        reply: dict[str, Any] = json.loads(line)
        if "failed" in reply:
            raise Failed(reply["failed"])
        return reply

    def close(self) -> None:
        """Let the process end: KeOps writes its cache then, and a cut one breaks every later run."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # it has ended already
                    pipe.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.log is not None:
            self.log.close()


class Entrant:
    """A runner at one problem: made ready, asked for timings, and at last for its answer."""

    def __init__(self, problem: Problem, runner: str, python: str, inputs: str | None, log: Path | None) -> None:
        self.settings = problem.settings(runner)
        self.worker = Worker(runner.split()[0], python, problem.threads, log)
        self.record: dict[str, Any] = {"settings": problem.runners[runner], "seconds": []}
        try:
            ready = self.worker.ask("prepare", problem=problem.kind, settings=self.settings, inputs=inputs)
            first = self.worker.ask("solve", calls=1)["seconds"]
            again = first if first > 3.0 else self.worker.ask("solve", calls=1)["seconds"]
        except BaseException:
            self.worker.close()
            raise
        self.calls = repeats(again)
        self.record |= {**ready, "first_seconds": first, "calls": self.calls}

    def turn(self) -> None:
        """One timing."""
        self.record["seconds"].append(self.worker.ask("solve", calls=self.calls)["seconds"])

    def finish(self, folder: Path, error: Callable[..., float], inputs: dict[str, Any]) -> None:
        """The answer, its error, and the process's end."""
        path = folder / "answer.npz"
        self.record |= self.worker.ask("answer", path=str(path))
        with np.load(path) as answer:
            found = error(self.settings, inputs, dict(answer)) if answer.files else math.nan  # a floor answers nothing
        self.record["error"] = None if math.isnan(found) else found


def repeats(seconds: float) -> int:
    """Calls that fill a block."""
    return max(1, min(10_000, math.ceil(BLOCK / max(seconds, 1e-9))))


def measure(
    problem: Problem,
    runners: Iterable[str],
    pythons: dict[str, str],
    rounds: int | None = None,
    say: Say = lambda text: None,
    log: Path | None = None,
) -> dict[str, Any]:
    """Run a problem by several runners in turn.

    Parameters
    ----------
    problem : Problem
    runners : iterable of str
        Keys of `problem.runners`.
    pythons : dict
        Runner -> interpreter; this one for those not named.
    rounds : int, optional
        Instead of the problem's own.
    say : callable
        Told about progress.
    log : Path, optional
        What the libraries print goes there.

    Returns
    -------
    dict
        A record: JSON and nothing else.
    """
    make, error = KINDS[problem.kind]
    record: dict[str, Any] = {
        "problem": problem.name,
        "parameters": problem.parameters,
        "threads": problem.threads,
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine.facts(),
        "runners": {},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = make(problem.parameters)
        path = None
        if inputs:
            path = str(folder / "inputs.npz")
            np.savez(path, **inputs)  # type: ignore[arg-type]  # numpy's own keywords are meant there
        entrants: dict[str, Entrant] = {}
        try:
            for runner in runners:
                say(f"{problem.name}: preparing {runner}")
                try:
                    entrants[runner] = Entrant(problem, runner, _python(pythons, runner), path, log)
                except Failed as failure:
                    record["runners"][runner] = {"unavailable": placeless(str(failure))}
            for number in range(rounds or problem.rounds):
                say(f"{problem.name}: round {number + 1}")
                for entrant in entrants.values():
                    entrant.turn()
            for runner, entrant in entrants.items():
                try:
                    entrant.finish(folder, error, inputs)
                    record["runners"][runner] = entrant.record
                except Failed as failure:
                    record["runners"][runner] = {"unavailable": placeless(str(failure))}
        finally:
            for entrant in entrants.values():
                entrant.worker.close()
    return record


def placeless(text: str) -> str:
    """A message without folders: records are published, and where things lie on a machine is nobody's business."""
    return re.sub(r"(?<![\w.:/])(?:/[^\s/:'\"(),]+)*/(?=[^\s/])", "", text)


def _python(pythons: dict[str, str], runner: str) -> str:
    """Ours', for what is ours or needs nothing else."""
    own = pythons.get(OURS, sys.executable)
    name = runner.split()[0]
    return pythons.get(name, own if name in (OURS, "loop", "limits", *LIMITS) else sys.executable)


def limits(pythons: dict[str, str], threads: int, small: bool = False) -> dict[str, float]:
    """What the machine can do at this moment, by a worker with as many threads."""
    sizes = {"stream": 100_000, "matrix": 64, "values": 10_000} if small else {}
    problem = Problem(
        "limits",
        "limits",
        "",
        {"stream": 20_000_000, "matrix": 1536, "values": 1_000_000, **sizes},
        {"limits": {}},
        threads=threads,
    )
    assert KINDS["limits"] == (no_inputs, no_error)
    found = measure(problem, ["limits"], pythons, rounds=1)["runners"]["limits"]
    return found.get("notes", {})


# --- what a record says ------------------------------------------------------------------------------------


def available(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Runners that ran."""
    return {name: r for name, r in record["runners"].items() if "unavailable" not in r}


def ratios(record: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Median, least and largest over the rounds of "peer / ours", and of "ours / floor" for floors."""
    ran = available(record)
    out = {}
    for mine in (name for name in ran if name.split()[0] == OURS):
        for other in (name for name in ran if name.split()[0] != OURS):
            over, under = (mine, other) if other in LIMITS else (other, mine)
            pairs = zip(ran[over]["seconds"], ran[under]["seconds"], strict=True)
            by_round = [a / b for a, b in pairs]
            out[f"{over} / {under}"] = (statistics.median(by_round), min(by_round), max(by_round))
    return out


def verdicts(record: dict[str, Any], problem: Problem) -> dict[str, bool]:
    """Whether each ratio asked for is reached, for those that were measured to the accuracy asked."""
    found = ratios(record)
    out = {}
    for pair, asked in problem.wanted.items():
        if pair in found:
            sides = pair.split(" / ")
            exact = all(accurate(record, side, problem) for side in sides)
            reached = found[pair][0] <= asked if sides[1] in LIMITS else found[pair][0] >= asked
            out[pair] = exact and reached
    return out


def accurate(record: dict[str, Any], runner: str, problem: Problem) -> bool:
    """Whether a runner's answer is as good as asked; what answers nothing is."""
    error = record["runners"][runner].get("error")
    return error is None or error <= problem.accuracy


def exponent(sizes: list[float], seconds: list[float]) -> float:
    """Slope of log seconds against log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
