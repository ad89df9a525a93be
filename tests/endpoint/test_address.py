from __future__ import annotations

import pytest

from skillgit.endpoint.address import addresses, checked_url, is_local, without_password
from skillgit.errors import UsageError


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://gpu.localhost/v1", True),
        ("http://localhost.example.org/v1", False),
        ("https://models.example.org/v1", False),
        ("http://10.0.0.1/v1", False),
    ],
)
def test_what_is_on_this_machine_is_known(url: str, local: bool) -> None:  # noqa: FBT001 - a table
    assert is_local(checked_url(url)) is local


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:s@e@host:1/v1", "http://host:1/v1"),
        ("http://host/v1?a=b@c", "http://host/v1?a=b@c"),
    ],
)
def test_a_password_is_left_out(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_final_slash_is_no_part_of_an_address() -> None:
    assert checked_url("http://host:8000/v1/") == "http://host:8000/v1"


def test_several_addresses_have_blanks_between_them_and_none_is_there_twice() -> None:
    text = " http://a:1/v1  http://b/v1\thttp://a:1/v1/ "
    assert addresses(text) == ("http://a:1/v1", "http://b/v1")


@pytest.mark.parametrize("text", ["", "  ", "http://a/v1 b"])
def test_what_is_no_address_among_several_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        addresses(text)
