"""What Git says when it refuses comes with what to do."""

from __future__ import annotations

import pytest

from skillgit.adapters.git_failures import advice, said

LOCKED = (
    "fatal: cannot lock ref 'refs/heads/b': Unable to create '/r/.git/refs/heads/b.lock': "
    "File exists.\n\n"
    "Another git process seems to be running in this repository, e.g.\n"
    "an editor opened by 'git commit'.\n"
)


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (LOCKED, "delete /r/.git/refs/heads/b.lock"),
        ("error: file write error: No space left on device\nfatal: no", "make room on the disk"),
        ("fatal: couldn't write '/r/.git/refs/x.lock'", "whether the disk is full"),
        ("error: insufficient permission for adding an object", "may write to the repository"),
        ("fatal: 'refs/heads/a' exists; cannot create 'refs/heads/a/b'", "rename the branch"),
        ("fatal: bad object", "git fsck"),
    ],
)
def test_advice(stderr: str, words: str) -> None:
    assert words in advice(stderr)


def test_what_git_says_is_one_line() -> None:
    assert said(LOCKED, 128).startswith("cannot lock ref 'refs/heads/b': Unable to create")
    assert "Another git process" not in said(LOCKED, 128)
    assert said("error: one\nfatal: two\n", 128) == "one; two"
    assert said("", 141) == "exit status 141"
