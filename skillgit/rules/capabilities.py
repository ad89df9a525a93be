"""What a text lets an agent do beyond writing: run, fetch, install, pipe, read secrets, destroy.

`gained` is asked about the changes of a lesson (SG403): a poisoned trajectory wants an agent to do
one of these things, and no rule can tell a good `pip install` from a bad one. A person can.
Patterns are wide on purpose: a false alarm costs one command, `skillgit approve`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from skillgit.types import Change, CreateFile, DeleteFile, Skill

_SHOWN = 80


class Capability(StrEnum):
    """What a line brings in, as a person reads it."""

    EXECUTABLE = "an executable"
    NETWORK = "a network call"
    INSTALL = "a package install"
    PIPE = "a shell pipe"
    CREDENTIALS = "a credential path"
    DESTRUCTIVE = "a destructive command"
    TOOLS = "wider allowed-tools"


@dataclass(frozen=True, slots=True)
class Gain:
    """A capability, and the words that bring it in."""

    capability: Capability
    words: str

    def __str__(self) -> str:
        return f"{self.capability} ({self.words})"


_PATTERNS: Mapping[Capability, str] = MappingProxyType(
    {
        Capability.EXECUTABLE: r"""
            ^\s*\#!\s*/ | \bchmod\s+(?:-\S+\s+)*(?:[ugoa]*\+\S*x|[0-7]*[1357][0-7]*)\b
            | \bos\.(?:system|popen|exec[lv]\w*|spawn\w+|startfile)\s*\(
            | \bsubprocess\b | \bpty\.spawn\b | (?<![\w.])(?:eval|exec|__import__)\s*\(
            | \bshell\s*=\s*True | \bchild_process\b | \bpickle\.loads?\b | \bmarshal\.loads\b
            | (?:^|[`;&\s])(?:bash|sh|zsh|pwsh|powershell(?:\.exe)?|cmd(?:\.exe)?)
              \s+(?:[-/]\w+\s+)*[^\s|`'"]*[./][^\s|`]+
            | (?:^\s*|[;&]\s*|\$\s+)\./[\w./-]+(?![\w./{-])
            | \bShellExecute\b | \bWScript\.Shell\b | \bcrontab\b | \bsystemctl\s+enable\b
        """,
        Capability.NETWORK: r"""
            \b(?:curl|wget|aria2c|netcat|ncat|telnet|Invoke-(?:WebRequest|RestMethod|Expression))\b
            | (?:^|[`;&|\s])(?:nc|ssh|scp|sftp|ftp|rsync|iwr|irm)\s+[-\w@]
            | \brequests\.(?:get|post|put|patch|delete|head|request|Session)\b
            | \burllib3?\b | \burlopen\b | \burlretrieve\b | \bhttpx\b | \baiohttp\b
            | \bhttp\.client\b | \bsocket\.(?:socket|create_connection|gethostbyname)\b
            | \bsmtplib\b | \bftplib\b | \bparamiko\b | \bwebsockets?\.connect\b
            | \bfetch\s*\(\s*['"`h] | \baxios\b | \bXMLHttpRequest\b | \bnavigator\.sendBeacon\b
            | \bgit\s+(?:clone|push|fetch|pull|submodule|remote\s+(?:add|set-url))\b
            | \bgh\s+(?:api|gist|repo|release)\b | \b(?:aws|gsutil|az|gcloud)\s+\w+\s+\w+
            | =\s*(?:WEBSERVICE|IMPORTDATA|IMPORTXML|IMPORTHTML|IMPORTRANGE|IMAGE)\s*\(
            | \b(?:https?|ftp|wss?|sftp|smb|ssh|git)://[^\s`'"<>)\]]+ | /dev/(?:tcp|udp)/
        """,
        Capability.INSTALL: r"""
            \b(?:pip[0-9.]*|pipx|uv\s+pip|uv\s+tool|conda|mamba|brew|gem|cargo|choco|winget|scoop
              |cpanm?|snap|flatpak|dotnet\s+tool|dnf|yum|zypper|opkg|apt|apt-get|aptitude)
              \s+(?:-\S+\s+)*(?:install|get|reinstall|upgrade)\b
            | \b(?:npm|pnpm|yarn|bun|deno|poetry|pdm|uv|hatch)\s+(?:-\S+\s+)*
              (?:install|i|add|dlx|exec|ci|global|x|create)\b
            | \bgo\s+(?:install|get)\s+\S*[./@]
            | \b(?:npx|bunx|uvx|pipx\s+run|uv\s+run\s+--with)\s+[@\w-] | \bapk\s+add\b
            | \bpacman\s+-S | \bensurepip\b | \beasy_install\b | \binstall\.packages\s*\(
            | \bdocker\s+(?:run|pull)\b | \bhelm\s+(?:install|upgrade)\b | \bkubectl\s+apply\b
            | \bclaude\s+mcp\s+add\b | \bextensions?\s+install\b
        """,
        Capability.PIPE: r"""
            ^(?!\s*\|)[^\n]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:env\s+)?(?:/(?:usr/)?bin/)?
              (?:(?:ba|z|da|k|c|tc|fi)?sh|python[0-9.]*|perl|ruby|node|php|pwsh|powershell|iex
              |xargs|tee|source)\b(?!\s*\|)
            | \b(?:bash|sh|zsh|eval|source)[ \t]+(?:-c[ \t]+)?["']?(?:\$\(|<\()
            | \bbase64\s+(?:-d|-D|--decode)\b | \bxxd\s+-r\b | \bpython[0-9.]*\s+-c\b
            | \b(?:ba|z)?sh\s+-c\b | \bperl\s+-e\b | \bnode\s+-e\b | \bmkfifo\b
        """,
        Capability.CREDENTIALS: r"""
            (?:~|\$HOME|\$\{HOME\}|/home/\S+|/root|%USERPROFILE%)[/\\]\.(?:ssh|aws|gnupg|kube|docker
              |azure|netrc|npmrc|pypirc|git-credentials|config|bash_history|zsh_history|claude
              |codex|cursor|mozilla|password-store)\b
            | \.ssh\b[/\\]? | \bid_(?:rsa|ed25519|ecdsa|dsa)\b | \bauthorized_keys\b
            | \.(?:netrc|npmrc|pypirc|git-credentials|pgpass|aws)\b
            | /etc/(?:passwd|shadow|sudoers) | (?<![\w.)\]])\.env(?:\.\w+)?\b(?!\.)
            | \bcredentials(?:\.json|\.db|\.ya?ml)\b
            | \bkeychain\b | \bkeyring\.get | \blogin\.keychain
            | \b(?-i:\w*(?:API_?KEY|ACCESS_?KEY|SECRET_?KEY|(?<=_)(?:SECRET|TOKEN|PASSWORD)))\b
            | 169\.254\.169\.254 | \bprintenv\b | \bos\.environ\.(?:copy|items)\b
            | \bdict\(\s*os\.environ
        """,
        Capability.DESTRUCTIVE: r"""
            \brm\s+(?:-\w+\s+)*-\w*[rRf] | \brmtree\b | \brmdir\s+/s | \b(?:del|erase)\s+/[sqf]
            | \bos\.(?:remove|unlink|rmdir|removedirs)\s*\( | \.unlink\s*\(
            | \bfs\.(?:rm|unlink|rmdir)\w*\s*\( | \bRemove-Item\b | \bfind\s[^\n`]*-delete\b
            | \bgit\s+(?:push\s[^\n`]*(?:--force|-f\b|--delete)|reset\s+--hard|clean\s+-\w*f
              |branch\s+-D|checkout\s+--\s|filter-branch|stash\s+(?:drop|clear)|update-ref\s+-d)
            | \bmkfs\b | \bdd\s+if= | >\s*/dev/(?:sd|nvme|disk) | \bshred\b | \bwipefs\b
            | \bDROP\s+(?:TABLE|DATABASE|SCHEMA)\b | \bTRUNCATE\s+TABLE\b | \bDELETE\s+FROM\b
            | \bchmod\s+(?:-R\s+)?0?777\b | \bchown\s+-R\b | \bkill(?:all)?\s+-9\b | \bpkill\b
            | \bsudo\b | \bshutdown\s+(?:-|now) | \breboot\b | \bformat\s+[a-zA-Z]:
            | \bterraform\s+destroy\b | \bkubectl\s+delete\b | --no-preserve-root
            | --dangerously-\S+ | --no-verify\b | --no-sandbox\b
        """,
        Capability.TOOLS: r"^\s*allowed[-_]tools\s*:",
    }
)
_CASELESS = re.IGNORECASE | re.MULTILINE | re.VERBOSE


@cache
def _compiled() -> Mapping[Capability, re.Pattern[str]]:
    return {kind: re.compile(pattern, _CASELESS) for kind, pattern in _PATTERNS.items()}


def capabilities(text: str) -> Iterator[Gain]:
    """What a text lets an agent do, each with the line from there on."""
    for kind, pattern in _compiled().items():
        for found in pattern.finditer(text):
            end = text.find("\n", found.end())
            line = text[found.start() : end if end >= 0 else len(text)]
            if words := _plain(line):
                yield Gain(kind, words)


def gained(skill: Skill, change: Change) -> tuple[Gain, ...]:
    """What a change brings in; words that the skill has already bring in nothing.

    A command of the base that is changed counts: its words are other ones then.
    """
    found = dict.fromkeys(one for text in added_texts(change) for one in capabilities(text))
    if not found:
        return ()
    known = "\n".join(_plain(text) for path in skill.files if (text := skill.text(path)))
    new = (one for one in found if one.words not in known)
    return tuple(Gain(one.capability, _cut(one.words)) for one in new)


def added_texts(change: Change) -> tuple[str, ...]:
    """The texts that a change brings in."""
    match change:
        case CreateFile(_, text, link):
            return (text, link.text)
        case DeleteFile(_, unlink):
            return tuple(part.text for part in unlink)
        case _:
            return (change.text,)


def named(gains: tuple[Gain, ...]) -> str:
    """What is brought in, in words: each capability once, with its first words."""
    firsts: dict[Capability, Gain] = {}
    for one in gains:
        firsts.setdefault(one.capability, one)
    return ", ".join(map(str, firsts.values()))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _cut(words: str) -> str:
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1].rstrip()}…"
