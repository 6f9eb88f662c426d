"""The contracts of `meanfield.protocols` are what our classes have: by mypy, which reads this file, and at run time."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np
import pytest
from test_street import PACKAGES, ROOT

import meanfield as mf
from meanfield.protocols import Kernel, Law, Measure, Space

NAMED = ("law", "space", "mu", "method", "kernel", "stepper", "record", "form", "geometry")
UNTYPED = 0.85
"""At most this share of the parameters so named may be Any.  It may fall, and not rise: the aim is a tenth."""

SA: Law = mf.SA(1.0)
USA: Law = mf.USA(1.0)
CAUSAL: Law = mf.Causal(mf.SA(1.0))
DIFFUSION: Law = mf.Diffusion(0.1)
SUM: Law = mf.SA(1.0) + mf.Diffusion(0.1)
EXPONENTIAL: Kernel = mf.Exponential(1.0)

SPACES: tuple[Any, ...] = (mf.Circle(8), mf.Sphere(4), mf.ZonalSphere(4, 8))
MEASURES: tuple[Any, ...] = (mf.Points(np.eye(3)), *(mf.uniform(space) for space in SPACES[:2]))
OURS = [
    *((one, Law) for one in (SA, USA, CAUSAL, DIFFUSION, SUM)),
    *((one, Space) for one in SPACES),
    *((one, Measure) for one in MEASURES),
    (EXPONENTIAL, Kernel),
]


@pytest.mark.parametrize(("ours", "contract"), OURS, ids=lambda one: getattr(one, "__name__", type(one).__name__))
def test_members_are_those_of_the_contract(ours: Any, contract: type) -> None:
    """Every name is there, and every method takes the arguments of the contract, by its names, before any others."""
    for name in vars(contract).get("__annotations__", {}):
        assert hasattr(ours, name), name
    for name, asked in vars(contract).items():
        if name.startswith("_") or not inspect.isfunction(asked):
            continue
        wanted = list(inspect.signature(asked).parameters)[1:]
        had = list(inspect.signature(getattr(ours, name)).parameters)
        assert had[: len(wanted)] == wanted, name


def test_parameters_are_typed_by_the_contracts() -> None:
    typed = {True: 0, False: 0}
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                        if arg.arg in NAMED:
                            said = "Any" if arg.annotation is None else ast.unparse(arg.annotation)
                            typed[said not in ("Any", "Any | None")] += 1
    assert typed[False] <= UNTYPED * sum(typed.values()), f"{typed[False]} of {sum(typed.values())} are Any"
