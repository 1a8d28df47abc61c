"""A place that text goes to piece by piece: standard output, or a file that is there from the first piece on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TextIO

from tcptune.cli.output import write
from tcptune.errors import TcptuneError


class Outlet:
    """Where pieces go; TcptuneError where they cannot be written."""

    def __init__(self, target: str | None) -> None:
        self._target = None if target == "-" else target
        self._file: TextIO | None = None
        self.begun = False

    def put(self, text: str) -> None:
        """Write a piece at once, so that who reads along need not wait for the next."""
        self.begun = True
        if self._target is None:
            write(text)
            return
        try:
            self._file = self._file or Path(self._target).open("w", encoding="utf-8")  # noqa: SIM115 -- see close()
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise TcptuneError(f"{self._target}: cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """No more pieces."""
        if self._file is not None:
            with suppress(OSError):  # every piece is written
                self._file.close()
