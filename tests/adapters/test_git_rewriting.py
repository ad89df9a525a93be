from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest
from repositories import Repository

from skillgit.adapters.git import GitRepository
from skillgit.errors import SkillgitError, SurroundingsError
from skillgit.names import Oid
from skillgit.ports import Keeper, RefMove

Make = Callable[..., Repository]
LINES = "".join(f"line {number}\n" for number in range(9))


@pytest.fixture
def made(repository: Make) -> Repository:
    return repository({"a/ü b.txt": LINES, "b.txt": "b\n"})


def at(made: Repository, revision: str) -> Oid:
    return Oid(made.git("rev-parse", revision))


def commit(made: Repository, start: str, files: dict[str, str]) -> Oid:
    made.git("checkout", "--quiet", "--detach", start)
    return Oid(made.commit(files))


def test_it_is_what_the_verbs_that_change_a_round_ask_for(made: Repository) -> None:
    with GitRepository.open(made.path) as repo:
        keeper: Keeper = repo
        with keeper.scratch() as scratch:
            assert scratch.resolve("HEAD") == at(made, "HEAD")


def test_a_merge_of_trees_takes_any_base(made: Repository) -> None:
    one = commit(made, "main", {"a/ü b.txt": LINES.replace("line 1", "one")})
    two = commit(made, one, {"a/ü b.txt": LINES.replace("line 1", "one").replace("line 7", "7")})
    with GitRepository.open(made.path) as repo:
        picked = repo.merge_trees(one, at(made, "main"), two)
        assert not picked.conflicts
        assert repo.changed_paths(at(made, "main"), picked.tree) == ("a/ü b.txt",)
        made.git("show", picked.tree)
        told = made.git("cat-file", "blob", f"{picked.tree}:a/ü b.txt")
        assert told + "\n" == LINES.replace("line 7", "7")
        tree = at(made, f"{two}^{{tree}}")
        assert repo.merge_trees(at(made, f"{one}^{{tree}}"), at(made, "main"), tree) == picked
        assert repo.picked(two, one, at(made, "main")) == picked


def test_conflicts_are_told_by_path(made: Repository) -> None:
    one = commit(made, "main", {"a/ü b.txt": LINES.replace("line 1", "one"), "b.txt": "1\n"})
    two = commit(made, "main", {"a/ü b.txt": LINES.replace("line 1", "1"), "b.txt": "1\n"})
    with GitRepository.open(made.path) as repo:
        assert repo.merge_trees(at(made, "main"), one, two).conflicts == ("a/ü b.txt",)


def test_an_old_git_says_that_it_cannot_merge(
    made: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GitRepository.open(made.path) as repo:
        monkeypatch.setattr(repo, "_version", (2, 37, 9))
        head = at(made, "HEAD")
        with pytest.raises(SurroundingsError) as refused:
            repo.merge_trees(head, head, head)
    assert "2.38" in refused.value.hint


def test_a_rewritten_commit_keeps_everything_but_tree_parent_and_signature(
    made: Repository,
) -> None:
    tree, head = at(made, "HEAD^{tree}"), at(made, "HEAD")
    raw = (
        f"tree {tree}\nparent {head}\nauthor Ä <a@x> 5 +0530\ncommitter B <b@x> 6 -0230\n"
        "gpgsig -----BEGIN PGP SIGNATURE-----\n \n no\n -----END PGP SIGNATURE-----\n"
        "encoding ISO-8859-1\n\nsubject\n\n\tparent of all, tree of none\n\n\n"
    ).encode("latin-1")
    done = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=made.path,
        input=raw,
        capture_output=True,
        check=True,
    )
    signed = Oid(done.stdout.decode().strip())
    other = commit(made, "main", {"b.txt": "other\n"})
    with GitRepository.open(made.path) as repo:
        assert repo.rewritten(signed, tree, head) == signed
        moved = repo.rewritten(signed, at(made, f"{other}^{{tree}}"), other)
    shown = subprocess.run(
        ["git", "cat-file", "commit", moved], cwd=made.path, capture_output=True, check=True
    ).stdout
    front = raw.partition(b"gpgsig")[0].replace(
        tree.encode(), at(made, f"{other}^{{tree}}").encode()
    )
    front = front.replace(head.encode(), other.encode())
    assert shown == front + raw[raw.index(b"encoding") :]


def test_several_refs_move_together_or_not_at_all(made: Repository) -> None:
    head = at(made, "HEAD")
    new = commit(made, "main", {"b.txt": "new\n"})
    with GitRepository.open(made.path) as repo:
        both = [RefMove("refs/heads/x", new, None), RefMove("refs/heads/main", new, new)]
        with pytest.raises(SkillgitError, match=r"refs/heads/main .*someone else moved it"):
            repo.move_refs(both, "why")
        assert repo.read_ref("refs/heads/x") is None
        both[1] = RefMove("refs/heads/main", new, head)
        repo.move_refs(both, "why")
        assert repo.read_ref("refs/heads/x") == repo.read_ref("refs/heads/main") == new
        assert "why" in made.git("reflog", "-1", "main")
        with repo.scratch() as scratch, pytest.raises(SkillgitError, match="lasts"):
            scratch.move_refs(both, "why")


def test_a_branch_is_in_use_where_a_work_tree_has_it(made: Repository) -> None:
    made.git("branch", "free")
    made.git("branch", "free-too")
    made.git("worktree", "add", "--quiet", str(made.path / "linked tree"), "-b", "linked")
    with GitRepository.open(made.path) as repo:
        assert repo.in_use("refs/heads/main") == str(made.path)
        assert repo.in_use("refs/heads/linked") == str(made.path / "linked tree")
        assert repo.in_use("refs/heads/free") == ""
        made.git("-C", "linked tree", "commit", "--quiet", "--allow-empty", "-m", "more")
        stop = {**os.environ, "GIT_SEQUENCE_EDITOR": "sed -i 1s/pick/edit/"}
        rebase = ["git", "rebase", "--quiet", "-i", "--keep-empty", "--root"]
        folder = made.path / "linked tree"
        subprocess.run(rebase, cwd=folder, env=stop, check=True, capture_output=True)
        assert "worktrees" in repo.in_use("refs/heads/linked")
        made.git("bisect", "start")
        made.git("bisect", "bad", "main")
        assert repo.in_use("refs/heads/main")
