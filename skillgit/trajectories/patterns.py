"""Patterns of a person, what they call a secret: `--redact-extra` and `collect.redact_extra`.

RE2 reads them: its time is linear in the text, whatever the pattern. Lookarounds and references
to groups, which it has not, are refused with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from skillgit.errors import UsageError

_MOST_CHARS = 20_000
_MOST_MEMORY = 16 << 20
HINT = (
    "it is a regular expression of RE2: without lookarounds and back references; text is taken "
    r"as it stands where \ is put before each of .*+?()[]{}|^$"
)


def fault_of(pattern: str) -> str:
    """Why a pattern cannot be used; "" if it can."""
    if not pattern.strip():
        return "it is empty"
    if len(pattern) > _MOST_CHARS:
        return f"it has {len(pattern)} characters; {_MOST_CHARS} are enough"
    try:
        found = _compiled(pattern)
    except ValueError as error:
        return str(error)
    if found.search("") or found.search("\n"):
        return "it is found in an empty line, so everywhere"
    return ""


def together(patterns: Iterable[str]) -> str:
    """One pattern that finds what any of them finds; "" for none."""
    several = list(dict.fromkeys(filter(None, patterns)))
    return several[0] if len(several) == 1 else "|".join(f"(?:{one})" for one in several)


def searched_with(pattern: str) -> Any:  # noqa: ANN401 - google-re2 has no types
    """The pattern, ready to search with. UsageError where it cannot be used."""
    if fault := fault_of(pattern):
        raise UsageError(f"reading the pattern {pattern!r} for redaction: {fault}", hint=HINT)
    return _compiled(pattern)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Any:  # noqa: ANN401 - the same
    import re2  # type: ignore[import-untyped] # noqa: PLC0415, TID251 - its home, rarely needed

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(error)
        raise ValueError(said) from None
