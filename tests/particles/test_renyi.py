"""Rényi's centres, the energies of single tokens, and what tokens have become."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from particles.atlas import ROWS

pytestmark = pytest.mark.rounding


@pytest.mark.parametrize("d", [2, 3, 6])
def test_centres_by_the_words_of_the_paper(d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("particles.renyi"), "PAIRS", 500)  # the package has the function by this name
    x = pt.uniform(80, d, 0)
    apart = np.arccos(np.clip(x @ x.T, -1.0, 1.0))
    plain: list[int] = []
    strong = []
    for i in range(80):
        if all(apart[i, plain] > 0.7):
            plain.append(i)
        if all(apart[i, :i] > 0.7):
            strong.append(i)
    np.testing.assert_array_equal(pt.renyi(x, 0.7), plain)
    np.testing.assert_array_equal(pt.renyi(x, 0.7, strong=True), strong)
    assert set(strong) < set(plain) and list(pt.renyi(x, 4.0)) == [0]


def test_near_centres_small_distances_and_angles_of_many_turns() -> None:
    theta = np.array([0.0, 1e-7, 3e-7, 2.0 * np.pi + 1e-7, np.pi])
    np.testing.assert_array_equal(pt.renyi(theta, 2.5e-7), [0, 2, 4])
    np.testing.assert_array_equal(pt.renyi(theta[None][0], 1.5e-7, strong=True), [0, 2, 4])


def test_arcs_of_nearly_half_a_turn() -> None:
    """Chords there are all 2: opposite tokens were no centres of delta = pi - 1e-9."""
    for less, delta, count in ((0.0, 1e-9, 2), (2e-9, 1e-9, 1), (0.0, -1e-3, 1)):
        x = np.array([[1.0, 0.0, 0.0], [-np.cos(less), np.sin(less), 0.0]])
        assert len(pt.renyi(x, np.pi - delta)) == len(pt.renyi(x, np.pi - delta, strong=True)) == count
        assert len(pt.renyi(np.array([0.0, np.pi - less]), np.pi - delta)) == count
    arc = mf.geometry.ROWS.distance(x[0], np.array([-np.cos(1e-9), np.sin(1e-9), 0.0]))
    assert abs(np.pi - arc - 1e-9) < 1e-14


def test_consumed() -> None:
    theta = np.array([0.0, 0.3, 0.6, 2.0])
    run = pt.simulate(mf.Causal(mf.SA(64.0)), theta, (0.0, 20.0), [0.0, 20.0])
    np.testing.assert_allclose(pt.consumed(run, [0, 2, 3], 0.05), [0.75, 1.0])
    np.testing.assert_allclose(pt.consumed(run, [3], 0.1), [0.25, 0.25])
    rows = pt.simulate(mf.SA(1.0), pt.uniform(12, 3, 0).reshape(2, 6, 3), (0.0, 0.1), [0.0, 0.1])
    assert pt.consumed(rows, [0], 3.2).shape == (2, 2) and (pt.consumed(rows, [0], 3.2) == 1.0).all()


@pytest.mark.parametrize("d", [2, 3])
def test_every_token_descends_its_energy(d: int) -> None:
    """x' = -grad E_k / Z_k by central differences: under masks, beside frozen tokens, without both."""
    x, h = pt.uniform(6, d, 1), 1e-5
    graph = np.eye(6) + np.roll(np.eye(6), 1, axis=1)
    plain = mf.SA(3.0)
    laws: list[Any] = [plain, mf.SA(3.0, sign=-1), mf.Causal(plain), mf.Masked(plain, graph, False),
                       mf.Frozen(mf.Causal(plain), np.eye(d), [0.5] * d)]  # fmt: skip
    for law in laws:
        mu = mf.Points(x)
        v = mu.tangential(np.asarray(law.velocity(0.0, mu.x, mu)))
        Z = pt.energies(law, x).Z
        for k in range(6):
            u = np.linalg.svd(x[k][None])[2][1]
            ends = []
            for step in (h, -h):
                moved = x.copy()
                moved[k] = np.cos(step) * x[k] + np.sin(step) * u
                ends.append(pt.energies(law, moved).E[k])
            assert abs(Z[k] * (v[k] @ u) + (ends[0] - ends[1]) / (2.0 * h)) < 1e-8


def test_energies_of_c_3() -> None:
    """Erratum: as printed they lack 1/beta."""
    law = mf.Frozen(mf.Causal(mf.SA(64.0)), [0.0, 1.5, -2.0], [1.0, 2.0, 1.5])
    known = [-0.213832294266940011, -0.0575686153771812438, -0.0776311851411331844, -0.124060386997668845]
    np.testing.assert_allclose(64.0 * pt.energies(law, [0.22, -0.3, 1.18, -1.72]).E, known, rtol=0.0, atol=1e-13)
    for other in (mf.USA(1.0), mf.SA(0.0), mf.SA(1.0, V=np.eye(2)), mf.Diffusion(0.1)):
        with pytest.raises(ValueError, match="no energies of single tokens"):
            pt.energies(mf.Causal(other), [0.0, 1.0])


@pytest.mark.parametrize(
    ("V", "row"),
    [((1, 1, 1), 0), ((1, 1, 0), 1), ((1, 0, 0), 2), ((-1, -1, -3), 3), ((-1, -3, -3), 4)],
)
def test_table_1(V: Any, row: int) -> None:
    law = mf.Causal(mf.SA(2.0, V=np.diag(np.array(V, dtype=float))))
    came = pt.classify(pt.simulate(law, pt.uniform(24, 3, 5), (0.0, 60.0), [0.0, 60.0], rtol=1e-6))
    assert came.row == ROWS[row]
    assert {"points", "gathered", "first moved", "dimension", "gap", "off", "antipodal"} == set(came.evidence)


def test_undecided() -> None:
    """Two groups on their way to being antipodal; tokens that have not moved; clouds about nothing."""
    x = pt.uniform(24, 3, 1)
    halfway = pt.simulate(mf.Causal(mf.SA(1.0, V=np.diag([2.0, 1.0, 0.0]))), x, (0.0, 10.0), [0.0, 10.0])
    rest = pt.simulate(mf.Causal(mf.SA(9.0)), x, (0.0, 1e-6), [0.0, 1e-6])
    about = pt.simulate(mf.Causal(mf.SA(1.0, V=-np.eye(3))), pt.uniform(24, 3, 2), (0.0, 5.0), [0.0, 5.0])
    for run, why in ((halfway, "antipode"), (rest, "has moved"), (about, "stands out")):
        came = pt.classify(run, paper="C")
        assert came.row == "undecided" and why in came.why


def test_one_point_that_began_elsewhere_and_tokens_on_a_circle() -> None:
    """From tokens alone: one point in L; and the plane's own first token."""
    law = mf.Causal(mf.SA(1.0, V=np.diag([1.0, 1.0, 0.0])))
    came = pt.classify(pt.simulate(law, pt.uniform(6, 3, 2), (0.0, 400.0), [0.0, 400.0]))
    assert came.row == ROWS[1] and came.evidence["points"] == 1.0
    came = pt.classify(pt.simulate(mf.Causal(mf.SA(1.0)), [0.0, 1.0, 2.0], (0.0, 60.0)))
    assert came.row == ROWS[0]


def test_refusals() -> None:
    run = pt.simulate(mf.SA(1.0), pt.uniform(8, 3, 0).reshape(2, 4, 3), (0.0, 0.1))
    flat = pt.simulate(mf.SA(1.0, geometry="flat"), np.eye(3), (0.0, 0.1))
    one = pt.simulate(mf.SA(1.0), [0.0, 1.0], (0.0, 0.1))
    cases: list[tuple[str, Any]] = [
        ("x: got .* replicas", lambda: pt.renyi(np.zeros((2, 3)), 0.1, angles=True)),
        ("delta", lambda: pt.renyi([0.0], 0.0)), ("delta", lambda: pt.renyi([0.0], np.nan)),
        ("run: got tokens", lambda: pt.classify(run)), ("paper: got 'C'", lambda: pt.classify(flat, "C")),
        ("paper", lambda: pt.classify(one, "A")),  # type: ignore[arg-type]
        ("centres: got indices from 0 to 4", lambda: pt.consumed(run, [0, 4], 0.1)),
        ("radius", lambda: pt.consumed(one, [0], -1.0)),
    ]  # fmt: skip
    for word, call in cases:
        with pytest.raises(ValueError, match=word):
            call()
    for word, call in (("centres", lambda: pt.consumed(one, [0.5], 0.1)), ("strong", lambda: pt.renyi([0.0], 0.1, 1)),  # type: ignore[arg-type]
                       ("run", lambda: pt.classify(3)), ("law", lambda: pt.energies(3, [0.0]))):  # type: ignore[arg-type]  # fmt: skip
        with pytest.raises(TypeError, match=word):
            call()
