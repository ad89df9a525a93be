"""What is expected of an answer, as one text for `Case.region`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillgit.domains.tableqa.denotation import Value, meaning, right, values


@dataclass(frozen=True, slots=True)
class Expected:
    """The texts of the right answer, a set; `canons` says what each means, or is empty."""

    texts: tuple[str, ...]
    canons: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.texts:
            raise ValueError("a right answer needs a value")
        if self.canons and len(self.canons) != len(self.texts):
            counts = f"{len(self.canons)} for {len(self.texts)} values"
            raise ValueError(f"each value needs a canonical form, or none of them: {counts}")

    @property
    def values(self) -> list[Value]:
        """What the texts mean."""
        return values(self.texts, self.canons)

    @property
    def distinct(self) -> Mapping[Value, str]:
        """Each value with the first text that means it."""
        canons = self.canons or [None] * len(self.texts)
        first: dict[Value, str] = {}
        for text, canon in zip(self.texts, canons, strict=True):
            first.setdefault(meaning(text, canon), text)
        return first

    @property
    def answer(self) -> tuple[str, ...]:
        """What passes as an agent would leave it, one text for each value; () where nothing does.

        A text that means a number by its canonical form alone may be read as another one's equal.
        """
        texts = tuple(self.distinct.values())
        forms = dict(zip(self.texts, self.canons, strict=True)) if self.canons else {}
        for found in (texts, tuple(forms.get(text) or text for text in texts)):
            if all(map(str.strip, found)) and right(self.values, values(found)):
                return found
        return ()

    @property
    def text(self) -> str:
        """One value for `Case.region`; `parse` reads it back."""
        told: dict[str, object] = {"values": self.texts}
        told |= {"canon": self.canons} if self.canons else {}
        return json.dumps(told, sort_keys=True, ensure_ascii=True)

    @classmethod
    def parse(cls, text: str) -> Expected:
        """ValueError where the text is none of ours."""
        told: Mapping[str, Any] = json.loads(text)
        return cls(tuple(told.get("values", ())), tuple(told.get("canon", ())))
