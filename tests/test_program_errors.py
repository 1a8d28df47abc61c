"""Errors of programs in a pasted text, the lines that logs have, and who has a socket where netstat shows "-"."""

from __future__ import annotations

import pytest

from tcptune.collect.printed import kernel_log, netstat_output, paste
from tcptune.collect.printed.program_errors import ERRORS
from tcptune.facts.vocabulary import vocabulary
from tcptune.kernel.log_lines import LOG_LINES

HEADLINE = "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name"
ORPHANED = "tcp        1      0 10.0.0.5:8000           10.0.0.9:4000           CLOSE_WAIT  -"
OWNED = "tcp        1      0 10.0.0.5:8000           10.0.0.9:4001           CLOSE_WAIT  812/app"
DOOR = "tcp        0      0 0.0.0.0:8000            0.0.0.0:*               LISTEN      -"
NOT_ALL = "(Not all processes could be identified, non-owned process info"


def told(*lines: str):
    """The values of a text."""
    return paste.read("\n".join(lines), "a.txt").readings.values


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("dial tcp 10.0.3.7:80: connect: cannot assign requested address", "log.EADDRNOTAVAIL"),
        ("2012/06/14 [crit] 1#0: *5 connect() failed (99: Cannot assign requested address)", "log.EADDRNOTAVAIL"),
        ("Error: connect EADDRNOTAVAIL 10.0.0.9:443", "log.EADDRNOTAVAIL"),
        ("OSError: [Errno 99] can't assign requested address", "log.EADDRNOTAVAIL"),
        ("redis: errno=99", "log.EADDRNOTAVAIL"),
        ("Nov 21 10:00:00 web app[812]: Cannot assign requested address", "log.EADDRNOTAVAIL"),
        ("java.net.BindException: Address already in use", "log.EADDRINUSE"),
        ("listen tcp :7000: bind: address already in use", "log.EADDRINUSE"),
        ("drbd: failed to create listen socket, err -98", "log.EADDRINUSE"),
    ],
)
def test_the_errors_of_a_shortage_in_many_wordings(line, fact):
    """connect() without a free port, bind() to one that is taken."""
    assert {fact: 1} == told(line)
    assert {fact: 2, "states.TIME_WAIT": 5} == told(line, line, "5 TIME_WAIT")


@pytest.mark.parametrize("line", ["no errno here", "errno 9", "errno 990", "err -980", "99 bottles"])
def test_other_numbers_are_no_such_error(line):
    """98 and 99 alone, and as words of their own."""
    assert not any(error.search(line) for error in ERRORS.values())


def test_every_line_that_is_counted_is_a_fact():
    """What readers call a line is what rules know."""
    read = {name for name, _ in kernel_log.MESSAGES} | set(ERRORS)

    assert set(LOG_LINES) == read
    assert read <= set(vocabulary())


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        ((HEADLINE, ORPHANED, OWNED), {"unaccepted": 1, "owned": 1}),
        ((ORPHANED,), {"unaccepted": 1}),
        ((HEADLINE, OWNED), {"owned": 1}),
        ((NOT_ALL, HEADLINE, ORPHANED, OWNED), {}),
        ((HEADLINE, DOOR, ORPHANED, OWNED), {}),
        ((HEADLINE, ORPHANED.replace("-", ""), OWNED), {}),
    ],
)
def test_a_dash_is_nobody_where_all_programs_are_shown(lines, kinds):
    """netstat says so when they are not; and a listener always has somebody."""
    values = told(*lines)

    assert {f"kinds.CLOSE_WAIT.{kind}": count for kind, count in kinds.items()} == {
        name: value for name, value in values.items() if name.startswith("kinds.")
    }
    assert sum("CLOSE_WAIT" in line for line in lines) == values["states.CLOSE_WAIT"]


def test_a_dash_with_a_timer_is_nobody_too():
    """The columns of -o stand behind it."""
    found = netstat_output.parse([f"{ORPHANED}     off (0.00/0/0)"])

    assert {"inode", "timer", "queue"} == found.columns
