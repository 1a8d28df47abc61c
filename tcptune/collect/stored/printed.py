"""What programs printed on a stored machine, all of it read as one text."""

from __future__ import annotations

from dataclasses import replace

from tcptune.collect.files import read_bytes, reason
from tcptune.collect.printed import paste
from tcptune.collect.printed.paste import Paste
from tcptune.collect.printed.plain import text_of
from tcptune.collect.readings import Readings
from tcptune.collect.stored.tree import Printed, Stored
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.sockets import bounded
from tcptune.printable import printable

COUNTED = ("states.", "kinds.")
"""Names of counts of single sockets."""

MAX_BYTES = 128 << 20
"""Bytes of one output; ss prints some 250 for a socket with all its options."""

BELIEVED = ("ss", "sysctl", "sockstat", "nstat")
"""Programs that say a thing more exactly than others do, such as ss and nstat against netstat."""


def read(stored: Stored) -> Paste:
    """Everything that was printed; what could not be read is a gap under the name of its file."""
    gaps = dict(stored.gaps)
    texts: list[str] = []
    for one in sorted(stored.printed, key=_weight):
        try:
            text = text_of(read_bytes(one.content, MAX_BYTES))
        except OSError as error:
            gaps[printable(one.name, 100)] = reason(error)
        except ValueError as error:
            gaps[printable(one.name, 100)] = str(error)
        else:
            texts.append(f"$ {_command(one.name)}\n{text}\n")
    told = paste.whatever("".join(texts), stored.name)
    gaps |= {name: why for name, why in told.readings.gaps.items() if name != "samples"}
    return told._replace(readings=Readings(told.readings.values, gaps))


def filled_into(snapshot: Snapshot, told: Paste) -> Snapshot:
    """A snapshot of /proc, and what it lacks from what was printed.

    Counts of sockets are of one list: /proc/net/tcp and ss were looked at in two moments.
    """
    counted = any(name.startswith(COUNTED) for name in snapshot.values)
    more = {name: value for name, value in told.readings.values.items() if not (counted and name.startswith(COUNTED))}
    values = {**more, **snapshot.values}
    host = Host(
        snapshot.host.name or told.host.name,
        snapshot.host.release or told.host.release,
        snapshot.host.source,
        snapshot.host.netns or told.host.netns,
    )
    named = {"kernel.hostname": host.name, "kernel.osrelease": host.release}
    known = {*values, *(name.partition(".")[0] for name in values if not name.startswith("kernel."))}
    known |= {name for name, value in named.items() if value is not None}
    gaps = {name: why for name, why in {**told.readings.gaps, **snapshot.gaps}.items() if name not in known}
    return replace(
        snapshot,
        host=host,
        values=values,
        gaps=gaps,
        sockets=snapshot.sockets or (bounded(told.table) if told.table is not None else None),
    )


def _weight(one: Printed) -> tuple[int, str]:
    """Where two speak of the same thing the later one is taken, so the best witness comes last."""
    name = one.name.rpartition("/")[2].lower()
    return next((n for n, program in enumerate(BELIEVED) if name.startswith(program)), -1), one.name


def _command(name: str) -> str:
    """The command in the name of its output, as sos writes it.

    >>> _command("sosreport-web-3/sos_commands/networking/netstat_-s"), _command("proc/version")
    ('netstat -s', 'cat /proc/version')
    """
    last = name.rpartition("/")[2]
    words = "".join(c if c.isalnum() or c in "-._" else " " for c in last)
    return words.replace("_", " ") if "_-" in last else "cat /proc/version" if last == "version" else f"cat {words}"
