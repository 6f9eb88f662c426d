"""B, sections 4 and 9: a simple leading eigenvalue; tokens end on up to three parallel hyperplanes."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.clustering.linked import near
from meanfield.protocols import Array
from validation import rates
from validation.checks._tools import backslide, spread
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence, judge

TOKENS, END, LONG, NEAR = 16, 9.0, 14.0, 1e-2


def _run(V: Array, rng: np.random.Generator, rtol: float = 1e-9, end: float = END) -> pt.Trajectory:
    """Rescaled tokens under V and a random Q = K of full rank, to `end` e-foldings, at steps that are landed on."""
    d = len(V)
    G = rng.standard_normal((d, d))
    A = np.linalg.cholesky(G @ G.T / d + 0.3 * np.eye(d)).T
    law = mf.Rescaled(mf.SA(1.0, Q=A, K=A, V=V, geometry="flat"))
    last = end / float(np.linalg.eigvals(V).real.max())
    x = rng.standard_normal((TOKENS, d))
    return pt.simulate(law, x, (0.0, last), np.linspace(0.0, last, 61), land=True, rtol=rtol, atol=1e-14)


def _basis(d: int, rng: np.random.Generator) -> Array:
    """Columns, not orthogonal, of moderate condition."""
    return np.asarray(np.linalg.qr(rng.standard_normal((d, d)))[0] + 0.3 * rng.standard_normal((d, d)) / np.sqrt(d))


@check("B15", where="B 4, Thm 4.2", title="a good triple: tokens end on psi = a, 0, b")
def three(bench: Bench) -> Verdict:
    """16 tokens in R^3, V of eigenvalues 1, -0.4, 0.3 in a basis that is not orthogonal, Q = K random: a good triple,
    by `pt.good_triple`.  At 9 e-foldings psi(z_i), psi the left eigenvector, is within 0.01 of its range of its least
    value a, its largest b, or 0, for all but one token at most; `pt.classify` says hyperplanes, or nothing.
    """
    rng = np.random.default_rng(bench.rng)
    S = _basis(3, rng)
    V = S @ np.diag([1.0, -0.4, 0.3]) @ np.linalg.inv(S)
    run = _run(V, rng)
    told = pt.good_triple(run.law.law.Q, run.law.law.K, V)
    c = np.asarray(run.x) @ np.linalg.inv(S)[0]
    ends = np.array([c[-1].min(), 0.0, c[-1].max()])
    off = np.abs(c[-1][:, None] - ends).min(axis=1) / np.ptp(c[0])
    row = pt.classify(run).row
    measured = {
        "a good triple": float(told.good), "a": float(ends[0]), "b": float(ends[2]), "most off": float(off.max()),
        "elsewhere": float((off > NEAR).sum()), "at 0": float((np.abs(c[-1]) < NEAR * np.ptp(c[0])).sum()),
        "another row": float(row not in ("hyperplanes", "undecided")),
    }  # fmt: skip
    return judge(measured, {"a good triple": (1, 1), "elsewhere": (None, 1), "another row": (0, 0)})


@check("B35", where="B 9.1, Lem 9.1-9.3", title="coordinates of eigenvalues >= 0 never widen", equations=["B (9.4)"])
def monotone(bench: Bench) -> Verdict:
    """16 tokens in R^4, eigenvalues 1, 0.5, 0.2 +- 0.4 i of V and, in another run, 1, 0.4, 0, -0.6, rtol 1e-12, at 60
    steps, to t = 4 (full: 6).  min and max of phi_k of eigenvalues >= 0 never widen, and max |phi_k(e^{tV} z)|
    e^{-|lambda_k| t} never rises, of complex ones too: by 1e-12 of their size at most.  (9.4): scores less c_11 e^{2 t}
    phi_1 phi_1 over C e^{(1 + |lambda_2|) t}, C from the d^2 - 1 other pairs (as printed (d - 1)^2, too few: errata),
    at most 1.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    pair = np.array([[0.2, -0.4], [0.4, 0.2]])
    inner = {"pair": np.diag([1.0, 0.5, 0.0, 0.0]), "real": np.diag([1.0, 0.4, 0.0, -0.6])}
    inner["pair"][2:, 2:] = pair
    for name, D in inner.items():
        S = _basis(4, rng)
        run = _run(S @ D @ np.linalg.inv(S), rng, 1e-12, 6.0 if bench.tier == "full" else 4.0)
        w, U = np.linalg.eig(D)
        phi = np.asarray(run.x) @ (np.linalg.inv(U) @ np.linalg.inv(S)).T
        grown = np.abs(phi).max(axis=1) * np.exp((w.real - np.abs(w)) * run.t[:, None])
        measured[f"{name}: |phi| e^(-|lambda| t) rises by"] = max(backslide(grown[:, k], -1) for k in range(4))
        real = [k for k in range(4) if abs(w[k].imag) == 0.0 and w[k].real >= 0.0]
        high = [backslide(phi[..., k].real.max(axis=1), -1) for k in real]
        low = [backslide(phi[..., k].real.min(axis=1), 1) for k in real]
        measured[f"{name}: widens by"] = max(*high, *low)
        c = (S @ U).T @ (run.law.law.Q.T @ run.law.law.K) @ (S @ U)
        x = phi * np.exp(w * run.t[:, None, None])
        lead = int(np.argmax(np.abs(w)))
        second = float(np.sort(np.abs(w))[-2])
        scores = np.einsum("tik,kl,tjl->tij", x, c, x) - c[lead, lead] * x[:, :, None, lead] * x[:, None, :, lead]
        others = np.abs(c).sum() - abs(c[lead, lead])
        C = np.abs(x).max(axis=1) * np.exp(-np.abs(w) * run.t[:, None])
        bound = others * float(C.max()) ** 2 * np.exp((1.0 + second) * run.t)
        measured[f"{name}: (9.4), share of the bound"] = float((np.abs(scores).max(axis=(1, 2)) / bound).max())
    limits: dict[str, tuple[float | None, float | None]] = {
        one: (None, 1.0 if "bound" in one else 1e-12) for one in measured
    }  # fmt: skip
    return judge(measured, limits)


@check("B36", where="B 9.3, Rem 9.4, 9.5", title="divergence along the hyperplane; Jordan blocks")
def examples(bench: Bench) -> Verdict:
    """Remark 9.4: V = diag(1, -1/2): |z| grows like e^{t/2} along the hyperplane, the slope of its logarithm over the
    last half within 0.05 of 1/2; V = diag(1, 1/2): z stays within the extent at the start.  Remark 9.5: a block of
    eigenvalue 1/2 beside 1: a good triple, and psi(z_i) at a, 0 or b to 0.01 for all tokens but one at most.
    """
    rng = np.random.default_rng(bench.rng)
    away = _run(np.diag([1.0, -0.5]), rng, 1e-7)
    size = np.log(np.abs(np.asarray(away.x)[..., 1]).max(axis=1))
    slope = float((size[-1] - size[30]) / (away.t[-1] - away.t[30]))
    z = np.abs(np.asarray(_run(np.diag([1.0, 0.5]), rng, 1e-7).x))
    block = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 1.0], [0.0, 0.0, 0.5]])
    run = _run(block, rng)
    c = np.asarray(run.x)[..., 0]
    off = np.abs(c[-1][:, None] - [c[-1].min(), 0.0, c[-1].max()]).min(axis=1) / np.ptp(c[0])
    measured = {
        "growth along the hyperplane": slope, "extent, over that at the start": float(z.max() / z[0].max()),
        "Jordan: a good triple": float(pt.good_triple(run.law.law.Q, run.law.law.K, block).good),
        "Jordan: elsewhere": float((off > NEAR).sum()),
    }  # fmt: skip
    return judge(measured, {
        "growth along the hyperplane": (0.45, 0.55), "extent, over that at the start": (None, 1.0 + 1e-9),
        "Jordan: a good triple": (1, 1), "Jordan: elsewhere": (None, 1),
    })  # fmt: skip


def _places(cell: dict[str, Any], rng: Any) -> list[tuple[int, float]]:
    """Of several random V in R^3: at how many places the coordinates of eigenvalues of positive real part are, and how
    much they still moved over the last tenth of the time, over their first extent.

    Tokens of (1.1) itself, whose eigencoordinates times e^{-lambda t} are those of (3.1): where leaders change all the
    time, fixed steps count as well as adaptive ones, which are as short as e^{-2 lambda t} there.
    """
    found = []
    for _ in range(cell["draws"]):
        while True:
            V = rng.standard_normal((3, 3))
            w, right = np.linalg.eig(V)
            up = w.real > 0.0
            if w.real.max() > 0.3 and (w.real[up] > 0.5 * w.real.max()).all():
                break
        G = rng.standard_normal((3, 3))
        A = np.linalg.cholesky(G @ G.T / 3.0 + 0.3 * np.eye(3)).T
        last = LONG / float(w.real.max())
        step = last / np.ceil(last * np.abs(w).max() / 0.05)
        law, x = mf.SA(1.0, V=V, Q=A, K=A, geometry="flat"), rng.standard_normal((TOKENS, 3))
        run = pt.simulate(law, x, (0.0, last), [0.0, 0.9 * last, last], method="rk4", step=step)
        c = np.exp(-w[up] * run.t[:, None, None]) * (np.asarray(run.x) @ np.linalg.inv(right)[up].T)
        c = np.concatenate([c.real, c.imag], axis=-1)
        extent = float(np.ptp(c[0], axis=0).max())
        moved = float(np.abs(c[-1] - c[-2]).max()) / extent
        found.append((len(np.bincount(near(c[-1], 3.0 * NEAR * extent))), moved))
    return found


@check("B17", where="B Conj 4.3", title="codimension = number of eigenvalues of positive real part", tier="full")
def codimension(bench: Bench) -> Verdict:
    """60 random Ginibre V in R^3 with an eigenvalue of positive real part, all of these at least half of the largest,
    Q = K random, 16 tokens, to 14 e-foldings.  The k coordinates of eigenvalues with positive real part end at so many
    places, within 0.03 of their extent; the conjecture says three at most.  The share that does, with a 95% interval,
    of the draws whose coordinates moved by less than 0.03 over the last tenth; V of all kinds are among them, good
    triples or not.  The bar: more than half of the draws.
    """
    draws = 60
    cells = [{"first": k, "draws": 10} for k in range(0, draws, 10)]
    found = [one for part in spread(bench, _places, cells) for one in part]
    rest = [places for places, moved in found if moved < 3.0 * NEAR]
    hits = sum(places <= 3 for places in rest)
    low, high = rates.share_interval(hits, len(rest))
    measured = {
        "draws": float(draws), "at rest": float(len(rest)), "three places at most": hits / len(rest), "95% from": low,
        "95% to": high, "most places": float(max(rest)), "of all draws": sum(one[0] <= 3 for one in found) / draws,
    }  # fmt: skip
    message = f"{len(rest) - hits} of {len(rest)} end at more than three places; {draws - len(rest)} still move."
    return evidence(measured, {"95% from": (0.5, None), "at rest": (0.5 * draws, None)}, message)
