"""Changed measures: points added that do not move, masses multiplied, images; against loops, each other and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import FLAT, ROWS
from meanfield.measures.points import Points
from meanfield.methods.on_plan import OnPlan
from meanfield.sums import direct as room
from meanfield.sums.sight import Masked
from validation.exact import changed, double_loop

pytestmark = pytest.mark.rounding

LAWS = {"SA": mf.SA, "USA": mf.USA}


def cloud(n: int, d: int, seed: int, *lead: int) -> Any:
    return geometry.retract(np.random.default_rng(seed).standard_normal((*lead, n, d)))


def along(mu: Any, v: Any) -> Any:
    """Velocities as tangent rows, however they come."""
    return geometry.project(mu.x, v) if v.shape[-1] == mu.d else v * geometry.quarter_turn(mu.x)


@dataclass(frozen=True)
class Frozen(mf.Law):
    """A law among tokens that do not move, of given masses; as a law of a density, the same measure."""

    law: Any
    y: tuple[tuple[float, ...], ...]
    a: float
    past: bool = False
    per_token: bool = False

    @property
    def labelled(self) -> bool:  # type: ignore[override]
        return self.past or self.per_token

    def _seen(self, mu: Any) -> Any:
        return (mu.past() if self.past else mu).also(np.array(self.y), self.a, self.per_token)

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return self.law.velocity(t, None if x is mu.x else x, self._seen(mu))

    def divergence(self, t: float, x: Any, mu: Any) -> Any:
        return self.law.divergence(t, None if x is mu.x else x, self._seen(mu))


# --- points added ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tile", [8, 256])
@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("d", [2, 4])
def test_frozen_tokens_are_the_loops(d: int, kind: str, tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TILE", tile)
    x, y, a, beta = cloud(30, d, 1), cloud(3, d, 2), np.array([1.0, 2.0, 0.5]), 3.0
    w = np.random.default_rng(3).uniform(0.5, 1.5, 30)
    w[::5] = 0.0
    w /= w.sum()
    graph = np.random.default_rng(4).uniform(0.0, 1.0, (30, 30))
    graph[:, ::3] = 0.0
    past = np.tri(30)
    law = LAWS[kind](beta)
    w[0] = 0.1 * w[1]  # the first sees itself
    mu = Points.trusted(x, w, ROWS)
    for base, more in ((mu, {}), (mu.past(), {"mask": past}), (mu.masked(graph), {"mask": graph}),
                       (mu.masked(graph, per_row=False), {"mask": graph, "mean": False})):  # fmt: skip
        given: dict[str, Any] = {"mean": False} | more if more == {} else more
        exact = changed.frozen_velocity(kind, x, y, a, beta, weights=w, **given)
        for at in (None, base.x):
            v = along(base, law.velocity(0.0, at, base.also(y, a)))
            np.testing.assert_allclose(v, exact, rtol=0.0, atol=2e-14 * max(1.0, np.abs(exact).max()))
    # masks after or before, at once or one by one
    one = law.velocity(0.0, None, mu.also(y, a).past())
    two = law.velocity(0.0, None, mu.past().also(y[:1], a[:1]).also(y[1:], a[1:]))
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-13 * np.abs(one).max())
    with pytest.raises(TypeError, match="have a mask already"):
        mu.also(y, a).past().masked(graph)


def test_values_elsewhere_replicas_and_angles() -> None:
    """All letters at rows of a choice, with V, are those of the joined points; each replica's is its own."""
    x, y, a = cloud(9, 3, 1, 2), cloud(4, 3, 2), np.array([1.0, -0.5, 2.0, 0.3])
    at, V = cloud(5, 3, 3), np.random.default_rng(4).standard_normal((3, 3))
    mu = mf.Points(x)
    masses = np.concatenate([np.full((2, 9), 1 / 9), np.broadcast_to(a / 9, (2, 4))], axis=1)
    joined = Points.trusted(np.concatenate([x, np.broadcast_to(y, (2, 4, 3))], axis=1), masses, ROWS)
    mixed = mu.also(y, a)
    for kernel, values in ((mf.Exponential(3.0), None), (mf.Exponential(3.0), V), (mf.Exponential(2.0, V, V), V)):
        one, two = mixed.read(kernel, at, "ZML", values), joined.read(kernel, at, "ZML", values)
        for p, q in ((one.Z, two.Z), (one.M, two.M), (one.L[..., None], two.L[..., None])):
            np.testing.assert_allclose(p * np.exp(one.log), q * np.exp(two.log), rtol=0.0,
                                       atol=1e-13 * np.abs(q * np.exp(two.log)).max())  # fmt: skip
    np.testing.assert_allclose(mixed.x, joined.x)
    np.testing.assert_allclose(mixed.weights, joined.weights)
    np.testing.assert_allclose(mixed.mean, joined.mean, rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(mixed.mass, joined.mass)
    r = mixed.read(mf.Exponential(3.0), None, "ZML")
    for k in range(2):
        alone = mf.Points(x[k]).also(y, a).read(mf.Exponential(3.0), None, "ZML")
        np.testing.assert_allclose(r.M[k] * np.exp(r.log[k]), alone.M * np.exp(alone.log), rtol=0.0, atol=1e-13)
    theta, fixed = np.array([0.3, 1.0, 4.0]), np.array([2.0, 5.0])
    on_rows = mf.Points(geometry.to_rows(theta)).also(fixed, 2.0)
    v = mf.SA(4.0).velocity(0.0, None, mf.Points(theta).also(fixed, 2.0))
    assert v.shape == (3, 1)
    np.testing.assert_allclose(along(on_rows.body, v), along(on_rows.body, mf.SA(4.0).velocity(0.0, None, on_rows)),
                               rtol=0.0, atol=1e-15)  # fmt: skip


def test_frozen_tokens_of_c_theorem_5_2() -> None:
    """Four tokens under the past of one another and three that do not move, at beta = 64: an independent table."""
    y = tuple((float(np.cos(t)), float(np.sin(t))) for t in (0.0, 1.5, -2.0))

    @dataclass(frozen=True)
    class Table(Frozen):
        def _seen(self, mu: Any) -> Any:
            return mu.past().also(np.array(self.y), [1.0, 2.0, 1.5])

    run = pt.simulate(Table(mf.SA(64.0), y, 1.0, past=True), [0.22, -0.3, 1.18, -1.72], (0.0, 10.0), [1.0, 5.0, 10.0],
                      rtol=1e-12, atol=1e-13)  # fmt: skip
    want = [[0.176710254093022938, -0.281546200853412476, 1.20761078324015893, -1.75720231044716099],
            [0.0330379093384481051, -0.0852142146702179193, 1.43864495206794229, -1.95737874200959455],
            [0.00273599559670218160, -0.000182260463627951265, 1.49776479670802262, -1.99785256792983990]]  # fmt: skip
    np.testing.assert_allclose(run.x, want, rtol=0.0, atol=1e-10)


def test_a_density_and_points_by_both_methods() -> None:
    """On the circle: the plan's fields and a sum are quadrature to 1e-12, the two methods each other; on S^2 too."""
    y, a = geometry.to_rows(np.array([1.0, 2.5])), np.array([0.3, 0.2])
    rho = mf.Circle(128).density(lambda s: 1.0 + 0.5 * np.cos(s) + 0.2 * np.sin(3.0 * s))
    points = mf.Points(rho.x, weights=rho.weights, field="direct").also(y, a, per_token=False)
    for law in (mf.SA(4.0), mf.USA(4.0)):
        exact = law.velocity(0.0, None, points)
        v = law.velocity(0.0, None, rho.also(y, a))
        np.testing.assert_allclose(along(rho, v), exact, rtol=0.0, atol=1e-12 * np.abs(exact).max())
        for isotropic in (True, False):
            seen = OnPlan(rho.space, isotropic, 1e-12)
            seen.open(rho.coefficients)
            fine = Points.trusted(seen.x, seen.weights, ROWS, "direct").also(y, a, per_token=False)
            v, exact_fine = law.velocity(0.0, None, seen.also(y, a)), law.velocity(0.0, None, fine)
            assert v.shape[-1] == (1 if isotropic else 2)
            np.testing.assert_allclose(along(seen, v), exact_fine, rtol=0.0, atol=1e-12 * np.abs(exact_fine).max())
    frozen = Frozen(mf.SA(4.0), tuple(map(tuple, y.tolist())), 0.3)
    ends = [mf.solve(frozen, rho, (0.0, 0.5), t_eval=[0.5], method=m, rtol=1e-10).measures[-1].moments(6)
            for m in ("spectral", "lagrangian")]  # fmt: skip
    np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-9)
    assert np.abs(ends[0] - rho.moments(6)).max() > 1e-2
    globe = mf.von_mises_fisher(mf.Sphere(24), [0.0, 0.6, 0.8], 2.0)
    y3 = cloud(2, 3, 5)
    exact = mf.SA(3.0).velocity(0.0, None, mf.Points(globe.x, weights=globe.weights).also(y3, a, per_token=False))
    v = mf.SA(3.0).velocity(0.0, None, globe.also(y3, a))
    np.testing.assert_allclose(np.einsum("nm,nmd->nd", v, globe.space.frame()), exact, rtol=0.0, atol=1e-11)


def test_tokens_beside_a_density_are_mass() -> None:
    """In units of one token, too: the same on its coefficients, carried by its flow, and as masses."""
    rho = mf.perturbed_uniform(mf.Circle(64), {1: 0.4})
    carried = mf.solve(mf.SA(2.0), rho, (0.0, 0.1), t_eval=[0.0, 0.1], method="lagrangian").measures[0]
    kernel, at, y = mf.Exponential(2.0), cloud(3, 2, 1), np.eye(2)
    exact = mf.Points(rho.x, weights=rho.weights).also(y, 0.5, per_token=False).read(kernel, at, "Z")
    for mu in (rho, carried, carried.body):
        for per_token in (True, False):
            r = mu.also(y, 0.5, per_token).read(kernel, at, "Z")
            np.testing.assert_allclose(r.Z * np.exp(r.log), exact.Z * np.exp(exact.log), rtol=1e-11)


# --- masses multiplied -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sinkhorn(mf.Law):
    """g <- sqrt(g / Z of g mu), 40 times, then what SA says of g mu."""

    beta: float
    isotropic = True

    def _g_mu(self, mu: Any) -> Any:
        k = mf.Exponential(self.beta)
        r = mu.read(k, None, "Z")
        g = np.exp(-0.5 * (np.log(r.Z) + r.log))[..., 0]
        for _ in range(40):
            r = mu.reweighed(g).read(k, None, "Z")
            g = np.sqrt(g / (r.Z * np.exp(r.log))[..., 0])
        return mu.reweighed(g)

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(self.beta).velocity(t, x, self._g_mu(mu))


@pytest.mark.parametrize("tile", [8, 256])
def test_sinkhorn_on_points_is_the_loop(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TILE", tile)
    x, w = cloud(20, 3, 1, 2), np.random.default_rng(2).uniform(0.5, 1.5, (2, 20))
    w /= w.sum(axis=-1, keepdims=True)
    v = Sinkhorn(4.0).velocity(0.0, None, mf.Points(x, weights=w))
    for k in range(2):
        exact = changed.sinkhorn_velocity(x[k], 4.0, weights=w[k])
        np.testing.assert_allclose(v[k], exact, rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("space", [mf.Circle(96), mf.Sphere(20), mf.ZonalSphere(4, 32)], ids=str)
def test_sinkhorn_on_densities(space: Any) -> None:
    """By multipliers on the plan's nodes, as by quadrature points; on a zonal sphere, as its circles of latitude."""
    rho = mf.von_mises_fisher(space, [0.0, 0.0, 0.0, 1.0], 1.5) if space.rows is None else mf.perturbed_uniform(
        space, {2: 0.3} if space.d == 2 else {(2, 1): 0.3})  # fmt: skip
    seen = OnPlan(space, True, 1e-12)
    seen.open(rho.coefficients)
    v = np.array(Sinkhorn(3.0).velocity(0.0, None, seen))
    if space.rows is None:
        from meanfield.measures.rings import Rings

        exact = Sinkhorn(3.0).velocity(0.0, None, Rings(space, np.arccos(seen.grid.nodes), seen.weights))
    else:
        exact = Sinkhorn(3.0).velocity(0.0, None, Points.trusted(seen.x, seen.weights, ROWS, "direct"))
        v = np.einsum("nm,nmd->nd", v, seen.grid.frame())
    np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(Sinkhorn(3.0).velocity(0.0, None, rho.resized(2 * space.size)).shape[-1], space.d - 1
                               if space.rows is not None else 1)  # fmt: skip


def test_sinkhorn_grows_at_its_rate() -> None:
    """About the uniform measure mode k grows at k(k+d-2) q / (beta (1 + q)), by both methods the same run."""
    k, beta, t = 2, 3.0, 0.2
    rho = mf.perturbed_uniform(mf.Circle(64), {k: 1e-5})
    end = mf.solve(Sinkhorn(beta), rho, (0.0, t), t_eval=[t], rtol=1e-11, atol=1e-14).measures[-1]
    q = mf.Exponential(beta).multipliers(2, k)[k]
    grown = np.log(abs(end.coefficients[k]) / abs(rho.coefficients[k])) / t
    assert grown == pytest.approx(k * k * q / (beta * (1.0 + q)), rel=1e-7)


def test_weights_of_any_sign_under_masks_and_twice() -> None:
    x, g = cloud(8, 3, 1), np.array([1.0, -2.0, 0.5, 0.0, 3.0, 1.0, 1.0, 2.0])
    mu = mf.Points(x)
    assert float(mu.reweighed(g).mass) == pytest.approx(g.sum() / 8)
    r = mu.reweighed(g).read(mf.Exponential(2.0), x, "M")
    np.testing.assert_allclose(r.M * np.exp(r.log), np.exp(2.0 * x @ x.T) @ (g[:, None] / 8 * x), rtol=0.0, atol=1e-14)
    # under a mask: the mean over what is seen, times g; before it: the mean by the new masses
    e, positive = np.exp(2.0 * x @ x.T) * np.tri(8), np.abs(g) + 0.1
    before, after = (mu.reweighed(positive).past(), positive / 8), (mu.past().reweighed(positive), np.full(8, 1 / 8))
    for seen, masses in (before, after):
        r = seen.read(mf.Exponential(2.0), None, "Z")
        want = (e @ (positive / 8)) / np.cumsum(masses)
        np.testing.assert_allclose((r.Z * np.exp(r.log))[:, 0], want, rtol=1e-13)
    twice = mu.reweighed(positive).reweighed(1.0 / positive)
    np.testing.assert_allclose(twice.weights, mu.weights, rtol=1e-15)
    mixed = mu.also(x[:2], [1.0, 2.0]).reweighed(np.arange(10.0))
    np.testing.assert_allclose(mixed.weights, np.arange(10.0) * [*np.full(8, 1 / 8), 1 / 8, 2 / 8])
    rho = mf.von_mises_fisher(mf.Circle(64), [1.0, 0.0], 2.0)
    for many in (1, 2):
        same = rho.reweighed(2.0).reweighed(0.5 * np.ones(64 * many)[:64])
        np.testing.assert_allclose(same.coefficients, rho.coefficients, rtol=0.0, atol=1e-15)


# --- images ------------------------------------------------------------------------------------------------------


def test_images_of_points() -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    mu = mf.Points([0.1, 1.0, 2.0]).also([np.pi], 2.0).pushed(lambda x: x @ turn.T)
    np.testing.assert_allclose(mu.body.points, np.array([0.1, 1.0, 2.0 - 2.0 * np.pi]) + np.pi / 2, rtol=1e-15)
    np.testing.assert_allclose(mu.x[-1], [0.0, -1.0], rtol=0.0, atol=1e-15)
    flat = mf.Points(np.ones((2, 3)), geometry="flat").pushed(lambda x: 3.0 * x[..., :2])
    assert flat.geometry is FLAT and flat.points.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    with pytest.raises(ValueError, match=r"f\(x\)"):
        mf.Points(cloud(3, 3, 1)).pushed(lambda x: 2.0 * x)
    with pytest.raises(ValueError, match="one for each"):
        mf.Points(cloud(3, 3, 1)).pushed(lambda x: x[:2])


# --- refusals ----------------------------------------------------------------------------------------------------


def test_what_cannot_be_changed_says_what_to_ask() -> None:
    rho, zonal = mf.uniform(mf.Circle(16)), mf.von_mises_fisher(mf.ZonalSphere(4, 24), [0.0, 0.0, 0.0, 1.0], 1.0)
    for ask in (lambda: rho.past(), lambda: rho.masked(np.eye(16)), lambda: rho.pushed(np.sin)):
        with pytest.raises(TypeError, match=r"mf\.Points\(mu\.x, weights=mu\.weights\)"):
            ask()
    for ask in (lambda: zonal.past(), lambda: zonal.masked(np.eye(4))):
        with pytest.raises(TypeError, match=r"mf\.Points\(mu\.sample\(1000, rng=0\)\)"):
            ask()
    mu = mf.Points(cloud(4, 3, 1))
    for ask, said in (
        (lambda: mu.also(np.eye(2), 1.0), r"^y: .*wanted rows \(k, 3\)"),
        (lambda: mu.also(2.0 * np.eye(3), 1.0), "^y must be unit rows.*keepdims=True\\)\\.$"),
        (lambda: mu.also(np.eye(3), [1.0, 2.0]), r"^a: .*\(3,\), one for each"),
        (lambda: mu.reweighed(np.ones(3)), "^g: .*a number for each point"),
        (lambda: mu.also(np.eye(3), 1.0).reweighed(np.ones(4)), "^g: .*a number for each point of mu.x"),
        (lambda: rho.reweighed(-np.ones(16)), r"^g: .*wanted numbers >= 0.*ask points"),
        (lambda: rho.reweighed(np.ones(4)), "^g: .*a number for each node"),
        (lambda: rho.reweighed(np.arange(16) > 7), "^g"),
        (lambda: rho.reweighed((np.arange(16) > 7).astype(float)), r"^g: under-resolved.*mu\.resized\(32\)"),
        (lambda: mu.masked(np.eye(3)), r"^A: .*wanted \(4, 4\)"),
        (lambda: Masked(np.ones((2, 3))), r"^A: .*wanted \(n, n\)"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            ask()
    with pytest.raises(TypeError, match="mean: under a mask there is none"):
        mu.past().mean  # noqa: B018
    with pytest.raises(TypeError, match="energy: points that do not move"):
        mf.SA(1.0).quantities(0.0, mu.also(np.eye(3), 1.0))


def test_a_reweighed_density_that_the_plan_cannot_hold_ends_the_run() -> None:
    @dataclass(frozen=True)
    class Step(mf.Law):
        isotropic = True
        autonomous = True

        def velocity(self, t: float, x: Any, mu: Any) -> Any:
            return mf.SA(1.0).velocity(t, x, mu.reweighed(np.where(mu.x[..., 0] > 0.3, 1.1, 0.1)))

    run = mf.solve(Step(), mf.uniform(mf.Circle(32)), (0.0, 1.0), on_unresolved="stop", max_seconds=20.0)
    assert run.status is mf.Status.UNRESOLVED and "reweighed" in run.detail


def test_a_reweighed_density_that_cannot_be_asked_before_a_run_ends_it_too() -> None:
    """A law that does not say whether it changes is asked first, and that is the run's reason, not an error."""

    @dataclass(frozen=True)
    class Silent(mf.Law):
        isotropic = True

        def velocity(self, t: float, x: Any, mu: Any) -> Any:
            return mf.SA(1.0).velocity(t, x, mu.reweighed(np.where(mu.x[..., 0] > 0.3, 1.1, 0.1)))

    run = mf.solve(Silent(), mf.uniform(mf.Circle(32)), (0.0, 1.0), max_resolution=32, on_unresolved="stop")
    assert run.status is mf.Status.UNRESOLVED and "reweighed" in run.detail
    with pytest.raises(mf.UnresolvedError, match="reweighed"):
        mf.solve(Silent(), mf.uniform(mf.Circle(32)), (0.0, 1.0), max_resolution=32)


def test_a_graph_made_once() -> None:
    A = np.random.default_rng(1).uniform(0.1, 1.0, (6, 6))
    x, sight = cloud(6, 3, 2), Masked(A)
    one, two = (mf.USA(2.0).velocity(0.0, None, mf.Points(x).masked(given)) for given in (A, sight))
    np.testing.assert_array_equal(one, two)
    assert mf.Points(x).masked(sight).sight is sight
    exact = double_loop.general_velocity("USA", x, 2.0, *[np.eye(3)] * 3)
    full = mf.USA(2.0).velocity(0.0, None, mf.Points(x).masked(Masked(np.ones((6, 6)))))
    np.testing.assert_allclose(full, exact, rtol=0.0, atol=1e-14)
