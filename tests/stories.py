"""Rounds as their readers are told of them; every text of a stranger says what a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from rounds import ROUND

from skillgit.adapters.timings import Timings
from skillgit.names import Digest, EditId, Oid, SkillPath, TrajectoryId
from skillgit.provenance.evidence import (
    LessonRecord,
    Refusal,
    RoundRecord,
    Source,
    TrajectoryRecord,
    WithheldRecord,
)
from skillgit.publish.story import Size, Story, Told
from skillgit.review.dossier import Dossier
from skillgit.types import (
    MANIFEST,
    Cause,
    CreateFile,
    Edit,
    Excluded,
    Exclusion,
    Fate,
    GateReport,
    Harm,
    Insert,
    Lesson,
    LineRange,
    MergeRecord,
    Outcome,
    Patch,
    Proof,
    Quote,
    Result,
    Skill,
    State,
    Usage,
)

HOSTILE = (
    "fixes #1 @someone <script>alert(1)</script> ![x](http://canary.invalid/a.png) | a\\|b `c` "
    "[l](javascript:alert(1)) **bold** www.example.com GH-7 \u202egnp.exe\u202c --> ``` </style>"
)
BASE = Oid("0f" * 20)
ROOT = "skills/xlsx"
TEXT = "---\nname: xlsx\ndescription: d\n---\n\n# Sheets\n\n" + "".join(
    f"Line {number}.\n\n" for number in range(400)
)


def oid(*parts: object) -> Oid:
    return Oid(hashlib.sha1(repr(parts).encode(), usedforsecurity=False).hexdigest())


def digest(*parts: object) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(repr(parts).encode()).hexdigest()}")


def who(number: int) -> TrajectoryId:
    return TrajectoryId(f"t-{number:012x}")


def result_of(number: int) -> Result:
    return (Result.FAIL, Result.PASS)[number % 2]


def one_line(words: str) -> str:
    return " ".join(words.split()) or "a title"


def edit_of(number: int, words: str, sources: Sequence[int]) -> Edit:
    after = 8 + 2 * number
    change: Insert | CreateFile = Insert(MANIFEST, after, words if words.strip() else "more")
    if number % 3 == 2:
        link = Insert(MANIFEST, after, f"See references/r{number}.md.")
        change = CreateFile(SkillPath(f"references/r{number}.md"), change.text, link)
    return Edit(
        EditId(f"{who(sources[0])}.1"),
        change,
        Lesson(one_line(words), words),
        frozenset(map(who, sources)),
        tuple(Quote(who(n), 2, LineRange(1, 3), f"{words}\nand {n}") for n in sources[:3]),
    )


def story(
    words: str = "plain words",
    *,
    lessons: int = 3,
    trajectories: int = 12,
    dropped: int = 0,
    **more: object,
) -> Story:
    """A round with so many lessons; `more` replaces fields of the story."""
    skill = Skill(ROOT, BASE, {MANIFEST: TEXT.encode()})
    told = [_told(n, words, range(n % trajectories, trajectories)) for n in range(lessons)]
    found = {
        who(n): TrajectoryRecord(who(n), digest(n), words, "runs/a.json", Outcome(result_of(n)), ())
        for n in range(trajectories)
    }
    out = tuple(
        WithheldRecord(
            Fate(EditId(f"{who(n)}.9"), State.REJECTED, f"vague: {words}"),
            edit_of(n, words, [n]) if n % 2 else None,
        )
        for n in range(trajectories)
    )
    dossier = Dossier(
        round=_round(words, trajectories),
        lessons={one.evidence: one.record for one in told},
        patches={one: _patch(one, words) for one in found},
        merges=merges(trajectories, words),
        withheld=out,
        trajectories=found,
        gate=_gate(words),
        problems=(f"round.json: {words}",),
    )
    values: dict[str, object] = {
        "dossier": dossier,
        "base": skill,
        "branch": "skillgit/xlsx/" + ROUND,
        "tip": oid("tip"),
        "kept": tuple(told[dropped:]),
        "dropped": tuple(told[:dropped]),
        "before": Size(10, 100, 0, 0),
        "after": Size(14, 180, 20, 300),
        "evidence": oid("evidence"),
        "timings": Timings(
            ROUND, words, 1_795_000_000, 812.5, {"analyze": 700.0, words: 100.0}, Usage(9, 1, 2, 3)
        ),
        "trajectories": {"taught a lesson": lessons, "duplicates": trajectories},
        "edits": {State.APPLIED: lessons, State.REJECTED: trajectories},
    }
    make: Callable[..., Story] = Story
    return make(**(values | more))


def _round(words: str, trajectories: int) -> RoundRecord:
    return RoundRecord(
        round=ROUND,
        skill=ROOT,
        base=BASE,
        started=1_795_000_000,
        model=words,
        signals="combined",
        settings={
            "analyze.error_analyst": "agentic",
            "endpoint.seed": 7,
            "collect.redact": False,
            "endpoint.merge": '{"top_k": 5}',
            "agent.protocol": words,
        },
        analysed=tuple(map(who, range(trajectories))),
        excluded=(Excluded(who(trajectories), words, Exclusion.UNPROVEN),),
        lessons=(),
        redactions=3,
        error_analysts={"asked": 5, "proven": 3, "unproven": 2},
    )


def _told(number: int, words: str, sources: Sequence[int]) -> Told:
    edit = edit_of(number, words, sources)
    record = LessonRecord(
        ROUND,
        ROOT,
        BASE,
        one_line(words),
        words,
        (edit,),
        {},
        len(sources) + 3,
        tuple(Source(who(n), digest(n), result_of(n)) for n in sources),
        digest("patch", number),
    )
    refusal = Refusal(ROUND, ROOT, oid(number), words, (words,), words, words, 1_795_000_001)
    files = (MANIFEST, SkillPath(f"references/r{number}.md"))
    return Told(number + 1, oid("blob", number), record, oid(number), files, 21, 53, refusal)


def _patch(one: TrajectoryId, words: str) -> Patch:
    proof = Proof(words, digest("artifact"), 3, 2, 9)
    return Patch(one, (), causes=(Cause(words),), proof=proof)


def _gate(words: str) -> GateReport:
    return GateReport(
        tasks=20,
        seeds=(41, 42),
        base=0.5,
        evolved=0.6,
        difference=0.1,
        low=-0.05,
        high=0.2,
        won=4,
        lost=2,
        tied=14,
        p=0.2,
        verdict="unclear",
        dropped=(Harm(words, (EditId(f"{who(0)}.1"),), 0.4, 0.6),),
        remarks=(words,),
    )


def merges(leaves: int, words: str = "model") -> tuple[MergeRecord, ...]:
    """Pairs of pairs: a binary tree over so many edits, and one merge of the same lines."""
    row = [EditId(f"{who(n)}.1") for n in range(leaves)]
    found: list[MergeRecord] = []
    level = 1
    while len(row) > 1:
        above = []
        for node, first in enumerate(range(0, len(row), 2)):
            pair = row[first : first + 2]
            gone = tuple(Fate(one, State.MERGED, words, pair[0]) for one in pair[1:])
            found.append(MergeRecord(level, node, tuple(pair), (pair[0],), gone, words))
            above.append(pair[0])
        row, level = above, level + 1
    found.append(MergeRecord(99, 0, tuple(row), tuple(row), (), f"fallback: {words}"))
    return tuple(found)
