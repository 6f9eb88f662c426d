"""The one-way street: a room imports only rooms printed above it in docs/architecture.md.  The page is the rule.

The guard reads two tables of the page (the rooms in their order, the late imports) and the imports of every file,
without running any of them.  It is itself tested on small trees with one fault each.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("meanfield", "particles", "validation")
UNREAD = ("tests", "benchmarks", "conftest")
IMPORT_NAMES = {"POT": "ot"}
"""Distributions whose import name is not their own."""


# --- the page ----------------------------------------------------------------------------------------------


def within(file: str, path: str) -> bool:
    """Whether a file is this path, or lies in this folder (a path ending in /)."""
    return file.startswith(path) if path.endswith("/") else file == path


@dataclass(frozen=True)
class Room:
    path: str
    rank: int
    later: bool
    part: str
    """Heading of the table it stands under: tools, mathematics, ..."""


@dataclass(frozen=True)
class Late:
    library: str
    rooms: tuple[str, ...]
    functions: tuple[str, ...]
    everywhere: bool
    top: bool


def table(page: str, first: str) -> Iterator[list[str]]:
    """Rows of the table whose first heading is `first`, as lists of cells."""
    inside = False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == first:
            inside = True
        elif inside and not cells:
            return
        elif inside and not set(cells[0]) <= set("-: "):
            yield cells


def rooms_of(page: str) -> list[Room]:
    """Every file or folder of the table, in order; a bare name stands in the folder of the row's first name."""
    rooms: list[Room] = []
    part = ""
    for cells in table(page, "room"):
        names = re.findall(r"`([^`]+)`", cells[0])
        if not names:
            part = cells[0].strip("*")
            continue
        folder = names[0].rpartition("/")[0] + "/"
        if names[0].endswith("/") and len(names) > 1:
            names = names[1:]
        for name in names:
            rooms.append(Room(name if "/" in name else folder + name, len(rooms), "(later)" in cells[0], part))
    return rooms


def late_of(page: str) -> list[Late]:
    """The table of imports that may or must stand inside functions."""
    found = []
    for library, where, how, *_ in table(page, "library"):
        names = re.findall(r"`([^`]+)`", where)
        found.append(
            Late(
                library.strip("`"),
                tuple(name for name in names if "/" in name),
                tuple(name for name in names if "/" not in name),
                "every room" in where,
                "top" in how,
            )
        )
    return found


# --- the imports -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    line: int
    module: str
    """Dotted; for `from a import b` it is a.b where that is a file or folder of ours, else a."""
    function: str | None
    typing: bool
    """Under `if TYPE_CHECKING:`, so never run."""


def python_files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for name in PACKAGES for p in (root / name).rglob("*.py"))


def file_of(root: Path, module: str) -> str | None:
    """The file a dotted name of ours stands for."""
    path = module.replace(".", "/")
    for candidate in (f"{path}.py", f"{path}/__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return f"{path}/__init__.py" if (root / path).is_dir() else None


def names_of(root: Path, file: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = file.split("/")[:-1]
            base = ".".join(package[: len(package) - node.level + 1] + ([base] if base else []))
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            ours = base.split(".")[0] in PACKAGES and file_of(root, whole) is not None
            yield whole if ours else base


def imports_of(root: Path, file: str) -> list[Import]:
    found: list[Import] = []

    def walk(node: ast.AST, function: str | None, typing: bool) -> None:
        found.extend(Import(node.lineno, name, function, typing) for name in names_of(root, file, node))  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            function = getattr(node, "name", "lambda")
        guarded = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in ast.iter_child_nodes(node):
            walk(child, function, typing or guarded)

    walk(ast.parse((root / file).read_text(encoding="utf-8")), None, False)
    return found


# --- the guard ---------------------------------------------------------------------------------------------


class Street:
    def __init__(self, root: Path) -> None:
        page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
        self.root = root
        self.files = python_files(root)
        self.rooms = rooms_of(page)
        self.late = late_of(page)
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        declared = project.get("dependencies", [])
        declared += [d for extra in project.get("optional-dependencies", {}).values() for d in extra]
        names = [re.split(r"[^\w-]", d)[0] for d in declared]
        self.declared = {IMPORT_NAMES.get(name, name.lower()) for name in names} | {"mpl_toolkits"}  # matplotlib's

    def room(self, file: str) -> Room | None:
        return next((r for r in self.rooms if within(file, r.path)), None)

    def rank(self, file: str) -> float:
        """Place on the street; a package's page of re-exports stands just below the last room inside it."""
        if file.endswith("__init__.py"):
            folder = file.removesuffix("__init__.py")
            inside = [r.rank for r in self.rooms if r.path.startswith(folder) and not r.later]
            if inside:
                return max(inside) + 0.5
        room = self.room(file)
        return float("inf") if room is None else room.rank

    def complaints(self) -> list[str]:
        found = [*self.misprints()]
        for file in self.files:
            found += [c for what in imports_of(self.root, file) for c in self.judge(file, what)]
        return list(dict.fromkeys(found))

    def misprints(self) -> Iterator[str]:
        """Where the table and the folders disagree."""
        for room in self.rooms:
            there = any(within(file, room.path) for file in self.files)
            if there and room.later:
                yield f"docs/architecture.md: {room.path} is built, but marked (later)"
            if not there and not room.later:
                yield f"docs/architecture.md: {room.path} is in the table, but not in the tree"
        for file in self.files:
            if not file.endswith("__init__.py") and self.room(file) is None:
                yield f"{file}: not in the table of rooms of docs/architecture.md"

    def judge(self, file: str, what: Import) -> Iterator[str]:
        top = what.module.split(".")[0]
        place = f"{file}:{what.line}"
        if top in UNREAD:
            yield f"{place} reads {what.module}: nobody reads {top}"
        elif top in PACKAGES:
            yield from self.judge_ours(file, what, place)
        elif top not in sys.stdlib_module_names and top not in self.declared and top != "__future__":
            yield f"{place} imports {top}, which pyproject.toml does not declare"
        if top == "importlib" and not what.module.startswith(("importlib.metadata", "importlib.resources")):
            yield f"{place} imports importlib, which hides what is read"
        if not what.typing:
            yield from self.judge_late(file, what, place)

    def judge_ours(self, file: str, what: Import, place: str) -> Iterator[str]:
        if file.startswith("validation/exact/") and not what.module.startswith("validation.exact"):
            yield f"{place} reads {what.module}: validation/exact imports nothing of ours"
        target = file_of(self.root, what.module)
        if target is None:
            yield f"{place} reads {what.module}, which does not exist"
            return
        here, there = self.room(file), self.room(target)
        together = here is not None and here == there and here.path.endswith("/")
        inside = file.endswith("__init__.py") and target.startswith(file.removesuffix("__init__.py"))
        if not (together or inside or self.rank(target) < self.rank(file)):
            yield f"{place} reads {target}, which is not printed above it"

    def judge_late(self, file: str, what: Import, place: str) -> Iterator[str]:
        known = [late for late in self.late if f"{what.module}.".startswith(f"{late.library}.")]
        where = f"inside {what.function}" if what.function else "at the top"
        if not known and what.function:
            yield f"{place} imports {what.module} {where}: imports stand at the top"
        if known and not any(self.allows(late, file, what.function) for late in known):
            yield f"{place} imports {what.module} {where}: not a place the table of late imports allows"

    @staticmethod
    def allows(late: Late, file: str, function: str | None) -> bool:
        room = late.everywhere or any(within(file, path) for path in late.rooms)
        named = function is not None and any(fnmatch.fnmatch(function, pattern) for pattern in late.functions)
        return (room or named) and (function is not None or late.top)


# --- the tests ---------------------------------------------------------------------------------------------


def test_every_room_reads_only_rooms_above_it() -> None:
    complaints = Street(ROOT).complaints()
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_guard_sees_the_tree() -> None:
    """An empty table, or a glob that finds nothing, would make the test above pass for nothing."""
    street = Street(ROOT)
    read = [i for file in street.files for i in imports_of(ROOT, file)]
    assert len(street.files) > 20
    assert sum(i.module.startswith("meanfield.") for i in read) > 40
    assert {"meanfield/protocols/law.py", "meanfield/runs/loop.py", "validation/exact/"} <= {
        r.path for r in street.rooms
    }
    assert {"matplotlib", "ot"} <= {late.library for late in street.late}


PAGE = """
| room | what it is |
|---|---|
| **tools** | |
| `meanfield/protocols.py` | contracts |
| `meanfield/inputs.py`, `threads.py` | two in order |
| `meanfield/plot/` | pictures |
| `meanfield/laws/`: `base.py`, `attention.py` | laws |
| `meanfield/sweep.py` (later) | not yet |
| `particles/simulate.py` | door |
| `validation/exact/` | closed forms |
| `validation/limit.py` | experiment |

| library | where | how |
|---|---|---|
| `matplotlib` | `meanfield/plot/` | at the top too |
| `matplotlib` | functions named `plot*` | inside the function |
| `meanfield.plot` | every room | inside the function |
| `ot` | `validation/limit.py` | inside the function |
"""

GOOD = {
    "docs/architecture.md": PAGE,
    "pyproject.toml": '[project]\ndependencies = ["numpy>=2", "matplotlib"]\n'
    '[project.optional-dependencies]\not = ["POT>=0.9"]',
    "meanfield/__init__.py": "from meanfield.laws import SA\nfrom .inputs import number",
    "meanfield/protocols.py": "from __future__ import annotations\nimport math\nimport numpy as np",
    "meanfield/inputs.py": "from meanfield import protocols",
    "meanfield/threads.py": "from meanfield.inputs import number",
    "meanfield/plot/__init__.py": "",
    "meanfield/plot/style.py": "import matplotlib.pyplot as plt",
    "meanfield/plot/curves.py": "def draw():\n    from meanfield.plot import style",
    "meanfield/laws/__init__.py": "from meanfield.laws.attention import SA",
    "meanfield/laws/base.py": "def plot(self):\n    from meanfield.plot import curves\n    import matplotlib",
    "meanfield/laws/attention.py": "from . import base\nfrom ..threads import threads",
    "particles/simulate.py": "import meanfield as mf\nfrom meanfield.laws import SA",
    "validation/exact/two.py": "from validation.exact import one",
    "validation/exact/one.py": "import math",
    "validation/limit.py": "from particles.simulate import simulate\ndef f():\n    import ot",
}

BELOW, AT_TOP, LATE = "not printed above", "imports stand at the top", "table of late imports allows"
FAULTS = {
    "upward": ("meanfield/inputs.py", "from meanfield.laws.base import Law", BELOW),
    "upward in a row": ("meanfield/inputs.py", "from meanfield.threads import threads", BELOW),
    "relative": ("meanfield/laws/base.py", "from . import attention", BELOW),
    "own package": ("meanfield/laws/attention.py", "from meanfield.laws import SA", BELOW),
    "root package": ("meanfield/threads.py", "import meanfield as mf", BELOW),
    "for types only": (
        "meanfield/inputs.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from meanfield.laws.base import Law",
        BELOW,
    ),
    "package page": ("meanfield/plot/__init__.py", "from meanfield.laws.base import Law", BELOW),
    "meanfield reads particles": ("meanfield/laws/base.py", "import particles.simulate", BELOW),
    "particles read validation": ("particles/simulate.py", "from validation import limit", BELOW),
    "tests": ("validation/limit.py", "from tests.conftest import x", "nobody reads tests"),
    "exact reads ours": ("validation/exact/one.py", "import meanfield", "imports nothing of ours"),
    "inside a function": ("meanfield/threads.py", "def f():\n    import math", AT_TOP),
    "ours in a function": ("meanfield/threads.py", "def f():\n    from meanfield import inputs", AT_TOP),
    "in a method": ("meanfield/threads.py", "class A:\n    def f(self):\n        import math", AT_TOP),
    "matplotlib at the top": ("meanfield/laws/base.py", "import matplotlib", LATE),
    "matplotlib in a sum": ("meanfield/laws/base.py", "def add():\n    import matplotlib", LATE),
    "plot at the top": ("meanfield/laws/base.py", "from meanfield.plot import curves", LATE),
    "an extra at the top": ("validation/limit.py", "try:\n    import ot\nexcept ImportError:\n    ot = None", LATE),
    "an extra elsewhere": ("meanfield/inputs.py", "def f():\n    import ot", LATE),
    "undeclared": ("meanfield/inputs.py", "import torch", "does not declare"),
    "hidden": ("meanfield/inputs.py", "import importlib", "hides what is read"),
    "missing module": ("meanfield/threads.py", "from meanfield.nothing import x", "does not exist"),
    "not in the table": ("meanfield/extra.py", "", "not in the table"),
    "built but later": ("meanfield/sweep.py", "", "marked (later)"),
}


def build(root: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def test_a_good_tree_passes(tmp_path: Path) -> None:
    assert Street(build(tmp_path, GOOD)).complaints() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_tree_is_named(tmp_path: Path, fault: str) -> None:
    file, text, message = FAULTS[fault]
    complaints = Street(build(tmp_path, GOOD | {file: text})).complaints()
    assert any(message in c and file in c for c in complaints), complaints


def test_a_row_without_its_file_is_named(tmp_path: Path) -> None:
    tree = {name: text for name, text in GOOD.items() if name != "particles/simulate.py"}
    complaints = Street(build(tmp_path, tree)).complaints()
    assert "docs/architecture.md: particles/simulate.py is in the table, but not in the tree" in complaints
