from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once, trajectory

from skillgit.adapters.git import GitRepository
from skillgit.ports import TreeChange
from skillgit.review.dropping import drop
from skillgit.review.lessons import find_lesson
from skillgit.review.refusals import REFUSALS
from skillgit.review.vault import Fault, Inspection, inspect
from skillgit.types import Branch

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
FIRST = "lessons/001-mind-the-case-2.json"
STRANGER = "t-0123456789ab"


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def inspected(made: Repository) -> Inspection:
    with GitRepository.open(made.path) as repo:
        return inspect(repo)


def rewrite(made: Repository, ref: str, changes: list[tuple[str, bytes | None]]) -> None:
    """Another commit for a ref, with some documents changed."""
    with GitRepository.open(made.path) as repo:
        tip = repo.refs(ref)[ref]
        files = [
            TreeChange(name, None if data is None else repo.write_blob(data))
            for name, data in changes
        ]
        commit = repo.write_commit(repo.write_tree(tip, files), [], "x\n", repo.author(0))
    made.git("update-ref", ref, commit)


def document(made: Repository, branch: Branch, name: str) -> bytes:
    with GitRepository.open(made.path) as repo:
        tip = repo.refs(branch.evidence_ref)[branch.evidence_ref]
        return repo.read_blob(repo.tree(tip)[name]) or b""


def test_a_round_as_it_was_recorded_is_true(scene: Scene) -> None:
    found = inspected(scene[0])
    assert (found.rounds, found.faults, found.unbased) == (1, (), 0)
    assert found.documents == 3 + 3 + 9


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (FIRST, "After two.", "After 2.", "do not give the change that it names"),
        (FIRST, "\n}", "\n} ", "not the canonical ones"),
        (FIRST, '"analysed": 9', '"analysed": "9"', "not a int"),
        (FIRST, '"analysed": 9', '"analysed": 8', "claims a support"),
        (FIRST, "sha256:000000000002", "sha256:000000000009", "is not so in trajectories.json"),
        (FIRST, f'"skill": "{SKILL}"', '"skill": "elsewhere"', "its skill is not the round's"),
        (FIRST, f'"round": "{ROUND}"', f'"round": "{ROUND[:-1]}0"', "its round is not the"),
        (FIRST, f'   "{trajectory(4).id}.1"', f'   "{STRANGER}.1"', "other sources than the edits"),
        (FIRST, '"title": "Mind the case 2"', '"title": "Mind it"', "it is the document lessons/"),
        ("trajectories.json", "000000000003000", "000000000004000", "not the beginning of its"),
        ("trajectories.json", trajectory(3).id, STRANGER, "is not in trajectories.json"),
        ("round.json", f'"round": "{ROUND}"', f'"round": "{ROUND[:-1]}0"', "it tells of round"),
        ("round.json", f'  "{trajectory(8).id}"', f'  "{trajectory(7).id}"', "was not analysed"),
        ("round.json", FIRST, "lessons/001-other.json", "is listed, or there, and not both"),
        (f"patches/{trajectory(1).id}.json", trajectory(1).id, STRANGER, "it is the document"),
    ],
)
def test_a_document_that_was_changed_is_found(
    scene: Scene, name: str, old: str, new: str, said: str
) -> None:
    made, branch = scene
    before = document(made, branch, name)
    after = before.replace(old.encode(), new.encode())
    assert after != before
    rewrite(made, branch.evidence_ref, [(name, after)])
    faults = inspected(made).faults
    assert any(said in fault.what for fault in faults), faults
    assert {fault.ref for fault in faults} == {branch.evidence_ref}


def test_files_that_are_missing_or_too_many_are_found(scene: Scene) -> None:
    made, branch = scene
    changes = [("withheld.json", None), ("notes.txt", b"hi"), ("lessons/x.json", b"[" * 99_999)]
    rewrite(made, branch.evidence_ref, changes)
    faults = {fault.document: fault.what for fault in inspected(made).faults}
    assert faults["withheld.json"] == "it is missing"
    assert faults["notes.txt"] == "no document has this name"
    assert "lessons/x.json" in faults


def test_bytes_that_are_not_those_of_their_id_are_found(scene: Scene) -> None:
    """Git itself does not look: it hashes what it writes, not what it reads."""
    made, branch = scene
    blob = branch.lessons[0].evidence
    place = made.path / ".git/objects" / blob[:2] / blob[2:]
    data = zlib.decompress(place.read_bytes()).replace(b"After two.", b"After TWO.")
    place.chmod(0o644)
    place.write_bytes(zlib.compress(data))
    faults = inspected(made).faults
    assert Fault(
        branch.evidence_ref, FIRST, f"its blob {blob[:12]} has not the bytes of its id"
    ) in (faults)


def test_objects_that_are_missing_are_found(scene: Scene) -> None:
    made, branch = scene
    blob = branch.lessons[0].evidence
    (made.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    faults = inspected(made).faults
    assert Fault(branch.evidence_ref, FIRST, f"its blob {blob[:12]} is missing") in faults


def test_a_link_is_no_document(scene: Scene) -> None:
    made, branch = scene
    with GitRepository.open(made.path) as repo:
        tip = repo.refs(branch.evidence_ref)[branch.evidence_ref]
        link = TreeChange("withheld.json", repo.write_blob(b"/etc/passwd"), "120000")
        tree = repo.write_tree(tip, [link])
        commit = repo.write_commit(tree, [], "x\n", repo.author(0))
    made.git("update-ref", branch.evidence_ref, commit)
    faults = {fault.document: fault.what for fault in inspected(made).faults}
    assert faults["withheld.json"] in {"it is no plain file", "it is missing"}


def test_a_base_that_is_not_here_is_counted(scene: Scene, tmp_path: Path) -> None:
    made, branch = scene
    bare = Repository(tmp_path / "bare.git")
    made.git("init", "--quiet", "--bare", str(bare.path))
    made.git("push", "--quiet", str(bare.path), f"{branch.evidence_ref}:{branch.evidence_ref}")
    found = inspected(bare)
    assert (found.faults, found.unbased) == ((), 3)


def test_refusals_are_verified_too(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "main")
    with GitRepository.open(made.path) as repo:
        drop(repo, [find_lesson(repo, "latest/2")], "no", repo.author(1))
    assert inspected(made).faults == ()
    rewrite(made, REFUSALS, [(f"{'0' * 64}.json", b'{"schema": "skillgit.refusal/1"}\n')])
    assert {fault.ref for fault in inspected(made).faults} == {REFUSALS}
    assert branch.lessons


def test_refs_that_nobody_knows_are_said(scene: Scene) -> None:
    made, _ = scene
    made.git("update-ref", "refs/skillgit/rounds/nonsense", "HEAD")
    assert inspected(made).faults == (
        Fault("refs/skillgit/rounds/nonsense", "", "nothing of this name is known"),
    )


def test_no_evidence_is_no_fault(repository: Make) -> None:
    assert inspected(repository({"a": "b"})) == Inspection(0, 0, ())
