"""Laws that change with time: what cannot be told of them is not, and what is kept for them is bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from scipy.integrate import simpson
from tokens import two_waves

import meanfield as mf
import particles as pt
from meanfield.methods import on_plan
from meanfield.protocols import Array, said
from meanfield.spaces import circle
from meanfield.special import bessel


@mf.register
@dataclass(frozen=True)
class Annealed(mf.Law):
    """SA with beta (1 + t), which says nothing of time."""

    beta: float
    isotropic = True

    def at(self, t: float) -> mf.SA:
        return mf.SA(self.beta * (1.0 + t))

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return self.at(t).velocity(t, x, mu)

    def divergence(self, t: float, x: Any, mu: Any) -> Any:
        return self.at(t).divergence(t, x, mu)

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        return {**self.at(t).quantities(t, mu), "order": np.sum(np.square(mu.mean), axis=-1)}


@mf.register
@dataclass(frozen=True)
class Inherited(mf.SA):
    """The same by inheritance: SA says that it is autonomous, and this velocity is not SA's."""

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(self.beta * (1.0 + t)).velocity(t, x, mu)


@mf.register
@dataclass(frozen=True)
class Declared(Annealed):
    """The same, and says so."""

    autonomous = False


@dataclass(frozen=True)
class Cooling(mf.Law):
    """Noise that comes and goes."""

    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return 0.0

    def divergence(self, t: float, x: Any, mu: Any) -> Any:
        return 0.0

    def noise(self, t: float, x: Any, mu: Any) -> Any:
        return max(0.0, t - 0.5)


LAWS = [Annealed(2.0), Inherited(2.0), Declared(2.0), mf.Sum((Annealed(2.0), mf.SA(1.0)))]


@pytest.mark.parametrize("law", [law for law in LAWS if not isinstance(law, Declared)])
def test_the_energy_of_a_law_that_changes_and_does_not_say_so_is_not_told(law: Any) -> None:
    """Seen: E of beta = 2 for a law that had come to 4, and an identity broken by 0.3, with nothing said."""
    rho = mf.Circle(64).density(two_waves)
    runs = [
        mf.solve(law, rho, (0.0, 1.0)),
        mf.solve(law, rho, (0.0, 1.0), method="lagrangian"),
        pt.simulate(law, rho.quantize(20), (0.0, 1.0)),
    ]
    for run in runs:
        assert not run.autonomous and not {"energy", "excess", "dissipation", "free_energy"} & set(run.names)
        for name in ("energy", "dissipation", "dissipated", "gained", "free_energy"):
            with pytest.raises(ValueError, match=r"changes with time.*mf\.SA\(beta\)"):
                getattr(run, name)
        assert run(0.5).energy(mf.SA(3.0)) > 0.0  # what the message advises
        assert "energy" not in run.to_xarray()
    assert ("order" in runs[0].names) != isinstance(law, Inherited)  # what is not of energy is told


@pytest.mark.rounding
def test_a_law_that_says_that_it_changes_tells_its_energy_at_every_time(tmp_path: Any) -> None:
    rho = mf.Circle(64).density(two_waves)
    law = Declared(2.0)
    runs = [
        mf.solve(law, rho, (0.0, 1.0)),
        mf.solve(law, rho, (0.0, 1.0), t_eval=[0.5, 1.0], method="lagrangian"),
        pt.simulate(law, rho.quantize(20), (0.0, 1.0)),
    ]
    for run in runs:
        assert not run.autonomous and not run.silent
        for i in (0, len(run.t) // 2, -1):
            t = float(run.t[i])
            assert run.energy[i] == pytest.approx(float(run(t).energy(mf.SA(2.0 * (1.0 + t)))), rel=1e-13)
            assert run.energy[i] == pytest.approx(float(run(t).energy(law, t=t)), rel=1e-13)
        times = np.linspace(0.0, run.t[-1], 401)
        rate = [law.at(s).quantities(s, run(s))["dissipation"] for s in times.tolist()]
        assert run.dissipated[-1] == pytest.approx(float(simpson(np.array(rate), x=times)), rel=1e-9)
        with pytest.raises(ValueError, match="has no quantity of that name"):
            run.driven  # noqa: B018
    runs[0].save(tmp_path / "run.nc")
    np.testing.assert_array_equal(mf.load(tmp_path / "run.nc").energy, runs[0].energy)


@dataclass(frozen=True)
class Humming(Declared):
    """SA with 2 + sin(1500 t)."""

    def at(self, t: float) -> mf.SA:
        return mf.SA(self.beta + math.sin(1500.0 * t))


@pytest.mark.rounding
def test_what_the_halves_of_a_step_do_not_resolve_is_told() -> None:
    """Two hundred periods of the law in a step of rk4; as the message says, shorter steps know it."""
    long, short = (
        pt.simulate(Humming(2.0), [0.0, 0.3, 0.9], (0.0, end), method="rk4", step=step)
        for end, step in ((1.0, 1.0), (0.02, 0.002))
    )
    with pytest.warns(RuntimeWarning, match=r"integrated to .* of themselves only.*step="):
        long.dissipated  # noqa: B018
    times = np.linspace(0.0, 0.02, 1001)
    rate = [Humming(2.0).quantities(t, short(t))["dissipation"] for t in times.tolist()]
    assert short.dissipated[-1] == pytest.approx(float(simpson(np.array(rate), x=times)), rel=1e-9)


def test_a_changing_law_moves_what_it_should() -> None:
    """Against a fine composition of laws that do not change, of first order in their length."""
    rho = mf.Circle(64).density(two_waves)
    end = mf.solve(Annealed(2.0), rho, (0.0, 0.5))(0.5).moments(4)
    errors = []
    for n in (20, 40):
        mu = rho
        for i in range(n):
            mu = mf.solve(mf.SA(2.0 * (1.0 + 0.5 * (i + 0.5) / n)), mu, (0.0, 0.5 / n), t_eval=[0.5 / n])(0.5 / n)
        errors.append(np.abs(mu.moments(4) - end).max())
    assert errors[1] < 2e-5 and errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)  # midpoints: second


def test_what_a_law_says_is_believed_and_nothing_else() -> None:
    """Seen: asked at four times of a run, a law that changed between them was told the energy of another, 0.598 for
    1.631."""

    @dataclass(frozen=True)
    class Silent(mf.Law):
        isotropic = True

        def velocity(self, t: float, x: Any, mu: Any) -> Any:
            return mf.SA(2.0).velocity(0.0, x, mu)

        def quantities(self, t: float, mu: Any) -> dict[str, Any]:
            return mf.SA(2.0).quantities(0.0, mu)

    assert [said(law) for law in LAWS] == [None, None, False, None]
    class Says(Silent):
        autonomous = True

    assert said(mf.SA(1.0)) and said(mf.USA(1.0) + mf.Diffusion(0.1)) and said(Silent()) is None and said(Says())
    rho = mf.Circle(64).density(two_waves)
    silent, run = (mf.solve(law, rho, (0.0, 1.0)) for law in (Silent(), Says()))
    np.testing.assert_array_equal(silent.values, run.values)
    with pytest.raises(ValueError, match=r"energy: .* does not say.*autonomous = True"):
        silent.energy  # noqa: B018
    assert run.autonomous and np.abs(run.gained - run.dissipated).max() < 1e-9 * run.gained.max()
    with pytest.raises(ValueError, match=r"does not say.*autonomous = True"):
        mf.growth_rates(Silent(), 2, 4)
    with pytest.raises(ValueError, match=r"does not say.*autonomous = True"):
        rho.energy(Silent())


def test_files_and_continuations_remember(tmp_path: Any) -> None:
    run = mf.solve(Annealed(2.0), mf.Circle(64).density(two_waves), (0.0, 0.5))
    run.save(tmp_path / "run.nc")
    for again in (mf.load(tmp_path / "run.nc"), mf.resume(run, 1.0)):
        assert not again.autonomous
        with pytest.raises(ValueError, match="changes with time"):
            again.energy  # noqa: B018


def test_what_speaks_of_one_moment_refuses() -> None:
    rho = mf.Circle(64).density(two_waves)
    for law in LAWS:
        for ask in (
            lambda law: mf.growth_rates(law, 2, 4),
            lambda law: mf.predict(law, rho),
            lambda law: mf.star_rates(law, 3),
        ):
            with pytest.raises(ValueError, match="changes with time"):
                ask(law)
    with pytest.raises(ValueError, match="changes with time"):
        pt.longtime(Inherited(4.0), [0.0, 1.0], log_t_end=3.0)
    for mu in (rho, mf.Points(rho.quantize(8)), mf.ZonalSphere(3, 8).density(lambda c: 1.0 + 0.3 * c)):
        for law in (Declared(2.0), Annealed(2.0)):
            with pytest.raises(ValueError, match=r"t: .* changes with time.*t=0\.5.*mf\.SA\(beta\)"):
                mu.energy(law)
            assert mu.energy(law, t=0.5) == mu.energy(mf.SA(3.0))
        with pytest.raises(ValueError, match="has no energy"):
            mu.energy(mf.Diffusion(0.1))
        with pytest.raises(TypeError, match=r"law: got 4\.0"):
            mu.energy(cast(Any, 4.0))


def test_noise_that_changes_with_time() -> None:
    """Seen: a density took it as it is at t = 0, here none; and points took an integrator without noise."""
    rho = mf.Circle(64).density(two_waves)
    for method in ("spectral", "lagrangian"):
        with pytest.raises(ValueError, match=r"noise of .* changes with time .*pt\.simulate"):
            mf.solve(Cooling(), rho, (0.0, 1.0), method=method)
    with pytest.raises(ValueError, match="heun"):
        pt.simulate(Cooling(), rho.quantize(8), (0.0, 1.0))
    with pytest.raises(ValueError, match="merge_tol: noise"):
        pt.simulate(Cooling(), rho.quantize(8), (0.0, 1.0), method="heun", step=0.1, merge_tol=1e-6)
    moved = pt.simulate(Cooling(), rho.quantize(8), (0.0, 1.0), [0.5, 1.0], method="heun", step=0.1, rng=0)
    np.testing.assert_array_equal(moved.x[0], rho.quantize(8))
    assert np.ptp(moved.x[1] - moved.x[0]) > 0.1
    # before it comes the two agree
    assert mf.solve(Cooling(), rho, (0.0, 0.5)).success


@dataclass(frozen=True)
class Flash(Cooling):
    """Noise for a moment, none at both ends nor where four questions would be put."""

    autonomous = False

    def noise(self, t: float, x: Any, mu: Any) -> Any:
        return 1.0 if 0.45 < t < 0.65 else 0.0


def test_noise_that_comes_and_goes_within_a_run_is_seen() -> None:
    """Seen: nothing of it, though the law says that it changes."""
    rho = mf.Circle(64).density(two_waves)
    for method in ("spectral", "lagrangian"):
        with pytest.raises(mf.RunError, match=r"The law changed.*noise of .*pt\.simulate") as told:
            mf.solve(Flash(), rho, (0.0, 1.0), method=method)
        end = told.value.solution.end
        assert end < 0.65 and mf.solve(Flash(), rho, (0.0, 0.4), method=method).success
    theta = rho.quantize(8)
    with pytest.raises(ValueError, match=r"noise.*heun") as refused:
        pt.simulate(Flash(), theta, (0.0, 1.0))
    assert vars(refused.value)["solution"].end < 0.65
    moved = pt.simulate(Flash(), theta, (0.0, 1.0), [0.4, 1.0], method="heun", step=0.01, rng=0)
    np.testing.assert_array_equal(moved.x[0], theta)
    assert np.ptp(moved.x[1] - moved.x[0]) > 0.1 and moved.noisy
    with pytest.raises(mf.RunError, match="noise, which parts what has merged: leave merge_tol out"):
        pt.simulate(Flash(), theta, (0.0, 1.0), method="heun", step=0.01, rng=0, merge_tol=1e-6)


def test_a_law_whose_quantities_take_no_time_is_refused_with_what_to_write() -> None:
    @dataclass(frozen=True)
    class Old(mf.Law):
        isotropic = True

        def velocity(self, t: float, x: Any, mu: Any) -> Any:
            return 0.0

        def quantities(self, mu: Any) -> dict[str, Any]:  # type: ignore[override]
            return {}

    rho = mf.Circle(64).density(two_waves)
    for ask in (
        lambda: mf.solve(Old(), rho, (0.0, 1.0)),
        lambda: pt.simulate(Old(), [0.0, 1.0], (0.0, 1.0)),
        lambda: rho.energy(Old()),
        lambda: mf.SA(1.0) + Old(),
        lambda: mf.Causal(Old()),
    ):
        with pytest.raises(TypeError, match=r"Old\.quantities takes no time.*def quantities\(self, t, mu\)"):
            ask()


def test_jumps_of_energy_are_told_by_who_says_that_it_changes() -> None:
    run = pt.simulate(Declared(1.0), [0.0, 0.3, 0.9], (0.0, 30.0), merge_tol=1e-6)
    assert len(run.merges) and 0.0 < run.merges[0].jump == run.jumped[-1] - sum(m.jump for m in run.merges[1:])
    run = pt.simulate(Annealed(1.0), [0.0, 0.3, 0.9], (0.0, 30.0), merge_tol=1e-6)
    assert len(run.merges) and np.isnan(run.jumped).all() and all(math.isnan(merge.jump) for merge in run.merges)


# --- what is kept --------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_plans_are_bounded_by_number() -> None:
    """Seen: one plan a stage, 102 MB at the end of a run with SA."""
    method, y = mf.Spectral().bind(Annealed(2.0), mf.Circle(64).density(two_waves), 1e-10, 1e-13)
    for t in np.linspace(0.0, 1.0, 60):
        method.rhs(float(t), y, np.empty_like(y))
    plans = method._seen._plans
    assert len(plans) <= on_plan.PLANS and len(method._seen._quick) <= on_plan.QUICK
    held = {id(laid) for _, laid in method._seen._quick.values()}
    assert held <= {id(laid) for laid in plans.values()}
    # the last ones are those kept
    assert (mf.Exponential(4.0), "ZM") in plans and (mf.Exponential(2.0), "ZM") not in plans


@pytest.mark.rounding
def test_many_heads_are_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """More kernels in one evaluation than would be kept: none of them is dropped."""
    made: list[Any] = []
    plan = circle.Circle.plan

    def counted(*args: Any) -> Any:
        made.append(args)
        return plan(*args)

    monkeypatch.setattr(circle.Circle, "plan", counted)
    law = mf.Sum(tuple(mf.SA(1.0 + 0.1 * head) for head in range(2 * on_plan.PLANS)))
    method, y = mf.Spectral().bind(law, mf.Circle(64).density(two_waves), 1e-10, 1e-13)
    for t in np.linspace(0.0, 1.0, 5):
        method.rhs(float(t), y, np.empty_like(y))
    assert len(made) == 1 + len(law.terms)


def test_tables_of_multipliers_are_bounded_by_number() -> None:
    for beta in np.linspace(1.0, 2.0, 2 * bessel.KEPT):
        mf.Exponential(float(beta)).potential(2, mf.Exponential(float(beta)).bandwidth(2))
    for table in (bessel._steps, bessel._ratios, bessel._spectrum, bessel.potential, bessel.bandwidth):
        info = table.cache_info()
        assert info.maxsize == bessel.KEPT and info.currsize <= bessel.KEPT


@dataclass(frozen=True)
class Mute(mf.Law):
    """Says nothing of time, and tells no energy."""

    isotropic = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mu.read(mf.Exponential(1.0), x, "M").M


def test_a_silent_law_without_an_energy_is_refused_by_that() -> None:
    for mu in (mf.Points([0.0, 1.0]), mf.uniform(mf.Circle(16))):
        with pytest.raises(ValueError, match="has no energy"):
            mu.energy(Mute())
