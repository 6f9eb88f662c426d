"""Records to text, to the page docs/speed.md and to its picture."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from benchmarks.harness import accurate, available, exponent, ratios, verdicts
from benchmarks.problems import LIMITS, OURS, Problem
from benchmarks.problems import PROBLEMS as ALL
from meanfield.tools import files

Record = dict[str, Any]
Line = tuple[str, str, str]
NAMES = {
    "dedalus": "Dedalus v3",
    "pypde": "py-pde",
    "keops": "KeOps (CPU)",
    "sisyphe": "Sisyphe (CPU)",
    "pot": "POT",
    "finufft": "FINUFFT pipeline",
    "loop": "papers' style, numpy",
    "rows": "ours, by rows",
    "bare": "bare library calls",
    "ours": "ours",
    "ours numpy": "ours, numpy",
    "ours numba": "ours, numba",
}


# --- files -------------------------------------------------------------------------------------------------


def write_json(path: Path, records: list[Record]) -> None:
    """The same records give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, json.dumps(records, indent=1, sort_keys=True) + "\n", overwrite=True)


def read_json(path: Path) -> list[Record]:
    """What `write_json` wrote."""
    records: list[Record] = json.loads(files.read_text(path))
    return records


def key(record: Record) -> tuple[str, str]:
    """A record is of one problem, and of the peers that ran in it: ratios of two runs are never mixed."""
    others = sorted(name for name in record["runners"] if name.split()[0] not in (OURS, *LIMITS))
    return record["problem"], " ".join(others)


def merged(old: list[Record], new: list[Record]) -> list[Record]:
    """The newer of two records of the same problem and peers; one in which nothing else ran replaces none."""
    by_key = {key(r): r for r in old}
    for record in new:
        ran = {name.split()[0] for name in available(record)}
        if OURS in ran and (len(ran) > 1 or set(record["runners"]) == set(available(record))):
            before = by_key.get(key(record))
            if before is None or before["when"] <= record["when"]:
                by_key[key(record)] = record
    place = {name: i for i, name in enumerate(ALL)}
    return sorted(by_key.values(), key=lambda r: (place.get(r["problem"], len(place)), key(r)))


# --- numbers -----------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Three digits and a unit: 4.56 us."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor or unit == "us":
            return f"{digits(seconds / factor)} {unit}"
    raise AssertionError("the last unit takes everything")


def digits(value: float, count: int = 3) -> str:
    """A number with so many digits and no exponent: 0.0123, 4.56, 789, 12300."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = count - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):.{max(places, 0)}f}"


def median(values: list[float]) -> float:
    """The middle one."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def ratio_text(three: tuple[float, float, float]) -> str:
    """Median and range."""
    return f"{digits(three[0])} ({digits(three[1])} to {digits(three[2])})"


def error_text(record: Record, runner: str, problem: Problem) -> str:
    """The error reached, marked if it is more than asked."""
    error = record["runners"][runner].get("error")
    if error is None:
        return "-"
    return f"{error:.1e}" + ("" if accurate(record, runner, problem) else " (!)")


def text(record: Record, problem: Problem) -> str:
    """A record for the terminal."""
    lines = [f"\n{problem.name}: {problem.title}", f"  {problem.threads} thread(s) each; error {problem.error or '-'}"]
    for name, r in record["runners"].items():
        if "unavailable" in r:
            lines.append(f"  {name:12} did not run: {r['unavailable']}")
            continue
        all_of_them = r["seconds"]
        seconds = f"{duration(median(all_of_them)):>9} ({duration(min(all_of_them))} to {duration(max(all_of_them))})"
        rest = f"error {error_text(record, name, problem)}, first {duration(r['first_seconds'])}, "
        rest += f"import {duration(r['import_seconds'])}, set-up {duration(r['setup_seconds'])}, "
        rest += f"peak {r['peak_megabytes']:.0f} MB"
        notes = "".join(f", {k} {v}" for k, v in r["notes"].items())
        lines.append(f"  {name:12} {seconds}, {rest}{notes}")
    wanted, reached = problem.wanted, verdicts(record, problem)
    for pair, three in ratios(record).items():
        bound = "at most" if pair.split(" / ")[1] in LIMITS else "at least"
        goal = ""
        if pair in wanted:
            goal = f"   wanted {bound} {wanted[pair]:g}: {'yes' if reached[pair] else 'NO'}"
        lines.append(f"  {pair:28} {ratio_text(three)}{goal}")
    return "\n".join(lines)


# --- the page ----------------------------------------------------------------------------------------------

HEAD = """# Speed

Written by `python -m benchmarks table` from [`benchmarks/results.json`](../benchmarks/results.json). How to measure
again, and how the peers were tuned: [`benchmarks/README.md`](../benchmarks/README.md).

Every row is one run in which the codes were asked **in turn**, A B A B, each in a process of its own with the same
number of threads; the ratio is formed round by round, and its median and range are shown. Times are of the solve
alone: imports, plans, compilation and set-up are counted for nobody. A ratio counts as reached only if both answers
are as accurate as the problem asks; **(!)** marks one that is not. Where ours has two sums, `numba` is the one
compiled by the extra `fast`, and `numpy` the one without it.

![What the others take compared with ours, and how our cost grows](images/speed.png)
"""


def page(records: list[Record], problems: dict[str, Problem]) -> str:
    """docs/speed.md."""
    known = [r for r in records if r["problem"] in problems]
    parts = [HEAD, "## Problems\n", *_titles(known, problems)]
    parts += ["## Against other code\n", *_peers(known, problems), "## Against the machine\n"]
    parts += [*_floors(known, problems), "## As the work grows\n", *_growth(known, problems)]
    parts += ["## Memory\n", *_memory(known, problems), "## The machine\n", *_machine(known)]
    return "\n".join(parts)


def _goal(pair: str, record: Record, problem: Problem) -> str:
    if pair not in problem.wanted:
        return ""
    return f"{problem.wanted[pair]:g}: {'yes' if verdicts(record, problem)[pair] else '**no**'}"


def _titles(records: list[Record], problems: dict[str, Problem]) -> list[str]:
    lines = ["| name | what is timed | threads | the error, and how small it must be |", "|---|---|---|---|"]
    for name in dict.fromkeys(r["problem"] for r in records):
        p = problems[name]
        if p.peers:
            error = f"{p.error}; {p.accuracy:.0e}" if p.error else "-"
            lines.append(f"| `{name}` | {p.title} | {p.threads} | {error} |")
    return [*lines, ""]


def _peers(records: list[Record], problems: dict[str, Problem]) -> list[str]:
    lines = [
        "| problem | ours | error | peer | its time | error | peer / ours | wanted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for record in records:
        problem, ran = problems[record["problem"]], available(record)
        for pair, three in ratios(record).items():
            other, mine = pair.split(" / ")
            if mine in LIMITS:
                continue
            cells = [
                f"`{problem.name}`",
                f"{duration(median(ran[mine]['seconds']))} {mine.removeprefix(OURS).strip()}".strip(),
                error_text(record, mine, problem),
                NAMES.get(other, other),
                duration(median(ran[other]["seconds"])),
                error_text(record, other, problem),
                ratio_text(three),
                _goal(pair, record, problem),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _floors(records: list[Record], problems: dict[str, Problem]) -> list[str]:
    lines = ["| problem | ours | limit | what it is | ours / limit | wanted at most |", "|---|---|---|---|---|---|"]
    rows: dict[tuple[str, str], list[str]] = {}
    for record in sorted(records, key=lambda r: r["when"]):  # of several runs the newest counts
        problem, ran = problems[record["problem"]], available(record)
        for pair, three in ratios(record).items():
            mine, other = pair.split(" / ")
            if other in LIMITS:
                times = [duration(median(ran[side]["seconds"])) for side in (mine, other)]
                cells = [*times, "bare library calls", ratio_text(three), _goal(pair, record, problem)]
                rows[problem.name, mine] = [f"`{problem.name}`", *cells]
        bound = floor(problem, record.get("limits") or {})
        if bound is not None and problem.peers:
            for mine in (name for name in ran if name.split()[0] == OURS):
                ours = median(ran[mine]["seconds"])
                variant = f"{duration(ours)} {mine.removeprefix(OURS).strip()}".strip()
                cells = [f"`{problem.name}`", variant, duration(bound[0]), bound[1], digits(ours / bound[0]), ""]
                rows[problem.name, mine] = cells
    place = {name: i for i, name in enumerate(problems)}
    lines += ["| " + " | ".join(rows[where]) + " |" for where in sorted(rows, key=lambda k: (place[k[0]], k[1]))]
    return [*lines, ""]


def floor(problem: Problem, limits: dict[str, float]) -> tuple[float, str] | None:
    """Seconds of the work that a problem is made of, at the speeds measured in the same run; and what work that is."""
    s = problem.parameters
    if not limits:
        return None
    if problem.kind == "circle-points":
        return 32.0 * s["n"] / (1e9 * limits["triad [GB/s]"]), "two reads and a write of n numbers, streaming"
    if problem.kind == "dense":
        pairs = float(s["n"]) ** 2
        exp = 0.5e-9 * pairs * limits["exp [ns]"] / problem.threads
        products = 3e-9 * pairs * s["d"] / limits["dgemm [GF/s]"]
        return exp + products, "every pair's exp once, its 3 d flops in dgemm"
    if problem.kind == "distance":
        return 2e-9 * s["n"] * limits["sort [ns]"], "two `np.sort` of n numbers"
    return None


def _memory(records: list[Record], problems: dict[str, Problem]) -> list[str]:
    lines = ["| problem | code | peak memory |", "|---|---|---|"]
    for record in records:
        problem = problems[record["problem"]]
        if problem.parameters.get("n", 0) >= 1_000_000 and problem.series is None:
            for name, r in available(record).items():
                lines.append(f"| `{problem.name}` | {NAMES.get(name, name)} | {digits(r['peak_megabytes'] / 1e3)} GB |")
    return [*lines, ""]


def series(records: list[Record], problems: dict[str, Problem]) -> dict[Line, list[tuple[float, float]]]:
    """(series, parameter, runner) -> its (size, median seconds), growing."""
    out: dict[Line, dict[float, float]] = {}
    for record in sorted(records, key=lambda r: r["when"]):
        problem = problems[record["problem"]]
        if problem.series is None:
            continue
        for name, r in available(record).items():
            if name.split()[0] == OURS:
                size = float(problem.parameters[problem.series[1]])
                out.setdefault((*problem.series, name), {})[size] = median(r["seconds"])
    return {where: sorted(found.items()) for where, found in sorted(out.items())}


def _growth(records: list[Record], problems: dict[str, Problem]) -> list[str]:
    lines = ["Exponents are slopes of log time against log size by least squares over the range printed.", ""]
    lines += ["| work | ours | from | to | time | exponent |", "|---|---|---|---|---|---|"]
    for (name, parameter, runner), found in series(records, problems).items():
        if len(found) < 2:
            continue
        sizes, seconds = zip(*found, strict=True)
        slope = exponent(list(sizes), list(seconds))
        what = f"`{name}`, {parameter}"
        ends = f"{duration(seconds[0])} to {duration(seconds[-1])}"
        lines.append(f"| {what} | {NAMES.get(runner, runner)} | {sizes[0]:g} | {sizes[-1]:g} | {ends} | {slope:.2f} |")
    return [*lines, ""]


def _machine(records: list[Record]) -> list[str]:
    lines = []
    for fact in ("processor", "cores", "memory [GB]", "system"):
        values = sorted({str(r["machine"][fact]) for r in records})
        lines.append(f"- {fact}: {', '.join(values)}")
    loads = [r["machine"]["load before"] for r in records]
    lines.append(f"- load when a row began: {min(loads):g} to {max(loads):g} (the harness itself adds its threads)")
    busy = sum(r["machine"]["load before"] > r["threads"] + 0.5 for r in records)
    if busy:
        lines.append(f"- **{busy} of {len(records)} runs began beside other work** (load above their own threads)")
    for threads in sorted({r["threads"] for r in records}):
        found = [r["limits"] for r in records if r["threads"] == threads and r.get("limits")]
        if found:
            said = [f"{name} {digits(_best(name, [f[name] for f in found]))}" for name in found[0]]
            lines.append(f"- measured in the same runs, {threads} thread{'s' * (threads > 1)}, best: {', '.join(said)}")
    versions: dict[str, set[str]] = {}
    for record in records:
        for r in available(record).values():
            for package, version in r["versions"].items():
                versions.setdefault(package, set()).add(version)
    said = [f"{package} {', '.join(sorted(v))}" for package, v in sorted(versions.items())]
    dates = sorted(r["when"][:10] for r in records)
    lines.append(f"- versions: {'; '.join(said)}")
    lines.append(f"- measured {dates[0]} to {dates[-1]}" if dates[0] != dates[-1] else f"- measured {dates[0]}")
    return [*lines, ""]


def _best(name: str, values: list[float]) -> float:
    return min(values) if name.endswith("[ns]") else max(values)
