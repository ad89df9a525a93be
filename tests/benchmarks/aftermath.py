"""What a round left behind, held against what it was given: is anything lost or corrupted?

Nothing of skillgit is used to judge skillgit: Git is asked, and the files of the runs are read.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bounds import Merge, Place
from benchmarks.plan import Plan
from benchmarks.themes import pool, themes_in, titles

_LABEL = re.compile(r"merge (\d+)/(\d+)")
_LINK = re.compile(r"^(.*): see \[references/[a-z0-9-]+\.md\]\(references/[a-z0-9-]+\.md\)\.$")


@dataclass(frozen=True, slots=True)
class Judged:
    """The account of a round as somebody else draws it up."""

    lost: tuple[str, ...]
    """Trajectories and proposed edits that ended nowhere."""
    corrupted: tuple[str, ...]
    """Lines on the branch that no analyst ever worded."""
    misattributed: tuple[str, ...]
    """Lessons with a source that never taught them."""
    excluded: int
    lessons: int
    themes: int
    """How many themes are on the branch."""


def judge(repository: Path, runs: Path, told: Mapping[str, Any]) -> Judged:
    """Hold the branch, the evidence and what the round told (--json) against its runs."""
    taught = {
        f"t-{hashlib.sha256(data).hexdigest()[:12]}": data.decode()
        for data in (path.read_bytes() for path in runs.glob("*.json"))
    }
    branch = told["branch"] or {"name": "HEAD", "evidence": "", "lessons": []}
    proposed = _proposed(repository, branch["evidence"]) if branch["evidence"] else {}
    texts = added(repository, told["base"], branch["name"])
    return Judged(
        lost=tuple(_lost(taught, proposed, told)),
        corrupted=tuple(line for lines in texts.values() for line in lines if not _known(line)),
        misattributed=tuple(_misattributed(branch["lessons"], texts, taught)),
        excluded=len(told["excluded"]),
        lessons=len(branch["lessons"]),
        themes=len({one.key for lines in texts.values() for one in themes_in(" ".join(lines))}),
    )


def added(repository: Path, base: str, tip: str) -> dict[str, list[str]]:
    """The lines that each commit adds, without the marks of lists and headings."""
    shown = _git(repository, "log", "--format=commit %H", "--unified=0", "-p", f"{base}..{tip}")
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in shown.decode().splitlines():
        if line.startswith("commit "):
            lines = found.setdefault(line.removeprefix("commit "), [])
        elif line.startswith("+") and not line.startswith("+++"):
            text = re.sub(r"^\s*(?:[-*+]|#+|\d+[.)])?\s*", "", line[1:]).strip()
            lines += [text] if text else []
    return found


def _known(line: str) -> bool:
    link = _LINK.match(line)
    return line in pool() or line in titles() or bool(link and link[1] in titles())


def _lost(
    taught: Mapping[str, str], proposed: Mapping[str, list[str]], told: Mapping[str, Any]
) -> Iterator[str]:
    """Each trajectory has a patch or is excluded; each edit of a patch has one end."""
    excluded = {one["trajectory"] for one in told["excluded"]}
    yield from (name for name in taught if name not in proposed and name not in excluded)
    ends = Counter(one["edit"] for one in told["fates"])
    every = [name for names in proposed.values() for name in names]
    yield from (name for name in every if ends[name] != 1)
    yield from (name for name in ends if name not in set(every))
    counted = told["edits"]
    states = sum(number for state, number in counted.items() if state != "proposed")
    if not len(every) == states == counted["proposed"]:
        yield f"{counted['proposed']} edits were told, {len(every)} found, {states} ended"


def _misattributed(
    lessons: list[dict[str, Any]], texts: Mapping[str, list[str]], taught: Mapping[str, str]
) -> Iterator[str]:
    for lesson in lessons:
        spoken = {one.key for one in themes_in(" ".join(texts[lesson["commit"]]))}
        for source in lesson["sources"]:
            if not spoken & {one.key for one in themes_in(taught[source])}:
                yield f"{lesson['title']}: {source}"


def _proposed(repository: Path, evidence: str) -> dict[str, list[str]]:
    """The edits of each analyst by its trajectory, those that did not fit among them."""
    found: dict[str, list[str]] = {}
    for name, value in documents(repository, evidence, "patches"):
        names = [edit["id"] for edit in value["edits"]]
        names += [fate["edit"] for fate in value.get("fates", ())]
        found[Path(name).stem] = names
    return found


def merges(repository: Path, evidence: str, plan: Plan) -> list[Merge]:
    """The tree of merges with the seconds that the plan gives to each."""
    took = _output_tokens(repository)
    found = []
    for _, value in documents(repository, evidence, "merges"):
        place = (value["level"], value["node"])
        calls = took.get(place, []) if value["how"] != "program" else []
        seconds = max((plan.base + plan.per_token * tokens for tokens in calls), default=0.0)
        found.append(Merge(place, tuple(value["inputs"]), tuple(value["outputs"]), seconds))
    # What is above the root answers other questions, and is accounted for elsewhere.
    return [merge for merge in found if merge.place in took or merge.seconds == 0.0]


def _output_tokens(repository: Path) -> dict[Place, list[int]]:
    """What the merges said, by their place in the tree; the reply store knows what it is named."""
    store = repository / ".git" / "skillgit" / "replies.db"
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT label, usage FROM replies WHERE role = 'merge'")
        found: dict[Place, list[int]] = {}
        for label, usage in rows:
            if at := _LABEL.match(label):
                place = (int(at[1]), int(at[2]))
                found.setdefault(place, []).append(json.loads(usage)["output_tokens"])
    connection.close()
    return found


def documents(repository: Path, ref: str, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents in a folder of the evidence, by path."""
    listed = _git(repository, "ls-tree", "--name-only", ref).decode().split()
    if folder not in listed:
        return
    packed = _git(repository, "archive", "--format=tar", ref, folder)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield member.name, json.load(file)


def _git(repository: Path, *words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=repository, capture_output=True, check=True)
    return done.stdout
