"""What a text does besides teaching: it hides words, leads elsewhere, or orders its reader about.

SG406 to SG409. Each function is asked about a text that people and agents read; how grave a
sighting is depends on where it stands: an edit of a round is withheld, a skill at large is warned
about, since honest skills hold such words as well (SKILLS_FORMAT.md, section 10,
says how many).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from skillgit.rules.unseen import Sighting

_SHOWN = 60
_LEAST_BLOB = 80
_LEAST_VARIETY = 20

KNOWN_HOSTS = frozenset(
    {
        "example.com",
        "example.org",
        "example.net",
        "localhost",
        "127.0.0.1",
        "schemas.openxmlformats.org",
        "schemas.microsoft.com",
        "www.w3.org",
        "purl.org",
    }
)
"""Names in examples and in XML namespaces: they lead nowhere."""
_URL = (
    r"(?:\b(?:https?|ftps?|sftp|wss?|ssh|git|smb|s3|gs)://|(?<=[(\"'=<])//(?=[\w-]+\.\w)"
    r"|\bmailto:[^\s@]*@)(?:[^\s/@`'\"<>]+@)?([^\s/?#`'\"<>()\[\],;]+)"
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled where it is asked for: most skills hold none of the words that lead there."""
    return re.compile(pattern, re.IGNORECASE)


# ------------------------------------------------------------------ SG406: what is not shown


def covered(text: str, *, comments: bool = True) -> Iterator[Sighting]:
    """Words that rendered Markdown does not show, and blobs that nobody reads."""
    if comments:
        yield from _comments(text)
    if "data:" in text:
        for found in _compiled(r"\bdata:[\w.+-]+/[\w.+-]+[;,]").finditer(text):
            yield found.start(), f"a data URI: {_cut(text, found.start())}"
    if "style" in text:
        pattern = (
            r"<[^>]{0,200}style\s*=[^>]{0,200}(?:display\s*:\s*none|visibility\s*:\s*hidden"
            r"|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]))"
        )
        for found in _compiled(pattern).finditer(text):
            yield found.start(), f"an element that is not shown: {_cut(text, found.start())}"
    yield from _blobs(text)


def _comments(text: str) -> Iterator[Sighting]:
    at = text.find("<!--")
    while at >= 0:
        yield at, f"an HTML comment: {_cut(text, at)}"
        at = text.find("<!--", at + 4)
    # `[//]: # (words)` is a link that nothing refers to.
    if "[//]:" in text or "[comment]:" in text:
        for found in _compiled(r"(?m)^\[(?://|comment)\]:\s*[#<]").finditer(text):
            yield found.start(), f"a hidden link: {_cut(text, found.start())}"


def _blobs(text: str) -> Iterator[Sighting]:
    # A search for long runs, a hundred times as fast as the pattern.
    if b"x" * _LEAST_BLOB in text.encode("utf-8", "surrogatepass").translate(_RUNS):
        for found in _BLOB.finditer(text):
            if _is_blob(found[0]):
                yield found.start(), f"{len(found[0])} characters of base64: {found[0][:20]}…"
    if "\\x" in text or "\\u" in text:
        for found in _compiled(r"(?:\\x[0-9a-f]{2}|\\u[0-9a-f]{4}){8,}").finditer(text):
            yield found.start(), f"escaped characters: {_cut(text, found.start())}"


_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
_RUNS = bytes(ord("x" if code in _BASE64 else " ") for code in range(256))
_BLOB = re.compile(rf"[A-Za-z0-9+/_-]{{{_LEAST_BLOB},}}={{0,2}}")


def _is_blob(word: str) -> bool:
    """Neither a path nor a digest nor a ruler: letters of both cases, digits, and many kinds."""
    mixed = bool(re.search("[a-z]", word) and re.search("[A-Z]", word) and re.search("[0-9]", word))
    if not mixed or len(set(word)) < _LEAST_VARIETY:
        return False
    try:
        base64.b64decode(word.translate({45: 43, 95: 47}) + "=" * (-len(word) % 4))
    except (ValueError, binascii.Error):
        return False
    return True


# ------------------------------------------------------------------ SG407: what leads elsewhere


def hosts(text: str) -> Iterator[tuple[int, str]]:
    """Each host that an address in a text names, in lower case."""
    if "//" not in text and "mailto:" not in text:
        return
    for found in _compiled(_URL).finditer(text):
        yield found.start(), found[1].lower().partition(":")[0].rstrip(".*\\")


def sent_out(text: str) -> Iterator[Sighting]:
    """Images and links that carry something away: their address has a place to be filled in."""
    if "](" not in text:
        return
    pattern = (
        r"!\[[^\]]*\]\(\s*<?(?:https?:)?//[^)\s]*(?:\{|\$|%7b|<[a-z_]|=\[|\[[a-z_ ]+\])[^)\n]*"
    )
    for found in _compiled(pattern).finditer(text):
        yield found.start(), f"an image whose address is filled in: {_cut(text, found.start())}"


# ------------------------------------------------------------------ SG408: orders to the reader


@dataclass(frozen=True, slots=True)
class _Pattern:
    """With what a match begins, in lower case, and the whole of it from there.

    A text with none of the words that it `needs` cannot match.
    """

    starts: tuple[bytes, ...]
    needs: frozenset[bytes]
    pattern: str
    what: str = "words that order an agent about"


def _any(words: str) -> frozenset[bytes]:
    return frozenset(words.encode().split())


_ORDERS = (
    _Pattern(
        (b"ignor", b"disregard", b"forget", b"overrid", b"bypass"),
        _any(
            "ignore ignoring disregard disregarding forget forgetting override overriding bypass"
            " bypassing"
        ),
        r"""\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass(?:ing)?)
        \s+(?:\w+\s+){0,3}?
        (?:previous|prior|above|earlier|preceding|existing|system|safety|all)\s+(?:\w+\s+){0,2}?
        (?:instructions?|prompts?|guidelines?|directives?|polic(?:y|ies)|constraints?
        |restrictions?|rules)\b""",
    ),
    _Pattern(
        (b"do not ", b"don't ", b"never ", b"without "),
        _any(
            "tell telling inform informing notify notifying alert alerting mention mentioning"
            " reveal revealing warn warning disclose disclosing asking"
        ),
        r"""\b(?:do\ not|don't|never|without)\s+(?:\w+\s+){0,2}?
        (?:tell|inform|notify|alert|mention|reveal|disclos|warn|asking)\w*\s+(?:\w+\s+){0,4}?
        (?:the\s+)?(?:user|human|operator|owner|anyone|anybody)s?\b""",
    ),
    _Pattern(
        (b"without ",),
        _any("knowledge knowing consent noticing awareness"),
        r"""\bwithout\s+(?:the\s+)?(?:user|human)(?:'s)?\s+
        (?:knowledge|knowing|consent|noticing|awareness)\b""",
    ),
    _Pattern(
        (b"hide ", b"conceal "),
        _any("hide conceal"),
        r"\b(?:hide|conceal)\s+(?:this|it|these|them|the\s+\w+)\s+from\s+(?:the\s+)?(?:user|human)",
    ),
    _Pattern(
        (b"<|im_", b"<system>", b"</system>", b"[inst]", b"[/inst]", b"begin system "),
        _any("im system inst"),
        r"<\|im_(?:start|end)\|>|</?system>|\[/?inst\]|begin\s+system\s+(?:prompt|message)\b",
    ),
    _Pattern(
        (b"you are now ",),
        _any("unrestricted jailbroken dan mode root"),
        r"""you\ are\ now\s+(?:in\s+)?(?:an?\s+|the\s+)?(?:\w+\s+)?
        (?:unrestricted|jailbroken|dan\b|developer\s+mode|admin(?:istrator)?\s+mode|root\b)""",
    ),
    _Pattern(
        (b"reveal ", b"print ", b"output ", b"repeat ", b"show ", b"send ", b"leak "),
        _any("system"),
        r"""\b(?:reveal|print|output|repeat|show|send|leak)\s+(?:\w+\s+){0,3}?(?:your|the)\s+
        (?:\w+\s+)?system\s+(?:prompt|message|instructions?)\b""",
    ),
    _Pattern(
        (b"disable ", b"turn off ", b"skip ", b"remove "),
        _any("safety security guardrail guardrails safeguard safeguards"),
        r"""\b(?:disable|turn\ off|skip|remove)\s+(?:\w+\s+){0,2}?
        (?:safety|security|guardrail|safeguard)s?\s+(?:\w+\s+)?
        (?:checks?|filters?|features?|protocols?|measures|restrictions)\b""",
    ),
)


def orders(text: str) -> Iterator[Sighting]:
    """Sentences that turn an agent against those who gave it other instructions."""
    yield from _found(text, _ORDERS)


# ------------------------------------------------------------------ SG409: what harms

_HARMS = (
    _Pattern(
        (b"curl", b"wget", b"iwr ", b"irm ", b"invoke-web"),
        _any("curl wget iwr irm invoke"),
        r"""\b(?:curl|wget|iwr|irm|invoke-webrequest)\b[^\n|]{0,300}\|\s*(?:sudo\s+)?
        (?:(?:ba|z|da)?sh|python[0-9.]*|perl|ruby|node|iex)\b""",
        "a download that is run",
    ),
    _Pattern(
        (b"sh ",),
        _any("curl wget"),
        r"""sh\s+(?:-c\s+)?["']?(?:<\(|\$\(|`)\s*(?:curl|wget)""",
        "a download that is run",
    ),
    _Pattern(
        (b"exec(", b"eval("),
        _any("exec eval"),
        r"""\b(?:exec|eval)\(\s*(?:requests\.get|urlopen|urllib|base64|codecs\.decode
        |bytes\.from|__import__|compile\()""",
        "fetched or encoded text that is run",
    ),
    _Pattern(
        (b"/dev/tcp/", b"/dev/udp/", b"pty.spawn"),
        _any("tcp udp pty"),
        r"/dev/(?:tcp|udp)/[\w.$]|pty\.spawn\s*\(",
        "a reverse shell",
    ),
    _Pattern(
        (b"nc -", b"ncat -", b"netcat -"),
        _any("nc ncat netcat"),
        r"\b(?:nc|ncat|netcat)\s+(?:-\w+\s+)*-\w*[ec]\s+\S*sh\b",
        "a reverse shell",
    ),
    _Pattern(
        (b"base64 ",),
        _any("base64"),
        r"\bbase64\s+(?:-d|--decode)\b[^\n]{0,120}\|\s*(?:sudo\s+)?(?:\w*sh|python[0-9.]*|perl)\b",
        "encoded text that is run",
    ),
    _Pattern(
        (b"powershell", b"pwsh"),
        _any("powershell pwsh"),
        r"(?:powershell|pwsh)\S*\s[^\n]{0,80}-e(?:nc|ncodedcommand)?\s+[a-z0-9+/=]{16,}",
        "encoded text that is run",
    ),
    _Pattern(
        (b"rm -",),
        _any("rm"),
        r"""\brm\s+(?:-[\w-]+\s+)+(?:/|~/?|\$home/?)(?:\*|\s|["'`;]|$)""",
        "a command that destroys",
    ),
    _Pattern(
        (b"--no-preserve-root", b"mkfs.", b"dd if="),
        _any("preserve mkfs dd"),
        r"--no-preserve-root|mkfs\.\w+\s+/dev/|dd\s+if=\S+\s+of=/dev/(?:sd|nvme|disk)",
        "a command that destroys",
    ),
    _Pattern(
        (b"curl", b"wget", b"requests.p", b"urlopen", b"fetch(", b"httpx.p"),
        _any("curl wget requests urlopen fetch httpx"),
        r"""\b(?:curl|wget|requests\.(?:post|put)|urlopen|fetch|httpx\.post)\b[^\n]{0,300}
        (?:\.ssh/|\bid_rsa|\.aws/|(?<![\w.])\.env\b|/etc/(?:passwd|shadow)|os\.environ\b(?!\.get|\[)
        |\.netrc|\$\(env\)|\bprintenv)""",
        "secrets that are sent away",
    ),
)


def harms(text: str) -> Iterator[Sighting]:
    """Commands that no honest instruction needs as they stand."""
    yield from _found(text, _HARMS)


def _found(text: str, patterns: tuple[_Pattern, ...]) -> Iterator[Sighting]:
    """Matches are tried only where their words stand: most texts have none of them.

    On bytes: only they change to lower case, and are searched, at the speed of memory.
    """
    low, words = _read(text)
    for each in patterns:
        for start in each.starts if not words.isdisjoint(each.needs) else ():
            at = low.find(start)
            while at >= 0:
                if _of_bytes(each.pattern).match(low, at):
                    place = len(low[:at].decode("utf-8", "surrogatepass"))
                    yield place, f"{each.what}: {_cut(text, place)}"
                at = low.find(start, at + 1)


@lru_cache(maxsize=32)
def _read(text: str) -> tuple[bytes, frozenset[bytes]]:
    """A text in lower case, and its words: two rules ask for them, one after the other."""
    low = text.encode("utf-8", "surrogatepass").lower()
    return low, frozenset(low.translate(_WORDS).split())


_WORDS = bytes(code if chr(code).isalnum() or code > 127 else 32 for code in range(256))


@cache
def _of_bytes(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.VERBOSE if "\n" in pattern else 0)


def _cut(text: str, at: int) -> str:
    words = " ".join(text[at : at + 4 * _SHOWN].split("\n", 1)[0].split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1].rstrip()}…"
