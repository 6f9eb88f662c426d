"""Functions are told apart by all that they compute with, alike in every process, or refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.doors.sweep import sweep
from meanfield.tools.identity import digest, made_of, name_of

ROOT = Path(mf.__file__).parents[1]


def made(source: str, **world: Any) -> Any:
    """`fn` of a script."""
    script = sys.modules["script"] = types.ModuleType("script")  # where dataclasses look
    vars(script).update(world)
    exec(compile(source, f"script{len(source)}.py", "exec"), vars(script))
    return vars(script)["fn"]


def differ(one: Any, other: Any) -> list[str]:
    """The parts in which two functions differ."""
    a, b = made_of(one), made_of(other)
    return [part for part in sorted({*a, *b}) if a.get(part) != b.get(part)]


MODULE = types.ModuleType("script_helpers")

# two sources, and the parts in which their functions differ
PAIRS: dict[str, tuple[str, str, list[str]]] = {
    "code": ("def fn(c, rng): return c", "def fn(c, rng): return -c", ["its code"]),
    "constant": ("def fn(c, rng): return 2 * c", "def fn(c, rng): return 3 * c", ["its code"]),
    "inner": ("fn = lambda c, rng: (lambda: 2)()", "fn = lambda c, rng: (lambda: 3)()", ["its code"]),
    "default": ("def fn(c, rng, a=1): return a", "def fn(c, rng, a=2): return a", ["default of a"]),
    "keyword": ("def fn(c, rng, *, a=1.0): return a", "def fn(c, rng, *, a=-1.0): return a", ["default of a"]),
    "closure": (
        "def make(a):\n def fn(c, rng): return a\n return fn\nfn = make(1.0)",
        "def make(a):\n def fn(c, rng): return a\n return fn\nfn = make(5.0)",
        ["closed-over a"],
    ),
    "of the inner": (
        "def make(a):\n def fn(c, rng): return (lambda: a)()\n return fn\nfn = make(1)",
        "def make(a):\n def fn(c, rng): return (lambda: a)()\n return fn\nfn = make(1.0)",
        ["closed-over a"],
    ),
    "global": ("A = 1\ndef fn(c, rng): return A", "A = 2\ndef fn(c, rng): return A", ["global A"]),
    "helper": (
        "def h(x): return x\ndef g(x): return h(x)\ndef fn(c, rng): return g(c)",
        "def h(x): return 2 * x\ndef g(x): return h(x)\ndef fn(c, rng): return g(c)",
        ["global g"],
    ),
    "itself": (
        "def fn(c, rng): return fn(c - 1, rng) if c else 1",
        "def fn(c, rng): return fn(c - 1, rng) if c else 2",
        ["its code"],
    ),
    "array": (
        "import numpy as np\nA = np.arange(4.0)\ndef fn(c, rng): return A",
        "import numpy as np\nA = np.arange(4.0)\nA[2] = 7\ndef fn(c, rng): return A",
        ["global A"],
    ),
    "law": (
        "import meanfield as mf\nlaw = mf.SA(4.0)\ndef fn(c, rng): return law",
        "import meanfield as mf\nlaw = mf.SA(5.0)\ndef fn(c, rng): return law",
        ["global law"],
    ),
    "density": (
        "import meanfield as mf\nr = mf.perturbed_uniform(mf.Circle(8), {1: 0.1})\ndef fn(c, rng): return r",
        "import meanfield as mf\nr = mf.perturbed_uniform(mf.Circle(8), {1: 0.2})\ndef fn(c, rng): return r",
        ["global r"],
    ),
    "partial": (
        "from functools import partial\ndef g(a, c, rng): return a\nfn = partial(g, 1)",
        "from functools import partial\ndef g(a, c, rng): return a\nfn = partial(g, 2)",
        ["bound arguments"],
    ),
    "global partial": (
        "from functools import partial\ng = partial(pow, 2)\ndef fn(c, rng): return g(c)",
        "from functools import partial\ng = partial(pow, 3)\ndef fn(c, rng): return g(c)",
        ["global g"],
    ),
    "method": (
        "class K:\n def __init__(s, a): s.a = a\n def f(s, c, rng): return s.a\nfn = K(1).f",
        "class K:\n def __init__(s, a): s.a = a\n def f(s, c, rng): return s.a\nfn = K(2).f",
        ["self"],
    ),
    "object": (
        "class K:\n def __call__(s, c, rng): return s.g(c)\n def g(s, c): return c\nfn = K()",
        "class K:\n def __call__(s, c, rng): return s.g(c)\n def g(s, c): return -c\nfn = K()",
        ["what it is"],
    ),
    "class": (
        "class K:\n a = 1\n @property\n def b(s): return s.a\ndef fn(c, rng): return K().b",
        "class K:\n a = 2\n @property\n def b(s): return s.a\ndef fn(c, rng): return K().b",
        ["global K"],
    ),
    "base": (
        "class B:\n def f(s): return 1\nclass K(B): pass\ndef fn(c, rng): return K().f()",
        "class B:\n def f(s): return 2\nclass K(B): pass\ndef fn(c, rng): return K().f()",
        ["global K"],
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass K:\n a: int = 1\n def f(s): return s.a\n"
        "k = K()\ndef fn(c, rng): return k.f()",
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass K:\n a: int = 1\n def f(s): return -s.a\n"
        "k = K()\ndef fn(c, rng): return k.f()",
        ["global k"],
    ),
    "enumeration": (
        "from enum import Enum\nclass E(Enum):\n A = 1\ndef fn(c, rng): return E.A.value",
        "from enum import Enum\nclass E(Enum):\n A = 2\ndef fn(c, rng): return E.A.value",
        ["global E"],
    ),
    "decorated": (
        "from functools import wraps\ndef d(f):\n @wraps(f)\n def w(*a): return f(*a)\n return w\n"
        "@d\ndef fn(c, rng): return 1",
        "from functools import wraps\ndef d(f):\n @wraps(f)\n def w(*a): return f(*a)\n return w\n"
        "@d\ndef fn(c, rng): return 2",
        ["closed-over f"],
    ),
    "cached": (
        "from functools import cache\n@cache\ndef g(c): return 1\ndef fn(c, rng): return g(c)",
        "from functools import cache\n@cache\ndef g(c): return 2\ndef fn(c, rng): return g(c)",
        ["global g"],
    ),
    "metaclass": (
        "class M(type):\n def __call__(s): return 1\nclass K(metaclass=M): pass\ndef fn(c, rng): return K()",
        "class M(type):\n def __call__(s): return 2\nclass K(metaclass=M): pass\ndef fn(c, rng): return K()",
        ["global K"],
    ),
    "a library's decorator": (
        "import numpy as np\n@np.errstate(over='ignore')\ndef fn(c, rng): return 1",
        "import numpy as np\n@np.errstate(over='ignore')\ndef fn(c, rng): return 2",
        ["what it is"],
    ),
    "vectorised": (
        "import numpy as np\ng = np.vectorize(lambda x: 1)\ndef fn(c, rng): return g(c)",
        "import numpy as np\ng = np.vectorize(lambda x: 2)\ndef fn(c, rng): return g(c)",
        ["global g"],
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_a_function_computes_with_tells_it_from_another(name: str) -> None:
    one, other, parts = PAIRS[name]
    assert differ(made(one), made(other)) == parts
    assert differ(made(one), made("\n\n" + one)) == []  # its place in a file does not


def test_a_module_of_ones_own_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    helpers = types.ModuleType("script_helpers")
    helpers.inner = types.ModuleType("script_inner")  # type: ignore[attr-defined]
    helpers.rate, helpers.inner.beta = (lambda x: x), 1.0  # type: ignore[attr-defined]
    source = "def fn(c, rng): return helpers.rate(helpers.inner.beta)"
    fn = made(source, helpers=helpers)
    before = made_of(fn)
    assert {"global helpers.rate", "global helpers.inner.beta"} < set(before)
    helpers.inner.beta = 2.0
    after = made_of(fn)
    assert [part for part in before if before[part] != after[part]] == ["global helpers.inner.beta"]


def test_installed_packages_and_this_one_count_by_name() -> None:
    plain = "def fn(c, rng): return mf.solve, np.sin(c), log.name, ufunc, integrate.quad"
    from logging import getLogger

    from scipy import integrate

    world = {"mf": mf, "np": np, "log": getLogger("a"), "ufunc": np.exp, "integrate": integrate}
    assert differ(made(plain, **world), made(plain, **world)) == []
    assert differ(made(plain, **world), made(plain, **world | {"ufunc": np.cos})) == ["global ufunc"]


HELD = "def fn(c, rng): return held"
LOCAL = "def fn(c, rng):\n import script_helpers\n return script_helpers.f"
COMPILED = "import numpy as np\ng = np.frompyfunc(lambda x: x, 1, 1)\ndef fn(c, rng): return g(c)"
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a lock": (HELD, {"held": threading.Lock()}, "fn: global held is <unlocked"),
    "one inside": (HELD, {"held": [{"a": threading.Lock()}]}, r"fn: global held\[0\]\['a'\] is <unlocked"),
    "a file": (HELD, {"held": sys.__stdout__}, "fn: global held is <"),
    "a generator": (HELD, {"held": (c for c in "")}, "fn: global held is <generator"),
    "a module": ("def fn(c, rng): return vars(held)", {"held": MODULE}, "hands on the module script_helpers as a"),
    "eval": ("def fn(c, rng): return eval('c')", {}, "fn calls eval"),
    "an import": (LOCAL, {}, "fn imports script_helpers within itself"),
    "a compiled closure": (COMPILED, {}, "fn: global g is <ufunc"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_is_refused_by_name(name: str, tmp_path: Path) -> None:
    source, world, told = REFUSED[name]
    fn = made(source, **world)
    with pytest.raises(TypeError, match=rf"keep: .*{told}.*, by which results cannot be told .* or sweep without keep"):
        sweep(fn, [1], keep=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_imports_of_libraries_inside_a_function_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def fn(c, rng):\n import math\n from scipy import special\n import meanfield.doors.solve\n return math"
    assert set(made_of(made(source))) == {"Python", "its code"}
    many = "\n ".join(f"c.a{i}" for i in range(300))  # names beyond the 256th need a longer instruction
    assert set(made_of(made(source.replace("\n", f"\n {many}\n", 1)))) == {"Python", "its code"}
    monkeypatch.delitem(sys.modules, "tqdm", raising=False)  # an installed one need not be loaded
    assert set(made_of(made("def fn(c, rng):\n import tqdm"))) == {"Python", "its code"}
    assert "tqdm" not in sys.modules


def test_the_code_of_a_cells_classes_counts() -> None:
    source = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass fn:\n a: int\n def f(s): return {}"
    one, same, other = (made(source.format(value))(7) for value in (1, 1, 2))
    assert digest([one], "the cell") == digest([same], "the cell") != digest([other], "the cell")
    assert digest([one], "the cell") != digest([type(one)(8)], "the cell")


def test_names_say_what_is_bound() -> None:
    assert name_of(made("def fn(c, rng): return 1")) == "script.fn"
    assert name_of(made(PAIRS["partial"][0])).startswith('{"partial of": "script.g"')
    with pytest.raises(TypeError, match="cannot be written as settings"):
        name_of(made(PAIRS["object"][0]))


SCRIPT = """
import json, sys
sys.path.insert(0, "tests/tools")
from test_identity import PAIRS, made, made_of
print(json.dumps({name: made_of(made(one)) for name, (one, other, parts) in PAIRS.items()}
                 | {"sets": made_of(made("A = {'a', 'b', 'c'}\\ndef fn(c, rng): return c in {'x', 'y', 'z'}, A"))}))
"""


def test_every_process_tells_alike() -> None:
    """Names are hashed anew in every process, and sets come in another order."""
    told = []
    for seed in ("1", "2"):
        words = [sys.executable, "-c", SCRIPT]
        there = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(words, cwd=ROOT, env=there, capture_output=True, text=True, check=True, timeout=300)
        told.append(json.loads(done.stdout))
    assert told[0] == told[1]
    assert {name: made_of(made(one)) for name, (one, _, _) in PAIRS.items()}.items() <= told[0].items()


# --- kept results ------------------------------------------------------------------------------------------


def test_closures_of_one_name_do_not_share_their_results(tmp_path: Path) -> None:
    def make(factor: float) -> Any:
        return lambda cell, rng: factor * cell

    assert sweep(make(1.0), [1, 2], keep=tmp_path) == [1.0, 2.0]
    assert sweep(make(1.0), [1, 2], keep=tmp_path) == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"when it was another: closed-over factor differed\. Choose another folder"):
        sweep(make(5.0), [1, 2], keep=tmp_path)
    assert sweep(make(5.0), [1, 2], keep=tmp_path / "other") == [5.0, 10.0]
