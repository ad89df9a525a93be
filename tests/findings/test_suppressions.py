from __future__ import annotations

import pytest

from skillgit.config import Grade, Profile
from skillgit.findings.suppressions import honour
from skillgit.names import SkillPath
from skillgit.rules import RULES, Demands, check_skill
from skillgit.types import MANIFEST

HEAD = "---\nname: demo\ndescription: d\n---\n"


def told(body: str, head: str = HEAD, demands: Demands | None = None, **others: str) -> list[str]:
    """`path:line: RULE` of what is left, with the message of SG113."""
    demands = demands or Demands()
    files = {MANIFEST: (head + body).encode()}
    files |= {
        SkillPath(name.replace("__", "/").replace("_md", ".md")): text.encode()
        for name, text in others.items()
    }
    found = honour(check_skill(files, "demo", profile=demands), files, demands)
    return [
        f"{one.path}:{one.line} {one.rule}" + (f" {one.message}" if one.rule == "SG113" else "")
        for one in found
    ]


TWICE = "# A\n\n# A\n"


def test_without_a_comment_all_is_told() -> None:
    assert told(TWICE) == ["SKILL.md:7 SG105"]


@pytest.mark.parametrize(
    "body",
    [
        "# A\n\n# A <!-- skillgit: ignore[SG105] both are needed -->\n",
        "# A\n\n<!-- skillgit: ignore[SG105] both are needed -->\n# A\n",
        "# A\n\n<!--skillgit:ignore[sg105]both-->\n# A\n",
        "# A\n\n  <!-- skillgit: ignore[SG105] both -->  \r\n# A\n",
        "<!-- skillgit: ignore-file[SG105] both are needed -->\n" + TWICE,
        TWICE + "\nText. <!-- skillgit: ignore-file[SG105] both are needed -->\n",
    ],
)
def test_a_line_the_next_line_and_a_file(body: str) -> None:
    assert told(body) == []


def test_several_rules_and_several_comments() -> None:
    body = (
        "# TODO\n"
        "<!-- skillgit: ignore[SG105] both -->\n"
        "<!-- skillgit: ignore[SG106] later -->\n"
        "# TODO\n"
    )
    assert told(body) == ["SKILL.md:5 SG106"]
    one = "<!-- skillgit: ignore[SG106] later -->\n# TODO\n"
    assert told(one + "<!-- skillgit: ignore[SG105, SG106] both -->\n# TODO\n") == []


def test_frontmatter_and_files_without_lines() -> None:
    head = HEAD.replace("d\n", "a <b> # skillgit: ignore[SG018] needed\n")
    assert told("", head) == []
    above = HEAD.replace("desc", "# skillgit: ignore[SG018] needed\ndesc").replace(" d\n", " <b>\n")
    assert told("", above) == []
    unlinked = "<!-- skillgit: ignore-file[SG102] found by its folder -->\n"
    assert told("", references__a_md=unlinked) == []
    # A finding without a line is nothing that a comment for a line could be about.
    left = told("", references__a_md=unlinked.replace("-file", ""))
    assert [line.split()[1] for line in left] == ["SG102", "SG113"]


def test_scripts_have_comments_of_their_own() -> None:
    useless = "#!/bin/sh\n# skillgit: ignore-file[SG110] for now\n"
    (line,) = told("", scripts__a=useless)
    assert line == "scripts/a:2 SG113 nothing here breaks SG110: take it out"


@pytest.mark.parametrize(
    "body",
    [
        "```\n<!-- skillgit: ignore-file[SG105] both -->\n```\n",
        "    <!-- skillgit: ignore-file[SG105] both -->\n",
        "Write `<!-- skillgit: ignore-file[SG105] both -->` for that.\n",
        "# skillgit: ignore-file[SG105] both\n",
        "<!-- skillgit: ignore-files[SG105] both -->\n",
        "<!-- skillgit ignore[SG105] both -->\n",
    ],
)
def test_what_only_speaks_of_a_comment_is_none(body: str) -> None:
    assert [line.split()[1] for line in told(f"{body}\n{TWICE}")] == ["SG105"]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("ignore[SG105]", "it says no reason: write one behind ignore[SG105]"),
        ("ignore", "it names no rule: write ignore[SG105] and a reason"),
        ("ignore[] all", "it names no rule: write ignore[SG105] and a reason"),
        ("ignore[SG999] x", "there is no rule SG999: `skillgit rule` lists all"),
        ("ignore[SG401] x", "SG401 cannot be switched off: it guards against texts like this one"),
        ("ignore[SG301] x", "SG301 cannot be switched off: it guards against texts like this one"),
        ("ignore[SG113] x", "SG113 cannot be switched off by a comment"),
        ("ignore[SG205] x", "SG205 cannot be switched off by a comment"),
        ("ignore[SG106] x", "nothing here breaks SG106: take it out"),
    ],
)
def test_what_is_wrong_with_a_comment_is_told_and_it_does_nothing(comment: str, said: str) -> None:
    body = f"# A\n\n<!-- skillgit: {comment} -->\n# A\n"
    assert told(body) == [f"SKILL.md:7 SG113 {said}", "SKILL.md:8 SG105"]


@pytest.mark.parametrize("rule", [rule for rule, info in RULES.items() if info.firm])
def test_provenance_and_safety_are_firm(rule: str) -> None:
    (line,) = told(f"<!-- skillgit: ignore-file[{rule}] trust me -->\n")
    assert f"{rule} cannot be switched off" in line


def test_a_comment_for_a_rule_that_is_off_is_not_useless() -> None:
    body = "<!-- skillgit: ignore-file[SG105] both -->\n"
    assert told(body, demands=Demands(grades={"SG105": Grade.OFF})) == []
    brackets = "<!-- skillgit: ignore-file[SG023] a list -->\n"
    assert told(brackets, demands=Demands(Profile.CLAUDE)) == []
    assert len(told(brackets)) == 1


def test_its_own_rule_can_be_graded() -> None:
    body = "<!-- skillgit: ignore[SG105] -->\n"
    assert told(body, demands=Demands(grades={"SG113": Grade.OFF})) == []


def test_a_useful_one_beside_a_useless_one() -> None:
    body = "# A\n\n<!-- skillgit: ignore[SG105, SG106] both -->\n# A\n"
    assert told(body) == ["SKILL.md:7 SG113 nothing here breaks SG106: take it out"]
