"""The public layouts with all their irregular names, and the real sets where they are at hand."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from workbooks import workbook

from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.domains.scores import scores
from skillgit.domains.spreadsheet.books import Book
from skillgit.domains.spreadsheet.comparing import Sides, compare
from skillgit.domains.spreadsheet.ranges import Region
from skillgit.domains.task import Case, TaskSet
from skillgit.errors import UsageError

SHARED = Path(__file__).parents[3] / "shared/data/spreadsheetbench"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real tasks in ../shared")

ROW: Mapping[str, object] = {
    "instruction": "Add a total.",
    "instruction_type": "Cell-Level Manipulation",
    "answer_position": "A1:B2",
}


def published(folder: Path, *tasks: tuple[object, list[str], Mapping[str, object]]) -> Path:
    """A set of (id, files, what differs in its row)."""
    rows = []
    for name, files, differs in tasks:
        for file in files:
            workbook(folder / "spreadsheet" / str(name) / file, {"S": {"A1": file}})
        rows.append({"id": name, "spreadsheet_path": f"spreadsheet/{name}", **ROW, **differs})
    folder.mkdir(exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps(rows))
    return folder


def names(case: Case) -> tuple[list[str], str | None]:
    return [path.name for path in case.inputs.values()], case.gold.name if case.gold else None


def test_both_layouts_are_read(tmp_path: Path) -> None:
    files = [f"{n}_CF_7_{role}.xlsx" for n in (1, 2, 3) for role in ("input", "answer")]
    published(
        tmp_path,
        (48257, ["1_48257_init.xlsx", "1_48257_golden.xlsx"], {}),
        ("CF_7", [*files, "1_CF_7_output.xlsx"], {"instruction_type": "Sheet-Level Manipulation"}),
    )

    whole = load_tasks(tmp_path)

    one, three = whole.tasks
    assert whole.remarks == ()
    assert (one.id, one.group, three.group) == (
        "48257",
        "Cell-Level Manipulation",
        "Sheet-Level Manipulation",
    )
    assert [names(case) for case in one.cases] == [(["1_48257_init.xlsx"], "1_48257_golden.xlsx")]
    assert [names(case) for case in three.cases] == [
        ([f"{n}_CF_7_input.xlsx"], f"{n}_CF_7_answer.xlsx") for n in (1, 2, 3)
    ]
    assert {(*case.inputs, case.answer) for case in three.cases} == {("input.xlsx", "output.xlsx")}
    assert {case.region for case in three.cases} == {"A1:B2"}


def test_the_query_tells_what_the_benchmark_tells(tmp_path: Path) -> None:
    files = ["1_1_init.xlsx", "1_1_golden.xlsx"]
    published(tmp_path, (1, files, {"answer_sheet": "LISTS", "answer_position": "A3:D32"}))

    (task,) = load_tasks(tmp_path).tasks

    assert task.query == (
        "Add a total.\n\nKind of task: Cell-Level Manipulation\n"
        "Where the answer is expected: A3:D32 (sheet: LISTS)\n"
        "The workbook is input.xlsx. Save the result as output.xlsx."
    )
    assert Region.parse(task.cases[0].region) == Region("A3:D32", sheet="LISTS")


def test_irregular_names_are_found_and_told(tmp_path: Path) -> None:
    published(
        tmp_path,
        ("a", ["initial.xlsx", "golden.xlsx"], {}),
        ("b", ["1_b_init.xlsx", "1_bb_golden.xlsx"], {}),
        ("c", ["1_c_input.xlsx", "1_c_answer.xlsx", "2_c_input .xlsx", "2_c_answer.xlsx"], {}),
        ("d", ["1_d_input.xlsx", "1_d_answer.xlsx", "2_d_input.xlsx", "3_d_answer.xlsx"], {}),
        ("e", ["1_e_init.xlsx", "1_x_init.xlsx", "1_x_golden.xlsx", "1_y_golden.xlsx"], {}),
    )

    whole = load_tasks(tmp_path)

    assert [[names(case) for case in task.cases] for task in whole.tasks] == [
        [(["initial.xlsx"], "golden.xlsx")],
        [(["1_b_init.xlsx"], "1_bb_golden.xlsx")],
        [(["1_c_input.xlsx"], "1_c_answer.xlsx"), (["2_c_input .xlsx"], "2_c_answer.xlsx")],
        [(["1_d_input.xlsx"], "1_d_answer.xlsx"), (["2_d_input.xlsx"], None)],
        [(["1_e_init.xlsx"], "1_x_golden.xlsx")],
    ]
    assert [Region.parse(task.cases[0].region).misnamed for task in whole.tasks] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert whole.remarks == (
        "a: 'golden.xlsx' is misnamed: no answer passes officially",
        "b: '1_bb_golden.xlsx' is misnamed: no answer passes officially",
        "d: case 2 has no gold file",
        "d: case 3 has no workbook to start from",
        "e: case 1: '1_x_golden.xlsx' is used of several",
        "e: '1_x_golden.xlsx' is misnamed: no answer passes officially",
    )


def test_odd_rows_are_told_and_what_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    files = ["1_1_init.xlsx", "1_1_golden.xlsx"]
    (tmp_path / "outside").mkdir()
    workbook(tmp_path / "outside/1_9_init.xlsx", {"S": {}})
    folder = published(
        tmp_path / "set",
        (1, files, {"answer_position": "BD2:308", "exclude": "initial file already passes"}),
        ("1 ", [], {"spreadsheet_path": "spreadsheet/1", "instruction": "\N{NO-BREAK SPACE}"}),
        (2, [], {"instruction": None}),
        (3, [], {"answer_position": ""}),
        (4, [], {}),
        (None, [], {}),
        (9, [], {"spreadsheet_path": "../outside"}),
    )
    (folder / "spreadsheet/4").mkdir()
    (folder / "spreadsheet/4/1_4_init.xlsx").symlink_to(tmp_path / "outside/1_9_init.xlsx")

    whole = load_tasks(folder / "dataset.json")

    assert [task.id for task in whole.tasks] == ["1", "1 "]
    assert whole.remarks == (
        "1: 'BD2:308' names no cell: the official scorer passes any answer there",
        "1: marked to be excluded: initial file already passes",
        "1 : '1_1_golden.xlsx' is misnamed: no answer passes officially",
        "1 : its instruction is empty",
        "2: left out: it has no instruction",
        "3: left out: it has no answer_position",
        "4: left out: its spreadsheet folder has no workbook to start from",
        "entry 6: left out: it has no id",
        "9: left out: its spreadsheet folder has no workbook to start from",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("{}", "no list of tasks"),
        ("[]", "no task that can be used"),
        ("[7]", "no task"),
    ],
)
def test_what_is_no_data_set(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dataset.json").write_text(text)

    with pytest.raises(UsageError, match=message) as refused:
        load_tasks(tmp_path)
    assert "dataset.json" in refused.value.message


# ------------------------------------------------------------------ the real sets

# Three workbooks are so large that openpyxl needs a minute for them.
_MOST_BYTES = 80 << 10


def verdicts(tasks: TaskSet) -> dict[str, dict[str, list[bool]]]:
    """Side and scorer → task → does each case pass with the gold file, or the input, as answer?"""
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for task in tasks.tasks:
        for case in task.cases:
            assert case.gold
            source = case.inputs["input.xlsx"]
            if max(case.gold.stat().st_size, source.stat().st_size) > _MOST_BYTES:
                continue
            gold, floor = Book(case.gold), Book(source)
            for side, answer, strict in (
                ("ceiling", gold, False),
                ("strict ceiling", gold, True),
                ("floor", floor, False),
            ):
                # Hints need the formulas; the values will do for them here.
                sides = Sides(gold, answer, partial(lambda book: book, answer))
                result = compare(sides, Region.parse(case.region), strict=strict)
                found[side][task.id].append(result.passed)
    return found


@needs_shared
@pytest.mark.parametrize(
    ("name", "count", "broken", "free"),
    [
        ("smoke40", 40, set(), set()),
        ("dev", 60, {"283-32", "130-9"}, {"13-1", "73-45"}),
        (
            "tasks912",
            59,
            {"56637"},
            {"110-2", "139-16", "430-43", "435-38", "448-11", "494-13", "73-45", "CF_11072"},
        ),
    ],
)
def test_real_sets_floor_and_ceiling(
    name: str, count: int, broken: set[str], free: set[str]
) -> None:
    tasks = load_tasks(SHARED / name)

    assert len(tasks.tasks) == count
    assert {one.partition(":")[0] for one in tasks.remarks} >= broken
    found = verdicts(tasks)
    assert {task for task, passed in found["ceiling"].items() if not all(passed)} == broken
    assert all(all(passed) for passed in found["strict ceiling"].values())
    floor = found["floor"]
    assert {task for task, passed in floor.items() if any(passed)} == free & set(floor)
    told = scores((sum(passed), len(passed)) for passed in floor.values())
    assert told.hard <= told.soft < 0.15


@needs_shared
def test_a_real_task_goes_all_the_way() -> None:
    (task,) = [task for task in load_tasks(SHARED / "smoke40").tasks if task.id == "12307"]
    (case,) = task.cases
    assert case.gold
    domain = DOMAINS[task.domain]

    assert domain.grade(case, case.gold).passed
    grade = domain.grade(case, case.inputs["input.xlsx"])
    assert [m.place for m in grade.mismatches] == ["Sheet1!I12", "Sheet1!I13"]
    assert domain.preview(case).startswith("input.xlsx:\nSheet 'Sheet1', used cells A1:I13:")
