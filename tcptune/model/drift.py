"""What sets each key, what it is now, and what a reboot or a reload would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.model.snapshot import Host

SCHEMA = "tcptune/drift/1"

BOOT, RELOAD = "boot", "reload"
"""The two loaders: systemd-sysctl, and `sysctl --system` of procps."""

VERDICTS: dict[str, str] = {
    "differs-from-files": "the running value is neither what a reboot nor what a reload sets",
    "differs-from-boot": "a reboot would change the running value, or not set it again",
    "differs-from-reload": "`sysctl --system` would change the running value",
    "boot-differs-from-reload": "the running value is not known; a reboot and a reload set different values",
    "unknown": "the running value is not known, so there is nothing to compare with",
    "not-there": "this kernel or network namespace has no such key; both loaders pass over it",
    "as-set": "neither a reboot nor a reload would change the running value",
    "not-set": "no line that is read sets it",
}
"""Every verdict and what it means, the worst first."""

NOT_AT_BOOT = "not read at boot: systemd-sysctl knows no /etc/sysctl.conf, and no link in sysctl.d leads to it"
"""Why a line of /etc/sysctl.conf does not win at boot, in the words of its setter."""

DRIFTS = ("differs-from-files", "differs-from-boot", "differs-from-reload", "boot-differs-from-reload")
"""The verdicts that say that something would change."""


class Outcome(NamedTuple):
    """What a loader leaves a key at, and the line that wins (`/path:line`); both None where it does not set it."""

    value: str | None = None
    where: str | None = None


class Setter(NamedTuple):
    """One line about a key.

    `written` is the key or pattern as it stands there; `value` is None for an exclusion (`-key`). `kind`:
    `assignment`, `glob`, `exclusion`, `command-line`. `read_by` and `wins` name loaders; `why` says why it does not
    win, or not at both. `loses` names the loaders that read it and for which a line of another file puts another value
    in its place; only a line with the key itself loses so.
    """

    where: str
    written: str
    value: str | None
    kind: str
    read_by: tuple[str, ...]
    wins: tuple[str, ...]
    why: str = ""
    loses: tuple[str, ...] = ()


class Row(NamedTuple):
    """One key: its verdict is one of VERDICTS, its rules are the ids of those that fired on it, once it was judged.

    `running` is None where it is not known, and `why` says the reason then. `apart` says that a reload changes what a
    boot has set, or sets what a boot does not.
    """

    key: str
    running: str | None
    boot: Outcome
    reload: Outcome
    setters: tuple[Setter, ...]
    verdict: str
    rules: tuple[str, ...] = ()
    why: str = ""
    apart: bool = False

    @property
    def drifts(self) -> bool:
        """Whether something would change."""
        return self.verdict in DRIFTS


class Drift(NamedTuple):
    """All keys that are set anywhere.

    `loaders` says which releases of the two were found, None where none was; `gaps` what could not be read, by path.
    `blind` names the loaders that read a file or folder which we could not: any row may be wrong for them.
    """

    host: Host
    rows: tuple[Row, ...]
    loaders: Mapping[str, str | None]
    gaps: Mapping[str, str]
    blind: tuple[str, ...] = ()
