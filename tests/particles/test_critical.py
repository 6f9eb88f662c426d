"""Critical points: the printed n = 4, derivatives by differences, counts, tokens that come apart; what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from particles import pulls, seeking
from validation.checks._tools import central, velocity

pytestmark = pytest.mark.rounding
FOUR = (
    ((4,), 1.84726402473266256, 0, None, None),
    ((3, 1), 1.16722769826134654, 1, 0.135335283237, 0.0581531716926),
    ((2, 2), 0.940548922770907865, 1, 0.135335283237, 0.0359724199242),
    ((2, 1, 1), 0.748145037755307659, 2, 0.857248198717, 0.401456201539),
    ((1, 1, 1, 1), 0.595274461385453932, 3, 2.0, 0.839948683228),
)
"""n = 4, beta = 2: sizes, E, index, largest eigenvalue in both metrics; from 34 digits, and Kronecker starts."""


def quiet(*args: Any, **options: Any) -> list[pt.CriticalPoint]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pt.critical_points(*args, **options)


def test_four_tokens_as_printed() -> None:
    found = pt.critical_points(mf.USA(2.0), 4)
    assert [p.sizes for p in found] == [row[0] for row in FOUR]
    for p, (_, E, index, usa, sa) in zip(found, FOUR, strict=True):
        assert abs(p.energy / E - 1.0) < 1e-14
        assert p.index() == p.index("weighted") == index and p.isolated and p.certificate.holds
        assert p.x.shape == (4, 2) and np.abs(p.x[0] - [1.0, 0.0]).max() < 1e-14
        if usa is not None and sa is not None:
            assert abs(p.top() / usa - 1.0) < 1e-10 and abs(p.top("weighted") / sa - 1.0) < 1e-10
    odd = np.sort(found[3].angles)
    assert np.abs(np.sort(np.minimum(odd, 2 * np.pi - odd)) - [0.0, 0.0, 2 * np.pi - 4.08791403809, 2.19527126909]
                  ).max() < 2e-11  # fmt: skip
    assert [p.copies for p in found] == [1, 4, 3, 12, 6]


@pytest.mark.parametrize("d", [2, 3, 4])
def test_pulls_are_usas_velocity_and_its_derivative(d: int) -> None:
    x, w, beta = pt.uniform(4, d, rng=d), np.array([0.4, 0.3, 0.2, 0.1]), 1.7
    p = pulls.pulls(x, w, beta)
    F = pulls.frames(x)
    assert np.abs(np.einsum("akp,akq->apq", F, F) - np.eye(d - 1)).max() < 1e-14
    law = mf.USA(beta, scale="scaled")
    v = np.asarray(law.velocity(0.0, x, mf.Points(x, weights=w)))
    assert np.abs(np.einsum("akp,ak->ap", F, v) - p.field).max() < 1e-14

    def field(h: float, b: int, q: int) -> Any:
        y = x.copy()
        y[b] = np.cos(h) * x[b] + np.sin(h) * F[b, :, q]
        v = np.asarray(law.velocity(0.0, y, mf.Points(y, weights=w)))
        return np.einsum("akp,ak->ap", F, v - np.einsum("ak,ak->a", v, y)[:, None] * y)

    for b in range(4):
        for q in range(d - 1):
            slope = central(lambda h, b=b, q=q: field(h, b, q), 2e-3)
            assert np.abs(slope - p.slope[:, :, b, q]).max() < 1e-9


@pytest.mark.parametrize("d", [2, 3])
def test_eigenvalues_are_those_of_the_flows(d: int) -> None:
    point = quiet(mf.SA(1.5), 4, d, starts=40)[3]
    assert point.sizes == (2, 1, 1)
    F = pulls.frames(point.x)
    for law, metric in ((mf.USA(1.5), "wasserstein"), (mf.SA(1.5), "weighted")):
        columns = []
        for b in range(4):
            for q in range(d - 1):

                def speed(h: float, b: int = b, q: int = q, law: mf.Law = law) -> Any:
                    y = point.x.copy()
                    y[b] = np.cos(h) * y[b] + np.sin(h) * F[b, :, q]
                    v = velocity(law, mf.Points(y))
                    return np.einsum("akp,ak->ap", F, v).ravel()

                columns.append(central(speed, 2e-3))
        told = np.sort(np.linalg.eigvals(np.stack(columns, axis=1)).real)
        turns = int(np.linalg.matrix_rank(pulls.turns(point.x), 1e-8))
        kept = np.delete(told, np.argsort(np.abs(told))[:turns])
        assert np.abs(kept - point.eigenvalues(metric)).max() < 1e-8  # type: ignore[arg-type]


def test_deflation_is_smooth_and_blind_to_turns_and_names() -> None:
    x, w = pt.uniform(4, 3, rng=1, replicas=5), np.array([0.25] * 4)
    known = seeking.powers(x[:2] + 0.0, w)
    M, log = seeking.deflation(x[2:], w, known)
    step = np.random.default_rng(0).standard_normal(log.shape)
    there = [np.log(seeking.deflation(pulls.moved(x[2:], h * step), w, known)[0]) for h in (1e-5, -1e-5)]
    assert np.allclose((there[0] - there[1]) / 2e-5, (log * step).sum(axis=(-1, -2)), rtol=1e-6, atol=1e-8)
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((3, 3)))[0]
    assert seeking.deflation((x[:1] @ turn)[:, [2, 0, 3, 1]], w, known)[0] > 1e6
    assert (M > 1.0).all()


def test_a_pair_comes_apart_at_its_beta_and_the_count_holds() -> None:
    # two of five pull each other with (2/5) e^b, three opposite pull them apart with (3/5) e^{-b}
    fork = 0.5 * np.log(1.5)
    below, above = (pt.critical_points(mf.USA(k * fork), 5, starts=60) for k in (0.9, 1.2))
    assert [len(below), len(above)] == [6, 7]
    assert {p.sizes: p.index() for p in below}[3, 2] == 2 and {p.sizes: p.index() for p in above}[3, 2] == 1
    for found in (below, above):
        assert sum((-1) ** p.index() * p.copies for p in found) == 0
    two = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert abs(pulls.spectrum(two, np.array([3, 2]), fork, False).apart.max()) < 1e-15


def test_spheres_hold_the_circles_points_and_more() -> None:
    flat, found = pt.critical_points(mf.USA(2.0), 4), quiet(mf.USA(2.0), 4, 3, starts=60)
    E = np.array([p.energy for p in found])
    assert all(np.abs(E / p.energy - 1.0).min() < 1e-14 for p in flat)
    G = found[-1].x @ found[-1].x.T
    assert np.abs(G[np.triu_indices(4, 1)] + 1.0 / 3.0).max() < 1e-14 and found[-1].index() == 5
    assert abs(found[-1].energy - 0.558081716001777) < 1e-13
    assert [p.index() for p in found] == [p.index("weighted") for p in found]
    again = quiet(mf.SA(2.0, sign=-1, scale="scaled"), 4, 3, starts=60)
    assert np.allclose([p.energy for p in again], E * np.exp(-2.0), rtol=1e-13, atol=0.0)


def test_beta_zero_has_a_manifold_from_four_tokens_on() -> None:
    three = pt.critical_points(mf.SA(0.0), 3)
    assert [(p.sizes, p.index(), p.copies) for p in three] == [((3,), 0, 1), ((2, 1), 1, 3), ((1, 1, 1), 2, 2)]
    with pytest.warns(UserWarning, match="manifold"):
        four = pt.critical_points(mf.SA(0.0), 4)
    assert [p.isolated for p in four] == [True, True, False] and np.abs(four[-1].x.sum(axis=0)).max() < 1e-15
    assert not four[-1].certificate.holds
    assert [p.copies for p in pt.critical_points(mf.SA(0.0), 2)] == [1, 1]
    one = pt.critical_points(mf.SA(0.0), 1)[0]
    assert one.index() == 0 and np.isnan(one.top())


def test_too_few_starts_and_what_is_refused() -> None:
    with pytest.warns(UserWarning, match=r"starts: .* Euler number"):
        pt.critical_points(mf.USA(2.0), 5, starts=1)
    with pytest.warns(UserWarning, match=r"starts: .* alone"):
        pt.critical_points(mf.USA(2.0), 3, 3, starts=1)
    for law in (mf.SA(1.0, V=np.eye(2)), mf.SA(np.inf), mf.Kuramoto([0.0]), mf.USA(lambda t: 1.0 + t),
                mf.SA(1.0) + mf.Diffusion(0.1), mf.SA(1.0, geometry="flat")):  # fmt: skip
        with pytest.raises(ValueError, match="law"):
            pt.critical_points(law, 3)
    with pytest.raises(ValueError, match="n must be"):
        pt.critical_points(mf.SA(1.0), 11)
    with pytest.raises(ValueError, match="metric"):
        pt.critical_points(mf.SA(1.0), 1)[0].index("euclid")  # type: ignore[arg-type]
    sphere = pt.critical_points(mf.SA(1.0), 1, 3)[0]
    for name in ("copies", "angles"):
        with pytest.raises(ValueError, match=name):
            getattr(sphere, name)
