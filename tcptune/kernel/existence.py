"""Whether a release has a sysctl at all, as far as the release tells."""

from __future__ import annotations

from tcptune.kernel.release import Release, version
from tcptune.kernel.sysctl import Sysctl


def nonexistence(key: Sysctl, release: Release | None) -> str | None:
    """Why a key that was not found does not exist in this kernel, or None where it should.

    Only to be asked of a key whose file is not there: vendors backport keys, so a file always wins.
    """
    if key.vendor_only:
        return "only vendor kernels have it"
    if release is not None and key.removed and release.version >= version(key.removed):
        return f"removed in {key.removed}"
    if release is not None and key.since and release.version < version(key.since):
        return f"this kernel is older than {key.since}, which brought it"
    return None
