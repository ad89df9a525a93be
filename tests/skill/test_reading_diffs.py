"""Diffs of strangers: what Git writes is understood, and nothing of it is passed over."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repositories import Repository

from skillgit.skill.diff import FileDiff, read_diff

LINES = st.lists(
    st.sampled_from(
        ["a", "b", "", "-- x", "++ y", "@@ -1 +1 @@", "diff --git a/x b/x", "\\", "c\r"]
    ),
    max_size=12,
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))


def diff_of(repo: Repository, *options: str) -> str:
    repo.git("add", "--all")
    done = subprocess.run(
        ["git", "diff", "--cached", *options, "HEAD"],
        cwd=repo.path,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("options", [[], ["--binary"], ["-U0"], ["--full-index"]])
def test_all_that_git_writes(repository: Callable[..., Repository], options: list[str]) -> None:
    repo = repository(
        {
            "a.md": "one\n",
            "b b.md": "x\ny\n",
            "gone.md": "z\n",
            "café.md": "t\n",
            "bin.png": b"\0\1",
            'q"x.md': "1\n",
            "open.md": "a",
            "tab\tname.md": "t\n",
        }
    )
    (repo.path / "gone.md").unlink()
    (repo.path / "a.md").chmod(0o755)
    (repo.path / "link").symlink_to("a.md")
    repo.write(
        {
            "b b.md": "x\nz\n",
            "café.md": "u\n",
            "bin.png": b"\0\2",
            'q"x.md': "2\n",
            "open.md": "b",
            "tab\tname.md": "u\n",
            "new.md": "a\r\nb\u2028c\x0cd\n--- e\n\n",
            "empty.md": "",
        }
    )

    files = {each.path: each for each in read_diff(diff_of(repo, *options))}

    plain = "100644"
    assert files == {
        "a.md": FileDiff("a.md", "a.md", plain, "100755"),
        "b b.md": FileDiff("b b.md", "b b.md", plain, plain, ((2, "z\n"),), (2,), (2,)),
        "bin.png": FileDiff("bin.png", "bin.png", plain, plain, binary=True),
        "café.md": FileDiff("café.md", "café.md", plain, plain, ((1, "u\n"),), (1,), (1,)),
        "empty.md": FileDiff("", "empty.md", "", plain),
        "gone.md": FileDiff("gone.md", "", plain, "", removed=(1,)),
        "link": FileDiff("", "link", "", "120000", added=((1, "a.md\n"),), gaps=(0,)),
        "new.md": FileDiff(
            "",
            "new.md",
            "",
            plain,
            added=((1, "a\r\n"), (2, "b\u2028c\x0cd\n"), (3, "--- e\n"), (4, "\n")),
            gaps=(0, 0, 0, 0),
        ),
        "open.md": FileDiff("open.md", "open.md", plain, plain, ((1, "b\n"),), (1,), (1,)),
        'q"x.md': FileDiff('q"x.md', 'q"x.md', plain, plain, ((1, "2\n"),), (1,), (1,)),
        "tab\tname.md": FileDiff(
            "tab\tname.md", "tab\tname.md", plain, plain, ((1, "u\n"),), (1,), (1,)
        ),
    }


def git_diff(folder: Path, old: str, new: str, context: int) -> str:
    for name, text in (("old", old), ("new", new)):
        (folder / name).write_bytes(text.encode())
    done = subprocess.run(
        ["git", "diff", "--no-index", f"-U{context}", "old", "new"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.stdout.decode()


def pieces(text: str) -> list[str]:
    """The lines, whether or not the last one has an end."""
    *closed, rest = text.split("\n")
    return [*closed, rest] if rest else closed


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 3))
def test_any_diff_of_git_is_understood_and_gives_the_new_text(
    tmp_path_factory: pytest.TempPathFactory, old: str, new: str, context: int
) -> None:
    text = git_diff(tmp_path_factory.getbasetemp(), old, new, context)
    files = read_diff(text)

    lines = pieces(old)
    if old == new:
        assert files == ()
        return
    (file,) = files
    kept = [line for number, line in enumerate(lines, start=1) if number not in file.removed]
    for number, added in file.added:
        kept.insert(number - 1, added.removesuffix("\n"))
    assert kept == pieces(new)
    assert all(0 <= gap <= len(lines) for gap in file.gaps)


GOOD = "--- a/x.md\n+++ b/x.md\n@@ -1,3 +1,3 @@ Title\n a\n-b\n+c\n d\n"


@pytest.mark.parametrize(
    "text",
    [
        "words\n",
        f"{GOOD}words\n",
        f"{GOOD}+more\n",
        GOOD.replace("-1,3", "-1,2").replace("+1,3", "+1,2"),
        GOOD.replace("-1,3", "-1,9"),
        GOOD.replace(" a\n", "*a\n"),
        f"{GOOD}GIT binary patch\nliteral 1\nIc${{Mh}}\n",
        f"{GOOD}\0",
    ],
)
def test_what_is_not_understood_to_its_end_is_refused(text: str) -> None:
    assert len(read_diff(GOOD)) == 1
    with pytest.raises(ValueError, match=r"line \d+|not a unified diff"):
        read_diff(text)


def test_words_before_a_file_are_no_part_of_it() -> None:
    assert read_diff(f"commit 1\n\n    words\n\n{GOOD}") == read_diff(GOOD)


@given(st.text(alphabet="-+@ ab\n\t/\\", max_size=80))
def test_nothing_else_is_ever_raised(text: str) -> None:
    with contextlib.suppress(ValueError):
        read_diff(f"--- a/x\n+++ b/x\n{text}")


def test_an_empty_diff_has_no_files() -> None:
    assert read_diff("") == read_diff("\n") == ()
