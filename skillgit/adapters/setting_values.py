"""One setting at a time: which there are, what a value must be, how a wrong one is explained."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import TypeGuard
from urllib.parse import urlsplit

from skillgit.config import Config, Grade
from skillgit.errors import UsageError
from skillgit.trajectories.patterns import HINT, fault_of, together

Value = str | int | float | bool

PATTERNS = "collect.redact_extra"
"""What each layer hides is hidden: a repository adds patterns, and takes none away."""

_EXPECTED = MappingProxyType(
    {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
)


def _leaves(value: object, prefix: str = "") -> Iterator[tuple[str, Value]]:
    for each in dataclasses.fields(value):  # type: ignore[arg-type] # only dataclasses come here
        inner = getattr(value, each.name)
        if dataclasses.is_dataclass(inner):
            yield from _leaves(inner, f"{prefix}{each.name}.")
        elif not isinstance(inner, Mapping):
            yield f"{prefix}{each.name}", inner


DEFAULTS: Mapping[str, Value] = MappingProxyType(dict(_leaves(Config())))
"""Every setting by its dotted key, in the order of config.py. A default also shows the type."""

SEVERAL = frozenset({"endpoint.base_url", PATTERNS})
"""Settings that may be a list: addresses with blanks between them, patterns of which any counts."""

OPEN = "check.severity"
"""The table whose keys are not settings of config.py but the ids of rules."""

TABLES = frozenset(
    ".".join(parts[:depth])
    for parts in (key.split(".") for key in (*DEFAULTS, f"{OPEN}.*"))
    for depth in range(1, len(parts))
)

# The least and the most that a number may be, both included; samplings share theirs by field.
_LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "temperature": (0, 5),
        "top_p": (0.001, 1),
        "top_k": (-1, 1_000_000),
        "min_p": (0, 1),
        "presence_penalty": (-2, 2),
        "repetition_penalty": (0.01, 10),
        "max_tokens": (1, 10_000_000),
        "endpoint.workers": (1, 100_000),
        "endpoint.timeout": (0.1, 86_400),
        "endpoint.retries": (0, 100),
        "endpoint.patience": (0, 86_400),
        "endpoint.seed": (0, 2**31 - 1),
        "collect.limit": (0, 10_000_000),
        "collect.pass_score": (-1e12, 1e12),
        "recall.top": (1, 1_000),
        "agent.turns": (1, 10_000),
        "agent.seconds": (1, 604_800),
        "agent.tokens": (100, 1_000_000_000),
        "agent.output_chars": (200, 10_000_000),
        "agent.parallel": (1, 10_000),
        "sandbox.seconds": (0.1, 86_400),
        "sandbox.memory_mb": (64, 10_000_000),
        "sandbox.disk_mb": (1, 10_000_000),
        "sandbox.file_mb": (1, 10_000_000),
        "sandbox.processes": (4, 100_000),
        "analyze.turns": (1, 10_000),
        "analyze.starts": (1, 100),
        "gate.search": (1, 100_000),
        "analyze.max_lessons": (1, 100),
        "analyze.trajectory_chars": (200, 100_000_000),
        "consolidate.batch": (1, 10_000),
        "consolidate.merge_batch": (2, 10_000),
        "consolidate.min_support": (1, 1_000_000),
        "consolidate.main_support": (1, 1_000_000),
        "consolidate.max_lessons": (1, 10_000),
        "consolidate.max_skill_lines": (1, 1_000_000),
        "consolidate.max_skill_tokens": (1, 10_000_000),
        "consolidate.max_reference_lines": (1, 1_000_000),
        "consolidate.return_support": (0, 1_000_000),
    }
)
_BOOLEANS = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True}
    | {"false": False, "no": False, "off": False, "0": False}
)


def limits(key: str) -> tuple[float, float]:
    """The least and the most that the number `key` may be."""
    return _LIMITS.get(key) or _LIMITS[key.rpartition(".")[2]]


def checked(key: str, given: object, where: str, *, from_text: bool = False) -> Value:
    """`given` as a value of setting `key`; UsageError says what was expected.

    `from_text` also reads numbers, switches and choices that are written as text, as in the
    environment and on the command line.
    """
    if is_open(key):
        return _grade(key, given, where)
    if key not in DEFAULTS:
        raise unknown(key, where)
    value = _typed(key, given, where, from_text=from_text)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        least, most = limits(key)
        if not least <= value <= most:
            raise _wrong(key, given, where, f"a number from {least:g} to {most:g}")
    if isinstance(value, str):
        _check_text(key, value, where)
    return value


def is_open(key: str) -> bool:
    """Does the key grade a rule, as `check.severity.SG105` does?"""
    return re.fullmatch(rf"{re.escape(OPEN)}\.SG\d{{3}}", key) is not None


def _grade(key: str, given: object, where: str) -> Grade:
    if isinstance(given, str) and given in {*Grade}:
        return Grade(given)
    choices = " or ".join(f'"{choice}"' for choice in Grade)
    shown = "a table" if isinstance(given, dict) else repr(given)
    hint = 'take the line out to keep what SKILLS_FORMAT.md says, or write "off"'
    raise UsageError(f"{where}: {key} must be {choices}, not {shown}", hint=hint)


def unknown(key: str, where: str) -> UsageError:
    """The error for a key that is no setting, with the one that was probably meant."""
    if key.rpartition(".")[2] in {"api_key", "key", "token", "secret", "password"}:
        own = f"{key.partition('.')[0]}.api_key_env"
        variable = DEFAULTS.get(own, DEFAULTS["endpoint.api_key_env"])
        hint = f"a key is never configuration: put it into the environment variable {variable}"
    else:
        meant = f"{OPEN}.SG105" if key.startswith(f"{OPEN}.") else nearest(key)
        hint = f"did you mean {meant}?" if meant else "`skillgit config` lists every setting"
    return UsageError(f"{where}: there is no setting {key}", hint=hint)


def nearest(key: str) -> str:
    """The setting that a wrong key most likely means; "" where none is near."""
    written = key.lower().replace("-", "_")
    field = written.rpartition(".")[2]
    same_field = [known for known in DEFAULTS if known.rpartition(".")[2] == field]
    if same_field and "." not in written:
        return same_field[0]
    likely = difflib.get_close_matches(
        written, same_field or DEFAULTS, n=1, cutoff=0.0 if same_field else 0.6
    )
    return "".join(likely)


def _typed(key: str, given: object, where: str, *, from_text: bool) -> Value:
    default = DEFAULTS[key]
    if key in SEVERAL and _is_list_of_text(given):
        given = _patterns(given, where) if key == PATTERNS else " ".join(given)
    value = _from_text(given, default) if from_text and isinstance(given, str) else given
    if isinstance(default, StrEnum):
        choices = {choice.value: choice for choice in type(default)}
        if isinstance(value, str) and value in choices:
            return choices[value]
        raise _wrong(key, given, where, " or ".join(f'"{choice}"' for choice in choices))
    # bool is an int to isinstance, and a switch is not a number.
    if isinstance(value, (str, int, float)) and type(value) is type(default):
        return value
    if isinstance(default, float) and type(value) is int:
        return float(value)
    raise _wrong(key, given, where, _EXPECTED[type(default)])


def _is_list_of_text(given: object) -> TypeGuard[Sequence[str]]:
    if not isinstance(given, (list, tuple)):
        return False
    return bool(given) and all(isinstance(each, str) for each in given)


def _patterns(given: Sequence[str], where: str) -> str:
    """One pattern for several, each of which can stand alone."""
    for pattern in given:
        _check_text(PATTERNS, pattern, where)
    return together(given)


def _from_text(text: str, default: Value) -> object:
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        return _BOOLEANS.get(text.strip().lower(), text)
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return text


def _wrong(key: str, given: object, where: str, expected: str) -> UsageError:
    shown = "a table" if isinstance(given, dict) else repr(given)
    hint = f"the default is {as_toml(DEFAULTS[key])}"
    if isinstance(given, str) and not isinstance(DEFAULTS[key], str):
        hint = f"in a file, numbers and true or false stand without quotes; {hint}"
    return UsageError(f"{where}: {key} must be {expected}, not {shown}", hint=hint)


def _check_text(key: str, value: str, where: str) -> None:
    if any(ord(char) < 32 for char in value):
        raise UsageError(f"{where}: {key} has a control character", hint="write it on one line")
    match key:
        case "endpoint.base_url":
            for url in value.split() or [value]:
                _check_url(key, url, where)
        case "recall.base_url":
            for url in value.split():
                _check_url(key, url, where)
        case "endpoint.api_key_env" | "recall.api_key_env" if not re.fullmatch(
            r"[A-Za-z_][A-Za-z0-9_]{0,99}", value
        ):
            # Not shown: it may well be the key itself.
            raise UsageError(
                f"{where}: {key} must be the name of an environment variable",
                hint=f"put the key into {DEFAULTS[key]} and take this line out",
            )
        case "record.branch_prefix" if not re.fullmatch(
            r"(?!.*\.lock(/|$))[A-Za-z0-9_-][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*", value
        ):
            raise _wrong(key, value, where, "the beginning of a branch name, as skillgit or team/x")
        case "collect.redact_extra" if value and (fault := fault_of(value)):
            raise UsageError(f"{where}: {key}: {value!r} cannot be used: {fault}", hint=HINT)
        case "executor.address" if not re.fullmatch(
            r"local|ray|(ray://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}", value
        ):
            raise _wrong(key, value, where, '"local", "ray", "HOST:PORT" or "ray://HOST:PORT"')
        case _:
            pass


def _check_url(key: str, value: str, where: str) -> None:
    try:
        address = urlsplit(value)
        host, scheme = address.hostname, address.scheme
        _ = address.port  # raises when it is not a number
    except ValueError as exc:
        raise UsageError(f"{where}: {key}: {exc}", hint=_URL_HINT) from exc
    if not host or scheme not in {"http", "https"}:
        mended = re.fullmatch(r"[\w.-]+(:\d+)?(/[\w./-]*)?", value)
        again = f"http://{value}" if mended else DEFAULTS["endpoint.base_url"]
        raise UsageError(f"{where}: {key} must be an http address", hint=f"as {again}")
    if re.search(r"/(chat/)?completions/?$", address.path) or address.query:
        raise UsageError(f"{where}: {key} goes on after the API's root", hint=_URL_HINT)


_URL_HINT = f"give the address up to and with /v1, as {DEFAULTS['endpoint.base_url']}"


def as_toml(value: Value) -> str:
    """A value as it is written in a configuration file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
