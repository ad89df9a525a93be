"""What a sequence will ask of the model: the same calls as a round, but batch waits for batch.

Only what the first batch is asked can be foretold word for word; the others are shown a skill that
has grown by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from skillgit.config import Strategy
from skillgit.endpoint.store import Past
from skillgit.pipeline.estimates import Site
from skillgit.pipeline.spending import Span, Step, summed

_EDIT_CHARS = 400
"""What an edit adds to the skill, at most: the schema of analysts allows no more."""
_ROLES = {"success analysts": "success", "error analysts": "error"}


def is_sequence(site: Site) -> bool:
    """Is the skill edited batch after batch?"""
    return site.config.consolidate.strategy is Strategy.SEQUENTIAL


def is_foretold(number: int, site: Site) -> bool:
    """Is the `number`-th analyst, from 0, asked what it would be asked in any round?"""
    return not is_sequence(site) or number < site.config.consolidate.batch


def analysts_in_turn(steps: Sequence[Step], site: Site, evolutions: int = 1) -> tuple[Step, ...]:
    """Steps of analysts as a sequence has them; their batches are told by their shares."""
    size, total = site.config.consolidate.batch, sum(step.subjects for step in steps)
    each = total // evolutions
    batches = evolutions * -(-each // size)
    growth = evolutions * site.tokens(_growth(each, site))
    return tuple(
        _in_turn(step, site, batches * (part := step.subjects / total), growth * part)
        for step in steps
        if step.subjects
    )


def _in_turn(step: Step, site: Site, batches: float, growth: float) -> Step:
    """Of what may be in memory nobody knows more than how much there is."""
    size = site.config.consolidate.batch
    past = site.past.get(_ROLES.get(step.name, ""), Past())
    known = bool(past.labels and step.subjects > size)
    least = max(step.calls.low - past.labels, 0) / step.calls.low if known and step.calls.low else 1
    return replace(
        step,
        how=f"{step.how}; batch after batch",
        remembered=None if known else step.remembered,
        calls=Span(step.calls.low * least, step.calls.high),
        prompt=Span(step.prompt.low * least, step.prompt.high + 2 * growth),
        shared=Span(step.shared.low * least * (size - 1) / size, step.shared.high + growth),
        output=Span(step.output.low * least, step.output.high),
        in_turn=step.in_turn * max(batches, 1),
        at_once=min(step.at_once, size),
    )


def _growth(total: int, site: Site) -> int:
    """Characters that the prompts of all analysts have more, at most, for what stands by then."""
    size, lessons = site.config.consolidate.batch, site.config.analyze.max_lessons
    most = site.config.consolidate.max_lessons
    return sum(_EDIT_CHARS * min(number // size * size * lessons, most) for number in range(total))


def merges_in_turn(
    patches: Sequence[str], step: Callable[[Sequence[str], Site], Step], site: Site
) -> Step:
    """The merges of all batches, or their reconciliations: a batch has a small tree of its own."""
    consolidate = replace(site.config.consolidate, min_support=1)
    own = replace(site, config=replace(site.config, consolidate=consolidate))
    size = consolidate.batch
    parts = [step(patches[first : first + size], own) for first in range(0, len(patches), size)]
    whole, named = summed(parts), step(patches[:size], own)
    return replace(
        whole,
        name=named.name,
        how=f"{named.how}, in each of {len(parts)} batches",
        remembered=None,
    )
