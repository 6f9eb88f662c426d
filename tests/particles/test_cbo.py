"""Consensus-based optimisation: its terms as printed, weights that overflow nothing, rates; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import erf

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding


def bowl(x: Any) -> Any:
    return np.sum((x - 1.0) ** 2, axis=-1)


X = np.random.default_rng(0).standard_normal((3, 6, 2))


def test_terms_are_those_printed() -> None:
    law = pt.CBO(bowl, 3.0, lam=0.7, sigma=0.4, epsilon=0.5)
    mu = mf.Points(X, geometry="flat")
    for one, drift, noise in zip(X, law.velocity(0.0, X, mu), law.noise(0.0, X, mu), strict=True):
        w = np.exp(-3.0 * bowl(one))
        v = (w @ one) / w.sum()
        H = 0.5 * (1.0 + erf((bowl(one) - bowl(v)) / 0.5))
        assert np.abs(drift + 0.7 * H[:, None] * (one - v)).max() < 1e-13
        assert np.abs(noise[:, 0] - 2**0.5 * 0.4 * np.linalg.norm(one - v, axis=1)).max() < 1e-13
    plain = pt.CBO(bowl, 3.0, lam=0.7, sigma=0.4, anisotropic=True)
    away = X - plain.consensus(X)[:, None]
    assert np.abs(plain.velocity(0.0, X, mu) + 0.7 * away).max() < 1e-14
    assert np.abs(plain.noise(0.0, X, mu) - 2**0.5 * 0.4 * away).max() < 1e-14


def test_large_beta_takes_the_best_point_and_overflows_nothing() -> None:
    law = pt.CBO(lambda x: 1e4 + bowl(x), 1e6)
    best = X[0][bowl(X[0]).argmin()]
    assert np.abs(law.consensus(X[0]) - best).max() < 1e-14
    assert abs(float(law.laplace(X[0])) - 1e4 - bowl(best) - np.log(6.0) / 1e6) < 1e-8
    assert np.abs(pt.CBO(bowl, 0.0).consensus(X) - X.mean(axis=1)).max() < 1e-14


def test_without_noise_tokens_come_together_at_the_drifts_rate() -> None:
    law = pt.CBO(bowl, 5.0, lam=2.0, sigma=0.0)
    run = pt.simulate(law, X[0], (0.0, 1.0), [1.0], rtol=1e-11, atol=1e-13)
    wide = [y - y.mean(axis=0) for y in (X[0], run.x[-1])]
    assert np.abs(wide[1] - np.exp(-2.0) * wide[0]).max() < 1e-9


def test_on_the_sphere_points_stay_there_and_find_the_best() -> None:
    law = pt.CBO(lambda x: -x[..., 0], 50.0, sigma=0.3, geometry="sphere")
    x0 = pt.uniform(30, 3, rng=0)
    run = pt.simulate(law, x0, (0.0, 10.0), [10.0], method="euler-maruyama", step=0.05, rng=1)
    assert np.abs(np.linalg.norm(run.x[-1], axis=-1) - 1.0).max() < 1e-12
    assert law.consensus(run.x[-1])[0] > 0.95


def test_what_is_refused() -> None:
    word: Any = "line"
    for make, told in (
        (lambda: pt.CBO(bowl, -1.0), "beta"), (lambda: pt.CBO(bowl, sigma=-0.1), "sigma"),
        (lambda: pt.CBO(bowl, epsilon=0.0), "epsilon"), (lambda: pt.CBO(bowl, geometry=word), "geometry"),
        (lambda: pt.CBO(bowl, anisotropic=True, geometry="sphere"), "anisotropic"),
        (lambda: pt.CBO(bowl, 0.0).laplace(X), "beta"),
        (lambda: pt.CBO(lambda x: np.log(x[..., 0])).consensus(np.abs(X) - 9.0), "f: it gave nan"),
        (lambda: pt.CBO(lambda x: x).values(X), "f: of rows"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=told), np.errstate(invalid="ignore"):
            make()
    with pytest.raises(TypeError, match="f: wanted a function"):
        pt.CBO(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="f: it gave nan"), np.errstate(invalid="ignore"):
        pt.simulate(pt.CBO(lambda x: np.sqrt(x[..., 0])), X[0], (0.0, 1.0), method="euler-maruyama", step=0.1, rng=0)
