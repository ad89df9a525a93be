from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from agents import OPENING, Agent, append_only, block, calling, echo, told
from hypothesis import given
from hypothesis import strategies as st
from scripted import Answer, Request, ScriptedEndpoint, refusing

from skillgit.agent.episode import Act, Brief, Budget
from skillgit.agent.loop import elide
from skillgit.config import Speech
from skillgit.errors import SurroundingsError
from skillgit.evaluation.runs import Ended
from skillgit.types import ToolCall, Usage

DONE = Answer("DONE")


@pytest.fixture
def agent(endpoint: ScriptedEndpoint, tmp_path: Path) -> Agent:
    return Agent(endpoint, tmp_path)


@pytest.fixture
def caller(endpoint: ScriptedEndpoint, tmp_path: Path) -> Agent:
    return Agent(endpoint, tmp_path, Speech.TOOLS, tools=(echo(),))


# ------------------------------------------------------------------ an episode from end to end


def test_a_task_is_done_in_text(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.queue(block("print(1 / 0)"), block("print(sum([1, 2]))", words="Again."), DONE)

    episode = agent.work()

    assert episode.ended is Ended.ANSWERED
    assert episode.answer == "DONE"
    assert [turn.words for turn in episode.turns] == ["I try this.", "Again.", "DONE"]
    assert episode.calls == (
        ToolCall("python", '{"code": "print(1 / 0)"}'),
        ToolCall("python", '{"code": "print(sum([1, 2]))"}'),
    )
    failed, worked = (turn.acts[0].observation for turn in episode.turns[:2])
    assert 'turn.py", line 1' in failed
    assert failed.endswith("ZeroDivisionError: division by zero\n(exit status 1)")
    assert worked == "3\n(exit status 0)"
    assert told(endpoint.requests[2]) == "Output:\n3\n(exit status 0)"
    assert all("tools" not in request for request in endpoint.requests)
    assert endpoint.requests[0]["stop"] == ["\nObservation:", "\nOutput:"]
    assert episode.usage == Usage(calls=3, prompt_tokens=30, output_tokens=15)


def test_a_task_is_done_with_tool_calls(endpoint: ScriptedEndpoint, caller: Agent) -> None:
    two = ({"name": "echo", "arguments": '{"text": "a"}'}, {"name": "echo", "arguments": "{"})
    endpoint.queue(
        Answer("I call.", tool_calls=two, reasoning="Hm."),
        Answer("It is a.", reasoning="Yes."),
    )

    episode = caller.work()

    assert (episode.ended, episode.answer) == (Ended.ANSWERED, "It is a.")
    first, last = episode.turns
    assert (first.words, first.reasoning, last.reasoning) == ("I call.", "Hm.", "Yes.")
    assert first.acts[0] == Act("echo", '{"text": "a"}', "echo a")
    assert not first.acts[1].run
    assert episode.calls == (ToolCall("echo", '{"text": "a"}'),)
    spoken, seen, refused = endpoint.requests[1]["messages"][2:]
    assert [each["function"]["name"] for each in spoken["tool_calls"]] == ["echo", "echo"]
    assert seen == {"role": "tool", "content": "echo a", "tool_call_id": "call_0"}
    assert refused["tool_call_id"] == "call_1"
    assert "not JSON" in refused["content"]
    assert '{"text": "..."}' in refused["content"]
    assert endpoint.requests[0]["tool_choice"] == "auto"
    assert "stop" not in endpoint.requests[0]


def test_a_tool_may_end_the_work(endpoint: ScriptedEndpoint, caller: Agent) -> None:
    two = tuple({"name": "echo", "arguments": f'{{"text": "{text}"}}'} for text in ("over", "late"))
    endpoint.queue(Answer("It is over.", tool_calls=two))

    episode = caller.work()

    assert (episode.ended, episode.answer) == (Ended.ANSWERED, "It is over.")
    assert [act.run for act in episode.turns[0].acts] == [True, False]


def test_the_seed_is_that_of_the_brief(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.queue(DONE)
    agent.seed = 43

    agent.work()

    assert endpoint.requests[0]["seed"] == 43


def test_who_ends_with_nothing_done_is_told_so_once(
    endpoint: ScriptedEndpoint, agent: Agent
) -> None:
    agent.wants = "answer.txt"
    endpoint.queue(DONE, block("open('answer.txt', 'w').write('3')"), DONE)
    episode = agent.work()
    assert (episode.ended, len(episode.turns)) == (Ended.ANSWERED, 3)
    assert told(endpoint.requests[1]) == episode.turns[0].told == "Not done yet."
    assert not episode.turns[2].told
    assert append_only(endpoint.requests)


def test_who_is_told_so_may_end_all_the_same(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    agent.wants = "answer.txt"
    endpoint.queue(DONE, DONE)
    episode = agent.work()
    assert (episode.ended, len(episode.turns)) == (Ended.ANSWERED, 2)


def test_who_calls_no_tool_and_has_done_nothing_is_told_so(
    endpoint: ScriptedEndpoint, caller: Agent
) -> None:
    caller.wants = "answer.txt"
    endpoint.queue(Answer("It is 3."), Answer("I cannot."))
    episode = caller.work()
    assert episode.answer == "I cannot."
    assert told(endpoint.requests[1]) == "Not done yet."


# ------------------------------------------------------------------ replies that are no use

TEXT_MISFITS = {
    "empty": (Answer("  ", finish_reason="length"), "cut off"),
    "cut off in a block": (Answer("So:\n```python\nx = 1", finish_reason="length"), "cut off"),
    "two blocks": (Answer("```bash\nls\n```\n```python\n1\n```"), "You wrote 2 blocks"),
    "no such tool": (Answer("```ruby\nputs 1\n```"), "There is no tool ruby, only python, bash"),
    "words alone": (Answer("I shall now think about it."), "Write one block"),
    "only thoughts": (Answer("<think>```bash\nrm -r .\n```"), "Write one block"),
}


@pytest.mark.parametrize("misfit", TEXT_MISFITS)
def test_in_text_what_is_no_use_takes_a_turn_and_is_explained(
    endpoint: ScriptedEndpoint, agent: Agent, misfit: str
) -> None:
    answer, words = TEXT_MISFITS[misfit]
    endpoint.queue(answer, DONE)

    episode = agent.work()

    assert episode.ended is Ended.ANSWERED
    assert len(episode.turns) == 2
    assert words in told(endpoint.requests[1])
    assert episode.turns[0].told == told(endpoint.requests[1])
    assert episode.calls == ()
    assert agent.sandbox.ran == 0


TOOL_MISFITS = {
    "cut off": (Answer("Well,", finish_reason="length"), "cut off"),
    "cut off in a call": (calling("echo", '{"te', finish_reason="length"), "cut off"),
    "no such tool": (calling("rm", "{}"), "There is no tool 'rm'; there is echo."),
    "no name": (calling("", ""), "There is no tool ''"),
    "no JSON": (calling("echo", "print(1)"), "not JSON"),
    "no object": (calling("echo", "[1]"), "must be a JSON object"),
    "nothing": (calling("echo", ""), "echo needs text"),
    "null": (calling("echo", '{"text": null}'), "echo needs text"),
    "another kind": (calling("echo", '{"text": ["a"]}'), "text must be of type string"),
    "torn": (Answer("<tool_call>\n<function=echo>"), "could not be read"),
}


@pytest.mark.parametrize("misfit", TOOL_MISFITS)
def test_in_tool_calls_what_is_no_use_takes_a_turn_and_is_explained(
    endpoint: ScriptedEndpoint, caller: Agent, misfit: str
) -> None:
    answer, words = TOOL_MISFITS[misfit]
    endpoint.queue(answer, Answer("So be it."))

    episode = caller.work()

    assert (episode.ended, episode.answer) == (Ended.ANSWERED, "So be it.")
    assert words in told(endpoint.requests[1])
    assert episode.calls == ()
    sent = [call for m in endpoint.requests[1]["messages"] for call in m.get("tool_calls", ())]
    assert all(isinstance(json.loads(call["function"]["arguments"]), dict) for call in sent)


def test_an_empty_reply_is_asked_for_again_and_then_explained(
    endpoint: ScriptedEndpoint, caller: Agent
) -> None:
    endpoint.queue(*[Answer("")] * 3, Answer("So be it."))

    episode = caller.work()

    assert [request["seed"] for request in endpoint.requests] == [41, 42, 43, 41]
    assert "empty" in told(endpoint.requests[3])
    assert episode.usage.failed_calls == 3


def test_only_so_many_calls_of_one_turn_are_run(endpoint: ScriptedEndpoint, caller: Agent) -> None:
    calls = tuple({"name": "echo", "arguments": f'{{"text": "{n}"}}'} for n in range(10))
    endpoint.queue(Answer(None, tool_calls=calls), Answer("So be it."))

    episode = caller.work()

    assert [act.run for act in episode.turns[0].acts] == [True] * 8 + [False] * 2
    assert len(endpoint.requests[1]["messages"]) == len(OPENING) + 1 + 10


@pytest.mark.parametrize("speech", [Speech.TEXT, Speech.TOOLS])
def test_who_repeats_himself_gets_one_hint_and_then_the_end(
    endpoint: ScriptedEndpoint, agent: Agent, speech: Speech
) -> None:
    agent.speech = speech
    text = speech is Speech.TEXT
    same = block("print(7)") if text else calling("python", '{"code": "print(7)"}')
    endpoint.queue(*[same] * 4)

    episode = agent.work()

    assert episode.ended is Ended.REPEATED
    assert "4 times" in episode.reason
    hints = ["exactly the same" in str(request["messages"]) for request in endpoint.requests]
    assert hints == [False, False, False, True]
    assert agent.sandbox.ran == 3
    assert append_only(endpoint.requests)


def test_who_heeds_the_hint_goes_on(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.queue(*[block("print(7)")] * 3, block("print(8)"), *[block("print(7)")] * 2, DONE)

    assert agent.work().ended is Ended.ANSWERED


# ------------------------------------------------------------------ budgets


def counting(request: Request) -> Answer:
    """Another program each turn, as long as it may write one."""
    if "used up" in told(request):
        return Answer("I know nothing.")
    return block(f"print({len(request['messages'])})")


@pytest.mark.parametrize(
    ("budget", "ended"),
    [
        (Budget(turns=3), Ended.TURNS),
        (Budget(tokens=31), Ended.TOKENS),
        (Budget(seconds=25), Ended.SECONDS),
    ],
)
def test_a_used_up_budget_leaves_one_turn_for_the_answer(
    endpoint: ScriptedEndpoint, agent: Agent, budget: Budget, ended: Ended
) -> None:
    endpoint.reply = counting
    agent.budget = budget
    agent.clock = ticking(10)

    episode = agent.work()

    assert (episode.ended, episode.answer) == (ended, "I know nothing.")
    assert agent.sandbox.ran == 3
    assert len(endpoint.requests) == len(episode.turns) == 4
    assert f"The {ended.value} of this task is used up" in told(endpoint.requests[-1])
    assert episode.turns[-2].told in told(endpoint.requests[-1])
    assert append_only(endpoint.requests)
    assert episode.messages[: len(OPENING)] == OPENING
    assert episode.seconds == 40


def ticking(step: float) -> Callable[[], float]:
    ticks = count(step=step)
    return lambda: next(ticks)


def test_the_last_turn_is_announced(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.reply = counting
    agent.budget = Budget(turns=3)

    agent.work()

    announced = ["Only one more turn" in told(request) for request in endpoint.requests]
    assert announced == [False, False, True, False]


def test_after_the_budget_no_tool_is_offered_and_none_is_run(
    endpoint: ScriptedEndpoint, caller: Agent
) -> None:
    caller.budget = Budget(turns=1)
    call = calling("echo", '{"text": "a"}')
    endpoint.queue(call, call)

    episode = caller.work()

    assert episode.ended is Ended.TURNS
    assert "tools" in endpoint.requests[0]
    assert "tools" not in endpoint.requests[1]
    assert len(episode.calls) == 1


def test_a_long_observation_loses_its_middle(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.queue(block("print('a' * 5000); print('z')"), DONE)
    agent.budget = Budget(output_chars=300)

    (act,) = agent.work().turns[0].acts

    assert len(act.observation) == 300
    assert "characters left out here" in act.observation
    assert act.observation.endswith("z\n(exit status 0)")


@given(st.text(max_size=400), st.integers(60, 300))
def test_what_is_elided_says_how_much_is_missing(text: str, limit: int) -> None:
    short = elide(text, limit)

    assert len(short) <= limit
    if len(text) <= limit:
        assert short == text
    else:
        head, _, rest = short.partition("\n[")
        number, _, tail = rest.partition(" characters left out here]\n")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head) + int(number) + len(tail) == len(text)
        assert elide(short, limit) == short


@pytest.mark.parametrize(
    "wrong", [{"turns": 0}, {"seconds": 0.0}, {"tokens": 0}, {"output_chars": 10}]
)
def test_a_budget_of_nothing_cannot_be_built(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="nothing can be done"):
        Budget(**wrong)


def test_a_brief_knows_how_to_speak_and_what_with() -> None:
    with pytest.raises(ValueError, match="chosen before"):
        Brief("agent", "x", OPENING, (echo(),), Speech.AUTO)
    with pytest.raises(ValueError, match="something to do"):
        Brief("agent", "x", OPENING, (), Speech.TEXT)


# ------------------------------------------------------------------ an endpoint that fails


def test_a_turn_that_hangs_ends_the_episode_with_its_reason(
    endpoint: ScriptedEndpoint, agent: Agent
) -> None:
    endpoint.queue(block("print(1)"), Answer("late", delay=60.0))
    agent.timeout = 0.5

    episode = agent.work()

    assert episode.ended is Ended.ENDPOINT
    assert "no answer within 0.5 s" in episode.reason
    assert len(episode.turns) == 1
    assert episode.usage.failed_calls == 1


def test_a_budget_that_ends_without_a_last_word_is_still_a_budget(
    endpoint: ScriptedEndpoint, agent: Agent
) -> None:
    endpoint.queue(block("print(1)"), refusing(400, "no room"))
    agent.budget = Budget(turns=1)

    episode = agent.work()

    assert (episode.ended, episode.answer) == (Ended.TURNS, "")
    assert "no room" in episode.reason


def test_an_endpoint_that_is_gone_is_nobody_s_episode(tmp_path: Path) -> None:
    with ScriptedEndpoint() as endpoint:
        agent = Agent(endpoint, tmp_path)

    with pytest.raises(SurroundingsError, match="cannot be reached"):
        agent.work()


def test_a_command_that_does_not_end_is_stopped_and_said_so(
    endpoint: ScriptedEndpoint, agent: Agent
) -> None:
    endpoint.queue(block("sleep 60", "bash"), DONE)
    agent.sandbox.seconds = 0.3

    episode = agent.work()

    assert episode.turns[0].acts[0].observation == "(stopped: after 0.3 s)"


# ------------------------------------------------------------------ resuming

RANDOM = block("import random, os; print(random.random(), os.getpid())")


def test_an_episode_that_is_taken_again_asks_nothing_and_is_the_same(
    endpoint: ScriptedEndpoint, agent: Agent
) -> None:
    endpoint.queue(RANDOM, block("print(2)"), DONE)
    first = agent.work("one")

    again = agent.work("two")

    assert len(endpoint.requests) == 3
    assert agent.sandbox.ran == 4
    assert again == first


def test_it_ends_again_where_its_time_was_over(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.reply = counting
    agent.budget = Budget(seconds=25)
    agent.clock = ticking(10)
    first = agent.work("one")
    agent.clock = lambda: 0.0

    assert agent.work("two") == first
    assert len(endpoint.requests) == 4


def test_another_seed_is_another_episode(endpoint: ScriptedEndpoint, agent: Agent) -> None:
    endpoint.queue(RANDOM, DONE, RANDOM, DONE)
    first = agent.work("one")
    agent.seed = 42
    second = agent.work("two")

    assert first.turns[0].acts != second.turns[0].acts


KILLED = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from types import SimpleNamespace
    from agents import Agent

    Agent(SimpleNamespace(url=sys.argv[1]), Path(sys.argv[2])).work("killed")
    """
)


@pytest.mark.usefixtures("unmeasured")
def test_after_kill_9_no_call_is_repeated_although_a_command_printed_random_numbers(
    endpoint: ScriptedEndpoint, agent: Agent
) -> None:
    reached = threading.Event()

    def reply(request: Request) -> Answer:
        match len(request["messages"]) - len(OPENING):
            case 0:
                return RANDOM
            case 2:
                return block("print(3)")
            case 4 if not reached.is_set():
                reached.set()
                return Answer("never heard", delay=1.0)
            case _:
                return DONE

    endpoint.reply = reply
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, endpoint.url, str(agent.folder)],
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'tests'}"},
    ) as process:
        assert reached.wait(timeout=30)
        process.send_signal(signal.SIGKILL)
    before = len(endpoint.requests)

    episode = agent.work("resumed")

    assert before == 3
    assert [len(request["messages"]) for request in endpoint.requests[before:]] == [6]
    assert endpoint.requests[3] == endpoint.requests[2]
    assert episode.ended is Ended.ANSWERED
    assert len(episode.turns) == 3
