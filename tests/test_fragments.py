"""Fragments for the tools that keep settings: whole texts, and every one read back with the reader of its kind."""

from __future__ import annotations

import configparser
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from reports_common import HOSTILE, finding, is_clean, report, reports, stored

from tcptune import __version__
from tcptune.model.report import Advice, Report, Severity
from tcptune.model.snapshot import Host
from tcptune.report import fragments
from tcptune.report.fragments.entries import Entry, entries
from tcptune.report.fragments.kubernetes import SAFE
from tcptune.report.words import changes
from tcptune.settings import parse

FILES = {
    "sysctl.d": ("90-tcptune.conf", "sysctl"),
    "ansible": ("roles/tcp/tasks/main.yml", "ansible"),
    "puppet": ("tcp.pp", "puppet"),
    "salt": ("tcp.sls", "salt"),
    "tuned": ("tuned.conf", "tuned"),
    "kubernetes": ("pod.yaml", "kubernetes"),
}
"""Where a fragment of each kind would lie, and which kind of settings file that is."""

YAML = ("ansible", "salt", "kubernetes")

each_kind = pytest.mark.parametrize("kind", fragments.KINDS)


def setting(key: str, value: str, was: str | None = None, rule: str = "a-rule") -> Report:
    """A report that recommends to set one key."""
    return report(finding(rule=rule, advice=(Advice("sysctl", "Effect.", "Cost.", key, value, was),)))


def read_back(text: str, kind: str) -> dict[str, str]:
    """The keys and values of a fragment, found by the reader of settings files that knows its kind by its path."""
    path, known_as = FILES[kind]
    found = parse(text.encode(), path)
    assert known_as == found.kind
    assert () == found.complaints
    assert len(found.settings) == len({each.key for each in found.settings})
    return {each.key: each.value for each in found.settings}


def wanted(report: Report, kind: str, undo: bool) -> dict[str, str]:
    """What has to be in it: what can be written, and of that what the tool can set."""
    found = {each.key: each.value for each in entries(report, undo) if each.value is not None and settable(each, kind)}
    return {key: value for key, value in found.items() if value or kind != "tuned"}


def settable(entry: Entry, kind: str) -> bool:
    return kind != "kubernetes" or entry.scope == "netns"


@pytest.mark.parametrize("undo", [False, True])
@each_kind
def test_the_recommendations_of_the_stored_hosts_are_read_back(kind, undo):
    """The same keys with the same values, each once."""
    for each in stored():
        assert wanted(each, kind, undo) == read_back(fragments.render(each, kind, undo), kind)


@each_kind
def test_all_that_is_recommended_is_what_the_report_tells(kind):
    """The block "changes to make" of the text report and a fragment cannot differ."""
    for each in stored():
        told = {key: value for key, value, _, _ in changes(each)}
        assert told == {entry.key: entry.value for entry in entries(each)}
        assert all(key in fragments.render(each, kind) for key in told)


VALUES = {
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.ip_local_port_range": "32768\t60999",
    "net.ipv4.tcp_rfc1337": "-1",
}


@each_kind
def test_numbers_vectors_and_nothing_come_back(kind):
    """A tab of /proc is a blank; nothing at all is a value of its own."""
    for key, value in {**VALUES, "net.ipv4.ip_local_reserved_ports": ""}.items():
        text = fragments.render(setting(key, "1", value), kind, undo=True)
        expected = {} if kind == "tuned" and not value else {key: value.replace("\t", " ")}
        assert expected == read_back(text, kind)


GOLDEN = {
    "sysctl.d": """\
# The file's own reason (medium): Effect. Cost: Cost.
# It was 300 before.
net.ipv4.tcp_fin_timeout = 60
""",
    "ansible": """\
# The file's own reason (medium): Effect. Cost: Cost.
# It was 300 before.
- name: Set net.ipv4.tcp_fin_timeout
  ansible.posix.sysctl:
    name: net.ipv4.tcp_fin_timeout
    value: '60'
    sysctl_file: /etc/sysctl.d/90-tcptune.conf
    sysctl_set: true
    state: present
""",
    "puppet": """\
# The file's own reason (medium): Effect. Cost: Cost.
# It was 300 before.
sysctl { 'net.ipv4.tcp_fin_timeout':
  value => '60',
}
""",
    "salt": """\
# The file's own reason (medium): Effect. Cost: Cost.
# It was 300 before.
net.ipv4.tcp_fin_timeout:
  sysctl.present:
    - value: '60'
    - config: /etc/sysctl.d/90-tcptune.conf
""",
    "tuned": """\
[main]
summary=Settings that tcptune recommends for closing TCP connections

[sysctl]
# The file's own reason (medium): Effect. Cost: Cost.
# It was 300 before.
net.ipv4.tcp_fin_timeout=60
""",
    "kubernetes": """\
securityContext:
  sysctls:
    # The file's own reason (medium): Effect. Cost: Cost.
    # It was 300 before.
    # Namespaced and safe, since Kubernetes 1.29, and unsafe before.
    - name: net.ipv4.tcp_fin_timeout
      value: '60'
""",
}

HEADER = f"""\
# tcptune {__version__}. What is recommended for web-3: linux 6.12.8, initial network
# namespace, 2026-11-20 22:52:00Z.
# Rules: The file's own reason.
"""

FOOTER = """\

# To undo (tcptune generate --undo writes it whole):
#   net.ipv4.tcp_fin_timeout = 300
"""


@each_kind
def test_a_fragment_says_whose_it_is_why_and_how_it_is_taken_back(kind):
    """The whole text, but for the lines that say how the tool is used."""
    text = fragments.render(setting("net.ipv4.tcp_fin_timeout", "60", "300", "The file's own reason"), kind)
    head, body, foot = text.partition(GOLDEN[kind])

    assert GOLDEN[kind] == body
    assert head.startswith(HEADER)
    assert all(line.startswith("# ") for line in head.splitlines()[3:-1])
    assert FOOTER == foot


@each_kind
def test_the_undo_has_the_old_values(kind):
    """And nothing else that is set."""
    both = report(
        finding(), finding(rule="b", advice=(Advice("sysctl", "E.", "C.", "net.ipv4.tcp_tw_reuse", "1", "2"),))
    )

    assert {"net.ipv4.tcp_fin_timeout": "300", "net.ipv4.tcp_tw_reuse": "2"} == read_back(
        fragments.render(both, kind, undo=True), kind
    )


@each_kind
def test_an_old_value_that_is_not_known_is_a_comment(kind):
    """Nothing is guessed."""
    text = fragments.render(setting("net.ipv4.tcp_fin_timeout", "60"), kind, undo=True)

    assert {} == read_back(text, kind)
    assert "no value to go back to" in flat(text)
    assert "was not known before" in flat(fragments.render(setting("net.ipv4.tcp_fin_timeout", "60"), kind))


def flat(text: str) -> str:
    """The words of a text, whatever lines they stand on."""
    return " ".join(text.replace("# ", " ").split())


@pytest.mark.parametrize("undo", [False, True])
@each_kind
def test_nothing_to_set_is_said(kind, undo):
    """And is a fragment all the same, which changes nothing."""
    text = fragments.render(report(), kind, undo)

    assert () == parse(text.encode(), FILES[kind][0]).settings
    assert "nothing is to be done here" in flat(text)
    if kind in YAML:
        yaml.safe_load(text)


@each_kind
def test_one_key_is_set_once_with_the_reasons_of_all_rules(kind):
    """The worst finding's value stands, and who wanted another one says so."""
    others = tuple(
        finding(rule=rule, severity=severity, advice=(Advice("sysctl", "E.", "C.", "net.ipv4.tcp_fin_timeout", value),))
        for rule, severity, value in (("worst", Severity.high, "60"), ("same", Severity.low, "60"), ("third", 0, "30"))
    )
    text = fragments.render(report(*[each._replace(severity=Severity(each.severity)) for each in others]), kind)

    assert {"net.ipv4.tcp_fin_timeout": "60"} == read_back(text, kind)
    assert "worst (high): E. Cost: C." in flat(text)
    assert "same (low): E. Cost: C." in flat(text)
    assert "third (info): E. Cost: C. It would rather have 30." in flat(text)


@each_kind
@pytest.mark.parametrize(
    "value",
    [*HOSTILE[2:-2], "x" * 5000, "1\n", "1\nnet.ipv4.tcp_mem = 0", "1 # x", "1'", "${x}", "$(id)", "1\t#", ">5"],
)
def test_a_value_that_is_no_plain_one_is_never_written(kind, value):
    """It comes from a machine, or from a rule of anybody's; it stands in a comment at most."""
    text = fragments.render(setting("net.ipv4.tcp_fin_timeout", value, value), kind)

    assert {} == read_back(text, kind)
    assert is_clean(text)


@each_kind
@pytest.mark.parametrize(
    "key", ["", "a", "net.ipv4.x = 1\nnet.y", "net.x'", "net.{{x}}", "net..x", "-net.x", "net.x:", "n.\n"]
)
def test_a_key_that_is_none_is_never_written(kind, key):
    """The rest of the fragment stays."""
    both = report(*setting(key, "1").findings, finding())

    assert {"net.ipv4.tcp_fin_timeout": "60"} == read_back(fragments.render(both, kind), kind)


@settings(deadline=None)
@given(reports, st.sampled_from([*fragments.KINDS]), st.booleans())
def test_any_report_gives_lines_of_comments_and_of_the_language(made, kind, undo):
    """Whatever rules, machines and values are called: only what can be written is set, and nothing runs."""
    text = fragments.render(made, kind, undo)
    known = {key: value for key, value in wanted(made, kind, undo).items() if key.startswith(("net.", "vm."))}

    assert is_clean(text)
    assert not re.search(r"\{[{%#]", text)
    assert known == {key: value for key, value in read_back(text, kind).items() if key in known}
    assert set(read_back(text, kind)) <= set(wanted(made, kind, undo))
    if kind in YAML:
        yaml.safe_load(text)
    if kind == "tuned":
        as_tuned_reads_it(text)


def as_tuned_reads_it(text: str) -> dict[str, str]:
    """The section sysctl by the parser and the options that tuned itself uses (tuned/profiles/loader.py)."""
    parser = configparser.ConfigParser(delimiters=("=",), inline_comment_prefixes=("#",), strict=False)
    parser.optionxform = str
    parser.read_string(text)
    return {key: parser.get("sysctl", key, raw=True) for key in parser.options("sysctl")}


def test_tuned_reads_its_profile_with_configparser():
    """As it is in the standard library."""
    assert {"net.ipv4.tcp_fin_timeout": "60"} == as_tuned_reads_it(fragments.render(report(finding()), "tuned"))


def test_ansible_reads_a_list_of_tasks_with_the_arguments_of_the_module():
    """Values are text, so that no YAML of any version makes a number or a truth of them."""
    (task,) = yaml.safe_load(fragments.render(report(finding()), "ansible"))
    module = task["ansible.posix.sysctl"]

    assert {"name", "value", "sysctl_file", "sysctl_set", "state"} == set(module)
    assert ("60", True) == (module["value"], module["sysctl_set"])
    assert [] == yaml.safe_load(fragments.render(report(), "ansible"))


def test_ansible_gets_a_blank_for_an_empty_value():
    """Its module refuses an empty one, and strips the blank."""
    text = fragments.render(setting("net.ipv4.ip_local_reserved_ports", "8080", ""), "ansible", undo=True)

    assert " " == yaml.safe_load(text)[0]["ansible.posix.sysctl"]["value"]


def test_salt_reads_states():
    """The id is the key."""
    states = yaml.safe_load(fragments.render(report(finding()), "salt"))

    assert {
        "net.ipv4.tcp_fin_timeout": {"sysctl.present": [{"value": "60"}, {"config": "/etc/sysctl.d/90-tcptune.conf"}]}
    } == states
    assert {} == yaml.safe_load(fragments.render(report(), "salt"))


def test_a_pod_gets_only_what_its_namespace_has():
    """What is one value for the node is told below, and nothing of it is set."""
    made = report(
        finding(),
        *setting("net.ipv4.tcp_max_orphans", "16384").findings,
        *setting("net.ipv4.tcp_tw_reuse", "1").findings,
        *setting("net.made_up", "1").findings,
    )
    text = fragments.render(made, "kubernetes")
    sysctls = yaml.safe_load(text)["securityContext"]["sysctls"]

    assert [
        {"name": "net.ipv4.tcp_fin_timeout", "value": "60"}, {"name": "net.ipv4.tcp_tw_reuse", "value": "1"}
    ] == sysctls  # fmt: skip
    assert "allowedUnsafeSysctls: - net.ipv4.tcp_tw_reuse" in flat(text)
    assert "Not for a pod: net.ipv4.tcp_max_orphans = 16384. It is one value for the whole node" in flat(text)
    assert "Left out: net.made_up = 1. It is not known" in flat(text)


@pytest.mark.parametrize(("release", "there"), [("4.5.0", False), ("4.6.0", True), (None, True)])
def test_what_is_namespaced_depends_on_the_kernel(release, there):
    """tcp_fin_timeout is, since 4.6."""
    text = fragments.render(report(finding(), host=Host("web", release)), "kubernetes")

    assert there == bool(yaml.safe_load(text)["securityContext"]["sysctls"])


def test_a_pod_without_settings_is_valid():
    """An empty list, as the API has it."""
    assert {"securityContext": {"sysctls": []}} == yaml.safe_load(fragments.render(report(), "kubernetes"))


def test_what_kubernetes_calls_safe_is_known_to_us_and_namespaced():
    """A name that is misspelt in the table would be called unsafe."""
    from tcptune.kernel.catalogue import SYSCTLS
    from tcptune.kernel.scope import scope_at

    assert [] == [key for key in SAFE if key not in SYSCTLS or scope_at(SYSCTLS[key].scopes, None) != "netns"]


def test_the_lines_of_a_fragment_are_short():
    """But for one that a key makes long."""
    for each in stored():
        for kind in fragments.KINDS:
            assert [] == [line for line in fragments.render(each, kind).splitlines() if len(line) > 79]
