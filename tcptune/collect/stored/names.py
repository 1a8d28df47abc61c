"""Which files of a stored machine are read, told by their names, and what their path was on the machine.

Reports of sos keep /proc as it was, with /proc/net under the process that looked (sos, plugins/networking.py);
people copy /proc whole, or net/ and sys/ out of it, or single files into one folder.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tcptune.kernel.catalogue import SYSCTLS

NET_FILES = ("sockstat", "sockstat6", "snmp", "netstat", "tcp", "tcp6")
READ = frozenset(
    {key.path for key in SYSCTLS.values()}
    | {f"proc/net/{file}" for file in NET_FILES}
    | {"proc/sys/kernel/hostname", "proc/sys/kernel/osrelease", "proc/meminfo", "proc/uptime"}
)
"""The paths that somebody reads."""

BY_LAST_NAME = {path.rpartition("/")[2]: path for path in sorted(READ) if path.startswith("proc/sys/net/")}
BY_DOTTED_NAME = {path.removeprefix("proc/sys/").replace("/", "."): path for path in BY_LAST_NAME.values()}

NET_NAME = "|".join(NET_FILES)
NET = re.compile(rf"(?P<top>(?:.*?/)??)(?P<proc>proc/)?(?:(?P<who>self|[0-9]{{1,7}})/)?net/(?P<file>{NET_NAME})")
HOSTNAME = re.compile(r"(?P<top>(?:.*?/)??)(?:sos_commands/(?:host|general)|etc)/hostname")
BELOW_PROC = re.compile(r"(?P<top>(?:.*?/)??)(?:proc/)?(?P<path>sys/(?:net|kernel)/.+|meminfo|uptime)")

PROGRAMS = (
    "proc_net_tcp", "ss", "netstat", "nstat", "sysctl", "sockstat", "sockstat6", "snmp", "tcp", "tcp6", "conntrack",
    "dmesg", "uname", "uptime", "hostname", "meminfo", "states",
)  # fmt: skip
OUTPUT = re.compile(rf"(?:.*[^a-z0-9])?(?:{'|'.join(PROGRAMS)})(?:[^a-z0-9].*)?", re.IGNORECASE)
PRINTED = re.compile(
    r"(?P<top>(?:.*?/)??)(?:proc/version|sos_commands/(?:kernel/(?:sysctl_-a|uname_-a|dmesg)|(?:host|general)/uptime"
    r"|networking/(?:ss_-peaonmi|netstat_(?:-[WT]_)?-neopa|netstat_-s|nstat_-zas)))"
)
"""What sos prints of the machine's first network namespace; those of others lie in folders of their own."""
NO_OUTPUT = (
    ".md", ".json", ".yaml", ".yml", ".html", ".py", ".sh", ".conf", ".xml", ".png", ".pcap", ".tar", ".tgz", ".gz",
    ".xz", ".bz2", ".zst", ".zip",
)  # fmt: skip

WITHOUT_PROC, SINGLE = 1 << 23, 1 << 24
"""Ranks above those of processes, whose numbers go to 1 << 22 (include/linux/threads.h PID_MAX_LIMIT)."""


class Name(NamedTuple):
    """A file that is read: the folder that its machine lies in, its path there, and how good a witness it is.

    `path` is None for what a program printed. Of two files with one path the lower `rank` is read: /proc/net
    before that of a process, the first process before others, and single files in a folder last.
    """

    top: str
    path: str | None
    rank: int


def known(name: str) -> Name | None:
    """What a file of a stored machine is by its name; None for one that nobody reads.

    >>> known("sosreport-web-3/proc/4711/net/sockstat")
    Name(top='sosreport-web-3/', path='proc/net/sockstat', rank=4711)
    >>> known("sys/net/ipv4/tcp_fin_timeout").path
    'proc/sys/net/ipv4/tcp_fin_timeout'
    >>> known("sys/class/net/eth0/mtu")
    """
    if found := PRINTED.fullmatch(name):
        return Name(found["top"], None, 0)
    if found := NET.fullmatch(name):
        process = 0 if found["who"] in (None, "self") else int(found["who"])
        return Name(found["top"], f"proc/net/{found['file']}", process + (0 if found["proc"] else WITHOUT_PROC))
    if (found := BELOW_PROC.fullmatch(name)) and f"proc/{found['path']}" in READ:
        return Name(found["top"], f"proc/{found['path']}", 0 if f"proc/{found['path']}" in name else WITHOUT_PROC)
    if found := HOSTNAME.fullmatch(name):
        return Name(found["top"], "proc/sys/kernel/hostname", SINGLE)
    top, slash, last = name.rpartition("/")
    path = BY_DOTTED_NAME.get(last) or BY_LAST_NAME.get(last)
    return Name(f"{top}{slash}".removesuffix("ipv4/"), path, SINGLE) if path else None


def is_output(name: str) -> bool:
    """Whether a file's name speaks of a program whose output is read, such as `ss-tan.txt`.

    >>> is_output("outputs/netstat_-s"), is_output("process-list.txt"), is_output("ss.md")
    (True, False, False)
    """
    return may_be_output(name) and OUTPUT.fullmatch(name.rpartition("/")[2]) is not None


def may_be_output(name: str) -> bool:
    """Whether a file may hold what a program printed, whatever its name says.

    >>> may_be_output("web-3.txt"), may_be_output("capture.pcap"), may_be_output(".git")
    (True, False, False)
    """
    last = name.rpartition("/")[2].lower()
    return not last.startswith(".") and not last.endswith(NO_OUTPUT)
