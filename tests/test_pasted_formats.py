"""Each format that people paste: what its words and numbers are in the kernel's own names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.printed import netstat_summary, paste, state_counts
from tcptune.collect.printed.netstat_output import STATES as NETSTAT_STATES
from tcptune.collect.printed.other_systems import system_of
from tcptune.collect.printed.paste import TELLS
from tcptune.collect.printed.ss_output import STATES as SS_STATES
from tcptune.errors import CollectError
from tcptune.facts.vocabulary import vocabulary
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.log_lines import LOG_LINES
from tcptune.kernel.states import TcpState

SENTENCES = {name: sentence for sentence, name in netstat_summary.SENTENCES.items()}
COUNTS = st.integers(0, 2**63 - 1)
STATES = [state for state in TcpState if state is not TcpState.CLOSE]
HEADLINE = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
BELIEVABLE = "TCP: inuse 5\n"
"""What makes a text one that can be judged."""


def values(text, command=""):
    """The values in a text."""
    return paste.read(text, "a.txt", command).readings.values


def gaps(text, command=""):
    """The gaps of a text, without what merely says which command tells more."""
    told = paste.read(text, "a.txt", command).readings.gaps
    return {name: why for name, why in told.items() if TELLS.get(name) != why}


# Settings.


@pytest.mark.parametrize(
    "line",
    [
        "net.ipv4.tcp_fin_timeout = 60",
        "net.ipv4.tcp_fin_timeout=60",
        "net.ipv4.tcp_fin_timeout: 60",
        "net/ipv4/tcp_fin_timeout = 60",
        "/proc/sys/net/ipv4/tcp_fin_timeout:60",
        "tcp_fin_timeout:60",
        "-net.ipv4.tcp_fin_timeout = 60",
        "$ cat /proc/sys/net/ipv4/tcp_fin_timeout\n60",
        "$ sysctl -n net.ipv4.tcp_fin_timeout\n60",
        "$ head /proc/sys/net/ipv4/tcp_fin_timeout\n60",
        "==> /proc/sys/net/ipv4/tcp_fin_timeout <==\n60",
        "$ sudo cat /proc/sys/net/ipv4/tcp_fin_timeout /proc/sys/kernel/pid_max\n60\n4194304",
    ],
)
def test_a_setting_in_any_of_its_spellings(line):
    """Dots, slashes, the path, the name alone, or only the value after a command."""
    assert {"net.ipv4.tcp_fin_timeout": 60} == values(line + "\n")


def test_another_name_of_a_file_is_the_same_setting():
    """net.nf_conntrack_max is net.netfilter.nf_conntrack_max."""
    assert {"net.netfilter.nf_conntrack_max": 9} == values("net.nf_conntrack_max = 9\n")


def test_the_entries_of_conntrack_as_the_command_counts_them():
    """`conntrack -C` prints a bare number."""
    assert {"net.netfilter.nf_conntrack_count": 655360} == values("# conntrack -C\n655360\n")


def test_values_that_are_not_as_many_as_the_command_asks_for_are_nobodys():
    """Which number is which cannot be told."""
    text = BELIEVABLE + "$ cat /proc/sys/net/ipv4/tcp_fin_timeout /proc/sys/net/core/somaxconn\n60\n"

    assert "the command asks for 2 settings and 1 lines follow" == gaps(text)["net.ipv4.tcp_fin_timeout"]


def test_what_sysctl_complains_of_is_a_gap():
    """Denied, missing, unknown: each in the words of the text."""
    told = gaps(
        BELIEVABLE + "sysctl: permission denied on key 'net.ipv4.tcp_max_orphans'\n"
        "sysctl: cannot stat /proc/sys/net/ipv4/tcp_tw_recycle: No such file or directory\n"
        "cat: /proc/sys/net/ipv4/tcp_tw_reuse: Permission denied\n"
    )

    assert "permission denied, says the text" == told["net.ipv4.tcp_max_orphans"]
    assert "no such file, says the text" == told["net.ipv4.tcp_tw_recycle"]
    assert "permission denied, says the text" == told["net.ipv4.tcp_tw_reuse"]


def test_a_settings_file_says_what_is_wanted():
    """sysctl writes blanks around the sign; people do not."""
    assert "settings file" in gaps("net.ipv4.tcp_fin_timeout=60\n")["settings"]
    assert "settings" not in gaps("net.ipv4.tcp_fin_timeout = 60\n")


def full_listing(*without):
    """As `sysctl -a` prints it on 5.4."""
    keys = [key for key in SYSCTLS.values() if key.name not in without and not key.text]
    lines = [f"{key.name} = {' '.join('7' * len(key.facts()))}" for key in keys]
    return "\n".join(
        [
            *(f"vm.a{n} = 1\nfs.a{n} = 1" for n in range(100)),
            "kernel.osrelease = 5.4.0",
            "kernel.hostname = web3",
            *lines,
        ]
    )


def test_a_full_listing_tells_what_the_kernel_does_not_show():
    """Host, namespace, and why a key is not there."""
    found = paste.read(full_listing("net.ipv4.tcp_tw_recycle", "net.ipv4.tcp_rto_max_ms"), "a")

    assert ("web3", "5.4.0", "initial") == (found.host.name, found.host.release, found.host.netns)
    assert "removed in 4.12" == found.readings.gaps["net.ipv4.tcp_tw_recycle"]
    assert "older than 6.15" in found.readings.gaps["net.ipv4.tcp_rto_max_ms"]


def test_a_full_listing_without_the_limit_of_orphans_is_of_a_container():
    """Child namespaces do not show it."""
    found = paste.read(full_listing("net.ipv4.tcp_max_orphans"), "a")

    assert "child" == found.host.netns
    assert (
        "not shown in this network namespace: it belongs to the whole machine"
        == (found.readings.gaps["net.ipv4.tcp_max_orphans"])
    )


def test_some_settings_do_not_tell_the_namespace():
    """Only its presence says something in a part of a listing."""
    assert paste.read("net.ipv4.tcp_fin_timeout = 60\n", "a").host.netns is None
    assert "initial" == paste.read("net.ipv4.tcp_max_orphans = 60\n", "a").host.netns


@given(
    st.dictionaries(
        st.sampled_from([key for key in SYSCTLS.values() if not key.text]), st.integers(0, 2**31), min_size=1
    )
)
@settings(max_examples=60, deadline=None)
def test_settings_come_back_as_they_were_written(written):
    """Every key, with as many numbers as it has."""
    lines = [f"{key.name} = " + "\t".join([str(number)] * len(key.facts())) for key, number in written.items()]

    assert {fact: number for key, number in written.items() for fact in key.facts()} == values("\n".join(lines))


# Counts of sockets.


@pytest.mark.parametrize(
    "line",
    [
        "TIME_WAIT 3979",
        "   3979 TIME_WAIT",
        "TIME-WAIT\t3979",
        "TIME_WAIT: 3979",
        "TIME_WAIT=3979",
        '"TIME_WAIT": 3979,',
        'S["TIME_WAIT"] = 3979',
        "| TIME_WAIT | 3979 |",
        "- TIME_WAIT: 3979",
        "3979 TIME_WAIT # a lot",
        "tcp[TIME_WAIT] 3979",
    ],
)
def test_a_count_in_any_of_its_spellings(line):
    """awk, sort | uniq -c, and what people make of them."""
    assert {"states.TIME_WAIT": 3979} == values(line + "\n")


@pytest.mark.parametrize(
    ("command", "number", "expected"),
    [
        ("ss -tan state time-wait | wc -l", 8, {"states.TIME_WAIT": 7}),
        ("ss -Htan state time-wait | wc -l", 8, {"states.TIME_WAIT": 8}),
        ("ss -tan state time-wait | tail -n +2 | wc -l", 8, {"states.TIME_WAIT": 8}),
        ("ss -tan state time-wait | wc -l", 0, {"states.TIME_WAIT": 0}),
        ("netstat -an | grep -c TIME_WAIT", 8, {"states.TIME_WAIT": 8}),
        ("netstat -an | grep TIME_WAIT | wc -l", 8, {"states.TIME_WAIT": 8}),
        ("netstat -an|grep -i time_wait|wc -l", 8, {"states.TIME_WAIT": 8}),
        ("ss | grep CLOSE | wc -l", 8, {"states.CLOSE_WAIT": 8}),
        ("netstat -antp | grep CLOSE_WAIT | wc -l", 8, {"states.CLOSE_WAIT": 8}),
        ("netstat -ant | grep ESTABLISHED | wc -l", 8, {"states.ESTABLISHED": 8}),
        ("ss -t state established | wc -l", 8, {"states.ESTABLISHED": 7}),
        ("watch -n 1 'ss -Htan state fin-wait-2 | wc -l'", 8, {"states.FIN_WAIT_2": 8}),
    ],
)
def test_a_number_after_a_command_that_counts(command, number, expected):
    """ss prints a headline, which wc counts too."""
    assert expected == values(f"$ {command}\n{number}\n")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("ss | grep ESTAB | wc -l", "sockets of other kinds too"),
        ("netstat -an | grep ESTABLISHED | wc -l", "sockets of other kinds too"),
        ("netstat -an | grep WAIT | wc -l", "not the sockets of one state"),
        ("netstat -an | grep :80 | grep TIME_WAIT | wc -l", "not the sockets of one state"),
        ("ss -tan state time-wait dst 10.0.0.7 | wc -l", "not the sockets of one state"),
        ("ss -tan | wc -l", "not the sockets of one state"),
        ("ss -4tan state time-wait | wc -l", "not the sockets of one state"),
        ("ss -tan | grep -v TIME-WAIT | wc -l", "not the sockets of one state"),
        ("ss -t | grep TIME-WAIT | wc -l", "not the sockets of one state"),
        ("netstat -an | grep -E 'TIME_WAIT|CLOSE_WAIT' | wc -l", "not the sockets of one state"),
    ],
)
def test_a_number_of_which_nobody_can_tell_what_it_counts_is_a_gap(command, why):
    """Unix sockets are ESTAB too; a filter counts some; ss without -a shows no TIME-WAIT at all."""
    told = gaps(f"{BELIEVABLE}$ {command}\n8\n")

    assert {"sockstat.TCP.inuse": 5} == values(f"{BELIEVABLE}$ {command}\n8\n")
    assert any(why in gap for gap in told.values())


def test_a_count_that_is_plainly_whole_says_that_the_rest_is_0():
    """awk over all sockets names every state that occurs."""
    found = values("183 CLOSE_WAIT\n139 ESTABLISHED\n13 LISTEN\n")

    assert {0} == {found[f"states.{state.name}"] for state in STATES} - {183, 139, 13}
    assert "states.LISTEN" not in values("183 CLOSE_WAIT\n139 ESTABLISHED\n")


@pytest.mark.parametrize(
    "text",
    [
        "183 CLOSE_WAIT\n",
        "183 CLOSE_WAIT\n13 LISTEN\n",
        "183 CLOSE-WAIT\n139 ESTAB\n",
        "$ netstat -ant | grep :80 | awk '{print $6}' | sort | uniq -c\n183 CLOSE_WAIT\n139 ESTABLISHED\n",
        "$ ss -tan | awk '{print $1}' | sort | uniq -c | sort -rn | head -2\n183 CLOSE-WAIT\n139 ESTAB\n13 LISTEN\n",
    ],
)
def test_a_count_that_may_be_of_some_says_nothing_of_the_rest(text):
    """Without -a, filtered, cut, or picked by hand."""
    assert "states.LAST_ACK" not in values(text)
    assert "states" in gaps(text)


def test_what_ss_was_not_asked_for_is_not_0():
    """`ss -tn` shows no listeners and no TIME-WAIT; `ss -tan` shows all."""
    counts = "139 ESTAB\n5 CLOSE-WAIT\n"
    few = values("$ ss -tn | awk '{print $1}' | sort | uniq -c\n" + counts)
    all_ = values("$ ss -tan | awk 'NR>1 {++S[$1]} END {for (a in S) print S[a], a}'\n" + counts)

    assert (0, None) == (few["states.LAST_ACK"], few.get("states.TIME_WAIT"))
    assert (0, 0) == (all_["states.LAST_ACK"], all_["states.TIME_WAIT"])


@given(
    st.sampled_from([SS_STATES, NETSTAT_STATES]),
    st.dictionaries(st.sampled_from(STATES), st.integers(0, 10**9), min_size=1),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_counts_come_back_as_they_were_written(names, counts, number_first):
    """In the words of both programs, in both orders."""
    name_of = {state: name for name, state in names.items() if state is not None}
    pairs = [(str(count), name_of[state]) for state, count in counts.items()]
    text = "\n".join(f"{count} {name}" if number_first else f"{name} {count}" for count, name in pairs)

    assert {f"states.{state.name}": count for state, count in counts.items()}.items() <= values(text).items()


def test_every_name_of_a_state_is_known():
    """Those of ss, of netstat, of RFC 9293."""
    known = {state for state in state_counts.WRITTEN.values() if state is not None}

    assert set(STATES) == known


# ss -s.


OLD = "TCP:   1655 (estab 1556, closed 39, orphaned 40, synrecv 5, timewait 34/7), ports 9\n"
NEW = "TCP:   1650 (estab 1556, closed 39, orphaned 40, timewait 34)\n"


@pytest.mark.parametrize("line", [OLD, NEW])
def test_the_summary_of_ss_of_every_age(line):
    """The total holds time-wait entries, in old ones SYN-RECEIVED too; without them it is alloc."""
    assert {
        "Tcp.CurrEstab": 1556,
        "sockstat.TCP.orphan": 40,
        "sockstat.TCP.tw": 34,
        "sockstat.TCP.alloc": 1616,
    } == values(line)
    assert "ss -s does not print it" in gaps(line)["sockstat.TCP.mem"]


def test_a_summary_whose_total_is_below_its_parts_tells_no_total():
    """Somebody has changed a number."""
    text = "TCP:   3 (estab 1, closed 0, orphaned 0, timewait 34)\n"

    assert "sockstat.TCP.alloc" not in values(text)
    assert "below its own parts" in gaps(text)["sockstat.TCP.alloc"]


@given(*[st.integers(0, 10**6)] * 7)
@settings(max_examples=60, deadline=None)
def test_a_summary_comes_back_as_sockstat_had_it(used, inuse, orphan, tw, alloc, inuse6, estab):
    """Printed as print_summary() does."""
    text = (
        f"Total: {used}\n"
        f"TCP:   {alloc + tw} (estab {estab}, closed {alloc - (inuse + inuse6 - tw)}, "
        f"orphaned {orphan}, timewait {tw})\n"
        "\nTransport Total     IP        IPv6\n"
        f"TCP\t  {inuse + inuse6:<9} {inuse:<9} {inuse6:<9}\n"
    )

    assert {
        "sockstat.sockets.used": used,
        "sockstat.TCP.inuse": inuse,
        "sockstat.TCP.orphan": orphan,
        "sockstat.TCP.tw": tw,
        "sockstat.TCP.alloc": alloc,
        "sockstat6.TCP6.inuse": inuse6,
        "Tcp.CurrEstab": estab,
    } == values(text)


# Counters.


def test_sentences_of_netstat_are_counters():
    """Old and new words for one counter."""
    assert {"TcpExt.ListenDrops": 7} == values("7 SYNs to LISTEN sockets ignored\n")
    assert {"TcpExt.ListenDrops": 7} == values("7 SYNs to LISTEN sockets dropped\n")
    assert {"Tcp.RetransSegs": 7} == values("    7 segments retransmited\n")
    assert {"Tcp.InErrs": 7} == values("    7 bad segments received.\n")
    assert {"TcpExt.TCPMemoryPressures": 7} == values("    TCP ran low on memory 7 times\n")


def test_a_counter_without_a_sentence_comes_by_its_name():
    """netstat knows no words for what came after 2.6."""
    assert {"TcpExt.TCPTimeWaitOverflow": 27360} == values("    TCPTimeWaitOverflow: 27360\n")


def test_sentences_of_other_protocols_are_not_tcp():
    """`packets received` is UDP's, whatever its number."""
    assert {"Tcp.CurrEstab": 5} == values("Udp:\n    7 packets received\nTcp:\n    5 connections established\n")


def test_a_netstat_of_32_bits_prints_large_numbers_as_negative_ones():
    """1.60 keeps them in an int."""
    text = "Tcp:\n    -530948766 segments received\n    5 connections established\n"

    assert {"Tcp.CurrEstab": 5} == values(text)
    assert "numbers end at 2147483647" in gaps(text)["Tcp.InSegs"]


WHOLE = "TcpExt:\n    16 TCP sockets finished time wait in fast timer\n    {more}: 5\nIpExt:\n    InOctets: 7\n"


def test_what_a_whole_netstat_leaves_out_is_0_where_every_such_kernel_has_it():
    """It prints a counter only above 0; TCPLossProbes says that the kernel is 3.10 or newer."""
    found = values(WHOLE.format(more="TCPLossProbes"))

    assert (16, 0, 0) == (found["TcpExt.TW"], found["TcpExt.TCPTimeWaitOverflow"], found["TcpExt.TCPAbortOnMemory"])
    assert "TcpExt.TCPWqueueTooBig" not in found
    assert "`nstat -az` tells" in gaps(WHOLE.format(more="TCPLossProbes"))["TcpExt.TCPWqueueTooBig"]


@pytest.mark.parametrize(
    "text", [WHOLE.format(more="TCPFullUndo"), WHOLE.format(more="TCPLossProbes").split("IpExt")[0]]
)
def test_what_is_left_out_is_unknown_where_the_kernel_or_the_end_is(text):
    """2.6 had fewer counters, and a text may be cut."""
    assert "TcpExt.TCPTimeWaitOverflow" not in values(text)


@given(st.dictionaries(st.sampled_from(sorted(SENTENCES)), COUNTS, min_size=1))
@settings(max_examples=60, deadline=None)
def test_netstats_sentences_come_back_as_they_were_written(written):
    """Each under the heading of its line."""
    text = ""
    for group in ("Tcp", "TcpExt"):
        text += f"{group}:\n"
        text += "".join(
            f"    {SENTENCES[n].replace('#', str(v))}\n" for n, v in written.items() if n.startswith(group + ".")
        )

    assert written.items() <= values(text).items()


def nstat(counters):
    """As nstat prints them."""
    return "#kernel\n" + "".join(
        f"{name.replace('.', ''):<32}{number:<16}{0.0:6.1f}\n" for name, number in counters.items()
    )


NAMES = sorted(name for name in COUNTERS if name.startswith(("Tcp.", "TcpExt.")) and name != "Tcp.CurrEstab")


@given(st.dictionaries(st.sampled_from(NAMES), COUNTS, min_size=1))
@settings(max_examples=60, deadline=None)
def test_nstats_counters_come_back_as_they_were_written(written):
    """As a table and as JSON."""
    document = json.dumps({"kernel": {name.replace(".", ""): number for name, number in written.items()}})
    pretty = json.dumps({"kernel": {name.replace(".", ""): number for name, number in written.items()}}, indent=4)

    assert written == values(nstat(written))
    assert written == values(document)
    assert written == values(pretty)


def test_without_a_nstat_counts_since_its_last_run():
    """Its zeros are none since the start, and neither are its numbers."""
    text = "$ nstat -z\n" + nstat({"TcpExt.TW": 5, "TcpExt.TCPAbortOnData": 0})

    assert {"TcpExt.TW": 5} == values(text)
    assert "since nstat last ran" in gaps(text)["TcpExt.TCPAbortOnData"]
    assert "since nstat last ran" in gaps(text)["nstat"]


def test_with_a_and_z_nstat_tells_all():
    """Nothing is left to doubt but the one that it never prints."""
    text = "$ nstat -az\n" + nstat({"TcpExt.TW": 5, "TcpExt.TCPAbortOnData": 0})

    assert {"TcpExt.TW": 5, "TcpExt.TCPAbortOnData": 0} == values(text)
    assert {"Tcp.CurrEstab"} == gaps(text).keys()


def test_with_a_alone_nstat_leaves_out_what_is_0():
    """The listing is whole where it ends with another line than TcpExt."""
    text = "$ nstat -a\n" + nstat({"Tcp.InSegs": 5, "TcpExt.TCPLossProbes": 5, "IpExt.InOctets": 9})

    assert 0 == values(text)["TcpExt.TCPTimeWaitOverflow"]
    assert "TcpExt.TCPTimeWaitOverflow" not in values(
        text.replace("nstat -a\n", "nstat -a | grep Tcp\n").split("IpExt")[0]
    )


def test_where_the_command_is_not_told_nstat_may_have_been_run_before():
    """Numbers are taken, with the doubt."""
    assert "which of them is not told" in gaps("TcpExtTW 16 0.0\n")["nstat"]


def test_files_of_proc_net():
    """snmp, netstat, sockstat and sockstat6 one after the other, as `cat` prints them."""
    text = (
        "sockets: used 9\nTCP: inuse 3 orphan 1 tw 4 alloc 5 mem 2\nUDP: inuse 1 mem 1\nTCP6: inuse 7\nUDP6: inuse 1\n"
        "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm MaxConn CurrEstab\nTcp: 1 -1 5\n"
        "TcpExt: SyncookiesSent TW\nTcpExt: 0 16\nIpExt: InNoRoutes\nIpExt: 7\n"
    )

    assert {
        "sockstat.sockets.used": 9, "sockstat.TCP.inuse": 3, "sockstat.TCP.orphan": 1, "sockstat.TCP.tw": 4,
        "sockstat.TCP.alloc": 5, "sockstat.TCP.mem": 2, "sockstat6.TCP6.inuse": 7,
        "Tcp.RtoAlgorithm": 1, "Tcp.MaxConn": -1, "Tcp.CurrEstab": 5, "TcpExt.SyncookiesSent": 0, "TcpExt.TW": 16,
    } == values(text)  # fmt: skip


def test_columns_that_do_not_fit_are_a_gap():
    """Names and values of different number are nobody's."""
    text = BELIEVABLE + "TcpExt: SyncookiesSent TW\nTcpExt: 0 16 5\n"

    assert {"sockstat.TCP.inuse": 5} == values(text)
    assert "names 2 counters and gives 3 values" in gaps(text)["TcpExt"]


def test_of_the_protocols_only_the_memory_is_sure():
    """What `sockets` counts there has changed."""
    head = "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re\n"
    row = "TCP       1984  93064  1225378   no     320   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  y\n"

    assert {"sockstat.TCP.mem": 1225378} == values(head + row)


# The machine.


def test_memory_and_time():
    """/proc/meminfo and /proc/uptime as they are."""
    found = values(
        BELIEVABLE + "MemTotal:       16384 kB\nMemFree:   1 kB\nMemAvailable:    512 kB\n350735.47 234388.90\n"
    )

    assert (16384, 512) == (found["meminfo.MemTotal"], found["meminfo.MemAvailable"])
    assert 350735.47 == found["uptime"]


FREE = """\
              total        used        free      shared  buff/cache   available
Mem:          16384         100         200           0         300         512
Swap:             0           0           0
"""


def test_free_tells_the_memory_where_its_unit_is_told():
    """Without -m, -g or -h it prints kB; without the command nobody knows."""
    found = values(BELIEVABLE + "$ free\n" + FREE)

    assert (16384, 512) == (found["meminfo.MemTotal"], found["meminfo.MemAvailable"])
    for text in (FREE, "$ free -m\n" + FREE):
        assert "free prints other units than kB" in gaps(BELIEVABLE + text)["meminfo"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("93 days, 3:02", 8046150), ("1 day, 5 min", 86730), ("3:02", 10950), ("2 days, 23:59", 259170)],
)
def test_uptime_prints_whole_minutes(words, seconds):
    """The middle of the minute is meant."""
    text = f"{BELIEVABLE} 14:53:11 up {words},  1 user,  load average: 7.69, 2.93, 1.08\n"

    assert seconds == values(text)["uptime"]
    assert "right to half of one" in gaps(text)["uptime.minutes"]


def test_the_first_hour_is_not_told_in_minutes():
    """3 min may be 180 s or 239 s."""
    text = f"{BELIEVABLE} 14:53:11 up 3 min,  1 user,  load average: 7.69, 2.93, 1.08\n"

    assert "uptime" not in values(text)
    assert "from 180 s to 240 s" in gaps(text)["uptime"]


@pytest.mark.parametrize(
    ("text", "name", "release"),
    [
        ("Linux web3 5.4.0-42-generic #46-Ubuntu SMP x86_64 GNU/Linux\n", "web3", "5.4.0-42-generic"),
        ("Linux version 3.10.0-1160.el7.x86_64 (mockbuild@a) (gcc 4.8.5)\n", None, "3.10.0-1160.el7.x86_64"),
        ("[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)\n", None, "6.1.0-18-amd64"),
        ("$ uname -r\n6.8.0-139-generic\n", None, "6.8.0-139-generic"),
        ("   Static hostname: web3\n            Kernel: Linux 5.15.0-91-generic\n", "web3", "5.15.0-91-generic"),
        ("kernel.osrelease = 4.18.0-553.el8\nkernel.hostname = web3\n", "web3", "4.18.0-553.el8"),
        ("Jan 22 15:05:39 web3 kernel: [124.315458] eth0: link up\n", "web3", None),
        ("me@web3:~$ \n", "web3", None),
    ],
)
def test_the_host_by_whoever_names_it(text, name, release):
    """uname, /proc/version, dmesg, hostnamectl, sysctl, syslog, a prompt."""
    host = paste.read(text + BELIEVABLE, "a").host

    assert (name, release) == (host.name, host.release)


# Logs.


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("TCP: too many orphaned sockets", "log.too_many_orphaned_sockets"),
        ("TCP: out of memory -- consider tuning tcp_mem", "log.tcp_out_of_memory"),
        ("Out of socket memory", "log.out_of_socket_memory"),
        ("TCP: time wait bucket table overflow", "log.time_wait_bucket_table_overflow"),
        ("TCP: time wait bucket table overflow (CT0)", "log.time_wait_bucket_table_overflow"),
        ("nf_conntrack: table full, dropping packet", "log.conntrack_table_full"),
        ("nf_conntrack: nf_conntrack: table full, dropping packet", "log.conntrack_table_full"),
        ("ip_conntrack: table full, dropping packet.", "log.conntrack_table_full"),
        ("TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.", "log.possible_syn_flooding"),
        ("possible SYN flooding on port 80. Sending cookies.", "log.possible_syn_flooding"),
    ],
)
@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "[7836248.709735] ",
        "[    9.649346] ",
        "[Mon Nov 16 14:55:04 2020] ",
        "Oct  5 05:49:58 localhost kernel: [7836248.709735] ",
        "Apr 20 22:02:55 kernel: ",
        "2024-03-05T14:55:04.123456+00:00 web3 kernel: ",
        "<6>[  179.636034] ",
    ],
)
def test_lines_of_the_kernels_log_are_counted(line, fact, prefix):
    """In every way that a line is stamped."""
    assert {fact: 2} == values(f"{prefix}{line}\n" * 2)
    assert fact in LOG_LINES


def test_suppressed_lines_count_where_it_is_plain_what_they_were():
    """One kind alone in the kernel's log; what other programs say does not matter."""
    lines = "[9.000001] net_ratelimit: 302 callbacks suppressed\n[9.000002] TCP: too many orphaned sockets\n"
    other = "Oct  5 05:49:58 a systemd[1]: x.service: Main process exited\n"

    assert 303 == values(lines + other)["log.too_many_orphaned_sockets"]


def test_suppressed_lines_of_two_kinds_are_nobodys():
    """MPTCP's own complaint passes through the same limit."""
    text = (
        "[9.000001] net_ratelimit: 273 callbacks suppressed\n[9.000002] TCP: too many orphaned sockets\n"
        "[9.000003] MPTCP: out of memory: force closing socket\n"
    )

    assert {"log.too_many_orphaned_sockets": 1} == values(text)
    assert "273 lines were suppressed" in gaps(text)["log.suppressed"]


def test_a_sentence_about_a_message_is_not_the_message():
    """People write about logs too."""
    with pytest.raises(CollectError, match="is none of what is known"):
        values("We see too many orphaned sockets in the log.\n")


def test_errors_of_programs_are_counted():
    """In their own words, in a log or without."""
    text = (
        "Oct  5 05:49:58 a nginx[7]: connect() to 10.0.0.7:80 failed (99: Cannot assign requested address)\n"
        "OSError: [Errno 98] Address already in use\n"
    )

    assert {"log.EADDRNOTAVAIL": 1, "log.EADDRINUSE": 1} == values(text)


# Connection tracking.


ENTRY = (
    "tcp      6 431999 {state} src=10.0.0.5 dst=10.0.0.{n} sport=1 dport=80 "
    "src=10.0.0.9 dst=10.0.0.5 sport=80 dport=1 [ASSURED] mark=0 use=1\n"
)


@pytest.mark.parametrize("prefix", ["", "ipv4     2 ", "09:14:29    "])
def test_entries_of_conntrack_are_no_sockets(prefix):
    """They have states of their own."""
    text = "".join(
        prefix + ENTRY.format(state=state, n=n) for n, state in enumerate(["CLOSE_WAIT", "FIN_WAIT", "CLOSE_WAIT"])
    )
    found = values(text)

    assert {"conntrack.states.CLOSE_WAIT": 2, "conntrack.states.FIN_WAIT": 1} == found
    assert found.keys() <= vocabulary().keys()


def test_an_entry_that_is_listed_twice_is_one():
    """Somebody has looked again and again."""
    text = ENTRY.format(state="ESTABLISHED", n=1) + ENTRY.format(state="CLOSE_WAIT", n=1)

    assert {"conntrack.states.CLOSE_WAIT": 1} == values(text)


# Other systems.


@pytest.mark.parametrize(
    "line",
    [
        "tcp        0      0 10.0.0.5:80             10.0.0.9:50000          TIME_WAIT",
        "tcp6       0      0 :::22                   :::*                    LISTEN",
        "Active Internet connections (servers and established)",
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State",
        "net.ipv4.ip_local_port_range = 49152 65535",
        "TCP: inuse 5",
        "kernel.ostype = Linux",
    ],
)
def test_what_linux_prints_is_not_taken_for_another_system(line):
    """The port range of macOS is possible here too."""
    assert system_of(line) is None


# Names.


def test_whatever_is_told_by_name_is_a_fact_or_a_counter():
    """The names are those of the live reader."""
    told = [*netstat_summary.SENTENCES.values()]

    assert set(told) <= set(COUNTERS)
