"""What tokens do by themselves: feed-forward layers and linear maps, against loops and closed forms; and energies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from tokens import K3, Q3, V3, tokens

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.exact import double_loop

pytestmark = pytest.mark.rounding

W = np.array([[0.5, -0.2, 0.1, 0.0], [0.0, 0.3, -0.4, 0.2], [-0.1, 0.2, 0.3, 0.6]])
A = np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -0.6], [-0.7, 0.1, 0.9], [0.4, 0.4, 0.4]])
B = np.array([0.1, -0.2, 0.3, -0.1])
SCALAR = {
    "tanh": math.tanh,
    "relu": lambda s: max(s, 0.0),
    "gelu_new": lambda s: 0.5 * s * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (s + 0.044715 * s**3))),
    "gelu": lambda s: 0.5 * s * (1.0 + math.erf(s / math.sqrt(2.0))),
    "silu": lambda s: s / (1.0 + math.exp(-s)),
}


@mf.register
@dataclass(frozen=True)
class Cubed:
    """s^3, which knows its slope."""

    scale: float = 1.0

    def __call__(self, s: Array) -> Array:
        return np.asarray(self.scale * s**3)

    def slope(self, s: Array) -> Array:
        return np.asarray(3.0 * self.scale * s**2)


@mf.register
@dataclass(frozen=True)
class Growing:
    """(1 + t) times an array."""

    at_0: Any

    def __call__(self, t: float) -> Array:
        return np.asarray((1.0 + t) * np.asarray(self.at_0))


@pytest.mark.parametrize("name", SCALAR)
def test_activations_are_the_printed_ones(name: str) -> None:
    """Number by number, by Python's own functions."""
    x = tokens(7)
    v = mf.FeedForward(W, A, B, activation=name).velocity(0.0, x, mf.Points(x))
    for row, its in zip(x, v, strict=True):
        hidden = np.array([SCALAR[name](sum(a * u for a, u in zip(one, row, strict=True)) + b)
                           for one, b in zip(A, B, strict=True)])  # fmt: skip
        np.testing.assert_allclose(its, W @ hidden, rtol=0.0, atol=1e-15 * 8)


@pytest.mark.parametrize("law", [
    *(mf.FeedForward(W, A, B, activation=name) for name in (*SCALAR, Cubed())), mf.Linear(V3),
], ids=str)  # fmt: skip
def test_divergence(law: Any) -> None:
    """By central differences of the projected velocity along a frame, whose errors are h^2 and eps / h: 1e-9."""
    x, h = tokens(6), 1e-5
    mu = mf.Points(x)

    def along(y: Array) -> Array:
        y = geometry.retract(y)
        return np.asarray(geometry.project(y, law.velocity(0.0, y, mu)))

    for k, row in enumerate(x):
        frame = np.linalg.svd(row[None])[2][1:]
        total = sum(float(e @ (along((row + h * e)[None]) - along((row - h * e)[None]))[0]) for e in frame) / (2.0 * h)
        assert abs(total - law.divergence(0.0, x, mu)[k]) < 1e-9


def test_relu_layer() -> None:
    """SA with Q, K, V and a relu layer: the adaptive run is that of steps so short that kinks do not count."""
    law = mf.SA(2.0, Q=Q3, K=K3, V=V3) + mf.FeedForward(W, A, B, activation="relu")
    ends = [
        pt.simulate(law, tokens(5), (0.0, 1.0), [1.0], **how).x[-1]
        for how in ({"rtol": 1e-10}, {"method": "rk4", "step": 1e-3})
    ]
    np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-7)


def test_weights_that_change_with_time(tmp_path: Any) -> None:
    """W(t) = (1 + t) W alone on the circle's tokens in R^3 is the constant law in time t + t^2 / 2; and it is saved."""
    steady, moving = (mf.FeedForward(w, A, B) for w in (W, Growing(W.tolist())))
    assert steady.autonomous and not moving.autonomous
    one = pt.simulate(steady, tokens(5), (0.0, 1.5), [1.5], rtol=1e-12).x[-1]
    run = pt.simulate(moving, tokens(5), (0.0, 1.0), [1.0], rtol=1e-12)
    np.testing.assert_allclose(run.x[-1], one, rtol=0.0, atol=1e-10)
    run.save(tmp_path / "run.nc")
    assert pt.load(tmp_path / "run.nc").law == moving


def test_a_linear_map() -> None:
    """e^{tA} x over its length; the dissipation is the rate of E."""
    S = np.array([[1.0, 0.3, 0.0], [0.3, -0.5, 0.2], [0.0, 0.2, 0.4]])
    for M in (V3, S):
        run = pt.simulate(mf.Linear(M), tokens(5), (0.0, 2.0), np.linspace(0.0, 2.0, 5), rtol=1e-12)
        np.testing.assert_allclose(run.x[-1], geometry.retract(tokens(5) @ expm(2.0 * M).T), rtol=0.0, atol=1e-10)
    assert mf.Linear(S).rises == ("energy",) and mf.Linear(V3).rises == ()
    x = run.x[-1]
    assert run.energy[-1] == pytest.approx(0.5 * np.mean(np.sum(x * (x @ S), axis=-1)), rel=1e-14)
    assert run.gained[-1] == pytest.approx(run.dissipated[-1], rel=1e-8)


def test_a_layer_behind_attention() -> None:
    """In R^3, W sigma(V sum_j P_ij z_j) as a loop."""
    law = mf.Activated(mf.SA(1.0, Q=Q3, K=K3, V=V3, geometry="flat"), Q3, "silu")
    z = 1.7 * tokens(5)
    P = double_loop.attention_matrix(z, 1.0, Q3, K3)
    expected = np.vectorize(SCALAR["silu"])(P @ z @ V3.T) @ Q3.T
    np.testing.assert_allclose(law.velocity(0.0, z, mf.Points(z, geometry="flat")), expected, rtol=0.0, atol=1e-14)
    masked = mf.Causal(mf.Activated(mf.SA(1.0), np.eye(3), "relu"))
    mu = mf.Points(tokens(5))
    v = geometry.project(mu.x, masked.velocity(0.0, mu.x, mu))
    P = double_loop.attention_matrix(tokens(5), 1.0, causal=True)
    expected = geometry.project(tokens(5), np.maximum(P @ tokens(5), 0.0))
    np.testing.assert_allclose(v, expected, rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("sense", [1, -1])
def test_energy_where_values_are_plus_or_minus_the_scores_matrix(kind: str, sense: int) -> None:
    """Q^T K = B symmetric, V = +-B: E by its double sum, dE/dt = +-int |P M|^2 / w (A, 3.4.1); else nothing is told."""
    S = np.array([[1.0, 0.3, 0.0], [0.3, -0.5, 0.2], [0.0, 0.2, 0.4]])
    law = getattr(mf, kind)(1.5, Q=S, V=sense * S)
    run = pt.simulate(law, tokens(6), (0.0, 1.0), [0.0, 0.5, 1.0], rtol=1e-11)
    E = [np.mean(np.exp(1.5 * x @ S @ x.T)) / 3.0 for x in run.x]
    np.testing.assert_allclose(run.energy, E, rtol=1e-13)
    assert run.gained[-1] == pytest.approx(run.dissipated[-1], rel=1e-8) and sense * run.gained[-1] > 0.0
    assert ("energy" in (law.rises if sense > 0 else law.falls)) and law.gradient == (sense if kind == "USA" else 0)
    other = getattr(mf, kind)(1.5, Q=S, V=np.diag([1.0, 1.0, 0.0]))
    assert other.rises == other.falls == () and not other.quantities(0.0, mf.Points(tokens(6)))


def test_sums_of_gradient_flows_tell_their_energy() -> None:
    heads = mf.USA(1.0) + mf.USA(3.0, sign=-1, scale="scaled") + mf.Linear(np.diag([1.0, 0.0, -1.0]))
    mixed = mf.SA(1.0) + mf.USA(1.0)
    assert (mf.USA(1.0) + mf.Linear(np.eye(3))).rises == ("energy",)
    assert heads.rises == heads.falls == mixed.rises == ()
    run = pt.simulate(mf.USA(1.0) + mf.Linear(np.diag([1.0, 0.0, -1.0])), tokens(6), (0.0, 1.0), rtol=1e-11)
    assert run.gained[-1] == pytest.approx(run.dissipated[-1], rel=1e-8)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: mf.FeedForward(W, A.T, B), "W, A and b do not go together"),
    (lambda: mf.FeedForward(W, A, B[:3]), "W, A and b do not go together"),
    (lambda: mf.FeedForward(W, A, B, activation="tahn"), "Did you mean 'tanh'"),
    (lambda: mf.FeedForward(W, A, B, activation=lambda s: s.sum()), "activation"),
    (lambda: mf.FeedForward(W, A, B, activation=np.log), "activation"),
    (lambda: mf.FeedForward(W, A, np.array([0.0, np.nan, 0.0, 0.0])), "b must be .* NaN"),
    (lambda: mf.Linear(W), r"A: got shape \(3, 4\)"),
    (lambda: mf.Activated(mf.SA(1.0), W), r"W: got shape \(3, 4\)"),
    (lambda: pt.simulate(mf.FeedForward(W, A, B), [0.0, 1.0], (0.0, 1.0)), r"these are points of R\^2"),
    (lambda: pt.simulate(mf.FeedForward(lambda t: W[:2], A, B), tokens(3), (0.0, 1.0)), r"W\(0\): got shape \(2, 4\)"),
    (lambda: pt.simulate(mf.Linear(lambda t: np.full((3, 3), np.nan)), tokens(3), (0.0, 1.0)), r"A\(0\).*NaN"),
    (lambda: pt.simulate(mf.Activated(mf.Diffusion(0.1), np.eye(3)), tokens(3), (0.0, 1.0)), "add it outside"),
    (lambda: mf.solve(mf.FeedForward(np.eye(2), np.eye(2), [0.0, 0.0], np.sin), mf.uniform(mf.Circle(32)), (0.0, 1.0),
                      method="lagrangian"), 'take method="spectral"'),
])  # fmt: skip
def test_refusals(make: Any, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        make()
