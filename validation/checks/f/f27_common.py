"""2604.26898, 2603.06187: noise that all tokens share draws them together, and may do so against repulsion."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

END = 1.0


@check("F27", where="2604.26898, 2603.06187", title="common noise: clusters without attention, and against repulsion",
       tier="full")  # fmt: skip
def common_noise(bench: Bench) -> Verdict:
    """log |x - y| of two near tokens that share their noise: its rate under SA (beta = 4), none, and SA with V = -I.

    Near tokens of a pair contract at rate 1 under SA, part at rate 1 under V = -I; common noise of strength kappa adds
    -kappa (d - 1), whatever x is: d |delta|^2 / |delta|^2 = (4 - 2 (d - 1)) kappa dt - 2 (2 kappa)^{1/2} <x, dB>.  So
    the exponent is -1, 0 or 1, less kappa (d - 1): clusters form without attention, and against repulsion where
    kappa > 1 / (d - 1).  Mean over 400 pairs from a gap of 1e-6 to t = 1, by Heun's method in steps of
    0.005, which leaves a quarter of a standard error as far as seen, d = 2 and 3, kappa = 1.5 / (d - 1): within 4.5
    standard errors (0.09 and less); and the signs.  Noise of each token's own parts them: the mean gap
    at the end is above 0.1.
    """
    rng = np.random.default_rng(bench.rng)
    pairs, step = 400, 0.005
    measured: dict[str, Any] = {"wrong signs": 0}
    limits: Limits = {"wrong signs": (0, 0)}
    for d in (2, 3):
        kappa = 1.5 / (d - 1.0)
        for name, law, rate in (
            ("attention", mf.SA(4.0), -1.0), ("none", None, 0.0), ("repulsion", mf.SA(4.0, sign=-1), 1.0)
        ):  # fmt: skip
            noise = mf.Diffusion(kappa, common=True)
            grown = _grown(noise if law is None else law + noise, d, pairs, step, rng) / END
            told = rate - kappa * (d - 1.0)
            at = f"{name}, d = {d}, kappa = {kappa:g}"
            measured[f"rate: {at}"] = float(grown.mean())
            off = abs(float(grown.mean()) - told) / (float(grown.std()) / pairs**0.5)
            measured[f"standard errors: {at}"] = off
            limits = {**limits, f"standard errors: {at}": (None, 4.5)}
            measured["wrong signs"] += int(np.sign(grown.mean()) != np.sign(told))
    own = _grown(mf.Diffusion(0.4), 3, 200, 0.01, rng)
    measured["own noise: log of the mean gap"] = float(np.log(np.exp(own).mean() * 1e-6))
    limits = {**limits, "own noise: log of the mean gap": (float(np.log(0.1)), None)}
    return evidence(measured, limits, "Common noise alone makes clusters; its exponent is -kappa (d - 1).")


def _grown(law: mf.Law, d: int, pairs: int, step: float, rng: np.random.Generator) -> Any:
    """log of the last gap over the first, of pairs at 1e-6 from each other."""
    x = pt.uniform(1, d, rng, replicas=pairs)
    aside = rng.standard_normal(x.shape)
    aside -= np.sum(aside * x, axis=-1, keepdims=True) * x
    y = x + 1e-6 * aside / np.linalg.norm(aside, axis=-1, keepdims=True)
    both = np.concatenate([x, y / np.linalg.norm(y, axis=-1, keepdims=True)], axis=1)
    end = pt.simulate(law, both, (0.0, END), [END], method="heun", step=step, rng=rng).x[-1]
    first, last = (np.linalg.norm(z[:, 1] - z[:, 0], axis=-1) for z in (both, end))
    return np.log(last / first)
