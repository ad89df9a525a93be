"""Prevalence is counted from the evidence: each trajectory once, whatever it taught."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository
from rounds import ROUND, SKILL, account_of, edit, insert, pool, round_of, trajectory

from skillgit import cli, config
from skillgit.adapters.git import GitRepository
from skillgit.names import EditId, Oid, SkillPath
from skillgit.provenance.evidence import LessonRecord, RoundRecord, Source, TrajectoryRecord
from skillgit.publish.tables import Table, as_csv, as_markdown, as_text
from skillgit.review.dossier import Dossier
from skillgit.review.themes import By, Place, themes
from skillgit.stages.record import record
from skillgit.types import MANIFEST, CreateFile, Edit, Insert, LineRange, Patch, Replace, Skill

TEXT = (
    "---\nname: xlsx\ndescription: Work with sheets.\n---\n\n# Sheets\n\n"
    "Look at all of them.\n\n## Writing\n\nSave to the output.\n\nKeep the formats.\n\n"
    "## Checks\n\nThe file exists.\n"
)
BASE = Skill(SKILL, Oid("0f" * 20), {MANIFEST: TEXT.encode()})
NOTE = SkillPath("references/dates.md")
EDITS = (
    edit(1, Insert(MANIFEST, 12, "\nRecalculate."), range(7), "Recalculate after writing"),
    edit(2, Replace(MANIFEST, LineRange(14, 14), "Keep all formats."), (1, 3, 5), "Keep formats"),
    edit(3, Insert(MANIFEST, 18, "\nRead it back."), (0, 2, 4, 8), "Read it back"),
    edit(
        4,
        CreateFile(NOTE, "# Dates\n\nReal dates.", Insert(MANIFEST, 8, f"\nSee [{NOTE}]({NOTE}).")),
        (7,),
        "Write real dates",
    ),
)


def dossier_of(lessons: Sequence[Sequence[Edit]], size: int = 9) -> Dossier:
    """A round over so many trajectories; all of an edit's sources proposed something of it."""
    found = pool(size)
    known = {one.id: one for one in (*found.passed, *found.failed)}
    records = {}
    for number, edits in enumerate(lessons):
        names = sorted({source for one in edits for source in one.sources})
        records[Oid(f"{number:040x}")] = LessonRecord(
            ROUND,
            SKILL,
            BASE.commit,
            edits[0].lesson.title,
            "",
            tuple(edits),
            {one.id: tuple(EditId(f"{s}.{one.id[-1]}") for s in one.sources) for one in edits},
            size,
            tuple(Source(one, known[one].digest, known[one].outcome.result) for one in names),
            trajectory(number).digest,
        )
    told = RoundRecord(
        ROUND, SKILL, BASE.commit, 0, "m", "combined", {}, tuple(sorted(known)), (), ()
    )
    proposed = [one for edits in lessons for one in edits]
    patches = {
        name: Patch(
            name,
            tuple(
                Edit(EditId(f"{name}.{one.id[-1]}"), one.change, one.lesson, frozenset({name}))
                for one in proposed
                if name in one.sources
            ),
        )
        for name in known
    }
    listed = {
        name: TrajectoryRecord(name, one.digest, one.task, "", one.outcome, ())
        for name, one in known.items()
    }
    return Dossier(told, records, patches, trajectories=listed)


def test_themes_by_lesson_are_its_commits_with_their_exact_support() -> None:
    found = themes(dossier_of([(one,) for one in EDITS]), BASE, By.LESSON)
    rows = [
        (one.title, str(one.support), one.tasks, one.proposed, one.lessons, *map(str, one.places))
        for one in found.themes
    ]
    assert rows == [
        ("Recalculate after writing", "7/9 (4 fail, 3 pass)", 7, 7, (1,), "SKILL.md, Writing"),
        ("Read it back", "4/9 (4 fail, 0 pass)", 4, 4, (3,), "SKILL.md, Checks"),
        ("Keep formats", "3/9 (0 fail, 3 pass)", 3, 3, (2,), "SKILL.md, Writing"),
        ("Write real dates", "1/9 (0 fail, 1 pass)", 1, 1, (4,), "references/dates.md"),
    ]
    assert (found.citations, found.covered, str(found.analysed)) == (15, 9, "9/9 (5 fail, 4 pass)")


def test_themes_by_place_unite_the_sources_of_a_section() -> None:
    found = themes(dossier_of([(one,) for one in EDITS]), BASE, By.PLACE)
    assert [(one.title, one.support.sources, one.lessons) for one in found.themes] == [
        ("SKILL.md, Writing", 7, (1, 2)),
        ("SKILL.md, Checks", 4, (3,)),
        ("SKILL.md, Sheets", 1, (4,)),
    ]
    assert found.themes[0].proposed == 10


def test_themes_by_tree_part_a_lesson_into_what_was_merged() -> None:
    both = dossier_of([EDITS[:2], EDITS[2:]])
    assert [one.title for one in themes(both, BASE, By.LESSON).themes] == [
        "Recalculate after writing",
        "Read it back",
    ]
    found = themes(both, BASE, By.TREE)
    assert [(one.title, one.support.sources, one.lessons) for one in found.themes] == [
        ("Recalculate after writing", 7, (1,)),
        ("Read it back", 4, (2,)),
        ("Keep formats", 3, (1,)),
        ("Write real dates", 1, (2,)),
    ]


def test_without_the_base_places_are_files() -> None:
    found = themes(dossier_of([EDITS]), None, By.PLACE)
    assert [one.title for one in found.themes] == ["SKILL.md"]
    assert found.themes[0].places == (Place("SKILL.md"), Place("references/dates.md"))


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 8), min_size=1), st.integers(8, 18)), max_size=5),
    st.sampled_from(By),
)
def test_no_trajectory_counts_twice_in_a_theme(drawn: list[tuple[set[int], int]], by: By) -> None:
    edits = [insert(n, after, "words", taught) for n, (taught, after) in enumerate(drawn)]
    found = themes(dossier_of([(one,) for one in edits]), BASE, by)
    union = {number for taught, _ in drawn for number in taught}
    assert found.covered == len(union) <= found.citations
    assert found.citations <= sum(len(taught) for taught, _ in drawn)
    assert sum(one.proposed for one in found.themes) == sum(len(taught) for taught, _ in drawn)
    for one in found.themes:
        assert one.support.sources == one.support.failed + one.support.passed <= 9
        assert one.tasks == one.support.sources
    supports = [one.support.sources for one in found.themes]
    assert supports == sorted(supports, reverse=True)


# ------------------------------------------------------------------ the verb


@pytest.fixture
def made(repository: Callable[..., Repository]) -> Repository:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        record(repo, skill, EDITS, round_of(skill), account_of(EDITS), config.Record())
    return made


def test_the_verb_prints_the_table_of_a_recorded_round(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["-C", str(made.path), "themes", "latest", "--least", "2"]) == 0
    told = capsys.readouterr()
    head, first, *rest = told.out.splitlines()
    assert head.split() == ["Theme", "Support", "%", "Fail", "Pass", "Tasks", "Lessons", "Where"]
    assert first.split("  ")[0] == "Recalculate after writing"
    assert first.split()[3:] == ["7/9", "77.8", "4", "3", "7", "1", "SKILL.md,", "Writing"]
    assert [row.split("  ")[0] for row in rest] == ["Read it back"]
    assert "12 citations of 9 analysed trajectories (5 fail, 4 pass), 9 of which" in told.err
    assert "1 theme with less support is not shown" in told.err


def test_the_verb_as_json_csv_and_markdown(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> str:
        assert cli.run(["-C", str(made.path), "themes", ROUND[:12], *words]) == 0
        return capsys.readouterr().out

    document = json.loads(told("--json", "--by", "place"))
    assert document["schema"] == "skillgit.themes/1"
    assert document["themes"][0]["places"] == [{"path": "SKILL.md", "heading": "Writing"}]
    assert document["themes"][0]["share"] == 7 / 9
    rows = list(csv.DictReader(io.StringIO(told("--format", "csv"))))
    assert [row["Lessons"] for row in rows] == ["1", "2", "3"]
    assert told("--format", "markdown").splitlines()[1].startswith("| --- | --: | --: |")


def test_a_round_without_evidence_says_what_to_do(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made.git("update-ref", "-d", f"refs/skillgit/rounds/{ROUND}")
    assert cli.run(["-C", str(made.path), "themes"]) == 2
    assert "skillgit evidence fetch" in capsys.readouterr().err


def test_cells_are_data_in_each_layout(tmp_path: Path) -> None:
    hostile = ("=HYPERLINK(1)", 'a "b", | c\nd')
    table = Table(("Theme", "Where", "%"), ((*hostile, "-1.5"),), ("%",))
    [_, row] = csv.reader(io.StringIO(as_csv(table)))
    assert row == ["'=HYPERLINK(1)", hostile[1], "-1.5"]
    assert as_markdown(table).splitlines()[2].count(" | ") == 2
    assert len(as_text(table).splitlines()) == 2
