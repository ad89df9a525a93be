"""What the trajectories of a round teach, theme by theme (section 4.4 of the paper).

The support of a theme is the number of distinct trajectories behind all its edits, as the evidence
has them; a trajectory can teach several themes, so supports add up to more than were analysed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from skillgit.errors import UsageError
from skillgit.names import EditId, TrajectoryId
from skillgit.ports import History
from skillgit.provenance.evidence import LessonRecord, Source, Support
from skillgit.review.claims import FETCH
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.lessons import find_round
from skillgit.skill.markdown import structure
from skillgit.types import Change, CreateFile, DeleteFile, Edit, Insert, Replace, Skill


class By(StrEnum):
    """What makes one theme: a commit, a section of the skill, or what one merge tree ended in."""

    LESSON = "lesson"
    PLACE = "place"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edit stands: its file, and the heading above, empty before the first one."""

    path: str
    heading: str = ""

    def __str__(self) -> str:
        return f"{self.path}, {self.heading}" if self.heading else self.path


@dataclass(frozen=True, slots=True)
class Theme:
    """What some edits teach together. `tasks` are those of its trajectories, each once.

    `proposed` counts the edits of analysts that went into it; `lessons` are numbers of the round.
    """

    title: str
    support: Support
    tasks: int
    proposed: int
    lessons: tuple[int, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Themes:
    """All themes of a round, most prevalent first.

    `citations` is the sum of their supports, `covered` the trajectories that teach at least one.
    """

    round: str
    skill: str
    by: By
    analysed: Support
    themes: tuple[Theme, ...]
    covered: int
    withheld: int
    """Edits that did not make it: they are in no theme."""

    @property
    def citations(self) -> int:
        """As the paper counts them: 546 of 323."""
        return sum(one.support.sources for one in self.themes)


def read_themes(history: History, name: str, by: By = By.LESSON) -> Themes:
    """The themes of the round that a person names; UsageError where its evidence is not here."""
    round_id = find_round(history, name)
    dossier = read_dossier(history, round_id)
    if dossier is None:
        raise UsageError(f"reading round {round_id}: its evidence is not here", hint=FETCH)
    return themes(dossier, _base(history, dossier), by)


def _base(history: History, dossier: Dossier) -> Skill | None:
    """What the round read; without it places have no headings."""
    try:
        return history.read_skill(dossier.round.skill, dossier.round.base)
    except UsageError:
        return None


@dataclass(slots=True)
class _Group:
    """A theme while its edits are put together."""

    titles: dict[str, int] = field(default_factory=dict)
    edits: set[EditId] = field(default_factory=set)
    sources: dict[TrajectoryId, Source] = field(default_factory=dict)
    lessons: dict[int, None] = field(default_factory=dict)
    places: dict[Place, None] = field(default_factory=dict)


def themes(dossier: Dossier, base: Skill | None, by: By) -> Themes:
    """The themes of a round; places have headings where the base is at hand."""
    groups: defaultdict[object, _Group] = defaultdict(_Group)
    proposed = dossier.edits.keys()
    for number, lesson in enumerate(dossier.lessons.values(), start=1):
        sources = {one.trajectory: one for one in lesson.sources}
        for edit in lesson.edits:
            place = place_of(base, edit.change)
            keys = {By.LESSON: number, By.PLACE: link_of(base, edit.change), By.TREE: edit.id}
            group = groups[keys[by]]
            title = _title(lesson, edit, keys[by])
            group.titles[title] = max(group.titles.get(title, 0), edit.support)
            group.edits |= {edit.id, *lesson.merged.get(edit.id, ())} & proposed
            group.sources |= {one: sources[one] for one in edit.sources if one in sources}
            group.lessons[number] = group.places[place] = None
    found = [_theme(group, dossier) for group in groups.values()]
    return Themes(
        dossier.round.round,
        dossier.round.skill,
        by,
        _analysed(dossier),
        tuple(sorted(found, key=lambda one: (-one.support.sources, one.lessons, one.title))),
        len({source for group in groups.values() for source in group.sources}),
        len(dossier.withheld),
    )


def _title(lesson: LessonRecord, edit: Edit, key: object) -> str:
    match key:
        case Place():
            return str(key)
        case int():
            return lesson.title
        case _:
            return edit.lesson.title


def _theme(group: _Group, dossier: Dossier) -> Theme:
    known = dossier.trajectories
    tasks = {known[one].task or one if one in known else one for one in group.sources}
    return Theme(
        max(group.titles, key=lambda title: group.titles[title]),
        Support.of(group.sources.values(), len(set(dossier.round.analysed))),
        len(tasks),
        len(group.edits),
        tuple(group.lessons),
        tuple(group.places),
    )


def _analysed(dossier: Dossier) -> Support:
    """How those ended that an analyst read."""
    read = set(dossier.round.analysed)
    found = [one for one in dossier.trajectories.values() if one.id in read]
    sources = [Source(one.id, one.digest, one.outcome.result) for one in found]
    return Support.of(sources, len(read))


# ------------------------------------------------------------------ places


def place_of(base: Skill | None, change: Change) -> Place:
    """Where the words of a change stand: for a new file the file itself."""
    match change:
        case CreateFile(path, _, _) | DeleteFile(path, _):
            return Place(str(path))
        case Insert() | Replace():
            return link_of(base, change)


def link_of(base: Skill | None, change: Change) -> Place:
    """The section of the base that a change belongs to: for a file that of the link to it."""
    match change:
        case CreateFile(_, _, link):
            return link_of(base, link)
        case DeleteFile(path, unlink):
            return link_of(base, unlink[0]) if unlink else Place(str(path))
        case Insert(path, after, _):
            line = max(after, 1)
        case Replace(path, lines, _):
            line = lines.first
    text = base.text(path) if base else None
    return Place(str(path), structure(text).section_of(line).title if text else "")
