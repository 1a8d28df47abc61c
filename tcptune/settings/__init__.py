"""Settings files without a machine: what sets a sysctl, at which line and column, whatever tool reads the file."""

from __future__ import annotations

from tcptune.settings.kinds import KINDS, kind_of, parse
from tcptune.settings.setting import Complaint, Parsed, Setting, Suppression

__all__ = ["KINDS", "Complaint", "Parsed", "Setting", "Suppression", "kind_of", "parse"]
