"""2605.18870: the energy of heads whose weights oscillate, or wander as Ornstein and Uhlenbeck's process does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

END, MODES = 1.5, 4


def _wandering(rng: np.random.Generator) -> Callable[[float], float]:
    """1 + 0.4 z(t), z the first modes of a stationary process of covariance e^{-|t|}, of period 3."""
    w = 2.0 * np.pi * np.arange(1, MODES + 1) / (2.0 * END)
    a, b = rng.standard_normal((2, MODES)) * np.sqrt(2.0 / (2.0 * END) * 2.0 / (1.0 + w**2))
    return lambda t: float(1.0 + 0.4 * (a @ np.cos(w * t) + b @ np.sin(w * t)))


def _head(weight: Callable[[float], float], M: Any) -> mf.USA:
    return mf.USA(1.0, Q=lambda t: weight(t) * M, V=lambda t: weight(t) * M)


@check("F32.weights", where="2605.18870", title="what heads gain is what they dissipate and what their weights put in",
       tier="full", covers=())  # fmt: skip
def weights(bench: Bench) -> Verdict:
    """Two USA heads with Q^T K = V = w(t) M, M symmetric: E(t) - E(0) = dissipated + driven, driven = int d_t E.

    Weights 1 + sin(3t) / 2 and 1 + cos(2t) / 2, and the first four modes of two Ornstein-Uhlenbeck processes (a path as
    it is has no rate): 8 tokens on S^2 to t = 1.5; to 1e-8 of what moves, the tolerance times the steps.  The energy
    falls at times: a hundredth of what it gains, at least, under the oscillating weights; with weights of t = 0 it
    never does.
    """
    rng = np.random.default_rng(bench.rng)
    x, t = pt.uniform(8, 3, rng), np.linspace(0.0, END, 31)
    first, second = np.diag([1.0, 0.0, 0.0]), np.diag([0.0, 2.0, 0.0])
    measured: dict[str, float] = {}
    for name, one, two in (
        ("oscillating", lambda s: 1.0 + 0.5 * np.sin(3.0 * s), lambda s: 1.0 + 0.5 * np.cos(2.0 * s)),
        ("wandering", _wandering(rng), _wandering(rng)),
    ):
        run = pt.simulate(_head(one, first) + _head(two, second), x, (0.0, END), t, rtol=1e-11, atol=1e-13)
        size = float(np.abs([run.gained, run.dissipated, run.driven]).max())
        off = np.abs(run.gained - run.dissipated - run.driven).max()
        measured[f"{name}: gained - dissipated - driven"] = float(off) / size
        measured[f"{name}: driven"] = float(np.abs(run.driven).max()) / size
        if name == "oscillating":
            measured["falls, share of what is gained"] = float(-np.diff(run.energy).min()) / size
    return judge(
        measured,
        {
            "oscillating: gained - dissipated - driven": (None, 1e-8), "oscillating: driven": (0.1, None),
            "wandering: gained - dissipated - driven": (None, 1e-8), "wandering: driven": (0.01, None),
            "falls, share of what is gained": (0.01, None),
        },
    )  # fmt: skip
