"""False beliefs: as a section of the pages that they are about, one by one, and all together."""

from __future__ import annotations

from collections.abc import Iterable

from tcptune.explain import page
from tcptune.kernel.beliefs import BELIEFS, GROUPS, about
from tcptune.kernel.beliefs.shape import CommonBelief, Subject
from tcptune.kernel.history import Belief

ALL = "beliefs"
"""The topic that lists them all."""


def section(topic: str, own: Iterable[Belief] = ()) -> list[str]:
    """What is believed of a topic and false: first what many pages share, then what belongs to this one alone."""
    told = []
    for shared in about(topic):
        told += page.bullets([_claim(shared)])[:-1]
        told += page.bullets([*_cure(shared), f"Its page: `tcptune explain {shared.id}`"], indent="  ")[:-1]
    told += page.bullets(map(_claim, own))[:-1]
    return [*page.heading("False beliefs"), *told, ""] if told else []


def render(belief: CommonBelief) -> str:
    """One belief: what is so, what to do instead, where it matters, and how that is known."""
    lines = [
        *page.heading(belief.id, 1),
        *page.paragraph(f'**"{belief.claim}"** False.'),
        *page.heading("What is so"),
        *page.paragraph(belief.truth),
        *page.heading("What to do instead"),
        *page.paragraph(belief.instead),
        *page.section("Where it matters", [f"`{topic}`" for topic in belief.topics]),
        *page.section("Sources", belief.sources),
    ]
    return page.text(lines)


def render_subject(subject: Subject) -> str:
    """A command, a log or a place: what it shows, and what is believed of it."""
    lines = [*page.heading(subject.name, 1), *page.paragraph(subject.summary), *section(subject.name)]
    return page.text(lines)


def render_all() -> str:
    """Every belief, by what it is about."""
    lines = [
        *page.heading("False beliefs", 1),
        *page.paragraph(
            f"{len(BELIEFS)} things that circulate about how Linux closes connections and are not so, each with what "
            "is so, what to do instead, and how that is known. `tcptune explain` tells each of them on the pages that "
            "it is about, too, and alone by its name."
        ),
    ]
    for title, group in GROUPS.items():
        lines += page.heading(title)
        for belief in group:
            lines += [*page.heading(f"`{belief.id}`", 3), *page.paragraph(_claim(belief)), *page.bullets(_cure(belief))]
    return page.text(lines)


def _claim(belief: Belief | CommonBelief) -> str:
    """What is believed, and at once that it is not so."""
    return f'"{belief.claim}" False: {belief.truth}'


def _cure(belief: CommonBelief) -> list[str]:
    """What to do, and how the truth is known."""
    sources = "; ".join(source.rstrip(".") for source in belief.sources)
    return [f"Instead: {belief.instead}", f"Source: {sources}."]
