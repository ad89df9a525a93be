"""Two rounds, a review in between: what was dropped stays away until enough new runs teach it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from analysts import THEMES, chat_trajectory, is_merge, plausible
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.cli import run

TEXT = (
    "---\nname: xlsx\ndescription: Work with sheets. Use with workbooks.\n---\n\n# Sheets\n\n"
    "## Workflow\n\n- Look at every sheet.\n- Work in Python.\n- Save the workbook.\n\n"
    "## Checks\n\n- The output file exists.\n"
)
(TITLE, WORDS), (OTHER, OTHER_WORDS) = THEMES[0], THEMES[2]
REPHRASED = 1000
"""From this number on runs teach the first theme in other words."""


def analyst(request: Request) -> Answer:
    """Runs of even numbers teach the first theme, the others the second; merges join titles."""
    answer = plausible(request)
    if is_merge(request):
        return answer
    found = re.search(r"print\((\d+)\)", request["messages"][1]["content"])
    assert found
    taught = json.loads(answer.content or "")
    title, text = (OTHER, OTHER_WORDS) if int(found[1]) % 2 else (TITLE, WORDS)
    if int(found[1]) >= REPHRASED:
        title, text = "Look at what was saved", "Compare the cells of the workbook that was saved."
    taught["edits"][0].update(title=title, text=text)
    return replying(taught)


class Rounds:
    """Rounds of one repository, each with an endpoint of its own and its requests."""

    def __init__(self, made: Repository, folder: Path, read: Callable[[], str]) -> None:
        self.made, self._folder, self._read = made, folder, read
        self.asked: list[Request] = []

    def run(self, *words: str) -> str:
        assert run(["-C", str(self.made.path), *words]) in {0, 1}
        return self._read()

    def evolve(self, numbers: Iterable[int], task: str = "") -> dict[str, Any]:
        """A round over runs; each is of a task of its own, or all are of the one that is given."""
        folder = self._folder / f"runs-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        for number in numbers:
            text = json.loads(chat_trajectory("do it", f"print({number})", "fail"))
            text["task_id"] = task or f"task-{number}"
            (folder / f"run-{number:03}.json").write_text(json.dumps(text), encoding="utf-8")
        with ScriptedEndpoint(analyst) as endpoint:
            words = ["evolve", "skills/xlsx", "-t", str(folder), "-q", "--json"]
            told: dict[str, Any] = json.loads(self.run(*words, "--base-url", endpoint.url))
        self.asked = [request for request in endpoint.requests if is_merge(request)]
        return told


@pytest.fixture
def rounds(
    repository: Callable[..., Repository],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Rounds:
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    made = repository({"skills/xlsx/SKILL.md": TEXT})
    return Rounds(made, tmp_path, lambda: capsys.readouterr().out)


def titles(told: dict[str, Any]) -> set[str]:
    return {lesson["title"] for lesson in told["branch"]["lessons"]}


def reasons(told: dict[str, Any]) -> set[str]:
    return {fate["reason"] for fate in told["fates"] if fate["reason"].startswith("refused")}


def test_a_dropped_lesson_stays_away_until_new_runs_of_enough_tasks_teach_it(
    rounds: Rounds,
) -> None:
    first = rounds.evolve(range(8))
    assert titles(first) == {TITLE, OTHER}
    rounds.run("drop", TITLE, "--reason", "the tool does it")

    for numbers, task in ((range(8), ""), (range(100, 120), "one task"), (range(12), "")):
        told = rounds.evolve([*numbers, 1, 3, 5, 7], task)
        assert titles(told) == {OTHER}
        assert all(
            reason.startswith("refused before: the tool does it") for reason in reasons(told)
        )
    [reason] = reasons(told)
    assert reason.endswith(" (new runs of 2 of the 3 tasks that would bring it back)")
    assert not is_shown(rounds.asked)
    rounds.evolve([*range(8), *range(REPHRASED, REPHRASED + 4)])
    assert is_shown(rounds.asked)

    back = rounds.evolve(range(16))
    assert titles(back) == {TITLE, OTHER}
    assert not reasons(back)
    assert not is_shown(rounds.asked)
    [lesson] = (one for one in back["branch"]["lessons"] if one["title"] == TITLE)
    said = " ".join(rounds.made.git("show", "-s", "--format=%B", lesson["commit"]).split())
    new = "Taught again by 4 runs of 4 tasks that were not read then."
    assert f"Dropped before, in round {first['round']}, because: the tool does it. {new}" in said
    assert lesson["support"] == 8
    name = f"{back['round']}/{lesson_number(back, TITLE)}"
    assert new in " ".join(rounds.run("show", name).split())
    assert new in " ".join(rounds.run("pr", back["round"], "--body-only").split())
    for words in (("check", "--range", f"main..{back['branch']['name']}"), ("evidence", "verify")):
        assert run(["-C", str(rounds.made.path), *words]) == 0
    assert any(new in remark for remark in back["remarks"])


def is_shown(asked: Iterable[Request]) -> bool:
    """Was the operator told of the refusal, with its reason?"""
    return any('"refused because": "the tool does it"' in str(one["messages"]) for one in asked)


def lesson_number(told: dict[str, Any], title: str) -> int:
    return [lesson["title"] for lesson in told["branch"]["lessons"]].index(title) + 1


def test_what_a_merge_left_out_stays_away_without_a_word_being_said(rounds: Rounds) -> None:
    first = rounds.evolve(range(8))
    [kept] = (one["commit"] for one in first["branch"]["lessons"] if one["title"] == OTHER)
    rounds.made.git("cherry-pick", kept)
    assert TITLE in titles(rounds.evolve(range(8)))
    rounds.made.git("branch", "-D", first["branch"]["name"])

    second = rounds.evolve([*range(8), 8, 10])
    assert second["branch"] is None or TITLE not in titles(second)
    [reason] = reasons(second)
    assert reason.startswith("refused before: left out when its round was merged (new runs of 2")


@pytest.mark.parametrize(
    ("setting", "value", "comes"),
    [
        ("HEED_REFUSALS", "false", True),
        ("RETURN_SUPPORT", "0", False),
        ("RETURN_SUPPORT", "1", True),
    ],
)
def test_how_much_brings_a_lesson_back_is_a_setting(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, *, comes: bool
) -> None:
    first = rounds.evolve(range(8))
    rounds.run("drop", first["round"], "--reason", "the pull request was closed")
    monkeypatch.setenv(f"SKILLGIT_CONSOLIDATE_{setting}", value)
    told = rounds.evolve(range(10))
    assert bool(told["branch"]) is comes
    if setting == "HEED_REFUSALS":
        assert not told["remarks"]
        assert "refused" not in str(rounds.asked)


def test_settings_of_the_memory_name_no_other_round_while_they_are_the_default(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rounds.evolve(range(8))
    kept = json.loads(rounds.made.git("show", f"{first['branch']['evidence']}:round.json"))
    assert "consolidate.min_support" in kept["settings"]
    assert not {"consolidate.heed_refusals", "consolidate.return_support"} & set(kept["settings"])
    monkeypatch.setenv("SKILLGIT_CONSOLIDATE_RETURN_SUPPORT", "5")
    assert rounds.evolve(range(8))["round"] != first["round"]
