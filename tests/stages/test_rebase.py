"""Edits on a base that moved: at their lines again, or stale with the reason."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from skillgit.names import EditId, Oid, SkillPath, TrajectoryId
from skillgit.skill.hunks import apply_changes
from skillgit.stages.rebase import rebase
from skillgit.types import (
    MANIFEST,
    Change,
    CreateFile,
    DeleteFile,
    Edit,
    Insert,
    Lesson,
    LineRange,
    Replace,
    Skill,
)

HEAD = "---\nname: x\ndescription: y\n---\n\n"
BODY = "# X\n\nOne.\n\nTwo.\n\n- Item a.\n- Item b.\n- Item c.\n\n## End\n\nThree.\n\nFour.\n"
NOTES = SkillPath("references/notes.md")
OLD = Skill("s", Oid("1" * 40), {MANIFEST: (HEAD + BODY).encode(), NOTES: b"# N\n\nNote.\n"})
SOURCE = TrajectoryId("t-000000000001")


def edit(change: Change) -> Edit:
    return Edit(EditId(f"{SOURCE}.1"), change, Lesson("A lesson", "why"), frozenset({SOURCE}))


def base(old: str = "", new: str = "", files: Mapping[str, bytes | None] | None = None) -> Skill:
    text = (HEAD + BODY).replace(old, new) if old else HEAD + BODY
    kept = {
        **OLD.files,
        MANIFEST: text.encode(),
        **{SkillPath(k): v for k, v in (files or {}).items()},
    }
    present = {path: data for path, data in kept.items() if data is not None}
    return Skill("s", Oid("2" * 40), present)


def moved(new: Skill, change: Change) -> Change:
    result = rebase(OLD, new, [edit(change)])
    assert not result.fates, result.fates
    return result.edits[0].change


def stale(new: Skill, change: Change) -> str:
    result = rebase(OLD, new, [edit(change)])
    assert not result.edits
    return result.fates[0].reason


AFTER_ONE = Insert(MANIFEST, 8, "\nMore of one.")
TWO = Replace(MANIFEST, LineRange(10, 10), "Zwei.")
ITEM = Insert(MANIFEST, 13, "- Item b and a half.")


def test_on_the_same_text_everything_stays() -> None:
    for change in (AFTER_ONE, TWO, ITEM, Insert(MANIFEST, 20, "\nThe end.")):
        assert moved(base(), change) == change


def test_lines_above_shift_an_edit() -> None:
    new = base("# X\n", "# X\n\nNew.\n\nNewer.\n")
    assert moved(new, AFTER_ONE) == replace(AFTER_ONE, after=12)
    assert moved(new, TWO) == replace(TWO, lines=LineRange(14, 14))


def test_people_may_write_beside_the_place() -> None:
    new = base("Two.\n", "Other.\n\nTwo.\n")
    change = moved(new, AFTER_ONE)
    text = apply_changes(new, [change])[MANIFEST].decode()
    assert "One.\n\nMore of one.\n\nOther.\n\nTwo." in text
    item = moved(base("- Item b.\n", "- Item b.\n- Item new.\n"), ITEM)
    assert item == replace(ITEM, after=13)


def test_one_neighbour_is_enough() -> None:
    above_gone = base("One.", "1.")
    change = moved(above_gone, AFTER_ONE)
    assert "1.\n\nMore of one.\n\nTwo." in apply_changes(above_gone, [change])[MANIFEST].decode()
    below_gone = base("Two.", "2.")
    change = moved(below_gone, AFTER_ONE)
    assert "One.\n\nMore of one.\n\n2." in apply_changes(below_gone, [change])[MANIFEST].decode()


@pytest.mark.parametrize(
    ("new", "change", "reason"),
    [
        (base("One.\n\nTwo.", "1.\n\n2."), AFTER_ONE, "people changed the lines around line 8"),
        (base("Two.", "2."), TWO, "people changed line 10 of SKILL.md"),
        (base("Two.", "Zwei."), TWO, "its text stands in SKILL.md already"),
        (base("# X\n", "# X\n\nMore of one.\n"), AFTER_ONE, "its text stands in SKILL.md already"),
        (base("- Item c.\n", "* Item b and a half.\n"), ITEM, "stands in SKILL.md already"),
        (base("Two.\n\n", ""), Replace(MANIFEST, LineRange(10, 11), ""), "is gone already"),
        (
            base("Three.\n\nFour.", "Three.\n\nbetween\n\nFour."),
            Replace(MANIFEST, LineRange(18, 20), "5."),
            "people changed lines 18-20",
        ),
        (base(files={str(NOTES): None}), Insert(NOTES, 3, "\nMore."), f"{NOTES} is gone"),
        (base(files={str(NOTES): b"# N\n"}), DeleteFile(NOTES, ()), f"people changed {NOTES}"),
        (base(files={str(NOTES): None}), DeleteFile(NOTES, ()), "is gone already"),
    ],
)
def test_what_people_changed_or_said_makes_an_edit_stale(
    new: Skill, change: Change, reason: str
) -> None:
    assert reason in stale(new, change)


def test_a_new_file_is_stale_where_people_made_it() -> None:
    link = Insert(MANIFEST, 8, "\nSee [b](references/b.md).")
    change = CreateFile(SkillPath("references/b.md"), "# B\n\nText.", link)
    shifted = base("# X\n", "# X\n\nNew.\n")
    assert moved(shifted, change) == replace(change, link=replace(link, after=10))
    same, other = b"# B\n\nText.\n", b"# B\n\nElse.\n"
    assert "already, as" in stale(base(files={"references/b.md": same}), change)
    assert "references/b.md exists now" in stale(base(files={"references/B.md": other}), change)
    assert "lines around line 8" in stale(base("One.\n\nTwo.", "1.\n\n2."), change)


def test_a_deletion_comes_along_with_its_unlinking() -> None:
    change = DeleteFile(NOTES, (Replace(MANIFEST, LineRange(10, 10), ""),))
    new = base("# X\n", "# X\n\nNew.\n")
    assert moved(new, change) == DeleteFile(NOTES, (Replace(MANIFEST, LineRange(12, 12), ""),))


def test_line_ends_do_not_matter() -> None:
    new = Skill("s", Oid("2" * 40), {MANIFEST: (HEAD + BODY).replace("\n", "\r\n").encode()})
    assert moved(new, AFTER_ONE) == AFTER_ONE
    assert moved(new, TWO) == TWO


def test_whatever_people_insert_elsewhere_the_edits_say_the_same() -> None:
    """Applying first and inserting then is inserting first and rebasing then."""
    draw = random.Random(7)
    changes: list[Change] = [AFTER_ONE, TWO, ITEM, Insert(MANIFEST, 18, "\nThree more.")]
    lines = (HEAD + BODY).split("\n")
    safe = [6, 16]  # behind `# X` and behind `## End`
    for number in range(40):
        extra = [f"Person {number} {n}." for n in range(draw.randint(1, 3))]
        at = draw.choice(safe)
        block = "\n".join([*lines[:at], "", *extra, *lines[at:]])
        new = Skill("s", Oid("2" * 40), {MANIFEST: block.encode()})
        kept = [edit(change) for change in draw.sample(changes, draw.randint(1, 4))]
        result = rebase(OLD, new, kept)
        assert not result.fates
        after = apply_changes(new, [one.change for one in result.edits])[MANIFEST].decode()
        mine = "\n".join(["", *extra])
        before = apply_changes(OLD, [one.change for one in kept])[MANIFEST].decode()
        assert after.replace(f"{mine}\n", "", 1) == before
