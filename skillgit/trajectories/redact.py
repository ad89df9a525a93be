"""Secrets and names of people go before anyone sees a trajectory, model or reader.

Basic on purpose: known shapes of secrets, and values that are called a secret. Equal secrets get
equal placeholders, so a reader still sees that one value came back. Every pattern is linear in
the text: bounded or possessive repeats, and starts that cannot lie inside an earlier match.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from skillgit.types import Outcome, Step, ToolCall, Trajectory


@dataclass(frozen=True, slots=True)
class _Rule:
    """`value` of the pattern (or all of it) is hidden, if the text holds one of the hints."""

    kind: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ("",)


# A token begins here, and not in the middle of another; in JSON text it may follow an escape.
_WORD = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"

_PRIVATE_KEY = (
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----(?:\s|\\[nr])*+"
    r"(?:[A-Za-z-]{1,20}: [^\n\\]{0,200}(?:\s|\\[nr])++){0,6}+"  # Proc-Type, DEK-Info, Version
    r"[A-Za-z0-9+/=\s\\]*+(?:-----END [A-Z0-9 ]{0,60}-----)?"
)
_TOKENS = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    r"AIza[0-9A-Za-z_-]{35}|GOCSPX-[0-9A-Za-z_-]{20,80}|ya29\.[0-9A-Za-z_-]{20,512}",  # Google
    r"gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}",
    r"gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|soat|cbt)-[A-Za-z0-9_.-]{16,255}",  # GitLab
    r"xox[a-z]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{10,255}",  # Slack
    r"sk-(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{16,255}",  # OpenAI, Anthropic
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}",  # Stripe
    r"hf_[A-Za-z0-9]{20,255}|npm_[A-Za-z0-9]{30,255}|pypi-[A-Za-z0-9_-]{50,512}",
    r"gsk_[A-Za-z0-9]{20,255}|xai-[A-Za-z0-9]{20,255}|dapi[0-9a-f]{32}|dop_v1_[0-9a-f]{64}",
    r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}",  # SendGrid
    r"eyJ[A-Za-z0-9_-]{8,8192}\.eyJ[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,2048})?",  # JWT
)
_TOKEN_STARTS = (
    *("akia", "asia", "abia", "acca", "aiza", "gocspx-", "ya29.", "ghp_", "gho_", "ghu_", "ghs_"),
    *("ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glimt-", "glagent-"),
    *("gloas-", "glsoat-", "glcbt-", "xox", "xapp-", "sk-", "sk_", "rk_", "pk_", "hf_", "npm_"),
    *("pypi-", "gsk_", "xai-", "dapi", "dop_v1_", "sg.", "eyj"),
)
"""How these begin, in lower case."""
_HEADER = (
    r"(?i:\b(?:bearer|basic)[ \t]{1,4})"
    r"(?P<value>(?=[A-Za-z._~+/-]{0,80}[0-9=])[A-Za-z0-9._~+/=-]{12,4096})"
)
# NAME:VALUE@ in a URL, a token as its user, and parameters that are called secret.
_URL_PASSWORD = r"://[^\s:/@\"'\[\]]{0,100}:(?P<value>[^\s/@\"'\[\]]{1,200})@"
_URL_USER = r"://(?P<value>(?=[A-Za-z_-]{0,100}[0-9])[A-Za-z0-9_.-]{16,200})@"
_URL_PARAMETER = (
    r"(?i:[?&](?:[a-z0-9_-]{0,30}[_-])?(?:token|key|apikey|secret|password|passwd|pwd|sig|signature"
    r"|credential|code)=)(?P<value>[^\s&#\"'<>\\\[\]]{6,2048})"
)
_HOOK = r"hooks\.slack\.com/services/(?P<value>[A-Za-z0-9/_-]{10,200})"
_CURL_USER = (
    r"(?:\s-u|--user)[ =][\"']?[^\s:\"'\[\]]{1,64}:"
    r"(?P<value>(?![0-9]{1,8}\b)[^\s\"'\[\]\\]{3,128})"  # digits alone are a group's id
)

# NAME = VALUE where NAME ends in a word for secrets. A quoted value is one unless it is a blank to
# fill in; a bare one only if it looks like no name, call or subscript of a program.
_PASSWORDS = (
    r"(?!secret:[0-9a-f]{6}\])"  # a placeholder of ours
    r"(?:pass(?:word|wd|phrase)|[_-]pass|passwd|pwd|secret"
    r"|(?:api|access|account|private|secret|signing|encryption)[_-]?key)"
)
_TOKENISH = r"(?:token|credentials?|auth)"
_SIGN = r"(?:\\?[\"'])?[ \t]{0,4}(?::=|=>|=|:)[ \t]{0,4}"
_VALUE = r"(?![<$\{%*\[])"
_QUOTED = r"\\?(?P<quote>[\"'])(?P<value>" + _VALUE + r"[^\n\"'\\]{4,512})\\?(?P=quote)"
_QUOTED_WORD = r"\\?(?P<quote>[\"'])(?P<value>" + _VALUE + r"[^\s\"'\\]{12,2048})\\?(?P=quote)"
_BARE_CHAR = r"[^\s\"'`,;&<>(){}\[\]\\]"
_LOOKS_BARE = rf"{_VALUE}(?=[A-Za-z_.]{{0,200}}(?![A-Za-z_.]){_BARE_CHAR})"
_BARE_WORD = rf"(?P<value>{_LOOKS_BARE}{_BARE_CHAR}{{6,2048}}+)(?![(\[])"
_BARE_TOKEN = rf"(?P<value>{_LOOKS_BARE}{_BARE_CHAR}{{12,2048}}+)(?![(\[])"
_TIGHT = r"=(?P<value>[A-Za-z]{6,64}+)(?=[\s\"'`;&\\]|$)"

_EMAIL = (
    r"(?:(?<![A-Za-z0-9._%+\\-])|(?<=\\[nrt])|(?<=\\)(?![nrt]))(?!git@)[A-Za-z0-9._%+-]{1,64}@"
    r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9_-])"
)
_NAME = r"(?P<value>[^\s/\\:\"'<>|*?,;()\[\]{}`$]{1,64})"
_HOME = r"(?:(?<![A-Za-z0-9_.])|(?<=\\[nrt]))/(?:home|Users)/" + _NAME
_WINDOWS_HOME = r"[A-Za-z]:(?:\\{1,4}|/)Users(?:\\{1,4}|/)" + _NAME
# Homes that tell nothing about a person.
_NOBODY = frozenset(
    (
        *("user", "users", "username", "name", "you", "root", "agent", "admin", "administrator"),
        *("runner", "runneradmin", "circleci", "vagrant", "codespace", "gitpod", "vscode"),
        *("ubuntu", "debian", "fedora", "centos", "ec2-user", "linuxbrew", "docker", "sandbox"),
        *("node", "app", "jovyan", "oai", "shared", "public", "default", "test", "workspace"),
    )
)

_MOST_GLUED = 20
_SECRET_WORDS = ("pass", "pwd", "secret", "key")
_TOKEN_WORDS = ("token", "credential", "auth")
_RULES = (
    _Rule("secret", re.compile(_PRIVATE_KEY), ("private key",)),
    _Rule("secret", re.compile(_URL_PASSWORD), ("://",)),
    _Rule("secret", re.compile(_URL_USER), ("://",)),
    _Rule("secret", re.compile(_HOOK), ("hooks.slack.com",)),
    _Rule("secret", re.compile(f"{_WORD}(?:{'|'.join(_TOKENS)})"), _TOKEN_STARTS),
    _Rule("secret", re.compile(_HEADER), ("bearer", "basic")),
    _Rule("secret", re.compile(_URL_PARAMETER), ("?", "&")),
    _Rule("secret", re.compile(_CURL_USER), ("-u", "--user")),
    _Rule("secret", re.compile(f"(?i:{_PASSWORDS}){_SIGN}{_QUOTED}"), _SECRET_WORDS),
    _Rule("secret", re.compile(f"(?i:{_TOKENISH}){_SIGN}{_QUOTED_WORD}"), _TOKEN_WORDS),
    _Rule("secret", re.compile(f"(?i:{_PASSWORDS}){_SIGN}{_BARE_WORD}"), _SECRET_WORDS),
    _Rule("secret", re.compile(f"(?i:{_TOKENISH}){_SIGN}{_BARE_TOKEN}"), _TOKEN_WORDS),
    _Rule("secret", re.compile(f"(?i:{_PASSWORDS}){_TIGHT}"), _SECRET_WORDS),
    _Rule("email", re.compile(_EMAIL), ("@",)),
    _Rule("user", re.compile(_HOME), ("/home/", "/users/")),
    _Rule("user", re.compile(_WINDOWS_HOME), ("users",)),
)


def redact(trajectory: Trajectory) -> tuple[Trajectory, int]:
    """The trajectory with placeholders such as `[secret:1a2b3c]` in all its texts, and how many.

    Its digest stays that of the raw bytes.
    """
    count = 0
    # Most rules find their hints nowhere in a run; only the others look at each of its texts.
    rules = _told_by("\n".join(_texts(trajectory)).lower(), _RULES)
    if not rules:
        return trajectory, 0

    def clean(text: str) -> str:
        nonlocal count
        cleaned, found = _redacted(text, rules)
        count += found
        return cleaned

    outcome = trajectory.outcome
    cleaned = replace(
        trajectory,
        task=clean(trajectory.task),
        steps=tuple(_clean_step(step, clean) for step in trajectory.steps),
        outcome=Outcome(
            outcome.result, outcome.score, clean(outcome.said_by), clean(outcome.detail)
        ),
        origin=clean(trajectory.origin),
        agent=clean(trajectory.agent),
    )
    return cleaned, count


def _texts(trajectory: Trajectory) -> Iterator[str]:
    outcome = trajectory.outcome
    yield from (trajectory.task, trajectory.origin, trajectory.agent)
    yield from (outcome.said_by, outcome.detail)
    for step in trajectory.steps:
        yield from (step.message, step.reasoning, step.observation)
        for call in step.calls:
            yield from (call.name, call.arguments)


def _clean_step(step: Step, clean: Callable[[str], str]) -> Step:
    calls = tuple(ToolCall(clean(call.name), clean(call.arguments)) for call in step.calls)
    texts = clean(step.message), clean(step.reasoning), clean(step.observation)
    if calls == step.calls and texts == (step.message, step.reasoning, step.observation):
        return step
    message, reasoning, observation = texts
    return replace(step, message=message, reasoning=reasoning, calls=calls, observation=observation)


def redact_text(text: str) -> tuple[str, int]:
    """The text without what looks like a secret, an e-mail address or a home; and how many."""
    return _redacted(text, _RULES)


def _redacted(text: str, rules: Sequence[_Rule]) -> tuple[str, int]:
    count = 0
    for rule in _told_by(text.lower(), rules) if text and rules else ():
        for _ in range(_MOST_GLUED):  # a token that is glued to another one begins behind it
            text, found = _apply(rule, text)
            count += found
            if not found:
                break
    return text, count


def _told_by(lowered: str, rules: Sequence[_Rule]) -> list[_Rule]:
    """The rules whose hints a text in lower case holds: only they can find anything in it."""
    return [rule for rule in rules if any(hint in lowered for hint in rule.hints)]


def _apply(rule: _Rule, text: str) -> tuple[str, int]:
    count = 0
    group = "value" if "value" in rule.pattern.groupindex else 0

    def hide(match: re.Match[str]) -> str:
        nonlocal count
        value = match[group]
        if rule.kind == "user" and value.lower() in _NOBODY:
            return match[0]
        count += 1
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        return f"{match[0][:start]}{_placeholder(rule.kind, value)}{match[0][end:]}"

    return rule.pattern.sub(hide, text), count


def _placeholder(kind: str, value: str) -> str:
    digest = hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"[{kind}:{digest[:6]}]"
