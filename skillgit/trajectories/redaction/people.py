"""Who and where: e-mail addresses, names in home folders and prompts, host names, addresses.

Public names stay: github.com, docs.python.org and localhost tell nothing about anybody, and
lessons need them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address

from skillgit.trajectories.redaction.spans import Finder, Kind, Page, Shape, Span

# Names that tell nothing about a person.
NOBODY = frozenset(
    (
        *("user", "users", "username", "name", "you", "yourname", "root", "agent", "admin"),
        *("administrator", "runner", "runneradmin", "circleci", "vagrant", "codespace", "gitpod"),
        *("vscode", "ubuntu", "debian", "fedora", "centos", "ec2-user", "linuxbrew", "docker"),
        *("sandbox", "node", "app", "jovyan", "oai", "shared", "public", "default", "test"),
        *("workspace", "git", "postgres", "mysql", "nobody", "www-data", "daemon", "model"),
        *("openhands", "daytona", "conda", "jenkins", "sandboxuser", "appuser", "all users"),
        *("myuser", "someuser", "me", "guest", "swe-agent", "nonroot", "computeruse"),
    )
)
_NAME = r"(?P<value>[^\s/\\:\"'<>|*?,;()\[\]{}`$]{1,64})"
_HOME = r"(?:(?<![A-Za-z0-9_.])|(?<=\\[nrt]))\\?/(?i:home|Users)\\?/" + _NAME
_WINDOWS_HOME = (
    r"(?:(?<=[A-Za-z]:\\)|(?<=[A-Za-z]:/)|(?<=[A-Za-z]:\\\\)|(?<=[A-Za-z]:\\\\\\\\))"
    r"(?i:Users)(?:\\{1,4}|/)" + _NAME
)
_ENCODED_HOME = r"-(?:home|Users)-(?P<value>[^\s/\\:\"'<>|*?,;()\[\]{}`$-]{1,64})-"
_OWNED = (
    r"[-dlbcps][-rwxsStT]{9}[.+@]?[ \t]{1,8}[0-9]{1,6}[ \t]{1,4}"
    r"(?P<owner>[^\s:/]{1,32})[ \t]{1,8}(?P<group>[^\s:/]{1,32})[ \t]{1,12}[0-9]"
)
_VARIABLE = (
    r"(?:(?<![A-Za-z0-9_])|(?<=\\n))(?:USER|LOGNAME|USERNAME)=(?P<value>[A-Za-z][\w.-]{1,31})"
)


def _somebody(shape: Shape) -> Finder:
    def finder(page: Page) -> Iterator[Span]:
        return (
            span for span in shape(page) if page.text[span.start : span.end].lower() not in NOBODY
        )

    return finder


def _owners(page: Page) -> Iterator[Span]:
    """The columns of `ls -l`."""
    if "-r" not in page.text and "drw" not in page.text:
        return
    for found in _OWNERS.finditer(page.text):
        for group in ("owner", "group"):
            name = found[group].lower()
            if name not in NOBODY and not name.isdigit() and name not in {"staff", "wheel"}:
                yield Span(*found.span(group), Kind.USER)


_OWNERS = re.compile(_OWNED)

# --------------------------------------------------------------------------- what has an @

_LOCAL = re.compile(r"[A-Za-z0-9._%+-]{1,64}")  # of the text before the @, backwards
_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9_(\[-])")
_FILES = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "py", "json", "md", "txt")
)
"""Endings of files, not of domains: `icon@2x.png`."""
_PROMPT = re.compile(
    r"@(?P<host>[A-Za-z0-9][A-Za-z0-9-]{1,62}(?:\.[A-Za-z0-9-]{1,63}){0,6})"
    r"(?=:[~/]|[ ][^\s\]]{1,60}\][#$%]|[ ][~/][^\s]{0,60}[ ]?[#$%])"
)
_SSH = re.compile(r"(?:ssh|scp|sftp|rsync|mosh)[ \t][^\n]{0,120}$")
_SSH_HOST = re.compile(r"@(?P<host>[A-Za-z0-9][A-Za-z0-9-]{1,62}(?:\.[A-Za-z0-9-]{1,63}){0,6})")


def _with_at(page: Page) -> Iterator[Span]:
    """E-mail addresses, and the user and host of a shell's prompt or a remote login."""
    text = page.text
    for at in page.anchors("@"):
        local = _local(text, at)
        if not re.search("[A-Za-z]", local) or not local[-1].isalnum():
            continue
        if found := _DOMAIN.match(text, at):
            ending = found[0].rpartition(".")[2].lower()
            if ending not in _FILES and local != "git":
                yield Span(at - len(local), found.end(), Kind.EMAIL)
            continue
        login = _PROMPT.match(text, at)
        if login is None and _SSH.search(text, max(0, at - 140), at):
            login = _SSH_HOST.match(text, at)
        if login and local != "git":
            if local.lower() not in NOBODY:
                yield Span(at - len(local), at, Kind.USER)
            if _tells(login["host"]):
                yield Span(*login.span("host"), Kind.HOST)


def _local(text: str, at: int) -> str:
    """The name that stands before an @; in JSON text it may follow an escape."""
    found = _LOCAL.match(text[max(0, at - 64) : at][::-1])
    local = found[0][::-1] if found else ""
    before = text[at - len(local) - 1 : at - len(local)]
    return local[1:] if before == "\\" and local[:1] in {"n", "r", "t"} else local


# --------------------------------------------------------------------------- hosts

_PUBLIC = frozenset(
    (
        *("localhost", "host", "hostname", "server", "computer", "container", "sandbox"),
        *("github.com", "gitlab.com", "bitbucket.org", "machine", "remote", "example.com"),
        *("metadata.google.internal", "host.docker.internal", "gateway.docker.internal"),
        *("kubernetes.default.svc.cluster.local", "localhost.localdomain", "127.0.0.1", "none"),
    )
)
_HEX = re.compile(r"[0-9a-f]{12}")
"""What a container is called tells nothing."""
_INNER = re.compile(
    r"(?P<value>(?:[a-z0-9-]{1,63}\.){1,6}(?:internal|local|localdomain|lan|corp|intranet|intra))"
    r"(?![A-Za-z0-9_(.-])"
)
_NUMBERED = re.compile("[0-9-]")
_LABELS = re.compile(r"[a-z0-9.-]{1,200}")
_ENDINGS = (".internal", ".local", ".localdomain", ".lan", ".corp", ".intra")
_IN_URL = re.compile(r"://(?:[^\s/@]{1,100}@)?(?P<value>[a-z][a-z0-9-]{2,62})(?=[:/\s\"'\\]|$)")
_ASSIGNED = (
    r"(?:hostname|computername|pghost|(?:db|mysql|redis|smtp|ssh|mail|database)[_-]host)"
    r"(?:\\{0,3}[\"'])?[ \t]{0,2}[:=][ \t]{0,2}(?:\\{0,3}[\"'])?"
    r"(?P<value>(?=[A-Za-z0-9.-]{0,60}[0-9-])[A-Za-z][A-Za-z0-9.-]{3,100})(?![A-Za-z0-9_(\[])"
)
_MACHINE = (
    r"(?:(?:DESKTOP|LAPTOP)-[A-Z0-9]{7,8}|WIN-[A-Z0-9]{11}|EC2AMAZ-[A-Z0-9]{7})(?![A-Za-z0-9])"
)
_MACBOOK = re.compile(
    r"(?:[A-Za-z0-9]{1,30}-){1,4}MacBook(?:-(?:Pro|Air))?(?:-[0-9]{1,3})?(?:\.local)?"
)
_SHARE = r"\\{2,4}(?P<value>(?=[A-Z0-9]{0,14}[0-9-])[A-Z][A-Z0-9-]{4,14})(?=\\{1,2}[A-Za-z])"
_ADDRESS = re.compile(r"[0-9]{1,3}+\.[0-9]{1,3}+\.[0-9]{1,3}+\.[0-9]{1,3}+")
_DOTS = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.")
"""Numbers are many, and three dots between them few."""
_VERSION = re.compile(r"(?i:version|ver\.?|v|release|build|[=~^<>]=|==|agent)[ \t:\"'=/]{0,3}$")
_MAC = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")


def _tells(host: str) -> bool:
    """Does a host's name tell whose it is?"""
    return host.lower() not in _PUBLIC and not _HEX.fullmatch(host)


def _inner(page: Page) -> Iterator[Span]:
    """Names under the domains that only inner networks have.

    Programs have such names as well (`threading.local`): without a number, a hyphen or a scheme
    before it, it is no host.
    """
    lowered = page.lowered
    for ending in _ENDINGS:
        for at in page.anchors(ending):
            labels = _LABELS.match(lowered[max(0, at - 200) : at][::-1])
            start = at - (labels.end() if labels else 0)
            found = _INNER.match(lowered, start)
            if not found or not _tells(found[0]):
                continue
            addressed = lowered[max(0, start - 3) : start] == "://"
            within = lowered[start - 1 : start] in {"_", "/", "\\"}
            if addressed or (not within and _NUMBERED.search(found[0])):
                yield Span(start, found.end(), Kind.HOST)


def _in_url(page: Page) -> Iterator[Span]:
    """`http://build-7:8080`: a single word with a number or a hyphen is a machine of somebody."""
    for at in page.anchors("://"):
        found = _IN_URL.match(page.lowered, at)
        if found and _tells(found["value"]) and _NUMBERED.search(found["value"]):
            yield Span(*found.span("value"), Kind.HOST)


def _addresses(page: Page) -> Iterator[Span]:
    text = page.text
    for found in _ADDRESS.finditer(text) if _DOTS.search(text) else ():
        start, end = found.span()
        before, after = text[start - 1 : start], text[end : end + 2]
        if before.isalnum() or before == "." or after[:1].isalnum():
            continue
        if after[:1] == "." and after[1:].isdigit():
            continue
        if _is_somewhere(found[0]) and not _VERSION.search(text, max(0, start - 12), start):
            yield Span(start, end, Kind.HOST)


def _is_somewhere(address: str) -> bool:
    """Is it the address of one machine? Numbers of one digit are a version or a chapter."""
    parts = [int(part) for part in address.split(".")]
    if not 10 <= max(parts) < 255 or not parts[0] or 255 in parts:
        return False
    this = IPv4Address(".".join(map(str, parts)))
    return not (this.is_loopback or this.is_link_local or this.is_multicast)


def _macs(page: Page) -> Iterator[Span]:
    text = page.text
    for at in page.anchors(":"):
        near = text[at + 3 : at + 4] == text[at + 6 : at + 7] == ":" and at > 1
        if near and (found := _MAC.match(text, at - 2)):
            yield Span(*found.span(), Kind.HOST)


def _machines(page: Page) -> Iterator[Span]:
    """`Janes-MacBook-Pro.local`: what stands before the word is read backwards."""
    for at in page.anchors("-macbook"):
        labels = _LABELS.match(page.lowered[max(0, at - 60) : at][::-1])
        if labels and (found := _MACBOOK.match(page.text, at - labels.end())):
            yield Span(*found.span(), Kind.HOST)


FINDERS: tuple[Finder, ...] = (
    _somebody(
        Shape(Kind.USER, ("/home/", "/users/", "\\/home\\/", "\\/users\\/"), re.compile(_HOME))
    ),
    _somebody(Shape(Kind.USER, ("users\\", "users/"), re.compile(_WINDOWS_HOME))),
    _somebody(Shape(Kind.USER, ("-home-", "-users-"), re.compile(_ENCODED_HOME))),
    _somebody(Shape(Kind.USER, ("user=", "logname=", "username="), re.compile(_VARIABLE))),
    _owners,
    _with_at,
    _inner,
    _in_url,
    _addresses,
    _macs,
    _machines,
    Shape(
        Kind.HOST,
        ("hostname", "computername", "pghost", "db", "mysql", "redis", "smtp", "ssh", "mail"),
        re.compile(f"(?i:{_ASSIGNED})"),
    ),
    Shape(Kind.HOST, ("desktop-", "laptop-", "win-", "ec2amaz-"), re.compile(_MACHINE)),
    Shape(Kind.HOST, ("\\\\",), re.compile(_SHARE)),
)
