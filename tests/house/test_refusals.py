"""Bad input at every public door: an error that names the argument, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array

NAN, INF = math.nan, math.inf
SPACE = mf.Circle(64)
EPS = float(np.finfo(np.float64).eps)
RHO = mf.perturbed_uniform(SPACE, {1: 0.3})
LAW = mf.SA(4.0)
ROWS = pt.uniform(5, 3, 0)
Case = tuple[str, Callable[[], Any], type[Exception] | tuple[type[Exception], ...]]


def refused(cases: list[Case]) -> Any:
    """One test for each: the name that the message must hold, what is called, the kind of error."""
    ids = [f"{i}-{name}" for i, (name, _, _) in enumerate(cases)]
    return pytest.mark.parametrize(("name", "call", "kind"), cases, ids=ids)


def check_refusal(name: str, call: Callable[[], Any], kind: Any) -> None:
    with pytest.raises(kind, match=rf"(?s)(^|\W){name}") as caught:
        call()
    assert len(str(caught.value)) > len(name) + 12, "the message says what came and what is wanted"


# --- laws ----------------------------------------------------------------------------------------------------


WRONG: list[tuple[str, dict[str, Any], Any]] = [
    ("beta", {"beta": -1.0}, ValueError), ("beta", {"beta": NAN}, ValueError),
    ("beta", {"beta": -INF}, ValueError), ("beta", {"beta": "4"}, TypeError),
    ("beta", {"beta": None}, TypeError), ("beta", {"beta": 1j}, TypeError),
    ("beta", {"beta": True}, TypeError), ("beta", {"beta": np.ones(2)}, TypeError),
    ("beta", {"beta": 701.0}, ValueError), ("beta", {"beta": 1e4}, ValueError),
    ("sign", {"beta": 1.0, "sign": 0}, ValueError), ("sign", {"beta": 1.0, "sign": 2}, ValueError),
    ("sign", {"beta": 1.0, "sign": 0.5}, ValueError), ("sign", {"beta": 1.0, "sign": True}, ValueError),
    ("sign", {"beta": 1.0, "sign": "-"}, ValueError), ("sign", {"beta": 1.0, "sign": NAN}, ValueError),
    ("scale", {"beta": 1.0, "scale": "raw"}, ValueError), ("scale", {"beta": 1.0, "scale": 1.0}, TypeError),
    ("scale", {"beta": 1.0, "scale": "Scaled"}, ValueError),
]  # fmt: skip


@refused([(name, partial(law, **arguments), kind) for law in (mf.SA, mf.USA) for name, arguments, kind in WRONG])
def test_attention(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


def test_the_remedy_is_told_and_works() -> None:
    with pytest.raises(ValueError, match=r'beta.*scale="scaled".*scale="relative"'):
        mf.USA(1e4)
    with pytest.raises(ValueError, match="Did you mean 'scaled'"):
        mf.USA(1.0, scale="scald")  # type: ignore[arg-type]
    assert mf.USA(1e4, scale="relative").beta == 1e4 and mf.SA(700.0).sign == 1 and mf.SA(1, sign=-1.0).sign == -1  # type: ignore[arg-type]


@refused(
    [
        ("diffusion", lambda: mf.Diffusion(-0.1), ValueError),
        ("diffusion", lambda: mf.Diffusion(NAN), ValueError),
        ("diffusion", lambda: mf.Diffusion("0.1"), TypeError),  # type: ignore[arg-type]
        ("law", lambda: mf.SA(1.0) + 1.0, TypeError),
        ("law", lambda: "SA" + mf.SA(1.0), TypeError),
        ("law", lambda: mf.Sum((mf.SA(1.0), mf.SA)), TypeError),
    ]
)
def test_terms(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


# --- spaces and densities ------------------------------------------------------------------------------------


def spoilt(at: int, value: Any) -> Callable[[], Any]:
    def call() -> Any:
        found = np.ones(64, dtype=complex if isinstance(value, complex) else float)
        found[at] = value
        return SPACE.density(found)

    return call


def rising(q: Array) -> Array:
    """Nowhere negative at eight nodes, but between them."""
    return 1.0 + 1.05 * np.cos(3.0 * q + math.pi / 8.0)


@refused(
    [
        ("n", lambda: mf.Circle(7), ValueError),
        ("n", lambda: mf.Circle(6), ValueError),
        ("n", lambda: mf.Circle(0), ValueError),
        ("n", lambda: mf.Circle(-8), ValueError),
        ("n", lambda: mf.Circle(64.0), TypeError),  # type: ignore[arg-type]
        ("n", lambda: mf.Circle(True), TypeError),
        ("density", lambda: SPACE.density(), ValueError),
        ("density", lambda: SPACE.density(np.ones(64), coefficients=[1.0]), ValueError),
        ("values", spoilt(3, NAN), ValueError),
        ("values", spoilt(3, INF), ValueError),
        ("values", spoilt(3, 1.0 + 1e-3j), TypeError),
        ("values", lambda: SPACE.density(np.ones(63)), ValueError),
        ("values", lambda: SPACE.density(np.ones((1, 64))), ValueError),
        ("values", lambda: SPACE.density(1.0), ValueError),
        ("values", lambda: SPACE.density(["a"] * 64), TypeError),
        ("values", lambda: SPACE.density(np.exp(300.0 * (np.cos(SPACE.nodes) - 1.0))), ValueError),
        ("values", spoilt(3, 1.5), ValueError),
        ("density", lambda: SPACE.density(np.cos(SPACE.nodes)), ValueError),
        ("density", lambda: SPACE.density(1.0 + 1.00001 * np.cos(SPACE.nodes)), ValueError),
        ("density", lambda: mf.Circle(8).density(rising), ValueError),
        ("density", lambda: SPACE.density(np.zeros(64)), ValueError),
        ("density", lambda: SPACE.density(-np.ones(64)), ValueError),
        ("density", lambda: SPACE.density(lambda q: q * NAN), ValueError),
        ("density", lambda: SPACE.density(lambda q: 1.0 / q), ValueError),
        ("density", lambda: SPACE.density(lambda q: 1.0 + 0.1j * q), TypeError),
        ("density", lambda: SPACE.density(lambda q: q[:-1]), ValueError),
        ("density", lambda: SPACE.density(lambda q: None), TypeError),
        ("density", lambda: SPACE.density(lambda q: 1.0 + np.cos(40.0 * q)), ValueError),
        ("density", lambda: SPACE.density(lambda q: np.abs(q - 3.0)), ValueError),
        ("density", lambda: SPACE.density(lambda q: 2.0 + np.cos(q), normalize=False), ValueError),
        ("coefficients", lambda: SPACE.density(coefficients=np.ones(34)), ValueError),
        ("coefficients", lambda: SPACE.density(coefficients=np.ones(33) * 1e-3), ValueError),
        ("coefficients", lambda: SPACE.density(coefficients=[1.0j, 0.1]), ValueError),
        ("coefficients", lambda: SPACE.density(coefficients=[1.0, NAN]), ValueError),
        ("coefficients", lambda: SPACE.density(coefficients=[]), ValueError),
        ("density", lambda: SPACE.density(coefficients=[1.0, 0.6]), ValueError),
        ("density", lambda: SPACE.density(coefficients=[0.0, 0.0]), ValueError),
    ]
)
def test_densities(name: str, call: Any, kind: Any) -> None:
    with np.errstate(divide="ignore"):
        check_refusal(name, call, kind)


@pytest.mark.rounding
def test_rounding_is_not_refused() -> None:
    """A zero that rounding made negative; signed perturbations, of any mass; a mass that is one up to rounding."""
    assert SPACE.density(lambda q: 1.0 - np.cos(q)).minimum > -1e-12
    assert SPACE.density(np.maximum(1.0 + np.cos(SPACE.nodes), 0.0) ** 2 - 1e-13).minimum > -1e-12
    assert SPACE.density(lambda q: np.cos(q), signed=True).mass == pytest.approx(0.0, abs=8.0 * EPS)
    assert SPACE.density(lambda q: 3.0 * np.cos(q) - 1.0, signed=True).mass == pytest.approx(-1.0)
    assert SPACE.density(lambda q: 1.0 + 1e-14 * np.cos(q), normalize=False).mass == pytest.approx(1.0)


@refused(
    [
        ("kappa", lambda: mf.von_mises_fisher(SPACE, 0.0, -1.0), ValueError),
        ("kappa", lambda: mf.von_mises_fisher(SPACE, 0.0, INF), ValueError),
        ("mean", lambda: mf.von_mises_fisher(SPACE, NAN, 1.0), ValueError),
        ("mean", lambda: mf.von_mises_fisher(SPACE, [0.0, 0.0], 1.0), ValueError),
        ("mean", lambda: mf.von_mises_fisher(SPACE, [1.0, 0.0, 0.0], 1.0), ValueError),
        ("density", lambda: mf.von_mises_fisher(SPACE, 0.0, 1e4), ValueError),
        ("w", lambda: mf.poisson_kernel(SPACE, [1.0, 0.0]), ValueError),
        ("w", lambda: mf.poisson_kernel(SPACE, [0.1, 0.0, 0.0]), ValueError),
        ("w", lambda: mf.poisson_kernel(SPACE, [NAN, 0.0]), ValueError),
        ("density", lambda: mf.poisson_kernel(SPACE, [0.9, 0.0]), ValueError),
        ("density", lambda: mf.perturbed_uniform(SPACE, {1: 1.1}), ValueError),
        ("density", lambda: mf.perturbed_uniform(SPACE, {0: 0.1}), ValueError),
        ("k", lambda: mf.perturbed_uniform(SPACE, {32: 0.1}), ValueError),
        ("k", lambda: mf.perturbed_uniform(SPACE, {-1: 0.1}), ValueError),
        ("k", lambda: mf.perturbed_uniform(SPACE, {1.5: 0.1}), TypeError),
        ("coefficients", lambda: mf.perturbed_uniform(SPACE, {1: NAN}), ValueError),
        ("densities", lambda: mf.mixture([]), TypeError),
        ("densities", lambda: mf.mixture([RHO, 1.0]), TypeError),  # type: ignore[list-item]
        ("densities", lambda: mf.mixture([RHO, mf.uniform(mf.Circle(32))]), ValueError),
        ("weights", lambda: mf.mixture([RHO, RHO], [1.0, -1.0]), ValueError),
        ("weights", lambda: mf.mixture([RHO, RHO], [0.0, 0.0]), ValueError),
        ("weights", lambda: mf.mixture([RHO, RHO], [1.0, 1.0, 1.0]), ValueError),
        ("n", lambda: RHO.sample(0), ValueError),
        ("n", lambda: RHO.sample(2.5), TypeError),  # type: ignore[arg-type]
        ("n", lambda: RHO.quantize(0), ValueError),
        ("rng", lambda: RHO.sample(3, -1), ValueError),
        ("rng", lambda: RHO.sample(3, "seed"), TypeError),
        ("rng", lambda: RHO.sample(3, np.random), TypeError),
        ("rng", lambda: RHO.sample(3, 1.0), TypeError),
        ("density", lambda: SPACE.density(np.cos, signed=True).sample(3), ValueError),
        ("density", lambda: SPACE.density(np.cos, signed=True).quantize(3), ValueError),
        ("theta", lambda: RHO(NAN), ValueError),
        ("theta", lambda: RHO([0.0, 1j]), TypeError),
        ("degree", lambda: RHO.moments(-1), ValueError),
        ("x", lambda: RHO.at([[1.0, 0.1]]), ValueError),
        ("x", lambda: RHO.at(ROWS), ValueError),
    ]
)
def test_making_and_asking_densities(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


# --- solve ---------------------------------------------------------------------------------------------------


def solve(law: Any = LAW, rho0: Any = RHO, t_span: Any = (0.0, 1.0), **options: Any) -> Any:
    return mf.solve(law, rho0, t_span, **options)


SHARED: list[tuple[str, dict[str, Any], Any]] = [
    ("law", {"law": 4.0}, TypeError),
    ("law", {"law": mf.SA}, TypeError),
    ("law", {"law": None}, TypeError),
    ("t_span", {"t_span": (1.0, 1.0)}, ValueError),
    ("t_span", {"t_span": (1.0, 0.0)}, ValueError),
    ("t_span", {"t_span": (0.0, INF)}, ValueError),
    ("t_span", {"t_span": (NAN, 1.0)}, ValueError),
    ("t_span", {"t_span": 1.0}, ValueError),
    ("t_span", {"t_span": (0.0, 0.5, 1.0)}, ValueError),
    ("t_span", {"t_span": ("0", "1")}, TypeError),
    ("t_eval", {"t_eval": [0.5, 0.2]}, ValueError),
    ("t_eval", {"t_eval": [0.2, 0.2]}, ValueError),
    ("t_eval", {"t_eval": [0.5, 1.5]}, ValueError),
    ("t_eval", {"t_eval": [-0.1, 0.5]}, ValueError),
    ("t_eval", {"t_eval": [0.5, NAN]}, ValueError),
    ("t_eval", {"t_eval": []}, ValueError),
    ("t_eval", {"t_eval": 0.5}, ValueError),
    ("t_eval", {"t_eval": [[0.1, 0.2]]}, ValueError),
    ("diffusion", {"diffusion": -0.1}, ValueError),
    ("diffusion", {"diffusion": NAN}, ValueError),
    ("diffusion", {"diffusion": "a"}, TypeError),
    ("rtol", {"rtol": 1e-14}, ValueError),
    ("rtol", {"rtol": 0.0}, ValueError),
    ("rtol", {"rtol": -1e-8}, ValueError),
    ("rtol", {"rtol": NAN}, ValueError),
    ("rtol", {"rtol": 2.0}, ValueError),
    ("rtol", {"rtol": "tight"}, TypeError),
    ("atol", {"atol": -1e-8}, ValueError),
    ("atol", {"atol": INF}, ValueError),
    ("method", {"method": "spectra"}, ValueError),
    ("method", {"method": None}, TypeError),
    ("observe", {"observe": 1.0}, TypeError),
    ("observe", {"observe": [print, 1.0]}, TypeError),
    ("max_seconds", {"max_seconds": 0.0}, ValueError),
    ("max_seconds", {"max_seconds": -1.0}, ValueError),
    ("max_seconds", {"max_seconds": "1"}, TypeError),
    ("progress", {"progress": "yes"}, TypeError),
]
OURS: list[tuple[str, dict[str, Any], Any]] = [
    ("rho0", {"rho0": ROWS}, TypeError),
    ("rho0", {"rho0": lambda q: 1.0}, TypeError),
    ("rho0", {"rho0": mf.Density(SPACE, np.stack([RHO.coefficients, 2.0 * RHO.coefficients]))}, ValueError),
    ("rho0", {"rho0": SPACE.density(np.cos, signed=True)}, ValueError),
    ("rho0", {"rho0": SPACE.density(lambda q: 2.0 + np.cos(q), signed=True)}, ValueError),
    ("atol", {"atol": 0.0}, ValueError),
    ("max_resolution", {"max_resolution": 32}, ValueError),
    ("max_resolution", {"max_resolution": 0}, ValueError),
    ("max_resolution", {"max_resolution": 128.0}, TypeError),
    ("on_unresolved", {"on_unresolved": "ignore"}, ValueError),
    ("on_unresolved", {"on_unresolved": None}, TypeError),
    ("method", {"method": mf.Spectral}, TypeError),
    ("method", {"method": 3}, TypeError),
]


@refused([(name, partial(solve, **o), kind) for name, o, kind in SHARED + OURS])
def test_solve(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


@refused(
    [
        ("tail", lambda: mf.Spectral(tail=0.0), ValueError),
        ("tail", lambda: mf.Spectral(tail=NAN), ValueError),
        ("max_resolution", lambda: mf.Spectral(max_resolution=-4), ValueError),
    ]
)
def test_settings_of_the_method(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


def test_times_outside_a_run() -> None:
    sol = solve()
    stopped = solve(t_span=(0.0, 3.0), observe=lambda t, rho: t > 1.0)
    for record, t in ((sol, 1.0000001), (sol, -1e-9), (sol, NAN), (stopped, 2.9), (sol, "0.5"), (sol, [0.1, 0.2])):
        with pytest.raises((ValueError, TypeError), match=r"^t"):
            record(t)


# --- particles -----------------------------------------------------------------------------------------------


def simulate(law: Any = LAW, x0: Any = (0.0, 1.0, 2.0), t_span: Any = (0.0, 1.0), **options: Any) -> Any:
    return pt.simulate(law, np.array(x0) if isinstance(x0, tuple) else x0, t_span, **options)


THEIRS: list[tuple[str, dict[str, Any], Any]] = [
    ("x0", {"x0": []}, ValueError),
    ("x0", {"x0": np.empty((0, 3))}, ValueError),
    ("x0", {"x0": [0.0, NAN]}, ValueError),
    ("x0", {"x0": [0.0, INF]}, ValueError),
    ("x0", {"x0": [0.0, 1j]}, TypeError),
    ("x0", {"x0": ["a", "b"]}, TypeError),
    ("x0", {"x0": 1.0}, ValueError),
    ("x0", {"x0": ROWS * 1.1}, ValueError),
    ("x0", {"x0": ROWS * (1.0 + 2e-8)}, ValueError),
    ("x0", {"x0": np.zeros((4, 3))}, ValueError),
    ("x0", {"x0": np.ones((4, 1))}, ValueError),
    ("x0", {"x0": RHO}, (TypeError, ValueError)),
    ("angles", {"angles": "yes"}, TypeError),
    ("weights", {"weights": [1.0, 1.0]}, ValueError),
    ("weights", {"weights": [1.0, -1.0, 1.0]}, ValueError),
    ("weights", {"weights": [0.0, 0.0, 0.0]}, ValueError),
    ("weights", {"weights": [1.0, NAN, 1.0]}, ValueError),
    ("weights", {"weights": np.ones((2, 3))}, ValueError),
    ("weights", {"weights": [1.0, 1j, 1.0]}, TypeError),
    ("field", {"field": "fast"}, ValueError),
    ("field", {"field": "harmonic", "x0": pt.uniform(4, 5, 0)}, ValueError),
    ("step", {"method": "rk4"}, ValueError),
    ("step", {"method": "rk4", "step": 0.0}, ValueError),
    ("step", {"method": "rk4", "step": -0.1}, ValueError),
    ("step", {"method": "rk4", "step": NAN}, ValueError),
    ("step", {"step": 0.1}, ValueError),
    ("method", {"diffusion": 0.1}, ValueError),
    ("method", {"diffusion": 0.1, "method": "rk4", "step": 0.1}, ValueError),
    ("rng", {"rng": -1}, ValueError),
    ("rng", {"rng": "seed"}, TypeError),
    ("rng", {"rng": np.random.RandomState(0)}, TypeError),
    ("rng", {"rng": 0.5, "method": "heun", "step": 0.1, "diffusion": 0.1}, TypeError),
]


@refused([(name, partial(simulate, **o), kind) for name, o, kind in SHARED + THEIRS])
def test_simulate(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


@pytest.mark.rounding
def test_rows_nearly_on_the_sphere_are_put_there() -> None:
    traj = pt.simulate(LAW, ROWS * (1.0 + 5e-9), (0.0, 0.1), [0.0, 0.1])
    assert np.abs(np.linalg.norm(traj.x, axis=-1) - 1.0).max() < 8.0 * EPS
    np.testing.assert_allclose(traj.x[0], ROWS, rtol=0.0, atol=8.0 * EPS)


@refused(
    [
        ("x", lambda: mf.Points([]), ValueError),
        ("x", lambda: mf.Points([[2.0, 0.0]]), ValueError),
        ("x", lambda: mf.Points([NAN]), ValueError),
        ("weights", lambda: mf.Points([0.0, 1.0], weights=[1.0]  * 3), ValueError),
        ("weights", lambda: mf.Points([0.0, 1.0], weights=[1.0, -2.0]), ValueError),
        ("field", lambda: mf.Points([0.0], field="best"), ValueError),
        ("degree", lambda: mf.Points([0.0]).moments(-1), ValueError),
        ("moments", lambda: mf.Points(pt.uniform(3, 7, 0)).moments(2), TypeError),
        ("n", lambda: pt.uniform(0, 3), ValueError),
        ("d", lambda: pt.uniform(3, 1), ValueError),
        ("rng", lambda: pt.uniform(3, 3, "x"), TypeError),
        ("replicas", lambda: pt.uniform(3, 3, 0, replicas=0), ValueError),
        ("n", lambda: pt.uniform_angles(0), ValueError),
        ("n", lambda: pt.sample(RHO, 0), ValueError),
        ("path", lambda: mf.load(3), TypeError),
        ("path", lambda: solve().save(""), ValueError),
    ]
)  # fmt: skip
def test_points_and_files(name: str, call: Any, kind: Any) -> None:
    check_refusal(name, call, kind)


def test_a_law_asked_at_rows_of_another_dimension() -> None:
    with pytest.raises(ValueError, match="shape"):
        LAW.velocity(0.0, ROWS, mf.Points([0.0, 1.0]))
    with pytest.raises(TypeError, match=r"(?s)kernels of <x, y> alone.*mf\.Points"):
        RHO.read(mf.Exponential(1.0, Q=np.eye(2)), None)
