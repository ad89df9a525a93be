"""The words of lessons: the lines that they add, and whether a file still has them.

Squash merges and edited commits leave neither trailers nor digests; what remains are the lines
themselves. Blanks do not count: line ends and indents change when files are reformatted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillgit.provenance.evidence import LessonRecord
from skillgit.skill.hunks import hunks
from skillgit.skill.lines import text_lines
from skillgit.types import Change, CreateFile, DeleteFile, Skill

_FAR_LETTERS = 20
"""Letters and digits that a run must share with a block of another file to be called the same.

As many as `git blame -M` asks of a moved block.
"""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that an edit adds in one run. `path` counts from the folder of the skill."""

    skill: str
    path: str
    lines: tuple[str, ...]

    @property
    def place(self) -> str:
        """The file, from the root of the repository."""
        return f"{self.skill}/{self.path}" if self.skill else self.path


def normal(line: str) -> str:
    """A line as it is compared: every run of blanks is one."""
    return " ".join(line.split())


def blocks_of(record: LessonRecord) -> Iterator[Block]:
    """All lines that a lesson writes, run by run."""
    for edit in record.edits:
        for path, text in _texts(edit.change):
            yield Block(record.skill, path, tuple(map(normal, text.split("\n"))))


def _texts(change: Change) -> Iterator[tuple[str, str]]:
    match change:
        case CreateFile(path, text, link):
            yield path, text
            yield from _texts(link)
        case DeleteFile(_, unlink):
            for part in unlink:
                yield from _texts(part)
        case _:
            yield change.path, change.text


def added_lines(record: LessonRecord, base: Skill | None) -> Mapping[str, Counter[str]]:
    """The telling lines that a lesson adds, by file of the repository, and how often.

    With the base at hand, lines of it that a replacement repeats are not added. Raises ValueError
    where the edits do not fit it.
    """
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    root = f"{record.skill}/" if record.skill else ""
    if base is None:
        for block in blocks_of(record):
            found[block.place].update(filter(_letters, block.lines))
        return found
    for edit in record.edits:
        for hunk in hunks(base, edit.change):
            here = Counter(map(_told, hunk.new))
            if not hunk.whole:
                old = text_lines(base.files[hunk.path].decode("utf-8", "replace"))
                here -= Counter(map(normal, old[hunk.first : hunk.last]))
            found[f"{root}{hunk.path}"].update(
                {line: n for line, n in here.items() if _letters(line)}
            )
    return found


def _told(line: bytes) -> str:
    return normal(line.decode("utf-8", "replace"))


def _letters(line: str) -> int:
    return len(re.findall(r"\w", line))


def likeness(block: Block, path: str, lines: Sequence[str], at: int) -> int:
    """How surely line `at` (from 0) of a file is one of a block: 0 is not at all.

    Lines around it count as far as they run alike, so that a blank line or a brace belongs to the
    lesson whose words stand next to it. Git may show an insertion between equal lines further down,
    its first lines last: so a block is followed by itself.
    """
    if lines[at] not in block.lines:
        return 0
    twice = block.lines * 2
    best = max((_shared(twice, i, lines, at) for i in range(len(twice))), default=0)
    if path == block.place:
        return 3 * best
    if path == block.path or path.endswith(f"/{block.path}"):
        return 2 * best  # the skill was moved
    return best if best >= _FAR_LETTERS else 0


def _shared(block: Sequence[str], i: int, lines: Sequence[str], at: int) -> int:
    """Letters and digits of the run of equal lines around line `i` and line `at`."""
    if block[i] != lines[at]:
        return 0
    down = _equal(block[i:], lines[at:])
    up = _equal(list(reversed(block[: i + 1])), list(reversed(lines[: at + 1])))
    return sum(map(_letters, [*down, *up[1:]]))


def _equal(one: Iterable[str], other: Iterable[str]) -> list[str]:
    run: list[str] = []
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        run.append(a)
    return run
