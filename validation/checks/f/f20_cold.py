"""2605.10931: low temperature, where every token sees itself, and what it comes to is set by V."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import double_loop
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

SLOW = 0.3
"""Second eigenvalue of V, the first being 1."""


@check("F20", where="2605.10931", title="low temperature: tokens follow x' = P_x V x to order 1/beta, to V's axis")
def cold(bench: Bench) -> Verdict:
    """V = diag(1, 0.3), Q = K = I, tokens of the circle at quantiles of 1 + 0.4 cos(theta - 1), beta = 16, ..., 128.

    As beta grows the output is V x, and tokens go along e^{tV} x_0 / |e^{tV} x_0|.  How far they are from it (the root
    of the mean square, which W_2 is not above) is below (log(beta + 1) / beta)^{1/2} at all times to t = 12 and falls
    like 1/beta at t = 1 (slope within 0.1).  Its largest value is that of tokens about to leave the second axis: it
    falls like beta^{-1/2} (at least beta^{-0.4}), and comes later the colder it is, by log 2 / 0.7 or less when beta
    doubles, a time of order log beta; then all go to the first axis.  Velocities of eight tokens are the printed
    loop's: 1e-13.  (An own formulation: the paper is not at hand but for its bound.)
    """
    betas = np.array([16.0, 32.0, 64.0, 128.0])
    t = np.linspace(0.0, 12.0, 121)
    x = _start(256 if bench.tier == "quick" else 1024)
    far = np.array([_apart(float(beta), x, t) for beta in betas])
    bound = np.sqrt(np.log(betas + 1.0) / betas)
    late = t[np.argmax(far, axis=1)]
    V = np.diag([1.0, SLOW])
    law = mf.SA(8.0, V=V)
    few = x[:: len(x) // 8]
    v = np.asarray(law.velocity(0.0, None, mf.Points(few)))
    v = v - np.sum(v * few, axis=1, keepdims=True) * few
    loop = double_loop.general_velocity("SA", few, 8.0, np.eye(2), np.eye(2), V)
    measured = {
        "velocity - printed loop": float(np.abs(v - loop).max()),
        "distance over (log(beta + 1) / beta)^(1/2), most": float((far.max(axis=1) / bound).max()),
        "slope of the distance at t = 1": float(np.polyfit(np.log(betas), np.log(far[:, 10]), 1)[0]),
        "slope of the largest distance": float(np.polyfit(np.log(betas), np.log(far.max(axis=1)), 1)[0]),
        "largest at, beta = 16": float(late[0]),
        "largest at, beta = 128": float(late[-1]),
        "it comes later": float(np.diff(late).min()),
        "distance at t = 12, most": float(far[:, -1].max()),
    }
    return judge(
        measured,
        {
            "velocity - printed loop": (None, 1e-13),
            "distance over (log(beta + 1) / beta)^(1/2), most": (None, 1.0),
            "slope of the distance at t = 1": (-1.1, -0.9),
            "slope of the largest distance": (None, -0.4),
            "it comes later": (0.0, np.log(2.0) / (1.0 - SLOW)),
        },
    )


def _start(n: int) -> Array:
    theta = np.linspace(0.0, 2.0 * np.pi, 20001)
    share = (theta + 0.4 * np.sin(theta - 1.0) + 0.4 * np.sin(1.0)) / (2.0 * np.pi)
    q = np.interp((np.arange(n) + 0.5) / n, share, theta)
    return np.stack([np.cos(q), np.sin(q)], axis=1)


def _apart(beta: float, x: Array, t: Array) -> Array:
    """Root mean square distance of the tokens from e^{tV} x_0, normalised, at all times."""
    run = pt.simulate(mf.SA(beta, V=np.diag([1.0, SLOW])), x, (0.0, float(t[-1])), t, rtol=1e-7, atol=1e-10)
    alone = x * np.exp(np.multiply.outer(t, np.array([0.0, SLOW - 1.0])))[:, None, :]
    alone /= np.linalg.norm(alone, axis=-1, keepdims=True)
    return np.asarray(np.sqrt(np.mean(np.sum(np.square(run.x - alone), axis=-1), axis=1)))
