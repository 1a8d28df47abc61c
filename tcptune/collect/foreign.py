"""Numbers of another system than Linux, told by its names, its release, or a port range with no sign of Linux."""

from __future__ import annotations

from collections.abc import Mapping

from tcptune.errors import CollectError
from tcptune.kernel.release import Release
from tcptune.model.snapshot import Snapshot
from tcptune.model.values import Value

NAMES = ("net.inet.", "net.inet6.", "net.link.", "kern.", "hw.", "machdep.")
"""How the sysctls of macOS and BSD begin."""

OLDEST_DARWIN = 10
"""Major releases from here on are those of Darwin (macOS 10.6 and later); Linux has single digits."""

PORT_RANGE = {"net.ipv4.ip_local_port_range.min": 49152, "net.ipv4.ip_local_port_range.max": 65535}
"""That of macOS, BSD and Windows."""

ANY_SYSTEM = ("states.", "kinds.", "log.E", "net.ipv4.ip_local_port_range.", "uptime")
"""What the numbers of another system can be written down as, in the names of a snapshot."""


def of_linux(snapshot: Snapshot, source: str) -> Snapshot:
    """The snapshot; CollectError where its numbers are of another system."""
    sign = _sign(snapshot.values, snapshot.host.release)
    if sign is not None:
        raise CollectError(
            f"{source}: this is macOS, BSD or another system, not Linux ({sign}); its TCP has other settings and other "
            "timers, and tcptune knows those of Linux alone"
        )
    return snapshot


def _sign(values: Mapping[str, Value], release_text: str | None) -> str | None:
    foreign = next((name for name in values if name.startswith(NAMES)), None)
    if foreign is not None:
        return foreign
    release = Release.parse(release_text or "")
    if release_text and (release is None or release.version[0] >= OLDEST_DARWIN) and _names_another(release_text):
        return f"its kernel is {release_text[:60]!r}"
    if release is None and PORT_RANGE.items() <= values.items() and all(name.startswith(ANY_SYSTEM) for name in values):
        return "its port range is 49152 to 65535, and nothing else says that it is Linux"
    return None


def _names_another(release: str) -> bool:
    return release[:1].isdigit() or release.startswith(("Darwin", "FreeBSD", "OpenBSD", "NetBSD", "SunOS", "Windows"))
