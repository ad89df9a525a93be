"""Changes that make one skill out of another, byte for byte or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.names import Oid, SkillPath
from skillgit.skill.hunks import apply_changes
from skillgit.skill.restoring import changes_between
from skillgit.types import MANIFEST, Skill

NOTE = SkillPath("references/note.md")
LINES = st.lists(st.sampled_from(["", "a", "b", "- c", "# d"]), max_size=9)


def made(*lines: str, **others: str) -> Skill:
    files = {MANIFEST: "".join(f"{line}\n" for line in lines).encode()}
    files |= {SkillPath(f"references/{name}.md"): text.encode() for name, text in others.items()}
    return Skill("s", Oid("0" * 40), files)


@given(LINES, LINES)
def test_what_they_give_is_the_other_skill_or_they_are_refused(
    old: list[str], new: list[str]
) -> None:
    one, other = made(*old), made(*new)
    try:
        changes = changes_between(one, other.files)
    except ValueError:
        # Blank lines before the first line are the one thing that no edit says.
        assert not old or new[:1] == [""]
    else:
        assert apply_changes(one, changes) == dict(other.files)


def test_equal_skills_need_no_change() -> None:
    assert changes_between(made("a", "b"), made("a", "b").files) == ()


def test_a_file_may_go_and_none_may_come_back() -> None:
    with_note, without = made("a", "see note", note="n\n"), made("a")

    changes = changes_between(with_note, without.files)

    assert apply_changes(with_note, changes) == dict(without.files)
    with pytest.raises(ValueError, match="come back"):
        changes_between(without, with_note.files)


def test_what_is_no_text_or_has_other_line_ends_is_refused() -> None:
    binary = Skill("s", Oid("0" * 40), {MANIFEST: b"a\n", NOTE: b"\xff\n"})
    with pytest.raises(ValueError, match="no text"):
        changes_between(binary, {MANIFEST: b"a\n", NOTE: b"\xfe\n"})
    with pytest.raises(ValueError, match="exactly"):
        changes_between(made("a", "b"), {MANIFEST: b"a\r\nb\r\n"})
