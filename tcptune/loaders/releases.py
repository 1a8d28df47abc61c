"""Which systemd and which procps a machine has, told by the names of their libraries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from tcptune.loaders import procps, systemd

FOLDERS = ("usr/lib", "usr/lib64", "lib", "lib64")
SYSTEMD = re.compile(r"libsystemd-shared-([0-9]{2,4})[.-]")


class Releases(NamedTuple):
    """What the two loaders do, and which releases were found; None where none was, and today's is assumed."""

    boot: systemd.Systemd = systemd.NEW
    reload: procps.Procps = procps.NEW
    systemd: str | None = None
    procps: str | None = None


def folders(names: Iterable[str]) -> list[str]:
    """Where libraries may lie, given the names in usr/lib and lib; some are named after an architecture."""
    multiarch = sorted({name for name in names if name.endswith(("-linux-gnu", "-linux-gnueabihf", "-linux-gnuabi64"))})
    places = [*FOLDERS, *(f"{folder}/{name}" for folder in ("usr/lib", "lib") for name in multiarch)]
    return [*places, *(f"{place}/systemd" for place in places)]


def of(names: Iterable[str]) -> Releases:
    """The releases that the names of libraries tell; of several, the newest.

    libprocps.so.7 is 3.3.15, 8.0.2 is 3.3.16, 8.0.3 is 3.3.17; libproc2.so.0 came with 4.0.0, libproc2.so.1 with
    4.0.5 (LIBproc2_CURRENT in configure.ac).
    """
    names = sorted(names)
    shared = [int(found[1]) for name in names if (found := SYSTEMD.match(name))]
    boot = systemd.version(max(shared, default=None))
    libraries = [release for name in names if (release := _procps(name))]
    reload = max(libraries, key=procps.GENERATIONS.index, default=None)
    return Releases(
        boot, reload or procps.NEW, boot.release if shared else None, None if reload is None else reload.release
    )


def _procps(name: str) -> procps.Procps | None:
    if name.startswith("libproc2.so."):
        return procps.V4_0_0 if name.split(".")[2] == "0" else procps.NEW
    if not name.startswith("libprocps.so.") or name.count(".") < 4:  # the link libprocps.so.8 tells too little
        return None
    if name == "libprocps.so.8.0.2":
        return procps.V3_3_16
    return procps.V3_3_17 if name.split(".")[2] == "8" else procps.OLD
