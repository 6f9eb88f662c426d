"""Pictures of rows: states in the plane and in space, components over time, attention matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.plot import matrices, scales, vectors
from meanfield.plot.options import drawn
from meanfield.protocols import Array
from meanfield.tools import inputs
from particles.matrix import attention

PANELS = 4
"""Times of a picture of several, unless they are given."""


class PicturedRows:
    """What a trajectory of rows is drawn by, beside what the sphere has."""

    def plot_states(
        self, t: Any = None, panels: Any = None, *, replica: Any = None, paths: bool = False, **options: Any
    ) -> Any:
        """The tokens in the plane or in space, a panel for every saved time asked (by default four of them).

        Every panel has its own scale.  With paths=True lines show where every token has been since the panel before.

        Options: axes (which components; the first three by default), columns, hull (points whose convex hull is drawn),
        along (a direction: the hull times its line), planes (pairs (normal, offset)), directions (arrows), symbol,
        title, color.

        Examples
        --------
        >>> run = pt.simulate(mf.SA(1.0, geometry="flat"), [[0.0, 1.0], [1.0, 0.5], [-1.0, 0.0]], (0.0, 1.0))
        >>> panels = run.plot_states((0.0, 1.0), paths=True)
        >>> len(panels)
        2
        """
        run, at, x = self._rows_at(t, replica)
        look = {"title": run.title, "symbol": run.geometry.symbol, "weights": run.weights[run._index(replica)]}
        if inputs.flag("paths", paths):
            ends = [at[0], *at]
            look["paths"] = [x[a : b + 1] for a, b in zip(ends, at, strict=False)]
        return drawn(vectors.states, run.t[at], x[at], panels, **{**look, **options})

    def plot_components(self, ax: Any = None, *, replica: Any = None, directions: Any = None, **options: Any) -> Any:
        """<direction, x_i> of every token over time, for every direction (k, d); by default the d components.

        Options: spread (mean and deviation instead of every token), log, labels, ylabel, title, cmap, color, label.

        Examples
        --------
        >>> run = pt.simulate(mf.SA(1.0, geometry="flat"), [[0.0, 1.0], [1.0, 0.5], [-1.0, 0.0]], (0.0, 1.0))
        >>> ax = run.plot_components(spread=True)
        """
        run, _, x = self._rows_at(None, replica)
        d, symbol = x.shape[-1], run.geometry.symbol
        ways = np.eye(d) if directions is None else inputs.array("directions", directions, ndim=2)
        if ways.shape[1] != d:
            raise ValueError(f"directions: got shape {ways.shape}, wanted (k, {d}): these are points of R^{d}")
        words = f"${symbol}_k$" if directions is None else rf"$\langle \varphi_k, {symbol}\rangle$"
        look: dict[str, Any] = {"title": run.title, "ylabel": f"component {words}"}
        if len(ways) <= 8:
            look["labels"] = [f"$k = {k + 1}$" for k in range(len(ways))]
        return drawn(vectors.components, run.t, x @ ways.T, ax, **{**look, **options})

    def plot_attention(self, t: Any = None, panels: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """The attention matrix P at saved times (by default four of them), white 0, black 1.

        Options: columns, title, cmap.

        Examples
        --------
        >>> panels = pt.simulate(mf.SA(4.0), [0.0, 1.0, 2.5], (0.0, 1.0)).plot_attention((0.0, 1.0))
        >>> len(panels)
        2
        """
        run, at, _ = self._rows_at(t, replica)
        x = run.x[(slice(None), *run._index(replica))]
        P = np.stack([attention(run.law, x[k], float(run.t[k])) for k in at])
        return drawn(matrices.matrices, run.t[at], P, panels, **{"title": run.title, **options})

    def _rows_at(self, t: Any, replica: Any) -> tuple[Any, list[int], Array]:
        """The run, which of its saved times are asked, and the rows (T, n, d) of one replica."""
        run: Any = self
        if t is None:
            at = np.unique(np.linspace(0, len(run.t) - 1, PANELS).round().astype(int)).tolist()
        else:
            at = [run.saved(one) for one in np.atleast_1d(inputs.array("t", t)).tolist()]
        return run, at, run.rows[(slice(None), *run._index(replica))]

    def _drawn_in_space(self, ax: Any, replica: Any, options: dict[str, Any]) -> Any:
        """Where all tokens ended, and their paths; on a line their positions over time."""
        run, _, x = self._rows_at(None, replica)
        if x.shape[-1] == 1:
            look = {"title": run.title, "ylabel": f"position ${run.geometry.symbol}$", **options}
            return drawn(vectors.components, run.t, x, ax, **look)
        clock = scales.clocks(run.t[-1])[0]
        look = {"title": f"{run.title}, t = {clock}", "symbol": run.geometry.symbol, "paths": x, **options}
        return drawn(vectors.cloud, x[-1], ax, weights=run.weights[run._index(replica)], **look)
