"""What `ss` prints of a socket after its two ends: processes, timer, uid, inode, cgroup, and tcp_info.

Read in iproute2's misc/ss.c, 2.6.38 to 7.1. A number that is zero is not printed (uid:, backoff:, retrans:,
snd_wnd:), and neither is an RTO of exactly 3 s. Before 6.11 the 2.992 s of a timer stand as `2.992ms`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from tcptune.collect.owners.cgroups import unit_of
from tcptune.collect.readings import natural_number
from tcptune.collect.sockets.rows import Info
from tcptune.collect.sockets.tally import TIMER_KEEPALIVE, TIMER_PERSIST, TIMER_RETRANSMIT, TIMER_TIMEWAIT
from tcptune.model.sockets import Owner
from tcptune.printable import printable

TIMERS = {"on": TIMER_RETRANSMIT, "keepalive": TIMER_KEEPALIVE, "timewait": TIMER_TIMEWAIT, "persist": TIMER_PERSIST}
"""By the names of ss; others, such as delack, end nothing and are told as none."""
TIMER = re.compile(r"\((?P<name>[A-Za-z0-9_-]+),(?P<left>[a-z0-9.]*),(?P<count>[0-9]{1,10})\)")
LEFT = re.compile(
    r"(?:(?P<minutes>[0-9]{1,9})min)?"
    r"(?:(?P<seconds>[0-9]{1,2})(?:\.(?P<part>[0-9]{3})(?:ms|sec)|sec)|(?P<ms>[0-9]{1,9})ms)?"
)
LATEST = 1 << 31
"""Up to Linux 5.3 a timer that is overdue comes as a huge unsigned number of ms (inet_diag.c, EXPIRES_IN_MS)."""

USERS = "users:(("
USER = re.compile(
    r'\("(?P<name>.{0,64}?)",(?:pid=)?(?P<pid>[0-9]{1,10}),(?:tid=[0-9]{1,10},)?(?:proc_ctx=.{0,200}?,)?'
    # A name may hold quotes and brackets; only what ends as an entry ends ends it.
    r"(?:fd=)?[0-9]{1,10}(?:,sock_ctx=.{0,200}?)?\)(?=,\(|\)(?:\s|$))"
)
CGROUP = "cgroup:"

BEFORE_THE_CGROUP = frozenset({"timer", "uid", "ino"})
FIELDS = BEFORE_THE_CGROUP | {"cgroup", "cwnd", "rto", "backoff", "retrans", "snd_wnd"}
MILLISECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?(?:e\+[0-9]{2})?")
HIDDEN_RTO = "3000"

MAX_NAME = 40


class Details(NamedTuple):
    """None for what does not stand there.

    `people` are the PID and the command of each descriptor; `timer` is its code, ms to go, and retransmissions or
    probes, as in a `Row`. The `info` does not know of probes: it has none.
    """

    people: tuple[tuple[int, str], ...] | None = None
    timer: tuple[int, int, int] | None = None
    uid: int | None = None
    inode: int | None = None
    cgroup: str | None = None
    info: Info | None = None

    def and_then(self, more: Details) -> Details:
        """With what a further line adds; what was said first stands."""
        return Details._make(old if old is not None else new for old, new in zip(self, more, strict=True))


NOTHING = Details()
"""Those of a line that ends with the two ends."""


def parse(text: str) -> Details:
    """The details in a line, or in a part of it; ValueError where one of them is malformed.

    >>> parse('users:(("nginx",pid=812,fd=7)) timer:(keepalive,119min,0) ino:5 sk:1 <->').people
    ((812, 'nginx'),)
    """
    if not text or text.isspace():
        return NOTHING
    people = None
    users, cgroup = text.find(USERS), text.find(CGROUP)
    if users >= 0 and not 0 <= cgroup < users:
        people, end = _people(text, users + len(USERS) - 1)
        text = text[:users] + text[end:]
    found: dict[str, str] = {}
    for word in text.split():
        name, _, value = word.partition(":")
        # The name of a cgroup can hold blanks, and then anything.
        if name in FIELDS and value and not (name in BEFORE_THE_CGROUP and "cgroup" in found):
            found.setdefault(name, value)
    return Details(
        people,
        _timer(found["timer"]) if "timer" in found else None,
        natural_number(found["uid"]) if "uid" in found else None,
        natural_number(found["ino"]) if "ino" in found else None,
        found.get("cgroup"),
        _info(found) if "rto" in found or "cwnd" in found else None,
    )


def owner_of(told: Details) -> Owner | None:
    """Who has the socket; of several processes that with the lowest PID."""
    unit = None if told.cgroup is None else _unit(told.cgroup)
    if told.people is None:
        return None if unit is None else Owner(unit=unit)
    pid, command = min(told.people)
    processes = len({other for other, name in told.people if name == command})
    return Owner(pid, printable(command, MAX_NAME), unit=unit, processes=processes)


def milliseconds(text: str) -> int:
    """The time that print_ms_timer() wrote: `1min2sec`, `59sec`, `2.992ms` (seconds!), `200ms`, or nothing at all.

    >>> milliseconds("2.992ms"), milliseconds("200ms"), milliseconds("119min")
    (2992, 200, 7140000)
    """
    found = LEFT.fullmatch(text)
    if found is None:
        raise ValueError("not a time")
    minutes, seconds, part, whole = (int(number or 0) for number in found.groups())
    left = (minutes * 60 + seconds) * 1000 + part + whole
    return left if left < LATEST else 0


def _people(text: str, at: int) -> tuple[tuple[tuple[int, str], ...], int]:
    """The entries of a list of processes, and where it ends; ValueError where it does not."""
    found = []
    while entry := USER.match(text, at):
        found.append((int(entry["pid"]), entry["name"]))
        at = entry.end() + 1
        if text[at - 1] == ")":
            return tuple(found), at
    raise ValueError("a list of processes without an end")


@lru_cache(maxsize=1 << 12)
def _timer(text: str) -> tuple[int, int, int]:
    found = TIMER.fullmatch(text)
    if found is None:
        raise ValueError("not a timer")
    left, count = milliseconds(found["left"]), int(found["count"])
    code = TIMERS.get(found["name"], 0)
    return (code, left, count) if code else (0, 0, 0)


def _info(found: dict[str, str]) -> Info:
    rto = found.get("rto", HIDDEN_RTO)
    if not MILLISECONDS.fullmatch(rto):
        raise ValueError("not an RTO")
    ever = found.get("retrans", "0/0").partition("/")[2]
    window = natural_number(found["snd_wnd"]) if "snd_wnd" in found else None
    return Info(float(rto) / 1e3, natural_number(found.get("backoff", "0")), 0, natural_number(ever) > 0, window)


@lru_cache(maxsize=1 << 10)
def _unit(path: str) -> str | None:
    """The unit of a cgroup by its path; ss writes `unreachable:` and the id where it found none."""
    return unit_of(path) if path.startswith("/") else None
