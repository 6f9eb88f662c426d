"""Inner products against rows, against the reference values, and against the one equation of orthogonal tokens."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.methods.gram import gaps_of, rows_of
from meanfield.protocols import Array
from validation.exact import orthogonal

pytestmark = pytest.mark.rounding

TIGHT: dict[str, Any] = {"rtol": 1e-13, "atol": 1e-15}
CIRCLED = np.eye(6) + np.roll(np.eye(6), 1, axis=1) + 0.5 * np.roll(np.eye(6), 2, axis=1)


def products(x: Array) -> Array:
    return np.asarray(x @ np.swapaxes(x, -1, -2))


@dataclass(frozen=True)
class Halfway(mf.Law):
    """A stranger's: grad U / sqrt(Z), by a kernel that is not bilinear."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        r = mu.read(mf.Zonal(lambda s: np.exp(2.0 * s + s * s), "2 s + s^2"), x, "ZM")
        return np.exp(r.log / 2) * r.M / np.sqrt(r.Z)


@dataclass(frozen=True)
class Unit(mf.Law):
    """A stranger's that asks how long what it read is."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        r = mu.read(mf.Exponential(1.0), x, "M")
        return r.M / np.linalg.norm(r.M, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Drawn(mf.Law):
    """A stranger's that asks a matrix of R^d."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mu.x @ mu.second_moment


LAWS = (
    mf.SA(2.0), mf.SA(0.0), mf.SA(2.0, sign=-1), mf.USA(2.0), mf.USA(4.0, scale="relative"), mf.SA(4.0) + mf.USA(0.5),
    mf.Causal(mf.SA(3.0)), mf.Masked(mf.USA(1.0), CIRCLED, per_row=False), mf.ALiBi(mf.SA(2.0), 0.5),
    mf.SA(lambda t: 1.0 + t), Halfway(),
)  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_inner_products_are_those_of_rows(law: mf.Law) -> None:
    """Two clouds of weighted tokens, one of them with mass 0, on S^2: 1e-11 (measured: 1e-13)."""
    x = pt.uniform(6, 3, rng=1, replicas=2)
    w = np.array([[1.0, 2.0, 1.0, 0.5, 1.0, 1.0], [1.0, 0.0, 1.0, 3.0, 1.0, 1.0]])
    t = [0.1, 0.2] if isinstance(law, Halfway) else [0.7, 2.0]
    rows = pt.simulate(law, x, (0.0, t[-1]), t, weights=w, **TIGHT)
    run = pt.gram(law, x, (0.0, t[-1]), t, weights=w, **TIGHT)
    np.testing.assert_allclose(run.G, products(rows.x), rtol=0.0, atol=1e-11)
    assert np.array_equal(run.G, np.swapaxes(run.G, -1, -2)) and (np.einsum("...ii->...i", run.G) == 1.0).all()
    assert run.d == 3 and run.weights.shape == (2, 6)


def test_the_reference_values() -> None:
    """SA, beta = 2, six tokens of S^2, t = 3; the published digits are 18."""
    i = np.arange(1, 7)
    u = np.stack([np.sin(1.3 * i + 0.4), np.cos(0.9 * i**2), np.sin(0.7 * i) + 0.3], axis=-1)
    run = pt.gram(mf.SA(2.0), geometry.retract(u), (0.0, 3.0), [0.0, 3.0], **TIGHT)
    begin = [
        0.336474081739525229, 0.0170189736646707445, -0.134053934019095121, -0.0108981220522883184,
        0.397945437410527519, 0.670932050183579573, 0.654427293435655880, 0.484434376412150716, -0.566503319194424078,
        0.986587038911885174, -0.239137419715490626, -0.898661577769096278, -0.174377273499997859,
        -0.958119916742858126, 0.0694097918533052526,
    ]  # fmt: skip
    end = [
        0.907618298571114964, 0.862340021038032136, 0.855556254233800663, 0.930682214708298449, 0.806149447392110287,
        0.991340231498008848, 0.990597499751902835, 0.958031055564531832, 0.498574877657128474, 0.999867999116602967,
        0.912941150364273844, 0.399455570797170087, 0.911883489844542427, 0.388294279709245819, 0.650843872714755179,
    ]  # fmt: skip
    np.testing.assert_allclose(run.G[:, *np.triu_indices(6, 1)], [begin, end], rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("beta", [1.0, 9.0])
def test_orthogonal_tokens_obey_one_equation(kind: str, beta: float) -> None:
    """32 of them, to gamma = 1 - 1e-6: gamma to 1e-12, and 1 - gamma to what rtol leaves of it.

    An error e of gamma = 0 is one of e / gamma'(0) in time, where gamma' = 2 / (e^beta + 31), or 2 / 32; and so, at the
    end, where 1 - gamma falls at the rate 2, or 2 e^beta, of e (e^beta + 31), or 32 e^beta e, in 1 - gamma's share.
    With USA at beta = 9 that is 2.6e5 times rtol (measured: 2e-12 to 2e-10, as the steps fall; of the others 1e-11).
    """
    law: Any = {"SA": mf.SA, "USA": mf.USA}[kind](beta)
    condition = {"SA": np.exp(beta) + 31.0, "USA": 32.0 * np.exp(beta)}[kind]
    end = orthogonal.transition_time(32, beta, kind, delta=1e-6)
    t = end * np.array([0.1, 0.5, 0.9, 1.0])
    run = pt.gram(law, None, (0.0, end), t, gram=np.eye(32), rtol=1e-13, atol=1e-18)
    gap = orthogonal.one_minus_gamma(t, 32, beta, kind)
    off = ~np.eye(32, dtype=bool)
    np.testing.assert_allclose(run.G[:, off], np.repeat(1.0 - gap[:, None], 992, 1), rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(run.gaps[:, off], np.repeat(gap[:, None], 992, 1), rtol=condition * 1e-13, atol=0.0)


@pytest.mark.parametrize("method", ["euler-unprojected", "strang"])
def test_schemes_of_fixed_steps(method: Any) -> None:
    """As published, step for step; and the terms of a sum one after the other, to its order."""
    law, x = mf.SA(4.0) + mf.SA(1.0), pt.uniform(8, 5, rng=2)
    ours = pt.gram(law, x, (0.0, 2.0), [2.0], method=method, step=0.1).G
    rows = products(pt.simulate(law, x, (0.0, 2.0), [2.0], method=method, step=0.1).x)
    exact = products(pt.simulate(law, x, (0.0, 2.0), [2.0]).x)
    if method == "euler-unprojected":
        np.testing.assert_allclose(ours, rows, rtol=0.0, atol=1e-13)
    assert 1e-5 < np.abs(ours - exact).max() < 3e-2 * (10.0 if method == "euler-unprojected" else 1.0)


def test_gaps_keep_the_digits_of_near_tokens() -> None:
    """Two tokens 1e-5 apart, where 1 - <x, y> has six digits, and this all but 1e-23."""
    x = geometry.to_rows(np.array([0.3, 0.3 + 1e-5, 2.0]))
    np.testing.assert_allclose(gaps_of(x)[0, 1], 0.5 * np.sum((x[0] - x[1]) ** 2), rtol=1e-11, atol=0.0)


@pytest.mark.parametrize(("n", "d"), [(5, 3), (3, 5), (4, 4), (1, 2)])
def test_rows_have_the_inner_products_they_are_made_from(n: int, d: int) -> None:
    x = pt.uniform(n, d, rng=3, replicas=2)
    made = rows_of(gaps_of(x), d)
    assert made.shape == x.shape
    np.testing.assert_allclose(products(made), products(x), rtol=0.0, atol=1e-13)


def test_a_record_tells_energies_and_is_saved_and_goes_on(tmp_path: Path) -> None:
    law, x = mf.USA(2.0, scale="relative"), pt.uniform(5, 12, rng=4, replicas=2)
    whole = pt.gram(law, x, (0.0, 1.0), [0.25, 0.5, 0.75, 1.0], land=True)
    rows = pt.simulate(law, x, (0.0, 1.0), [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(whole.energy, rows.energy, rtol=1e-8, atol=0.0)
    np.testing.assert_allclose(whole.quantity("excess"), rows.quantity("excess"), rtol=1e-7, atol=0.0)
    half = pt.gram(law, x, (0.0, 0.5), [0.25, 0.5], land=True)
    half.save(tmp_path / "half.nc")
    again = mf.resume(mf.load(tmp_path / "half.nc"), 1.0, t_eval=[0.75, 1.0], land=True)
    assert np.array_equal(again.G, whole.G) and again.settings["method"] == "dop853"
    assert whole.to_xarray()["G"].dims == ("t", "replica", "particle", "other")
    dense = pt.gram(law, x, (0.0, 1.0))
    np.testing.assert_allclose(dense.dissipated, dense.gained, rtol=0.0, atol=1e-7 * np.abs(dense.gained).max())


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "not symmetric": ({"gram": np.eye(3) + np.eye(3, k=1) / 4}, ValueError, "not symmetric: entry"),
    "another diagonal": ({"gram": 2.0 * np.eye(3)}, ValueError, "its diagonal is 2"),
    "a negative eigenvalue": ({"gram": 1.9 * np.eye(3) - 0.9}, ValueError, "has the eigenvalue -0.8"),
    "not square": ({"gram": np.ones((3, 2))}, ValueError, "wanted (..., n, n)"),
    "both": ({"gram": np.eye(3), "x0": np.eye(3)}, TypeError, "got both"),
    "neither": ({}, TypeError, "got nothing"),
    "angles of products": ({"gram": np.eye(3), "angles": True}, ValueError, "inner products are none"),
    "matrices": ({"law": mf.SA(1.0, V=np.eye(3)), "x0": np.eye(3)}, ValueError, "pt.simulate(law, x0, t_span)"),
    "fixed points": ({"law": mf.Frozen(mf.SA(1.0), np.eye(3)), "x0": np.eye(3)}, ValueError, "fixed points"),
    "noise": ({"law": mf.SA(1.0) + mf.Diffusion(0.1), "x0": np.eye(3)}, ValueError, 'method="heun"'),
    "coordinates": ({"law": mf.Kuramoto(0.3), "x0": [0.0, 1.0]}, ValueError, "moves tokens otherwise"),
    "moments": ({"law": Drawn(), "x0": np.eye(3)}, ValueError, "asks for more than inner products"),
    "lengths": ({"law": Unit(), "x0": np.eye(3)}, ValueError, "moves tokens otherwise"),
    "of R^d": ({"law": mf.SA(1.0, geometry="flat"), "x0": np.eye(3)}, ValueError, "moves points of R^d"),
    "a noisy stepper": ({"x0": np.eye(3), "method": "heun", "step": 0.1}, ValueError, "method must be one of"),
    "memory": ({"x0": np.tile(np.eye(2), (40, 1, 1))}, ValueError, "2 x 2 inner products of 40 replicas"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("particles.gram"), "LARGEST", 1000)
    given, error, words = REFUSED[name]
    with pytest.raises(error) as told:
        pt.gram(**{"law": mf.SA(1.0), "x0": None, "t_span": (0.0, 1.0), **given})
    assert words in str(told.value)


def test_a_picture_of_every_pair() -> None:
    run = pt.gram(mf.SA(4.0), pt.uniform(4, 3, rng=0, replicas=2), (0.0, 1.0))
    assert len(run.plot(replica=1).lines) == 6
    assert len(run.plot_energy(replica=0)) == 2
