"""``python -m validation limit``: particles against the PDE, with figures, numbers and a page."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import meanfield as mf
from meanfield import files
from validation import figures, report
from validation.experiment import INITS, Limit, mean_field_limit, sphere_limit
from validation.verdict import Outcome, Verdict

LAWS = {"SA": mf.SA, "USA": mf.USA}
SLOPE = (-0.55, -0.45)
"""The fitted slope's interval must meet this: W1 on the circle, or the Sobolev norm, falls like n^{-1/2}."""
IDENTITY = 1e-9


def main(argv: Sequence[str]) -> int:
    """Carry out one command line; exit code 1 if the verdict is a failure, 2 if the options make no sense."""
    options = _parser().parse_args(list(argv))
    scale = options.scale or ("natural" if options.law == "SA" else "relative")
    try:
        law = LAWS[options.law](options.beta, sign=options.sign, scale=scale)
        began = time.perf_counter()
        common = {"n": options.n, "replicas": options.replicas, "t": options.t, "init": options.init}
        if options.space == "circle":
            run = mean_field_limit(law, **common, times=options.times or 7, rng=options.seed)
        else:
            run = sphere_limit(law, d=options.dim, **common, times=options.times or 4, rng=options.seed)
    except (ValueError, TypeError) as error:
        print(f"limit: {error}", file=sys.stderr)
        return 2
    except mf.UnresolvedError as error:
        print(f"limit: {error}\nThe end time is beyond clustering: take a smaller --t.", file=sys.stderr)
        return 2
    told = verdict(run)
    page = publish(run, told, options.out, time.perf_counter() - began)
    print(f"{run.law}: {run.solution.message}\n")
    print(_text(header(run), table(run)))
    print(f"\n{told.outcome.name}: {told.message}\n{page}")
    return 1 if told.outcome is Outcome.FAIL else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation limit",
        description="Solve the PDE, run n particles many times over, and measure the distance.",
    )
    parser.add_argument("--space", choices=("circle", "sphere"), default="circle")
    parser.add_argument("--dim", type=int, default=3, help="ambient dimension of the sphere S^{d-1} (default: 3)")
    parser.add_argument("--law", choices=sorted(LAWS), default="SA")
    parser.add_argument("--beta", type=float, default=4.0)
    parser.add_argument("--sign", type=int, choices=(1, -1), default=1, help="-1: repulsive")
    parser.add_argument("--scale", choices=("natural", "scaled", "relative"), help="default: natural (USA: relative)")
    parser.add_argument("--n", type=int, nargs="+", default=[100, 300, 1000, 3000, 10000], help="numbers of particles")
    parser.add_argument("--replicas", type=int, default=64, help="independent runs for each n")
    parser.add_argument("--t", type=float, default=3.0, help="end time")
    parser.add_argument("--times", type=int, help="times of comparison, 0 and the end included (7; spheres: 4)")
    parser.add_argument("--init", choices=INITS, default="sample", help="i.i.d. samples, or deterministic quantisation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder (default: results)")
    return parser


# --- the verdict ---------------------------------------------------------------------------------------------


def verdict(run: Limit) -> Verdict:
    """Does the distance fall like n^{-1/2} at the start and at the end, and does the energy's identity hold?

    For quantised initial data there is no sampling error: the distance must fall at least as fast as n^{-1/2}.
    """
    sol = run.solution
    first, last = run.slope(0), run.slope(-1)
    defect = float(np.max(np.abs(sol.gained - sol.dissipated)[1:] / np.abs(sol.gained[1:])))
    mass = float(np.abs(sol.mass - 1.0).max())
    measured = {
        "slope at t = 0": first.slope,
        "slope at the end": last.slope,
        "slope at the end, low": last.low,
        "slope at the end, high": last.high,
        "energy identity, relative defect": defect,
        "mass, largest error": mass,
    }
    if run.init == "sample":
        meets = all(fit.low <= SLOPE[1] and fit.high >= SLOPE[0] for fit in (first, last))
        wanted = f"interval meets [{SLOPE[0]}, {SLOPE[1]}]"
    else:
        meets = max(first.slope, last.slope) <= SLOPE[1]
        wanted = f"<= {SLOPE[1]}"
    sound = defect <= IDENTITY and mass <= 1e-13
    said = (
        f"{run.headline} falls like n^{first.slope:.3f} at t = 0 and n^{last.slope:.3f} at t = {run.t[-1]:g} "
        f"(95%: {last.low:.3f} to {last.high:.3f}); the energy's identity holds to {defect:.1e}, mass to {mass:.1e}."
    )
    return Verdict(
        id="limit",
        tier="quick",
        outcome=Outcome.PASS if meets and sound else Outcome.FAIL,
        measured=measured,
        wanted={
            "slope at t = 0": wanted,
            "slope at the end": wanted,
            "energy identity, relative defect": f"<= {IDENTITY:g}",
            "mass, largest error": "<= 1e-13",
        },
        message=said,
    )


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


def publish(run: Limit, told: Verdict, out: Path, seconds: float) -> Path:
    """Figures, JSON of the numbers and one self-contained page, in a folder; the page's path."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = figures.save_limit(run, out)
    sol = run.solution
    files.write_json(
        out / "limit.json",
        {
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
            "outcome": told.outcome.name,
            "measured": dict(told.measured),
            "message": told.message,
        },
        overwrite=True,
    )
    judged = [[name, value, told.wanted.get(name, "")] for name, value in told.measured.items()]
    grown = [
        [t, *(run.mean[:, j] / run.mean[:, 0]), run.linear[j], run.dobrushin[j]] for j, t in enumerate(run.t.tolist())
    ]
    names = dict(pictures)
    pick = {key: (f"limit-{key}.png", names[f"limit-{key}.png"]) for key in
            ("density", "energy", "overlay", "rate-start", "rate-end", "growth", "energy-gap")}  # fmt: skip
    title = f"Mean-field limit on {'the circle' if run.d == 2 else f'S^{run.d - 1}'}: {run.law}"
    sections = [
        report.Section(
            "Verdict",
            [told.message, f"Run in {seconds:.0f} s. {sol.message}"],
            tables=[report.Table(("what", "measured", "wanted"), judged)],
        ),
        report.Section("The density", [START[run.d > 2]], pictures=[pick["density"], pick["energy"]]),
        report.Section(
            "Distance between particles and density",
            [DISTANCE[run.d > 2]],
            tables=[report.Table(header(run), table(run)), *_others(run)],
            pictures=[pick["rate-start"], pick["rate-end"], pick["overlay"]],
        ),
        report.Section(
            "Growth in time",
            [
                "Relative to t = 0, beside e^{max rate t}, the growth of the fastest mode about the uniform measure, "
                "and on the circle Dobrushin's factor exp int (L_x + L_mu) with the constants taken along the "
                "solution: a bound, and usually a far one."
            ],
            tables=[report.Table(("t", *(f"n = {k}" for k in run.n), "e^{max rate t}", "Dobrushin"), grown)],
            pictures=[pick["growth"]],
        ),
        report.Section(
            "Energy",
            [
                "E(mu_n) fluctuates about E(mu) by O(n^{-1/2}) and lies above it by O(1/n) on average: each particle "
                "attracts itself (the last two columns of the table)."
            ],
            pictures=[pick["energy-gap"]],
        ),
    ]
    return report.write(out, title, sections, name="limit")


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


def _others(run: Limit) -> list[report.Table]:
    """The distances that are not judged: axial marginals, and exact transport between two samples beside its floor."""
    tables = []
    for name, values in run.distances.items():
        if name != run.headline:
            mean = values.mean(axis=-1)
            rows = [[n, *mean[i], np.sqrt(n) * mean[i, -1]] for i, n in enumerate(run.n.tolist())]
            head = ("n", *(f"{name}, t = {t:g}" for t in run.t), "sqrt(n) times the last")
            tables.append(report.Table(head, rows))
    if run.transport:
        d = run.d
        rows = []
        for n, (mean, error) in run.transport:
            floor = np.sqrt(np.log(n) / n) if d == 3 else n ** (-1.0 / (d - 1))
            rows.append([n, mean[0], error[0], mean[0] / floor, mean[1], error[1], mean[1] / floor])
        head = ("n", "two-sample W1, start", "standard error", "over the floor", "end", "standard error ", "over it")
        tables.append(report.Table(head, rows))
    return tables
