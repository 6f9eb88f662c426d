"""Every public name says what it takes and what it refuses, and shows itself in an example that runs.

The names are found: those of ``dir(meanfield)``, ``dir(particles)`` and the distances.
"""

from __future__ import annotations

import doctest
import inspect
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from validation import metrics

PAGES: dict[str, Any] = {"mf": mf, "pt": pt, "mf.distances": metrics}
NAMES: dict[str, Any] = {
    f"{short}.{name}": getattr(page, name)
    for short, page in PAGES.items()
    for name in page.__all__
    if not isinstance(getattr(page, name), ModuleType)
}
MADE_BY_RUNS = (BaseException, Enum, tuple, mf.Merge, pt.Layers)
"""Whose constructors nobody calls: they have attributes, and refuse nothing."""


def record(thing: Any) -> bool:
    return isinstance(thing, type) and (issubclass(thing, MADE_BY_RUNS) or hasattr(thing, "measures"))


@pytest.mark.parametrize("short", ["mf", "pt"])
def test_tab_completion_shows_the_public_page_alone(short: str) -> None:
    page = PAGES[short]
    assert set(dir(page)) - {"__version__"} == set(page.__all__)
    assert all(hasattr(page, name) for name in dir(page))
    assert {"grid", "workers", "SweepError", "distances"} <= set(dir(mf))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_public_name_says_what_it_takes_and_refuses(name: str) -> None:
    thing = NAMES[name]
    text = inspect.getdoc(thing) or ""
    assert not isinstance(thing, type) or "__doc__" in vars(thing), "a text of its own"
    if isinstance(thing, type) and issubclass(thing, Enum):
        return
    taken = [] if record(thing) or thing is mf.Law else list(inspect.signature(thing).parameters)
    if taken:
        told = text.partition("Parameters\n-")[2] or text.partition("Attributes\n-")[2]
        assert [one for one in taken if one not in told] == []
        assert "\nRaises\n------\n" in text
    elif record(thing) and not issubclass(thing, ValueError | RuntimeWarning | OSError):
        assert "\nAttributes\n----------\n" in text


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "mf.distances.emd_sphere":
        pytest.importorskip("ot")
    monkeypatch.chdir(tmp_path)
    names = {"mf": mf, "pt": pt, "np": np}
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(NAMES[name]) or "", names, name, None, None)
    said: list[str] = []
    ended = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert ended.attempted > 0, "there is no example"
    assert ended.failed == 0, "".join(said)


def test_help_shows_what_laws_take(capsys: pytest.CaptureFixture[str]) -> None:
    for law in (mf.SA, mf.USA):
        help(law)
        shown = capsys.readouterr().out
        for name in inspect.signature(law).parameters:
            assert f" |  {name} : " in shown or name in ("Q", "K")
        assert "Q, K : array (m, d)" in shown and "Raises" in shown
