"""What a settings file is parsed into: settings with their places, and what could not be a setting."""

from __future__ import annotations

import re
from typing import NamedTuple

ROOTS = ("abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm", "xen")
"""The directories of /proc/sys (Documentation/admin-guide/sysctl/index.rst)."""

KEY_START = rf"(?:{'|'.join(ROOTS)})[./]"
"""How the name of a sysctl begins, in either spelling."""

NETWORK_KEY = re.compile(r"net[./](?:core|ipv[46]|netfilter|bridge|unix|mptcp|mpls|sctp|vsock|nf_|ipv4_)")
"""A name that nothing but a sysctl has; `fs.` and `kernel.` also begin names of Hadoop and of packages."""

ROOTED_KEY = re.compile(rf"{KEY_START}[^\s=:,;\"'|]+")

VARIABLE = re.compile(r"\$[\w{(<]|#\{|`|\{\{|\{%|<%|@\w+@")
"""What a shell or a template engine puts a value in place of."""

GLOB_CHARACTERS = "*?["
SEPARATORS = re.compile(r"[./]")
SWAP = str.maketrans("./", "/.")


class Setting(NamedTuple):
    """One line (or item) of a file that sets a key.

    `key` is the name as `sysctl -a` prints it, `written` the name as it stands in the file, without the `-`
    before it, at `line` and `column` (both from 1, in characters). `value` is the text the tool would
    write, stripped as that tool strips it; a comment after the value in a sysctl.conf is part of it, because
    it is for both loaders. `comment` is what people wrote about it: the comment lines directly above, then
    the one on the same line, without their marks. `ignore_errors` is the `-` before the key. `raw` is the whole
    line, from which each loader's own view can be computed.

    `flavour`: `assignment`; `exclusion` (`-key` without a value: kept out of globs); `glob` (the key is a
    pattern); `variable` (the key or the value is filled in later); `allowed` (a name that a pod may set);
    `at-least`, `at-most` (the `>` and `<` of tuned: written only where it raises or lowers).
    """

    key: str
    written: str
    value: str
    line: int
    column: int
    comment: str = ""
    ignore_errors: bool = False
    flavour: str = "assignment"
    raw: str = ""

    @property
    def path(self) -> str:
        """Where the kernel shows it, relative to /proc/sys; a glob where the key is one."""
        return "/".join(part.replace("/", ".") for part in self.key.split("."))


class Complaint(NamedTuple):
    """What stands in a file and is no setting, or is one for some readers only; `text` says why, in a sentence.

    `kind`: `bad-line`, `trailing-comment`, `loaders-differ`, `template`, `continuation`, `too-long`, `too-large`,
    `too-many`, `not-utf8`, `bom`, `nul`, `carriage-return`, `yaml`, `suppression`.
    """

    line: int
    column: int
    text: str
    kind: str


class Suppression(NamedTuple):
    """A comment `tcptune: ignore[rule-id, other-id] reason`, at `line`, about the settings of line `applies_to`.

    That is its own line or, where the comment stands alone, the line of the next setting; 0: none follows.
    """

    line: int
    rules: tuple[str, ...]
    reason: str
    applies_to: int


class Parsed(NamedTuple):
    """Everything one file says; `kind` is the name under which it was read."""

    kind: str
    settings: tuple[Setting, ...]
    complaints: tuple[Complaint, ...]
    suppressions: tuple[Suppression, ...]


class Inner(NamedTuple):
    """Lines `first` to `last` of a file are a file of their own (a heredoc, a block of YAML, a code block).

    An empty `kind` asks for the content to decide.
    """

    kind: str
    first: int
    last: int


class Found(NamedTuple):
    """What the reader of one kind made of a source."""

    settings: tuple[Setting, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    inner: tuple[Inner, ...] = ()


def dotted(written: str) -> str:
    """The name as `sysctl -a` prints it: the first separator decides what separates, the other is part of a name.

    procps slashdot() and systemd sysctl_normalize(). A dot that belongs to an interface is printed as a
    slash, so that two files of the kernel never get one name; repeated separators count once.

    >>> dotted("net/ipv4/conf/eth0.100/rp_filter")
    'net.ipv4.conf.eth0/100.rp_filter'
    >>> dotted("net.ipv4.conf.eth0/100.rp_filter")
    'net.ipv4.conf.eth0/100.rp_filter'
    """
    first = SEPARATORS.search(written)
    path = written.translate(SWAP) if first and first.group() == "." else written
    return ".".join(part.replace(".", "/") for part in path.split("/") if part not in ("", "."))


def is_network_key(text: str) -> bool:
    """Whether a text can only be the name of a sysctl."""
    return NETWORK_KEY.match(text) is not None and ROOTED_KEY.fullmatch(text) is not None


def is_rooted_key(text: str) -> bool:
    """Whether a text can be the name of a sysctl; where it stands has to say so too."""
    return ROOTED_KEY.fullmatch(text) is not None


def flavour_of(key: str, value: str) -> str:
    """What a key and its value make together, where nothing else says it."""
    if VARIABLE.search(key) or VARIABLE.search(value):
        return "variable"
    return "glob" if any(character in key for character in GLOB_CHARACTERS) else "assignment"
