"""Several laws, each of a measure of its own."""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.laws.beside import Beside

LAWS = (mf.SA(1.0), mf.USA(2.0), mf.SA(1.0), mf.SA(4.0))
X = np.stack([pt.uniform(9, 3, rng=k) for k in range(4)])


@pytest.mark.rounding
@pytest.mark.parametrize("angles", [False, True])
def test_points_side_by_side(angles: bool) -> None:
    at = np.linspace(0.0, 5.0, 36).reshape(4, 9) ** 1.2 if angles else X
    mu = mf.Points(at, angles=angles)
    both, law = mu.some(np.array([1, 3])), Beside(LAWS)
    assert mu.lead == (4,) and both.lead == (2,)
    v = law.velocity(0.0, None, mu)
    told = law.quantities(0.0, mu)
    for i, one in enumerate(LAWS):
        alone = mf.Points(at[i], angles=angles)
        want = one.velocity(0.0, None, alone)
        np.testing.assert_allclose(v[i], want, rtol=0.0, atol=1e-14 * np.abs(want).max())
        for name, value in one.quantities(0.0, alone).items():
            np.testing.assert_allclose(told[name][i], value, rtol=1e-13)


def test_what_all_of_them_say() -> None:
    law = Beside((mf.SA(1.0), mf.SA(2.0, sign=-1)))
    assert law.rises == () and law.falls == ("free_energy",) and law.autonomous is True and law.isotropic
    assert Beside((mf.SA(1.0), mf.SA(lambda t: t))).autonomous is False
    assert law.alone(1) == mf.SA(2.0, sign=-1) and str(law) == "SA(beta=1) | SA(beta=2, sign=-1)"
    assert law == Beside((mf.SA(1.0), mf.SA(2.0, sign=-1))) != Beside((mf.SA(2.0), mf.SA(2.0, sign=-1)))


@pytest.mark.parametrize(
    ("laws", "words"),
    [((), "no law at all"), ((mf.SA(1.0), 2), "must be a Law"), ((mf.SA(1.0), mf.Causal(mf.SA(1.0))), "differ in")],
)
def test_refusals(laws: tuple[mf.Law, ...], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Beside(laws)
