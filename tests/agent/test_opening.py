from __future__ import annotations

from dataclasses import replace

import pytest

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.agent.opening import Manner, opening, speaking
from skillgit.agent.speech import Hearing, hear
from skillgit.agent.tools import BASH, PYTHON, READ_FILE
from skillgit.config import Speech
from skillgit.errors import UsageError
from skillgit.names import Oid
from skillgit.ports import Spoken
from skillgit.types import MANIFEST, Skill

SKILL = Skill("skills/xlsx", Oid("a" * 40), {MANIFEST: b"---\nname: xlsx\n---\n# {{ Sheets }}\n\n"})
MANNER = Manner(JinjaPrompts(), Speech.TEXT, (PYTHON, BASH, READ_FILE), "/work", 12)


def test_what_all_tasks_share_comes_first_and_the_skill_last() -> None:
    one, other = opening(MANNER, SKILL, "Task one"), opening(MANNER, SKILL, "Task two")

    assert one[:-1] == other[:-1]
    roles = [message.role for message in one]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert one[-1].content == "Task one"
    system = one[0].content
    assert system.endswith("---\nname: xlsx\n---\n# {{ Sheets }}")
    for words in ("/work", "12 turns", "/skills/xlsx/", "DONE", "```read_file", "count=…"):
        assert words in system


def test_the_example_speaks_as_it_teaches() -> None:
    _, _, turn, seen, end, _ = opening(MANNER, None, "Task")

    heard = hear(Spoken(turn.content), Hearing(Speech.TEXT, MANNER.tools, "DONE"))

    assert [request.name for request in heard.requests] == ["python"]
    assert seen.content == "Output:\nwritten: 3\n(exit status 0)"
    assert hear(Spoken(end.content), Hearing(Speech.TEXT, MANNER.tools, "DONE")).answered


def test_without_a_skill_none_is_mentioned() -> None:
    assert "skill" not in opening(MANNER, None, "Task")[0].content.lower().replace(
        "or of a skill", ""
    )


def test_with_tool_calls_there_is_nothing_to_learn_about_blocks() -> None:
    system, task = opening(replace(MANNER, speech=Speech.TOOLS), SKILL, "Task")

    assert "```" not in system.content
    assert "DONE" not in system.content
    assert task.content == "Task"


def test_the_end_word_can_be_another() -> None:
    assert "FINISHED" in speaking(replace(MANNER, end_word="FINISHED"))
    assert opening(replace(MANNER, end_word="FINISHED"), None, "Task")[4].content == "FINISHED"


def test_an_agent_without_python_gets_no_example_in_it() -> None:
    assert len(opening(replace(MANNER, tools=(BASH,)), None, "Task")) == 2


def test_a_skill_that_is_no_text_is_the_user_s_error() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        opening(MANNER, Skill("s", Oid("a" * 40), {MANIFEST: b"\xff"}), "Task")


def test_a_task_says_where_its_answer_goes_and_shows_its_inputs() -> None:
    prompts = JinjaPrompts()

    full = prompts("agent-task", query="Add up.", answer="out.xlsx", preview="row 1: 2")

    assert full == "Add up.\n\nThe result must be saved as out.xlsx.\n\nrow 1: 2"
    assert prompts("agent-task", query="Add up.", answer="", preview="") == "Add up."
