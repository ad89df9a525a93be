"""Git itself calls the hooks here, in real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit import cli
from skillgit.provenance.evidence import round_ref

Make = Callable[..., Repository]
ROOT = Path(__file__).parents[2]
MANIFEST = f"{SKILL}/SKILL.md"
REF = round_ref(ROUND)


class Hooked:
    """A repository in which the hooks are installed."""

    def __init__(self, made: Repository) -> None:
        self.made = made

    def git(self, *args: str, code: int = 0, **extra: str) -> str:
        """Run Git as a person does; what it says on both streams."""
        done = subprocess.run(
            ["git", *args],
            cwd=self.made.path,
            env={**os.environ, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == (code != 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    def edit(self, old: str, new: str) -> None:
        path = self.made.path / MANIFEST
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def head(self) -> str:
        return self.made.git("rev-parse", "HEAD")


def editor(folder: Path, change: str) -> str:
    """A program that changes the lines of the file that Git gives it."""
    path = folder / "editor"
    code = f"import sys\nlines = open(sys.argv[1]).read().splitlines()\n{change}\n"
    code += "open(sys.argv[1], 'w').write('\\n'.join(lines) + '\\n')\n"
    path.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def hooked(
    repository: Make,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Hooked:
    """A recorded round, its branch `review` checked out, and the hooks as they are shipped."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    first = repository({MANIFEST: TEXT, "README.md": "hi\n"}, name="first")
    made, _ = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    for hook in (ROOT / "hooks").iterdir():
        shutil.copy(hook, made.path / ".git/hooks")
    monkeypatch.chdir(made.path)
    return Hooked(made)


# ------------------------------------------------------------------ commit-msg


def test_a_lesson_may_be_worded_anew(hooked: Hooked) -> None:
    text = hooked.made.git("log", "-1", "--format=%B").partition("\n")[2]

    hooked.git("commit", "--amend", "-m", f"better words\n{text}")

    assert hooked.made.git("log", "-1", "--format=%s") == "better words"


@pytest.mark.parametrize("how", [("--all",), ("--", MANIFEST)], ids=["all", "path"])
def test_a_lesson_that_is_changed_is_refused(hooked: Hooked, how: tuple[str, ...]) -> None:
    """Also where Git commits from an index that is not the repository's own."""
    before = hooked.head
    hooked.edit("Vier.", "Fünf.")

    said = hooked.git("commit", "--amend", "--no-edit", *how, code=1)

    assert "it calls itself a lesson and is none" in said
    assert "hint: a lesson stays as its round made it" in said
    assert "Traceback" not in said
    assert hooked.head == before
    hooked.git("commit", "--no-verify", "--amend", "--no-edit", *how)
    assert hooked.head != before


def test_what_the_advice_says_can_be_done(hooked: Hooked) -> None:
    hooked.edit("Vier.", "Fünf.")

    hooked.git("commit", "--all", "--amend", "-m", "my own words, and my own change")
    hooked.git("reset", "--quiet", "--hard", "HEAD@{1}")
    hooked.edit("Vier.", "Fünf.")
    hooked.git("commit", "--all", "-m", "xlsx: five, not four")

    assert cli.run(["check", "--range", "main..HEAD"]) == 0


@pytest.mark.parametrize("comment", ["#", ";"])
def test_what_the_editor_shows_is_no_part_of_a_lesson(
    hooked: Hooked, tmp_path: Path, comment: str
) -> None:
    """Comments, and the diff that `commit -v` appends."""
    hooked.made.git("config", "core.commentChar", comment)
    words = editor(tmp_path, "lines[0] = 'xlsx: reworded'")

    hooked.git("commit", "--amend", "-v", GIT_EDITOR=words)

    assert hooked.made.git("log", "-1", "--format=%s") == "xlsx: reworded"
    assert cli.run(["check", "--range", "main..HEAD"]) == 0


def test_lessons_are_reordered_dropped_picked_and_reverted_as_before(
    hooked: Hooked, tmp_path: Path
) -> None:
    plan = editor(tmp_path, "lines[:3] = [lines[2], lines[0]]")

    hooked.git("rebase", "--interactive", "main", GIT_SEQUENCE_EDITOR=plan)
    hooked.git("revert", "--no-edit", "HEAD")
    hooked.git("checkout", "--quiet", "-b", "other", "main")
    hooked.git("cherry-pick", "-x", "review~1")

    assert cli.run(["check", "--range", "main..review"]) == 0
    assert cli.run(["check", "--range", "main..other"]) == 0


@pytest.mark.usefixtures("unmeasured")
def test_a_commit_of_a_person_waits_for_nothing(hooked: Hooked, tmp_path: Path) -> None:
    (tmp_path / "message").write_text("by hand\n\nSigned-off-by: A <a@b.invalid>\n", "utf-8")
    program = (
        "import sys; from skillgit import cli;"
        f"code = cli.run(['hook', 'commit-msg', {str(tmp_path / 'message')!r}]);"
        "print([m for m in ('git', 'rich', 'yaml', 'jsonschema') if m in sys.modules]);"
        "sys.exit(code)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=hooked.made.path, capture_output=True, check=True
    )

    assert (done.stdout, done.stderr) == (b"[]\n", b"")


# ------------------------------------------------------------------ pre-commit


def test_staged_skills_are_checked_as_they_are_staged(hooked: Hooked) -> None:
    before = hooked.head
    hooked.edit("name: xlsx", "name: XLSX")

    hooked.made.write({"notes.md": "not the skill\n"})
    hooked.made.git("add", "notes.md")
    hooked.git("commit", "-m", "what is not staged does not matter")
    assert hooked.head != before
    before = hooked.head

    said = hooked.git("commit", "--all", "-m", "torn", code=1)

    assert f"{MANIFEST}:2:7: SG013 error" in said
    assert "--no-verify" in said
    assert hooked.head == before


# ------------------------------------------------------------------ pre-push


@pytest.fixture
def remote(hooked: Hooked, tmp_path: Path) -> Repository:
    """A bare repository that has `main` and no lessons."""
    there = Repository(tmp_path / "there.git")
    subprocess.run(["git", "init", "--quiet", "--bare", str(there.path)], check=True)
    hooked.made.git("remote", "add", "origin", str(there.path))
    assert "warning" not in hooked.git("push", "origin", "main")
    return there


def test_a_push_of_lessons_without_their_evidence(hooked: Hooked, remote: Repository) -> None:
    said = hooked.git("push", "origin", "review")

    assert "warning: origin lacks the evidence of 1 round" in said
    advice = said.split("push it with: ")[1].splitlines()[0]
    assert advice == "skillgit evidence push origin"
    assert cli.run(advice.split()[1:]) == 0
    assert remote.git("rev-parse", REF) == hooked.made.git("rev-parse", REF)
    hooked.made.git("branch", "again", "review")
    hooked.made.git("update-ref", "-d", "refs/remotes/origin/review")
    assert "warning" not in hooked.git("push", "origin", "again")


def test_evidence_that_goes_along_is_enough(hooked: Hooked, remote: Repository) -> None:
    assert "warning" not in hooked.git("push", "origin", "review", REF)
    assert remote.git("rev-parse", REF) == hooked.made.git("rev-parse", REF)


def test_an_edited_lesson_is_not_pushed(hooked: Hooked, remote: Repository) -> None:
    hooked.edit("Vier.", "Fünf.")
    hooked.made.git("commit", "--quiet", "--no-verify", "--all", "--amend", "--no-edit")

    said = hooked.git("push", "origin", "HEAD:refs/heads/x", REF, code=1)

    assert "SG304" in said
    assert "what they say of themselves is not true" in said
    assert remote.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    hooked.git("push", "--no-verify", "origin", "HEAD:refs/heads/x")


def test_two_lessons_that_a_rebase_squashed_are_not_pushed(
    hooked: Hooked, remote: Repository, tmp_path: Path
) -> None:
    """Git runs no hook for a squash of a rebase: this is the first to see it."""
    plan = editor(tmp_path, "lines[1] = lines[1].replace('pick', 'squash', 1)")
    rebase = ("rebase", "--interactive", "main")
    hooked.git(*rebase, GIT_SEQUENCE_EDITOR=plan, GIT_EDITOR="true")

    said = hooked.git("push", "origin", "review", code=1)

    assert "SG304" in said


def test_deletions_tags_and_force(hooked: Hooked, remote: Repository) -> None:
    hooked.git("push", "origin", "review", REF)
    hooked.made.git("tag", "-a", "-m", "a tag", "v1", "review")
    hooked.git("push", "origin", "v1")
    hooked.made.git("reset", "--quiet", "--hard", "HEAD~1")
    hooked.git("push", "--force", "origin", "review")
    hooked.git("push", "origin", "--delete", "review", "v1")
    assert hooked.git("push", "origin", "main").strip() == "Everything up-to-date"


def test_a_remote_that_cannot_be_asked(
    hooked: Hooked, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Git would not get so far; a forge that wants a password a second time would."""
    tip = hooked.head
    line = f"refs/heads/review {tip} refs/heads/review {'0' * 40}\n"
    began = time.monotonic()
    done = subprocess.run(
        ["skillgit", "hook", "pre-push", "origin", str(tmp_path / "gone.git")],
        input=line,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "could not be asked" in done.stderr
    assert "push it with: skillgit evidence push origin" in done.stderr
    assert time.monotonic() - began < 15


def test_an_address_with_a_password_is_not_repeated(hooked: Hooked, remote: Repository) -> None:
    url = f"file://user:secret@{remote.path}"
    line = f"refs/heads/review {hooked.head} refs/heads/review {'0' * 40}\n"
    done = subprocess.run(
        ["skillgit", "hook", "pre-push", url, url],
        input=line,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "that repository" in done.stderr
    assert "secret" not in done.stderr


# ------------------------------------------------------------------ without skillgit, and otherwise


def test_without_skillgit_the_hooks_say_what_to_do(
    hooked: Hooked, remote: Repository, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh", "cat", "grep"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    hooked.made.write({"notes.md": "x\n"})
    hooked.made.git("add", "notes.md")

    said = hooked.git("commit", "-m", "x", code=1, PATH=str(tools))
    assert "`skillgit' is not on your PATH" in said
    assert "delete .git/hooks/pre-commit to go without" in said
    assert "not on your PATH" in hooked.git("push", "origin", "review", code=1, PATH=str(tools))
    (hooked.made.path / ".git/hooks/pre-commit").unlink()
    hooked.git("commit", "-m", "a message of a person needs no skillgit", PATH=str(tools))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("post-merge",), "skillgit has none of that name"),
        (("commit-msg",), "it was given 0 arguments, not a file"),
        (("pre-push", "origin"), "it was given 1 arguments, not two"),
        (("commit-msg", "no/such/file"), "reading the message of the commit"),
    ],
)
def test_called_by_hand(
    hooked: Hooked,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    assert cli.run(["hook", *arguments]) in {2, 3}
    assert expected in capsys.readouterr().err


def test_what_the_pre_commit_framework_says_of_a_push(
    hooked: Hooked, remote: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Mapping[str, str] = {
        "PRE_COMMIT": "1",
        "PRE_COMMIT_REMOTE_NAME": "origin",
        "PRE_COMMIT_REMOTE_URL": str(remote.path),
        "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/review",
        "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/review",
        "PRE_COMMIT_TO_REF": hooked.head,
        "PRE_COMMIT_FROM_REF": hooked.made.git("rev-parse", "main"),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert cli.run(["hook", "pre-push"]) == 0
    hooked.edit("Vier.", "Fünf.")
    hooked.made.git("commit", "--quiet", "--no-verify", "--all", "--amend", "--no-edit")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", hooked.head)
    assert cli.run(["hook", "pre-push"]) == 1
    # It names no commits where everything is pushed, up to the first of all.
    monkeypatch.delenv("PRE_COMMIT_TO_REF")
    monkeypatch.delenv("PRE_COMMIT_FROM_REF")
    assert cli.run(["hook", "pre-push"]) == 1
