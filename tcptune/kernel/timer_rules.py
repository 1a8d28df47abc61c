"""What changed in the kernel's closing timers from release to release.

Each field names its change and the trees that show it; a release that is unknown is taken for current.
"""

from __future__ import annotations

from typing import NamedTuple

from tcptune.kernel.release import Release


class TimerRules(NamedTuple):
    """The rules of one kernel.

    `timer_wheel`: timers fire on the tick of a wheel level (since 4.8). `probes_at_limit`: an orphan dies when
    as many probes as tcp_orphan_retries allows are unanswered, and not one later (seen in 4.20, not in 4.19 and
    RHEL 8). `answered_orphans_die`: an orphan behind an answered zero window ends at the RTO ceiling (seen in
    3.18, not in 3.17; RHEL 7 has it). `early_loss_probe`: the tail loss probe follows the first formula (up
    to 4.13). `timewait_slots`: minisocks wait in eight slots of 7.5 s and have no timer of their own (up to 4.0, and
    in RHEL 7). `linger2_limit`: seconds that TCP_LINGER2 may ask for (5.8; before, more than tcp_fin_timeout
    meant tcp_fin_timeout).
    """

    timer_wheel: bool = True
    probes_at_limit: bool = True
    answered_orphans_die: bool = True
    early_loss_probe: bool = False
    timewait_slots: bool = False
    linger2_limit: float | None = 120.0


CURRENT = TimerRules()
"""The rules of 6.18, on which they were measured."""


def timer_rules(release: Release | None) -> TimerRules:
    """The rules of a release; those of 6.18 where it is not known."""
    if release is None:
        return CURRENT
    rhel = release.vendor.startswith("el")
    return TimerRules(
        timer_wheel=release.version >= (4, 8),
        probes_at_limit=release.version >= (4, 20),
        answered_orphans_die=release.version >= (3, 18) or release.is_vendor("el7"),
        early_loss_probe=release.version < (4, 14) and not (rhel and not release.is_vendor("el7")),
        timewait_slots=release.version < (4, 1),
        linger2_limit=120.0 if release.version >= (5, 8) else None,
    )
