"""Attacks by notes: what somebody pushed to refs/notes/skillgit about a lesson."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apart import SKILL, TEXT, with_round
from repositories import Repository

from skillgit.adapters.git import GitRepository
from skillgit.cli import run
from skillgit.review.lessons import find_lesson

EVIL = "\x1b]0;owned\x07\u202e<script>alert(1)</script> ![x](http://canary.invalid/a.png)"


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    with_round(made)
    monkeypatch.chdir(made.path)
    return made


def claim(made: Repository, **changes: object) -> dict[str, Any]:
    """A note's effect of the first lesson, in which some things are as an attacker wants them."""
    with GitRepository.open(made.path) as repo:
        record = find_lesson(repo, "latest/1").record
    assert record is not None
    some = f"sha256:{'d' * 64}"
    effect: dict[str, object] = {
        "method": "shapley",
        "estimate": 0.9,
        "low": 0.8,
        "high": 1.0,
        "worth": "helps",
        "ended": "answered",
        "tasks": 9,
        "pairs": 9,
        "confidence": 0.95,
        "intervals": 4,
    }
    told: dict[str, object] = {
        "patch": record.patch,
        "round": record.round,
        "base": record.base,
        "company": some,
        "lessons": 3,
        "tasks": some,
        "seeds": [41],
        "model": "tiny",
        "harness": some,
        "by": "a stranger",
        "when": 7,
    }
    return {
        **told,
        **{key: value for key, value in changes.items() if key in told},
        "effect": {**effect, **{k: v for k, v in changes.items() if k in effect}},
    }


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 0
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.out + captured.err


def test_a_note_of_a_stranger_is_shown_as_their_words_or_not_at_all(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes with terminal escapes and markup, figures that cannot be, and JSON without end.

    Outcome: what fits the format is shown as text of the one who claims it, in the terminal and
    on the page; the rest is left out and told, and hides no other note.
    """
    fit = [claim(skills, model=EVIL, by=f"{EVIL} {n}", when=n, ended=EVIL) for n in range(2)]
    unfit = [
        claim(skills, low=7.0),
        claim(skills, worth="hurts"),
        claim(skills, worth="BUY"),
        claim(skills, by="x" * 10**5),
    ]
    lines = [
        json.dumps({"schema": "skillgit.note/1", "effects": [*fit, *unfit]}),
        "[" * 50_000,
        '{"schema": "skillgit.note/1", "effects": [1e999, NaN]}',
        EVIL,
    ]
    note = tmp_path / "note"
    note.write_text("\n".join(lines), encoding="utf-8")
    branch = skills.git("for-each-ref", "--format=%(refname:short)", "refs/heads/skillgit")
    skills.git("notes", "--ref=skillgit", "add", "-F", str(note), branch)

    place = f"{SKILL}/SKILL.md:10"
    told = [
        shown(capsys, "log"),
        shown(capsys, "show", "latest/1"),
        shown(capsys, "why", place, "--at", branch),
        page := shown(capsys, "report", "-o", "-"),
    ]
    for text in told:
        assert "+90.0 points" in text
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
        assert "BUY" not in text
        assert "hurts" not in text
    assert "notes of skillgit are no use" in told[0]
    assert told[1].count("worth: helps") == 2
    assert "<script>alert" not in page
    assert "<img" not in page
    assert all(part.isascii() for part in shown(capsys, "show", "latest/1", "--json"))
