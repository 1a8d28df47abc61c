"""Bare numbers that a command asked for: `cat /proc/sys/net/ipv4/tcp_mem`, `sysctl -n net.ipv4.tcp_fin_timeout`."""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.printed.sysctl_output import name_of, parsed
from tcptune.kernel.catalogue import SYSCTLS

NUMBERS = re.compile(r"\s{0,12}-?[0-9]{1,20}(?:[ \t]{1,12}-?[0-9]{1,20}){0,5}\s*")
PORTS = re.compile(r"\s{0,12}[0-9]{1,5}(?:[,-][0-9]{1,5})*\s*")
ROOT = "/proc/sys/"
CONNTRACK_COUNT = ("-C", "--count")


def keys_of(command: Command) -> tuple[str, ...]:
    """The settings whose values a command prints without their names, in order.

    >>> keys_of(Command("cat /proc/sys/net/ipv4/tcp_fin_timeout /proc/sys/net/core/somaxconn"))
    ('net.ipv4.tcp_fin_timeout', 'net.core.somaxconn')
    """
    if len(command.stages) != 1:
        return ()
    program, *words = command.stages[0]
    options = {word for word in words if word.startswith("-")}
    if program in ("cat", "head", "tail"):
        return tuple(name_of(word.removeprefix(ROOT)) for word in words if word.startswith(ROOT) and "*" not in word)
    if program == "sysctl" and options & {"-n", "--values"}:
        return tuple(name_of(word) for word in words if not word.startswith("-"))
    if program == "conntrack" and options & set(CONNTRACK_COUNT):
        return ("net.netfilter.nf_conntrack_count",)
    return ()


def is_answer(line: str, command: Command) -> object:
    """Whether a line can be the value of a setting that was asked for."""
    if not (NUMBERS.fullmatch(line[:200]) or PORTS.fullmatch(line)):
        return False
    return keys_of(command)


def read(piece: Piece) -> Said:
    """The values, one a line in the order of the command; one that is not in our catalogue tells nothing.

    >>> read(Piece(["60"], Command("cat /proc/sys/net/ipv4/tcp_fin_timeout"))).values
    {'net.ipv4.tcp_fin_timeout': 60}
    """
    keys = keys_of(piece.command)
    if len(keys) != len(piece.lines):
        why = f"the command asks for {len(keys)} settings and {len(piece.lines)} lines follow"
        return Said(gaps={key: why for key in keys if key in SYSCTLS})
    return Said(*parsed(dict(zip(keys, piece.lines, strict=True))))
