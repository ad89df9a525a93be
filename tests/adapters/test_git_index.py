from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit.adapters.folders import MAX_BYTES
from skillgit.adapters.git_index import Entry, GitIndex
from skillgit.errors import SurroundingsError, UsageError

Make = Callable[..., Repository]


def staged(index: GitIndex) -> list[tuple[str, str]]:
    return [(one.status, one.path) for one in index.look()[1]]


def held(index: GitIndex) -> list[str]:
    return [one.path for one in index.look()[0]]


def read(index: GitIndex, root: str) -> dict[str, bytes]:
    inside = [one for one in index.look()[0] if one.path.startswith(f"{root}/" if root else "")]
    return {str(path): data for path, data in index.read({root: inside})[root].files.items()}


def test_the_index_is_read_and_not_the_files(repository: Make) -> None:
    repo = repository({"a/SKILL.md": "old", "a/b.md": "b", "gone.md": "x"})
    repo.write({"a/SKILL.md": "staged", "a/new.md": "new"})
    repo.git("add", "a")
    repo.git("rm", "-q", "gone.md")
    repo.write({"a/SKILL.md": "on disk", "a/b.md": "on disk", "a/untracked.md": "x"})

    index = GitIndex.open(repo.path / "a")

    assert index.top == repo.path
    assert staged(index) == [("M", "a/SKILL.md"), ("A", "a/new.md"), ("D", "gone.md")]
    assert read(index, "a") == {"SKILL.md": b"staged", "b.md": b"b", "new.md": b"new"}


def test_a_repository_without_a_commit(repository: Make) -> None:
    repo = repository()
    assert GitIndex.open(repo.path).look() == ((), ())

    repo.write({"a.md": "x"})
    repo.git("add", "a.md")

    assert staged(GitIndex.open(repo.path)) == [("A", "a.md")]
    with GitIndex.open(repo.path).of_head() as head:
        assert head.look() == ((), ())


def test_modes_links_submodules_and_unsafe_names(repository: Make) -> None:
    repo = repository({"s/SKILL.md": "x", "s/assets/big.bin": b"\0" * 9, "s/scripts/a.py": "1"})
    (repo.path / "s/link.md").symlink_to("/etc/passwd")
    repo.write({"s/a\\b.txt": "x"})
    repo.git("add", "s")
    repo.git("update-index", "--chmod=+x", "s/scripts/a.py")
    head = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},s/module")
    index = GitIndex.open(repo.path)

    skill = index.read({"s": index.look()[0]})["s"]

    assert skill.name == "s"
    assert skill.modes == {"link.md": "120000", "module": "160000", "scripts/a.py": "100755"}
    # The content of what no rule looks into is not fetched.
    assert skill.files["assets/big.bin"] == b""  # type: ignore[index] # a path is a text
    assert skill.files["link.md"] == b"/etc/passwd"  # type: ignore[index] # the same
    assert "module" not in skill.files
    assert list(skill.refused) == ["a\\b.txt"]


def test_names_that_are_no_text_come_back_as_they_are(repository: Make) -> None:
    repo = repository({"s/SKILL.md": "x"})
    name = os.fsdecode(b"s/caf\xe9\n%.md")
    repo.write({name: "x"})
    repo.git("add", "s")
    index = GitIndex.open(repo.path)

    assert staged(index) == [("A", name)]
    assert os.fsencode(held(index)[-1]) == b"s/caf\xe9\n%.md"


def test_a_file_that_is_only_announced_is_in_no_commit(repository: Make) -> None:
    repo = repository({"a.md": "a"})
    repo.write({"b.md": "b", "empty.md": ""})
    repo.git("add", "--intent-to-add", "b.md")
    repo.git("add", "empty.md")
    index = GitIndex.open(repo.path)

    assert held(index) == ["a.md", "empty.md"]
    assert staged(index) == [("A", "empty.md")]


def test_both_sides_of_a_merge_are_told(repository: Make) -> None:
    repo = repository({"a.md": "1\n"})
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"a.md": "2\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"a.md": "3\n"})
    subprocess.run(["git", "merge", "-q", "other"], cwd=repo.path, check=False, capture_output=True)

    entries, changed = GitIndex.open(repo.path).look()

    assert [(one.path, one.stage) for one in entries] == [("a.md", 1), ("a.md", 2), ("a.md", 3)]
    assert ("U", "a.md") in {(one.status, one.path) for one in changed}


def test_linked_work_trees_and_another_index(
    repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository({"a.md": "a"})
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", str(linked), "-b", "other")
    (linked / "b.md").write_text("b", encoding="utf-8")
    subprocess.run(["git", "add", "b.md"], cwd=linked, check=True)

    assert staged(GitIndex.open(linked)) == [("A", "b.md")]
    assert staged(GitIndex.open(repo.path)) == []

    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other-index")  # as hooks give it: from the root
    repo.write({"sub/c.md": "c"})
    repo.git("read-tree", "HEAD")
    repo.git("add", "sub/c.md")
    assert staged(GitIndex.open(repo.path / "sub")) == [("A", "sub/c.md")]
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert staged(GitIndex.open(repo.path)) == []


def test_no_configuration_changes_what_is_read(repository: Make) -> None:
    repo = repository({"ä b.md": "a\n"})
    trap = repo.path / "trap.sh"
    trap.write_text("#!/bin/sh\ntouch sprung\n", encoding="utf-8")
    trap.chmod(0o755)
    for key, value in {
        "core.fsmonitor": str(trap),
        "core.hooksPath": str(repo.path),
        "core.quotePath": "true",
        "diff.noprefix": "true",
        "diff.renames": "copies",
        "apply.whitespace": "error-all",
        "core.autocrlf": "true",
    }.items():
        repo.git("config", key, value)
    patch = b"--- a/\xc3\xa4 b.md\t\n+++ b/\xc3\xa4 b.md\t\n@@ -1 +1 @@\n-a\n+b \n"

    index = GitIndex.open(repo.path)
    with index.of_head() as head:
        assert head.apply(patch) == ""
        assert staged(head) == [("M", "ä b.md")]
        assert read(head, "") == {"ä b.md": b"b \n"}

    assert staged(index) == []
    assert not (repo.path / "sprung").exists()


def test_a_patch_that_does_not_fit_is_refused_with_a_reason_and_leaves_nothing(
    repository: Make,
) -> None:
    repo = repository({"a.md": "a\n"})
    before = {path: path.read_bytes() for path in repo.path.rglob("*") if path.is_file()}

    with GitIndex.open(repo.path).of_head() as head:
        assert "a.md: patch does not apply" in head.apply(
            b"--- a/a.md\n+++ b/a.md\n@@ -1 +1 @@\n-b\n+c\n"
        )
        assert "b.md: does not exist in index" in head.apply(
            b"--- a/b.md\n+++ b/b.md\n@@ -1 +1 @@\n-b\n+c\n"
        )
        assert staged(head) == []
        assert head.apply(b"--- a/a.md\n+++ b/a.md\n@@ -1 +1 @@\n-a\n+c\n") == ""

    after = {path: path.read_bytes() for path in repo.path.rglob("*") if path.is_file()}
    assert after == before


def test_a_bare_repository_has_a_head_and_no_index(repository: Make, tmp_path: Path) -> None:
    repo = repository({"a.md": "a\n"})
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", ".", str(bare))

    with pytest.raises(UsageError, match="a bare repository has none"):
        GitIndex.open(bare)
    with GitIndex.open(bare, needs_index=False).of_head() as head:
        assert held(head) == ["a.md"]


def test_a_large_file_is_known_to_be_large(repository: Make) -> None:
    repo = repository({"s/SKILL.md": b"x" * (MAX_BYTES + 5), "s/b.md": "b"})

    files = read(GitIndex.open(repo.path), "s")

    assert len(files["SKILL.md"]) == MAX_BYTES
    assert files["b.md"] == b"b"


def test_an_object_that_is_not_there(repository: Make) -> None:
    index = GitIndex.open(repository({"a.md": "a"}).path)

    with pytest.raises(SurroundingsError, match="lacks 1111") as error:
        index.read({"": [Entry("100644", "1" * 40, 0, "a.md")]})
    assert "fetch" in error.value.hint


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SurroundingsError, match="not a git repository"):
        GitIndex.open(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SurroundingsError, match="no `git` command"):
        GitIndex.open(tmp_path)


@pytest.mark.usefixtures("unmeasured")
def test_gitpython_is_not_imported() -> None:
    code = "import sys, skillgit.adapters.git_index; print('git' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
