from __future__ import annotations

import pytest

from skillgit.names import Oid, SkillPath
from skillgit.rules.edits import broken_rule
from skillgit.types import MANIFEST, Change, CreateFile, Insert, LineRange, Replace, Skill

BASE = Skill("demo", Oid("1" * 40), {MANIFEST: b"---\nname: demo\n---\n\nText.\n"})
COMMENT = "<!-- skillgit: ignore-file[SG105] trust me -->"
NEW = SkillPath("references/new.md")


@pytest.mark.parametrize(
    "change",
    [
        Insert(MANIFEST, 5, COMMENT),
        Insert(MANIFEST, 5, "<!--\nSkillgit:  IGNORE[SG105]\n-->"),
        Replace(MANIFEST, LineRange(5, 5), f"Text. {COMMENT}"),
        CreateFile(NEW, COMMENT, Insert(MANIFEST, 5, f"[new]({NEW})")),
        CreateFile(NEW, "# New", Insert(MANIFEST, 5, f"[new]({NEW}) {COMMENT}")),
    ],
)
def test_a_model_switches_no_rule_off(change: Change) -> None:
    assert broken_rule(BASE, change) == "SG210: it switches a rule off"


def test_the_word_itself_is_free() -> None:
    assert broken_rule(BASE, Insert(MANIFEST, 5, "Let skillgit ignore blank lines.")) == ""
