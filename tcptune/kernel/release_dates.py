"""When mainline releases came out, to tell a release that cannot have run at some date, or never existed."""

from __future__ import annotations

from tcptune.kernel.release import Version

SERIES = {
    3: """
        2011-07 2011-10 2012-01 2012-03 2012-05 2012-07 2012-09 2012-12 2013-02 2013-04 2013-06 2013-09
        2013-11 2014-01 2014-03 2014-06 2014-08 2014-10 2014-12 2015-02
    """,
    4: """
        2015-04 2015-06 2015-08 2015-11 2016-01 2016-03 2016-05 2016-07 2016-10 2016-12 2017-02 2017-04
        2017-07 2017-09 2017-11 2018-01 2018-04 2018-06 2018-08 2018-10 2018-12
    """,
    5: """
        2019-03 2019-05 2019-07 2019-09 2019-11 2020-01 2020-03 2020-05 2020-08 2020-10 2020-12 2021-02
        2021-04 2021-06 2021-08 2021-10 2022-01 2022-03 2022-05 2022-07
    """,
    6: """
        2022-10 2022-12 2023-02 2023-04 2023-06 2023-08 2023-10 2024-01 2024-03 2024-05 2024-07 2024-09
        2024-11 2025-01 2025-03 2025-05 2025-07 2025-09 2025-11 2026-02
    """,
}
"""The months of 3.0, 3.1 and so on, as announced by the kernel's maintainers."""

RELEASED: dict[Version, str] = {
    (major, minor): month for major, months in SERIES.items() for minor, month in enumerate(months.split())
}
OPEN_SERIES = max(SERIES)
"""The series that may have got releases since."""


def never_existed(version: Version) -> bool:
    """Whether a series that is over had no such release; of 2.6 and of the newest nothing is said.

    >>> never_existed((4, 20)), never_existed((4, 21)), never_existed((6, 40))
    (False, True, False)
    """
    return version[0] in SERIES and version[0] != OPEN_SERIES and version not in RELEASED


def month_before(version: Version) -> str | None:
    """The month of the release before, from which on such a kernel may have been tried out; None where not known.

    >>> month_before((3, 12))
    '2013-09'
    """
    if version not in RELEASED:
        return None
    known = sorted(RELEASED)
    at = known.index(version)
    return RELEASED[known[at - 1]] if at else None
