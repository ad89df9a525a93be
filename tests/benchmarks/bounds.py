"""How fast a round could be at best, from what its calls take and which must wait for which.

The bound is the time of the analysts' work over the slots, plus the shortest chain of merges above
a leaf, plus the longest question about lines that several lessons want:

- All analyst calls together are `work` seconds. With `slots` at once they cannot all be over
  before work / slots, nor before the longest of them is.
- The root of the merges stands above every analyst, also above the one that ends last. Between
  the two lie the merges on the way from its leaf to the root, one after the other. Whoever it is,
  that way takes no less than the shortest way there is.
- The questions about lines (reconcile) are asked about what the root gives; all of them may be
  asked at once, and none may be left out.

A call takes what the plan of the endpoint says for its output, without any wait. No schedule of
these calls can be faster, so wall / bound is at least 1; what it is above 1 is waiting, start-up,
Git and the client's own time.

Calls cannot be cut into pieces, so three waves are three waves. `in_waves` accounts for that: the
longest k * slots + 1 calls put k + 1 of them on one slot. It is a bound as well, and a higher one.

`in_order` is no bound but a schedule: the analysts as they were asked, each on the slot that is
free first, then the longest chain of merges. Who cannot know how long a reply will be has no
better one, if the merges see what all analysts say; what a round takes beyond it is its own waste.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace

from benchmarks.endpoint import Logged
from benchmarks.plan import Plan

ANALYSTS = frozenset({"success", "error"})
Place = tuple[int, int]
"""Level and number of a merge."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One node of the tree as the evidence tells it, and the seconds that its calls take."""

    place: Place
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Bound:
    """The parts of the bound in seconds."""

    work: float
    """Analyst calls over the slots, or the longest one."""
    in_waves: float
    """The same where calls cannot be cut into pieces."""
    chain: float
    reconcile: float
    in_order: float = 0.0
    """The schedule, from the first call to the end of the last one."""

    @property
    def seconds(self) -> float:
        """The bound."""
        return self.work + self.chain + self.reconcile

    @property
    def seconds_in_waves(self) -> float:
        """The higher bound."""
        return self.in_waves + self.chain + self.reconcile


def bound(log: Sequence[Logged], plan: Plan, merges: Sequence[Merge]) -> Bound:
    """The bound of a round that asked these requests."""
    analysts = [seconds_of(one, plan) for one in log if one.healthy and one.role in ANALYSTS]
    lines = [seconds_of(one, plan) for one in log if one.healthy and one.role == "reconcile"]
    asked = sorted((one for one in log if one.role in ANALYSTS), key=lambda one: one.arrived)
    chains = chains_of(merges)
    reconcile = max(lines, default=0.0)
    return Bound(
        max(sum(analysts) / plan.slots, max(analysts, default=0.0)),
        max(sum(analysts) / plan.slots, _in_waves(analysts, plan.slots)),
        min(chains, default=0.0),
        reconcile,
        _one_after_the_other([seconds_of(one, plan) for one in asked], plan.slots)
        + max(chains, default=0.0)
        + reconcile,
    )


def seconds_of(one: Logged, plan: Plan) -> float:
    """What the endpoint needs for a request, waiting left out."""
    return plan.latency(one.output_tokens, one.digest, one.attempt)


def _in_waves(seconds: Sequence[float], slots: int) -> float:
    ranked = sorted(seconds, reverse=True)
    waves = range(-(-len(ranked) // slots))
    sums = (sum(ranked[k * slots - k : k * slots + 1]) for k in waves)
    return max(sums, default=0.0)


def _one_after_the_other(seconds: Sequence[float], slots: int) -> float:
    """When the last is over, if each in turn takes the slot that is free first."""
    free = [0.0] * slots
    heapify(free)
    for each in seconds:
        heapreplace(free, free[0] + each)
    return max(free)


def chains_of(merges: Sequence[Merge]) -> list[float]:
    """Each way from a leaf to the root, in seconds of the merges on it."""
    ranked = sorted(merges, key=lambda merge: merge.place)
    takers: dict[str, list[Merge]] = {}
    for merge in ranked:
        for name in merge.inputs:
            takers.setdefault(name, []).append(merge)
    upwards: dict[Place, float] = {}
    for merge in reversed(ranked):
        above = [
            taker.place
            for name in merge.outputs
            for taker in takers.get(name, ())
            if taker.place[0] > merge.place[0]
        ]
        upwards[merge.place] = merge.seconds + (upwards[min(above)] if above else 0.0)
    return [upwards[merge.place] for merge in _taking_leaves(ranked)]


def _taking_leaves(ranked: Sequence[Merge]) -> list[Merge]:
    """The merges that take anything straight from an analyst."""
    made: dict[str, int] = {}
    for merge in ranked:
        for name in merge.outputs:
            made.setdefault(name, merge.place[0])
    return [
        merge
        for merge in ranked
        if any(made.get(name, merge.place[0]) >= merge.place[0] for name in merge.inputs)
    ]
