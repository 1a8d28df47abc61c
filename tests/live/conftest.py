"""Live tests run only where they can make network namespaces of their own."""

from __future__ import annotations

import pytest
from workshop.wire import why_not


@pytest.fixture(scope="session", autouse=True)
def able_to_make_namespaces() -> None:
    """Skips every live test, with the reason, where this machine does not let us."""
    if why := why_not():
        pytest.skip(why)
