"""create: what does the model know already? A first skill, before any trajectory.

Section 2.5 of the paper, creation mode: the draft comes from the model's own knowledge alone (the
"Parametric" skill of its section 3.1), and rounds go on from it. The model gives short texts under
a schema, the program writes the SKILL.md, and the rules decide.

    seat.py      where it goes, and what is in the way; asked before any call
    schema.py    what the model may answer
    reading.py   from its answer to parts that fit
    manifest.py  from the parts to a SKILL.md, and what the rules say of it
    commit.py    one commit, one branch
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace

from skillgit.config import Config
from skillgit.errors import UsageError
from skillgit.names import Digest, Oid
from skillgit.ports import Call, Message, Model, NoReply
from skillgit.stages.create.commit import commit, message_of
from skillgit.stages.create.reading import Reading, read_draft
from skillgit.stages.create.schema import draft_schema
from skillgit.stages.create.seat import Seat, Shelves, seat

__all__ = ["Author", "Creation", "Order", "Seat", "create"]

_STAGE = "draft"
_MOST_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for; `home` None is where the repository keeps its skills."""

    name: str
    describe: str
    config: Config
    base: str = "HEAD"
    home: str | None = None
    dry_run: bool = False
    lies_about: Callable[[str], bool] = lambda _: False
    """Is there something in this folder of the checkout? A merge could not put the skill there."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who drafts. The model's name is asked for when all else is known to be right."""

    model: Model
    model_name: Callable[[], Awaitable[str]]
    begun: Callable[[Digest], int]
    """When exactly this was first asked for: the date of the commit."""


@dataclass(frozen=True, slots=True)
class Creation:
    """What came of it. `commit` is None in a dry run, and where `misfits` forbid the draft."""

    seat: Seat
    model: str
    draft: Reading | None
    misfits: tuple[str, ...] = ()
    commit: Oid | None = None


async def create(order: Order, repo: Shelves, author: Author) -> Creation:
    """Draft a skill and put it on a branch of its own.

    Raises UsageError before any call where name, folder or base cannot be used, and FindingsError
    where the branch exists with something else.
    """
    describe = _described(order)
    place = seat(repo, order.name, order.home, order.base, order.config.record.branch_prefix)
    if order.lies_about(place.root):
        raise UsageError(
            f"creating the skill {place.root}: {place.root} lies in the checkout, not committed",
            hint="commit it or move it away, or give another name",
        )
    model_name = await author.model_name()
    who = repo.author(author.begun(_digest(order, place, model_name, author.model)))
    author.model.progress.start(_STAGE, 1)
    draft = await _draft(order.name, describe, author.model)
    author.model.progress.advance(_STAGE)
    author.model.progress.finish(_STAGE)
    if isinstance(draft, NoReply):
        return Creation(place, model_name, None, (f"no usable reply: {draft.reason}",))
    creation = Creation(place, model_name, draft, draft.misfits)
    if draft.misfits or order.dry_run:
        return creation
    message = message_of(order.name, describe, model_name)
    return replace(creation, commit=commit(repo, place, draft.text, message, who))


def _described(order: Order) -> str:
    describe = order.describe.strip()
    if not describe or len(describe) > _MOST_CHARACTERS:
        raise UsageError(
            f"creating the skill {order.name}: its description has {len(describe)} characters",
            hint="say in one to five sentences what agents will do with it: --describe TEXT",
        )
    return describe


async def _draft(name: str, describe: str, model: Model) -> Reading | NoReply:
    """The draft, or where something is wrong with it the better one of two.

    The second call does not see the first draft: small models repeat what went wrong in it.
    """
    first = await _drafted(name, describe, (), model)
    if isinstance(first, NoReply) or not (reasons := (*first.misfits, *first.remarks)):
        return first
    second = await _drafted(name, describe, reasons, model)
    return first if isinstance(second, NoReply) else max(second, first, key=_worth)


async def _drafted(
    name: str, describe: str, reasons: tuple[str, ...], model: Model
) -> Reading | NoReply:
    contract = model.prompts("draft")
    question = model.prompts("draft-question", name=name, describe=describe, reasons=reasons)
    messages = (Message("system", contract), Message("user", question))
    label = f"{name} again" if reasons else name
    answer = await model.ask(Call("draft", label, messages, draft_schema()))
    return answer if isinstance(answer, NoReply) else read_draft(name, answer.value, contract)


def _worth(reading: Reading) -> tuple[bool, int]:
    """A draft that fits beats one that does not; then the one that says more to call."""
    return not reading.misfits, reading.concrete


def _digest(order: Order, place: Seat, model_name: str, model: Model) -> Digest:
    """Everything that the draft depends on, so that the same order gives the same commit."""
    asked = {
        "skill": place.root,
        "base": place.base,
        "describe": order.describe.strip(),
        "model": model_name,
        "seed": order.config.endpoint.seed,
        "sampling": asdict(order.config.endpoint.draft),
        "prompts": model.prompts.digest(),
    }
    text = json.dumps(asked, sort_keys=True)
    return Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")
