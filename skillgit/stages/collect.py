"""collect: what happened, and did it succeed?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from skillgit.config import Collect
from skillgit.names import Digest
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.importers.atif import FORMAT as ATIF_FORMAT
from skillgit.trajectories.outcome_table import Names, OutcomeTable, assign
from skillgit.trajectories.outcomes import judged, sibling_outcome
from skillgit.trajectories.redaction import Redactor
from skillgit.types import Diagnostic, Outcome, Pool, Result, Trajectory


@dataclass(frozen=True, slots=True)
class _Found:
    """A trajectory as one place holds it, or as all its copies do; with the names it goes by."""

    trajectory: Trajectory
    names: Names


def collect(
    source: Iterable[SourceFile | Diagnostic],
    options: Collect,
    outcomes: OutcomeTable | None = None,
) -> Pool:
    """Read trajectories, attach outcomes, count each content once, redact, and split by result.

    An outcome comes from the table of outcomes, else from the trajectory's file, else from a
    result file beside it; without any of them the trajectory is unknown. The pool does not depend
    on the order of the files: everything in it is sorted.
    """
    remarks: list[Diagnostic] = []
    copies: defaultdict[Digest, list[_Found]] = defaultdict(list)
    for item in source:
        for found in _read(item, options, remarks):
            copies[found.trajectory.digest].append(found)
    single = [_merged(copies[digest], remarks) for digest in sorted(copies)]
    trajectories = _overruled(single, outcomes, options, remarks)
    classes = {result: _kept(trajectories, result, options, remarks) for result in Result}
    beyond_limit = len(trajectories) - sum(map(len, classes.values()))
    hidden: dict[str, int] = {}
    if options.redact:
        classes, remarks, hidden = _redacted(classes, remarks, options)
    return Pool(
        passed=tuple(classes[Result.PASS]),
        failed=tuple(classes[Result.FAIL]),
        unknown=tuple(classes[Result.UNKNOWN]),
        duplicates=sum(map(len, copies.values())) - len(copies),
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


def _read(
    item: SourceFile | Diagnostic, options: Collect, remarks: list[Diagnostic]
) -> Sequence[_Found]:
    """The trajectories of one file, each with the outcome that its place gives it."""
    if isinstance(item, Diagnostic):
        remarks.append(item)
        return ()
    imported = import_file(item)
    remarks.extend(imported.diagnostics)
    if len(imported.trajectories) == 1:
        trajectory, task = _with_sibling(item, imported.trajectories[0], remarks)
        return (_found(trajectory, {task, imported.trajectories[0].task}, options),)
    # A result file beside several trajectories does not say which of them it means.
    return [_found(one, {one.task}, options) for one in imported.trajectories]


def _found(trajectory: Trajectory, tasks: set[str], options: Collect) -> _Found:
    names = Names(
        ids=frozenset({trajectory.id, trajectory.digest}),
        origins=frozenset({trajectory.origin}),
        tasks=frozenset(tasks - {""}),
    )
    return _Found(
        replace(trajectory, outcome=judged(trajectory.outcome, options.pass_score)), names
    )


def _with_sibling(
    file: SourceFile, trajectory: Trajectory, remarks: list[Diagnostic]
) -> tuple[Trajectory, str]:
    """With the outcome of the result file beside it, if it has none, and the task it names."""
    for name in file.siblings:
        if trajectory.format != ATIF_FORMAT and name.rpartition("/")[2] == "result.json":
            continue
        outcome, task, fault = sibling_outcome(file, name)
        if fault:
            remarks.append(Diagnostic(file.origin, fault))
        if outcome.said_by or task:
            own = trajectory.outcome if _is_said(trajectory.outcome) else outcome
            return replace(trajectory, outcome=own, task=task or trajectory.task), task
    return trajectory, ""


def _is_said(outcome: Outcome) -> bool:
    return outcome.result is not Result.UNKNOWN or outcome.score is not None


def _merged(copies: Sequence[_Found], remarks: list[Diagnostic]) -> _Found:
    """One trajectory out of its copies: the first by origin, with the outcome that any has."""
    ordered = sorted(copies, key=lambda copy: (copy.trajectory.origin, repr(copy.trajectory)))
    first = ordered[0].trajectory
    said = [copy.trajectory.outcome for copy in ordered if _is_said(copy.trajectory.outcome)]
    outcome = said[0] if said else first.outcome
    if len({one.result for one in said}) > 1:
        message = f"copies of {first.id} have results that contradict each other: it is unknown"
        remarks.append(Diagnostic(first.origin, message))
        outcome = Outcome(Result.UNKNOWN, said_by="contradicting copies")
    names = Names(
        ids=frozenset().union(*(copy.names.ids for copy in copies)),
        origins=frozenset().union(*(copy.names.origins for copy in copies)),
        tasks=frozenset().union(*(copy.names.tasks for copy in copies)),
    )
    return _Found(replace(first, outcome=outcome), names)


def _overruled(
    found: Sequence[_Found],
    table: OutcomeTable | None,
    options: Collect,
    remarks: list[Diagnostic],
) -> list[Trajectory]:
    """With the outcomes of the table, which win over the files' own."""
    trajectories = [one.trajectory for one in found]
    if table is None:
        return trajectories
    given, faults = assign(table, {one.trajectory.id: one.names for one in found})
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
