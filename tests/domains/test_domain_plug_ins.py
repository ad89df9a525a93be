"""Domains of other packages, and that the page about them tells what is so."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillgit.domains.loading import load_tasks
from skillgit.domains.plug_ins import GROUP, plug_ins
from skillgit.domains.registry import DOMAINS
from skillgit.domains.text import Text
from skillgit.errors import UsageError

PAGE = (Path(__file__).parents[2] / ".github" / "DOMAINS.md").read_text(encoding="utf-8")
SETTINGS = 'schema = "skillgit.tasks/1"\ndomain = "days"\n[[task]]\nid = "t"\nquery = "When?"\n'


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    modules = set(sys.modules)
    plug_ins.cache_clear()
    yield
    monkeypatch.undo()
    plug_ins.cache_clear()
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def install(folder: Path, entries: str, **modules: str) -> None:
    """A package as pip leaves it: modules, and their entry points in the metadata."""
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    info = folder / "foreign_domains-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-domains\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """The example of the page as an installed package; its questions lie in questions/."""
    (listed,) = re.findall(r'^days = "(.*)"$', blocks("toml")[0], re.MULTILINE)
    place = tmp_path / "site"
    place.mkdir()
    module, tests = blocks("python")
    install(place, f"[{GROUP}]\ndays = {listed}\n", days_domain=module, days_tests=tests)
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions/days.csv").write_text(blocks("text")[0])
    return place


def skillgit(site: Path, *args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "skillgit", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        cwd=site.parent,
        env={**os.environ, "PYTHONPATH": str(site)},
    )


def measured(site: Path, tasks: str) -> dict[str, Any]:
    done = skillgit(site, "eval", "--agent", "gold", "--tasks", tasks, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# ------------------------------------------------------------------ the example of the page


def test_the_example_is_a_domain_like_any_other(days: Path) -> None:
    told = measured(days, "questions")

    assert told["tasks"]["count"] == 2
    assert told["result"]["success"]["estimate"] == told["result"]["ceiling"]["hard"] == 1
    assert told["result"]["floor"]["hard"] == 0


def test_a_manifest_may_name_it(days: Path) -> None:
    (days.parent / "tasks.toml").write_text(f'{SETTINGS}expected = "May 1, 2001"\n')
    assert measured(days, ".")["result"]["success"]["estimate"] == 1

    (days.parent / "tasks.toml").write_text(f'{SETTINGS}expected = "soon"\n')
    done = skillgit(days, "eval", "--agent", "gold", "--tasks", ".")
    assert (done.returncode, "'expected' is no day" in done.stderr) == (2, True)
    assert "hint: as in 1969-07-21" in done.stderr


def test_its_own_tests_pass(days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(days)
    tests = importlib.import_module("days_tests")
    found = [name for name in vars(tests) if name.startswith("test_")]

    for name in found:
        place = tmp_path / name
        place.mkdir()
        getattr(tests, name)(place)

    assert len(found) == 4


def test_a_set_that_it_knows_by_sight_is_loaded(
    days: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(days)
    (plug_in,) = plug_ins().found
    questions = days.parent / "questions"

    assert [task.id for task in load_tasks(questions).tasks] == ["moon", "wall"]
    assert plug_in.domain.literals(load_tasks(questions).tasks[0].cases[0], ()) == {
        "1969-07-21",
        "21 July 1969",
        "July 21, 1969",
    }
    with pytest.raises(UsageError, match=r"no dataset.json, .* and no days.csv"):
        load_tasks(days.parent)


# ------------------------------------------------------------------ those that are broken


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("x = nowhere:X", "", "x cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"),
        ("x = bad:X", "1 / 0", "x cannot be loaded: ZeroDivisionError: division by zero"),
        ("x = bad:X", "raise SystemExit(3)", "x cannot be loaded: SystemExit: 3"),
        ("x = bad:X", "X = 7", "x: bad:X is no PlugIn, but a int"),
    ],
)
def test_a_broken_one_is_told_where_tasks_cannot_be_read(
    entry: str, code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", f"[{GROUP}]\n{entry}\n")
    (tmp_path / "site/bad.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path / "site")

    with pytest.raises(UsageError) as told:
        load_tasks(tmp_path)
    assert words in told.value.message
    (tmp_path / "tasks.toml").write_text(SETTINGS)
    with pytest.raises(UsageError, match="unknown domain 'days'; the domain x") as told:
        load_tasks(tmp_path)
    (tmp_path / "tasks.toml").write_text(SETTINGS.replace("days", "text") + 'expected = "1"\n')
    assert len(load_tasks(tmp_path).tasks) == 1


def test_nobody_else_grades_what_is_ours(tmp_path: Path) -> None:
    code = """
from skillgit.domains.plug_ins import PlugIn
from skillgit.domains.text import Text

class Mine(Text):
    pass

X = PlugIn(Mine())
"""
    install(tmp_path, f"[{GROUP}]\nx = bad:X\n", bad=code)
    program = (
        "from skillgit.domains.plug_ins import plug_ins; print(len(plug_ins().found));"
        "from skillgit.domains.registry import DOMAINS; print(type(DOMAINS['text']).__module__)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert done.stdout == f"1\n{Text.__module__}\n"


# ------------------------------------------------------------------ the page


def test_the_page_lists_our_domains_and_what_agents_leave() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGE, re.MULTILINE)

    assert dict(rows) == {name: domain.answer for name, domain in DOMAINS.items()}
