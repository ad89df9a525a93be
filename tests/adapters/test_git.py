from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit.adapters.git import GitRepository
from skillgit.errors import SkillgitError, SurroundingsError, UsageError
from skillgit.names import Oid
from skillgit.ports import History, Signature, TreeChange, Workshop
from skillgit.types import MANIFEST, LineRange

Make = Callable[..., Repository]

SKILL = "---\nname: xlsx\ndescription: d\n---\n# Title\n\nText.\n"
ABSENT = Oid("1" * 40)


@pytest.fixture
def made(repository: Make) -> Repository:
    return repository(
        {
            "skills/xlsx/SKILL.md": SKILL,
            "skills/xlsx/a b/ü.bin": b"\x00\xff\r\n",
            "README.md": "hi\n",
        }
    )


def test_it_is_what_the_stages_and_the_readers_ask_for(made: Repository) -> None:
    with GitRepository.open(made.path) as repo:
        workshop: Workshop = repo
        history: History = repo
        assert workshop.resolve("HEAD") == history.resolve("main")


@pytest.mark.parametrize("inside", ["", "skills/xlsx", ".git", ".git/objects"])
def test_a_repository_is_found_from_any_folder_inside(made: Repository, inside: str) -> None:
    with GitRepository.open(made.path / inside) as repo:
        assert repo.resolve("HEAD") == made.git("rev-parse", "HEAD")
        assert repo.work_tree == made.path
        assert repo.common_dir == made.path / ".git"


def test_a_linked_worktree_shares_the_common_folder(made: Repository, tmp_path: Path) -> None:
    made.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    with GitRepository.open(tmp_path / "linked" / "skills") as repo:
        assert repo.work_tree == tmp_path / "linked"
        assert repo.common_dir == made.path / ".git"
        repo.move_ref("refs/heads/new", repo.resolve("HEAD"), None, "test")
    assert made.git("rev-parse", "new") == made.git("rev-parse", "HEAD")


def test_a_bare_repository_has_no_work_tree(made: Repository, tmp_path: Path) -> None:
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    with GitRepository.open(tmp_path / "bare.git") as repo:
        assert repo.work_tree is None
        assert repo.common_dir == tmp_path / "bare.git"
        assert repo.read_skill("skills/xlsx", "main").folder == "xlsx"


@pytest.mark.parametrize("name", ["plain", "missing"])
def test_no_repository_is_an_error_with_a_hint(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(SurroundingsError) as failure:
        GitRepository.open(tmp_path / name)
    assert failure.value.hint


@pytest.mark.parametrize(
    ("version", "said"), [("", "no `git` command"), ("2.17.1", "2.17.1 is too old")]
)
def test_a_missing_or_old_git_is_named(
    made: Repository, tmp_path: Path, version: str, said: str
) -> None:
    if version:
        fake = tmp_path / "bin" / "git"
        fake.parent.mkdir()
        fake.write_text(f"#!/bin/sh\necho git version {version}\n")
        fake.chmod(0o755)
    script = (
        "from pathlib import Path; from skillgit.adapters.git import GitRepository\n"
        "from skillgit.errors import SurroundingsError\n"
        f"try: GitRepository.open(Path({str(made.path)!r}))\n"
        "except SurroundingsError as error: print(error.message, '/', error.hint)\n"
    )
    source = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={"PATH": str(tmp_path / "bin"), "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout, done.stderr
    assert "2.30 or newer" in done.stdout


def test_a_skill_is_read_byte_for_byte_with_its_modes(made: Repository) -> None:
    (made.path / "skills/xlsx/link").symlink_to("/etc/passwd")
    (made.path / "skills/xlsx/run.sh").write_bytes(b"#!/bin/sh\r\n")
    (made.path / "skills/xlsx/run.sh").chmod(0o755)
    made.git("add", "skills")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{ABSENT},skills/xlsx/sub")
    made.git("commit", "--quiet", "-m", "modes")
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill("skills/xlsx/", "HEAD")
    assert skill.root == "skills/xlsx"
    assert {str(path): data for path, data in skill.files.items()} == {
        "SKILL.md": SKILL.encode(),
        "a b/ü.bin": b"\x00\xff\r\n",
        "link": b"/etc/passwd",
        "run.sh": b"#!/bin/sh\r\n",
        "sub": b"",
    }
    assert skill.modes == {"link": "120000", "run.sh": "100755", "sub": "160000"}


def test_the_repository_itself_can_be_the_skill(repository: Make) -> None:
    made = repository({"SKILL.md": SKILL, "references/a.md": "a"})
    with GitRepository.open(made.path) as repo:
        assert repo.read_skill(".", "HEAD").root == ""
        assert set(repo.read_skill("", "HEAD").files) == {MANIFEST, "references/a.md"}


@pytest.mark.parametrize("root", [".agents/xlsx", "./.agents/xlsx/"])
def test_a_hidden_folder_is_a_folder(repository: Make, root: str) -> None:
    made = repository({".agents/xlsx/SKILL.md": SKILL})
    with GitRepository.open(made.path) as repo:
        assert repo.read_skill(root, "HEAD").root == ".agents/xlsx"


@pytest.mark.parametrize(
    "root", ["skills", "skills/docx", "README.md", "../x", "skills/xlsx/SKILL.md"]
)
def test_no_skill_is_a_usage_error(made: Repository, root: str) -> None:
    with GitRepository.open(made.path) as repo, pytest.raises(UsageError) as failure:
        repo.read_skill(root, "HEAD")
    assert "SKILL.md" in failure.value.message


def test_a_file_name_that_is_unsafe_elsewhere_is_named(made: Repository) -> None:
    made.commit({"skills/xlsx/bad\\name": "x"})
    with GitRepository.open(made.path) as repo, pytest.raises(UsageError, match="bad"):
        repo.read_skill("skills/xlsx", "HEAD")


@pytest.mark.parametrize("revision", ["", "nowhere", "--all", "a\0b", "HEAD:README.md", "HEAD\n"])
def test_no_commit_is_a_usage_error(made: Repository, revision: str) -> None:
    with GitRepository.open(made.path) as repo, pytest.raises(UsageError):
        repo.resolve(revision)


def test_the_same_commit_gets_the_same_id_whatever_is_configured(made: Repository) -> None:
    made.git("config", "commit.gpgSign", "true")
    made.git("config", "i18n.commitEncoding", "ISO-8859-1")
    hook = made.path / ".git/hooks/reference-transaction"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with GitRepository.open(made.path) as repo:
        who = Signature("Zoë Ü", "z@example.invalid", 1_700_000_000)
        blob = repo.write_blob(b"a\r\nb")
        tree = repo.write_tree(None, [TreeChange("ü/a b.txt", blob, "100755")])
        one = repo.write_commit(tree, [], "Größe\n\n# no comment\n", who)
        assert one == repo.write_commit(tree, [], "Größe\n\n# no comment\n", who)
        repo.move_ref("refs/heads/made", one, None, "a test")
        [commit] = repo.commits("made")
    assert commit.message == "Größe\n\n# no comment\n"
    assert (commit.author, commit.seconds) == ("Zoë Ü <z@example.invalid>", 1_700_000_000)
    assert (
        made.git("log", "-1", "--encoding=UTF-8", "--format=%an|%ct|%G?", "made")
        == "Zoë Ü|1700000000|N"
    )
    assert made.git("reflog", "made", "--format=%gs") == "a test"


def test_a_tree_is_changed_without_any_index(made: Repository) -> None:
    before = (made.path / ".git/index").read_bytes()
    with GitRepository.open(made.path) as repo:
        head = repo.resolve("HEAD")
        blob = repo.write_blob(b"new")
        tree = repo.write_tree(head, [TreeChange("new.txt", blob), TreeChange("README.md", None)])
        assert repo.changed_paths(head, tree) == ("README.md", "new.txt")
        assert repo.write_tree(head, []) == made.git("rev-parse", "HEAD^{tree}")
    assert (made.path / ".git/index").read_bytes() == before


def test_a_diff_obeys_no_configuration_attribute_or_variable(
    made: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = made.commit({"skills/xlsx/a.md": "# One\n\nalpha\n\n\n# Two\n"})
    new = made.commit({"skills/xlsx/a.md": "# One\n\nalpha\n\nbeta\n\n# Two\n"})
    with GitRepository.open(made.path) as repo:
        expected = repo.diff(Oid(old), Oid(new))
        for key, value in {
            "diff.noprefix": "true",
            "diff.context": "9",
            "diff.suppressBlankEmpty": "true",
            "diff.indentHeuristic": "false",
            "diff.renames": "copies",
            "diff.algorithm": "patience",
            "diff.external": "false",
            "color.ui": "always",
            "diff.odd.textconv": "cat /dev/null",
            "diff.odd.xfuncname": "alpha",
        }.items():
            made.git("config", key, value)
        made.write({".gitattributes": "*.md -diff\n", ".git/info/attributes": "*.md diff=odd\n"})
        monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=0")
        monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
        assert repo.diff(Oid(old), Oid(new)) == expected
    assert b"\n \n+beta\n" in expected


def test_variables_of_a_surrounding_hook_do_not_lead_astray(
    made: Repository, repository: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository({"other.txt": "x"}, name="other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    with GitRepository.open(made.path) as repo:
        assert repo.read_skill("skills/xlsx", "HEAD").folder == "xlsx"


def test_a_ref_is_only_moved_from_where_it_was_seen(made: Repository) -> None:
    first = Oid(made.git("rev-parse", "HEAD"))
    second = Oid(made.commit({"x": "y"}))
    with GitRepository.open(made.path) as repo:
        assert repo.read_ref("refs/heads/mine") is None
        repo.move_ref("refs/heads/mine", first, None, "new")
        assert repo.read_ref("refs/heads/mine") == first
        for expected in (None, second):
            with pytest.raises(SkillgitError, match="someone else moved it"):
                repo.move_ref("refs/heads/mine", second, expected, "lost")
        repo.move_ref("refs/heads/mine", second, first, "on")
        with pytest.raises(SurroundingsError, match=r"refs/heads/mine/below"):
            repo.move_ref("refs/heads/mine/below", second, None, "in the way")
        with pytest.raises(SkillgitError):
            repo.move_ref("--stdin", second, None, "no ref")
        assert repo.refs("refs/heads") == {"refs/heads/main": second, "refs/heads/mine": second}


def test_an_author_is_never_made_up(made: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    with GitRepository.open(made.path) as repo:
        assert repo.author(5) == Signature("Test Person", "test@example.invalid", 5)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        with pytest.raises(SurroundingsError) as failure:
            repo.author(5)
        assert "user.name" in failure.value.hint
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Ann <b>")
        monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ann@example.invalid")
        assert repo.author(5).email == "ann@example.invalid"


def test_a_scratch_leaves_no_trace(made: Repository) -> None:
    before = sorted(path for path in made.path.rglob("*"))
    with GitRepository.open(made.path) as repo:
        head = repo.resolve("HEAD")
        with repo.scratch() as scratch, scratch.scratch() as inner:
            blob = scratch.write_blob(b"thrown away")
            tree = scratch.write_tree(head, [TreeChange("new", blob)])
            commit = scratch.write_commit(tree, [head], "m", repo.author(0))
            assert scratch.merge(head, commit) == tree
            assert scratch.read_blob(blob) == b"thrown away"
            assert inner.read_blob(blob) is None
            with pytest.raises(SkillgitError):
                scratch.move_ref("refs/heads/x", commit, None, "no")
        assert repo.read_blob(blob) is None
    assert sorted(path for path in made.path.rglob("*")) == before


def test_a_merge_is_a_tree_or_a_conflict(made: Repository) -> None:
    def side(text: str) -> Oid:
        made.git("checkout", "--quiet", "--detach", "main")
        return Oid(made.commit({"skills/xlsx/SKILL.md": text}))

    one = side(SKILL.replace("xlsx", "sheets"))
    other = side(SKILL + "More.\n")
    against = side(SKILL.replace("xlsx", "tables"))
    with GitRepository.open(made.path) as repo, repo.scratch() as scratch:
        assert scratch.merges
        merged = scratch.merge(one, other)
        assert merged
        assert scratch.tree(merged, "skills/xlsx")["SKILL.md"] == scratch.write_blob(
            SKILL.replace("xlsx", "sheets").encode() + b"More.\n"
        )
        assert scratch.merge(one, against) is None


def test_commits_come_parents_first_and_can_be_searched(made: Repository) -> None:
    base = Oid(made.git("rev-parse", "HEAD"))
    one = made.commit({"a": "1"}, "one\n\nwith -- needle")
    two = made.commit({"a": "2"}, "two")
    with GitRepository.open(made.path) as repo:
        assert [commit.id for commit in repo.commits(f"{base}..main")] == [one, two]
        assert [commit.parents for commit in repo.commits(f"{base}..main")] == [(base,), (one,)]
        assert [c.id for c in repo.commits("main", containing="-- needle")] == [one]
        assert repo.commits("main..main") == ()
        assert repo.is_ancestor(base, Oid(two))
        assert not repo.is_ancestor(Oid(two), base)
        assert not repo.is_ancestor(ABSENT, base)
        for wrong in ("--all", "nowhere..main", "a\nb", ""):
            with pytest.raises(UsageError):
                repo.commits(wrong)


def test_trees_and_blobs_may_be_absent(made: Repository) -> None:
    with GitRepository.open(made.path) as repo:
        head = repo.resolve("HEAD")
        assert set(repo.tree(head)) == {
            "README.md",
            "skills/xlsx/SKILL.md",
            "skills/xlsx/a b/ü.bin",
        }
        assert set(repo.tree(head, "skills/xlsx")) == {"SKILL.md", "a b/ü.bin"}
        assert repo.tree(head, "nowhere") == {}
        assert repo.tree(ABSENT) == {}
        assert repo.read_blob(ABSENT) is None


def test_a_line_is_blamed_under_the_name_that_it_had(made: Repository) -> None:
    first = made.git("rev-parse", "HEAD")
    made.git("mv", "skills/xlsx", 'skills/"ü"')
    made.git("commit", "--quiet", "-m", "moved")
    with GitRepository.open(made.path) as repo:
        span = LineRange(5, 5)
        [line] = repo.blame('skills/"ü"/SKILL.md', span, repo.resolve("HEAD"))
    assert (line.commit, line.path, line.line, line.text) == (
        first,
        "skills/xlsx/SKILL.md",
        5,
        "# Title",
    )


@pytest.mark.parametrize(("path", "line"), [("README.md", 2), ("nowhere", 1), ("-L", 1)])
def test_a_line_that_is_not_there_is_a_usage_error(made: Repository, path: str, line: int) -> None:
    with GitRepository.open(made.path) as repo, pytest.raises(UsageError) as failure:
        repo.blame(path, LineRange(line, line), repo.resolve("HEAD"))
    assert f"{path}:{line}" in failure.value.message


def test_a_broken_repository_is_an_error_not_a_traceback(made: Repository) -> None:
    with GitRepository.open(made.path) as repo:
        with pytest.raises(SurroundingsError):
            repo.write_tree(ABSENT, [])
        blob = made.git("rev-parse", "HEAD:skills/xlsx/SKILL.md")
        (made.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
        with pytest.raises(SurroundingsError, match="lacks"):
            repo.read_skill("skills/xlsx", "HEAD")


def test_a_sha256_repository_works_alike(repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    made = repository({"SKILL.md": SKILL})
    with GitRepository.open(made.path) as repo:
        head = repo.resolve("HEAD")
        assert len(head) == 64
        tree = repo.write_tree(head, [TreeChange("SKILL.md", None)])
        assert repo.changed_paths(head, tree) == ("SKILL.md",)
        repo.move_ref("refs/heads/new", head, None, "new")


def test_a_folder_with_an_odd_name_can_hold_a_repository(repository: Make) -> None:
    made = repository({"SKILL.md": SKILL}, name='a:b "c" ü')
    with GitRepository.open(made.path) as repo, repo.scratch() as scratch:
        assert scratch.read_skill("", "HEAD").files[MANIFEST] == SKILL.encode()


def test_old_encodings_of_messages_are_read(made: Repository) -> None:
    made.git("config", "i18n.commitEncoding", "ISO-8859-1")
    (made.path / "told").write_bytes("Größe".encode("latin-1"))
    made.git("commit", "--quiet", "--allow-empty", "-F", "told")
    made.git("config", "i18n.commitEncoding", "x-unheard-of")
    made.git("commit", "--quiet", "--allow-empty", "-m", "plain")
    with GitRepository.open(made.path) as repo:
        assert [one.message for one in repo.commits("HEAD~2..HEAD")] == ["Größe\n", "plain\n"]
