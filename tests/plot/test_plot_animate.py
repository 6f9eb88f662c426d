"""Moving pictures: every frame is there, in sight, on one scale; a film that fails leaves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from strokes import THETA, VALUES, N, T

from meanfield.plot import animate

TURN = 2 * np.pi


def dots(figure: Any, k: int) -> None:
    figure.subplots().plot([0, 1], [k, 1])


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".apng"])
def test_moving_pictures_have_every_frame(suffix: str, tmp_path: Path) -> None:
    path = animate.animate(dots, 4, tmp_path / f"a{suffix}", fps=10, figsize=(1.5, 1.2), dpi=50)
    with Image.open(path) as film:
        assert film.n_frames == 4 and film.size == (75, 60)  # type: ignore[attr-defined]
        film.seek(1)
        film.load()
        assert film.info["duration"] == pytest.approx(100)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_density_in_motion(tmp_path: Path) -> None:
    plt.figure()
    before, figures = dict(matplotlib.rcParams), plt.get_fignums()
    path = animate.density(T[::10], THETA, VALUES[::10], tmp_path / "a.gif", title=r"$\beta = 4$")
    with Image.open(path) as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
    assert dict(matplotlib.rcParams) == before and plt.get_fignums() == figures
    again = animate.density(T[::10], THETA, VALUES[::10], tmp_path / "b.gif", title=r"$\beta = 4$")
    assert again.read_bytes() == path.read_bytes()


def test_frames_share_their_scales_and_places() -> None:
    draw = animate.circle_frames(THETA, VALUES, T, title="x")
    pictures, places = [], []
    for first in (0, 20):
        figure = plt.figure(figsize=(7, 3.4), layout="constrained")
        update: Any = draw(figure, first)
        figure.canvas.draw()
        left, right = figure.axes
        np.testing.assert_array_equal(np.asarray(right.get_lines()[1].get_ydata())[:N], VALUES[first])
        norm = left.collections[0].norm
        places.append((norm.vmin, norm.vmax, right.get_ylim(), right.get_position().bounds))
        update(13)
        figure.canvas.draw()
        pictures.append(np.asarray(figure.canvas.buffer_rgba()))  # type: ignore[attr-defined]
    assert places[0] == places[1]
    np.testing.assert_array_equal(pictures[0], pictures[1])  # a frame does not depend on the one before
    np.testing.assert_array_equal(np.asarray(right.get_lines()[1].get_ydata())[:N], VALUES[13])


def in_sight(values: Any, limits: tuple[float, float], room: float) -> None:
    """All values lie within the limits, with some room above, but with no more than the factor `room`."""
    low, high = limits
    assert low <= np.min(values) and 1.02 * np.max(values) < high < room * np.max(values)


@pytest.mark.parametrize(("log", "room"), [(False, 1.2), (True, 2.0)])
def test_every_frame_of_the_circle_is_in_sight(log: bool, room: float) -> None:
    figure = plt.figure(layout="constrained")
    values = np.array([0.2, 1.3])[:, None] * np.ones(N)
    animate.circle_frames(THETA, values, T[:2], log=log)(figure, 0)
    in_sight(values, figure.axes[1].get_ylim(), room)
    np.testing.assert_allclose(figure.axes[1].get_xlim(), [0.0, 2.0 * np.pi])


@pytest.mark.parametrize(("log", "room"), [(False, 1.2), (True, 2.0)])
def test_every_frame_of_the_heights_is_in_sight(log: bool, room: float) -> None:
    figure = plt.figure(layout="constrained")
    values = np.array([0.2, 1.3])[:, None] * np.ones(33)
    animate.zonal_frames(np.linspace(-1.0, 1.0, 33), values, T[:2], log=log, d=3)(figure, 0)
    in_sight(values, figure.axes[0].get_ylim(), room)


def test_moving_pictures_refuse(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.gif, \.webp, \.png, \.apng; got 'a.mp4'"):
        animate.animate(dots, 2, tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="frames"):
        animate.animate(dots, 0, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="fps"):
        animate.animate(dots, 2, tmp_path / "a.gif", fps=0)
    (tmp_path / "a.gif").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        animate.animate(dots, 2, tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes() == b"mine"
    animate.animate(dots, 2, tmp_path / "a.gif", overwrite=True, figsize=(1, 1), dpi=40)
    assert (tmp_path / "a.gif").read_bytes()[:4] == b"GIF8"


def test_a_film_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken(figure: Any, k: int) -> None:
        raise RuntimeError("on purpose")

    (tmp_path / "a.gif").write_bytes(b"mine")
    with pytest.raises(RuntimeError, match="on purpose"):
        animate.animate(broken, 3, tmp_path / "a.gif", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"] and (tmp_path / "a.gif").read_bytes() == b"mine"
