"""The rules against skills-ref, the reference library of the specification.

Where the two differ, a table below says why; SKILLS_FORMAT.md, section 6, says it to people.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.names import SkillPath
from skillgit.rules import RULES, Group, check_skill
from skillgit.types import Severity

skills_ref = pytest.importorskip("skills_ref", reason="the extra `dev` brings skills-ref")

CUT = "skills-ref cuts the frontmatter off at a `---` inside a line, and does not see the rest"
WE_ARE_STRICTER = {
    "SG005": "skills-ref takes any first line that begins with `---`",
    "SG006": "skills-ref takes any `---` for the end, also inside a line",
    "SG007": f"{CUT}; and it takes the document end `...`",
    "SG008": CUT,
    "SG009": CUT,
    "SG010": CUT,
    "SG011": "a name such as 123 or null is text to skills-ref, and none to PyYAML",
    "SG016": "the same for a description",
    "SG021": "the specification wants a text of 1 to 500 characters; skills-ref takes an empty one",
    "SG022": "the specification wants texts; skills-ref takes anything",
    "SG023": "the specification wants one text; skills-ref takes anything",
}
THEY_ARE_STRICTER = {"SG025": "after a cut, skills-ref misses what came behind it"}
"""Here we only warn."""


def scalar(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


NAMES = scalar(
    "demo", "demo", "demo", "'demo'", '"demo"', "Demo", "-demo", "demo-", "de--mo", "de_mo",
    "de mo", "навык", "Навык", "技能", "123", "1.0", "yes", "null", "~", "", "''", "|\n  demo",
    "[demo]", "d&mo", "d" * 64, "d" * 65, "cafe\u0301", "ﬁne", "ß", "demo # comment", "a: b",
    "*demo", "&x demo", "!t demo",
)  # fmt: skip
TEXTS = scalar(
    "Shows a thing.", "Shows a thing.", "'Shows: a thing.'", "Shows: a thing.", "a --- b",
    "---", "123", "2026-01-01", "", "''", "' '", "x" * 1024, "x" * 1025, "x" * 500, "x" * 501,
    "<b>", "@x", "`x`", "- a", ">\n  folded\n  text", "|\n  kept\n  text", "\n  - a\n  - b",
    "\n  a: b", "\n  a: 1.0", "\n  a:\n    b: c", "[a]", "{a: b}", "{}", "\u202e", "tab\there",
    "'it''s'", '"\\u0041"', "# comment", "a #b", "%a", "true", "'quoted' then not", "💡",
)  # fmt: skip
TWISTS = ["name", "description", "line", "line", "line", "order", "opening", "closing", "crlf"]
OPENINGS = scalar("--- ", "", "----", "\ufeff---", "--- #", " ---")
CLOSINGS = scalar("--- ", "", "----", " ---", "---\t", "--- x", "...")
KEYS = scalar(
    "license", "compatibility", "metadata", "allowed-tools", "version", "name", "Name", "'x'"
)
LINES = st.builds("{}: {}".format, KEYS, TEXTS) | scalar(
    "# comment", "", "loose text", "- item", "..."
)


@st.composite
def manifests(draw: st.DrawFn) -> tuple[str, str]:
    """A good SKILL.md with up to three twists, and the name of its folder."""
    twists = draw(st.lists(st.sampled_from(TWISTS), max_size=3))
    name = draw(NAMES) if "name" in twists else "demo"
    lines = [f"name: {name}"]
    lines.append(f"description: {draw(TEXTS) if 'description' in twists else 'Shows a thing.'}")
    lines += [draw(LINES) for twist in twists if twist == "line"]
    if "order" in twists:
        lines = draw(st.permutations(lines))[: draw(st.integers(1, 4))]
    opening = draw(OPENINGS) if "opening" in twists else "---"
    closing = draw(CLOSINGS) if "closing" in twists else "---"
    text = "\n".join([opening, *lines, closing, "# Body", ""])
    folder = name.strip("'\"") if 0 < len(name.strip("'\"")) < 66 and name.isprintable() else "demo"
    return text.replace("\n", "\r\n") if "crlf" in twists else text, folder


def our_findings(data: bytes, folder: str, severity: Severity) -> set[str]:
    found = check_skill({SkillPath("SKILL.md"): data}, folder)
    of_format = [each for each in found if RULES[each.rule].group is Group.FORMAT]
    return {each.rule for each in of_format if each.severity is severity}


def their_errors(data: bytes, folder: str) -> list[str]:
    with tempfile.TemporaryDirectory() as parent:
        skill = Path(parent) / folder
        skill.mkdir()
        (skill / "SKILL.md").write_bytes(data)
        errors: list[str] = skills_ref.validate(skill)
        return errors


@settings(max_examples=300, deadline=None)
@given(manifests())
def test_the_same_verdict_but_for_the_known_differences(manifest: tuple[str, str]) -> None:
    text, folder = manifest
    ours = our_findings(text.encode(), folder, Severity.ERROR)
    theirs = their_errors(text.encode(), folder)
    if ours and not theirs:
        assert ours <= set(WE_ARE_STRICTER), ours
    if theirs and not ours:
        warnings = our_findings(text.encode(), folder, Severity.WARNING)
        assert warnings & set(THEY_ARE_STRICTER), theirs


GOOD = "---\nname: demo\ndescription: Shows a thing.\n---\n"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("SG005", GOOD.replace("---", "--- #", 1)),
        ("SG006", "---\nname: demo\ndescription: Shows a thing. ---\n"),
        ("SG007", GOOD.replace("thing.", "thing.\n...")),
        ("SG008", GOOD.replace("thing.", "thing --- x\nname: demo")),
        ("SG011", GOOD.replace("demo", "null")),
        ("SG016", GOOD.replace("Shows a thing.", "2026-01-01")),
        ("SG021", GOOD.replace("thing.", "thing.\ncompatibility: ''")),
        ("SG022", GOOD.replace("thing.", "thing.\nmetadata:\n  version: 1.0")),
        ("SG023", GOOD.replace("thing.", "thing.\nallowed-tools:\n- Read")),
    ],
)
def test_the_differences_are_still_there(rule: str, text: str) -> None:
    folder = "null" if "null" in text else "demo"
    assert our_findings(text.encode(), folder, Severity.ERROR) == {rule}
    assert their_errors(text.encode(), folder) == []


def test_where_we_only_warn() -> None:
    text = GOOD.replace("name: demo\ndescription: Shows a thing.", "license: a --- b\nname: demo")
    text = text.replace("demo\n", "demo\ndescription: Shows a thing.\n")
    assert our_findings(text.encode(), "demo", Severity.ERROR) == set()
    assert our_findings(text.encode(), "demo", Severity.WARNING) == {"SG025"}
    assert their_errors(text.encode(), "demo")


def test_they_crash_on_bytes_that_are_not_utf8() -> None:
    data = GOOD.encode() + b"caf\xe9\n"
    assert our_findings(data, "demo", Severity.ERROR) == {"SG003"}
    with pytest.raises(UnicodeDecodeError):
        their_errors(data, "demo")
