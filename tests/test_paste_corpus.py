"""Every text of the corpus of real states: read, with what is known of it, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcptune.collect.printed import paste
from tcptune.collect.printed.paste import TELLS
from tcptune.collect.printed.plain import text_of
from tcptune.errors import CollectError
from tcptune.facts.derive import derive
from tcptune.facts.vocabulary import vocabulary

STATE = Path(__file__).parents[2] / "shared" / "corpus" / "state"
TREES = ("sosreport", "proc_tree")
FILES = sorted(place for place in STATE.glob("*/*") if place.is_file() and place.parent.name not in TREES)

pytestmark = pytest.mark.skipif(not FILES, reason="needs the corpus of real states beside the project")

FORMAT_OF = {
    "conntrack": {"conntrack"},
    "dmesg": {"log"},
    "netstat_-s": {"netstat -s"},
    "netstat_list": {"netstat"},
    "nstat": {"nstat"},
    "proc_net_netstat": {"/proc/net/snmp and netstat"},
    "proc_net_protocols": {"/proc/net/protocols"},
    "proc_net_snmp": {"/proc/net/snmp and netstat"},
    "proc_net_sockstat": {"/proc/net/sockstat"},
    "proc_net_tcp": {"/proc/net/tcp"},
    "proc_net_tcp6": {"/proc/net/tcp"},
    "ss": {"ss"},
    "ss_-s": {"ss -s", "ss"},
    "state_counts": {"counts by state", "uptime"},
    "sysctl_-a": {"sysctl"},
    "sysctl_cmd": {"sysctl"},
    "lab_notes": {"log"},
}
"""What the texts of a folder can hold."""

REFUSED = {
    "lab_notes/6.8-timewait-duration.txt": "is none of what is known: its first line is '0.00 s: FIN-WAIT-2'",
    "netstat_-s/insights-netstat-NETSTAT_S_W": "TcpExt: no such file or directory, says the text",
    **dict.fromkeys(
        (
            f"proc_net_snmp6/{name}"
            for name in (
                *("below-snmp6", "node_exporter-snmp6", "pcp-snmp6-2.6.32", "pcp-snmp6-3.19.0", "pcp-snmp6-5.14.7"),
                "procfs-26231_net_snmp6",
            )
        ),
        "/proc/net/snmp6 counts nothing of TCP",
    ),
    "proc_net_netstat/insights-netstat-PROC_NETSTAT_4": "names 112 counters and gives 113 values",
    "proc_net_tcp6/procfs-net_tcp6": "sockets without any state of TCP, as /proc/net/udp has them",
    "sysctl_cmd/bk-ci-10904.txt": "net.ipv4.tcp_tw_reuse: no such file, says the text",
    "sysctl_cmd/deepops-354.txt": "net.ipv4.tcp_tw_recycle: no such file, says the text",
    "sysctl_cmd/moby-38519.txt": "is none of what is known: its first line is 'docker: Error response from daemon",
    "sysctl_conf_initramfs/insights-sysctl-SYSCTL_CONF_INITRAMFS_TEST": "holds sysctl, which tells nothing of TCP here",
}
"""What tells nothing of TCP, and why."""

KNOWN = {
    "conntrack/issue-k8s-32551.txt": {"conntrack.states.CLOSE_WAIT": 1},
    "dmesg/asuswrt-merlin-136.txt": {"log.time_wait_bucket_table_overflow": 10 + 482},
    "dmesg/haproxy-958.txt": {"log.too_many_orphaned_sockets": 6},
    "dmesg/i2pd-1254.txt": {"log.too_many_orphaned_sockets": 10 + 302},
    "dmesg/kaivanov-2013.txt": {"log.out_of_socket_memory": 1},
    "dmesg/openmptcprouter-2729.txt": {"log.too_many_orphaned_sockets": 10},
    "dmesg/tempesta-1763.txt": {"log.tcp_out_of_memory": 7},
    "dmesg/vtrunkd-159.txt": {"log.possible_syn_flooding": 1},
    "lab_notes/6.8-tw_reuse-one-port.txt": {"log.EADDRNOTAVAIL": 4},
    "netstat_-s/adobe-porter-124-before.txt": {
        "TcpExt.TCPTimeWaitOverflow": 27360,
        "TcpExt.TW": 23450,
        "TcpExt.TCPAbortOnData": 128105,
    },
    "netstat_-s/freeformz-shh-41.txt": {
        "Tcp.CurrEstab": 10449,
        "Tcp.RetransSegs": 191055808,
        "TcpExt.ListenOverflows": 5191585,
        "TcpExt.TCPAbortOnTimeout": 175757,
        "TcpExt.PAWSEstab": 296549,
    },
    "netstat_-s/hiboma-4.txt": {"TcpExt.TWRecycled": 36979534, "TcpExt.EmbryonicRsts": 4571528},
    "netstat_-s/insights-netstat-NETSTAT_S": {
        "Tcp.ActiveOpens": 1648,
        "TcpExt.TCPTimeouts": 54,
        "TcpExt.TCPLossProbes": 12,
        "TcpExt.TCPTimeWaitOverflow": 0,
    },
    "netstat_-s/nodeS7-129.txt": {"Tcp.OutSegs": 14178140, "TcpExt.TCPTimeouts": 304, "TcpExt.TCPAbortOnTimeout": 10},
    "netstat_-s/read-it-later-6647-grep.txt": {"TcpExt.ListenOverflows": 667399, "TcpExt.ListenDrops": 667399},
    "netstat_list/issue-haproxy-136.txt": {"states.CLOSE_WAIT": 9},
    "netstat_list/issue-k8s-17641.txt": {"states.FIN_WAIT_2": 4},
    "netstat_list/issue-kestrel-1785.txt": {"states.FIN_WAIT_1": 7, "states.LAST_ACK": 1},
    "netstat_list/issue-snapcast-753.txt": {"states.CLOSE_WAIT": 10},
    "nstat/id31348831464-nstat-5.x.txt": {
        "TcpExt.TCPTimeWaitOverflow": 2840,
        "TcpExt.TW": 21112,
        "Tcp.AttemptFails": 943782,
    },
    "nstat/issue-netdata-6998-b.txt": {"TcpExt.ListenOverflows": 0, "TcpExt.ListenDrops": 35},
    "nstat/lab-6.8-tw-overflow.txt": {"TcpExt.TCPTimeWaitOverflow": 104, "TcpExt.TW": 16},
    "proc_net_netstat/below-netstat": {
        "TcpExt.TW": 44799169,
        "TcpExt.TWRecycled": 718071,
        "TcpExt.TCPAbortOnClose": 1755828,
        "TcpExt.ListenOverflows": 36278,
    },
    "proc_net_netstat/goprocinfo-net_netstat_2": {"TcpExt.TW": 427717},
    "proc_net_netstat/procfs-26231_net_netstat": {"TcpExt.TCPTimeWaitOverflow": 3, "TcpExt.TCPAbortOnMemory": 6},
    "proc_net_netstat/python-diamond-Diamond-proc_net_netstat_2": {
        "TcpExt.TCPAbortOnClose": 38916,
        "TcpExt.TCPAbortOnTimeout": 68,
    },
    "proc_net_protocols/procfs-net_protocols": {"sockstat.TCP.mem": 1225378},
    "proc_net_sockstat/issue-emqx-17893-pod.txt": {"sockstat.TCP.inuse": 443029, "sockstat.TCP.alloc": 664959},
    "proc_net_sockstat/issue-geekgao-7.txt": {"sockstat.TCP.orphan": 65738, "sockstat.TCP.mem": 22016},
    "proc_net_sockstat/issue-kaivanov-2013.txt": {"sockstat.TCP.orphan": 126800, "sockstat.TCP.tw": 153787},
    "proc_net_sockstat/node_exporter-sockstat6": {"sockstat6.TCP6.inuse": 17},
    "proc_net_tcp/goprocinfo-3323_net_tcp": {"states.TIME_WAIT": 20, "states.FIN_WAIT_2": 3, "states.FIN_WAIT_1": 1},
    "proc_net_tcp6/jc-net_tcp6": {"states.TIME_WAIT": 7, "states.LISTEN": 1},
    "ss/issue-k8s-dns-381.txt": {"states.TIME_WAIT": 8},
    "ss/issue-netdata-2169.txt": {"states.SYN_SENT": 4},
    "ss/jc-ubuntu-18.04-ss-sudo-tulpen.out": {"states.LISTEN": 58},
    "ss_-s/changelog-244-ss-st.txt": {"sockstat.TCP.alloc": 151, "sockstat.TCP.tw": 26, "states.CLOSE_WAIT": 3},
    "ss_-s/i2pd-825.txt": {"sockstat.TCP.alloc": 1616, "sockstat.TCP.orphan": 40, "Tcp.CurrEstab": 1556},
    "state_counts/issue-JasonJe-95.txt": {"states.CLOSE_WAIT": 183, "states.TIME_WAIT": 3979, "states.LAST_ACK": 0},
    "state_counts/issue-cowboy-232.txt": {"states.CLOSE_WAIT": 6038, "states.FIN_WAIT_2": 36},
    "state_counts/issue-engintron-840.txt": {"states.TIME_WAIT": 12248, "states.CLOSING": 10, "states.CLOSE_WAIT": 0},
    "state_counts/issue-haproxy-958.txt": {"states.CLOSE_WAIT": 482874},
    "state_counts/issue-traefik-13123.txt": {"states.TIME_WAIT": 28241, "states.ESTABLISHED": 62},
    "sysctl_-a/cancian-openwrt-sysctl.txt": {"net.ipv4.tcp_max_orphans": 512, "net.ipv4.tcp_max_tw_buckets": 512},
    "sysctl_-a/id38250098385-6.6-fragment.txt": {"net.ipv4.tcp_ehash_entries": 262144, "net.ipv4.tcp_fin_timeout": 60},
    "sysctl_-a/id45357824157-5.6to5.10-fragment.txt": {"net.ipv4.tcp_mem.max": 764064},
    "sysctl_-a/jc-centos-7.7-sysctl-a.out": {"net.ipv4.tcp_tw_recycle": 0, "net.core.somaxconn": 128},
    "sysctl_cmd/neonkube-341.txt": {"net.ipv4.tcp_tw_recycle": 1, "net.ipv4.ip_local_port_range.min": 9000},
}
"""Numbers as a person reads them in the file."""

HOSTS = {
    "dmesg/kaivanov-2013.txt": ("ztm-n08", None),
    "state_counts/issue-haproxy-958.txt": ("lb-eu-west-1-ip-10-3-19-224", None),
    "sysctl_-a/jc-centos-7.7-sysctl-a.out": ("localhost.localdomain", "3.10.0-1062.1.2.el7.x86_64"),
    "sysctl_-a/jc-ubuntu-18.04-sysctl-a.out": ("kbrazil-ubuntu", "4.15.0-101-generic"),
    "sysctl_-a/cancian-openwrt-sysctl.txt": ("SlayerWRT", "4.14.180"),
    "sysctl_cmd/neonkube-341.txt": ("worker-01", None),
}


def named(place):
    """A file by its folder and name."""
    return f"{place.parent.name}/{place.name}"


READ = [place for place in FILES if named(place) not in REFUSED]


@pytest.mark.parametrize("place", READ, ids=named)
def test_every_other_file_is_read(place):
    """In the format of its folder, with the numbers that a person reads in it."""
    name = named(place)
    found = paste.read(text_of(place.read_bytes()), name)

    assert found.formats
    assert set(found.formats) <= FORMAT_OF[place.parent.name]
    assert KNOWN.get(name, {}).items() <= found.readings.values.items()
    if name in HOSTS:
        assert HOSTS[name] == (found.host.name, found.host.release)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_tells_nothing_of_tcp_is_refused_with_the_reason(name):
    """It is not a machine in good health."""
    with pytest.raises(CollectError) as refused:
        paste.read(text_of((STATE / name).read_bytes()), name)

    assert REFUSED[name] in str(refused.value)


@pytest.mark.parametrize("place", READ, ids=named)
def test_what_was_read_becomes_facts(place):
    """A fact is a value, or missing with the reason; nothing is only forgotten."""
    snapshot = paste.snapshot(place.read_bytes(), named(place))
    facts = derive(snapshot)

    assert any(name in vocabulary() for name in snapshot.values)
    assert not [why for name, why in snapshot.gaps.items() if not why]
    for name in TELLS:
        if not name.startswith(("kernel.", "log")):
            below = [fact for fact in vocabulary() if fact == name or fact.startswith(name + ".")]
            assert all(fact in facts.values or fact in facts.missing for fact in below)


def test_every_expectation_is_of_a_file():
    """A name that is misspelt here would expect nothing."""
    names = {named(place) for place in FILES}

    assert set() == {*REFUSED, *KNOWN, *HOSTS} - names
