"""One equation, answered: what it says, who holds it, a line to type, and the checks.  `mf.equation`."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from meanfield.equations import names
from meanfield.equations.cells import Standing
from meanfield.equations.printed import PRINTED, TITLES


@dataclass(frozen=True)
class Holder:
    """A class or function that says it holds an equation, and where it stands."""

    name: str
    """As "meanfield.laws.attention.SA"."""
    file: str
    """From the project's folder on, as "meanfield/laws/attention.py"."""
    line: int
    equations: tuple[str, ...]


@cache
def holders(*packages: str) -> tuple[Holder, ...]:
    """Everything of these packages that carries equations, in the order of their modules."""
    return tuple(holder for package in packages for module in _modules(package) for holder in _held(module))


def _modules(package: str) -> Iterator[Any]:
    top: Any = pkgutil.resolve_name(f"{package}:")
    yield top
    for found in sorted(one.name for one in pkgutil.walk_packages(top.__path__, f"{package}.")):
        if not found.endswith("__main__"):
            # not an import statement: a room is known by where it lies
            yield pkgutil.resolve_name(f"{found}:")


def _held(module: Any) -> Iterator[Holder]:
    for name, thing in vars(module).items():
        own = vars(thing).get("equations") if inspect.isclass(thing) or inspect.isfunction(thing) else None
        if own and thing.__module__ == module.__name__ and thing.__qualname__ == name:
            lines, first = inspect.getsourcelines(thing)
            skipped = next(k for k, line in enumerate(lines) if line.startswith(("def ", "class ")))
            root = Path(module.__name__.split(".")[0])
            file = root.joinpath(*module.__name__.split(".")[1:])
            named = file / "__init__.py" if hasattr(module, "__path__") else file.with_suffix(".py")
            yield Holder(f"{module.__name__}.{name}", named.as_posix(), first + skipped, own)


@dataclass(frozen=True, repr=False)
class Equation:
    """What `mf.equation` answers; printed, it is a small page."""

    name: str
    paper: str
    """The paper's title."""
    what: str
    standing: Standing
    how: str
    """The room that is still to come, or the proof of which it is a step; else empty."""
    holders: tuple[Holder, ...]
    """Classes and functions that hold it."""
    line: str
    """A line to type after ``import meanfield as mf, particles as pt, numpy as np``; empty where none holds it."""
    checks: tuple[str, ...]
    """Ids of the checks that show it."""

    @property
    def command(self) -> str:
        """What carries its checks out; empty without any."""
        return f"python -m validation run {' '.join(self.checks)}" if self.checks else ""

    def __str__(self) -> str:
        rows = [("", f"{self.what}")]
        rows += [("held by", f"{one.name} ({one.file}, line {one.line})") for one in self.holders]
        if not self.holders:
            rows.append(("standing", self.standing.value + (f" ({self.how})" if self.how else "")))
        rows += [("type", self.line)] * bool(self.line)
        rows.append(("check", self.command or "none yet"))
        head = f"{self.name}, {self.paper}" if self.paper else self.name
        return "\n".join([head, *(f"  {name + ': ' if name else ''}{text}" for name, text in rows)])

    def __repr__(self) -> str:
        held = ", ".join(one.name.rpartition(".")[2] for one in self.holders) or self.standing.value
        return f"<{self.name}: {held}; checks: {' '.join(self.checks) or 'none yet'}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def rooms() -> tuple[Holder, ...]:
    """All that hold equations: here, and in `particles`, where it lies beside this package, as we ship it."""
    ours = Path(__file__).parents[2] / "particles" / "__init__.py"
    if not ours.exists():
        return holders("meanfield")
    found: Any = pkgutil.resolve_name("particles:")  # of other projects there is one by that name, too
    same = Path(found.__file__).samefile(ours)
    return holders("meanfield", "particles") if same else holders("meanfield")


def equation(name: str) -> Equation:
    """Which room holds an equation of the papers, a line that shows it, and the checks.

    Papers: A = arXiv 2312.10794, B = 2305.05465, C = 2411.04990.

    Parameters
    ----------
    name : str
        As "A (2.7)", "A 2.7", or "2.7" where one paper has it; "C (CSA)"; "C Figure 2"; "2410.23228" for a later work;
        or a word, as "Hegselmann", if one equation alone speaks of it.

    Returns
    -------
    Equation
        Its `what`, `holders`, `line`, `checks` and `command`; printed, all of them.

    Raises
    ------
    ValueError
        If there is no such equation, or more than one; the text names near ones.

    Examples
    --------
    >>> mf.equation("A (2.7)").checks
    ('A07',)
    """
    every = rooms()
    of = {one: " ".join(room.name for room in every if one in room.equations) for one in PRINTED}
    printed = PRINTED[names.find(name, of)]
    built = printed.standing is Standing.BUILT
    held = tuple(one for one in every if printed.name in one.equations)
    return Equation(
        printed.name, TITLES[printed.paper] if printed.paper else "", printed.what, printed.standing,
        "" if built else printed.how, held, printed.how if built else "", printed.checks,
    )  # fmt: skip
