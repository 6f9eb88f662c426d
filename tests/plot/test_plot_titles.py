"""Titles that fit, and what a picture tells of a run: replicas, tokens that do not move, what its energy is."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.plot import curves, points, titles

X = pt.uniform(6, 3, rng=0)
LAW = mf.SA(4.0)
HELD = mf.Frozen(LAW, [0.5, 2.0], 1.0)
LONG = "Masked(SA(beta=64, Q (2, 2), K (2, 2)) + Linear(A (2, 2)) + SA(beta=3), A (4, 4)), n = 4, $t = 3$"


def title(ax: Any) -> str:
    return str(ax.get_title(loc="left"))


@pytest.mark.parametrize("text", [LONG, LONG + ", " + LONG, 40 * "long" + " " + LONG, "short"])
def test_titles_fit(text: str) -> None:
    figure = plt.figure(figsize=(4.0, 3.0))
    made = figure.text(0.0, 1.0, text)
    room = 0.9 * figure.bbox.width
    titles.fit(made, room)
    shown = made.get_text()
    assert made.get_window_extent().width <= room and shown.count("\n") < titles.LINES
    assert shown.count("$") % 2 == 0 and not any(line.startswith("(2, 2)") for line in shown.splitlines())
    if text in (LONG, "short"):
        assert shown.replace("\n", " ") == text and "..." not in shown
    else:
        assert "..." in shown


def test_a_long_title_leaves_when_a_second_record_comes() -> None:
    ax = points.inner_products(X, title=LONG)
    assert title(ax).count("\n") and title(ax).replace("\n", " ") == LONG
    points.inner_products(X, ax, title="another")
    assert title(ax) == ""


def test_the_replica_is_named() -> None:
    two = np.stack([X, X[::-1]])
    run, rows = pt.simulate(LAW, two, (0.0, 0.1)), pt.gram(LAW, two, (0.0, 0.1))
    drawn: list[Any] = [run.plot, run.plot_globe, run.plot_inner_products, rows.plot, rows.plot_inner_products]
    for draw in drawn:
        assert "n = 6, replica 1" in title(draw(replica=1)).replace("d = 3, ", "")
    assert "replica 1" in title(run.plot_energy(replica=1)[0]) and "replica 0" in title(run.plot())
    assert "replica (1, 0)" in title(pt.simulate(LAW, two[:, None], (0.0, 0.1)).plot(replica=(1, 0)))
    assert "replica" not in title(pt.simulate(LAW, X, (0.0, 0.1)).plot())


@pytest.mark.rounding
def test_tokens_that_do_not_move_are_drawn() -> None:
    run = pt.simulate(HELD, [0.2, 1.0, 3.0], (0.0, 0.1))
    across = [line.get_ydata()[0] for line in run.plot().lines if len(set(line.get_ydata())) == 1]
    np.testing.assert_allclose(across, [0.5, 2.0], rtol=0.0, atol=1e-12)
    (crosses,) = [one for one in run.plot_ring().collections if len(one.get_offsets()) == 2]
    np.testing.assert_allclose(crosses.get_offsets(), mf.Points([0.5, 2.0]).x, rtol=0.0, atol=1e-12)
    on = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    law = mf.Frozen(mf.Frozen(LAW, on[:1]) + mf.SA(1.0), on[1:])
    assert law.fixed.tolist() == on[[1, 2, 0]].tolist() and mf.Causal(law).fixed is not None and LAW.fixed is None
    ax = pt.simulate(law, X, (0.0, 0.1)).plot_globe()
    assert sum(len(one.get_offsets()) for one in ax.collections) == len(X) + 3


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (LAW, "interaction energy"), (LAW + mf.USA(1.0), "interaction energy"),
        (mf.Linear(np.eye(2)), "quadratic energy"), (mf.Sinkhorn(1.0), "minus half the transport cost"),
        (LAW + mf.Linear(np.eye(2)), ""),
        (mf.CuckerSmale(lambda s: 1.0 / (1.0 + s)), "spread of velocities"), (mf.Diffusion(0.1), ""),
        (mf.Causal(LAW + mf.Diffusion(0.1)), "interaction energy"), (mf.HegselmannKrause(1.0), "interaction energy"),
    ],
)  # fmt: skip
def test_an_energy_is_called_what_it_is(law: Any, words: str) -> None:
    assert law.energy_is == words
    if words and "energy" in law.quantities(0.0, mf.Points(np.eye(2), geometry=law.place or law.geometry)):
        place = [1.0, 2.0] if law.geometry == "sphere" else np.eye(2)
        assert pt.simulate(law, place, (0.0, 0.1)).plot_energy()[0].get_ylabel() == f"{words} $E$"


@pytest.mark.rounding
def test_inner_products_have_their_histogram_and_their_check_mark_after_consensus() -> None:
    run = pt.gram(mf.SA(1.0), pt.uniform(8, 16, rng=0), (0.0, 60.0), weights=np.arange(1.0, 9.0))
    assert np.diff(run.energy).min() < -16 * np.finfo(float).eps * run.energy.max()  # what the tolerances leave
    assert "checkmark" in run.plot_energy()[0].get_legend_handles_labels()[1][0]
    assert "checkmark" not in run.plot_energy(slack=0.0)[0].get_legend_handles_labels()[1][0]
    assert not curves.monotone([0.0, 1.0, 0.9], 1.0, 0.05) and curves.monotone([0.0, 1.0, 0.9], 1.0, 0.2)
    heights = run.plot_inner_products(0.0, bins=4).patches[0].get_data().values
    wanted = points.pair_histogram(pt.uniform(8, 16, rng=0), 4, np.arange(1.0, 9.0)) * 2.0
    np.testing.assert_allclose(heights, wanted, rtol=1e-12)
    with pytest.raises(ValueError, match=r"the nearest is 0\.6"):
        run.plot_inner_products(0.7)


@pytest.mark.rounding
def test_layers_are_drawn_and_unpack() -> None:
    run = pt.layers(LAW, np.stack([X, X[::-1]]), depth=4, step=0.5, norm="pre")
    t, x, directions, lengths = run
    assert t.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0] and x.shape == (5, 2, 6, 3)
    np.testing.assert_allclose(directions * lengths[..., None], x, rtol=0.0, atol=1e-14)
    told = title(run.plot(replica=1)).replace("\n", " ")
    assert told == "SA(beta=4), 4 layers of step 0.5, 'pre', n = 6, replica 1"
    assert title(run.plot_inner_products(-2)).replace("\n", " ").endswith("replica 0, after 3")
    flat = pt.layers([mf.SA(b) for b in (1.0, 2.0)], np.eye(2), depth=2, step=0.5)
    assert title(flat.plot()).startswith("2 laws, 2 layers") and len(flat.plot().collections[0].get_paths()) == 2
    with pytest.raises(ValueError, match="plot_inner_products draws any"):
        pt.layers(LAW, np.eye(4), depth=2, step=0.5).plot()


def test_ways_of_a_run_with_noise_are_drawn_if_asked() -> None:
    run = pt.simulate(LAW + mf.Diffusion(0.1), X, (0.0, 0.1), method="heun", step=0.01, rng=0)
    still = pt.simulate(LAW, X, (0.0, 0.1))
    bare, ways, calm = (len(ax.lines) for ax in (run.plot(), run.plot(paths=run.rows), still.plot()))
    assert bare < ways == calm
