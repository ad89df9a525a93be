"""Where settings come from: options, environment, repository, user, defaults; nearest first.

Files are read here and values are checked in `setting_values.py`; what they mean is told in
`config.py`. A value that cannot be used is a UsageError that names its place and its key.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

from skillgit.adapters.setting_values import (
    DEFAULTS,
    PATTERNS,
    TABLES,
    Value,
    checked,
    is_open,
    unknown,
)
from skillgit.config import Config
from skillgit.errors import UsageError
from skillgit.trajectories.patterns import together

FILE = ".skillgit.toml"
USER_FILE = "config.toml"

# From what a stranger's repository says a secret must not be chosen and sent to an address that
# the same file chooses.
# Nor a cluster: its workers are handed the key and run what this machine sends, and the other way.
_NOT_FROM_A_REPOSITORY = frozenset(
    {"endpoint.api_key_env", "recall.api_key_env", "executor.address"}
)
_KEYS_OF = ("endpoint.api_key_env", "recall.api_key_env")
"""Settings that name the variables of secrets: these are no settings, whatever they are called."""
_REDACT = "collect.redact"
_SHORT_NAMES = MappingProxyType(
    {"SKILLGIT_BASE_URL": "endpoint.base_url", "SKILLGIT_MODEL": "endpoint.model"}
)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one run, and for each dotted key where its value comes from."""

    config: Config
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Described:
    """One setting as it is shown to a person; never with a password in it."""

    key: str
    value: Value
    origin: str


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that one layer gives, already checked."""

    key: str
    value: Value
    origin: str


def load_settings(
    start: Path,
    options: Mapping[str, object],
    *,
    environ: Mapping[str, str] | None = None,
    user_dir: Path | None = None,
) -> Settings:
    """The settings for work in folder `start`; an option that is None was not given.

    `user_dir` is the user's configuration folder; where it is not given, XDG's rules find it.
    """
    environ = os.environ if environ is None else environ
    given = [
        *_from_file((user_dir or _user_dir(environ)) / USER_FILE),
        *_from_repository(start),
        *_from_environment(environ),
        *_from_options(options),
    ]
    return _settled(given)


def of_options(options: Mapping[str, object]) -> Settings:
    """Settings where nobody but the command line has a say."""
    return _settled(_from_options(options))


def _settled(given: Iterable[_Given]) -> Settings:
    chosen: dict[str, _Given] = {}
    for each in given:
        before = chosen.get(each.key)
        chosen[each.key] = _both(before, each) if before and each.key == PATTERNS else each
    return Settings(
        _with_values(Config(), {key: each.value for key, each in chosen.items()}),
        MappingProxyType(
            dict.fromkeys(DEFAULTS, "default") | {key: each.origin for key, each in chosen.items()}
        ),
    )


def _both(far: _Given, near: _Given) -> _Given:
    """Patterns of two layers: what either hides is hidden."""
    origins = f"{far.origin}, {near.origin}"
    return _Given(near.key, together(map(str, (far.value, near.value))), origins)


def describe(settings: Settings) -> tuple[Described, ...]:
    """Every setting in the order of config.py, with its value and its origin; grades come last."""
    return tuple(
        Described(key, _without_password(_value_at(settings.config, key)), settings.origins[key])
        for key in settings.origins
    )


def _value_at(config: object, key: str) -> Value:
    for name in key.split("."):
        config = config[name] if isinstance(config, Mapping) else getattr(config, name)
    assert isinstance(config, (str, int, float, bool))  # noqa: S101 - as DEFAULTS found it
    return config


def _without_password(value: Value) -> Value:
    if isinstance(value, str) and "@" in value and "://" in value:
        return " ".join(map(_with_stars, value.split()))
    return value


def _with_stars(url: str) -> str:
    address = urlsplit(url)
    if not address.scheme or "@" not in address.netloc:
        return url
    return address._replace(netloc="***@" + address.netloc.rpartition("@")[2]).geturl()


def _with_values(value: _T, chosen: Mapping[str, Value], prefix: str = "") -> _T:
    changes: dict[str, object] = {}
    for each in dataclasses.fields(value):  # type: ignore[arg-type] # only dataclasses come here
        key, inner = f"{prefix}{each.name}", getattr(value, each.name)
        if dataclasses.is_dataclass(inner):
            changes[each.name] = _with_values(inner, chosen, f"{key}.")
        elif isinstance(inner, Mapping):
            within = {k: v for k, v in chosen.items() if k.startswith(f"{key}.")}
            changes[each.name] = {k.rpartition(".")[2]: within[k] for k in sorted(within)}
        else:
            changes[each.name] = chosen.get(key, inner)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var] # the same


# --------------------------------------------------------------------------- the layers


def _from_options(options: Mapping[str, object]) -> Iterator[_Given]:
    for key, value in options.items():
        if value is not None:
            where = "command line"
            yield _Given(key, checked(key, value, where, from_text=True), where)


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    names = {f"SKILLGIT_{key.replace('.', '_').upper()}": key for key in DEFAULTS}
    names |= {name: key for name in environ if is_open(key := _open_key(name))}
    _refuse_misspelt_variables(environ, names)
    for name, key in (_SHORT_NAMES | names).items():
        if environ.get(name):
            yield _Given(key, checked(key, environ[name], name, from_text=True), name)


def _open_key(name: str) -> str:
    """The key that grades a rule, of a variable as SKILLGIT_CHECK_SEVERITY_SG105."""
    return name.removeprefix("SKILLGIT_").lower().replace("_", ".").replace(".sg", ".SG")


def _refuse_misspelt_variables(environ: Mapping[str, str], names: Mapping[str, str]) -> None:
    tables = tuple(f"SKILLGIT_{table.upper()}_" for table in TABLES if "." not in table)
    secret = {variable for key in _KEYS_OF for variable in _names_of_secret(environ, key)}
    for name in environ:
        if name.startswith(tables) and name not in names.keys() | secret:
            table, _, field = name.removeprefix("SKILLGIT_").lower().partition("_")
            error = unknown(f"{table}.{field}", f"environment variable {name}")
            meant = error.hint.removeprefix("did you mean ").removesuffix("?")
            if meant in DEFAULTS:
                variable = f"SKILLGIT_{meant.replace('.', '_').upper()}"
                raise UsageError(error.message, hint=f"did you mean {variable}?")
            raise error


def _names_of_secret(environ: Mapping[str, str], key: str) -> Iterator[str]:
    """The variable that holds a secret if nobody says another, and the one that was said."""
    yield str(DEFAULTS[key])
    yield environ.get(f"SKILLGIT_{key.replace('.', '_').upper()}", "")


def _from_repository(start: Path) -> Iterator[_Given]:
    for folder in _folders_up(start):
        path = settings_file(folder)
        if path is not None:
            table = "" if path.name == FILE else "tool.skillgit"
            yield from _from_file(path, table=table, strange=True)
            return


def settings_file(folder: Path) -> Path | None:
    """The file in `folder` itself that holds settings of a repository, if there is one."""
    if (folder / FILE).is_file():
        return folder / FILE
    project = folder / "pyproject.toml"
    if project.is_file() and re.search(r"tool\s*\.\s*\"?skillgit\b", _read(project)):
        return project
    return None


def repository_root(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that has a `.git`; Git itself is not asked."""
    start = start.absolute()
    return next((each for each in (start, *start.parents) if (each / ".git").exists()), None)


def _folders_up(start: Path) -> list[Path]:
    """`start` and the folders above it up to the repository's root; outside of one, `start` only.

    Further up lie folders of others: a file in /tmp must not choose the endpoint.
    """
    root = repository_root(start)
    start = start.absolute()
    folders = (start, *start.parents)
    return [each for each in folders if each == start or (root and each.is_relative_to(root))]


def _user_dir(environ: Mapping[str, str]) -> Path:
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    given = environ.get("XDG_CONFIG_HOME")
    return (Path(given) if given else home / ".config") / "skillgit"


# --------------------------------------------------------------------------- a file


def _from_file(path: Path, *, table: str = "", strange: bool = False) -> Iterator[_Given]:
    if not path.is_file():
        return
    text = _read(path)
    try:
        content: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise UsageError(
            f"reading {path}: not TOML: {exc}", hint="text values stand in quotes"
        ) from exc
    for name in table.split(".") if table else ():
        content = content.get(name, {}) if isinstance(content, dict) else {}
    if not isinstance(content, dict):
        raise UsageError(f"reading {path}: {table} is not a table", hint=f"write [{table}]")
    for key, value in _flat(content):
        line = _line_of(text, f"{table}.{key}" if table else key)
        origin = f"{path}:{line}" if line else str(path)
        yield _Given(key, _from_file_checked(key, value, origin, strange=strange), origin)


def _from_file_checked(key: str, value: object, where: str, *, strange: bool) -> Value:
    if key in TABLES:
        raise UsageError(
            f"{where}: {key} is a table, not a value",
            hint=f"write [{key}] and below it the settings, as {_first_of(key)}",
        )
    if strange and key in _NOT_FROM_A_REPOSITORY:
        raise UsageError(
            f"{where}: a repository may not choose {key}: the secret would be sent to an address "
            "that the same file chooses",
            hint=f"set it in your own environment: SKILLGIT_{key.replace('.', '_').upper()}",
        )
    if strange and key == _REDACT and value is False:
        raise UsageError(
            f"{where}: a repository may not switch {key} off: the secrets of your trajectories "
            "would be sent to the endpoint",
            hint="take the line out; your own command may say --no-redact",
        )
    return checked(key, value, where)


def _first_of(table: str) -> str:
    keys = (key for key in DEFAULTS if key.startswith(f"{table}."))
    return next(keys, ".SG105").rpartition(".")[2] + " = …"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"reading {path}: {exc}", hint="it must be a UTF-8 text file") from exc


def _flat(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted keys and values; a table that is none of ours counts as a value of an unknown key."""
    for name, value in content.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and key in TABLES:
            yield from _flat(value, f"{key}.")
        elif isinstance(value, dict) and value and key not in DEFAULTS:
            yield from ((f"{key}.{inner}", each) for inner, each in value.items())
        else:
            yield key, value


def _line_of(text: str, wanted: str) -> int:
    """The line where the file sets `wanted`, 0 where it is not found: tomllib does not tell.

    A key inside an inline table is found by the line of that table.
    """
    table = ""
    best = 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            table = _plain(header[1]) + "."
            best = number if f"{wanted}.".startswith(table) and not best else best
            continue
        key = re.match(r"\s*([\w.\s\"'-]+?)\s*=", line)
        if key and f"{wanted}.".startswith(f"{table if table != '.' else ''}{_plain(key[1])}."):
            return number
    return best


def _plain(key: str) -> str:
    return re.sub(r"[\s\"']", "", key)
