"""`skillgit check --patch`: a diff against HEAD, and the skills as they would be after it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import cli

Make = Callable[..., Repository]

SKILL = """---
name: demo
description: Shows a thing.
---
# Demo

First.

[a](references/a.md) [old](gone.md)
"""


class Patches:
    """A repository with the skill `demo`; what a patch of its work tree gives."""

    def __init__(self, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
        self.repo = repo
        self._capsys = capsys

    def made(self, *options: str) -> str:
        """The diff of the work tree against HEAD; then the work tree is as HEAD again."""
        self.repo.git("add", "--all")
        text = self.repo.git("diff", "--cached", "--no-renames", *options, "HEAD")
        self.repo.git("reset", "--quiet", "--hard")
        return f"{text}\n" if text else ""

    def check(self, patch: str, *args: str) -> tuple[int, list[str], str]:
        """Exit code, `path: RULE` of the findings, and what is told besides."""
        file = self.repo.path.parent / "change.patch"
        file.write_text(patch, encoding="utf-8", newline="")
        code = cli.run(["check", "--patch", str(file), *args])
        shown = self._capsys.readouterr()
        return code, [" ".join(line.split()[:2]) for line in shown.out.splitlines()], shown.err


@pytest.fixture
def patches(
    repository: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Patches:
    repo = repository(
        {
            "skills/demo/SKILL.md": SKILL,
            "skills/demo/references/a.md": "# A\n\nText.\n",
            "skills/demo/scripts/run.py": "print()\n",
            "skills/demo/LICENSE.md": "mine\n",
            "README.md": "hello\n",
        }
    )
    monkeypatch.chdir(repo.path)
    return Patches(repo, capsys)


def snapshot(path: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in path.rglob("*") if each.is_file()}


def test_a_good_lesson_passes_and_old_sins_are_not_told(patches: Patches) -> None:
    text = SKILL.replace("First.", "First.\n\nSee [b](references/b.md).")
    patches.repo.write({"skills/demo/SKILL.md": text, "skills/demo/references/b.md": "# B\n"})
    patch = patches.made()
    before = snapshot(patches.repo.path)

    assert patches.check(patch) == (0, [], "1 skill: nothing to complain about\n")
    assert snapshot(patches.repo.path) == before


def test_a_patch_from_stdin(patches: Patches, monkeypatch: pytest.MonkeyPatch) -> None:
    patches.repo.write({"skills/demo/references/a.md": "# A\n\n```\n"})
    data = io.TextIOWrapper(io.BytesIO(patches.made().encode()))
    monkeypatch.setattr(sys, "stdin", data)

    assert cli.run(["check", "--patch", "-"]) == 1


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (
            {"skills/demo/SKILL.md": SKILL + "\n```\nopen\n"},
            ["skills/demo/SKILL.md:11:1: SG104"],
        ),
        (
            {"skills/demo/SKILL.md": SKILL.replace("thing.", "thing!")},
            ["skills/demo/SKILL.md:1: SG205"],
        ),
        (
            {"skills/demo/SKILL.md": SKILL.replace("a.md) ", "a.md) [b](references/b.md) ")},
            ["skills/demo/SKILL.md:9:26: SG101"],
        ),
        ({"skills/demo/LICENSE.md": "yours\n"}, ["skills/demo/LICENSE.md: SG205"]),
        ({"skills/demo/scripts/run.py": "evil()\n"}, ["skills/demo/scripts/run.py: SG205"]),
        (
            {"skills/demo/references/a.md": "# A\n\nText. <!-- skillgit: ignore[SG105] so -->\n"},
            ["skills/demo/references/a.md:3: SG210"],
        ),
        (
            {"skills/demo/references/b.md": "# B\n"},
            ["skills/demo/references/b.md: SG206", "skills/demo/references/b.md: SG102"],
        ),
        (
            {"skills/demo/more/b.md": "# B\n"},
            ["skills/demo/more/b.md: SG203"],
        ),
        (
            {"skills/demo/assets/b.bin": b"\0\1"},
            [
                "skills/demo/assets/b.bin: SG201",
                "skills/demo/assets/b.bin: SG203",
                "skills/demo/assets/b.bin: SG205",
            ],
        ),
        ({"README.md": "bye\n"}, ["README.md: SG203"]),
        (
            {"skills/demo/references/sub\x01x.md": "# B\n"},
            ["skills/demo/references/subx.md: SG203", "skills/demo/references/subx.md: SG112"],
        ),
    ],
)
def test_each_thing_that_a_lesson_must_not_do(
    patches: Patches, files: dict[str, str | bytes], found: list[str]
) -> None:
    patches.repo.write(files)
    code, lines, _ = patches.check(patches.made())
    assert (code, lines) == (1, found)


def test_modes_links_and_moves(patches: Patches) -> None:
    demo = patches.repo.path / "skills/demo"
    (demo / "references/a.md").chmod(0o755)
    (demo / "references/l.md").symlink_to("/etc/passwd")
    code, found, _ = patches.check(patches.made())
    assert code == 1
    assert {line for line in found if "SG2" in line} == {
        "skills/demo/references/a.md: SG204",
        "skills/demo/references/l.md: SG204",
        "skills/demo/references/l.md: SG206",
    }
    assert "skills/demo/references/l.md: SG111" in found

    (demo / "references/a.md").rename(demo / "references/z.md")
    code, found, _ = patches.check(patches.made("--find-renames"))
    assert "skills/demo/references/z.md: SG203" in found


def test_files_that_go(patches: Patches) -> None:
    (patches.repo.path / "skills/demo/SKILL.md").unlink()
    code, found, _ = patches.check(patches.made())
    assert (code, found[:2]) == (
        1,
        ["skills/demo/SKILL.md: SG205", "skills/demo/SKILL.md: SG001"],
    )


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("../../../etc/cron", "SG203"),
        ("skills/demo/.git/config", "SG203"),
        ("skills/../x", "SG203"),
    ],
)
def test_paths_that_climb_out(patches: Patches, path: str, rule: str) -> None:
    patch = (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
        "@@ -0,0 +1 @@\n+x\n"
    )
    before = snapshot(patches.repo.path.parent)
    code, found, _ = patches.check(patch)
    assert code == 1
    assert {line.split()[1] for line in found} == {"SG201", rule}
    (patches.repo.path.parent / "change.patch").unlink()
    assert snapshot(patches.repo.path.parent) == before


def test_what_does_not_fit_is_refused_by_git(patches: Patches) -> None:
    patches.repo.write({"skills/demo/references/a.md": "# A\n\nOther.\n"})
    patch = patches.made()

    wrong = patch.replace("-Text.", "-Test.")
    assert patches.check(wrong)[:2] == (1, ["skills/demo/references/a.md: SG201"])
    assert patches.check(patch.replace("a.md", "nope.md"))[1][0].endswith("nope.md: SG201")


def test_an_empty_diff(patches: Patches) -> None:
    code, found, _ = patches.check("")
    assert code == 1
    assert found[0].endswith("change.patch: SG207")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda patch: f"{patch}+another line\n",
        lambda patch: patch.replace("@@ -1,3 +1,3 @@", "@@ -1,2 +1,2 @@"),
        lambda patch: patch.replace("@@ -1,3 +1,3 @@", "@@ -1,4 +1,4 @@"),
        lambda _: "not a diff\n",
        lambda patch: f"{patch}-- \n2.39.5\n",
    ],
)
def test_a_diff_must_be_understood_to_its_last_line(
    patches: Patches, spoil: Callable[[str], str]
) -> None:
    patches.repo.write({"skills/demo/references/a.md": "# A\n\nOther.\n"})
    code, found, told = patches.check(spoil(patches.made()))
    assert (code, found) == (2, [])
    assert "reading the patch" in told
    assert "hint: make it with `git diff HEAD`" in told


def test_a_file_that_is_not_there(patches: Patches, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", "--patch", "nope.patch"]) == 2
    assert "reading the patch nope.patch" in capsys.readouterr().err
    assert cli.run(["check", "--patch", "nope.patch", "skills"]) == 2
    assert "give one of the two" in capsys.readouterr().err


def test_comments_in_a_skill_do_not_weaken_it(patches: Patches) -> None:
    silent = SKILL + "\n<!-- skillgit: ignore-file[SG105] so it is -->\n"
    patches.repo.commit({"skills/demo/SKILL.md": silent})
    patches.repo.write({"skills/demo/SKILL.md": silent + "\n# Demo\n"})
    code, found, _ = patches.check(patches.made(), "--fail-on", "warning")
    assert (code, [line.split()[1] for line in found]) == (1, ["SG105"])


def test_grades_count_and_the_profile_does(patches: Patches) -> None:
    patches.repo.write({"skills/demo/SKILL.md": SKILL.replace("First.", "# Demo")})
    patch = patches.made()
    assert patches.check(patch, "--severity", "SG105=error")[0] == 1
    assert patches.check(patch, "--severity", "SG105=off")[:2] == (0, [])


def test_without_a_commit_every_file_is_new(
    repository: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository()
    monkeypatch.chdir(repo.path)
    patch = repo.path / "p"
    patch.write_text("--- /dev/null\n+++ b/a.md\n@@ -0,0 +1 @@\n+x\n", encoding="utf-8")
    assert cli.run(["check", "--patch", "p"]) == 1
    assert "a.md: SG203 error: a.md is outside of a skill" in capsys.readouterr().out
