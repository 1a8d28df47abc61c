"""/proc/net/sockstat and sockstat6: socket counts (net/ipv4/proc.c sockstat_seq_show())."""

from __future__ import annotations

from tcptune.collect.readings import Readings, natural_number, quoted

WANTED: dict[str, dict[str, tuple[str, ...]]] = {
    "sockstat": {"sockets": ("used",), "TCP": ("inuse", "orphan", "tw", "alloc", "mem")},
    "sockstat6": {"TCP6": ("inuse",)},
}
"""The lines and fields that facts are made of, by file."""


def parse(file: str, text: str) -> Readings:
    r"""The TCP counts of one file; what a line does not hold is a gap.

    >>> parse("sockstat", "sockets: used 9\nTCP: inuse 3 orphan 1 tw 4 alloc 5 mem 2\n").values["sockstat.TCP.orphan"]
    1
    """
    found = Readings()
    fields_of: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        label, colon, rest = line.partition(":")
        if colon:
            words = rest.split()
            fields_of[label.strip()] = dict(zip(words[::2], words[1::2], strict=False))
    for label, names in WANTED[file].items():
        for name in names:
            fact = f"{file}.{label}.{name}"
            word = fields_of.get(label, {}).get(name)
            if word is None:
                found.gaps[fact] = f"/proc/net/{file} has no field {name} in a line {quoted(label + ':')}"
                continue
            try:
                found.values[fact] = natural_number(word)
            except ValueError as error:
                found.gaps[fact] = str(error)
    return found
