"""What a type checker tells a user: misspelled names and words are found before anything runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from meanfield.doors import solve
from meanfield.doors.solve import MethodName
from meanfield.sums.choose import APART, FIELDS
from particles.cloud import ADAPTIVE, FIXED, METHODS, STOCHASTIC

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import meanfield as mf
import particles as pt

law = mf.SA(4.0, scale="relative")
rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
sol = mf.solve(law, rho0, (0.0, 1.0), method="spectral", on_unresolved="lagrangian")
print(sol(0.5).entropy, sol.energy[-1], sol(0.5).sample(10, rng=0).shape)
run = pt.simulate(law, [0.0, 1.0], (0.0, 1.0), method="dop853", field="direct")
print(run.x[-1], run.energy[-1])
"""
PLANTED = {
    'scale="relative"': 'scale="relativ"',
    'method="spectral"': 'method="spectrl"',
    'on_unresolved="lagrangian"': 'on_unresolved="lagrange"',
    "sol(0.5).entropy": "sol(0.5).entrpy",
    'method="dop853"': 'method="dop835"',
    'field="direct"': 'field="directly"',
}


@pytest.mark.skipif(sys.platform == "win32", reason="paths")
def test_mypy_strict_finds_what_is_misspelled_in_a_script_and_nothing_in_a_right_one(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "right.py").write_text(SCRIPT)
    wrong = SCRIPT
    for good, bad in PLANTED.items():
        assert wrong.count(good) == 1
        wrong = wrong.replace(good, bad)
    (tmp_path / "wrong.py").write_text(wrong)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}"]
    told = subprocess.run(
        [*command, "right.py", "wrong.py"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    lines = [line for line in told.stdout.splitlines() if re.match(r"\w+\.py:\d+: error", line)]
    assert [line for line in lines if line.startswith("right.py")] == []
    for bad in PLANTED.values():
        number = 1 + [bad in line for line in wrong.splitlines()].index(True)
        assert any(line.startswith(f"wrong.py:{number}: ") for line in lines), (bad, told.stdout, told.stderr)
    assert len(lines) == len(PLANTED)


def test_words_in_types_are_those_that_are_taken() -> None:
    assert set(METHODS) == {*ADAPTIVE, *FIXED, *STOCHASTIC}
    assert set(get_args(MethodName)) == {"auto", *solve.METHODS} and APART in FIELDS
