from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from skillgit.errors import UsageError
from skillgit.rules import Demands
from skillgit.wiring.checking import check_folders

BROKEN = "---\nname: {name}\ndescription: d\n---\n[x](no.md)\n"


def make_skills(top: Path, count: int) -> None:
    for number in range(count):
        folder = top / f"skill-{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(BROKEN.format(name=folder.name), encoding="utf-8")


def run(top: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "skillgit", "check", *args],
        cwd=top,
        capture_output=True,
        text=True,
        check=False,
    )


def test_many_skills_are_checked_on_all_cores_and_told_in_their_order(tmp_path: Path) -> None:
    make_skills(tmp_path / "skills", 130)

    done = run(tmp_path)

    assert (done.returncode, done.stderr) == (1, "130 skills: 130 errors, 0 warnings\n")
    places = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert places == [
        f"{each}/SKILL.md" for each in sorted(f"skills/skill-{n}" for n in range(130))
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_an_error_on_another_core_is_told_as_on_this_one(tmp_path: Path) -> None:
    make_skills(tmp_path / "skills", 130)
    (tmp_path / "skills/skill-7/SKILL.md").chmod(0)

    done = run(tmp_path)

    assert done.returncode == 2
    assert "error: cannot read the skill in skills/skill-7" in done.stderr
    assert "hint: look at" in done.stderr


def test_an_error_goes_from_one_process_to_another_whole() -> None:
    error = pickle.loads(pickle.dumps(UsageError("a", hint="b")))  # noqa: S301 - our own bytes
    assert (error.message, error.hint, str(error)) == ("a", "b", "a")


def test_paths_from_the_root_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_skills(tmp_path / "repo" / "skills", 1)
    make_skills(tmp_path / "elsewhere", 1)
    monkeypatch.chdir(tmp_path / "repo" / "skills")
    top = tmp_path / "repo"

    checked = check_folders([Path("skill-0"), Path("../../elsewhere")], Demands())

    assert [one.path for one in checked.findings] == [
        "skill-0/SKILL.md",
        "../../elsewhere/skill-0/SKILL.md",
    ]
    rooted = checked.in_repository(top)
    assert [one.path for one in rooted.findings] == [
        "skills/skill-0/SKILL.md",
        f"{tmp_path}/elsewhere/skill-0/SKILL.md",
    ]
    assert rooted.folders == ("skills/skill-0", f"{tmp_path}/elsewhere")
    assert rooted.in_repository(top) == rooted
    assert checked.in_repository(None) == checked
    assert [one.text for one in rooted.found] == ["[x](no.md)"] * 2
