"""What is done at once is what would be done one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import Repository

from skillgit.adapters.git import GitRepository
from skillgit.ports import NewCommit, Signature, TreeChange

Make = Callable[..., Repository]
BASE = {
    "README.md": "about\n",
    "a.txt": "beside a/, which git sorts behind it\n",
    "a/one.md": "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
    "a/b/deep.md": "deep\n",
    "a/b/ünder ground.md": "odd name\n",
    "z/last.md": "z\n",
}
NOBODY = Signature("nobody", "nobody@example.invalid", 0)


class NoMany(GitRepository):
    """A Git that merges one pair at a time."""

    @property
    def merges_many(self) -> bool:
        return False


@pytest.fixture
def repo(repository: Make) -> Iterator[GitRepository]:
    with GitRepository.open(repository(BASE).path) as opened:
        yield opened


def test_blobs_are_stored_byte_for_byte_and_in_order(repo: GitRepository) -> None:
    contents = [b"", b"a\r\nb", b"\0\xff", b"a\r\nb", b"x" * 100_000]
    stored = repo.write_blobs(iter(contents))
    assert [repo.read_blob(blob) for blob in stored] == contents
    assert list(stored) == [repo.write_blob(content) for content in contents]
    assert repo.write_blobs([]) == ()


PATHS = [*BASE, "a/new.md", "a/b/c/d/new.md", "new.md", "a-", "zz/zz.md"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(each=st.lists(st.dictionaries(st.sampled_from(PATHS), st.booleans()), max_size=3))
def test_trees_are_those_of_the_index(repo: GitRepository, each: list[dict[str, bool]]) -> None:
    base = repo.resolve("HEAD")
    blob = repo.write_blob(b"other\n")
    changes = [
        [TreeChange(path, blob if there else None, "100755") for path, there in one.items()]
        for one in each
    ]
    assert repo.write_trees(base, changes) == tuple(repo.write_tree(base, one) for one in changes)


def test_a_base_that_loses_all_its_files_is_the_empty_tree(repo: GitRepository) -> None:
    gone = [TreeChange(path, None) for path in BASE]
    assert repo.write_trees(repo.resolve("HEAD"), [gone]) == (repo.write_tree(None, []),)


@pytest.mark.parametrize("path", ["a", "a.txt/below.md"])
def test_a_file_and_a_folder_of_one_name_is_what_git_makes_of_it(
    repo: GitRepository, path: str
) -> None:
    base, change = repo.resolve("HEAD"), [TreeChange(path, repo.write_blob(b"x"))]
    assert repo.write_trees(base, [change]) == (repo.write_tree(base, change),)


def test_a_repository_of_the_other_hash(repository: Make) -> None:
    other = repository(name="other")
    other.git("init", "--quiet", "--object-format=sha256", "wide")
    wide = Repository(other.path / "wide")
    wide.commit(BASE)
    with GitRepository.open(wide.path) as repo:
        base, blob = repo.resolve("HEAD"), repo.write_blob(b"new\n")
        change = [TreeChange("a/b/new.md", blob)]
        (tree,) = repo.write_trees(base, [change])
        assert tree == repo.write_tree(base, change)
        assert len(tree) == 64
        assert len(repo.write_commits([NewCommit(tree, base, "m"), NewCommit(tree, 0, "n")])) == 2


def test_commits_stand_on_each_other_and_are_those_of_commit_tree(repo: GitRepository) -> None:
    base = repo.resolve("HEAD")
    (tree,) = repo.write_trees(base, [[]])
    first, second = repo.write_commits([NewCommit(tree, base, "one"), NewCommit(tree, 0, "two")])
    assert first == repo.write_commit(tree, [base], "one\n", NOBODY)
    assert second == repo.write_commit(tree, [first], "two\n", NOBODY)


@pytest.mark.parametrize("kind", [GitRepository, NoMany])
def test_diffs_and_merges_are_those_of_each_pair(
    repo: GitRepository, kind: type[GitRepository]
) -> None:
    base = repo.resolve("HEAD")
    texts = (b"1\n2\n3\n4\n5\n6\n7\n8\nnine\n", b"one\n2\n3\n4\n5\n6\n7\n8\n9\n", b"else\n")
    trees = repo.write_trees(
        base, [[], *([TreeChange("a/one.md", blob)] for blob in repo.write_blobs(texts))]
    )
    pairs = [(old, new) for old in trees for new in trees]
    assert repo.diffs_between(pairs) == tuple(repo.diff(old, new) for old, new in pairs)
    assert repo.diffs_between([]) == ()
    commits = repo.write_commits([NewCommit(tree, base, "one") for tree in trees])
    both = [(ours, theirs) for ours in commits for theirs in commits]
    with kind.open(repo.common_dir) as same:
        merged = same.merge_all(both)
        assert same.merge_all([]) == ()
    assert merged == tuple(repo.merge(ours, theirs) for ours, theirs in both)
    assert None in merged
    assert len(set(merged)) > 4
