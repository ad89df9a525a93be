from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import EDITS, SKILL, TEXT, insert, recorded, recorded_once, trajectory

from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.names import Oid, RoundId
from skillgit.provenance.canonical import json_bytes
from skillgit.review.verify import verify_range
from skillgit.types import Branch

Make = Callable[..., Repository]


class Scene:
    """A recorded round in a repository, with the branch checked out."""

    def __init__(self, made: Repository, branch: Branch) -> None:
        self.made, self.branch = made, branch

    def found(self, revisions: str = "main..review") -> list[str]:
        with GitRepository.open(self.made.path) as repo:
            return [finding.rule for finding in verify_range(repo, revisions)]

    def said(self, revisions: str = "main..review") -> str:
        with GitRepository.open(self.made.path) as repo:
            return "\n".join(f.message for f in verify_range(repo, revisions))

    def message(self) -> str:
        return self.made.git("log", "-1", "--format=%B")

    def amend(self, message: str = "", **files: str) -> None:
        """Change the last commit of the branch as a person would."""
        self.made.write(files)
        self.made.git("add", "--all")
        told = ("-F", str(self.made.path / ".git/told")) if message else ("--no-edit",)
        if message:
            (self.made.path / ".git/told").write_text(message)
        self.made.git("commit", "--quiet", "--amend", "--cleanup=verbatim", *told)

    def retell(self, old: str, new: str) -> None:
        """Change the message of the last commit."""
        text = self.message()
        assert old in text
        self.amend(text.replace(old, new))

    def forge(self, change: Callable[[dict[str, object]], object]) -> None:
        """Change the evidence of the last commit, its trailer, and the tree of the round."""
        lesson = self.branch.lessons[-1]
        with GitRepository.open(self.made.path) as repo:
            document = json.loads(repo.read_blob(lesson.evidence) or b"")
            change(document)
            blob = repo.write_blob(json_bytes(document))
        self.retell(lesson.evidence, blob)
        self.replace("lessons/003-mind-the-case-3.json", blob)

    def replace(self, name: str, blob: str | None) -> None:
        """Put another file into the tree of the round."""
        ref = self.branch.evidence_ref
        with GitRepository.open(self.made.path) as repo:
            from skillgit.ports import TreeChange  # noqa: PLC0415 - only here

            tree = repo.write_tree(
                repo.resolve(ref), [TreeChange(name, Oid(blob) if blob else None)]
            )
            commit = repo.write_commit(tree, [], "forged", repo.author(0))
            repo.move_ref(ref, commit, repo.read_ref(ref), "forged")

    def rewrite(self, name: str, change: Callable[[dict[str, object]], object]) -> None:
        """Change a document of the round."""
        with GitRepository.open(self.made.path) as repo:
            tree = repo.tree(repo.resolve(self.branch.evidence_ref))
            document = json.loads(repo.read_blob(tree[name]) or b"")
            change(document)
            blob = repo.write_blob(json_bytes(document))
        self.replace(name, blob)


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    keep = tmp_path_factory.mktemp("recorded")
    return Scene(*recorded_once(first, keep, tmp_path / "repo"))


# ------------------------------------------------------------------ what is clean


def test_a_branch_as_it_was_recorded_is_clean(scene: Scene) -> None:
    assert scene.found() == []
    assert scene.found(f"main..{scene.branch.name}") == []
    assert scene.found("review..main") == []


def test_lessons_may_be_dropped_reordered_reverted_and_picked(scene: Scene) -> None:
    first, second, third = (lesson.commit for lesson in scene.branch.lessons)
    scene.made.git("checkout", "--quiet", "-B", "review", "main")
    scene.made.git("cherry-pick", third, first)
    assert scene.found() == []
    scene.made.git("cherry-pick", "-x", second)
    scene.made.git("revert", "--no-edit", "HEAD~1")
    scene.made.git("cherry-pick", first)
    assert scene.found() == []


def test_lessons_may_be_rebased_merged_and_accompanied(scene: Scene) -> None:
    scene.made.git("checkout", "--quiet", "main")
    other = TEXT.replace("# Sheets", "# Spreadsheets")
    scene.made.commit({f"{SKILL}/SKILL.md": other}, "by hand")
    scene.made.commit({"README.md": "more\n"}, "by hand, Skillgit-like: no trailer")
    scene.made.git("checkout", "--quiet", "review")
    assert scene.found() == []
    scene.made.git("rebase", "--quiet", "main~1")
    scene.made.commit(
        {"docs/x.md": "x"}, "a person's commit\n\nSigned-off-by: P <p@example.invalid>"
    )
    assert scene.found() == []
    scene.made.git("checkout", "--quiet", "main")
    base = scene.made.git("rev-parse", "main")
    scene.made.git("merge", "--quiet", "--no-ff", "-m", "merge", "review")
    assert scene.found(f"{base}..main") == []


def test_a_skill_at_the_root_and_several_rounds_are_clean(repository: Make) -> None:
    made = repository({"SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        one = recorded(repo, repo.read_skill("", "HEAD"), EDITS[:2])
        made.git("merge", "--quiet", "--ff-only", one.name)
        later = [insert(7, 8, "\nLater.", (6, 8))]
        two = recorded(repo, repo.read_skill("", "HEAD"), later, RoundId("20261122T000000Z-000000"))
        assert verify_range(repo, f"{one.tip}~2..{two.tip}") == ()


def test_a_check_leaves_no_object_behind(scene: Scene) -> None:
    before = sorted((scene.made.path / ".git").rglob("*"))
    scene.found()
    assert sorted((scene.made.path / ".git").rglob("*")) == before


# ------------------------------------------------------------------ what is caught


def test_no_range_is_a_usage_error(scene: Scene) -> None:
    with pytest.raises(UsageError):
        scene.found("nowhere..review")


@pytest.mark.parametrize("key", ["Round", "Skill", "Base", "Patch", "Support", "Evidence"])
def test_sg301_a_trailer_that_is_gone(scene: Scene, key: str) -> None:
    scene.retell(f"Skillgit-{key}: ", f"Skillgot-{key}: ")
    assert scene.found() == ["SG301"]


def test_sg301_trailers_that_squashing_pushed_up(scene: Scene) -> None:
    scene.amend(scene.message().rstrip("\n") + "\n\nCo-authored-by: X <x@example.invalid>\n")
    assert "not in the last paragraph" in scene.said()


def test_sg301_a_lesson_as_a_merge(scene: Scene) -> None:
    text = scene.message()
    scene.made.git("checkout", "--quiet", "-b", "side", "main")
    scene.made.commit({"x": "y"})
    scene.made.git("merge", "--quiet", "--no-ff", "-m", text, "review")
    assert scene.found("review..side") == ["SG301"]


def test_sg302_evidence_that_was_not_fetched(scene: Scene, tmp_path: Path) -> None:
    scene.made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    with GitRepository.open(clone.path) as repo:
        findings = verify_range(repo, "origin/main..origin/review")
        assert {finding.rule for finding in findings} == {"SG302"}
        assert "git fetch origin 'refs/skillgit/*:refs/skillgit/*'" in findings[0].message
        clone.git("fetch", "--quiet", "origin", "refs/skillgit/*:refs/skillgit/*")
        assert verify_range(repo, "origin/main..origin/review") == ()


def test_sg302_evidence_that_is_none(scene: Scene) -> None:
    blob = scene.made.git("hash-object", "-w", f"{SKILL}/SKILL.md")
    scene.retell(scene.branch.lessons[-1].evidence, blob)
    assert scene.found() == ["SG302", "SG302"]


def test_sg302_evidence_that_the_round_does_not_list(scene: Scene) -> None:
    scene.replace("lessons/003-mind-the-case-3.json", None)
    assert scene.found() == ["SG302"]


@pytest.mark.parametrize("name", ["round.json", "trajectories.json"])
def test_sg302_a_round_without_its_documents(scene: Scene, name: str) -> None:
    scene.replace(name, None)
    assert set(scene.found()) == {"SG302"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1/9 (0 fail, 1 pass)", "2/9 (0 fail, 2 pass)"),
        ("1/9 (0 fail, 1 pass)", "1/9 (1 fail, 0 pass)"),
        ("1/9 (0 fail, 1 pass)", "1/9 (1 fail, 1 pass)"),
        ("1/9 (0 fail, 1 pass)", "1/99 (0 fail, 1 pass)"),
        ("1/9 (0 fail, 1 pass)", "1/0 (0 fail, 1 pass)"),
    ],
)
def test_sg303_support_that_does_not_add_up(scene: Scene, old: str, new: str) -> None:
    scene.retell(old, new)
    assert set(scene.found()) == {"SG303"}


def test_sg303_a_source_that_no_merge_leads_to(scene: Scene) -> None:
    more = trajectory(7)
    listed = {"trajectory": more.id, "digest": more.digest, "result": "pass"}

    def forge(document: dict[str, object]) -> None:
        document["support"] = "2/9 (0 fail, 2 pass)"
        document["sources"] += [listed]  # type: ignore[operator] # JSON
        document["edits"][0]["sources"] += [more.id]  # type: ignore[index] # JSON

    scene.forge(forge)
    scene.retell("1/9 (0 fail, 1 pass)", "2/9 (0 fail, 2 pass)")
    line = f"Skillgit-Trajectory: {trajectory(5).id} {trajectory(5).digest} pass"
    scene.retell(line, f"{line}\nSkillgit-Trajectory: {more.id} {more.digest} pass")
    assert scene.found() == ["SG303"]
    assert "its merges lead to 1" in scene.said()


@pytest.mark.parametrize("kind", ["twice", "edits", "analysed"])
def test_sg303_evidence_that_contradicts_itself(scene: Scene, kind: str) -> None:
    def forge(document: dict[str, object]) -> None:
        if kind == "twice":
            document["sources"] += document["sources"]  # type: ignore[operator] # JSON
            document["support"] = "2/9 (0 fail, 2 pass)"
        elif kind == "edits":
            document["edits"][0]["sources"] = [trajectory(7).id]  # type: ignore[index] # JSON
        else:
            document["analysed"], document["support"] = 10, "1/10 (0 fail, 1 pass)"

    scene.forge(forge)
    if kind == "analysed":
        scene.retell("1/9", "1/10")
    assert "SG303" in scene.found()


def test_sg304_and_sg308_a_lesson_edited_by_hand(scene: Scene) -> None:
    text = (scene.made.path / SKILL / "SKILL.md").read_text()
    scene.amend(**{f"{SKILL}/SKILL.md": text.replace("Vier.", "Vier!")})
    assert scene.found() == ["SG304", "SG308"]


def test_sg304_in_the_middle_of_a_branch(scene: Scene) -> None:
    scene.made.git("checkout", "--quiet", "-B", "review", scene.branch.lessons[1].commit)
    text = (scene.made.path / SKILL / "SKILL.md").read_text()
    scene.amend(**{f"{SKILL}/SKILL.md": text.replace("# Sheets", "# More")})
    scene.made.git("cherry-pick", scene.branch.lessons[2].commit)
    with GitRepository.open(scene.made.path) as repo:
        findings = verify_range(repo, "main..review")
    assert [finding.rule for finding in findings] == ["SG304", "SG308"]
    assert {finding.path for finding in findings} == {
        f"commit {scene.made.git('rev-parse', 'review~')[:12]}"
    }


def test_sg308_a_lesson_that_was_moved(scene: Scene) -> None:
    """The same lines at another place have the same digest: only the replay tells."""
    scene.made.git("checkout", "--quiet", "-B", "review", scene.branch.lessons[0].commit)
    scene.amend(**{f"{SKILL}/SKILL.md": TEXT.replace("One.\n", "One.\n\nAfter two.\n")})
    assert scene.found() == ["SG308"]


def test_sg304_a_mode_that_changed(scene: Scene) -> None:
    (scene.made.path / SKILL / "SKILL.md").chmod(0o755)
    scene.amend()
    assert {"SG304", "SG308"} <= set(scene.found())


def test_sg305_a_base_of_another_history(scene: Scene) -> None:
    scene.retell(
        f"Skillgit-Base: {scene.made.git('rev-parse', 'main')}", f"Skillgit-Base: {'1' * 40}"
    )
    assert scene.found() == ["SG305", "SG309"]


def test_sg306_something_else_that_changed(scene: Scene) -> None:
    scene.amend(**{".github/workflows/ci.yml": "on: push\n", f"{SKILL}-more/x.md": "x\n"})
    assert set(scene.found()) == {"SG304", "SG306", "SG308"}
    assert scene.said().count("outside skills/xlsx") == 2


def test_sg307_lessons_that_share_lines(scene: Scene) -> None:
    """Two lessons that each prove themselves, but cannot both be kept apart."""
    close = RoundId("20261121T231905Z-000000")
    with GitRepository.open(scene.made.path) as repo:
        skill = repo.read_skill(SKILL, "main")
        one = recorded(repo, skill, [insert(1, 8, "\nOne more.", (0,))], close)
        ref = repo.read_ref(one.evidence_ref)
        repo.run("update-ref", "-d", one.evidence_ref)
        repo.run("update-ref", "-d", f"refs/heads/{one.name}")
        two = recorded(repo, skill, [insert(2, 8, "\nAnd more.", (1,))], close)
        scene.made.git("update-ref", "refs/skillgit/kept", str(ref))
        scene.made.git("checkout", "--quiet", "-B", "review", one.tip)
        scene.made.git("cherry-pick", "-X", "theirs", two.tip)
    assert "SG307" in scene.found()


def test_sg308_other_edits_in_the_evidence(scene: Scene) -> None:
    def forge(document: dict[str, object]) -> None:
        document["edits"][0]["change"]["text"] = "Fünf."  # type: ignore[index] # JSON

    scene.forge(forge)
    assert scene.found() == ["SG308"]


def test_sg308_edits_that_do_not_fit(scene: Scene) -> None:
    def forge(document: dict[str, object]) -> None:
        document["edits"][0]["change"]["lines"] = [99, 99]  # type: ignore[index] # JSON

    scene.forge(forge)
    assert scene.found() == ["SG308", "SG201"]
    assert "do not fit the base" in scene.said()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"Skillgit-Trajectory: {trajectory(5).id}", f"Skillgit-Trajectory: {trajectory(4).id}"),
        (f"{trajectory(5).digest} pass", f"{trajectory(5).digest} fail"),
        (trajectory(5).digest, trajectory(5).digest[:-1] + "1"),
    ],
)
def test_sg309_trajectories_that_are_others(scene: Scene, old: str, new: str) -> None:
    scene.retell(old, new)
    assert set(scene.found()) == {"SG309"}


@pytest.mark.parametrize("name", ["round", "skill", "base", "patch"])
def test_sg309_evidence_of_another_commit(scene: Scene, name: str) -> None:
    other = {
        "round": "20261121T231905Z-000000",
        "skill": "skills/docx",
        "base": "1" * 40,
        "patch": f"sha256:{'1' * 64}",
    }
    scene.forge(lambda document: document.update({name: other[name]}))
    assert set(scene.found()) == {"SG309"}


def test_sg309_a_list_of_trajectories_that_tells_otherwise(scene: Scene) -> None:
    def forge(document: dict[str, object]) -> None:
        document["trajectories"][5]["outcome"]["result"] = "fail"  # type: ignore[index] # JSON

    scene.rewrite("trajectories.json", forge)
    assert scene.found() == ["SG309"]


def test_a_round_that_belongs_to_another_skill(scene: Scene) -> None:
    scene.retell("Skillgit-Skill: skills/xlsx", "Skillgit-Skill: skills/other")
    assert {"SG306", "SG308", "SG309"} <= set(scene.found())


# ------------------------------------------------------------------ the tree at the end


def test_the_skill_at_the_end_must_pass_its_rules(scene: Scene) -> None:
    scene.made.commit({f"{SKILL}/SKILL.md": TEXT.replace("name: xlsx", "name: Other")}, "by hand")
    with GitRepository.open(scene.made.path) as repo:
        findings = verify_range(repo, "main..review")
    assert {finding.path for finding in findings} == {f"{SKILL}/SKILL.md"}
    assert all(finding.rule.startswith("SG0") for finding in findings)


def test_a_skill_that_a_person_removed_is_no_matter(scene: Scene) -> None:
    scene.made.git("rm", "-r", "--quiet", SKILL)
    scene.made.git("commit", "--quiet", "-m", "gone")
    assert scene.found() == []


def test_a_skill_without_its_manifest_is(scene: Scene) -> None:
    scene.made.git("mv", f"{SKILL}/SKILL.md", f"{SKILL}/a\\b.md")
    scene.made.commit({f"{SKILL}/c.md": "x\n"}, "moved")
    assert "SG001" in scene.found()


def test_what_was_wrong_in_the_base_is_not_the_lessons_fault(repository: Make) -> None:
    broken = TEXT.replace("name: xlsx", "name: Other")
    made = repository({f"{SKILL}/SKILL.md": broken})
    with GitRepository.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS)
        assert verify_range(repo, f"main..{branch.name}") == ()


def test_an_edit_that_no_round_would_commit_is_caught_by_its_rule(repository: Make) -> None:
    made = repository({f"{SKILL}/SKILL.md": TEXT, f"{SKILL}/scripts/run.md": "a\nb\n"})
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        branch = recorded(repo, skill, [insert(1, 1, "more", (0, 1), "scripts/run.md")])
        [finding] = verify_range(repo, f"main..{branch.name}")
    assert finding.rule == "SG205"
    assert "scripts/run.md is protected" in finding.message
