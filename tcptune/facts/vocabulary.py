"""Every name that a rule may use, with its type, unit, scope and meaning."""

from __future__ import annotations

from functools import cache

from tcptune.facts.derived import DERIVED
from tcptune.facts.rates import RATES, rate_facts
from tcptune.facts.socket_lists import LISTS
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.lifetimes import CASES
from tcptune.kernel.log_lines import LOG_LINES
from tcptune.kernel.release import Release
from tcptune.kernel.scope import scope_at
from tcptune.kernel.states import TcpState
from tcptune.model.values import FactInfo

GAUGES = frozenset({"net.netfilter.nf_conntrack_count"})
"""Files under /proc/sys that nobody sets: they count."""

KINDS = {
    "FIN_WAIT_1": ("owned", "orphan", "zero_window"),
    "FIN_WAIT_2": ("owned", "orphan", "minisock"),
    "CLOSING": ("owned", "orphan", "zero_window"),
    "LAST_ACK": ("owned", "orphan", "zero_window"),
    "CLOSE_WAIT": ("owned", "unaccepted"),
}
"""How the sockets of a closing state differ in what ends them; each socket is of one kind."""

KIND_MEANINGS = {
    "owned": "a process holds its descriptor",
    "orphan": "no process owns it",
    "minisock": "kept as a time-wait entry, owned by nobody",
    "zero_window": "the persist timer runs: the peer's window is closed or the FIN could not be sent",
    "unaccepted": "no owner: it waits in the accept queue of a listener",
}

OF_DRIFT = {
    "drift.rows": FactInfo(
        "list",
        "",
        "netns",
        "The keys that settings files set: key, running, boot, boot_where, at_boot, same for reload, apart, verdict.",
        setting=True,
    ),
    "drift.compared": FactInfo(
        "list", "", "netns", "Those of drift.rows whose running value is known, with the same fields.", setting=True
    ),
    "drift.lines": FactInfo(
        "list", "", "netns", "Every line about one of these keys: key, value, where, packaged, over.", setting=True
    ),
}
"""What only `tcptune drift` knows."""

OF_FILES = {
    "settings.written": FactInfo(
        "list", "", "netns", "The settings of a file: key, value, line, status, outcome, comment.", setting=True
    ),
    "settings.complaints": FactInfo(
        "list", "", "netns", "What stands in a settings file and is no setting: kind, text, line.", setting=True
    ),
    "settings.file": FactInfo("list", "", "netns", "A settings file as a whole: its name and place.", setting=True),
    "settings.suppressions": FactInfo(
        "list", "", "netns", "The comments in a file that ask for a rule to be silent: rules, reason.", setting=True
    ),
    **OF_DRIFT,
}
"""What only `tcptune lint` and `tcptune drift` know."""

IMMORTAL = "zero_window.immortal"

MACHINE = {
    "kernel.hz": FactInfo("int", "1/s", "host", "The kernel's clock, CONFIG_HZ.", setting=True),
    "kernel.page_size": FactInfo("int", "bytes", "host", "The size of a memory page.", setting=True),
}

CONNTRACK_STATES = (
    *("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"),
    "SYN_SENT2",
)
"""The states of a TCP entry as `conntrack -L` prints them (net/netfilter/nf_conntrack_proto_tcp.c)."""


@cache
def vocabulary(release: Release | None = None) -> dict[str, FactInfo]:
    """All names for one kernel release (a scope can differ by release), or for the newest."""
    return {
        **_sysctls(release),
        **_counters(release),
        **rate_facts(),
        **MACHINE,
        **_states(),
        **_told(),
        **_derived(),
        **_timeouts(),
        IMMORTAL: FactInfo(
            "int", "bool", "netns", "1 where an orphan behind an answered zero window never dies.", setting=True
        ),
        **OF_FILES,
        "contradictions": FactInfo(
            "list", "", "netns", "Pairs of numbers of this machine that cannot both be true: claim, left, right."
        ),
        "doubts": FactInfo("list", "", "netns", "Numbers that are possible and hard to believe: subject, why."),
        "settings.gone": FactInfo(
            "list",
            "",
            "netns",
            "Settings that were given and that this kernel does not have: key, value, why, instead.",
            setting=True,
        ),
        **LISTS,
    }


def _sysctls(release: Release | None) -> dict[str, FactInfo]:
    found = {}
    for key in SYSCTLS.values():
        scope = scope_at(key.scopes, release)
        for name, part in zip(key.facts(), key.parts or ("",), strict=True):
            meaning = f"{key.summary} ({part})" if part else key.summary
            found[name] = FactInfo(
                "string" if key.text else "int", key.unit, scope, meaning, setting=name not in GAUGES
            )
    return found


def _counters(release: Release | None) -> dict[str, FactInfo]:
    return {
        counter.name: FactInfo(
            "double" if counter.unit == "s" else "int",
            counter.unit,
            scope_at(counter.scopes, release),
            counter.meaning,
            setting=counter.name == "meminfo.MemTotal",
            rate=RATES.get(counter.name, ""),
        )
        for counter in COUNTERS.values()
    }


def _states() -> dict[str, FactInfo]:
    found = {
        f"states.{state.name}": FactInfo("int", "sockets", "netns", f"Sockets in {state.rfc}, IPv4 and IPv6.")
        for state in TcpState
        if state is not TcpState.CLOSE
    }
    for name, kinds in KINDS.items():
        for kind in kinds:
            meaning = f"Sockets in {TcpState[name].rfc} of which {KIND_MEANINGS[kind]}."
            found[f"kinds.{name}.{kind}"] = FactInfo("int", "sockets", "netns", meaning)
    return found


def _told() -> dict[str, FactInfo]:
    """What only a pasted log or a listing of conntrack tells."""
    found = {
        fact: FactInfo("int", "lines", "host", f"{meaning} 0 where no log was given.")
        for fact, meaning in LOG_LINES.items()
    }
    for state in CONNTRACK_STATES:
        meaning = f"Entries that connection tracking has in {state}; its states are not those of the sockets."
        found[f"conntrack.states.{state}"] = FactInfo("int", "entries", "netns", meaning)
    return found


def _derived() -> dict[str, FactInfo]:
    return {row.name: FactInfo(row.type, row.unit, row.scope, row.meaning, row.setting) for row in DERIVED}


def _timeouts() -> dict[str, FactInfo]:
    return {
        case.fact: FactInfo("double", "s", "netns", f"How long {case.name} is expected to last.", setting=True)
        for case in CASES
    }
