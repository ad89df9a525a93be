from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import cli

GOOD = "---\nname: {name}\ndescription: Shows a thing.\n---\n# Demo\n"
ORPHAN = "nothing in the skill leads to this file: link it in SKILL.md"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def skill(folder: str, name: str = "") -> dict[str, str]:
    return {f"{folder}/SKILL.md": GOOD.format(name=name or Path(folder).name)}


def check(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[str], str]:
    code = cli.run(["check", *args])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


def test_a_good_skill(capsys: pytest.CaptureFixture[str]) -> None:
    write(skill("demo"))
    for path in ("demo", "demo/SKILL.md", "."):
        assert check(capsys, path) == (0, [], "1 skill: nothing to complain about\n")
    assert check(capsys)[0] == 0


def test_findings_are_lines_that_editors_understand(capsys: pytest.CaptureFixture[str]) -> None:
    write({"a/demo/SKILL.md": GOOD.format(name="Demo"), "a/demo/references/x.md": "# X\n"})
    code, lines, summary = check(capsys, "a")
    assert code == 1
    assert lines == [
        "a/demo/SKILL.md:2:7: SG013 error: the name 'Demo' has upper-case letters",
        "a/demo/SKILL.md:2:7: SG014 error: the name 'Demo' is not the folder's name 'demo'",
        f"a/demo/references/x.md: SG102 warning: {ORPHAN}",
    ]
    assert summary == "1 skill: 2 errors, 1 warning\n"
    assert check(capsys, "a", "--exit-zero")[0] == 0


def test_warnings_alone_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    write({**skill("demo"), "demo/references/x.md": "# X\n"})
    assert check(capsys, "demo")[0] == 0


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    write({"demo/SKILL.md": GOOD.format(name="Demo")})
    assert cli.run(["check", "demo", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "skillgit.check/1"
    assert document["skills"] == 1
    assert document["findings"][0] == {
        "rule": "SG013",
        "severity": "error",
        "path": "demo/SKILL.md",
        "line": 2,
        "column": 7,
        "message": "the name 'Demo' has upper-case letters",
    }


def test_profiles(capsys: pytest.CaptureFixture[str]) -> None:
    write({"demo/SKILL.md": GOOD.format(name="demo").replace("Shows", "<b> shows")})
    assert check(capsys, "demo")[0] == 0
    assert check(capsys, "demo", "--profile", "portable")[0] == 1
    assert check(capsys, "demo", "--profile", "claude")[0] == 1
    assert check(capsys, "demo", "--profile", "mine")[0] == 2


def test_skills_are_searched_for(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        {
            **skill("skills/a"),
            **skill("skills/deep/b"),
            **skill(".claude/skills/c"),
            **skill(".agents/skills/d"),
            "skills/e/skill.md": GOOD.format(name="e"),
            **skill(".git/f"),
            **skill("node_modules/g"),
            **skill(".hidden/h"),
            **skill("1/2/3/4/5/six"),
            **skill("1/2/3/4/5/6/seven"),
        }
    )
    code, lines, summary = check(capsys)
    assert (code, summary) == (1, "6 skills: 1 error, 0 warnings\n")
    assert [line.partition(" error: ")[0] for line in lines] == ["skills/e/skill.md: SG002"]


def test_a_skill_given_twice_is_checked_once(capsys: pytest.CaptureFixture[str]) -> None:
    write({**skill("a/demo", "Demo"), "a/demo/references/x.md": "SKILL.md\n"})
    paths = ("a", "a/demo", "a/demo/SKILL.md", "a/demo/references/x.md", str(Path.cwd()))
    code, lines, summary = check(capsys, *paths)
    assert code == 1
    assert {line.split(":")[0] for line in lines} == {"a/demo/SKILL.md", "a/demo/references/x.md"}
    assert summary == "1 skill: 2 errors, 1 warning\n"


def test_a_file_leads_to_its_skill(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"a/demo/SKILL.md": GOOD.format(name="Demo"), "a/demo/scripts/x.py": ""})
    assert check(capsys, "a/demo/scripts/x.py")[1][0].startswith("a/demo/SKILL.md:2:7: SG013")
    monkeypatch.chdir("a/demo/scripts")
    place = Path.cwd().parent / "SKILL.md"
    assert check(capsys, "x.py")[1][0].startswith(f"{place}:2:7: SG013")


def test_a_folder_without_a_skill_lacks_one(capsys: pytest.CaptureFixture[str]) -> None:
    write({"a/README.md": "# A\n"})
    code, lines, _ = check(capsys, "a")
    assert code == 1
    assert lines == [
        "a/SKILL.md: SG001 error: there is no SKILL.md in this folder; a skill begins with one"
    ]


def test_the_root_of_a_repository_may_have_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    write({**skill("clone", "demo"), "clone/.git/HEAD": "x"})
    assert check(capsys, "clone")[0] == 0


@pytest.mark.parametrize("path", ["nowhere", "README.md", "x" * 5000])
def test_paths_that_are_no_skill(capsys: pytest.CaptureFixture[str], path: str) -> None:
    write({"README.md": "# A\n"})
    code, lines, told = check(capsys, path)
    assert (code, lines) == (2, [])
    assert "error: " in told
    assert "hint: give a skill" in told


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system refuses such names")
def test_links_submodules_and_strange_names(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        {
            **skill("demo"),
            "demo/vendor/.git": "gitdir: x",
            "demo/vendor/SKILL.md": "not read",
            "demo/assets/a\\b.txt": "x",
            "demo/assets/\x1b[31mred.txt": "x",
            "demo/run.sh": "exit",
        }
    )
    Path("demo/run.sh").chmod(0o755)
    Path("demo/link.md").symlink_to("/etc/passwd")
    Path("demo/around").symlink_to(".")
    Path(os.fsdecode(b"demo/caf\xe9.txt")).write_text("x", encoding="utf-8")
    os.mkfifo("demo/pipe")
    code, lines, _ = check(capsys, "demo/SKILL.md")
    assert code == 1
    assert [line.partition(" error: ")[0] for line in lines] == [
        "demo/around: SG111",
        "demo/assets/red.txt: SG112",
        "demo/assets/a\\b.txt: SG112",
        "demo/caf\N{REPLACEMENT CHARACTER}.txt: SG112",
        "demo/link.md: SG111",
        "demo/pipe: SG112",
        "demo/vendor: SG111",
    ]


def test_names_in_files_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    write({"demo/SKILL.md": GOOD.format(name='"a\\u001b]0;evil\\u0007\\ud800"')})
    code, lines, _ = check(capsys, "demo")
    assert code == 1
    assert all(line.isprintable() for line in lines)


def test_paths_and_a_range_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = check(capsys, "demo", "--range", "A..B")
    assert code == 2
    assert "give one of the two" in told


def test_a_range_is_checked_from_git_alone(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    repository: Callable[..., Repository],
) -> None:
    repo = repository(skill("demo"), {"demo/references/a.md": "# A\n"})
    monkeypatch.chdir(repo.path)
    assert check(capsys, "--range", "HEAD~1..HEAD") == (
        0,
        [],
        "HEAD~1..HEAD: nothing to complain about\n",
    )
    false = repo.commit({"demo/references/b.md": "# B\n"}, "demo: b\n\nSkillgit-Round: mine\n")
    code, lines, summary = check(capsys, "--range", "HEAD~1..HEAD")
    assert code == 1
    assert [line.partition(" error: ")[0] for line in lines] == [f"commit {false[:12]}: SG301"]
    assert summary == "HEAD~1..HEAD: 1 error, 0 warnings\n"
    assert check(capsys, "--range", "nowhere..HEAD")[0] == 2


def test_check_is_quick_and_imports_little() -> None:
    write(skill("demo"))
    heavy = ["git", "openai", "rich", "jinja2", "jsonschema", "unidiff", "sqlite3", "asyncio"]
    heavy += ["pandas", "skillgit.findings.sarif", "skillgit.rules.examples"]
    program = (
        "import sys; from skillgit import cli; code = cli.run(['check', 'demo']);"
        f"print([name for name in {heavy} if name in sys.modules]); sys.exit(code)"
    )
    environment = {key: text for key, text in os.environ.items() if "COVERAGE" not in key}
    seconds = []
    for _ in range(3):  # processor time: other programs run on the machine as well
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, env=environment
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.stdout == b"[]\n"
    assert min(seconds) < 0.3
