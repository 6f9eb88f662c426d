"""Cell averages answer what a density answers, of the density that is constant in every cell."""

from __future__ import annotations

import itertools
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
from meanfield.distances import w1_circle

pytestmark = pytest.mark.rounding
RNG = np.random.default_rng(2)
AROUND = mf.CellAverages(mf.Circle(32), RNG.exponential(size=20) * (RNG.random(20) < 0.8))
ALONG = mf.CellAverages(mf.ZonalSphere(4, 16), RNG.exponential(size=20) * (RNG.random(20) < 0.8))
BOTH = pytest.mark.parametrize("mu", [AROUND, ALONG], ids=["circle", "d = 4"])


def fine(mu: Any, each: int = 64) -> tuple[Any, Any]:
    """Positions and masses of the middles of many equal parts of every cell."""
    g = mu.grid
    edges = np.linspace(g.line.low, g.line.high, g.n * each + 1)
    s = 0.5 * (edges[1:] + edges[:-1])
    return s, g.line.measure(mu.space, s) * np.diff(edges) * np.repeat(mu.density, each)


@BOTH
def test_masses_moments_and_entropy(mu: Any) -> None:
    s, w = fine(mu)
    assert float(mu.mass) == pytest.approx(1.0, abs=1e-15) and mu.minimum == 0.0
    rows = np.cos(s) if mu.d > 2 else np.exp(-1j * s)
    np.testing.assert_allclose(mu.moments(1)[1], w @ rows, rtol=0.0, atol=2e-4)
    np.testing.assert_allclose(np.linalg.norm(mu.mean), abs(mu.moments(1)[1]), rtol=1e-12)
    assert np.trace(mu.second_moment) == pytest.approx(1.0, abs=1e-13)
    rho = mu.density[mu.density > 0.0]
    assert float(mu.entropy) == pytest.approx(np.sum((mu.grid.sigma * mu.density)[mu.density > 0.0] * np.log(rho)))
    assert mu.coefficients.shape == (len(mu.space.degrees),)


@BOTH
def test_distribution_samples_and_values(mu: Any) -> None:
    g = mu.grid
    np.testing.assert_allclose(mu.cells(g.edges), mu.weights, rtol=0.0, atol=1e-15)
    middle = mu.below(g.centres)
    assert np.all(np.diff(mu.below(g.edges)) >= 0.0) and np.all(middle <= mu.below(g.edges[1:]))
    q = mu.quantize(400)
    at = q if mu.d == 2 else np.arccos(np.clip(q @ mu.space.direction, -1.0, 1.0))
    counts = np.histogram(at, g.edges)[0] / 400
    np.testing.assert_allclose(counts, mu.weights, rtol=0.0, atol=1.01 / 400 if mu.d == 2 else 1.5 / 400)
    assert len(mu.sample(10, rng=0)) == 10
    np.testing.assert_array_equal(mu(mu.points), mu.density)
    np.testing.assert_allclose(mu.pdf(mu.points) * mu.space.area, mu.density)
    mean = mu.on(mu.space)
    assert mean.min() >= 0.0 and mu.space.nodes.shape == mean.shape


@BOTH
def test_laws_read_the_series(mu: Any) -> None:
    """A density of the same coefficients to a high degree, at the same places."""
    law = mf.SA(2.0)
    space = mu.space.resized(160)
    rho = mf.Density(space, mu.grid.series(mu.weights, space))
    r = mu.read(law.kernel(), None, "ZML")
    assert law.velocity(0.0, None, mu).shape == (mu.grid.n, 1) and r.L.shape == (mu.grid.n,)
    k = space.degrees
    q = law.kernel().multipliers(mu.d, int(k.max()))[k]
    np.testing.assert_allclose(r.Z[:, 0], space.evaluate(q * rho.coefficients, mu.points), rtol=1e-11)
    np.testing.assert_allclose(mu.energy(law), rho.energy(law), rtol=1e-12)
    assert set(law.quantities(0.0, mu)) >= {"energy", "excess", "dissipation"}
    assert mu.reweighed(np.full(mu.grid.n, 2.0)).weights.sum() == pytest.approx(2.0)


def test_clusters_of_cells() -> None:
    values = [0.0] * 40
    values[3] = values[4] = 3.0
    values[0] = values[39] = 1.0
    values[20] = 2.0
    found = mf.clusters(mf.CellAverages(mf.Circle(32), values), gap=0.9)
    assert len(found) == 2 and found.masses == pytest.approx([0.8, 0.2])
    h = 2.0 * np.pi / 40
    assert found.centres[1] == pytest.approx(20.5 * h) and found.widths[1] == pytest.approx(h / np.sqrt(12.0))
    ring = mf.clusters(mf.CellAverages(mf.ZonalSphere(3, 16), [1.0, *[0.0] * 9, 1.0, 1.0, *[0.0] * 8]))
    assert len(ring) == 2 and sum(ring.masses) == pytest.approx(1.0)


def test_distances_take_them() -> None:
    flat = mf.CellAverages(mf.Circle(16), np.ones(10))
    assert w1_circle(flat, mf.uniform(mf.Circle(16))) < 5e-5
    one = mf.CellAverages(mf.Circle(16), [1.0, *[0.0] * 9])
    assert w1_circle(one, [0.1 * np.pi], None, [1.0]) == pytest.approx(0.05 * np.pi, rel=1e-4)


def test_they_are_drawn() -> None:
    for mu in (AROUND, ALONG):
        ax = mu.plot(velocity=mf.SA(2.0))
        plt.close(ax.figure)
    assert "20 cells" in repr(AROUND) and "points or nodes" in AROUND._repr_html_()


def test_several_at_once() -> None:
    many = mf.CellAverages.trusted(AROUND.grid, np.stack([AROUND.weights, AROUND.weights[::-1]]))
    law = mf.USA(1.5)
    E, one = law.quantities(0.0, many), law.quantities(0.0, AROUND)
    for name in ("energy", "dissipation"):
        np.testing.assert_allclose(E[name][0], one[name], rtol=1e-12)
        np.testing.assert_allclose(E[name][1], one[name], rtol=1e-10)
    assert np.shape(many.entropy) == (2,)
    with pytest.raises(ValueError, match="2 densities at once"):
        mf.clusters(many)
    assert all(a < b for a, b in itertools.pairwise(AROUND.grid.edges))
