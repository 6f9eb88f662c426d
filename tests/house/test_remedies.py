"""What a refusal says to type instead is typed, and works."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.plot import points as pictures
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


HEADS = mf.Causal(mf.SA(1.0) + mf.SA(2.0))
OF_HEADS = mf.Normalised(mf.SA(1.0) + mf.SA(2.0), "pre")
TURNING = mf.Kuramoto(np.array([-0.1, 0.0, 0.1]))
FLOCK = mf.CuckerSmale(lambda s: 1.0 / (1.0 + s))
FROZEN = mf.Causal(mf.Frozen(LAW, [0.0]))
FLAT = mf.SA(1.0, geometry="flat")
LONG = 2.0 * np.eye(4)
SINGLE: Any = lambda s: 1.0 if s < 1.0 else 0.0  # noqa: E731
SINE: Any = math.sin
EXP: Any = math.exp


def velocity(law: Any, x: Any) -> Any:
    """As the refusal of a matrix has it."""
    mu = mf.Points(x, geometry=law.place or law.geometry)
    return law.velocity(0.0, mu.x, mu)


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
    "a matrix of angles with replicas": (
        lambda: pt.attention(LAW, ANGLES), "pass angles=True", lambda: pt.attention(LAW, ANGLES, angles=True)
    ),
    "leaders of angles": (
        lambda: pt.leaders(mf.SA(np.inf), ANGLES[:1]), "pass angles=True",
        lambda: pt.leaders(mf.SA(np.inf), ANGLES[0], angles=True),
    ),
    "a matrix of heads under a mask": (
        lambda: pt.attention(HEADS, np.eye(3)), "law.parts[0]", lambda: pt.attention(HEADS.parts[0], np.eye(3))
    ),
    "a matrix of heads at directions": (
        lambda: pt.attention(OF_HEADS, np.eye(3)), "mf.Normalised(law.law.parts[0], law.norm, law.change)",
        lambda: pt.attention(mf.Normalised(OF_HEADS.law.parts[0], OF_HEADS.norm, OF_HEADS.change), np.eye(3)),
    ),
    "a matrix of Kuramoto's": (
        lambda: pt.attention(TURNING, [0.0, 1.0, 2.0]),
        "law.velocity(t, mu.x, mu) of mu = mf.Points(x, geometry=law.place or law.geometry)",
        lambda: velocity(TURNING, [0.0, 1.0, 2.0]),
    ),
    "a matrix of a flock": (
        lambda: pt.attention(FLOCK, np.eye(4)),
        "law.velocity(t, mu.x, mu) of mu = mf.Points(x, geometry=law.place or law.geometry)",
        lambda: velocity(FLOCK, np.eye(4)),
    ),
    "a matrix beside frozen tokens": (
        lambda: pt.attention(FROZEN, [0.0, 1.0]), "give the law without them, law.law of the Frozen one",
        lambda: pt.attention(mf.Causal(FROZEN.law.law), [0.0, 1.0]),
    ),
    "a matrix of a run": (
        lambda: pt.attention(LAW, RUN), "x.x[-1]", lambda: pt.attention(LAW, RUN.x[-1])
    ),
    "a matrix of a density": (
        lambda: pt.attention(LAW, RHO), "mf.Points(mu.x, weights=mu.weights)",
        lambda: pt.attention(LAW, mf.Points(RHO.x, weights=RHO.weights)),
    ),
    "frequencies of tokens, and a density": (
        lambda: mf.solve(TURNING, RHO, (0.0, 1.0)), "pt.simulate(law, rho0.sample(3, rng=0), t_span)",
        lambda: pt.simulate(TURNING, RHO.sample(3, rng=0), (0.0, 1.0)),
    ),
    "a graph, and a density": (
        lambda: mf.solve(mf.Masked(LAW, np.ones((5, 5))) + TURNING, RHO, (0.0, 1.0)), "rho0.sample(5, rng=0)",
        lambda: pt.simulate(mf.Masked(LAW, np.ones((5, 5))), RHO.sample(5, rng=0), (0.0, 1.0)),
    ),
    "positions, and a density": (
        lambda: mf.solve(mf.Encoded(LAW, np.ones((4, 2))), RHO, (0.0, 1.0)), "rho0.sample(4, rng=0)",
        lambda: pt.simulate(mf.Encoded(LAW, np.ones((4, 2))), RHO.sample(4, rng=0), (0.0, 1.0)),
    ),
    "a flock, and a density": (
        lambda: mf.solve(FLOCK, RHO, (0.0, 1.0)),
        "pt.simulate(law, x0, t_span) with rows (n, 2 d), d components of each kind, as x0",
        lambda: pt.simulate(FLOCK, np.eye(4), (0.0, 1.0)),
    ),
    "R^d, and a density": (
        lambda: mf.solve(FLAT, RHO, (0.0, 1.0)), "pt.simulate(law, x0, t_span) with rows (n, d) as x0",
        lambda: pt.simulate(FLAT, np.eye(4), (0.0, 1.0)),
    ),
    "doubly stochastic under a mask, beside frozen tokens": (
        lambda: pt.simulate(mf.Frozen(mf.Causal(mf.Sinkhorn(1.0)), [0.0]), [0.1, 0.2], (0.0, 0.1)),
        "take mf.SA(beta) under the mask, or mf.Sinkhorn(beta) without one",
        lambda: [
            pt.simulate(mf.Frozen(law, [0.0]), [0.1, 0.2], (0.0, 0.1))
            for law in (mf.Causal(mf.SA(1.0)), mf.Sinkhorn(1.0))
        ],
    ),
    "a weight of single numbers": (
        lambda: mf.Krause(SINGLE), "give numpy.vectorize(f)",
        lambda: mf.Krause(np.vectorize(SINGLE)),
    ),
    "a coupling of single numbers": (
        lambda: mf.Coupling(SINE), "numpy.cos, not math.cos", lambda: mf.Coupling(np.sin)
    ),
    "a kernel of single numbers": (
        lambda: mf.Zonal(EXP, "e"), "give numpy.vectorize(f)", lambda: mf.Zonal(np.exp, "e")
    ),
    "a density of single numbers": (
        lambda: mf.Circle(8).density(lambda theta: 1.0 if theta < 9.0 else 2.0), "numpy.where, not if",
        lambda: mf.Circle(8).density(lambda theta: np.where(theta < 9.0, 1.0, 2.0)),
    ),
    "scores of another dimension": (
        lambda: mf.Sinkhorn(1.0, Q=np.eye(3)).velocity(0.0, None, mf.Points([0.0, 1.0])), "wanted (m, 2)",
        lambda: mf.Sinkhorn(1.0, Q=np.eye(2)).velocity(0.0, None, mf.Points([0.0, 1.0])),
    ),
    "more tokens than a float counts": (
        lambda: mf.equiangular(LAW, 10**301, 0.5), ">= 2 and <= 1e+300;", lambda: mf.equiangular(LAW, 10**300, 0.5)
    ),
    "a globe of R^4": (
        lambda: pt.simulate(LAW, np.eye(4), (0.0, 0.1)).plot_globe(), "of a run plot_inner_products",
        lambda: pt.simulate(LAW, np.eye(4), (0.0, 0.1)).plot_inner_products(),
    ),
    "points of R^d": (
        lambda: pictures.inner_products(LONG), "mf.Points(x / numpy.linalg.norm(x, axis=-1, keepdims=True)).plot()",
        lambda: mf.Points(LONG / np.linalg.norm(LONG, axis=-1, keepdims=True)).plot(),
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


SLOPE = 0.5
INNER = {
    "the past": (mf.Causal(LAW), np.tri(4)),
    "a graph": (mf.Masked(LAW, np.ones((4, 4)) + np.eye(4, k=1)), np.ones((4, 4)) + np.eye(4, k=1)),
}
OUTER: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "the past": (mf.Causal, np.tri(4)),
    "a graph": (lambda law: mf.Masked(law, 1.0 + np.eye(4)), 1.0 + np.eye(4)),
    "a slope": (
        lambda law: mf.ALiBi(law, SLOPE), np.tril(np.exp(-SLOPE * abs(np.subtract.outer(np.arange(4), np.arange(4)))))
    ),
}  # fmt: skip


@pytest.mark.rounding
@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("inner", INNER)
def test_the_product_of_two_masks_is_told_and_typed(outer: str, inner: str) -> None:
    """What comes of it is what a double loop makes of both weights."""
    (law, B), (mask, A) = INNER[inner], OUTER[outer]
    with pytest.raises(ValueError, match="has a mask already") as caught:
        mask(law)
    told = r"of n tokens, (mf\.Masked\(.*?\))(?: \(of the past (.*) alone\))?, B that which"
    typed = re.search(told, str(caught.value))
    assert typed is not None
    given = {"mf": mf, "numpy": np, "law": LAW, "n": 4, "A": A, "B": B}
    ways = [typed[1], *([typed[2]] if typed[2] and inner == "the past" else [])]
    assert (len(ways) == 2) == (outer == "a slope" and inner == "the past")
    x = pt.uniform(4, 3, rng=3)
    e = A * B * np.exp(4.0 * (x @ x.T - 1.0))
    mu = mf.Points(x)
    for way in ways:
        np.testing.assert_allclose(
            eval(way, given).velocity(0.0, mu.x, mu), e @ x / e.sum(axis=1, keepdims=True), rtol=0.0, atol=1e-13
        )


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
        (LAW, BALL, {"max_resolution": 12, "diffusion": 1e-3}, ["max_resolution=48"]),
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
