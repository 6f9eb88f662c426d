"""Every system is a line: equations of the papers and their relatives as a stranger writes them, public names alone.

Reference values come from two independent formulations each, to the digits printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from tokens import K2, K3, Q2, Q3, V2, V3, tokens, two_waves

import meanfield as mf
import particles as pt
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding

ONE = mf.Exponential(0.0)
"""The kernel that is 1: its M is the mean."""
TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-13}


def test_feed_forward() -> None:
    """SA with Q, K, V and a tanh layer, five tokens on S^2, t = 2."""
    w = np.array([[0.5, -0.2, 0.1, 0.0], [0.0, 0.3, -0.4, 0.2], [-0.1, 0.2, 0.3, 0.6]])
    a = np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -0.6], [-0.7, 0.1, 0.9], [0.4, 0.4, 0.4]])
    law = mf.SA(2.0, Q=Q3, K=K3, V=V3) + mf.FeedForward(w, a, np.array([0.1, -0.2, 0.3, -0.1]))
    x = pt.simulate(law, tokens(5), (0.0, 2.0), t_eval=[2.0], **TIGHT).x[-1]
    printed = [
        [0.917039868643140005, -0.315048247275868982, 0.244504562753694716],
        [-0.327773156448990596, -0.925934827050753341, -0.187641823605391966],
        [-0.841215833495076310, -0.509040566735186862, -0.182300913039687821],
        [-0.829131678556220877, -0.513257697467648803, -0.221601434121602907],
        [0.0366170611397254549, -0.785543419784985539, -0.617722208169659056],
    ]
    np.testing.assert_allclose(x, printed, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_feed_forward_of_a_density(method: Any) -> None:
    """A circle density under SA with Q, K, V and a tanh layer, t = 1: moments 1 to 6."""
    w = np.array([[0.5, -0.2, 0.1], [0.0, 0.3, -0.4]])
    a = np.array([[1.0, -0.5], [0.3, 0.8], [-0.7, 0.1]])
    law = mf.SA(2.0, Q=Q2, K=K2, V=V2) + mf.FeedForward(w, a, np.array([0.1, -0.2, 0.3]))
    rho = mf.Circle(128).density(two_waves)
    run = mf.solve(law, rho, (0.0, 1.0), t_eval=[1.0], method=method, rtol=1e-11, atol=1e-13)
    printed = np.array([
        0.239317304059936 + 0.125747375179585j, 0.293055989829294 - 0.172447028032878j,
        0.158915999323596 + 0.0332568734769113j, 0.0799548063620459 - 0.0810244901862944j,
        0.0746200204387666 - 0.00566509421366286j, 0.00963166445776323 - 0.0296634168515311j,
    ])  # fmt: skip
    np.testing.assert_allclose(run.measures[-1].moments(6)[1:], printed, rtol=0.0, atol=1e-10)


@dataclass(frozen=True)
class Frozen(mf.Law):
    """Causal attention beside tokens that never move (C, Theorem 5.2): a_j at theta_j."""

    beta: float
    theta: tuple[float, ...]
    masses: tuple[float, ...]
    labelled = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        at = np.stack([np.cos(self.theta), np.sin(self.theta)], axis=-1)
        return mf.SA(self.beta).velocity(t, mu.x, mu.past().also(at, np.array(self.masses)))


def test_frozen_tokens() -> None:
    """Four tokens, each seeing its past and three frozen ones, at t = 1, 2, 5, 10."""
    law = Frozen(64.0, (0.0, 1.5, -2.0), (1.0, 2.0, 1.5))
    run = pt.simulate(law, [0.22, -0.3, 1.18, -1.72], (0.0, 10.0), t_eval=[1.0, 2.0, 5.0, 10.0], **TIGHT)
    printed = [
        [0.176710254093022938, -0.281546200853412476, 1.20761078324015893, -1.75720231044716099],
        [0.128247392653663385, -0.256105165614709914, 1.25025148564113826, -1.81055106445261305],
        [0.0330379093384481051, -0.0852142146702179193, 1.43864495206794229, -1.95737874200959455],
        [0.00273599559670218160, -0.000182260463627951265, 1.49776479670802262, -1.99785256792983990],
    ]
    np.testing.assert_allclose(run.theta, printed, rtol=0.0, atol=1e-10)


@dataclass(frozen=True)
class Graph(mf.Law):
    """Kuramoto on a graph (A, section 7): the sum over neighbours, divided by n."""

    A: Array
    labelled = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mu.masked(self.A, per_row=False).read(ONE, mu.x, "M").M


def test_graph() -> None:
    """On a ring every token is pulled by two: half way between its neighbours it rests."""
    n = 7
    ring = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    theta = np.random.default_rng(0).uniform(-1.0, 1.0, n)
    mu = mf.Points(theta)
    v = Graph(ring).velocity(0.0, mu.x, mu)
    along = np.sum(v * np.stack([-np.sin(theta), np.cos(theta)], axis=-1), axis=-1)
    pulls = (np.sin(np.roll(theta, 1) - theta) + np.sin(np.roll(theta, -1) - theta)) / n
    np.testing.assert_allclose(along, pulls, rtol=0.0, atol=1e-15)


@dataclass(frozen=True)
class Hardmax(mf.Law):
    """V times the mean of those with the largest score, less where one stands (A (9.5)), in R^d."""

    Q: Any
    V: Any
    geometry = "flat"
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        x = mu.x if x is None else x
        r = mu.read(mf.Exponential(np.inf, np.array(self.Q), tie=1e-12), x, "ZM")
        return (r.M / r.Z - x) @ np.array(self.V).T


def test_hardmax() -> None:
    """Five tokens in R^2 until one of them changes its leader, and a little beyond."""
    c, s = np.cos(1.2), np.sin(1.2)
    law = Hardmax(((c, -s), (s, c)), ((1.0, 0.5), (-0.5, 0.7)))
    z = np.array([[1.2, 0.1], [-0.4, 1.0], [0.3, 0.5], [-0.8, -0.6], [0.5, -0.9]])
    run = pt.simulate(law, z, (0.0, 1.0), t_eval=[1.0], rtol=1e-10, atol=1e-12)
    printed = [
        [0.13409140282013, 0.74202982798995],
        [-0.59480255751245, -0.12284954501310],
        [-0.41035492753959, 0.64000854031102],
        [0.35069054852982, -0.87304379740833],
        [0.82281020022749, -0.060070828601623],
    ]
    np.testing.assert_allclose(run.x[-1], printed, rtol=0.0, atol=1e-8)


@dataclass(frozen=True)
class Sinkhorn(mf.Law):
    """Doubly stochastic attention (A, Remark 3.5): SA of g mu, with g such that every token sees mass 1."""

    beta: float
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        k = mf.Exponential(self.beta)
        g = np.ones_like(mu.weights)
        for _ in range(60):
            r = mu.reweighed(g).read(k, mu.x, "Z")
            Z = (r.Z * np.exp(r.log))[..., 0]
            if np.abs(g * Z - 1.0).max() < 1e-14:
                break
            g = np.sqrt(g / Z)
        return mf.SA(self.beta).velocity(t, mu.x if x is None else x, mu.reweighed(g))


def test_sinkhorn() -> None:
    """Five tokens on S^2, beta = 4, t = 2."""
    x = pt.simulate(Sinkhorn(4.0), tokens(5), (0.0, 2.0), t_eval=[2.0], **TIGHT).x[-1]
    printed = [
        [0.619213730375006139, 0.291277303929778209, 0.729199484592843641],
        [-0.173334460020045523, -0.478678994437179665, 0.860709930960581957],
        [-0.441150567653879601, -0.334238647342423810, 0.832868959249512820],
        [-0.454806717248821137, -0.353568982760194471, 0.817398204289238800],
        [0.514062288640726451, -0.846676777949638593, 0.137398679317804322],
    ]
    np.testing.assert_allclose(x, printed, rtol=0.0, atol=1e-10)


@dataclass(frozen=True)
class InSpace(mf.Law):
    """z_i' = sum_j P_ij V (z_j - z_i), scores <Q e^{tV} z, K e^{tV} z> (A (9.3), B (3.1)): z = e^{-tV} x."""

    Q: Array
    K: Array
    V: Array
    geometry = "flat"
    autonomous = False

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        x, turn = mu.x if x is None else x, expm(t * self.V)
        r = mu.read(mf.Exponential(1.0, self.Q @ turn, self.K @ turn), x, "ZM")
        return (r.M / r.Z - x) @ self.V.T


IN_SPACE = np.array([[0.6, 0.2, 0.0], [0.2, -0.3, 0.1], [0.0, 0.1, 0.2]])


def test_tokens_in_space() -> None:
    """Six tokens in R^3, V symmetric, t = 5: by (1.1) and, rescaled, by (3.1)."""
    law = mf.SA(1.0, Q=Q3, K=K3, V=IN_SPACE, geometry="flat")
    x = pt.simulate(law, tokens(6), (0.0, 5.0), t_eval=[5.0], **TIGHT).x[-1]
    printed = np.array([
        [13.3622278014326779, 3.14978488146203675, 1.93708364074799987],
        [-7.97607954268364343, -1.87457244739533583, 1.64846242877092436],
        [-9.01392899743492155, -1.56419193985651471, 1.61650422286414086],
        [-9.15458502484429726, -1.68953565452024839, 1.52175605818587205],
        [11.7097564174165723, 1.86268272361452222, 1.11595393187441848],
        [13.6396766070071496, 3.13688668945958376, 0.551607260394252529],
    ])  # fmt: skip
    np.testing.assert_allclose(x, printed, rtol=0.0, atol=1e-9)
    z = pt.simulate(InSpace(Q3, K3, IN_SPACE), tokens(6), (0.0, 5.0), t_eval=[5.0], **TIGHT).x[-1]
    np.testing.assert_allclose(z @ expm(5.0 * IN_SPACE).T, printed, rtol=0.0, atol=1e-9)


def test_layers_in_space() -> None:
    """Two layers of step 1 (B (1.3)): the Euler scheme of the same law."""
    law = mf.SA(1.0, Q=Q3, K=K3, V=IN_SPACE, geometry="flat")
    x = pt.simulate(law, tokens(6), (0.0, 2.0), t_eval=[2.0], method="euler", step=1.0).x[-1]
    np.testing.assert_allclose(x[0], [1.28579556812668164, 0.579918882063701158, 0.818034352918761199], rtol=1e-13)


@dataclass(frozen=True)
class Kuramoto(mf.Law):
    """theta_i' = omega_i + (K / n) sum_j sin(theta_j - theta_i) (A (7.2))."""

    omega: tuple[float, ...]
    K: float
    labelled = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        turn = np.stack([-mu.x[..., 1], mu.x[..., 0]], axis=-1)
        return np.array(self.omega)[:, None] * turn + self.K * mu.read(ONE, mu.x, "M").M


def test_kuramoto() -> None:
    """Seven oscillators, of which one turns once, t = 10."""
    law = Kuramoto((-0.9, -0.5, -0.2, 0.1, 0.3, 0.6, 0.8), 1.5)
    run = pt.simulate(law, [0.1, 1.2, -2.0, 0.7, 2.8, -0.6, -1.4], (0.0, 10.0), t_eval=[10.0], **TIGHT)
    printed = [
        -1.24471138931613299, -0.892491424585106124, -0.662261640846475908, -0.440874327744607742,
        5.99062179231070328, -0.0598668068242034294, 0.109583797005822911,
    ]  # fmt: skip
    np.testing.assert_allclose(run.theta[-1], printed, rtol=0.0, atol=1e-10)


@dataclass(frozen=True)
class Within:
    """1 where <x, y> >= least, else 0: bounded confidence."""

    least: float

    def __call__(self, t: Array) -> Array:
        return (np.asarray(t) >= self.least).astype(float)


@dataclass(frozen=True)
class Krause(mf.Law):
    """The mean of those within an angle (A, Remark 2.1), on a sphere."""

    angle: float
    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        r = mu.read(mf.Zonal(Within(np.cos(self.angle)), "near", (np.cos(self.angle),)), x, "ZM")
        return r.M / r.Z


def test_krause() -> None:
    """Two groups out of each other's sight end in two clusters."""
    theta = np.concatenate([np.linspace(-0.2, 0.2, 5), np.linspace(1.9, 2.3, 4)])
    run = pt.simulate(Krause(0.7), theta, (0.0, 30.0))
    np.testing.assert_allclose(run.theta[-1], [0.0] * 5 + [2.1] * 4, rtol=0.0, atol=1e-6)


@dataclass(frozen=True)
class Consensus(mf.Law):
    """Consensus-based optimisation (A, section 9.4): towards the tokens' mean weighed by e^{-b f}, f = |x|^2."""

    lam: float
    sig: float
    b: float
    geometry = "flat"
    autonomous = True

    def _off(self, mu: Any, x: Array | None) -> Array:
        at = mu.x if x is None else x
        r = mu.reweighed(np.exp(-self.b * np.sum(np.square(mu.x), axis=-1))).read(ONE, at, "ZM")
        return np.asarray(at - r.M / r.Z)

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return -self.lam * self._off(mu, x)

    def noise(self, t: float, x: Array | None, mu: Any) -> Any:
        return np.sqrt(2.0) * self.sig * np.linalg.norm(self._off(mu, x), axis=-1, keepdims=True)


def test_consensus() -> None:
    """Equal weights: E sum |x_i - mean|^2 decays at the rate of its moment equation, here n = 5, d = 2."""
    n, runs = 5, 4000
    x0 = np.broadcast_to(np.random.default_rng(0).normal(size=(n, 2)), (runs, n, 2))
    law = Consensus(1.0, 0.4, 0.0)
    run = pt.simulate(law, x0, (0.0, 0.5), t_eval=[0.0, 0.5], method="euler-maruyama", step=0.005, rng=1)
    spread = np.sum(np.square(run.x - run.x.mean(axis=-2, keepdims=True)), axis=(-1, -2))
    share = spread[1] / spread[0, 0]
    error = share.std() / np.sqrt(runs)
    assert abs(share.mean() - np.exp(-1.488 * 0.5)) < 5.0 * error + 0.01 * np.exp(-0.744)
