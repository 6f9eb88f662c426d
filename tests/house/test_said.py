"""What a new user types first, and what is said: found by reading along, each was silent or a bare Python error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import protocols
from meanfield.protocols import Array, Stepped, Stepper

LAW: Any = mf.SA(4.0)
X = pt.uniform(5, 3, rng=1)
FOUR: Any = 4
RHO = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})


def run(start: Any) -> Any:
    solve: Any = mf.solve if start is RHO else pt.simulate
    return solve(LAW, start, (0.0, 0.1))


class Wide(mf.Law):
    """A velocity of one component, or none."""

    autonomous = True

    def __init__(self, *tail: int) -> None:
        self.tail = tail

    def velocity(self, t: float, x: Array | None, mu: Any) -> Array:
        return np.ones((len(mu.x), *self.tail))


class Own(Stepper):
    """Euler's step, as `made` of the new time and state."""

    def __init__(self, made: Callable[[float, float, Array, Array], Any]) -> None:
        self.made = made

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Any:
        t1 = min(stop, t + 0.1)
        slope = np.empty_like(y)
        method.rhs(t, y, slope)
        return self.made(t, t1, y, y + (t1 - t) * slope)


def moved(t1: float, y1: Array) -> Stepped:
    return protocols.Stepped(t1, y1, 0.1, None, 1, 0)


def along(stepper: Stepper) -> Any:
    return pt.simulate(LAW, X, (0.0, 1.0), [1.0], method=stepper, max_seconds=5.0)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        (lambda: pt.simulate(Wide(1), X, (0.0, 1.0)), ValueError, r"velocity: got shape \(5, 1\)"),
        (lambda: pt.simulate(Wide(), np.linspace(0.0, 1.0, 5), (0.0, 1.0)), ValueError, r"velocity: got shape \(5,\)"),
        (lambda: along(Own(lambda t, t1, y, y1: y1)), TypeError, "wanted meanfield.protocols.Stepped"),
        (lambda: along(Own(lambda t, t1, y, y1: moved(t, y))), ValueError, "must advance t"),
        (lambda: along(Own(lambda t, t1, y, y1: moved(t1, y1[0]))), ValueError, "made a state of shape"),
        (lambda: along(Own(lambda t, t1, y, y1: moved(t1, 1.1 * y1))), ValueError, "method.retract"),
        (lambda: mf.grid(method="lagrangian"), TypeError, r"method must be values.*\[method\]"),
        (lambda: mf.grid(beta=FOUR), TypeError, r"beta must be values.*\[beta\]"),
        (lambda: mf.Circle(8).density(lambda theta: math.cos(theta)), TypeError, "numpy.cos"),
        (lambda: mf.solve(LAW, RHO, (0.0, 1.0), t_eval=401), TypeError, r"numpy.linspace\(0, 1, 401\)"),
        (lambda: mf.clusters(run(RHO)), TypeError, r"run\(t\)"),
        (lambda: mf.merge_tree(run(X), 1.0), TypeError, "run.merges"),
        (lambda: mf.solve(LAW, RHO, (0.0, 0.1)).plot_energy(ax=plt.figure().gca()), TypeError, "near: axes"),
        (lambda: mf.equation("kuramoto"), ValueError, r"A \(7.2\)"),
        (lambda: mf.track(pt.simulate(LAW, np.stack([X, X]), (0.0, 0.1))), ValueError, "replica=0"),
        (lambda: mf.Points(X).energy(mf.SA(1.0, V=2.0 * np.eye(3))), ValueError, r"V = Q\^T K"),
    ],
)
def test_it_is_said_what_to_type(asked: Callable[[], Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        asked()


def test_what_is_plain_is_taken() -> None:
    """sum() begins with 0; a list of bools is a graph."""
    laws: Any = [mf.SA(1.0), mf.SA(2.0)]
    assert sum(laws) == mf.SA(1.0) + mf.SA(2.0)
    seen = mf.Masked(mf.SA(1.0), [[True, False], [True, True]])
    assert seen.A.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert along(Own(lambda t, t1, y, y1: moved(t1, y1 / np.linalg.norm(y1, axis=1, keepdims=True)))).success
