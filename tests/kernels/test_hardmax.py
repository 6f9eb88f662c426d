"""Kernels with a share of their own, hardmax first: against a plain loop, and refused where no point has mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

import meanfield as mf
from meanfield import geometry
from meanfield.sums import direct as room
from meanfield.sums.direct import direct
from validation.exact import changed

pytestmark = pytest.mark.rounding

N, D = 61, 4
HARD = mf.Exponential(np.inf)


def cloud(n: int, d: int, seed: int, *lead: int) -> Any:
    return geometry.retract(np.random.default_rng(seed).standard_normal((*lead, n, d)))


def matrices(seed: int, d: int = D) -> Any:
    return np.random.default_rng(seed).standard_normal((2, d, d))


def agree(mu: Any, kernel: Any, mass: Any, mean: Any) -> None:
    r = mu.read(kernel, mu.x, "ZM")
    assert np.abs(r.Z[..., 0] * np.exp(r.log[..., 0]) - mass).max() < 1e-14
    assert np.abs(r.M / r.Z - mean).max() < 1e-14


@pytest.mark.parametrize("tile", [8, 256])
@pytest.mark.parametrize("tie", [1e-12, 0.3])
def test_leaders_are_the_loops(monkeypatch: Any, tile: int, tie: float) -> None:
    """Weights with zeros, over several tiles; a wide tie takes several leaders.  By tiles' own maxima M is off by 1."""
    monkeypatch.setattr(room, "TILE", tile)
    x, (Q, K) = cloud(N, D, 1), matrices(2)
    w = np.where(np.arange(N) % 3 == 0, 0.0, np.random.default_rng(3).uniform(0.5, 2.0, N))
    w /= w.sum()
    mass, mean = changed.hardmax(x, Q, K, tie=tie, weights=w)
    agree(mf.Points(x, weights=w), mf.Exponential(np.inf, Q, K, tie=tie), mass, mean)


@pytest.mark.parametrize("tile", [8, 256])
def test_who_is_not_seen_does_not_lead(monkeypatch: Any, tile: int) -> None:
    """A graph's weights count beside the masses; what is hidden, or weighs nothing, has no part in the maximum."""
    monkeypatch.setattr(room, "TILE", tile)
    x, (Q, K), rng = cloud(N, D, 4), matrices(5), np.random.default_rng(6)
    A = rng.uniform(0.5, 2.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.3) + np.eye(N)
    w = np.where(np.arange(N) % 4 == 0, 1e-250, 1.0)  # small mass is mass
    kernel = mf.Exponential(np.inf, Q, K)
    for mask, mu in ((A, mf.Points(x, weights=w).masked(A)), (np.tril(np.ones((N, N))), mf.Points(x).past())):
        weights = w if mask is A else None
        _, mean = changed.hardmax(x, Q, K, weights=weights, mask=mask)
        r = mu.read(kernel, mu.x, "ZM")
        assert np.abs(r.M / r.Z - mean).max() < 1e-13


def test_ties_are_shared_and_replicas_are_their_own() -> None:
    """Two copies of the leader share it by their masses; each token of the sphere is its own leader."""
    corners = np.vstack([np.eye(3), np.eye(3)[:1], -np.eye(3)])
    w = np.arange(1.0, 8.0)
    r = mf.Points(corners, weights=w).read(HARD, corners, "ZM")
    assert np.abs(r.Z[:, 0] * w.sum() - [5.0, 2.0, 3.0, 5.0, 5.0, 6.0, 7.0]).max() < 1e-13
    assert np.abs(r.M / r.Z - corners).max() == 0.0
    many = mf.Points(cloud(9, 3, 7, 2, 3))
    assert np.abs(many.read(HARD, many.x, "M").M * 9.0 - many.x).max() < 1e-15


def test_on_the_circle_and_compiled_sums_hand_on() -> None:
    """Angles and fields of other sums answer by the one that knows leaders."""
    theta, (Q, K) = np.random.default_rng(8).uniform(0, 2 * np.pi, 40), matrices(9, 2)
    x = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    mass, mean = changed.hardmax(x, Q, K)
    for field in ("auto", "direct"):
        agree(mf.Points(theta, field=field), mf.Exponential(np.inf, Q, K), mass, mean)
    with pytest.raises(ValueError, match="needs the circle or S"):
        mf.Points(theta, field="harmonic").read(HARD, None, "Z")


def test_large_beta_tends_to_it() -> None:
    """The gap of the two largest scores times beta is above 60: what is left of the others is below 1e-24."""
    x, (Q, K) = cloud(20, 3, 10), matrices(11, 3)
    s = np.sort((x @ Q.T) @ (x @ K.T).T, axis=-1)
    beta = 60.0 / (s[:, -1] - s[:, -2]).min()
    mu = mf.Points(x)
    soft, hard = (mu.read(mf.Exponential(b, Q, K), x, "ZM") for b in (beta, np.inf))
    assert np.abs(soft.M / soft.Z - hard.M / hard.Z).max() < 1e-14


@dataclass(frozen=True)
class Shares:
    """A stranger's: s = 3 <x, y>, of share e^s or (1 + s)_+."""

    cut: bool
    isotropic = False
    range = 6.0

    def log(self, x: Any, y: Any) -> Any:
        return 3.0 * (x @ np.swapaxes(y, -1, -2))

    def share(self, s: Any) -> Any:
        return np.maximum(1.0 + s, 0.0) if self.cut else np.exp(s)


@pytest.mark.parametrize("tile", [8, 256])
def test_a_share_of_ones_own(monkeypatch: Any, tile: int) -> None:
    """Of e^s it is the quotient of the usual sums; of (1 + s)_+ what numpy says of the whole table."""
    monkeypatch.setattr(room, "TILE", tile)
    x = cloud(N, 3, 12)
    w = np.random.default_rng(13).uniform(0.5, 2.0, N)
    mu = mf.Points(x, weights=w)
    s = 3.0 * x @ x.T
    e = np.maximum(1.0 + s - s.max(axis=1, keepdims=True), 0.0) * mu.weights
    agree(mu, Shares(True), e.sum(axis=1), e @ x / e.sum(axis=1, keepdims=True))
    usual, own = mu.read(mf.Exponential(3.0), x, "ZM"), mu.read(cast(Any, Shares(False)), x, "ZM")
    assert np.abs(usual.M / usual.Z - own.M / own.Z).max() < 1e-14


@dataclass(frozen=True)
class Leading(mf.Law):
    """SA of hardmax, as a stranger writes it."""

    kernel: Any

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        r = mu.read(self.kernel, mu.x if x is None else x, "ZM")
        return geometry.project(mu.x if x is None else x, r.M / r.Z)


def test_a_density_has_no_leaders() -> None:
    """By both methods (the flow needs a divergence, too), at its nodes, and beside points that are added."""
    rho = mf.von_mises_fisher(mf.Circle(64), [1.0, 0.0], 2.0)
    kernel = mf.Exponential(np.inf, Q=[[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(TypeError, match="points that are seen, of which a density has none"):
        mf.solve(Leading(kernel), rho, (0.0, 0.1))
    with pytest.raises(ValueError, match="gives no divergence"):
        mf.solve(Leading(kernel), rho, (0.0, 0.1), method="lagrangian")
    drawn = mf.Points(rho.sample(20, rng=0))  # what the error says
    assert np.isfinite(Leading(kernel).velocity(0.0, None, drawn)).all()
    with pytest.raises(TypeError, match=r"mf\.Points"):
        rho.read(kernel, None, "Z")
    with pytest.raises(TypeError, match="summed apart"):
        mf.Points(np.eye(3)).also(np.eye(3)[:1], 1.0).read(HARD, None, "ZM")


def test_what_hardmax_has_not() -> None:
    x = np.eye(3)
    with pytest.raises(TypeError, match="divergence"):
        direct(HARD, x, x, np.ones(3), "ZL")
    for ask in (lambda: HARD.multipliers(3, 2), lambda: HARD.bandwidth(3), lambda: HARD.log_lambda0(3)):
        with pytest.raises(TypeError, match="hardmax"):
            ask()
    with pytest.raises(ValueError, match="tie is of hardmax"):
        mf.Exponential(2.0, tie=1e-3)
    with pytest.raises(ValueError, match="tie"):
        mf.Exponential(np.inf, tie=-1.0)
    with pytest.raises(ValueError, match="beta"):
        mf.USA(np.inf)

    class Isotropic(Shares):
        isotropic = True

    with pytest.raises(ValueError, match="write isotropic = False"):
        mf.Points(x).read(cast(Any, Isotropic(True)), None, "Z")


def test_equality_and_range() -> None:
    assert mf.Exponential(np.inf) == mf.Exponential(np.inf, tie=1e-12) != mf.Exponential(np.inf, tie=0.0)
    assert hash(mf.Exponential(np.inf)) == hash(HARD) and HARD.range == 2.0 and HARD.share is not None
    assert mf.Exponential(2.0).share is None
