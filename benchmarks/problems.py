"""What is measured: each problem once, with its parameters, its clock, the accuracy asked of all, and who runs it."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.oracles import bessel

START = "rho0 = 1 + 0.3 cos + 0.2 sin 2 theta"
OURS = "ours"
LIMITS = ("bare",)
"""Runners that are a floor, not a peer: there the ratio is ours over theirs, and it should be small."""
TOLERANCES = (1e-6, 3e-7, 1e-7, 3e-8, 1e-8)
DEDALUS_STEPS = {"RK443": (155, 165, 175), "RK222": (2800,), "SBDF3": (1000, 2000), "SBDF4": (1400, 2000)}
NUMPY, NUMBA = "numpy", "numba"
"""Variants of ours where there are two sums: plain numpy, and compiled by the extra `fast`."""


@dataclass(frozen=True)
class Problem:
    """One thing to be done by several codes.

    Attributes
    ----------
    name, kind : str
        Its own name, and what runners call it.
    title : str
        One line, with the clock.
    parameters : dict
        The same for all runners.
    runners : dict
        Runner -> its own settings.  "ours" may have variants, "ours numpy" and "ours numba".
    accuracy : float
        Error that every answer must stay below to be compared.
    error : str
        What the error is.
    wanted : dict
        "peer / ours" -> the ratio the project asks of itself.  For a floor, "ours / floor" and at most.
    rounds, threads : int
        How often all are asked in turn, and the threads each may use.
    ladders : dict
        Runner -> settings to try, cheapest first (`tune`); the ones in `runners` are those found.
    series : (str, str)
        If this is a step of a series (its name, the parameter that grows).
    """

    name: str
    kind: str
    title: str
    parameters: dict[str, Any]
    runners: dict[str, dict[str, Any]]
    accuracy: float = float("inf")
    error: str = ""
    wanted: dict[str, float] = field(default_factory=dict)
    rounds: int = 7
    threads: int = 1
    ladders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    series: tuple[str, str] | None = None

    @property
    def peers(self) -> tuple[str, ...]:
        """All runners that are not ours."""
        return tuple(name for name in self.runners if name.split()[0] != OURS)

    def settings(self, runner: str) -> dict[str, Any]:
        """What that runner is given."""
        return {**self.parameters, "threads": self.threads, **self.runners[runner]}


def _tolerances(rtol: float) -> dict[str, float]:
    """The absolute one in the proportion of densities near 1 whose modes decay."""
    return {"rtol": rtol, "atol": rtol / 100}


def _pdes() -> Iterable[Problem]:
    sa = {"law": "SA", "beta": 4.0}
    yield Problem(
        "circle-pde",
        "circle-pde",
        f"the continuity equation on the circle, SA, beta = 4, {START}, to t = 2 (SA's own time)",
        {**sa, "end": 2.0},
        {
            "ours": {"n": 48, **_tolerances(3e-7)},
            "dedalus": {"n": 48, "scheme": "RK443", "steps": 165},
            "pypde": {"n": 40_000, "method": "DOP853", "rtol": 1e-8, "atol": 1e-9},
        },
        accuracy=1e-8,
        error="of the density per radian at t = 2, maximum norm",
        wanted={"dedalus / ours": 200.0, "pypde / ours": 3000.0},
        rounds=7,
        ladders={
            "ours": [{"n": n, **_tolerances(r)} for n in (32, 48, 64) for r in TOLERANCES],
            "dedalus": [
                {"n": n, "scheme": scheme, "steps": steps}
                for n in (32, 40, 48, 64)
                for scheme, tried in DEDALUS_STEPS.items()
                for steps in tried
            ],
            "pypde": [
                {"n": n, "method": method, "rtol": r, "atol": r / 10}
                for n, method, r in ((38_500, "DOP853", 1e-8), (40_000, "DOP853", 1e-7), (40_000, "DOP853", 1e-8))
            ],
        },
    )
    yield Problem(
        "sphere-pde",
        "sphere-pde",
        "the continuity equation on S^2, SA, beta = 4, a datum of degree 3 without symmetry, to t = 1 (SA's own time)",
        {**sa, "end": 1.0},
        {
            "ours": {"lmax": 20, **_tolerances(1e-7)},
            "dedalus": {"lmax": 20, "scheme": "RK443", "steps": 120},
        },
        accuracy=1e-8,
        error="of the density with respect to the uniform probability at t = 1, at 200 points",
        wanted={"dedalus / ours": 12.0},
        rounds=5,
        ladders={
            "ours": [{"lmax": L, **_tolerances(r)} for L in (16, 20, 24) for r in TOLERANCES],
            "dedalus": [
                {"lmax": L, "scheme": "RK443", "steps": steps} for L in (16, 20, 24) for steps in (100, 110, 120, 130)
            ],
        },
    )


def _right_hand_sides() -> Iterable[Problem]:
    sa = {"law": "SA", "beta": 4.0}
    for n, most in ((256, 5.0), (1024, None), (4096, 2.0), (16_384, None), (65_536, None)):
        yield Problem(
            f"circle-rhs-{n}",
            "circle-rhs",
            f"one spectral right-hand side on the circle, SA, beta = 4, N = {n} nodes; bare: its four planned FFTs",
            {**sa, "n": n},
            {"ours": {}, "bare": {}},
            accuracy=1e-10,
            error="relative to the largest value, at 64 points",
            wanted={} if most is None else {"ours / bare": most},
            series=("circle-rhs", "n"),
        )
    for lmax in (64, 128, 256):
        yield Problem(
            f"sphere-rhs-{lmax}",
            "sphere-rhs",
            f"one spectral right-hand side on S^2, SA, beta = 4, lmax = {lmax}; Dedalus: per stage of RK443; "
            "bare: the four transforms needed, Z and U in the kernel's band",
            {**sa, "lmax": lmax},
            {"ours": {}, "bare": {}, "dedalus": {"scheme": "RK443"}},
            accuracy=1e-10,
            error="relative to the largest value, at 200 points",
            wanted={"dedalus / ours": 12.0, "ours / bare": 1.5},
            series=("sphere-rhs", "lmax"),
        )


def _modes(beta: float) -> int:
    """Degrees beyond which e^{-beta} I_k is below 1e-17 of the first: what a FINUFFT pipeline must carry."""
    q = bessel(beta)
    return int((q > 1e-17 * q[0]).sum())


def _short(n: float) -> str:
    text = f"{n:.0e}".replace("+0", "")
    return text if n >= 1000 and float(text) == n else f"{n:g}"


def _points() -> Iterable[Problem]:
    ours = {"ours numpy": {"field": "harmonic"}, "ours numba": {"field": "cells"}}
    for law in ("SA", "USA"):
        for n in (10_000, 1_000_000):
            beta = 9.0
            finufft = {"modes": _modes(beta), "eps": 1e-12, "upsampfac": 1.25, "threads": 1 if n == 10_000 else 2}
            runners: dict[str, dict[str, Any]] = {**ours, "finufft": finufft}
            wanted = {"finufft / ours numpy": 1.0, "finufft / ours numba": 6.0} if n == 1_000_000 else {}
            if n == 10_000:
                runners |= {"keops": {}, "loop": {"style": "matrices"}}
                wanted |= {"keops / ours numba": 2000.0, "loop / ours numba": 5000.0}
            yield Problem(
                f"circle-points-{_short(n)}-{law.lower()}",
                "circle-points",
                f"one right-hand side of n = {_short(n)} particles on the circle, {law}, beta = 9, scaled by e^-beta",
                {"law": law, "beta": beta, "n": n},
                runners,
                accuracy=1e-12,
                error="relative to the largest speed, at 32 particles, against long double",
                wanted=wanted,
                rounds=5 if n == 10_000 else 7,
                threads=2,
                ladders={
                    "finufft": [
                        {"modes": _modes(beta), "eps": eps, "upsampfac": upsampfac, "threads": threads}
                        for eps in (1e-12, 1e-13)
                        for upsampfac in (1.25, 2.0)
                        for threads in (1, 2)
                    ]
                },
            )
    yield Problem(
        "circle-points-1e7-sa",
        "circle-points",
        "one right-hand side of n = 1e7 particles on the circle, SA, beta = 9: time and peak memory",
        {"law": "SA", "beta": 9.0, "n": 10_000_000, "asked": 8},
        {**ours, "finufft": {"modes": _modes(9.0), "eps": 1e-12, "upsampfac": 1.25}},
        accuracy=1e-10,
        error="relative to the largest speed, at 8 particles, against long double",
        rounds=3,
        threads=2,
    )


def _causal() -> Iterable[Problem]:
    yield Problem(
        "causal-points-1e5-sa",
        "causal-points",
        "one right-hand side of n = 1e5 particles on the circle under the causal mask, SA, beta = 9",
        {"law": "SA", "beta": 9.0, "n": 100_000},
        {"ours": {"field": "harmonic"}, "loop": {}},
        accuracy=1e-12,
        error="relative to the largest speed, at 32 particles, against long double",
        wanted={"loop / ours": 100.0},
        rounds=3,
        threads=2,
    )


def _dense() -> Iterable[Problem]:
    for d, n in ((2, 10_000), (3, 10_000), (128, 10_000), (128, 1_000)):
        runners: dict[str, dict[str, Any]] = {
            "ours numpy": {"field": "direct"},
            "ours numba": {"field": "compiled"},
            "loop": {"style": "matrices"},
        }
        wanted = {}
        if d < 128:
            wanted = {f"{peer} / ours {v}": w for peer in ("keops", "sisyphe") for v, w in ((NUMPY, 5.0), (NUMBA, 7.0))}
        elif n == 10_000:
            wanted = {"loop / ours numpy": 2.5}
        if (d, n) != (128, 10_000):  # KeOps would take 20 s a call there, and the answer would be no other
            runners |= {"keops": {}, "sisyphe": {}}
        yield Problem(
            f"dense-d{d}-{_short(n)}",
            "dense",
            f"one right-hand side of n = {_short(n)} particles on the sphere of R^{d} by all pairs, SA, beta = 9, "
            "scaled by e^-beta",
            {"law": "SA", "beta": 9.0, "n": n, "d": d},
            runners,
            accuracy=1e-12,
            error="relative to the largest coordinate, at 64 particles, against long double",
            wanted=wanted,
            rounds=5,
            threads=2,
        )


def _general() -> Iterable[Problem]:
    yield Problem(
        "general-d64-1e4",
        "general",
        "one right-hand side of n = 1e4 particles on the sphere of R^64 by all pairs, SA with random Q, K, V, beta = 9",
        {"beta": 9.0, "n": 10_000, "d": 64},
        {"ours numpy": {"field": "direct"}, "ours numba": {"field": "compiled"}, "loop": {}},
        accuracy=1e-12,
        error="relative to the largest coordinate, at 64 particles, against long double",
        wanted={"loop / ours numba": 2.5},
        rounds=5,
        threads=2,
    )


def _rescaled() -> Iterable[Problem]:
    yield Problem(
        "rescaled-d3-1e4",
        "rescaled",
        "one right-hand side of n = 1e4 rescaled tokens z = e^{-tV} x of R^3 with random Q, K, V, beta = 2, t = 0.5; "
        "bare: the same law on the sphere",
        {"beta": 2.0, "n": 10_000, "d": 3, "t": 0.5, "field": "direct"},
        {"ours": {}, "bare": {}},
        accuracy=1e-12,
        error="relative to the largest coordinate, at 64 tokens, against long double",
        wanted={"ours / bare": 1.3},
        rounds=5,
    )


def _gram() -> Iterable[Problem]:
    to_1e7 = {"rtol": 1e-8, "atol": 1e-10}
    yield Problem(
        "gram-32-1024",
        "gram",
        "32 clouds of n = 32 tokens in d = 1024 to t = 5 under SA, beta = 4: inner products against rows",
        {"beta": 4.0, "n": 32, "d": 1024, "clouds": 32, "end": 5.0},
        {"ours": to_1e7, "rows": to_1e7},
        accuracy=1e-7,
        error="of the first cloud's inner products at the end, relative to the largest",
        wanted={"rows / ours": 10.0},
        rounds=5,
    )


def _others() -> Iterable[Problem]:
    for name, n, p, weighted, rounds in (
        ("w1-1e4", 10_000, 1, False, 5),
        ("w1-1e5", 100_000, 1, False, 5),
        ("w1-1e6", 1_000_000, 1, False, 3),
        ("w1-1e6-weighted", 1_000_000, 1, True, 3),
        ("w2-1e6", 1_000_000, 2, False, 3),
    ):
        yield Problem(
            name,
            "distance",
            f"W{p} on the circle between two {'weighted ' if weighted else ''}samples of n = {_short(n)}",
            {"n": n, "p": p, "weighted": weighted},
            {"ours": {}, "pot": {}},
            accuracy=1e-7,
            error="of the distance, against sorted medians or shifts",
            wanted={"pot / ours": 100.0} if name == "w1-1e6" else {},
            rounds=rounds,
            threads=2,
        )
    yield Problem(
        "import",
        "import",
        "import in a new interpreter; bare: numpy, scipy.fft, pyfftw and ducc0, without which there is nothing",
        {"module": "meanfield", "needed": "numpy, scipy.fft, pyfftw, ducc0"},
        {"ours": {}, "bare": {}},
        rounds=9,
    )


def _series() -> Iterable[Problem]:
    """Ours alone as the work grows."""
    for n in (10_000, 100_000, 1_000_000, 4_000_000):
        yield _step("points-n", "n", n, "circle-points", {"law": "SA", "beta": 9.0, "n": n, "asked": 2})
    for beta in (1.0, 9.0, 64.0, 1000.0):
        yield _step("points-beta", "beta", beta, "circle-points", {"law": "SA", "beta": beta, "n": 100_000, "asked": 2})
    for n in (1000, 2000, 4000, 8000):
        yield _step("dense-n", "n", n, "dense", {"law": "SA", "beta": 9.0, "n": n, "d": 3})
    for d in (4, 16, 64, 256):
        yield _step("dense-d", "d", d, "dense", {"law": "SA", "beta": 9.0, "n": 2000, "d": d})


def _step(series: str, parameter: str, value: float, kind: str, parameters: dict[str, Any]) -> Problem:
    fields = {"circle-points": ("harmonic", "cells"), "dense": ("direct", "compiled")}[kind]
    return Problem(
        f"{series}-{_short(value)}",
        kind,
        f"{kind} with {parameter} = {value:g}, ours alone",
        parameters,
        {"ours numpy": {"field": fields[0]}, "ours numba": {"field": fields[1]}},
        rounds=3,
        threads=2,
        series=(series, parameter),
    )


_KINDS = (_pdes, _right_hand_sides, _points, _causal, _dense, _general, _rescaled, _gram, _others, _series)
PROBLEMS: dict[str, Problem] = {p.name: p for make in _KINDS for p in make()}


def chosen(patterns: list[str], peers: list[str]) -> list[Problem]:
    """Problems whose name fits one of the patterns (all, if none is given) and that one of the peers can run.

    The peer "ours" stands for what needs nobody else: ours alone, and ours against a floor.

    Raises
    ------
    ValueError
        If a pattern or a peer fits nothing.
    """
    for pattern in patterns:
        if not fnmatch.filter(PROBLEMS, pattern):
            raise ValueError(f"no problem is called {pattern!r}: `python -m benchmarks list` names them")
    known = {peer for p in PROBLEMS.values() for peer in p.peers} - set(LIMITS)
    for peer in peers:
        if peer not in known | {OURS}:
            raise ValueError(f"no problem is run by {peer!r}, only by {', '.join(sorted(known))} and ours")

    def runs(p: Problem, peer: str) -> bool:
        return peer in p.peers or (peer == OURS and (not p.peers or bool(set(LIMITS) & set(p.peers))))

    def fits(p: Problem) -> bool:
        named = not patterns or any(fnmatch.fnmatch(p.name, pattern) for pattern in patterns)
        return named and (not peers or any(runs(p, peer) for peer in peers))

    return [p for p in PROBLEMS.values() if fits(p)]
