"""Masks in the place of addresses: nothing that tells of anybody is left, and what is alike stays alike."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.model.redaction import Masks, redacted
from tcptune.model.sockets import Group, Listener, Owner, PortUse, SocketTable, document, host, is_endpoint

KEPT = ("127.0.0.1", "127.0.0.53", "::1", "0.0.0.0", "::")


def group(local: str | None, remote: str | None, owner: Owner | None = None) -> Group:
    """One socket between two ends."""
    return Group("CLOSE-WAIT", "owned", 1, local, remote, owner)


def endpoint(address: str, port: int | None) -> str:
    """The text of one end, with its port where there is one."""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("10.0.0.5", "host-1"),
        ("10.0.0.5:8000", "host-1:8000"),
        ("2001:db8::5", "host-1"),
        ("[2001:db8::5]:8000", "host-1:8000"),
        ("fe80::1%eth0", "host-1"),
        ("10.0.0.5:secret", "host-1"),
        ("[10.0.0.5]", "host-1"),
        ("[10.0.0.5", "host-1"),
        ("web-3.example", "host-1"),
        (None, None),
        *[(text, text) for address in KEPT for text in (address, endpoint(address, 80))],
    ],
)
def test_a_mask_takes_the_place_of_the_address(text, mask):
    """The port stays; loopback and "any" stay; what is no address is masked as a whole."""
    assert mask == Masks().of(text)


def test_one_address_has_one_mask_everywhere():
    """In groups, listeners and ports, with a port and without."""
    table = SocketTable(
        (group("10.0.0.5:8000", "10.0.0.9"), group("10.0.0.5", "10.0.0.9:443"), group(None, None)),
        (Listener("0.0.0.0", 8000, 3, 128), Listener("10.0.0.5", 8001, 3, 128)),
        (PortUse("10.0.0.5", None, 5, 5, 0), PortUse("127.0.0.1", "10.0.0.9:443", 5, 5, 0)),
    )
    found = redacted(table)

    assert [("host-1:8000", "host-2"), ("host-1", "host-2:443"), (None, None)] == [
        (one.local, one.remote) for one in found.groups
    ]
    assert ["0.0.0.0", "host-1"] == [door.address for door in found.listeners or ()]
    assert [("host-1", None), ("127.0.0.1", "host-2:443")] == [(use.local, use.remote) for use in found.ports or ()]


def test_what_nobody_looked_for_stays_unknown():
    """No listeners and no list of listeners are two things."""
    assert SocketTable((), None, None) == redacted(SocketTable((), None, None))
    assert SocketTable((), (), ()) == redacted(SocketTable((), (), ()))


@pytest.mark.parametrize(
    ("unit", "masked"),
    [
        ("sshd@3-10.0.0.5:22-10.0.0.9:51514.service", "sshd@3-host-1:22-host-2:51514.service"),
        ("sshd@3-127.0.0.1:22-10.0.0.9:51514.service", "sshd@3-127.0.0.1:22-host-2:51514.service"),
        ("app.service", "app.service"),
        ("docker 0123456789ab", "docker 0123456789ab"),
        ("user@1000.service", "user@1000.service"),
        ("postgresql@15-main.service", "postgresql@15-main.service"),
        (None, None),
    ],
)
def test_a_unit_is_masked_where_its_name_holds_addresses(unit, masked):
    """systemd puts both ends of a connection into the name of the service that it starts for it."""
    found = redacted(SocketTable((group("10.0.0.5:22", "10.0.0.9", Owner(5, "sshd", 9, unit)),)))

    assert Owner(5, "sshd", 9, masked) == found.groups[0].owner


def test_a_unit_with_ipv6_addresses_is_masked_too():
    """There the port cannot be told from the address; it goes with it."""
    unit = "sshd@3-2001:db8::5:22-2001:db8::9:51514.service"
    door = Listener("::", 22, 5, 128, Owner(1, "systemd", None, unit))
    found = redacted(SocketTable((), (door,))).listeners

    assert found is not None
    assert re.fullmatch(r"sshd@3-host-\d-host-\d\.service", found[0].owner.unit)


personal = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str).filter(
    lambda text: not text.startswith("127.") and not any(text in kept for kept in KEPT)
)  # fmt: skip
addresses = st.one_of(st.sampled_from(KEPT), personal)
ports = st.one_of(st.none(), st.integers(0, 65535))
ends = st.builds(endpoint, addresses, ports)
owners = st.one_of(
    st.none(),
    st.builds(
        lambda one, other: Owner(7, "sshd", 5, f"sshd@1-{one}:22-{other}:50000.service"), personal, personal
    ),
)  # fmt: skip
tables = st.builds(
    SocketTable,
    st.lists(st.builds(group, st.one_of(st.none(), ends), st.one_of(st.none(), ends), owners), max_size=5).map(tuple),
    st.lists(st.builds(Listener, addresses, st.just(80), st.just(1), st.none(), owners), max_size=3).map(tuple),
    st.lists(
        st.builds(PortUse, addresses, st.one_of(st.none(), ends), st.just(9), st.just(9), st.just(0)), max_size=3
    ).map(tuple),
)


def texts(table: SocketTable) -> list[str | None]:
    """All that stands where an address can stand."""
    found = [text for one in table.groups for text in (one.local, one.remote)]
    found += [door.address for door in table.listeners or ()]
    return found + [text for use in table.ports or () for text in (use.local, use.remote)]


@settings(deadline=None, max_examples=40)
@given(tables)
def test_no_address_that_tells_of_anybody_is_left(table):
    """Neither in the place of an address nor anywhere else in what is printed; loopback and "any" are."""
    told = json.dumps(document(redacted(table)))
    kept = [text for text in texts(table) if text is not None and host(text) in KEPT]

    for text in texts(table):
        address = host(text)
        assert address is None or address in KEPT or address not in told
    assert all(text in told for text in kept)
    for one in table.groups:
        if one.owner is not None:
            assert not any(address in told for address in re.split(r"@1-|:22-|:50000", one.owner.unit)[1:3])


@settings(deadline=None, max_examples=40)
@given(tables)
def test_what_is_alike_stays_alike(table):
    """Two ends have one mask exactly where they have one address, and each keeps its port."""
    before, after = texts(table), texts(redacted(table))

    assert [text is None for text in before] == [text is None for text in after]
    assert len({host(text) for text in before}) == len({host(text) for text in after})
    assert len({(host(old), host(new)) for old, new in zip(before, after, strict=True)}) == len(set(map(host, before)))
    for old, new in zip(before, after, strict=True):
        assert is_endpoint(old) == is_endpoint(new)
        assert not is_endpoint(old) or old.rpartition(":")[2] == new.rpartition(":")[2]
