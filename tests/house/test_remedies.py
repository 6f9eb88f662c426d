"""What a refusal says to type instead is typed, and works."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.sums import choose

LAW = mf.SA(4.0)
RHO = mf.Circle(64).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
BALL = mf.Sphere(12).density(lambda x: 1.0 + 0.3 * x[..., 2])
ANGLES = np.array([[0.0, 1.0, 2.0], [0.5, 1.5, 2.5]])
SOL = mf.solve(LAW, RHO, (0.0, 1.0))
RUN = pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), weights=[1.0, 2.0])
LATE = pt.longtime(LAW, [0.0, 1.0], log_t_end=3.0)



def test_one_time_or_several_and_a_run_or_a_measure() -> None:
    """Words that a new user met: each says what to type, and that works."""
    for many in ([0.1, 0.2], np.array([0.1, 0.2])):
        with pytest.raises(TypeError, match=r"t must be one time.*t_eval=.*\[run\(s\) for s in times\]"):
            SOL(many)  # type: ignore[arg-type]
    assert len([SOL(s) for s in (0.1, 0.2)]) == 2
    doors: list[Callable[[], Any]] = [
        lambda: mf.solve(LAW, RHO, (0.0, 1.0), t_eval=11),  # type: ignore[arg-type, unused-ignore]
        lambda: pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), 11),
    ]
    for door in doors:
        with pytest.raises(TypeError, match=r"t_eval must be an array of times.*numpy.linspace\(0, 1, 11\)"):
            door()
    asked: list[Callable[[Any], Any]] = [mf.clusters, mf.order_parameters]
    for ask in asked:
        with pytest.raises(TypeError, match=r"mu: .*a run, wanted a measure.*run\(t\).*mf.track\(run\)"):
            ask(SOL)
        ask(SOL(0.5))


Case = tuple[Callable[[], Any], str, Callable[[], Any]]
CASES: dict[str, Case] = {
    "too few values": (
        lambda: mf.Circle(64).density(np.ones(10)), "Give 64 numbers.", lambda: mf.Circle(64).density(np.ones(64))
    ),
    "a number for a vector": (
        lambda: mf.poisson_kernel(mf.Circle(64), 0.5), "Give 2 numbers.",
        lambda: mf.poisson_kernel(mf.Circle(64), [0.3, 0.0]),
    ),
    "lying values": (
        lambda: mf.poisson_kernel(mf.Circle(64), [[0.3, 0.0]]), "Reshape or transpose it.",
        lambda: mf.poisson_kernel(mf.Circle(64), np.reshape([[0.3, 0.0]], (2,))),
    ),
    "a coarse space": (
        lambda: mf.poisson_kernel(mf.Circle(64), [0.5, 0.0]), "use a larger space, such as Circle(n=128)",
        lambda: mf.poisson_kernel(mf.Circle(n=128), [0.5, 0.0]),
    ),
    "a coarse sphere": (
        lambda: mf.von_mises_fisher(mf.Sphere(6), [0.0, 0.0, 1.0], 2.0), "use a larger space, such as Sphere(24)",
        lambda: mf.von_mises_fisher(mf.Sphere(24), [0.0, 0.0, 1.0], 2.0),
    ),
    "a mean off the axis": (
        lambda: mf.von_mises_fisher(mf.ZonalSphere(3, 24), [0.0, 1.0, 1.0], 1.0), "a multiple of space.direction",
        lambda: mf.von_mises_fisher(mf.ZonalSphere(3, 24), mf.ZonalSphere(3, 24).direction.astype(np.float32), 1.0),
    ),
    "angles of replicas": (
        lambda: pt.simulate(LAW, ANGLES, (0.0, 0.1)), "pass angles=True",
        lambda: pt.simulate(LAW, ANGLES, (0.0, 0.1), angles=True),
    ),
    "a density for points": (
        lambda: pt.simulate(LAW, RHO, (0.0, 0.1)), "x0.sample(1000, rng=0)",
        lambda: pt.simulate(LAW, RHO.sample(1000, rng=0), (0.0, 0.1)),
    ),
    "a density for numbers": (
        lambda: mf.rescaled_energy(LAW, RHO), "Pass numbers.", lambda: mf.rescaled_energy(LAW, RHO.energy(LAW))
    ),
    "weights": (
        lambda: mf.Points([0.0, 1.0], [1.0, 2.0, 3.0]), "one weight for each point: shape (2,).",
        lambda: mf.Points([0.0, 1.0], [1.0, 2.0]),
    ),
    "weights of replicas": (
        lambda: mf.Points(ANGLES, [1.0, 2.0], angles=True), "shape (3,) or, one for each of every replica, (2, 3).",
        lambda: mf.Points(ANGLES, np.ones((2, 3)), angles=True),
    ),
    "max_resolution": (
        lambda: mf.solve(LAW, RHO, (0.0, 0.1), max_resolution=32), "take 64 or more",
        lambda: mf.solve(LAW, RHO, (0.0, 0.1), max_resolution=64),
    ),
    "no line": (
        lambda: mf.solve(LAW, BALL, (0.0, 0.1), method="lagrangian"), 'use method="spectral"',
        lambda: mf.solve(LAW, BALL, (0.0, 0.1), method="spectral"),
    ),
    "no log_t_end": (
        lambda: pt.longtime(LAW, [0.0, 1.0]), "write log_t_end=100.0",
        lambda: pt.longtime(LAW, [0.0, 1.0], log_t_end=100.0),
    ),
    "wide clusters": (
        lambda: pt.longtime(LAW, RHO, log_t_end=5.0), 'longtime(law, run), of pt.simulate or mf.solve(..., method="lag',
        lambda: pt.longtime(LAW, mf.solve(LAW, RHO, (0.0, 20.0), t_eval=[20.0], method="lagrangian"), log_t_end=5.0),
    ),
    "resume: nothing left": (lambda: mf.resume(SOL), "give a later t_end=", lambda: mf.resume(SOL, t_end=1.2)),
    "resume: before": (lambda: mf.resume(SOL, 0.5), "got 0.5", lambda: mf.resume(SOL, t_end=1.2)),
    "theta of rows": (
        lambda: pt.simulate(LAW, np.eye(4), (0.0, 0.1)).plot(), "plot_inner_products any dimension",
        lambda: pt.simulate(LAW, np.eye(4), (0.0, 0.1)).plot_inner_products(),
    ),
    "repetitions": (
        lambda: mf.sweep(lambda cell, rng: 0, [1, 1], rng=0), "mf.grid(repeat=range(10), ...)",
        lambda: mf.sweep(lambda cell, rng: 0, mf.grid(repeat=range(10), beta=[1.0]), rng=0),
    ),
    "a saved time": (
        lambda: RUN.plot_inner_products(0.123), "the nearest is 0.12", lambda: RUN.plot_inner_products(0.12)
    ),
    "a height": (
        lambda: mf.ZonalSphere(8, 16).density(lambda c: 1.0 + 0.3 * c)(1.5), "got 1.5, wanted heights",
        lambda: mf.ZonalSphere(8, 16).density(lambda c: 1.0 + 0.3 * c)(0.5),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_remedy_is_told_and_works(name: str) -> None:
    wrong, told, right = CASES[name]
    with pytest.raises((ValueError, TypeError), match=re.escape(told)):
        wrong()
    assert right() is not None


def test_a_table_that_can_draw_samples_is_an_array_all_the_same() -> None:
    class Table:
        ndim = 2
        sample = None

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.eye(3)

    np.testing.assert_array_equal(mf.Points(Table()).x, np.eye(3))


def test_either_door_loads_any_run(tmp_path: Path) -> None:
    for name, record in (("cloud", RUN), ("late", LATE), ("density", SOL)):
        record.save(tmp_path / name)
        for load in (mf.load, pt.load):
            assert repr(load(tmp_path / name)) == repr(record)
    assert mf.resume(str(tmp_path / "density"), 2.0 * SOL.end).end == 2.0 * SOL.end
    with pytest.raises(TypeError, match="or the path of a saved one"):
        mf.resume(None)


@pytest.mark.rounding
def test_what_cannot_be_resolved_says_how_to_go_on() -> None:
    """Every line it says to type is typed, and gets further."""
    faint = mf.mixture([mf.von_mises_fisher(mf.Circle(512), 0.0, 1e3), mf.uniform(mf.Circle(512))], [1 - 2e-12, 2e-12])
    for law, rho, given, ways in (
        (LAW, RHO, {"max_resolution": 64}, ['on_unresolved="lagrangian"', "max_resolution=256"]),
        (LAW, RHO, {"method": "lagrangian", "max_resolution": 1000}, ["max_resolution=4000"]),
        (LAW, RHO, {"max_resolution": 64, "diffusion": 1e-3}, ["max_resolution=256"]),
        (LAW, BALL, {"max_resolution": 12}, ["max_resolution=48"]),
        (mf.SA(100.0), faint, {}, ['on_unresolved="lagrangian"']),
    ):
        with pytest.raises(mf.UnresolvedError) as caught:
            mf.solve(law, rho, (0.0, 0.1 if rho is faint else 7.0), **given)
        typed = re.findall(r"mf\.resume\(error\.solution, ([^)]*)\)", str(caught.value))
        assert typed == ways
        for way in typed:
            try:
                further = eval(f"mf.resume(error.solution, {way})", {"mf": mf, "error": caught.value})
            except mf.UnresolvedError as again:
                further = again.solution
            assert further.end > caught.value.solution.end
    with pytest.raises(mf.UnresolvedError, match=r"with method=mf\.Lagrangian\(max_resolution=\d+\)\.$"):
        mf.solve(LAW, RHO, (0.0, 7.0), method=mf.Spectral(max_resolution=256, then=mf.Lagrangian(max_resolution=1000)))


def test_an_extra_is_installed_by_a_name_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package itself is installed from its folder, so no index has its extras."""
    monkeypatch.setattr(choose, "installed", lambda: False)
    with pytest.raises(ImportError, match="pip install -U numba"):
        pt.simulate(LAW, [0.0, 1.0], (0.0, 0.1), field="compiled")
