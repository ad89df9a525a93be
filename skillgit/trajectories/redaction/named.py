"""Values that are called a secret: `password = …`, `"api_key": "…"`, `--token …`, in URLs, headers.

A quoted value is one unless it is a blank to fill in; a bare one only if it looks like no name,
call or subscript of a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from skillgit.trajectories.redaction.spans import Finder, Kind, Page, Shape, Span

_NEW = r"(?![<$\{%*\[])"
"""A value does not begin as a blank to fill in, a variable or a placeholder."""
_NO_DUMMY = (
    r"(?!(?:(?:test|your|my|the|an?|example|secret|dummy|fake|change|me|placeholder|insecure|key"
    r"|django|token|password|api|here|not|value|dev|local|string)[_ -]?)+\\{0,3}[\"'`])"
)
"""Nor is it made of the words with which examples say that they are none."""
_SUFFIX = r"(?:[_-]?(?:[0-9]{1,3}|value|prod|production|staging|dev|old|new))?"
# IBM's services: their names alone make a key, or a word as short as `pw`, a secret's.
_SERVICE = "|".join(
    f"(?<={name})|(?<={name}[_-])|(?<={name}api)|(?<={name}[_-]api)|(?<={name}[_-]api[_-])"
    for name in ("softlayer", "sl", "cloudant", "clou", "cl", "ibm", "iam", "cloud", "cos", "hmac")
)
_PASSWORD = (
    r"(?:pass(?:word|wd|phrase|code)|passwort|contrase(?:ñ|n)a|pwd|secret|(?<=[_-])pass|(?<=[_-])pw"
    rf"|(?:{_SERVICE})(?:key|pass|pw)"
    r"|(?:(?<=api)|(?<=api[_ -])|(?<=access)|(?<=access[_-])|(?<=account)|(?<=account[_-])"
    r"|(?<=private)|(?<=private[_-])|(?<=secret)|(?<=secret[_-])|(?<=signing)|(?<=signing[_-])"
    r"|(?<=encryption)|(?<=encryption[_-])|(?<=auth[_-])|(?<=service[_-])|(?<=client[_-])"
    r"|(?<=db[_-])|(?<=database[_-])|(?<=priv[_-])|(?<=storage[_-])|(?<=master[_-]))key)"
) + _SUFFIX
_TOKEN = rf"(?:token|credentials?|auth){_SUFFIX}"
_SIGN = r"(?:\\{0,3}[\"'])?[\])]?[ \t]{0,8}(?::=|=>|={1,3}|!==?|::?)[ \t]{0,8}"
_OR_IS = rf"(?:{_SIGN}|[ \t]{{1,3}}is[ \t:]{{1,3}})"
_QUOTED = (
    rf"\\{{0,3}}(?P<quote>[\"'`])(?P<value>{_NEW}{_NO_DUMMY}[^\n\"'`\\]{{4,512}}+)"
    r"\\{0,3}(?P=quote)"
)
_QUOTED_WORD = (
    rf"\\{{0,3}}(?P<quote>[\"'])(?P<value>{_NEW}[^\s\"'\\]{{12,2048}}+)\\{{0,3}}(?P=quote)"
)
_BARE_CHAR = r"[^\s\"'`,;&<>(){}\[\]\\]"
_LOOKS_BARE = rf"{_NEW}(?=[A-Za-z_.]{{0,200}}(?![A-Za-z_.]){_BARE_CHAR})"
_BARE = rf"(?P<value>{_LOOKS_BARE}{_BARE_CHAR}{{6,2048}}+)(?![(\[])"
_BARE_TOKEN = rf"(?P<value>{_LOOKS_BARE}{_BARE_CHAR}{{12,2048}}+)(?![(\[])"
_TIGHT = r"=(?P<value>[A-Za-z]{6,64}+)(?=[\s\"'`;&\\]|$)"
_FLAG = rf"[ \t]{{1,4}}\\?[\"']?(?P<value>{_NEW}(?!-){_BARE_CHAR}{{4,512}}+)"
_ELEMENT = rf">(?P<value>{_NEW}[^<\s]{{4,512}})</"


def _named(anchors: tuple[str, ...], pattern: str) -> Shape:
    return Shape(Kind.PASSWORD, anchors, re.compile(f"(?i:{pattern})"))


_CURL_USER = (
    r"(?<=\s)(?:-u|--user)[ =][\"']?[^\s:\"'\[\]]{1,64}:"
    r"(?P<value>(?![0-9]{1,8}\b)[^\s\"'\[\]\\]{3,128})"  # digits alone are a group's id
)
_HEADER = (
    r"(?:bearer|basic|token)[ \t]{1,4}"
    r"(?P<value>(?=[A-Za-z._~+/-]{0,80}[0-9=])[A-Za-z0-9._~+/=-]{16,4096}+)"
)
_BEARER = (
    r"(?:bearer|basic)[ \t]{1,4}"
    r"(?P<value>(?=[A-Za-z._~+/-]{0,80}[0-9=])[A-Za-z0-9._~+/=-]{12,4096}+)"
)
# NAME:VALUE@ in a URL, a token as its user, and parameters that are called secret.
_URL_PASSWORD = r"://[^\s:/@\"'\[\]]{0,100}:(?P<value>[^\s/@\"'\[\]]{1,200})@"
_URL_USER = r"://(?P<value>(?=[A-Za-z_-]{0,100}[0-9])[A-Za-z0-9_.-]{16,200})@"
_URL_PARAMETER = (
    r"(?:[?&]|u0026|amp;)(?:[a-z0-9_-]{0,30}[_-])?(?:token|key|apikey|secret|password|passwd|pwd"
    r"|sig|signature|credential|code)=(?P<value>" + _NEW + r"[^\s&#\"'<>\\\[\]]{6,2048}+)"
)
_COOKIE = r"(?P<value>[A-Za-z0-9%+/=._~:-]{16,2048}+)"


@dataclass(frozen=True, slots=True)
class _Assigned:
    """A name that ends in a word for secrets, a sign, and one of several forms of values."""

    anchors: tuple[str, ...]
    name: re.Pattern[str]
    values: tuple[re.Pattern[str], ...]

    def __call__(self, page: Page) -> Iterator[Span]:
        text, lowered = page.text, page.lowered
        for anchor in self.anchors:
            at = lowered.find(anchor)
            while at >= 0:
                end = at + 1
                name = self.name.match(text, at)
                for value in self.values if name else ():
                    if name and (found := value.match(text, name.end())):
                        yield Span(*found.span("value"), Kind.PASSWORD)
                        end = found.end("value")
                        break
                at = lowered.find(anchor, end)


_WORDS = ("password", "passwd", "token", "secret", "api-key")
_DASHED = re.compile(r"[a-z0-9-]{0,32}--(?![a-z0-9-])")  # backwards: `--my-` of `--my-token`
_AFTER_FLAG = re.compile(_FLAG)


def _flags(page: Page) -> Iterator[Span]:
    """`--token VALUE` on a command line."""
    lowered = page.lowered
    for word in _WORDS:
        for at in page.anchors(word):
            found = _AFTER_FLAG.match(page.text, at + len(word))
            if found and _DASHED.match(lowered[max(0, at - 35) : at][::-1]):
                yield Span(*found.span("value"), Kind.PASSWORD)


def _either(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"(?i:{pattern})") for pattern in patterns)


FINDERS: tuple[Finder, ...] = (
    _Assigned(
        ("pass", "pw", "secret", "key", "contrase"),
        re.compile(f"(?i:{_PASSWORD})"),
        _either(_OR_IS + _QUOTED, _OR_IS + _BARE, _TIGHT, _ELEMENT),
    ),
    _Assigned(
        ("token", "credential", "auth"),
        re.compile(f"(?i:{_TOKEN})"),
        _either(_OR_IS + _QUOTED_WORD, _OR_IS + _BARE_TOKEN),
    ),
    Shape(Kind.TOKEN, ("://",), re.compile(_URL_PASSWORD)),
    Shape(Kind.TOKEN, ("://",), re.compile(_URL_USER)),
    Shape(Kind.TOKEN, ("?", "&", "u0026", "amp;"), re.compile(f"(?i:{_URL_PARAMETER})")),
    Shape(Kind.TOKEN, ("bearer", "basic"), re.compile(rf"(?i:(?<![a-z]){_BEARER})")),
    Shape(
        Kind.TOKEN,
        ("authorization",),
        re.compile(rf"(?i:authorization[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?{_HEADER})"),
    ),
    Shape(
        Kind.TOKEN,
        ("session", "sessid", "phpsessid", "csrftoken", "sid"),
        re.compile(rf"(?i:(?:session(?:[_-]?id)?|sessid|phpsessid|csrftoken|sid)={_COOKIE})"),
    ),
    _named(("-u", "--user"), _CURL_USER),
    _flags,
    _named(("login ",), r"login[ \t]{1,4}\S{1,100}\s{1,8}password[ \t]{1,4}(?P<value>\S{3,200})"),
    _named(
        ("sshpass",), rf"sshpass[ \t]{{1,4}}-p[ \t]{{0,4}}[\"']?(?P<value>{_BARE_CHAR}{{3,200}})"
    ),
    _named(
        ("mysql", "mariadb"),
        rf"(?:mysql|mariadb)[^\n]{{0,80}}?[ \t]-p(?P<value>{_NEW}(?!assword){_BARE_CHAR}{{4,100}})",
    ),
    _named(
        ("docker login",),
        rf"docker login[^\n]{{0,100}}?[ \t]-p[ \t]{{1,4}}[\"']?(?P<value>{_BARE_CHAR}{{4,200}})",
    ),
)
"""What a name or a place gives away."""

_PASSWORD_KEY = re.compile(rf"(?i:[a-z0-9_.-]{{0,40}}{_PASSWORD})")
_TOKEN_KEY = re.compile(rf"(?i:[a-z0-9_.-]{{0,40}}{_TOKEN})")
_BLANK = re.compile(rf"{_NEW}.", re.DOTALL)
_LEAST_PASSWORD, _LEAST_TOKEN, _MOST = 4, 12, 2048


def is_secret(key: str, value: str) -> bool:
    """Is a text a secret because it stands under this key, whatever it looks like?"""
    if not _BLANK.match(value) or len(value) > _MOST:
        return False
    if _PASSWORD_KEY.fullmatch(key):
        return len(value) >= _LEAST_PASSWORD
    return bool(_TOKEN_KEY.fullmatch(key)) and len(value) >= _LEAST_TOKEN and " " not in value
