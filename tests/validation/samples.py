"""A few checks, and a page taken apart."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path

from matplotlib.figure import Figure

from validation.registry import Bench, Registry
from validation.verdict import Verdict, evidence, judge

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


# --- verdicts -------------------------------------------------------------------------------------------------


def passing(bench: Bench) -> Verdict:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([0, 1])
    measured = {"free": 2.0, "defect": 3.2e-12, "points": 40}
    return judge(measured, {"defect": (None, 1e-9)}, pictures=[bench.figure("two-rates", figure)])


def failing(bench: Bench) -> Verdict:
    return judge({"gap": math.nan}, {"gap": (0, 1)}, message="At t = 1.")


def open_question(bench: Bench) -> Verdict:
    return evidence({"exponent": 0.5}, {"exponent": (0, None)}, message="Nobody | knows <yet>.")


def few() -> Registry:
    made = Registry()
    made.check("A13", where="A 3.2 (3.6)", title="energy & dissipation", covers=("A13", "A14"))(passing)
    made.check("A13.usa", where="A 3.3", title="the same for USA", tier="full")(failing)
    made.check("A54", where="A 8", title="closures")(open_question)
    return made


# --- the checklist --------------------------------------------------------------------------------------------


def lines_of(page: str) -> dict[str, list[str]]:
    """Rows of the page's tables by id, split at bars that are not escaped."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in page.splitlines() if re.match(r"\| [A-Z]\d\d \|", line)]
    return {cells[0].strip(): [cell.strip() for cell in cells] for cells in rows}
