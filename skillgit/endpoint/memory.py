"""What the speakers of this room remember with: a `store.ReplyStore`, or the way to one."""

from __future__ import annotations

from typing import Protocol

from skillgit.endpoint.store import Asked
from skillgit.ports import Reply


class Memory(Protocol):
    """Replies by the digest of their request, what was seen, and what was found out."""

    def get(self, key: str) -> Reply | None:
        """The reply to the request with that key."""
        ...

    def put(self, key: str, asked: Asked, reply: Reply) -> None:
        """Keep a usable reply, instead of one that is there."""
        ...

    def add(self, key: str, asked: Asked, reply: Reply) -> Reply | None:
        """Keep a usable reply, unless one is there already, which comes back."""
        ...

    def knows(self, role: str, label: str) -> bool:
        """Was a call of that name ever answered, if perhaps to another request?"""
        ...

    def models(self) -> tuple[str, ...]:
        """The names of all models that replied."""
        ...

    def first_seen(self, key: str, position: int, seen: str) -> str:
        """What was seen at that place when it was first seen."""
        ...

    def fact(self, name: str) -> str | None:
        """What was found out under that name, if anything was."""
        ...

    def note(self, name: str, value: str) -> None:
        """Keep what was found out."""
        ...
