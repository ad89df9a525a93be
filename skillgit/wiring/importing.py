"""`skillgit import`: trajectories of any format into a folder of ATIF files, and an account of it.

Files are read twice, one at a time: first to learn whose copies there are, how they ended and
what is secret in any of them, then to write. So memory holds the text of one file at a time, and
of each trajectory a few hundred bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.adapters.settings import load_settings
from skillgit.adapters.trajectory_store import Saved, TrajectoryStore
from skillgit.config import Collect
from skillgit.errors import UsageError
from skillgit.names import Digest, TrajectoryId
from skillgit.ports import Progress
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.found import (
    Card,
    FileFound,
    Identities,
    Joined,
    by_identity,
    found_in,
    identities,
    joined,
    under,
)
from skillgit.trajectories.importers.swe_bench_report import FORMAT as SWE_BENCH_REPORT
from skillgit.trajectories.outcome_table import assign, read_table
from skillgit.trajectories.outcomes import judged
from skillgit.trajectories.redaction import Redactor
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

UNKNOWN_FORMAT = "no known format"


@dataclass(frozen=True, slots=True)
class ImportErrand:
    """What is asked for; without `out` nothing is written."""

    paths: tuple[Path, ...]
    out: Path | None = None
    outcomes: Path | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    start: Path = field(default_factory=Path.cwd)


@dataclass(slots=True)
class Tally:
    """What came out of the files of one format, or of all."""

    files: int = 0
    read: int = 0
    skipped: int = 0
    failed: int = 0
    trajectories: int = 0
    steps: int = 0
    results: Counter[Result] = field(default_factory=Counter)
    diagnostics: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The account of an import; `saved` is empty where nothing was to be written."""

    total: Tally
    formats: Mapping[str, Tally]
    duplicates: int
    hidden: Mapping[str, int]
    saved: Mapping[Saved, int]
    diagnostics: tuple[Diagnostic, ...]


def run_import(errand: ImportErrand, progress: Progress) -> ImportReport:
    """Read, and write what is new. UsageError before anything is read or written."""
    options = load_settings(errand.start, errand.options).config.collect
    table = read_table(read_outcomes_file(errand.outcomes)) if errand.outcomes else None
    _check_out(errand)
    survey = _Survey(options, Redactor(options.redact_extra), learns=errand.out is not None)
    survey.read(errand.paths, progress)
    known = identities(survey.cards)
    runs = _runs(survey.cards, known, options)
    remarks = [*survey.remarks, *known.diagnostics]
    remarks += [remark for run in runs.values() for remark in run.diagnostics]
    outcomes = {digest: run.outcome for digest, run in runs.items()}
    if table is not None:
        ids = {TrajectoryId(f"t-{digest[7:19]}"): digest for digest in runs}
        given, faults = assign(table, {id_: runs[one].names for id_, one in ids.items()})
        outcomes |= {ids[id_]: outcome for id_, outcome in given.items()}
        remarks += faults
    saved: Counter[Saved] = Counter()
    if errand.out is not None:
        writing = _Writing(TrajectoryStore(errand.out), survey.redactor, options, runs, outcomes)
        writing.write(errand.paths, known, progress)
        saved = writing.saved
        remarks += writing.remarks
    return _report(survey, runs, outcomes, options, saved, remarks)


def _check_out(errand: ImportErrand) -> None:
    out = errand.out.resolve() if errand.out else None
    for path in errand.paths:
        if out is not None and path.is_dir() and out.is_relative_to(path.resolve()):
            raise UsageError(
                f"importing {path}: -o {errand.out} lies in it, and would be read, too",
                hint="give a folder beside it with -o",
            )


def _runs(cards: Sequence[Card], known: Identities, options: Collect) -> dict[Digest, Joined]:
    copies = by_identity(cards, known)
    return {digest: joined(copies[digest], options.pass_score) for digest in sorted(copies)}


class _Survey:
    """The first reading: what there is, without its text."""

    def __init__(self, options: Collect, redactor: Redactor, *, learns: bool) -> None:
        self.redactor = redactor
        self.cards: list[Card] = []
        self.remarks: list[Diagnostic] = []
        self.formats: dict[str, Tally] = {}
        self._learns = learns and options.redact
        self._last = _LastFile("")

    def read(self, paths: Sequence[Path], progress: Progress) -> None:
        for item in read_trajectory_files(paths):
            if item.origin != self._last.origin:
                self._count()
                self._last = _LastFile(item.origin)
                progress.advance("read", item.origin)
            if isinstance(item, Diagnostic):
                self.remarks.append(item)
                self._last.remarks += 1
            else:
                self._take(found_in(item))
        self._count()
        progress.finish("read")

    def _take(self, file: FileFound) -> None:
        self.remarks += file.diagnostics
        self.cards += (one.card for one in file.found)
        self._last.saw(file)
        if self._learns:
            self.redactor.all(one.trajectory for one in file.found)

    def _count(self) -> None:
        last = self._last
        if not last.origin:
            return
        tally = self.formats.setdefault(last.format, Tally())
        tally.files += 1
        tally.diagnostics += last.remarks
        if last.found:
            tally.read += 1
        elif last.skipped:
            tally.skipped += 1
        else:
            tally.failed += 1


@dataclass(slots=True)
class _LastFile:
    """The file that is being read; a large one comes in pieces."""

    origin: str
    format: str = UNKNOWN_FORMAT
    found: bool = False
    skipped: bool = False
    remarks: int = 0

    def saw(self, file: FileFound) -> None:
        """A piece of it. What was understood and is no trajectory is skipped; the rest failed."""
        imported = file.imported
        if file.found:
            self.found, self.format = True, file.found[0].card.format
        elif imported.format and not self.found:
            self.format = imported.format
        self.remarks += len(file.diagnostics)
        report = imported.format == SWE_BENCH_REPORT
        self.skipped = bool(imported.own) or report or (imported.parsed and not imported.format)


class _Writing:
    """The second reading: each trajectory is cleaned and kept, once."""

    def __init__(
        self,
        store: TrajectoryStore,
        redactor: Redactor,
        options: Collect,
        runs: Mapping[Digest, Joined],
        outcomes: Mapping[Digest, Outcome],
    ) -> None:
        self.saved: Counter[Saved] = Counter()
        self.remarks: list[Diagnostic] = []
        self._store, self._redactor, self._options = store, redactor, options
        self._runs, self._outcomes = runs, outcomes
        self._left = set(runs)

    def write(self, paths: Sequence[Path], known: Identities, progress: Progress) -> None:
        self._redactor.counts.clear()
        for item in read_trajectory_files(paths):
            if isinstance(item, SourceFile):
                for card, one in self._wanted(item, known):
                    self._keep(card, one)
                progress.advance("write", item.origin)
        progress.finish("write")
        for digest in sorted(self._left):
            message = "it has changed while it was read: import it again"
            self.remarks.append(Diagnostic(self._runs[digest].first.place, message))

    def _wanted(self, file: SourceFile, known: Identities) -> Iterator[tuple[Card, Trajectory]]:
        """The trajectories of a file that are kept, and not a copy of them."""
        for one in found_in(file).found:
            card = known.card(one.card)
            if card is not None and card.digest in self._left:
                first = self._runs[card.digest].first
                if (card.raw, card.place) == (first.raw, first.place):
                    self._left.remove(card.digest)
                    yield first, one.trajectory

    def _keep(self, card: Card, one: Trajectory) -> None:
        kept = replace(under(card, one), outcome=self._outcomes[card.digest], stored_as=None)
        if self._options.redact:
            (kept,) = self._redactor.all([kept])
        saved = self._store.save(kept)
        self.saved[saved] += 1
        if saved in {Saved.DIFFERS, Saved.OUTCOME_DIFFERS}:
            place = self._store.place(kept).name
            self.remarks.append(Diagnostic(card.place, f"{place}: {saved.value}; it stays"))


def _report(
    survey: _Survey,
    runs: Mapping[Digest, Joined],
    outcomes: Mapping[Digest, Outcome],
    options: Collect,
    saved: Mapping[Saved, int],
    remarks: Sequence[Diagnostic],
) -> ImportReport:
    for digest, run in runs.items():
        tally = survey.formats.setdefault(run.first.format, Tally())
        tally.trajectories += 1
        tally.steps += run.first.steps
        tally.results[judged(outcomes[digest], options.pass_score).result] += 1
    if options.redact:
        remarks = [survey.redactor.remark(one) for one in remarks]
    remarks = sorted(set(remarks), key=lambda one: (one.origin, one.line, one.message))
    total = Tally(diagnostics=len(remarks))
    for tally in survey.formats.values():
        for name in ("files", "read", "skipped", "failed", "trajectories", "steps"):
            setattr(total, name, getattr(total, name) + getattr(tally, name))
        total.results += tally.results
    hidden = survey.redactor.told if options.redact else {}
    return ImportReport(
        total,
        dict(sorted(survey.formats.items(), key=lambda one: (one[0] == UNKNOWN_FORMAT, one[0]))),
        len(survey.cards) - len(runs),
        hidden if saved else {},
        dict(saved),
        tuple(remarks),
    )
