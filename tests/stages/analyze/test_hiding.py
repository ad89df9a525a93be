"""Files are shown to error analysts without secrets, and what analysts say is kept without them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from diagnosing import HONEST, Lab, edit, lesson, repair
from scripted import ScriptedEndpoint, replying

from skillgit.config import Collect
from skillgit.names import TrajectoryId
from skillgit.stages.analyze.hiding import fit_to_keep
from skillgit.trajectories.redaction import shown_of_files
from skillgit.trajectories.redaction.giving import gives_away
from skillgit.types import Cause, Excluded, Memory, Patch, Proof

TOKEN = "ghp_" + "0aB1" * 9
FILE = f"GH={TOKEN}\nmail=jane@acme.test\ncase ZEBRA-4711\n"


def test_what_a_tool_shows_has_no_secret_and_the_file_stays_whole(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run(left={"answer.txt": "12.5", "keys.env": FILE})
    look = "text = open('run/files/keys.env').read()\nprint(text, len(text))"
    endpoint.queue(repair(look, "python"), repair(HONEST), replying(lesson()))
    analysis = lab.analyze(clean=shown_of_files(Collect(redact_extra="ZEBRA-[0-9]+")))
    sent = json.dumps(endpoint.requests)
    assert TOKEN not in sent
    assert "[secret:" in sent
    assert "[extra:" in sent
    assert "jane@acme.test" in sent, "names in files are what programs work with"
    assert f" {len(FILE)}" in sent
    assert TOKEN.encode() not in (tmp_path / "replies.db").read_bytes()
    (patch,) = analysis.patches
    assert patch.proof
    assert TOKEN not in repr(patch)


def test_without_redaction_it_is_shown_as_it_is(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run(left={"answer.txt": "12.5", "keys.env": FILE})
    look = "print(open('run/files/keys.env').read())"
    endpoint.queue(repair(look, "python"), repair(HONEST), replying(lesson()))
    lab.analyze(clean=shown_of_files(Collect(redact=False)))
    assert TOKEN in json.dumps(endpoint.requests)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"Log in with `{TOKEN}`.", "password, a token or a key"),
        ('Set `password = "correct horse 77"`.', "password, a token or a key"),
        ("Read `/data/[user:0a1b2c]/in.csv`.", "[user:0a1b2c]"),
        ("Use `[secret:0a1b2c]` again.", "hidden from you"),
    ],
)
def test_a_lesson_gives_no_secret_away(
    tmp_path: Path, endpoint: ScriptedEndpoint, text: str, reason: str
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    wrong = {**lesson(), "edits": [edit(text=text), edit()]}
    endpoint.queue(repair(HONEST), replying(wrong), replying(wrong))
    (patch,) = lab.analyze().patches
    (fate,) = patch.fates
    assert reason in fate.reason
    assert TOKEN not in fate.reason
    assert len(patch.edits) == 1


def test_what_the_skill_has_is_no_secret_any_more() -> None:
    known = 'Set `password = "correct horse 77"` in the sandbox.'
    assert gives_away(known, "")
    assert not gives_away(known, f"# Skill\n\n{known}\n")
    assert not gives_away("See [secret:0a1b2c].", "See [secret:0a1b2c].")
    assert not gives_away("Open /home/jdoe/x with a.py", ""), "names are the guardrails' concern"


def test_all_that_an_analyst_says_is_fit_to_keep() -> None:
    said = f"{TOKEN} of jane@acme.test in /home/jdoe"
    known = TrajectoryId("t-000000000000")
    patch = Patch(
        known,
        (),
        causes=(Cause(said, ()),),
        memories=(Memory(said, said),),
        proof=Proof(said, "sha256:" + "0" * 64, 1, 1, 1),  # type: ignore[arg-type] # a digest
    )
    for kept in (fit_to_keep(patch), fit_to_keep(Excluded(known, said))):
        assert not any(part in repr(kept) for part in (TOKEN, "jane@", "jdoe"))
    assert fit_to_keep(replace(patch, causes=(), memories=(), proof=None)).trajectory == known
