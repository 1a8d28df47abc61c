"""Every state has a page that is well formed, names real settings and counters, and shows commands that run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tcptune.kernel.beliefs import about
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.lifetimes import CASES
from tcptune.kernel.state_pages import STATE_PAGES, StatePage
from tcptune.kernel.states import CLOSING_STATES, TcpState

WRONG_STATE_NAME = re.compile(r"\b(TIME|CLOSE|FIN|LAST|SYN)_(WAIT|ACK|SENT|RECEIVED)|FIN-?WAIT[12]\b|\bESTAB\b")

every_page = pytest.mark.parametrize("page", STATE_PAGES.values(), ids=[state.rfc for state in STATE_PAGES])


def prose(page: StatePage) -> Iterator[str]:
    """Every text of a page that a person reads as sentences."""
    yield page.summary
    yield from page.means
    yield from page.ends
    yield from (how for _, how in page.kinds)
    yield page.normal
    yield page.who_fixes
    for belief in page.beliefs:
        yield belief.claim
        yield belief.truth
    yield from page.sources


def test_every_state_one_can_see_has_a_page() -> None:
    """CLOSE is never listed by ss, so it needs none."""
    assert set(TcpState) - {TcpState.CLOSE} == set(STATE_PAGES)
    assert all(page.state is state for state, page in STATE_PAGES.items())


@every_page
def test_every_sentence_ends_with_a_period(page: StatePage) -> None:
    """The page is printed as it stands."""
    assert [] == [text for text in prose(page) if not text.endswith(".") or text != text.strip() or "  " in text]


@every_page
def test_states_are_written_as_rfc_9293_writes_them(page: StatePage) -> None:
    """One spelling of a state in all output; ss has its own for the two that it shortens."""
    assert [] == [text for text in prose(page) if WRONG_STATE_NAME.search(text)]


@every_page
def test_a_page_leaves_nothing_out(page: StatePage) -> None:
    """Only settings and lifetimes may be empty: some states have none."""
    assert all((page.summary, page.means, page.ends, page.kinds, page.counted_in, page.normal, page.who_fixes))
    assert all((page.see, page.sources))
    assert page.beliefs or about(page.state.rfc)


@every_page
def test_sources_say_what_was_read(page: StatePage) -> None:
    """Kernel functions with the versions read, an RFC, or a measurement."""
    pattern = r"read in \d|^RFC \d|^Measured on \d|in 3\.10 to 6\.19"
    assert [] == [text for text in page.sources if not re.search(pattern, text)]


@every_page
def test_settings_are_full_sysctl_names(page: StatePage) -> None:
    """Each has an entry in the sysctl catalogue, where `explain` looks it up."""
    assert [] == [name for name in page.settings if not name.startswith("net.") or name not in SYSCTLS]
    assert len(set(page.settings)) == len(page.settings)


@every_page
def test_counted_in_begins_with_a_counter_or_a_limit(page: StatePage) -> None:
    """A reader can ask for the page of that counter."""
    names = [text.split(" ")[0] for text in page.counted_in]
    assert [] == [name for name in names if name not in COUNTERS and name not in SYSCTLS]


def test_every_lifetime_belongs_to_the_page_of_its_state() -> None:
    """All computed lifetimes are shown, each once, where its state is explained."""
    shown = [(page.state.rfc, name) for page in STATE_PAGES.values() for name in page.timeouts]
    assert sorted((case.name.split("/")[0], case.name) for case in CASES) == sorted(shown)


@every_page
def test_killing_sockets_is_never_told_without_its_danger(page: StatePage) -> None:
    """ss -K makes an orphan immortal on kernels before the fix."""
    beliefs = [*page.beliefs, *about(page.state.rfc)]
    assert [] == [belief for belief in beliefs if "ss -K" in belief.claim and "6.11" not in belief.truth]
    rest = [page.summary, *page.means, *page.ends, page.normal, page.who_fixes, *page.see]
    assert [] == [text for text in rest if "ss -K" in text]


def test_no_setting_is_offered_where_only_the_application_can_act() -> None:
    """CLOSE-WAIT has no sysctl, and TIME-WAIT does not have tcp_fin_timeout."""
    assert () == STATE_PAGES[TcpState.CLOSE_WAIT].settings
    assert "net.ipv4.tcp_fin_timeout" not in STATE_PAGES[TcpState.TIME_WAIT].settings
    assert [] == [name for page in STATE_PAGES.values() for name in page.settings if "recycle" in name]


def test_closing_states_are_told_in_full() -> None:
    """They are what the program is about: several kinds, an end with and without an owner."""
    assert [] == [state.rfc for state in CLOSING_STATES if len(STATE_PAGES[state].kinds) < 2]
    assert [] == [state.rfc for state in CLOSING_STATES if len(STATE_PAGES[state].ends) < 3]


@pytest.mark.parametrize("command", sorted({text for page in STATE_PAGES.values() for text in page.see}))
def test_every_command_that_is_shown_runs(command: str) -> None:
    """A command that an operator copies must work as it stands."""
    words = shlex.split(command)
    assert words[0] in {"ss", "nstat"}
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
