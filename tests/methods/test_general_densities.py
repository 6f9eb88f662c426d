"""Densities under general Q, K, V: harmonics in both points against sums over quadrature points, and printed values.

Printed moments are those of two other formulations (a Galerkin one and labels carried by the flow), to 12 digits.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.methods.on_plan import OnPlan
from meanfield.protocols import Array
from meanfield.spaces.coefficients import recast
from meanfield.special.levels import level
from meanfield.sums.direct import direct
from meanfield.sums.twofold import Twofold, twofold

pytestmark = pytest.mark.rounding

Q2, K2, V2 = np.array([[1, 0.3], [0, 0.8]]), np.array([[0.9, 0], [0.2, 1.1]]), np.array([[1, 0.5], [-0.5, 0.7]])
Q3, K3, V3 = (
    np.array(m)
    for m in (
        [[1, 0.3, -0.2], [0, 0.8, 0.4], [0.1, -0.3, 1.1]],
        [[0.9, 0, 0.2], [0.2, 1.1, 0], [-0.1, 0.3, 0.7]],
        [[1, 0.5, 0], [-0.5, 0.7, 0.2], [0.3, 0, -0.4]],
    )
)
W, A, B = [[0.5, -0.2, 0.1], [0, 0.3, -0.4]], [[1, -0.5], [0.3, 0.8], [-0.7, 0.1]], (0.1, -0.2, 0.3)


def _cluster(q: Array, trace: float) -> Array:
    return np.asarray(np.exp(400.0 * (np.cos(q) - 1.0)) + trace)


def waves(n: int = 64) -> Any:
    return mf.Circle(n).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))


def lumps(lmax: int = 16) -> Any:
    return mf.Sphere(lmax).density(
        lambda x: 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2
    )


def complexes(*pairs: tuple[float, float]) -> Array:
    return np.array([complex(*p) for p in pairs])


CIRCLE = {
    "SA": (
        mf.SA(2.0, Q=Q2, K=K2, V=V2),
        complexes((0.172668748668048, 0.086088836993678), (0.336476094445929, -0.135698194116017)),
        2.44363997148,
    ),
    "rectangular": (
        mf.SA(1.0, Q=[[1, 0.5]], K=[[0.7, -0.4]], V=V2),
        complexes((0.224398940049113, 0.0968498910440625), (0.220615923202115, 0.0401202621278687)),
        2.05956547407,
    ),
    "feed-forward": (
        mf.SA(2.0, Q=Q2, K=K2, V=V2) + mf.FeedForward(W, A, B),
        complexes((0.239317304059936, 0.125747375179585), (0.293055989829294, -0.172447028032878)),
        2.76758482548,
    ),
}


@pytest.mark.parametrize(
    ("case", "method"), [*((case, "spectral") for case in CIRCLE), ("rectangular", "lagrangian")]
)
def test_the_circle_as_printed(case: str, method: Any) -> None:
    law, c, top = CIRCLE[case]
    sol = mf.solve(law, waves(), (0.0, 1.0), t_eval=[1.0], rtol=1e-11, atol=1e-13, method=method)
    assert np.abs(sol(1.0).moments(2)[1:] - c).max() < 1e-10
    assert abs(sol(1.0)(0.0) - top) < 1e-9
    assert abs(sol.mass[-1] - 1.0) < 1e-13


def test_the_sphere_as_printed() -> None:
    sol = mf.solve(mf.SA(1.0, Q=Q3, K=K3, V=V3), lumps(), (0.0, 0.25), t_eval=[0.25], rtol=1e-10, atol=1e-12)
    mu = sol(0.25)
    assert np.abs(mu.mean - [-0.02266908935766, 0.009771671285251, 0.09030297929012]).max() < 1e-10
    second = [0.3577876859703, 0.03644867549948, 0.006358625925528, 0.3299656402819, 0.01478945206635, 0.3122466737478]
    assert np.abs(mu.second_moment[np.triu_indices(3)] - second).max() < 1e-10


def asked(rho: Any, kernel: mf.Exponential, V: Array | None = None) -> tuple[Any, Any, Any]:
    """By harmonics at the plan's nodes, by all pairs of quadrature points, and the plan."""
    plan = OnPlan(rho.space, False, 1e-12)
    plan.open(rho.coefficients)
    fine = rho.space.resized(2 * rho.space.size)
    mass = fine.weights * fine.evaluate(recast(rho.space, rho.coefficients, fine))
    few = slice(None, None, max(1, len(plan.x) // 100))
    r = plan.read(kernel, plan.x, "ZM", V)
    r = r._replace(Z=r.Z[few], M=r.M[few], log=r.log[few])
    return r, direct(kernel, plan.x[few], fine.rows, mass, "ZM", V=V), plan


@pytest.mark.parametrize("rho", [waves(256), lumps(24)], ids=["circle", "sphere"])
@pytest.mark.parametrize("beta", [0.0, 1.0, 6.0])
def test_harmonics_in_both_points_are_the_sum_over_all_pairs(rho: Any, beta: float) -> None:
    # with as many rows of V as one likes; measured 3e-14, and 3e-13 of the velocity
    d = rho.d
    Q, K, V = (m[:d, :d] for m in (Q3, K3, np.vstack([V3, np.eye(3)])))
    for kernel in (mf.Exponential(beta, Q, K), mf.Exponential(beta), mf.Exponential(beta, Q[:1], K[:1])):
        fast, slow, plan = asked(rho, kernel, V)
        assert plan._twofold[kernel].able
        size = np.exp(fast.log - slow.log)
        top = (slow.Z / size).max()
        assert np.abs(fast.Z - slow.Z / size).max() < 1e-12 * top
        assert np.abs(fast.M - slow.M / size).max() < 1e-12 * top
        assert np.abs(fast.M / fast.Z - slow.M / slow.Z).max() < 1e-11


@pytest.mark.parametrize("d", [2, 3])
def test_what_is_taken_out_leaves_few_harmonics_and_no_large_values(d: int) -> None:
    rng = np.random.default_rng(1)
    space: Any = mf.Circle(8) if d == 2 else mf.Sphere(2)
    x = rng.standard_normal((1000, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    for sigma in ([6.0, 2.0, 0.5], [6.0, 0.0, 0.0], [6.0, 6.0, 6.0], [6.0, 5.0, 1.0], [5.0, 0.7, 0.6]):
        turn, back = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
        matrix = turn @ np.diag([*sigma[: d - 1], sigma[-1]]) @ back
        kernel = mf.Exponential(1.0, matrix)
        g = level(matrix)
        r = np.linalg.norm(x @ matrix.T, axis=1)
        apart = (g.top - r) * (r - g.least) / (g.top + g.least)
        np.testing.assert_allclose(r - g(x), apart, rtol=0.0, atol=1e-12)
        # the measure that sees most of it: a point, of which all harmonics are large
        both = Twofold(space, kernel, g)
        y = x[:1]
        fast = twofold(both, space, space.chart(y), np.ones(1), x, "ZM", None)
        slow = np.exp(kernel.log(x, y) - g(x)[:, None])
        assert np.abs(fast.Z - slow).max() < 3e-13 * slow.max()
        assert np.abs(fast.M - slow * y).max() < 3e-13 * slow.max()


def test_one_matrix_serves_a_kernel_that_stays() -> None:
    rho, kernel = waves(256), mf.Exponential(4.0, Q2, K2)
    fast, slow, plan = asked(rho, kernel)
    for _ in range(3):
        again = plan.read(kernel, plan.x, "ZM")
    assert plan._twofold[kernel]._whole is not None
    few = slice(None, None, max(1, len(plan.x) // 100))
    assert np.abs(again.Z[few] - fast.Z).max() < 1e-13 * fast.Z.max()
    assert np.abs(again.M[few] / again.Z[few] - slow.M / slow.Z).max() < 1e-12


def test_many_kernels_are_made_in_blocks_and_are_the_same() -> None:
    kernel, rho = mf.Exponential(4.0, Q3, K3), lumps()
    both, blocks = (Twofold(rho.space, kernel, kernel.level(3)) for _ in range(2))
    blocks.pairs = 1 << 60
    c = recast(rho.space, rho.coefficients, both.source)
    np.testing.assert_array_equal(both(c), blocks(c))
    assert blocks._values is None and both._values is not None


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_identity_matrices_are_none(kind: str) -> None:
    for rho in (waves(), lumps(24)):
        one = np.eye(rho.d)
        law, plain = (getattr(mf, kind)(2.0, Q=m, K=m, V=m, scale="scaled") for m in (one, None))
        plan, about = OnPlan(rho.space, False, 1e-12), OnPlan(rho.space, True, 1e-12)
        for one_plan in (plan, about):
            one_plan.open(rho.coefficients)
        v = np.einsum("nd,nmd->nm", law.velocity(0.0, plan.x, plan), plan.grid.frame())
        assert np.abs(v - plain.velocity(0.0, None, about)).max() < 1e-13
    laws = (getattr(mf, kind)(2.0, Q=m, K=m, V=m, scale="scaled") for m in (np.eye(2), None))
    a, b = (mf.solve(m, waves(), (0.0, 0.4), t_eval=[0.4], rtol=1e-12, atol=1e-15)(0.4) for m in laws)
    assert np.abs(a.moments(6) - b.moments(6)).max() < 1e-13


def test_two_heads_of_one_matrix_are_one() -> None:
    law = mf.SA(2.0, Q=Q2, K=K2, V=0.5 * V2) + mf.SA(2.0, Q=Q2, K=K2, V=0.5 * V2)
    runs = [mf.solve(one, waves(), (0.0, 0.5), t_eval=[0.5])(0.5) for one in (law, CIRCLE["SA"][0])]
    assert np.abs(runs[0].moments(6) - runs[1].moments(6)).max() < 1e-11


def test_spectral_and_lagrangian_with_two_heads_frozen_tokens_and_time() -> None:
    def turning(t: float) -> Array:
        return np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])

    law: Any = mf.Frozen(mf.SA(1.0, Q=turning, K=K2, V=V2), [1.0, 4.0], [0.3, 0.2], per_token=False)
    law = law + mf.USA(2.0, Q=Q2[:1], K=K2[:1], V=lambda t: 0.5 * turning(-t), scale="scaled")
    c = [
        mf.solve(law, waves(), (0.0, 0.1), t_eval=[0.1], method=m, rtol=1e-11, atol=1e-13)(0.1).moments(6)
        for m in ("spectral", "lagrangian")
    ]
    assert np.abs(c[0] - c[1]).max() < 1e-10


@pytest.mark.parametrize("sign", [1, -1])
def test_energy_identity_where_the_product_is_the_values(sign: int) -> None:
    S = np.array([[1.2, 0.3], [0.3, 0.7]])
    for law in (mf.SA(2.0, Q=S, V=sign * S), mf.USA(2.0, Q=S, V=sign * S)):
        sol = mf.solve(law, waves(), (0.0, 0.1), t_eval=[0.0, 0.1])
        gain = sol.energy[-1] - sol.energy[0]
        assert sign * gain > 0.0 and abs(gain - sol.dissipated[-1]) < 1e-9 * abs(gain)


def test_where_z_is_rounding_the_run_says_so() -> None:
    # a cluster, and a trace of the mass everywhere else, where Z is the trace's own: 1e-14 of the largest
    law, told = mf.SA(1000.0, scale="scaled", K=[[1.0, 0.0], [0.0, 1.001]], V=V2), []
    for trace in (1e-4, 4e-14):
        rho = mf.Circle(512).density(partial(_cluster, trace=trace))
        told.append(mf.solve(law, rho, (0.0, 1e-4), on_unresolved="stop"))
    assert told[0].success
    assert not told[1].success and "Z is below" in told[1].message


def test_points_in_their_thousands_go_by_harmonics_too() -> None:
    law, n = CIRCLE["SA"][0], 3000
    x = waves().quantize(n)
    rows = np.column_stack([np.cos(x), np.sin(x)])
    fast, slow = (law.velocity(0.0, rows, mf.Points(x, field=field)) for field in ("auto", "direct"))
    assert np.abs(fast - slow).max() < 1e-12
    exact = mf.solve(law, waves(), (0.0, 0.5), t_eval=[0.5])(0.5).moments(4)
    run = pt.simulate(law, x, (0.0, 0.5), [0.5])
    c = np.exp(-1j * np.multiply.outer(np.arange(5), run.theta[-1])).mean(axis=1)
    assert np.abs(c - exact).max() < 1e-5  # the quantisation's own, n^-2


def test_what_does_not_fit_is_refused_by_name() -> None:
    rho = waves()
    with pytest.raises(ValueError, match=r"Q: got shape \(3, 3\), wanted \(m, 2\)"):
        mf.solve(mf.SA(1.0, Q=Q3), rho, (0.0, 1.0))
    with pytest.raises(ValueError, match=r"V: got shape \(3, 3\), wanted \(2, 2\)"):
        mf.solve(mf.SA(1.0, V=V3), rho, (0.0, 1.0))
    with pytest.raises(ValueError, match=r"Q\(0.*\): got shape"):
        mf.solve(mf.SA(1.0, Q=lambda t: Q3, K=lambda t: K3), rho, (0.0, 1.0))
    with pytest.raises(ValueError, match=r"V\(0.*\)"):
        mf.solve(mf.SA(1.0, V=lambda t: np.ones(2)), rho, (0.0, 1.0))
    for method in ("spectral", "lagrangian"):
        with pytest.raises(ValueError, match=r"mf\.Sphere\(lmax\)") as refused:
            mf.solve(mf.SA(1.0, Q=Q3), mf.uniform(mf.ZonalSphere(3, 16)), (0.0, 1.0), method=method)
        assert isinstance(refused.value, TypeError)


def test_the_page_says_what_its_lines_print(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "general.md").read_text(encoding="utf-8")
    lines = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL)
    assert len(lines) == 2
    names: dict[str, Any] = {}
    for code, printed in lines:
        exec(code, names)
        assert capsys.readouterr().out == printed
