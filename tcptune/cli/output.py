"""Where text goes: data to stdout or a file, sentences for people to stderr; a closed pipe is quiet."""

from __future__ import annotations

import os
import sys

from tcptune.errors import TcptuneError
from tcptune.printable import printable


def write(text: str, output: str | None = None) -> None:
    """Put data on stdout, or into a file."""
    if output is not None and output != "-":
        from pathlib import Path

        try:
            Path(output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise TcptuneError(f"{output}: cannot be written: {error.strerror}") from None
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise TcptuneError(f"standard output cannot be written: {error.strerror}") from None
    except UnicodeEncodeError:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "ascii", errors="backslashreplace"))
        sys.stdout.flush()


def complain(sentence: str) -> None:
    """Tell the person what went wrong, on stderr."""
    try:
        sys.stderr.write(f"tcptune: {printable(sentence, 2000)}\n")
    except (BrokenPipeError, UnicodeEncodeError):
        sys.stderr = None


def colour_wanted(no_color: bool) -> bool:
    """Colour only on a terminal, and not where NO_COLOR or --no-color forbids it."""
    return not no_color and not os.environ.get("NO_COLOR") and sys.stdout is not None and sys.stdout.isatty()
