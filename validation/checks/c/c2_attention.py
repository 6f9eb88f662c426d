"""C, section 2: attention with Q, K, V, and its causal form."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.checks._tools import velocity
from validation.exact import double_loop, ode
from validation.registry import Bench, check
from validation.verdict import Verdict, judge


def _lifted(x: Array, t: float, beta: float, Q: Array, K: Array, V: Array, causal: bool) -> Array:
    """Tokens at time t by y_i' = |y_i| a_i(y / |y|) in R^d, a the printed sums without a projection: x = y / |y|."""

    def rhs(_: float, flat: Array) -> Array:
        y = flat.reshape(x.shape)
        size = np.linalg.norm(y, axis=1, keepdims=True)
        pull = double_loop.general_velocity("SA", y / size, beta, Q, K, V, causal=causal, sphere=False)
        return np.asarray(size * pull).ravel()

    y = ode.integrate(rhs, x.ravel(), [t])[1][-1].reshape(x.shape)
    return np.asarray(y / np.linalg.norm(y, axis=1, keepdims=True))


def _cases(rng: Any) -> list[tuple[str, int, dict[str, Array]]]:
    """Names, dimensions, and random matrices: square, rectangular scores, values alone."""
    square = dict(zip("QKV", rng.standard_normal((3, 3, 3)) / np.sqrt(3.0), strict=True))
    Q, K = rng.standard_normal((2, 2, 4)) / 2.0
    wide = {"Q": Q, "K": K, "V": rng.standard_normal((4, 4)) / 2.0}
    return [("d = 3", 3, square), ("d = 4, 2 rows", 4, wide), ("d = 2, V", 2, {"V": rng.standard_normal((2, 2))})]


def _against(rng: Any, causal: bool) -> dict[str, float]:
    """Largest differences of velocities from the printed loop, and of runs from `_lifted`."""
    measured = {}
    for name, d, given in _cases(rng):
        x = pt.uniform(10, d, rng)
        Q, K, V = (given.get(letter, np.eye(d)) for letter in "QKV")
        law: Any = mf.SA(2.0, **given)  # type: ignore[arg-type]
        law = mf.Causal(law) if causal else law
        printed = double_loop.general_velocity("SA", x, 2.0, Q, K, V, causal=causal)
        mu = mf.Points(x)
        ours = geometry.project(x, law.velocity(0.0, mu.x, mu))
        measured[f"velocity - printed, {name}"] = float(np.abs(ours - printed).max())
        run = pt.simulate(law, x, (0.0, 2.0), [2.0], rtol=1e-13, atol=1e-15)
        measured[f"run - lifted, {name}"] = float(np.abs(run.x[-1] - _lifted(x, 2.0, 2.0, Q, K, V, causal)).max())
    return measured


def _limits(measured: dict[str, float]) -> dict[str, tuple[float | None, float | None]]:
    return {name: (None, 1e-13 if name.startswith("velocity") else 1e-10) for name in measured}


@check("C01", where="C 2 (SA)", title="full attention with Q, K, V")
def full(bench: Bench) -> Verdict:
    """Random matrices, square and rectangular, 10 tokens, beta = 2: velocities against the printed loop, to rounding;
    runs to t = 2 against a flow in R^d that is projected only at the end, in scipy's integrator: 1e-10, both
    tolerances times the flow's growth.
    """
    measured = _against(np.random.default_rng(bench.rng), causal=False)
    return judge(measured, _limits(measured))


@check("C02", where="C 2 (CSA)", title="causal attention: token k sees tokens 1..k")
def causal(bench: Bench) -> Verdict:
    """As C01 under the mask; and the first token moves alone, x_1(t) = e^{tV} x_1(0) over its norm, 1e-10; the first
    four of ten tokens, run by themselves, go as they go among the others: 1e-9 of runs at a tolerance of 1e-12.
    """
    rng = np.random.default_rng(bench.rng)
    measured = _against(rng, causal=True)
    first, among = 0.0, 0.0
    for _, d, given in _cases(rng):
        law, x = mf.Causal(mf.SA(4.0, **given)), pt.uniform(10, d, rng)  # type: ignore[arg-type]
        run, alone = (pt.simulate(law, y, (0.0, 2.0), [2.0], rtol=1e-12, atol=1e-14).x[-1] for y in (x, x[:4]))
        y = expm(2.0 * given["V"]) @ x[0]
        first = max(first, float(np.abs(run[0] - y / np.linalg.norm(y)).max()))
        among = max(among, float(np.abs(run[:4] - alone).max()))
    limits = {**_limits(measured), "first token - e^{tV}": (None, 1e-10), "four alone - among ten": (None, 1e-9)}
    return judge(measured | {"first token - e^{tV}": first, "four alone - among ten": among}, limits)


@check("C11", where="C 5 (CSA-2d)", title="causal attention on the circle is the printed equation of angles")
def angles(bench: Bench) -> Verdict:
    """phi_k' = sum_{j<=k} h(phi_j - phi_k) / sum_{j<=k} e^{beta (cos(phi_j - phi_k) - 1)},
    h(x) = e^{beta (cos x - 1)} sin x, of 300 angles, more than a tile, at beta = 1, 9, 64: our law of angles and of
    rows, 16 (8 + beta) eps of the largest speed.
    """
    rng = np.random.default_rng(bench.rng)
    measured = {}
    for beta in (1.0, 9.0, 64.0):
        phi = pt.uniform_angles(300, rng)
        x = phi[None, :] - phi[:, None]
        e = np.tri(300) * np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2)
        printed = (e * np.sin(x)).sum(axis=1) / e.sum(axis=1)
        law, rows = mf.Causal(mf.SA(beta)), geometry.to_rows(phi)
        along = np.sum(velocity(law, mf.Points(rows)) * geometry.quarter_turn(rows), axis=-1)
        for name, ours in (("angles", velocity(law, mf.Points(phi))), ("rows", along)):
            measured[f"{name}, beta = {beta:g}"] = float(np.abs(ours - printed).max() / np.abs(printed).max())
    eps = float(np.finfo(float).eps)
    return judge(measured, {name: (None, 16.0 * (8.0 + float(name.split()[-1])) * eps) for name in measured})
