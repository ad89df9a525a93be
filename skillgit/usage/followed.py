"""Which commands and pieces of code of a skill an agent's calls hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from skillgit.names import SkillPath
from skillgit.types import LineRange
from skillgit.usage.hits import Hit, Kind, hit
from skillgit.usage.pages import Page, pieces, tokens

Tokens = tuple[str, ...]
_KEY = 3


class Code:
    """Looks for the pieces of code of a skill in other code; a piece may stand on several lines."""

    def __init__(self, pages: Mapping[SkillPath, Page]) -> None:
        places: defaultdict[Tokens, list[tuple[SkillPath, int]]] = defaultdict(list)
        for page in pages.values():
            for piece in pieces(page):
                places[piece.tokens].append((piece.path, piece.line))
        self.places: Mapping[Tokens, list[tuple[SkillPath, int]]] = dict(places)
        self._by_key: defaultdict[Tokens, list[Tokens]] = defaultdict(list)
        for code in places:
            self._by_key[code[:_KEY]].append(code)

    def told(self, text: str) -> set[Tokens]:
        """The pieces that a text holds."""
        code = tuple(tokens(text))
        return {
            piece
            for at in range(len(code) - _KEY + 1)
            for piece in self._by_key.get(code[at : at + _KEY], ())
            if code[at : at + len(piece)] == piece
        }

    def hits(self, step: int, found: Iterable[Tokens], known: Collection[Tokens]) -> Iterator[Hit]:
        """A trace of each line that holds a piece which was found and not `known` otherwise."""
        for piece in sorted(set(found) - set(known)):
            for path, line in self.places[piece]:
                words = " ".join(piece)
                yield hit(step, Kind.FOLLOWED, path, LineRange(line, line), words)
