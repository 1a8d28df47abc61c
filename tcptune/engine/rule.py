"""The shape of a rule file: one YAML file in rules/ is one idea, complete.

These are plain dataclasses, so that an audit does not pay for pydantic; `engine.validate` has pydantic
hold every file against them, and the JSON schema for editors is made from them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from tcptune.model.report import AdviceKind
from tcptune.model.values import Value

NO_EXTRAS: dict[str, Any] = {"extra": "forbid"}
"""For pydantic: a key that the shape does not have is an error."""


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Where a rule holds: `kernel` is a range such as ">=4.13,<6.9" of mainline releases.

    `except_` names vendor kernels ("el8.10") for which the number misleads; `because` cites the commit
    or the trees that show the change. `shown_by` is a fact that only kernels in the range have: where the release is
    not known, its being there tells.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    kernel: str
    because: str
    except_: tuple[str, ...] = ()
    shown_by: str | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do. A `sysctl` has `key` and `value` (a CEL expression); the other kinds have `action`.

    `when` limits one recommendation to a part of the cases in which the rule fires.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    kind: AdviceKind
    effect: str
    cost: str
    key: str | None = None
    value: str | None = None
    action: str | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Avoid:
    """A circulating wrong cure and why it is wrong.

    Where the cure is a setting, `key` names it and `direction` says which change is meant, so that a
    test can hold every recommendation against it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    cure: str
    why: str
    key: str | None = None
    direction: Literal["lower", "raise", "set"] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from: a kernel function with the versions read, an RFC, a measurement, a document."""

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    says: str
    kernel: str | None = None
    rfc: str | None = None
    measured: str | None = None
    document: str | None = None
    read: tuple[str, ...] = ()

    def line(self) -> str:
        """The source as one line of text."""
        name = self.kernel or self.rfc or self.measured or self.document or ""
        versions = f" ({', '.join(self.read)})" if self.read else ""
        return f"{name}{versions}: {self.says}"


@dataclass(frozen=True, slots=True)
class Example:
    """One machine in miniature: `given` is all it says, `kernel` its release.

    `sockets` holds its groups, listeners and ports, each with the fields that `model.sockets` has. `file` is the text
    of a settings file at `path`, where the rule is about such files. `files` holds the texts of all settings files of
    a machine by their paths (`-> PATH` is a link), where it is about which of them wins; `given` is then what runs.
    `then` pins facts that follow; `advises` pins what is recommended, key by key; `because` is the
    reason a skipped example must give.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    given: dict[str, Value] = field(default_factory=dict)
    kernel: str = "6.18.0"
    file: str = ""
    path: str = "etc/sysctl.d/50-example.conf"
    files: dict[str, str] = field(default_factory=dict)
    sockets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    then: dict[str, Value] = field(default_factory=dict)
    advises: dict[str, str] = field(default_factory=dict)
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Examples:
    """The rule's own tests, marked by outcome."""

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    fires: tuple[Example, ...] = ()
    quiet: tuple[Example, ...] = ()
    skipped: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head(ABC):
    """What decides whether a rule fires: `when` and `for_each` speak of facts."""

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    id: str
    title: str
    severity: Literal["info", "low", "medium", "high"]
    status: Literal["stable", "experimental"]
    applies_to: AppliesTo | None = None
    for_each: str | None = None
    when: str

    @abstractmethod
    def whole(self) -> Rule:
        """The complete rule, wherever it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Head):
    """One rule. `message` has {names} of facts in it; `evidence` lists names.

    `shows` names the sockets that a finding is about, as STATE or STATE/kind in the words of the report: where they
    were looked at, the finding tells where they are, who holds them, and until when.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = NO_EXTRAS
    message: str
    evidence: tuple[str, ...]
    shows: tuple[str, ...] = ()
    rationale: str
    recommend: tuple[Recommendation, ...]
    avoid: tuple[Avoid, ...] = ()
    see: tuple[str, ...] = ()
    sources: tuple[Source, ...]
    examples: Examples = Examples()

    def whole(self) -> Rule:
        """The rule itself: nothing of it is kept elsewhere."""
        return self

    @classmethod
    def of(cls, document: dict[str, Any]) -> Rule:
        """Build a rule from a document whose shape has been checked."""
        parts = head_parts(document)
        for name, kind in (("recommend", Recommendation), ("avoid", Avoid)):
            parts[name] = tuple(kind(**item) for item in parts.get(name, ()))
        parts["sources"] = tuple(Source(**{**item, "read": tuple(item.get("read", ()))}) for item in parts["sources"])
        parts["evidence"] = tuple(parts["evidence"])
        parts["see"] = tuple(parts.get("see", ()))
        parts["shows"] = tuple(parts.get("shows", ()))
        if "examples" in parts:
            parts["examples"] = Examples(
                **{outcome: tuple(Example(**item) for item in items) for outcome, items in parts["examples"].items()}
            )
        return cls(**parts)


def head_parts(document: dict[str, Any]) -> dict[str, Any]:
    """A document with its `applies_to` built."""
    if "applies_to" not in document:
        return dict(document)
    applies_to = dict(document["applies_to"])
    applies_to["except_"] = tuple(applies_to.pop("except", ()))
    return {**document, "applies_to": AppliesTo(**applies_to)}
