"""The command line: what it prints, writes, refuses, and with which exit code it ends."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from samples import few, lines_of, read

import meanfield as mf
from validation.registry import HOUSE, Bench, Registry
from validation.verdict import Verdict, save

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The command line's module, with a stand-in for the experiment it delegates to."""
    stand_in = ModuleType("validation.limit")
    monkeypatch.setitem(sys.modules, "validation.limit", stand_in)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("validation.__main__", None)
    module = pkgutil.resolve_name("validation.__main__:")
    monkeypatch.setattr(module, "limit", stand_in)
    yield module
    del sys.modules["validation.__main__"]


@pytest.fixture
def some() -> Registry:
    """A few checks."""
    return few()


def test_the_list(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([], some) == 0
    shown = capsys.readouterr().out
    assert cli.main(["list"], some) == 0
    assert capsys.readouterr().out == shown
    assert shown.splitlines() == [
        "A13      quick  A 3.2 (3.6)  energy & dissipation",
        "A13.usa  full   A 3.3        the same for USA",
        "A54      quick  A 8          closures",
        "3 checks, 2 of them quick.",
    ]


def test_a_run_writes_page_numbers_and_pictures(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "A54", "A14", "--out", "here", "--seed", "3"], some) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-2:] == ["2 checks: 1 pass, 1 evidence.", str(Path("here", "report.html"))]
    assert [line.split()[:2] for line in shown[:2]] == [["A13", "pass"], ["A54", "evidence"]]
    assert sorted(os.listdir("here")) == [
        "A13-two-rates.png", "A13.verdict.json", "A54.verdict.json", "report.html", "report.json"
    ]  # fmt: skip
    read(Path("here", "report.html"))
    assert cli.main(["run", "A13"], some) == 1, "a failing check is exit code 1"
    assert Path("results", "report.html").is_file()


def test_all_runs_a_tier(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["all"], some) == 0
    assert "2 checks: 1 pass, 1 evidence." in capsys.readouterr().out
    assert cli.main(["all", "--tier", "full"], some) == 1
    assert "3 checks: 1 pass, 1 fail, 1 evidence." in capsys.readouterr().out


def test_workers_are_opened_when_asked_for(cli: Any, some: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    @contextmanager
    def pool(count: int) -> Iterator[ThreadPoolExecutor]:
        asked.append(count)
        with ThreadPoolExecutor(1) as executor:
            yield executor

    monkeypatch.setattr(cli, "workers", pool)  # real processes are tests/validation/test_registry.py's
    assert cli.main(["all", "--workers", "2"], some) == 0
    assert asked == [2]
    assert Path("results", "A13-two-rates.png").is_file()
    assert cli.main(["all", "--workers", "1"], some) == 0
    assert asked == [2]


def test_an_unknown_id_is_answered_by_near_ones(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "A13.usb"], some) == 2
    said = capsys.readouterr().err
    assert "no check is called 'A13.usb' (did you mean A13.usa" in said
    assert "lists the checks" in said
    assert not Path("results").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["run"], ["all", "--tier", "slow"], ["run", "A13", "--seed", "-1"], ["run", "A13", "--seed", "x"], ["walk"],
        ["run", "A13", "--workers", "0"], ["run", "A13", "--workers", "2.5"], ["all", "--workers", "9" * 30],
        ["run", "A13", "--out", ""], ["list", "more"],
    ],
)  # fmt: skip
def test_what_is_not_understood_exits_with_2(words: list[str], cli: Any, some: Registry) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words, some)
    assert caught.value.code == 2


@pytest.mark.parametrize("words", [["run", "A13"], ["all"], ["report"]])
def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
    words: list[str], cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file")
    ran: list[str] = []
    some.check("A99", where="A", title="t")(lambda bench: ran.append(bench.id))
    for place in ("taken", "taken/inside", "nul\0"):
        assert cli.main([*words, "--out", place], some) == 2
        told = capsys.readouterr()
        assert told.err.startswith("--out: nothing can be written in") and told.err.count("\n") == 1
        assert not told.out and not ran


def test_a_checklist_that_cannot_be_written_is_told_first(
    cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file")
    for place, said in (("page.html", "ends in .md"), ("taken/page.md", "nothing can be written")):
        assert cli.main(["report", "--checklist", place], some) == 2
        told = capsys.readouterr()
        assert told.err.startswith("--checklist") and said in told.err and not told.out


def test_what_breaks_off_is_no_failed_check(
    cli: Any, some: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(cli.report, "write_verdicts", full)
    assert cli.main(["run", "A54"], some) == 3
    assert "no space left" in capsys.readouterr().err


def test_an_interrupt_says_what_is_kept(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(bench: Bench) -> Verdict:
        raise KeyboardInterrupt

    some.check("A99", where="A", title="t")(stop)
    assert cli.main(["all"], some) == 130
    assert "What was finished is kept" in capsys.readouterr().err
    assert Path("results", "A54.verdict.json").is_file()


def test_the_report_is_made_from_earlier_runs(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    for one in some.run(["A54", "A14"], out=Path("results")):
        save(Path("results"), one)
    assert cli.main(["report"], some) == 0
    assert not Path("docs").exists(), "the checklist is made only in the checkout, or where it is asked for"
    assert "A13 " in capsys.readouterr().out
    Path("docs").mkdir()
    Path("docs", "checklist.md").write_text("old")
    assert cli.main(["report"], some) == 0
    assert lines_of(Path("docs", "checklist.md").read_text())["A54"][2] == "done"
    some.run("A13.usa", out=Path("results"))
    assert cli.main(["report", "--checklist", "mine.md"], some) == 1
    assert lines_of(Path("mine.md").read_text())["A13"][2] == "failing"


def test_a_report_of_nothing_takes_no_pages_place(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    Path("docs").mkdir()
    Path("docs", "checklist.md").write_text("old")
    assert cli.main(["report", "--out", "elsewhere"], some) == 2
    told = capsys.readouterr()
    assert "'elsewhere' has no verdicts" in told.err and not told.out
    assert Path("docs", "checklist.md").read_text() == "old"


def test_limit_is_handed_its_own_words(cli: Any, some: Registry) -> None:
    heard: list[list[str]] = []

    def listen(argv: list[str]) -> int:
        heard.append(argv)
        return 7

    cli.limit.main = listen
    assert cli.main(["limit", "--beta", "4", "--help"], some) == 7
    assert heard == [["--beta", "4", "--help"]]


# --- which checks, and who reads -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], ["A13", "A13.usa", "A54"]),
        (["--paper", "a"], ["A13", "A13.usa", "A54"]),
        (["--row", "A14"], ["A13"]),
        (["--system", "A (3.6)"], ["A13"]),
        (["--name", "A13"], ["A13"]),
        (["--name", "*USA*"], ["A13.usa"]),
        (["--tier", "quick"], ["A13", "A54"]),
        (["--tier", "quick", "--paper", "A", "--name", "a13*"], ["A13"]),
    ],
)
def test_checks_are_chosen_by_paper_row_equation_name_and_tier(
    words: list[str], ids: list[str], cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["list", *words], some) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[:-1]] == ids
    assert shown[-1].startswith(f"{len(ids)} check")


def test_what_is_chosen_is_what_is_run(cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["all", "--tier", "full", "--name", "A13"], some) == 0
    assert "1 check: 1 pass." in capsys.readouterr().out, "A13 is a name, not the beginning of one"
    assert cli.main(["list", "--system", "SA", "--row", "A13"], HOUSE) == 2
    assert "--row A13 --system SA: no check answers to all of this" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--paper", "Q"], "--paper: got 'Q'; write --paper A or --paper B"),
        (["--row", "A013"], "--row: got 'A013'; write --row A13 or --row A03"),
        (["--system", "A (9.99)"], "--system: no equation is called 'A (9.99)'"),
        (["--name", "nothing*"], "--name nothing*: no check answers to all of this; `python -m validation list`"),
        (["--paper", "B", "--tier", "quick"], "--tier quick --paper B: no check answers to all of this"),
    ],
)
def test_an_option_that_means_nothing_says_what_to_type(
    words: list[str], said: str, cli: Any, some: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("list", "all"):
        assert cli.main([command, *words], some) == 2
        told = capsys.readouterr()
        assert said in told.err and not told.out
    assert not Path("results").exists()


def test_it_says_its_version(cli: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert f"meanfield {mf.__version__}, numpy {np.__version__}" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
def test_a_reader_that_goes_away_is_no_error() -> None:
    """As ``python -m validation list | head -1``."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "validation", "list"]
    ended = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    os.close(write_end)
    assert (ended.returncode, ended.stderr) == (141, "")
