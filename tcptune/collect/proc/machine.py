"""What the machine is: release, name, memory, uptime, clock, page size."""

from __future__ import annotations

import os
import time

from tcptune.collect.files import LIVE_ROOT, Root, read_text, reason
from tcptune.collect.readings import Readings, natural_number, quoted

CLOCK_MONOTONIC_COARSE = 6
"""include/uapi/linux/time.h; the time module does not name it."""

LONGEST_NAME = 64
"""__NEW_UTS_LEN (include/uapi/linux/utsname.h): host name and release are no longer."""

MEMINFO = ("MemTotal", "MemAvailable")


def name_and_release(root: Root) -> tuple[str | None, str | None, dict[str, str]]:
    """Host name and kernel release, with the gaps for those that are not there."""
    gaps: dict[str, str] = {}
    found: list[str | None] = []
    for file in ("hostname", "osrelease"):
        try:
            found.append(parse_name(read_text(root, f"proc/sys/kernel/{file}")))
        except OSError as error:
            gaps[f"kernel.{file}"] = reason(error)
            found.append(None)
        except ValueError as error:
            gaps[f"kernel.{file}"] = str(error)
            found.append(None)
    return found[0], found[1], gaps


def parse_name(text: str) -> str:
    r"""A host name or release, as uname() gives it.

    >>> parse_name("web-3\n")
    'web-3'
    """
    name = text.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"{quoted(name)} is not a name of 1 to {LONGEST_NAME} characters")
    return name


def read_meminfo(root: Root) -> Readings:
    """/proc/meminfo: the memory of the machine, in kB."""
    try:
        return parse_meminfo(read_text(root, "proc/meminfo"))
    except OSError as error:
        return Readings(gaps={"meminfo": reason(error)})


def parse_meminfo(text: str) -> Readings:
    r"""MemTotal and MemAvailable.

    >>> parse_meminfo("MemTotal: 1024 kB\nMemAvailable: 512 kB\n").values["meminfo.MemTotal"]
    1024
    """
    lines = {label.strip(): rest.split() for label, _, rest in (line.partition(":") for line in text.splitlines())}
    found = Readings()
    for name in MEMINFO:
        words = lines.get(name)
        if words is None:
            found.gaps[f"meminfo.{name}"] = f"/proc/meminfo has no line {name}"
        elif len(words) != 2 or words[1] != "kB":
            found.gaps[f"meminfo.{name}"] = f"{quoted(' '.join(words))} is not a number of kB"
        else:
            try:
                found.values[f"meminfo.{name}"] = natural_number(words[0])
            except ValueError as error:
                found.gaps[f"meminfo.{name}"] = str(error)
    return found


def read_uptime(root: Root) -> Readings:
    """/proc/uptime: seconds since boot."""
    try:
        text = read_text(root, "proc/uptime")
        return Readings({"uptime": parse_uptime(text)})
    except OSError as error:
        return Readings(gaps={"uptime": reason(error)})
    except ValueError as error:
        return Readings(gaps={"uptime": str(error)})


def parse_uptime(text: str) -> float:
    r"""The first number of /proc/uptime.

    >>> parse_uptime("350735.47 234388.90\n")
    350735.47
    """
    first = text.split()[0] if text.split() else ""
    try:
        seconds = float(first)
    except ValueError:
        raise ValueError(f"{quoted(first)} is not a number of seconds") from None
    if not 0 <= seconds < 1e10:
        raise ValueError(f"{quoted(first)} s is no uptime")
    return seconds


def read_clock(root: Root) -> Readings:
    """The kernel's HZ and page size; only a live machine tells them (a coarse clock ticks once a jiffy)."""
    if root != LIVE_ROOT:
        why = "a stored tree does not tell it"
        return Readings(gaps={"kernel.hz": f"{why}; 250 is assumed", "kernel.page_size": why})
    tick = time.clock_getres(CLOCK_MONOTONIC_COARSE)
    return Readings({"kernel.hz": round(1 / tick), "kernel.page_size": os.sysconf("SC_PAGE_SIZE")})
