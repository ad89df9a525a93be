from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.errors import UsageError
from skillgit.names import SkillPath
from skillgit.rules import RULES, Group, Profile, check_skill, estimated_tokens, explain
from skillgit.rules.format import CLAUDE_FIELDS, FIELDS
from skillgit.types import Finding, Severity

MANIFEST = SkillPath("SKILL.md")
GOOD = b"---\nname: demo\ndescription: Shows a thing.\n---\n# Demo\n"


def found(data: bytes, profile: Profile = Profile.SPEC) -> list[tuple[str, int, int]]:
    findings = check_skill({MANIFEST: data}, "demo", profile=profile)
    return [(each.rule, each.line, each.column) for each in findings]


def test_bytes_that_are_not_utf8() -> None:
    files = {MANIFEST: GOOD + b"a.md\n", SkillPath("references/a.md"): b"x\ncaf\xe9\n"}
    (finding,) = check_skill(files, "demo")
    assert finding == Finding(
        "SG003",
        Severity.ERROR,
        "references/a.md",
        "not UTF-8: byte 0xe9 at offset 5; save the file as UTF-8",
        2,
        4,
    )
    assert found(GOOD + b"\xff") == [("SG003", 6, 1)]
    assert found(GOOD.decode().encode("utf-16")) == [("SG003", 1, 1)]


def test_other_files_may_hold_any_bytes() -> None:
    assert check_skill({MANIFEST: GOOD, SkillPath("assets/a.png"): b"\xff\x00"}, "demo") == ()


def test_byte_order_mark() -> None:
    assert found(b"\xef\xbb\xbf" + GOOD) == [("SG004", 1, 1)]


def test_carriage_returns_are_accepted() -> None:
    assert found(GOOD.replace(b"\n", b"\r\n"), Profile.PORTABLE) == []


def test_paths_that_were_refused() -> None:
    (finding,) = check_skill({MANIFEST: GOOD}, "demo", refused={"a\\b": "written elsewhere"})
    assert (finding.rule, finding.path) == ("SG112", "a\\b")
    assert finding.message == "unsafe path: written elsewhere"


def test_findings_come_in_the_order_of_places() -> None:
    files = {
        MANIFEST: b"---\nname: Demo\nversion: 1\n---\n[a](b.md) [c](d.md)\n",
        SkillPath("references/z.md"): b"```\n",
    }
    places = [(each.path, each.line, each.column) for each in check_skill(files, "demo")]
    assert places == sorted(places)
    assert len(places) == 8


def test_a_long_text_is_named_and_not_parsed() -> None:
    begun = time.process_time()
    findings = check_skill({MANIFEST: GOOD + b"[a](b.md)\n" * 2_000_000}, "demo")
    assert [(each.rule, each.message) for each in findings] == [
        ("SG109", "over 1048576 bytes: too long to be looked at")
    ]
    assert time.process_time() - begun < 3


def test_many_files_take_a_moment_only() -> None:
    files = {SkillPath(f"references/f{n}.md"): b"[x](f1.md)\n" for n in range(600)}
    begun = time.process_time()
    check_skill({MANIFEST: GOOD, **files}, "demo")
    assert time.process_time() - begun < 5


def test_each_rule_can_be_explained() -> None:
    for rule_id, info in RULES.items():
        text = explain(rule_id)
        assert text.startswith(f"{rule_id}: {info.summary}.\n")
        assert "\nBad:\n    " in text
        assert "\nGood:\n    " in text
        assert info.clause in text
        assert info.summary[0].isupper()
        assert not info.summary.endswith(".")


def test_rules_are_asked_for_in_any_spelling() -> None:
    assert explain("sg011") == explain(" SG011 ") == explain("SG011")
    with pytest.raises(UsageError, match="there is no rule 'SG999'") as error:
        explain("SG999")
    assert error.value.hint


def test_ids_are_in_order_and_say_their_group() -> None:
    assert list(RULES) == sorted(RULES)
    assert {RULES[rule].group for rule in RULES} == set(Group)
    assert (RULES["SG011"].clause, RULES["SG104"].clause) == ("2.11", "3.4")
    assert (RULES["SG201"].clause, RULES["SG309"].clause) == ("4.1", "5.9")


def test_only_claude_knows_more_fields() -> None:
    assert not set(FIELDS) & set(CLAUDE_FIELDS)
    text = GOOD.replace(b"\n---\n#", b"\nmodel: big\n---\n#")
    assert found(text) == found(text, Profile.PORTABLE) == [("SG010", 4, 1)]
    assert found(text, Profile.CLAUDE) == []


def test_tokens_are_estimated_upwards() -> None:
    assert [estimated_tokens("x" * count) for count in (0, 1, 7, 8)] == [0, 1, 2, 3]


WORDS = "---|\n|\n|\r\n|name: demo|description: x|metadata:|  a: b|# A|```|- x|[a](b.md)"
MORE = "[a](%zz)|[a](//x)|![](\\x)|TODO|.## x|`|\x00|\u2028|é|../|<|: |'"
PIECES = st.sampled_from([*WORDS.split("|"), *MORE.split("|")])
TEXTS = st.lists(PIECES, max_size=25).map(lambda pieces: "".join(pieces).encode())
DATA = st.binary(max_size=80) | TEXTS | TEXTS.map(lambda text: GOOD + text)
PATHS = st.sampled_from(
    [
        "SKILL.md",
        "skill.md",
        "references/a.md",
        "references/A.md",
        "references/a/b.md",
        "x.png",
        "é",
    ]
).map(SkillPath)
MODES = st.dictionaries(PATHS, st.sampled_from(["100755", "120000", "160000"]), max_size=2)


@given(st.dictionaries(PATHS, DATA, max_size=4), MODES, st.sampled_from(Profile))
def test_any_files_give_findings_and_no_crash(
    files: dict[SkillPath, bytes], modes: dict[SkillPath, str], profile: Profile
) -> None:
    findings = check_skill(files, "demo", modes=modes, profile=profile)
    assert findings == check_skill(files, "demo", modes=modes, profile=profile)
    for each in findings:
        assert each.rule in RULES
        assert each.severity is RULES[each.rule].grades.of(profile)
        assert each.path in {*files, *modes, "SKILL.md"}
        assert each.line <= files.get(SkillPath(each.path), b"").count(b"\n") + 1


SHARED = Path(__file__).parents[2] / "../shared/data/skills"
CLASSES = {
    "no-frontmatter": "SG005",
    "name-dir-mismatch": "SG014",
    "unexpected-field": "SG010",
    "SKILL.md-missing(case)": "SG002",
    "name-invalid-chars": "SG013",
    "name-not-lowercase": "SG013",
    "name-missing": "SG011",
    "yaml-invalid(strictyaml)": "SG009",
    "yaml-invalid": "SG007",
    "frontmatter-unclosed": "SG006",
    "compatibility-nonstring": "SG021",
    "description-missing": "SG016",
    "description-too-long": "SG017",
    "triple-dash-in-frontmatter": "SG025",
}
EXPLAINED = {("SG022", "'updated' in metadata is a date; quote it")}
"""The specification wants texts; skills-ref turns anything into one."""


def _listed(kind: str) -> list[tuple[Path, list[str]]]:
    manifest = SHARED / "MANIFEST.tsv"
    if not manifest.is_file():
        return []
    rows = [line.split("\t") for line in manifest.read_text(encoding="utf-8").splitlines()]
    listed = [(SHARED / row[1], row[4].split(";")) for row in rows if row[0] == kind]
    return [(path, rules) for path, rules in listed if path.is_dir()]


def _check(folder: Path) -> tuple[Finding, ...]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = {SkillPath(path.relative_to(folder).as_posix()): path.read_bytes() for path in paths}
    return check_skill(files, folder.name)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_valid_skills_of_others_have_no_errors_of_format() -> None:
    listed = _listed("valid")
    assert listed
    for folder, _ in listed:
        errors = {
            (each.rule, each.message)
            for each in _check(folder)
            if each.severity is Severity.ERROR and RULES[each.rule].group is Group.FORMAT
        }
        assert errors <= EXPLAINED, folder


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_malformed_skills_of_others_are_caught_by_the_right_rule() -> None:
    listed = _listed("malformed")
    assert listed
    for folder, classes in listed:
        rules = {each.rule for each in _check(folder)}
        expected = {CLASSES[each] for each in classes}
        if "SG004" in rules:  # read on behind the mark, where skills-ref stops
            expected -= {"SG005"}
        assert expected <= rules, folder
