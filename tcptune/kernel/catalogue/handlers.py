"""What the kernel's sysctl handlers accept and when keys became per namespace: rows that many keys share."""

from __future__ import annotations

from tcptune.kernel.history import INT_MAX, INT_MIN, Range, Span

PER_NETNS = "A new namespace starts with the kernel's default, not with the host's value."
HOST_WIDE = "One value for the whole machine; the file is absent in child namespaces."

RHEL_7_HOST = ("RHEL 7", "One value for the whole machine, not per network namespace.")
RHEL_7_NETNS = ("RHEL 7", "Per network namespace already.")

ANY_INT = (Range(INT_MIN, INT_MAX, note="Any 32-bit integer is stored, negative ones too."),)
"""proc_dointvec: nothing is refused but what does not fit."""

INT_THEN_BYTE = (
    Range(INT_MIN, INT_MAX, until="5.12", note="Any 32-bit integer, negative ones too; RHEL 7 and RHEL 8 as well."),
    Range(0, 255, since="5.13", note="An int in 5.12, a byte in 5.14-rc5: 5.13 is inferred; RHEL 9 and 10 as well."),
)
"""proc_dointvec, later proc_dou8vec_minmax."""

SECONDS_IN_JIFFIES = (
    Range(
        -((2**63 - 1) // 250),
        (2**63 - 1) // 250,
        until="4.11",
        note="LONG_MAX/HZ, here for HZ=250 on 64 bits: above INT_MAX/HZ the value wraps silently; RHEL 7 as well.",
    ),
    Range(
        -8589934,
        8589934,
        since="4.12",
        note="INT_MAX/HZ, here for HZ=250 (measured); 2147483 with HZ=1000. Negative values are accepted.",
    ),
)
"""proc_dointvec_jiffies: written in seconds, stored multiplied by HZ."""


def netns_since(release: str, host_until: str) -> tuple[Span, ...]:
    """A key that was one for the machine up to `host_until` and belongs to a namespace since `release`."""
    return (Span("host", until=host_until, note=HOST_WIDE), Span("netns", since=release, note=PER_NETNS))


NETNS = (Span("netns", note=PER_NETNS),)
HOST = (Span("host", note=HOST_WIDE),)
