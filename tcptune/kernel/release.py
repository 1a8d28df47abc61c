"""A kernel release as `uname -r` prints it, and ranges of releases in which something holds.

Distributions backport behaviour without changing the number: RHEL 8.10 calls itself 4.18 and has
fixes of 6.9. A range therefore names the vendor kernels for which the mainline number misleads.
"""

from __future__ import annotations

import re
from typing import NamedTuple

RELEASE = re.compile(r"\s*(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?")
ENTERPRISE = re.compile(r"\.el(\d+)(?:_(\d+))?(?![a-z0-9])")
COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(\d{1,4})\.(\d{1,4})\s*$")

Version = tuple[int, int]


def version(text: str) -> Version:
    """The mainline version in a string such as "6.12": (6, 12)."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def holds(since: str, until: str, release: Release) -> bool:
    """Whether a release lies between two mainline versions, both inclusive; an empty one is no bound."""
    return (not since or version(since) <= release.version) and (not until or release.version <= version(until))


class Release(NamedTuple):
    """One kernel release: its mainline version, and the vendor line when a vendor patched it.

    `vendor` is "el7", "el8.10", "el9" and so on for Red Hat and its rebuilds (3.10.0-1160.el7),
    "alinux" for Alibaba Cloud Linux, and empty for mainline and for kernels that follow it: elrepo's,
    Oracle's el8uek, and el7a of RHEL 7 on other processors.
    """

    text: str
    version: Version
    vendor: str = ""

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """The release in `text`, or None where it does not start with a version.

        >>> Release.parse("4.18.0-553.66.1.el8_10.x86_64").vendor
        'el8.10'
        >>> Release.parse("5.4.167-1.el7.elrepo.x86_64").vendor
        ''
        """
        match = RELEASE.match(text)
        if match is None:
            return None
        return cls(text.strip(), (int(match[1]), int(match[2])), _vendor(text))

    def is_vendor(self, line: str) -> bool:
        """Whether this kernel belongs to a vendor line: "el8" holds for "el8.10" too."""
        return self.vendor == line or self.vendor.startswith(line + ".")


def _vendor(text: str) -> str:
    if "elrepo" in text:
        return ""
    if match := ENTERPRISE.search(text):
        return f"el{match[1]}.{match[2]}" if match[2] else f"el{match[1]}"
    return "alinux" if re.search(r"\.al[78]\b", text) else ""


class KernelRange(NamedTuple):
    """The mainline versions in which something holds: ">=4.13,<6.9"."""

    text: str
    bounds: tuple[tuple[str, Version], ...]

    @classmethod
    def parse(cls, text: str) -> KernelRange:
        """Read comparisons joined by commas; ValueError says which part is not one."""
        bounds = []
        for part in text.split(","):
            match = COMPARISON.match(part)
            if match is None:
                raise ValueError(f"{part.strip()!r} is not a comparison such as '>=4.18'")
            bounds.append((match[1], (int(match[2]), int(match[3]))))
        return cls(text, tuple(bounds))

    def holds(self, release: Release) -> bool:
        """Whether the release lies inside every bound."""
        return all(_compare(release.version, operator, bound) for operator, bound in self.bounds)


def _compare(left: Version, operator: str, right: Version) -> bool:
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right
