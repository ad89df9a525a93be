"""Real repositories for tests; the fixture `repository` makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, str | bytes]


@dataclass(frozen=True, slots=True)
class Repository:
    """A real repository in a temporary folder."""

    path: Path

    def git(self, *args: str) -> str:
        """Run git in it; its stdout without the last newline. Any failure fails the test."""
        done = subprocess.run(
            ["git", *args], cwd=self.path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout.removesuffix("\n")

    def write(self, files: Files) -> None:
        """Write files into the work tree."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Files, message: str = "files") -> str:
        """Commit files as they are, byte for byte; the commit id."""
        self.write(files)
        self.git("add", "--force", "--", *files)
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")
