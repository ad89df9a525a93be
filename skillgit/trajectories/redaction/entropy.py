"""Random words of no known shape, where a secret would stand.

Only words of small letters, capitals and digits that change places as often as in random ones do:
commit ids, UUIDs and digests are of one case, identifiers and paths are made of words, and
encoded text or images can be read or are longer. Where the name before it says what it is, that
is believed.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator

from skillgit.trajectories.redaction.spans import Finder, Kind, Page, Span

_LEAST, _MOST = 20, 128
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{20,}+")
_WORD = re.compile(r"[A-Z]?(?=[a-z]{0,9}[aeiou])[a-z]{3,}")
_LONG_WORD = re.compile(r"[a-z]{8,}|[A-Z]{8,}|[0-9]{8,}")
_ASSIGNED = re.compile(r"(?:[=:>]|[ \t]is|(?:^|\s)--?[A-Za-z-]{1,30})[ \t]{0,3}\\{0,3}[\"'`]?$")
_QUOTED = re.compile(r"[\"'`]$")
_NO_SECRET = re.compile(
    r"(?i)(?:id|ids|uuid|guid|hash|sha(?:1|256|384|512)?|md5|digest|etag|integrity|checksum|commit"
    r"|revision|signature|fingerprint|cursor|nonce|thumbprint|blob|image|data|base64|href|src|url"
    r"|path|file|name|cell|call|log|pubkey|public[_-]?key)"
    r"(?:\\{0,3}[\"'`])?[\])]?[ \t]{0,2}(?:=|:|=>|[ \t])[ \t]{0,3}\\{0,3}[\"'`]?$"
)
_IDENTIFIER = re.compile(
    r"(?i)(?:toolu|call|msg|req|run|chatcmpl|resp|fc|rs|item|file|thread|asst|step|evt|session"
    r"|cmpl|batch|ws|sha[0-9]{1,3}|srvtoolu|tool|gen|conv|task|part)[_-]"
)
"""What services call their calls."""
_LEAST_MIX = 0.4
_MOST_WORDS = 0.45
_LEAST_BITS = 3.6
_LINE = 160
"""So much of the lines before and after is looked at."""


def _random_words(page: Page) -> Iterator[Span]:
    text = page.text
    for found in _RUN.finditer(text):
        start, end = found.span()
        # The sign of an assignment, the slash of an address.
        while start < end and text[start] in "=/+-_":
            start += 1
        equal = text.find("=", start, end)
        if equal - start > 0 and text[equal:end].strip("="):
            start = equal + 1  # NAME=VALUE
        if not _LEAST <= end - start <= _MOST or not _is_random(text[start:end]):
            continue
        if _stands_like_a_secret(text, start, end):
            yield Span(start, end, Kind.ENTROPY)


def _is_random(word: str) -> bool:
    letters = re.sub(r"[^A-Za-z0-9]", "", word)
    kinds = "".join("0" if c.isdigit() else "A" if c.isupper() else "a" for c in letters)
    if min(kinds.count(kind) for kind in "0Aa") < 2:
        return False
    mix = sum(a != b for a, b in itertools.pairwise(kinds)) / (len(kinds) - 1)
    if mix < _LEAST_MIX or _LONG_WORD.search(word):
        return False
    if sum(map(len, _WORD.findall(word))) > _MOST_WORDS * len(word) or _bits(word) < _LEAST_BITS:
        return False
    return not _IDENTIFIER.match(word) and not _is_text(word)


def _bits(word: str) -> float:
    """Shannon's entropy of a character."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def _is_text(word: str) -> bool:
    """Is it base64 of what can be read? Agents write files that way."""
    try:
        text = base64.b64decode(
            word + "=" * (-len(word) % 4),
            altchars=b"-_" if {"-", "_"} & set(word) else None,
            validate=True,
        )
        return text.decode("ascii").isprintable()
    except (binascii.Error, ValueError):
        return False


def _stands_like_a_secret(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 40) : start], text[end : end + 2]
    if _NO_SECRET.search(before) or (after[:1] in {".", "@", "/"} and after[1:].isalnum()):
        return False
    if before.endswith(("/", ".", "@", "#", "%", "\\")) or after[:1] in {"(", "[", "%"}:
        return False
    if _ASSIGNED.search(before):
        return True
    if _QUOTED.search(before) and after[:1] in {*"\"'`\\"}:
        return True
    return _is_a_line(text, start, end)


def _is_a_line(text: str, start: int, end: int) -> bool:
    """Alone on its line, as a program prints it, and no line of a block of base64."""
    before = text[max(0, start - _LINE) : start].splitlines() or [""]
    if before[-1].strip() or (len(before) == 1 and start > _LINE):
        return False
    after = text[end : end + _LINE]
    if after[:1] not in {"", "\n", "\r"}:
        return False
    others = (*before[-2:-1], *after.strip().splitlines()[:1])
    return not any(_RUN.search(line) for line in others)


FINDERS: tuple[Finder, ...] = (_random_words,)
