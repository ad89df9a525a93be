"""What a lesson repeats of the runs that taught it: SG401 and SG402 over the whole pool.

Analysts meet both rules for the one trajectory that they read. Here the edits that are left are
compared with all trajectories, since a merge may word them anew, and another run may have the same
words. What the base has, and what runs of several tasks have, is nobody's secret.

The words of the edits make the index, and each trajectory is read once: what it costs grows with
the trajectories, and not with the edits times them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from skillgit.names import EditId
from skillgit.rules.capabilities import added_texts
from skillgit.rules.safety import told_of_grading
from skillgit.types import Edit, Pool, Skill, Step, Trajectory

RUN = 8
"""So many words in a row are a quotation, and no turn of phrase."""
VERDICT_RUN = 5
"""The same, of what a grader said."""
MOST_TASKS = 2
"""What runs of more tasks than these have belongs to none of them."""
_LEAST_ID = 4
_LEAST_NUMERIC_ID = 5
_SHOWN = 80
_WORDS = bytes(
    code if chr(code).isalnum() or code > 127 or code == ord("_") else 32 for code in range(256)
)
_NAMES = re.compile(
    r"[\w-]{1,60}\.(?:xls[xmb]?|csv|tsv|docx?|pptx?|pdf|txt|jsonl?|parquet|sqlite|db|zip|html?)\b"
    r"|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+|(?<![\w@])@[A-Za-z][\w-]{2,38}\b"
    r"|\b(?:Mrs?|Ms|Dr|Prof)\.?[ ][A-Z][\w-]+(?:[ ][A-Z][\w-]+)?"
    r"|\b(?:[\w-]{1,40}\.){1,5}(?:internal|local|lan|corp|intranet|home|test)\b"
    r"|(?<![\w.])[0-9]+\.[0-9]{3,}\b|(?<![\w.,])(?:[0-9]{2,3}(?:,[0-9]{3})+|[0-9](?:,[0-9]{3}){2,})(?:\.[0-9]+)?\b"
    r"|(?<![\w.])[0-9]{5,}\b"
)
"""Files, addresses, handles, persons with a title, hosts of one house, and long numbers."""
_RANGES = re.compile(
    r"(?<![\w$])(?!\$?A\$?1:)\$?[A-Z]{1,3}\$?[0-9]{1,7}:\$?[A-Z]{1,3}\$?[0-9]{1,7}\b"
)
"""Ranges, as the user's words give them for an answer; what begins in A1 is any table."""
_ROUND = re.compile(r"10*|1024|2048|4096|8192|16384|32767|32768|65535|65536|1048576|1048575")


@dataclass(frozen=True, slots=True)
class _Probe:
    """Words of an edit that are looked for: as they are compared, and as they are shown.

    `from_user` restricts it to the user's words, `of_grader` to what the graders said.
    """

    gram: bytes
    shown: str
    from_user: bool = False
    of_grader: bool = False

    @property
    def anchor(self) -> bytes:
        """The word that is likely to be rare."""
        return max(self.gram.split(), key=lambda word: (any(48 <= c < 58 for c in word), len(word)))


@dataclass(slots=True)
class _Found:
    """Where a probe stands: the tasks, and the first trajectory."""

    tasks: set[str] = field(default_factory=set)
    first: Trajectory | None = None


def leaks(skill: Skill, edits: Sequence[Edit], pool: Pool) -> Mapping[EditId, str]:
    """The edits that repeat a source, each with the rule, the words, and where they stand."""
    runs = (*pool.passed, *pool.failed, *pool.unknown)
    plain = "\n".join(text for path in skill.files if (text := skill.text(path)))
    base = _normal(plain)
    probes = {edit.id: tuple(_probes(edit, base)) for edit in edits}
    found = _looked_up({one for each in probes.values() for one in each}, runs)
    tasks = len({_task(run) for run in runs})
    told: dict[EditId, str] = {}
    for edit in edits:
        reasons = (
            *_of_grading(edit, plain),
            *_ids(edit, plain, runs),
            *(
                _reason(one, found[one])
                for one in probes[edit.id]
                if _tells(one, found[one], tasks)
            ),
        )
        if reasons:
            told[edit.id] = reasons[0]
    return told


def _task(run: Trajectory) -> str:
    return run.task or run.digest


# ------------------------------------------------------------------ what an edit says


def _probes(edit: Edit, base: bytes) -> Iterator[_Probe]:
    texts = (edit.lesson.title, *added_texts(edit.change))
    for text in texts:
        for found in (*_NAMES.findall(text), *_RANGES.findall(text)):
            gram = _gram(found)
            if gram and not _ROUND.fullmatch(found.replace(",", "")) and _padded(gram) not in base:
                yield _Probe(gram, found, from_user=bool(_RANGES.fullmatch(found)))
        words = _normal(text).split()
        for length, of_grader in ((RUN, False), (VERDICT_RUN, True)):
            for at in range(len(words) - length + 1):
                gram = b" ".join(words[at : at + length])
                if _padded(gram) not in base:
                    yield _Probe(gram, gram.decode("utf-8", "replace"), of_grader=of_grader)


def _normal(text: str) -> bytes:
    """Words in lower case between single blanks, with one at each end."""
    return _padded(b" ".join(_split(text)))


def _split(text: str) -> list[bytes]:
    return text.encode("utf-8", "replace").lower().translate(_WORDS).split()


def _gram(text: str) -> bytes:
    return b" ".join(_split(text))


def _padded(gram: bytes) -> bytes:
    return b" " + gram + b" "


def _of_grading(edit: Edit, base: str) -> Iterator[str]:
    text = "\n".join((edit.lesson.title, *added_texts(edit.change)))
    if words := told_of_grading(text, base):
        yield (
            "SG402: tells how runs are graded, or where they were made "
            f"({', '.join(map(_cut, words[:3]))})"
        )


def _ids(edit: Edit, base: str, runs: Iterable[Trajectory]) -> Iterator[str]:
    """Ids of tasks are many and short: those are looked for whose words the edit has."""
    text = "\n".join((edit.lesson.title, *added_texts(edit.change)))
    words = frozenset(_split(text))
    for run in runs:
        task = run.task
        least = _LEAST_NUMERIC_ID if task.isdigit() else _LEAST_ID
        if len(task) < least or not re.search(r"[\d_-]", task) or task in base:
            continue
        if words.issuperset(_split(task)) and re.search(
            rf"(?<![\w-]){re.escape(task)}(?![\w-])", text
        ):
            yield f"SG402: it names the task of a run ({run.id}: {_cut(task)})"


# ------------------------------------------------------------------ what the runs say


def _looked_up(probes: Iterable[_Probe], runs: Iterable[Trajectory]) -> Mapping[_Probe, _Found]:
    anchored: defaultdict[bytes, list[tuple[frozenset[bytes], _Probe]]] = defaultdict(list)
    for probe in probes:
        anchored[probe.anchor].append((frozenset(probe.gram.split()), probe))
    vocabulary = {word for each in anchored.values() for words, _ in each for word in words}
    found: defaultdict[_Probe, _Found] = defaultdict(_Found)
    for run in runs if anchored else ():
        words = _split("\n".join(_told(run)))
        present = vocabulary.intersection(words)
        wanted = [
            probe
            for anchor in present & anchored.keys()
            for needed, probe in anchored[anchor]
            if needed <= present
        ]
        if not wanted:
            continue
        texts = _Texts(run, _padded(b" ".join(words)))
        for probe in wanted:
            if _padded(probe.gram) in texts.of(probe):
                one = found[probe]
                one.tasks.add(_task(run))
                one.first = one.first or run
    return found


@dataclass(slots=True)
class _Texts:
    """The words of one run, by who said them; made when they are asked for."""

    run: Trajectory
    everything: bytes
    user: bytes | None = None
    grader: bytes | None = None

    def of(self, probe: _Probe) -> bytes:
        if probe.of_grader:
            if self.grader is None:
                self.grader = _normal(self.run.outcome.detail)
            return self.grader
        if not probe.from_user:
            return self.everything
        if self.user is None:
            said = (step.message for step in self.run.steps if step.source == "user")
            self.user = _normal("\n".join(said))
        return self.user


def _told(run: Trajectory) -> Iterator[str]:
    """What the agent was told: the task, its tools, the grader. Its own words are no secret."""
    for step in run.steps:
        yield from _told_in(step)
    yield run.outcome.detail


def _told_in(step: Step) -> Iterator[str]:
    if step.source != "agent":
        yield step.message
    yield step.observation


# ------------------------------------------------------------------ what is said of it


def _tells(probe: _Probe, found: _Found, tasks: int) -> bool:
    """Is it of one or two tasks among many? A grader's words tell whoever it judged."""
    if probe.of_grader:
        return bool(found.tasks)
    return 0 < len(found.tasks) <= MOST_TASKS and 2 * len(found.tasks) <= tasks


def _reason(probe: _Probe, found: _Found) -> str:
    run = found.first
    if run is None:  # what no run says is not told
        return ""
    if probe.of_grader:
        return f"SG402: it repeats what a grader said ({run.id}: {_cut(probe.shown)})"
    more = " and another task" if len(found.tasks) > 1 else ""
    where = f"{run.id}, {_where(run, probe.gram)}{more}"
    return f"SG401: it repeats what few runs were told ({where}: {_cut(probe.shown)})"


def _where(run: Trajectory, gram: bytes) -> str:
    for step in run.steps:
        if _padded(gram) in _normal("\n".join(_told_in(step))):
            return f"step {step.number}"
    return "its verdict" if _padded(gram) in _normal(run.outcome.detail) else "several steps"


def _cut(words: str) -> str:
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1].rstrip()}…"
