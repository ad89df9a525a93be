"""The message of a lesson commit: written so that no text of a stranger can forge a part of it.

    xlsx: recalculate after every formula write        (a subject of at most 72 characters)

    Seen in 178 of 323 analysed trajectories (27 fail, 151 pass).

    <the reason, wrapped>

    t-0123456789ab, step 4:
        <lines of a trajectory, verbatim>

    Skillgit-Round: 20261121T231905Z-7f3ac1
    …                                                  (one paragraph of trailers, the last)

Git reads trailers from the last paragraph only, `interpret-trailers` stops at a line `---`, a
comment character or a scissors line cuts what an editor saves, and mail tools act on lines like
`diff -` or `From `. So lines of others never begin in the first column unless with a plain word.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from skillgit.names import Digest, Oid, RoundId, SkillPath, TrajectoryId
from skillgit.provenance.evidence import Returned, Source, Support
from skillgit.types import Lesson, Quote, Result

SUBJECT_WIDTH = 72
MOST_SOURCES = 20
_MOST_QUOTES = 3
_MOST_QUOTE_LINES = 6
_QUOTE_WIDTH = 100
_PREFIX = "Skillgit-"
_KEYS = ("Round", "Skill", "Base", "Patch", "Support", "Evidence")
_SUPPORT = re.compile(
    r"(\d{1,9})/(\d{1,9}) \((\d{1,9}) fail, (\d{1,9}) pass(?:, (\d{1,9}) unknown)?\)"
)
_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")
_CLAIM = re.compile(rf"\n{_PREFIX}(?:{'|'.join((*_KEYS, 'Trajectory'))}):", re.IGNORECASE)
_APPROVED = f"{_PREFIX}Approved-By"
_BECAUSE = f"{_PREFIX}Approved-Because"
_PERSON = re.compile(r"[^<>]*[^<>\s][^<>]* <[^<>\s]+>")
_PICKED = re.compile(r"\(cherry picked from commit [0-9a-f]+\)")
_PLAIN_LINE = re.compile(r"(?!diff |index:|from |only in )\w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word that a lesson may bring in what it does (SG403), and why."""

    by: str
    """`Name <address>`."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Trailers:
    """What a lesson commit says of itself. `sources` holds at most 20, strongest first."""

    round: RoundId
    skill: str
    base: Oid
    patch: Digest
    support: Support
    evidence: Oid
    sources: tuple[Source, ...]
    model: str
    approvals: tuple[Approval, ...] = ()
    """Who took what the lesson brings in upon themselves; a round writes none."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that claims to be a lesson's and is none, and why."""

    reason: str


# ------------------------------------------------------------------ writing


def message(
    skill_name: str,
    lesson: Lesson,
    quotes: Sequence[Quote],
    trailers: Trailers,
    returned: Sequence[Returned] = (),
) -> str:
    """The whole commit message."""
    subject, rest = _subject(skill_name, lesson.title)
    support = trailers.support
    seen = str(support).partition("(")[2]
    body = [
        subject,
        f"Seen in {support.sources} of {support.analysed} analysed trajectories ({seen}.",
        *([_wrapped(f"The lesson in full: {rest}")] if rest else []),
        *([_wrapped(lesson.reason)] if plain(lesson.reason) else []),
        *(_wrapped(told_of(one)) for one in returned),
        *map(_quoted, _chosen(quotes)),
        render(trailers),
    ]
    return "\n\n".join(body) + "\n"


def told_of(one: Returned) -> str:
    """A lesson that comes back, in words: since when, and what is new."""
    because = f", because: {reason}" if (reason := plain(one.reason)) else ""
    runs = f"{one.runs} run{'' if one.runs == 1 else 's'}"
    tasks = f"{one.tasks} task{'' if one.tasks == 1 else 's'}"
    new = f"Taught again by {runs} of {tasks} that were not read then."
    return f"Dropped before, in round {one.round}{because}. {new}"


def render(trailers: Trailers) -> str:
    """The paragraph of trailers."""
    values = (
        ("Skillgit-Round", trailers.round),
        ("Skillgit-Skill", skill_value(trailers.skill)),
        ("Skillgit-Base", trailers.base),
        ("Skillgit-Patch", trailers.patch),
        ("Skillgit-Support", trailers.support),
        ("Skillgit-Evidence", trailers.evidence),
        *(("Skillgit-Trajectory", source) for source in trailers.sources[:MOST_SOURCES]),
        ("Assisted-by", f"skillgit:{model_slug(trailers.model)}"),
    )
    return "\n".join(f"{key}: {value}" for key, value in values)


def model_slug(model: str) -> str:
    """The name of a model as one word."""
    return re.sub(r"[^A-Za-z0-9._/+-]+", "-", model).strip("-") or "unknown"


def plain(text: str) -> str:
    """Text of a stranger as one line without control or invisible characters."""
    shown = (" " if unicodedata.category(char) in _UNSEEN else char for char in text)
    return " ".join("".join(shown).split())


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _subject(skill_name: str, title: str) -> tuple[str, str]:
    """The subject, and the whole title where it had to be cut."""
    name = plain(skill_name)[:40].strip().lstrip("#-") or "skill"
    whole = f"{name}: {plain(title).rstrip('.') or 'untitled lesson'}"
    if len(whole) <= SUBJECT_WIDTH:
        return whole, ""
    cut = whole[: SUBJECT_WIDTH - 1].rpartition(" ")[0]
    if len(cut) <= len(name) + 1:
        cut = whole[: SUBJECT_WIDTH - 1]
    return f"{cut.rstrip()}…", plain(title)


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(plain(text), 70, break_on_hyphens=False) or [""]
    return "\n".join(line if _is_harmless(line) else f"  {line}" for line in lines)


def _is_harmless(line: str) -> bool:
    return bool(_PLAIN_LINE.match(line)) and not _TRAILER.match(line)


def _chosen(quotes: Sequence[Quote]) -> list[Quote]:
    """At most three: first one of each trajectory, then more of the same."""
    said = [quote for quote in quotes if plain(quote.text)]
    firsts: dict[TrajectoryId, Quote] = {}
    for quote in said:
        firsts.setdefault(quote.trajectory, quote)
    more = [quote for quote in said if quote is not firsts[quote.trajectory]]
    return [*firsts.values(), *more][:_MOST_QUOTES]


def _quoted(quote: Quote) -> str:
    lines = [plain_line(line) for line in quote.text.split("\n")]
    shown = [line for line in lines if line.strip()]
    more = ["[…]"] if len(shown) > _MOST_QUOTE_LINES else []
    body = "\n".join(f"    {line}" for line in [*shown[:_MOST_QUOTE_LINES], *more])
    return f"{quote.trajectory}, step {quote.step}:\n{body}"


def plain_line(line: str) -> str:
    """A quoted line: its spaces kept, nothing invisible, cut where it is very long."""
    shown = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in line).rstrip()
    return shown if len(shown) <= _QUOTE_WIDTH else f"{shown[: _QUOTE_WIDTH - 4].rstrip()} […]"


def skill_value(skill: str) -> str:
    """The folder of a skill as a trailer holds it."""
    if not skill:
        return "."
    return json.dumps(skill, ensure_ascii=False) if skill.startswith((" ", '"')) else skill


def approved(text: str, approval: Approval) -> str:
    """The message of a lesson commit with one more approval in its paragraph of trailers."""
    lines = [f"{_APPROVED}: {plain(approval.by)}"]
    if reason := plain(approval.reason):
        lines.append(f"{_BECAUSE}: {reason}")
    return "\n".join([text.rstrip("\n"), *lines, ""])


# ------------------------------------------------------------------ reading


def parse(text: str) -> Trailers | Malformed | None:
    """What a commit message says as a lesson's; None where it does not claim to be one."""
    if not _CLAIM.search(text):
        return None
    try:
        return _trailers(_last_paragraph(text))
    except ValueError as unfit:
        return Malformed(str(unfit))


def _last_paragraph(text: str) -> list[tuple[str, str]]:
    """Keys and values of the paragraph that Git takes for the trailers."""
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", text.strip("\n"))
    found: list[tuple[str, str]] = []
    for line in paragraphs[-1].split("\n") if len(paragraphs) > 1 else []:
        trailer = _TRAILER.fullmatch(line.rstrip())
        if trailer:
            found.append((trailer[1].casefold(), trailer[2]))
        elif not _PICKED.fullmatch(line.strip()):
            raise ValueError(f"the last paragraph holds a line that is no trailer: {line[:60]!r}")
    if not any(key.startswith(_PREFIX.casefold()) for key, _ in found):
        raise ValueError("the Skillgit trailers are not in the last paragraph of the message")
    return found


def _trailers(found: list[tuple[str, str]]) -> Trailers:
    values = {name: _only(found, f"{_PREFIX}{name}") for name in _KEYS}
    agents = [value for key, value in found if key == "assisted-by"]
    model = next((a.removeprefix("skillgit:") for a in agents if a.startswith("skillgit:")), "")
    if not model:
        raise ValueError("there is no trailer 'Assisted-by: skillgit:<model>'")
    sources = tuple(
        _source(value) for key, value in found if key == f"{_PREFIX}Trajectory".casefold()
    )
    if not 1 <= len(set(sources)) == len(sources) <= MOST_SOURCES:
        raise ValueError(
            f"there are not 1 to {MOST_SOURCES} different Skillgit-Trajectory trailers"
        )
    return Trailers(
        RoundId(values["Round"]),
        skill_of(values["Skill"]),
        Oid(values["Base"]),
        Digest(values["Patch"]),
        _support(values["Support"]),
        Oid(values["Evidence"]),
        sources,
        model,
        _approvals(found),
    )


def _approvals(found: list[tuple[str, str]]) -> tuple[Approval, ...]:
    """Each approver, with the reason in the line below, if there is one."""
    told: list[Approval] = []
    for key, value in found:
        if key == _APPROVED.casefold():
            if not _PERSON.fullmatch(value):
                raise ValueError(f"{_APPROVED} is {value!r}, not like 'Name <address>'")
            told.append(Approval(value))
        elif key == _BECAUSE.casefold() and told:
            told[-1] = Approval(told[-1].by, value)
    return tuple(told)


def _only(found: list[tuple[str, str]], name: str) -> str:
    values = [value for key, value in found if key == name.casefold()]
    if len(values) != 1:
        raise ValueError(f"there are {len(values)} trailers {name}, not one")
    return values[0]


def skill_of(value: str) -> str:
    """The folder that a trailer names; ValueError where it is no safe path."""
    if value == ".":
        return ""
    if value.startswith('"'):
        value = json.loads(value)
        if not isinstance(value, str):
            raise ValueError("Skillgit-Skill is not a path")
    return str(SkillPath(value))


def _support(value: str) -> Support:
    counts = _SUPPORT.fullmatch(value)
    if not counts:
        raise ValueError(f"Skillgit-Support is {value!r}, not like '178/323 (27 fail, 151 pass)'")
    return Support(*(int(count) for count in counts.groups("0")))


def _source(value: str) -> Source:
    parts = value.split()
    if len(parts) != 3:
        raise ValueError(f"Skillgit-Trajectory is {value!r}, not id, digest and result")
    return Source(TrajectoryId(parts[0]), Digest(parts[1]), Result(parts[2]))
