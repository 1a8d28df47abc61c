"""What the kernel makes of a text that is written to a sysctl; live/test_sysctl_writes.py asks a real one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import Release
from tcptune.kernel.writing import range_at, write

FIN_TIMEOUT = SYSCTLS["net.ipv4.tcp_fin_timeout"]
PORTS = SYSCTLS["net.ipv4.ip_local_port_range"]
SOMAXCONN = SYSCTLS["net.core.somaxconn"]
MEM = SYSCTLS["net.ipv4.tcp_mem"]

RELEASES = [None, *map(Release.parse, ("3.10.0", "4.4.0", "4.19.0", "5.15.0", "6.18.0"))]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789-+xXabf #;,.'\"\t\n", max_size=40),
    st.lists(st.integers(-(2**70), 2**70), max_size=5).map(lambda numbers: " ".join(map(str, numbers))),
)


@given(st.sampled_from(sorted(SYSCTLS)), TEXTS, st.sampled_from(RELEASES))
def test_any_text_has_an_outcome(name, text, release):
    """A reason where it is not accepted, numbers of the key's own range, and never more than the key has."""
    key = SYSCTLS[name]
    done = write(key, text, release)
    accepted = range_at(key, release)

    assert done.outcome in ("accepted", "partly", "refused")
    assert (done.outcome == "accepted") == (done.why == "")
    assert len(done.numbers) <= (len(key.parts) or 1)
    assert done.outcome != "refused" or done.numbers == ()
    assert all(accepted is None or accepted.low <= number <= accepted.high for number in done.numbers)


WITH_RANGE = [key for key in SYSCTLS.values() if not key.text and range_at(key, None)]


@given(st.sampled_from(WITH_RANGE), st.data())
def test_a_number_of_the_range_is_accepted_as_it_is(key, data):
    """With any blanks around and between."""
    within = range_at(key, None)
    low, high = max(within.low, 1024), min(within.high, 2**62)
    count = len(key.parts) or 1
    if low > high:
        low, high = within.low, within.high
    numbers = sorted(data.draw(st.lists(st.integers(low, high), min_size=count, max_size=count)))
    blanks = data.draw(st.sampled_from([" ", "\t", "  "]))

    assert ("accepted", tuple(numbers), "") == write(key, f" {blanks.join(map(str, numbers))}\t")


@pytest.mark.parametrize(
    ("key", "text", "outcome", "numbers", "why"),
    [
        (FIN_TIMEOUT, "0x1e", "accepted", (30,), ""),
        (FIN_TIMEOUT, "036", "accepted", (30,), ""),
        (FIN_TIMEOUT, "08", "refused", (), "'08' is not a number"),
        (FIN_TIMEOUT, "", "refused", (), "'' is not a number"),
        (FIN_TIMEOUT, "30s", "refused", (), "'30s' is not a number"),
        (FIN_TIMEOUT, "30 # c", "partly", (30,), "'# c' after the value is lost"),
        (FIN_TIMEOUT, "30 60", "partly", (30,), "'60' after the value is lost"),
        (FIN_TIMEOUT, "3" * 25, "refused", (), f"'{'3' * 25}' is not a number"),
        (PORTS, "1024", "partly", (1024,), "1 of 2 numbers; max keeps its value"),
        (PORTS, "65000 1024", "refused", (), "the first port exceeds the second"),
        (PORTS, "1024 x", "refused", (), "'x' is not a number"),
        (PORTS, "1 65535", "refused", (), "1 is below ip_unprivileged_port_start, 1024 by default"),
        (MEM, "1 2", "partly", (1, 2), "2 of 3 numbers; max keeps its value"),
        (SYSCTLS["net.ipv4.ip_local_reserved_ports"], "8080,9000-9010", "accepted", (), ""),
    ],
)
def test_what_becomes_of_a_text(key, text, outcome, numbers, why):
    """One line for each way in which it can go."""
    assert (outcome, numbers, why) == write(key, text)


@pytest.mark.parametrize(
    ("key", "text", "release", "outcome"),
    [
        (SOMAXCONN, "65536", "3.10.0-1160.el7.x86_64", "refused"),
        (SOMAXCONN, "65536", "4.4.0", "accepted"),
        (PORTS, "512 65535", "4.10.0", "accepted"),
        (PORTS, "512 65535", "4.11.0", "refused"),
        (SYSCTLS["net.ipv4.tcp_tw_reuse"], "3", "4.17.0", "accepted"),
        (SYSCTLS["net.ipv4.tcp_tw_reuse"], "3", "4.18.0", "refused"),
        (SYSCTLS["net.ipv4.tcp_orphan_retries"], "-1", "5.12.0", "accepted"),
        (SYSCTLS["net.ipv4.tcp_orphan_retries"], "-1", "5.13.0", "refused"),
    ],
)
def test_the_range_is_that_of_the_release(key, text, release, outcome):
    """Ranges were narrowed and widened over the years."""
    assert outcome == write(key, text, Release.parse(release)).outcome
