"""The benchmark harness: that it asks in turn, measures errors against true answers, fits, merges, tells and draws.

No peer is needed and no time is asserted: seconds come from a made-up record or are merely counted.
"""

from __future__ import annotations

import copy
import json
import math
import platform
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from benchmarks import __main__ as command
from benchmarks import harness, machine, oracles, picture, report, tuning
from benchmarks.problems import LIMITS, OURS, PROBLEMS, Problem, chosen
from benchmarks.runners import loop, ours, rows

ROOT = Path(__file__).resolve().parents[2]
RUNNERS = ROOT / "benchmarks" / "runners"


def runner(name: str, *seconds: float, error: float | None = 1e-12, **more: Any) -> dict[str, Any]:
    """A runner's part of a record."""
    about = {"first_seconds": 1.0, "import_seconds": 0.5, "setup_seconds": 0.1, "peak_megabytes": 100.0, "calls": 1}
    return {**about, "seconds": list(seconds), "error": error, "versions": {name: "1.0"}, "notes": {}, **more}


def made_up(problem: str, when: str = "2026-01-01T00:00:00+00:00", **runners: dict[str, Any]) -> dict[str, Any]:
    """A record; `ours_numpy` stands for "ours numpy"."""
    return {
        "problem": problem,
        "parameters": PROBLEMS[problem].parameters,
        "threads": PROBLEMS[problem].threads,
        "when": when,
        "machine": {"processor": "p", "cores": 2, "memory [GB]": 8.0, "system": "s", "load before": 0.1},
        "limits": {"triad [GB/s]": 10.0, "exp [ns]": 1.0, "dgemm [GF/s]": 50.0, "sort [ns]": 30.0},
        "runners": {name.replace("_", " "): r for name, r in runners.items()},
    }


# --- the problems ------------------------------------------------------------------------------------------


def test_every_problem_can_be_run_by_its_runners() -> None:
    for p in PROBLEMS.values():
        assert p.kind in oracles.KINDS, p.name
        for name in p.runners:
            text = (RUNNERS / f"{name.split()[0]}.py").read_text(encoding="utf-8")
            assert re.search(rf'"{p.kind}": \w+[,}}]', text), name
        assert OURS in {name.split()[0] for name in p.runners}, p.name
        for pair in p.wanted:
            assert set(pair.split(" / ")) <= set(p.runners), pair
        for name in p.ladders:
            assert p.runners[name] in p.ladders[name], (p.name, name)


def test_problems_are_chosen_by_pattern_and_peer() -> None:
    assert [p.name for p in chosen(["circle-pde"], [])] == ["circle-pde"]
    assert {p.name for p in chosen([], ["pot"])} == {n for n, p in PROBLEMS.items() if "pot" in p.runners}
    alone = {p.name for p in chosen([], [OURS])}
    assert {"import", "circle-rhs-256", "sphere-rhs-64", "points-n-1e6"} <= alone
    assert not {"circle-pde", "w1-1e6"} & alone
    with pytest.raises(ValueError, match="no problem is called 'nothing'"):
        chosen(["nothing"], [])
    with pytest.raises(ValueError, match="no problem is run by 'bare'"):
        chosen([], ["bare"])


def test_a_session_of_nox_for_every_peer() -> None:
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"@nox\.session\ndef (\w+)[^@]*?_against\(", text))
    assert sessions == {OURS} | {peer for p in PROBLEMS.values() for peer in p.peers} - set(LIMITS)


# --- errors are errors -------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_the_oracles_agree_with_the_product_and_notice_a_fault() -> None:
    small: dict[str, dict[str, Any]] = {
        "circle-pde": {"law": "SA", "beta": 4.0, "end": 0.5, "n": 64, "rtol": 1e-10, "atol": 1e-13},
        "sphere-pde": {"law": "SA", "beta": 4.0, "end": 0.125, "lmax": 24, "rtol": 1e-9, "atol": 1e-12},
        "circle-rhs": {"law": "SA", "beta": 4.0, "n": 128},
        "sphere-rhs": {"law": "SA", "beta": 4.0, "lmax": 48},
        "circle-points": {"law": "SA", "beta": 9.0, "n": 500, "field": "direct"},
        "causal-points": {"law": "SA", "beta": 9.0, "n": 500, "field": "harmonic"},
        "general": {"beta": 9.0, "n": 600, "d": 40, "field": "direct"},
        "rescaled": {"beta": 2.0, "n": 300, "d": 3, "t": 0.5, "field": "direct"},
        "dense": {"law": "USA", "beta": 9.0, "n": 300, "d": 5, "field": "direct"},
        "gram": {"beta": 4.0, "n": 8, "d": 20, "clouds": 2, "end": 2.0, "rtol": 1e-12, "atol": 1e-14},
        "distance": {"n": 400, "p": 1, "weighted": True},
    }
    bounds = {"circle-pde": 1e-10, "sphere-pde": 1e-9}
    for kind, settings in small.items():
        make, error = oracles.KINDS[kind]
        inputs = make(settings)
        job = ours.JOBS[kind](settings, inputs)
        answer, _ = job.answer(job.solve())
        assert error(settings, inputs, answer) < bounds.get(kind, 1e-11), kind
        name = next(name for name in answer if name in ("pdf", "rho", "rhs", "v", "w"))
        wrong = {**answer, name: answer[name] * (1 + 1e-6)}
        assert error(settings, inputs, wrong) > 1e-8, kind


@pytest.mark.rounding
def test_rows_come_to_the_same_inner_products() -> None:
    s = {"beta": 4.0, "n": 6, "d": 9, "clouds": 2, "end": 1.0, "rtol": 1e-12, "atol": 1e-14}
    inputs = oracles.clouds(s)
    job = rows.gram(s, inputs)
    assert oracles.gram_error(s, inputs, job.answer(job.solve())[0]) < 1e-11


@pytest.mark.rounding
def test_the_two_distances_of_the_oracle_are_right() -> None:
    x = 5.5 + np.random.default_rng(1).random(200)  # across the origin, and narrower than half a turn
    x, turned = x % (2 * np.pi), (x + 0.3) % (2 * np.pi)
    assert abs(oracles.w1(x, turned) - 0.3) < 1e-12 and abs(oracles.w2(x, turned) - 0.3) < 1e-12
    atoms = np.array([0.0, 1.0])
    assert abs(oracles.w1(atoms, atoms, np.array([0.7, 0.3]), np.array([0.5, 0.5])) - 0.2) < 1e-15
    x, y = np.sort(np.random.default_rng(0).random((2, 7)), axis=1) * 2 * np.pi
    lifted = np.concatenate([y - 2 * np.pi, y, y + 2 * np.pi])
    assert abs(oracles.w2(x, y) ** 2 - min(np.mean((x - lifted[k : k + 7]) ** 2) for k in range(15))) < 1e-13


@pytest.mark.rounding
def test_the_papers_style_is_the_same_velocity_both_ways() -> None:
    s = {"law": "SA", "beta": 9.0, "n": 60, "d": 3, "field": "direct"}
    inputs = oracles.unit_rows(s)
    for style in ("matrices", "rows"):
        job = loop.dense({**s, "style": style}, inputs)
        assert oracles.dense_error(s, inputs, job.answer(job.solve())[0]) < 1e-13
    s = {"law": "SA", "beta": 9.0, "n": 600, "d": 5}
    inputs = oracles.angles(s)
    job = loop.causal_points(s, inputs)
    assert oracles.causal_points_error(s, inputs, job.answer(job.solve())[0]) < 1e-13
    inputs = oracles.rows_and_matrices(s)
    job = loop.general(s, inputs)
    assert oracles.general_error(s, inputs, job.answer(job.solve())[0]) < 1e-13


# --- the harness -------------------------------------------------------------------------------------------


@pytest.fixture
def tiny() -> Problem:
    runners: dict[str, dict[str, Any]] = {"ours": {"field": "direct"}, "loop": {"style": "rows"}, "stranger": {}}
    return Problem("tiny", "dense", "a test", {"law": "SA", "beta": 1.0, "n": 20, "d": 3}, runners, accuracy=1e-12)


@pytest.mark.rounding
def test_a_run_from_end_to_end(tiny: Problem, tmp_path: Path) -> None:
    told: list[str] = []
    record = harness.measure(tiny, tiny.runners, {}, rounds=2, say=told.append, log=tmp_path / "log")
    record = json.loads(json.dumps(record))  # JSON and nothing else
    assert set(harness.available(record)) == {"ours", "loop"}
    assert "ModuleNotFoundError" in record["runners"]["stranger"]["unavailable"]
    for name in ("ours", "loop"):
        r = record["runners"][name]
        assert len(r["seconds"]) == 2 and min(r["seconds"]) > 0 and r["error"] < 1e-13 and r["calls"] >= 1
        assert r["versions"]["numpy"] == np.__version__
    assert record["runners"]["ours"]["versions"]["meanfield"] == mf.__version__
    assert set(harness.ratios(record)) == {"loop / ours"}
    assert [t for t in told if "round" in t] == ["tiny: round 1", "tiny: round 2"]
    assert "did not run" in report.text(record, tiny)


def test_runners_are_asked_in_turn(tiny: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Fake:
        def __init__(self, problem: Problem, name: str, *rest: Any) -> None:
            self.name, self.worker = name, self
            self.record: dict[str, Any] = {}

        def turn(self) -> None:
            order.append(self.name)

        def finish(self, *rest: Any) -> None:
            order.append("answer " + self.name)

        def close(self) -> None:
            order.append("end " + self.name)

    monkeypatch.setattr(harness, "Entrant", Fake)
    harness.measure(tiny, ["ours", "loop"], {}, rounds=2)
    assert order == ["ours", "loop", "ours", "loop", "answer ours", "answer loop", "end ours", "end loop"]


def test_a_failing_runner_is_told_and_ended() -> None:
    worker = harness.Worker("loop", sys.executable, 1)
    with pytest.raises(harness.Failed, match="KeyError"):
        worker.ask("prepare", problem="nothing", settings={}, inputs=None)
    worker.close()
    assert worker.process.poll() is not None
    gone = harness.Worker("loop", sys.executable, 1)
    gone.process.kill()
    gone.process.wait()
    with pytest.raises(harness.Failed, match="ended without an answer"):
        gone.ask("solve", calls=1)
    gone.close()


def test_messages_lose_their_folders() -> None:
    assert harness.placeless("cannot import 'x' from 'm' (/a/b c/m.py)").endswith("c/m.py)")
    assert harness.placeless("No such file: '/a/b/m.py'") == "No such file: 'm.py'"
    assert harness.placeless("1 / 2 and https://arxiv.org/abs/1") == "1 / 2 and https://arxiv.org/abs/1"


def test_short_calls_are_repeated() -> None:
    assert harness.repeats(10.0) == 1
    assert harness.repeats(harness.BLOCK / 7.5) == 8
    assert harness.repeats(0.0) == 10_000


def test_limits_are_measured() -> None:
    found = harness.limits({}, 1, small=True)
    assert set(found) == {"triad [GB/s]", "exp [ns]", "dgemm [GF/s]", "sort [ns]"} and min(found.values()) > 0


@pytest.mark.rounding
def test_tuning_takes_the_fastest_that_is_accurate(tiny: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {1: (1.0, 1e-6), 2: (3.0, 1e-13), 3: (2.0, 1e-13)}

    def fake(problem: Problem, runners: list[str], *rest: Any, **more: Any) -> dict[str, Any]:
        at, error = seconds[problem.runners["loop"]["rung"]]
        return {"runners": {"loop": runner("loop", at, error=error)}}

    monkeypatch.setattr(tuning, "measure", fake)
    p = Problem("p", "dense", "", {}, {"loop": {}}, accuracy=1e-12, ladders={"loop": [{"rung": k} for k in (1, 2, 3)]})
    assert tuning.tune(p, "loop", {}) == {"rung": 3}
    seconds[2] = seconds[3] = (1.0, 1.0)
    assert tuning.tune(p, "loop", {}) is None
    with pytest.raises(ValueError, match="not for 'ours'"):
        tuning.tune(p, "ours", {})


# --- what is said ------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_ratios_are_formed_round_by_round() -> None:
    record = made_up("w1-1e6", ours=runner("o", 1.0, 2.0, 4.0), pot=runner("p", 200.0, 300.0, 404.0, error=1e-10))
    assert harness.ratios(record) == {"pot / ours": (150.0, 101.0, 200.0)}
    assert harness.verdicts(record, PROBLEMS["w1-1e6"]) == {"pot / ours": True}
    inexact = copy.deepcopy(record)
    inexact["runners"]["ours"]["error"] = 1.0
    assert harness.verdicts(inexact, PROBLEMS["w1-1e6"]) == {"pot / ours": False}
    assert "(!)" in report.page([inexact], PROBLEMS) and "| 100: **no** |" in report.page([inexact], PROBLEMS)


def test_a_floor_is_wanted_below() -> None:
    record = made_up("circle-rhs-256", ours=runner("o", 6.0, 8.0), bare=runner("b", 2.0, 2.0, error=None))
    assert harness.ratios(record) == {"ours / bare": (3.5, 3.0, 4.0)}
    assert harness.verdicts(record, PROBLEMS["circle-rhs-256"]) == {"ours / bare": True}
    record["runners"]["ours"]["seconds"] = [12.0, 12.0]
    assert harness.verdicts(record, PROBLEMS["circle-rhs-256"]) == {"ours / bare": False}


@pytest.mark.rounding
def test_exponents_are_slopes() -> None:
    sizes = [1e3, 1e4, 1e5]
    assert abs(harness.exponent(sizes, [3e-9 * n**1.5 for n in sizes]) - 1.5) < 1e-12


def test_the_newest_record_of_a_kind_is_kept() -> None:
    old = made_up("w1-1e6", ours=runner("o", 1.0), pot=runner("p", 2.0))
    new = made_up("w1-1e6", when="2026-02-01T00:00:00+00:00", ours=runner("o", 3.0), pot=runner("p", 4.0))
    lonely = made_up("w1-1e6", when="2026-03-01T00:00:00+00:00", ours=runner("o", 5.0), pot={"unavailable": "no"})
    assert report.merged([old], [new]) == [new]
    assert report.merged([new], [old]) == [new]
    assert report.merged([new], [lonely]) == [new]
    keops = made_up("dense-d3-1e4", ours_numpy=runner("o", 1.0), keops=runner("k", 5.0))
    loop = made_up("dense-d3-1e4", ours_numpy=runner("o", 1.0), loop=runner("l", 9.0))
    assert len(report.merged([keops], [loop])) == 2


@pytest.fixture
def some() -> list[dict[str, Any]]:
    def step(name: str, seconds: float) -> dict[str, Any]:
        numba = {"unavailable": "no numba"}
        return made_up(name, ours_numpy=runner("o", seconds, error=None), ours_numba=numba)

    return [
        made_up("circle-pde", ours=runner("o", 1e-3, 1.1e-3), dedalus=runner("d", 0.2, 0.3)),
        made_up("circle-rhs-256", ours=runner("o", 6e-6), bare=runner("b", 2e-6, error=None)),
        made_up("circle-points-1e6-sa", ours_numpy=runner("o", 0.1), finufft=runner("f", 0.3)),
        step("points-n-1e4", 1e-3),
        step("points-n-1e5", 1e-2),
        step("points-n-1e6", 1e-1),
    ]


def test_the_page_and_the_picture(some: list[dict[str, Any]], tmp_path: Path) -> None:
    text = report.page(some, PROBLEMS)
    assert "| Dedalus v3 | 250 ms |" in text and "| 200: yes |" in text
    assert "| `points-n`, n | ours, numpy | 10000 | 1e+06 | 1.00 ms to 100 ms | 1.00 |" in text
    assert "| `circle-rhs-256` | 6.00 us | 2.00 us | bare library calls | 3.00 (3.00 to 3.00) | 5: yes |" in text
    assert "| 100 ms numpy | 3.20 ms | two reads and a write of n numbers, streaming | 31.2 |" in text
    assert report.page(copy.deepcopy(some), PROBLEMS) == text
    first = picture.draw(some, PROBLEMS, tmp_path / "a.png").read_bytes()
    assert first.startswith(b"\x89PNG") and first == picture.draw(some, PROBLEMS, tmp_path / "b.png").read_bytes()


def test_a_busy_machine_is_told(some: list[dict[str, Any]]) -> None:
    assert "beside other work" not in report.page(some, PROBLEMS)
    some[0]["machine"]["load before"] = 3.0
    assert "**1 of 6 runs began beside other work**" in report.page(some, PROBLEMS)


def test_numbers_for_people() -> None:
    assert [report.digits(x) for x in (0.0123, 4.555, 789.4, 12345.0, 0.0)] == ["0.0123", "4.55", "789", "12300", "0"]
    assert [report.duration(x) for x in (2.5e-7, 4.56e-5, 0.0789, 12.3)] == ["0.250 us", "45.6 us", "78.9 ms", "12.3 s"]


def test_files_come_back_as_written(some: list[dict[str, Any]], tmp_path: Path) -> None:
    report.write_json(tmp_path / "x" / "y.json", some)
    assert report.read_json(tmp_path / "x" / "y.json") == some


# --- the machine and the command ---------------------------------------------------------------------------


def test_facts_name_no_machine() -> None:
    facts = machine.facts()
    assert facts["cores"] >= 1 and facts["processor"]
    if len(platform.node()) > 3:
        assert platform.node() not in json.dumps(facts)


def test_every_pool_is_pinned() -> None:
    assert {machine.environment(3)[name] for name in machine.THREADS} == {"3"}
    assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MEANFIELD_THREADS"} <= set(machine.THREADS)


def test_a_processor_is_read(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: A Processor\nflags\t\t: sse avx512f\n")
    assert machine.processor(info) == "A Processor, AVX-512"


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.main(["list"]) == 0
    assert "circle-pde" in capsys.readouterr().out
    assert command.main(["run", "nothing"]) == 2
    assert command.main(["run", "--python", "dedalus=/no/such/python"]) == 2
    assert "wanted RUNNER=PATH" in capsys.readouterr().err
    assert command.pythons([f"pot={sys.executable}"]) == {"pot": str(Path(sys.executable).absolute())}
    assert command.asked(PROBLEMS["sphere-rhs-64"], [OURS]) == ["ours", "bare"]
    assert command.asked(PROBLEMS["circle-pde"], ["dedalus"]) == ["ours", "dedalus"]
    assert command.asked(PROBLEMS["circle-pde"], []) == ["ours", "dedalus", "pypde"]
    monkeypatch.setattr(command, "CURATED", tmp_path / "none.json")
    assert command.main(["table"]) == 2


def test_running_writes_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Problem) -> None:
    monkeypatch.setattr(command, "chosen", lambda patterns, peers: [tiny])
    monkeypatch.setattr(command, "limits", lambda pythons, threads: {"exp [ns]": 1.0})
    assert command.main(["run", "--rounds", "1", "--out", str(tmp_path)]) == 1  # the stranger did not run
    (path,) = tmp_path.glob("*.json")
    (record,) = report.read_json(path)
    assert record["problem"] == "tiny" and record["limits"] == {"exp [ns]": 1.0}
    assert not math.isnan(record["runners"]["ours"]["error"])


def test_the_page_in_the_docs_is_the_one_the_results_give() -> None:
    curated = ROOT / "benchmarks" / "results.json"
    if curated.exists():
        written = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
        assert written == report.page(report.read_json(curated), PROBLEMS)


def test_peers_are_told_apart_without_colours() -> None:
    shapes = picture.MARKERS
    assert set(shapes) == set(picture.COLOURS) and len(set(shapes.values())) == len(shapes)
