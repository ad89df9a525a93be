from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.drafts import Imported
from skillgit.trajectories.importers import IMPORTERS, import_file
from skillgit.trajectories.importers.plug_ins import GROUP, plug_ins

PAGE = Path(__file__).parents[2] / ".github" / "IMPORTERS.md"

SIMPLE = """
from skillgit.trajectories.drafts import Draft, Importer, Label, finished
from skillgit.types import Outcome, Result

def recognises(value):
    return isinstance(value, dict) and "song" in value

def read(values):
    for value in values:
        if value.value["song"] == "false":
            yield "not a diagnostic"
        if value.value["song"] == "broken":
            raise KeyError("note")
        draft = Draft("agent", value.value["song"])
        yield finished(value, [draft], Label("songs"), Outcome(Result.UNKNOWN))

SONGS = Importer("songs", recognises, read)
"""


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    modules = set(sys.modules)
    plug_ins.cache_clear()
    yield
    monkeypatch.undo()
    plug_ins.cache_clear()
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, entries: str, **modules: str) -> None:
    """A package as pip leaves it: modules, and their entry points in the metadata."""
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    info = folder / "foreign_importers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-importers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def read(data: bytes | object, origin: str = "a.json") -> Imported:
    return import_file(
        SourceFile(origin, data if isinstance(data, bytes) else json.dumps(data).encode())
    )


def messages(found: Imported) -> list[tuple[str, str]]:
    return [(one.origin, one.message) for one in found.diagnostics]


CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}


def test_an_importer_of_another_package_reads_its_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"[{GROUP}]\nsongs = songs:SONGS\n", songs=SIMPLE)

    found = read({"song": "la"})

    assert [(one.format, one.steps[0].message) for one in found.trajectories] == [("songs", "la")]
    assert found.diagnostics == ()
    assert read(CHAT).trajectories[0].format == "chat messages"


def test_it_is_asked_before_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, f"[{GROUP}]\nsongs = songs:SONGS\n", songs=SIMPLE)
    assert read({"song": "la", **CHAT}).trajectories[0].format == "songs"


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("x = nowhere:X", "", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"),
        ("x = bad:X", "1 / 0", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("x = bad:X", "raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
        ("x = bad:X", "Y = 1", "cannot be loaded: AttributeError"),
        ("x = bad:X", "X = 7", "bad:X is no Importer, but a int"),
    ],
)
def test_one_that_cannot_be_loaded_is_a_diagnostic_and_everything_else_is_read(
    entry: str, code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path,
        monkeypatch,
        f"[{GROUP}]\n{entry}\nsongs = songs:SONGS\n",
        bad=code,
        songs=SIMPLE,
    )

    found = read({"song": "la"})

    assert found.trajectories[0].format == "songs"
    assert [origin for origin, _ in messages(found)] == [f"{GROUP}: x"]
    assert words in messages(found)[0][1]
    assert read(CHAT).trajectories[0].format == "chat messages"


def test_one_that_fails_while_it_reads_costs_the_rest_of_that_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"[{GROUP}]\nsongs = songs:SONGS\n", songs=SIMPLE)

    found = read(b'{"song": "la"}\n{"song": "broken"}\n', "a.jsonl")

    assert [one.origin for one in found.trajectories] == ["a.jsonl:1"]
    assert messages(found) == [("a.jsonl", "the importer of songs is broken: KeyError: 'note'")]
    found = read({"song": "false"})
    reason = "TypeError: it yielded a str, no trajectory or diagnostic"
    assert messages(found) == [("a.json", f"the importer of songs is broken: {reason}")]


@pytest.mark.parametrize("place", ["recognises", "unpack"])
def test_one_that_fails_when_asked_is_told_and_passed_over(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"""
from skillgit.trajectories.drafts import Importer

def fails(value):
    raise RuntimeError("{place}")

X = Importer("x", {"fails" if place == "recognises" else "lambda value: False"}, iter, fails if
             {place == "unpack"} else None)
"""
    install(tmp_path, monkeypatch, f"[{GROUP}]\nx = bad:X\n", bad=code)

    found = read(CHAT)

    assert len(found.trajectories) == 1
    assert messages(found) == [("a.json", f"the importer of x is broken: RuntimeError: {place}")]


# --------------------------------------------------------------------------- the page


def test_the_page_lists_our_formats_and_no_others() -> None:
    section = PAGE.read_text("utf-8").partition("## The formats")[2].partition("Everything else")[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    assert sorted(rows[1:]) == sorted(importer.format for importer in IMPORTERS)


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_worked_example_of_the_page_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code, code_of_bytes), (toml,), (data, log) = blocks("python"), blocks("toml"), blocks("text")
    entries = dict(re.findall(r'^(\w+) = "([\w.:]+)"$', toml, re.MULTILINE))
    assert f'[project.entry-points."{GROUP}"]' in toml
    assert entries == {"ledger": "ledger_importer:LEDGER", "diary": "ledger_importer.diary:DIARY"}
    package = tmp_path / "ledger_importer"
    package.mkdir()
    (package / "__init__.py").write_text(code, encoding="utf-8")
    (package / "diary.py").write_text(code_of_bytes, encoding="utf-8")
    lines = "".join(f"{name} = {target}\n" for name, target in entries.items())
    install(tmp_path, monkeypatch, f"[{GROUP}]\n{lines}")

    found = read(data.encode(), "runs.jsonl")

    assert found.diagnostics == ()
    assert [
        (one.format, one.task, one.agent, one.outcome.result.value, one.outcome.said_by)
        for one in found.trajectories
    ] == [
        ("ledger runs", "sum-3", "robot", "pass", "checker"),
        ("ledger runs", "sum-4", "robot", "unknown", ""),
    ]
    assert [step.observation for step in found.trajectories[0].steps] == ["", "42", ""]
    assert messages(read(b'{"ledger": 1, "turns": []}')) == [
        ("a.json", "looks like ledger runs, but holds no steps")
    ]
    (diary,) = read(log.encode(), "today.log").trajectories
    assert (diary.format, [step.message for step in diary.steps]) == (
        "diary",
        ["Sum column C.", "I add it up: 42."],
    )
