from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import cli
from skillgit.adapters.hook_folders import HOOKS

Make = Callable[..., Repository]
SHIPPED = Path(__file__).parents[2] / "hooks"
THEIRS = "#!/bin/sh\necho theirs\n"


@pytest.fixture
def made(repository: Make, monkeypatch: pytest.MonkeyPatch) -> Repository:
    one = repository({"README.md": "hi\n"})
    for sample in (one.path / ".git/hooks").glob("*"):
        sample.unlink()
    monkeypatch.chdir(one.path)
    return one


def init(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    """Run it; the exit code, and what it says on both streams."""
    code = cli.run(["init", *args])
    said = capsys.readouterr()
    return code, said.out + said.err


def put(path: Path, text: str = THEIRS, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def state(folder: Path) -> dict[str, tuple[str, int]]:
    """All files below a folder: where a link leads or what a file holds, and its mode."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = (f"→ {path.readlink()}", 0)
        elif path.is_file():
            held = path.read_bytes().decode("latin-1")
            found[path.relative_to(folder).as_posix()] = (held, path.stat().st_mode & 0o777)
    return found


def git_as_it_is(folder: Path) -> dict[str, tuple[str, int]]:
    """The same without what Git and skillgit keep for themselves."""
    return {
        name: held
        for name, held in state(folder).items()
        if not name.startswith(".git/") or name.startswith(".git/hooks/")
    }


# ------------------------------------------------------------------ where nothing is in the way


def test_it_installs_them(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = init(capsys, "--hooks")

    assert code == 0
    assert f"wrote {made.path / '.git/hooks/pre-push'}: calls `skillgit hook pre-push`" in said
    assert names(made.path / ".git/hooks") == sorted(HOOKS)
    for name in HOOKS:
        hook = made.path / ".git/hooks" / name
        assert hook.read_bytes() == (SHIPPED / name).read_bytes()
        assert os.access(hook, os.X_OK)
    assert (made.path / ".skillgit.toml").exists()


def test_it_can_be_repeated(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    init(capsys, "--hooks")
    before = state(made.path)

    code, said = init(capsys, "--hooks")

    assert code == 0
    assert said.count("kept ") == 5
    assert state(made.path) == before


def test_some_of_them(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(capsys, "--hooks", "commit-msg, pre-push,commit-msg")[0] == 0
    assert names(made.path / ".git/hooks") == ["commit-msg", "pre-push"]
    for wrong in ("post-merge", ",", "pre-commit,x"):
        code, said = init(capsys, "--hooks", wrong)
        assert code == 2
        assert "or --hooks alone for all of them" in said


def test_dry_run(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    put(made.path / ".git/hooks/pre-push")
    before = state(made.path)

    code, said = init(capsys, "--hooks", "--chain", "--dry-run")

    assert code == 0
    assert said.count("would write ") == 5
    assert state(made.path) == before
    init(capsys, "--hooks", "--chain")
    before = state(made.path)
    assert "would restore" in init(capsys, "--undo", "--dry-run")[1]
    assert state(made.path) == before


def test_a_version_of_before_is_renewed(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an older skillgit wrote has other bytes, and is known by what it noted."""
    init(capsys, "--hooks", "--chain")
    hook, notes = made.path / ".git/hooks/pre-commit", made.path / ".git/skillgit/init.json"
    old = "#!/bin/sh\nexec skillgit check\n"
    document = json.loads(notes.read_text("utf-8"))
    [name] = [name for name in document["files"] if name.endswith("pre-commit")]
    document["files"][name] |= {
        "sha256": hashlib.sha256(old.encode()).hexdigest(),
        "size": len(old),
    }
    notes.write_text(json.dumps(document), encoding="utf-8")
    put(hook, old)

    assert f"updated {hook}" in init(capsys, "--hooks")[1]
    assert hook.read_bytes() == (SHIPPED / "pre-commit").read_bytes()


# ------------------------------------------------------------------ beside what is there


def test_hooks_of_others_stay_as_they_are(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = put(made.path / ".git/hooks/pre-commit")

    code, said = init(capsys, "--hooks")

    assert code == 1
    assert theirs.read_text("utf-8") == THEIRS
    assert 'add the line `skillgit hook pre-commit "$@" || exit` to it, or give --chain' in said
    assert names(theirs.parent) == sorted(HOOKS)
    with theirs.open("a", encoding="utf-8") as file:
        file.write('skillgit hook pre-commit "$@" || exit\n')
    assert init(capsys, "--hooks")[0] == 0


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("# File generated by pre-commit: https://pre-commit.com\n", ".pre-commit-config.yaml"),
        ("call_lefthook run pre-commit\n", "lefthook.yml"),
    ],
)
def test_hooks_that_a_program_manages(
    made: Repository, capsys: pytest.CaptureFixture[str], text: str, advice: str
) -> None:
    put(made.path / ".git/hooks/pre-commit", f"#!/bin/sh\n{text}")
    code, said = init(capsys, "--hooks", "pre-commit")
    assert (code, advice in said) == (1, True)


def test_both_are_run_and_all_of_it_can_be_undone(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks = made.path / ".git/hooks"
    put(hooks / "pre-commit", "#!/bin/sh\necho theirs >> log; exit 3\n", 0o711)
    put(made.path / "tool.sh", f"#!/bin/sh\nwc -l >> '{made.path}/log'\n")
    (hooks / "pre-push").symlink_to("../../tool.sh")
    put(hooks / "commit-msg", "not executable, so Git does not run it\n", 0o644)
    before = git_as_it_is(made.path)

    code, said = init(capsys, "--hooks", "--chain")
    assert code == 0
    assert said.count("first") == 3
    refused = subprocess.run(
        ["git", "commit", "--allow-empty", "-m", "x"],
        cwd=made.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "skillgit" not in refused.stderr
    pushed = subprocess.run(
        [str(hooks / "pre-push"), "origin", "nowhere"],
        cwd=made.path,
        input="one\ntwo\n",
        env={**os.environ, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "not on your PATH" in pushed.stderr
    assert (made.path / "log").read_text("utf-8").split() == ["theirs", "2"]
    (made.path / "log").unlink()

    assert init(capsys, "--undo")[0] == 0
    assert git_as_it_is(made.path) == before
    assert not (made.path / ".git/skillgit/init.json").exists()


def test_nothing_is_renamed_over(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    put(made.path / ".git/hooks/pre-push")
    put(made.path / ".git/hooks/pre-push.before-skillgit", "older\n")
    before = state(made.path / ".git/hooks")

    code, said = init(capsys, "--hooks", "pre-push", "--chain")

    assert (code, "is in the way" in said) == (1, True)
    assert state(made.path / ".git/hooks") == before


def test_a_folder_in_the_place_of_a_hook(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (made.path / ".git/hooks/pre-push").mkdir()
    assert init(capsys, "--hooks", "--chain")[0] == 1
    assert init(capsys, "--undo")[0] == 0


# ------------------------------------------------------------------ undoing


def test_undo_takes_back_what_was_written_and_no_more(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write({".gitattributes": "*.png binary\n", ".git/hooks/post-merge": THEIRS})
    before = git_as_it_is(made.path)
    init(capsys, "--hooks", "--github")
    with (made.path / ".gitattributes").open("a", encoding="utf-8") as file:
        file.write("*.zip binary\n")

    code, said = init(capsys, "--undo")

    assert code == 0
    assert said.count("removed ") == 5
    assert said.count("restored ") == 1
    before[".gitattributes"] = ("*.png binary\n*.zip binary\n", before[".gitattributes"][1])
    assert git_as_it_is(made.path) == before
    assert not (made.path / ".github").exists()
    assert "all of it was taken back" in init(capsys, "--undo")[1]


def test_undo_leaves_what_was_changed_since(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    init(capsys, "--hooks")
    put(made.path / ".git/hooks/pre-push", (SHIPPED / "pre-push").read_text("utf-8") + "mine\n")
    put(made.path / ".skillgit.toml", "[collect]\nlimit = 3\n", 0o644)
    put(made.path / ".gitattributes", "*.png binary\n", 0o644)

    code, said = init(capsys, "--undo")

    assert code == 1
    assert said.count("was changed since") == 3
    assert names(made.path / ".git/hooks") == ["pre-push"]
    assert (made.path / ".skillgit.toml").read_text("utf-8") == "[collect]\nlimit = 3\n"


def test_undo_of_what_somebody_has_removed(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = put(made.path / ".git/hooks/pre-push")
    init(capsys, "--hooks", "--chain")
    for name in ("pre-push", "commit-msg"):
        (made.path / ".git/hooks" / name).unlink()

    code, said = init(capsys, "--undo")

    assert code == 0
    assert "gone " in said
    assert state(theirs.parent) == {"pre-push": (THEIRS, 0o755)}


def test_undo_of_some(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    init(capsys, "--hooks", "--github")
    init(capsys, "--undo", "--hooks", "pre-commit")
    assert names(made.path / ".git/hooks") == ["commit-msg", "pre-push"]
    init(capsys, "--undo", "--github")
    assert not (made.path / ".github").exists()
    assert (made.path / ".skillgit.toml").exists()


def test_a_repository_may_be_moved_before_it_is_undone(
    made: Repository,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = git_as_it_is(made.path)
    init(capsys, "--hooks")
    made.path.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    assert init(capsys, "--undo")[0] == 0
    assert git_as_it_is(tmp_path / "moved") == before


def test_notes_that_cannot_be_read(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("{", "[]", '{"schema": "other/1"}', '{"schema": "skillgit.init/1", "files": 3}'):
        made.write({".git/skillgit/init.json": text})
        code, said = init(capsys, "--hooks")
        assert (code, "move that file away" in said) == (3, True)
        assert "Traceback" not in said


# ------------------------------------------------------------------ other folders of hooks


def test_a_folder_of_the_repository(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    made.git("config", "core.hooksPath", ".githooks")
    (made.path / "deep").mkdir()

    assert cli.run(["-C", "deep", "init", "--hooks"]) == 0

    assert names(made.path / ".githooks") == sorted(HOOKS)
    assert names(made.path / ".git/hooks") == []
    capsys.readouterr()
    assert init(capsys, "--undo")[0] == 0
    assert names(made.path / ".githooks") == []


@pytest.mark.parametrize("scope", ["--global", "--local"])
def test_folders_that_serve_others_are_not_written_to(
    made: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str], scope: str
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    made.git("config", scope, "core.hooksPath", str(shared))

    code, said = init(capsys, "--hooks")

    assert code == 1
    assert 'Ours are one line each, `skillgit hook pre-commit "$@"` in pre-commit' in said
    assert names(shared) == names(made.path / ".git/hooks") == []
    assert init(capsys, "--hooks", "--hooks-folder", str(shared))[0] == 0
    assert names(shared) == sorted(HOOKS)
    assert init(capsys, "--undo")[0] == 0
    assert names(shared) == []


def test_husky(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    made.git("config", "core.hooksPath", ".husky/_")
    code, said = init(capsys, "--hooks", "--chain")
    assert (code, "husky manages it" in said) == (1, True)
    assert not (made.path / ".husky").exists()


def test_linked_work_trees_share_their_hooks(
    made: Repository,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked")
    assert init(capsys, "--hooks")[0] == 0
    assert names(made.path / ".git/hooks") == sorted(HOOKS)
    monkeypatch.chdir(made.path)
    assert init(capsys, "--hooks")[0] == 0
    assert init(capsys, "--undo")[0] == 0
    assert names(made.path / ".git/hooks") == []
    # What was written into the other work tree is for that one to take back.
    assert (tmp_path / "linked" / ".skillgit.toml").exists()
    monkeypatch.chdir(tmp_path / "linked")
    assert init(capsys, "--undo")[0] == 0
    assert not (tmp_path / "linked" / ".skillgit.toml").exists()


def test_a_bare_repository_makes_no_commits(
    made: Repository,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    monkeypatch.chdir(tmp_path / "bare.git")
    code, said = init(capsys, "--hooks")
    assert (code, "no Git repository with a work tree" in said) == (2, True)


def test_a_repository_that_git_refuses(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (made.path / ".git/config").write_text("[core\n", encoding="utf-8")
    code, said = init(capsys, "--hooks")
    assert (code, "`git status` there says why" in said) == (3, True)


@pytest.mark.parametrize("option", [("--chain",), ("--hooks-folder", "x")])
def test_options_of_hooks_need_hooks(
    made: Repository, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    assert init(capsys, *option)[0] == 2
