"""The quick tier of the checks: each gives the outcome it should, and goes red where the law it checks is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.kernels import energy
from meanfield.special import bessel
from meanfield.sums import cells
from validation.registry import HOUSE, Bench, checks, run
from validation.verdict import Outcome, Verdict

QUICK = {check.id: check for check in checks("quick")}
EVIDENCE = frozenset({
    "A50",
    "A65",
    "A73",
    "A74",
    "F03.porous",
    "F24.limit",
    "F25",
    "A18.clusters",
    "A26",
    "A44",
    "A44.coded",
    "A45",
    "A64",
    "B06",
    "B08",
    "B08.coded",
    "B12",
    "B18",
    "B19",
    "B40",
    "B40.coded",
    "B41",
    "B44",
    "B45",
    "B46",
    "B47",
    "C07",
    "C08",
    "C20",
    "C21",
    "F06",
    "F29",
    "F46",
})  # fmt: skip
"""Quick checks of open questions: they have numbers and no limit."""
REQUIRED = {
    *("A03", "A06", "A09", "A12", "A13", "A14", "A16", "A17", "A19", "A20", "A21", "A23", "A24", "A27", "A46", "A47"),
    *("A49", "A51", "F01"),
}


def carried_out(id: str) -> Verdict:
    """What a check says, quickly and without pictures."""
    return QUICK[id].fn(Bench(id, 0, "quick"))


once = cache(carried_out)


@pytest.mark.parametrize("id", QUICK)
def test_check(id: str) -> None:
    verdict = once(id)
    assert verdict.outcome is not Outcome.FAIL, verdict.message
    assert verdict.outcome is (Outcome.EVIDENCE if id in EVIDENCE else Outcome.PASS), verdict.message
    assert verdict.measured


def test_the_required_rows_are_covered() -> None:
    covered = {row for check in HOUSE.checks() for row in check.covers}
    assert covered >= REQUIRED


def test_the_five_points_are_told() -> None:
    told = once("F01").measured
    angles = [name for name in told if "theta_" in name]
    assert len(angles) == 2 * 5 * 6
    # by scipy's DOP853 at 3e-14 on the printed loop, and by 4000 steps x <- x + 0.1 softmax(4 x x^T) x, normalised
    assert told["exact: theta_1(400)"] == pytest.approx(1.83788709937, abs=1e-10)
    assert told["coded: theta_1(400)"] == pytest.approx(1.84168692579, abs=1e-10)


def test_pictures_are_drawn_where_they_are_wanted(tmp_path: Any) -> None:
    wanted = {"A47": 1, "A05": 4}
    verdicts = {verdict.id: verdict for verdict in run(list(wanted), "quick", out=tmp_path)}
    for id, count in wanted.items():
        assert len(verdicts[id].pictures) == count
        assert all((tmp_path / name).stat().st_size > 0 for name in verdicts[id].pictures)


# --- checks can fail ---------------------------------------------------------------------------------------

Break = Callable[[pytest.MonkeyPatch], None]


def _velocity(law: type, change: Callable[[Any, Any], Any]) -> Break:
    """Replace a law's velocity v by change(law, v)."""
    true = law.velocity  # type: ignore[attr-defined]

    def broken(self: Any, t: float, x: Any, mu: Any) -> Any:
        return change(self, true(self, t, x, mu))

    return lambda patch: patch.setattr(law, "velocity", broken)


def _swapped(patch: pytest.MonkeyPatch) -> None:
    """SA moves as USA does."""
    patch.setattr(mf.SA, "velocity", lambda self, t, x, mu: mf.USA(self.beta, self.sign).velocity(t, x, mu))


def _by_place(self: Any, v: Any) -> Any:
    """The first token is a little slower than the others."""
    v = np.array(v)
    v[..., 0, :] *= 0.999
    return v


def _energy_doubled(patch: pytest.MonkeyPatch) -> None:
    true = energy.excess
    patch.setattr(energy, "excess", lambda *args, **options: 2.0 * true(*args, **options))


def _dissipation_without_z(patch: pytest.MonkeyPatch) -> None:
    true = energy.dissipation
    patch.setattr(energy, "dissipation", lambda k, mu, *, normalised, log_factor=0.0: true(k, mu, normalised=False))


def _kernel_off(patch: pytest.MonkeyPatch) -> None:
    """The kernel is that of a beta larger by 1e-6."""
    true = mf.Exponential.factors
    patch.setattr(mf.Exponential, "factors", lambda self, x, y: true(replace(self, beta=1.000001 * self.beta), x, y))


def _multipliers_off(patch: pytest.MonkeyPatch) -> None:
    """lambda_3 is off by 1e-6: in the public function, and in what kernels answer."""

    def off(values: Any) -> Any:
        values = np.array(values)
        values[3:4] *= 1.000001
        return values

    public, own, potential = bessel.multipliers, mf.Exponential.multipliers, mf.Exponential.potential
    patch.setattr(mf, "multipliers", lambda beta, d, degree: off(public(beta, d, degree)))
    patch.setattr(mf.Exponential, "multipliers", lambda self, d, degree: off(own(self, d, degree)))
    patch.setattr(mf.Exponential, "potential", lambda self, d, degree: off(potential(self, d, degree)))
    # tables made from the true symbols must not answer, nor tables made from these ones later
    patch.setattr(cells, "_kept", cells.Cells)


def _clouds_biased(patch: pytest.MonkeyPatch) -> None:
    """Tokens lean to one side."""
    true = pt.uniform

    def leaning(n: int, d: int, rng: Any = None, **options: Any) -> Any:
        x = true(n, d, rng, **options) + 0.3 * np.eye(d)[0]
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    patch.setattr(pt, "uniform", leaning)


def _no_diffusion(patch: pytest.MonkeyPatch) -> None:
    """The entropy's part of the free energy is forgotten."""
    patch.setattr(mf.Diffusion, "quantities", lambda self, t, mu: {})


BROKEN: dict[str, tuple[Break, tuple[str, ...]]] = {
    "SA: 1/beta dropped": (
        _velocity(mf.SA, lambda law, v: law.beta * v),
        ("A03.diracs", "A13", "A24", "A33", "A46", "A47", "A47.growth"),
    ),
    "USA: 1/beta dropped": (
        _velocity(mf.USA, lambda law, v: law.beta * v),
        ("A03.diracs", "A20", "A21", "A23", "A46", "A47", "A49", "A47.growth"),
    ),
    "SA: sign flipped": (_velocity(mf.SA, lambda law, v: -v), ("A09", "A14", "A34")),
    "SA: moves as USA": (_swapped, ("A09", "A17", "A24")),
    "SA: one token slower": (_velocity(mf.SA, _by_place), ("A06", "A19", "A27.poisson", "F01")),
    "energy doubled": (_energy_doubled, ("A13", "A15", "A21", "A23", "A24", "A49")),
    "SA: dissipation without Z": (_dissipation_without_z, ("A13", "A14")),
    "kernel off by 1e-6": (_kernel_off, ("A02", "A20", "A69")),
    "multipliers off by 1e-6": (_multipliers_off, ("A16", "A20", "A47", "A51", "F02", "F02.rates")),
    "clouds biased": (_clouds_biased, ("A15.sample", "A37")),
    "free energy without entropy": (_no_diffusion, ("A21.noise",)),
}


@pytest.mark.parametrize(("how", "id"), [(how, id) for how, (_, ids) in BROKEN.items() for id in ids])
def test_a_check_fails_where_its_law_is_broken(monkeypatch: pytest.MonkeyPatch, how: str, id: str) -> None:
    BROKEN[how][0](monkeypatch)
    try:
        found = carried_out(id).outcome
    except Exception as error:  # a run that breaks off is a check that has failed
        assert not isinstance(error, AttributeError | NameError | ImportError | TypeError), error
    else:
        assert found is Outcome.FAIL
