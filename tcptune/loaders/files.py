"""Which files each loader reads, in which order, and why it does not read the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Literal, NamedTuple

from tcptune.loaders.patterns import MAGIC, braces, in_folder
from tcptune.loaders.procps import NEW, Procps
from tcptune.loaders.systemd import NEW as NEW_SYSTEMD
from tcptune.loaders.systemd import Systemd

FOLDERS = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d")
"""From the highest to the lowest: procps PreloadSystem(), systemd CONF_PATHS() (src/basic/constants.h).

systemd reads /lib too where it was built for a /lib apart from /usr/lib. 255 and later never are, but their machines
have no such /lib: in a stored tree of one, the link got lost.
"""

SYSCTL_CONF = "etc/sysctl.conf"
CREDENTIAL = "run/credentials/systemd-sysctl.service/sysctl.extra"
"""The credential that systemd-sysctl reads after all files (read_credential_lines(), since 252)."""

SUFFIX = ".conf"

Kind = Literal["file", "null", "folder", "missing", "circle", "other"]


class Entry(NamedTuple):
    """One name in a folder, and what is there once links are followed, within the root.

    `origin` is where the links end: two entries with one origin are one file. `null` is /dev/null, `missing` a link
    that leads nowhere, `circle` one that leads back to itself, `other` what no settings file is (a pipe, a device).
    """

    folder: str
    name: str
    kind: Kind = "file"
    origin: str = ""

    @property
    def path(self) -> str:
        """Where the loader finds it, from the root."""
        return f"/{self.folder}/{self.name}"


class Plan(NamedTuple):
    """The files that a loader reads, first to last, and why it does not read the other ones, by path."""

    files: tuple[Entry, ...]
    unread: Mapping[str, str]


def boot_plan(
    listing: Mapping[str, Sequence[Entry]], credential: Entry | None = None, release: Systemd = NEW_SYSTEMD
) -> Plan:
    """What systemd-sysctl reads: conf_files_list_strv() (src/basic/conf-files.c: v252, v256, v262).

    `listing` holds the entries of each folder that is there. Whatever has the name hides what has it in a lower
    folder: a file, a link to /dev/null, a folder.
    """
    unread: dict[str, str] = {}
    chosen: dict[str, Entry] = {}
    for entry in _in_order(listing, FOLDERS):
        if why := _unfit(entry):
            unread[entry.path] = why
        elif entry.name.startswith("."):
            unread[entry.path] = "not read at boot: systemd-sysctl skips hidden files"
        elif release.circles_hide or entry.kind != "circle":
            _choose(entry, chosen, unread)
    return Plan((*_sorted(chosen.values()), *([credential] if credential else [])), unread)


def reload_plan(
    listing: Mapping[str, Sequence[Entry]], sysctl_conf: Entry | None = None, release: Procps = NEW
) -> Plan:
    """What `sysctl --system` reads: PreloadSystem() (procps src/sysctl.c, read in 3.3.15 to 4.0.6).

    `sysctl_conf`, /etc/sysctl.conf where it is a file, comes last of all, even where a link in a folder has had it
    read before. Hidden files are read.
    """
    unread: dict[str, str] = {}
    chosen: dict[str, Entry] = {}
    high, low, *rest = FOLDERS
    for entry in _in_order(listing, FOLDERS if release.etc_first else (low, high, *rest)):
        if why := _unfit(entry):
            unread[entry.path] = why
        else:
            _choose(entry, chosen, unread)
    files = [file for entry in _sorted(chosen.values()) for file in _opened(entry, listing[entry.folder])]
    return Plan((*files, *([sysctl_conf] if sysctl_conf else [])), unread)


def _in_order(listing: Mapping[str, Sequence[Entry]], folders: Iterable[str]) -> Iterable[Entry]:
    return (entry for folder in folders for entry in listing.get(folder, ()))


def _unfit(entry: Entry) -> str:
    return "" if entry.name.endswith(SUFFIX) else "not read: its name does not end in .conf"


def _choose(entry: Entry, chosen: dict[str, Entry], unread: dict[str, str]) -> None:
    """Take an entry, unless a higher folder has one of its name."""
    higher = chosen.setdefault(entry.name, entry)
    if higher is not entry and higher.origin != entry.origin:
        unread[entry.path] = f"not read: {higher.path} hides it"


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    """By name, whatever the folder: strcmp(), so by bytes."""
    return sorted(entries, key=lambda entry: os.fsencode(entry.name))


def _opened(entry: Entry, neighbours: Sequence[Entry]) -> list[Entry]:
    """What Preload() opens for a name: it gives the path to glob() first, with GLOB_BRACE and GLOB_NOCHECK.

    The first that cannot be opened ends it.
    """
    if not any(character in entry.name for character in (*MAGIC, "\\", "{")):
        return [entry]
    found: list[Entry] = []
    for alternative in braces(entry.name):
        named = set(in_folder(alternative, [neighbour.name for neighbour in neighbours]))
        found += _sorted(neighbour for neighbour in neighbours if neighbour.name in named)
    return list(takewhile(lambda one: one.kind not in ("missing", "circle"), found or [entry]))
