"""One line of a settings file as a loader keeps it, and the write to /proc/sys that comes of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tcptune.loaders.patterns import is_pattern

COMMENT_MARKS = ("#", ";")
SEPARATORS = re.compile(r"[./]")
SWAP = str.maketrans("./", "/.")


class Keys(NamedTuple):
    """The files below /proc/sys, as a loader looks for them.

    `matching` gives the paths of a pattern as glob(3) spells them, or the pattern itself where the keys of the machine
    are not known; `there` says whether a path leads anywhere.
    """

    matching: Callable[[str], Sequence[str]]
    there: Callable[[str], bool]


class Line(NamedTuple):
    """What one loader made of a line.

    `path` is where below /proc/sys it leads, in the loader's own spelling: whether a line goes before a pattern is a
    comparison of two such texts. `value` is None for an exclusion, `-key` without a value.
    """

    file: str
    number: int
    written: str
    path: str
    value: str | None

    @property
    def where(self) -> str:
        """The place as `file:line`."""
        return f"{self.file}:{self.number}"

    @property
    def pattern(self) -> bool:
        """Whether the key stands for all keys that it matches."""
        return is_pattern(self.path)


class Write(NamedTuple):
    """One write of a loader: the file below /proc/sys, and the line that asks for it."""

    target: str
    line: Line


def with_slashes(written: str) -> str:
    """A key as a path: the first separator decides, and where that is a dot, dots and slashes change places.

    procps slashdot() (3.3.15 to 4.0.6), systemd sysctl_normalize() (v239 to v260).

    >>> with_slashes("net.ipv4.conf.eth0/100.rp_filter")
    'net/ipv4/conf/eth0.100/rp_filter'
    """
    first = SEPARATORS.search(written)
    return written.translate(SWAP) if first and first.group() == "." else written


def dotted(target: str) -> str:
    """The name of a file below /proc/sys as `sysctl -a` prints it.

    >>> dotted("net/ipv4/conf/eth0.100/rp_filter")
    'net.ipv4.conf.eth0/100.rp_filter'
    """
    return target.translate(SWAP) if "/" in target else target


def target_of(path: str) -> str | None:
    """The file below /proc/sys that the kernel finds at a path; None where it can be none."""
    if path.endswith(("/", "/.")):  # only a folder may be named so
        return None
    target = posixpath.normpath(path.lstrip("/")) if path.strip("/") else "."
    return None if target.startswith("..") or target == "." else target


def reached(path: str, keys: Keys) -> list[str]:
    """The file below /proc/sys that a path leads to; a way up through `..` has to be there."""
    if ".." in path.split("/") and not keys.there(path):
        return []
    target = target_of(path)
    return [] if target is None else [target]
