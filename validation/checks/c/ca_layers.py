"""C, appendix A.1: a layer as it is printed, and the flow it is a step of."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import double_loop, ode
from validation.rates import slope
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

BETA, END, COUNTS = 2.0, 1.0, (50, 100, 200, 400)


def _normed(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


def _attention(x: Array, parts: dict[str, Array]) -> Array:
    """attn(x_1, ..., x_n) at rows of any length, as printed."""
    return double_loop.general_velocity("SA", x, BETA, parts["Q"], parts["K"], parts["V"], sphere=False)


def _flow(x: Array, rhs: Any) -> Array:
    """Where x is at the end of x' = rhs(x), in scipy's integrator."""
    y = ode.integrate(lambda _, flat: rhs(flat.reshape(x.shape)).ravel(), x.ravel(), [END], rtol=1e-12, atol=1e-13)
    return np.asarray(y[1][-1].reshape(x.shape))


@check("C22", where="C A.1 (4)", title="X + RMSNorm(Attn(X)) is a step of a flow in R^d, not of one on the sphere")
def printed(bench: Bench) -> Verdict:
    """Random Q and K in d = 3, V the identity and 0.3 of a random matrix, 12 tokens, beta = 2, L layers of step 1/L,
    L = 50, ..., 400, to t = 1.

    The layers at L = 50 are (4) in a loop, 1e-13.  Their distance from the flow x' = N A(x) of R^d, N A = A / |A|, in
    scipy's integrator, falls as 1/L: slope -1 within 0.05.  That flow does not keep |x| = 1, as the text has it: the
    largest length at t = 1 is above 1.5, and directions are farther than 0.02 from those of (SA).  What the text means
    normalises the sum, N(x + step A): its distance from (SA) falls as 1/L, too, and lengths are 1.
    """
    rng = np.random.default_rng(bench.rng)
    x = pt.uniform(12, 3, rng)
    parts = dict(zip("QKV", rng.standard_normal((3, 3, 3)) / np.sqrt(3.0), strict=True))
    parts["V"] = np.eye(3) + 0.3 * parts["V"]
    law = mf.SA(BETA, **parts)
    flows = {
        "attention": _flow(x, lambda y: _normed(_attention(y, parts))),
        "post": _flow(x, lambda y: double_loop.general_velocity("SA", y, BETA, *(parts[k] for k in "QKV"))),
    }
    loop = x
    for _ in range(COUNTS[0]):
        loop = loop + END / COUNTS[0] * _normed(_attention(loop, parts))
    measured: dict[str, float] = {}
    for norm, name in (("attention", "as printed"), ("post", "the sum normalised")):
        ends = [pt.layers(law, x, L, END / L, norm=norm).x[-1] for L in COUNTS]  # type: ignore[arg-type]
        gaps = np.array([np.abs(end - flows[norm]).max() for end in ends])
        measured[f"slope over L, {name}"] = slope(np.array(COUNTS), gaps).slope
        measured[f"distance from the flow at L = {COUNTS[-1]}, {name}"] = float(gaps[-1])
        if norm == "attention":
            measured["layers - printed"] = float(np.abs(ends[0] - loop).max())
        lengths = np.linalg.norm(ends[-1], axis=1)
        measured |= {f"least length, {name}": float(lengths.min()), f"largest, {name}": float(lengths.max())}
    apart = np.abs(_normed(flows["attention"]) - flows["post"]).max()
    measured["directions of (4) - (SA)"] = float(apart)
    limits: Limits = {f"slope over L, {name}": (-1.05, -0.95) for name in ("as printed", "the sum normalised")}
    one = 1e-14
    limits = {
        **limits, "layers - printed": (None, 1e-13), "largest, as printed": (1.5, None),
        "least length, the sum normalised": (1.0 - one, None), "largest, the sum normalised": (None, 1.0 + one),
        "directions of (4) - (SA)": (0.02, None),
    }  # fmt: skip
    return judge(measured, limits)
