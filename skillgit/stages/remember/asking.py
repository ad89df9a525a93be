"""One call about one trajectory, and what in its reply can be kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skillgit.config import Signals
from skillgit.ports import Call, Failure, JsonObject, Message, Model, NoReply, Reply
from skillgit.provenance.bank import MemoryItem, Remembered
from skillgit.rules.safety import told_of_grading
from skillgit.trajectories.lines import plain
from skillgit.trajectories.redaction import Redactor
from skillgit.trajectories.view import view
from skillgit.types import Excluded, Pool, Result, Trajectory

ROLE = "remember"
MOST_ITEMS = 3
QUERY_CHARS = 2000
"""So much of a run's first words is its query; what else may stand there is a look at files."""
_HALVINGS = 2
_DETAIL_CHARS = 600
_LONGEST: Mapping[str, int] = {"title": 80, "description": 160, "content": 500}


@dataclass(frozen=True, slots=True)
class Terms:
    """What all calls share."""

    contract: Message
    bare: Message
    """The same without the example, for a model that copies it."""
    characters: int
    queries: Mapping[str, str] = field(default_factory=dict)


def teachers(pool: Pool, signals: Signals) -> Sequence[Trajectory]:
    """The trajectories that may teach under these signals, in the order of their ids."""
    failed = pool.failed if signals is not Signals.SUCCESS else ()
    passed = pool.passed if signals is not Signals.ERROR else ()
    return sorted((*failed, *passed), key=lambda trajectory: trajectory.id)


def terms_of(model: Model, characters: int, queries: Mapping[str, str]) -> Terms:
    """The system message is the same for all, so that an endpoint reuses its work on it."""
    whole, bare = (
        Message("system", model.prompts("remember", example=shown)) for shown in (True, False)
    )
    return Terms(whole, bare, characters, dict(queries))


async def in_one_call(model: Model, terms: Terms, run: Trajectory) -> Remembered | Excluded:
    """Work for an executor: what one trajectory is worth remembering for.

    Of one that is too long half is shown, and so on.
    """
    query = query_of(terms, run)
    if not query:
        return Excluded(run.id, "nobody said what was to be done, so nothing would find it again")
    characters = terms.characters
    least = characters >> _HALVINGS
    while True:
        call = call_about(model, terms, run, characters)
        if call is None:
            return Excluded(run.id, "nothing of the run can be shown: analyze.trajectory_chars")
        fits = await model.fits(call)
        answer = await model.ask(call) if fits else _TOO_LONG
        if not isinstance(answer, NoReply):
            if not _items(run, terms, answer.value):
                again = replace(call, label=f"{run.id} bare", messages=_bare(terms, call))
                better = await model.ask(again)
                answer = better if isinstance(better, Reply) else answer
            items = _items(run, terms, answer.value)
            return _remembered(run, query, items) if items else Excluded(run.id, _NO_USE)
        if answer.failure is not Failure.TOO_LONG or characters <= least:
            return Excluded(run.id, answer.reason)
        characters //= 2


_TOO_LONG = NoReply("the prompt does not fit into the model's context", failure=Failure.TOO_LONG)


def call_about(
    model: Model, terms: Terms, run: Trajectory, characters: int | None = None
) -> Call | None:
    """What is asked about a run; None where nothing of it can be shown. Also for a plan."""
    shown = view(run, characters or terms.characters).text
    if not shown:
        return None
    asked = model.prompts(
        "remember-question",
        trajectory=shown,
        passed=run.outcome.result is Result.PASS,
        detail=_one_line(run.outcome.detail[:_DETAIL_CHARS]),
    )
    return Call(ROLE, run.id, (terms.contract, Message("user", asked)), _schema())


def query_of(terms: Terms, run: Trajectory) -> str:
    """The query of its task where that is known, else the first words of a user in the run."""
    known = terms.queries.get(run.task, "")
    said = (step.message.strip() for step in run.steps if step.source == "user")
    return known.strip() or next(filter(None, said), "")[:QUERY_CHARS].strip()


_NO_USE = "its items copy the example, tell how runs are graded, or cannot be read"


def _bare(terms: Terms, call: Call) -> tuple[Message, ...]:
    """Told that it copied, a small model copies once more; here it has nothing to copy."""
    return (terms.bare, *call.messages[1:])


def _remembered(run: Trajectory, query: str, items: tuple[MemoryItem, ...]) -> Remembered:
    return Remembered(run.id, run.digest, run.task, run.outcome.result, query, items)


def _items(run: Trajectory, terms: Terms, value: JsonObject) -> tuple[MemoryItem, ...]:
    """Without secrets and names, and without what would please a grader."""
    example = _words(terms.contract.content)
    return tuple(
        item
        for item in _read(run, value)
        if not any(f" {_words(part)} " in f" {example} " for part in (item.title, item.content))
    )


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _read(run: Trajectory, value: JsonObject) -> Iterator[MemoryItem]:
    clean = Redactor().text
    for item in value["memories"]:
        found = MemoryItem(*(clean(" ".join(str(item[name]).split())) for name in _LONGEST))
        words = f"{found.title}\n{found.description}\n{found.content}"
        hidden = any(unicodedata.category(char) in {"Cf", "Cs", "Co"} for char in words)
        told = hidden or told_of_grading(words, "", run.task)
        if found.title and found.content and not told:
            yield found


def _schema() -> dict[str, object]:
    """First why, so that a model thinks before it teaches."""
    item = _object(**{name: _string(longest) for name, longest in _LONGEST.items()})
    items = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": item}
    return _object(why=_string(300), memories=items)


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _string(longest: int) -> dict[str, object]:
    return {"type": "string", "maxLength": longest}


def _one_line(detail: str) -> str:
    """What is said of a run stands outside its numbered lines and must not look like more."""
    return " ".join(line.strip() for line in plain(detail).split("\n")).strip()
