"""What logs say of TCP: the kernel's own lines, from dmesg, syslog or the journal, and two errors of programs.

net/ipv4/tcp.c tcp_check_oom(), tcp_timer.c tcp_out_of_resources(), tcp_minisocks.c tcp_time_wait(), tcp_input.c
tcp_syn_flood_action(), netfilter/nf_conntrack_core.c: read in 2.6.20 to 6.1. All but the warning of a SYN flood in
kernels from 3.1 to 5.1 pass through one rate limit, which says at times how many it has swallowed.
"""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.machine_output import RELEASE
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.printed.program_errors import error_in
from tcptune.collect.proc.machine import parse_name

MESSAGES = (
    ("log.too_many_orphaned_sockets", re.compile(r"(?:TCP: )?too many orphaned sockets")),
    ("log.out_of_socket_memory", re.compile(r"Out of socket memory")),
    ("log.tcp_out_of_memory", re.compile(r"TCP: out of memory -- consider tuning tcp_mem")),
    ("log.time_wait_bucket_table_overflow", re.compile(r"TCP: time wait bucket table overflow(?: \(CT\w{1,10}\))?")),
    (
        "log.conntrack_table_full",
        re.compile(r"(?:nf|ip)_conntrack: (?:[\w.:-]{1,40}: )?table full(?: in netns \w{1,12})?, dropping packet\.?"),
    ),
    (
        "log.possible_syn_flooding",
        re.compile(r"(?:(?:request_sock_)?TCPv?6?: )?(?:\w{1,20}: )?[Pp]ossible SYN flooding on port .{1,120}"),
    ),
)
SUPPRESSED = re.compile(
    r"(?:net_ratelimit: (?P<calls>[0-9]{1,12}) callbacks|printk: (?P<lines>[0-9]{1,12}) messages) suppressed\.?"
)

STAMP = r"\[\s{0,8}[0-9]{1,10}\.[0-9]{6}\](?:\s?\[[TC]?\s*[0-9]{1,8}\])?"
DATE = (
    r"(?:[A-Z][a-z]{2}\s{1,2}[0-9]{1,2} [0-9:.]{8,15}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{8,15}(?:Z|[+-][0-9:]{4,6})?)"
)
PREFIX = re.compile(
    rf"\s{{0,8}}(?:<[0-9]{{1,3}}>)?(?:{STAMP}|\[[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ 0-9]{{2}} [0-9:]{{8}} [0-9]{{4}}\]"
    rf"|{DATE}(?: (?!kernel:)(?P<host>[A-Za-z0-9][\w.-]{{0,63}}))? (?P<program>[\w./@()-]{{1,40}})"
    rf"(?:\[[0-9]{{1,10}}\])?:(?:\s{{0,4}}{STAMP})?)\s{{0,8}}"
)
JOURNAL = re.compile(r"-- (?:Logs begin|Journal begins|Boot|Reboot|No entries|Subject:).{0,200}")
BOOT = re.compile(rf"Linux version {RELEASE} .{{1,500}}")


def is_line(line: str, _: Command) -> object:
    """Whether a line is of a log, or one of the messages by itself."""
    if error_in(line) is not None:
        return True
    line = line[:600]
    if PREFIX.match(line) or JOURNAL.fullmatch(line):
        return True
    text = line.strip()
    return SUPPRESSED.fullmatch(text) or any(message.fullmatch(text) for _, message in MESSAGES)


def read(piece: Piece) -> Said:
    """How many lines of each kind there are; what a log does not show is unknown, since old lines are lost.

    Lines that were suppressed count with those around them where the log of the kernel shows one kind alone.

    >>> read(Piece(["net_ratelimit: 5 callbacks suppressed", "TCP: too many orphaned sockets"])).values
    {'log.too_many_orphaned_sockets': 6}
    """
    counts: dict[str, int] = {}
    kinds: set[str] = set()
    suppressed = others = 0
    host = release = None
    for line in piece.lines:
        prefix = PREFIX.match(line[:600])
        if prefix is not None:
            host = prefix["host"] or host
        if error := error_in(line):
            counts[error] = counts.get(error, 0) + 1
            continue
        if prefix is not None and prefix["program"] not in (None, "kernel"):
            continue
        text = line[prefix.end() if prefix else 0 :].strip()
        if found := SUPPRESSED.fullmatch(text):
            suppressed += int(found["calls"] or found["lines"])
        elif kind := next((kind for kind, message in MESSAGES if message.fullmatch(text)), None):
            counts[kind] = counts.get(kind, 0) + 1
            kinds.add(kind)
        elif found := BOOT.fullmatch(text):
            release = parse_name(found["release"])
        else:
            others += 1
    gaps = {"log": "the log has no such line; older lines may be lost, so that it may have happened all the same"}
    if suppressed and len(kinds) == 1 and not others:
        counts[kinds.pop()] += suppressed
        suppressed = 0
    if suppressed:
        gaps["log.suppressed"] = (
            f"{suppressed} lines were suppressed, and of which kind is not told: counts are too low"
        )
    return Said(dict(counts), gaps, name=host, release=release)
