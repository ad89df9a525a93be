from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skillgit.cli.summary import payload, summary
from skillgit.names import Digest, EditId, Oid, RoundId
from skillgit.review.totals import Proofs, Totals, final_fates, kind_of_reason, reasons
from skillgit.types import (
    Evolution,
    Excluded,
    Exclusion,
    Fate,
    Outcome,
    Patch,
    Pool,
    Proof,
    Result,
    Round,
    State,
    Step,
    Trajectory,
    Usage,
)


def name(number: int) -> EditId:
    return EditId(f"t-{0:012x}.{number}")


def test_a_merged_edit_shares_the_end_of_the_one_that_carries_it_on() -> None:
    fates = [
        Fate(name(1), State.MERGED, "same", name(2)),
        Fate(name(2), State.MERGED, "same", name(3)),
        Fate(name(4), State.MERGED, "same", name(5)),
        Fate(name(5), State.WITHHELD, "low support"),
    ]
    ends = final_fates([name(n) for n in range(1, 7)], fates)
    assert ends[name(1)] == Fate(name(1), State.MERGED, "same", name(3))
    assert ends[name(3)].state is State.APPLIED
    assert ends[name(4)] == Fate(name(4), State.WITHHELD, "low support")
    assert ends[name(6)].state is State.APPLIED


def test_two_ends_or_a_circle_would_be_a_lie() -> None:
    with pytest.raises(ValueError, match="ends twice"):
        final_fates([name(1)], [Fate(name(1), State.REJECTED), Fate(name(1), State.WITHHELD)])
    circle = [
        Fate(name(1), State.MERGED, "", name(2)),
        Fate(name(2), State.MERGED, "", name(1)),
    ]
    with pytest.raises(ValueError, match="circle"):
        final_fates([name(1)], circle)


def test_totals_that_do_not_add_up_cannot_be_made() -> None:
    good: dict[str, Any] = {
        "found": 3,
        "duplicates": 1,
        "left_out": 0,
        "excluded": 1,
        "analysed": 1,
        "lessons": 0,
    }
    Totals(**good, proposed=1, states={State.APPLIED: 1})
    with pytest.raises(ValueError, match="4 trajectories found, 3 accounted for"):
        Totals(**(good | {"found": 4}), proposed=1, states={State.APPLIED: 1})
    with pytest.raises(ValueError, match="2 edits proposed, 1 accounted for"):
        Totals(**good, proposed=2, states={State.APPLIED: 1})


def trajectory(number: int, result: Result = Result.FAIL) -> Trajectory:
    digest = Digest(f"sha256:{number:012x}{0:052x}")
    return Trajectory(digest, f"task {number}", (Step(1, "user", "Do it."),), Outcome(result), "x")


def evolution(settings: dict[str, str], *kinds: Exclusion) -> Evolution:
    """One success analyst, one that proved its cause, and one for each kind of exclusion."""
    failed = tuple(trajectory(number) for number in range(1, len(kinds) + 2))
    passed = (trajectory(99, Result.PASS),)
    proof = Proof("print()", failed[0].digest, 1, 2, 3)
    patches = (Patch(failed[0].id, (), proof=proof), Patch(passed[0].id, ()))
    excluded = [Excluded(one.id, "why", kind) for one, kind in zip(failed[1:], kinds, strict=True)]
    return Evolution(
        round=Round(
            RoundId("20260102T030405Z-000000"), "x", Oid("0" * 40), 0, "m", "combined", settings
        ),
        pool=Pool(passed, failed),
        analysed=tuple(patch.trajectory for patch in patches),
        patches=patches,
        excluded=tuple(excluded),
        fates={},
        findings=(),
        usage=Usage(),
    )


AGENTIC = {"analyze.error_analyst": "agentic"}


def test_error_analysts_are_counted_by_how_they_ended() -> None:
    kinds = [*[Exclusion.UNPROVEN] * 3, *[Exclusion.FALSE_FAILURE] * 2, Exclusion.NO_ARTIFACTS]
    made = evolution(AGENTIC, *kinds)
    line = (
        "Error analysts  1 of 7 proved their cause;"
        " 3 unproven, 2 false failures, 1 without artifacts"
    )
    assert line in summary(made, no_branch=False).splitlines()
    told = payload(made)
    assert told["error_analysts"] == {
        "asked": 7,
        "proven": 1,
        "unproven": 3,
        "false failure": 2,
        "no artifacts": 1,
    }
    one = evolution(AGENTIC, Exclusion.FALSE_FAILURE)
    assert "1 of 2 proved their cause; 1 false failure\n" in summary(one, no_branch=False)
    assert "1 of 1 proved their cause\n" in summary(evolution(AGENTIC), no_branch=False)


def test_of_single_calls_nobody_says_that_they_proved_anything() -> None:
    made = evolution({"analyze.error_analyst": "single-call"}, Exclusion.NO_REPLY)
    assert "Error analysts" not in summary(made, no_branch=False)
    assert payload(made)["error_analysts"] is None
    without = evolution(AGENTIC)
    without = replace(without, pool=Pool(without.pool.passed, ()), patches=without.patches[1:])
    without = replace(without, analysed=without.analysed[1:])
    assert "Error analysts" not in summary(without, no_branch=False)


def test_a_patch_of_a_failed_run_without_a_proof_would_be_a_lie() -> None:
    with pytest.raises(ValueError, match="2 error analysts asked"):
        Proofs(2, 1, {})
    made = evolution(AGENTIC)
    unproven = replace(made.patches[0], proof=None)
    with pytest.raises(ValueError, match="1 error analysts asked"):
        summary(replace(made, patches=(unproven, made.patches[1])), no_branch=False)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("vague: name the function", "vague"),
        (
            "SG401: names things of this one task (80): say it",
            "SG401: names things of this one task",
        ),
        ("SG202: same line range as t-0123456789ab.1", "SG202: same line range as another edit"),
        ("merge operator: too specific", "merge operator: too specific"),
        ("low support: 1 of at least 2", "low support"),
        ("gate: on the tasks 40.0 % with it", "gate: the agent does better without it"),
        ("", ""),
    ],
)
def test_reasons_of_one_kind_are_counted_together(reason: str, kind: str) -> None:
    assert kind_of_reason(reason) == kind


def test_reasons_are_counted_the_commonest_first() -> None:
    fates = [
        Fate(name(1), State.APPLIED),
        Fate(name(2), State.REJECTED, "vague: a"),
        Fate(name(3), State.WITHHELD, "low support: 1 of at least 2"),
        Fate(name(4), State.REJECTED, "vague: b"),
    ]
    assert reasons(fates) == [("rejected: vague", 2), ("withheld: low support", 1)]
