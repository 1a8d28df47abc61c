"""/proc/net/netstat and /proc/net/snmp: a line of names, a line of values, twice the same label.

Names are matched, never positions: kernels add names, and patched ones drop some (net/ipv4/proc.c).
"""

from __future__ import annotations

from tcptune.collect.readings import Readings, natural_number, quoted, whole_number

LABELS = {"netstat": "TcpExt", "snmp": "Tcp"}
"""The one pair of lines in each file that speaks of TCP."""

SIGNED = frozenset({"MaxConn"})
"""Not counts: MaxConn is -1, "no fixed number" (RFC 4022)."""


def parse(file: str, text: str) -> Readings:
    r"""Every counter of the file's TCP line.

    >>> parse("snmp", "Tcp: ActiveOpens CurrEstab\nTcp: 7 2\n").values
    {'Tcp.ActiveOpens': 7, 'Tcp.CurrEstab': 2}
    """
    label = LABELS[file]
    found = Readings()
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith(label + ":")]
    if len(lines) != 2:
        found.gaps[label] = f"/proc/net/{file} has {len(lines)} lines {quoted(label + ':')}, not names and values"
        return found
    names, values = lines
    if len(names) != len(values):
        found.gaps[label] = f"/proc/net/{file} names {len(names)} counters and gives {len(values)} values"
        return found
    for name, word in zip(names, values, strict=True):
        if not (name.isascii() and name.isidentifier()):
            return Readings(gaps={label: f"{quoted(name)} is not the name of a counter"})
        try:
            found.values[f"{label}.{name}"] = whole_number(word) if name in SIGNED else natural_number(word)
        except ValueError as error:
            found.gaps[f"{label}.{name}"] = str(error)
    return found
