"""Files written by version 0.1 load for ever: every face of a run, every law, kept cells; they go on, and they plot.

The folder `files_0_1` is never written again.  Numbers are those that the version read out of its own files.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.tools import settings

FILES = next(folder / "files_0_1" for folder in Path(__file__).parents if (folder / "files_0_1").is_dir())
SOLUTIONS: dict[str, dict[str, Any]] = {
    "circle": {
        "law": "SA(beta=1)",
        "segments": 2,
        "status": "REACHED_END",
        "coefficients": 1.0313137404837187,
        "mean": [
            0.25220548591913905,
            2.1217168621900256e-17
        ],
        "end": 0.04,
        "resumed": 1.0318603434750282
    },
    "zonal": {
        "law": "USA(beta=2, sign=-1, scale=\"relative\") + Diffusion(0.1)",
        "segments": 1,
        "status": "REACHED_END",
        "coefficients": 1.0045367983920384,
        "mean": [
            0.0,
            0.0,
            0.0,
            0.04768128491078962
        ],
        "end": 0.07,
        "resumed": 1.0043681298639189
    },
    "sphere": {
        "law": "SA(beta=0.5) + USA(beta=0.25, scale=\"scaled\")",
        "segments": 2,
        "status": "REACHED_END",
        "coefficients": 1.021985769342513,
        "mean": [
            6.016376818686006e-05,
            1.8118197299399697e-21,
            0.11821751490655581
        ],
        "end": 0.04,
        "resumed": 1.022988309463335
    },
    "lagrangian": {
        "law": "SA(beta=1)",
        "segments": 1,
        "status": "REACHED_END",
        "coefficients": 1.031313740483719,
        "mean": [
            0.25220548591913894,
            -8.344629783170465e-17
        ],
        "end": 0.04,
        "resumed": 1.0318603434750284
    },
    "zonal_lagrangian": {
        "law": "USA(beta=1)",
        "segments": 1,
        "status": "REACHED_END",
        "coefficients": 1.0051523289623883,
        "mean": [
            0.0,
            0.0,
            0.0,
            0.050821145531024875
        ],
        "end": 0.04,
        "resumed": 1.0053225712636458
    },
    "handed_over": {
        "law": "SA(beta=4)",
        "segments": 2,
        "status": "REACHED_END",
        "coefficients": 1.0314322906706381,
        "mean": [
            0.2526905636725638,
            2.0702216014161673e-17
        ],
        "end": 0.07,
        "resumed": 1.0316984481793698
    },
    "stopped": {
        "law": "SA(beta=1)",
        "segments": 1,
        "status": "OBSERVER",
        "coefficients": 1.0353435978261356,
        "mean": [
            0.2681489062036134,
            2.70665053571918e-17
        ],
        "end": 0.21000000000000002,
        "resumed": 1.0369036268647709
    }
}
"""law, number of segments, |coefficients|, mean of the last density; resumed to `end`: |coefficients|, steps in all."""
TRAJECTORIES: dict[str, dict[str, Any]] = {
    "rows": {
        "law": "USA(beta=1)",
        "segments": 1,
        "merges": 0,
        "x": 1.7320508075688774,
        "energy": 0.9632503612358351,
        "labels": 3.872983346207417
    },
    "angles": {
        "law": "SA(beta=4)",
        "segments": 1,
        "merges": 0,
        "x": 2.686857532000805,
        "energy": 2.570968456884392,
        "labels": 3.1622776601683795
    },
    "merged": {
        "law": "SA(beta=1)",
        "segments": 2,
        "merges": 1,
        "x": 6.933340670877987,
        "energy": 0.9356271721799965,
        "labels": 5.0990195135927845
    },
    "noisy": {
        "law": "SA(beta=2) + Diffusion(0.1)",
        "segments": 1,
        "merges": 0,
        "x": 1.7320508075688774,
        "energy": 0.9021521059028363,
        "labels": 3.1622776601683795
    },
    "replicas": {
        "law": "USA(beta=0)",
        "segments": 1,
        "merges": 0,
        "x": 3.1650890525605497,
        "energy": 0.4018170958732741,
        "labels": 1.7320508075688772
    },
    "longtime": {
        "law": "SA(beta=9)",
        "segments": 2,
        "merges": 1,
        "x": 3.065043440245001,
        "energy": 250.09520376501672,
        "labels": 3.0
    }
}
"""law, number of segments and of mergers, |x| at the end, energy at the end (of the first replica)."""


def size(a: Any) -> float:
    return float(np.linalg.norm(np.ravel(a)))


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_solution_loads_and_goes_on(name: str) -> None:
    want = SOLUTIONS[name]
    sol = mf.load(FILES / f"{name}.nc")
    assert str(sol.law) == want["law"] and len(sol.segments) == want["segments"]
    assert sol.status is mf.Status[want["status"]]
    assert size(sol.coefficients[-1]) == pytest.approx(want["coefficients"], rel=1e-8)
    np.testing.assert_allclose(sol.densities[-1].mean, want["mean"], rtol=0.0, atol=1e-8)
    assert sol(sol.t[-1]).mass == pytest.approx(1.0, abs=1e-8)
    whole = mf.resume(sol, want["end"])
    assert whole.t[-1] == want["end"] and whole.counters.steps > sol.counters.steps
    assert size(whole.coefficients[-1]) == pytest.approx(want["resumed"], rel=1e-6)


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_a_trajectory_loads(name: str) -> None:
    want = TRAJECTORIES[name]
    run = pt.load(FILES / f"{name}.nc")
    assert str(run.law) == want["law"] and len(run.segments) == want["segments"]
    assert len(run.merges) == want["merges"]
    assert size(run.x[-1]) == pytest.approx(want["x"], rel=1e-8)
    assert float(np.ravel(run.energy[-1])[0]) == pytest.approx(want["energy"], rel=1e-8)
    assert size(run.labels) == want["labels"]


@pytest.mark.parametrize("name", [*SOLUTIONS, *TRAJECTORIES])
def test_a_file_plots_and_becomes_a_dataset(name: str) -> None:
    run: Any = mf.load(FILES / f"{name}.nc") if name in SOLUTIONS else pt.load(FILES / f"{name}.nc")
    options = {"replica": 0} if name == "replicas" else {}
    _ = run.plot_inner_products(**options) if name in ("rows", "noisy", "replicas") else run.plot()
    assert plt.get_fignums()
    assert json.loads(run.to_xarray().attrs["law"])["kind"] in ("SA", "USA", "Sum")


def assert_kept(old: Any, new: Any) -> None:
    """All that is in `old` is in `new`, which may have fields more."""
    if isinstance(old, dict):
        assert old.keys() <= new.keys()
        for key in old:
            assert_kept(old[key], new[key])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            assert_kept(one, other)
    else:
        assert old == new


def test_settings_load() -> None:
    """Every law, kernel, space and method, as one text: read, and written again with all that it said."""
    text = (FILES / "settings.json").read_text(encoding="utf-8")
    found = settings.from_json(text)
    kinds = "SA USA Diffusion Sum Exponential Circle Sphere ZonalSphere Spectral Lagrangian Doubt"
    assert {type(one).__name__ for one in found} == set(kinds.split())
    assert_kept(json.loads(text), json.loads(settings.to_json(found)))


def cell(beta: float, rng: np.random.Generator) -> float:
    """A cell of the kept sweep: do not touch a letter of it."""
    return float(mf.multipliers(beta, 2, 1)[1])


class Idle:
    """An executor that is given nothing to do."""

    def submit(self, *args: Any) -> Any:
        raise AssertionError(f"asked to compute {args}")


def test_kept_cells_are_taken(tmp_path: Path) -> None:
    """Cells say what made them, and another Python has other code: there they are refused, by that name."""
    shutil.copytree(FILES / "kept", tmp_path / "kept")
    card = settings.from_json(next((tmp_path / "kept").glob("*.json")).read_text(encoding="utf-8"))
    if card["made of"]["Python"] == f"{sys.version_info[0]}.{sys.version_info[1]}":
        found = mf.sweep(cell, [1.0, 2.0], keep=tmp_path / "kept", rng=1, executor=Idle())
        np.testing.assert_allclose(list(found), [0.20791041534970844, 0.21526928924893762], rtol=1e-8)
    else:
        with pytest.raises(ValueError, match=r"when it was another: .*Python.* differed"):
            mf.sweep(cell, [1.0, 2.0], keep=tmp_path / "kept", rng=1, executor=Idle())
