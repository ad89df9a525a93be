"""The digest of a skill is Harbor's."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.skill.digest import skill_digest

NAMES = st.lists(
    st.text("ab-. ü/", min_size=1, max_size=8).filter(
        lambda name: all(part.strip(". ") for part in name.split("/"))
    ),
    max_size=5,
)


def as_harbor_does(folder: Path) -> str:
    """Restated from what harbor 0.24 does with a folder on disk."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for part in (
            path.relative_to(folder).as_posix(),
            hashlib.sha256(path.read_bytes()).hexdigest(),
        ):
            total.update(part.encode() + b"\0")
    return f"sha256:{total.hexdigest()}"


@given(NAMES)
def test_it_is_what_harbor_computes_of_the_folder(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("skill")
    files: dict[str, bytes] = {}
    for name in names:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode() * 3)
        except OSError:  # one name is a folder of another
            continue
        files[name] = name.encode() * 3
    assert skill_digest(files) == as_harbor_does(folder)


def test_a_digest_that_harbor_itself_computed() -> None:
    """`harbor.skills.compute_skill_digest` (0.24.0) of a folder with exactly these files."""
    files = {
        "SKILL.md": b"---\nname: xlsx\n---\n",
        "a/x.md": b"one\n",
        "a-b/x.md": b"two\n",
        "scripts/ü b.py": b"",
    }
    assert (
        skill_digest(files)
        == "sha256:1663285f80773af111f9462c9578c92100efd668a78404f8a42c09187d2e5806"
    )


def test_names_and_contents_count_and_their_order_does_not() -> None:
    assert skill_digest({"a": b"1", "b": b"2"}) == skill_digest({"b": b"2", "a": b"1"})
    different = [{"a": b"1"}, {"b": b"1"}, {"a": b"2"}, {"a": b"1", "b": b""}, {}]
    assert len({skill_digest(files) for files in different}) == len(different)
