"""The same with workbooks: what is graded is a file that no text check could read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from diagnosing import Lab
from scripted import ScriptedEndpoint
from workbooks import workbook

from skillgit.config import Sandbox
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case, Task
from skillgit.names import Digest
from skillgit.sandbox import examine
from skillgit.stages.analyze.marking import Failure, mark
from skillgit.stages.analyze.proof import PROVEN, Judgement, Trial, judge

pytestmark = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

HONEST = """
import openpyxl
book = openpyxl.load_workbook("in.xlsx")
sheet = book.active
sheet["B1"] = sum(cell.value for (cell,) in sheet["A1:A3"])
book.save("out.xlsx")
"""
FORMULA = HONEST.replace('sum(cell.value for (cell,) in sheet["A1:A3"])', '"=SUM(A1:A3)"')
TYPED = HONEST.replace('sum(cell.value for (cell,) in sheet["A1:A3"])', "1234.5")


def sums(path: Path, *values: float, total: object = None) -> Path:
    cells: dict[str, object] = {f"A{row}": value for row, value in enumerate(values, 1)}
    return workbook(path, {"Sheet": {**cells, "B1": total}})


def case(folder: Path, name: str, *values: float) -> Case:
    given = sums(folder / f"{name}.xlsx", *values)
    gold = sums(folder / f"{name}-gold.xlsx", *values, total=sum(values))
    return Case({"in.xlsx": given}, "out.xlsx", gold, "B1:B1")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    cases = (case(tmp_path, "one", 1000, 200.25, 34.25), case(tmp_path, "two", 70, 8, 9.5))
    return Task("sum", "spreadsheet", "Add A1:A3 up in B1.", cases, Digest(f"sha256:{0:064x}"))


def judged(tmp_path: Path, endpoint: ScriptedEndpoint, task: Task, program: str) -> Judgement:
    """A program against what a run left that wrote a formula."""
    domain = DOMAINS["spreadsheet"]
    left = tmp_path / "left"
    left.mkdir()
    sums(left / "out.xlsx", 1000, 200.25, 34.25, total="=SUM(A1:A3)")
    lab = Lab(tmp_path, endpoint)
    bench = lab.bench(None, exhibits={})  # type: ignore[arg-type]  # nobody is asked

    async def work() -> Judgement:
        marked = await mark(domain, task.cases[0], left, bench.answer_bytes)
        failure = Failure(1, marked.grade, marked.artifact)
        assert "a formula without a stored value" in failure.report
        return await judge(program, Trial(task, failure, domain, bench))

    return asyncio.run(work())


def test_a_repair_that_computes_is_proven(
    tmp_path: Path, endpoint: ScriptedEndpoint, task: Task
) -> None:
    found = judged(tmp_path, endpoint, task, HONEST)
    assert found.words == PROVEN
    assert found.artifact


def test_one_that_leaves_a_formula_is_not(
    tmp_path: Path, endpoint: ScriptedEndpoint, task: Task
) -> None:
    found = judged(tmp_path, endpoint, task, FORMULA)
    assert found.artifact is None
    assert "a formula without a stored value" in found.words
    assert "1234.5" not in found.words


@pytest.mark.parametrize("cases", [1, 2])
def test_nor_one_that_holds_the_value(
    tmp_path: Path, endpoint: ScriptedEndpoint, task: Task, cases: int
) -> None:
    few = Task("sum", "spreadsheet", task.query, task.cases[:cases], task.digest)
    found = judged(tmp_path, endpoint, few, TYPED)
    assert found.artifact is None
    wanted = "holds the answer itself" if cases == 1 else "but not with other inputs"
    assert wanted in found.words
