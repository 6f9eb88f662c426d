"""What is ours has the shape of its contract: every member of it, and the arguments it is called with.

mypy reads this file too: what is declared below as a contract is one.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np
import pytest
from test_street import PACKAGES, ROOT

import meanfield as mf
from meanfield.protocols import Form, Kernel, Law, Measure, Method, Scheme, Snapshot, Space, Stepper
from meanfield.steppers import dop853, etd, etdrk4, euler_unprojected, heun, rk4

NAMED = ("law", "space", "mu", "method", "kernel", "stepper", "record", "form", "geometry")
UNTYPED = 0.10
"""At most this share of the parameters so named may be Any: those of schemes, which take densities and forms of their
own kind, and doors that take several kinds."""

SA: Law = mf.SA(1.0)
USA: Law = mf.USA(1.0)
CAUSAL: Law = mf.Causal(mf.SA(1.0))
DIFFUSION: Law = mf.Diffusion(0.1)
SUM: Law = mf.SA(1.0) + mf.Diffusion(0.1)
EXPONENTIAL: Kernel = mf.Exponential(1.0)
CIRCLE: Space = mf.Circle(8)
ZONAL: Space = mf.ZonalSphere(4, 8)
SPHERE: Space = mf.Sphere(4)
POINTS: Measure = mf.Points([0.0])
DENSITY: Measure = mf.uniform(mf.Circle(8))
STEPPERS: tuple[Stepper, ...] = (dop853(), rk4(0.1), euler_unprojected(0.1), etd(), etdrk4(), heun(0.1))


def members(contract: type) -> dict[str, Any]:
    """Public names of a contract, those that are only annotated too; None for these."""
    named: dict[str, Any] = {}
    for part in reversed([c for c in contract.__mro__ if c.__module__.startswith("meanfield.")]):
        named |= dict.fromkeys(inspect.get_annotations(part))
        named |= vars(part)
    return {name: value for name, value in named.items() if not name.startswith("_") or name == "__call__"}


def arguments(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def lacking(contract: type, given: Any) -> list[str]:
    """What an object lacks of a contract, or takes by other arguments."""
    found = []
    for name, wanted in members(contract).items():
        if not hasattr(type(given), name) and name not in vars(given):
            found.append(name)
        elif inspect.isfunction(wanted) and arguments(wanted) != arguments(getattr(type(given), name)):
            found.append(f"{name}({', '.join(arguments(getattr(type(given), name)))})")
    return found


def ripple(space: Any) -> Any:
    return mf.perturbed_uniform(space, {1: 0.2})


pytestmark = pytest.mark.rounding

SPACES = (mf.Circle(16), mf.ZonalSphere(4, 8), mf.Sphere(6))


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_spaces(space: Any) -> None:
    assert lacking(Space, space) == []


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_densities_are_snapshots(space: Any) -> None:
    assert lacking(Snapshot, mf.uniform(space)) == []


@pytest.mark.parametrize("scheme", [mf.Spectral(), mf.Lagrangian()], ids=str)
def test_schemes_their_methods_forms_and_snapshots(scheme: Any) -> None:
    assert isinstance(scheme, Scheme) and lacking(Scheme, scheme) == []
    method, y = scheme.bind(mf.SA(1.0), ripple(mf.Circle(32)), 1e-8, 1e-10)
    assert isinstance(method, Method) and lacking(Method, method) == []
    assert isinstance(method.form, Form) and lacking(Form, method.form) == []
    assert lacking(Snapshot, method.form.measure(y)) == []
    assert lacking(Method, scheme.rebind(mf.SA(1.0), method.form, 1e-8, 1e-10)) == []
    stepper = scheme.stepper(1e-8, 1e-10)
    assert stepper is None or isinstance(stepper, Stepper)


def test_points_are_measures_and_laws_are_laws() -> None:
    assert lacking(Measure, mf.Points(np.array([0.0, 1.0]))) == []
    for law in (SA, USA, CAUSAL, DIFFUSION, SUM):
        assert isinstance(law, Law) and lacking(Law, law) == []


def test_kernels() -> None:
    assert lacking(Kernel, EXPONENTIAL) == []


@pytest.mark.parametrize("stepper", STEPPERS, ids=lambda one: type(one).__name__)
def test_steppers(stepper: Any) -> None:
    assert isinstance(stepper, Stepper) and lacking(Stepper, stepper) == []


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
