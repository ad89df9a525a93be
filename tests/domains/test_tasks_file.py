"""tasks.toml: what a person writes, and what a person is told who wrote it wrongly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from workbooks import workbook

from skillgit.domains import tasks_file
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import TaskSet
from skillgit.errors import UsageError

FORMAT = (Path(__file__).parents[2] / "SKILLS_FORMAT.md").read_text(encoding="utf-8")
SECTION = FORMAT.split("\n### 11.1 ")[1].split("\n### 11.2 ")[0]
HEAD = 'schema = "skillgit.tasks/1"\ndomain = "text"\n'
TASK = '[[task]]\nid = "sum"\nquery = "Add."\nexpected = "42"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tasks"
    for side in ("files", "gold"):
        for name in ("north", "south"):
            workbook(made / side / f"{name}.xlsx", {"Sales": {"A1": f"{side} {name}"}})
    (made / "a.csv").write_text("1,2\n")
    (made / "b.csv").write_text("3,4\n")
    return made


def loaded(folder: Path, text: str) -> TaskSet:
    (folder / "tasks.toml").write_text(text, encoding="utf-8")
    return load_tasks(folder)


def refusal(folder: Path, text: str) -> tuple[str, str]:
    with pytest.raises(UsageError) as refused:
        loaded(folder, text)
    return refused.value.message, refused.value.hint


# ------------------------------------------------------------------ what is read


def test_the_example_of_the_document_is_a_task_set(folder: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)[0]

    (task,) = loaded(folder, example).tasks

    assert (task.id, task.domain, task.group) == ("total-sales", "spreadsheet", "totals")
    assert [dict(case.inputs) for case in task.cases] == [
        {"input.xlsx": folder / "files/north.xlsx"},
        {"input.xlsx": folder / "files/south.xlsx"},
    ]
    assert [case.gold for case in task.cases] == [
        folder / "gold/north.xlsx",
        folder / "gold/south.xlsx",
    ]
    assert {case.region for case in task.cases} == {"Sales!B9"}
    assert {case.answer for case in task.cases} == {"output.xlsx"}


def test_the_document_tells_every_key() -> None:
    told = set(re.findall(r"(?m)^\| `\[*([a-z.]+)\]*` \|", SECTION))

    assert told == {*tasks_file.TOP_KEYS, *tasks_file.TASK_KEYS, "task.case"} - {"case"}
    assert set(tasks_file.CASE_KEYS) <= set(tasks_file.TASK_KEYS)
    assert tasks_file.SCHEMA in SECTION
    assert all(f"`{name}`" in SECTION for name in {domain.answer for domain in DOMAINS.values()})


def test_a_text_task_may_hold_its_answer(folder: Path) -> None:
    text = f"""{HEAD}
        [[task]]
        id = "sum"
        query = "Add the numbers of a.csv."
        inputs = ["a.csv"]
        answer = "out/sum.txt"
        expected = "3"
        [[task.case]]
        inputs = ["b.csv"]
        expected = "7"
    """

    (task,) = loaded(folder, text).tasks

    assert [(c.answer, c.region, c.gold) for c in task.cases] == [
        ("out/sum.txt", "3", None),
        ("out/sum.txt", "7", None),
    ]
    assert task.cases[1].inputs == {"a.csv": folder / "b.csv"}


def test_a_manifest_may_be_named_itself(folder: Path) -> None:
    whole = loaded(folder, HEAD + TASK)

    assert load_tasks(folder / "tasks.toml") == whole
    assert whole.origin == str(folder)


def test_an_odd_range_is_told(folder: Path) -> None:
    text = """
        schema = "skillgit.tasks/1"
        domain = "spreadsheet"
        [[task]]
        id = "t"
        query = "Do it."
        gold = "gold/north.xlsx"
        range = "A:G"
    """

    assert loaded(folder, text).remarks == (
        "t: 'A:G' breaks the official scorer: no answer passes officially",
    )


def test_a_digest_is_of_all_that_matters(folder: Path) -> None:
    text = HEAD + TASK.replace('"42"', '"3"') + 'group = "g"\ninputs = ["a.csv"]\n'
    before = loaded(folder, text)
    variants = [
        text.replace("Add.", "Sum."),
        text.replace('"sum"', '"total"'),
        text.replace('"3"', '"4"'),
        text.replace('["a.csv"]', '["b.csv"]'),
        text + 'answer = "other.txt"\n',
        text + '[[task.case]]\ninputs = ["b.csv"]\nexpected = "7"\n',
    ]

    sets = [loaded(folder, variant) for variant in variants]
    assert len({before.digest, *(one.digest for one in sets)}) == 7
    assert len({before.tasks[0].digest, *(one.tasks[0].digest for one in sets)}) == 7
    assert loaded(folder, text.replace('"g"', '"h"')).digest == before.digest
    (folder / "a.csv").write_text("1,3\n")
    assert loaded(folder, text).tasks[0].digest != before.tasks[0].digest


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("schema = ", "Invalid value", "valid TOML"),
        ('domain = "text"', "'schema' is None", 'write schema = "skillgit.tasks/1"'),
        ('schema = "skillgit.tasks/2"', "'schema' is 'skillgit.tasks/2'", "write"),
        (
            'schema = "skillgit.tasks/1"\ndomain = "maths"',
            "unknown domain 'maths'",
            "spreadsheet, text",
        ),
        ('schema = "skillgit.tasks/1"', "'domain' is missing", "section 11"),
        (HEAD, "there is no [[task]]", "section 11"),
        (f'{HEAD}task = "x"', "there is no [[task]]", "section 11"),
        (f"{HEAD}tasks = 1\n{TASK}", "unknown key 'tasks'", "did you mean 'task'?"),
        (
            f'{HEAD}{TASK}expekted = "x"',
            "task 'sum': unknown key 'expekted'",
            "did you mean 'expected'?",
        ),
        (f"{HEAD}{TASK}zzz = 1", "unknown key 'zzz'", "known are id, query"),
        (HEAD + TASK + TASK, "another task has the same id", "of its own"),
        (HEAD + TASK.replace('id = "sum"', ""), "task 1: 'id' is missing", "section 11"),
        (HEAD + TASK.replace('"sum"', "7"), "task 7: 'id' must be a text in quotes", "section 11"),
        (HEAD + TASK.replace('"Add."', '" "'), "'query' must be a text", "section 11"),
        (HEAD + TASK.replace('"42"', '""'), "'expected' must be a text", "section 11"),
        (
            HEAD + TASK.replace('expected = "42"', ""),
            "either 'gold', a file, or 'expected'",
            "section",
        ),
        (f'{HEAD}{TASK}gold = "a.csv"', "either 'gold', a file, or 'expected'", "section"),
        (f'{HEAD}{TASK}range = "A1"', "'range' is not for the domain text", "expected"),
        (f'{HEAD}{TASK}answer = "../x"', "'answer': unsafe path '../x'", "relative"),
        (f"{HEAD}{TASK}answer = 7", "'answer': unsafe path ''", "relative"),
        (
            f'{HEAD}{TASK}inputs = ["gone.csv"]',
            "'inputs': there is no file gone.csv",
            "looked for it in",
        ),
        (f'{HEAD}{TASK}inputs = ["/etc/passwd"]', "unsafe path '/etc/passwd'", "relative"),
        (f'{HEAD}{TASK}inputs = ["x/../../a"]', "unsafe path", "relative"),
        (f'{HEAD}{TASK}inputs = ["link.csv"]', "leads out of", "copy the file"),
        (f'{HEAD}{TASK}inputs = ["linked/out.csv"]', "leads out of", "copy the file"),
        (f'{HEAD}{TASK}inputs = "a.csv"', "must be a list of files, or a table", "section"),
        (
            f'{HEAD}{TASK}inputs = ["a.csv", "a.csv"]',
            "'inputs' has 2 files for the names a.csv, a.csv",
            "own",
        ),
        (
            f'{HEAD}{TASK}[task.inputs]\n"../x" = "a.csv"',
            "'inputs': unsafe path '../x'",
            "relative",
        ),
        (f'{HEAD}{TASK}[task.inputs]\nx = "gone"', "'inputs.x': there is no file gone", "looked"),
        (f"{HEAD}{TASK}case = 1", "written as [[task.case]]", "section"),
        (f"{HEAD}{TASK}case = [1]", "task 'sum', case 2: a case is a table", "[[task.case]]"),
        (
            f'{HEAD}{TASK}[[task.case]]\nquery = "x"',
            "case 2: unknown key 'query'",
            "known are inputs",
        ),
        (
            f'{HEAD}{TASK}[[task.case]]\ninputs = ["a.csv"]\nexpected = "1"',
            "1 files for the names (none)",
            "same",
        ),
        (
            f'{HEAD}{TASK}inputs = ["a.csv"]\n[[task.case]]\nexpected = "1"',
            "0 files for the names a.csv",
            "same",
        ),
        (
            f'{HEAD}{TASK}inputs = ["a.csv"]\n[[task.case]]\ninputs = {{ x = "b.csv" }}',
            "'inputs' names x, and the first case a.csv",
            "same names",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(
    folder: Path, text: str, message: str, hint: str
) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "out.csv").write_text("secret")
    (folder / "link.csv").symlink_to(outside / "out.csv")
    (folder / "linked").symlink_to(outside)

    said, next_step = refusal(folder, text)

    assert said.startswith(f"reading {folder / 'tasks.toml'}")
    assert message in said
    assert hint in next_step


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('range = "A1"', "'gold' is missing"),
        ('gold = "gold/north.xlsx"\nexpected = "x"', "'expected' is not for the domain"),
        ('gold = "gold/north.xlsx"\nrange = "A1:B2:C3"', "'range': 'A1:B2:C3' is no range"),
        ('gold = "gold/north.xlsx"\nrange = 7', "'range' must be a text"),
    ],
)
def test_a_mistake_about_workbooks(folder: Path, lines: str, message: str) -> None:
    head = HEAD.replace("text", "spreadsheet")

    assert message in refusal(folder, f'{head}[[task]]\nid = "t"\nquery = "Do."\n{lines}\n')[0]


def test_what_is_no_task_set(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "no tasks.toml"), (tmp_path / "gone", "it is no folder")):
        with pytest.raises(UsageError, match=message) as refused:
            load_tasks(path)
        assert "tasks.toml" in refused.value.hint
    (tmp_path / "tasks.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="can't decode"):
        load_tasks(tmp_path)


def test_a_link_within_the_folder_is_fine(folder: Path) -> None:
    (folder / "c.csv").symlink_to("a.csv")

    whole = loaded(folder, f'{HEAD}{TASK}inputs = ["c.csv"]')

    assert dict(whole.tasks[0].cases[0].inputs) == {"c.csv": folder / "c.csv"}
