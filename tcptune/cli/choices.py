"""What options may be set to, and what is said where they may not."""

from __future__ import annotations

from collections.abc import Iterable

from tcptune.errors import UsageError


def split(values: Iterable[str] | None) -> list[str]:
    """An option given several times, or once with commas: all its values."""
    return [part.strip() for value in values or () for part in value.split(",") if part.strip()]


def release(text: str | None) -> str | None:
    """A kernel release as --kernel gives it; UsageError where it is none."""
    from tcptune.kernel.release import Release

    if text is not None and Release.parse(text) is None:
        raise UsageError(f"--kernel: {text!r} is no kernel release such as 5.15 or 4.18.0-553.el8_10")
    return text


def choice(value: str, allowed: Iterable[str], option: str) -> str:
    """The value, if it is one of the allowed; UsageError names them otherwise."""
    options = list(allowed)
    if value not in options:
        from difflib import get_close_matches

        near = get_close_matches(value, options, n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]!r}?" if near else f"; choose from {', '.join(options)}"
        raise UsageError(f"{option}: {value!r} is not known{hint}")
    return value
