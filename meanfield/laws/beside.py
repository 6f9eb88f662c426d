"""Several measures moved at once, each under a law of its own: beta by beta, seed by seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield import protocols
from meanfield.laws.base import Law, steady_noise
from meanfield.protocols import Array, Measure, said
from meanfield.tools import inputs
from meanfield.tools.settings import register

AGREED = ("geometry", "place", "drift", "rowwise", "labelled", "masked", "common", "tokens", "energy_is")
"""What laws say of themselves and must say alike to move measures beside one another."""


@register
@dataclass(frozen=True, eq=False)
class Beside(Law):
    """Law number b moves measure number b of the last leading axis; none sees another's measure.

    ``mf.solve([mf.SA(1.0), mf.SA(4.0)], rho0, t_span)`` makes one.  Laws that are equal are asked together.

    Parameters
    ----------
    laws : sequence of Law
        One for each measure, of one geometry, with the same noise.

    Raises
    ------
    ValueError, TypeError
        For none, for what is no law, for laws that differ in more than their velocity.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.1})
    >>> sol = mf.solve([mf.SA(1.0), mf.SA(4.0)], rho0, (0.0, 1.0))
    >>> sol.energy.shape, str(sol.replica(1).law)
    ((101, 2), 'SA(beta=4)')
    """

    laws: tuple[Any, ...]
    _groups: tuple[tuple[Any, Any], ...] = field(init=False, repr=False)
    _order: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "laws", tuple(inputs.sequence("laws", self.laws, "laws")))
        if not self.laws:
            raise ValueError("law: got no law at all, wanted one, or one for each density")
        for law in self.laws:
            if not isinstance(law, protocols.Law):
                raise TypeError(f"law: every one of several must be a Law, got {inputs.describe(law)}")
        first = self.laws[0]
        for i, law in enumerate(self.laws):
            for name in AGREED:
                if getattr(law, name) != getattr(first, name):
                    raise ValueError(
                        f"law: {law} (number {i}) and {first} (number 0) differ in {name} ({getattr(law, name)!r}, "
                        f"{getattr(first, name)!r}): they cannot move densities side by side; solve them apart"
                    )
        for name in AGREED:
            object.__setattr__(self, name, getattr(first, name))
        object.__setattr__(self, "isotropic", all(law.isotropic for law in self.laws))
        object.__setattr__(self, "_groups", self._gathered())
        every = np.concatenate([np.arange(len(self.laws))[where] for _, where in self._groups])
        object.__setattr__(self, "_order", None if np.all(np.diff(every) > 0) else np.argsort(every))

    def _gathered(self) -> tuple[tuple[Any, Any], ...]:
        """Every law once, and where it stands: a slice where its places are neighbours."""
        places: dict[Any, list[int]] = {}
        for i, law in enumerate(self.laws):
            places.setdefault(law, []).append(i)
        found = []
        for law, at in places.items():
            together = at[-1] - at[0] + 1 == len(at)
            found.append((law, slice(at[0], at[-1] + 1) if together else np.array(at)))
        return tuple(found)

    def __str__(self) -> str:
        names = [str(law) for law, _ in self._groups]
        return " | ".join(names if len(names) <= 3 else [*names[:2], "...", names[-1]])

    @property
    def members(self) -> tuple[Any, ...]:
        """Each of them once."""
        return tuple(law for law, _ in self._groups)

    def alone(self, index: int) -> Any:
        """The law of measure number `index`."""
        return self.laws[index]

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """False if one changes with time, None if one does not say."""
        words = [said(law) for law, _ in self._groups]
        return False if False in words else None if None in words else True

    @property
    def rises(self) -> tuple[str, ...]:  # type: ignore[override]
        """What rises under all of them."""
        return self._common("rises")

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """What falls under all of them."""
        return self._common("falls")

    @property
    def keeps(self) -> tuple[str, ...]:  # type: ignore[override]
        """What none of them changes."""
        return self._common("keeps")

    @property
    def advice(self) -> str:  # type: ignore[override]
        """What they say."""
        return " ".join(dict.fromkeys(law.advice for law, _ in self._groups if law.advice))

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Each law's, of its own measures."""
        answers = []
        for law, where in self._groups:
            part = mu.some(where)
            points = None if law.isotropic else part.x
            v = law.velocity(t, points, part)
            answers.append(v if np.ndim(v) else np.zeros((*part.weights.shape, part.d)))
        return self._joined(answers, axis=-3)

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """That of all of them."""
        found = [steady_noise(law, mu.d, t) for law, _ in self._groups]
        for (law, _), s in zip(self._groups, found, strict=True):
            if not np.array_equal(s, found[0]):
                raise ValueError(
                    f"law: the noise of {law} is {s} and that of {self._groups[0][0]} {found[0]}: densities that are "
                    "moved side by side have the same; solve them apart"
                )
        return found[0]

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As every one of them says."""
        for law, _ in self._groups:
            law.check_range(d, smooth=smooth, atoms=atoms)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """What all of them tell, each of its own measures."""
        asked = [(law.quantities(t, part := mu.some(where)), part.lead) for law, where in self._groups]
        if any("driven" in told for told, _ in asked):
            for (law, _), (told, _) in zip(self._groups, asked, strict=True):
                if said(law) is True and "energy" in told:
                    told.setdefault("driven", 0.0)
        axis = len(mu.lead) - 1
        names = [name for name in asked[0][0] if all(name in told for told, _ in asked)]
        return {
            name: self._joined([_spread(told[name], lead) for told, lead in asked], axis=axis) for name in names
        }

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Each law's, of its own measures; None if one of them is not known."""
        answers = []
        for law, where in self._groups:
            part = mu.some(where)
            answers.append(law.ascent(t, None if law.isotropic else part.x, part))
        return None if any(v is None for v in answers) else self._joined(answers, axis=-3)

    def _common(self, name: str) -> tuple[str, ...]:
        told = [getattr(law, name) for law, _ in self._groups]
        return tuple(one for one in told[0] if all(one in other for other in told))

    def _joined(self, answers: list[Any], axis: int) -> Array:
        """In the order of the measures."""
        whole = answers[0] if len(answers) == 1 else np.concatenate(answers, axis=axis)
        return whole if self._order is None else np.take(whole, self._order, axis=axis)


def _spread(value: Any, lead: tuple[int, ...]) -> Array:
    """A number for every measure."""
    value = np.asarray(value)
    return value if value.ndim >= len(lead) else np.broadcast_to(value, lead)


def beside(laws: Any, check: Callable[[Any], Any]) -> Beside:
    """Laws, each checked, as one."""
    return Beside(tuple(check(law) for law in laws))
