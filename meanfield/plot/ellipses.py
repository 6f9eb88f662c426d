"""Gaussians: curves of one dimension, ellipses of more; and how wide they are over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, legends, pens, scales, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTHS = 4.0
"""Standard deviations about a mean that are drawn."""
_TURN = np.linspace(0.0, 2.0 * np.pi, 181)


def several(
    means: ArrayLike, covariances: ArrayLike, ax: Axes | None = None, *, labels: Iterable[Any] | None = None,
    title: str = "", cmap: Any = None, color: Any = None, label: str | None = None,
) -> Axes:  # fmt: skip
    """Gaussians in one picture: their densities over a line; of more dimensions ellipses of the first two components.

    An ellipse is one standard deviation about the mean: 39 per cent of the mass of two components.

    Parameters
    ----------
    means : (k, d) array
        int x dmu.
    covariances : (k, d, d) array
        Without negative eigenvalues.
    ax, title
        Where to draw (None makes a figure), and the title.
    labels : sequence, optional
        One for every Gaussian.
    cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    m = arrays.finite("means", means, None, None)
    S = arrays.finite("covariances", covariances, len(m), m.shape[1], m.shape[1])
    captions = arrays.names("labels", labels, len(m))
    line = m.shape[1] == 1
    pairs = [(_curve if line else _ellipse)(mean, cov) for mean, cov in zip(m, S, strict=True)]
    with style.axes(ax) as ax:
        n = pens.lines(ax, pairs, captions, title, label, color, cmap)
        if line:
            ax.set(xlabel="$x$", ylabel="probability density")
            ax.set_ylim(bottom=0.0)
        else:
            ax.plot(m[:, 0], m[:, 1], "+", color="0.45", label=None if n else "means")
            ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
        legends.legend(ax)
    return ax


def _curve(mean: NDArray[np.float64], cov: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The density of N(m, s); a Dirac's has no width, and is not drawn."""
    width = float(np.sqrt(max(cov[0, 0], 0.0)))
    z = np.linspace(-WIDTHS, WIDTHS, 241)
    height = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return mean[0] + width * z, height / width if width > 0.0 else np.full_like(z, np.nan)


def _ellipse(mean: NDArray[np.float64], cov: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where <x - m, S^{-1} (x - m)> = 1, of the first two components."""
    s, U = np.linalg.eigh(cov[:2, :2])
    ring = U @ (np.sqrt(np.maximum(s, 0.0))[:, None] * np.stack([np.cos(_TURN), np.sin(_TURN)]))
    return mean[0] + ring[0], mean[1] + ring[1]


def widths(
    t: ArrayLike, spread: ArrayLike, size: ArrayLike | None = None, ax: Axes | None = None, *, title: str = "",
    color: Any = None, label: str | None = None,
) -> Axes:  # fmt: skip
    """Standard deviations along the principal axes over time, on a logarithmic scale, and how long the mean is.

    Parameters
    ----------
    t : (T,) array
        Times.
    spread : (T, d) array
        Standard deviations.
    size : (T,) array, optional
        Length of the mean, dotted.
    ax, title, color, label
        As for `several`.
    """
    times = arrays.finite("t", t, None)
    widths_ = arrays.finite("spread", spread, len(times), None)
    mean = None if size is None else arrays.finite("size", size, len(times))
    with style.axes(ax) as ax:
        made = ax.plot(times, np.where(widths_ > 0.0, widths_, np.nan), **pens.pen(ax, color))
        captions = ["standard deviations", *[""] * (len(made) - 1)]
        if mean is not None:
            shown = np.where(mean > 0.0, mean, np.nan)
            made += ax.plot(times, shown, color=made[0].get_color(), linestyle=(0, (1.3, 1.3)))
            captions.append(r"$|m|$")
        ax.set(yscale="log", xlim=style.span(times), xlabel=scales.TIME, ylabel="length (units of $x$)")
        pens.tell(ax, made, title, label, captions)
        legends.legend(ax)
    return ax
