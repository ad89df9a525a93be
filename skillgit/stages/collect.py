"""collect: what happened, and did it succeed?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from skillgit.config import Collect
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.found import Found, by_identity, found_in, identities, joined, under
from skillgit.trajectories.near_copies import each_run_once
from skillgit.trajectories.outcome_table import Names, OutcomeTable, assign
from skillgit.trajectories.outcomes import judged
from skillgit.trajectories.redaction import Redactor
from skillgit.types import Diagnostic, Pool, Result, Trajectory


def collect(
    source: Iterable[SourceFile | Diagnostic],
    options: Collect,
    outcomes: OutcomeTable | None = None,
) -> Pool:
    """Read trajectories, attach outcomes, count each run once, redact, and split by result.

    An outcome comes from the table of outcomes, else from the trajectory's file, else from a
    result file beside it; without any of them the trajectory is unknown. The pool does not depend
    on the order of the files: everything in it is sorted.
    """
    remarks: list[Diagnostic] = []
    found: list[Found] = []
    for item in source:
        found.extend(_read(item, remarks))
    single = _single(found, options, remarks)
    trajectories, again = each_run_once(_overruled(single, outcomes, options, remarks))
    remarks.extend(again)
    classes = {result: _kept(trajectories, result, options, remarks) for result in Result}
    beyond_limit = len(trajectories) - sum(map(len, classes.values()))
    hidden: dict[str, int] = {}
    if options.redact:
        classes, remarks, hidden = _redacted(classes, remarks, options)
    return Pool(
        passed=tuple(classes[Result.PASS]),
        failed=tuple(classes[Result.FAIL]),
        unknown=tuple(classes[Result.UNKNOWN]),
        duplicates=len(found) - len(trajectories),
        beyond_limit=beyond_limit,
        redactions=sum(hidden.values()),
        hidden=hidden,
        diagnostics=tuple(
            sorted(set(remarks), key=lambda one: (one.origin, one.line, one.message))
        ),
    )


def _redacted(
    classes: Mapping[Result, Sequence[Trajectory]], remarks: Sequence[Diagnostic], options: Collect
) -> tuple[dict[Result, list[Trajectory]], list[Diagnostic], dict[str, int]]:
    """The same without secrets, and how many of each kind were hidden in the trajectories."""
    redactor = Redactor(options.redact_extra)
    cleaned = iter(redactor.all(one for kept in classes.values() for one in kept))
    hidden = {result: list(islice(cleaned, len(kept))) for result, kept in classes.items()}
    counts = redactor.told
    return hidden, [redactor.remark(one) for one in remarks], counts


def _read(item: SourceFile | Diagnostic, remarks: list[Diagnostic]) -> Sequence[Found]:
    if isinstance(item, Diagnostic):
        remarks.append(item)
        return ()
    file = found_in(item)
    remarks.extend(file.diagnostics)
    return file.found


def _single(
    found: Sequence[Found], options: Collect, remarks: list[Diagnostic]
) -> list[tuple[Trajectory, Names]]:
    """One trajectory out of its copies, with the outcome that any has, by digest."""
    known = identities(one.card for one in found)
    remarks.extend(known.diagnostics)
    texts = {(one.card.raw, one.card.place): one.trajectory for one in found}
    copies = by_identity((one.card for one in found), known)
    single: list[tuple[Trajectory, Names]] = []
    for digest in sorted(copies):
        one = joined(copies[digest], options.pass_score)
        remarks.extend(one.diagnostics)
        trajectory = under(one.first, texts[one.first.raw, one.first.place])
        outcome = judged(one.outcome, options.pass_score)
        single.append((replace(trajectory, outcome=outcome), one.names))
    return single


def _overruled(
    found: Sequence[tuple[Trajectory, Names]],
    table: OutcomeTable | None,
    options: Collect,
    remarks: list[Diagnostic],
) -> list[Trajectory]:
    """With the outcomes of the table, which win over the files' own."""
    trajectories = [one for one, _ in found]
    if table is None:
        return trajectories
    given, faults = assign(table, {one.id: names for one, names in found})
    remarks.extend(faults)
    verdicts = {id_: judged(outcome, options.pass_score) for id_, outcome in given.items()}
    changed = [
        one.id
        for one in trajectories
        if one.outcome.result not in {Result.UNKNOWN, verdicts.get(one.id, one.outcome).result}
    ]
    if changed:
        message = f"results in the trajectories' own files that it overrules: {len(changed)}"
        remarks.append(Diagnostic(table.origin, message))
    return [replace(one, outcome=verdicts.get(one.id, one.outcome)) for one in trajectories]


def _kept(
    trajectories: Sequence[Trajectory],
    result: Result,
    options: Collect,
    remarks: list[Diagnostic],
) -> list[Trajectory]:
    """Those with this result, in the order of their ids, at most as many as the limit allows."""
    all_of_it = [one for one in trajectories if one.outcome.result is result]
    kept = all_of_it[: options.limit] if options.limit > 0 else all_of_it
    if len(kept) < len(all_of_it):
        left_out = len(all_of_it) - len(kept)
        message = f"left out by the limit of {options.limit} trajectories ({result}): {left_out}"
        remarks.append(Diagnostic("collect.limit", message))
    return kept
