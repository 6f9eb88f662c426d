"""Pages, tables, the checklist and the command line, from synthetic verdicts."""

from __future__ import annotations

import base64
import json
import math
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from matplotlib.figure import Figure

from validation import report
from validation.page import Cell, Picture, Section, Table, write
from validation.registry import Bench, Check, Registry
from validation.report import checklist, state_of, write_verdicts
from validation.rows import ROWS, Reach, Row
from validation.verdict import Outcome, Verdict, evidence, judge, save

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Reader(HTMLParser):
    """Reads a page: complains about tags that do not match, keeps anchors, links, sources, alternatives and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.tables: list[list[list[str]]] = []
        self.titles: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.stack.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        self.titles += [given["title"]] if "title" in given else []
        if tag == "img":
            self.images.append(given)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        assert tag not in ("script", "link", "iframe", "object")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.stack:
            assert "url(" not in data
            assert "@import" not in data
            return
        self.text += data
        if {"td", "th"} & set(self.stack):
            self.tables[-1][-1][-1] += data


def read(path: Path) -> Reader:
    page = path.read_text(encoding="utf-8")
    reader = Reader(page)
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert all(image["src"].startswith("data:image/") for image in reader.images)
    assert len(set(reader.ids)) == len(reader.ids)
    assert page.count("http") == 0
    return reader


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([0, 1])
    figure.savefig(tmp_path / "one.png")
    return tmp_path / "one.png"


# --- pages of anything -------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_a_page_holds_its_text_tables_and_pictures(tmp_path: Path, picture: Path) -> None:
    table = Table(("n", "gap", "note"), [(100, 0.1234567890123, "a < b"), (1000, 1e-12, Cell("fine", "good"))], "Gaps")
    section = Section("Convergence & co", ["As `n` grows, |x| < 1."], [table], [(picture.name, 'The "gap"')])
    page = write(tmp_path, "Limit <1>", [section], lead=["One & all."], name="limit")
    assert page == tmp_path / "limit.html"
    reader = read(page)
    for text in ("Limit <1>", "One & all.", "Convergence & co", "As n grows, |x| < 1.", "Gaps", 'The "gap"'):
        assert text in reader.text
    assert reader.tables == [[["n", "gap", "note"], ["100", "0.123457", "a < b"], ["1000", "1e-12", "fine"]]]
    assert reader.titles == ["0.1234567890123"], "every digit of what was rounded, and of nothing else"
    (image,) = reader.images
    assert image["alt"] == 'The "gap"'
    assert base64.b64decode(image["src"].partition(",")[2]) == picture.read_bytes()


def test_what_is_written_is_escaped_everywhere(tmp_path: Path, picture: Path) -> None:
    evil = '<script>alert("x")</script>'
    table = Table((evil,), [(evil,), (Cell(evil, "bad"),), (f"`{evil}`",)], evil)
    sections = [Section(evil, [evil, f"`{evil}`"], [table], [Picture(picture, evil)], Cell(evil, "info"))]
    page = write(tmp_path, evil, [*sections, *(Section(f"{evil}{k}") for k in range(4))], lead=[evil])
    assert "<script" not in page.read_text(encoding="utf-8")
    assert read(page).text.count(evil) == 22, "two titles, lead, contents, headings, mark, text, table, caption"
    assert "$" not in write(tmp_path, "t", []).read_text(encoding="utf-8")
    assert "costs $title" in read(write(tmp_path, "t", [Section("a", ["costs $title"])])).text


def test_indices_and_exponents_are_set_as_in_print(tmp_path: Path) -> None:
    def html_of(text: str) -> str:
        page = write(tmp_path, "t", [Section("a", [text])]).read_text(encoding="utf-8")
        return re.findall(r"<p>(.*)</p>", page)[0]

    assert html_of("W_1 ~ n^{-1/2}") == "W<sub>1</sub> ~ n<sup>-1/2</sup>"
    assert html_of("e^b x_{ij} 10^-12 (x_i)^2") == (
        "e<sup>b</sup> x<sub>ij</sub> 10<sup>-12</sup> (x<sub>i</sub>)<sup>2</sup>"
    )
    assert html_of("rho_0 L_mu") == "rho<sub>0</sub> L<sub>mu</sub>"
    assert html_of("n^-0.27 and R^2.") == "n<sup>-0.27</sup> and R<sup>2</sup>."
    for plain in ("max_resolution x_10 a_b_c", "_x", "2^", "thorough_o"):
        assert html_of(plain) == plain
    assert html_of("`W_1^2` and `a < b`") == "<code>W_1^2</code> and <code>a &lt; b</code>"


def test_links_and_contents_lead_to_sections(tmp_path: Path) -> None:
    table = Table(("to",), [(Cell("there", to="Part 3"),)])
    reader = read(write(tmp_path, "t", [Section("Part 1", tables=[table]), *(Section(f"Part {k}") for k in (2, 3, 4))]))
    assert len(reader.links) == 5
    assert reader.links.count("#s3-part-3") == 2
    assert read(write(tmp_path, "t", [Section("Teil α"), Section("Teil β")])).links == []


def test_the_same_page_is_the_same_bytes(tmp_path: Path, picture: Path) -> None:
    sections = [Section("a", tables=[(("x",), [(math.pi,)])], pictures=[(picture,)])]
    assert write(tmp_path, "t", sections).read_bytes() == write(tmp_path, "t", sections, name="b").read_bytes()


def test_what_no_page_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.png does not exist"):
        write(tmp_path, "t", [Section("a", pictures=[("gone.png",)])])
    with pytest.raises(ValueError, match=r"pictures must end in \.png"):
        write(tmp_path, "t", [Section("a", pictures=[("a.pdf",)])])
    with pytest.raises(ValueError, match="different headings; got 'a' twice"):
        write(tmp_path, "t", [Section("a"), Section("a")])
    with pytest.raises(ValueError, match="header's 2 cells; got 1"):
        write(tmp_path, "t", [Section("a", tables=[(("x", "y"), [(1,)])])])
    with pytest.raises(ValueError, match="links to the section 'b'"):
        write(tmp_path, "t", [Section("a", tables=[(("x",), [(Cell("q", to="b"),)])])])
    with pytest.raises(ValueError, match="tone must be one of"):
        write(tmp_path, "t", [Section("a", mark=Cell("q", "purple"))])
    assert list(tmp_path.iterdir()) == []


# --- verdicts ----------------------------------------------------------------------------------------------


def passing(bench: Bench) -> Verdict:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([0, 1])
    measured = {"free": 2.0, "defect": 3.2e-12, "points": 40}
    return judge(measured, {"defect": (None, 1e-9)}, pictures=[bench.figure("two-rates", figure)])


def failing(bench: Bench) -> Verdict:
    return judge({"gap": math.nan}, {"gap": (0, 1)}, message="At t = 1.")


def open_question(bench: Bench) -> Verdict:
    return evidence({"exponent": 0.5}, {"exponent": (0, None)}, message="Nobody | knows <yet>.")


@pytest.fixture
def some() -> Registry:
    made = Registry()
    made.check("A13", where="A 3.2 (3.6)", title="energy & dissipation", covers=("A13", "A14"))(passing)
    made.check("A13.usa", where="A 3.3", title="the same for USA", tier="full")(failing)
    made.check("A54", where="A 8", title="closures")(open_question)
    return made


@pytest.mark.rounding
def test_a_page_of_verdicts(some: Registry, tmp_path: Path) -> None:
    page = write_verdicts(tmp_path, some.run(out=tmp_path), some.checks())
    reader = read(page)
    assert "3 checks: 1 pass, 1 fail, 1 evidence." in reader.text
    overview, numbers, *_ = reader.tables
    assert [row[:4] for row in overview[1:]] == [
        ["A13", "A 3.2 (3.6)", "energy & dissipation", "pass"],
        ["A13.usa", "A 3.3", "the same for USA", "fail"],
        ["A54", "A 8", "closures", "evidence"],
    ]
    assert numbers == [
        ["measured", "value", "wanted"],
        ["free", "2", ""],
        ["defect", "3.2e-12", "<= 1e-9"],
        ["points", "40", ""],
    ]
    assert "At t = 1. gap is nan, wanted in [0, 1]." in reader.text
    assert [image["alt"] for image in reader.images] == ["two rates"]
    plain = json.loads((tmp_path / "report.json").read_text())
    assert [one["id"] for one in plain] == ["A13", "A13.usa", "A54"]
    assert plain[0]["measured"] == {"free": 2.0, "defect": 3.2e-12, "points": 40}
    assert plain[1]["measured"] == {"gap": "nan"}
    assert plain[1]["outcome"] == "FAIL"


def test_a_lost_picture_and_a_lost_check_are_told(some: Registry, tmp_path: Path) -> None:
    verdicts = some.run("A13", out=tmp_path)[:1]
    (tmp_path / "A13-two-rates.png").unlink()
    reader = read(write_verdicts(tmp_path, verdicts, []))
    assert "The picture A13-two-rates.png is no longer in the folder." in reader.text
    assert "No check has this id any more." in reader.text
    assert "0 checks." in read(write_verdicts(tmp_path, [], [])).text


def test_lines_for_a_terminal(some: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    lines = report.text_table(some.run()).splitlines()
    assert [re.sub(r" +\d+\.\d s", "", line) for line in lines] == [
        "A13        pass  defect 3.2e-12 (<= 1e-9), free 2, points 40",
        "A13.usa    fail  At t = 1. gap is nan, wanted in [0, 1].",
        "A54        evidence  exponent 0.5 (>= 0); Nobody | knows <yet>.",
        "3 checks: 1 pass, 1 fail, 1 evidence.",
    ]
    monkeypatch.setenv("COLUMNS", "70")
    assert max(len(line) for line in report.text_table(some.run()).splitlines()) == 70


# --- the checklist -----------------------------------------------------------------------------------------


def verdict(outcome: Outcome, id: str = "T1") -> Verdict:
    return Verdict(outcome=outcome, id=id)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], "open"),
        ([None], "open"),
        ([Outcome.PASS], "done"),
        ([Outcome.EVIDENCE], "done"),
        ([Outcome.INCONCLUSIVE], "open"),
        ([Outcome.NOT_APPLICABLE], "open"),
        ([Outcome.FAIL], "failing"),
        ([Outcome.PASS, None], "open"),
        ([Outcome.PASS, Outcome.INCONCLUSIVE], "open"),
        ([Outcome.PASS, Outcome.NOT_APPLICABLE], "done"),
        ([Outcome.PASS, Outcome.EVIDENCE, Outcome.FAIL], "failing"),
        ([None, Outcome.FAIL], "failing"),
    ],
)
def test_the_state_of_a_row(outcomes: list[Outcome | None], state: str) -> None:
    checks = [Check(f"T{k}", "", "", "quick", ("A01",), passing) for k in range(len(outcomes))]
    verdicts = {f"T{k}": verdict(o, f"T{k}") for k, o in enumerate(outcomes) if o is not None}
    assert state_of(Row("A01", "1", "what", "wanted"), checks, verdicts) == state


@pytest.mark.parametrize(
    ("reach", "state"),
    [(Reach.NONE, "out of reach"), (Reach.PROOF, "proof tool"), (Reach.PARTLY, "open")],
)
def test_what_is_out_of_reach_is_so_until_a_check_reaches_it(reach: Reach, state: str) -> None:
    row = Row("B38", "1", "what", "wanted", reach)
    check = Check("B38", "", "", "quick", ("B38",), passing)
    assert state_of(row, [], {}) == state
    assert state_of(row, [check], {"B38": verdict(Outcome.PASS, "B38")}) == "done"


def lines_of(page: str) -> dict[str, list[str]]:
    """Rows of the page's tables by id, split at bars that are not escaped."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in page.splitlines() if re.match(r"\| [A-Z]\d\d \|", line)]
    return {cells[0].strip(): [cell.strip() for cell in cells] for cells in rows}


def test_the_checklist_has_every_row_its_state_command_and_figures(some: Registry) -> None:
    page = checklist(ROWS.values(), some.checks(), some.run())
    rows = lines_of(page)
    assert list(rows) == list(ROWS)
    assert all(len(cells) == 5 for cells in rows.values())
    assert "195 rows: 2 done, 1 failing, 188 open, 2 out of reach, 2 proof tool." in page
    assert rows["A13"][2:] == [
        "failing",
        "`python -m validation run A13`",
        r"A13: pass, defect 3.2e-12 (\<= 1e-9), free 2, and 1 more; A13.usa: fail, gap nan (in \[0, 1\])",
    ]
    assert rows["A14"][2:4] == ["done", "`python -m validation run A14`"]
    assert rows["A15"][2:] == ["open", "", ""]
    assert rows["A54"][2:] == ["done", "`python -m validation run A54`", "evidence, exponent 0.5 (\\>= 0)"]
    assert rows["B38"][2] == "out of reach"
    assert "Part of it needs the weights" in rows["A05"][1]
    assert rows["C27"][1].startswith(r"Lem B.1: \<x, z\> \>= \<x, y\>")
    assert "A13: not run; A13.usa: not run" in checklist(ROWS.values(), some.checks(), [])


def test_the_checklists_file_must_be_markdown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"path must end in \.md"):
        report.write_checklist(tmp_path / "checklist.txt", ROWS.values(), [], [])


# --- the command line --------------------------------------------------------------------------------------


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
