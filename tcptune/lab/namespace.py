"""A network namespace that belongs to this process alone, with one TUN device in it; both end with the process.

Nothing has a name on the host and nothing is left in a file system, so a crash, SIGKILL or Ctrl-C cleans up.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import signal
import struct
from collections.abc import Mapping
from pathlib import Path

from tcptune.errors import TcptuneError, UsageError
from tcptune.printable import printable

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
"""include/uapi/linux/sched.h and prctl.h."""

DEVICE = "lab"
TUN_FILE = "/dev/net/tun"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x1, 0x1000
IFREQ = struct.Struct("16sH22x")
"""include/uapi/linux/if_tun.h, if.h: whole IP packets, without a header of the device's own."""

PREFIX = 24
QUIET = {"net.ipv6.conf.default.disable_ipv6": "1", "net.ipv6.conf.all.disable_ipv6": "1"}
"""Router solicitations would be noise in every capture."""

KEY = re.compile(r"net\.(ipv4|core)\.[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
"""What a namespace has of its own; every other sysctl belongs to the machine, and is not ours to write."""

_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int) -> None:
    """Let the kernel kill this process as soon as its parent is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def enter() -> None:
    """Move this process into a new network namespace; TcptuneError says why that is not allowed."""
    if _libc.unshare(CLONE_NEWNET) != 0:
        why = os.strerror(ctypes.get_errno())
        raise TcptuneError(f"lab needs the right to make network namespaces: {why}; run it as root")


def open_tun(ours: str) -> int:
    """A TUN device with our address, up; the descriptor gives and takes whole packets. TcptuneError says why not."""
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        tun = os.open(TUN_FILE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(tun, TUNSETIFF, IFREQ.pack(DEVICE.encode("ascii"), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        raise TcptuneError(f"lab needs {TUN_FILE}: {error.strerror}; `modprobe tun` may bring it") from None
    write(QUIET, must=False)
    try:
        with IPRoute() as netlink:
            (device,) = netlink.link_lookup(ifname=DEVICE)
            (loopback,) = netlink.link_lookup(ifname="lo")
            netlink.link("set", index=loopback, state="up")
            netlink.addr("add", index=device, address=ours, prefixlen=PREFIX)
            netlink.link("set", index=device, state="up")
    except (NetlinkError, OSError) as error:
        raise TcptuneError(f"lab: the link could not be made: {error}") from None
    return tun


def write(settings: Mapping[str, str], must: bool = True) -> None:
    """Write sysctls of this namespace; UsageError says which one the kernel refuses, and why."""
    for key, value in settings.items():
        if not KEY.fullmatch(key) and key not in QUIET:
            raise UsageError(f"--set: {printable(key, 80)}: only net.ipv4 and net.core belong to a namespace")
        try:
            place(key).write_text(f"{value}\n", encoding="utf-8")
        except FileNotFoundError:
            if must:
                raise UsageError(f"--set: {key}: a network namespace of this kernel has no such setting") from None
        except OSError as error:
            if must:
                shown = printable(value, 80)
                raise UsageError(f"--set: {key}={shown}: the kernel refuses it: {error.strerror}") from None


def has(key: str) -> bool:
    """Whether this namespace has such a sysctl."""
    return place(key).exists()


def place(key: str) -> Path:
    """The file of a sysctl."""
    return Path("/proc/sys", *key.split("."))
