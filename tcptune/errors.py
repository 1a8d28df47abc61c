"""What can go wrong that is not a finding; each error says where and what to do."""

from __future__ import annotations


class TcptuneError(Exception):
    """The work could not be judged; the command line prints the sentence and exits with 3."""


class UsageError(TcptuneError):
    """The command was asked for something that does not exist; the command line exits with 2."""


class CollectError(TcptuneError):
    """Nothing of a machine could be read."""


class SnapshotError(TcptuneError):
    """A stored snapshot is not one that this version can read."""


class RuleError(TcptuneError):
    """A rule file cannot be used: which file, which field, and why."""

    def __init__(self, where: str, field: str, cause: str) -> None:
        super().__init__(f"{where}: {field}: {cause}" if field else f"{where}: {cause}")
        self.where = where
        self.field = field
        self.cause = cause
