"""Pages, tables, the checklist and the command line, from synthetic verdicts."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from samples import few, lines_of, passing, read

from validation import report
from validation.page import Cell, Picture, Section, Table, write
from validation.registry import Check, Registry
from validation.report import checklist, state_of, write_verdicts
from validation.rows import ROWS, Reach, Row
from validation.verdict import Outcome, Verdict


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([0, 1])
    figure.savefig(tmp_path / "one.png")
    return tmp_path / "one.png"


# --- pages of anything ----------------------------------------------------------------------------------------


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


def test_formulas_are_set_as_in_print(tmp_path: Path) -> None:
    page = write(tmp_path, "W_1", [Section("a", ["`W_1^2` and `a < b`, but W_1."])]).read_text(encoding="utf-8")
    (text,) = re.findall(r"<p>(.*)</p>", page)
    head, _, tail = text.partition("<math>")
    assert head == "<code>W_1^2</code> and <code>a &lt; b</code>, but "
    assert tail == "<msub><mrow><mi>W</mi></mrow><mn>1</mn></msub></math>."
    assert "<title>W_1</title>" in page and "<h1><span><math>" in page


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


# --- verdicts -------------------------------------------------------------------------------------------------


@pytest.fixture
def some() -> Registry:
    """A few checks."""
    return few()


@pytest.mark.rounding
def test_a_page_of_verdicts(some: Registry, tmp_path: Path) -> None:
    page = write_verdicts(tmp_path, some.run(out=tmp_path), some.checks())
    reader = read(page)
    assert "3 checks: 1 pass, 1 fail, 1 evidence." in reader.text
    failures, overview, lost, numbers, *_ = reader.tables
    assert failures == [
        ["check", "outcome", "what", "why"],
        ["A13.usa", "FAIL", "the same for USA", "At t = 1. gap is nan, wanted in [0, 1]."],
    ]
    assert [row[:4] for row in overview[1:]] == [
        ["A13.usa", "A 3.3", "the same for USA", "FAIL"],
        ["A13", "A 3.2 (3.6)", "energy & dissipation", "PASS"],
        ["A54", "A 8", "closures", "EVIDENCE"],
    ]
    assert reader.links[:2] == ["#s3-a13-usa-the-same-for-usa"] * 2, "what failed stands first, and leads to why"
    assert lost[1] == ["gap", "nan", "in [0, 1]"]
    assert numbers == [
        ["measured", "value", "wanted"],
        ["free", "2", ""],
        ["defect", "3.2e-12", "≤ 1e-9"],
        ["points", "40", ""],
    ]
    assert "At t = 1. gap is nan, wanted in [0, 1]." in reader.text
    assert [image["alt"] for image in reader.images] == ["two rates"]
    plain = json.loads((tmp_path / "report.json").read_text())
    assert [one["id"] for one in plain] == ["A13", "A13.usa", "A54"]
    assert plain[0]["measured"] == {"free": 2.0, "defect": 3.2e-12, "points": 40}
    assert plain[1]["measured"] == {"gap": "nan"}
    assert plain[1]["outcome"] == "FAIL"


def test_a_page_says_when_with_which_seed_by_which_command_and_what_came(some: Registry, tmp_path: Path) -> None:
    verdicts = some.run(out=tmp_path, tier="full", rng=3)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", v.date) for v in verdicts)
    told = [replace(v, date=f"2026-03-0{k} 12:00:00") for k, v in enumerate(verdicts, 1)]
    text = read(write_verdicts(tmp_path, told, some.checks())).text
    for said in (
        "FAIL: 1 of 3", "2026-03-01 12:00:00 to 2026-03-03 12:00:00 UTC", told[0].version,
        "PASS. Every number", "FAIL. A number", "A 3.3; 2026-03-02 12:00:00 UTC; full tier",
        "python -m validation all --tier full --seed 3", "python -m validation all --tier full --name A13 --seed 3",
        "python -m validation run A13.usa --seed 3",
    ):  # fmt: skip
        assert said in text
    assert "seed\n3" in re.sub(r"(?<=seed)", "\n", text)
    good = read(write_verdicts(tmp_path, [told[0], told[2]], some.checks()))
    assert "PASS: no check failed" in good.text and "Failures" not in good.text and "FAIL" not in good.text
    old = [replace(v, date="", seed=None, version="") for v in told[:2]]
    text = read(write_verdicts(tmp_path, old, some.checks())).text
    for said in ("not all verdicts say when", "unknown versions"):
        assert said in text


def test_a_page_fits_a_telephone_and_a_dark_screen(some: Registry, tmp_path: Path) -> None:
    page = write_verdicts(tmp_path, some.run(out=tmp_path), some.checks()).read_text(encoding="utf-8")
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert 'name="viewport" content="width=device-width' in page and "@media screen and (max-width: 40rem)" in style
    dark = style.partition("(prefers-color-scheme: dark)")[2].partition("@media")[0]
    light = style.partition("@media")[0]
    named = set(re.findall(r"(--[a-z-]+):", light))
    assert named == set(re.findall(r"(--[a-z-]+):", dark.partition("* {")[0])), "every colour has its dark one"
    rest = style.replace(light, "").replace(dark, "")
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", rest)) <= {"#fff"}, "pictures alone are on white"
    for name in ("measured", "value", "wanted", "outcome"):
        assert f'data-name="{name}"' in page, "a card says what a number is"


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


# --- the checklist --------------------------------------------------------------------------------------------


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


def test_the_checklist_has_every_row_its_state_command_and_figures(some: Registry) -> None:
    page = checklist(ROWS.values(), some.checks(), some.run())
    rows = lines_of(page)
    assert list(rows) == list(ROWS)
    assert all(len(cells) == 5 for cells in rows.values())
    assert "207 rows: 2 done, 1 failing, 200 open, 2 out of reach, 2 proof tool." in page
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
