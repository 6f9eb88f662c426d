"""Inner products in the place of rows: the door, and the record of such a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.geometry import ROWS, given, located, project
from meanfield.laws.base import noisy
from meanfield.measures.points import Points
from meanfield.methods.gram import Gaps, OnInner, gaps_of, symmetric
from meanfield.plot import points, scales, titles
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Law, Scheme, Stepper, said
from meanfield.runs import dataset
from meanfield.runs.checkpoint import checked
from meanfield.runs.checks import checked_law, checked_watch
from meanfield.runs.drive import begun
from meanfield.runs.errors import finish
from meanfield.runs.faces import face
from meanfield.runs.job import Job
from meanfield.runs.record import Record
from meanfield.runs.times import default_times, landing
from meanfield.runs.until import Ending, checked_until
from meanfield.steppers.suited import draws
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.tags import equations
from particles.cloud import ADAPTIVE, FIXED, MethodName, chosen, named
from particles.sample import uniform

LARGEST = 1 << 28
"""Bytes of one state (256 MiB): a step holds some twenty of them."""
AGREE = 1e-6
"""Share of the largest velocity by which a law may differ from what it says in tokens."""
ROOM = 1e-8
"""How far a matrix given may be from a Gram matrix of unit rows, in an entry or an eigenvalue's share of n."""
INSTEAD = "move rows, pt.simulate(law, x0, t_span)"
ATOL, SHARE, LEAST = 1e-12, 1e-6, 1e-24
"""The default atol; the share of the nearest tokens' gap that it is at most, and the least that it is: (1e-12)^2, where
the distances that `simulate` knows end."""


@register
@dataclass(frozen=True)
class InProducts(Scheme):
    """Tokens moved by their inner products; there is nothing to set."""

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Gaps:
        """The method as it was when a run stopped."""
        return Gaps(law, form)


@face("gram")
class Gram(Record):
    """Inner products of n tokens over time, as `gram` returns them.

    Attributes
    ----------
    t : ndarray (T,)
        Saved times.
    G : ndarray (T, ..., n, n)
        <x_i, x_j>, times first: symmetric, and 1 on the diagonal, to the last bit.
    gaps : ndarray (T, ..., n, n)
        1 - G, that is |x_i - x_j|^2 / 2, with the digits that G has not where tokens are near one another.
    weights : ndarray (..., n)
        Masses.
    energy : ndarray (T, ...)
        E of the law, for every replica.
    measures : tuple of Points
        Rows of R^d with these inner products, one choice of those that a turn makes of one another.

    Examples
    --------
    >>> run = pt.gram(mf.SA(1.0), np.eye(4), (0.0, 1.0), [0.5, 1.0])
    >>> run.G.shape, float(run.G[1, 0, 1].round(9))
    ((2, 4, 4), 0.479486782)
    """

    gauged = False

    @property
    def scheme(self) -> InProducts:
        """How they are moved."""
        return InProducts()

    @property
    def stepper(self) -> Stepper:
        """The stepper that was given, or that of the name."""
        s = self.settings
        return named(s["method"], s.get("step"), s["rtol"], s["atol"])

    def dense_wanted(self, reads: bool, rng: Any) -> bool:
        """Between steps it is known only where times in them were to be saved."""
        return bool(reads or self.settings.get("dense", False))

    @property
    def gaps(self) -> Array:
        """(T, ..., n, n) 1 - <x_i, x_j>."""
        return np.stack(self.states)

    @property
    def G(self) -> Array:
        """(T, ..., n, n) <x_i, x_j>."""
        return 1.0 - self.gaps

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.segments[0].form.d)

    @property
    def weights(self) -> Array:
        """(..., n) masses."""
        return np.broadcast_to(self.segments[0].form.weights, self.states[0].shape[:-1])

    def to_xarray(self) -> Any:
        """G(t, ..., particle, other), weights, all that the law tells over t."""
        lead = self.weights.ndim - 1
        replicas = tuple(f"replica_{i}" if lead > 1 else "replica" for i in range(lead))
        dims = ("t", *replicas, "particle", "other")
        data = {"G": (dims, self.G), "weights": ((*replicas, "particle"), self.weights)}
        data |= dataset.quantities(self, {*data, *dims}, replicas)
        return dataset.made(self, data, {"t": self.t}, {})

    @property
    def title(self) -> str:
        """The parameters, for a figure."""
        return f"{self.law}, n = {self.weights.shape[-1]}, d = {self.d}"

    def _index(self, replica: Any) -> tuple[Any, ...]:
        """Which replica, by its indices; the first by default."""
        return inputs.replica(replica, self.weights.shape[:-1])

    def plot(self, ax: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """<x_i, x_j> of all pairs over time, of one replica.

        Options: title, color, label.
        """
        n, index = self.weights.shape[-1], self._index(replica)
        i, j = np.triu_indices(n, min(1, n - 1))  # of one token, it with itself
        pairs = self.G[(slice(None), *index)][:, i, j]
        return drawn(points.products, self.t, pairs, ax, **{"title": self.title + titles.of_replica(index), **options})

    def plot_inner_products(
        self, t: float | None = None, ax: Any = None, *, replica: Any = None, **options: Any
    ) -> Any:
        """Histogram of <x_i, x_j>, a pair counting w_i w_j, at a saved time (the last by default).

        Options: title, log, color, label, bins, uniform.
        """
        at, index = len(self.t) - 1 if t is None else self.saved(t), self._index(replica)
        title = f"{self.title}{titles.of_replica(index)}, t = {scales.clocks(self.t[at])[0]}"
        look = {"weights": self.weights[index], "title": title, **options}
        return drawn(points.inner_products, self.measures[at].x[index], ax, **look)

    def plot_energy(self, axes: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """The energy curve of one replica, with the identity's defect beneath.

        Options are those of `Solution.plot_energy`.
        """
        index = self._index(replica)
        # E is of first order in the gaps, which at consensus are what the tolerances leave
        look = {"title": self.title + titles.of_replica(index), "slack": self.settings["rtol"], **options}
        return self._draw_energy((slice(None), *index), axes, look)


@equations("A (6.9)", "A (6.10)")
def gram(
    law: Law,
    x0: Any,
    t_span: Any,
    t_eval: Any = None,
    gram: Any = None,
    *,
    land: Any = False,
    weights: Any = None, angles: bool = False,
    method: MethodName | Stepper = "dop853", step: float | None = None,
    rtol: float = 1e-9, atol: float | None = None,
    until: Ending = None, observe: Any = None, max_seconds: float | None = None, progress: bool | None = None,
    checkpoint: Any = None, every: float | None = None,
) -> Gram:  # fmt: skip
    """Move n tokens of a sphere by their inner products G_ij = <x_i, x_j>: n x n numbers, whatever d is.

    Under a law without matrices (Q = K = V = I: SA and USA, attractive or repulsive, their sums, under `mf.Causal` or
    on a graph) x_i' = P_{x_i} sum_j c_ij x_j, where c depends on G alone, and G' = c G - diag(c G) G + its transpose:
    the same tokens as `simulate` moves, up to a turn.  For orthogonal ones (gram = identity) it is the scalar equation
    of A Theorem 6.8.

    Parameters
    ----------
    law : Law
        Without matrices, fixed points and noise, on the sphere.
    x0 : array or None
        Unit rows (..., n, d), or angles (n,), as for `simulate`; leading axes are replicas, which share the adaptive
        step.  None, if `gram` is given.
    t_span, t_eval, land
        As for `simulate`.
    gram : array (..., n, n), optional
        Inner products in the place of x0: symmetric, of diagonal 1, no negative eigenvalue (to 1e-8).  Tokens are then
        taken to live in R^n, which only a law of ``scale="relative"`` asks.
    weights : array, optional
        Masses, broadcast to (..., n) and normalised; 1/n by default.
    angles : bool
        x0 is angles.
    method : {"dop853", "rk45", "rk4", "euler", "euler-unprojected", "lie", "strang"} or Stepper
        The first two adapt, the others take steps of `step`.  "euler-unprojected" is the scheme of the published codes,
        to the same tokens as `simulate` has by it; "euler" steps along the inner products.
    step : float
        Step of a fixed-step method.
    rtol, atol : float
        Tolerances of the adaptive methods, for 1 - <x_i, x_j>, half the square of a distance.  By default atol is
        1e-12, or, where tokens begin nearer than 1e-3, 1e-6 of the smallest gap that is not 0, so that a law may part
        them (`settings["atol"]` of the run tells; at least 1e-24).
    until, observe, max_seconds, progress, checkpoint, every
        As for ``mf.solve``; a measure is rows with these inner products.

    Returns
    -------
    Gram
        With `.t`, `.G` and `.gaps`, times first.

    Raises
    ------
    ValueError, TypeError
        For what was given: a matrix that is no Gram matrix of unit rows; a law with matrices, fixed points or noise, or
        that asks for coordinates; more inner products than fit into 256 MiB.
    mf.RunError, mf.Interrupted
        With everything up to the last good step in `.solution`.

    Examples
    --------
    >>> run = pt.gram(mf.SA(9.0), pt.uniform(32, 1024, rng=0), (0.0, 1.0), [1.0])
    >>> bool(run.G[-1].min() > -0.2)
    True
    >>> pt.gram(mf.USA(1.0), None, (0.0, 1.0), [1.0], gram=np.eye(3)).success
    True
    """
    law = checked_law(law, 0.0)
    _refuse(law)
    y, d = _products(x0, gram, angles, law)
    law.check_range(d, atoms=True)
    n = y.shape[-1]
    w = np.full(n, 1.0 / n) if weights is None else inputs.weights("weights", weights, y.shape[:-1])
    t0, t1, asked = inputs.times(t_span, t_eval)
    moved = Gaps(law, OnInner(w, d))
    times = (t0,) if said(law) else (t0, t1)  # the run itself asks in between
    _obeyed(moved, times)
    _refuse_noise(law, moved, times, y)
    atol = _tolerance(y) if atol is None else atol
    stepper = _stepper(moved, method, step, rtol, atol)
    ending = None if until is None else checked_until(until, t0, moved.form.measure(y), False)
    watch = checked_watch(observe, max_seconds, progress, ending, checked(checkpoint, every))
    saves = default_times(t0, t1) if asked is None else asked
    landed, kept = landing(land, t0, t1, saves)
    settings: dict[str, Any] = {"t_span": [t0, t1], "method": method, "step": step, "rtol": rtol, "atol": atol}
    settings |= {"t_eval": asked, "land": kept}
    job = Job(
        face=Gram, law=law, method=moved, y=y, span=(t0, t1), saves=saves, stepper=stepper, settings=settings,
        land=landed, dense=False, gauge=False,
    )  # fmt: skip
    settings["dense"] = job.reads
    return finish(begun(replace(job, dense=job.reads), watch))


def _tolerance(gaps: Array) -> float:
    """atol, by the nearest tokens that are not one."""
    apart = gaps[gaps > 0.0]
    return ATOL if not apart.size else min(ATOL, max(LEAST, SHARE * float(apart.min())))


# --- what is refused ---------------------------------------------------------------------------------------


def _refuse(law: Law) -> None:
    """Laws whose velocity is not in the tokens' span, or not told by inner products."""
    if law.geometry != "sphere":
        raise ValueError(f"law: {law} moves points of R^d, whose lengths change: {INSTEAD}")
    if not law.isotropic:
        raise ValueError(f"law: {law} has matrices or fixed points, and asks for more than inner products: {INSTEAD}")


def _products(x0: Any, gram: Any, angles: Any, law: Law) -> tuple[Array, int]:
    """Gaps (..., n, n), and the ambient dimension."""
    if (x0 is None) == (gram is None):
        what = "nothing" if gram is None else "both"
        raise TypeError(f"x0, gram: got {what}, wanted one of them: rows x0, or pt.gram(law, None, t_span, gram=G)")
    if gram is None:
        place, q = given("x0", x0, angles=angles)
        located("x0", law, place)
        x = place.rows(q)
        _fits("x0", x.shape[:-1])
        return gaps_of(x), place.d(q)
    if inputs.flag("angles", angles):
        raise ValueError("angles: got True, and inner products are none: leave it out")
    G = inputs.array("gram", gram)
    if G.ndim < 2 or G.shape[-1] != G.shape[-2]:
        raise ValueError(f"gram: got shape {G.shape}, wanted (..., n, n), the inner product of every pair: x @ x.T")
    _fits("gram", G.shape[:-1])
    _refuse_others(G, max(ROOM, inputs.unit_room("gram", gram, G.shape[-1])))
    return symmetric(np.clip(1.0 - G, 0.0, 2.0)), max(2, G.shape[-1])  # within the room given, no product is beyond 1


def _fits(name: str, shape: tuple[int, ...]) -> None:
    """Refuse more inner products than a step has room for."""
    size = 8.0 * float(np.prod([*shape, shape[-1]], dtype=float))
    if size > LARGEST:
        raise ValueError(
            f"{name}: {shape[-1]} x {shape[-1]} inner products of {int(np.prod(shape[:-1]))} replicas take "
            f"{size / 2**20:.4g} MiB, more than the {LARGEST >> 20} there is room for in a step: give fewer replicas "
            f"at a time, or {INSTEAD}"
        )


def _refuse_others(G: Array, room: float) -> None:
    """Refuse what is no Gram matrix of unit rows."""
    wrong = np.abs(G - G.swapaxes(-1, -2))
    if wrong.max() > room:
        at = tuple(int(i) for i in np.unravel_index(wrong.argmax(), wrong.shape))
        raise ValueError(
            f"gram: not symmetric: entry {at} is {G[at]:.9g}, and its mirror image {G.swapaxes(-1, -2)[at]:.9g}; of "
            "rows it is x @ x.T"
        )
    diagonal = np.einsum("...ii->...i", G)
    if (off := np.abs(diagonal - 1.0)).max() > room:
        raise ValueError(
            f"gram: its diagonal is {diagonal.flat[off.argmax()]:.9g} somewhere, wanted 1, the square of a unit row's "
            "length: divide by the lengths, G / numpy.sqrt(numpy.outer(numpy.diag(G), numpy.diag(G)))"
        )
    least = float(np.linalg.eigvalsh(G)[..., 0].min())
    if least < -room * G.shape[-1]:
        raise ValueError(
            f"gram: it has the eigenvalue {least:.3g}, and inner products of vectors have none below 0: no rows have "
            "these; give x @ x.T of unit rows x"
        )


def _obeyed(moved: Gaps, times: tuple[float, ...]) -> None:
    """Refuse a law that asks for more than inner products, or that takes tokens for an orthonormal frame.

    Of as many tokens that are none, for orthogonal ones would not tell.
    """
    law, w, d = moved.law, moved.form.weights, min(moved.form.d, 3)
    w = w[(0,) * (w.ndim - 1)]
    rows = uniform(len(w), d, 0)
    mu, among = Points.trusted(rows, w, ROWS, "direct"), OnInner(w, d).among(gaps_of(rows))
    for t in times:
        try:
            told = np.broadcast_to(law.velocity(t, None, among), among.gaps.shape) @ rows
        except TypeError as error:
            raise ValueError(f"law: {law} asks for more than inner products ({error})") from error
        asked = np.broadcast_to(law.velocity(t, mu.x, mu), rows.shape)
        if not np.abs(project(rows, told - asked)).max() <= AGREE * np.abs(asked).max():
            raise ValueError(
                f"law: {law} moves tokens otherwise than it says in them (it forms lengths or products of what it "
                f"reads, which are no coordinates here): {INSTEAD}"
            )


def _refuse_noise(law: Law, moved: Gaps, times: tuple[float, ...], y: Array) -> None:
    """Refuse noise, of which the method has none."""
    if any(noisy(law, moved.form.among(y), t) for t in times):
        raise ValueError(
            f"law: {law} has noise, which leaves the tokens' span: move rows, "
            'pt.simulate(law, x0, t_span, method="heun", step=0.01)'
        )


def _stepper(moved: Gaps, method: Any, step: Any, rtol: Any, atol: Any) -> Any:
    """What takes the steps, which draws nothing."""
    if isinstance(method, str):
        inputs.choice("method", method, (*ADAPTIVE, *FIXED))
    elif draws(method):
        raise ValueError(f"method: {type(method).__name__} draws noise, of which there is none here: leave it out")
    return chosen(moved, False, method, step, rtol, atol, None)[0]
