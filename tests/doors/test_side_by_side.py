"""Several densities in one run, under one law or one law each: every member as if it had been moved alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.spaces.several import stacked

CIRCLE = mf.Circle(64)
BUMPS = [mf.perturbed_uniform(CIRCLE, {1: 0.1 + 0.05 * k, 2: 0.05j * k}) for k in range(4)]
V = np.diag([1.0, 0.5])
SPAN = (0.0, 0.5)
LAWS: dict[str, Any] = {
    "one": mf.SA(4.0),
    "noise": mf.USA(2.0) + mf.Diffusion(0.1),
    "matrices": mf.SA(2.0, V=V),
    "heads": mf.SA(1.0) + mf.SA(2.0, V=V),
    "each": [mf.SA(float(beta)) for beta in range(1, 5)],
    "in any order": [mf.SA(1.0), mf.USA(2.0), mf.SA(1.0), mf.USA(2.0)],
    "noise each": [mf.SA(beta) + mf.Diffusion(0.1) for beta in (1.0, 2.0, 1.0, 3.0)],
    "some with matrices": [mf.SA(1.0), mf.SA(2.0, V=V), mf.SA(1.0), mf.SA(3.0)],
    "some in time": [mf.SA(1.0), mf.SA(lambda t: 1.0 + t), mf.SA(1.0), mf.SA(2.0)],
}
NEAR = 1e-11
"""Steps are not those of one alone: each run is good to its tolerance, 1e-10 of coefficients below 1, or better."""


def laws(law: Any) -> list[mf.Law]:
    return law if isinstance(law, list) else [law] * len(BUMPS)


@pytest.mark.rounding
@pytest.mark.parametrize("name", LAWS)
def test_each_member_is_moved_as_if_alone(name: str) -> None:
    law = LAWS[name]
    together = mf.solve(law, BUMPS, SPAN, t_eval=np.linspace(*SPAN, 6))
    alone = [mf.solve(one, rho, SPAN, t_eval=together.t) for one, rho in zip(laws(law), BUMPS, strict=True)]
    for t in (0.2, 0.37):
        want = np.stack([sol(t).moments(12) for sol in alone])
        np.testing.assert_allclose(together(t).moments(12), want, rtol=0.0, atol=NEAR)
    assert set(together.names) == set.intersection(*(set(sol.names) for sol in alone)) | (
        {"driven"} if "driven" in together.names else set()
    )
    for told in together.names:
        want = np.stack([sol.quantity(told) if told in sol.names else 0.0 * sol.energy for sol in alone], axis=1)
        np.testing.assert_allclose(together.quantity(told), want, rtol=0.0, atol=10.0 * NEAR)
    assert together.mass.shape == together.minimum.shape == (6, 4)
    assert together.covariance.shape == (6, 4, 2, 2) and together.values.shape == (6, 4, 64)


@pytest.mark.rounding
@pytest.mark.parametrize("space", [mf.ZonalSphere(3, 16), mf.ZonalSphere(8, 16), mf.Sphere(16)], ids=str)
def test_spaces_without_transforms_of_many_rows(space: mf.protocols.Space) -> None:
    pole = np.eye(space.d)[-1]
    rhos = [mf.von_mises_fisher(space, pole, kappa) for kappa in (0.3, 0.6, 1.0)]
    together = mf.solve(mf.SA(2.0), rhos, SPAN, t_eval=[0.0, 0.5])
    alone = [mf.solve(mf.SA(2.0), rho, SPAN, t_eval=[0.0, 0.5]) for rho in rhos]
    np.testing.assert_allclose(together.energy, np.stack([sol.energy for sol in alone], axis=1), rtol=0.0, atol=NEAR)


def test_one_much_nearer_the_uniform_density_than_others_is_told() -> None:
    tiny = mf.perturbed_uniform(CIRCLE, {2: 1e-9})
    with pytest.warns(UserWarning, match=r"1 of 2 densities \(number 1 first\)"):
        mf.solve(mf.SA(4.0), [BUMPS[3], tiny], (0.0, 0.1), t_eval=[0.0, 0.1])
    both = mf.solve(mf.SA(4.0), [tiny, mf.uniform(CIRCLE)], (0.0, 1.0), t_eval=[0.0, 1.0])
    grown = abs(both(1.0)[0].moments(2)[2]) / abs(tiny.moments(2)[2])
    assert grown == pytest.approx(np.exp(mf.growth_rates(mf.SA(4.0), 2, 2)[-1]), rel=1e-7)


def test_the_identity_holds_for_every_member() -> None:
    sol = mf.solve(LAWS["some in time"], BUMPS, SPAN)
    size = np.abs(sol.gained).max(axis=0)
    assert np.all(np.abs(sol.gained - sol.dissipated - sol.driven).max(axis=0) <= 1e-8 * size)


@pytest.mark.rounding
def test_a_replica_is_a_run_of_its_own(tmp_path: object) -> None:
    sol = mf.solve(LAWS["each"], BUMPS, SPAN)
    one = sol.replica(2)
    assert (one.law, one.lead, sol.lead) == (mf.SA(3.0), (), (4,))
    np.testing.assert_array_equal(one(0.3).coefficients, sol(0.3)[2].coefficients)
    np.testing.assert_allclose(one.energy, sol.energy[:, 2], rtol=1e-14)
    np.testing.assert_allclose(one.dissipated, sol.dissipated[:, 2], rtol=0.0, atol=1e-15)
    assert one.title.endswith("replica 2") and one.segments[0].unknowns == 33
    assert len(mf.clusters(sol(0.5), replica=2).masses) == len(mf.clusters(one(0.5)).masses)
    order = mf.order_parameters(sol(0.5), replica=2)
    assert order.resultant == mf.order_parameters(one(0.5)).resultant


def test_saved_resumed_and_exported(tmp_path: object) -> None:
    sol = mf.solve(LAWS["in any order"], BUMPS, SPAN)
    sol.save(f"{tmp_path}/run.nc")
    back = mf.load(f"{tmp_path}/run.nc")
    assert back.law == sol.law and back.lead == (4,)
    np.testing.assert_array_equal(back(0.3).coefficients, sol(0.3).coefficients)
    whole = mf.solve(LAWS["in any order"], BUMPS, (0.0, 0.8))
    np.testing.assert_array_equal(mf.resume(back, 0.8)(0.8).coefficients, whole(0.8).coefficients)
    alone = mf.resume(back.replica(1), 0.8)
    np.testing.assert_allclose(alone(0.8).moments(12), whole(0.8)[1].moments(12), rtol=0.0, atol=NEAR)
    ds = sol.to_xarray()
    assert ds["rho"].dims == ("t", "replica", "theta") and ds["energy"].dims == ("t", "replica")


def test_pictures_are_of_one(tmp_path: object) -> None:
    sol = mf.solve(mf.SA(1.0), BUMPS[:2], (0.0, 0.2), t_eval=[0.0, 0.1, 0.2])
    for draw in (sol.plot, sol.plot_profiles, sol.plot_energy, sol.plot_spectrum):
        axes = draw(replica=1)
        first = axes[0] if isinstance(axes, tuple | list | np.ndarray) else axes
        assert "replica 1" in first.figure.axes[0].get_title(loc="left")
    sol.animate(f"{tmp_path}/run.gif", frames=2, replica=-1)


def test_resolutions_are_made_alike() -> None:
    fine = mf.perturbed_uniform(mf.Circle(128), {3: 0.2})
    many = stacked("rho0", [BUMPS[0], fine])
    assert many.space == mf.Circle(128) and many.lead == (2,)
    assert [float(rho.mass) for rho in many] == pytest.approx([1.0, 1.0])
    assert many[0:1].lead == (1,) and many[-1].lead == ()


@pytest.mark.rounding
def test_which_diverges_is_told() -> None:
    from meanfield.methods.spectral import Coefficients

    method = Coefficients(mf.SA(1.0), CIRCLE, 1e-12, 64)
    y = np.stack([rho.coefficients for rho in BUMPS])
    y[2, 5] = 3.0
    assert "of number 2 is 3" in method._diverged(0.0, y)


REFUSED = {
    "no density": ((mf.SA(1.0), []), "rho0: got no densities"),
    "not one": ((mf.SA(1.0), [BUMPS[0], 3.0]), "as number 1 of the list"),
    "elsewhere": ((mf.SA(1.0), [BUMPS[0], mf.uniform(mf.Sphere(8))]), "number 1 lives on"),
    "no law": (([], BUMPS), "got no law at all"),
    "no such law": (([mf.SA(1.0), 3.0], BUMPS[:2]), "law"),
    "too few laws": (([mf.SA(1.0), mf.SA(2.0)], BUMPS), "got 2 of them for densities of shape"),
    "another noise": (([mf.SA(1.0), mf.SA(1.0) + mf.Diffusion(0.1)], BUMPS[0]), "have the same"),
    "elsewhere, a law": (([mf.SA(1.0), mf.SA(1.0, geometry="flat")], BUMPS[0]), "differ in geometry"),
    "an index": (([mf.SA(1.0), mf.Kuramoto([0.1, 0.2])], BUMPS[0]), "index|number|differ"),
    "a Gaussian": (([mf.SA(1.0), mf.SA(2.0)], mf.Gaussian(np.zeros(2), np.eye(2))), "wanted densities"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str) -> None:
    (law, rho0), words = REFUSED[case]
    with pytest.raises((TypeError, ValueError), match=words):
        mf.solve(law, rho0, SPAN)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["lagrangian", "finite-volume", "minimising-movements"])
def test_other_methods_move_one(method: str) -> None:
    with pytest.raises(ValueError, match="moves one"):
        mf.solve(mf.SA(1.0), BUMPS, SPAN, method=method)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="moves one"):
        mf.solve(mf.SA(1.0), BUMPS, SPAN, on_unresolved="lagrangian")


def test_questions_that_are_of_one_density() -> None:
    many = stacked("rho0", BUMPS)
    for ask in (lambda: many.sample(3), many.plot, lambda: mf.clusters(many), lambda: mf.spectrum(mf.SA(1.0), many)):
        with pytest.raises(ValueError, match=r"\(4,\)"):
            ask()
    with pytest.raises(ValueError, match="mass"):
        mf.solve(mf.SA(1.0), mf.Density(CIRCLE, many.coefficients * 2.0), SPAN)
    with pytest.raises(TypeError, match="one density"):
        BUMPS[0][0]
    with pytest.raises(ValueError, match="one density"):
        mf.solve(mf.SA(1.0), BUMPS[0], SPAN).replica(0)
