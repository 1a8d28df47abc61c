"""Results for people: what was done, what the kernel did, predicted against measured; no line longer than 79."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby

from tcptune.lab.result import Lived, Packet, Result, Sighting
from tcptune.lab.scenario import Scenario
from tcptune.printable import printable

WIDTH = 79
LABEL = 11
"""Where the text behind a label begins."""

SHOWN = 12
"""Lines of packets shown from the beginning, and from the end, where there are more than twice as many."""

SLUG = 37


def listing(scenarios: Iterable[Scenario], full: bool = False) -> str:
    """One line for each scenario: its name, about how long it takes, what it shows."""
    return "".join(
        f"{scenario.slug:<{SLUG}} {math.ceil(scenario.lasts(full)):>3} s  {scenario.brief}\n" for scenario in scenarios
    )


def render(results: Sequence[Result]) -> str:
    """All results, and how many of the measured lifetimes lie inside."""
    lived = [one for result in results for one in result.lived]
    unplayed = sum(result.problem is not None for result in results)
    inside = sum(one.inside for one in lived)
    last = f"{inside} of {len(lived)} measured lifetimes lie inside the prediction"
    if unplayed:
        last += f"; {unplayed} of {len(results)} scenarios were not played to their end"
    return "\n".join([*(_result(result) for result in results), last, ""])


def _result(result: Result) -> str:
    lines = [result.scenario, *_wrapped("", result.shows, 2)]
    if result.settings:
        lines += _labelled("settings", (f"{key} = {value}" for key, value in result.settings.items()))
    if result.problem:
        lines += _labelled("problem", [result.problem])
    lines += _labelled("steps", (f"{_at(step.at)}  {step.did}" for step in result.steps), hang=11)
    lines += _labelled("states", _states(result.states), hang=11)
    lines += _labelled("packets", _packets(result.packets))
    if result.counters:
        lines += _labelled("counters", [", ".join(f"{name} {by:+d}" for name, by in result.counters.items())])
    lines += _labelled("measured", (lived_sentence(one) for one in result.lived))
    lines += _labelled("so", result.observed)
    if result.steps:
        lines += _labelled("kernel", [result.kernel])
        lines += _labelled("article", [result.article])
    return "\n".join([*lines, ""])


def lived_sentence(lived: Lived) -> str:
    """Predicted against measured, in one sentence."""
    if lived.predicted is None:
        said = "nothing ends it"
    else:
        least, expected, most = lived.predicted
        said = f"{least:.3f} to {most:.3f} s, most likely {expected:.3f} s"
    if lived.at_most is None:
        saw = f"still there after {lived.at_least:.3f} s"
    elif lived.armed:
        saw = f"its timer says {lived.at_least:.3f} s, to which the timer wheel adds"
    else:
        saw = f"{lived.at_least:.3f} to {lived.at_most:.3f} s"
    verdict = "inside" if lived.inside else "OUTSIDE"
    sent = ""
    if lived.transmissions is not None:
        sent = f"; sent {lived.transmissions[1]} times, predicted {lived.transmissions[0]}"
    return f"{lived.case}: predicted {said}; measured: {saw}{sent}: {verdict}"


def _states(sightings: Sequence[Sighting]) -> Iterable[str]:
    """Each change; many sockets that change in the same way, one after the other, are told together."""
    several = len({(sighting.ours, sighting.peer) for sighting in sightings}) > 1
    for _, same in groupby(sightings, key=lambda s: (s.state, s.kind, s.timer)):
        group = list(same)
        first = group[0]
        words = [first.state, *([first.kind.replace("_", " ")] if first.kind else [])]
        if first.timer is not None and first.left is not None:
            words.append(f"timer {first.timer}, due in {first.left:.3f} s")
        if first.state not in ("gone", "LISTEN", "SYN-SENT") and first.recv_q + first.send_q:
            words.append(f"Recv-Q {first.recv_q} Send-Q {first.send_q}")
        if first.state == "LISTEN":
            words.append(f"{group[-1].recv_q} wait for accept(), backlog {first.send_q}")
        elif len(group) > 1:
            words.insert(0, f"{len(group)} sockets:")
        elif several:
            words.insert(0, f"peer port {first.peer}:")
        yield f"{_at(first.at)}  {'  '.join(words)}"


def _packets(packets: Sequence[Packet]) -> list[str]:
    lines = []
    for _, same in groupby(packets, key=lambda p: (p.sent_by, p.flags, p.seq, p.ack, p.window, p.size, p.at < 0)):
        group = list(same)
        p = group[0]
        alike = len({packet.ports for packet in group})
        shown = f"{p.flags:<8} seq {p.seq} ack {p.ack} win {p.window} len {p.size}"
        if alike == len(group):
            lines.append(f"{_at(p.at)}  {p.sent_by:<6}  {shown}" + (f", and {alike - 1} alike" if alike > 1 else ""))
        else:
            lines += [f"{_at(packet.at)}  {packet.sent_by:<6}  {shown}" for packet in group]
    left_out = len(lines) - 2 * SHOWN
    if left_out <= 0:
        return lines
    return [*lines[:SHOWN], f"... {left_out} more (--format json and --pcap have all) ...", *lines[-SHOWN:]]


def _labelled(label: str, entries: Iterable[str], hang: int = 0) -> list[str]:
    """Entries under one label, each wrapped."""
    lines: list[str] = []
    for entry in entries:
        lines += _wrapped("" if lines else label, entry, LABEL + 2, hang)
    return lines


def _wrapped(label: str, entry: str, indent: int, hang: int = 0) -> list[str]:
    head = f"  {label:<{indent - 2}}"
    clean = printable(entry, 1000)
    return textwrap.wrap(
        clean, WIDTH, initial_indent=head, subsequent_indent=" " * (indent + hang), drop_whitespace=True
    )  # fmt: skip


def _at(seconds: float) -> str:
    return f"{round(seconds, 3) + 0.0:7.3f} s"  # never -0.000
