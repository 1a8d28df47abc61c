"""What changed in the closing timers from release to release, and what each change does to a lifetime."""

from __future__ import annotations

import pytest

from tcptune.kernel.lifetimes import lifetimes, path_of
from tcptune.kernel.minisock import fin_wait_2_orphan, time_wait
from tcptune.kernel.release import Release
from tcptune.kernel.timeouts import Path
from tcptune.kernel.timer_rules import CURRENT, timer_rules
from tcptune.kernel.unanswered_fin import loss_probe
from tcptune.kernel.zero_window import zero_window_orphan


def rules(text: str):
    """The rules of the kernel that `uname -r` calls so."""
    return timer_rules(Release.parse(text))


@pytest.mark.parametrize("release", ["6.18.2", "6.1.0-18-amd64", "5.14.0-427.el9.x86_64", None])
def test_todays_kernels_have_todays_rules(release):
    """An unknown release is taken for a current one."""
    assert CURRENT == (timer_rules(None) if release is None else rules(release))


@pytest.mark.parametrize(
    ("release", "field", "value"),
    [
        ("4.7.10", "timer_wheel", False),
        ("4.8.0", "timer_wheel", True),
        ("4.19.79", "probes_at_limit", False),
        ("5.0.1", "probes_at_limit", True),
        ("4.18.0-553.el8_10.x86_64", "probes_at_limit", False),
        ("3.16.0", "answered_orphans_die", False),
        ("3.18.140", "answered_orphans_die", True),
        ("3.10.0-1160.el7.x86_64", "answered_orphans_die", True),
        ("4.13.9", "early_loss_probe", True),
        ("4.14.67", "early_loss_probe", False),
        ("4.0.5", "timewait_slots", True),
        ("4.1.52", "timewait_slots", False),
        ("3.10.0-1160.el7.x86_64", "timewait_slots", True),
        ("5.7.14", "linger2_limit", None),
        ("5.8.18", "linger2_limit", 120.0),
    ],
)
def test_each_change_has_its_release(release, field, value):
    """The first tree that has a change, and the last one that has not."""
    assert value == getattr(rules(release), field)


def test_a_timer_before_the_wheel_is_late_by_a_jiffy_at_most():
    """60.0 s on 4.4, 60.0 to 62.05 s on 6.18."""
    old = time_wait("TIME-WAIT", Path(rules=rules("4.4.178")))
    new = time_wait("TIME-WAIT", Path())

    assert old.max - old.min < 0.1
    assert 2.0 < new.max - new.min < 2.2


def test_before_4_1_minisocks_wait_in_slots():
    """TIME-WAIT takes 52.5 to 60 s there, and a FIN-WAIT-2 of 30 s between 30 and 37.5 s."""
    path = Path(rules=rules("3.10.0-1160.el7.x86_64"))
    resting = time_wait("TIME-WAIT", path)
    waiting = fin_wait_2_orphan("c", 30, path, ())

    assert 52.4 <= resting.min < resting.max <= 60.2
    assert 30 <= waiting.min < waiting.max <= 37.8


def test_an_older_kernel_sends_one_probe_more():
    """Silent peer: N probes since 5.0, N + 1 before, which doubles the time."""
    old, new = (zero_window_orphan("c", 3, 15, Path(rules=rules(text)), False, ()) for text in ("4.19.79", "6.18.0"))

    assert len(new.transmissions) + 1 == len(old.transmissions)
    assert old.expected > 1.9 * new.expected


def test_before_3_18_an_answered_orphan_is_immortal():
    """The test against the RTO ceiling was not there."""
    assert zero_window_orphan("c", 0, 15, Path(rules=rules("3.16.0")), True, ()).expected is None
    assert zero_window_orphan("c", 0, 15, Path(rules=rules("3.18.140")), True, ()).expected is not None


def test_the_first_loss_probe_waited_for_one_and_a_half_round_trips():
    """1.5 x RTT + 200 ms up to 4.13, 2 x RTT + 200 ms since, and never later than the RTO."""
    slow = Path(rtt=0.05, known_rto=0.4)

    assert 0.3 == pytest.approx(loss_probe(slow))
    assert 0.275 == pytest.approx(loss_probe(slow._replace(rules=rules("4.13.9"))))
    assert 0.3 == loss_probe(slow._replace(known_rto=0.3, rtt=1.0))


def test_linger2_beyond_its_limit():
    """Capped at 120 s since 5.8 (measured: 122 s); before, it could only shorten tcp_fin_timeout."""
    asked = Path(linger2=500.0)
    new = fin_wait_2_orphan("c", 60, asked, ())
    old = fin_wait_2_orphan("c", 60, asked._replace(rules=rules("5.4.273")), ())

    assert 120 < new.expected < 125
    assert 60 < old.expected < 62.2


def test_a_vendors_tw_timeout_takes_the_place_of_60_seconds():
    """TIME-WAIT lasts what it says, and FIN-WAIT-2 splits at it: 2 x (60 - 10) s."""
    settings = {"net.ipv4.tcp_tw_timeout": 10, "net.ipv4.tcp_fin_timeout": 60}
    found = lifetimes(settings, path_of(settings))

    assert 10.0 <= found["TIME-WAIT"].min < found["TIME-WAIT"].max < 10.5
    assert 100 <= found["FIN-WAIT-2/orphan"].min < found["FIN-WAIT-2/orphan"].max < 105
    assert ("net.ipv4.tcp_tw_timeout",) == found["TIME-WAIT"].decided_by


def test_the_fins_of_a_capture_on_5_3_lie_where_the_model_puts_them():
    """LAST-ACK on kernel 5.3 to a silent peer: ten FINs in 53 s, with the RTO that the first intervals show."""
    sent = [0.0, 0.207411, 0.416293, 0.823691, 1.631574, 3.297158, 6.561093, 13.344618, 26.655546, 52.767254]
    settings = {"net.ipv4.tcp_orphan_retries": 0, "kernel.hz": 1000}
    path = path_of(settings, rtt=0.0003, release=Release.parse("5.3.0"))
    found = lifetimes(settings, path)["LAST-ACK/orphan"]

    assert 0.201 == path.rto
    assert len(sent) == len(found.transmissions) == len(found.transmission_ranges)
    for measured, (least, most) in zip(sent, found.transmission_ranges, strict=True):
        assert least <= measured <= most
