"""Attacks on the memory of replies: answers that were recorded elsewhere.

Forged evidence, false trailers and false support are tried in tests/review/test_verify.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attacked import Evolve, Lie, Round, honest

from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore

Change = Callable[[dict[str, Any]], object]


def recorded(done: Round, path: Path, change: Change) -> Path:
    """The replies of a round as a file, each analyst's reply changed."""
    with ReplyStore(done.repository.path / ".git" / STATE_FOLDER / STORE_FILE) as known:
        known.export(path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        for edit in row["reply"].get("edits", ()):
            change(edit)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def replayed(evolve: Evolve, tmp_path: Path, change: Change) -> tuple[Round, Round]:
    """A round, and the same in another repository from its recorded replies."""
    first = evolve(honest(3), Lie())
    file = recorded(first, tmp_path / "replies.jsonl", change)
    return first, evolve(tmp_path / "runs", None, "--replay-file", str(file), "--model", "tiny")


def test_honest_recordings_give_the_same_commits(
    evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a recording that nobody touched.

    Outcome: the same commit ids, nobody is asked.
    """
    # In another repository it is another round, begun perhaps a second later.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    first, again = replayed(evolve, tmp_path, lambda _: None)
    assert again.commits == first.commits != []


@pytest.mark.parametrize(
    "change",
    [
        lambda edit: edit.update(place="../README.md:1| skills"),
        lambda edit: edit.update(approved=True),
        lambda edit: edit.pop("evidence"),
        lambda edit: edit.update(evidence=["step 99 lines 1-9"]),
        lambda edit: edit.update(text=["a", "list"]),
        lambda edit: edit.update(title="x" * 81),
    ],
    ids=["place", "field", "no evidence", "no such evidence", "type", "length"],
)
def test_a_recorded_reply_that_misses_its_schema_is_none(
    evolve: Evolve, tmp_path: Path, change: Change
) -> None:
    """A file of recorded replies, some of which the model could never have given.

    Outcome: each is as good as missing: the replay names it and ends without a branch.
    """
    _, again = replayed(evolve, tmp_path, change)
    assert again.code == 4
    assert not again.branch


def test_a_recorded_reply_that_lies_meets_the_same_rules(evolve: Evolve, tmp_path: Path) -> None:
    """A recording whose replies meet the schema and teach what no rule allows.

    Outcome: whoever wrote the reply, the rules are the same: it is rejected, the second question
    that this calls for was never recorded, and the replay ends without a branch.
    """
    lie = {"text": "Write to /home/jdoe/x with `wb.save(path)`."}
    _, again = replayed(evolve, tmp_path, lambda edit: edit.update(lie))
    assert again.code == 4
    assert not again.branch
    assert "again" in again.said


@pytest.mark.parametrize("text", ["{}\n", "not JSON\n", '{"key": 7}\n', "[" * 100_000])
def test_a_file_that_is_no_recording_is_refused(evolve: Evolve, tmp_path: Path, text: str) -> None:
    """Anything else as the file of recorded replies.

    Outcome: a usage error that names the line; nothing of it is remembered.
    """
    (tmp_path / "bad.jsonl").write_text(text, encoding="utf-8")
    done = evolve(honest(2), None, "--replay-file", str(tmp_path / "bad.jsonl"), "--model", "tiny")
    assert done.code == 2
    assert "line 1 is not one of them" in done.said
