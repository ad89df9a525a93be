"""The calls of the kernel that no command in the sandbox needs, refused by a filter.

Namespaces do not cover everything: keys of the session are inherited, virtual machines have
sockets that belong to no network namespace, and some memory is counted for no process. Docker's
default profile refuses about the same calls for the same reasons.
"""

from __future__ import annotations

import errno
import platform
import struct
import sys
from dataclasses import dataclass

# Instructions of classic BPF: load a word, compare for equality or for at least, return.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK


@dataclass(frozen=True, slots=True)
class _Machine:
    """The numbers of one kind of processor; calls from `foreign` on belong to another interface."""

    arch: int
    socket: int
    refused: tuple[int, ...]
    foreign: int | None = None


# Refused, in this order. Memory that no process owns: shmget, msgget, semget, memfd_create,
# memfd_secret. Keys of the session: add_key, request_key, keyctl. What holes of the kernel were
# often reached through: ptrace, bpf, perf_event_open, userfaultfd, io_uring_setup, unshare, setns,
# mount.
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        41,
        (29, 68, 64, 319, 447, 248, 249, 250, 101, 321, 298, 323, 425, 272, 308, 165),
        foreign=0x40000000,
    ),
    "aarch64": _Machine(
        0xC00000B7,
        198,
        (194, 186, 190, 279, 447, 217, 218, 219, 117, 280, 241, 282, 425, 97, 268, 40),
    ),
}


def seccomp_filter(machine: str | None = None) -> bytes:
    """The filter as the kernel wants it; b"" for a processor whose numbers are not known here."""
    numbers = _MACHINES.get(machine or platform.machine())
    if numbers is None or sys.byteorder != "little":
        return b""
    refuse = _instruction(_RETURN, _REFUSE | errno.ENOSYS)
    program = [
        _instruction(_LOAD, _ARCH_AT),
        _instruction(_EQUAL, numbers.arch, yes=1),
        refuse,  # 32-bit programs have other numbers
        _instruction(_LOAD, _NUMBER_AT),
    ]
    if numbers.foreign is not None:
        program += [_instruction(_AT_LEAST, numbers.foreign, no=1), refuse]
    for number in numbers.refused:
        program += [_instruction(_EQUAL, number, no=1), refuse]
    allow = _instruction(_RETURN, _ALLOW)
    program += [
        _instruction(_EQUAL, numbers.socket, yes=1),
        allow,
        _instruction(_LOAD, _FIRST_ARGUMENT_AT),
    ]
    for family in _FAMILIES:
        program += [_instruction(_EQUAL, family, no=1), allow]
    return b"".join([*program, _instruction(_RETURN, _REFUSE | errno.EAFNOSUPPORT)])


def _instruction(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """`yes` and `no` are how many instructions a comparison jumps over."""
    return struct.pack("=HBBI", code, yes, no, value)
