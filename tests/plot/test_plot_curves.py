"""Curves: energies, spectra, moments, rates and growth draw what came, under the marks they earn."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from strokes import ENERGY, T, labels_of

import meanfield.plot

curves: Any = meanfield.plot.curves
slopes: Any = meanfield.plot.slopes


def test_energy_and_its_defect() -> None:
    dissipated = (ENERGY - 1) * (1 + 1e-6)
    top, below = curves.energy(T, ENERGY, dissipated, bounds={"one cluster": 6.0}, tolerance=1e-9, title="x")
    np.testing.assert_array_equal(top.get_lines()[0].get_ydata(), ENERGY)
    assert labels_of(top) == [r"$E(t)$, non-decreasing $\checkmark$", "one cluster"]
    drawn = np.asarray(below.get_lines()[0].get_ydata())
    assert np.isnan(drawn[0])
    np.testing.assert_allclose(drawn[1:], 1e-6, rtol=1e-6)
    assert below.get_yscale() == "log" and labels_of(below)[1:] == ["rounding", "tolerance"]
    assert top.get_title(loc="left") == "x" and below.get_xlabel() == "time $t$"


@pytest.mark.rounding
@pytest.mark.parametrize(
    ("energy", "mark"),
    [
        (ENERGY, "non-decreasing"),
        (-ENERGY, "non-increasing"),
        (ENERGY + 0.5 * np.sin(9 * T), None),
        (ENERGY + 2e-16 * (-1.0) ** np.arange(len(T)), "non-decreasing"),  # rounding is no fall
        (ENERGY - 1e-12 * (np.arange(len(T)) == 1) - T**2 * (T < 0.15), None),  # a small fall is one
    ],
)
def test_the_check_mark_is_earned(energy: Any, mark: str | None) -> None:
    top, _ = curves.energy(T, energy, energy - energy[0])
    label = labels_of(top)[0]
    assert (r"$\checkmark$" in label) is (mark is not None)
    assert mark is None or mark in label


def test_the_check_mark_follows_the_dissipation() -> None:
    """An energy that falls where its dissipation says it rises is not monotone in the sense that counts."""
    top, _ = curves.energy(T, -ENERGY, ENERGY - 1)
    assert "checkmark" not in labels_of(top)[0]


@pytest.mark.rounding
@pytest.mark.parametrize("level", [0.3, 0.0])
def test_a_constant_energy_is_drawn(level: float) -> None:
    top, below = curves.energy(T, np.full(21, level), np.full(21, 1e-12))
    assert labels_of(top) == ["$E(t)$, constant"]
    np.testing.assert_allclose(np.asarray(below.get_lines()[0].get_ydata()), 1e-12 / (level or 1.0))
    top.get_figure().canvas.draw()


@pytest.mark.rounding
def test_an_exact_identity_is_drawn_at_the_floor() -> None:
    _, below = curves.energy(T, ENERGY, ENERGY - ENERGY[0])
    np.testing.assert_allclose(np.asarray(below.get_lines()[0].get_ydata())[1:], 1e-17)


def test_energy_takes_axes() -> None:
    _, mine = plt.subplots(2)
    out = curves.energy(T, ENERGY, ENERGY - 1, mine)
    assert out[0] is mine[0] and out[1] is mine[1]
    with pytest.raises(ValueError, match="axes must be 2 axes, one a panel; got 1"):
        curves.energy(T, ENERGY, ENERGY - 1, [mine[0]])


@pytest.mark.rounding
def test_spectrum_draws_sizes_and_leaves_zeros_out() -> None:
    sizes = np.array([1.0, 1e-3, 0.0, 1e-9])
    ax = curves.spectrum([0, 1, 2, 3], [sizes], ["a"], 1e-12)
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), [1.0, 1e-3, np.nan, 1e-9])
    np.testing.assert_array_equal(ax.get_lines()[1].get_ydata(), [1e-12, 1e-12])
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "degree $k$" and ax.get_ylabel() == "$|c_k|$"


@pytest.mark.rounding
def test_spectrum_of_several_resolutions_and_orders() -> None:
    ax = curves.spectrum([range(3), range(5)], [np.ones(3), np.ones(5)])
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [3, 5]
    ax = curves.spectrum([0, 1, 1, 1], [[1.0, 0.2, 0.5, 0.1]])  # l, with three orders m at l = 1
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), [1.0, 0.5])
    assert curves.spectrum([0, 1], [[1.0, 1e-300]]).get_ylim()[0] > 1e-22
    with pytest.raises(ValueError, match="magnitude_list"):
        curves.spectrum([0, 1], [])
    with pytest.raises(ValueError, match=r"magnitude_list\[0\]"):
        curves.spectrum([0, 1], [[1.0]])


def test_moments_with_theory() -> None:
    sizes = np.exp(np.outer(T, [0.2, 0.4]))
    ax = curves.moments(T, sizes, predicted=2 * sizes)
    drawn = [np.asarray(line.get_ydata()) for line in ax.get_lines()]
    np.testing.assert_array_equal(np.array(drawn), np.concatenate([sizes.T, 2 * sizes.T]))
    assert labels_of(ax) == ["$k = 0$", "$k = 1$", "linear theory"]


def test_rate_draws_points_fit_and_reference() -> None:
    n = np.array([10.0, 100.0, 1000.0])
    ax = slopes.rate(n, 3 * n**-0.5, 0.1 * n**-0.5, -0.5, (-0.52, -0.48))
    fit, reference = (next(line for line in ax.get_lines() if word in str(line.get_label())) for word in ("fit", "ref"))
    np.testing.assert_allclose(fit.get_ydata(), 3 * np.asarray(fit.get_xdata()) ** -0.5)
    x, y = (np.log(np.asarray(data)) for data in (reference.get_xdata(), reference.get_ydata()))
    np.testing.assert_allclose(np.diff(y) / np.diff(x), -0.5)
    assert np.all(y < np.log(3 * np.exp(x) ** -0.5))
    container = ax.containers[0]
    np.testing.assert_array_equal(container.lines[0].get_ydata(), 3 * n**-0.5)
    assert container.has_yerr
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert any("-0.500" in text and "-0.520" in text and "-0.480" in text for text in labels_of(ax))
    with pytest.raises(ValueError, match="must be positive"):
        slopes.rate(n, -n, n, -0.5)


def test_growth_draws_lines_spread_and_bounds() -> None:
    rows = [np.exp(T), 0.1 * np.exp(T)]
    spread = [0.1 * row for row in rows]
    ax = slopes.growth(T, rows, ["n = 10", "n = 1000"], spread=spread, bounds={"theory": np.exp(2 * T)})
    for line, row in zip(ax.get_lines(), [*rows, np.exp(2 * T)], strict=True):
        np.testing.assert_array_equal(line.get_ydata(), row)
    assert len(ax.collections) == 2
    assert labels_of(ax) == ["n = 10", "n = 1000", "theory"] and ax.get_ylabel() == "$W_1$ (rad)"
    with pytest.raises(ValueError, match="spread must be 2"):
        slopes.growth(T, rows, spread=[rows[0]])
