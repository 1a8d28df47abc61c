"""SYN-SENT and SYN-RECEIVED that nobody answers (tcp_timer.c, inet_connection_sock.c)."""

from __future__ import annotations

from tcptune.kernel.timeouts import TCP_TIMEOUT_INIT, Lifetime, Path, lasting, model_timeout
from tcptune.kernel.timer_wheel import Clock, Run


def syn_sent(case: str, retries: int, linear: int, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """How long connect() tries (tcp_timer.c tcp_retransmit_timer(); linear timeouts since 6.5).

    The first 1 + `linear` timeouts are 1 s each, then they double up to 120 s. connect() fails at the first
    timer at or after `model_timeout` with a base of 1 s, which is 127 s for 6 retries and 120 s more for each
    further one: measured 133 s for 6 retries with 4 linear ones, 129 s without.
    """
    limit = model_timeout(retries, path.rto_max, TCP_TIMEOUT_INIT)

    def process(clock: Clock, _: float) -> Run:
        sent, timeout, count = [0.0], TCP_TIMEOUT_INIT, 0
        while True:
            clock.sleep(timeout)
            count += 1
            if clock.elapsed >= limit:
                return Run(clock.elapsed, sent)
            sent.append(clock.elapsed)
            if count > linear:
                timeout = min(timeout * 2, path.rto_max)

    return lasting(case, process, path, "connect() fails with ETIMEDOUT", decided_by, model=limit)


def syn_received(case: str, retries: int, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """How long a handshake waits for its last ACK (inet_connection_sock.c reqsk_timer_handler())."""

    def process(clock: Clock, _: float) -> Run:
        sent, timeout = [0.0], TCP_TIMEOUT_INIT
        for _ in range(max(0, retries)):
            clock.sleep(timeout)
            sent.append(clock.elapsed)
            timeout = min(timeout * 2, path.rto_max)
        clock.sleep(timeout)
        return Run(clock.elapsed, sent)

    return lasting(
        case, process, path, "the server forgets it; the client may believe the connection is open", decided_by
    )
