"""Causes that no program can prove: what an agent misread on a picture, and the analyst reads."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diagnosing import Lab, is_diagnosis, lesson, repair
from drawing import page, question, write_docvqa
from graded import digest, run
from scripted import Answer, ScriptedEndpoint, replying

from skillgit.adapters.runs import RunFolder
from skillgit.domains.loading import load_tasks
from skillgit.images import Image, image_of
from skillgit.names import Digest
from skillgit.stages.analyze.leakage import names_of_the_task
from skillgit.stages.analyze.repair import Repair
from skillgit.trajectories.writing import WrittenCall, WrittenRun, WrittenStep, atif_bytes
from skillgit.types import Exclusion, Outcome, Result, Step, Trajectory

PAGE = page(["TOTAL 812.50", "PAGE 4"])
READ_WRONG = 'open("answer.txt", "w").write("4")\n'
READ_RIGHT = (
    '# the line TOTAL, behind the last dot leader\nopen("answer.txt", "w").write("812.50")\n'
)


class PictureLab(Lab):
    """A failed run about a picture instead of one about notes."""

    def failed_read(self) -> None:
        folder = self.folder / "tasks"
        asked = [question(7, "documents/a.png", "812.50")]
        write_docvqa(folder, asked, {"documents/a.png": PAGE})
        (known,) = load_tasks(folder).tasks
        shown = image_of(PAGE, "page.png")
        assert isinstance(shown, Image)
        call = WrittenCall("python", json.dumps({"code": READ_WRONG}), "(no output)")
        steps = (
            WrittenStep("system", "You work."),
            WrittenStep("user", known.query, images=(shown,)),
            WrittenStep("agent", "I read the page.", calls=(call,)),
        )
        data = atif_bytes(WrittenRun("session 7", "tiny", steps))
        work = self.folder / "left"
        work.mkdir()
        (work / "answer.txt").write_text("4")
        result = run(
            "7",
            41,
            passed=False,
            task_digest=known.digest,
            domain="docqa",
            detail="failed: 1 of 1 places differ",
            trajectory=digest(""),
        )
        RunFolder(self.runs).save(replace(result, trajectory=_sha(data)), data, work)


def _sha(data: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


@pytest.fixture
def lab(tmp_path: Path, endpoint: ScriptedEndpoint) -> PictureLab:
    lab = PictureLab(tmp_path, endpoint)
    lab.failed_read()
    return lab


def reply(text: str, title: str = "Take a total from the line TOTAL") -> Answer:
    changes = {"what_happened": "In step 3 the agent took the number of the page.", "text": text}
    value: Any = lesson(title=title, evidence=["step 3 lines 1-6"], **changes)
    value["causes"] = [
        {"what": "The agent took the number of the page.", "evidence": ["step 3 lines 1-6"]}
    ]
    value["memories"] = [{"title": "Pages", "content": "A page has a number of its own."}]
    return replying(value)


def test_what_an_analyst_reads_on_the_picture_proves_what_the_agent_misread(
    lab: PictureLab, endpoint: ScriptedEndpoint
) -> None:
    endpoint.queue(repair(READ_RIGHT), reply("A total stands in a line of its own; PAGE is none."))

    analysis = lab.analyze()

    (patch,) = analysis.patches
    assert patch.proof
    assert patch.proof.program.strip().endswith('.write("812.50")')
    assert [edit.lesson.title for edit in patch.edits] == ["Take a total from the line TOTAL"]
    diagnosis, lesson_call = endpoint.requests
    for request in (diagnosis, lesson_call):
        (shown,) = [one["content"] for one in request["messages"] if "content" in one][-1:]
        assert [part["type"] for part in shown] == ["image_url", "text"]
        uri = f"data:image/png;base64,{base64.b64encode(PAGE).decode()}"
        assert shown[0]["image_url"] == {"url": uri}
    system = diagnosis["messages"][0]["content"]
    assert "No program here can read the pictures" in system
    assert "It must never hold the answer itself" not in system
    schema = lesson_call["response_format"]["json_schema"]["schema"]
    edits = schema["properties"]["edits"]["items"]["properties"]
    assert edits["code"]["enum"] == [""], "no line of the repair is for other tasks"
    assert is_diagnosis(diagnosis)
    sent = json.dumps(diagnosis)
    assert "812" not in sent, "the accepted answer is never sent"


def test_a_wrong_reading_proves_nothing(lab: PictureLab, endpoint: ScriptedEndpoint) -> None:
    lab.options = replace(lab.options, turns=2)
    endpoint.queue(repair(READ_RIGHT.replace("812.50", "999")), Answer("DONE"))

    (excluded,) = lab.analyze().excluded

    assert excluded.kind is Exclusion.UNPROVEN
    assert "812" not in excluded.reason


def test_what_was_read_is_no_part_of_a_lesson(lab: PictureLab, endpoint: ScriptedEndpoint) -> None:
    telling = "A total stands in a line of its own, such as 812.50."
    endpoint.queue(repair(READ_RIGHT), reply(telling), reply(telling))

    analysis = lab.analyze()

    again = endpoint.requests[-1]["messages"][-1]["content"]
    assert "SG401: names things of this one task (812.50)" in again
    assert not any(patch.edits for patch in analysis.patches)


def test_a_task_whose_picture_is_gone_teaches_nothing(
    lab: PictureLab, endpoint: ScriptedEndpoint
) -> None:
    exhibits = lab.exhibits()
    (lab.folder / "tasks/documents/a.png").write_text("<svg/>")

    (excluded,) = lab.analyze(exhibits=exhibits).excluded

    assert excluded.kind is Exclusion.NO_ARTIFACTS
    assert "page.png: it is markup" in excluded.reason
    assert endpoint.requests == []


# --------------------------------------------------------------------------- what was read

READS = Repair(READ_WRONG, READ_RIGHT, "page.png: a picture", reads=True)


def test_of_a_repair_that_reads_no_line_is_quoted() -> None:
    assert READS.own == {"812.50"}
    assert READS.lines == ()
    assert replace(READS, reads=False).own == frozenset()
    assert not READS.allows("TOTAL")


@pytest.mark.parametrize(
    ("lesson_text", "found"),
    [
        ("the total is 812.50.", ["812.50"]),
        ("the total is 1812.50", []),
        ("say Jane doe", ["Jane Doe"]),
        ("answer yes, not no", []),
    ],
)
def test_a_reading_is_found_wherever_it_stands(lesson_text: str, found: list[str]) -> None:
    after = 'names = ["812.50", "Jane Doe", "yes", "no"]'
    step = Step(1, "agent", "I look.")
    run_ = Trajectory(digest("x"), "7", (step,), Outcome(Result.FAIL), "x")

    assert names_of_the_task(run_, lesson_text, "", replace(READS, after=after)) == found
