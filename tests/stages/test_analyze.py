from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.config import Analyze, ErrorAnalyst, Signals
from skillgit.executors.local import LocalExecutor
from skillgit.names import Digest, Oid
from skillgit.ports import Call, Failure, Model, NoReply, Reply
from skillgit.stages.analyze import Analysis, Crew, Desk, analyze
from skillgit.types import (
    MANIFEST,
    CreateFile,
    Insert,
    Outcome,
    Pool,
    Replace,
    Result,
    Skill,
    Step,
    Trajectory,
)

TEXT = """---
name: xlsx
description: Spreadsheets.
---

# Spreadsheets

- Look at every sheet.
- Save the workbook as out.xlsx.
"""
SKILL = Skill("skills/xlsx", Oid("0" * 40), {MANIFEST: TEXT.encode()})
PLACE = "SKILL.md:8| - Look at every sheet."


class Silent:
    def start(self, stage: str, total: int) -> None: ...

    def advance(self, stage: str, note: str = "") -> None: ...

    def finish(self, stage: str) -> None: ...


class Queue:
    """Answers in turn; the calls are kept."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> Reply | NoReply:
        self.calls.append(call)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, NoReply) else Reply({"edits": answer})


def trajectory(number: int, result: Result = Result.FAIL) -> Trajectory:
    return Trajectory(
        Digest(f"sha256:{number:012x}{0:052x}"),
        f"task {number}",
        (
            Step(1, "user", "Fill 'Budget 2024'!B7:C9 in 991_plan.xlsx with 417 rows."),
            Step(2, "agent", "import openpyxl\nwb = openpyxl.load_workbook(path)"),
            Step(3, "user", "ok"),
        ),
        Outcome(result, said_by="verifier", detail="cells differ"),
        f"{number}.json",
    )


def run(
    ask: Queue,
    *found: Trajectory,
    signals: Signals = Signals.COMBINED,
    fits: Callable[[Call], Awaitable[bool]] | None = None,
) -> Analysis:
    pool = Pool(
        tuple(one for one in found if one.outcome.result is Result.PASS),
        tuple(one for one in found if one.outcome.result is Result.FAIL),
    )
    model = Model(ask, JinjaPrompts(), Silent(), fits or always)
    options = Analyze(signals=signals, error_analyst=ErrorAnalyst.SINGLE_CALL)
    crew = Crew(LocalExecutor(Desk(model)))
    return asyncio.run(analyze(SKILL, pool, options, model, crew))


def item(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a reply
    return {
        "what_happened": "In step 2 the agent loaded it.",
        "evidence": ["step 2 lines 1-2"],
        "title": "Open with load_workbook.",
        "place": PLACE,
        "op": "insert_after",
        "text": "Open the file with `load_workbook`.",
        "skill_says_it": "no",
        **changes,
    }


def test_citations_become_verbatim_quotes_and_places_become_lines() -> None:
    [patch] = run(Queue([item()]), trajectory(1)).patches
    [edit] = patch.edits
    assert edit.change == Insert(MANIFEST, 8, "- Open the file with `load_workbook`.")
    assert edit.lesson.title == "Open with load_workbook"
    assert edit.quotes[0].text == "import openpyxl\nwb = openpyxl.load_workbook(path)"
    assert edit.sources == {patch.trajectory}


def test_each_operation_makes_its_own_change() -> None:
    edits = [
        item(op="replace", text="Look at every sheet and its `dimensions`."),
        item(op="reference"),
    ]
    [patch] = run(Queue(edits), trajectory(1)).patches
    first, second = (edit.change for edit in patch.edits)
    assert isinstance(first, Replace)
    assert first.text == "- Look at every sheet and its `dimensions`."
    assert isinstance(second, CreateFile)
    assert second.path == "references/open-with-load-workbook.md"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"skill_says_it": "yes"}, "the analyst says that the skill says it already"),
        ({"text": "look at every sheet"}, "the skill or the prompt says this already"),
        ({"text": "Fill `B7:C9` with values."}, "SG401: names things of this one task (B7:C9)"),
        ({"title": "Fill 417 rows"}, "SG401: names things of this one task (417)"),
        ({"text": "Use ws['Budget 2024'] always."}, "SG401: names things of this one task"),
        ({"text": "  \n"}, "SG207: no text"),
        ({"text": "Check the range with care."}, "vague: name the function"),
        ({"text": "Open it with `load_workbook("}, "the text breaks off"),
        ({"text": "hidden\u202e"}, "hidden or control characters in the text: U+202E"),
        ({"title": "\x1b[1m"}, "hidden or control characters in the title: U+001B"),
        ({"title": " "}, "an empty title"),
        ({"op": "replace", "place": "SKILL.md:6| # Spreadsheets"}, "SG205: only an item"),
    ],
)
def test_a_misfit_goes_back_once_and_then_is_rejected_with_its_reason(
    wrong: dict[str, Any], reason: str
) -> None:
    ask = Queue([item(), item(**wrong)], [item(), item(**wrong)])
    [patch] = run(ask, trajectory(1)).patches
    assert len(patch.edits) == 1
    [fate] = patch.fates
    assert fate.reason.startswith(reason)
    assert fate.edit == f"{patch.trajectory}.2"
    first, second = ask.calls
    assert second.messages[: len(first.messages)] == first.messages
    assert f"edit 2: {reason}" in second.messages[-1].content


def test_what_a_run_did_right_is_told_in_its_own_words() -> None:
    invention = item(text="Open it with `load_workbook(keep_links=True)`.")
    ask = Queue([invention], [invention], [invention])
    result = run(ask, trajectory(1), trajectory(2, Result.PASS))
    by_result = {patch.trajectory: patch for patch in result.patches}
    assert by_result[trajectory(1).id].edits
    [fate] = by_result[trajectory(2).id].fates
    assert fate.reason.startswith("not in the run: keep_links")


def test_the_corrected_reply_counts_unless_it_lost_something() -> None:
    worse = run(Queue([item(), item(title=" ")], [item(title=" ")]), trajectory(1))
    assert len(worse.patches[0].edits) == 1
    better = run(Queue([item(title=" ")], [item(title="Mended")]), trajectory(1))
    assert [edit.lesson.title for edit in better.patches[0].edits] == ["Mended"]
    assert not better.patches[0].fates


def test_a_call_without_a_reply_excludes_the_trajectory_with_its_reason() -> None:
    result = run(Queue([item()], NoReply("it hangs")), trajectory(1), trajectory(2))
    assert [one.reason for one in result.excluded] == ["it hangs"]
    assert len(result.analysed) == 1


TOO_LONG = NoReply("the prompt does not fit", failure=Failure.TOO_LONG)


def long_run() -> Trajectory:
    lines = "\n".join(f"line {number} of the long output" for number in range(2000))
    steps = (Step(1, "user", "Fill it."), Step(2, "agent", "import openpyxl\nwb = 1"))
    return replace(trajectory(1), steps=(*steps, Step(3, "tool", observation=lines)))


def test_of_a_run_that_is_too_long_half_is_shown_and_then_a_quarter() -> None:
    ask = Queue(TOO_LONG, TOO_LONG, [item()])
    [patch] = run(ask, long_run()).patches
    sizes = [len(call.messages[1].content) for call in ask.calls]
    assert len(patch.edits) == 1
    assert sizes[0] - sizes[1] == pytest.approx(6000, abs=600)
    assert sizes[1] - sizes[2] == pytest.approx(3000, abs=600)
    assert {call.label for call in ask.calls} == {trajectory(1).id}


def test_what_does_not_fit_by_a_quarter_is_excluded_with_its_reason() -> None:
    result = run(Queue(TOO_LONG, TOO_LONG, TOO_LONG), long_run())
    assert [one.reason for one in result.excluded] == ["the prompt does not fit"]


def test_what_surely_does_not_fit_is_not_sent() -> None:
    async def fits(call: Call) -> bool:
        return len(call.messages[1].content) < 9000

    ask = Queue([item()])
    [patch] = run(ask, long_run(), fits=fits).patches
    assert len(patch.edits) == 1
    assert len(ask.calls) == 1
    result = run(Queue(), long_run(), fits=never)
    assert [one.reason for one in result.excluded] == [
        "the prompt does not fit into the model's context"
    ]


async def never(call: Call) -> bool:
    del call
    return False


async def always(call: Call) -> bool:
    del call
    return True


@pytest.mark.parametrize(
    ("signals", "roles"),
    [
        (Signals.ERROR, ["error"]),
        (Signals.SUCCESS, ["success"]),
        (Signals.COMBINED, ["error", "success"]),
    ],
)
def test_signals_choose_the_teachers(signals: Signals, roles: list[str]) -> None:
    ask = Queue(*([item()] for _ in roles))
    run(ask, trajectory(1), trajectory(2, Result.PASS), signals=signals)
    assert sorted(call.role for call in ask.calls) == roles


def test_all_analysts_share_one_prefix_and_see_the_frozen_base() -> None:
    ask = Queue([item()], [item()], [item()])
    run(ask, trajectory(1), trajectory(2, Result.PASS), trajectory(3))
    prefixes = {call.messages[0].content for call in ask.calls}
    assert len(prefixes) == 1
    assert "8| - Look at every sheet." in prefixes.pop()
    questions = [call.messages[1].content for call in ask.calls]
    assert all("[step 2 agent]\n1| import openpyxl" in question for question in questions)


def test_without_teachers_nobody_is_asked() -> None:
    assert run(Queue()) == Analysis((), ())
