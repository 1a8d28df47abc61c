"""The summary over many machines: what is counted, what is odd, and how it is told."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports_common import finding, is_clean, report, texts
from schemas_common import validator
from test_hosts import MACHINES as HOSTS
from test_hosts import judged, seen

from tcptune.facts.by_memory import is_chosen_by_memory
from tcptune.facts.derive import derive
from tcptune.facts.derived.defaults import EHASH_HALF, EHASH_HALF_BY_MEMORY, MEMORY
from tcptune.facts.fleet import LONGEST, NOBODY_SETS, UNJUDGED, Gathering, row_of
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import Release
from tcptune.model.fleet import Fleet, NotJudged, Odd, Row, Setting, Usual
from tcptune.model.report import Severity
from tcptune.report import fleet as fleet_report

FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"
MAX_ORPHANS = "net.ipv4.tcp_max_orphans"


def row(name: str | None, source: str = "", rules=None, release: str | None = "6.1.0", **known: str | Setting) -> Row:
    """A machine with these rules fired and these settings of net.ipv4."""
    shown = {f"net.ipv4.{key}": value if isinstance(value, Setting) else Setting(value) for key, value in known.items()}
    return Row(source or f"{name}.json", name, release, True, rules or {}, shown)


def fleet(*rows: Row, lost: tuple[tuple[str, str], ...] = ()) -> Fleet:
    """The summary over these machines."""
    gathering = Gathering()
    for one in rows:
        gathering.add(one)
    for source, reason in lost:
        gathering.lose(source, reason)
    return gathering.summary()


def odd(*values: str | Setting) -> list[tuple[str, str | None, list[tuple[str | None, tuple[str, ...]]]]]:
    """Which of so many machines, called 0, 1, 2, have an unusual tcp_fin_timeout."""
    found = fleet(*(row(str(number), tcp_fin_timeout=value) for number, value in enumerate(values)))
    return [(one.value, [(each.value, each.hosts) for each in one.odd]) for one in found.settings]


def test_the_odd_ones_are_named_with_what_they_have():
    """Beside what most have, and how many those are."""
    found = fleet(*(row(name, tcp_fin_timeout="300" if name == "c" else "60") for name in "abcd"))

    assert (Usual(FIN_TIMEOUT, "60", 3, 4, (Odd("300", ("c",)),)),) == found.settings


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["60", "300"], []),
        (["60", "300", "30"], []),
        (["60", "60", "300", "300"], []),
        (["60", "60", "300"], [("60", [("300", ("2",))])]),
        (["60", "60", "60"], []),
        (["60", "30", "60", "300", "30", "60", "60"], [("60", [("30", ("1", "4")), ("300", ("3",))])]),
    ],
)
def test_a_majority_is_more_than_half_of_at_least_three(values, expected):
    """Two machines that differ are two opinions."""
    assert expected == odd(*values)


def test_machines_without_a_key_have_no_vote():
    """A kernel that lacks it has not set it otherwise."""
    found = fleet(*(row(name, tcp_fin_timeout="60") for name in "ab"), *(row(name) for name in "cdefg"))

    assert ((), 0) == (found.settings, found.common)


def test_what_each_kernel_chose_for_its_memory_is_one_opinion():
    """Three sizes of machine are no three settings."""
    chosen = [Setting("65536", True), Setting("131072", True), Setting("4096", True)]

    assert [] == odd(*chosen)
    assert [(None, [("256", ("3",))])] == odd(*chosen, "256")
    assert [("256", [(None, ("0", "1", "2"))])] == odd(*chosen, "256", "256", "256", "256")


def test_machines_of_one_name_say_their_sources():
    """And one source that is given twice a number besides; a machine without a name is its source."""
    rows = [row("web", "a.json"), row("web", "b.json"), row("web", "b.json"), row(None, "c.json"), row("db", "d.json")]
    found = fleet(*(one._replace(rules={"x": Severity.low}) for one in rows))

    assert ("web (a.json)", "web (b.json)", "web (b.json) #2", "c.json", "db") == found.findings[0].hosts


def test_the_worst_finding_comes_first_and_then_the_one_on_most_machines():
    """A rule that is worse on one machine counts as that."""
    low, medium, high = Severity.low, Severity.medium, Severity.high
    rows = [row("a", rules={"x": low, "y": medium, "z": low}), row("b", rules={"z": low}), row("c", rules={"x": high})]

    assert [("x", high, ("a", "c")), ("y", medium, ("a",)), ("z", low, ("a", "b"))] == list(fleet(*rows).findings)
    assert {high: 1, medium: 1, low: 1} == fleet(*rows).worst


def test_what_was_not_judged_is_not_counted_as_healthy():
    """A report in which no rule could judge is told among the lost."""
    found = fleet(row("a"), row("b")._replace(judged=False), lost=(("c.json", "no such file"),))

    assert (1, {None: 1}) == (found.judged, found.worst)
    assert (NotJudged("b.json", UNJUDGED), NotJudged("c.json", "no such file")) == found.not_judged


@pytest.mark.parametrize("host", HOSTS, ids=lambda path: path.name)
def test_a_row_holds_what_a_stored_host_says(host):
    """Its rules once each with the worst severity, and every setting of the catalogue that was read whole."""
    snapshot = seen(host)
    facts, found = derive(snapshot), judged(snapshot)
    row = row_of("x.json", found, facts)

    assert ("x.json", found.host.name, found.host.release, True) == row[:4]
    assert {one.rule for one in found.findings} == set(row.rules)
    assert found.worst() == max(row.rules.values(), default=None)
    for key, setting in row.settings.items():
        text = (host / SYSCTLS[key].path).read_text() if (host / SYSCTLS[key].path).exists() else setting.value
        assert " ".join(text.split()) == setting.value
    assert not NOBODY_SETS & set(row.settings)
    assert {key for key in SYSCTLS if set(SYSCTLS[key].facts()) <= set(facts.values)} == {*row.settings} | (
        NOBODY_SETS & set(facts.values)
    )


def test_the_defaults_of_the_stored_hosts_are_known_as_such():
    """What was set by hand on two of them is not taken for one."""
    by_hand = {
        (host.name, key)
        for host in HOSTS
        for key, setting in row_of("", judged(seen(host)), derive(seen(host))).settings.items()
        if key in ("net.ipv4.tcp_mem", "net.ipv4.tcp_max_tw_buckets", MAX_ORPHANS, "net.ipv4.tcp_max_syn_backlog")
        and not setting.by_memory
    }

    assert {("orphan-storm-5.15", MAX_ORPHANS), ("time-wait-overflow-6.12", "net.ipv4.tcp_max_tw_buckets")} == by_hand


HALF = {EHASH_HALF: 65536}
GIB = 1 << 20


@pytest.mark.parametrize(
    ("key", "numbers", "values", "release", "expected"),
    [
        ("tcp_max_orphans", [65536], HALF, "6.1.0", True),
        ("tcp_max_orphans", [65535], HALF, "6.1.0", False),
        ("tcp_max_orphans", [65536], {}, "6.1.0", False),
        ("tcp_max_tw_buckets", [16384], {EHASH_HALF_BY_MEMORY: 16384}, "5.15.0", True),
        ("tcp_max_syn_backlog", [1024], HALF, "6.1.0", True),
        ("tcp_max_syn_backlog", [512], HALF, "4.18.0", True),
        ("tcp_max_syn_backlog", [4096], HALF, "6.1.0", False),
        ("tcp_max_syn_backlog", [128], {EHASH_HALF: 4096}, "6.1.0", True),
        ("tcp_mem", [190731, 254309, 381462], {MEMORY: 16303104}, "6.12.8", True),
        ("tcp_mem", [190731, 254309, 381462], {MEMORY: 8132608}, "6.12.8", False),
        ("tcp_mem", [190731, 254309, 381462], {MEMORY: 8132608}, "3.10.0-1160.el7.x86_64", True),
        ("tcp_mem", [190731, 254309, 381464], {MEMORY: 16303104}, "6.12.8", False),
        ("tcp_mem", [190731, 254309, 381462], {}, "6.12.8", False),
        ("tcp_rmem", [4096, 131072, 6291456], {MEMORY: 16303104}, "6.1.0", True),
        ("tcp_rmem", [4096, 131072, 33554432], {MEMORY: 16303104}, "6.18.0", True),
        ("tcp_rmem", [4096, 131072, 16777216], {MEMORY: 16303104}, "6.18.0", False),
        ("tcp_rmem", [4096, 131072, 4194304], {MEMORY: GIB // 2}, "6.1.0", True),
        ("tcp_rmem", [8192, 131072, 6291456], {MEMORY: 16303104}, "6.1.0", False),
        ("tcp_wmem", [4096, 16384, 4194304], {}, "6.1.0", True),
        ("tcp_wmem", [4096, 65536, 4194304], {MEMORY: 16303104}, "6.1.0", False),
        ("nf_conntrack_max", [262144], {MEMORY: 8 * GIB}, "6.1.0", True),
        ("nf_conntrack_max", [65536], {MEMORY: 2 * GIB}, "6.1.0", True),
        ("nf_conntrack_max", [1048576], {MEMORY: 2 * GIB}, "6.1.0", False),
        ("nf_conntrack_max", [262144], {}, "6.1.0", False),
        ("tcp_fin_timeout", [60], HALF, "6.1.0", False),
    ],
)
def test_a_value_that_the_kernel_chose_for_the_memory_is_known(key, numbers, values, release, expected):
    """By the same arithmetic, within what an estimate of the memory is good for."""
    folder = "net.netfilter." if key.startswith("nf_") else "net.ipv4."

    assert expected is is_chosen_by_memory(folder + key, numbers, values, Release.parse(release))


def test_a_very_long_value_is_cut_and_stays_distinct():
    """ip_local_reserved_ports may list every other port."""
    found = [",".join(str(port) for port in range(1024, end, 2)) for end in (5000, 6000)]
    facts = [derive(seen(HOSTS[0]))._replace(values={"net.ipv4.ip_local_reserved_ports": text}) for text in found]
    kept = [row_of("x", report(), one).settings["net.ipv4.ip_local_reserved_ports"].value for one in facts]

    assert kept[0] != kept[1]
    assert all(len(value) < 2 * LONGEST for value in kept)


def test_several_findings_of_a_rule_are_one_with_the_worst_severity():
    """As one for each port range, or socket group."""
    found = report(finding(severity=Severity.low), finding(severity=Severity.high), finding(severity=Severity.info))

    assert {"fin-timeout-above-60": Severity.high} == row_of("x", found, derive(seen(HOSTS[0]))).rules


names = st.none() | st.sampled_from(["web", "db"]) | texts
rows = st.lists(
    st.builds(
        Row,
        source=st.sampled_from(["a.json", "b.json"]) | texts,
        name=names,
        release=st.none() | st.sampled_from(["6.1.0", "5.15.0"]) | texts,
        judged=st.booleans(),
        rules=st.dictionaries(
            st.sampled_from(["close-wait-leak", "time-wait-overflow"]) | texts, st.sampled_from(Severity), max_size=3
        ),
        settings=st.dictionaries(
            st.sampled_from([FIN_TIMEOUT, MAX_ORPHANS]),
            st.builds(Setting, st.sampled_from(["1", "2", "3"]) | texts, st.booleans()),
        ),
    ),
    max_size=8,
)
lost = st.lists(st.tuples(texts, texts), max_size=8).map(tuple)


@given(rows, lost)
@settings(max_examples=60, deadline=None)
def test_every_machine_is_counted_once(given_rows, given_lost):
    """Among the judged or the lost, by its worst finding, by its release, and with each of its rules."""
    found = fleet(*given_rows, lost=given_lost)
    healthy = [one for one in given_rows if one.judged]

    assert len(given_rows) + len(given_lost) == found.judged + len(found.not_judged)
    assert found.judged == len(healthy) == sum(found.worst.values()) == sum(found.releases.values())
    assert sum(len(one.rules) for one in healthy) == sum(len(one.hosts) for one in found.findings)
    for one in found.findings:
        assert len(one.hosts) == len(set(one.hosts))
    for one in found.settings:
        differing = [host for each in one.odd for host in each.hosts]
        assert one.of == one.hosts + len(differing) >= 3
        assert 2 * one.hosts > one.of
        assert differing
        assert len(differing) == len(set(differing))
        assert one.value not in {each.value for each in one.odd}


@given(rows, lost)
@settings(max_examples=60, deadline=None)
def test_whatever_machines_are_called_the_summary_can_be_shown(given_rows, given_lost):
    """Nothing that a terminal obeys, no line above 79 columns, and a document that fits its schema."""
    found = fleet(*given_rows, lost=given_lost)
    text, markdown = fleet_report.text(found), fleet_report.markdown(found)

    assert is_clean(text)
    assert is_clean(markdown)
    assert [] == [line for line in text.splitlines() if len(line) > 79]
    validator("fleet").validate(fleet_report.document(found))


def test_the_order_of_the_sources_decides_nothing_but_the_order_of_names():
    """The majority is the same from whichever end it is counted."""
    few = [row("a", tcp_fin_timeout="60"), row("b", tcp_fin_timeout="60"), row("c", tcp_fin_timeout="300")]

    assert 1 == len({fleet(*order).settings for order in permutations(few)})


SMALL = fleet(
    row(
        "web-1", rules={"close-wait-leak": Severity.high}, tcp_fin_timeout="60", tcp_max_orphans=Setting("65536", True)
    ),
    row("web-2", rules={"close-wait-leak": Severity.high}, tcp_fin_timeout="60", tcp_max_orphans=Setting("8192", True)),
    row("web-3", tcp_fin_timeout="300", tcp_max_orphans="256", release=None),
    row("db-1", rules={"port-range-narrow": Severity.low}, tcp_fin_timeout="60", tcp_max_orphans=Setting("4096", True)),
    lost=(("broken.json", "is not JSON"),),
)
SMALL_TEXT = """\
Fleet: 4 hosts judged, 1 source not
the worst that was found: high on 2, low on 1, nothing on 1

Findings by host
  HIGH    close-wait-leak: 2 hosts
          web-1, web-2
  LOW     port-range-narrow: 1 host
          db-1

Settings that differ from those of most hosts
  net.ipv4.tcp_max_orphans: the kernel's own default on 3 of 4
    256 on web-3
  net.ipv4.tcp_fin_timeout: 60 on 3 of 4
    300 on web-3

Kernels
     3  6.1.0
     1  unknown

Not judged
  broken.json: is not JSON
"""
SMALL_MARKDOWN = """\
# tcptune audit: the fleet

Fleet: 4 hosts judged, 1 source not; the worst that was found: high on 2, low on 1, nothing on 1.

## Findings by host

| severity | rule | hosts | which |
| --- | --- | ---: | --- |
| high | `close-wait-leak` | 2 | web-1, web-2 |
| low | `port-range-narrow` | 1 | db-1 |

## Settings that differ from those of most hosts

- `net.ipv4.tcp_max_orphans`: the kernel's own default on 3 of 4
  - 256 on web-3
- `net.ipv4.tcp_fin_timeout`: 60 on 3 of 4
  - 300 on web-3

## Kernels

- `6.1.0`: 3
- `unknown`: 1

## Not judged

- `broken.json`: is not JSON
"""


def test_a_person_reads_the_summary_in_one_screen():
    """Worst first; then what is odd; then what runs; then what is missing."""
    assert SMALL_TEXT == fleet_report.text(SMALL)
    assert SMALL_MARKDOWN == fleet_report.markdown(SMALL)
    assert "\x1b[31;1mHIGH  \x1b[0m  close-wait-leak: 2 hosts\n" in fleet_report.text(SMALL, colour=True)


def test_people_get_a_few_names_and_values_and_programs_all():
    """A thousand names are no summary."""
    many = fleet(
        *(row(f"web-{number}", rules={"x": Severity.low}, tcp_fin_timeout="60") for number in range(30)),
        *(row(f"odd-{number}", tcp_fin_timeout=str(number)) for number in range(8)),
        lost=tuple((f"{number}.json", "gone") for number in range(9)),
    )
    text, markdown = fleet_report.text(many), fleet_report.markdown(many)
    document = fleet_report.document(many)

    for told in (text, markdown):
        assert "web-0, web-1, web-2, web-3, web-4 and 25 more" in told
        assert "and 3 other values on 3 hosts" in told
        assert "odd-7" not in told
    assert "and 4 more" in text.splitlines()[-1]
    assert 30 == len(document["findings"][0]["hosts"])
    assert 8 == len(document["settings"][0]["odd"])
    assert 9 == len(document["not_judged"])


def test_a_fleet_without_trouble_says_so():
    """In every section; an empty one could be an error."""
    for count, sentence in ((2, "Three hosts are needed"), (3, "No setting differs from that of most hosts.")):
        text = fleet_report.text(fleet(*(row(str(number), tcp_fin_timeout="60") for number in range(count))))
        assert "Nothing found on any host." in text
        assert sentence in text
