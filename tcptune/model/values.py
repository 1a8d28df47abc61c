"""The kinds of value a name can have, and what is said of a name besides its value."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tcptune.kernel.sysctl import Scope

Value = int | float | str
"""A whole number, a number of seconds or a ratio, or text."""

Item = dict[str, Value]
"""One entry of a list fact, over which a rule with `for_each` runs."""

FactType = Literal["int", "double", "string", "list"]


class FactInfo(NamedTuple):
    """What a fact is: its type in conditions, unit, scope, and whether it is a setting.

    `setting` is true where only configuration decides the value, so that a rule which reads nothing
    else is latent rather than observed. `rate` names the fact that says how fast it rises, where it is a counter:
    one that only rises, and has done so since its network namespace was made.
    """

    type: FactType
    unit: str
    scope: Scope
    meaning: str
    setting: bool = False
    rate: str = ""
