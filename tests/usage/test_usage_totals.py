"""Traces added up: trajectories are counted, by outcome, and nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traced import LEDGER, STEPS, call, numbered, skill, trajectory

from skillgit.evaluation.runs import SkillVersion
from skillgit.names import SkillPath
from skillgit.skill.digest import skill_digest
from skillgit.skill.lines import text_lines
from skillgit.stages.rollout.document import unread
from skillgit.types import MANIFEST, Result, Step
from skillgit.usage import Having, Kind, Reader, usage

RATES = SkillPath("references/rates.md")


def given_skill(digest: str, name: str = "ledger") -> Step:
    line = f"[SKILL.md as the agent was given it, of the skill {digest}]"
    return Step(1, "system", f"Its further files lie in /skills/{name}/.\n{line}")


def test_each_trajectory_counts_once_and_by_its_outcome() -> None:
    idle = (STEPS[0], STEPS[1], Step(3, "agent", "DONE"))
    found = usage(
        LEDGER,
        [
            numbered(1, trajectory(STEPS)),
            numbered(2, trajectory(STEPS, Result.FAIL)),
            numbered(3, trajectory(idle, Result.FAIL)),
            numbered(4, trajectory(idle, Result.UNKNOWN)),
        ],
    )

    assert (found.had.runs, found.had.passed, found.had.failed, found.had.unknown) == (4, 1, 2, 1)
    files = {one.path: one for one in found.files}
    assert (files[RATES].used.runs, files[RATES].used.passed, files[RATES].used.failed) == (2, 1, 1)
    assert files[RATES].kinds == {Kind.OPENED: 2, Kind.SHOWN: 2, Kind.NAMED: 2}
    dates = next(one for one in found.sections if one.title == "Dates")
    assert (dates.used.runs, dict(dates.kinds)) == (2, {"named": 2, "quoted": 2, "followed": 2})
    used = {n for n, count in enumerate(found.lines[MANIFEST], 1) if count}
    assert used == {12, 15, 19}
    assert set(found.lines[MANIFEST]) == {0, 2}
    assert [one.name for one in found.unused if one.path == MANIFEST] == [
        "Ledger",
        "Money",
        "Charts",
    ]
    assert [one.path for one in found.unopened] == ["references/charts.md", "scripts/chart.py"]


def test_what_was_never_used_says_whether_it_could_leave_a_trace() -> None:
    mute = skill({"SKILL.md": "---\nname: x\ndescription: d\n---\n\n# X\n\n## Tone\n\nBe kind.\n"})

    assert [(one.title, one.could) for one in usage(mute, []).sections] == [("X", 0), ("Tone", 0)]
    assert all(one.could for one in usage(LEDGER, []).sections if one.path == MANIFEST)


def test_reading_skill_md_is_no_use_of_its_sections() -> None:
    text = LEDGER.text(MANIFEST) or ""
    read = (
        STEPS[0],
        Step(
            2,
            "agent",
            calls=(call("bash", command="cat /skills/ledger/SKILL.md"),),
            observation=text,
        ),
    )

    found = usage(LEDGER, [trajectory(read)])

    assert {one.used.runs for one in found.sections} == {0}
    assert [(one.kind, str(one.lines)) for one in found.traces[0].hits] == [
        ("opened", "None"),
        ("shown", f"1-{len(text_lines(text))}"),
    ]
    assert found.files[0].used.runs == 1


def test_code_that_runs_without_the_skill_have_is_no_trace() -> None:
    stranger = (Step(1, "user", "do it"), replace(STEPS[5], number=2))

    found = usage(LEDGER, [trajectory(STEPS), numbered(2, trajectory(stranger))])

    assert (found.had.runs, found.without) == (1, 1)
    assert found.common == ("day = datetime . strptime ( text , ' % d . % m . % Y ' ) . date ( )",)
    assert Kind.FOLLOWED not in {hit.kind for hit in found.traces[0].hits}


def test_the_version_that_a_run_had_decides_whether_it_counts() -> None:
    own = skill_digest(LEDGER.files)
    reader = Reader(LEDGER)
    other = f"sha256:{'9' * 64}"

    assert reader.traces(trajectory((given_skill(own),))).having is Having.THIS
    assert reader.traces(trajectory((given_skill(other),))).having is Having.OTHER
    assert reader.traces(trajectory((given_skill(other, "xlsx"),))).having is Having.NONE
    harbor = replace(trajectory((Step(1, "user", "x"),)), skills=(own,))
    assert reader.traces(harbor).having is Having.THIS
    runs = [trajectory((given_skill(other),))]
    assert (usage(LEDGER, runs).had.runs, usage(LEDGER, runs).other) == (0, 1)
    assert usage(LEDGER, runs, any_version=True).had.runs == 1


def test_a_run_of_our_own_says_its_version_as_the_reader_expects_it() -> None:
    version = SkillVersion(LEDGER.root, LEDGER.commit, skill_digest(LEDGER.files))
    given_text = unread(LEDGER, version).text(MANIFEST) or ""

    found = Reader(LEDGER).traces(trajectory((Step(1, "system", given_text),)))

    assert found.having is Having.THIS


def test_a_skill_that_is_told_in_a_message_is_had() -> None:
    told = (Step(1, "user", LEDGER.text(MANIFEST) or ""), *STEPS[2:])

    found = Reader(LEDGER).traces(trajectory(told))

    assert found.having is Having.SOME
    # The skill's own lines are no task: what repeats them is a quotation now.
    assert (3, "quoted") in {(hit.step, hit.kind) for hit in found.hits}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200), st.text(max_size=120), st.booleans())
def test_whatever_stands_in_a_trajectory_it_is_read(text: str, said: str, as_json: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    arguments = call("bash", command=text) if as_json else replace(call("python"), arguments=text)
    steps = (Step(1, "agent", said, calls=(arguments,), observation=text), Step(2, "agent", text))

    found = usage(LEDGER, [trajectory(steps)], any_version=True)

    assert all(0 <= count <= found.had.runs for counts in found.lines.values() for count in counts)


@pytest.mark.parametrize("size", [2, 5])
def test_sections_and_lines_do_not_depend_on_the_order(size: int) -> None:
    runs = [numbered(n, trajectory(STEPS[: 3 + n])) for n in range(size)]

    forward, backward = usage(LEDGER, runs), usage(LEDGER, runs[::-1])

    assert forward.sections == backward.sections
    assert forward.lines == backward.lines
