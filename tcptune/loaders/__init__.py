"""The two loaders of sysctl.d: what systemd-sysctl sets at boot and `sysctl --system` at reload, line by line."""

from __future__ import annotations

from tcptune.loaders.read import look

__all__ = ["look"]
