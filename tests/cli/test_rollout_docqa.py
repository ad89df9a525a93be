"""Questions about pictures, whole: a scripted model that sees, the real sandbox, real files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from drawing import page, question, write_docvqa
from scripted import Answer, Request, ScriptedEndpoint, refusing

from skillgit.adapters.files import read_trajectory_files
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.runs import RunFolder
from skillgit.cli import run
from skillgit.config import Collect, Sandbox
from skillgit.evaluation.runs import Ended
from skillgit.images import Image, image_of
from skillgit.sandbox import examine
from skillgit.stages.collect import collect
from skillgit.trajectories.view import step_text

pytestmark = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

READ = {"TOTAL 12.50": "12.50", "TOTAL 8.00": "8,00", "PAGE 4": "no idea"}
"""What the scripted model reads on each page: right, nearly right, wrong."""
PAGES = {text: page([text]) for text in READ}
HEAVY = PAGES["TOTAL 12.50"] + b"\0" * 3_000_000
"""As large as a scan; what stands behind the last chunk is nobody's."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_SANDBOX_SECONDS", "20")
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "1")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_PATIENCE", "0")


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    asked = [
        question(1, "documents/a.png", "12.50", "$12.50"),
        question(2, "documents/b.png", "8.00"),
        question(3, "documents/c.png", "4"),
    ]
    names = (f"documents/{name}.png" for name in "abc")
    shown = dict(zip(names, (HEAVY, *list(PAGES.values())[1:]), strict=True))
    return write_docvqa(tmp_path / "tasks", asked, shown)


def sees(request: Request) -> Answer:
    """Writes what stands on the page that it is shown; then it is done."""
    if (
        request["messages"][-1]["role"] == "user"
        and "Output:" in request["messages"][-1]["content"]
    ):
        return Answer("DONE")
    (shown,) = [one for one in request["messages"] if isinstance(one["content"], list)]
    data = base64.b64decode(shown["content"][0]["image_url"]["url"].partition(",")[2])
    (read,) = [READ[text] for text, drawn in PAGES.items() if data.startswith(drawn)]
    return Answer(f'I read it.\n\n```python\nopen("answer.txt", "w").write("{read}")\n```')


def rollout(tasks: Path, endpoint: ScriptedEndpoint, *more: str) -> int:
    out = str(tasks.parent / "runs")
    where = ["--base-url", endpoint.url, "--no-skill"]
    return run(["rollout", "--tasks", str(tasks), "-o", out, "-q", *where, *more])


def test_a_model_that_sees_answers_questions_about_pictures(
    tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedEndpoint(sees) as endpoint:
        assert rollout(tasks, endpoint, "--json", "--workers", "1") == 0
        first = endpoint.requests[0]
    # The whole conversation as it is sent: the example in words alone, then picture and question.
    *before, asked = first["messages"]
    assert all(isinstance(message["content"], str) for message in before)
    prompt = JinjaPrompts()(
        "agent-task",
        query="What is the total?\n\nAnswer with a few words or a number, as the document has them,"
        " and with nothing else.",
        answer="answer.txt",
        preview="page.png: a picture of 192 × 32 pixels, shown above",
    )
    uri = f"data:image/png;base64,{base64.b64encode(HEAVY).decode()}"
    assert asked == {
        "role": "user",
        "content": [
            {"type": "image_url", "image_url": {"url": uri}},
            {"type": "text", "text": prompt},
        ],
    }
    kept = {one.result.task: one.result for one in RunFolder(tasks.parent / "runs").read().runs}
    assert [kept[task].passed for task in "123"] == [True, True, False]
    assert [kept[task].score for task in "123"] == [1.0, 0.75, 0.0], "ANLS"
    assert "12.50" not in kept["3"].detail
    told = json.loads(capsys.readouterr().out)
    assert told["bounds"]["gold answers"] == {"hard": 1.0, "soft": 1.0}
    assert told["bounds"]["do-nothing agent"] == {"hard": 0.0, "soft": 0.0}


def test_a_trajectory_tells_of_pictures_and_holds_none(tasks: Path) -> None:
    with ScriptedEndpoint(sees) as endpoint:
        assert rollout(tasks, endpoint) == 0
    runs = tasks.parent / "runs"
    document: Any = json.loads((runs / "1/41/trajectory.json").read_text())
    step = document["steps"][1]
    shown = image_of(HEAVY, "page.png")
    assert isinstance(shown, Image)
    assert document["schema_version"] == "ATIF-v1.7"
    assert step["message"][0] == {
        "type": "image",
        "source": {"media_type": "image/png", "path": f"page.png#{shown.digest[7:19]}"},
    }
    assert step["message"][1]["type"] == "text"
    assert step["extra"] == {
        "images": [
            {
                "path": "page.png",
                "digest": shown.digest,
                "width": shown.width,
                "height": shown.height,
            }
        ]
    }
    size = sum(path.stat().st_size for path in runs.rglob("*") if path.is_file())
    assert size < 100_000, "3 MB of pictures were shown"
    assert {path.name for path in (runs / "1/41/work").iterdir()} == {"answer.txt"}
    pool = collect(read_trajectory_files([runs]), Collect())
    assert pool.diagnostics == ()
    assert (len(pool.passed), len(pool.failed)) == (2, 1)
    asked = step_text(pool.failed[0].steps[1])
    assert asked.startswith("[image: page.png#")
    assert asked.partition("]\n")[2].startswith("What is the total?")


def test_the_same_words_about_two_pictures_are_two_runs(tmp_path: Path) -> None:
    asked = [question(number, f"documents/{number}.png", "12.50") for number in (1, 2)]
    # Of one size, and the scripted model reads the same on both.
    other = PAGES["TOTAL 12.50"] + b"the same total on another page"
    shown = {"documents/1.png": PAGES["TOTAL 12.50"], "documents/2.png": other}
    write_docvqa(tmp_path / "tasks", asked, shown)
    with ScriptedEndpoint(sees) as endpoint:
        assert rollout(tmp_path / "tasks", endpoint) == 0
    pool = collect(read_trajectory_files([tmp_path / "runs"]), Collect())
    assert sorted(one.task for one in pool.passed) == ["1", "2"]
    assert pool.diagnostics == ()


def test_a_picture_that_the_agent_changed_is_kept(tasks: Path) -> None:
    def crops(request: Request) -> Answer:
        if "Output:" in str(request["messages"][-1]["content"]):
            return Answer("DONE")
        program = 'open("page.png", "ab").write(b"x")\nopen("answer.txt", "w").write("12.50")'
        return Answer(f"I mark it.\n\n```python\n{program}\n```")

    with ScriptedEndpoint(crops) as endpoint:
        assert rollout(tasks, endpoint, "--task", "2") == 0
    kept = tasks.parent / "runs" / "2" / "41" / "work" / "page.png"
    assert kept.read_bytes() == PAGES["TOTAL 8.00"] + b"x"


def test_a_finished_run_is_not_asked_for_again_without_its_picture(tasks: Path) -> None:
    with ScriptedEndpoint(sees) as endpoint:
        assert rollout(tasks, endpoint) == 0
        asked = len(endpoint.requests)
        assert rollout(tasks, endpoint) == 0
        assert len(endpoint.requests) == asked


def test_a_model_that_is_blind_is_told_once_and_plainly(
    tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedEndpoint() as endpoint:
        endpoint.reply = lambda _: refusing(400, "tiny is not a multimodal model")
        assert rollout(tasks, endpoint, "--workers", "1") == 3
        assert len(endpoint.requests) == 1
    said = capsys.readouterr().err
    assert "showing a picture to 'tiny'" in said
    assert "a model that takes pictures" in said


def test_a_picture_that_went_bad_is_a_crash_of_its_own_run(
    tasks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tasks / "tasks.toml").write_text(
        'schema = "skillgit.tasks/1"\ndomain = "docqa"\n'
        '[[task]]\nid = "1"\nquery = "What?"\ninputs = ["documents/a.png"]\nexpected = "12.50"\n'
        '[[task]]\nid = "2"\nquery = "What?"\ninputs = ["val_v1.0.json"]\nexpected = "x"\n'
    )
    with ScriptedEndpoint(sees) as endpoint:
        assert rollout(tasks, endpoint) == 0
    kept = {one.result.task: one.result for one in RunFolder(tasks.parent / "runs").read().runs}
    assert kept["1"].passed
    assert kept["2"].ended is Ended.CRASHED
    assert "val_v1.0.json: it is no picture" in kept["2"].problem
    printed = capsys.readouterr()
    assert "2: val_v1.0.json: it is no picture" in printed.err + printed.out
