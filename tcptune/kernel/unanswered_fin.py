"""FIN-WAIT-1, CLOSING and LAST-ACK whose FIN is never acknowledged (tcp_timer.c tcp_write_timeout())."""

from __future__ import annotations

from collections.abc import Callable

from tcptune.kernel.timeouts import ROUNDING, TCP_RTO_MIN, Lifetime, Path, lasting, model_timeout, never
from tcptune.kernel.timer_wheel import Clock, Run

RetriesAt = Callable[[float], int]
"""The retry count in force when a timer of so many seconds has expired."""


def unacknowledged_fin(case: str, retries_at: RetriesAt, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """How long an unacknowledged FIN is repeated.

    The limit counts from the first RTO, is tested at every later one, and the test comes before the
    retransmission. A tail loss probe repeats the FIN once before the first RTO and counts for nothing.
    TCP_USER_TIMEOUT takes the place of the retry model, for orphans too, and shortens the timers to itself.
    A negative retry count (accepted up to 5.12) overflows into weeks and is told as "never".
    """
    if retries_at(path.rto) < 0 and not path.user_timeout:
        return never(case, decided_by, "a negative retry count overflows the model: weeks")
    limit = 0.0

    def process(clock: Clock, _: float) -> Run:
        nonlocal limit
        first_rto, timeout, sent = _until_the_first_test(clock, path)
        while True:
            limit = path.user_timeout or model_timeout(retries_at(timeout), path.rto_max)
            waited = clock.elapsed - first_rto
            if waited >= limit - ROUNDING:
                return Run(clock.elapsed, sent)
            sent.append(clock.elapsed)
            timeout = min(timeout * 2, path.rto_max)
            clock.sleep(_shortened(timeout, path, waited))

    found = lasting(case, process, path, "silently: no RST is sent; TcpExt.TCPAbortOnTimeout counts it", decided_by)
    return found._replace(model=limit)


def _until_the_first_test(clock: Clock, path: Path) -> tuple[float, float, list[float]]:
    """Up to the first RTO expiry at which the socket may die: (time of the first RTO, that timeout, sent).

    A connection that was retransmitting when it was closed has its first RTO behind it, and timers that were late.
    """
    if path.backoff:
        timeout = path.backed_off(path.fin_rto, path.backoff)
        to_go = timeout if path.timer is None else path.timer
        clock.sleep(path.fin_rto)
        waited = clock.relive((path.backed_off(path.fin_rto, n) for n in range(1, path.backoff)), timeout - to_go)
        clock.sleep(to_go, armed_for=timeout)
        return -waited, timeout, []
    sent = [0.0]
    if path.tail_loss_probe:
        clock.sleep(loss_probe(path) if path.timer is None else path.timer)
        sent.append(clock.elapsed)
        clock.sleep(path.rto)
    else:
        clock.sleep(path.rto if path.timer is None else path.timer, armed_for=path.rto)
    first_rto = clock.elapsed
    timeout = min(path.rto * 2, path.rto_max)
    clock.sleep(_shortened(timeout, path, 0.0))
    return first_rto, timeout, [*sent, first_rto]


def loss_probe(path: Path) -> float:
    """When a lone FIN is probed (tcp_output.c tcp_schedule_loss_probe()); never later than the RTO."""
    if path.rules.early_loss_probe:
        return min(path.rto, max(2 * path.rtt, 1.5 * path.rtt + TCP_RTO_MIN))
    return min(path.rto, 2 * path.rtt + path.rto_floor)


def _shortened(timeout: float, path: Path, waited: float) -> float:
    """A timer is cut at TCP_USER_TIMEOUT (tcp_timer.c tcp_clamp_rto_to_user_timeout())."""
    return min(timeout, path.user_timeout - waited) if path.user_timeout else timeout
