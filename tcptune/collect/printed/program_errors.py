"""What programs say when connect() or bind() fails for want of a port: the errors of errno(3), in any wording."""

from __future__ import annotations

import re

LONGEST = 4096
"""Characters of a line that are looked at."""

ERRORS = {
    "log.EADDRNOTAVAIL": re.compile(
        r"EADDRNOTAVAIL|(?:cannot|can't|can not) assign requested address|\berrno[ =:]{1,3}99\b", re.IGNORECASE
    ),
    "log.EADDRINUSE": re.compile(
        r"EADDRINUSE|address (?:is )?already in use|\berr(?:no|or)?[ =:]{1,3}-?98\b", re.IGNORECASE
    ),
}


def error_in(line: str) -> str | None:
    """The fact that counts such an error, where a line tells of one.

    >>> error_in("dial tcp 10.0.0.9:80: connect: cannot assign requested address")
    'log.EADDRNOTAVAIL'
    """
    return next((fact for fact, error in ERRORS.items() if error.search(line, 0, LONGEST)), None)
