"""The lifetimes of one machine: each case, the settings it needs, and the function that computes it.

A setting outside what the kernel accepts cannot be what the kernel holds: `refusal` says so, and the case is
left out. Computed all the same (`Case.compute` of a what-if), it counts as the nearest value that is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from tcptune.kernel import minisock, timeouts
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.handshake import syn_received, syn_sent
from tcptune.kernel.history import Range
from tcptune.kernel.release import Release
from tcptune.kernel.timeouts import Lifetime, Path
from tcptune.kernel.timer_rules import timer_rules
from tcptune.kernel.timer_wheel import DEFAULT_HZ
from tcptune.kernel.unanswered_fin import unacknowledged_fin
from tcptune.kernel.zero_window import zero_window_orphan

ORPHAN_RETRIES = "net.ipv4.tcp_orphan_retries"
RETRIES2 = "net.ipv4.tcp_retries2"
FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"
RTO_MAX = "net.ipv4.tcp_rto_max_ms"
RTO_MIN = "net.ipv4.tcp_rto_min_us"
SYN_RETRIES = "net.ipv4.tcp_syn_retries"
SYN_LINEAR = "net.ipv4.tcp_syn_linear_timeouts"
SYNACK_RETRIES = "net.ipv4.tcp_synack_retries"
EARLY_RETRANS = "net.ipv4.tcp_early_retrans"
SACK = "net.ipv4.tcp_sack"
TW_TIMEOUT = "net.ipv4.tcp_tw_timeout"
HZ = "kernel.hz"

Settings = Mapping[str, int]
"""Sysctl values by full name; one that is absent takes the constant it replaced."""

RETRANSMITTING = (RTO_MAX, RTO_MIN, EARLY_RETRANS, SACK, HZ)
PROBING = (RTO_MAX, RTO_MIN, HZ)


def _newest(name: str) -> Range:
    return next(found for found in SYSCTLS[name].ranges if not found.until)


DECIDING = (
    *(ORPHAN_RETRIES, RETRIES2, FIN_TIMEOUT, RTO_MAX, RTO_MIN),
    *(SYN_RETRIES, SYN_LINEAR, SYNACK_RETRIES, EARLY_RETRANS, SACK, TW_TIMEOUT),
)
ACCEPTED = {HZ: Range(24, 1200, note="From MIPS to Alpha."), **{name: _newest(name) for name in DECIDING}}
"""What today's kernels accept; CONFIG_HZ is chosen when the kernel is built."""

LOWEST = {
    name: min(found.low for found in SYSCTLS[name].ranges) if name in SYSCTLS else accepted.low
    for name, accepted in ACCEPTED.items()
}
"""Older kernels took negative retry counts, and the model knows what those do; more than 255 it does not know."""


class Case(NamedTuple):
    """One lifetime: what it is called, which settings it cannot do without, how it is computed.

    `reads` are settings that it takes into account where they are known.
    """

    name: str
    needs: tuple[str, ...]
    compute: Callable[[str, Settings, Path], Lifetime]
    reads: tuple[str, ...] = ()

    @property
    def fact(self) -> str:
        """The name in rules: "FIN-WAIT-1/orphan" is `timeouts.FIN_WAIT_1.orphan`."""
        return "timeouts." + self.name.replace("-", "_").replace("/", ".")


def path_of(settings: Settings, rtt: float = 0.0001, release: Release | None = None) -> Path:
    """A quiet connection on this machine: its RTO bounds, clock, tail loss probe and timer rules."""
    return Path(
        rtt=rtt,
        rto_min=nearest(settings, RTO_MIN, 200_000) / 1e6,
        rto_max=nearest(settings, RTO_MAX, 120_000) / 1e3,
        hz=nearest(settings, HZ, DEFAULT_HZ),
        tail_loss_probe=settings.get(EARLY_RETRANS, 3) in (3, 4) and settings.get(SACK, 1) != 0,
        rules=timer_rules(release),
    )


def lifetimes(settings: Settings, path: Path | None = None) -> dict[str, Lifetime]:
    """Every case whose settings are known and possible, by case name, in the order of `CASES`."""
    path = path or path_of(settings)
    return {
        case.name: _computed(case, tuple((name, settings.get(name)) for name in (*case.needs, *case.reads)), path)
        for case in CASES
        if all(name in settings for name in case.needs) and refusal(case, settings) is None
    }


@lru_cache(maxsize=512)
def _computed(case: Case, settings: tuple[tuple[str, int | None], ...], path: Path) -> Lifetime:
    """One case, for the settings that it takes into account: most machines of a fleet have the same."""
    return case.compute(case.name, {name: value for name, value in settings if value is not None}, path)


def refusal(case: Case, settings: Settings) -> str | None:
    """Why the settings of a case cannot be those of a kernel, or None."""
    for name in (*case.needs, *case.reads):
        if name in settings and not LOWEST[name] <= settings[name] <= ACCEPTED[name].high:
            low, high, since, *_ = ACCEPTED[name]
            accepts = f"{low}..{high} that the kernel accepts" + (f" since {since}" if since else "")
            return f"{name} = {settings[name]} is outside {accepts}"
    return None


def nearest(settings: Settings, name: str, absent: int = 0) -> int:
    """A setting, or the nearest value that a kernel accepts."""
    return min(max(settings.get(name, absent), LOWEST[name]), ACCEPTED[name].high)


def _orphan(case: str, settings: Settings, path: Path) -> Lifetime:
    decided_by = _decided(settings, ORPHAN_RETRIES, RTO_MAX, RTO_MIN)
    return _unanswered(nearest(settings, ORPHAN_RETRIES), True, path)._replace(case=case, decided_by=decided_by)


def _owned(case: str, settings: Settings, path: Path) -> Lifetime:
    decided_by = _decided(settings, RETRIES2, RTO_MAX, RTO_MIN)
    return _unanswered(nearest(settings, RETRIES2), False, path)._replace(case=case, decided_by=decided_by)


@lru_cache(maxsize=64)
def _unanswered(setting: int, orphan: bool, path: Path) -> Lifetime:
    """FIN-WAIT-1, CLOSING and LAST-ACK differ in name only, so one computation serves all three."""

    def retries_at(rto: float) -> int:
        return timeouts.orphan_retries(setting, rto, path.rto_max) if orphan else setting

    return unacknowledged_fin("", retries_at, path, ())


def _zero_window_answered(case: str, settings: Settings, path: Path) -> Lifetime:
    return _zero_window(case, settings, path, answered=True)


def _zero_window_unanswered(case: str, settings: Settings, path: Path) -> Lifetime:
    return _zero_window(case, settings, path, answered=False)


def _zero_window(case: str, settings: Settings, path: Path, answered: bool) -> Lifetime:
    names = (RETRIES2, ORPHAN_RETRIES) if answered else (ORPHAN_RETRIES, RETRIES2)
    decided_by = _decided(settings, *names, RTO_MAX, RTO_MIN)
    setting, retries2 = nearest(settings, ORPHAN_RETRIES), nearest(settings, RETRIES2)
    return zero_window_orphan(case, setting, retries2, path, answered, decided_by)


def _fin_wait_2_orphan(case: str, settings: Settings, path: Path) -> Lifetime:
    decided_by = ("TCP_LINGER2",) if path.linger2 else _decided(settings, FIN_TIMEOUT, TW_TIMEOUT)
    return minisock.fin_wait_2_orphan(case, nearest(settings, FIN_TIMEOUT), path, decided_by, _timewait_len(settings))


def _fin_wait_2_owned(case: str, _settings: Settings, _path: Path) -> Lifetime:
    return timeouts.never(case, (), "shutdown() without close(): no timer runs; the owner must close it")


def _close_wait(case: str, _settings: Settings, _path: Path) -> Lifetime:
    return timeouts.never(case, (), "no timer and no sysctl: it waits for the application's close()")


def _time_wait(case: str, settings: Settings, path: Path) -> Lifetime:
    return minisock.time_wait(case, path, _decided(settings, TW_TIMEOUT), _timewait_len(settings))


def _timewait_len(settings: Settings) -> float:
    """60 s, or what a vendor kernel's tcp_tw_timeout makes of it."""
    return float(nearest(settings, TW_TIMEOUT, int(minisock.TCP_TIMEWAIT_LEN)))


def _syn_sent(case: str, settings: Settings, path: Path) -> Lifetime:
    decided_by = _decided(settings, SYN_RETRIES, SYN_LINEAR)
    return syn_sent(case, nearest(settings, SYN_RETRIES), nearest(settings, SYN_LINEAR), path, decided_by)


def _syn_received(case: str, settings: Settings, path: Path) -> Lifetime:
    return syn_received(case, nearest(settings, SYNACK_RETRIES), path, _decided(settings, SYNACK_RETRIES))


def _decided(settings: Settings, *names: str) -> tuple[str, ...]:
    """Those of the settings that this machine has."""
    return tuple(name for name in names if name in settings)


CASES = (
    Case("FIN-WAIT-1/orphan", (ORPHAN_RETRIES,), _orphan, RETRANSMITTING),
    Case("FIN-WAIT-1/owned", (RETRIES2,), _owned, RETRANSMITTING),
    Case("FIN-WAIT-1/zero-window-answered", (ORPHAN_RETRIES, RETRIES2), _zero_window_answered, PROBING),
    Case("FIN-WAIT-1/zero-window-unanswered", (ORPHAN_RETRIES, RETRIES2), _zero_window_unanswered, PROBING),
    Case("CLOSING/orphan", (ORPHAN_RETRIES,), _orphan, RETRANSMITTING),
    Case("CLOSING/owned", (RETRIES2,), _owned, RETRANSMITTING),
    Case("LAST-ACK/orphan", (ORPHAN_RETRIES,), _orphan, RETRANSMITTING),
    Case("LAST-ACK/owned", (RETRIES2,), _owned, RETRANSMITTING),
    Case("FIN-WAIT-2/orphan", (FIN_TIMEOUT,), _fin_wait_2_orphan, (*PROBING, TW_TIMEOUT)),
    Case("FIN-WAIT-2/owned", (), _fin_wait_2_owned),
    Case("TIME-WAIT", (), _time_wait, (HZ, TW_TIMEOUT)),
    Case("CLOSE-WAIT", (), _close_wait),
    Case("SYN-SENT", (SYN_RETRIES,), _syn_sent, (SYN_LINEAR, RTO_MAX, HZ)),
    Case("SYN-RECEIVED", (SYNACK_RETRIES,), _syn_received, (RTO_MAX, HZ)),
)
"""In the order in which the report prints them."""
