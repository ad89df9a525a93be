from __future__ import annotations

from collections.abc import Callable

import pytest
from repositories import Repository

from skillgit.adapters.git import GitRepository
from skillgit.errors import SkillgitError
from skillgit.names import Oid
from skillgit.provenance.patch_digest import patch_digest
from skillgit.types import LineRange

Make = Callable[..., Repository]


def test_diffs_of_many_commits_are_those_of_each(repository: Make) -> None:
    """Also where a file holds lines that look like the id before a diff."""
    odd = "0" * 40
    made = repository({"a": f"x\n{odd}\n"}, {"a": f"{odd}\ny\n"}, {"a": f"y\n{odd}\n{odd}\n"})
    with GitRepository.open(made.path) as repo:
        first, second, third = (one.id for one in repo.commits("main"))
        diffs = repo.diffs([second, third])
        assert diffs == {second: repo.diff(first, second), third: repo.diff(second, third)}
        back = repo.diffs([second, third], back=True)
        assert back == {second: repo.diff(second, first), third: repo.diff(third, second)}
        assert repo.diffs([]) == {}


def test_a_change_turned_round_has_the_digest_of_its_revert(repository: Make) -> None:
    made = repository({"a": "1\n2\n3\n"}, {"a": "1\ntwo\n3\n"})
    made.git("revert", "--no-edit", "HEAD")
    with GitRepository.open(made.path) as repo:
        _, change, revert = (one.id for one in repo.commits("main"))
        [turned] = repo.diffs([revert], back=True).values()
        assert patch_digest(turned) == patch_digest(repo.diffs([change])[change])


def test_commits_can_be_asked_for_by_path_and_by_what_they_say(repository: Make) -> None:
    made = repository({"a": "1"}, {"b": "1"}, {"a": "2"})
    made.git("tag", "-a", "-m", "a tag", "v1", "HEAD~1")
    made.git("checkout", "--quiet", "--detach", "HEAD")
    lone = made.commit({"c": "1"}, "commit of nobody's branch")
    made.git("update-ref", "refs/skillgit/rounds/x", made.commit({"c": "2"}, "commit of evidence"))
    made.git("checkout", "--quiet", lone)
    with GitRepository.open(made.path) as repo:
        assert [one.message for one in repo.commits("main", paths=["a"])] == [
            "commit 1\n",
            "commit 3\n",
        ]
        assert repo.commits("main", paths=["nowhere", "*"]) == ()
        said = [one.message for one in repo.mentions("commit ")]
        assert sorted(said) == [
            "commit 1\n",
            "commit 2\n",
            "commit 3\n",
            "commit of nobody's branch\n",
        ]
        assert repo.refs("refs/tags") == {"refs/tags/v1": Oid(made.git("rev-parse", "main~1"))}


def test_a_ref_is_deleted_where_it_still_points_there(repository: Make) -> None:
    made = repository({"a": "1"}, {"a": "2"})
    made.git("update-ref", "refs/skillgit/x", "HEAD")
    with GitRepository.open(made.path) as repo:
        first, second = (one.id for one in repo.commits("main"))
        with pytest.raises(SkillgitError, match="deleting refs/skillgit/x"):
            repo.delete_ref("refs/skillgit/x", first, "why")
        assert repo.read_ref("refs/skillgit/x") == second
        repo.delete_ref("refs/skillgit/x", second, "why")
        assert repo.read_ref("refs/skillgit/x") is None
        with pytest.raises(SkillgitError), repo.scratch() as scratch:
            scratch.delete_ref("refs/heads/main", second, "why")


def test_blame_looks_through_blanks_and_line_ends_only_when_asked(repository: Make) -> None:
    made = repository({"a": "one\ntwo\n"}, {"a": "  one\r\ntwo\r\n"})
    with GitRepository.open(made.path) as repo:
        first, second = (one.id for one in repo.commits("main"))
        plain = repo.blame("a", LineRange(1, 9), second)
        through = repo.blame("a", LineRange(1, 9), second, through=True)
    assert [(one.commit, one.line) for one in plain] == [(second, 1), (second, 2)]
    assert [(one.commit, one.line) for one in through] == [(first, 1), (first, 2)]
    assert plain[0].text == "  one\r"


@pytest.mark.parametrize("name", ["ignored", "folder/ignored", "../outside", "/nowhere/at/all"])
def test_files_of_revisions_to_ignore_are_found_or_not_needed(repository: Make, name: str) -> None:
    made = repository({"a": "one\n"}, {"a": "ONE\n"})
    with GitRepository.open(made.path) as repo:
        first, second = (one.id for one in repo.commits("main"))
        made.git("config", "blame.ignoreRevsFile", name)
        if name.endswith("ignored"):
            assert repo.blame("a", LineRange(1, 1), second)[0].commit == second
            made.write({name: f"{second}\n"})
            assert repo.blame("a", LineRange(1, 1), second)[0].commit == first
        else:
            with pytest.raises(SkillgitError, match="could not open object name list"):
                repo.blame("a", LineRange(1, 1), second)
