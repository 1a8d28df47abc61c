"""What is believed of orphans: what they are, what limits them, and how long they stay."""

from __future__ import annotations

from tcptune.kernel.beliefs.shape import CommonBelief

TIMERS = "net/ipv4/tcp_timer.c tcp_orphan_retries(), tcp_write_timeout(), tcp_probe_timer(): read in 3.10 to 6.19."
LIMIT = "net/ipv4/tcp.c tcp_check_oom(), net/ipv4/tcp_timer.c tcp_out_of_resources(): read in 3.10 to 6.19."
SPLIT = (
    "net/ipv4/tcp_input.c tcp_rcv_state_process(), net/ipv4/tcp_timer.c tcp_keepalive_timer(): read in 3.10 to 6.19."
)

ORPHANS = (
    CommonBelief(
        id="orphans-are-time-wait",
        claim="Orphans are TIME-WAIT sockets.",
        truth="No TIME-WAIT is ever an orphan: sockstat counts it in tw, and tcp_max_tw_buckets limits it. Orphans "
        "are closed FIN-WAIT-1, CLOSING and LAST-ACK, and FIN-WAIT-2 only where tcp_fin_timeout is above 60.",
        instead="Look for orphans with ss -tano state fin-wait-1 and state last-ack, and at tw for TIME-WAIT.",
        sources=(
            "net/ipv4/tcp.c tcp_close(), net/ipv4/inet_timewait_sock.c inet_twsk_alloc(): read in 3.10 to 6.19.",
            "Measured on 6.18: 1000 sockets in each state, TIME-WAIT raised tw and left orphan as it was.",
        ),
        topics=("net.ipv4.tcp_max_orphans", "TIME-WAIT", "sockstat.TCP.orphan", "ss -s"),
    ),
    CommonBelief(
        id="the-orphan-limit-is-exact",
        claim="tcp_max_orphans is an exact limit.",
        truth="Penalised orphans die at a half or a quarter of it, and since 5.16 the count is up to 100 ms old: "
        "1500 orphans made in 39 ms with room for 150 passed close(), and all 1500 were reset 0.4 s later.",
        instead="Keep the limit at four times the orphans of the busiest minute, and watch TcpExt.TCPAbortOnMemory.",
        sources=(LIMIT, "Measured on 6.18 (HZ=250): bursts, and orphans that were idle for long."),
        topics=("net.ipv4.tcp_max_orphans", "sockstat.TCP.orphan", "TcpExt.TCPAbortOnMemory"),
    ),
    CommonBelief(
        id="an-orphan-takes-16-mb",
        claim="An orphan eats up to 16 MB, or 64 KB, of memory.",
        truth="One that waits for the ACK of its FIN takes 3.5 KB and one page of tcp_mem. Only one closed with a full "
        "send buffer has more, up to the last number of tcp_wmem, and tcp_mem bounds the sum.",
        instead="Count 3.5 KB for each, and look at sockstat's mem for the data.",
        sources=("Measured on 6.18: 3000 orphans raised sockstat.TCP.mem by 3072 pages.", LIMIT),
        topics=("net.ipv4.tcp_max_orphans",),
    ),
    CommonBelief(
        id="orphans-shown-are-the-containers",
        claim="The orphans that ss -s or sockstat shows in a container are the container's.",
        truth="orphan, alloc and mem of sockstat count the whole machine in every namespace, as the limit does: "
        "another container's orphans get ours reset. Only inuse and tw belong to the namespace.",
        instead="Look in every namespace of the machine: ss -tano state fin-wait-1 in each.",
        sources=("net/ipv4/proc.c sockstat_seq_show(): read in 3.10 to 6.19.", "Measured on 6.18."),
        topics=("net.ipv4.tcp_max_orphans", "sockstat.TCP.orphan", "ss -s", "container"),
    ),
    CommonBelief(
        id="closed-sockets-hold-descriptors",
        claim="A lower tcp_fin_timeout, or fewer orphans, saves file descriptors.",
        truth="An orphan has no descriptor, for its process has closed it; neither has a TIME-WAIT. Descriptors are "
        "held by sockets that a program has not closed, CLOSE-WAIT first of all.",
        instead="Count the descriptors of the program, ls /proc/PID/fd, and its sockets in CLOSE-WAIT.",
        sources=(
            "net/ipv4/tcp.c tcp_close(): read in 3.10 to 6.19.",
            "Measured on 6.18: orphans and time-wait entries show inode 0.",
        ),
        topics=("net.ipv4.tcp_max_orphans", "net.ipv4.tcp_fin_timeout"),
    ),
    CommonBelief(
        id="orphan-retries-default-is-7",
        claim="The default of tcp_orphan_retries is 7, or reads 8 in /proc.",
        truth="It reads 0 in every kernel from 3.10 to 6.19, which counts as 8 while the RTO is below its ceiling: "
        "107 s on a LAN. No 7 is anywhere in the code.",
        instead="Leave the 0, or write 8 to have the same spelled out.",
        sources=(TIMERS, "Measured on 6.18 (HZ=250): 0 and 8 both 107 s."),
        topics=("net.ipv4.tcp_orphan_retries", "FIN-WAIT-1"),
    ),
    CommonBelief(
        id="orphan-retries-zero-means-none",
        claim="tcp_orphan_retries=0 means that an orphan is not tried again.",
        truth="0 counts as 8: the FIN was sent again 9 times, tail loss probe included, in 107 s.",
        instead="For a shorter life write a number, and no less than 3: 6.7 s on a LAN.",
        sources=(TIMERS, "Measured on 6.18 (HZ=250)."),
        topics=("net.ipv4.tcp_orphan_retries",),
    ),
    CommonBelief(
        id="orphan-retries-limits-orphans",
        claim="tcp_orphan_retries limits the number of orphans.",
        truth="It says how long each one is tried: 6.7 s for 3, 107 s for the default. Their number is limited by "
        "tcp_max_orphans, for the whole machine.",
        instead="Find out why peers do not answer; a shorter life makes fewer orphans only while they vanish.",
        sources=(TIMERS, LIMIT),
        topics=("net.ipv4.tcp_orphan_retries",),
    ),
    CommonBelief(
        id="orphan-retries-counts-retransmissions",
        claim="tcp_orphan_retries is a number of retransmissions: 1 ends an orphan after one, or after 200 ms.",
        truth="It is a limit in time, never met at the first expiry. On a LAN 1 sends 3 retransmissions in 1.67 s, "
        "3 sends 5 in 6.7 s, 8 sends 9 in 107 s, tail loss probe included; without the probe 0.2 s less.",
        instead="Choose by the time: tcptune timeouts --set tcp_orphan_retries=3 shows it for this machine.",
        sources=(TIMERS, "Measured on 6.18 (HZ=250): values from 0 to 15."),
        topics=("net.ipv4.tcp_orphan_retries", "FIN-WAIT-1"),
    ),
    CommonBelief(
        id="orphan-retries-governs-every-fin-wait-1",
        claim="tcp_orphan_retries governs every FIN-WAIT-1, and every LAST-ACK.",
        truth="It governs those that no process owns. After shutdown() without close() it is tcp_retries2, 939 s by "
        "default; behind a closed window that the peer confirms, an orphan ended 336 s after close() for 0 as for 10.",
        instead="See whether a process holds the socket and which timer runs: ss -tanpo state fin-wait-1.",
        sources=(TIMERS, "Measured on 6.18 (HZ=250): owned sockets, and windows that stayed closed."),
        topics=("net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_retries2", "FIN-WAIT-1", "LAST-ACK"),
    ),
    CommonBelief(
        id="low-retries2-is-sound",
        claim="tcp_retries2=8 or 5 is a sound value everywhere, and cleans up faster.",
        truth="At 9 or below an orphan behind an answered closed window never dies: with 3 and with 8 it was in "
        "FIN-WAIT-1 after 1000 s; a lower tcp_rto_max_ms (6.15) ends it. And 5 ends live connections after 13.4 s.",
        instead="Let the program that must notice dead peers set TCP_USER_TIMEOUT on its own sockets.",
        sources=(
            "net/ipv4/tcp_output.c tcp_send_probe0(), net/ipv4/tcp_timer.c tcp_probe_timer(): read in 3.10 to 6.19.",
            "Measured on 6.18 (HZ=250).",
            "RFC 1122 section 4.2.3.5, at least 100 s.",
        ),
        topics=("net.ipv4.tcp_retries2", "FIN-WAIT-1"),
    ),
    CommonBelief(
        id="retries2-is-for-connecting",
        claim="tcp_retries2 counts the attempts to connect, or is about orphans.",
        truth="It says how long a connection that a process owns may retransmit, 939 s by default. connect() has "
        "tcp_syn_retries, orphans have tcp_orphan_retries.",
        instead="Leave it at 15 unless it is wanted for what it does.",
        sources=(TIMERS,),
        topics=("net.ipv4.tcp_retries2",),
    ),
    CommonBelief(
        id="fin-timeout-ends-every-fin-wait-2",
        claim="tcp_fin_timeout ends every FIN-WAIT-2.",
        truth="It ends those that no process owns. With the descriptor open FIN-WAIT-2 has no timer, and was still "
        "there after 420 s.",
        instead="Have the owner close() after a time limit of its own: ss -tanpo state fin-wait-2 names it.",
        sources=(SPLIT, "Measured on 6.18 (HZ=250)."),
        topics=("net.ipv4.tcp_fin_timeout", "FIN-WAIT-2"),
    ),
    CommonBelief(
        id="a-higher-fin-timeout-is-patience",
        claim="A higher tcp_fin_timeout gives slow peers more time.",
        truth="61 to 89 give them less than 60 does: 61 waited 2.1 s, 90 waited 61 s. Beyond, each second counts "
        "twice, half of it as a full socket against tcp_max_orphans.",
        instead="Leave 60; where a peer needs longer, shutdown(SHUT_WR), read to the end, and close() only then.",
        sources=(SPLIT, "Measured on 6.18 (HZ=250): values from -1 to 200."),
        topics=("net.ipv4.tcp_fin_timeout", "FIN-WAIT-2"),
    ),
    CommonBelief(
        id="fin-wait-2-counts-as-orphan",
        claim="FIN-WAIT-2 is limited by tcp_max_orphans.",
        truth="With tcp_fin_timeout up to 60 it is a time-wait entry: it counts in sockstat's tw, tcp_max_tw_buckets "
        "limits it, and tcp_max_orphans does not.",
        instead="Compare tw with tcp_max_tw_buckets.",
        sources=(SPLIT, "Measured on 6.18: 1000 of them raised tw by 1000 and left orphan as it was."),
        topics=("net.ipv4.tcp_fin_timeout", "FIN-WAIT-2"),
    ),
    CommonBelief(
        id="ss-kill-clears-orphans",
        claim="ss -K clears orphans that hang.",
        truth="Only where the kernel has the fix: 6.11 and later, 6.1.192, 6.6.87, RHEL 9.6. On kernels before, it "
        "empties an orphan's queue and stops its timers, and the orphan then stays for ever. A TIME-WAIT it ends since "
        "6.0 only. It takes CAP_NET_ADMIN and CONFIG_INET_DIAG_DESTROY, and an owner gets ECONNABORTED.",
        instead="Wait for its timer, or lower tcp_orphan_retries to 3 for as long as the trouble lasts.",
        sources=("net/ipv4/tcp.c tcp_abort(): read in 4.9 to 6.19.", "Measured on 6.18."),
        topics=("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "LAST-ACK"),
    ),
)
