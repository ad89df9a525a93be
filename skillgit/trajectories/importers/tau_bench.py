"""tau-bench and tau2-bench: an agent talks to a simulated user, and a grader gives a reward.

- tau2-bench: `{info, tasks, simulations: […]}`, or one simulation as a file of its own. In
  "full duplex" a conversation is recorded as ticks instead of messages.
- tau-bench: a list of `{task_id, reward, info, traj: [messages], trial}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue, part_of
from skillgit.trajectories.drafts import (
    Draft,
    Label,
    finished,
    first_text,
    objects_in,
    one_by_one,
    remark,
    text_of,
)
from skillgit.trajectories.messages import drafts_of
from skillgit.trajectories.outcomes import DETAIL_CHARS, outcome_of
from skillgit.types import Diagnostic, Outcome, Trajectory

FORMAT = "tau-bench"

_SAID_BY = "reward"


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict):
        return None
    results = isinstance(value.get("simulations"), list) and "info" in value
    single = "traj" in value and "task_id" in value and isinstance(value["traj"], list)
    return value if results or single or _is_simulation(value) else None


def _is_simulation(value: JsonObject) -> bool:
    spoken = isinstance(value.get("messages"), list) or isinstance(value.get("ticks"), list)
    return spoken and "task_id" in value and "termination_reason" in value


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    simulations = root.get("simulations")
    if not isinstance(simulations, list):
        yield from _simulation(document, root, {})
        return
    if not simulations:
        yield remark(document, f"looks like {FORMAT}, but holds no simulations")
    info = root["info"] if isinstance(root["info"], dict) else {}
    for number, simulation in enumerate(simulations, 1):
        part = part_of(document, simulation, str(number))
        if isinstance(simulation, dict):
            yield from _simulation(part, simulation, info)
        else:
            yield remark(part, "a simulation that is no object")


def _simulation(
    document: Document, run: JsonObject, info: JsonObject
) -> Iterator[Trajectory | Diagnostic]:
    environment, agent = _object(info, "environment_info"), _object(info, "agent_info")
    drafts, unknown = drafts_of(_messages(run))
    if unknown:
        yield remark(document, f"messages without a known role, left out: {unknown}")
    policy = text_of(environment.get("policy"))
    if policy and drafts and drafts[0].source != "system":
        drafts.insert(0, Draft("system", policy))
    outcome, fault = _outcome(run)
    if fault:
        yield remark(document, fault)
    names = (first_text(environment, "domain_name"), first_text(run, "task_id"))
    label = Label(FORMAT, "/".join(filter(None, names)), first_text(agent, "llm", "implementation"))
    yield finished(document, drafts, label, outcome)


def _object(value: JsonObject, key: str) -> JsonObject:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _messages(run: JsonObject) -> Iterator[JsonValue]:
    """The messages with the names that chat messages have; answers of tools carry `id` here."""
    for key in ("messages", "traj"):
        value = run.get(key)
        if isinstance(value, list) and value:
            yield from _flat(value)
            return
    yield from _flat(_spoken(objects_in(run.get("ticks"))))


def _flat(messages: Iterable[JsonValue]) -> Iterator[JsonValue]:
    """Several answers of tools may be one message."""
    for message in messages:
        inside = message.get("tool_messages") if isinstance(message, dict) else None
        for each in inside if isinstance(inside, list) else [message]:
            if isinstance(each, dict) and "id" in each and each.get("role") == "tool":
                yield {"tool_call_id": each["id"], **each}
            elif isinstance(each, dict) and each.get("is_audio"):
                yield {**each, "content": "[audio]"}
            else:
                yield each


def _spoken(ticks: Iterable[JsonObject]) -> Iterator[JsonValue]:
    """What was said in the ticks of a conversation; both may speak at once, most are silent.

    Each tick has a few syllables: a speaker's are one message, until the other says something or a
    tool is called.
    """
    role, known = "", frozenset[str]()
    syllables: list[str] = []
    for tick in ticks:
        for chunk in objects_in([tick.get("user_chunk"), tick.get("agent_chunk")]):
            text = "[audio]" if chunk.get("is_audio") else text_of(chunk.get("content"))
            if not text or (text == "[audio]" and not chunk.get("contains_speech")):
                continue
            if role != text_of(chunk.get("role")):
                yield from _whole(role, syllables)
                role, syllables, known = text_of(chunk.get("role")), [], frozenset()
            utterances = _utterances(chunk)
            if known and utterances and known.isdisjoint(utterances):
                syllables.append(" ")
            syllables.append(text)
            known = utterances
        for who, key in (("assistant", "agent"), ("user", "user")):
            if calls := list(objects_in(tick.get(f"{key}_tool_calls"))):
                yield from _whole(role, syllables)
                role, syllables, known = "", [], frozenset()
                yield {"role": who, "tool_calls": calls}
            yield from objects_in(tick.get(f"{key}_tool_results"))
    yield from _whole(role, syllables)


def _utterances(chunk: JsonObject) -> frozenset[str]:
    ids = chunk.get("utterance_ids")
    return frozenset(map(text_of, ids)) if isinstance(ids, list) else frozenset()


def _whole(role: str, syllables: list[str]) -> Iterator[JsonValue]:
    if syllables:
        yield {"role": role, "content": "".join(syllables)}


def _outcome(run: JsonObject) -> tuple[Outcome, str]:
    """The grader's reward, with what it was made of; not the actions that it expected."""
    graded = _object(run, "reward_info")
    reward = graded.get("reward", run.get("reward"))
    breakdown = _object(graded, "reward_breakdown")
    parts = [f"{text_of(name)} {text_of(value)}" for name, value in breakdown.items()]
    for key in ("communicate_checks", "nl_assertions"):
        checks = objects_in(graded.get(key))
        parts += [text_of(check.get("justification")) for check in checks if not check.get("met")]
    detail = "; ".join(filter(None, parts))[:DETAIL_CHARS]
    said_by = "" if reward is None else _SAID_BY
    return outcome_of({"reward": reward, "detail": detail}, said_by=said_by)


TAU_BENCH = one_by_one(FORMAT, _root_of, _read)
