"""The shape of one entry of the sysctl catalogue: what a key is, decides, and does not decide."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tcptune.kernel.history import Belief, Range, Span

Scope = Literal["netns", "host"]
"""`netns`: the value belongs to one network namespace; `host`: one value for the whole machine."""


class Sysctl(NamedTuple):
    """One key under /proc/sys.

    `unit` is what one means ("s", "ms", "us", "sockets", "pages", "bytes", "retries", "ports", "entries",
    "bool", "enum", ...). `parts` names the numbers of a vector in their order; a key without parts
    holds one number, or text when `text` is true. `scopes`, `defaults` and `meanings` are histories by
    mainline release; `vendors` pairs a distribution's kernel with what differs there. `vendor_only`
    marks a key that no mainline release ever had: its `since` and `removed` are empty and say nothing.
    """

    name: str
    unit: str
    summary: str
    decides: tuple[str, ...]
    decides_not: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    text: bool = False
    defaults: tuple[Span, ...] = ()
    ranges: tuple[Range, ...] = ()
    scopes: tuple[Span, ...] = (Span("netns"),)
    since: str = ""
    removed: str = ""
    vendors: tuple[tuple[str, str], ...] = ()
    vendor_only: bool = False
    takes_effect: str = ""
    meanings: tuple[Span, ...] = ()
    interplay: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Where the kernel shows it, relative to the machine's root."""
        return "proc/sys/" + self.name.replace(".", "/")

    def facts(self) -> tuple[str, ...]:
        """The names under which a rule finds its numbers: the key itself, or one for each part."""
        return tuple(f"{self.name}.{part}" for part in self.parts) or (self.name,)
