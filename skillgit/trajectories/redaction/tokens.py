"""Secrets that show by their shape: what their makers let them begin with.

All kinds that the detectors of detect-secrets 1.5 know, and those of more vendors. The shapes are
those that the vendors document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillgit.trajectories.redaction.spans import Finder, Kind, Page, Shape, Span

# A token begins here, and not in the middle of another; in JSON text it may follow an escape.
_WORD = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"
_APART = r"(?![A-Za-z0-9_-])"


def _shape(prefix: str, rest: str) -> Shape:
    pattern = re.compile(f"{_WORD}{re.escape(prefix)}{rest}")
    return Shape(Kind.TOKEN, (prefix,), pattern, exact=True)


_PREFIXED = (
    *((aws, rf"[A-Z0-9]{{16}}{_APART}") for aws in ("AKIA", "ASIA", "ABIA", "ACCA")),
    ("A3T", rf"[A-Z0-9]{{17}}{_APART}"),
    ("AIza", r"[0-9A-Za-z_-]{35}"),  # Google
    ("GOCSPX-", r"[0-9A-Za-z_-]{20,80}"),
    *((f"gh{one}_", r"[A-Za-z0-9_]{20,255}") for one in "pousr"),  # GitHub
    ("github_pat_", r"[A-Za-z0-9_]{20,255}"),
    *(
        (f"gl{one}-", r"[A-Za-z0-9_.-]{16,1024}")  # GitLab
        for one in ("pat", "dt", "rt", "ptt", "ft", "imt", "agent", "oas", "soat", "cbt", "ffct")
    ),
    ("gloas-", r"[A-Za-z0-9_-]{16,255}"),
    ("GR1348941", r"[A-Za-z0-9_-]{20,50}"),
    *((f"xox{one}-", r"[A-Za-z0-9-]{10,255}") for one in "abcdefghijklmnopqrstuvwxyz"),  # Slack
    ("xapp-", r"[A-Za-z0-9-]{10,255}"),
    ("xwfp-", r"[A-Za-z0-9-]{10,255}"),
    ("sk-", r"(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{16,255}"),  # OpenAI, Anthropic, many more
    *(
        (f"{one}_{mode}_", r"[A-Za-z0-9]{10,255}")  # Stripe
        for one in ("sk", "rk", "pk")
        for mode in ("live", "test")
    ),
    ("whsec_", r"[A-Za-z0-9+/=]{16,255}"),
    ("sq0csp-", r"[0-9A-Za-z_\\-]{40,50}"),  # Square
    ("sq0atp-", r"[0-9A-Za-z_\\-]{20,50}"),
    ("hf_", r"[A-Za-z0-9]{20,255}"),  # Hugging Face
    ("npm_", r"[A-Za-z0-9]{30,255}"),
    ("pypi-", r"(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{50,512}"),
    ("rubygems_", r"[0-9a-f]{40,64}"),
    ("dckr_pat_", r"[A-Za-z0-9_-]{20,80}"),
    ("gsk_", r"[A-Za-z0-9]{20,255}"),  # Groq
    ("xai-", r"[A-Za-z0-9]{20,255}"),
    ("r8_", r"[A-Za-z0-9]{30,64}"),  # Replicate
    ("pplx-", r"[A-Za-z0-9]{20,128}"),
    ("lsv2_", r"(?:pt|sk)_[A-Za-z0-9_]{20,128}"),  # LangSmith
    ("nvapi-", r"[A-Za-z0-9_-]{40,128}"),
    ("dapi", r"[0-9a-f]{32}(?:-[0-9])?"),  # Databricks
    ("dop_v1_", r"[0-9a-f]{64}"),  # DigitalOcean
    ("dp.pt.", r"[A-Za-z0-9]{30,64}"),  # Doppler
    *((f"shp{one}_", r"[0-9a-fA-F]{32}") for one in ("at", "ca", "pa", "ss")),  # Shopify
    ("lin_api_", r"[A-Za-z0-9]{30,64}"),
    ("ntn_", r"[A-Za-z0-9]{30,64}"),  # Notion
    ("secret_", r"(?=[A-Za-z]{0,40}[0-9])[A-Za-z0-9]{40,64}" + _APART),
    ("figd_", r"[A-Za-z0-9_-]{30,64}"),
    ("PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),  # Postman
    ("AGE-SECRET-KEY-1", r"[A-Z0-9]{40,80}"),
    ("ATATT3", r"[A-Za-z0-9_=-]{60,255}"),  # Atlassian
    ("EAAC", r"[A-Za-z0-9]{60,255}"),  # Facebook
    ("sntrys_", r"[A-Za-z0-9+/=_-]{40,255}"),
    ("glsa_", r"[A-Za-z0-9]{32}_[0-9a-f]{8}"),  # Grafana
    ("NRAK-", r"[A-Z0-9]{27}"),
    ("sbp_", r"[0-9a-f]{40}"),  # Supabase
    ("pscale_tkn_", r"[A-Za-z0-9_.=-]{30,64}"),
    ("tskey-", r"[A-Za-z0-9-]{20,128}"),  # Tailscale
    ("AKC", r"(?=[A-Za-z]{0,60}[0-9])[A-Za-z0-9]{10,128}" + _APART),  # Artifactory
    *(
        (f"AP{one}", r"(?=[A-Z0-9]{0,60}[a-z])(?=[A-Za-z]{0,60}[0-9])[A-Za-z0-9]{8,64}" + _APART)
        for one in "0123456789ABCDEF"
    ),
    ("AC", rf"[0-9a-f]{{32}}{_APART}"),  # Twilio
    ("SK", rf"[0-9a-f]{{32}}{_APART}"),
)
_DOTTED = (
    ("ya29.", r"[0-9A-Za-z_.-]{20,512}"),
    ("1//0", r"[0-9A-Za-z_-]{30,120}"),
    ("dp.pt.", r"[A-Za-z0-9]{30,64}"),
    *((f"hv{one}.", r"[A-Za-z0-9_-]{20,255}") for one in "sbr"),  # Vault
    ("SG.", r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}"),  # SendGrid
    ("sk.eyJ", r"[A-Za-z0-9_-]{20,512}\.[A-Za-z0-9_-]{10,64}"),  # Mapbox
    ("eyJ", r"[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{4,8192}+(?:\.[A-Za-z0-9_.+/=-]{0,2048}+)?"),
)
_ANYWHERE = (
    Shape(
        Kind.TOKEN,
        ("hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        re.compile(r"(?i:[a-z.]+/(?:services|api/webhooks|workflows)/)(?P<value>[\w/-]{10,200})"),
    ),
    Shape(
        Kind.TOKEN,
        ("webhook.office.com/",),
        re.compile(r"(?i)webhook\.office\.com/(?P<value>[\w@/-]{10,300})"),
    ),
    Shape(
        Kind.TOKEN,
        ("api.softlayer.com/soap/",),
        re.compile(r"(?i)api\.softlayer\.com/soap/v3(?:\.1)?/(?P<value>[a-z0-9]{64})"),
    ),
    Shape(
        Kind.TOKEN,
        (":_authtoken",),
        re.compile(r"(?i):_authtoken\s{0,4}=\s{0,4}(?P<value>[A-Za-z0-9_-]{20,255})"),
    ),
)
_LONG = re.compile(r"[A-Za-z0-9_-]{11,}+")
_BY_INITIAL = {
    initial: re.compile(
        "|".join(f"{re.escape(known)}{rest}" for known, rest in _PREFIXED if known[0] == initial)
    )
    for initial in {known[0] for known, _ in _PREFIXED}
}


def _prefixed(page: Page) -> Iterator[Span]:
    """Long words are looked up by their first letter: most texts hold few of them."""
    text = page.text
    for word in _LONG.finditer(text):
        start = word.start()
        if text[start] in "nrt" and text[start - 1 : start] == "\\":
            start += 1  # JSON text: a token behind an escape
        known = _BY_INITIAL.get(text[start])
        if known and (found := known.match(text, start)):
            yield Span(*found.span(), Kind.TOKEN)


# These have no prefix: a character in their middle is the anchor, and what stands before it has
# a length of its own.
_MAILCHIMP = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])")
_TELEGRAM = re.compile(r"(?<![0-9A-Za-z])[0-9]{8,10}:[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])")
_DISCORD = re.compile(
    r"(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}"
)
_DISCORD_MIDDLE = re.compile(r"\.[A-Za-z0-9_-]{6}\.")


def _mailchimp(page: Page) -> Iterator[Span]:
    for at in page.anchors("-us"):
        if found := _MAILCHIMP.match(page.text, max(0, at - 32)):
            yield Span(*found.span(), Kind.TOKEN)


def _telegram(page: Page) -> Iterator[Span]:
    for at in page.anchors(":"):
        if not page.text[at - 8 : at].isdigit():
            continue
        for before in (10, 9, 8):
            if found := _TELEGRAM.match(page.text, max(0, at - before)):
                yield Span(*found.span(), Kind.TOKEN)
                break


def _discord(page: Page) -> Iterator[Span]:
    if not _DISCORD_MIDDLE.search(page.text):
        return
    for at in page.anchors("."):
        if page.text[at + 7 : at + 8] != ".":
            continue
        for before in (24, 25, 26):
            if at >= before and (found := _DISCORD.match(page.text, at - before)):
                yield Span(*found.span(), Kind.TOKEN)
                break


# --------------------------------------------------------------------------- private keys

_HEAD = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10} ?-{4,5}")
_BODY = re.compile(
    r"(?:\s|\\[nr])*+"
    r"(?:[A-Za-z-]{1,20}: [^\n\\]{0,200}(?:\s|\\[nr])++){0,6}+"  # Proc-Type, DEK-Info, Version
    r"[A-Za-z0-9+/=\s\\]*+"
)
_FOOT = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10} ?-{4,5}")
_LONGEST = 32_000
_MOST_FEET = 4
_PUTTY = re.compile(
    r"PuTTY-User-Key-File-[0-9].{0,600}?Private-Lines: [0-9]{1,4}(?P<value>(?:\s|\\[nr])++"
    r"[A-Za-z0-9+/=\s\\]++(?:Private-(?:MAC|Hash): [0-9a-f]{1,128})?)",
    re.DOTALL,
)


def _private_keys(page: Page) -> Iterator[Span]:
    text, done = page.text, 0
    for at in page.anchors(" private key"):
        start = text.rfind("BEGIN", max(0, at - 48), at)
        head = _HEAD.match(text, _dashes(text, start)) if start >= 0 else None
        if head is None or head.start() < done:
            continue
        done = _end_of_key(text, head.end())
        yield Span(head.start(), done, Kind.PRIVATE_KEY)


def _end_of_key(text: str, start: int) -> int:
    """Behind the key's last line; where that is missing, behind all that a key is written in."""
    at = start
    for _ in range(_MOST_FEET):
        at = text.find("END ", at + 1, start + _LONGEST)
        if at < 0:
            break
        if foot := _FOOT.match(text, _dashes(text, at)):
            return foot.end()
    body = _BODY.match(text, start)
    return body.end() if body else start


def _dashes(text: str, at: int) -> int:
    """Where the four or five dashes begin that stand before a place."""
    if text[at - 1 : at] == " ":
        at -= 1
    before = text[max(0, at - 5) : at]
    return at - (len(before) - len(before.rstrip("-")))


FINDERS: tuple[Finder, ...] = (
    _private_keys,
    Shape(Kind.PRIVATE_KEY, ("putty-user-key-file-",), _PUTTY),
    _prefixed,
    *(_shape(prefix, rest) for prefix, rest in _DOTTED),
    *_ANYWHERE,
    _mailchimp,
    _telegram,
    _discord,
)
