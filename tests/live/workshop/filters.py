"""Classic BPF: a socket that hears nothing, and a process to which the kernel's dumps are refused."""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct

SO_ATTACH_FILTER = 26
SK_DROP = 0

LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K (linux/bpf_common.h)."""

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
SYSCALL, FIRST_ARGUMENT = 0, 16
"""Offsets in struct seccomp_data."""

SOCKET_CALL = {"x86_64": 41, "aarch64": 198}

libc = ctypes.CDLL(None, use_errno=True)


def mute(listening: socket.socket) -> None:
    """Drop all that arrives at a TCP socket before TCP sees it: to its peer it is a black hole."""
    program, _kept = _program([(RETURN, 0, 0, SK_DROP)])
    listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def why_no_seccomp() -> str | None:
    """Why `refuse_netlink` cannot work here; None where it can."""
    return None if platform.machine() in SOCKET_CALL else f"no system call number for {platform.machine()} here"


def refuse_netlink() -> None:
    """For the rest of this process, socket(AF_NETLINK) fails as under systemd's RestrictAddressFamilies=."""
    program, _kept = _program(
        [
            (LOAD_WORD, 0, 0, SYSCALL),
            (JUMP_IF_EQUAL, 0, 3, SOCKET_CALL[platform.machine()]),
            (LOAD_WORD, 0, 0, FIRST_ARGUMENT),
            (JUMP_IF_EQUAL, 0, 1, socket.AF_NETLINK),
            (RETURN, 0, 0, SECCOMP_RET_ERRNO | errno.EAFNOSUPPORT),
            (RETURN, 0, 0, SECCOMP_RET_ALLOW),
        ]
    )
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def _program(instructions: list[tuple[int, int, int, int]]) -> tuple[bytes, ctypes.Array[ctypes.c_char]]:
    """The bytes of struct sock_fprog, and the instructions it points to, which must outlive its use."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    kept = ctypes.create_string_buffer(code, len(code))
    return struct.pack("HL", len(instructions), ctypes.addressof(kept)), kept
