"""remember: what did each trajectory teach, to be told again at tasks like its own?

The baseline of section 4.2 of the paper, after ReasoningBank: one call for each trajectory, passed
or failed, gives one to three memory items. Nothing is merged and nothing is counted.

    asking.py    the call, and what in its reply can be kept
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skillgit.config import Signals
from skillgit.ports import Executor, Model
from skillgit.provenance.bank import Bank, Remembered
from skillgit.stages.remember.asking import in_one_call, teachers, terms_of
from skillgit.types import Excluded, Pool

__all__ = ["Memories", "Wish", "remember"]

STAGE = "remember"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be remembered. `queries` are those of tasks by id; else a run's first words."""

    signals: Signals = Signals.COMBINED
    characters: int = 12000
    """A trajectory is shown in at most so many."""
    queries: Mapping[str, str] = field(default_factory=dict)
    calls: int = 128
    """Calls at the same time."""


@dataclass(frozen=True, slots=True)
class Memories:
    """The bank, and the trajectories that gave nothing to it."""

    bank: Bank
    without: tuple[Excluded, ...]


async def remember(
    pool: Pool, wish: Wish, model: Model, model_name: str, executor: Executor[Model]
) -> Memories:
    """Ask about each trajectory that may teach; entries in the order of their ids."""
    chosen = teachers(pool, wish.signals)
    model.progress.start(STAGE, len(chosen))
    terms = terms_of(model, wish.characters, wish.queries)

    def told(result: Remembered | Excluded) -> None:
        items = result.reason if isinstance(result, Excluded) else f"{len(result.items)} items"
        model.progress.advance(STAGE, f"{result.trajectory} {items}")

    done = await executor.each(in_one_call, terms, chosen, told, 2 * wish.calls)
    model.progress.finish(STAGE)
    entries = tuple(one for one in done if isinstance(one, Remembered))
    without = tuple(one for one in done if isinstance(one, Excluded))
    return Memories(Bank(model_name, entries), without)
