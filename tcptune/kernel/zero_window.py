"""Sockets whose data or FIN waits behind a closed window, or could not be sent (tcp_timer.c tcp_probe_timer())."""

from __future__ import annotations

from tcptune.kernel.timeouts import TCP_RTO_MIN, Lifetime, Path, lasting, never, orphan_retries
from tcptune.kernel.timer_wheel import Clock, Run

ENDS = "silently, or with a RST where data was sent in the last minute; TcpExt.TCPAbortOnTimeout counts it"


def zero_window_orphan(
    case: str, setting: int, retries2: int, path: Path, answered: bool, decided_by: tuple[str, ...]
) -> Lifetime:
    """How long an orphan probes a closed window.

    The back-off of the probes stops growing at tcp_retries2. An answer resets the count of unanswered
    probes, so only the test "RTO at its ceiling and back-off >= retries" can end it then; where
    tcp_retries2 keeps the back-off below that, the socket never dies (measured: alive after 1000 s).
    TCP_USER_TIMEOUT counts from the first probe, before close() too.
    """
    if setting < 0 and not path.user_timeout:
        return never(case, decided_by, "a negative retry count is never reached")
    if answered and not path.user_timeout and _immortal(setting, retries2, path):
        return never(case, decided_by, "the peer's answers reset the count, and the back-off stops growing too early")

    def process(clock: Clock, _: float) -> Run:
        probing = _Probing(clock, path)
        while True:
            probing.wait()
            backed_off = path.backed_off(path.rto, probing.backoff)
            limit = orphan_retries(setting, backed_off, path.rto_max)
            at_ceiling = backed_off >= path.rto_max and path.rules.answered_orphans_die
            if probing.out_of_time or (at_ceiling and probing.backoff >= limit):
                return Run(clock.elapsed, probing.sent)
            if probing.unanswered >= limit + (not path.rules.probes_at_limit):
                return Run(clock.elapsed, probing.sent)
            probing.send(answered, retries2)

    return lasting(case, process, path, ENDS, decided_by)


def zero_window_owned(case: str, retries2: int, path: Path, answered: bool, decided_by: tuple[str, ...]) -> Lifetime:
    """How long a socket that a process holds probes a closed window.

    For ever, where the peer answers (RFC 9293 section 3.8.6.1), else until tcp_retries2 probes are unanswered.
    """
    if answered and not path.user_timeout:
        return never(case, decided_by, "as long as the peer answers the probes, an owned socket keeps asking")

    def process(clock: Clock, _: float) -> Run:
        probing = _Probing(clock, path)
        while True:
            probing.wait()
            if probing.out_of_time or probing.unanswered >= retries2 + (not path.rules.probes_at_limit):
                return Run(clock.elapsed, probing.sent)
            probing.send(answered, retries2)

    return lasting(case, process, path, ENDS, decided_by)


def _immortal(setting: int, retries2: int, path: Path) -> bool:
    """Whether the back-off stops growing before an answered orphan could end."""
    if not path.rules.answered_orphans_die:
        return True
    backoff = max(path.backoff, retries2)
    backed_off = path.backed_off(path.rto, backoff)
    return backed_off < path.rto_max or backoff < orphan_retries(setting, backed_off, path.rto_max)


class _Probing:
    """A persist timer at work: its back-off, its unanswered probes, and what it sent."""

    def __init__(self, clock: Clock, path: Path) -> None:
        self.backoff = path.backoff
        self.unanswered = path.probes
        self.sent: list[float] = []
        self.out_of_time = False
        self._clock, self._path = clock, path
        self._base = max(path.rto, TCP_RTO_MIN)
        self._first_probe = self._past() if path.backoff else None
        self._waited = False

    def wait(self) -> None:
        """Until the timer expires; the first time that may be what was left of it at close()."""
        interval = self._path.backed_off(self._base, self.backoff)
        if not self._waited and self._path.timer is not None:
            self._clock.sleep(self._cut(self._path.timer), armed_for=interval)
        else:
            self._clock.sleep(self._cut(interval))
        self._waited = True
        limit = self._path.user_timeout
        if self._first_probe is None:
            self._first_probe = self._clock.elapsed
        elif limit and self._clock.elapsed - self._first_probe >= limit - 1e-9:
            self.out_of_time = True

    def send(self, answered: bool, retries2: int) -> None:
        """One more probe. Its answer arms the timer anew, a round trip later (tcp_input.c tcp_ack_probe())."""
        self.sent.append(self._clock.elapsed)
        self.backoff += self.backoff < retries2
        if answered:
            self._clock.pass_time(self._path.rtt)
        else:
            self.unanswered += 1

    def _past(self) -> float:
        """When the first probe went out, for a socket that was probing when it was closed: before 0."""
        path = self._path
        interval = path.backed_off(self._base, path.backoff)
        to_go = interval if path.timer is None else path.timer
        return -(sum(path.backed_off(self._base, n) for n in range(1, path.backoff)) + interval - to_go)

    def _cut(self, interval: float) -> float:
        """A timer is cut at TCP_USER_TIMEOUT (tcp_timer.c tcp_clamp_probe0_to_user_timeout())."""
        limit = self._path.user_timeout
        if not limit or self._first_probe is None:
            return interval
        least = 2 / self._path.hz  # TCP_TIMEOUT_MIN
        return min(interval, max(least, limit - (self._clock.elapsed - self._first_probe)))
