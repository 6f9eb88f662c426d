"""What is ours has the shape of its contract: every member of it, and the arguments it is called with.

mypy reads this file too: what is declared below as a contract is one.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_type_hints

import numpy as np
import pytest
from test_street import PACKAGES, ROOT

import meanfield as mf
import particles as pt
from meanfield import geometry, protocols
from meanfield.kernels.affine import Affine
from meanfield.kernels.between import Between
from meanfield.kernels.heating import Heating
from meanfield.kernels.radial import Radial
from meanfield.laws.beside import Beside
from meanfield.measures.belts import Belted
from meanfield.measures.inner import Inner
from meanfield.measures.mixture import Mixture
from meanfield.measures.parted import Parted
from meanfield.measures.rings import Rings
from meanfield.measures.turned import Turned, Turning
from meanfield.methods.finite_volume.snapshot import CellAverages
from meanfield.methods.gaussian import ByMoments
from meanfield.methods.lagrangian.snapshot import Carried
from meanfield.methods.lagrangian.spread import Spread
from meanfield.methods.on_plan import OnPlan, Reweighed
from meanfield.methods.pairs import Forces, TwoTokens
from meanfield.protocols import (
    Array,
    Form,
    Geometry,
    Kernel,
    Law,
    Measure,
    Method,
    Plan,
    Scheme,
    Snapshot,
    Space,
    Stepper,
)  # fmt: skip
from meanfield.protocols.member import fallback, member
from meanfield.spaces.circle import CirclePlan
from meanfield.spaces.sphere_plan import SpherePlan
from meanfield.spaces.zonal import ZonalPlan
from meanfield.steppers import dop853, etd, etdrk4, euler_unprojected, heun, rk4, strang, weak2
from meanfield.steppers.convex import ConvexHeun
from particles.cloud import Cloud
from particles.gram import InProducts
from particles.late import LogTime

NAMED = ("law", "space", "mu", "method", "kernel", "stepper", "record", "form", "geometry")
UNTYPED = 0.10
"""At most this share of the parameters so named may be Any: those of schemes, which take densities and forms of their
own kind, and doors that take several kinds."""

KERNELS: tuple[Kernel, ...] = (
    Between(mf.Exponential(1.0)),
    mf.Exponential(1.0), mf.Zonal(np.exp, "exp"), Heating(1.0), Radial(np.exp, "exp"),
    Turning(mf.Exponential(1.0), 3, 1), Affine(),
)  # fmt: skip
LAWS: tuple[Law, ...] = (
    mf.SA(1.0), mf.USA(1.0), mf.Causal(mf.SA(1.0)), mf.Masked(mf.SA(1.0), np.eye(2)),
    mf.Frozen(mf.SA(1.0), [0.0]), mf.Diffusion(0.1), mf.SA(1.0) + mf.Diffusion(0.1),
    mf.VaryingDiffusion(np.hypot),
    mf.FeedForward(np.eye(3), np.eye(3), np.zeros(3)), mf.Linear(np.eye(3)), mf.Activated(mf.SA(1.0), np.eye(3)),
    mf.Kuramoto(0.5), mf.Coupling(np.sin), Beside((mf.SA(1.0), mf.SA(2.0))),
    TwoTokens(Forces(2, 1.0, 1, False, 0.0)),
    mf.Krause(np.exp), mf.HegselmannKrause(1.0), mf.CuckerSmale(np.exp), mf.Vicsek(np.exp),
    mf.Inertial(mf.SA(1.0)), mf.Sinkhorn(1.0), pt.CBO(lambda x: np.sum(x, axis=-1)),
    mf.LinearAttention(), mf.ALiBi(mf.SA(1.0), 0.5), mf.Normalised(mf.SA(1.0), "pre"),
    mf.Rotary(mf.SA(1.0)), mf.Encoded(mf.SA(1.0), np.eye(3)), mf.Rescaled(mf.SA(1.0, geometry="flat")),
)  # fmt: skip
SPACES: tuple[Space, ...] = (mf.Circle(16), mf.ZonalSphere(4, 8), mf.Sphere(6), mf.Line(0.0, 1.0, 8))
SCHEMES: tuple[Scheme, ...] = (
    mf.Spectral(), mf.Lagrangian(), mf.FiniteVolume(), mf.MinimisingMovements(), Cloud(), InProducts(),
    LogTime(1e-3, 2.0, 1e-8), ByMoments(), mf.CausalSpectral(),
)  # fmt: skip
STEPPERS: tuple[Stepper, ...] = (
    dop853(), rk4(0.1), euler_unprojected(0.1), etd(), etdrk4(), heun(0.1), weak2(0.1), strang(0.1), ConvexHeun(),
)  # fmt: skip
GEOMETRIES: tuple[Geometry, ...] = (
    geometry.ANGLES, geometry.ROWS, geometry.MERIDIAN, geometry.FLAT, geometry.Product(geometry.FLAT, geometry.ROWS),
    geometry.Tangent(), geometry.REALS,
)  # fmt: skip


def densities(a: mf.Density, b: Carried, c: CellAverages, d: Spread) -> list[Snapshot]:
    return [a, b, c, d]


def measures(
    a: Parted, b: Rings, c: Mixture, d: OnPlan, e: Reweighed, f: mf.Density, g: Carried, h: Belted, i: Inner,
    j: Turned, k: mf.Gaussian, m: CellAverages, n: Spread,
) -> list[Measure]:  # fmt: skip
    return [a, b, c, d, e, f, g, h, i, j, k, m, n]


def plans(a: CirclePlan, b: ZonalPlan, c: SpherePlan) -> list[Plan]:
    return [a, b, c]


@dataclass(frozen=True)
class Shaped:
    """A kernel by its shape alone, and frozen: what no contract with settable members would take."""

    isotropic: bool = False
    range: float = 2.0
    share: Callable[[Array], Array] | None = None

    def log(self, x: Array, y: Array) -> Array:
        return np.asarray(x @ np.swapaxes(y, -1, -2))

    def multipliers(self, d: int, degree: int) -> Array:
        raise TypeError("it has a matrix")

    def potential(self, d: int, degree: int) -> Array:
        raise TypeError("it has a matrix")

    def log_lambda0(self, d: int) -> float:
        raise TypeError("it has a matrix")

    def bandwidth(self, d: int) -> int:
        raise TypeError("it has a matrix")


SHAPED: Kernel = Shaped()


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
        if name not in dir(type(given)) and name not in vars(given):
            found.append(name)
        elif inspect.isfunction(wanted) and arguments(wanted) != arguments(getattr(type(given), name)):
            found.append(f"{name}({', '.join(arguments(getattr(type(given), name)))})")
    return found


def ripple(space: Any) -> Any:
    return mf.perturbed_uniform(space, {1: 0.2})


pytestmark = pytest.mark.rounding


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_spaces(space: Any) -> None:
    assert lacking(Space, space) == []


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_densities_are_snapshots(space: Any) -> None:
    assert lacking(Snapshot, mf.uniform(space)) == []


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_schemes(scheme: Any) -> None:
    assert isinstance(scheme, Scheme) and lacking(Scheme, scheme) == []


@pytest.mark.parametrize("scheme", SCHEMES[:3], ids=str)
def test_schemes_of_densities_their_methods_forms_and_snapshots(scheme: Any) -> None:
    method, y = scheme.bind(mf.SA(1.0), ripple(mf.Circle(32)), 1e-8, 1e-10)
    assert isinstance(method, Method) and lacking(Method, method) == []
    assert isinstance(method.form, Form) and lacking(Form, method.form) == []
    assert lacking(Snapshot, method.form.measure(y)) == []
    assert lacking(Method, scheme.rebind(mf.SA(1.0), method.form, 1e-8, 1e-10)) == []
    stepper = scheme.stepper(1e-8, 1e-10)
    assert stepper is None or isinstance(stepper, Stepper)


def test_points_are_measures_and_laws_are_laws() -> None:
    assert lacking(Measure, mf.Points(np.array([0.0, 1.0]))) == []
    for law in LAWS:
        assert isinstance(law, Law) and lacking(Law, law) == []


@pytest.mark.parametrize("kernel", (*KERNELS, SHAPED), ids=str)
def test_kernels(kernel: Any) -> None:
    assert isinstance(kernel, Kernel) and lacking(Kernel, kernel) == []


@pytest.mark.parametrize("place", GEOMETRIES, ids=lambda place: place.name)
def test_geometries(place: Any) -> None:
    assert isinstance(place, Geometry) and lacking(Geometry, place) == []


def test_plans() -> None:
    for space in SPACES:
        one = np.ones((1, len(space.degrees)))
        assert lacking(Plan, space.plan(one, None)) == []


def heirs(contract: type) -> set[type]:
    """Public classes of the library that inherit a contract and that nobody inherits, but for contracts."""
    found: set[type] = set()
    kinds: list[type] = contract.__subclasses__()
    for kind in kinds:
        if kind.__module__.startswith(("meanfield.", "particles.")) and not kind.__name__.startswith("_"):
            bare = kind.__module__.startswith("meanfield.protocols.")
            found |= heirs(kind) or (set() if bare else {kind})
    return found


def test_no_class_is_forgotten_above() -> None:
    assert heirs(Kernel) == {type(kernel) for kernel in KERNELS}
    assert heirs(mf.Law) == {type(law) for law in LAWS}
    assert heirs(Geometry) == {type(place) for place in GEOMETRIES}
    assert heirs(Scheme) == {type(scheme) for scheme in SCHEMES}
    assert heirs(Measure) == set(get_type_hints(measures).values()) - {list[Measure]}


def test_members_give_way_to_those_who_inherit() -> None:
    class Asked:
        @member
        def d(self) -> int:
            """Must be given."""
            raise AssertionError("a contract says nothing itself")

        @fallback
        def token(self) -> float:
            return 1.0

    class Plain(Asked):
        d: int

        def __init__(self) -> None:
            self.d = 3

    @dataclass(frozen=True)
    class Frozen(Asked):
        d: int
        token: float

    assert Plain().d == 3 and Plain().token == 1.0 and Asked.token == 1.0
    assert not hasattr(Asked, "d")
    with pytest.raises(AttributeError, match="Asked has no d, which its contract asks for"):
        Asked().d  # noqa: B018
    assert (Frozen(2, 0.5).d, Frozen(2, 0.5).token) == (2, 0.5)
    assert [field.default for field in fields(Frozen)] == [MISSING, 1.0]


@pytest.mark.parametrize("stepper", STEPPERS, ids=lambda one: type(one).__name__)
def test_steppers(stepper: Any) -> None:
    assert isinstance(stepper, Stepper) and lacking(Stepper, stepper) == []


PROTOCOLS = [
    contract
    for contract in vars(protocols).values()
    if getattr(contract, "_is_protocol", False)  # what no class but a Protocol has
]


@pytest.mark.parametrize("contract", PROTOCOLS, ids=lambda contract: contract.__name__)
def test_what_is_inherited_and_not_written_answers_nothing(contract: Any) -> None:
    """Members that a class must give are not there, and methods that it must write say which; no body answers None."""
    bare = type("Bare", (contract,), {})()
    for name, says in inspect.getmembers_static(contract):
        if name.startswith("_") and name != "__call__":
            continue
        if isinstance(says, member):
            with pytest.raises(AttributeError, match=f"Bare has no {name}, which its contract asks for"):
                getattr(bare, name)
        elif inspect.isfunction(says):
            given = [np.zeros((1, 2))] * len(arguments(says))
            try:
                answer = getattr(bare, name)(*given)
            except (TypeError, ValueError, AttributeError) as refused:
                assert "Bare" in str(refused) and len(str(refused)) > 30, f"{name}: {refused}"
            else:
                assert answer is not None or "None" in (says.__doc__ or ""), f"{name} answers None"


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
