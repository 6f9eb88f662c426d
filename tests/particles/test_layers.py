"""Layers as networks have them, positions, and what an attention matrix tells; against loops as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import double_loop

pytestmark = pytest.mark.rounding

W, A, B = np.array([[0.5, -0.2], [0.0, 0.3], [-0.1, 0.2]]), np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -0.6]]), np.ones(2)
TYPED: Any = "befor"
LAW = mf.SA(2.0) + mf.FeedForward(W, A, B, activation="relu")


def N(v: Array) -> Array:
    """Over its length; where relu gives 0, nothing."""
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.asarray(v / np.where(length > 0.0, length, 1.0))


def attention(x: Array) -> Array:
    return np.asarray(double_loop.attention_matrix(x, 2.0) @ x)


def feed(x: Array) -> Array:
    return np.asarray(np.maximum(x @ A.T + B, 0.0) @ W.T)


AS_WRITTEN: dict[str, Any] = {
    "post": lambda x, f, h, t: N(x + h * f(x)),
    "pre": lambda x, f, h, t: x + h * f(N(x)),
    "peri": lambda x, f, h, t: x + h * N(f(N(x))),
    "ngpt": lambda x, f, h, t: N(x + h * (N(f(x)) - x)),
    "ln-scaling": lambda x, f, h, t: x + h * f(N(x)) / np.sqrt(1.0 + t),
    "attention": lambda x, f, h, t: x + h * N(f(x)),
}


@pytest.mark.parametrize("norm", AS_WRITTEN)
def test_layers_are_as_written(norm: Any) -> None:
    """Five layers of step 0.5: attention, then the feed-forward layer; both at once; and symmetric."""
    x, layer, h = pt.uniform(7, 3, 0), AS_WRITTEN[norm], 0.5
    y, z, s = x, x, x
    for k in range(5):
        y = layer(layer(y, attention, h, k * h), feed, h, k * h)
        z = layer(z, lambda x: attention(x) + feed(x), h, k * h)
        s = layer(layer(layer(s, feed, h / 2, k * h), attention, h, k * h), feed, h / 2, k * h)
    for splitting, expected in (("lie", y), (None, z), ("strang", s)):
        run = pt.layers(LAW, x, 5, h, splitting=splitting, norm=norm)
        np.testing.assert_allclose(run.x[-1], expected, rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(run.directions * run.lengths[..., None], run.x, rtol=0.0, atol=1e-14)


def test_heads_are_one_sublayer() -> None:
    """H equal heads of V / H are one head, masked or not, wherever the feed-forward layer stands; A (2.7)."""
    x, half = pt.uniform(7, 3, 0), mf.SA(2.0, V=np.eye(3) / 2.0)
    ff = mf.FeedForward(W, A, B, activation="relu")
    for one, two in ((mf.SA(2.0) + ff, half + ff + half), (mf.Causal(mf.SA(2.0) + ff), mf.Causal(half + half + ff)),
                     (mf.Causal(mf.SA(2.0)) + ff, mf.Causal(half + half) + ff)):  # fmt: skip
        want, came = (pt.layers(law, x, 4, 0.5).x[-1] for law in (one, two))
        np.testing.assert_allclose(came, want, rtol=0.0, atol=1e-13)


def test_headings_stay_unit() -> None:
    """Layers of positions and headings are Euler's steps of the flow."""
    q = np.concatenate([np.random.default_rng(0).standard_normal((5, 2)), pt.uniform(5, 2, rng=1)], axis=-1)
    law = mf.Vicsek(lambda s: (1.0 + s) ** -0.5, coupling=3.0)
    run = pt.layers(law, q, 4, 0.1)
    flow = pt.simulate(law, q, (0.0, 0.4), [0.0, 0.4], method="euler", step=0.1)
    np.testing.assert_allclose(run.x[-1], flow.x[-1], rtol=0.0, atol=1e-13)
    with pytest.raises(ValueError, match="unit"):
        pt.layers(law, np.concatenate([q[:, :2], 2.0 * q[:, 2:]], axis=-1), 4, 0.1)


def test_mix_is_after_the_sum_in_a_quarter_and_then_before() -> None:
    x = pt.uniform(7, 3, 0)
    run = pt.layers(mf.SA(2.0), x, 8, 0.5, norm="mix")
    early = pt.layers(mf.SA(2.0), x, 2, 0.5, norm="post").x
    np.testing.assert_allclose(run.x[:3], early, rtol=0.0, atol=1e-15)
    late = early[-1]
    for _ in range(6):
        late = AS_WRITTEN["pre"](late, attention, 0.5, 0.0)
    np.testing.assert_allclose(run.x[-1], late, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("norm", ["post", "pre", "peri", "ngpt", "ln-scaling"])
def test_many_layers_are_the_flow(norm: Any) -> None:
    """The gap to the flow of the same normalisation falls like the step: slope 1 within 0.05."""
    x = pt.uniform(7, 3, 0)
    flow = pt.simulate(mf.Normalised(mf.SA(2.0), norm), x, (0.0, 1.0), [1.0], rtol=1e-10).x[-1]
    one, two = (np.abs(pt.layers(mf.SA(2.0), x, L, 1.0 / L, norm=norm).x[-1] - flow).max() for L in (100, 200))
    assert np.log2(one / two) == pytest.approx(1.0, abs=0.05)


@dataclass(frozen=True)
class Turning:
    def __call__(self, t: float) -> Array:
        return np.asarray((1.0 + t) * np.eye(3))


def test_weights_change_from_layer_to_layer() -> None:
    """A list of laws is the law whose matrices are functions of layers times step; replicas are as if alone."""
    x = pt.uniform(7, 3, 0, replicas=2)
    several = pt.layers([mf.SA(1.0, V=(1.0 + 0.5 * k) * np.eye(3)) for k in range(4)], x, 4, 0.5)
    moving = pt.layers(mf.SA(1.0, V=Turning()), x, 4, 0.5)
    np.testing.assert_allclose(several.x, moving.x, rtol=0.0, atol=1e-15)
    alone = pt.layers(mf.SA(1.0, V=Turning()), x[1], 4, 0.5)
    np.testing.assert_allclose(moving.x[:, 1], alone.x, rtol=0.0, atol=1e-13)


def test_what_an_attention_matrix_tells() -> None:
    x = pt.uniform(9, 3, 1)
    P = pt.attention(mf.SA(3.0), x)
    np.testing.assert_allclose(P, double_loop.attention_matrix(x, 3.0), rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(pt.attention(mf.USA(3.0), x), np.exp(3.0 * x @ x.T) / 9.0, rtol=1e-13)
    rows = pt.row_statistics(P)
    entropy = [-sum(p * np.log(p) for p in row) for row in P]
    np.testing.assert_allclose(rows.entropy, entropy, rtol=1e-13)
    np.testing.assert_allclose(rows.sum, 1.0, rtol=1e-14)
    assert (rows.leader == np.arange(9)).all() and (rows.largest == np.diag(P) / P.sum(axis=1)).all()
    assert pt.attention_rank(P) == 9 and pt.attention_rank(pt.attention(mf.SA(0.0), x)) == 1
    assert pt.attention_rank(pt.attention(mf.LinearAttention(), x)) == 3
    causal = pt.row_statistics(pt.attention(mf.Causal(mf.SA(0.0)), x))
    np.testing.assert_allclose(causal.seen, np.arange(1, 10), rtol=1e-13)


def test_positions() -> None:
    """Printed: (p_i)_{2k} = sin(i M^{-2k/d}), (p_i)_{2k+1} = cos(i M^{-2k/d}), one by one."""
    p = pt.positions(5, 6, M=100.0)
    for i in range(1, 6):
        for k in range(3):
            angle = i / 100.0 ** (2 * k / 6)
            np.testing.assert_allclose(
                p[i - 1, 2 * k : 2 * k + 2], [np.sin(angle), np.cos(angle)], rtol=0.0, atol=1e-15
            )
    x = pt.uniform(5, 6, 0)
    np.testing.assert_allclose(pt.encoded(x, p), N(x + p), rtol=0.0, atol=1e-15)
    both = pt.encoded(np.stack([x, -x]), p, "concatenate")
    np.testing.assert_allclose(both[1], N(np.hstack([-x, p])), rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(pt.positions(5, 3, "random", rng=0), axis=-1), 1.0, rtol=1e-14)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: pt.layers([LAW], np.eye(3), 2, 0.5), "got 1 laws for 2 layers"),
    (lambda: pt.layers(LAW, np.eye(3), 2, 0.5, norm=TYPED), "norm"),
    (lambda: pt.layers(LAW, np.eye(3), 2, 0.5, splitting="trotter"), "splitting"),
    (lambda: pt.layers(LAW, np.eye(2), 2, 0.5), r"points of R\^2"),
    (lambda: pt.layers(mf.SA(1.0) + mf.Diffusion(0.1), np.eye(3), 2, 0.5), "layers have none"),
    (lambda: pt.layers(mf.SA(1.0), np.ones((3, 3)), 2, 0.5), "x0"),
    (lambda: pt.positions(5, 3), "even dimension"),
    (lambda: pt.encoded(np.eye(3), np.eye(4)), "a position for every token"),
    (lambda: pt.encoded(np.eye(3), -np.eye(3)), "cancel"),
    (lambda: pt.row_statistics(-np.eye(3)), "P: got entries"),
    (lambda: pt.attention_rank(np.ones((2, 3))), "P: got shape"),
])  # fmt: skip
def test_refusals(make: Any, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        make()
