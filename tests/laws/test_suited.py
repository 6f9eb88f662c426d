"""Laws that suit no density, laws of R^d, laws that know their tokens by index: right, or refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import distances, geometry
from meanfield.geometry import ANGLES, FLAT, ROWS
from meanfield.laws import suited
from meanfield.sums.choose import COMPILED, CROSSOVER, choose

RNG = np.random.default_rng(12)
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs the extra fast")


@mf.register
@dataclass(frozen=True)
class Flat(mf.Law):
    """Softmax attention in R^d: scores beta <x, y>, values y."""

    beta: float
    geometry = "flat"

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        r = mu.read(mf.Exponential(self.beta), x, "ZM")
        return r.M / r.Z


@dataclass(frozen=True)
class Causal(mf.Law):
    """Token i sees the tokens j <= i."""

    beta: float
    labelled = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        s = np.where(np.tri(mu.x.shape[-2], dtype=bool), self.beta * mu.x @ np.swapaxes(mu.x, -1, -2), -np.inf)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        return (e / e.sum(axis=-1, keepdims=True)) @ mu.x


class Silent(Causal):
    """The same, and does not say so."""

    labelled = False


@dataclass(frozen=True)
class Ring(mf.Law):
    """Neighbours in a circle pull: kept by turning the order, and by reversing it."""

    strength: float
    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return self.strength * (np.roll(mu.x, 1, axis=-2) + np.roll(mu.x, -1, axis=-2))


@dataclass(frozen=True)
class Own(mf.Law):
    """Each token has a frequency of its own."""

    omega: tuple[float, ...]

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return np.array(self.omega)[:, None] * geometry.quarter_turn(x)


@dataclass(frozen=True)
class Window(mf.Law):
    """USA of the eight tokens before and after: of fewer it is USA."""

    beta: float
    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        i = np.arange(len(mu.weights))
        near = np.abs(i[:, None] - i) <= 8
        return mf.USA(self.beta).velocity(t, x, mu.masked(near.astype(float), per_row=False))


@dataclass(frozen=True)
class Counting(mf.Law):
    """The mean of the tokens, whatever their masses: no function of the measure either."""

    strength: float

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return np.broadcast_to(self.strength * mu.x.mean(axis=-2, keepdims=True), mu.x.shape)


@dataclass(frozen=True)
class Matrices(mf.Law):
    """Scores beta <Q x, y>."""

    beta: float

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        r = mu.read(mf.Exponential(self.beta, np.diag(np.arange(1.0, mu.d + 1.0))), x, "ZM")
        return r.M / r.Z


# --- R^d -----------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize("field", ["auto", "direct", pytest.param("compiled", marks=needs_numba)])
@pytest.mark.parametrize(("d", "n"), [(2, CROSSOVER[2] + 50), (2, COMPILED["compiled"] + 1), (3, CROSSOVER[3] + 100)])
def test_a_flat_law_beyond_every_crossover(d: int, n: int, field: Any) -> None:
    """Velocities were wrong by 3.9 of 1: the circle's and the sphere's sums answered for the directions."""
    x = np.random.default_rng(d).standard_normal((n, d))
    law, h = Flat(2.0), 0.01
    run = pt.simulate(law, x, (0.0, h), [h], method="euler", step=h, field=field)
    y = x.astype(np.longdouble)
    e = np.exp(2.0 * (y[:200] @ y.T - np.max(y[:200] @ y.T, axis=1, keepdims=True)))
    exact = (e @ y) / e.sum(axis=1, keepdims=True)
    moved = (run.x[-1][:200] - x[:200]) / h
    # scores to 30 are rounded to 30 eps, a difference of positions to 4 eps / h
    np.testing.assert_allclose(moved, np.asarray(exact, dtype=float), rtol=0.0, atol=1e-12)


def test_nothing_fast_serves_points_of_flat_space() -> None:
    kernel = mf.Exponential(2.0)
    for d in (2, 3):
        assert choose("auto", kernel, FLAT, d, 100_000) == "direct"
        for field in ("harmonic", *(["cells"] if d == 2 else [])):
            with pytest.raises(ValueError, match=f"R\\^{d}"):
                choose(field, kernel, FLAT, d, 100_000)
    with pytest.raises(ValueError, match="R\\^2"):
        pt.simulate(Flat(2.0), RNG.standard_normal((300, 2)), (0.0, 0.1), field="harmonic")


QUESTIONS: dict[str, Any] = {
    "theta": lambda run: run.theta,
    "measure's theta": lambda run: run.measures[-1].theta,
    "moments": lambda run: run.measures[-1].moments(3),
    "ring": lambda run: run.plot_ring(),
    "inner products": lambda run: run.plot_inner_products(),
    "longtime": lambda run: pt.longtime(mf.SA(4.0), run, log_t_end=3.0),
    "W1": lambda run: distances.w1_circle(run.measures[-1], [0.0, 1.0]),
    "energy": lambda run: run.measures[-1].energy(mf.SA(4.0)),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("d", [2, 3])
def test_questions_about_directions_are_refused_in_flat_space(question: str, d: int) -> None:
    run = pt.simulate(Flat(2.0), RNG.standard_normal((10, d)), (0.0, 0.1), [0.0, 0.1])
    with pytest.raises((TypeError, ValueError), match=r"R\^|circle|unit rows"):
        QUESTIONS[question](run)


@pytest.mark.rounding
def test_what_flat_space_does_answer() -> None:
    x = RNG.standard_normal((10, 2))
    run = pt.simulate(Flat(2.0), x, (0.0, 0.1), [0.0, 0.1])
    np.testing.assert_array_equal(run.x[0], x)
    np.testing.assert_allclose(run.measures[0].mean, x.mean(axis=0), rtol=0.0, atol=1e-14 * np.abs(x).max())
    assert run.to_xarray()["x"].shape == (2, 10, 2)
    # and clusters, by straight distances
    far = mf.Points(np.vstack([x, x + 100.0]), weights=np.repeat([0.02, 0.08], 10), geometry="flat")
    found = mf.clusters(far, gap=30.0)
    assert found.kind == "flat" and found.sharp
    np.testing.assert_allclose(found.centres, [x.mean(axis=0) + 100.0, x.mean(axis=0)], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(found.masses, [0.8, 0.2], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(found.widths, np.sqrt(x.var(axis=0).sum()), rtol=1e-12)
    assert mf.order_parameters(run.measures[0]).resultant == pytest.approx(np.linalg.norm(x.mean(axis=0)), rel=1e-14)
    assert mf.track(run, gap=50.0).counts.tolist() == [1, 1]
    # the remedy of the refusals
    mu = run.measures[0]
    there = mf.Points(mu.x / np.linalg.norm(mu.x, axis=-1, keepdims=True), weights=mu.weights)
    assert mf.clusters(there).kind == "angles"


def test_a_flat_law_moves_no_density() -> None:
    rho0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    with pytest.raises(ValueError, match=r"R\^d.*pt\.simulate"):
        mf.solve(Flat(2.0), rho0, (0.0, 1.0))
    with pytest.raises(ValueError, match="law"):
        mf.growth_rates(Flat(2.0), 2, 4)


# --- laws with labels ----------------------------------------------------------------------------------------

SILENT = [Silent(4.0), Silent(1e5), Ring(1.0), Own((1.0, 2.0, 3.0)), Counting(1.0), Window(2.0)]
LABELLED = [Causal(4.0), mf.SA(4.0) + Causal(2.0), *SILENT]


@pytest.mark.parametrize("law", LABELLED, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_labelled_laws_move_no_density(law: Any, method: Any) -> None:
    """A causal law ran over the quadrature points' order until "under-resolved at t = 7e-8", 104 s later."""
    rho0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    with pytest.raises(ValueError, match=r"law: .*index or number.*pt\.simulate"):
        mf.solve(law, rho0, (0.0, 1.0), method=method)


@pytest.mark.parametrize("law", LABELLED, ids=lambda law: type(law).__name__)
def test_labelled_laws_do_not_merge(law: Any) -> None:
    """It was "operands could not be broadcast together"."""
    theta = np.array([0.0, 1.0, 3.0])
    with pytest.raises(ValueError, match=r"merge_tol: .*leave it out"):
        pt.simulate(law, theta, (0.0, 1.0), merge_tol=1e-6)
    assert pt.simulate(law, theta, (0.0, 0.1)).success


def test_a_sum_is_labelled_if_a_term_is() -> None:
    assert (mf.SA(4.0) + Causal(2.0)).labelled and not (mf.SA(4.0) + mf.USA(2.0)).labelled


def test_the_remedies_work_as_written() -> None:
    rho0, law, t_span = mf.perturbed_uniform(mf.Circle(32), {1: 0.3}), Causal(4.0), (0.0, 0.01)
    assert pt.simulate(law, rho0.sample(1000, rng=0), t_span, [0.01], method="euler", step=0.01).success


@pytest.mark.parametrize(
    "law",
    [
        *(mf.SA(beta, scale="scaled") for beta in (0.0, 4.0, 300.0, 1e6, 1e12)),
        *(mf.USA(beta, scale="scaled") for beta in (0.0, 4.0, 300.0, 1e6, 1e12)),
        mf.USA(700.0),
        mf.SA(4.0, sign=-1) + mf.Diffusion(0.1),
        mf.Diffusion(0.1),
        Matrices(1.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("d", [2, 3, 40])
def test_functions_of_the_measure_are_not_taken_for_labelled(law: Any, d: int) -> None:
    assert suited.difference(law, d, 0.0) == ""


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
@pytest.mark.parametrize("d", [2, 3, 8, 128, 512])
def test_attention_is_not_taken_for_labelled_at_any_beta(kind: Any, d: int) -> None:
    """Tokens far apart hardly pull, and twins pull each other by rounding: SA(100) moved no density of S^127."""
    for beta in (0.0, 1e-8, 9.0, 40.0, 100.0, 400.0, 1e4, 1e6):
        for scale in ("scaled", "relative"):
            assert suited.difference(kind(beta, scale=scale), d, 0.0) == ""


@dataclass(frozen=True)
class Heads(mf.Law):
    """Several inverse temperatures, held in a list, which has no hash."""

    betas: list[float]
    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return sum(np.array(mf.SA(beta).velocity(t, x, mu)) for beta in self.betas)


def test_a_law_that_holds_a_list_moves_a_density() -> None:
    rho = mf.perturbed_uniform(mf.Circle(32), {1: 0.2})
    heads = mf.solve(Heads([1.0, 2.0]), rho, (0.0, 0.1), t_eval=[0.1])
    both = mf.solve(mf.SA(1.0) + mf.SA(2.0), rho, (0.0, 0.1), t_eval=[0.1])
    np.testing.assert_allclose(heads.coefficients[-1], both.coefficients[-1], rtol=0.0, atol=1e-9)


def test_a_law_asked_with_another_field_may_be_labelled() -> None:
    """The field was tried on one token, which a law of three frequencies cannot answer."""
    run = pt.simulate(Own((1.0, 2.0, 3.0)), [0.0, 1.0, 2.0], (0.0, 1.0), [1.0], field="harmonic")
    np.testing.assert_allclose(run.x[-1], [1.0, 3.0, 5.0], rtol=0.0, atol=1e-8)


def test_a_labelled_law_has_no_long_time() -> None:
    @dataclass(frozen=True)
    class MaskedSA(mf.SA):
        labelled = True

    with pytest.raises(ValueError, match="law"):
        pt.longtime(MaskedSA(4.0), [0.0, 1.0], log_t_end=3.0)


# --- laws with matrices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "remedy"), [(2, "mf.Circle"), (3, "mf.Sphere"), (8, "pt.simulate")])
@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_matrices_break_the_symmetry_of_zonal_densities(d: int, remedy: str, method: Any) -> None:
    """It was AttributeError: 'NoneType' object has no attribute 'shape'."""
    rho0 = mf.ZonalSphere(d, 16).density(lambda c: 1.0 + 0.3 * c)
    with pytest.raises(ValueError, match=f"law: .*not isotropic.*{remedy}"):
        mf.solve(Matrices(1.0), rho0, (0.0, 1.0), method=method)


def test_matrices_are_welcome_where_rows_are() -> None:
    rho0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    t = 0.1
    rho = mf.solve(Matrices(1.0), rho0, (0.0, t), t_eval=[t])(t)
    points = pt.simulate(Matrices(1.0), rho0.quantize(2000), (0.0, t), [t], rtol=1e-6)
    # a quantised density of n points has moments to 1/n^2
    np.testing.assert_allclose(points.measures[-1].mean, rho.mean, rtol=0.0, atol=2e-6)


def test_a_measure_is_not_flat_by_accident() -> None:
    assert mf.Points([0.0, 1.0]).geometry == ANGLES and mf.Points(np.eye(3)).geometry == ROWS
    assert mf.Points(np.zeros((3, 2)), geometry="flat").geometry == FLAT


@dataclass(frozen=True)
class Slanted(mf.Law):
    """Noise of another strength in every direction."""

    autonomous = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return np.zeros_like(mu.x)

    def noise(self, t: float, x: Any, mu: Any) -> Any:
        return np.linspace(0.1, 0.2, mu.d) * np.ones_like(mu.x)


def test_noise_by_direction_is_refused_on_spheres() -> None:
    """On angles the first column was taken for all, in silence."""
    steps: dict[str, Any] = {"method": "euler-maruyama", "step": 0.1, "rng": 0}
    for x in ([0.0, 1.0], np.eye(3)):
        with pytest.raises(ValueError, match=r"noise: .*one for every token, of shape \(..., n, 1\)"):
            pt.simulate(Slanted(), x, (0.0, 1.0), **steps)
