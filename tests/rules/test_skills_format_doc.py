"""SKILLS_FORMAT.md says what the code does: rules, limits, trailers, evidence, formats."""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from skillgit.adapters import folders, runs
from skillgit.adapters.leftovers import copy_leftovers
from skillgit.evaluation.comparison import Verdict
from skillgit.evaluation.runs import Ended, RunResult, SkillVersion
from skillgit.names import Digest, Oid, RoundId, TrajectoryId
from skillgit.pipeline import DRAFTS
from skillgit.provenance import evidence
from skillgit.provenance.squash import Squash, SquashedLesson, render_squash
from skillgit.provenance.trailers import MOST_SOURCES, SUBJECT_WIDTH, Trailers, render
from skillgit.publish.body import MOST_TRAILERS
from skillgit.rules import RULES, Profile, RuleInfo, limits
from skillgit.rules.fields import RESERVED
from skillgit.rules.format import CLAUDE_FIELDS, FIELDS
from skillgit.skill import frontmatter
from skillgit.trajectories.importers import IMPORTERS
from skillgit.types import (
    Cause,
    CreateFile,
    DeleteFile,
    Edit,
    Excluded,
    Exclusion,
    Fate,
    GateReport,
    Harm,
    Insert,
    Lesson,
    Memory,
    MergeRecord,
    Outcome,
    Patch,
    Proof,
    Quote,
    Replace,
    Result,
    State,
    Step,
    ToolCall,
    Trajectory,
    Usage,
)

TEXT = (Path(__file__).parents[2] / "SKILLS_FORMAT.md").read_text(encoding="utf-8")
CLAUSE = re.compile(
    r"^### (\d+\.\d+) (SG\d{3}): (.+)\n\n\*(.+?); (.+)\.\*\n((?:.+\n)+)", re.MULTILINE
)
CLAUSES = {found[2]: found for found in CLAUSE.finditer(TEXT)}


def section(number: str) -> str:
    """The text under a heading with this number, up to the next heading of its level."""
    marks = "##" if "." not in number else "###"
    body = rf"(?:(?!#{{2,{len(marks)}}} ).*\n)*"
    found = re.search(rf"^{marks} {re.escape(number)}\.? .*\n({body})", TEXT, re.MULTILINE)
    assert found, number
    return found[1]


def first_cells(text: str) -> list[str]:
    """The first cells of the rows of all tables, if they are code."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def row_of(number: str, first: str) -> str:
    """The row of a section's tables that begins with this code."""
    found = re.search(rf"^\| `{re.escape(first)}` \|.*$", section(number), re.MULTILINE)
    assert found, (number, first)
    return found[0]


def grades(info: RuleInfo) -> str:
    each = [info.grades.of(profile) for profile in Profile]
    if len(set(each)) == 1:
        return str(each[0])
    return ", ".join(f"{p}: {grade or 'off'}" for p, grade in zip(Profile, each, strict=True))


def test_each_rule_is_a_clause_and_each_clause_a_rule() -> None:
    assert [found[2] for found in CLAUSE.finditer(TEXT)] == list(RULES)
    for rule, info in RULES.items():
        said = CLAUSES[rule].group(1, 3, 4, 5)
        assert said == (info.clause, info.summary, str(info.source), grades(info))


def test_all_rules_that_are_mentioned_exist() -> None:
    assert {*re.findall(r"SG\d{3}", TEXT)} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ("SG007", frontmatter.MAX_CHARS),
        ("SG007", frontmatter.MAX_DEPTH),
        ("SG012", limits.MAX_NAME),
        ("SG017", limits.MAX_DESCRIPTION),
        ("SG021", limits.MAX_COMPATIBILITY),
        ("SG108", limits.SKILL_LINES),
        ("SG108", limits.SKILL_TOKENS),
        ("SG108", limits.CHARACTERS_PER_TOKEN),
        ("SG109", limits.REFERENCE_LINES),
        ("SG109", limits.MAX_TEXT),
    ],
)
def test_limits_are_those_of_the_code(rule: str, limit: float) -> None:
    assert re.search(rf"(?<![\d.]){re.escape(str(limit))}(?!\d)", CLAUSES[rule][0])


def test_limits_of_the_search() -> None:
    text = section("1")
    for limit in (folders.MAX_DEPTH, folders.MAX_FILES, limits.MAX_TEXT):
        assert re.search(rf"\b{limit}\b", text)
    assert folders.MAX_BYTES == limits.MAX_TEXT + 1


def test_lists_of_words_are_those_of_the_code() -> None:
    named = re.findall(r"`([a-z-]+)`", CLAUSES["SG010"][6])
    assert named == [*FIELDS, "claude", *CLAUDE_FIELDS]
    assert re.findall(r"`([a-z]+)`", CLAUSES["SG019"][6]) == list(RESERVED)


def test_differences_that_the_tests_know_are_told() -> None:
    source = Path(__file__).with_name("test_rules_differential.py").read_text(encoding="utf-8")
    known = set(re.findall(r'^    "(SG\d{3})": (?!CUT)', source, re.MULTILINE))
    known |= set(re.findall(r'STRICTER = \{"(SG\d{3})"', source))
    assert known
    assert known <= set(re.findall(r"SG\d{3}", section("6")))


def test_trailers() -> None:
    source = evidence.Source(
        TrajectoryId(f"t-{'0' * 12}"), Digest(f"sha256:{'0' * 64}"), Result.PASS
    )
    trailers = Trailers(
        round=RoundId("20261121T231905Z-7f3ac1"),
        skill="skills/xlsx",
        base=Oid("0" * 40),
        patch=source.digest,
        support=evidence.Support.of([source], 1),
        evidence=Oid("0" * 40),
        sources=(source,),
        model="qwen",
    )
    keys = [line.split(": ")[0] for line in render(trailers).splitlines()]
    lessons, _, squashes = section("7").partition("A squash merge")
    assert first_cells(lessons.partition("the trailers,\n")[2]) == keys
    squash = Squash(
        trailers.round,
        trailers.skill,
        trailers.base,
        trailers.evidence,
        (SquashedLesson(trailers.evidence, trailers.patch),),
        trailers.model,
    )
    assert first_cells(squashes) == [
        line.split(": ")[0] for line in render_squash(squash).splitlines()
    ]
    assert f"at most {MOST_TRAILERS}" in squashes
    assert re.search(rf"\b{MOST_SOURCES}; the document", section("7"))
    assert re.search(rf"\b{SUBJECT_WIDTH} characters", section("7"))


DOCUMENTS: dict[str, type] = {
    "8.1": evidence.RoundRecord,
    "8.2": evidence.TrajectoryList,
    "8.3": evidence.LessonRecord,
    "8.4": Patch,
    "8.5": MergeRecord,
    "8.6": evidence.WithheldList,
    "8.7": Trajectory,
    "8.11": GateReport,
    "8.12": evidence.Refusal,
}
EXTRA = {"8.2": [each.name for each in fields(evidence.TrajectoryRecord)], "8.3": ["support"]}


@pytest.mark.parametrize("number", DOCUMENTS)
def test_evidence_documents(number: str) -> None:
    kind = DOCUMENTS[number]
    assert first_cells(section(number)) == [
        *(each.name for each in fields(kind)),
        *EXTRA.get(number, []),
    ]
    schema = re.search(rf"^### {number} `(.+)`$", TEXT, re.MULTILINE)
    assert schema
    reading = evidence.read(kind, json.dumps({"schema": schema[1]}).encode())
    assert isinstance(reading, evidence.Unreadable)
    assert "schema" not in reading.reason


def test_no_evidence_document_is_left_out() -> None:
    assert set(get_args(evidence.Document)) == set(DOCUMENTS.values())
    named = first_cells(section("8").partition("### ")[0])
    assert [name.partition("/")[0].removesuffix(".json") for name in named] == [
        "round",
        "trajectories",
        "lessons",
        "patches",
        "merges",
        "gate",
        "withheld",
        "trajectories",
    ]
    assert evidence.lesson_path(7, "A Title") == "lessons/007-a-title.json"
    assert f"`{evidence.round_ref(RoundId('20261121T231905Z-7f3ac1'))}`".replace(
        "20261121T231905Z-7f3ac1", "<round>"
    ) in section("8")


@pytest.mark.parametrize(
    ("number", "kind"),
    [("8.8", Edit), ("8.9", Fate), ("8.10", Proof)],
)
def test_parts_of_the_evidence(number: str, kind: type) -> None:
    names = [each.name for each in fields(kind)]
    assert first_cells(section(number))[: len(names)] == names


@pytest.mark.parametrize(
    ("number", "row", "kind"),
    [
        ("8.1", "excluded", Excluded),
        ("8.2", "outcome", Outcome),
        ("8.2", "quotes", Quote),
        ("8.3", "sources", evidence.Source),
        ("8.4", "causes", Cause),
        ("8.4", "memories", Memory),
        ("8.6", "withheld", evidence.WithheldRecord),
        ("8.7", "steps", Step),
        ("8.7", "steps", ToolCall),
        ("8.8", "lesson", Lesson),
        ("8.8", "insert", Insert),
        ("8.8", "replace", Replace),
        ("8.8", "create", CreateFile),
        ("8.8", "delete", DeleteFile),
        ("8.11", "dropped", Harm),
        ("12.1", "skill", SkillVersion),
        ("12.1", "usage", Usage),
    ],
)
def test_small_shapes(number: str, row: str, kind: type) -> None:
    assert {each.name for each in fields(kind)} <= set(re.findall(r"`(\w+)`", row_of(number, row)))


def test_words_of_states_and_results() -> None:
    for state in State:
        assert f"`{state}`" in section("8.9")
    for kind in Exclusion:
        assert f"`{kind}`" in section("8.1")
    for result in Result:
        assert f"`{result}`" in section("8.2")
    for verdict in Verdict:
        assert f"`{verdict}`" in section("8.11")
    for ended in Ended:
        assert f"`{ended}`" in section("12.1")


def test_branches() -> None:
    named = re.findall(r"^\| `<prefix>/(.+?)` \|", section("7"), re.MULTILINE)
    rounds = ["<skill>/<round>", f"{DRAFTS}/<skill>/<round>"]
    assert named == [*rounds, "<skill>/new", "revert-<digest>"]


def test_what_a_run_leaves() -> None:
    assert re.search(rf"^### 12\.1 `{re.escape(runs.SCHEMA)}`$", TEXT, re.MULTILINE)
    result = [each.name for each in fields(RunResult)]
    assert first_cells(section("12.1")) == [*result, "task_name", "rewards", "left_out"]
    layout = section("12").partition("### ")[0]
    for name in (runs.TRAJECTORY, runs.RESULT, f"{runs.WORK}/"):
        assert re.search(rf"(?m)[/ ]{re.escape(name)} ", layout)


def test_what_is_left_out_of_a_run(tmp_path: Path) -> None:
    left, kept = tmp_path / "left", tmp_path / "kept"
    left.mkdir()
    kept.mkdir()
    (left / "link").symlink_to("elsewhere")
    os.mkfifo(left / "pipe")
    for kind in copy_leftovers(left, kept):
        assert f"`{kind}`" in row_of("12.1", "left_out")


def test_formats_of_trajectories() -> None:
    rows = re.findall(r"^\| ([^|`]+?) \|", section("9"), re.MULTILINE)
    known = {importer.format for importer in IMPORTERS}
    assert {"ATIF", "chat messages", "graded rollout"} <= set(rows) - {"format"} <= known
    assert "(.github/IMPORTERS.md)" in section("9"), "which a test of its own holds to the rest"
