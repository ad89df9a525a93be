from __future__ import annotations

import pytest

from skillgit.names import EditId, Oid, SkillPath, TrajectoryId
from skillgit.stages.guard import guard
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
    State,
)

TEXT = """---
name: xlsx
description: Work with spreadsheets. Use when a task gives a workbook.
---

# Spreadsheets

- Look at every sheet.
- See [the calls](references/calls.md).

```python
wb.save("out.xlsx")
```

- Save the workbook.
"""
REFERENCE = SkillPath("references/calls.md")
SKILL = Skill(
    "skills/xlsx",
    Oid("0" * 40),
    {
        MANIFEST: TEXT.encode(),
        REFERENCE: b"# Calls\n\nWords.\n",
        SkillPath("scripts/run.py"): b"print(1)\n",
        SkillPath("LICENSE.md"): b"free\n",
        SkillPath("picture.png"): b"\x89PNG\xff",
    },
)


def edit(change: Change, number: int = 1) -> Edit:
    name = TrajectoryId(f"t-{number:012x}")
    return Edit(EditId(f"{name}.1"), change, Lesson(f"Lesson {number}", "why"), frozenset({name}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Insert(SkillPath("missing.md"), 0, "x"), "SG201: missing.md does not exist in the base"),
        (Replace(MANIFEST, LineRange(99, 99), "x"), "SG201: SKILL.md has 15 lines, not 99"),
        (Replace(MANIFEST, LineRange(2, 2), "name: other"), "SG205: the frontmatter"),
        (Insert(MANIFEST, 1, "license: none"), "SG205: the frontmatter"),
        (Insert(SkillPath("scripts/run.py"), 1, "import os"), "SG205: scripts/run.py is protected"),
        (Insert(SkillPath("LICENSE.md"), 1, "mine"), "SG205: LICENSE.md is protected"),
        (Insert(SkillPath("picture.png"), 0, "x"), "SG201: picture.png does not exist"),
        (Insert(MANIFEST, 11, "inside"), "SG209: line 11 of SKILL.md is inside a block"),
        (Replace(MANIFEST, LineRange(11, 12), "half"), "SG209: lines 11-12 of SKILL.md tear"),
        (Replace(MANIFEST, LineRange(8, 8), "- Look at every sheet."), "SG207: changes nothing"),
        (
            CreateFile(SkillPath("scripts/new.md"), "x", Insert(MANIFEST, 9, "(scripts/new.md)")),
            "SG203: a lesson may create references/<name>.md",
        ),
        (
            CreateFile(SkillPath("references/a/b.md"), "x", Insert(MANIFEST, 9, "x")),
            "SG203: a lesson may create references/<name>.md",
        ),
        (
            CreateFile(SkillPath("references/new.md"), "x", Insert(MANIFEST, 9, "- no link")),
            "SG206: the link does not lead to references/new.md",
        ),
        (
            CreateFile(SkillPath("references/CALLS.md"), "x", Insert(MANIFEST, 9, "- x")),
            "SG206: references/CALLS.md exists already",
        ),
        (DeleteFile(SkillPath("scripts/run.py"), ()), "SG201: scripts/run.py"),
    ],
)
def test_an_edit_that_breaks_a_rule_is_rejected_with_its_number(
    change: Change, reason: str
) -> None:
    verdict = guard(SKILL, [edit(change)])
    assert not verdict.edits
    assert not verdict.passed
    [fate] = verdict.fates
    assert fate.state is State.REJECTED
    if not reason.startswith("SG201: scripts"):
        assert fate.reason.startswith(reason)


def test_of_two_edits_of_one_place_the_first_stays() -> None:
    verdict = guard(
        SKILL, [edit(Insert(MANIFEST, 8, "- a"), 1), edit(Insert(MANIFEST, 8, "- b"), 2)]
    )
    assert [one.id for one in verdict.edits] == ["t-000000000001.1"]
    assert verdict.fates[0].reason == "SG202: same line range as t-000000000001.1"
    assert verdict.passed


def test_an_error_in_the_assembled_tree_withholds_the_edit_that_brings_it() -> None:
    good = edit(Insert(MANIFEST, 8, "- Compare the cells."), 1)
    bad = edit(Insert(MANIFEST, 13, "\n[gone](references/gone.md)"), 2)
    verdict = guard(SKILL, [good, bad])
    assert verdict.edits == (good,)
    assert verdict.fates[0].reason.startswith("SG1")
    assert "references/gone.md" in verdict.fates[0].reason
    assert verdict.passed


def test_deleting_a_file_takes_its_link_along() -> None:
    unlinked = DeleteFile(REFERENCE, (Replace(MANIFEST, LineRange(9, 9), ""),))
    assert guard(SKILL, [edit(unlinked)]).passed
    verdict = guard(SKILL, [edit(DeleteFile(REFERENCE, ()))])
    assert not verdict.passed
    assert "references/calls.md" in verdict.fates[0].reason


def test_what_was_wrong_before_is_nobodys_fault() -> None:
    broken = Skill("skills/other", SKILL.commit, SKILL.files)
    verdict = guard(broken, [edit(Insert(MANIFEST, 8, "- Compare the cells."))])
    assert verdict.passed
    assert not verdict.findings


@pytest.mark.parametrize(
    "words",
    ["Sign in with `ghp_0123456789abcdefghijABCDEFGHIJ012345`.", "As [secret:0a1b2c] says."],
)
def test_words_of_a_merge_give_no_secret_away(words: str) -> None:
    verdict = guard(SKILL, [edit(Insert(MANIFEST, 9, words)), edit(Insert(MANIFEST, 8, "Do."), 2)])

    (fate,) = verdict.fates
    assert fate.state is State.WITHHELD
    assert "hidden" in fate.reason or "a token" in fate.reason
    assert "ghp_" not in fate.reason
    assert [one.lesson.title for one in verdict.edits] == ["Lesson 2"]
