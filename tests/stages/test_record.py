from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, account_of, edit, insert, recorded, round_of, trajectory
from strategies import BASE_COMMIT

from skillgit import config
from skillgit.adapters.git import GitRepository
from skillgit.errors import FindingsError, SkillgitError
from skillgit.names import Digest, EditId, RoundId, SkillPath
from skillgit.provenance.evidence import (
    LessonRecord,
    RoundRecord,
    TrajectoryList,
    Unreadable,
    WithheldList,
    read,
)
from skillgit.provenance.trailers import Trailers, parse
from skillgit.skill.hunks import apply_changes
from skillgit.stages.record import record
from skillgit.stages.record.names import branch_name
from skillgit.types import (
    MANIFEST,
    CreateFile,
    DeleteFile,
    Excluded,
    Fate,
    Insert,
    LineRange,
    MergeRecord,
    Replace,
    Skill,
    State,
)

Make = Callable[..., Repository]

TEXT = "---\nname: xlsx\ndescription: d\n---\n\n# Sheets\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n"
EDITS = (
    insert(1, 8, "\nAfter one.", (0, 1)),
    insert(2, 10, "\nAfter two.", (2, 3, 4)),
    edit(3, Replace(MANIFEST, LineRange(14, 14), "Vier."), (5,)),
)


@pytest.fixture
def made(repository: Make) -> Repository:
    return repository(
        {f"skills/{name}/SKILL.md": TEXT for name in ("xlsx", "docx")} | {"README.md": "hi\n"}
    )


@pytest.fixture
def repo(made: Repository) -> Iterator[GitRepository]:
    with GitRepository.open(made.path) as opened:
        yield opened


def state(made: Repository) -> dict[str, object]:
    """Everything of a checkout that must not change."""
    files = (path for path in made.path.rglob("*") if path.is_file() and not path.is_symlink())
    kept = {".git/index", ".git/HEAD", ".git/refs/stash", ".git/logs/HEAD", ".git/ORIG_HEAD"}
    return {
        name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
        if not (name := path.relative_to(made.path).as_posix()).startswith(".git/") or name in kept
    }


def test_each_lesson_is_a_commit_strongest_first(made: Repository, repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    branch = recorded(repo, skill, EDITS)
    assert branch.name == f"skillgit/xlsx/{ROUND}"
    assert branch.evidence_ref == f"refs/skillgit/rounds/{ROUND}"
    assert [lesson.title for lesson in branch.lessons] == [
        "Mind the case 2",
        "Mind the case 1",
        "Mind the case 3",
    ]
    log = made.git("log", "--format=%s|%an|%at|%cn|%ct", f"main..{branch.name}").split("\n")
    who = "Test Person|1795000000|Test Person|1795000000"
    assert log == [f"xlsx: Mind the case {n}|{who}" for n in (3, 1, 2)]
    assert made.git("rev-parse", f"{branch.name}~3") == made.git("rev-parse", "main")
    after = repo.read_skill("skills/xlsx", branch.tip).files
    assert after == apply_changes(skill, [one.change for one in EDITS])
    assert repo.changed_paths(skill.commit, branch.tip) == ("skills/xlsx/SKILL.md",)


def test_a_message_carries_what_git_and_people_read(made: Repository, repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    branch = recorded(repo, skill, EDITS)
    lesson = branch.lessons[0]
    [commit] = repo.commits(f"{lesson.commit}~1..{lesson.commit}")
    trailers = parse(commit.message)
    assert isinstance(trailers, Trailers)
    assert (trailers.round, trailers.skill, trailers.base) == (ROUND, "skills/xlsx", skill.commit)
    assert (trailers.patch, trailers.evidence) == (lesson.patch, lesson.evidence)
    assert str(trailers.support) == "3/9 (2 fail, 1 pass)"
    assert {source.trajectory for source in trailers.sources} == lesson.sources
    assert f"{trajectory(2).id}, step 2:\n    said 2\n" in commit.message
    assert "Case 2 went wrong without it." in commit.message
    shown = made.git("log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)", lesson.commit)
    assert shown.strip() == "skillgit:Qwen-3.5"


def test_the_evidence_tells_the_whole_round(made: Repository, repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    merged, lost = EditId("t-000000000002.0"), EditId("t-000000000001.0")
    proposed = replace(EDITS[1], id=merged)
    withheld = replace(EDITS[0], id=lost)
    account = account_of()
    patches = [
        replace(one, edits=tuple(e for e in (proposed, withheld) if e.id[:14] == one.trajectory))
        for one in account.patches
    ]
    account = replace(
        account,
        patches=tuple(patches),
        excluded=(Excluded(trajectory(8).id, "no reply"),),
        merges=(MergeRecord(1, 0, (merged,), (EDITS[1].id,), how="model"),),
        fates=(
            Fate(merged, State.MERGED, "", EDITS[1].id),
            Fate(EDITS[1].id, State.APPLIED),
            Fate(lost, State.WITHHELD, "low support"),
            Fate(EditId("m1-0.9"), State.REJECTED, "SG201: no such file"),
        ),
    )
    branch = record(
        repo, skill, EDITS, round_of(skill), account, config.Record(store_trajectories=True)
    )
    tree = repo.tree(repo.resolve(branch.evidence_ref))
    blobs = {name: repo.read_blob(oid) or b"" for name, oid in tree.items()}
    assert sorted(name for name in blobs if not name.startswith(("patches/", "trajectories/"))) == [
        "lessons/001-mind-the-case-2.json",
        "lessons/002-mind-the-case-1.json",
        "lessons/003-mind-the-case-3.json",
        "merges/1/0000.json",
        "round.json",
        "trajectories.json",
        "withheld.json",
    ]
    assert len([name for name in blobs if name.startswith("patches/")]) == 9
    assert len([name for name in blobs if name.startswith("trajectories/")]) == 9
    lesson = read(LessonRecord, blobs["lessons/001-mind-the-case-2.json"])
    assert isinstance(lesson, LessonRecord)
    assert lesson.edits == (EDITS[1],)
    assert lesson.merged == {EDITS[1].id: (merged,)}
    assert str(lesson.support) == "3/9 (2 fail, 1 pass)"
    assert tree["lessons/001-mind-the-case-2.json"] == branch.lessons[0].evidence
    told = read(RoundRecord, blobs["round.json"])
    assert isinstance(told, RoundRecord)
    assert told.lessons == tuple(sorted(name for name in blobs if name.startswith("lessons/")))
    assert told.excluded == (Excluded(trajectory(8).id, "no reply"),)
    lost_ones = read(WithheldList, blobs["withheld.json"])
    assert not isinstance(lost_ones, Unreadable)
    assert {one.fate.edit: one.edit for one in lost_ones.withheld} == {
        EditId("m1-0.9"): None,
        lost: withheld,
    }
    everyone = read(TrajectoryList, blobs["trajectories.json"])
    assert not isinstance(everyone, Unreadable)
    assert [one.id for one in everyone.trajectories] == [trajectory(n).id for n in range(9)]
    assert everyone.trajectories[2].quotes == proposed.quotes[:1]
    assert all(json.loads(data)["schema"].startswith("skillgit.") for data in blobs.values())


def test_the_skills_that_an_agent_had_are_told(repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    account = account_of()
    had = (Digest("sha256:" + "5" * 64),)
    first, *others = account.pool.passed
    passed = (replace(first, skills=had), *others)
    account = replace(account, pool=replace(account.pool, passed=passed))
    branch = record(repo, skill, EDITS, round_of(skill), account, config.Record())
    tree = repo.tree(repo.resolve(branch.evidence_ref))
    found = read(TrajectoryList, repo.read_blob(tree["trajectories.json"]) or b"")
    assert not isinstance(found, Unreadable)
    assert {one.id: one.skills for one in found.trajectories if one.skills} == {first.id: had}


def test_a_path_of_this_machine_is_not_told(repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    account = account_of()
    far = tuple(
        replace(one, origin=f"/home/me/{n}.json") for n, one in enumerate(account.pool.passed)
    )
    account = replace(account, pool=replace(account.pool, passed=far))
    branch = record(
        repo, skill, EDITS, round_of(skill), account, config.Record(store_trajectories=True)
    )
    for blob in repo.tree(repo.resolve(branch.evidence_ref)).values():
        assert b"/home/me" not in (repo.read_blob(blob) or b"")


def test_the_same_round_gives_the_same_commits(made: Repository, repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    first = recorded(repo, skill, EDITS)
    refs = made.git("for-each-ref")
    assert recorded(repo, skill, tuple(reversed(EDITS))).tip == first.tip
    assert made.git("for-each-ref") == refs
    assert recorded(repo, skill, EDITS, RoundId("20261121T231906Z-7f3ac1")).tip != first.tip


@pytest.mark.parametrize("which", ["branch", "evidence"])
def test_what_exists_with_other_commits_is_left_alone(
    made: Repository, repo: GitRepository, which: str
) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    ref = (
        f"refs/heads/skillgit/xlsx/{ROUND}"
        if which == "branch"
        else f"refs/skillgit/rounds/{ROUND}"
    )
    made.git("update-ref", ref, "HEAD")
    with pytest.raises(FindingsError) as failure:
        recorded(repo, skill, EDITS)
    assert ref in failure.value.message
    assert "git log" in failure.value.hint
    assert made.git("rev-parse", ref) == skill.commit
    if which == "evidence":
        assert repo.read_ref(f"refs/heads/skillgit/xlsx/{ROUND}") is None


def test_nothing_to_record_is_said(repo: GitRepository) -> None:
    with pytest.raises(FindingsError, match="no edit is left"):
        recorded(repo, repo.read_skill("skills/xlsx", "HEAD"), [])


def test_a_source_of_another_round_is_refused(repo: GitRepository) -> None:
    with pytest.raises(SkillgitError, match="no trajectory of the round"):
        recorded(repo, repo.read_skill("skills/xlsx", "HEAD"), [insert(1, 8, "x", (77,))])


def test_a_dirty_checkout_stays_as_it_is(made: Repository, repo: GitRepository) -> None:
    made.write({"stashed.txt": "s", "README.md": "stashed"})
    made.git("stash", "push", "--quiet", "--include-untracked")
    made.write(
        {
            "skills/xlsx/SKILL.md": "changed\n",
            "skills/xlsx/new.md": "untracked",
            "README.md": "staged",
        }
    )
    made.git("add", "README.md")
    made.git("rm", "--quiet", "--cached", "skills/docx/SKILL.md")
    (made.path / "link").symlink_to("README.md")
    before, status = (
        state(made),
        made.git("--no-optional-locks", "status", "--porcelain=v2", "--branch"),
    )
    stash = made.git("stash", "list", "--format=%H")
    before = state(made)
    recorded(repo, repo.read_skill("skills/xlsx", "HEAD"), EDITS)
    assert state(made) == before
    assert made.git("--no-optional-locks", "status", "--porcelain=v2", "--branch") == status
    assert made.git("stash", "list", "--format=%H") == stash
    leftovers = [p.name for p in (made.path / ".git").rglob("*") if p.suffix == ".lock"]
    assert leftovers == []


def test_a_linked_worktree_records_for_all(made: Repository, tmp_path: Path) -> None:
    made.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    linked = Repository(tmp_path / "linked")
    linked.commit({"skills/xlsx/SKILL.md": TEXT + "\nMore.\n"})
    with GitRepository.open(linked.path) as repo:
        skill = repo.read_skill("skills/xlsx", "HEAD")
        branch = recorded(repo, skill, EDITS)
    assert made.git("rev-parse", branch.name) == branch.tip
    assert made.git("merge-base", "other", branch.name) == skill.commit
    assert linked.git("status", "--porcelain") == ""


def test_a_bare_clone_is_enough(made: Repository, tmp_path: Path) -> None:
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    with GitRepository.open(tmp_path / "bare.git") as repo:
        branch = recorded(repo, repo.read_skill("skills/xlsx", "main"), EDITS)
    with GitRepository.open(made.path) as repo:
        assert recorded(repo, repo.read_skill("skills/xlsx", "main"), EDITS).tip == branch.tip


def test_a_skill_that_is_the_repository_is_called_by_its_name(repository: Make) -> None:
    made = repository({"SKILL.md": TEXT, "references/a.md": "# A\n\ntext\n"})
    with GitRepository.open(made.path) as repo:
        branch = recorded(
            repo,
            repo.read_skill("", "HEAD"),
            [*EDITS, insert(4, 3, "\nMore.", (6,), "references/a.md")],
        )
        assert branch.name == f"skillgit/xlsx/{ROUND}"
        [first, *_] = repo.commits(f"main..{branch.name}")
    assert first.message.startswith("xlsx: ")
    assert "\nSkillgit-Skill: .\n" in first.message
    assert made.git("diff", "--name-only", "main", branch.name) == "SKILL.md\nreferences/a.md"


def test_two_skills_of_one_repository_have_two_branches(
    made: Repository, repo: GitRepository
) -> None:
    one = recorded(repo, repo.read_skill("skills/xlsx", "HEAD"), EDITS)
    other_round = RoundId("20261121T231905Z-000000")
    other = recorded(repo, repo.read_skill("skills/docx", "HEAD"), EDITS, other_round)
    assert other.name == f"skillgit/docx/{other_round}"
    made.git("merge", "--quiet", "-m", "both", one.name, other.name)
    assert made.git("show", "HEAD:skills/xlsx/SKILL.md") == made.git(
        "show", "HEAD:skills/docx/SKILL.md"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TEXT.replace("\n", "\r\n"), "xlsx"),
        (TEXT.removesuffix("\n"), "xlsx"),
        (TEXT.replace("Two.", "Zwö 漢字.\u2028"), "tabellen größe"),
        (TEXT.replace("Two.", "```sh\n# not a heading\n```"), "a b"),
    ],
)
def test_bytes_of_untouched_lines_survive(repository: Make, text: str, name: str) -> None:
    made = repository({f"{name}/SKILL.md": text})
    made.git("config", "core.autocrlf", "true")
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(name, "HEAD")
        branch = recorded(repo, skill, EDITS[:2])
        after = repo.read_skill(name, branch.tip).files[MANIFEST]
    assert branch.name.startswith("skillgit/")
    lines = after.split(b"\n")
    assert [line for line in lines if line.strip() not in {b"", b"After one.", b"After two."}] == [
        line for line in text.encode().split(b"\n") if line.strip()
    ]
    assert after.endswith(b"\n") == text.endswith("\n")
    assert (after.count(b"\r\n") == after.count(b"\n")) == ("\r\n" in text)


def test_files_come_and_go_with_their_links(made: Repository, repo: GitRepository) -> None:
    made.commit(
        {"skills/xlsx/old.md": "old\n", "skills/xlsx/SKILL.md": TEXT + "\nSee [old](old.md).\n"}
    )
    (made.path / "skills/xlsx/run.sh").write_text("#!/bin/sh\n")
    (made.path / "skills/xlsx/run.sh").chmod(0o755)
    made.git("add", "skills")
    made.git("commit", "--quiet", "-m", "script")
    skill = repo.read_skill("skills/xlsx", "HEAD")
    link = Insert(MANIFEST, 8, "\nSee [new](references/new.md).")
    edits = [
        edit(1, CreateFile(SkillPath("references/new.md"), "# New\n\ntext", link), (0, 1)),
        edit(2, DeleteFile(SkillPath("old.md"), (Replace(MANIFEST, LineRange(16, 16), ""),)), (2,)),
        edit(3, Replace(SkillPath("run.sh"), LineRange(1, 1), "#!/bin/bash"), (3,)),
    ]
    branch = recorded(repo, skill, edits)
    shown = made.git("diff", "--raw", "--no-abbrev", "main", branch.name).split("\n")
    assert [(line.split()[0], line.split()[1], line.split("\t")[1]) for line in shown] == [
        (":100644", "100644", "skills/xlsx/SKILL.md"),
        (":100644", "000000", "skills/xlsx/old.md"),
        (":000000", "100644", "skills/xlsx/references/new.md"),
        (":100755", "100755", "skills/xlsx/run.sh"),
    ]
    assert len(branch.lessons) == 3


def test_edits_that_touch_are_one_lesson(repo: GitRepository) -> None:
    skill = repo.read_skill("skills/xlsx", "HEAD")
    neighbour = insert(4, 9, "Between.", (0, 7, 8))
    branch = recorded(repo, skill, [*EDITS, neighbour])
    assert [one.id for one in branch.lessons[0].edits] == [EDITS[0].id, neighbour.id]
    [first, *_] = repo.commits(f"main..{branch.name}")
    assert first.message.startswith("xlsx: Mind the case 4\n")
    assert "This commit also says: Mind the case 1." in " ".join(first.message.split())
    assert "Skillgit-Support: 4/9 (2 fail, 2 pass)" in first.message


def test_a_branch_in_the_way_is_said(made: Repository, repo: GitRepository) -> None:
    made.git("branch", "skillgit")
    with pytest.raises(SkillgitError) as failure:
        recorded(repo, repo.read_skill("skills/xlsx", "HEAD"), EDITS)
    assert "prefix" in failure.value.hint


@pytest.mark.parametrize(
    ("prefix", "folder"),
    [
        ("skillgit", "xlsx"),
        ("/a//b/", "x y"),
        ("", "..."),
        ("-x", "@{u}"),
        ("a..b", "x.lock"),
        ("a/.lock", "x~^:?*[\\y"),
        ("@", "漢字"),
        (".hidden", "x."),
    ],
)
def test_branch_names_are_ones_that_git_accepts(prefix: str, folder: str) -> None:
    root = folder if folder not in {"...", "x.", "x~^:?*[\\y"} else "x"
    skill = Skill(f"skills/{root}", BASE_COMMIT, {MANIFEST: b""})
    name = branch_name(prefix, skill, ROUND)
    done = subprocess.run(
        ["git", "check-ref-format", "--branch", name], check=False, capture_output=True
    )
    assert done.returncode == 0, name
    assert name.endswith(f"/{ROUND}")


def test_a_skill_without_a_name_has_a_branch_all_the_same() -> None:
    for data in (b"", b"\xff", b"---\ntitle: x\n---\nname: body\n", b"name: '\x01'\n"):
        name = branch_name("skillgit", Skill("", BASE_COMMIT, {MANIFEST: data}), ROUND)
        assert name == f"skillgit/skill/{ROUND}"
