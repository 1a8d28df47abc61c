"""What the tests of output formats share: reports made by hand, reports of any text, and the stored hosts' reports."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st
from test_hosts import HOSTS, judged, seen

from tcptune.kernel.timeouts import Lifetime
from tcptune.model.report import (
    Advice,
    Counted,
    Evidence,
    Finding,
    History,
    Report,
    Severity,
    Skipped,
    Suppressed,
)
from tcptune.model.snapshot import Host

HOSTILE = (
    "plain",
    "",
    "a\x1b[31mb\x07",
    "\u202eright to left\u202c",
    "]]></failure><!--",
    "::error file=x::pwned",
    "line\r\nbreak\x85and\u2028more",
    "'single' \"double\" `back` \\slash",
    "half \ud800 \udcff",
    "\ufffe\uffff\x00",
    "a|b=c;d,e:f%0A",
    "{{ 7 * 7 }} {% raw %} {# x #} {{{",
    "wéb-3 🐧",
    "=1+1",
    "../../etc/passwd",
    "x" * 3000,
)
"""Text that some format would take for something else."""

texts = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=20)
optional_texts = st.none() | texts
values = st.none() | st.integers(-(2**63), 2**63) | st.floats() | texts
scopes = st.sampled_from(["netns", "host"])
keys = st.sampled_from(["net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_max_orphans", "net.ipv4.tcp_mem", "vm.x"]) | texts

evidence = st.builds(
    Evidence,
    name=st.sampled_from(["sockstat.TCP.orphan", "net.ipv4.tcp_max_orphans", "sockstat.TCP.tw"]) | texts,
    value=values,
    unit=st.sampled_from(["", "s", "ratio", "sockets", "text"]),
    scope=scopes,
    where=optional_texts,
    rate=st.none() | st.floats(0),
)
seconds = st.none() | st.floats(0, 1e10)
counted = st.builds(
    Counted,
    name=texts,
    total=st.integers(0, 2**63),
    rise=st.none() | st.integers(0, 2**63),
    gap=optional_texts,
    logged=st.booleans(),
)
histories = st.builds(
    History,
    counted=st.lists(counted, min_size=1, max_size=2).map(tuple),
    uptime=seconds,
    from_boot=st.booleans(),
    interval=st.none() | st.floats(0.01, 1e10),
    watch_for=seconds,
    was=st.sampled_from([None, *list(Severity)[1:]]),
)
settings_values = st.sampled_from(["60", "-1", "32768 60999", "4096\t87380\t6291456", "8080,9000-9010", ""]) | texts
set_advice = st.builds(
    Advice,
    kind=st.just("sysctl"),
    effect=texts,
    cost=texts,
    key=keys,
    value=settings_values,
    was=st.none() | settings_values,
)
told_advice = st.builds(
    Advice, kind=st.sampled_from(["application", "investigate", "do-nothing"]), effect=texts, cost=texts, action=texts
)
places = st.one_of(
    st.just((None, None, None)),
    st.tuples(texts, st.none(), st.none()),
    st.tuples(texts, st.integers(1, 10**6), st.none() | st.integers(1, 10**6)),
)


def placed(found: Finding, place: tuple[str | None, int | None, int | None]) -> Finding:
    """A finding at a place."""
    return found._replace(path=place[0], line=place[1], column=place[2])


findings = st.builds(
    placed,
    st.builds(
        Finding,
        rule=st.sampled_from(["fin-timeout-above-60", "orphans-over-limit"]) | texts,
        severity=st.sampled_from(Severity),
        basis=st.sampled_from(["observed", "latent"]),
        scope=scopes,
        title=texts,
        message=texts,
        subject=optional_texts,
        evidence=st.lists(evidence, max_size=3).map(tuple),
        advice=st.lists(set_advice | told_advice, max_size=3).map(tuple),
        avoid=st.lists(texts, max_size=1).map(tuple),
        see=st.lists(texts, max_size=1).map(tuple),
        sources=st.lists(texts, max_size=1).map(tuple),
        shows=st.sampled_from([(), ("CLOSE-WAIT/owned",), ("FIN-WAIT-1", "LAST-ACK")]),
        sockets=st.just(0),
        groups=st.just(()),
        groups_left=st.just(0),
        sockets_left=st.just(0),
        path=st.none(),
        line=st.none(),
        column=st.none(),
        confidence=st.sampled_from(["low", "medium", "high"]),
        history=st.none() | histories,
    ),
    places,
)
hosts = st.builds(Host, name=optional_texts, release=optional_texts, source=texts, netns=optional_texts)
lifetimes = st.sampled_from(
    [
        Lifetime("TIME-WAIT", 60.0, 61.0, 62.1, "timer", ()),
        Lifetime("CLOSE-WAIT", None, None, None, "never", ()),
    ]
)
reports = st.builds(
    Report,
    host=hosts,
    taken_at=st.none() | st.just("2026-11-20T22:52:00Z") | texts,
    findings=st.lists(findings, max_size=3).map(tuple),
    skipped=st.lists(st.builds(Skipped, rule=texts, reason=texts), max_size=2).map(tuple),
    quiet=st.lists(texts, max_size=2).map(tuple),
    states=st.dictionaries(st.sampled_from(["TIME-WAIT", "CLOSE-WAIT"]) | texts, st.integers(0, 10**6), max_size=3),
    timeouts=lifetimes.map(lambda found: {found.case: found}),
    gaps=st.dictionaries(texts, texts, max_size=2),
    suppressed=st.lists(
        st.builds(Suppressed, rule=texts, path=texts, line=st.integers(0, 99), reason=texts), max_size=2
    ).map(tuple),
    interval=seconds,
)
report_lists = st.lists(reports, max_size=3)
failures = st.lists(texts, max_size=2)


def finding(**changes) -> Finding:
    """A finding as a rule about a setting makes it."""
    made = Finding(
        rule="fin-timeout-above-60",
        severity=Severity.medium,
        basis="latent",
        scope="netns",
        title="Orphans in FIN-WAIT-2 stay for longer than a minute",
        message="tcp_fin_timeout is 300 s.",
        subject=None,
        evidence=(Evidence("net.ipv4.tcp_fin_timeout", 300, "s", "netns"),),
        advice=(
            Advice("sysctl", "The default again.", "None.", "net.ipv4.tcp_fin_timeout", "60", "300"),
            Advice("investigate", "Names who set it.", "Time.", action="Find the file that sets it."),
        ),
        avoid=(),
        see=(),
        sources=(),
    )
    return made._replace(**changes)


def report(*found: Finding, **changes) -> Report:
    """A report of one machine with these findings."""
    made = Report(
        host=Host("web-3", "6.12.8", "live", "initial"),
        taken_at="2026-11-20T22:52:00Z",
        findings=found,
        skipped=(Skipped("max-orphans-low", "net.ipv4.tcp_max_orphans: not shown"),),
        quiet=("time-wait-normal",),
        states={"ESTABLISHED": 120, "TIME-WAIT": 31000, "CLOSE-WAIT": 3},
        timeouts={"TIME-WAIT": Lifetime("TIME-WAIT", 60.0, 61.047, 62.108, "timer", ())},
        gaps={},
    )
    return made._replace(**changes)


@cache
def stored() -> tuple[Report, ...]:
    """The reports of the stored hosts."""
    return tuple(judged(seen(host)) for host in HOSTS)


def is_clean(text: str) -> bool:
    """Whether a text holds nothing that a terminal obeys, or that cannot be encoded."""
    return not any(
        character in "\x1b\x07\x00\x85\u202e\u2028\ufffe\uffff\r" or "\ud800" <= character <= "\udfff"
        for character in text
    )
