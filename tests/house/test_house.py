"""The house rules, as tests: small rooms, documented doors, nothing left open, tests that assert, pages that are true.

Every rule is a function from text to complaints, so that it can be shown a fault and be seen to find it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from test_street import PACKAGES, ROOT, rooms_of

import meanfield
import validation.metrics
from validation.registry import HOUSE, UnknownCheck

FILE_LINES, TEST_LINES = 400, 450
FUNCTION_LINES = 60
DOCUMENTED_LINES = 100
"""The same with its docstring: a front door may say more than it does."""
NEAR_ROUNDING = 1e-9
HEAVY = (
    *("matplotlib", "xarray", "pandas", "ot", "numba", "tqdm", "pyfftw", "h5py", "h5netcdf"),
    *("scipy.special", "scipy.optimize", "scipy.sparse"),
)
SKIPPED = {".git", ".venv", "results", "build", "dist", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}

Rule = Callable[[str, str], Iterable[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef
# Written in two parts, so that this file does not break its own rules.
OPEN = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
STUB = "NotImplemented" + "Error"
MACHINE = re.compile(
    r"(?<![\w.:/}])/(?:" + "|".join(("home", "tmp", "work", "root", "Users", "mnt", "opt", "srv", "data")) + r")/\w"
    r"|\b[A-Z]:\\{1,2}[A-Z]\w"
    r"|\.\./" + "shared"
)
HOSTS = re.compile(r"(?:pypi|pythonhosted|npmjs|anaconda|debian)\." + r"(?:org|com)|index-" + "url", re.IGNORECASE)


# --- what is read ------------------------------------------------------------------------------------------


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def project_files() -> list[Path]:
    """Files of the project: those git knows or would add; without git, all but what tools and runs made."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True, text=True).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in paths if path.is_file())


def read(path: Path) -> str:
    """The text of a text file; nothing of a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- the rules ---------------------------------------------------------------------------------------------


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def too_long(name: str, text: str) -> Iterator[str]:
    lines, most = len(text.splitlines()), TEST_LINES if name.startswith("tests/") else FILE_LINES
    if lines > most:
        yield f"{name}: {lines} lines, more than {most}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            length = lines_of(node)
            own = length - (lines_of(node.body[0]) if ast.get_docstring(node) else 0)
            if own > FUNCTION_LINES or length > DOCUMENTED_LINES:
                limits = f"more than {FUNCTION_LINES} (or {DOCUMENTED_LINES} with the docstring)"
                yield f"{name}:{node.lineno} {node.name}: {own} lines, {limits}"


def undocumented(name: str, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    if tree.body and not ast.get_docstring(tree):
        yield f"{name}: the module has no docstring"
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        overload = any(ast.unparse(decorator).endswith("overload") for decorator in node.decorator_list)
        if not overload and not ast.get_docstring(node):
            yield f"{name}:{node.lineno} {node.name}: public, without a docstring"


def left_open(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := OPEN.search(line):
            yield f"{name}:{number} left open: {match[0]}"
        if STUB in line:
            yield f"{name}:{number} a stub: {STUB}"


def of_one_machine(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in ((MACHINE, "a path of one machine"), (HOSTS, "a registry's host")):
            if match := pattern.search(line):
                yield f"{name}:{number} {what}: {match[0]}"


def asserting_nothing(name: str, text: str) -> Iterator[str]:
    """Test functions in which neither they nor a helper of the same file they call can fail on purpose."""
    tree = ast.parse(text)
    helpers = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}

    def asserts(node: ast.AST, seen: frozenset[str]) -> bool:
        for part in ast.walk(node):
            if isinstance(part, ast.Assert):
                return True
            if isinstance(part, ast.Call):
                called = ast.unparse(part.func).rpartition(".")[2]
                if called in ("raises", "warns", "fail") or called.startswith(("assert_", "check_")):
                    return True
                if called in helpers and called not in seen and asserts(helpers[called], seen | {called}):
                    return True
        return False

    for node in helpers.values():
        if node.name.startswith("test_") and not asserts(node, frozenset({node.name})):
            yield f"{name}:{node.lineno} {node.name} asserts nothing"


def unmarked(name: str, text: str) -> Iterator[str]:
    """Test functions that hold a number near rounding, or eps itself, without the mark `rounding`."""
    tree = ast.parse(text)
    if "pytestmark = pytest.mark.rounding" in text:
        return
    for node in tree.body:
        marked = isinstance(node, Function) and any("mark.rounding" in ast.unparse(d) for d in node.decorator_list)
        if isinstance(node, Function) and node.name.startswith("test_") and not marked:
            numbers = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            near = [x for x in numbers if isinstance(x, float) and 0.0 < x < NEAR_ROUNDING]
            if near or re.search(r"\bEPS\b|\.eps\b", ast.unparse(node)):
                yield f"{name}:{node.lineno} {node.name} holds {near or 'eps'}: write @pytest.mark.rounding above it"


def half_a_tolerance(name: str, text: str) -> Iterator[str]:
    """Comparisons with an absolute tolerance and numpy's own relative one, 1e-7, which is then the larger."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".assert_allclose"):
            given = {keyword.arg for keyword in node.keywords}
            if "atol" in given and "rtol" not in given and len(node.args) < 3:
                yield f"{name}:{node.lineno} atol without rtol, which is then 1e-7: write rtol=0.0 beside it"


def dead_links(name: str, text: str) -> Iterator[str]:
    """Relative links of a page that lead nowhere."""
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not (ROOT / name).parent.joinpath(target).exists():
            yield f"{name}: the link to {target} leads nowhere"


def unknown_names(name: str, text: str) -> Iterator[str]:
    """Names and checks that a page, a docstring or a message tells to type, and that do not exist."""
    for name_ in re.findall(r"(?<![\w./'-])(?:mf|pt|meanfield|particles)(?:\.[A-Za-z_]\w*)+", text):
        first, *rest = name_.replace("mf.", "meanfield.").replace("pt.", "particles.").split(".")
        if not (exists(".".join([first, *rest])) or rest[-1] in ("py", "git")):
            yield f"{name}: {name_} is no name"
    check = r"[A-CFS]\d\d(?:\.\w+)?"
    for words in re.findall(rf"(?:validation (?:run|coverage)|such as|or) ({check}(?: {check})*)", text):
        for id in words.split():
            try:
                HOUSE.checks(ids=id)
            except UnknownCheck:
                yield f"{name}: {id} is no check"


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute as one would write it after `import` of its package."""
    found: object = importlib.import_module(name.partition(".")[0])
    for part in name.split(".")[1:]:
        if not hasattr(found, part):
            return importlib.util.find_spec(name) is not None if isinstance(found, ModuleType) else False
        found = getattr(found, part)
    return True


def misprinted(name: str, text: str) -> Iterator[str]:
    """Python blocks of a page whose output is not the text block printed below them."""
    for code, printed in re.findall(r"```python\n(.*?)```\s*```text\n(.*?)```", text, re.DOTALL):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, name, "exec"), {"__name__": "__page__"})
        if out.getvalue().strip() != printed.strip():
            yield f"{name}: prints\n{out.getvalue()}where the page says\n{printed}"


def part_sizes(page: str) -> tuple[dict[str, int], dict[str, int]]:
    """Lines of each part of the street: as printed on the page, and as counted through its table of rooms."""
    counted: dict[str, int] = {}
    for room in rooms_of(page):
        path = ROOT / room.path
        files = path.rglob("*.py") if path.is_dir() else [path] if path.is_file() else []
        counted[room.part] = counted.get(room.part, 0) + sum(len(read(file).splitlines()) for file in files)
    printed = {name: int(lines) for name, lines in re.findall(r"^\| (\w+) \| (\d+) \|$", page, re.MULTILINE)}
    return printed, counted


# --- the house obeys ---------------------------------------------------------------------------------------


def broken(rule: Rule, files: list[Path]) -> str:
    """Every complaint of a rule about some files, one a line; empty where the house obeys."""
    return "".join(f"\n{complaint}" for path in files for complaint in rule(name_of(path), read(path)))


def test_rooms_and_functions_are_small() -> None:
    files = python_files(*PACKAGES, "tests")
    assert len(files) > 20
    assert not broken(too_long, files)


def test_every_public_thing_is_documented() -> None:
    assert not broken(undocumented, python_files(*PACKAGES))


def test_nothing_is_left_open() -> None:
    assert not broken(left_open, [path for path in project_files() if path.suffix in (".py", ".md")])


def test_nothing_is_of_one_machine() -> None:
    files = project_files()
    assert {"pyproject.toml", ".ci/run", "docs/architecture.md"} <= {name_of(path) for path in files}
    assert not broken(of_one_machine, files)


def test_every_test_asserts_something() -> None:
    assert not broken(asserting_nothing, python_files("tests"))


def test_what_rounding_can_decide_is_marked() -> None:
    """But for the rules themselves and the checks, which `tests/machines.py` carries out in full."""
    spared = ("test_house.py", "test_checks.py", "test_settings.py")
    assert not broken(unmarked, [path for path in python_files("tests") if path.name not in spared])


def test_tolerances_are_whole() -> None:
    assert not broken(half_a_tolerance, python_files("tests"))


def test_the_readme_has_two_commands() -> None:
    """One sets up and runs the main job, one the tests; `.ci/run` carries them out as they stand."""
    commands = re.findall(r"^```sh\n(.*?)^```$", read(ROOT / "README.md"), re.DOTALL | re.MULTILINE)
    assert [command.count("\n") for command in commands] == [1, 1]
    assert commands[0].endswith("-m validation limit\n") and commands[1].endswith("-m pytest\n")


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 4
    assert not broken(dead_links, pages)


def test_the_errata_print_what_the_page_says() -> None:
    page = ROOT / "docs" / "errata.md"
    assert read(page).count("```text") > 5
    assert not broken(misprinted, [page])


def test_names_that_are_told_to_be_typed_exist() -> None:
    """On every page but that of changes, which tells names of their day."""
    pages = [path for path in project_files() if path.suffix == ".md" and path.name != "CHANGELOG.md"]
    assert not broken(unknown_names, [*python_files(*PACKAGES), *pages])


def test_nothing_that_a_run_writes_is_in_the_project() -> None:
    """Pictures belong to the pages; a run's page, numbers and records stay in its folder."""
    written = {".png", ".gif", ".webp", ".svg", ".pdf", ".html", ".json", ".nc"}
    homes = {"docs/images", "benchmarks/results.json", "validation/report.html"}
    homes |= {"tests/files_0_1", "tests/files_0_1/kept"}
    names = [name_of(path) for path in project_files() if path.suffix in written]
    assert [name for name in names if name not in homes and name.rpartition("/")[0] not in homes] == []


def test_the_sizes_on_the_page_are_true() -> None:
    printed, counted = part_sizes(read(ROOT / "docs" / "architecture.md"))
    assert {"tools", "mathematics", "motion", "doors", "particles", "validation"} == set(counted)
    rows = "\n".join(f"| {name} | {lines} |" for name, lines in counted.items())
    far = [name for name, lines in counted.items() if not 0.8 * lines <= printed.get(name, -1) <= 1.25 * lines]
    assert not far, f"docs/architecture.md, Sizes: {far} are far off; the table should read\n{rows}"


def test_the_version_is_one() -> None:
    version = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["version"]
    assert f"\nversion: {version}\n" in read(ROOT / "CITATION.cff")
    assert f'__version__ = "{version}"' in read(ROOT / "meanfield" / "__init__.py")


def test_importing_meanfield_is_light() -> None:
    """Pictures, labelled arrays, progress bars and extras are imported by the functions that need them."""
    code = f"import sys, meanfield; print([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_dir_is_the_public_page() -> None:
    """What is offered after `mf.` is what is exported, and its submodules that are meant for others."""
    assert dir(meanfield) == sorted([*meanfield.__all__, "__version__"])
    shown = [name for name in meanfield.__all__ if isinstance(getattr(meanfield, name), ModuleType)]
    assert shown == ["distances", "protocols"]
    assert validation.metrics.__all__ == meanfield.distances.__all__
    for name in validation.metrics.__all__:
        assert getattr(validation.metrics, name) is getattr(meanfield.distances, name)


# --- and each rule finds a fault ---------------------------------------------------------------------------

LONG_FILE = '"""A module."""\n' + "x = 1\n" * FILE_LINES
LONG_FUNCTION = "def f():\n" + "    x = 1\n" * FUNCTION_LINES
DOCUMENTED_FUNCTION = 'def f():\n    """' + "text\n" * DOCUMENTED_LINES + '"""\n    return 1\n'
FAULTS: list[tuple[Rule, str, str]] = [
    (too_long, LONG_FILE, "401 lines"),
    (too_long, LONG_FUNCTION, "f: 61 lines"),
    (too_long, "class A:\n" + LONG_FUNCTION.replace("def", " def").replace("    x", "     x"), "f: 61 lines"),
    (too_long, DOCUMENTED_FUNCTION, "f: 2 lines, more than 60 (or 100"),
    (undocumented, "x = 1", "the module has no docstring"),
    (undocumented, '"""M."""\ndef f():\n    return 1', "f: public"),
    (undocumented, '"""M."""\nclass A:\n    x = 1', "A: public"),
    (left_open, "# " + "TO" + "DO: later", "left open"),
    (left_open, "raise " + STUB, "a stub"),
    (of_one_machine, 'path = "/' + 'home/someone/x"', "a path of one machine"),
    (of_one_machine, 'path = "C:' + '\\\\Users"', "a path of one machine"),
    (of_one_machine, "pip --" + "index-" + "url x", "a registry's host"),
    (of_one_machine, "https://" + "pypi." + "org/simple", "a registry's host"),
    (asserting_nothing, "def test_f():\n    x = 1", "test_f asserts nothing"),
    (asserting_nothing, "def helper():\n    pass\ndef test_f():\n    helper()", "test_f asserts nothing"),
    (unmarked, "def test_f():\n    assert abs(f()) < 1e-12", "test_f holds [1e-12]"),
    (unmarked, "def test_f():\n    assert abs(f()) < 4 * EPS", "test_f holds eps"),
    (half_a_tolerance, "np.testing.assert_allclose(a, b, atol=1e-13)", "write rtol=0.0"),
    (dead_links, "[a](gone.md#part)", "gone.md leads nowhere"),
    (unknown_names, 'raise ValueError("use mf.sweep.workers()")', "mf.sweep.workers is no name"),
    (unknown_names, "`python -m validation run A13.none`", "A13.none is no check"),
    (misprinted, "```python\nprint(2)\n```\n\n```text\n3\n```", "where the page says"),
]


@pytest.mark.parametrize(("rule", "text", "complaint"), FAULTS)
def test_a_fault_is_found(rule: Rule, text: str, complaint: str) -> None:
    assert complaint in "\n".join(rule("x.py", text))


def test_what_is_right_is_left_alone() -> None:
    good = '"""M."""\n\n\ndef f():\n    """F."""\n    return "see https://arxiv.org/abs/2312.10794 and docs/data/x"\n'
    good += "@overload\ndef g(): ...\n"
    helped = "def helper(x):\n    assert x\ndef test_f():\n    helper(1)\ndef test_g():\n    np.assert_allclose(1, 1)"
    for rule in (too_long, undocumented, left_open, of_one_machine):
        assert list(rule("x.py", good)) == []
    assert list(asserting_nothing("x.py", helped)) == []
    marked = "@pytest.mark.rounding\ndef test_f():\n    assert f() < 1e-12\ndef test_g():\n    assert f() < 1e-6"
    assert list(unmarked("x.py", marked)) == []
    assert list(unmarked("x.py", "pytestmark = pytest.mark.rounding\ndef test_f():\n    assert f() < EPS")) == []
    whole = "np.testing.assert_allclose(a, b, rtol=0.0, atol=1e-13)\nnp.testing.assert_allclose(a, b, 1e-9, atol=1e-13)"
    assert list(half_a_tolerance("x.py", whole)) == []
    assert list(misprinted("x.md", "```python\nprint(2)\n```\n\n```text\n2\n```")) == []
    named = "`mf.Circle(8)`, pt.simulate, meanfield.plot.tree; validation run A13 A15.sample"
    assert list(unknown_names("x.md", named)) == []
    assert list(dead_links("docs/x.md", "[a](https://arxiv.org) [b](#part) [c](../pyproject.toml)")) == []


def test_sizes_are_counted_through_the_table() -> None:
    page = "| room | x |\n|---|---|\n| **tools** | |\n| `meanfield/protocols/law.py` | x |\n\n| tools | 7 |\n"
    printed, counted = part_sizes(page)
    lines = len(read(ROOT / "meanfield" / "protocols" / "law.py").splitlines())
    assert printed == {"tools": 7}
    assert counted == {"tools": lines}
