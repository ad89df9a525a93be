"""What each kind of call takes at least and at most: the steps of a plan.

What depends on what a model says (how long it looks for a proof, which edits are left to be merged,
whether a lesson survives) is a span. Calls that fail and are tried again are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skillgit.config import Config
from skillgit.endpoint.store import Past
from skillgit.names import Digest
from skillgit.pipeline.spending import NONE, Span, Step
from skillgit.ports import Call, Model
from skillgit.stages.consolidate.plan import forecast
from skillgit.types import MANIFEST, Skill

CHARS_A_TOKEN = 4.0
LESSON_TOKENS = 150
"""A lesson; measured with a model of 1.5 billion parameters, as the next two."""
VERDICT_TOKENS = 10
"""The words of a merge on one edit."""
TURN_TOKENS = 200
"""A turn of an agent."""
_LONGEST_EDIT = 560
"""Characters of an edit as a merge is shown it, at most: the schema of analysts allows no more."""
_DIAGNOSE_CHARS = 3_500
_AGENT_CHARS = 2_500
_TEACH_CHARS = 2_800
"""What stands around the trajectory, the skill or the task in these prompts."""
_MERGED_AT_ONCE = 64
"""Edits that `consolidate` asks about in one question, with large batches four times these."""
_TO_TEACH = 3
"""Calls behind a proof, at most: with the example, without it, and about what does not fit."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is known before a round begins."""

    config: Config
    model: Model
    remembered: Callable[[Call], bool]
    past: Mapping[str, Past] = field(default_factory=dict)
    """What replies of the model took before, by role."""
    provable: Container[Digest] = ()
    """The failed runs whose task and files are at hand."""
    chars_a_token: float = CHARS_A_TOKEN
    evolutions: int = 1
    pictures: float = 0.0
    """Tokens of what one task shows, on average."""

    def tokens(self, chars: float) -> float:
        """Of a text with so many characters."""
        return chars / self.chars_a_token

    def output(self, role: str, assumed: Span) -> Span:
        """The tokens of one reply: as many as those of the past on average, else as assumed."""
        past = self.past.get(role)
        if past is None or not past.usage.output_tokens:
            return assumed
        return Span.of(past.usage.output_tokens / past.replies)

    def lesson(self, role: str) -> Span:
        """The tokens of an analyst's reply."""
        most = self.config.analyze.max_lessons
        return self.output(role, Span(LESSON_TOKENS, LESSON_TOKENS * most))


@dataclass(frozen=True, slots=True)
class Asked:
    """Analysts of one role that are one call each; characters of those that are not remembered."""

    role: str
    subjects: int = 0
    remembered: int = 0
    chars: int = 0
    shared_chars: int = 0

    def and_one(self, call: Call, *, remembered: bool) -> Asked:
        """With one more."""
        if remembered:
            return replace(self, subjects=self.subjects + 1, remembered=self.remembered + 1)
        chars = sum(len(message.content) for message in call.messages)
        return replace(
            self,
            subjects=self.subjects + 1,
            chars=self.chars + chars,
            shared_chars=self.shared_chars + len(call.messages[0].content),
        )


def single_calls(asked: Asked, site: Site) -> Step:
    """What does not fit in a reply goes back once, behind the reply."""
    calls = asked.subjects - asked.remembered
    prompt, output = site.tokens(asked.chars), site.lesson(asked.role) * calls
    first = asked.shared_chars / max(calls, 1)
    shared = site.tokens(asked.shared_chars - first)
    return Step(
        f"{asked.role} analysts",
        "one call each, once more about what does not fit",
        subjects=asked.subjects,
        remembered=asked.remembered,
        calls=Span(calls, 2 * calls),
        prompt=Span(prompt, 2 * prompt + output.high),
        shared=Span(shared, shared + prompt),
        output=Span(output.low, 2 * output.high),
        in_turn=Span(1, 2) if calls else NONE,
        at_once=site.config.endpoint.workers,
    )


def proofs(shown: Sequence[int], contract: int, site: Site) -> Step:
    """Analysts in a sandbox, by the characters of the runs that they are shown.

    One that began before may find all of its turns in memory.
    """
    options, count = site.config.analyze, len(shown)
    begun = site.past.get("diagnose", Past()).labels
    fresh, mean = max(count - begun, 0), sum(shown) / max(count, 1)
    opening = site.tokens(_DIAGNOSE_CHARS + mean) + site.pictures
    teaching = site.tokens(contract + mean + _TEACH_CHARS) + site.pictures
    turn, lesson = site.output("diagnose", Span.of(TURN_TOKENS)), site.lesson("error")
    most = _conversation(opening, turn.high, options.turns, site) + _TO_TEACH * teaching
    calls = options.turns + _TO_TEACH
    return Step(
        "error analysts",
        f"in a sandbox, up to {options.turns} turns each",
        subjects=count,
        remembered=None,
        calls=Span(2 * fresh, count * calls),
        prompt=Span(fresh * (opening + teaching), count * most),
        shared=Span(0, count * most * (1 - 1 / calls)),
        output=Span(
            fresh * (turn.low + lesson.low),
            count * (turn.high * options.turns + lesson.high * _TO_TEACH),
        ),
        in_turn=Span(2, calls) if count else NONE,
        at_once=site.config.agent.parallel,
    )


def of_runs_to_come(runs: int, contract: int, site: Site, *, prove: bool) -> Step:
    """Analysts of runs that are not made yet: each may pass, fail, or teach nothing."""
    most_shown = site.config.analyze.trajectory_chars
    one = Asked("success", runs, 0, runs * (contract + most_shown), runs * contract)
    high = single_calls(one, site)
    if prove:
        high = proofs([most_shown] * runs, contract, site)
    return Step(
        "analysts",
        f"one for each run that may teach; {high.how}",
        subjects=runs,
        remembered=None,
        calls=Span(0, high.calls.high),
        prompt=Span(0, high.prompt.high),
        shared=Span(0, high.shared.high),
        output=Span(0, high.output.high),
        in_turn=Span(0, high.in_turn.high),
        at_once=high.at_once,
    )


def agent_runs(name: str, skill: Skill, runs: Span, site: Site) -> Step:
    """Runs of an agent on tasks."""
    turns = site.config.agent.turns + 1
    opening = site.tokens(_AGENT_CHARS + len(skill.text(MANIFEST) or "")) + site.pictures
    turn = site.output("agent", Span.of(TURN_TOKENS))
    most = _conversation(opening, turn.high, turns, site)
    return Step(
        name,
        f"runs of an agent, up to {turns - 1} turns each",
        subjects=int(runs.high),
        remembered=None,
        calls=Span(runs.low, runs.high * turns),
        prompt=Span(runs.low * opening, runs.high * most),
        shared=Span(0, runs.high * most * (1 - 1 / turns)),
        output=Span(runs.low * turn.low, runs.high * turns * turn.high),
        in_turn=Span(min(runs.low, 1), turns),
        at_once=site.config.agent.parallel,
    )


def _conversation(opening: float, turn: float, turns: int, site: Site) -> float:
    """The prompt tokens of a conversation that uses its turns up; its budget is an end as well."""
    agent = site.config.agent
    growth = turn + site.tokens(agent.output_chars)
    return min(turns * opening + growth * turns * (turns - 1) / 2, agent.tokens + opening)


def merges(patches: Sequence[str], site: Site) -> Step:
    """The planned tree, of patches by the ids of their trajectories.

    Where the program joins all edits there is nothing to ask. Where it joins none and the operator
    neither, each level is asked about all of them, in parts.
    """
    batch, lessons = site.config.consolidate.merge_batch, site.config.analyze.max_lessons
    levels, edits = forecast(patches, batch, lessons), len(patches) * lessons
    parts = 2 * edits // max(_MERGED_AT_ONCE, 4 * batch)
    most = sum(levels) + parts * len(levels[1:])
    how = f"groups of up to {batch} patches; {sum(levels)} in {len(levels)} {_levels(len(levels))}"
    return _by_operator("merges", how, most, edits * len(levels), len(levels), site)


def reconciliations(patches: Sequence[str], site: Site) -> Step:
    """Clusters of edits that are left and want the same lines: two edits at least in each."""
    edits = len(patches) * site.config.analyze.max_lessons
    left = edits // max(site.config.consolidate.min_support, 1)
    how = "edits that want the same lines"
    return _by_operator("reconcile", how, left // 2, left, min(left // 2, 1), site)


def _by_operator(name: str, how: str, calls: int, edits: int, in_turn: int, site: Site) -> Step:
    system = len(site.model.prompts("merge"))
    past = site.past.get("merge", Past())
    usual = past.usage.output_tokens / max(past.replies, 1)
    return Step(
        name,
        how,
        remembered=None,
        calls=Span(0, calls),
        prompt=Span(0, site.tokens(calls * system + _LONGEST_EDIT * edits)),
        shared=Span(0, site.tokens(max(calls - 1, 0) * system)),
        output=Span(0, max(VERDICT_TOKENS * edits, usual * calls)),
        in_turn=Span(0, in_turn),
        at_once=site.config.endpoint.workers,
    )


def _levels(count: int) -> str:
    return "level" if count == 1 else "levels"
