"""Rescaled tokens by any field, in many tiles, with logarithms; and where rounding would choose leaders, a status."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.laws import rescaled
from meanfield.methods import parted

pytestmark = pytest.mark.rounding
RNG = np.random.default_rng(0)
LAW = mf.SA(1.0, Q=0.7 * RNG.standard_normal((2, 2)), K=0.7 * RNG.standard_normal((2, 2)), V=np.diag([2.0, -2.0]),
            geometry="flat")  # fmt: skip
X = RNG.uniform(-1.0, 1.0, (6, 2))
SPAN: Any = ((0.0, 22.0), [10.0, 22.0])


@cache
def alone() -> Any:
    return run()


def run(law: Any = None, **options: Any) -> Any:
    return pt.simulate(mf.Rescaled(LAW) if law is None else law, X, *SPAN, rtol=1e-8, **options)


def test_any_field_and_any_tiles_hold_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain z loses leaders at t = 18 / 2; many points are summed as they come until then."""
    truth = alone()
    monkeypatch.setattr(rescaled, "TILE", 13)
    monkeypatch.setattr(parted, "PAIRS", 10)
    many = run(field="direct")
    for one, other in zip(truth.x, many.x, strict=True):
        np.testing.assert_allclose(other, one, rtol=0.0, atol=1e-7 * np.abs(one).max())
    forms = [segment.form for segment in many.segments]
    assert forms[0].whole and forms[0].field == "direct" and not forms[-1].whole
    P = pt.attention(mf.Rescaled(LAW), many(22.0), t=22.0)
    np.testing.assert_allclose(P, pt.attention(mf.Rescaled(LAW), truth(22.0), t=22.0), rtol=0.0, atol=1e-9)


def test_masks_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    law = mf.Causal(mf.Rescaled(LAW))
    truth = pt.simulate(law, X, (0.0, 3.0), [3.0]).x[-1]
    monkeypatch.setattr(rescaled, "TILE", 13)
    np.testing.assert_allclose(pt.simulate(law, X, (0.0, 3.0), [3.0]).x[-1], truth, rtol=0.0, atol=1e-13)


def test_where_rounding_would_choose_leaders_the_run_ends() -> None:
    """A sum of laws is held as z alone."""
    law = mf.Rescaled(LAW) + mf.Linear(np.zeros((2, 2)), geometry="flat")
    with pytest.raises(mf.RunError, match="rounding decides which tokens lead") as error:
        run(law)
    kept: Any = error.value.solution
    assert kept.status is mf.Status.UNDECIDED and 12.0 < kept.end < 18.5
    z = kept(10.0).x
    np.testing.assert_allclose(z, alone()(10.0).x, rtol=0.0, atol=1e-6 * np.abs(z).max())


def test_tokens_that_come_to_one_place_lead_alike_and_that_is_no_matter() -> None:
    """V = I: a cluster's tokens are one, whoever of them leads."""
    law = mf.Rescaled(mf.SA(1.0, geometry="flat")) + mf.Linear(np.zeros((2, 2)), geometry="flat")
    assert pt.simulate(law, X, (0.0, 40.0), [40.0], rtol=1e-5).success


def test_noise_is_larger_than_rounding() -> None:
    law = mf.Rescaled(mf.SA(1.0, V=np.diag([2.0, -0.5]), geometry="flat"))
    assert pt.simulate(law, X, (0.0, 12.0), [12.0], diffusion=1e-4, method="heun", step=0.05, rng=0).success


def test_a_layer_behind_rescaled_attention_holds_differences() -> None:
    law = mf.Activated(mf.Rescaled(LAW), np.array([[1.0, 0.2], [0.0, 1.0]]), "tanh")
    plain = law + mf.Linear(np.zeros((2, 2)), geometry="flat")
    x = [pt.simulate(one, X, (0.0, 2.0), [2.0], rtol=1e-11).x[-1] for one in (law, plain)]
    np.testing.assert_allclose(x[0], x[1], rtol=0.0, atol=1e-9)
    assert isinstance(pt.simulate(law, X, (0.0, 2.0), [2.0]).segments[-1].form, parted.OnParted)


def test_logarithms_of_attention() -> None:
    """log P of (3.1) is that of (1.1), where P has long been 0."""
    law, t = mf.Rescaled(LAW), 4.5
    z = alone()(t).x
    log = pt.attention(law, z, t=t, log=True)
    exact = pt.attention(LAW, law.unscaled(t, z), log=True)
    assert exact.min() < -1000.0
    np.testing.assert_allclose(log, exact, rtol=0.0, atol=1e-11 * np.abs(exact).max())


def test_a_run_of_x_that_is_out_of_time_names_the_way_on_too() -> None:
    """Along contracting directions (1.1) crawls once leaders differ by less than the digits of x."""
    with pytest.warns(mf.StoppedEarly, match=r"pt\.simulate\(mf\.Rescaled\(law\), x0, t_span\)"):
        pt.simulate(LAW, X, (0.0, 40.0), [40.0], max_seconds=1e-9)


def test_a_horizon_that_overflows_names_the_way_on() -> None:
    law = mf.SA(1.0, V=[[2.0]], geometry="flat")
    x0, t_span = [[1.0], [0.3], [-0.4]], (0.0, 190.0)
    with pytest.raises(mf.RunError, match=r"pt\.simulate\(mf\.Rescaled\(law\), x0, t_span\)") as error:
        pt.simulate(law, x0, t_span, [190.0], rtol=1e-3, atol=1e-3)
    assert 150.0 < error.value.solution.end < 180.0
    assert pt.simulate(mf.Rescaled(law), x0, t_span, [190.0], rtol=1e-3, atol=1e-3).success


def test_beyond_floats_z_ends_by_a_status() -> None:
    """e^{2t} along the contracting direction brings z of 1e300, as at t = 345, beyond them; the rest is kept."""
    law = mf.Rescaled(mf.SA(1.0, V=np.diag([2.0, -2.0]), geometry="flat"))
    with pytest.raises(mf.RunError, match="stopped being finite") as error:
        pt.simulate(law, X * [1.0, 1e300], (345.0, 400.0), [346.0, 400.0], rtol=1e-3, atol=1e-6)
    kept: Any = error.value.solution
    assert kept.status is mf.Status.NOT_FINITE and 346.0 < kept.end < 360.0
    assert kept.t[0] == 346.0 and np.isfinite(kept.x[0]).all()


def test_x_whose_digits_decide_nothing_ends_by_a_status_that_names_the_way_on() -> None:
    """Under V = diag(2, -2) tokens of one leader lie within the digits of e^{2t} from t = 18 on, and steps collapse."""
    with pytest.raises(mf.RunError, match=r"rounding of scores decides.*pt\.simulate\(mf\.Rescaled\(law\)") as error:
        pt.simulate(LAW, X, (0.0, 40.0), [9.0, 40.0], rtol=1e-6)
    kept: Any = error.value.solution
    assert kept.status is mf.Status.UNDECIDED and 15.0 < kept.end < 20.0 and kept.t[0] == 9.0
