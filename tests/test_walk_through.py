"""The README's walk-through, from an empty folder to a merged skill: its own lines, in a shell."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from analysts import is_merge, plausible, schema_of
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.config import Sandbox
from skillgit.sandbox import examine

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WALK = README.split("<!-- walk-through -->")[1].split("<!-- /walk-through -->")[0]
BLOCKS = re.findall(r"```sh\n(.*?)```", WALK, re.DOTALL)
URL = "http://127.0.0.1:8000/v1"
BRANCH = "$(git for-each-ref --format='%(refname:lstrip=2)' refs/heads/skillgit)"

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)


def walk(folder: Path, blocks: list[str], url: str = URL) -> subprocess.CompletedProcess[str]:
    """Run blocks in one shell, beside a clone; the first command that fails ends it."""
    (folder / "skillgit").symlink_to(ROOT)
    program = f'"{sys.executable}" -m skillgit'
    lines = ["set -e", f'skillgit() {{ {program} "$@"; }}', *blocks]
    script = "\n".join(lines).replace(URL, url).replace("skillgit/ledger/ROUND", BRANCH)
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )


def test_what_needs_no_model_works_as_it_stands_there(tmp_path: Path) -> None:
    offline = [block for block in BLOCKS if URL not in block][:2]
    done = walk(tmp_path, [*offline, "cp -r ../skillgit/templates/tasks/ledger tasks/"])

    assert done.returncode == 0, done.stderr
    assert "1 skill: nothing to complain about" in done.stdout + done.stderr
    rates = re.findall(r"(?m)^success \(all cases\) +(\S+) %", done.stdout)
    assert rates == ["100.0", "0.0"]
    assert (tmp_path / "my-skills/tasks/ledger/test/tasks.toml").is_file()


# ------------------------------------------------------------------ with a model


@dataclass(frozen=True)
class Kind:
    """A kind of question that the scripted model can answer, but for the form of the answer."""

    question: str
    compute: str
    habit: str
    rule: str
    title: str

    def program(self, region: str, form: str) -> str:
        return (
            "import csv\n"
            "rows = list(csv.DictReader(open('ledger.csv', newline='')))\n"
            f"rows = [row for row in rows if row['region'] == '{region}']\n"
            f"{self.compute}\n"
            f"open('answer.txt', 'w').write({form})"
        )

    @property
    def lesson(self) -> str:
        return f"{self.title}: `{self.rule}`."


KINDS = (
    Kind(
        r"the rows of the region (\w+) add up",
        "total = sum(float(row['price']) for row in rows)",
        "str(total)",
        "f'{total:.2f} EUR'",
        "Write amounts with two decimals",
    ),
    Kind(
        r"row with the highest price of the region (\w+)\?",
        "best = max(rows, key=lambda row: float(row['price']))\n"
        "day, month, year = map(int, best['day'].split('.'))",
        "best['day']",
        "'%04d-%02d-%02d' % (year, month, day)",
        "Write days with the year first",
    ),
)


def student(request: Request) -> Answer:
    """A model that computes well, writes what it found as the skill says, and can do no more."""
    said = [str(message["content"]) for message in request["messages"]]
    if "response_format" in request:
        return _reply(request, "\n".join(said))
    diagnosis = said[0].startswith("An AI agent worked")
    if not diagnosis and "The result must be saved as" not in said[-1]:
        return Answer("DONE")
    for kind in KINDS:
        if found := re.search(kind.question, said[-1]):
            knows = diagnosis or kind.lesson in said[0]
            program = kind.program(found[1], kind.rule if knows else kind.habit)
            tool = "repair" if diagnosis else "python"
            return Answer(f"{_way(request)} compute it.\n\n```{tool}\n{program}\n```")
    return Answer(f"{_way(request)} cannot do it.\nDONE")


def _way(request: Request) -> str:
    """Runs in the same words count once, so each seed has words of its own."""
    return ("I", "Now I", "So I")[request["seed"] % 3]


def _reply(request: Request, said: str) -> Answer:
    fields: dict[str, Any] = schema_of(request)["properties"]
    if is_merge(request):
        return plausible(request)
    if "edits" not in fields:
        return Answer("no")
    (kind,) = (kind for kind in KINDS if re.search(kind.question, said))
    edit = fields["edits"]["items"]["properties"]
    seen = edit["evidence"]["items"]["enum"][:1]
    lesson = {
        "what_happened": "In step 3 the agent wrote the bare value.",
        "evidence": seen,
        "title": kind.title,
        "place": edit["place"]["enum"][-1],
        "op": "insert_after",
        "text": kind.lesson,
        "skill_says_it": "no",
        "code": "",
    }
    cause = {"what": f"The agent wrote `{kind.habit}`.", "evidence": seen}
    memory = {"title": "Forms", "content": "An office has its ways of writing."}
    return replying({"causes": [cause], "memories": [memory], "edits": [lesson]})


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(student) as server:
        yield server


@confined
def test_a_stranger_gets_from_an_empty_folder_to_a_better_skill(
    tmp_path: Path, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SEQUENCE_EDITOR", "true")
    monkeypatch.setenv("SKILLGIT_ANALYZE_TURNS", "2")
    done = walk(tmp_path, BLOCKS, endpoint.url)

    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "12 of 36 proved their cause" in said
    assert re.search(r"Gate +BETTER: 0\.0 % → 33\.3 % of 12 tasks × 3 seeds", said)
    assert "BETTER: +33.3 points" in said
    assert "Runs     72, of which 72 were kept from before" in said
    merged = (tmp_path / "my-skills/skills/ledger/SKILL.md").read_text(encoding="utf-8")
    assert [kind.lesson for kind in KINDS if kind.lesson not in merged] == []
    assert "Seen in 6 of 12 analysed trajectories" in said
