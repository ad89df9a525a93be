"""How long `skillgit check` takes, from process start to exit.

Run it by hand: python tests/benchmarks/check_speed.py. It prints figures and judges nothing, since
a machine that does something else would fail any limit. The aim is 0.3 s for one staged skill and
2 s for 1,000 skills.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECTION = """## Step {n}

Read the sheet before you write to it, and keep the formulas that are there. Formats of cells that
you do not touch stay as they are; see [the reference](references/more.md) for `number_format`.

- Open the workbook once, and with `data_only=False`.
- Write values as numbers, dates as dates, and text as text.

```python
sheet["B{n}"].value = "=SUM(A1:A{n})"
```

"""


def make_skill(folder: Path, sections: int) -> None:
    """A skill of the usual kind: a SKILL.md, a reference and a script."""
    (folder / "references").mkdir(parents=True)
    (folder / "scripts").mkdir()
    head = f"---\nname: {folder.name}\ndescription: Edits workbooks. Use for {folder.name}.\n---\n"
    # No two are alike, so that nothing is parsed once for all.
    body = "".join(SECTION.format(n=f"{number} of {folder.name}") for number in range(sections))
    (folder / "SKILL.md").write_text(f"{head}# {folder.name}\n\n{body}", encoding="utf-8")
    more = f"# More of {folder.name}\n\n{SECTION.format(n=folder.name)}"
    (folder / "references" / "more.md").write_text(more, encoding="utf-8")
    (folder / "scripts" / "run.py").write_text("print('run')\n", encoding="utf-8")


def measured(top: Path, *args: str, times: int) -> str:
    """The shortest and the middle of the wall-clock times of a command, and its processor time."""
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    walls, works = [], []
    for _ in range(times):
        began, used = time.perf_counter(), _children()
        done = subprocess.run(
            [sys.executable, "-m", "skillgit", "check", *args],
            cwd=top,
            env=environment,
            capture_output=True,
            check=False,
        )
        walls.append(time.perf_counter() - began)
        works.append(_children() - used)
        if done.returncode:
            raise SystemExit(done.stderr.decode() + done.stdout.decode())
    return f"{min(walls):.2f} s, median {statistics.median(walls):.2f} s, cpu {min(works):.2f} s"


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def tell(*words: str) -> None:
    """One line."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Make the repositories and print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skills", type=int, default=1_000)
    parser.add_argument("--sections", type=int, default=8, help="of each SKILL.md, 12 lines each")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        subprocess.run(["git", "init", "--quiet"], cwd=top, check=True)
        for number in range(given.skills):
            make_skill(top / "skills" / f"skill-{number}", given.sections)
        tell(f"check, {given.skills} skills:  ", measured(top, times=given.times))
        subprocess.run(["git", "add", "."], cwd=top, check=True)
        tell(f"--staged, {given.skills} skills:", measured(top, "--staged", times=given.times))
        commit = ["-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "-m", "x"]
        subprocess.run(["git", *commit], cwd=top, check=True)
        with (top / "skills" / "skill-0" / "SKILL.md").open("a", encoding="utf-8") as file:
            file.write("One more line.\n")
        subprocess.run(["git", "add", "."], cwd=top, check=True)
        tell("--staged, one of them:", measured(top, "--staged", times=given.times))


if __name__ == "__main__":
    main()
