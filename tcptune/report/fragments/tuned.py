"""A profile for tuned (tuned/profiles/loader.py, tuned/plugins/plugin_sysctl.py)."""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.report.fragments.comments import comments
from tcptune.report.fragments.entries import Entry

USE = (
    "Save it as /etc/tuned/tcptune/tuned.conf (newer releases: /etc/tuned/profiles/tcptune/tuned.conf).",
    "Add it to the profile that is active now: `tuned-adm profile ACTIVE tcptune`.",
    "A file in /etc/sysctl.d that sets the same key wins, for tuned reads those after its profile (reapply_sysctl).",
    "Without the profile tuned puts back what was there before it.",
)


def lines(entries: Sequence[Entry]) -> list[str]:
    """The section sysctl of a profile, with an option for each key."""
    found = ["[main]", "summary=Settings that tcptune recommends for closing TCP connections", "", "[sysctl]"]
    for entry in entries:
        found += ["", *comments(entry.reasons)] if found[-1] != "[sysctl]" else comments(entry.reasons)
        if entry.value:
            found.append(f"{entry.key}={entry.value}")
        elif entry.value is not None:
            found += comments([f"tuned writes no empty value; run: sysctl -w {entry.key}="])
    return found
