"""The shape of a derived fact, and the few functions that many of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from tcptune.kernel.sysctl import Scope
from tcptune.model.values import FactType

Number = TypeVar("Number", int, float)

INT64 = range(-(2**63), 2**63)
"""The whole numbers that conditions can speak of; the kernel has no others."""


class Derived(NamedTuple):
    """One derived fact, made by `how` from the values of `needs` and then of `maybe`, in that order.

    A fact whose `needs` are not all known is absent. Of `maybe`, what is not known comes as None, so that a
    fact can make do with less: a pasted count is judged, and is not trusted where more was read. `how`
    returns None where it can say nothing. `setting` is true where only configuration decides the fact.
    """

    name: str
    type: FactType
    unit: str
    scope: Scope
    how: Callable[..., int | float | None]
    meaning: str
    needs: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    setting: bool = False

    def of(self, known: Mapping[str, Any]) -> int | float | None:
        """The fact, where all that it needs is known; None where it can say nothing, ValueError or ArithmeticError."""
        result = self.how(*(known[name] for name in self.needs), *(known.get(name) for name in self.maybe))
        if isinstance(result, int) and result not in INT64:
            raise OverflowError("larger than any number of the kernel")
        return result


def ratio(part: float, whole: float) -> float | None:
    """A share 0..1 and above, or None where there is no whole to have a share of."""
    return part / whole if whole > 0 else None


def first_known(*values: Number | None) -> Number | None:
    """The first value that is known, or None."""
    return next((value for value in values if value is not None), None)


def or_else(default: Number) -> Callable[..., Number]:
    """The first value that is known, or a default."""

    def known_or_default(*values: Number | None) -> Number:
        found = first_known(*values)
        return default if found is None else found

    return known_or_default
