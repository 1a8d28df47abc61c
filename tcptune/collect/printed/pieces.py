"""A pasted text cut into pieces: what was asked, in which format the answer is, and which lines nobody knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from tcptune.collect.printed import (
    answers,
    complaints,
    conntrack_list,
    kernel_log,
    lists,
    machine_output,
    netstat_summary,
    nstat_output,
    other_systems,
    proc_files,
    ss_summary,
    state_counts,
    sysctl_output,
)
from tcptune.collect.printed.commands import NONE, Command, command_of
from tcptune.collect.printed.piece import Format, Piece

OTHER_SYSTEMS = Format("another system", other_systems.is_sign, other_systems.read)
FORMATS = (
    Format("the answer of a command", answers.is_answer, answers.read),
    OTHER_SYSTEMS,
    Format("sysctl", sysctl_output.is_setting, sysctl_output.read),
    Format("counts by state", state_counts.is_count, state_counts.read),
    Format("ss -s", ss_summary.is_line, ss_summary.read),
    *proc_files.FORMATS,
    Format("nstat", nstat_output.is_counter, nstat_output.read, nstat_output.goes_on),
    Format("netstat -s", netstat_summary.is_heading_or_counter, netstat_summary.read, netstat_summary.goes_on),
    Format("a complaint", complaints.is_complaint, complaints.read),
    Format("conntrack", conntrack_list.is_entry, conntrack_list.read),
    *lists.FORMATS,
    Format("log", kernel_log.is_line, kernel_log.read),
    *machine_output.FORMATS,
)
"""In the order in which they are asked for a line that begins something."""

ASIDE = re.compile(
    r"\s{0,12}(?:(?:-?(?:ba|da|z|k)?sh|cat|grep|head|tail|sudo|awk|dmesg|conntrack|netstat|nstat|ss|sysctl|uptime): .*"
    r"|(?:WARNING|NOTE|Warning): .*|\(Not all processes.*|will not be shown.*|\.{3}|\[\.{3}\]|[-=*_]{3,200})"
)
"""What programs say on stderr, and what people put between two outputs: not data and no loss."""

MOST = 2000
"""Pieces; a text of an issue has some dozens."""
MOST_UNKNOWN = 100_000
"""Lines that are of no format; what has more is another thing, and finding that out takes a second."""
MOST_HOSTS = 100


class Found(NamedTuple):
    """The pieces in their order, each with its format; lines that are of no format; and names of hosts in prompts.

    `cut` says what there was too much of, so that the rest was left out.
    """

    pieces: list[tuple[Format, Piece]]
    unknown: list[str]
    hosts: list[str]
    cut: str = ""


def pieces_of(lines: Iterable[str], command: Command = NONE) -> Found:
    """The pieces of a text. A line that nobody knows ends none; `command` is the one that printed its beginning."""
    found = Found([], [], [])
    goes_on: Callable[[str], object] | None = None
    taken: list[str] = []
    for line in lines:
        if goes_on is not None and goes_on(line):
            taken.append(line)
        elif (asked := command_of(line)) is not None:
            command, goes_on = asked._replace(saved=command.saved), None
            if asked.host is not None and asked.host not in found.hosts and len(found.hosts) < MOST_HOSTS:
                found.hosts.append(asked.host)
        elif (known := _format_of(line, command)) is not None:
            if len(found.pieces) == MOST:
                return found._replace(cut=f"{MOST} outputs")
            goes_on, taken = _goes_on(known, command), [line]
            found.pieces.append((known, Piece(taken, command)))
        elif not ASIDE.fullmatch(line[:400]):
            found.unknown.append(line[:200])
            if len(found.unknown) == MOST_UNKNOWN:
                return found._replace(cut=f"{MOST_UNKNOWN} lines that are not understood")
    return found


def _goes_on(known: Format, command: Command) -> Callable[[str], object]:
    return known.goes_on or (lambda line: known.begins(line, command))


def _format_of(line: str, command: Command) -> Format | None:
    return next((known for known in FORMATS if known.begins(line, command)), None)
