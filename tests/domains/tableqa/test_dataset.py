"""WikiTableQuestions as it is published, and as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types

from skillgit.domains.answers import ceiling_answer, floor_answer
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.domains.tableqa.expected import Expected
from skillgit.domains.task import Task, TaskSet
from skillgit.errors import UsageError

SHARED = Path(__file__).parents[3] / "../shared/data/wikitablequestions"
HEAD = "id\tutterance\tcontext\ttargetValue"
QUESTION = {
    "id": "q-1",
    "utterance": "which city is largest?",
    "context": "csv/1-csv/2.csv",
    "targetValue": ["Oslo"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "wiki"
    (made / "csv/1-csv").mkdir(parents=True)
    (made / "csv/1-csv/2.csv").write_text('"City","Size"\n"The \\"Oslo\\"","700"\n')
    (made / "data").mkdir()
    return made


def lines(folder: Path, *rows: Mapping[str, object]) -> TaskSet:
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")
    return load_tasks(folder)


def expected(task: Task) -> Expected:
    return Expected.parse(task.cases[0].region)


# ------------------------------------------------------------------ what is read


def test_a_question_becomes_a_spreadsheet_task(folder: Path) -> None:
    (task,) = lines(folder, {**QUESTION, "targetCanon": ["x"], "targetCanonType": "string"}).tasks

    (case,) = task.cases
    assert (task.id, task.domain, task.group) == ("q-1", "tableqa", "string")
    assert task.query.startswith("which city is largest?\n\n")
    for place in ("input.xlsx", "sheet table", "output.xlsx", "sheet named Answer", "column A"):
        assert place in task.query
    assert "Oslo" not in task.query
    assert (case.answer, case.gold, list(case.inputs)) == ("output.xlsx", None, ["input.xlsx"])
    assert expected(task) == Expected(("Oslo",), ("x",))
    book = load_workbook(case.inputs["input.xlsx"])
    assert [[cell.value for cell in row] for row in book["table"].rows] == [
        ["City", "Size"],
        ['The "Oslo"', 700],
    ]


def test_the_published_layout_is_read_with_its_tagged_file(folder: Path) -> None:
    split = folder / "data/dev.tsv"
    split.write_text(
        f"{HEAD}\nnt-1\twhen\\nwas it?\tcsv/1-csv/2.csv\tMay 1|a\\pb \\\\n\n"
        "nt-2\thow many\u2028cities?\tcsv/1-csv/2.csv\t10 km\n",
        encoding="utf-8",
    )
    without = load_tasks(folder)
    tagged = folder / "tagged/data/dev.tagged"
    tagged.parent.mkdir(parents=True)
    tagged.write_text(
        f"{HEAD}\ttokens\ttargetCanon\ttargetCanonType\n"
        "nt-1\tq\tcsv/1-csv/2.csv\tMay 1|a\\pb\twhen|was\txx-05-01|a\\pb\tmixed\n"
        "nt-2\thow many?\tcsv/1-csv/2.csv\t10 km\thow\t10.0\tnumber\n",
        encoding="utf-8",
    )
    whole = load_tasks(split)

    assert without.remarks == ("dev.tsv: without tagged/data/dev.tagged verdicts are stricter",)
    assert [task.query.splitlines()[0] for task in whole.tasks] == ["when", "how many"]
    assert "how many\u2028cities?" in whole.tasks[1].query
    assert [task.group for task in whole.tasks] == ["mixed", "number"]
    assert [expected(task) for task in whole.tasks] == [
        Expected(("May 1", "a|b \\n"), ("xx-05-01", "a|b")),
        Expected(("10 km",), ("10.0",)),
    ]
    assert whole.remarks == ()
    assert [expected(task).canons for task in load_tasks(tagged).tasks] == [
        ("xx-05-01", "a|b"),
        ("10.0",),
    ]
    assert [task.digest for task in without.tasks] != [task.digest for task in whole.tasks]


def test_of_several_splits_one_must_be_named(folder: Path) -> None:
    for name in ("training", "pristine-unseen-tables"):
        (folder / f"data/{name}.tsv").write_text(f"{HEAD}\nnt-1\tq?\tcsv/1-csv/2.csv\ta\n")
    (folder / "data/other.tsv").write_text("a\tb\n")

    with pytest.raises(UsageError, match="it holds 2 sets: data/pristine") as told:
        load_tasks(folder)
    assert "pristine-unseen-tables.tsv, the test set" in told.value.hint
    assert len(load_tasks(folder / "data/training.tsv").tasks) == 1
    (folder / "data/pristine-unseen-tables.tsv").unlink()
    assert len(load_tasks(folder / "data").tasks) == 1


def test_what_is_odd_is_told_and_left_out(folder: Path) -> None:
    (folder / "csv/empty.csv").write_text("")
    (folder / "csv/torn.csv").write_text('"a')
    (folder.parent / "outside.csv").write_text("secret")
    (folder / "csv/link.csv").symlink_to(folder.parent / "outside.csv")
    odd: list[tuple[object, str]] = [
        ({"id": 7}, "question 2: left out: it has no id"),
        ({"id": "q-1"}, "q-1: left out: another question has the same id"),
        ({"utterance": " "}, "left out: it has no utterance"),
        ({"targetValue": "Oslo"}, "left out: it has no targetValue, a list of texts"),
        ({"targetValue": [1]}, "left out: it has no targetValue, a list of texts"),
        ({"context": None}, "left out: it has no context"),
        ({"context": "csv/gone.csv"}, "left out: there is no table csv/gone.csv"),
        ({"context": "../outside.csv"}, "left out: there is no table ../outside.csv"),
        ({"context": "csv/link.csv"}, "left out: there is no table csv/link.csv"),
        ({"context": "\0"}, "left out: there is no table \0"),
        ({"context": "csv/empty.csv"}, "left out: the table csv/empty.csv is empty"),
        ({"context": "csv/torn.csv"}, "left out: the table csv/torn.csv cannot be read: "),
        ({"targetCanon": ["a", "b"]}, "its targetCanon is not used: each value needs"),
        ({"targetCanon": "a"}, "its targetCanon is no list of texts, and not used"),
        ({"targetValue": [""]}, "q-16: no answer passes officially"),
    ]
    rows = [
        {**QUESTION, "id": f"q-{number}", **change}
        for number, (change, _) in enumerate(odd, 2)
        if isinstance(change, dict)
    ]

    whole = lines(folder, QUESTION, *rows)

    assert len(whole.remarks) == len(odd)
    assert [
        (told, remark)
        for (_, told), remark in zip(odd, whole.remarks, strict=True)
        if told not in remark
    ] == []
    assert [task.id for task in whole.tasks] == ["q-1", "q-14", "q-15", "q-16"]
    assert [expected(task).canons for task in whole.tasks] == [(), (), (), ()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "questions.jsonl, line 1: Expecting"),
        ("\n[]\n", "no usable question: question 1: left out: it has no id"),
        ("", "no usable question: there is none"),
        ("\xff", "can't decode"),
    ],
)
def test_what_is_no_set_of_questions(folder: Path, text: str, message: str) -> None:
    (folder / "questions.jsonl").write_bytes(text.encode("latin-1"))

    with pytest.raises(UsageError, match=message) as told:
        load_tasks(folder)
    assert "csv/" in told.value.hint


def test_questions_without_tables(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text(json.dumps(QUESTION))

    with pytest.raises(UsageError, match="there is no folder csv/"):
        load_tasks(tmp_path / "questions.jsonl")


def test_the_digest_is_the_same_wherever_the_set_lies(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lines(folder, QUESTION)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    moved = folder.rename(tmp_path / "moved")
    (moved / "csv").rename(tmp_path / "tables")
    (moved / "csv").symlink_to(tmp_path / "tables")

    after = load_tasks(moved / "questions.jsonl")

    assert after.digest == before.digest
    assert after.tasks[0].cases[0].inputs != before.tasks[0].cases[0].inputs
    (moved / "csv/1-csv/2.csv").write_text('"City"\n"Bergen"\n')
    assert load_tasks(moved).digest != before.digest


# ------------------------------------------------------------------ the real one


@pytest.mark.skipif(not SHARED.exists(), reason="the data set is not on this machine")
def test_the_real_questions_are_tasks(tmp_path: Path) -> None:
    whole = load_tasks(SHARED)
    domain = DOMAINS["tableqa"]

    assert (len(whole.tasks), whole.remarks) == (100, ())
    assert {task.group for task in whole.tasks} == {"date", "number", "string"}
    for number, task in enumerate(whole.tasks[::33]):
        (case,) = task.cases
        ceiling = ceiling_answer(domain, case, tmp_path / f"gold{number}")
        floor = floor_answer(case, tmp_path / f"floor{number}")
        assert ceiling is not None
        assert floor is not None
        assert domain.grade(case, ceiling).passed
        assert not domain.grade(case, floor).passed
