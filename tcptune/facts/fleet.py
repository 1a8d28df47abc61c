"""A summary over many machines: what was found on which, and which settings differ from those of most; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from zlib import crc32

from tcptune.facts.by_memory import is_chosen_by_memory
from tcptune.facts.vocabulary import GAUGES
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.model.facts import Facts
from tcptune.model.fleet import Fleet, Found, NotJudged, Odd, Row, Setting, Usual
from tcptune.model.report import Report, Severity

NOBODY_SETS = GAUGES | {"net.ipv4.tcp_ehash_entries"}
"""Keys that cannot be written: they tell a size or a count."""

FEWEST = 3
"""Machines of which there can be a majority."""

LONGEST = 200
"""Characters of a value that are kept; ip_local_reserved_ports can have thousands."""

UNJUDGED = "no rule could judge it"


def row_of(source: str, report: Report, facts: Facts) -> Row:
    """What a summary keeps of one machine that was read from a source."""
    rules: dict[str, Severity] = {}
    for finding in report.findings:
        rules[finding.rule] = max(finding.severity, rules.get(finding.rule, Severity.info))
    judged = bool(report.findings or report.quiet or report.suppressed)
    return Row(source, report.host.name, report.host.release, judged, rules, dict(_settings(facts)))


def _settings(facts: Facts) -> Iterator[tuple[str, Setting]]:
    for key in SYSCTLS.values():
        parts = [facts.values[name] for name in key.facts() if name in facts.values]
        if key.name in NOBODY_SETS or len(parts) < len(key.facts()):
            continue
        numbers = [part for part in parts if isinstance(part, int)]
        chosen = len(numbers) == len(parts) and is_chosen_by_memory(key.name, numbers, facts.values, facts.release)
        yield key.name, Setting(_short(" ".join(map(str, parts))), chosen)


def _short(text: str) -> str:
    """A value that may be very long: its beginning, and what tells it from others that begin alike."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}... ({len(text)} characters, CRC {crc32(text.encode('utf-8', 'replace')):08x})"


class Gathering:
    """The machines so far. It keeps some hundred bytes of each, however long its report."""

    def __init__(self) -> None:
        self._hosts: list[tuple[str | None, str]] = []
        self._worst: Counter[Severity | None] = Counter()
        self._releases: Counter[str | None] = Counter()
        self._rules: dict[str, tuple[Severity, list[int]]] = {}
        self._settings: dict[str, dict[Setting, list[int]]] = {}
        self._not_judged: list[NotJudged] = []

    def add(self, row: Row) -> None:
        """Take a machine in."""
        if not row.judged:
            self.lose(row.source, UNJUDGED)
            return
        place = len(self._hosts)
        self._hosts.append((row.name, row.source))
        self._worst[max(row.rules.values(), default=None)] += 1
        self._releases[row.release] += 1
        for rule, severity in row.rules.items():
            before, hosts = self._rules.get(rule, (severity, []))
            self._rules[rule] = (max(before, severity), hosts)
            hosts.append(place)
        for key, setting in row.settings.items():
            self._settings.setdefault(key, {}).setdefault(setting, []).append(place)

    def lose(self, source: str, reason: str) -> None:
        """Note that a source could not be judged."""
        self._not_judged.append(NotJudged(source, reason))

    def summary(self) -> Fleet:
        """What there is to say of the machines so far."""
        names = _names(self._hosts)
        found = [
            Found(rule, severity, tuple(names[place] for place in hosts))
            for rule, (severity, hosts) in self._rules.items()
        ]
        usual = [one for key in SYSCTLS if (one := _usual(key, self._settings.get(key, {}), names)) is not None]
        return Fleet(
            judged=len(self._hosts),
            not_judged=tuple(self._not_judged),
            worst=dict(self._worst),
            findings=tuple(sorted(found, key=lambda one: (-one.severity, -len(one.hosts), one.rule))),
            settings=tuple(one for one in usual if one.odd),
            common=len(usual),
            releases=dict(sorted(self._releases.items(), key=lambda pair: (-pair[1], pair[0] or ""))),
        )


def _names(hosts: Sequence[tuple[str | None, str]]) -> list[str]:
    """A name for each machine, no two alike: those of one name say their sources, those of one source a number too."""
    of_name = Counter(name for name, _ in hosts)
    wanted = [
        source if name is None else name if of_name[name] == 1 else f"{name} ({source})" for name, source in hosts
    ]
    found: dict[str, None] = {}
    for name in wanted:
        unique, number = name, 2
        while unique in found:
            unique, number = f"{name} #{number}", number + 1
        found[unique] = None
    return list(found)


def _usual(key: str, settings: Mapping[Setting, Sequence[int]], names: Sequence[str]) -> Usual | None:
    """What most machines have a key set to, with those that have not; None where there is no majority.

    What the kernel chose by the memory counts as one value, for that is what an administrator left alone.
    """
    camps: dict[str | None, list[int]] = {}
    for setting, hosts in settings.items():
        camps.setdefault(None if setting.by_memory else setting.value, []).extend(hosts)
    total = sum(map(len, camps.values()))
    if total < FEWEST:
        return None
    value, most = max(camps.items(), key=lambda camp: len(camp[1]))
    if 2 * len(most) <= total:
        return None
    others = sorted(
        (camp for camp in camps.items() if camp[0] != value), key=lambda camp: (-len(camp[1]), camp[0] or "")
    )
    odd = tuple(Odd(other, tuple(names[place] for place in sorted(hosts))) for other, hosts in others)
    return Usual(key, value, len(most), total, odd)
