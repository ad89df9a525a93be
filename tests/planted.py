"""Made-up secrets of many kinds, and how they are planted in trajectories of any format.

Every secret is put together here, so that scanners of repositories do not take it for a real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.types import Trajectory

CASES = Path(__file__).parent / "trajectories" / "cases"
_ALNUM = "q7Zr2Kx9Wm4Tb8Vn3Yc6Hd5Jf1Lg0PsAeUiOqZx7Rk2Wm9Tb4Vn8Yc3Hd6Jf5Lg1"
_HEX = "4e7d1a9c0b3f62858d1e7a6c5b4f39207f8e6d5c4b3a291807f6e5d4c3b2a190"


@dataclass(frozen=True, slots=True)
class Secret:
    """A text as it stands in a run, and the parts of it that nobody may see."""

    kind: str
    text: str
    hidden: tuple[str, ...]


def _secret(kind: str, text: str, *hidden: str) -> Secret:
    return Secret(kind, text, hidden or (text,))


def _prefixed(kind: str, prefix: str, length: int, of: str = _ALNUM) -> Secret:
    token = prefix + of[:length]
    return Secret(kind, f"it said {token} there", (token, of[:length]))


_PEM = "-----BEGIN {0}PRIVATE KEY-----\n{1}\n{2}\n-----END {0}PRIVATE KEY-----"
_RSA = _PEM.format("RSA ", "MIIEpAIBAAKCAQEA" + _ALNUM[:48], _ALNUM[5:50] + "==")
_SSH = _PEM.format("OPENSSH ", "b3BlbnNzaC1rZXktdjEAAAAA" + _ALNUM[:40], _ALNUM[3:40])
_JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + f"zdWIiOiJ4In0.{_ALNUM[:43]}"
_MAILCHIMP = _HEX[:32] + "-us17"
_TELEGRAM = "583920174:" + "AAH" + _ALNUM[:32]
_AZURE = _ALNUM[:60] + "/" + _ALNUM[:25] + "=="

SECRETS: tuple[Secret, ...] = (
    _secret("RSA private key", _RSA, _ALNUM[:48], _ALNUM[5:50]),
    _secret("SSH private key", _SSH, _ALNUM[:40], _ALNUM[3:40]),
    _prefixed("AWS access key", "AKIA", 16, "J7Q2X9M4T8V3Y6H5"),
    _secret("AWS secret key", f"aws_secret_access_key = {_ALNUM[8:48]}", _ALNUM[8:48]),
    _prefixed("Google API key", "AIza", 35),
    _prefixed("GitHub token", "ghp_", 36),
    _prefixed("GitHub fine-grained token", "github_pat_", 60),
    _prefixed("GitLab token", "glpat-", 20),
    _prefixed("Slack bot token", "xoxb-", 24, "583920174012-Zr2Kx9Wm4Tb8"),
    _secret(
        "Slack webhook",
        "https://hooks.slack.com/services/" + "T0QX7Z/B1WK9/Zr2Kx9Wm4Tb8Vn3Y",
        "Zr2Kx9Wm4Tb8Vn3Y",
    ),
    _prefixed("OpenAI key", "sk-proj-", 48),
    _prefixed("Anthropic key", "sk-ant-api03-", 60),
    _prefixed("Hugging Face token", "hf_", 34),
    _prefixed("Stripe key", "sk_live_", 24),
    _prefixed("SendGrid key", "SG.", 66, f"{_ALNUM[:22]}.{_ALNUM[1:44]}"),
    _prefixed("npm token", "npm_", 36),
    _prefixed("PyPI token", "pypi-AgEIcHlwaS5vcmc", 60),
    _prefixed("Twilio key", "SK", 32, _HEX),
    _secret("Mailchimp key", f"it said {_MAILCHIMP} there", _MAILCHIMP),
    _secret("Telegram bot token", f"bot {_TELEGRAM} started", _TELEGRAM, "AAH" + _ALNUM[:32]),
    _prefixed("Databricks token", "dapi", 32, _HEX),
    _secret("JWT", f"cookie {_JWT} end", _JWT, _ALNUM[:43]),
    _secret("bearer header", f"Authorization: Bearer {_ALNUM[2:42]}", _ALNUM[2:42]),
    _secret("basic header", "Authorization: Basic b3BzOm1hcGxlNzd0cmVlcw==", "b3BzOm1hcGxlNzd0"),
    _secret("Azure storage key", f"AccountName=x;AccountKey={_AZURE};", _AZURE),
    _secret("password in a URL", "postgres://ops:maple77trees@db:5432/x", "maple77trees"),
    _secret("token in a URL", f"GET https://api.test/v1?access_token={_HEX[3:35]}", _HEX[3:35]),
    _secret("password in a program", 'db_password = "correct horse 77"', "correct horse 77"),
    _secret("password in the environment", "export PGPASSWORD=winter77snow", "winter77snow"),
    _secret("password of a command", "sshpass -p summer88rain ssh x", "summer88rain"),
    _secret("random word", f'"x-session": "{_ALNUM[9:45]}"', _ALNUM[9:45]),
    _secret("e-mail address", "ask jane.doe@mail.acme.test for it", "jane.doe", "mail.acme.test"),
    _secret("user of a home", "cat /home/jqpublic/data/in.csv", "jqpublic"),
    _secret("user on Windows", r"dir C:\Users\wqsmith\Desktop", "wqsmith"),
    _secret("user and host of a prompt", "mzlogin@build-77:~/work$ ls", "mzlogin", "build-77"),
    _secret("inner host", "curl http://ci-42.corp.acme.internal:8080/x", "ci-42.corp.acme"),
    _secret("address of a host", "ping 10.83.47.119 -c 1", "10.83.47.119"),
    _secret("pattern of one's own", "case ZEBRA-004711 was closed", "ZEBRA-004711"),
)
PATTERN = "ZEBRA-[0-9]{6}"


def everything() -> str:
    """All of them, each on lines of its own."""
    return "\n".join(secret.text for secret in SECRETS)


def texts_of(one: Trajectory) -> Iterator[tuple[str, str]]:
    """Where in a trajectory a text stands, and the text; arguments as what their JSON means."""
    yield "task", one.task
    yield "detail", one.outcome.detail
    yield "origin", one.origin
    for step in one.steps:
        yield "message", step.message
        yield "reasoning", step.reasoning
        yield "observation", step.observation
        for call in step.calls:
            yield "arguments", "\n".join((call.arguments, *_strings(call.arguments)))


def _strings(text: str) -> Iterator[str]:
    try:
        value: object = json.loads(text)
    except ValueError:
        return
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(found):
                yield found
            case list(parts):
                waiting += parts
            case dict(parts):
                waiting += [*parts, *parts.values()]
            case _:
                pass


# --------------------------------------------------------------------------- planting


def formats() -> list[Path]:
    """One golden case for each format that holds steps."""
    cases = sorted(path for path in CASES.iterdir() if not path.name.endswith(".expected.txt"))
    return [path for path in cases if trajectories(path, path.read_bytes())]


def trajectories(path: Path, content: bytes) -> tuple[Trajectory, ...]:
    """What the importers make of it."""
    return import_file(SourceFile(path.name, content)).trajectories


def planted(path: Path) -> bytes:
    """The case with every secret in every text that reaches a trajectory from it.

    Where a text does not bear it (it is a name that its format depends on), it stays as it was.
    """
    content = path.read_bytes()
    if path.suffix == ".md":
        return _in_markdown(path, content.decode())
    lines = content.decode().splitlines() if path.suffix == ".jsonl" else [content.decode()]
    documents = [_parsed(line) for line in lines if line.strip()]
    count = len(trajectories(path, content))

    def as_bytes() -> bytes:
        written = (one if isinstance(one, str) else json.dumps(one) for one in documents)
        return "\n".join(written).encode()

    for put in [put for document in documents for put in _places(document)]:
        back = put(everything())
        after = trajectories(path, as_bytes())
        if len(after) != count or not _holds(after):
            back()
    return as_bytes()


def _parsed(line: str) -> object:
    """A line that is broken on purpose stays as it is."""
    try:
        return json.loads(line)
    except ValueError:
        return line


def _holds(found: tuple[Trajectory, ...]) -> bool:
    return any(SECRETS[0].hidden[0] in text for one in found for _, text in texts_of(one))


def _in_markdown(path: Path, text: str) -> bytes:
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if line.startswith(("#", "```", "*", "-", "|")) or not line.strip():
            continue
        changed = [*lines[:at], f"{line}\n{everything()}", *lines[at + 1 :]]
        if _holds(trajectories(path, "\n".join(changed).encode())):
            lines = changed
            break
    return "\n".join(lines).encode()


def _places(document: object) -> Iterator[Callable[[str], Callable[[], None]]]:
    """For each text in a document that is no name: a function that adds to it, and one back."""
    keys: list[object] = []
    match document:
        case dict():
            keys = list(document)
        case list():
            keys = list(range(len(document)))
        case _:
            pass
    for key in keys:
        value = document[key]  # type: ignore[index] # a dict with its keys, a list with its places
        if isinstance(value, str) and (" " in value or "\n" in value or value[:1] == "{"):
            yield _adding(document, key, value)
        else:
            yield from _places(value)


def _adding(document: object, key: object, value: str) -> Callable[[str], Callable[[], None]]:
    def put(more: str) -> Callable[[], None]:
        document[key] = _with(value, more)  # type: ignore[index] # as above

        def back() -> None:
            document[key] = value  # type: ignore[index] # as above

        return back

    return put


def _with(value: str, more: str) -> str:
    """Arguments as JSON stay JSON."""
    try:
        inner: object = json.loads(value)
    except ValueError:
        return f"{value}\n{more}"
    if isinstance(inner, dict) and inner:
        name = next((key for key, part in inner.items() if isinstance(part, str)), None)
        if name is not None:
            return json.dumps({**inner, name: f"{inner[name]}\n{more}"})
    return value


def visible(one: Trajectory) -> Mapping[str, list[str]]:
    """For each kind, where it can still be seen; empty lists where it is hidden."""
    seen: dict[str, list[str]] = {secret.kind: [] for secret in SECRETS}
    for place, text in texts_of(one):
        for secret in SECRETS:
            if any(part in text for part in secret.hidden):
                seen[secret.kind].append(place)
    return seen
