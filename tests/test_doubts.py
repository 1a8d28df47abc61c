"""Numbers that contradict each other, that are hard to believe, and settings that are not there."""

from __future__ import annotations

import pytest

from tcptune.facts.contradictions import FULL, LATER, SLACK, SUMS, TW_OF_NETNS, contradictions
from tcptune.facts.derive import derive
from tcptune.facts.doubts import FASTEST, LARGEST_DEFAULT, MOST_PORTS
from tcptune.kernel.release_dates import RELEASED, month_before, never_existed
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.sockets import PortUse, SocketTable

EL7 = "3.10.0-514.21.1.el7.x86_64"


def doubted(values=None, release="6.18.0", taken_at=None, sockets=None) -> list[str]:
    """The subjects of what is hard to believe."""
    snapshot = Snapshot(Host(release=release), taken_at, values or {}, {}, sockets)
    return [item["subject"] for item in derive(snapshot).values["doubts"]]


def gone(values, release="6.18.0") -> dict[str, tuple[object, str]]:
    """The settings that are not there: value, and why."""
    found = derive(Snapshot(Host(release=release), values=values)).values["settings.gone"]
    return {item["key"]: (item["value"], item["why"]) for item in found}


@pytest.mark.parametrize("sums", [*SUMS, TW_OF_NETNS], ids=lambda sums: sums.subject)
def test_a_sum_above_its_whole_is_a_contradiction(sums):
    """With some room for what moves between two readings; and only where everything was read."""
    whole = 1_000_000
    room = SLACK + whole // LATER
    values = dict.fromkeys((*sums.left, *sums.right), 0) | {sums.right[0]: whole}
    values[sums.left[0]] = (whole + room) // sums.times

    def subjects(**changed):
        return [item["subject"] for item in contradictions(values | changed, tw_is_of_netns=True)]

    assert sums.subject not in subjects()
    values[sums.left[0]] += 1
    assert sums.subject in subjects()
    for name in (*sums.left, *sums.right):
        fewer = {key: value for key, value in values.items() if key != name}
        assert sums.subject not in [item["subject"] for item in contradictions(fewer, tw_is_of_netns=True)]


def test_tw_of_the_whole_machine_contradicts_nothing():
    """Up to 4.10 and on RHEL 7 sockstat counts the containers, and a list does not."""
    values = {"sockstat.TCP.tw": 6068, "states.TIME_WAIT": 853, "states.FIN_WAIT_2": 0}

    def found(release):
        return derive(Snapshot(Host(release=release), values=values)).values["contradictions"]

    assert [] == found(EL7)
    assert [] == found("4.10.0")
    assert [] == found(None)
    assert [(6068, 853)] == [(item["left"], item["right"]) for item in found("4.11.0")]


def test_what_is_no_number_is_not_summed():
    """A text in the place of a count."""
    assert [] == contradictions({"sockstat.TCP.inuse": "many", "sockstat6.TCP6.inuse": 5, "sockstat.TCP.alloc": 1})
    assert len(FULL) == len(set(FULL))


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("states.TIME_WAIT", "net.ipv4.tcp_max_tw_buckets"),
        ("sockstat.TCP.tw", "net.ipv4.tcp_max_tw_buckets"),
        ("sockstat.TCP.orphan", "net.ipv4.tcp_max_orphans"),
    ],
)
def test_more_than_any_default_allows_is_doubted_where_the_limit_is_not_known(name, limit):
    """Somebody may have raised it; more likely is a digit too many."""
    assert [] == doubted({name: LARGEST_DEFAULT})
    assert [f"{name} is {LARGEST_DEFAULT + 1}"] == doubted({name: LARGEST_DEFAULT + 1})
    assert [] == doubted({name: LARGEST_DEFAULT + 1, limit: 1_000_000})


def test_more_closes_than_a_machine_can_make_are_doubted():
    """By the time since boot."""
    assert [] == doubted({"TcpExt.TW": 10 * FASTEST, "uptime": 10.0})
    assert [f"TcpExt.TW is {10 * FASTEST + 1} after 10 s"] == doubted({"TcpExt.TW": 10 * FASTEST + 1, "uptime": 10.0})


def test_more_sockets_than_ports_towards_one_destination_are_doubted():
    """Of one address; towards all destinations there may be more."""

    def towards(remote, sockets):
        return SocketTable(ports=(PortUse("10.0.0.1", remote, sockets, 60000, 0),))

    assert [] == doubted(sockets=towards("10.0.0.9:1004", MOST_PORTS))
    assert ["200000 sockets from 10.0.0.1 to 10.0.0.9:1004"] == doubted(sockets=towards("10.0.0.9:1004", 200_000))
    assert [] == doubted(sockets=towards(None, 200_000))


def test_the_port_range_of_other_systems_is_doubted():
    """It may have been set by hand, so it is a doubt and no refusal where there is more of Linux."""
    ends = {"net.ipv4.ip_local_port_range.min": 49152, "net.ipv4.ip_local_port_range.max": 65535}

    assert ["ip_local_port_range is 49152 to 65535"] == doubted(ends)
    assert [] == doubted(ends | {"net.ipv4.ip_local_port_range.max": 65534})


@pytest.mark.parametrize(
    ("release", "taken_at", "expected"),
    [
        ("3.12.0", "2012-06-14T00:00:00Z", ["the kernel is 3.12.0, on 2012-06-14"]),
        ("3.12.0", "2013-09-30T00:00:00Z", []),
        ("3.12.0", None, []),
        ("4.27.1", None, ["the kernel is 4.27.1"]),
        ("2.6.32", "1999-01-01", []),
        ("9.3.0", "2012-06-14", []),
        (None, "2012-06-14", []),
    ],
)
def test_a_kernel_that_was_not_there_is_doubted(release, taken_at, expected):
    """Before its time, from the release before it on, when it was tried out; or a number that was never given."""
    assert expected == doubted({"states.TIME_WAIT": 5}, release, taken_at)


def test_a_line_that_the_kernel_cannot_print_is_doubted():
    """The overflow message is of 2.6."""
    values = {"log.time_wait_bucket_table_overflow": 3}

    assert ["the log says: time wait bucket table overflow"] == doubted(values, "3.10.0")
    assert [] == doubted(values, "2.6.36")
    assert [] == doubted(values, None)


def test_the_months_of_the_releases_are_in_order():
    """Twenty of each series but 4, which has twenty-one."""
    months = [RELEASED[version] for version in sorted(RELEASED)]

    assert sorted(months) == months
    assert {3: 20, 4: 21, 5: 20} == {major: sum(m == major for m, _ in RELEASED) for major in (3, 4, 5)}
    assert month_before((3, 0)) is None
    assert "2015-02" == month_before((4, 1))[:4] + "-02"
    assert never_existed((5, 20))
    assert not never_existed((6, 99))


@pytest.mark.parametrize(
    ("key", "release", "why"),
    [
        ("net.ipv4.tcp_tw_recycle", "5.4.167", "it is gone since Linux 4.12"),
        ("net.ipv4.ip_conntrack_max", "5.4.167", "it is gone since Linux 2.6.22"),
        ("net.ipv4.tcp_tw_resue", "5.4.167", "no kernel has it; the nearest key is net.ipv4.tcp_tw_reuse"),
        ("net.ipv4.tcp_tw_resue", None, "no kernel has it; the nearest key is net.ipv4.tcp_tw_reuse"),
        ("net.ipv4.blue_sky_of_home", None, "no kernel has it"),
    ],
)
def test_a_setting_that_the_kernel_does_not_have_is_told(key, release, why):
    """With the value that somebody wanted."""
    assert {key: (1, why)} == gone({key: 1}, release)


@pytest.mark.parametrize(
    ("key", "release"),
    [
        ("net.ipv4.tcp_tw_recycle", EL7),
        ("net.ipv4.tcp_tw_recycle", None),
        ("net.ipv4.tcp_rto_max_ms", "5.4.167"),
        ("net.ipv4.tcp_tw_timeout", "5.4.167"),
        ("net.ipv4.conf.all.rp_filter", "5.4.167"),
        ("net.ipv4.tcp_mem.min", "5.4.167"),
    ],
)
def test_a_setting_that_was_read_is_there(key, release):
    """Vendors add keys to older kernels, and a key that was removed shows an old one."""
    assert {} == gone({key: 1}, release)


def test_a_text_in_the_place_of_a_value_is_quoted():
    """It came from somebody's machine."""
    assert {"net.ipv4.tcp_tw_resue": (r"'\x1b[2J'", "no kernel has it; the nearest key is net.ipv4.tcp_tw_reuse")} == (
        gone({"net.ipv4.tcp_tw_resue": "\x1b[2J"})
    )
