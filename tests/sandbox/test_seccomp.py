"""The filter, run by a small machine of its own: also for a processor that is not here."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.sandbox.seccomp import seccomp_filter

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_REFUSED = {
    "x86_64": {29, 64, 68, 101, 165, 248, 249, 250, 272, 298, 308, 319, 321, 323, 425, 447},
    "aarch64": {40, 97, 117, 186, 190, 194, 217, 218, 219, 241, 268, 279, 280, 282, 425, 447},
}
MACHINES = sorted(_ARCH)


def verdict(machine: str, number: int, *, arch: int | None = None, argument: int = 0) -> int:
    """What the kernel would make of a call."""
    data = struct.pack("=IIQ6Q", number, arch or _ARCH[machine], 0, argument, 0, 0, 0, 0, 0)
    program = [*struct.iter_unpack("=HBBI", seccomp_filter(machine))]
    accumulator, at = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += yes if accumulator == value else no
            case 0x35:
                at += yes if accumulator >= value else no
            case 0x06:
                return int(value)
            case _:
                pytest.fail(f"an instruction that this machine has not: {code:#x}")


@pytest.mark.parametrize("machine", MACHINES)
@given(st.integers(0, 500))
def test_exactly_the_listed_calls_are_refused(machine: str, number: int) -> None:
    refused = number in _REFUSED[machine]

    if number != _SOCKET[machine]:
        assert verdict(machine, number) == (_REFUSE | errno.ENOSYS if refused else _ALLOW)


@pytest.mark.parametrize("machine", MACHINES)
@given(st.integers(0, 60))
def test_only_four_families_of_sockets_are_allowed(machine: str, family: int) -> None:
    expected = _ALLOW if family in {1, 2, 10, 16} else _REFUSE | errno.EAFNOSUPPORT

    assert verdict(machine, _SOCKET[machine], argument=family) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_the_upper_half_of_an_argument_hides_nothing(machine: str) -> None:
    assert verdict(machine, _SOCKET[machine], argument=40 | 1 << 32) == (
        _REFUSE | errno.EAFNOSUPPORT
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_with_the_numbers_of_another_interface_are_refused(machine: str) -> None:
    assert verdict(machine, 1, arch=0x40000003) == _REFUSE | errno.ENOSYS  # 32-bit


def test_the_other_numbers_of_the_same_calls_are_refused() -> None:
    assert verdict("x86_64", 0x40000000 + 319) == _REFUSE | errno.ENOSYS


def test_no_filter_for_a_processor_that_is_not_known() -> None:
    assert seccomp_filter("riscv64") == b""
