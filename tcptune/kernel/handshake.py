"""SYN-SENT and SYN-RECEIVED that nobody answers (tcp_timer.c, inet_connection_sock.c)."""

from __future__ import annotations

from tcptune.kernel.timeouts import ROUNDING, TCP_TIMEOUT_INIT, Lifetime, Path, lasting, model_timeout
from tcptune.kernel.timer_wheel import Clock, Run


def syn_sent(case: str, retries: int, linear: int, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """How long connect() tries (tcp_timer.c tcp_retransmit_timer(); linear timeouts since 6.5).

    The first 1 + `linear` timeouts are 1 s each, then they double up to 120 s. connect() fails at the first
    timer at or after `model_timeout` with a base of 1 s, which is 127 s for 6 retries and 120 s more for each
    further one: measured 133 s for 6 retries with 4 linear ones, 129 s without.
    `path.backoff` SYNs may have been repeated already, with `path.timer` to go.
    """
    limit = model_timeout(retries, path.rto_max, TCP_TIMEOUT_INIT)

    def timeout(count: int) -> float:
        return path.backed_off(TCP_TIMEOUT_INIT, max(0, count - linear))

    def process(clock: Clock, _: float) -> Run:
        count, left = path.backoff, _left(path, timeout(path.backoff))
        before = clock.relive(map(timeout, range(count)), timeout(count) - left)
        sent = [] if count else [0.0]
        clock.sleep(left, armed_for=timeout(count))
        while before + clock.elapsed < limit - ROUNDING:
            sent.append(clock.elapsed)
            count += 1
            clock.sleep(timeout(count))
        return Run(clock.elapsed, sent)

    return lasting(case, process, path, "connect() fails with ETIMEDOUT", decided_by, model=limit)


def syn_received(case: str, retries: int, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """How long a handshake waits for its last ACK (inet_connection_sock.c reqsk_timer_handler()).

    `path.backoff` SYN-ACKs may have been repeated already, with `path.timer` to go.
    """

    def timeout(count: int) -> float:
        return path.backed_off(TCP_TIMEOUT_INIT, count)

    def process(clock: Clock, _: float) -> Run:
        sent = [] if path.backoff else [0.0]
        clock.sleep(_left(path, timeout(path.backoff)), armed_for=timeout(path.backoff))
        for count in range(path.backoff, max(0, retries)):
            sent.append(clock.elapsed)
            clock.sleep(timeout(count + 1))
        return Run(clock.elapsed, sent)

    return lasting(
        case, process, path, "the server forgets it; the client may believe the connection is open", decided_by
    )


def _left(path: Path, timeout: float) -> float:
    """What the running timer has to go."""
    return timeout if path.timer is None else min(path.timer, timeout)
