"""A remote repository as the sharing of evidence needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from skillgit.names import Oid


class Remote(Protocol):
    """Where refs can be listed, fetched and pushed. Never forced, never asking for a password."""

    @property
    def name(self) -> str:
        """What the person calls it: a remote's name, an address or a path."""
        ...

    def refs(self, prefix: str) -> Mapping[str, Oid]:
        """The refs below a prefix, as they are there now."""
        ...

    def push(self, refs: Sequence[str]) -> None:
        """Make these refs there what they are here, where that only adds commits."""
        ...

    def fetch(self, refs: Sequence[str]) -> None:
        """Make these refs here what they are there, where that only adds commits."""
        ...

    def fetch_objects(self, ref: str) -> None:
        """Bring what a ref of the remote points to; no ref here is moved."""
        ...

    def configure(self, refspec: str) -> bool:
        """Fetch a refspec with every `git fetch` from now on; False where it was so already."""
        ...
