"""The few settings that decide how long a socket lasts, without the rest of the machine."""

from __future__ import annotations

from typing import NamedTuple

from tcptune.collect.files import LIVE_ROOT, read_text
from tcptune.collect.proc import machine, sysctl
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.lifetimes import DECIDING, HZ
from tcptune.kernel.release import Release


class Deciding(NamedTuple):
    """Settings by full name, and the release whose rules hold."""

    settings: dict[str, int]
    release: Release | None


def read() -> Deciding:
    """This network namespace's; a setting that is not there takes the constant that it replaced."""
    found: dict[str, int] = {}
    for name in DECIDING:
        try:
            values = sysctl.parse(SYSCTLS[name], read_text(LIVE_ROOT, SYSCTLS[name].path))
        except (OSError, ValueError):
            continue
        found |= {key: value for key, value in values.items() if isinstance(value, int)}
    hz = machine.read_clock(LIVE_ROOT).values.get(HZ)
    _, release, _ = machine.name_and_release(LIVE_ROOT)
    return Deciding(found | ({HZ: hz} if isinstance(hz, int) else {}), Release.parse(release or ""))
