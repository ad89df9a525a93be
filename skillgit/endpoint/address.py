"""The address of an endpoint and its key: checked before a library stumbles over them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from skillgit.errors import UsageError


def checked_url(url: str) -> str:
    """The address without a final slash; UsageError where it is none."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise UsageError(
            f"reading endpoint.base_url: {without_password(url)!r} is not an address",
            hint="give one like http://127.0.0.1:8000/v1",
        )
    return url.rstrip("/")


def checked_key(key: str) -> str:
    """The key without white space around it; UsageError where no header can carry it."""
    key = key.strip()
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            "reading the endpoint's key: it holds characters that cannot be sent",
            hint="set the variable to the key alone, on one line",
        )
    return key


def without_password(url: str) -> str:
    """The address as it may be shown."""
    return re.sub(r"//[^/]*@", "//", url)


def is_local(url: str) -> bool:
    """Is the endpoint on this machine?"""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def addresses(base_url: str) -> tuple[str, ...]:
    """The addresses of `endpoint.base_url`, which may hold several with blanks between them."""
    urls = base_url.split() or [base_url]
    return tuple(dict.fromkeys(checked_url(url) for url in urls))
