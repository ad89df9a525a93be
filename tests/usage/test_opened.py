"""Which calls open or run a file of the skill, and which only look as if they did."""

from __future__ import annotations

import json

import pytest

from skillgit.names import Digest, Oid, SkillPath
from skillgit.types import Outcome, Result, Skill, Step, ToolCall, Trajectory
from skillgit.usage import Reader

SKILL = Skill(
    "skills/xlsx",
    Oid("0" * 40),
    {
        SkillPath(path): text
        for path, text in {
            "SKILL.md": b"---\nname: sheets\ndescription: d\n---\n\n# Sheets\n",
            "references/dates.md": b"# Dates\n",
            "scripts/recalc.py": b"x = 1\n",
            "scripts/run.sh": b"ls\n",
            "assets/form.xlsx": b"\0",
        }.items()
    },
)
DATES, RECALC, RUN, FORM = (
    "references/dates.md",
    "scripts/recalc.py",
    "scripts/run.sh",
    "assets/form.xlsx",
)


def found(name: str, arguments: object, seen: str = "ok", before: str = "") -> list[str]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    steps = (
        Step(1, "user", before or "do it"),
        Step(2, "agent", calls=(ToolCall(name, text),), observation=seen),
    )
    one = Trajectory(Digest(f"sha256:{'2' * 64}"), "t", steps, Outcome(Result.PASS), "o")
    return [f"{hit.kind} {hit.path}" for hit in Reader(SKILL).traces(one).hits]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat /skills/xlsx/references/dates.md", [f"opened {DATES}"]),
        ("cat '/skills/xlsx/references/dates.md' | head -3", [f"opened {DATES}"]),
        ("head -n 5 ~/.claude/skills/sheets/references/dates.md", [f"opened {DATES}"]),
        ("cd /skills/xlsx/references\ncat dates.md", [f"opened {DATES}"]),
        ("cd /skills/xlsx && sed -n 1,9p ./references/dates.md", [f"opened {DATES}"]),
        ("S=/skills/xlsx; grep -n day ${S}/references/dates.md", [f"opened {DATES}"]),
        ("wc -l < x; sort < /skills/xlsx/references/dates.md", [f"opened {DATES}"]),
        ("if true; then cat /skills/xlsx/SKILL.md; fi", ["opened SKILL.md"]),
        ("cp /skills/xlsx/assets/form.xlsx out.xlsx", [f"opened {FORM}"]),
        ("python3 -u /skills/xlsx/scripts/recalc.py out.xlsx 30", [f"ran {RECALC}"]),
        ("A=1 timeout 60 python /skills/xlsx/scripts/recalc.py", [f"ran {RECALC}"]),
        ("/skills/xlsx/scripts/run.sh", [f"ran {RUN}"]),
        ("bash -lc 'cd /skills/xlsx; cat references/dates.md'", [f"opened {DATES}"]),
        ("bash <<'END'\ncat /skills/xlsx/references/dates.md\nEND", [f"opened {DATES}"]),
        (
            "python3 - <<EOF\nprint(open('/skills/xlsx/references/dates.md').read())\nEOF\nls",
            [f"opened {DATES}"],
        ),
        ("python -c \"open('/skills/xlsx/SKILL.md')\"", ["opened SKILL.md"]),
        # What is no reading.
        ("ls -l /skills/xlsx/references/dates.md", []),
        ("echo cat /skills/xlsx/references/dates.md", []),
        ("# cat /skills/xlsx/references/dates.md", []),
        ("cat x > /skills/xlsx/references/dates.md", []),
        ("cp out.md /skills/xlsx/references/dates.md", []),
        ("sed -i s/a/b/ /skills/xlsx/references/dates.md", []),
        ("test -f /skills/xlsx/scripts/recalc.py", []),
        ("cat references/dates.md", []),
        ("cat /srv/xlsx/references/dates.md", []),
        ("cat /skills/pdf/references/dates.md", []),
        ("cat /skills/xlsx/references/dates.md.bak", []),
        ("cat 'never closed /skills/xlsx/SKILL.md", []),
        ("python -m recalc /skills/xlsx/scripts/recalc.py", []),
        ("python main.py /skills/xlsx/scripts/recalc.py", []),
    ],
)
def test_command_lines(command: str, expected: list[str]) -> None:
    assert found("bash", {"command": command}) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print(open('/skills/xlsx/references/dates.md').read())", [f"opened {DATES}"]),
        ("p = '/skills/xlsx/'\nopen(p + 'SKILL.md', encoding='utf-8')", ["opened SKILL.md"]),
        ("import os\nopen(os.path.join('/skills/xlsx', 'SKILL.md'))", ["opened SKILL.md"]),
        (
            "from pathlib import Path\nd = Path('/skills/xlsx')\n(d / 'SKILL.md').read_text()",
            ["opened SKILL.md"],
        ),
        ("r = '/skills'\nopen(f'{r}/xlsx/SKILL.md')", ["opened SKILL.md"]),
        (
            "import openpyxl as o\no.load_workbook('/skills/xlsx/assets/form.xlsx')",
            [f"opened {FORM}"],
        ),
        (
            "import subprocess\nsubprocess.run(['python', '/skills/xlsx/scripts/recalc.py', 'a'])",
            [f"ran {RECALC}"],
        ),
        ("import os\nos.system('cat /skills/xlsx/SKILL.md')", ["opened SKILL.md"]),
        ("import runpy\nrunpy.run_path('/skills/xlsx/scripts/recalc.py')", [f"ran {RECALC}"]),
        (
            "import sys\nsys.path.insert(0, '/skills/xlsx/scripts')\nimport recalc",
            [f"ran {RECALC}"],
        ),
        # What is no reading.
        ("open('/skills/xlsx/SKILL.md', 'w').write('x')", []),
        ("from pathlib import Path\nPath('/skills/xlsx/SKILL.md').open('a')", []),
        ("print('/skills/xlsx/SKILL.md')", []),
        ("open(unknown + '/skills/xlsx/SKILL.md')", []),
        ("this is no python: open('/skills/xlsx/SKILL.md')", []),
    ],
)
def test_programs(code: str, expected: list[str]) -> None:
    assert found("python", {"code": code}) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("read_file", {"path": "/skills/xlsx/references/dates.md"}, [f"opened {DATES}"]),
        ("Read", {"file_path": "/home/u/.claude/skills/xlsx/SKILL.md"}, ["opened SKILL.md"]),
        (
            "str_replace_editor",
            {"command": "view", "path": "/skills/xlsx/SKILL.md"},
            ["opened SKILL.md"],
        ),
        ("Skill", {"skill": "xlsx"}, ["opened SKILL.md"]),
        ("Skill", {"command": "pdf"}, []),
        ("shell", {"command": ["bash", "-lc", "cat /skills/xlsx/SKILL.md"]}, ["opened SKILL.md"]),
        ("execute_bash", "cat /skills/xlsx/SKILL.md", ["opened SKILL.md"]),
        ("Write", {"file_path": "/skills/xlsx/SKILL.md", "content": "x"}, []),
        ("str_replace_editor", {"command": "create", "path": "/skills/xlsx/SKILL.md"}, []),
        ("web_search", {"query": "cat /skills/xlsx/SKILL.md"}, []),
    ],
)
def test_tools(name: str, arguments: object, expected: list[str]) -> None:
    assert found(name, arguments) == expected


def test_what_is_not_there_was_not_opened() -> None:
    command = {"command": "cat /skills/xlsx/references/dates.md /skills/xlsx/SKILL.md"}

    seen = "cat: /skills/xlsx/references/dates.md: No such file or directory\n# Sheets"

    assert found("bash", command, seen) == ["opened SKILL.md", "shown SKILL.md"][:1]


def test_a_folder_that_is_said_to_hold_the_skill_is_the_skill() -> None:
    command = {"command": "cat /opt/xlsx/references/dates.md"}

    assert found("bash", command) == []
    assert found("bash", command, before="Use /opt/xlsx/SKILL.md for this.") == [f"opened {DATES}"]


def test_lines_that_a_tool_numbers_are_known_again() -> None:
    seen = "     1\u2192# Dates of the ledger\n     2\u2192\n     3\u2192Days come first.\n"
    made = Skill("skills/xlsx", SKILL.commit, {**SKILL.files, SkillPath(DATES): seen_file(seen)})
    step = Step(
        1,
        "agent",
        calls=(
            ToolCall("Read", json.dumps({"file_path": f"/home/u/.claude/skills/xlsx/{DATES}"})),
        ),
        observation=seen,
    )
    one = Trajectory(Digest(f"sha256:{'3' * 64}"), "t", (step,), Outcome(Result.PASS), "o")

    hits = Reader(made).traces(one).hits

    assert [(hit.kind, str(hit.lines)) for hit in hits] == [("opened", "None"), ("shown", "1-3")]


def seen_file(seen: str) -> bytes:
    return "".join(line.partition("\u2192")[2] + "\n" for line in seen.splitlines()).encode()
