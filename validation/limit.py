"""``python -m validation limit``: particles against the PDE, with figures, numbers and a page."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import meanfield as mf
from meanfield.tools import files, settings
from validation import figures, page, report
from validation.experiment import INITS, Limit, mean_field_limit, sphere_limit
from validation.options import UsageError, place, whole, writable
from validation.rates import Slope
from validation.verdict import Outcome, Verdict, made_with, now

LAWS = {"SA": mf.SA, "USA": mf.USA}
RATE, TOLERANCE = -0.5, 0.05
"""The slope wanted, of W1 on the circle or of the Sobolev norm, and how far its interval may be from it, and from the
slope itself: an interval that is wider meets anything."""
SURE = 0.9995
"""Confidence at which a slope is said to be wrong: of two right ones, one is in less than 1 run of 1000."""
BENT = 0.5
"""Share of the next order in 1/n, at the least n, beyond which the fit says nothing: it knows no others."""
IDENTITY = 1e-9
LARGEST_NATURAL_BETA = 350.0
"""Mean squares of E, which is up to e^beta / (2 beta), are e^{2 beta}: floats end at e^709."""


def main(argv: Sequence[str]) -> int:
    """Carry out one command line; exit code 1 if the verdict is a failure, 2 if the options make no sense, else 0."""
    options = _parser().parse_args(list(argv))
    try:
        law = _law(options)
        writable("--out", options.out)
        began = time.perf_counter()
        common = {"n": options.n, "replicas": options.replicas, "t": options.t, "init": options.init}
        times = {"circle": 7, "sphere": 4}[options.space] if options.times is None else options.times
        if options.space == "circle":
            run = mean_field_limit(law, **common, times=times, rng=options.seed)
        else:
            d = 3 if options.dim is None else options.dim
            run = sphere_limit(law, d=d, **common, times=times, rng=options.seed)
    except (ValueError, TypeError, UsageError) as error:
        print(f"limit: {_as_typed(str(error))}", file=sys.stderr)
        return 2
    except mf.UnresolvedError as error:
        print(f"limit: {error}\nThe end time is beyond clustering: take a smaller --t.", file=sys.stderr)
        return 2
    except mf.RunError as error:
        print(f"limit: {error}\nThe run broke off: take a smaller --beta or --t.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was written.", file=sys.stderr)
        return 130
    told = replace(verdict(run), seed=options.seed, version=made_with(), date=now())
    command = shlex.join(["python", "-m", "validation", "limit", *argv])
    page = publish(run, told, options.out, time.perf_counter() - began, command)
    print(f"{run.law}: {run.solution.message}\n")
    print(_text(header(run), table(run)))
    print(f"\n{told.outcome.name}: {told.message}\n{page}")
    return 1 if told.outcome is Outcome.FAIL else 0


def _as_typed(refusal: str) -> str:
    """A refusal of an argument, by the option that it came from: d must be ... -> --dim must be ..."""
    options = {action.dest: action.option_strings[-1] for action in _parser()._actions}
    name = re.match(r"\w+(?= must|:)", refusal)
    option = options.get({"d": "dim"}.get(name[0], name[0])) if name else None
    return refusal if name is None or option is None else option + refusal[name.end() :]


def _law(options: argparse.Namespace) -> Any:
    """The law meant by the options, which must go together."""
    if options.dim is not None and options.space == "circle":
        raise UsageError(f"--dim: got {options.dim} on the circle, where d = 2: write --space sphere with it")
    scale: Any = options.scale or ("natural" if options.law == "SA" else "relative")
    if scale == "natural" and options.beta > LARGEST_NATURAL_BETA:
        raise UsageError(
            f"--beta: got {options.beta:g} in the natural scale, where squares of energies overflow beyond "
            f"{LARGEST_NATURAL_BETA:g}: write --scale scaled or --scale relative with it"
        )
    return LAWS[options.law](options.beta, sign=options.sign, scale=scale)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation limit",
        description="Solve the PDE, run n particles many times over, and measure the distance.",
    )
    parser.add_argument("--space", choices=("circle", "sphere"), default="circle", help="default: circle")
    parser.add_argument("--dim", type=int, help="ambient dimension of the sphere S^{d-1} (default: 3)")
    parser.add_argument("--law", choices=sorted(LAWS), default="SA", help="default: SA")
    parser.add_argument("--beta", type=float, default=4.0, help="default: 4")
    parser.add_argument("--sign", type=int, choices=(1, -1), default=1, help="-1: repulsive (default: 1)")
    parser.add_argument("--scale", choices=("natural", "scaled", "relative"), help="default: natural (USA: relative)")
    parser.add_argument(
        "--n", type=int, nargs="+", default=[100, 300, 1000, 3000, 10000],
        help="numbers of particles (default: 100 300 1000 3000 10000)",
    )  # fmt: skip
    parser.add_argument("--replicas", type=int, default=96, help="independent runs for each n (default: 96)")
    parser.add_argument("--t", type=float, default=3.0, help="end time (default: 3)")
    parser.add_argument(
        "--times", type=int, help="times of comparison, 0 and the end included (default: 7; spheres: 4)"
    )
    parser.add_argument(
        "--init",
        choices=INITS,
        default="sample",
        help="i.i.d. samples, or deterministic quantisation (default: sample)",
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="default: 0")
    parser.add_argument("--out", type=place, default=Path("results"), help="folder (default: results)")
    return parser


# --- the verdict ---------------------------------------------------------------------------------------------


def verdict(run: Limit) -> Verdict:
    """Does the distance fall like n^{-1/2} at the start and at the end, and does the energy's identity hold?

    Of samples: PASS where both slopes are known to +-0.05 and their 95 per cent intervals meet [-0.55, -0.45]; FAIL
    where one is wrong with a confidence of 0.9995; INCONCLUSIVE between, with what to ask for instead.  So a rate of
    n^{-1/3} passes in no experiment, however small.  For quantised initial data there is no sampling error: the
    distance must fall at least as fast as n^{-0.45}.
    """
    sol = run.solution
    first, last = run.slope(0), run.slope(-1)
    defect = float(np.max(np.abs(sol.gained - sol.dissipated)[1:] / np.abs(sol.gained[1:])))
    mass = float(np.abs(sol.mass - 1.0).max())
    measured: dict[str, float] = {}
    for name, fit in (("slope at t = 0", first), ("slope at the end", last)):
        measured |= {name: fit.slope, f"{name}, low": fit.low, f"{name}, high": fit.high}
    measured |= {"energy identity, relative defect": defect, "mass, largest error": mass}
    lacking = ""
    if run.init == "sample":
        outcome, lacking = _of_samples(run)
        wanted = f"95% interval within +-{TOLERANCE:g}, and meets [{RATE - TOLERANCE:g}, {RATE + TOLERANCE:g}]"
    else:
        outcome = Outcome.PASS if max(first.slope, last.slope) <= RATE + TOLERANCE else Outcome.FAIL
        wanted = f"<= {RATE + TOLERANCE:g}"
    if defect > IDENTITY or mass > 1e-13:
        outcome = Outcome.FAIL
    said = (
        f"{run.headline} falls like n^{first.slope:.3f} at t = 0 and n^{last.slope:.3f} at t = {run.t[-1]:g} "
        f"(95%: {last.low:.3f} to {last.high:.3f}); the energy's identity holds to {defect:.1e}, mass to {mass:.1e}."
    )
    return Verdict(
        id="limit",
        tier="quick",
        outcome=outcome,
        measured=measured,
        wanted={
            "slope at t = 0": wanted,
            "slope at the end": wanted,
            "energy identity, relative defect": f"<= {IDENTITY:g}",
            "mass, largest error": "<= 1e-13",
        },
        message=f"{said} {lacking}".strip(),
    )


def _of_samples(run: Limit) -> tuple[Outcome, str]:
    """What the two slopes decide, and what to ask for where they decide nothing."""
    sizes, replicas = run.n[run.fitted], run.w1.shape[-1]
    if len(sizes) < 3:
        return Outcome.INCONCLUSIVE, (
            f"{len(sizes)} numbers of particles do not tell the rate from the next order in 1/n: "
            "ask for three or more, as --n 100 300 1000 3000 10000."
        )
    if replicas < 2:
        return Outcome.INCONCLUSIVE, "One replica has no error bar: ask for --replicas 96."
    wanted, widest = 0, 0.0
    for at in (0, -1):
        fit, sure = run.slope(at), run.slope(at, SURE)
        half = fit.high - fit.slope
        wrong = _beyond(sure) > TOLERANCE
        if abs(fit.bend) > BENT * sizes[0] and (wrong or half <= TOLERANCE):
            return Outcome.INCONCLUSIVE, (
                f"At n = {sizes[0]} the next order in 1/n is {abs(fit.bend) / sizes[0]:.0%} of the limit at "
                f"t = {run.t[at]:g}: ask for numbers of particles from {int(np.ceil(abs(fit.bend) / BENT))} on."
            )
        if wrong:
            return Outcome.FAIL, f"At t = {run.t[at]:g} it is not n^{RATE:g}, with a confidence of {SURE:g}."
        if half > TOLERANCE:
            wanted = max(wanted, replicas + 1, run.replicas_for(at, TOLERANCE))
        elif _beyond(fit) > TOLERANCE:
            wanted = max(wanted, 4 * replicas)
        widest = max(widest, half)
    if wanted:
        return Outcome.INCONCLUSIVE, f"To +-{widest:.3f} that does not decide: ask for --replicas {wanted}."
    return Outcome.PASS, ""


def _beyond(fit: Slope) -> float:
    """How far a slope's interval is from the rate."""
    return max(fit.low - RATE, RATE - fit.high)


# --- what is told ----------------------------------------------------------------------------------------------


def header(run: Limit) -> tuple[str, ...]:
    """Of the table below; W stands for the distance that is judged."""
    name = run.headline
    return ("n", "t", f"mean {name}", "standard error", f"sqrt(n) {name}", "at t = 0", "E_n - E", "standard error ")


def table(run: Limit) -> list[list[Any]]:
    """(n, t, mean W, standard error, sqrt(n) W, sqrt(n) W at t = 0, E_n - E, its standard error)."""
    gap, error = run.bias
    rows = []
    for i, n in enumerate(run.n.tolist()):
        for j, t in enumerate(run.t.tolist()):
            root = np.sqrt(n) * run.mean[i]
            rows.append([n, t, run.mean[i, j], run.error[i, j], root[j], root[0], gap[i, j], error[i, j]])
    return rows


def _text(header: Sequence[str], rows: list[list[Any]]) -> str:
    cells = [[f"{v:d}" if isinstance(v, int) else f"{v:.4g}" for v in row] for row in rows]
    widths = [max(len(row[k]) for row in [list(header), *cells]) for k in range(len(header))]
    lines = ["  ".join(word.rjust(w) for word, w in zip(row, widths, strict=True)) for row in [list(header), *cells]]
    return "\n".join(lines)


def numbers(run: Limit, told: Verdict) -> dict[str, Any]:
    """What `publish` writes as JSON: what was run, measured and judged, and by which settings."""
    return {
        "law": str(run.law),
        "init": run.init,
        "replicas": int(run.w1.shape[-1]),
        "n": run.n.tolist(),
        "t": run.t.tolist(),
        "distances": {name: values.tolist() for name, values in run.distances.items()},
        "energy": run.energy.tolist(),
        "pde_energy": run.pde_energy.tolist(),
        "dobrushin": run.dobrushin.tolist(),
        "linear": run.linear.tolist(),
        "constant": None if run.constant is None else run.constant.tolist(),
        "outcome": told.outcome.name,
        "measured": dict(told.measured),
        "message": told.message,
        "seed": told.seed,
        "version": told.version,
        "d": run.d,
        "solution": json.loads(settings.to_json(run.solution.settings)),
    }


def publish(run: Limit, told: Verdict, out: Path, seconds: float, command: str) -> Path:
    """Figures, JSON of the numbers and one self-contained page, in a folder; the page's path."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = figures.save_limit(run, out)
    files.write_json(out / "limit.json", numbers(run, told), overwrite=True)
    judged = [[name, value, told.wanted.get(name, "")] for name, value in told.measured.items()]
    grown = [
        [t, *(run.mean[:, j] / run.mean[:, 0]), run.linear[j], run.dobrushin[j]] for j, t in enumerate(run.t.tolist())
    ]
    pick = {name[6:-4]: (name, caption) for name, caption in pictures}
    title = f"Mean-field limit on {'the circle' if run.d == 2 else f'S^{run.d - 1}'}: {run.law}"
    sections = [
        page.Section(
            "Verdict",
            [told.message, f"Run in {seconds:.0f} s. {run.solution.message}"],
            tables=[page.Table(("what", "measured", "wanted"), judged)],
        ),
        page.Section("The density", [START[run.d > 2]], pictures=[pick["density"], pick["energy"]]),
        page.Section(
            "Distance between particles and density",
            [DISTANCE[run.d > 2]],
            tables=[page.Table(header(run), table(run)), *_others(run)],
            pictures=[pick["rate-start"], pick["rate-end"], pick["overlay"]],
        ),
        page.Section(
            "Growth in time",
            [
                "Relative to t = 0, beside e^{max rate t}, the growth of the fastest mode about the uniform measure, "
                "and on the circle Dobrushin's factor exp int (L_x + L_mu) with the constants taken along the "
                "solution: a bound, and usually a far one."
            ],
            tables=[page.Table(("t", *(f"n = {k}" for k in run.n), "e^{max rate t}", "Dobrushin"), grown)],
            pictures=[pick["growth"]],
        ),
        *_limit(run, pick),
        page.Section(
            "Energy",
            [
                "E(mu_n) fluctuates about E(mu) by O(n^{-1/2}) and lies above it by O(1/n) on average: each particle "
                "attracts itself (the last two columns of the table)."
            ],
            pictures=[pick["energy-gap"]],
        ),
    ]
    facts = {"date": f"{told.date} UTC", "seed": str(told.seed), "command": f"`{command}`", "made with": told.version}
    return page.write(out, title, sections, name="limit", mark=report.mark(told.outcome), facts=facts)


START = (
    "rho_0 = 1 + 0.3 cos theta + 0.2 sin 2 theta; the spectral method.",
    "rho_0 = 1 + 0.3 P_1(c) + 0.2 P_2(c), c the height over the axis; the spectral method.",
)
DISTANCE = (
    "Exact W1 on the circle (radians). On the circle E W1 of n independent samples is of order n^{-1/2}; Dobrushin's "
    "estimate carries that to later times with a constant that grows.",
    "The negative Sobolev norm of order d/2 falls like n^{-1/2} whatever the dimension. Transport distances do not: "
    "independent samples are (log n / n)^{1/2} from their law in W1 on S^2, and n^{-1/(d-1)} beyond.",
)


def _limit(run: Limit, pick: dict[str, tuple[str, str]]) -> list[page.Section]:
    """The constant of n^{-1/2}, predicted, beside what was measured."""
    if run.constant is None:
        return []
    root = np.sqrt(run.n)[:, None] * run.mean
    rows = [[t, *root[:, j], *run.constant[j]] for j, t in enumerate(run.t.tolist())]
    head = ("t", *(f"n = {k}" for k in run.n), "n to infinity", "error")
    return [
        page.Section(
            "The constant",
            [
                "sqrt(n) mean W1, and its limit: sqrt(n) (mu_n - mu) tends to the Gaussian that solves the equation "
                "linearised about the density that moves (mf.fluctuations). Finite n are below it by O(1/n)."
            ],
            tables=[page.Table(head, rows)],
            pictures=[pick["constant"]],
        )
    ]


def _others(run: Limit) -> list[page.Table]:
    """The distances that are not judged: axial marginals, and exact transport between two samples beside its floor."""
    tables = []
    for name, values in run.distances.items():
        if name != run.headline:
            mean = values.mean(axis=-1)
            rows = [[n, *mean[i], np.sqrt(n) * mean[i, -1]] for i, n in enumerate(run.n.tolist())]
            head = ("n", *(f"{name}, t = {t:g}" for t in run.t), "sqrt(n) times the last")
            tables.append(page.Table(head, rows))
    if run.transport:
        d = run.d
        rows = []
        for n, (mean, error) in run.transport:
            floor = np.sqrt(np.log(n) / n) if d == 3 else n ** (-1.0 / (d - 1))
            rows.append([n, mean[0], error[0], mean[0] / floor, mean[1], error[1], mean[1] / floor])
        head = ("n", "two-sample W1, start", "standard error", "over the floor", "end", "standard error ", "over it")
        tables.append(page.Table(head, rows))
    return tables
