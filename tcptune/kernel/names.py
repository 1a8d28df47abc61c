"""The names of sysctls that a kernel can have, to tell a setting that does something from one that does nothing.

Listed on 6.18 with conntrack loaded; 3.10 to 6.19 differ from it by what the catalogue says of each key and by
`REMOVED`. Trees with a directory for each interface or peer (conf, neigh, route) are not listed.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal, NamedTuple

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import Release, version

IPV4 = """
    cipso_cache_bucket_size cipso_cache_enable cipso_rbm_optfmt cipso_rbm_strictvalid fib_multipath_hash_fields
    fib_multipath_hash_policy fib_multipath_hash_seed fib_multipath_use_neigh fib_notify_on_flag_change
    fib_sync_mem fwmark_reflect icmp_echo_enable_probe icmp_echo_ignore_all icmp_echo_ignore_broadcasts
    icmp_errors_use_inbound_ifaddr icmp_ignore_bogus_error_responses icmp_msgs_burst icmp_msgs_per_sec
    icmp_ratelimit icmp_ratemask igmp_link_local_mcast_reports igmp_max_memberships igmp_max_msf igmp_qrv
    inet_peer_maxttl inet_peer_minttl inet_peer_threshold ip_autobind_reuse ip_default_ttl ip_dynaddr
    ip_early_demux ip_forward ip_forward_update_priority ip_forward_use_pmtu ip_local_port_range
    ip_local_reserved_ports ip_no_pmtu_disc ip_nonlocal_bind ip_unprivileged_port_start ipfrag_high_thresh
    ipfrag_low_thresh ipfrag_max_dist ipfrag_secret_interval ipfrag_time nexthop_compat_mode ping_group_range
    raw_l3mdev_accept tcp_abort_on_overflow tcp_adv_win_scale tcp_allowed_congestion_control tcp_app_win
    tcp_autocorking tcp_available_congestion_control tcp_available_ulp tcp_backlog_ack_defer tcp_base_mss
    tcp_challenge_ack_limit tcp_child_ehash_entries tcp_comp_sack_delay_ns tcp_comp_sack_nr
    tcp_comp_sack_slack_ns tcp_congestion_control tcp_dsack tcp_early_demux tcp_early_retrans tcp_ecn
    tcp_ecn_fallback tcp_ecn_option tcp_ecn_option_beacon tcp_ehash_entries tcp_fack tcp_fastopen
    tcp_fastopen_blackhole_timeout_sec tcp_fastopen_key tcp_fin_timeout tcp_frto tcp_fwmark_accept
    tcp_invalid_ratelimit tcp_keepalive_intvl tcp_keepalive_probes tcp_keepalive_time tcp_l3mdev_accept
    tcp_limit_output_bytes tcp_low_latency tcp_max_orphans tcp_max_reordering tcp_max_syn_backlog
    tcp_max_tw_buckets tcp_mem tcp_migrate_req tcp_min_rtt_wlen tcp_min_snd_mss tcp_min_tso_segs
    tcp_moderate_rcvbuf tcp_mtu_probe_floor tcp_mtu_probing tcp_no_metrics_save tcp_no_ssthresh_metrics_save
    tcp_notsent_lowat tcp_orphan_retries tcp_pacing_ca_ratio tcp_pacing_ss_ratio tcp_pingpong_thresh
    tcp_plb_cong_thresh tcp_plb_enabled tcp_plb_idle_rehash_rounds tcp_plb_rehash_rounds tcp_plb_suspend_rto_sec
    tcp_probe_interval tcp_probe_threshold tcp_recovery tcp_reflect_tos tcp_reordering tcp_retrans_collapse
    tcp_retries1 tcp_retries2 tcp_rfc1337 tcp_rmem tcp_rto_max_ms tcp_rto_min_us tcp_sack tcp_shrink_window
    tcp_slow_start_after_idle tcp_stdurg tcp_syn_linear_timeouts tcp_syn_retries tcp_synack_retries
    tcp_syncookies tcp_thin_linear_timeouts tcp_timestamps tcp_tso_rtt_log tcp_tso_win_divisor tcp_tw_reuse
    tcp_tw_reuse_delay tcp_window_scaling tcp_wmem tcp_workaround_signed_windows udp_child_hash_entries
    udp_early_demux udp_hash_entries udp_l3mdev_accept udp_mem udp_rmem_min udp_wmem_min xfrm4_gc_thresh
"""

CORE = """
    bpf_jit_enable bpf_jit_harden bpf_jit_kallsyms bpf_jit_limit busy_poll busy_read default_qdisc dev_weight
    dev_weight_rx_bias dev_weight_tx_bias devconf_inherit_init_net fb_tunnels_only_for_init_net
    flow_limit_cpu_bitmap flow_limit_table_len gro_normal_batch high_order_alloc_disable max_skb_frags
    mem_pcpu_rsv message_burst message_cost netdev_budget netdev_budget_usecs netdev_max_backlog netdev_rss_key
    netdev_tstamp_prequeue netdev_unregister_timeout_secs optmem_max rmem_default rmem_max rps_default_mask
    rps_sock_flow_entries skb_defer_max somaxconn tstamp_allow_data txrehash warnings wmem_default wmem_max
    xfrm_acq_expires xfrm_aevent_etime xfrm_aevent_rseqth xfrm_larval_drop
"""

NETFILTER = """
    nf_conntrack_acct nf_conntrack_buckets nf_conntrack_checksum nf_conntrack_count nf_conntrack_events
    nf_conntrack_expect_max nf_conntrack_frag6_high_thresh nf_conntrack_frag6_low_thresh
    nf_conntrack_frag6_timeout nf_conntrack_generic_timeout nf_conntrack_gre_timeout
    nf_conntrack_gre_timeout_stream nf_conntrack_icmp_timeout nf_conntrack_icmpv6_timeout
    nf_conntrack_log_invalid nf_conntrack_max nf_conntrack_sctp_timeout_closed
    nf_conntrack_sctp_timeout_cookie_echoed nf_conntrack_sctp_timeout_cookie_wait
    nf_conntrack_sctp_timeout_established nf_conntrack_sctp_timeout_heartbeat_sent
    nf_conntrack_sctp_timeout_shutdown_ack_sent nf_conntrack_sctp_timeout_shutdown_recd
    nf_conntrack_sctp_timeout_shutdown_sent nf_conntrack_tcp_be_liberal nf_conntrack_tcp_ignore_invalid_rst
    nf_conntrack_tcp_loose nf_conntrack_tcp_max_retrans nf_conntrack_tcp_timeout_close
    nf_conntrack_tcp_timeout_close_wait nf_conntrack_tcp_timeout_established nf_conntrack_tcp_timeout_fin_wait
    nf_conntrack_tcp_timeout_last_ack nf_conntrack_tcp_timeout_max_retrans nf_conntrack_tcp_timeout_syn_recv
    nf_conntrack_tcp_timeout_syn_sent nf_conntrack_tcp_timeout_time_wait nf_conntrack_tcp_timeout_unacknowledged
    nf_conntrack_timestamp nf_conntrack_udp_timeout nf_conntrack_udp_timeout_stream nf_hooks_lwtunnel
    nf_log_all_netns nf_flowtable_tcp_timeout nf_flowtable_udp_timeout nf_conntrack_sctp_timeout_heartbeat_acked
    nf_conntrack_udplite_timeout nf_conntrack_udplite_timeout_stream nf_conntrack_dccp_loose
    nf_conntrack_dccp_timeout_request nf_conntrack_dccp_timeout_respond nf_conntrack_dccp_timeout_partopen
    nf_conntrack_dccp_timeout_open nf_conntrack_dccp_timeout_closereq nf_conntrack_dccp_timeout_closing
    nf_conntrack_dccp_timeout_timewait nf_conntrack_events_retry_timeout
"""

OLD_CONNTRACK = """
    generic_timeout icmp_timeout tcp_timeout_close tcp_timeout_close_wait tcp_timeout_established
    tcp_timeout_fin_wait tcp_timeout_last_ack tcp_timeout_max_retrans tcp_timeout_syn_recv tcp_timeout_syn_sent
    tcp_timeout_time_wait udp_timeout udp_timeout_stream max count buckets checksum log_invalid tcp_be_liberal tcp_loose
    tcp_max_retrans
"""
"""What stood under net.ipv4.netfilter.ip_conntrack_ up to 4.8, and stands under net.netfilter.nf_conntrack_."""

REMOVED: dict[str, tuple[str, str]] = {
    **{
        f"net.ipv4.netfilter.ip_conntrack_{name}": ("4.9", f"net.netfilter.nf_conntrack_{name}")
        for name in OLD_CONNTRACK.split()
    },
    "net.ipv4.ip_conntrack_max": ("2.6.22", "net.netfilter.nf_conntrack_max"),
    "net.netfilter.nf_conntrack_helper": ("6.0", ""),
    "net.ipv4.tcp_abc": ("3.9", ""),
    "net.ipv4.tcp_cookie_size": ("3.10", ""),
    "net.ipv4.tcp_dma_copybreak": ("3.18", ""),
    "net.ipv4.tcp_frto_response": ("3.10", ""),
    "net.ipv4.tcp_max_ssthresh": ("3.13", ""),
    "net.ipv4.tcp_thin_dupack": ("4.11", ""),
    "net.ipv4.inet_peer_gc_mintime": ("3.1", ""),
    "net.ipv4.inet_peer_gc_maxtime": ("3.1", ""),
    "net.ipv4.rt_cache_rebuild_count": ("3.6", ""),
}
"""Keys that files still set: the release that no longer has them, and what took their place.

Each was seen in the tree before that release and not in the tree of that release.
"""

ALIASES = {"net.nf_conntrack_max": "net.netfilter.nf_conntrack_max"}
"""Two files of one variable."""

KNOWN = frozenset(
    f"{folder}.{name}"
    for folder, names in (("net.ipv4", IPV4), ("net.core", CORE), ("net.netfilter", NETFILTER))
    for name in names.split()
) | {"net.nf_conntrack_max"}

FOLDERS = frozenset({"net.ipv4", "net.core", "net.netfilter", "net.ipv4.netfilter"})
"""Directories of which every file is known; of others nothing is said."""

NEAR = 0.85
"""How alike two names must be for one to be a slip of the other."""


class Existence(NamedTuple):
    """Whether a kernel has a key.

    `status` is known, vendor (a distribution's kernels alone), removed, newer (than the given release), misspelt,
    unknown, or unjudged where the key lies in a directory that is not listed. `instead` is the key that was meant or
    that took its place; `removed` the release without it, `since` the one that brought it.
    """

    status: Literal["known", "vendor", "removed", "newer", "misspelt", "unknown", "unjudged"]
    instead: str = ""
    removed: str = ""
    since: str = ""


def existence_of(key: str, release: Release | None = None) -> Existence:
    """Whether a release has a key, by its dotted name; without a release, whether 6.19 has."""
    told = SYSCTLS.get(key)
    if told is not None:
        if told.vendor_only:
            return Existence("vendor")
        if told.since and release is not None and release.version < version(told.since):
            return Existence("newer", since=told.since)
        return _unless_older(Existence("removed", removed=told.removed), release) if told.removed else EXISTS
    if key in KNOWN:
        return EXISTS
    if key in REMOVED:
        removed, instead = REMOVED[key]
        return _unless_older(Existence("removed", instead, removed), release)
    if not _is_listed(key):
        return Existence("unjudged")
    meant = _meant(key)
    return Existence("misspelt", meant) if meant else Existence("unknown")


EXISTS = Existence("known")


def _unless_older(gone: Existence, release: Release | None) -> Existence:
    """A key that was removed is there in the releases before."""
    return EXISTS if release is not None and release.version < version(gone.removed) else gone


def _meant(key: str) -> str:
    """The key that a slip was meant to be: the same name in another directory, or one that is much like it."""
    keys = KNOWN | set(SYSCTLS)
    name = key.rpartition(".")[2]
    elsewhere = next((known for known in sorted(keys) if known.rpartition(".")[2] == name), "")
    return elsewhere or next(iter(get_close_matches(key, keys, n=1, cutoff=NEAR)), "")


def _is_listed(key: str) -> bool:
    """Whether a key would have to be in the list: it is a file of a listed directory, or no directory at all."""
    folder, _, name = key.rpartition(".")
    if folder in FOLDERS:
        return True
    lost_a_part = folder in ("net", "ipv4", "net.ipv6") and name.startswith(LISTED_NAMES)
    return lost_a_part or (folder == "net" and name.startswith(("ipv4_", "ipv4-", "core_", "netfilter_")))


LISTED_NAMES = ("tcp_", "ip_local_", "somaxconn", "nf_conntrack_")
"""How names of the listed directories begin that are in no other."""
