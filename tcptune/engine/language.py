"""The thin wrap around the CEL library: compile, names used, evaluate, what was missing.

CEL (the language of Kubernetes admission policies) gives three-valued logic: an absent fact makes a
condition undecided unless the rest decides it, and no expression can run code, loop for ever or read files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from cel_expr_python import cel

from tcptune.model.values import FactInfo, FactType

MAX_LENGTH = 500
"""Characters in a condition; more than that wants a derived fact with a name."""

MAX_LOOPS = 3
"""Comprehensions in a condition: each can make what the next one multiplies again, until no memory is left."""
LOOP = re.compile(r"\b(?:all|exists|exists_one|filter|map)\b")

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
BLANKS = re.compile(r"\s*\.\s*")
"""What may stand between the parts of a name."""
STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
ABSENT = re.compile(r'No value with name "([^"]+)" found')
UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")

TYPES: dict[FactType, Any] = {
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "list": cel.Type.List(cel.Type.Map(cel.Type.STRING, cel.Type.DYN)),
}


class ExpressionError(Exception):
    """An expression that does not compile, with the cause and, for a name, the nearest known one."""


class Missing(NamedTuple):
    """The answer that a condition gives when an absent fact decides it."""

    name: str


class Failed(NamedTuple):
    """The answer of an expression that cannot be computed: a division by zero, an overflow."""

    cause: str


class Language:
    """CEL over one vocabulary; every fact is declared by its dotted name and type."""

    def __init__(self, vocabulary: Mapping[str, FactInfo]) -> None:
        self.names = frozenset(vocabulary)
        self.lists = frozenset(name for name, info in vocabulary.items() if info.type == "list")
        variables = {name: TYPES[info.type] for name, info in vocabulary.items()}
        variables["item"] = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        self._environment = cel.NewEnv(variables=variables)
        self._compile = cache(self._compile_once)
        self._mentioned = cache(self._mentioned_once)

    def check(self, expression: str, returns: str | None = None) -> None:
        """Raise ExpressionError unless the expression compiles, is short, and gives `returns` ("BOOL")."""
        if len(expression) > MAX_LENGTH:
            raise ExpressionError(f"{len(expression)} characters; at most {MAX_LENGTH} are allowed")
        if (loops := len(LOOP.findall(expression))) > MAX_LOOPS:
            raise ExpressionError(f"{loops} loops (all, exists, filter, map); at most {MAX_LOOPS} are allowed")
        compiled = self._compile(expression)
        given = compiled.return_type().name()
        if returns is not None and given != returns:
            raise ExpressionError(f"gives {given.lower()}, not {returns.lower()}")

    def names_in(self, expression: str) -> tuple[str, ...]:
        """The facts that an expression mentions, each once, in order."""
        found = (self._known(match[0]) for match in NAME.finditer(STRING.sub("''", expression)))
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def evaluate(self, expression: str, values: Mapping[str, Any]) -> Any:
        """The plain value of the expression, or `Missing`, or `Failed`."""
        few = {name: values[name] for name in self._mentioned(expression) if name in values}
        answer = self._evaluate(expression, few)  # to hand over all that is known costs fifteen times as much
        return self._evaluate(expression, values) if isinstance(answer, Missing) and answer.name in values else answer

    def _evaluate(self, expression: str, values: Mapping[str, Any]) -> Any:
        try:
            answer = self._compile(expression).eval(data=values)
        except RuntimeError as error:  # the budget of iterations is used up
            return Failed(str(error).partition(": ")[2] or str(error))
        if answer.type() != cel.Type.ERROR:
            return answer.plain_value()
        cause = str(answer.value())
        absent = ABSENT.search(cause)
        return Missing(absent[1]) if absent else Failed(cause.partition(": ")[2] or cause)

    def _mentioned_once(self, expression: str) -> tuple[str, ...]:
        """The names that an expression may ask for: its facts, and those in its strings, which do no harm; the item."""
        found = (self._known(match[0]) for match in NAME.finditer(BLANKS.sub(".", expression)))
        return ("item", *dict.fromkeys(name for name in found if name is not None))

    def _known(self, dotted: str) -> str | None:
        """The longest known name that a dotted path starts with."""
        while dotted and dotted not in self.names:
            dotted = dotted.rpartition(".")[0]
        return dotted or None

    def _compile_once(self, expression: str) -> Any:
        try:
            return self._environment.compile(expression)
        except RuntimeError as error:
            raise ExpressionError(self._explain(str(error), expression)) from None
        except TypeError:
            raise ExpressionError("is not text: half of a surrogate pair is in it") from None

    def _explain(self, error: str, expression: str) -> str:
        if undeclared := UNDECLARED.search(error):
            name = next((n for n in NAME.findall(expression) if n.startswith(undeclared[1])), undeclared[1])
            if re.search(rf"{re.escape(undeclared[1])}\s*\(", expression):
                return f"unknown function {undeclared[1]!r}"
            near = get_close_matches(name, self.names, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            return f"unknown fact {name!r}{hint}"
        if place := PLACE.search(error):
            line = f"line {place[1]}, " if "\n" in expression.strip() else ""
            return f"{line}column {place[2]}: {place[3].removesuffix(' (in container )')}"
        return error.splitlines()[0]
