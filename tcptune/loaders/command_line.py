"""/proc/cmdline: settings that the kernel makes itself before the first process runs, so that files override them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcptune.loaders.lines import Line, Write, target_of

FILE = "/proc/cmdline"
SINCE = (5, 8)
WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
PREFIX = re.compile(r"sysctl[./](?P<key>[^=]+)=(?P<value>.+)", re.DOTALL)


def writes(text: str) -> Iterator[Write]:
    """process_sysctl_arg() (fs/proc/proc_sysctl.c, 6.18): `sysctl.KEY=VALUE`; every dot of a key is a slash."""
    for word in WORD.findall(text):
        if word == "--":
            return
        found = PREFIX.fullmatch(_unquoted(word))
        if found and (target := target_of(found["key"].replace(".", "/"))):
            yield Write(target, Line(FILE, 1, found["key"], target, found["value"]))


def _unquoted(word: str) -> str:
    """next_arg() (lib/cmdline.c): quotes around the whole or around the value fall away.

    >>> _unquoted('sysctl.kernel.x="a b"')
    'sysctl.kernel.x=a b'
    """
    if word.startswith('"'):
        return word[1:].removesuffix('"')
    key, equals, value = word.partition("=")
    return key + equals + (value[1:].removesuffix('"') if value.startswith('"') else value)
