"""What laws of tokens that see another measure have in common: all but what it is that they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.laws.base import Law
from meanfield.protocols import Array, Choosing, Geometry, Measure, said
from meanfield.tools import inputs


class About(Law):
    """Made of another law: it lives where that lives, and for the tokens for which that is.

    Attributes
    ----------
    law : Law
        Which.
    """

    law: Any

    def __post_init__(self) -> None:
        inputs.law(self.law)

    @property
    def geometry(self) -> str:  # type: ignore[override]
        """Where the law lives."""
        return str(self.law.geometry)

    @property
    def labelled(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.labelled)

    @property
    def masked(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.masked)

    @property
    def tokens(self) -> int | None:  # type: ignore[override]
        """As the law."""
        return self.law.tokens

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law."""
        self.law.check_range(d, smooth=smooth, atoms=atoms)


class Seeing(About):
    """Another law's velocity and noise, asked of what `_sees` shows in the place of mu.

    Attributes
    ----------
    law : Law
        Whose they are.
    """

    def _sees(self, t: float, mu: Measure) -> Any:
        """What the law is asked of."""
        raise TypeError(f"{type(self).__name__} does not say what it sees: write _sees(self, t, mu)")

    @property
    def place(self) -> Geometry | None:  # type: ignore[override]
        """As the law."""
        place: Geometry | None = self.law.place
        return place

    @property
    def drift(self) -> float:  # type: ignore[override]
        """As the law."""
        return float(self.law.drift)

    @property
    def rowwise(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.rowwise)

    def pushing(self) -> Any:
        """The law without x' = v, of what is seen."""
        one: Any = self
        return replace(one, law=self.law.pushing())

    @property
    def fixed(self) -> Any:
        """As the law."""
        return self.law.fixed

    @property
    def energy_is(self) -> str:  # type: ignore[override]
        """As the law."""
        return str(self.law.energy_is)

    @property
    def advice(self) -> str:  # type: ignore[override]
        """As the law."""
        return str(self.law.advice)

    @property
    def common(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.common)

    @property
    def isotropic(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.isotropic)

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """As the law, None if it does not say."""
        return said(self.law)

    @property
    def parts(self) -> tuple[Any, ...]:
        """The law's, each of what is seen."""
        one: Any = self
        return tuple(replace(one, law=part) for part in self.law.parts)

    @property
    def lone(self) -> bool:  # type: ignore[override]
        """As the law."""
        return bool(self.law.lone)

    @property
    def sublayers(self) -> tuple[Any, ...]:
        """The law's, each of what is seen."""
        one: Any = self
        return tuple(replace(one, law=part) for part in self.law.sublayers)

    def attention(self, t: float, mu: Measure) -> Array:
        """The law's, of what is seen."""
        return np.asarray(self.law.attention(t, self._sees(t, mu)))

    def log_attention(self, t: float, mu: Measure) -> Array:
        """The law's, of what is seen."""
        return np.asarray(self.law.log_attention(t, self._sees(t, mu)))

    def singly(self, t: float, mu: Measure) -> tuple[Any, Any]:
        """The law's, of what is seen."""
        return self.law.singly(t, self._sees(t, mu))

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of what is seen."""
        return self.law.velocity(t, x, self._sees(t, mu))

    @property
    def choosing(self) -> tuple[Any, ...]:
        """What the law compares, of what is seen."""
        return tuple(Seen(self, one) for one in self.law.choosing)

    def chosen(self, t: float, mu: Measure, shares: Sequence[Array]) -> Any:
        """The law's, of what is seen."""
        return self.law.chosen(t, self._sees(t, mu), shares)

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of what is seen."""
        return self.law.noise(t, x, self._sees(t, mu))

    def noises(self, t: float, x: Array | None, mu: Measure) -> tuple[Any, tuple[Any, ...]]:
        """The law's, of what is seen."""
        own, shared = self.law.noises(t, x, self._sees(t, mu))
        return own, tuple(shared)


@dataclass(frozen=True)
class Seen(Choosing):
    """What a law compares, of what is seen."""

    law: Any
    of: Any

    @property
    def first(self) -> bool:  # type: ignore[override]
        """As of the law."""
        return bool(self.of.first)

    @property
    def tie(self) -> float:  # type: ignore[override]
        """As of the law."""
        return float(self.of.tie)

    def scores(self, t: float, mu: Measure) -> tuple[Array, Array]:
        """Those of what is seen."""
        told: tuple[Array, Array] = self.of.scores(t, self.law._sees(t, mu))
        return told

    def rates(self, t: float, mu: Measure, v: Array) -> Array:
        """Their rates."""
        return np.asarray(self.of.rates(t, self.law._sees(t, mu), v))

    def masses(self, t: float, mu: Measure) -> Array:
        """log of what j counts for at i."""
        return np.asarray(self.of.masses(t, self.law._sees(t, mu)))


class ByDifferences(Seeing):
    """One that moves points by their differences where its law does (`mf.Rescaled`), of what is seen.

    Attributes
    ----------
    law : Law
        Whose they are.
    """

    def basis(self, d: int) -> Array | None:
        """As of the law."""
        basis: Array | None = self.law.basis(d)
        return basis

    def apart(self, t: float, mu: Measure) -> Array:
        """The law's, of what is seen."""
        return np.asarray(self.law.apart(t, self._sees(t, mu)))

    def rounding(self, t: float, mu: Measure) -> float:
        """The law's, of what is seen."""
        return float(self.law.rounding(t, self._sees(t, mu)))

    def leading(self, t: float, mu: Measure) -> tuple[Array, Array]:
        """The law's, of what is seen."""
        told: tuple[Array, Array] = self.law.leading(t, self._sees(t, mu))
        return told


class Masking(ByDifferences):
    """A law whose tokens do not all see one another, and are told apart by their index; of one without a mask."""

    labelled = True
    masked = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.law.masked:
            raise ValueError(
                f"law: {self.law} has a mask already: give the law without one, and the product of the two as a graph "
                f"of n tokens, {self._product()}, B that which it has (of the past numpy.tri(n))"
            )

    @property
    def beyond(self) -> str:  # type: ignore[override]
        """As the law's."""
        return str(self.law.beyond)

    def _product(self) -> str:
        """What to type for this mask times another, B."""
        raise TypeError(f"{type(self).__name__} does not say what to type for its product with a mask B")
