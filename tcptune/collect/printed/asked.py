"""What a command line asked ss or netstat for: which states, of which sockets, counted or listed.

Read in iproute2's misc/ss.c and net-tools' netstat.c. Without -a neither shows listeners, and ss shows no TIME-WAIT
and no SYN-RECEIVED either (SS_CONN).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.netstat_output import STATES as NETSTAT_STATES
from tcptune.collect.printed.ss_output import STATES as SS_STATES
from tcptune.kernel.states import TcpState

EVERY = frozenset(TcpState) - {TcpState.CLOSE}
CONNECTED = EVERY - {TcpState.LISTEN, TcpState.TIME_WAIT, TcpState.SYN_RECEIVED}
"""What ss shows without -a (SS_CONN)."""

NAMES: dict[str, dict[str, TcpState | None]] = {"ss": SS_STATES, "netstat": NETSTAT_STATES}
SPOKEN = {
    **{state.rfc.lower(): state for state in EVERY},
    "syn-recv": TcpState.SYN_RECEIVED,
    "syn-rcv": TcpState.SYN_RECEIVED,
    "listening": TcpState.LISTEN,
}
"""What ss calls states in its filter (scan_state())."""
SETS = {
    "all": EVERY,
    "connected": EVERY - {TcpState.LISTEN},
    "synchronized": EVERY - {TcpState.LISTEN, TcpState.SYN_SENT},
    "bucket": frozenset({TcpState.SYN_RECEIVED, TcpState.TIME_WAIT}),
    "big": EVERY - {TcpState.SYN_RECEIVED, TcpState.TIME_WAIT},
}
LONG = {
    "--all": "a", "--tcp": "t", "--udp": "u", "--listening": "l", "--no-header": "H", "--ipv4": "4", "--ipv6": "6",
    "--summary": "s", "--statistics": "s", "--route": "r", "--options": "o", "--timers": "o", "--extended": "e",
    "--extend": "e",
}  # fmt: skip
ONE_FAMILY = frozenset("46f")
WITH_A_VALUE = frozenset({"-f", "-A", "-D", "-F", "-N", "-K"})
PLAIN = re.compile(r"[\^]?/?(?P<word>[A-Za-z0-9_ -]{2,40})/?[$]?")
"""A pattern that is no more than a word."""
MERE_WORDS = frozenset({"tcp", "tcp4", "tcp6", "^tcp"})
AWK_FILTER = re.compile(r"/[\^A-Za-z0-9:_.-]{1,40}|[!=]~|[!=]=")
CHANGES_NOTHING = frozenset({"sort", "uniq", "column", "cut", "tr", "tee", "cat", "less", "more", "sed", "xargs", "nl"})


class Asked(NamedTuple):
    """`states` are those that a socket may be in to be shown; `all_sockets` says whether nothing else chose among them.

    `tcp_alone` is false where sockets of other kinds are among them. `counted` says that only their number is
    printed, and `with_headline` whether it counts a headline too. `columns` are timer and inode where they were asked
    for: a socket can be without one.
    """

    program: str
    states: frozenset[TcpState]
    all_sockets: bool = True
    tcp_alone: bool = False
    counted: bool = False
    with_headline: bool = False
    columns: frozenset[str] = frozenset()


def asked(command: Command) -> Asked | None:
    """What a command asked for; None where it is neither ss nor netstat, or no list.

    >>> from tcptune.collect.printed.commands import Command
    >>> asked(Command("netstat -an | grep -c TIME_WAIT")).states
    frozenset({<TcpState.TIME_WAIT: 6>})
    """
    if command.program not in NAMES:
        return None
    first, *others = command.stages
    found = _of_ss(first[1:]) if first[0] == "ss" else _of_netstat(first[1:])
    for stage in others:
        if found is None:
            return None
        found = _through(found, stage)
    return found


def _of_ss(words: tuple[str, ...]) -> Asked | None:
    letters, rest = _options(words)
    if "s" in letters:
        return None
    states = EVERY if "a" in letters else frozenset({TcpState.LISTEN}) if "l" in letters else CONNECTED
    all_sockets = True
    chosen: set[TcpState] = set()
    while rest:
        word, *rest = rest
        if word in ("state", "exclude") and rest:
            name, *rest = rest
            named = SETS.get(name.lower()) or ({SPOKEN[name.lower()]} if name.lower() in SPOKEN else set())
            chosen |= named if word == "state" else EVERY - named
        else:
            all_sockets = False
    tcp_alone = "t" in letters and not letters & set("uwxS0d")
    all_sockets = all_sockets and not letters & ONE_FAMILY
    return Asked(
        "ss",
        frozenset(chosen) or states,
        all_sockets,
        tcp_alone,
        with_headline="H" not in letters,
        columns=_columns(letters),
    )


def _of_netstat(words: tuple[str, ...]) -> Asked | None:
    letters, rest = _options(words)
    if letters & set("srigM"):
        return None
    states = EVERY if "a" in letters else frozenset({TcpState.LISTEN}) if "l" in letters else EVERY - {TcpState.LISTEN}
    tcp_alone = "t" in letters and not letters & set("uwxS")
    all_sockets = not (rest or letters & ONE_FAMILY)
    return Asked("netstat", states, all_sockets, tcp_alone, with_headline=True, columns=_columns(letters))


def _columns(letters: set[str]) -> frozenset[str]:
    return frozenset(name for letter, name in (("o", "timer"), ("e", "inode")) if letter in letters)


def _options(words: tuple[str, ...]) -> tuple[set[str], list[str]]:
    """The letters of all options, and the other words."""
    letters: set[str] = set()
    rest: list[str] = []
    for at, word in enumerate(words):
        if word.startswith("--"):
            letters |= set(LONG.get(word, ""))
        elif word.startswith("-"):
            letters |= set(word[1:])
        elif not (at and words[at - 1] in WITH_A_VALUE) and not word.isdecimal():
            rest.append(word)
    return letters, rest


def _through(before: Asked, stage: tuple[str, ...]) -> Asked | None:
    """What is left after one more program of the pipeline."""
    program, *words = stage
    options = {letter for word in words if word.startswith("-") for letter in word[1:]}
    patterns = [word for word in words if not word.startswith("-")]
    if program == "wc":
        return before._replace(counted=True) if options == {"l"} else None
    if program in ("grep", "egrep", "fgrep", "zgrep"):
        kept = _grepped(before, patterns, options) if len(patterns) == 1 else before._replace(all_sockets=False)
        return kept._replace(counted=before.counted or "c" in options)
    if program == "tail" and any(word.startswith("+") for word in patterns + [word[2:] for word in words]):
        return before._replace(with_headline=False)
    if program in ("awk", "gawk", "mawk"):
        return _awked(before, " ".join(patterns))
    return before if program in CHANGES_NOTHING else before._replace(all_sockets=False)


def _awked(before: Asked, text: str) -> Asked:
    """What an awk program lets through: lines of TCP alone, or some that nobody can tell."""
    filters = set(AWK_FILTER.findall(text))
    return before._replace(
        all_sockets=before.all_sockets and filters <= {"/^tcp", "/tcp"},
        tcp_alone=before.tcp_alone or bool(filters & {"/^tcp", "/tcp"}),
    )


def _grepped(before: Asked, patterns: list[str], options: set[str]) -> Asked:
    """What one grep lets through: the states that its word is in, or some sockets that nobody can tell."""
    word = patterns[0]
    if "v" in options:
        gone = _named(before.program, word, "i" in options)
        return before._replace(states=before.states - gone) if gone else before._replace(all_sockets=False)
    if word.lower() in MERE_WORDS:
        return before._replace(tcp_alone=True, with_headline=False)
    named = _named(before.program, word, "i" in options)
    if not named:
        return before._replace(all_sockets=False, with_headline=False)
    return before._replace(states=before.states & named, with_headline=False)


def _named(program: str, pattern: str, any_case: bool) -> frozenset[TcpState]:
    """The states whose name, as the program prints it, has the pattern in it."""
    found = PLAIN.fullmatch(pattern)
    if found is None:
        return frozenset()
    word = found["word"].strip()
    names = {name: state for name, state in NAMES[program].items() if state is not None}
    if any_case:
        return frozenset(state for name, state in names.items() if word.lower() in name.lower())
    return frozenset(state for name, state in names.items() if word in name)
