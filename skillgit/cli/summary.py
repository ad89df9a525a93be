"""What a person is told at the end of a round: totals that add up, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import asdict

from skillgit.cli.calls import cache_warning, hit_rate, usage_lines
from skillgit.cli.console import safe
from skillgit.review.totals import hidden_in_words, reasons, totals
from skillgit.types import (
    Branch,
    Evolution,
    Exclusion,
    GateReport,
    LessonCommit,
    MergeRecord,
    Result,
    State,
)

_SHOWN = 12
_REASONS = 6
_LESSONS = 30


def exit_code(evolution: Evolution, *, no_branch: bool) -> int:
    """0 where there is a branch, or without --no-branch would be one; 1 where nothing survived.

    Also 1 where the gate was not passed: the branch is a draft then.
    """
    applied = any(fate.state is State.APPLIED for fate in evolution.fates.values())
    held = evolution.gate is not None and not evolution.gate.passed
    return 0 if not held and (evolution.branch or (no_branch and applied)) else 1


def summary(evolution: Evolution, *, no_branch: bool, elsewhere: str = "") -> str:
    """The round on one screen. `elsewhere` is the repository, where it is not this folder's."""
    return "\n".join(
        [
            _headline(evolution),
            *_trajectories(evolution),
            *_proofs(evolution),
            *_edits(evolution),
            *_merges(evolution),
            *map(safe, usage_lines(evolution)),
            *_gate(evolution.gate),
            *_some(evolution.gate.remarks if evolution.gate else (), "note"),
            *_lessons(evolution, no_branch=no_branch),
            *_rollouts(evolution),
            *_some(evolution.remarks, "note"),
            *_next(evolution, elsewhere),
        ]
    )


def _headline(evolution: Evolution) -> str:
    this = evolution.round
    skill = this.skill or "the repository"
    return f"Round {this.id} on {skill} at {this.base[:10]}, model {safe(this.model)}"


def _trajectories(evolution: Evolution) -> Iterable[str]:
    sums, pool = totals(evolution), evolution.pool
    yield (
        f"Trajectories  {sums.found} found = {sums.analysed} analysed + {sums.excluded} excluded"
        f" + {sums.left_out} left out + {sums.duplicates} duplicates"
        f"   ({len(pool.passed)} pass, {len(pool.failed)} fail, {len(pool.unknown)} unknown)"
    )
    if pool.hidden:
        yield f"              hidden before any model saw them: {hidden_in_words(pool.hidden)}"
    if evolution.round.settings.get("collect.redact") is False:
        yield "              nothing was hidden: secrets were sent as they are (collect.redact)"
    yield from _some((f"{one.trajectory}: {one.reason}" for one in evolution.excluded), "excluded")
    yield from _some(
        (f"{d.origin}{f':{d.line}' if d.line else ''}: {d.message}" for d in pool.diagnostics),
        "remark",
    )


_WORDS = {
    Exclusion.UNPROVEN: ("unproven", "unproven"),
    Exclusion.FALSE_FAILURE: ("false failure", "false failures"),
    Exclusion.NO_ARTIFACTS: ("without artifacts", "without artifacts"),
    Exclusion.NO_REPLY: ("without a reply", "without a reply"),
}


def _proofs(evolution: Evolution) -> Iterable[str]:
    counts = totals(evolution).proofs
    if counts is None or not counts.asked:
        return
    told = (
        f"{counts.excluded[kind]} {words[counts.excluded[kind] != 1]}"
        for kind, words in _WORDS.items()
        if kind in counts.excluded
    )
    rest = ", ".join(told)
    yield (
        f"Error analysts  {counts.proven} of {counts.asked} proved their cause"
        f"{f'; {rest}' if rest else ''}"
    )


def _edits(evolution: Evolution) -> Iterable[str]:
    sums = totals(evolution)
    states = " + ".join(f"{sums.states[state]} {state}" for state in State)
    yield f"Edits         {sums.proposed} proposed = {states}"
    why = reasons(evolution.fates.values())
    yield from (f"              {count} {safe(reason)}" for reason, count in why[:_REASONS])
    if why[_REASONS:]:
        rest = sum(count for _, count in why[_REASONS:])
        yield f"              {rest} for {len(why) - _REASONS} other reasons"
    yield from _some((f"{f.rule} {f.path}: {f.message}" for f in evolution.findings), "finding")


def _merges(evolution: Evolution) -> Iterable[str]:
    """Only what a person must know: where the operator gave nothing, less was joined."""
    asked, fallen = _asked(evolution), _fallen_back(evolution)
    if fallen:
        what = "got no usable reply, and only what is alike was joined"
        yield f"Merges        {len(fallen)} of {asked} {what}"
        places = (f"level {one.level}, node {one.node}: {why}" for one, why in fallen)
        yield from _some(places, "fallback")


def _asked(evolution: Evolution) -> int:
    return sum(one.how != "program" for one in evolution.merges)


def _fallen_back(evolution: Evolution) -> list[tuple[MergeRecord, str]]:
    """The merges that the program did alone, and why."""
    told = ((one, one.how.partition(": ")) for one in evolution.merges)
    return [(one, why) for one, (how, _, why) in told if how == "fallback"]


def _gate(gate: GateReport | None) -> Iterable[str]:
    if gate is None:
        return
    yield (
        f"Gate          {gate.verdict.upper()}: {_percent(gate.base)} → {_percent(gate.evolved)}"
        f" of {gate.tasks} tasks × {len(gate.seeds)} seeds pass; difference"
        f" {100 * gate.difference:+.1f} points, 95 % interval {100 * gate.low:+.1f} to"
        f" {100 * gate.high:+.1f}"
    )
    yield (
        f"              {gate.won} tasks won, {gate.lost} lost, {gate.tied} tied"
        f" (exact McNemar p = {gate.p:.3g})"
    )
    if gate.rivals > 1:
        yield f"              the best of {gate.rivals} evolutions, measured again with other seeds"
    if gate.searched:
        yield (
            f"              {gate.searched} subsets of the lessons tried; what is kept was measured"
            " again with other seeds"
        )
    yield from _some(
        (
            f"{harm.title}: {_percent(harm.score_with)} with it,"
            f" {_percent(harm.score_without)} without"
            for harm in gate.dropped
        ),
        "dropped",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _lessons(evolution: Evolution, *, no_branch: bool) -> Iterable[str]:
    branch = evolution.branch
    if branch is None:
        yield _without_branch(evolution, no_branch=no_branch)
        return
    count = f"{len(branch.lessons)} lessons, strongest first"
    if evolution.gate and not evolution.gate.passed:
        yield f"Draft         {branch.name}: {count}"
        yield "              not shown to be better on the tasks of the gate"
    else:
        yield f"Branch        {branch.name}: {count}"
    for number, lesson in enumerate(branch.lessons[:_LESSONS], start=1):
        yield f"  {number:>2}  {_lesson(lesson, evolution)}"
    if branch.lessons[_LESSONS:]:
        yield f"  and {len(branch.lessons) - _LESSONS} more; `skillgit log` lists them"


def _rollouts(evolution: Evolution) -> Iterable[str]:
    if evolution.rollouts:
        yield f"Runs          {safe(evolution.rollouts)}: what the agent did on the tasks"


def _next(evolution: Evolution, elsewhere: str) -> Iterable[str]:
    """The two commands that a person types now, and what they are for."""
    if evolution.branch is None:
        return
    program = f"skillgit -C {shlex.quote(elsewhere)}" if elsewhere else "skillgit"
    this = evolution.round.id
    yield ""
    yield "Next: read the lessons, each beside the runs that taught it; then propose the branch."
    yield f"  {safe(program)} report {this} --open"
    yield f"  {safe(program)} pr {this}"
    yield f"(`skillgit drop {this}/1` takes the first lesson off the branch, and so on.)"


def _without_branch(evolution: Evolution, *, no_branch: bool) -> str:
    if not evolution.analysed and not evolution.excluded:
        return (
            "No trajectory could teach: none with these signals has an outcome. Say who passed"
            " with --outcomes FILE, or in the files; it is never guessed."
        )
    if no_branch:
        return "--no-branch: nothing was written to the repository."
    if evolution.gate and evolution.gate.dropped:
        return "Without the lessons that the gate dropped there is none, so there is no branch."
    return (
        "No lesson survived, so there is no branch. Above is why;"
        " more trajectories or a lower --min-support let more through."
    )


def _lesson(lesson: LessonCommit, evolution: Evolution) -> str:
    failed = {trajectory.id for trajectory in evolution.pool.failed}
    fails = len(lesson.sources & failed)
    mix = f"{fails} {Result.FAIL}, {len(lesson.sources) - fails} {Result.PASS}"
    count = f"{len(lesson.sources)}/{len(evolution.analysed)}"
    return f"{lesson.commit[:10]}  {count:>7} ({mix})  {safe(lesson.title)}"


def _some(lines: Iterable[str], word: str) -> Iterable[str]:
    """The first few, and how many more there are; all of them are in the evidence."""
    everything = list(lines)
    yield from (f"  {word}: {safe(line)}" for line in everything[:_SHOWN])
    if len(everything) > _SHOWN:
        yield f"  {word}: and {len(everything) - _SHOWN} more"


def payload(evolution: Evolution) -> dict[str, object]:
    """The same as JSON: `skillgit.evolve/1`."""
    sums = totals(evolution)
    return {
        "round": evolution.round.id,
        "skill": evolution.round.skill,
        "base": evolution.round.base,
        "model": evolution.round.model,
        "trajectories": {
            "found": sums.found,
            "analysed": sums.analysed,
            "excluded": sums.excluded,
            "left_out": sums.left_out,
            "duplicates": sums.duplicates,
        },
        "redactions": dict(evolution.pool.hidden),
        "edits": {"proposed": sums.proposed, **{str(s): n for s, n in sums.states.items()}},
        "fates": [
            {"edit": f.edit, "state": f.state, "reason": f.reason, "into": f.into}
            for f in evolution.fates.values()
        ],
        "error_analysts": sums.proofs.counts if sums.proofs else None,
        "excluded": [
            {"trajectory": one.trajectory, "reason": one.reason, "kind": one.kind}
            for one in evolution.excluded
        ],
        "diagnostics": [
            {"origin": d.origin, "line": d.line, "message": d.message}
            for d in evolution.pool.diagnostics
        ],
        "merges": {
            "asked": _asked(evolution),
            "fallbacks": [
                {"level": one.level, "node": one.node, "reason": why}
                for one, why in _fallen_back(evolution)
            ],
        },
        "gate": _gate_payload(evolution.gate),
        "remarks": evolution.remarks,
        "usage": {
            name: getattr(evolution.usage, name) for name in evolution.usage.__dataclass_fields__
        },
        "cache_hit_rate": hit_rate(evolution.usage),
        "warnings": list(filter(None, [cache_warning(evolution.usage)])),
        "branch": _branch_payload(evolution.branch),
    }


def _gate_payload(gate: GateReport | None) -> dict[str, object] | None:
    if gate is None:
        return None
    return {"passed": gate.passed, **asdict(gate)}


def _branch_payload(branch: Branch | None) -> dict[str, object] | None:
    if branch is None:
        return None
    return {
        "name": branch.name,
        "tip": branch.tip,
        "evidence": branch.evidence_ref,
        "lessons": [
            {
                "commit": lesson.commit,
                "title": lesson.title,
                "support": len(lesson.sources),
                "sources": sorted(lesson.sources),
            }
            for lesson in branch.lessons
        ],
    }
