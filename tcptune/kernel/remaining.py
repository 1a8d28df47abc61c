"""How long a socket that was caught half-way still has: the lifetime model, begun from its running timer.

What sock_diag shows of a socket (timer, time to go, RTO, back-off, probes) is all that the kernel's own timers go
by, but for TCP_USER_TIMEOUT and TCP_LINGER2, which it does not show.
"""

from __future__ import annotations

from tcptune.kernel import lifetimes as settings_of
from tcptune.kernel.handshake import syn_received, syn_sent
from tcptune.kernel.lifetimes import Settings, nearest, path_of
from tcptune.kernel.minisock import TCP_TIMEWAIT_LEN
from tcptune.kernel.release import Release
from tcptune.kernel.running_timer import Timer
from tcptune.kernel.states import UNACKNOWLEDGED, TcpState
from tcptune.kernel.timeouts import Lifetime, Path, lasting, orphan_retries
from tcptune.kernel.timer_wheel import Clock, Run
from tcptune.kernel.unanswered_fin import unacknowledged_fin
from tcptune.kernel.waiting import waiting
from tcptune.kernel.zero_window import zero_window_orphan, zero_window_owned


def remaining(
    state: TcpState, owned: bool, timer: Timer | None, settings: Settings, release: Release | None, phases: int = 32
) -> Lifetime | None:
    """What is left of a socket's life in its state, were its peer to stay as it is; None where it cannot be told.

    The case of the result is the state's name; `expected` is None where nothing will end it.
    """
    path = path_of(settings, release=release)._replace(phases=phases)
    case = state.rfc
    if timer is None or timer.name == "keepalive":
        left = None if timer is None else timer.left
        if state != TcpState.FIN_WAIT_2 or owned or left is None:
            return waiting(state, owned)
        return _full_fin_wait_2(left, settings, path)
    if timer.left is None:
        return None
    if timer.name == "timewait":
        return _minisock(state, timer.left, settings, path)
    if state in (TcpState.SYN_SENT, TcpState.SYN_RECEIVED):
        return _handshake(state, settings, path._replace(timer=timer.left, backoff=timer.unanswered))
    if state not in UNACKNOWLEDGED or timer.rto is None:
        return None
    at_work = path._replace(timer=timer.left, known_rto=timer.rto, backoff=timer.backoff, probes=timer.unanswered)
    closing = _probing if timer.name == "persist" else _retransmitting
    return closing(case, owned, timer, settings, at_work)


def _handshake(state: TcpState, settings: Settings, path: Path) -> Lifetime:
    """A SYN or SYN-ACK that is being repeated."""
    if state == TcpState.SYN_RECEIVED:
        retries = nearest(settings, settings_of.SYNACK_RETRIES, 5)
        return syn_received(state.rfc, retries, path, (settings_of.SYNACK_RETRIES,))
    retries, linear = nearest(settings, settings_of.SYN_RETRIES, 6), nearest(settings, settings_of.SYN_LINEAR)
    return syn_sent(state.rfc, retries, linear, path, (settings_of.SYN_RETRIES,))


def _full_fin_wait_2(left: float, settings: Settings, path: Path) -> Lifetime:
    """An orphan that is still a full socket (tcp_timer.c tcp_keepalive_timer()).

    Its timer has so long to go, and as a minisock it then lasts as long as the whole first half did. That is
    tcp_fin_timeout less 60 s. Where the setting says nothing of the kind, TCP_LINGER2 asked for it, and the socket
    does not show for how long.
    """
    half = nearest(settings, settings_of.FIN_TIMEOUT, 60) - _timewait_len(settings)

    def process(clock: Clock, chance: float) -> Run:
        first = max(half, left)
        clock.sleep(left, armed_for=first)
        share = 0.5 + (chance - 0.5) * path.phases / max(1, path.phases - 1)  # over the phases from 0 to 1
        clock.sleep(first if half > 0 else left + share * (TCP_TIMEWAIT_LEN - left))
        return Run(clock.elapsed)

    return lasting(
        "FIN-WAIT-2", process, path, "silently, after as long again as a minisock", (settings_of.FIN_TIMEOUT,)
    )


def _minisock(state: TcpState, left: float, settings: Settings, path: Path) -> Lifetime:
    """A time-wait entry: what its timer has to go, and how late the wheel runs it."""
    whole = _timewait_len(settings)
    decided_by: tuple[str, ...] = ()
    if state == TcpState.FIN_WAIT_2:
        asked = float(max(1, nearest(settings, settings_of.FIN_TIMEOUT, 60)))
        whole, decided_by = asked if asked <= whole else asked - whole, (settings_of.FIN_TIMEOUT,)

    def process(clock: Clock, _: float) -> Run:
        clock.sleep(left, armed_for=max(whole, left))
        return Run(clock.elapsed)

    return lasting(state.rfc, process, path, "silently", decided_by)


def _retransmitting(case: str, owned: bool, timer: Timer, settings: Settings, path: Path) -> Lifetime:
    """A FIN that is being repeated.

    Before the first RTO the timer may be that of the tail loss probe, after which a whole RTO follows; once something
    was retransmitted, the probe is taken to be out.
    """
    setting = nearest(settings, settings_of.RETRIES2 if owned else settings_of.ORPHAN_RETRIES, 15 if owned else 0)
    name = settings_of.RETRIES2 if owned else settings_of.ORPHAN_RETRIES
    begun = path._replace(tail_loss_probe=path.tail_loss_probe and not timer.tail_probed)

    def retries_at(rto: float) -> int:
        return setting if owned else orphan_retries(setting, rto, path.rto_max)

    return unacknowledged_fin(case, retries_at, begun, (name,))


def _probing(case: str, owned: bool, timer: Timer, settings: Settings, path: Path) -> Lifetime:
    """A closed window that is being probed, or a FIN that could not leave.

    Where probes went out and none is unanswered, the peer answers. Each of those that are unanswered doubled the timer,
    also where the source shows no back-off and the time to go is short.
    """
    answered = timer.backoff > 0 and timer.unanswered == 0
    retries2 = nearest(settings, settings_of.RETRIES2, 15)
    path = path._replace(backoff=max(timer.backoff, min(timer.unanswered, retries2)))
    if owned:
        return zero_window_owned(case, retries2, path, answered, (settings_of.RETRIES2,))
    setting = nearest(settings, settings_of.ORPHAN_RETRIES)
    return zero_window_orphan(
        case, setting, retries2, path, answered, (settings_of.ORPHAN_RETRIES, settings_of.RETRIES2)
    )


def _timewait_len(settings: Settings) -> float:
    return float(nearest(settings, settings_of.TW_TIMEOUT, int(TCP_TIMEWAIT_LEN)))
