"""Run the code of an agent: in a bubblewrap sandbox without network, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SECONDS = 30
LIMITS = 'ulimit -t 20 && ulimit -v 2000000 && ulimit -f 20000 && ulimit -n 128 && exec "$@"'
SHOWN = 1500


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where the code of one task runs: `work` is seen as /task, `skill` as /skills/<its name>."""

    work: Path
    skill: Path
    bubblewrap: str | None

    def run(self, code: str) -> str:
        """What the code prints, shortened; the exit status or the timeout in its last line."""
        script = self.work.parent / "turn.py"
        script.write_text(code)
        command = self._bubblewrap(script) if self.bubblewrap else [sys.executable, str(script)]
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", LIMITS, "sh", *command],
                cwd=self.work,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"(stopped after {SECONDS} seconds)"
        text = _neutral(done.stdout.decode(errors="replace"), self.work.parent)
        return f"{_short(text)}\n(exit status {done.returncode})".strip()

    def _bubblewrap(self, script: Path) -> list[str]:
        home = Path(sys.base_prefix)
        command = [str(self.bubblewrap), "--unshare-all", "--die-with-parent", "--new-session"]
        command += ["--clearenv", "--setenv", "LANG", "C.UTF-8", "--setenv", "PATH", os.defpath]
        command += ["--setenv", "PYTHONPATH", "/site", "--setenv", "PYTHONDONTWRITEBYTECODE", "1"]
        command += ["--setenv", "LD_LIBRARY_PATH", "/python/lib"]
        command += ["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"]
        command += ["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"]
        command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - inside
        command += ["--ro-bind", str(home), "/python"]
        for package in ("openpyxl", "et_xmlfile"):
            command += ["--ro-bind", str(_folder(package)), f"/site/{package}"]
        command += ["--ro-bind", str(self.skill), f"/skills/{self.skill.name}"]
        command += ["--ro-bind", str(script), "/turn.py", "--bind", str(self.work), "/task"]
        command += ["--chdir", "/task"]
        python = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
        return [*command, "--", f"/python/bin/{python.name}", "/turn.py"]


def find_bubblewrap() -> str | None:
    """Bubblewrap, if it is installed and may make namespaces here."""
    found = shutil.which("bwrap")
    probe = [str(found), "--unshare-all", "--ro-bind", "/", "/", "/bin/true"]
    if found and not subprocess.run(probe, check=False, capture_output=True).returncode:
        return found
    return None


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the package {package} is missing: pip install openpyxl")
    return Path(spec.origin).parent


def _neutral(text: str, folder: Path) -> str:
    return text.replace(str(folder / "work"), "/task").replace(str(folder), "")


def _short(text: str) -> str:
    text = text.strip()
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]}\n[{len(text) - SHOWN} characters left out]\n{text[-half:]}"
