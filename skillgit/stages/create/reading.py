"""From a model's draft to a SKILL.md: what is said twice goes, what does not fit is named.

A misfit forbids the draft, a remark does not; both go back to the model once. Texts are never
mended: a part with a character that nobody can see, HTML, or Markdown of its own is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skillgit.ports import JsonObject
from skillgit.provenance.trailers import plain
from skillgit.skill.markdown import structure
from skillgit.stages.create.manifest import Section, complaints, manifest
from skillgit.stages.create.schema import LONGEST

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u2800\u3164\ufe00-\ufe0e\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""What is a letter or a mark to Unicode, and nothing to the eye."""
_MARKER = re.compile(r"\A(?:[-*+•]|\d{1,2}[.)]|#{1,6})\s+")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_HTML = re.compile(r"<[A-Za-z/!?]")
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|TBA|FIXME)\b|(?i:lorem ipsum)|\[(?i:insert|your|add)\b[^\]]*\]"
)
_LEFT_OVER = re.compile(r"[)\]},;:]")
"""No sentence begins so; what a model lost its way in does."""
_USE = re.compile(r"(?i)\A(?:use\s+(?:it\s+|(?:this|the)\s+skill\s+)?)?(when|whenever|if|for)\s+")
_PLAIN = {"heading", "paragraph", "list", "item"}
_SHOWN = 40
_SAME = 0.85
"""So much of the words of two points in common, and the same code: the same point."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft as understood. Its `text` is worth nothing while there are misfits."""

    text: str
    description: str
    sections: tuple[Section, ...]
    dropped: tuple[str, ...]
    """Points that said nothing new."""
    misfits: tuple[str, ...]

    @property
    def points(self) -> tuple[str, ...]:
        """All points that were kept."""
        return tuple(point for section in self.sections for point in section.points)

    @property
    def concrete(self) -> int:
        """How many points name something in backquotes."""
        return sum(bool(_CODE.search(point)) for point in self.points)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What makes a valid draft a poor one."""
        said, kept = len(self.points) + len(self.dropped), len(self.points)
        told = []
        if 2 * self.concrete < kept:
            told.append(
                f"vague: {self.concrete} of {kept} points name a function, option or command in "
                "backquotes"
            )
        if 3 * kept < 2 * said:
            told.append(f"{said - kept} of {said} points repeat another point or the example")
        return tuple(told)


def read_draft(name: str, value: JsonObject, contract: str) -> Reading:
    """Read a reply that meets the schema; `contract` is the prompt, whose words are no advice."""
    misfits = [
        f"{where}: {why}{_shown(text)}"
        for where, text, kind in _parts(value)
        for why in _faults(text, kind)
    ]
    title, description = _line(value["title"]), _description(value)
    sections, dropped = _sections(value, contract)
    text = manifest(name, description, title, sections)
    if not sections:
        misfits.append("sections: no point is left; say something of your own in each")
    if not misfits:
        misfits = [*_ruled(text, name), *_strange(text, title, sections)]
    return Reading(text, description, sections, dropped, tuple(dict.fromkeys(misfits)))


def _parts(value: JsonObject) -> Iterator[tuple[str, str, str]]:
    """Every text of a reply: where it stands, what it says, and its kind."""
    for kind in ("title", "does", "use_when"):
        yield kind, value[kind], kind
    for number, section in enumerate(value["sections"], start=1):
        yield f"section {number}, title", section["title"], "title"
        for place, point in enumerate(section["points"], start=1):
            yield f"section {number}, point {place}", point, "point"


def _faults(text: str, kind: str) -> Iterator[str]:
    """What a person should not have to find in a text that looks fine."""
    unseen = {
        f"U+{ord(char):04X}"
        for char in text
        if (unicodedata.category(char) in _UNSEEN and char not in "\n\t\r")
        or _BLANK_LETTERS.match(char)
    }
    prose = _CODE.sub("", text)
    placeholder = _PLACEHOLDER.search(prose)
    if unseen:
        yield f"hidden or control characters: {', '.join(sorted(unseen))}"
    if not _words(text):
        yield "it has no words"
    elif _LEFT_OVER.match(_line(text)):
        yield f"it begins with {_line(text)[0]}, so it is no sentence"
    if "`" in prose or text.rstrip().endswith(("…", "...")) or _is_cut(text, kind):
        yield f"it breaks off: end it, within {LONGEST[kind]} characters"
    if _HTML.search(prose):
        yield "HTML: put tags into backquotes"
    if placeholder:
        yield f"a placeholder: {placeholder[0]}"


def _shown(text: str) -> str:
    """How a text begins, for those who do not see the draft."""
    words = plain(text)
    return f" ({words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''})" if words else ""


def _is_cut(text: str, kind: str) -> bool:
    return len(text) >= LONGEST[kind] and not text.endswith((".", "!", "?", "`", ")"))


def _line(text: str) -> str:
    """A part as one line, without the marker that some models put before it."""
    return _MARKER.sub("", " ".join(text.split()))


def _description(value: JsonObject) -> str:
    """What the skill does, and when to use it: an agent decides by nothing else."""
    does, when = (_line(value[part]).rstrip(". ") for part in ("does", "use_when"))
    asked = _USE.match(when)
    word, rest = (asked[1].lower(), when[asked.end() :]) if asked else ("when", when)
    return f"{does}. Use {word} {rest}."


# ------------------------------------------------------------------ sections


def _sections(value: JsonObject, contract: str) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """Sections with what each says first; a title that comes twice is one section."""
    example = f" {_words(contract)} "
    found: dict[str, tuple[str, list[str]]] = {}
    kept: list[str] = []
    dropped: list[str] = []
    for section in value["sections"]:
        title = _line(section["title"]).rstrip(": ")
        _, points = found.setdefault(title.casefold(), (title, []))
        for point in map(_line, section["points"]):
            if f" {_words(point)} " in example or any(_same(point, other) for other in kept):
                dropped.append(point)
            else:
                kept.append(point)
                points.append(point)
    sections = (Section(title, tuple(points)) for title, points in found.values() if points)
    return tuple(sections), tuple(dropped)


def _same(one: str, other: str) -> bool:
    if sorted(_code(one)) != sorted(_code(other)):
        return False
    words, others = set(_words(one).split()), set(_words(other).split())
    return len(words & others) >= _SAME * len(words | others)


def _code(text: str) -> list[str]:
    return [found[0] for found in _CODE.finditer(text)]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


# ------------------------------------------------------------------ the whole


def _ruled(text: str, name: str) -> Iterator[str]:
    """What the rules say, with the line that they say it about."""
    lines = text.split("\n")
    for one in complaints(text, name):
        yield f"{one.rule}: {one.message}" + (f": {lines[one.line - 1]}" if one.line else "")


def _strange(text: str, title: str, sections: Sequence[Section]) -> Iterator[str]:
    """Is the Markdown that was written the Markdown that is read?"""
    found, lines = structure(text), text.split("\n")
    for block in found.blocks:
        if block.kind not in _PLAIN:
            yield f"Markdown of its own ({block.kind}): {lines[block.lines.first - 1]}"
    for link in found.links:
        yield f"a link: {lines[link.line - 1]}; name what you mean instead"
    headings = [(1, title), *((2, section.title) for section in sections)]
    if [(heading.level, heading.title) for heading in found.headings] != headings:
        yield "titles: a title holds Markdown of its own"
    kinds = Counter(block.kind for block in found.blocks)
    points = [len(section.points) for section in sections]
    items = sum(count for count in points if count > 1)
    if (kinds["paragraph"], kinds["item"]) != (sum(points), items):
        yield "points: a point holds Markdown of its own; write plain sentences and backquotes"
