"""The repository of an experiment, with real Git, and what is kept of its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillgit.adapters.collection import open_collection, put_skill
from skillgit.adapters.kept_steps import KeptSteps
from skillgit.errors import SurroundingsError, UsageError
from skillgit.experiments.outcomes import Runs, Scored, Taught
from skillgit.names import Digest

DIGEST = Digest(f"sha256:{'0' * 64}")


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    folder = tmp_path / "given" / "sums"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("# Sums\n")
    (folder / "scripts" / "add.py").write_bytes(b"\x00\xff")
    (folder / "scripts" / "add.py").chmod(0o755)
    (folder / "link").symlink_to("SKILL.md")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
    return folder


def test_a_skill_is_kept_byte_for_byte_and_the_same_skill_is_the_same_commit(
    tmp_path: Path, skill: Path
) -> None:
    with open_collection(tmp_path / "skills.git") as repository:
        root, commit = put_skill(repository, "human", skill)
        assert put_skill(repository, "human", skill) == (root, commit)
        kept = repository.read_skill(root, commit)
        assert {str(path): data for path, data in kept.files.items()} == {
            "SKILL.md": b"# Sums\n",
            "scripts/add.py": b"\x00\xff",
            "link": b"SKILL.md",
        }
        assert sorted(kept.modes.values()) == ["100755", "120000"]
        (skill / "SKILL.md").write_text("# Sums, better\n")
        changed = put_skill(repository, "human", skill)[1]
        assert changed != commit
        assert repository.read_ref("refs/heads/given/human") == changed
    with open_collection(tmp_path / "elsewhere.git") as other:
        assert put_skill(other, "human", skill)[1] == changed, "wherever it is made"


def test_what_is_no_skill_is_told(tmp_path: Path, skill: Path) -> None:
    with open_collection(tmp_path / "skills.git") as repository:
        with pytest.raises(UsageError, match="no such folder"):
            put_skill(repository, "human", tmp_path / "nothing")
        (skill / "SKILL.md").unlink()
        with pytest.raises(UsageError, match=r"has no SKILL\.md"):
            put_skill(repository, "human", skill)


def test_steps_are_found_again_and_damaged_ones_are_not(tmp_path: Path) -> None:
    kept = KeptSteps(tmp_path / "steps")
    runs = Runs((Scored("a", DIGEST, 41, passed=True, score=1.0),), "tiny")
    assert kept.find("ab" * 20, Runs) is None
    kept.keep("ab" * 20, "a step", runs)
    assert kept.find("ab" * 20, Runs) == runs
    assert kept.find("ab" * 20, Taught) is None, "another kind of step"
    (place,) = (tmp_path / "steps").rglob("*.json")
    place.write_bytes(place.read_bytes()[:-9])
    assert kept.find("ab" * 20, Runs) is None
    place.write_text('{"schema": "other/1"}')
    assert kept.find("ab" * 20, Runs) is None


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "steps").write_text("in the way")
    with pytest.raises(SurroundingsError, match="writing what came of a step"):
        KeptSteps(tmp_path / "steps").keep("ab" * 20, "a step", Runs((), "tiny"))
