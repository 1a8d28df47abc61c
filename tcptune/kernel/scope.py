"""Whether a number belongs to one network namespace or to the whole machine, by release."""

from __future__ import annotations

from tcptune.kernel.history import Span
from tcptune.kernel.release import Release, holds
from tcptune.kernel.sysctl import Scope


def scope_at(scopes: tuple[Span, ...], release: Release | None) -> Scope:
    """The scope that held in a release; the newest where the release is unknown."""
    for span in scopes:
        if release is None:
            if not span.until:
                return _scope(span)
        elif holds(span.since, span.until, release):
            return _scope(span)
    return _scope(scopes[-1])


def _scope(span: Span) -> Scope:
    return "host" if span.says == "host" else "netns"
