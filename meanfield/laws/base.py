"""A law, and the sum of laws: heads, feed-forward terms and noise are added with `+`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from meanfield import protocols
from meanfield.laws import together
from meanfield.protocols import Array, Measure, Status, Stop, said
from meanfield.tools import inputs
from meanfield.tools.settings import register


class Law(protocols.Law):
    """Base of our laws: `protocols.Law` that can be added to any other.

    Examples
    --------
    >>> class Rotation(mf.Law):
    ...     def velocity(self, t, x, mu):
    ...         x = mu.x if x is None else x
    ...         return np.stack([-x[..., 1], x[..., 0]], axis=-1)
    >>> float(pt.simulate(Rotation(), [0.0, 1.0], (0.0, 0.5)).x[-1, 0].round(9))
    0.5
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # a dataclass would write its own, which ask of arrays whether they are true, and for their hash
        for name in ("__eq__", "__hash__"):
            if name not in vars(cls):
                setattr(cls, name, getattr(cls, name))

    def __eq__(self, other: object) -> bool:
        """Of one class and of equal settings, matrices by value."""
        return self._key() == other._key() if isinstance(other, Law) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        of = [f.name for f in fields(self) if f.init and f.compare] if is_dataclass(self) else None
        settings = (id(self),) if of is None else tuple(getattr(self, name) for name in of)
        # adding 0 makes -0.0 and 0.0, which are equal, the same bytes
        return type(self), *((s.shape, (s + 0).tobytes()) if isinstance(s, np.ndarray) else s for s in settings)

    @property
    def rises(self) -> tuple[str, ...]:  # type: ignore[override]
        """The energy of a gradient flow, where it is climbed."""
        return ("energy",) if self.gradient > 0 else ()

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """The energy of a gradient flow, where it is descended."""
        return ("energy",) if self.gradient < 0 else ()

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The velocity, of a gradient flow in Wasserstein's metric, by its sense."""
        return self.gradient * self.velocity(t, x, mu) if self.gradient else None

    def __add__(self, other: Any) -> Sum:
        return _sum(self, other)

    def __radd__(self, other: Any) -> Any:
        # sum(laws) begins with 0
        return self if isinstance(other, int) and other == 0 else _sum(other, self)


@register
@dataclass(frozen=True)
class Sum(Law):
    """Several laws at once: velocities and divergences add, noises add in square, equal-named quantities add.

    Where every term is the gradient flow of its own energy in Wasserstein's metric (`Law.gradient`: USA, not SA), so is
    the sum, of the energies' sum: that one rises, though a term's own may fall.  Other sums promise nothing.

    Parameters
    ----------
    terms : sequence of Law
        At least one, all of one manifold.  ``law + law`` writes the same.

    Raises
    ------
    ValueError, TypeError
        For no term, for one that is no law, for laws of the sphere with laws of R^d.

    Examples
    --------
    >>> law = mf.SA(4.0) + mf.SA(1.0) + mf.Diffusion(0.1)
    >>> len(law.terms)
    3
    """

    equations = ("A (2.7)",)
    terms: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", tuple(inputs.sequence("terms", self.terms, "laws")))
        for term in self.terms:
            if not isinstance(term, protocols.Law):
                raise TypeError(f"law: every one of terms must be a Law, got {inputs.describe(term)}")
            inputs.law(term)
        if not self.terms:
            raise ValueError("terms: got no law at all, wanted at least one")
        if len({term.geometry for term in self.terms}) != 1:
            raise ValueError(f"law: terms live on different geometries: {[term.geometry for term in self.terms]}")
        places = {term.place for term in self.terms} - {None}
        if len(places) > 1:
            raise ValueError(f"law: terms move points of different geometries: {sorted(map(str, places))}")
        drifts = {term.drift for term in self.terms if term.drift}
        if len(drifts) > 1:
            raise ValueError(f"law: terms move positions at speeds of their own, {sorted(drifts)}: give all the same")
        scoring = [term for term in self.terms if term.rowwise]
        if drifts and scoring:
            raise ValueError(
                f"law: {scoring[0]} scores rows as they stand, positions and velocities as one vector: give the pull "
                "as phi of mf.CuckerSmale or mf.Vicsek, or write a law that asks for the positions"
            )
        object.__setattr__(self, "drift", drifts.pop() if drifts else 0.0)
        object.__setattr__(self, "rowwise", bool(scoring))
        object.__setattr__(self, "geometry", self.terms[0].geometry)
        object.__setattr__(self, "place", places.pop() if places else None)
        object.__setattr__(self, "isotropic", all(term.isotropic for term in self.terms))
        object.__setattr__(self, "labelled", any(term.labelled for term in self.terms))
        object.__setattr__(self, "masked", any(term.masked for term in self.terms))
        object.__setattr__(self, "lone", all(term.lone for term in self.terms))
        object.__setattr__(self, "common", any(term.common for term in self.terms))

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """False if a term changes with time, None if one does not say."""
        words = [said(term) for term in self.terms]
        return False if False in words else None if None in words else True

    @property
    def parts(self) -> tuple[Any, ...]:
        """Those of the terms; x' = v of positions and velocities, which all of them mean once, goes with the first."""
        if not self.drift:
            return tuple(part for term in self.terms for part in term.parts)
        first = next(i for i, term in enumerate(self.terms) if term.drift)
        return tuple(term if i <= first else term.pushing() for i, term in enumerate(self.terms))

    @property
    def sublayers(self) -> tuple[Any, ...]:
        """The heads in one, where the first of them stands, and every other term's own."""
        parts = [part for term in self.terms for part in (term.sublayers if not self.drift else (term,))]
        heads = [part for part in parts if not part.lone]
        if self.drift or len(heads) < 2:
            return self.parts if self.drift else tuple(parts)
        first = parts.index(heads[0])
        return (*parts[:first], Sum(tuple(heads)), *(part for part in parts[first:] if part.lone))

    @property
    def unordered(self) -> Any:
        """The terms without their causal masks; itself, if none has one."""
        terms = tuple(term.unordered for term in self.terms)
        return self if all(a is b for a, b in zip(terms, self.terms, strict=True)) else Sum(terms)

    def pushing(self) -> Sum:
        """The terms without x' = v."""
        return Sum(tuple(term.pushing() for term in self.terms))

    @property
    def advice(self) -> str:  # type: ignore[override]
        """What the terms say."""
        return " ".join(dict.fromkeys(term.advice for term in self.terms if term.advice))

    @property
    def shared(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of every term."""
        return tuple({name: None for term in self.terms for name in term.shared})

    @property
    def fixed(self) -> Any:
        """Those of all terms."""
        found = [term.fixed for term in self.terms if term.fixed is not None]
        return np.concatenate(found) if found else None

    @property
    def energy_is(self) -> str:  # type: ignore[override]
        """As of the terms that say, if they agree."""
        words = {term.energy_is for term in self.terms} - {""}
        return words.pop() if len(words) == 1 else ""

    @property
    def tokens(self) -> int | None:  # type: ignore[override]
        """As the first of the terms that says."""
        return next((term.tokens for term in self.terms if term.tokens is not None), None)

    @property
    def gradient(self) -> int:  # type: ignore[override]
        """As all of the terms, if they agree."""
        signs = {term.gradient for term in self.terms}
        return signs.pop() if len(signs) == 1 else 0

    @property
    def paired(self) -> bool:  # type: ignore[override]
        """True if all terms are, and their energies' sum is what the sum climbs or descends."""
        return bool(self.gradient) and all(term.paired for term in self.terms)

    def pairs(self, t: float, mu: Measure) -> Any:
        """Sum of the terms'."""
        return sum(term.pairs(t, mu) for term in self.terms)

    def __str__(self) -> str:
        return " + ".join(str(term) for term in self.terms)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Sum of the parts' velocities."""
        total: Any = 0.0
        for term in self.parts:
            # a term may answer in the measure's buffer, which the next term's question overwrites
            total = total + term.velocity(t, x, mu)
        return total

    @property
    def choosing(self) -> tuple[Any, ...]:
        """All that the terms compare, in their order."""
        return tuple(one for term in self.terms for one in term.choosing)

    def chosen(self, t: float, mu: Measure, shares: Sequence[Array]) -> Any:
        """Sum of the terms' velocities, each by its own shares."""
        total: Any = 0.0
        first = 0
        for term in self.terms:
            last = first + len(term.choosing)
            total = total + term.chosen(t, mu, shares[first:last])
            first = last
        return total

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Sum of the terms' divergences."""
        total: Any = 0.0
        for term in self.terms:
            total = total + term.divergence(t, x, mu)
        return total

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Independent noises: the square root of the sum of squares."""
        squares: Any = 0.0
        for term in self.terms:
            s = term.noise(t, x, mu)
            squares = squares + s * s
        return np.sqrt(squares)

    def noises(self, t: float, x: Array | None, mu: Measure) -> tuple[Any, tuple[Any, ...]]:
        """The root of the sum of squares of those that are every token's own, and each of those that all share."""
        squares: Any = 0.0
        paths: list[Any] = []
        for term in self.terms:
            s, shared = term.noises(t, x, mu)
            squares = squares + s * s
            paths.extend(shared)
        return np.sqrt(squares), tuple(paths)

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As every term says."""
        for term in self.terms:
            term.check_range(d, smooth=smooth, atoms=atoms)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """The terms' quantities, equal names added, those that are of the measure alone (`shared`) taken once.

        The dissipation is that of the sum, in which every term moves what the others tell: none where a term that tells
        an energy tells no `ascent`.  No excess unless all that give an energy do, and so of `driven` under terms that
        change with time; no free energy where the noise's share is not known, as of points.
        """
        total: dict[str, Any] = {}
        given: Counter[str] = Counter()
        once: set[str] = set()
        whole, telling, moving = True, [], 0
        for term in self.parts:  # of positions and velocities the first alone has what x' = v brings
            asked = term.quantities(t, mu)
            for name, value in asked.items():
                given[name] += 1
                if name not in term.shared or name not in once:
                    total[name] = total[name] + value if name in total else value
            once.update(term.shared)
            whole &= "free_energy" in asked or not ("energy" in asked or noisy(term, mu, t))
            if "energy" in asked:
                telling.append(term)
            elif not together.still(term, t, mu):
                moving += 1
        if not whole:
            total.pop("free_energy", None)
        if len(telling) + moving > 1:
            total.pop("dissipation", None)
            if telling and (rate := together.rate(self, telling, t, mu)) is not None:
                total["dissipation"] = rate
        if given["excess"] != given["energy"]:
            total.pop("excess", None)
            if given["excess"]:  # of which a rate would be, and not of E
                total.pop("driven", None)
        if given["driven"] != sum(said(term) is not True for term in telling):
            total.pop("driven", None)
        return total

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Sum of those of the terms that tell an energy; None if one of them is not known."""
        total: Any = 0.0
        for term in self.terms:
            if "energy" in term.quantities(t, mu):
                slope = term.ascent(t, x, mu)
                if slope is None:
                    return None
                total = total + slope
        return total


def true(r: protocols.Reading, part: str, log: float = 0.0) -> Any:
    """Z, M or L of a reading times e^log, as true values: a new array, since the next reading overwrites."""
    factor = np.asarray(r.log + log)
    return getattr(r, part) * np.exp(factor[..., 0] if part == "L" and factor.ndim else factor)


# --- time ----------------------------------------------------------------------------------------------------


def refuse_jumps(law: protocols.Law, why: str) -> None:
    """Refuse a law whose velocity jumps where another token comes to lead."""
    if law.choosing:
        raise ValueError(f"law: {law} jumps where another token comes to lead, and {why}: give it a finite beta")


def refuse_changing(law: protocols.Law, why: str) -> None:
    """Refuse a law that changes with time, or does not say, where no time is given."""
    word = said(law)
    if word is None:
        raise ValueError(
            f"law: {law} does not say whether it changes with time, and {why}: write autonomous = True in its class if "
            "it does not, or give the law of that moment, such as mf.SA(beta)"
        )
    if not word:
        raise ValueError(f"law: {law} changes with time, and {why}: give the law of that moment, such as mf.SA(beta)")


def refuse_common(law: protocols.Law, why: str) -> None:
    """Refuse a law whose tokens share their noise, where a density is meant."""
    if law.common:
        raise ValueError(
            f"law: {law} has noise that all tokens share, under which {why}: move points, "
            'pt.simulate(law, rho0.sample(1000, rng=0), t_span, method="heun", step=0.01, rng=0), or give noise of '
            "their own, common=False"
        )


@dataclass(frozen=True)
class _Nothing:
    """A measure that is asked for no more than its dimension: to read a constant noise."""

    d: int

    def also(self, *more: Any) -> _Nothing:
        """Nothing, and what does not move."""
        return self

    def past(self) -> _Nothing:
        """Nothing of nothing."""
        return self

    def masked(self, A: Any, per_row: bool = True) -> _Nothing:
        """Nothing of nothing."""
        return self

    def marginal(self, k: int, place: Any) -> _Nothing:
        """Nothing in R^k."""
        return _Nothing(k)


def steady_noise(law: protocols.Law, d: int, t: float = 0.0) -> Any:
    """The law's noise before there is a measure: a number if it is constant, an array if it varies."""
    nothing: Any = _Nothing(d)
    return law.noise(t, None, nothing)


def noisy(law: protocols.Law, mu: Measure, t: float = 0.0) -> bool:
    """Whether the law shakes points of this measure at time t."""
    return bool(np.any(np.asarray(law.noise(t, None if law.isotropic else mu.x, mu)) != 0.0))


def constant_noise(law: protocols.Law, d: int, t: float, taken: Any) -> None:
    """End a run that takes the law's noise as constant, where it is not what was `taken`.

    Asked wherever the velocity is, of a law that may change with time.
    """
    if not np.array_equal(now := steady_noise(law, d, t), taken):
        raise Stop(
            Status.LAW_CHANGED,
            f"The noise of {law} is {now} at t = {t:.6g}, and was taken as {taken}: a density takes it as constant. "
            "Solve stretch by stretch with diffusion=, or move points, pt.simulate.",
        )


def _sum(a: Any, b: Any) -> Sum:
    return Sum(tuple(term for law in (a, b) for term in (law.terms if isinstance(law, Sum) else [law])))
