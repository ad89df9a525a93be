"""Which version of a skill was it? A digest of its files, the same one that Harbor computes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from skillgit.names import Digest, SkillPath


def skill_digest(files: Mapping[SkillPath, bytes] | Mapping[str, bytes]) -> Digest:
    """SHA-256 over the sorted files of `path NUL sha256-in-hex NUL`; modes and places do not count.

    Harbor records it for each skill of a trial (`skills[].digest` in its `lock.json`), so a run
    of ours and one of Harbor's with the same files name the same skill. A symbolic link counts as
    the text that it holds.
    """
    total = hashlib.sha256()
    # Harbor sorts `Path` values, which compare folder by folder: a/x comes before a-b/x.
    for path, data in sorted(files.items(), key=lambda item: item[0].split("/")):
        content = hashlib.sha256(data).hexdigest()
        total.update(path.encode("utf-8", "surrogateescape") + b"\0" + content.encode() + b"\0")
    return Digest(f"sha256:{total.hexdigest()}")
