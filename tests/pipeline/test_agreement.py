"""Two rounds on the same trajectories: what agrees, contradicts, survives, and what is chance."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository
from rounds import ROUND, SKILL, pool, round_of

from skillgit import cli, config
from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.names import EditId, Oid, RoundId
from skillgit.pipeline.agreeing import Judge, best_of
from skillgit.pipeline.agreement import Agreement, Verdict, agreement, verdict_of
from skillgit.provenance.evidence import RoundRecord, TrajectoryRecord
from skillgit.review.dossier import Dossier
from skillgit.stages.record import Account, record
from skillgit.types import (
    MANIFEST,
    Cause,
    Change,
    Edit,
    Excluded,
    Exclusion,
    Fate,
    Insert,
    Lesson,
    LineRange,
    Patch,
    Proof,
    Quote,
    Replace,
    Result,
    Skill,
    State,
)

TEXT = (
    "---\nname: xlsx\ndescription: Work with sheets.\n---\n\n# Sheets\n\n## Writing\n\n"
    "Save to the output.\n\nKeep the formats.\n\n## Checks\n\nThe file exists.\n"
)
BASE = Skill(SKILL, Oid("0f" * 20), {MANIFEST: TEXT.encode()})
OTHER = RoundId("20261122T101500Z-0a1b2c")
SIZE = 12
FOUND = pool(SIZE)
FAILED = [one.id for one in FOUND.failed]
READ_BACK = "Reopen the saved workbook and compare the cells."
DATES = "Write dates as datetime values."
NO_DATES = "Do not write dates as datetime values."
WRITING, CHECKS = 10, 16


def edit(number: int, at: int | Change, words: str = "", step: int = 1) -> Edit:
    """What the analyst of the n-th failed run proposes: words after a line, or a change."""
    name = FAILED[number]
    change = Insert(MANIFEST, at, words) if isinstance(at, int) else at
    quote = Quote(name, step, LineRange(1, 1), "said")
    return Edit(
        EditId(f"{name}.1"), change, Lesson(words[:40] or "x", "why"), frozenset({name}), (quote,)
    )


def dossier(
    patches: Mapping[int, Sequence[Edit]],
    name: RoundId = ROUND,
    excluded: Mapping[int, Exclusion] | None = None,
    **settings: str,
) -> Dossier:
    """A round in which the n-th failed run's analyst proposed this; none of it survived."""
    told = RoundRecord(
        name,
        SKILL,
        BASE.commit,
        0,
        "m",
        "error",
        settings,
        tuple(FAILED[n] for n in patches),
        tuple(Excluded(FAILED[n], "", kind) for n, kind in (excluded or {}).items()),
        (),
    )
    known = {
        one.id: TrajectoryRecord(one.id, one.digest, one.task, "", one.outcome, ())
        for one in (*FOUND.passed, *FOUND.failed)
    }
    listed = {FAILED[n]: Patch(FAILED[n], tuple(edits)) for n, edits in patches.items()}
    return Dossier(told, {}, listed, trajectories=known)


def compared(one: Dossier, other: Dossier, about: str = "") -> Agreement:
    pattern = re.compile(about) if about else None
    return agreement((one, other), (BASE, BASE), frozenset({Result.FAIL}), pattern)


@pytest.mark.parametrize(
    ("one", "other", "verdict", "same"),
    [
        ((WRITING, READ_BACK), (WRITING, READ_BACK), "strong", "lines section words wording"),
        ((WRITING, READ_BACK), (12, f"{READ_BACK} Then save."), "strong", "section words"),
        ((WRITING, READ_BACK), (CHECKS, READ_BACK), "partial", "words wording"),
        ((WRITING, READ_BACK), (WRITING, DATES), "partial", "lines section"),
        ((WRITING, READ_BACK), (12, DATES), "clear", "section"),
        ((WRITING, READ_BACK), (CHECKS, DATES), "clear", ""),
        ((WRITING, DATES), (WRITING, NO_DATES), "clear", "lines section words contrary"),
    ],
)
def test_a_pair_of_edits_is_judged_by_place_and_words(
    one: tuple[int, str], other: tuple[int, str], verdict: str, same: str
) -> None:
    alike = best_of(Judge(BASE, BASE), [edit(0, *one)], [edit(0, *other)])
    assert " ".join(name for name in alike.MEASURES if getattr(alike, name)) == same
    assert verdict_of(alike).startswith(verdict)


def test_other_words_for_the_same_lines_are_a_contradiction() -> None:
    line = LineRange(WRITING, WRITING)
    ones = [edit(0, Replace(MANIFEST, line, "Save under another name."))]
    others = [edit(0, Replace(MANIFEST, line, "Recalculate first."))]
    alike = best_of(Judge(BASE, BASE), ones, others)
    assert alike.contrary
    assert verdict_of(alike) is Verdict.DISAGREE
    agreed = [*ones, edit(0, CHECKS, READ_BACK)], [*others, edit(0, CHECKS, READ_BACK)]
    assert verdict_of(best_of(Judge(BASE, BASE), *agreed)) is Verdict.STRONG


def test_lines_of_two_versions_are_not_compared_and_it_says_so() -> None:
    newer = replace(BASE, files={MANIFEST: TEXT.replace("# Sheets", "# Sheets\n\nNew.").encode()})
    for judge, said in (
        (Judge(BASE, newer), "two versions"),
        (Judge(BASE, None), "not here"),
        (Judge(BASE, replace(BASE, commit=Oid("1" * 40))), ""),
    ):
        alike = best_of(judge, [edit(0, WRITING, READ_BACK)], [edit(0, WRITING, READ_BACK)])
        assert alike.lines is (not said)
        assert said in " ".join(judge.remarks)


def test_each_shared_trajectory_is_accounted_for_on_both_sides() -> None:
    one = dossier(
        {0: [edit(0, WRITING, READ_BACK)], 1: [], 2: [edit(2, WRITING, DATES)]},
        excluded={3: Exclusion.UNPROVEN, 4: Exclusion.FALSE_FAILURE},
    )
    other = dossier({n: [edit(n, WRITING, READ_BACK)] for n in range(5)}, OTHER)
    found = compared(one, other)
    assert len(found.cases) == len(FAILED) == 6
    assert dict(found.sides[0].ends) == {
        "diagnosed": 2,
        "false failure": 1,
        "not analysed": 1,
        "nothing to teach": 1,
        "unproven": 1,
    }
    assert dict(found.sides[1].ends) == {"diagnosed": 5, "not analysed": 1}
    assert [one.trajectory for one in found.both] == [FAILED[0], FAILED[2]]
    assert found.false_failures == (0, 1)
    counts = found.counts()
    assert [counts[verdict] for verdict in Verdict] == [1, 1, 0]
    assert (counts["lines"], counts["words"]) == (2, 1)


def test_chance_is_what_edits_of_other_trajectories_have_in_common() -> None:
    words = [f"{w} {w}x {w}y {w}z" for w in ("alpha", "beta", "gamma", "delta")]
    one = dossier({n: [edit(n, CHECKS, said)] for n, said in enumerate(words)})
    found = compared(one, replace(one, round=replace(one.round, round=OTHER)))
    assert found.counts()[Verdict.STRONG] == 4
    assert found.chance[Verdict.STRONG] == 0
    assert found.chance["lines"] == 1
    same = dossier({n: [edit(n, CHECKS, READ_BACK)] for n in range(4)})
    assert compared(same, same).chance[Verdict.STRONG] == 1


def test_what_analysts_speak_of_is_counted_and_so_are_the_steps_that_they_quote() -> None:
    one = dossier({0: [edit(0, WRITING, READ_BACK, step=3)], 1: [edit(1, WRITING, DATES)]})
    other = dossier({n: [edit(n, WRITING, f"A parse error. {DATES}", step=n)] for n in range(2)})
    cause = Cause("it read the wrong step", (Quote(FAILED[0], 3, LineRange(1, 1), "x"),))
    quoted = replace(other.patches[FAILED[0]], causes=(cause,))
    other = replace(other, patches={**other.patches, FAILED[0]: quoted})
    found = compared(one, other, "parse error")
    assert [case.about for case in found.both] == [(False, True)] * 2
    assert [case.same_step for case in found.both] == [True, True]


def test_rounds_without_a_trajectory_in_common_are_refused() -> None:
    one = dossier({0: [edit(0, WRITING, READ_BACK)]})
    other = replace(one, trajectories={})
    with pytest.raises(UsageError, match="no trajectory in common that ended with fail"):
        compared(one, other)


@given(
    st.lists(
        st.dictionaries(st.integers(0, 5), st.sampled_from([READ_BACK, DATES, NO_DATES])),
        min_size=2,
        max_size=2,
    ),
    st.sampled_from([WRITING, CHECKS]),
)
def test_agreement_is_symmetric_and_adds_up(drawn: list[dict[int, str]], line: int) -> None:
    one, other = (
        dossier({n: [edit(n, at, said)] for n, said in each.items()})
        for each, at in zip(drawn, (WRITING, line), strict=True)
    )
    there, back = compared(one, other), compared(other, one)
    assert there.counts() == back.counts()
    assert sum(there.counts()[verdict] for verdict in Verdict) == len(there.both)
    assert len(there.both) == len(drawn[0].keys() & drawn[1].keys())
    for side in (*there.sides, *back.sides):
        assert sum(side.ends.values()) == len(FAILED)
    itself = compared(one, one)
    assert itself.counts()[Verdict.STRONG] == len(itself.both) == len(drawn[0])


# ------------------------------------------------------------------ the verb


@pytest.fixture
def made(repository: Callable[..., Repository]) -> Repository:
    """Two recorded rounds: one proved its causes, the other was made of single calls."""
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    proof = Proof("print(1)", FOUND.failed[0].digest, 2, 1, 3)
    lessons = {ROUND: (range(4), READ_BACK, "agentic"), OTHER: (range(1, 6), DATES, "single-call")}
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        for name, (numbers, words, analyst) in lessons.items():
            edits = [edit(n, WRITING, READ_BACK if n < 3 else words) for n in numbers]
            kept = replace(edits[0], sources=edits[0].sources | edits[1].sources)
            fates = [Fate(edits[1].id, State.MERGED, "", kept.id)]
            fates += [Fate(one.id, State.WITHHELD, "low support") for one in edits[2:]]
            patches = tuple(
                Patch(FAILED[n], (one,), proof=proof if analyst == "agentic" else None)
                for n, one in zip(numbers, edits, strict=True)
            )
            account = Account(FOUND, tuple(FAILED[n] for n in numbers), patches, fates=tuple(fates))
            told = replace(round_of(skill, name), settings={"analyze.error_analyst": analyst})
            record(repo, skill, [kept], told, account, config.Record())
    return made


def test_the_verb_tells_both_sides_and_the_measures(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["-C", str(made.path), "agreement", ROUND[:10], OTHER]) == 0
    rows = {
        re.split(r"\s{2,}", line.strip())[0]: re.split(r"\s{2,}", line.strip())[1:]
        for line in capsys.readouterr().out.splitlines()
        if line
    }
    assert rows["6 trajectories"] == [ROUND, OTHER]
    assert rows["analysts of failures"] == ["agentic", "single-call"]
    assert rows["diagnosed"] == ["4", "5"]
    assert rows["proven"] == ["4", "0"]
    assert rows["edits that survived"] == ["2 (50.0 %)", "2 (40.0 %)"]
    assert rows["diagnosed by both"] == ["3"]
    assert rows["strong agreement"][:2] == ["2", "66.7"]
    assert rows["partial agreement"][:2] == ["1", "33.3"]
    assert rows["survived on both sides, strong agreement"] == ["1 of 2", "50.0"]


def test_the_verb_as_json_csv_and_case_by_case(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> str:
        assert cli.run(["-C", str(made.path), "agreement", ROUND, OTHER, *words]) == 0
        return capsys.readouterr().out

    document = json.loads(told("--json", "--about", "DATETIME"))
    assert document["schema"] == "skillgit.agreement/1"
    assert document["both"] == 3
    assert document["counts"]["strong agreement"] == 2
    assert [case["about"] for case in document["cases"] if case["verdict"]][-1] == [False, True]
    rows = list(csv.DictReader(io.StringIO(told("--format", "csv"))))
    assert rows[0]["n"] == "3"
    cases = told("--cases").splitlines()
    assert len(cases) == 7
    assert sum("strong agreement" in line for line in cases) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([ROUND, OTHER, "--about", "("], "reading --about '('"),
        ([ROUND, "nothing"], "none of that name"),
    ],
)
def test_what_cannot_be_compared_says_why(
    made: Repository, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cli.run(["-C", str(made.path), "agreement", *words]) == 2
    assert said in capsys.readouterr().err


def test_passed_runs_can_be_compared_as_well(made: Repository, tmp_path: Path) -> None:
    del tmp_path
    assert cli.run(["-C", str(made.path), "agreement", ROUND, OTHER, "--of", "pass"]) == 0
