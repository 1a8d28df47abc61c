"""What `conntrack -L` and /proc/net/nf_conntrack show: the connections that the firewall knows, which are no sockets.

net/netfilter/nf_conntrack_standalone.c ct_seq_show(), and conntrack-tools. Their states have names of their own
(nf_conntrack_proto_tcp.c tcp_conntrack_names).
"""

from __future__ import annotations

import re
from collections import Counter

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said

STATES = (
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
    "SYN_SENT2",
)  # fmt: skip
ENTRY = re.compile(
    r"\s{0,8}(?:[0-9:.]{8,15}\s{1,8})?(?:ipv[46]\s{1,8}[0-9]{1,2}\s{1,8})?(?:tcp\s{1,8}6\s{1,8}(?:[0-9]{1,10}\s{1,8})?"
    rf"(?P<state>{'|'.join(STATES)})|(?:udp|icmp|icmpv6|sctp|dccp|gre|udplite|unknown|igmp)\s{{1,8}}[0-9]{{1,3}}\s{{1,8}}[0-9]{{1,10}})"
    r"\s{1,8}(?:[A-Z_]{1,20}\s{1,8})?(?P<tuple>src=\S{1,60} dst=\S{1,60}(?: sport=[0-9]{1,5} dport=[0-9]{1,5})?).*"
)
TOTAL = re.compile(r"conntrack v[0-9.]{1,12} \(conntrack-tools\): [0-9]{1,10} flow entries have been shown\.?")
MOST = 1_000_000


def is_entry(line: str, _: Command) -> object:
    """Whether a line is an entry."""
    return ENTRY.fullmatch(line[:600]) or TOTAL.fullmatch(line[:200])


def read(piece: Piece) -> Said:
    """The entries of TCP by their state; one that is listed several times counts as it is listed last."""
    states: dict[str, str] = {}
    for line in piece.lines[-MOST:]:
        found = ENTRY.fullmatch(line[:600])
        if found is not None and found["state"]:
            states[found["tuple"]] = found["state"]
    counts = Counter(states.values())
    return Said(
        {f"conntrack.states.{state}": count for state, count in counts.items()},
        {"conntrack": "not in the list; whether the list is whole is not told"},
    )
