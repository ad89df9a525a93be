from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import BASE_COMMIT, changes, skills

from skillgit.names import SkillPath
from skillgit.skill.hunks import apply_changes
from skillgit.skill.stack import Beside, Stack, Within
from skillgit.types import Change, CreateFile, DeleteFile, Insert, LineRange, Replace, Skill

MANIFEST = SkillPath("SKILL.md")
BASE = Skill("", BASE_COMMIT, {MANIFEST: b"# A\n\n- one\n- two\n\n## B\n\n- three\n"})
ITEM = Insert(MANIFEST, 3, "- new")
BLOCK = Insert(MANIFEST, 3, "\nfirst\nsecond")
FILE = CreateFile(SkillPath("references/x.md"), "# X\n\nwords", Insert(MANIFEST, 4, "- see x"))


@pytest.mark.parametrize(
    ("earlier", "change", "carried"),
    [
        (ITEM, Insert(MANIFEST, 5, "- far"), Beside(Insert(MANIFEST, 4, "- far"), 1)),
        (ITEM, Insert(MANIFEST, 4, "- below"), Beside(Insert(MANIFEST, 3, "- below"), 1)),
        (ITEM, Insert(MANIFEST, 3, "- above"), Beside(Insert(MANIFEST, 3, "- above"), 0)),
        (BLOCK, Insert(MANIFEST, 5, "x"), Within(Insert(MANIFEST, 3, "\nfirst\nx\nsecond"), 0)),
        # Beside a block whose blank lines could be anybody's, a lesson of its own stays one.
        (BLOCK, Insert(MANIFEST, 4, "x\n\n"), Beside(Insert(MANIFEST, 3, "\nx"), 0)),
        (
            ITEM,
            Replace(MANIFEST, LineRange(5, 5), "- 2"),
            Beside(Replace(MANIFEST, LineRange(4, 4), "- 2"), 1),
        ),
        (
            ITEM,
            Replace(MANIFEST, LineRange(4, 4), "- newer"),
            Within(Insert(MANIFEST, 3, "- newer"), 0, whole=True),
        ),
        (
            BLOCK,
            Replace(MANIFEST, LineRange(6, 6), "last"),
            Within(Insert(MANIFEST, 3, "\nfirst\nlast"), 0),
        ),
        (
            Replace(MANIFEST, LineRange(3, 4), "- one\n- 2"),
            Replace(MANIFEST, LineRange(4, 4), "- II"),
            Within(Replace(MANIFEST, LineRange(3, 4), "- one\n- II"), 0, whole=False),
        ),
        (
            FILE,
            Insert(FILE.path, 3, "more"),
            Within(CreateFile(FILE.path, "# X\n\nwords\nmore", FILE.link), 0),
        ),
        (FILE, Insert(MANIFEST, 5, "- below"), Beside(Insert(MANIFEST, 4, "- below"), 1)),
        (
            ITEM,
            CreateFile(SkillPath("references/y.md"), "# Y", Insert(MANIFEST, 4, "- see y")),
            Beside(
                CreateFile(SkillPath("references/y.md"), "# Y", Insert(MANIFEST, 3, "- see y")), 1
            ),
        ),
    ],
)
def test_a_change_of_what_stands_now_is_told_of_the_base(
    earlier: Change, change: Change, carried: Beside | Within
) -> None:
    stack = Stack(BASE, [earlier])
    found, after = stack.after(change)
    assert found == carried
    assert after.skill.files == apply_changes(stack.skill, [change])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (Replace(MANIFEST, LineRange(3, 4), "- both"), "of the skill and of an earlier lesson"),
        (Replace(MANIFEST, LineRange(9, 30), "- none"), "has no lines"),
        (Insert(SkillPath("references/none.md"), 0, "x"), "does not exist"),
        (DeleteFile(SkillPath("references/none.md"), ()), "cannot be taken away"),
        (CreateFile(MANIFEST, "# again", Insert(SkillPath("a.md"), 0, "x")), "file of the base"),
    ],
)
def test_what_cannot_be_told_of_the_base_says_why(change: Change, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Stack(BASE, [ITEM]).after(change)


def test_a_link_to_a_new_file_is_not_taken_away_by_a_later_change() -> None:
    with pytest.raises(ValueError, match="the link to a file"):
        Stack(BASE, [FILE]).after(Replace(MANIFEST, LineRange(5, 5), "- no link"))


def test_for_readers_of_the_base_an_amendment_stands_where_its_lesson_does() -> None:
    stack = Stack(BASE, [BLOCK])
    assert stack.told(Replace(MANIFEST, LineRange(6, 6), "last")) == Insert(MANIFEST, 3, "last")
    assert stack.told(Insert(MANIFEST, 7, "- x")) == Insert(MANIFEST, 4, "- x")
    misfit = Replace(MANIFEST, LineRange(3, 4), "- both")
    assert stack.told(misfit) == misfit


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_one_change_after_the_other_is_all_changes_of_the_base_at_once(data: st.DataObject) -> None:
    base = data.draw(skills())
    stack, kept = Stack(base), list[Change]()
    for number in range(data.draw(st.integers(1, 6))):
        change = data.draw(changes(stack.skill, number))
        try:
            expected = apply_changes(stack.skill, [change])
            found, after = stack.after(change)
        except ValueError:
            continue
        if isinstance(found, Beside):
            kept.insert(found.at, found.change)
        else:
            kept[found.at] = found.change
        assert apply_changes(base, kept) == after.skill.files == expected
        stack = after
