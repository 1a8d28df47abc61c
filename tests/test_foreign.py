"""Snapshots of another system are refused, and nothing of Linux is."""

from __future__ import annotations

import pytest

from tcptune.collect.foreign import of_linux
from tcptune.errors import CollectError
from tcptune.model.snapshot import Host, Snapshot

RANGE = {"net.ipv4.ip_local_port_range.min": 49152, "net.ipv4.ip_local_port_range.max": 65535}


@pytest.mark.parametrize(
    ("values", "release", "sign"),
    [
        ({"net.inet.tcp.msl": 15000, "states.TIME_WAIT": 5}, None, "net.inet.tcp.msl"),
        ({"kern.ipc.somaxconn": 128}, None, "kern.ipc.somaxconn"),
        (RANGE, None, "49152 to 65535"),
        (RANGE | {"states.TIME_WAIT": 31857, "uptime": 5.0}, None, "49152 to 65535"),
        ({"states.TIME_WAIT": 5}, "22.6.0", "22.6.0"),
        ({"states.TIME_WAIT": 5}, "13.2-RELEASE", "13.2-RELEASE"),
        ({"states.TIME_WAIT": 5}, "Darwin 22.6.0", "Darwin"),
    ],
)
def test_another_system_is_told_by_what_only_it_has(values, release, sign):
    """Its names, its release, or a port range with nothing of Linux beside it."""
    with pytest.raises(CollectError, match="not Linux") as refused:
        of_linux(Snapshot(Host(release=release), values=values), "a.json")

    assert sign in str(refused.value)


@pytest.mark.parametrize(
    ("values", "release"),
    [
        (RANGE, "6.18.0"),
        (RANGE | {"net.ipv4.tcp_tw_reuse": 1}, None),
        (RANGE | {"sockstat.TCP.tw": 5}, None),
        ({"states.TIME_WAIT": 5}, None),
        ({"states.TIME_WAIT": 5}, "7.1.0-rc2"),
        ({"states.TIME_WAIT": 5}, "unknown"),
        ({"states.TIME_WAIT": 5}, ""),
    ],
)
def test_linux_is_let_pass(values, release):
    """Whoever has set that range by hand, too."""
    snapshot = Snapshot(Host(release=release), values=values)

    assert snapshot is of_linux(snapshot, "a.json")


def test_a_release_is_quoted():
    """It came from a file."""
    with pytest.raises(CollectError) as refused:
        of_linux(Snapshot(Host(release="99.\x1b[2J")), "a.json")

    assert "\x1b" not in str(refused.value)
