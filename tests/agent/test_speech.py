from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.agent.fences import blocks_of, without_blocks
from skillgit.agent.speech import Heard, Hearing, hear
from skillgit.agent.tools import BASH, PYTHON, READ_FILE
from skillgit.config import Speech
from skillgit.ports import Spoken, ToolRequest

TOOLS = (PYTHON, BASH, READ_FILE)


def heard(text: str, *, cut: bool = False) -> Heard:
    return hear(Spoken(text, cut=cut), Hearing(Speech.TEXT, TOOLS, "DONE"))


def asked(text: str, *, cut: bool = False) -> tuple[str, dict[str, object]]:
    (request,) = heard(text, cut=cut).requests
    return request.name, json.loads(request.arguments)


STRING_WITH_FENCES = 'text = """\n```python\nx\n ```\n````\n"""'

BLOCKS = {
    "plain": ("```python\nx = 1\n```", "python", "x = 1"),
    "words around": ("I look.\n```bash\nls\n```\nThen I see.", "bash", "ls"),
    "capital": ("```Python\nx\n```", "python", "x"),
    "short name": ("```py\nx\n```", "python", "x"),
    "shell": ("```sh\nls\n```", "bash", "ls"),
    "blanks behind the fences": ("```python   \nx\n```  ", "python", "x"),
    "words behind the name": ("``` python title=turn.py\nx\n```", "python", "x"),
    "tildes": ("~~~python\n```\nx\n```\n~~~", "python", "```\nx\n```"),
    "longer fence": ("````python\na = '''\n```\n'''\n````", "python", "a = '''\n```\n'''"),
    "fences within": (f"```python\n{STRING_WITH_FENCES}\n```", "python", STRING_WITH_FENCES),
    "indented as in a list": (
        "1. So:\n   ```python\n   if x:\n       y\n   ```",
        "python",
        "if x:\n    y",
    ),
    "no end": ("```python\nx = 1\ny = 2", "python", "x = 1\ny = 2"),
    "end behind the last line": ("```python\nx = 1```\nThat is all.", "python", "x = 1"),
    "begins behind words": ("Here it is: ```python\nx = 1\n```", "python", "x = 1"),
    "no name": ("I try:\n```\nx = 1\n```", "python", "x = 1"),
    "empty": ("```python\n```", "python", ""),
    "another block that is no tool": ("```json\n{}\n```\n```bash\nls\n```", "bash", "ls"),
    "the end word within": ("```python\nprint('DONE')\n```", "python", "print('DONE')"),
    "the end word behind": ("```python\nx\n```\nDONE", "python", "x"),
    "thoughts before": ("<think>\n```bash\nrm\n```\n</think>\n\n```bash\nls\n```", "bash", "ls"),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_one_block_is_one_request(case: str) -> None:
    text, name, content = BLOCKS[case]
    body = {tool.name: tool.body for tool in TOOLS}[name]

    assert asked(text) == (name, {body: content})


def test_what_stands_beside_a_block_are_the_words() -> None:
    said = heard("<think>Hm.</think>I look.\n\n```bash\nls\n```\nThen I see.")

    assert said.words == "I look.\n\nThen I see."
    assert said.reasoning == "Hm."
    assert said.content.startswith("I look.")


def test_further_arguments_stand_behind_the_name() -> None:
    text = "```read_file first=10 count='5' path=x other=1\nnotes.txt\n```"

    assert asked(text) == ("read_file", {"path": "notes.txt", "first": "10", "count": "5"})


@pytest.mark.parametrize(
    "text",
    ["DONE", "All is **DONE**.", "It works.\nDONE", "```json\n{}\n```\nDONE", "```\nx\n```\nDONE"],
)
def test_the_end_word_ends_it(text: str) -> None:
    assert heard(text).answered


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Done.",
        "ABANDONED",
        "UNDONE",
        "I go on.",
        "```ruby\n1\n```",
        "```bash\nDONE\n```\n```bash\n```",
    ],
)
def test_without_it_the_work_goes_on(text: str) -> None:
    said = heard(text)

    assert not said.answered
    assert not said.requests
    assert "```python" in said.remark
    assert "DONE" in said.remark


def test_a_whole_block_counts_although_the_reply_was_cut_off_behind_it() -> None:
    assert asked("```bash\nls\n```\nand so on", cut=True) == ("bash", {"command": "ls"})
    assert heard("```bash\nls", cut=True).requests == ()


def test_of_a_conversation_with_tools_only_an_answer_without_a_call_is_one() -> None:
    request = ToolRequest("c1", "bash", "{}")

    called = hear(Spoken("DONE", requests=(request,)), Hearing(Speech.TOOLS, TOOLS, "DONE"))
    answered = hear(Spoken("<think>a</think>42"), Hearing(Speech.TOOLS, TOOLS, "DONE"))

    assert (called.answered, called.requests) == (False, (request,))
    assert (answered.answered, answered.content, answered.reasoning) == (True, "42", "a")


lines = st.text(alphabet="`~ pythonbasDONE\n\t=x<>/k", max_size=120)


@given(lines, st.booleans(), st.sampled_from([Speech.TEXT, Speech.TOOLS]))
def test_every_reply_means_one_thing(text: str, cut: bool, speech: Speech) -> None:  # noqa: FBT001 - drawn
    said = hear(Spoken(text, cut=cut), Hearing(speech, TOOLS, "DONE"))

    assert [bool(said.requests), said.answered, bool(said.remark)].count(True) == 1


@given(lines)
def test_blocks_and_what_is_around_them_are_the_whole_text(text: str) -> None:
    blocks = blocks_of(text)
    lines_of = text.split("\n")
    taken = [n for block in blocks for n in range(block.first, block.last + 1)]

    assert taken == sorted(set(taken))
    rest = [line for number, line in enumerate(lines_of) if number not in taken]
    assert without_blocks(text, blocks) == "\n".join(rest).strip()


programs = st.text(alphabet="`~x =\n'\"", max_size=60).map(lambda text: text.rstrip())


@given(programs, st.sampled_from(["```", "~~~", "`````"]))
def test_any_program_without_a_line_that_is_the_fence_arrives_whole(
    program: str, fence: str
) -> None:
    if any(line.rstrip() == fence for line in program.split("\n")):
        return

    assert asked(f"So.\n{fence}python\n{program}\n{fence}\n") == ("python", {"code": program})


def test_who_did_nothing_yet_is_not_told_how_to_end() -> None:
    said = Spoken("The answer is 3.")
    late = hear(said, Hearing(Speech.TEXT, TOOLS, "DONE")).remark
    early = hear(said, Hearing(Speech.TEXT, TOOLS, "DONE", begun=False)).remark
    assert late.endswith("ends with ```, or the single word DONE if all is done.")
    assert early.endswith("ends with ```.")
    assert hear(Spoken("DONE"), Hearing(Speech.TEXT, TOOLS, "DONE", begun=False)).answered
