"""Values out of a plan's document, each with the place where it stands for messages."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, TypeVar

from skillgit.errors import UsageError
from skillgit.skill.plain_yaml import Document

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
Plain = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of the plan, and where it is."""

    origin: str
    document: Document
    path: tuple[str, ...] = ()

    @property
    def value(self) -> object:
        """What stands here; None where nothing does."""
        found: object = self.document.value
        for part in self.path:
            match found:
                case dict():
                    found = found.get(part)
                case list() if part.isdecimal() and int(part) < len(found):
                    found = found[int(part)]
                case _:
                    return None
        return found

    def fail(self, wrong: str, hint: str = "") -> NoReturn:
        """UsageError that names the plan, the line and the key."""
        line = self.document.lines.get(self.path)
        at = f"{self.origin}:{line}" if line else self.origin
        told = hint or "`templates/experiments` holds a plan for each table of the paper"
        raise UsageError(
            f"reading the plan {at}: {'.'.join(self.path) or 'plan'}: {wrong}", hint=told
        )

    def at(self, key: str) -> Fields:
        """What stands below a key."""
        return Fields(self.origin, self.document, (*self.path, key))

    def mapping(self) -> Mapping[str, object]:
        """The mapping that stands here; empty where nothing does."""
        found = self.value
        if found is None:
            return {}
        if not isinstance(found, dict):
            self.fail("must be a mapping", "write `key: value` below it, indented")
        return found

    def only(self, known: Collection[str]) -> None:
        """No key but these."""
        for key in self.mapping():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
                self.at(key).fail("no such key", hint)

    def each(self) -> Iterator[tuple[str, Fields]]:
        """Every entry of the mapping."""
        return ((key, self.at(key)) for key in self.mapping())

    def items(self) -> list[Fields]:
        """Every item of the list; a single value is a list of one."""
        found = self.value
        if found is None:
            return []
        if not isinstance(found, list):
            return [self]
        return [self.at(str(number)) for number in range(len(found))]

    def text(self, default: str | None = None) -> str:
        """A text; a number is taken as it is written."""
        found = self.value
        if found is None and default is not None:
            return default
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            self.fail("must be a text")
        return str(found).strip()

    def number(self, default: float, least: float = 0.0) -> float:
        """A number of at least `least`."""
        found = default if self.value is None else self.value
        if isinstance(found, bool) or not isinstance(found, int | float) or found < least:
            self.fail(f"must be a number of at least {least:g}")
        return float(found)

    def count(self, default: int, least: int = 0) -> int:
        """A whole number."""
        found = self.number(default, least)
        if not found.is_integer():
            self.fail("must be a whole number")
        return int(found)

    def truth(self, *, default: bool = False) -> bool:
        """True or false."""
        found = default if self.value is None else self.value
        if not isinstance(found, bool):
            self.fail("must be true or false")
        return found

    def choice(self, kind: type[E], default: E | None = None) -> E:
        """One of the words of an enumeration."""
        word = self.text(None if default is None else str(default))
        try:
            return kind(word)
        except ValueError:
            self.fail(f"{word!r} is none of {', '.join(kind)}")

    def one_of(self, known: Collection[str], what: str) -> str:
        """A name that the plan explains elsewhere."""
        word = self.text()
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
            names = ", ".join(known) or "none"
            self.fail(
                f"there is no {what} {word!r}",
                f"did you mean {near[0]!r}?" if near else f"the plan has: {names}",
            )
        return word

    def plain(self) -> Plain:
        """A value that is no list and no mapping."""
        found = self.value
        if not isinstance(found, str | int | float | bool):
            self.fail("must be a text, a number, true or false")
        return found


def listed(place: Fields, taken: Callable[[Fields], T]) -> tuple[T, ...]:
    """Each item of a list, once."""
    return tuple(dict.fromkeys(taken(one) for one in place.items()))
