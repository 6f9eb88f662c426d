"""The Lagrangian method: panels, rings, snapshots, through the clusters, and the hand-over from the spectral one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import legendre

import meanfield as mf
from meanfield.distances import w1_circle
from meanfield.geometry import ANGLES, MERIDIAN
from meanfield.measures.rings import Rings
from meanfield.methods.lagrangian import panels
from meanfield.methods.lagrangian.flow import _joined, _touching

pytestmark = pytest.mark.rounding

LAW = mf.SA(beta=4.0)


def start(theta):
    return 1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta)


@pytest.fixture(scope="module")
def rho0():
    return mf.Circle(64).density(start)


@pytest.fixture(scope="module")
def zonal0():
    return mf.ZonalSphere(3, 48).density(lambda c: 1 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5))


@pytest.fixture(scope="module")
def long_run(rho0):
    """Through the clusters and their merger."""
    return mf.solve(LAW, rho0, (0.0, 1000.0), method="lagrangian", t_eval=[0.0, 6.0, 20.0, 40.0, 200.0, 1000.0])


# --- panels ------------------------------------------------------------------------------------------------


def test_halves_of_a_polynomial_are_the_polynomial():
    p = np.random.default_rng(0).standard_normal(panels.GAUSS)
    mid, half = np.array([0.0, 5.0]), np.array([1.0, 1.0])
    which = np.array([True, False])
    values = legendre.legval(panels.XI, p) * np.array([[1.0], [2.0]])
    new_mid, new_half = panels.bisected(mid, half, which)
    got = panels.halved(values, which)
    np.testing.assert_allclose(new_mid, [-0.5, 0.5, 5.0])
    np.testing.assert_allclose(new_half, [0.5, 0.5, 1.0])
    nodes = new_mid[:2, None] + new_half[:2, None] * panels.XI
    np.testing.assert_allclose(got[:2], legendre.legval(nodes, p), rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(got[2], values[1])


def test_interpolation_converges_with_the_order_of_the_panels():
    widths = np.array([1.0, 0.85, 0.7, 0.6])
    x = np.linspace(-0.99, 0.99, 50)
    errors = []
    for h in widths:
        c = panels.series(np.exp(8.0 * h * panels.XI))
        errors.append(np.abs(legendre.legval(x, c) - np.exp(8.0 * h * x)).max())
    order = np.polyfit(np.log(widths), np.log(errors), 1)[0]
    assert abs(order - panels.GAUSS) < 2.0
    tails = [float(panels.tails(np.exp(8.0 * h * panels.XI))) for h in widths]
    assert all(tail > e for e, tail in zip(errors, tails, strict=True))


def test_solved_inverts_increasing_polynomials():
    s = np.stack([np.sinh(3.0 * panels.XI), panels.XI + 0.9 * np.sin(panels.XI)])
    c = panels.series(s)
    xi = np.array([0.37, -0.81])
    target = panels.at(c, xi)
    np.testing.assert_allclose(panels.solved(c, c @ panels.DERIVATIVE, target), xi, rtol=0.0, atol=1e-13)


def test_atoms_join_across_the_cut_of_the_circle():
    line = ANGLES
    atom = np.array([0, -1, 1, -1, 2])
    at = np.array([0.1, 2.0, 0.1 + 2 * np.pi - 1e-10])
    mass = np.array([0.3, 0.5, 0.2])
    assert _touching(atom, at, 1e-9, line).any()
    joined, where = _joined(atom, at, np.zeros(3), mass, 1e-9, 0.0, line)
    assert joined.tolist() == [1, -1, 0, -1, 1]
    assert where[1] == pytest.approx(0.1 + 2 * np.pi - 0.4e-10, abs=1e-15)
    assert not _touching(atom, at, 1e-9, MERIDIAN).any()
    parting, _ = _joined(atom, at, np.array([1e-9, 0.0, 0.0]), mass, 1e-9, 0.0, line)  # the first flees the last
    assert len(set(parting.tolist())) == 4


# --- rings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 4, 8])
@pytest.mark.parametrize("beta", [0.0, 1.0, 9.0, 30.0])
def test_rings_by_moments_and_by_all_pairs(d, beta):
    rng = np.random.default_rng(d)
    space = mf.ZonalSphere(d, 16)
    phi, w = np.sort(np.arccos(rng.uniform(-1, 1, 60))), rng.random(60)
    kernel = mf.Exponential(beta)
    a = Rings(space, phi, w / w.sum(), "harmonic").read(kernel, None, "ZML")
    b = Rings(space, phi, w / w.sum(), "direct").read(kernel, None, "ZML")
    size = np.exp(b.log - a.log)
    limit = (2e-14 + 4.0 * beta * np.finfo(np.float64).eps) * a.Z.max()  # scores are good to beta eps
    np.testing.assert_allclose(a.Z, b.Z * size, rtol=0.0, atol=limit)
    np.testing.assert_allclose(a.M, b.M * size, rtol=0.0, atol=limit)
    np.testing.assert_allclose(a.L, b.L * size[..., 0], rtol=0.0, atol=limit * (beta + d))


def test_rings_mend_what_is_faint():
    """All mass at one pole: at the other Z is e^{-2 beta} of its maximum, below the moments' rounding."""
    space = mf.ZonalSphere(3, 16)
    phi = np.append(np.linspace(1e-3, 2e-2, 10), np.pi - 1e-2)
    w = np.append(np.full(10, 0.1), 1e-18)
    kernel = mf.Exponential(20.0)
    auto, direct = (Rings(space, phi, w, field).read(kernel, None, "ZML") for field in ("auto", "direct"))
    size = np.exp(direct.log - auto.log)
    np.testing.assert_allclose(auto.Z[-1], (direct.Z * size)[-1], rtol=1e-12)
    np.testing.assert_allclose((auto.M / auto.Z)[-1], (direct.M / direct.Z)[-1], rtol=1e-12)


def test_rings_answer_as_the_density_does(zonal0):
    node, weight = np.polynomial.legendre.leggauss(60)
    phi = np.arccos(node)
    rings = Rings(zonal0.space, phi, 0.5 * weight * zonal0(node))
    np.testing.assert_allclose(rings.mean, zonal0.mean, rtol=0.0, atol=2e-14)
    np.testing.assert_allclose(rings.second_moment, zonal0.second_moment, rtol=0.0, atol=2e-14)
    np.testing.assert_allclose(rings.moments(5), zonal0.moments(5), rtol=0.0, atol=2e-14)
    assert rings.energy(LAW) == pytest.approx(zonal0.energy(LAW), rel=1e-14)


# --- against independent values, and the spectral method ---------------------------------------------------


CIRCLE = {  # t: a_1, b_1, a_2, b_2, E, by a flow map with direct sums
    1.0: (0.18550940365692, -0.00134488674102557, 0.00251132164085937, 0.174672080257318, 1.5459056788317),
    2.0: (0.227541614927363, -0.00411356508004093, 0.0085899354866148, 0.297888031964026, 1.6854035048986),
    3.0: (0.272167523104882, -0.00815272787173144, 0.0204611961932694, 0.47850618727641, 1.9960177104904),
}
ZONAL = {  # t: f_1, f_2, f_3, E, rho at the north pole
    1.0: (0.144638444362202, 0.080671424677299, 0.006700720714253, 0.9051748034757, 1.9096413162),
    2.0: (0.207131246971941, 0.161695891081664, 0.03017896814653, 0.9852403940643, 2.8558518866),
    3.0: (0.288325409132575, 0.314767405961678, 0.09566198788065, 1.212398992212, 5.556972104),
}


def test_circle_moments(rho0):
    sol = mf.solve(LAW, rho0, (0.0, 3.0), t_eval=list(CIRCLE), method="lagrangian")
    for rho, E, row in zip(sol.densities, sol.energy, CIRCLE.values(), strict=True):
        c = rho.moments(2)
        got = [c[1].real, -c[1].imag, c[2].real, -c[2].imag]
        np.testing.assert_allclose(got, row[:4], rtol=0.0, atol=1e-12)
        assert pytest.approx(row[4], abs=1e-12) == E


def test_zonal_moments_and_poles(zonal0):
    sol = mf.solve(LAW, zonal0, (0.0, 3.0), t_eval=list(ZONAL), method="lagrangian")
    for rho, E, row in zip(sol.densities, sol.energy, ZONAL.values(), strict=True):
        np.testing.assert_allclose(rho.moments(3)[1:], row[:3], rtol=0.0, atol=2e-12)
        assert pytest.approx(row[3], abs=2e-12) == E
        assert float(rho(1.0)) == pytest.approx(row[4], rel=1e-9)


@pytest.mark.parametrize(
    ("law", "t"), [(mf.USA(4.0), 0.3), (mf.SA(9.0), 5.0), (mf.SA(4.0, sign=-1), 3.0), (mf.SA(0.0), 3.0)], ids=str
)
def test_as_the_spectral_method(rho0, law, t):
    carried = mf.solve(law, rho0, (0.0, t), t_eval=[t], method="lagrangian", rtol=1e-11)
    spectral = mf.solve(law, rho0, (0.0, t), t_eval=[t], rtol=1e-12)
    a, b = carried.densities[0], spectral.densities[0]
    np.testing.assert_allclose(a.moments(20), b.moments(20), rtol=0.0, atol=1e-11)
    theta = np.linspace(0.0, 6.2, 40)
    np.testing.assert_allclose(a(theta), b(theta), rtol=0.0, atol=1e-9 * b.maximum)
    assert a.entropy == pytest.approx(b.entropy, abs=1e-9)
    np.testing.assert_allclose(carried.energy, spectral.energy, rtol=1e-11)


def test_error_falls_with_the_tolerance(rho0):
    exact = mf.solve(LAW, rho0, (0.0, 5.0), t_eval=[5.0], method="lagrangian", rtol=1e-13).densities[0].moments(20)
    errors = []
    for tol in (1e-4, 1e-6, 1e-8, 1e-10):
        sol = mf.solve(LAW, rho0, (0.0, 5.0), t_eval=[5.0], method=mf.Lagrangian(tail=tol), rtol=tol)
        errors.append(np.abs(sol.densities[0].moments(20) - exact).max())
    assert all(e <= tol for e, tol in zip(errors, (1e-4, 1e-6, 1e-8, 1e-10), strict=True))
    assert errors[-1] < 1e-3 * errors[0]


# --- far beyond what coefficients can hold -----------------------------------------------------------------


def test_density_at_material_points_through_a_growth_of_ten_thousand(rho0):
    runs = [mf.solve(LAW, rho0, (0.0, 13.0), t_eval=[13.0], method="lagrangian", rtol=r) for r in (1e-10, 1e-12)]
    labels = np.linspace(0.0, 6.28, 64)
    (s, rho), (s_fine, rho_fine) = (run.densities[0].carried(labels) for run in runs)
    assert rho_fine.max() > 1e4
    np.testing.assert_allclose(rho, rho_fine, rtol=1e-10)
    np.testing.assert_allclose(s, s_fine, rtol=0.0, atol=1e-11)


def test_when_the_clusters_merge_depends_on_how_near_they_are_to_be(long_run):
    """README's two times: 0.1 apart, and 1e-3 apart."""
    for gap, t in ((0.1, 465.396), (1e-3, 470.007)):
        assert mf.track(long_run, gap, [400.0, 480.0]).tree.merges[-1].t == pytest.approx(t, abs=1e-3)


def test_identity_and_mass_through_clusters_and_merger(long_run):
    gained = long_run.energy - long_run.energy[0]
    assert np.abs(gained - long_run.dissipated)[1:].max() < 1e-8 * gained[1:].min()
    assert np.abs(long_run.mass - 1.0).max() < 1e-13
    assert np.all(np.diff(long_run.energy) >= -1e-14)


def test_two_clusters_then_one(long_run, rho0):
    two, one = long_run.densities[-2:]
    heavy = two.form.atoms > 1e-6
    assert heavy.sum() == 2
    assert (one.form.atoms > 1e-6).sum() == 1
    assert one.energy(LAW) == pytest.approx(np.exp(4.0) / 8.0, rel=1e-12)
    assert abs(long_run.segments[-1].form.jump) < 1e-12
    assert np.isinf(one.entropy)
    assert np.isinf(one.maximum)
    # what falls to which cluster, against points
    import particles as pt

    traj = pt.simulate(LAW, rho0.quantize(1000), (0.0, 60.0), [60.0])
    c = np.exp(1j * traj.x[-1])
    first = np.abs(c - np.exp(1j * two.form.parts(two.y)[1][heavy][0])) < 0.5
    assert first.mean() == pytest.approx(two.form.atoms[heavy][0], abs=2e-3)


def test_many_panels_become_few(long_run):
    unknowns = [s.unknowns for s in long_run.segments]
    assert max(unknowns) > 5000
    assert unknowns[-1] < 200
    assert "..." in long_run.message


# --- snapshots ---------------------------------------------------------------------------------------------


def test_a_snapshot_answers_a_density_s_questions(rho0):
    sol = mf.solve(LAW, rho0, (0.0, 3.0), t_eval=[3.0], method="lagrangian", rtol=1e-12)
    a, b = sol.densities[0], mf.solve(LAW, rho0, (0.0, 3.0), t_eval=[3.0], rtol=1e-12).densities[0]
    np.testing.assert_allclose(a.mean, b.mean, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(a.second_moment, b.second_moment, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(a.pdf([1.0, 7.0]), b.pdf([1.0, 7.0]), rtol=1e-9)
    x = np.array([[0.6, 0.8]])
    np.testing.assert_allclose(a.at(x), b.at(x), rtol=1e-9)
    np.testing.assert_allclose(a.coefficients[:20], b.moments(19), rtol=0.0, atol=1e-12)
    assert a.density.shape == a.points.shape == a.weights.shape == a.labels.shape
    np.testing.assert_allclose(a.density, b(a.points), rtol=1e-8)
    assert a.minimum == pytest.approx(b.minimum, rel=1e-3)
    assert a.tail < 1e-11
    assert w1_circle(a, b) < 5e-5  # a is quantised for it
    assert w1_circle(a.quantize(2000), b) < 3e-3
    assert np.array_equal(a.sample(100, rng=3), a.sample(100, rng=3))
    assert w1_circle(a.sample(20_000, rng=0), b) < 0.05


@pytest.mark.parametrize("law", [LAW, mf.SA(4.0, sign=-1), mf.USA(1.0)], ids=str)
def test_quantiles_count_from_angle_zero_wherever_the_labels_went(law, rho0):
    for t in (0.0, 0.5, 2.0):
        runs = (mf.solve(law, rho0, (0.0, t or 1.0), t_eval=[t], method=m) for m in ("spectral", "lagrangian"))
        a, b = (run(t).quantize(50) for run in runs)
        np.testing.assert_allclose(np.exp(1j * a), np.exp(1j * b), rtol=0.0, atol=1e-8)


def test_quantiles_of_clusters_count_from_angle_zero(long_run):
    for t in (20.0, 200.0, 1000.0):
        angles = np.mod(long_run(t).quantize(1000), 2.0 * np.pi)
        assert (np.diff(angles) >= -1e-12).all()



def test_cells_hold_all_mass(long_run, zonal0):
    for rho in long_run.densities:
        assert rho.on(mf.Circle(64)).mean() == pytest.approx(1.0, abs=1e-13)
    sol = mf.solve(LAW, zonal0, (0.0, 2.0), t_eval=[2.0], method="lagrangian")
    space = mf.ZonalSphere(3, 40)
    spectral = mf.solve(LAW, zonal0, (0.0, 2.0), t_eval=[2.0]).densities[0]
    np.testing.assert_allclose(sol.densities[0].on(space), spectral.on(space), rtol=3e-3)
    rows = sol.densities[0].sample(4000, rng=1)
    np.testing.assert_allclose(rows.mean(axis=0), spectral.mean, rtol=0.0, atol=0.05)


@pytest.mark.parametrize("d", [2, 32, 128])
def test_other_dimensions_to_one_point_or_two(d):
    """Axisymmetric data of any dimension contract to a pole, or to two; the pictures show where."""
    rho0 = mf.ZonalSphere(d, 48).density(lambda c: 1 + 0.3 * c + 0.2 * c * c)
    sol = mf.solve(LAW, rho0, (0.0, 60.0), t_eval=[0.0, 1.0, 60.0], method="lagrangian")
    assert np.abs(sol.mass - 1.0).max() < 1e-13
    spectral = mf.solve(LAW, rho0, (0.0, 1.0), t_eval=[1.0]).densities[0]
    np.testing.assert_allclose(sol.densities[1].moments(6), spectral.moments(6), rtol=0.0, atol=1e-11)
    gained = sol.energy - sol.energy[0]
    np.testing.assert_allclose(sol.dissipated, gained, rtol=0.0, atol=1e-8 * gained[-1])
    heavy = sol.densities[-1].form.atoms > 1e-6
    assert heavy.sum() == (2 if d == 2 else 1)
    assert np.isfinite(sol.values).all()


def test_where_all_mass_has_left(long_run):
    rho = long_run.densities[-1]
    at = float(np.mod(rho.form.parts(rho.y)[1][0], 2 * np.pi))
    assert rho(at + 1.0) < 1e-15  # in a panel of less mass than that, which is no longer refined
    assert np.isinf(rho(at))
    s, density = rho.carried([0.3, 2.0])
    assert np.isinf(density).all()
    np.testing.assert_allclose(np.mod(s, 2 * np.pi), at, rtol=0.0, atol=1e-9)


# --- handing over, saving, going on ------------------------------------------------------------------------


def test_a_spectral_run_goes_on_as_a_lagrangian_one(rho0, tmp_path):
    asked = [2.0, 4.0, 6.0, 8.0]
    options: dict[str, Any] = {"t_eval": asked, "max_resolution": 512, "on_unresolved": "lagrangian"}
    sol = mf.solve(LAW, rho0, (0.0, 8.0), **options)
    alone = mf.solve(LAW, rho0, (0.0, 8.0), t_eval=asked, method="lagrangian", rtol=1e-12)
    assert (sol.segments[0].method, sol.segments[-1].method) == ("spectral", "lagrangian")
    assert 4.0 < next(s.t for s in sol.segments if s.method == "lagrangian") < 6.0
    for a, b in zip(sol.densities, alone.densities, strict=True):
        np.testing.assert_allclose(a.moments(20), b.moments(20), rtol=0.0, atol=1e-11)
    gained = sol.energy - mf.solve(LAW, rho0, (0.0, 1e-9)).energy[0]
    np.testing.assert_allclose(sol.dissipated, gained, rtol=1e-9)
    assert sol.values.shape[1] == 512
    # stopped in the second part, saved, loaded, resumed: the same bits
    half = mf.solve(LAW, rho0, (0.0, 8.0), **options, observe=lambda t, mu: t > 6.5)
    half.save(tmp_path / "half.nc")
    whole = mf.resume(mf.load(tmp_path / "half.nc"))
    assert all(np.array_equal(a, b) for a, b in zip(whole.states, sol.states, strict=True))
    np.testing.assert_array_equal(whole.energy, sol.energy)


def test_a_vanishing_field_is_handed_over_too():
    space, law = mf.Circle(512), mf.SA(beta=100.0)
    faint = mf.mixture([mf.von_mises_fisher(space, 0.0, 1000.0), mf.uniform(space)], [1.0 - 2e-12, 2e-12])
    with pytest.raises(mf.UnresolvedError, match="normaliser Z is lost"):
        mf.solve(law, faint, (0.0, 0.1))
    sol = mf.solve(law, faint, (0.0, 0.1), on_unresolved="lagrangian")
    assert sol.success
    assert sol.segments[-1].method == "lagrangian"


@dataclass(frozen=True)
class NoDivergence(mf.Law):
    isotropic = True

    def velocity(self, t, x, mu):
        return mu.read(mf.Exponential(1.0), x, "M").M


def test_refusals(rho0):
    with pytest.raises(ValueError, match=r"diffusion.*lagrangian.*no longer carried"):
        mf.solve(LAW, rho0, (0.0, 1.0), method="lagrangian", diffusion=0.1)
    with pytest.raises(ValueError, match="diffusion"):
        mf.solve(LAW, rho0, (0.0, 1.0), on_unresolved="lagrangian", diffusion=0.1)
    with pytest.raises(ValueError, match=r"merge_tol.*take merge_tol"):
        mf.solve(LAW, rho0, (0.0, 1.0), method=mf.Lagrangian(merge_tol=0.01))
    with pytest.raises(ValueError, match="merge_tol"):
        mf.Lagrangian(merge_tol=0.0)
    with pytest.raises(ValueError, match="no divergence"):
        mf.solve(NoDivergence(), rho0, (0.0, 1.0), method="lagrangian")
    with pytest.raises(mf.UnresolvedError, match="more than the 400 nodes"):
        mf.solve(LAW, rho0, (0.0, 10.0), method="lagrangian", max_resolution=400)
