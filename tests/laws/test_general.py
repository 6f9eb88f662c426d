"""General attention: matrices Q, K, V, against the printed loop, independent runs and differences."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tokens import K2, K3, Q2, Q3, V2, V3, tokens, two_waves

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.exact import double_loop

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(float).eps)


# --- the field -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("rows", [3, 2])
def test_velocities_are_the_printed_loop_s(kind: str, rows: int) -> None:
    rng = np.random.default_rng(0)
    for n in (5, 600):  # one tile and several
        x, w = pt.uniform(n, 3, rng), rng.dirichlet(np.ones(n))
        law = getattr(mf, kind)(2.0, Q=Q3[:rows], K=K3[:rows], V=V3)
        printed = double_loop.general_velocity(kind, x, 2.0, Q3[:rows], K3[:rows], V3, weights=w)
        for field in ("direct", "auto"):
            v = geometry.project(x, law.velocity(0.0, x, mf.Points(x, weights=w, field=field)))
            np.testing.assert_allclose(v, printed, rtol=0.0, atol=1e-13 * np.abs(printed).max())


def test_compiled_sums_agree() -> None:
    pytest.importorskip("numba")
    x = pt.uniform(700, 3, 1)
    asked: list[dict[str, Any]] = [{"V": V3}, {"Q": Q3, "V": V3}, {"Q": Q3[:2], "K": K3[:2]}]
    for matrices in asked:
        for beta in (2.0, 900.0):
            law = mf.SA(beta, **matrices, scale="scaled")
            fast, slow = (mf.Points(x, field=field) for field in ("compiled", "direct"))
            for ask in (law.velocity, law.divergence):
                a, b = ask(0.0, x, fast), ask(0.0, x, slow)
                np.testing.assert_allclose(a, b, rtol=0.0, atol=64.0 * beta * EPS * np.abs(b).max())


@pytest.mark.parametrize("law", [mf.SA(2.0, Q=Q3, K=K3, V=V3), mf.USA(1.0, V=V3), mf.SA(500.0, V=V3, scale="scaled"),
                                 mf.SA(3.0, Q=Q3[:2], K=K3[:2]), mf.USA(2.0, Q=Q3, scale="scaled")], ids=str)
def test_divergence_is_that_of_the_velocity(law: Any) -> None:
    """By differences of the velocity along two great circles at every point."""
    x, at = pt.uniform(40, 3, 2), pt.uniform(7, 3, 3)
    mu = mf.Points(x)
    told = law.divergence(0.0, at, mu)
    h = 1e-3 / (1.0 + law.beta) ** 0.5
    frame = np.linalg.svd(at[:, None])[2][:, 1:]
    total = np.zeros(len(at))
    for k in range(2):
        e = frame[:, k]

        def along(s: float, e: Array = e) -> Array:
            y = np.cos(s) * at + np.sin(s) * e
            v = law.velocity(0.0, y, mu)
            return np.asarray(np.sum(v * (np.cos(s) * e - np.sin(s) * at), axis=-1))

        total += sum(w * (along(j * h) - along(-j * h)) for j, w in ((1, 0.75), (2, -0.15), (3, 1.0 / 60.0))) / h
    np.testing.assert_allclose(told, total, rtol=0.0, atol=1e-9 * np.abs(total).max())


def test_the_identity_matrices_are_none() -> None:
    one, x = np.eye(3), pt.uniform(30, 3, 4)
    for kind in (mf.SA, mf.USA):
        plain, law = kind(4.0), kind(4.0, Q=one, K=one, V=one)
        mu = mf.Points(x)
        v = geometry.project(x, plain.velocity(0.0, x, mu))
        np.testing.assert_allclose(geometry.project(x, law.velocity(0.0, x, mu)), v, rtol=0.0, atol=1e-14 * np.exp(4.0))
        both = plain.quantities(0.0, mu), law.quantities(0.0, mu)
        assert all(both[1][name] == pytest.approx(both[0][name], rel=1e-12) for name in both[1])
        div = (plain.divergence(0.0, x, mu), law.divergence(0.0, x, mu))
        np.testing.assert_allclose(*div, rtol=0.0, atol=1e-13 * np.abs(div[0]).max())


def test_values_in_every_scale() -> None:
    """V alone leaves lambda_0 what it is: the factor of USA's velocity and divergence, and of E, in each scale."""
    x = pt.uniform(30, 3, 7)
    mu = mf.Points(x)
    for name in ("scaled", "relative"):
        factor = np.exp(mf.USA(4.0, scale=name).log_factor(3))
        plain, law = mf.USA(4.0, V=V3), mf.USA(4.0, scale=name, V=V3)
        for a, b in ((law.velocity, plain.velocity), (law.divergence, plain.divergence)):
            one, other = a(0.0, x, mu), factor * b(0.0, x, mu)
            np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-13 * np.abs(other).max())
        for kind in (mf.SA, mf.USA):
            known, told = (kind(4.0, scale=name, V=V).quantities(0.0, mu) for V in (None, np.eye(3)))
            assert all(told[k] == pytest.approx(known[k], rel=1e-12) for k in ("energy", "dissipation", "free_energy"))


# --- runs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "first", "last"),
    [
        (3, (0.954978989240594087, -0.133335801459422544, 0.265022063530919508),
         (-0.493988814209365295, -0.827307727491493782, -0.267463970412624809)),
        (2, (0.943683796884430618, -0.170127544773884016, 0.283756074837165005),
         (-0.523577357661840008, -0.810889543430058373, -0.261390319062579556)),
    ],
)  # fmt: skip
def test_five_tokens(rows: int, first: Any, last: Any) -> None:
    """An independent run of 34 digits: Gragg, Bulirsch and Stoer, y' = |y| a(y / |y|) without a projection."""
    law = mf.SA(2.0, Q=Q3[:rows], K=K3[:rows], V=V3)
    x = pt.simulate(law, tokens(5), (0.0, 2.0), [2.0], rtol=1e-12, atol=1e-14).x[-1]
    np.testing.assert_allclose(x[[0, -1]], [first, last], rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
@pytest.mark.parametrize(
    ("beta", "rows", "known"),
    [
        (2.0, 2, (0.168948376141642 + 0.0400559427430638j, 0.148118773237577 - 0.161728041818102j,
                  0.0323964701619543 - 0.00339388886332617j)),
        (1.0, 1, (0.191159827513294 + 0.0414845048739767j, 0.115076608651189 - 0.0454829382317635j,
                  0.024539651103956 + 0.0131322944090522j)),
    ],
)  # fmt: skip
def test_densities_on_the_circle(beta: float, rows: int, known: Any, method: Any) -> None:
    Q, K = (Q2, K2) if rows == 2 else (np.array([[1.0, 0.5]]), np.array([[0.7, -0.4]]))
    law = mf.SA(beta, Q=Q, K=K, V=V2)
    run = mf.solve(law, mf.Circle(64).density(two_waves), (0.0, 0.5), t_eval=[0.5], method=method)
    np.testing.assert_allclose(np.conj(run(0.5).moments(3)[1:]), np.conj(known), rtol=0.0, atol=1e-10)


@pytest.mark.parametrize(
    ("space", "beta", "t"), [(mf.Circle(16), 500.0, 0.2), (mf.Sphere(4), 40.0, 0.02)], ids=["circle", "sphere"]
)
def test_kernels_finer_than_the_density(space: Any, beta: float, t: float) -> None:
    """V = 1 is no matrix at all: sums over the density's own nodes did not see a narrow kernel, and nothing moved."""
    rho = space.density(two_waves if space.d == 2 else lambda x: 1.0 + 0.3 * x[..., 2] + 0.2 * x[..., 0])
    for kind in (mf.SA, mf.USA):
        plain, law = (kind(beta, scale="relative", V=V) for V in (None, np.eye(space.d)))
        a, b = (mf.solve(one, rho, (0.0, t), rtol=1e-10)(t) for one in (plain, law))
        moved = np.abs(a.mean - rho.mean).max()
        assert moved > 1e-6
        np.testing.assert_allclose(b.mean, a.mean, rtol=0.0, atol=1e-6 * moved)
        known, told = (one.quantities(0.0, rho) for one in (plain, law))
        for name in ("energy", "dissipation"):
            assert told[name] == pytest.approx(known[name], rel=1e-9)


def test_heads_add() -> None:
    a, b = mf.SA(2.0, Q=Q3, V=V3), mf.SA(1.0, K=K3)
    x = pt.uniform(9, 3, 5)
    mu = mf.Points(x)
    both = a.velocity(0.0, x, mu) + b.velocity(0.0, x, mu)
    np.testing.assert_allclose((a + b).velocity(0.0, x, mu), both, rtol=1e-14)


# --- energy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_gradient_flow_has_its_energy(kind: str, sign: int) -> None:
    """Q^T K = V symmetric: E by the double sum, dE/dt by its identity; of points and of a density."""
    B = np.array([[1.0, 0.3], [0.3, -0.5]])
    law = getattr(mf, kind)(1.5, sign, K=B, V=B)
    theta = pt.uniform_angles(12, 6)
    x = geometry.to_rows(theta)
    E = np.exp(1.5 * x @ B @ x.T).mean() / 3.0
    assert law.quantities(0.0, mf.Points(theta))["energy"] == pytest.approx(E, rel=1e-13)
    run = pt.simulate(law, theta, (0.0, 1.0), rtol=1e-11, atol=1e-13)
    rho = mf.Circle(64).density(two_waves)
    sol, carried = (mf.solve(law, rho, (0.0, 0.5), method=method) for method in ("spectral", "lagrangian"))
    assert carried.energy[0] == pytest.approx(sol.energy[0], rel=1e-12)
    for record in (run, sol, carried):
        np.testing.assert_allclose(record.gained, record.dissipated, rtol=0.0, atol=1e-9 * np.abs(record.gained).max())
        assert sign * record.gained[-1] > 0.0
    node = geometry.to_rows(mf.Circle(64).nodes)
    rho = two_waves(mf.Circle(64).nodes) / 64.0
    assert sol.energy[0] == pytest.approx(rho @ np.exp(1.5 * node @ B @ node.T) @ rho / 3.0, rel=1e-12)
    zero = getattr(mf, kind)(0.0, K=B, V=B).quantities(0.0, mf.Points(theta))["energy"]
    assert zero == pytest.approx(0.5 * x.mean(0) @ B @ x.mean(0), rel=1e-12)


def test_other_matrices_have_none() -> None:
    asked: list[dict[str, Any]] = [{"Q": Q3, "K": K3}, {"V": V3}, {"K": V3, "V": V3}]
    for matrices in asked:
        assert mf.SA(2.0, **matrices).quantities(0.0, mf.Points(tokens(5))) == {}
    with pytest.raises(ValueError, match="no energy"):
        mf.Points(tokens(5)).energy(mf.SA(2.0, V=V3))


# --- functions of time -----------------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class Turning:
    """(1 + t / 2) V3."""

    rate: float = 0.5

    def __call__(self, t: float) -> Array:
        return (1.0 + self.rate * t) * V3


def test_values_that_change_with_time(tmp_path: Any) -> None:
    """Factors on V alone are ones on time: t + t^2 / 4."""
    law = mf.SA(2.0, Q=Q3, K=K3, V=Turning())
    assert not law.autonomous and "V (t)" in str(law)
    run = pt.simulate(law, tokens(5), (0.0, 2.0), [2.0], rtol=1e-12, atol=1e-14)
    same = pt.simulate(mf.SA(2.0, Q=Q3, K=K3, V=V3), tokens(5), (0.0, 3.0), [3.0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(run.x[-1], same.x[-1], rtol=0.0, atol=1e-10)
    run.save(tmp_path / "run.nc")
    assert pt.load(tmp_path / "run.nc").law == law
    plain = pt.simulate(mf.SA(2.0, V=lambda t: V3), tokens(5), (0.0, 0.1))
    with pytest.raises(TypeError, match=r"V.*register"):
        plain.save(tmp_path / "no.nc")


@pytest.mark.parametrize(
    ("name", "first", "then", "word"),
    [
        # one row would be one tangent component of every angle
        ("V", V2, V2[:1], r"V\(0\..*shape \(1, 2\), wanted \(2, 2\)"),
        ("V", V3, V3[:, :2], r"V\(0\..*shape \(3, 2\), wanted \(3, 3\)"),
        ("V", V3, V3[:1], r"V\(0\..*shape \(1, 3\), wanted \(3, 3\)"),
        ("K", K3, K2, r"K\(0\..*shape \(2, 2\), wanted \(m, 3\)"),
        ("Q", Q3, None, r"Q\(0\..*None"),
    ],
)
def test_functions_of_time_keep_their_shape(name: str, first: Any, then: Any, word: str) -> None:
    x = [0.0, 1.0, 2.0] if len(first) == 2 else tokens(5)
    for kind in (mf.SA, mf.USA):
        matrices: dict[str, Any] = {name: lambda t: first if t < 0.5 else then}
        law = kind(2.0, **matrices)
        with pytest.raises(TypeError if then is None else mf.RunError, match=word) as told:
            pt.simulate(law, x, (0.0, 1.0))
        assert vars(told.value)["solution"].end < 0.5


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"Q": lambda t: V2 if t < 0.5 else np.inf * V2}, r"Q\(0\..* finite .*inf"),
        ({"K": lambda t: V2 if t < 0.5 else np.nan * V2}, r"K\(0\..* finite .*nan"),
        ({"V": lambda t: V2 if t < 0.5 else np.inf * V2}, r"V\(0\..* finite .*inf"),
        ({"V": lambda t: V2 * (1.0 / (t < 0.5))}, "division by zero"),
        ({"beta": lambda t: 1.0 - 2.0 * t}, r"beta\(0\..* >= 0"),
    ],
    ids=["Q", "K", "V", "fails", "beta"],
)
def test_a_function_of_time_that_ends_ends_the_run(setting: dict[str, Any], word: str) -> None:
    """Seen: a bare ValueError, which advised to drop entries of a matrix.  What the message advises works."""
    law = mf.SA(**{"beta": 1.0, **setting})
    rho = mf.Circle(32).density(two_waves)
    for moved in (
        lambda end: pt.simulate(law, [0.0, 1.0, 2.0], (0.0, end)),
        lambda end: mf.solve(law, rho, (0.0, end)),
        lambda end: mf.solve(law, rho, (0.0, end), method="lagrangian"),
    ):
        with pytest.raises(mf.RunError, match=word) as told:
            moved(1.0)
        run = told.value.solution
        assert run.status is mf.Status.LAW_CHANGED and 0.0 < run.end < 0.5 and "end the run while" in run.message
        assert mf.resume(run, 0.499).success and moved(0.499).success
    with pytest.raises(ValueError, match=word):  # of a question it is bad input
        law.velocity(0.75, None, mf.Points([0.0, 1.0]))


def test_values_in_the_question() -> None:
    mu, k = mf.Points(tokens(5)), mf.Exponential(1.0)
    r = mu.read(k, None, "M", V3[:2].tolist())
    np.testing.assert_allclose(r.M, mu.read(k, mu.x, "M").M @ V3[:2].T, rtol=0.0, atol=1e-14)
    for want, V, word in (("M", V2, r"V: .*\(m, 3\)"), ("M", V3[0], r"V: .*\(m, 3\)"), ("L", V3[:2], r"V: .*m >= 3")):
        for field in ("direct", "auto"):
            with pytest.raises(ValueError, match=word):
                mf.Points(tokens(5), field=field).read(k, None, want, V)


# --- settings, refusals ------------------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class Pulled(mf.Law):
    """A stranger's law, as one writes a frozen dataclass: x' = A x."""

    A: Any
    label: str = dataclasses.field(default="", compare=False)

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return (mu.x if x is None else x) @ np.asarray(self.A).T


def test_a_strangers_law_with_a_matrix_is_equal_by_value(tmp_path: Any) -> None:
    """The dataclass's own == asks whether an array is true, and its hash is of none."""
    one, same, other = Pulled(V3), Pulled(V3.copy(), "named"), Pulled(2.0 * V3)
    assert one == same and hash(one) == hash(same) and one != other and len({one, same, other}) == 2
    assert one != mf.SA(1.0) and (one + mf.SA(1.0)) == (same + mf.SA(1.0))
    pt.simulate(one, tokens(3), (0.0, 0.1)).save(tmp_path / "pulled.nc")
    assert mf.load(tmp_path / "pulled.nc").law == one

    class Own(Pulled):
        def __eq__(self, value: object) -> bool:
            return self is value

        __hash__ = object.__hash__

    assert Own(V3) != Own(V3)


def test_laws_are_equal_by_their_matrices(tmp_path: Any) -> None:
    a, b = mf.SA(2.0, Q=Q3, V=V3), mf.SA(2.0, Q=Q3.copy(), V=V3 + 0.0)
    assert a == b and hash(a) == hash(b) and len({a, b}) == 1
    assert a != mf.SA(2.0, Q=Q3, V=V2) and a != mf.USA(2.0, Q=Q3, V=V3) and a != mf.SA(2.0)
    assert mf.SA(2.0, Q=Q3).kernel() == mf.Exponential(2.0, Q=Q3) and mf.SA(2.0).kernel() == mf.Exponential(2.0)
    assert mf.SA(0.0) == mf.SA(-0.0) and str(a) == "SA(beta=2, Q (3, 3), V (3, 3))"
    run = pt.simulate(a, tokens(5), (0.0, 0.1))
    run.save(tmp_path / "run.nc")
    assert pt.load(tmp_path / "run.nc").law == a


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: mf.SA(2.0, Q="one"), "Q"),
        (lambda: mf.SA(2.0, K=np.ones(3)), "K"),
        (lambda: mf.SA(2.0, V=np.full((3, 3), np.nan)), "V"),
        (lambda: mf.SA(2.0, Q=np.ones((2, 3)), K=np.ones((3, 3))), "same number of rows"),
        (lambda: mf.SA(2.0, Q=np.ones((2, 3))), "Q alone must be square"),
        (lambda: mf.USA(2.0, scale="relative", Q=Q3), 'scale="scaled"'),
        (lambda: pt.simulate(mf.SA(2.0, Q=Q3), [0.0, 1.0], (0.0, 1.0)), r"Q: got shape \(3, 3\), wanted \(m, 2\)"),
        (lambda: pt.simulate(mf.SA(2.0, V=np.ones((2, 3))), tokens(5), (0.0, 1.0)), r"V: got shape \(2, 3\)"),
        (lambda: mf.rescaled_energy(mf.SA(2.0, K=np.diag([3.0, 1.0]), V=np.diag([3.0, 1.0])), [1.0]), "no staircase"),
        (lambda: mf.Points([0.0, 1.0]).energy(mf.SA(2.0, V=V3)), r"V: got shape \(3, 3\), wanted \(2, 2\)"),
        (lambda: mf.Points([0.0, 1.0]).energy(mf.SA(2.0, K=V3)), r"K: got shape \(3, 3\), wanted \(m, 2\)"),
        (lambda: mf.SA(2.0, V=V3).velocity(0.0, None, mf.Points([0.0, 1.0])), "V: got shape"),
        (lambda: pt.simulate(mf.SA(2.0, scale="scaled", Q=1e200 * Q3, K=1e200 * K3), tokens(5), (0.0, 1.0)), "divide"),
        (lambda: mf.solve(mf.SA(2.0, V=V3), mf.Circle(32).density(two_waves), (0.0, 1.0)), "V: got shape"),
        (lambda: pt.simulate(mf.USA(300.0, K=3.0 * Q3), tokens(5), (0.0, 1.0)), 'scale="scaled"'),
        (lambda: mf.solve(mf.SA(2.0, V=V3), mf.ZonalSphere(3, 16).density(lambda c: 1 + 0.3 * c), (0.0, 1.0)), "symm"),
        (lambda: mf.growth_rates(mf.SA(2.0, V=V3), 3, 8), "not isotropic"),
        (lambda: pt.longtime(mf.SA(2.0, V=V3), tokens(5), log_t_end=9.0), "law"),
    ],
)
def test_refusals(make: Any, word: str) -> None:
    with pytest.raises((TypeError, ValueError), match=word):
        make()
