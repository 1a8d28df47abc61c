"""What one machine said, and what it would not say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tcptune.model.sockets import SocketTable, document
from tcptune.model.values import Value

SCHEMA = "tcptune/snapshot/1"

TCP_NAMES = ("net.", "sockstat", "Tcp.", "TcpExt.", "states.", "kinds.", "log.", "conntrack.")
"""How the names of settings, counts and counters of TCP begin; without any of them there is nothing to judge."""


class Host(NamedTuple):
    """Whose numbers these are.

    `source` is "live", or where the stored numbers came from. `netns` is "initial" for the machine's
    first network namespace, "child" for another one (a container), and None where it cannot be told.
    """

    name: str | None = None
    release: str | None = None
    source: str = "live"
    netns: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at a machine. A name is either in `values`, or in `gaps` with the reason, or unknown.

    Absent is not zero: nothing that could not be read has a value. `sockets` are the single sockets behind the
    counts, None where nobody looked at them.
    """

    host: Host = field(default_factory=Host)
    taken_at: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    sockets: SocketTable | None = None

    def as_release(self, release: str | None) -> Snapshot:
        """The same machine judged as if its kernel were another release; None leaves it as it is."""
        return self if release is None else replace(self, host=self.host._replace(release=release))

    def redacted(self) -> Snapshot:
        """The same machine with masks in the place of addresses."""
        from tcptune.model.redaction import redacted

        return self if self.sockets is None else replace(self, sockets=redacted(self.sockets))

    def document(self, tool: str) -> dict[str, Any]:
        """The snapshot as the JSON object that `tcptune collect` prints."""
        return {
            "schema": SCHEMA,
            "tool": tool,
            "taken_at": self.taken_at,
            "host": {
                "name": self.host.name,
                "release": self.host.release,
                "source": self.host.source,
                "netns": self.host.netns,
            },
            "values": dict(sorted(self.values.items())),
            "gaps": dict(sorted(self.gaps.items())),
            "sockets": None if self.sockets is None else document(self.sockets),
        }


def moment(taken_at: str | None) -> float | None:
    """A time as snapshots and reports have it, in seconds since 1970; None for text that is no time."""
    try:
        told = datetime.fromisoformat(taken_at or "")
    except ValueError:
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
