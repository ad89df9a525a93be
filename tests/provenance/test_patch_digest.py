from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.provenance.patch_digest import _smallest_rotation, canonical_patch, patch_digest

LINES = st.lists(
    st.sampled_from(("", "a", "-- b", "++ c", "\\ d", "@@ e", "diff --git x", " f", "\r")),
    max_size=9,
)


def diff(folder: Path, old: bytes, new: bytes, context: int = 3) -> bytes:
    (folder / "old").write_bytes(old)
    (folder / "new").write_bytes(new)
    options = (
        "--no-index",
        "--no-ext-diff",
        "--text",
        "--full-index",
        f"-U{context}",
        "--no-color",
    )
    done = subprocess.run(
        ["git", "diff", *options, "old", "new"], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digests")


def test_what_stays_of_a_diff() -> None:
    given_diff = (
        b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"
        b"index 111111111111111111111111111..222222222222222222222222222 100644\n"
        b"--- a/x\n+++ b/x\n"
        b"@@ -3,6 +3,8 @@ func\n one\n-two\n+deux\n three\n+--- a/x\n+@@ -1 +1 @@\n four\n five\n"
        b" six\n"
        b"@@ -20 +21 @@\n--- nine\n\\ No newline at end of file\n+ten\n"
    )
    assert canonical_patch(given_diff) == (
        b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n--- a/x\n+++ b/x\n"
        b"@@\n-two\n+deux\n@@\n+--- a/x\n+@@ -1 +1 @@\n"
        b"@@\n--- nine\n\\ No newline at end of file\n+ten\n"
    )


def test_no_change_has_a_digest_too() -> None:
    assert canonical_patch(b"") == b""
    assert patch_digest(b"").startswith("sha256:e3b0c442")


@settings(max_examples=60, deadline=None)
@given(old=LINES, new=LINES, closed=st.booleans())
def test_context_does_not_matter(
    folder: Path, old: list[str], new: list[str], *, closed: bool
) -> None:
    end = "\n" if closed else ""
    before, after = ("\n".join(lines).encode() + end.encode() for lines in (old, new))
    found = {canonical_patch(diff(folder, before, after, context)) for context in (0, 1, 3, 9)}
    assert len(found) == 1


@settings(max_examples=40, deadline=None)
@given(new=LINES.filter(bool), above=st.integers(0, 5), below=st.integers(0, 5))
def test_neither_place_nor_sliding_matters(
    folder: Path, new: list[str], above: int, below: int
) -> None:
    def patch(top: list[str], bottom: list[str]) -> bytes:
        old = "".join(f"{line}\n" for line in [*top, *bottom]).encode()
        after = "".join(f"{line}\n" for line in [*top, *new, *bottom]).encode()
        return canonical_patch(diff(folder, old, after))

    plain = patch(["top"], ["bottom"])
    moved = patch([f"line {n}" for n in range(above)] + ["top"], ["bottom"] + ["x"] * below)
    slid = patch(["top", *new], [*new, "bottom"])
    assert plain == moved == slid


def test_another_text_has_another_digest(folder: Path) -> None:
    one = patch_digest(diff(folder, b"a\nb\n", b"a\nnew\nb\n"))
    assert one != patch_digest(diff(folder, b"a\nb\n", b"a\nnew \nb\n"))
    assert one != patch_digest(diff(folder, b"a\nb\n", b"new\nb\n"))


def test_rotations_are_the_smallest() -> None:
    for size in range(1, 8):
        for letters in itertools.product(b"abc", repeat=size):
            lines = [bytes([letter]) for letter in letters]
            rotations = [lines[n:] + lines[:n] for n in range(size)]
            assert _smallest_rotation(lines) == min(rotations)
