"""Hypothesis strategies for skills and changes, hostile on purpose: few distinct lines, blank
lines, fences, CRLF, missing final newlines, non-ASCII text."""

from __future__ import annotations

from hypothesis import strategies as st

from skillgit.names import Oid, SkillPath
from skillgit.skill.lines import split_lines
from skillgit.types import Change, CreateFile, Insert, LineRange, Replace, Skill

BASE_COMMIT = Oid("0" * 40)
NAMES = tuple(map(SkillPath, ("SKILL.md", "references/a.md", "scripts/ü b.py")))

LINE = st.one_of(
    st.sampled_from(
        (
            "",
            "",
            "- a",
            "- b",
            "```",
            "# A",
            "  # not a heading",
            "é ü 漢",
            "-- x",
            "+",
            "\x0c",
            "\u2028",
        )
    ),
    st.text(st.characters(blacklist_characters="\n\r", codec="utf-8"), max_size=8),
)


@st.composite
def file_bytes(draw: st.DrawFn, min_lines: int = 0) -> bytes:
    lines = draw(st.lists(LINE, min_size=min_lines, max_size=14))
    end = draw(st.sampled_from(("\n", "\n", "\r\n")))
    text = end.join(lines) + draw(st.sampled_from((end, end, "")))
    return text.encode()


@st.composite
def skills(draw: st.DrawFn) -> Skill:
    files = {NAMES[0]: draw(file_bytes(min_lines=1))}
    for name in NAMES[1:]:
        if draw(st.booleans()):
            files[name] = draw(file_bytes())
    return Skill("", BASE_COMMIT, files)


NEW_TEXT = st.lists(LINE, min_size=1, max_size=3).map("\n".join).filter(str.strip)


@st.composite
def changes(draw: st.DrawFn, skill: Skill, number: int = 0) -> Change:
    path = draw(st.sampled_from(sorted(skill.files)))
    size = len(split_lines(skill.files[path]))
    kind = draw(st.sampled_from(("insert", "insert", "replace", "create")))
    if kind == "replace" and size:
        first = draw(st.integers(1, size))
        lines = LineRange(first, draw(st.integers(first, min(size, first + 3))))
        return Replace(path, lines, draw(st.one_of(st.just(""), NEW_TEXT)))
    insert = Insert(path, draw(st.integers(0, size)), draw(NEW_TEXT))
    if kind == "create":
        return CreateFile(SkillPath(f"references/new-{number}.md"), draw(NEW_TEXT), insert)
    return insert


@st.composite
def skill_and_changes(draw: st.DrawFn, most: int = 6) -> tuple[Skill, list[Change]]:
    skill = draw(skills())
    count = draw(st.integers(1, most))
    return skill, [draw(changes(skill, number)) for number in range(count)]
