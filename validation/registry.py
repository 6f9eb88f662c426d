"""Checks and verdicts: `@check` registers a function, `run` carries it out, a `Verdict` is what came of it.

::

    @check("A13", where="A 3.2", title="E(t) - E(0) = dissipated", tier="quick")
    def dissipation(bench: Bench) -> Verdict:
        ...
        return judge({"defect": defect}, {"defect": (None, 1e-9)}, pictures=[bench.figure("energy", sol.plot_energy)])

An id is a row of the checklist, or one with a suffix (``A13.usa``); `covers` names further rows it decides.  Every
module in `validation/checks` is imported the first time somebody asks for checks, so a new file of checks is one file.
"""

from __future__ import annotations

import difflib
import os
import pkgutil
import re
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from meanfield.doors.sweep import SweepError, sweep
from meanfield.equations import places
from meanfield.plot import style
from meanfield.runs.errors import carry
from meanfield.tools import files, inputs
from validation.rows import ROWS
from validation.verdict import Outcome, Verdict, evidence, judge, load, made_with, now, save

__all__ = [
    "HOUSE", "TIERS", "Bench", "Check", "Outcome", "Registry", "UnknownCheck", "Verdict", "check", "checks", "evidence",
    "judge", "load", "run", "save",
]  # fmt: skip

CheckFunction: TypeAlias = Callable[["Bench"], Verdict]
F = TypeVar("F", bound=Callable[..., Any])

TIERS = ("quick", "full")
"""quick: seconds, run with the tests.  full: everything, the quick ones included."""

_ID = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9_-]+)*")
_FIGURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


# --- checks ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """What a check is given to work with."""

    id: str
    rng: int
    """Seed: a function of the run's seed and the check's id, whatever else is run."""
    tier: str
    """The tier being run: a quick check may do more in a full run."""
    out: Path | None = None
    """Folder for figures and data; None: none are wanted."""

    def figure(self, name: str, what: Any) -> str | None:
        """Save a picture as ``<id>-<name>.png`` and return that file name; without `out` do nothing, return None.

        Parameters
        ----------
        name : str
            Letters, digits, ``_`` and ``-``.
        what : Axes, Figure, array of Axes, or a function without arguments that draws and returns one
            The function is called only if the picture is wanted.  The figure is closed.
        """
        if not isinstance(name, str) or not _FIGURE.fullmatch(name):
            raise ValueError(f"name must hold letters, digits, '_' and '-' only (no suffix); got {name!r}.")
        if self.out is None:
            return None
        with style.session():
            drawn = what() if callable(what) else what
        file = f"{self.id}-{name}.png"
        style.save(drawn, self.out / file)
        close(drawn)
        return file


def close(drawn: Any) -> None:
    """Let pyplot forget a saved figure.  Whoever drew one with pyplot has imported it; nobody else needs it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    one = drawn.flat[0] if isinstance(drawn, np.ndarray) else drawn
    if pyplot is not None:
        pyplot.close(one if hasattr(one, "savefig") else style.root(one))


@dataclass(frozen=True)
class Check:
    """A registered check."""

    id: str
    where: str
    title: str
    tier: str
    covers: tuple[str, ...]
    """Rows of the checklist it decides."""
    fn: CheckFunction
    equations: tuple[str, ...] = ()
    """Equations of the papers that it shows, as "A (2.7)"."""

    def answers(self, name: str) -> bool:
        """Whether `name` means this check: its id, the part before a dot, or a row it covers."""
        return self.id == name or self.id.startswith(name + ".") or name in self.covers


class UnknownCheck(ValueError):
    """An id that no check has; the text names near ones."""


class Registry:
    """Checks by id.

    Parameters
    ----------
    package : str, optional
        A package all of whose modules are imported before the first look-up, so that they register themselves here.
    rows : collection of str, optional
        Ids of rows; a check that covers another one is refused.  None accepts any.
    """

    def __init__(self, package: str | None = None, rows: Collection[str] | None = None) -> None:
        self._package = package
        self._rows = rows
        self._checks: dict[str, Check] = {}
        self._discovered = package is None

    def check(
        self, id: str, *, where: str, title: str, tier: str = "quick", covers: Iterable[str] | None = None,
        equations: Iterable[str] = (),
    ) -> Callable[[F], F]:  # fmt: skip
        """Decorator: register ``fn(bench) -> Verdict``, which stays the function it was.

        Parameters
        ----------
        id : str
            A row, or a row with a suffix: ``A13``, ``A13.usa``; letters and digits.
        where : str
            Paper, section, equation, as ``A 3.2 (3.6)``.
        title : str
            One line.
        tier : str
            "quick" (seconds) or "full".
        covers : names of rows, optional
            None: the part of `id` before the dot.  Empty: a check of ours that belongs to no row.
        equations : names of equations, optional
            Those it shows besides the ones that `where` names, as "A (2.7)".

        Raises
        ------
        ValueError
            If the id is taken or odd, or a row does not exist.
        """
        if not isinstance(id, str) or not _ID.fullmatch(id):
            raise ValueError(f"id must be letters and digits, with dots between parts, as 'A13.usa'; got {id!r}.")
        inputs.choice("tier", tier, TIERS)
        for name, given in (("covers", covers), ("equations", equations)):
            if isinstance(given, str):
                raise TypeError(f"{name} must be several names; got one string. Write ({given!r},).")
        rows = (id.partition(".")[0],) if covers is None else tuple(covers)
        shown = tuple(dict.fromkeys([*places(where), *equations]))
        strange = [row for row in rows if self._rows is not None and row not in self._rows]
        if strange:
            raise ValueError(
                f"check {id!r} covers {strange}, which are no rows of the checklist{_near(strange[0], self._rows)}. "
                "Write covers=() if it belongs to none."
            )

        def enter(fn: F) -> F:
            if id in self._checks:
                raise ValueError(f"check {id!r} exists, in {_home(self._checks[id].fn)}; {_home(fn)} needs another id.")
            self._checks[id] = Check(id, where, title, tier, rows, fn, shown)
            return fn

        return enter

    def checks(
        self,
        tier: str | None = None,
        ids: str | Iterable[str] | None = None,
        only: Callable[[Check], bool] | None = None,
    ) -> list[Check]:
        """Checks sorted by id.

        Parameters
        ----------
        tier : str, optional
            "quick": quick ones only.  "full" or None: all.
        ids : str or several, optional
            Each means the check of that id, those of that id with a suffix, and those that cover that row.
        only : callable, optional
            ``only(check)`` says whether it is wanted.

        Raises
        ------
        UnknownCheck
            If an id means no check.
        """
        if tier is not None:
            inputs.choice("tier", tier, TIERS)
        self._discover()
        found = [self._checks[id] for id in sorted(self._checks)]
        if ids is not None:
            wanted = [ids] if isinstance(ids, str) else list(ids)
            for name in wanted:
                if not any(check.answers(name) for check in found):
                    raise UnknownCheck(self._unknown(name))
            found = [check for check in found if any(check.answers(name) for name in wanted)]
        return [c for c in found if (tier != "quick" or c.tier == "quick") and (only is None or only(c))]

    def run(
        self,
        ids: str | Iterable[str] | None = None,
        tier: str | None = None,
        *,
        only: Callable[[Check], bool] | None = None,
        out: files.PathLike | None = None,
        rng: Any = 0,
        executor: Any = None,
        done: Callable[[Verdict], Any] | None = None,
    ) -> list[Verdict]:
        """Carry out checks; one that raises has failed, and the others go on.

        Parameters
        ----------
        ids, tier, only
            As for `checks`.  Without `tier` every check is run in its own.
        out : path, optional
            Folder (made if need be) for pictures and verdicts; None: nothing is written.
        rng : seed
            Every check gets its own from it and its id.
        executor : concurrent.futures.Executor, optional
            As for `mf.sweep`.  Pictures are not drawn safely in several threads; processes are fine.
        done : callable, optional
            ``done(verdict)`` as each is finished.

        Returns
        -------
        list of Verdict
            Sorted by id.

        Raises
        ------
        OSError
            At the end, if a verdict could not be written; all of them are in its `verdicts`.
        """
        chosen = {check.id: check for check in self.checks(tier, ids, only)}
        folder = None if out is None else Path(out).resolve()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

        unsaved: list[OSError] = []

        def finish(verdict: Verdict) -> None:
            if folder is not None:
                try:
                    save(folder, verdict)
                except OSError as error:  # a full disk loses the file, not the checks that are still to come
                    unsaved.append(error)
            if done is not None:
                done(verdict)

        runner = _Runner(chosen, folder, tier, int(rng) if isinstance(rng, int | np.integer) else None)
        try:
            verdicts = sweep(runner, list(chosen), rng=rng, executor=executor, done=lambda _, v: finish(v))
        except SweepError as error:  # not the checks, which the runner catches: a worker that died
            lost = {id: runner.named(_broken(cause), id, 0.0) for id, cause in error.failures}
            for verdict in lost.values():
                finish(verdict)
            verdicts = [lost.get(id, verdict) for id, verdict in zip(chosen, error.results, strict=True)]
        if unsaved:
            carry(unsaved[0], "verdicts", verdicts)
            raise unsaved[0]
        return verdicts

    def at_seeds(
        self, id: str, seeds: int, tier: str | None = None, *, rng: Any = 0, executor: Any = None
    ) -> list[Verdict]:
        """Carry out one check at many seeds, without pictures or files; parameters as for `run`."""
        self._discover()
        if id not in self._checks:
            raise UnknownCheck(self._unknown(id))
        runner = _Seeded(_Runner({id: self._checks[id]}, None, tier), id)
        return sweep(runner, range(inputs.integer("seeds", seeds, low=1)), rng=rng, executor=executor)

    def _discover(self) -> None:
        if self._discovered or self._package is None:
            return
        self._discovered = True  # first: a module that asks for checks while it is imported must not begin again
        package: Any = pkgutil.resolve_name(f"{self._package}:")
        prefix = f"{self._package}."
        for name in sorted(found.name for found in pkgutil.walk_packages(package.__path__, prefix)):
            try:
                # Not an import statement: the registry knows no check, it knows the folder they lie in.
                pkgutil.resolve_name(f"{name}:")
            except BaseException:
                self._discovered = False
                self._checks = {id: check for id, check in self._checks.items() if check.fn.__module__ != name}
                raise

    def _unknown(self, name: str) -> str:
        if self._rows is not None and name in self._rows:
            return f"{name} is a row of the checklist that no check covers yet."
        rows = {row for check in self._checks.values() for row in check.covers}
        return f"no check is called {name!r}{_near(name, rows | set(self._checks))}."


def _near(name: str, known: Collection[str] | None) -> str:
    """ (did you mean ...?), or nothing."""
    spelled = {one.lower(): one for one in sorted(known or ())}
    near = difflib.get_close_matches(name.lower(), list(spelled), n=3, cutoff=0.6)
    return f" (did you mean {', '.join(spelled[one] for one in near)}?)" if near else ""


def _home(fn: Any) -> str:
    return f"{fn.__module__}.{fn.__qualname__}"


# --- carrying out ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Runner:
    """The function that is swept over ids; pickled by the names of the checks' functions."""

    checks: Mapping[str, Check]
    out: Path | None
    tier: str | None
    seed: int | None = None

    def __call__(self, id: str, rng: np.random.Generator) -> Verdict:
        check = self.checks[id]
        begin = time.perf_counter()
        try:
            verdict = check.fn(Bench(id, int(rng.integers(2**63)), self.tier or check.tier, self.out))
            if not isinstance(verdict, Verdict):
                raise TypeError(f"the check returned {inputs.describe(verdict)}, not a Verdict")
        except Exception as error:
            verdict = _broken(error)
        return self.named(verdict, id, time.perf_counter() - begin)

    def named(self, verdict: Verdict, id: str, seconds: float) -> Verdict:
        """The verdict with what the runner knows of it."""
        tier = self.tier or self.checks[id].tier
        known: dict[str, Any] = {"id": id, "tier": tier, "seconds": seconds, "seed": self.seed}
        return replace(verdict, **known, version=made_with(), date=now())


@dataclass(frozen=True)
class _Seeded:
    """One check, swept over seeds."""

    runner: _Runner
    id: str

    def __call__(self, seed: int, rng: np.random.Generator) -> Verdict:
        return self.runner(self.id, rng)


def _broken(error: Exception) -> Verdict:
    """FAIL, with the last line of the traceback and where it was raised."""
    last = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    return Verdict(outcome=Outcome.FAIL, message=f"Broke off: {last}{place}")


HOUSE = Registry("validation.checks", rows=ROWS)
"""The checks of this project."""
check = HOUSE.check
checks = HOUSE.checks
run = HOUSE.run
