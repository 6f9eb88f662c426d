"""The weighted Wasserstein distance W_{2,E} of the circle, and its geodesics (A, 3.4.2)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from meanfield.distances.circle import weighted
from meanfield.distances.circle.action import Action
from meanfield.distances.circle.labelled import moments
from meanfield.distances.circle.measures import TWO_PI, Atoms, Smooth, read
from meanfield.distances.circle.quadratic import _best_shift
from meanfield.distances.circle.series import Series
from meanfield.geometry import ANGLES
from meanfield.measures.points import Points
from meanfield.plot import animate as films
from meanfield.plot.options import drawn
from meanfield.plot.pictured import picture
from meanfield.protocols import Array
from meanfield.spaces.circle import Circle
from meanfield.spaces.coefficients import tail
from meanfield.spaces.density import Density
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

Matching: TypeAlias = Literal["cyclic", "index"]
MATCHINGS: tuple[Matching, ...] = ("cyclic", "index")
LARGEST = 1400.0
"""beta beyond which e^{beta / 2} overflows."""
FAINT = 1e-12
"""Density, over its largest value, below which quantiles are rounding."""
TOLD, FINEST, RESOLVED = 128, 1024, 1e-10
"""Nodes on which a density of a geodesic is told: at first, at most, and the tail that is small enough."""


@dataclass(frozen=True, eq=False)
class Geodesic(Shown):
    """A curve of least action between two measures on the circle, at constant speed, t in [0, 1].

    Calling it at t gives the measure there: a `Density`, or `Points` between samples.

    Attributes
    ----------
    beta : float
        Of the weight Z = int e^{beta cos} d mu.
    course : Course
        Masses of its labels, and their paths.
    smooth : bool
        Whether it is of densities.

    Examples
    --------
    >>> rho = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    >>> W, path = mf.distances.w2_energy_circle(mf.uniform(mf.Circle(32)), rho, 1.0, return_path=True)
    >>> round(path(0.5).mass, 12), bool(np.ptp(path.speed([0.0, 0.3, 1.0])) < 1e-5 * W)
    (1.0, True)
    """

    beta: float
    course: weighted.Course
    smooth: bool

    def __repr__(self) -> str:
        kind = "densities" if self.smooth else "points"
        return f"<Geodesic of {kind}, beta = {self.beta:g}, {self.weights.size} labels, length {self.distance:.6g}>"

    @property
    def distance(self) -> float:
        """W_{2,E}."""
        return float(np.exp(0.5 * self.beta) * np.sqrt(self.course.action))

    @property
    def cut(self) -> float:
        """Label u of the first density goes to u + cut of the second, both counted from where F - theta / 2 pi has
        mean 0; 0 between samples."""
        return self.course.cut

    @property
    def change(self) -> float:
        """By how much the action changed, relatively, at its last refinement."""
        return self.course.change

    @property
    def weights(self) -> Array:
        """(n,) masses of the labels."""
        return self.course.w

    def angles(self, t: Any) -> Array:
        """(k, n) where the labels are at times t (k,), unwrapped; (n,) at one time."""
        return self._at(t)[0]

    def velocities(self, t: Any) -> Array:
        """(k, n) how fast they move."""
        return self._at(t)[1]

    def _at(self, t: Any) -> tuple[Array, Array]:
        asked = inputs.array("t", t)
        if asked.ndim > 1 or (asked < 0.0).any() or (asked > 1.0).any():
            raise ValueError(f"t: got {inputs.describe(t)}, wanted a number of [0, 1], or several")
        q, v = self.course.at(np.atleast_1d(asked))
        return (q, v) if asked.ndim else (q[0], v[0])

    def speed(self, t: Any) -> Array:
        """(k,) (int |v|^2 Z d mu)^{1/2} at times t (k,): the distance at all of them, as far as it has settled."""
        q, v = self._at(np.atleast_1d(inputs.array("t", t)))
        return np.asarray(np.exp(0.5 * self.beta) * np.sqrt(Action(self.weights, self.beta, 1).rate(q, v)))

    def __call__(self, t: float) -> Density | Points:
        """The measure at a time of [0, 1]."""
        return self._measure(self.angles(inputs.number("t", t)))

    def _measure(self, q: Array) -> Density | Points:
        if not self.smooth:
            return Points.trusted(ANGLES.retract(q), self.weights, ANGLES, "direct")
        n = TOLD
        while True:
            space = Circle(n)
            c = moments(q, self.weights, n // 2)
            c[-1] = 0.0
            if n >= FINEST or tail(space, c) <= RESOLVED:
                return Density(space, c)
            n *= 2

    @cached_property
    def title(self) -> str:
        """The parameters, for a figure."""
        return f"geodesic, beta = {self.beta:g}, length = {self.distance:.4g}"

    def _values(self, t: Array) -> tuple[Circle, Array]:
        if not self.smooth:
            raise ValueError("plot: this geodesic is of points: draw their angles, ax.plot(t, path.angles(t))")
        rhos: list[Any] = [self(float(one)) for one in t]
        space = max((rho.space for rho in rhos), key=lambda one: one.size)
        return space, np.stack([rho.on(space) for rho in rhos])

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """The density along the geodesic as a heat map, both ends beside it; options title, log, cmap, ends."""
        t = np.linspace(0.0, 1.0, 41)
        space, values = self._values(t)
        return drawn(picture(space).heat, t, space.nodes, values, ax, **{"title": self.title, **options})

    def animate(self, path: Any, *, frames: int = 60, fps: int = 15, overwrite: bool = False) -> Any:
        """The density in motion, as gif, webp or png, without ffmpeg."""
        t = np.linspace(0.0, 1.0, inputs.integer("frames", frames, low=2))
        space, values = self._values(t)
        film = picture(space, films.FILMS)
        return film(t, space.nodes, values, path, fps=fps, title=self.title, overwrite=overwrite)


@overload
def w2_energy_circle(
    a: Any, b: Any, beta: float, *, matching: Any = "cyclic", return_path: Literal[False] = False
) -> float: ...
@overload
def w2_energy_circle(
    a: Any, b: Any, beta: float, *, matching: Any = "cyclic", return_path: Literal[True]
) -> tuple[float, Geodesic]: ...
@equations("A (3.15)", "A (3.16)")
def w2_energy_circle(a: Any, b: Any, beta: float, *, matching: Any = "cyclic", return_path: bool = False) -> Any:
    """W_{2,E} on the circle: the least length of a curve between two measures, where |v|^2 weighs Z.

    W^2 = min int_0^1 int |v_t|^2 Z_t d mu_t dt,  Z_t = int e^{beta cos(theta - omega)} d mu_t(omega),

    over curves d_t mu + d_theta(v mu) = 0 from a to b (A, (3.15)-(3.16)): the metric in which SA climbs E.  So
    e^{-beta/2} W_2 <= W <= e^{beta/2} W_2, and W = W_2 at beta = 0.

    Parameters
    ----------
    a, b : Density, or array (n,)
        Two densities on the circle that vanish nowhere, or two samples of equally many angles, of equal masses.
    beta : float
        >= 0; Z is of the natural scale.
    matching : {"cyclic", "index"} or array (n,) of int
        Of samples, among curves of n points: the best of the matchings that keep the order around the circle, found
        downhill from that of W_2; or a[i] goes to b[i]; or a[i] to b[matching[i]].  The last two by the shorter way.
    return_path : bool
        Give (W, `Geodesic`).

    Returns
    -------
    float, or (float, Geodesic)

    Raises
    ------
    TypeError, ValueError
        For what is no measure on the circle, a density that vanishes somewhere, and samples of different numbers.

    Warns
    -----
    RuntimeWarning
        Where the action has not settled to 1e-10 at the largest number of unknowns; the text says how far it got.

    Notes
    -----
    A minimum that is found downhill from W_2's own matching, the cut free: no second one was seen, none is excluded.
    Of densities the error falls exponentially with the labels and with the degree in time.

    Examples
    --------
    >>> a, b = (mf.von_mises_fisher(mf.Circle(64), [np.cos(m), np.sin(m)], 1.0) for m in (0.0, 1.0))
    >>> W = mf.distances.w2_energy_circle(a, b, 1.0)
    >>> bool(np.exp(-0.5) < W / mf.distances.w2_circle(a, b) < np.exp(0.5))
    True
    """
    beta = inputs.number("beta", beta, low=0.0, high=LARGEST)
    whole = inputs.flag("return_path", return_path)
    sides = read("a", a), read("b", b)
    smooth = [isinstance(side, Smooth) for side in sides]
    if all(smooth):
        if not (isinstance(matching, str) and matching == "cyclic"):
            raise ValueError(f"matching: got {inputs.describe(matching)}, which is of samples: leave it out")
        found = weighted.between(_series("a", sides[0]), _series("b", sides[1]), beta)
    elif any(smooth):
        name, other = ("a", "b") if smooth[0] else ("b", "a")
        raise TypeError(
            f"{other}: got points where {name} is a density, wanted two of a kind: two densities, or samples, as "
            f"{name}.quantize(n)"
        )
    else:
        found = _between_samples(sides[0], sides[1], beta, matching)
    if not found.settled:
        changed = f"changed by {found.change:.1g} of itself" if np.isfinite(found.change) else "had no minimum"
        warnings.warn(
            f"w2_energy_circle: with {found.w.size} labels, of degree {found.degree} in time, the action still "
            f"{changed}: what is told is the length of a curve, and W_{{2,E}} may be less. Between measures that are "
            "narrow for beta the shortest curves let mass apart and together again, and are not smooth",
            RuntimeWarning,
            stacklevel=2,
        )
    path = Geodesic(beta, found, all(smooth))
    return (path.distance, path) if whole else path.distance


def _series(name: str, side: Any) -> Series:
    """A density's distribution function; refused where it vanishes."""
    if side.lead:
        raise ValueError(f"{name}: got densities of leading shape {side.lead}, wanted one")
    series = Series(side.c)
    low, high = float(series.density.min()), float(series.density.max())
    if low <= FAINT * high:
        raise ValueError(
            f"{name}: its density falls to {low / high:.1e} of its largest value, and the weighted distance goes by "
            f"quantiles, which need mass everywhere: add some, mf.mixture([{name}, mf.uniform({name}.space)], [0.999, "
            "0.001])"
        )
    return series


def _between_samples(a: Any, b: Any, beta: float, matching: Any) -> weighted.Course:
    x, y = (_sample(name, side) for name, side in (("a", a), ("b", b)))
    n = len(x)
    if len(y) != n:
        raise ValueError(f"b: got {len(y)} points where a has {n}, wanted equally many")
    if n * weighted.FIRST > weighted.LARGEST:
        most = weighted.LARGEST // weighted.FIRST
        raise ValueError(f"a: got {n} points, wanted {most} at most: take fewer, as rho.quantize({most // 2})")
    if not isinstance(matching, str):
        return weighted.matched(x, _shorter(x, y[_permutation(matching, n)]), beta)
    if inputs.choice("matching", matching, MATCHINGS) == "index":
        return weighted.matched(x, _shorter(x, y), beta)
    x, y = np.sort(x), np.sort(y)
    return weighted.cyclic(x, y, beta, int(_best_shift(x[None], y[None])[0][0]) - n)


def _sample(name: str, side: Atoms) -> Array:
    if side.lead:
        raise ValueError(f"{name}: got samples of leading shape {side.lead}, wanted one, of shape (n,)")
    if side.weights is not None:
        raise ValueError(f"{name}: got points of different masses, wanted equal ones, or a density")
    return np.array(side.theta)


def _shorter(x: Array, y: Array) -> Array:
    """y on the branch nearest to x."""
    return np.asarray(x + np.mod(y - x + np.pi, TWO_PI) - np.pi)


def _permutation(matching: Any, n: int) -> Array:
    order = inputs.array("matching", matching, ndim=1)
    if len(order) != n or not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(
            f"matching: got {inputs.describe(matching)}, wanted a permutation of 0..{n - 1}, as numpy.arange({n}), or "
            f"one of {list(MATCHINGS)}"
        )
    return order.astype(int)
