"""`tasks.toml`: a task set that a person writes by hand (SKILLS_FORMAT.md, section 11)."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from skillgit.domains.digests import Draft, finished, task_set
from skillgit.domains.layout import Layout
from skillgit.domains.plug_ins import plug_ins
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case, Domain, Misstated, Stated, TaskSet
from skillgit.errors import UsageError
from skillgit.names import SkillPath

Table: TypeAlias = Mapping[str, Any]

MANIFEST = "tasks.toml"
SCHEMA = "skillgit.tasks/1"

TOP_KEYS = ("schema", "domain", "task")
CASE_KEYS = ("inputs", *dict.fromkeys(key for domain in DOMAINS.values() for key in domain.keys))
_SECTION = "section 11 of SKILLS_FORMAT.md has an example"
TASK_KEYS = ("id", "query", "group", "answer", *CASE_KEYS, "case")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a manifest one is, for messages and for paths."""

    manifest: Path
    domain: str = ""
    what: str = ""

    def fail(self, wrong: str, hint: str = _SECTION) -> NoReturn:
        where = f", {self.what}" if self.what else ""
        raise UsageError(f"reading {self.manifest}{where}: {wrong}", hint=hint)

    def at(self, what: str) -> _Place:
        return _Place(self.manifest, self.domain, what)

    def only(self, table: Table, known: Collection[str]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
                self.fail(f"unknown key {key!r}", hint)

    def text(self, table: Table, key: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if value is None:
            self.fail(f"{key!r} is missing")
        if not isinstance(value, str) or (key in table and not value.strip()):
            self.fail(f"{key!r} must be a text in quotes, and not empty")
        return value

    def name(self, text: object, key: str) -> str:
        """A path inside the work folder or the task folder, as it is written."""
        try:
            return SkillPath(text if isinstance(text, str) else "")
        except ValueError as error:
            self.fail(f"{key!r}: {error}", "paths are relative to the folder of tasks.toml")

    def file(self, text: object, key: str) -> Path:
        """A file of the task folder that is there, and no way out of it."""
        root = self.manifest.parent
        path = root / self.name(text, key)
        if not path.is_file():
            self.fail(f"{key!r}: there is no file {text}", f"looked for it in {root}")
        if not path.resolve().is_relative_to(root.resolve()):
            self.fail(f"{key!r}: {text} is a link that leads out of {root}", "copy the file")
        return path


def load(path: Path) -> TaskSet:
    """The task set that a tasks.toml describes, or that of a folder."""
    folder = _folder(path)
    place = _Place(folder / MANIFEST)
    try:
        data = tomllib.loads(place.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        place.fail(str(error), "it must be UTF-8 and valid TOML")
    place.only(data, TOP_KEYS)
    if data.get("schema") != SCHEMA:
        place.fail(f"'schema' is {data.get('schema')!r}", f'write schema = "{SCHEMA}"')
    domain = place.text(data, "domain")
    if domain not in DOMAINS:
        wrong = "; ".join([f"unknown domain {domain!r}", *plug_ins().problems])
        place.fail(wrong, f"known are {', '.join(DOMAINS)}")
    tables = data.get("task")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        place.fail("there is no [[task]]")
    remarks: list[str] = []
    drafts: dict[str, Draft] = {}
    for number, table in enumerate(tables, 1):
        one = _Place(place.manifest, domain, f"task {table.get('id', number)!r}")
        draft = _draft(one, table)
        if draft.id in drafts:
            one.fail("another task has the same id", "give each task an id of its own")
        drafts[draft.id] = draft
        doubt = DOMAINS[domain].doubt(draft.cases[0])
        remarks += [f"{draft.id}: {doubt}"] if doubt else []
    return task_set(map(finished, drafts.values()), str(folder), remarks)


def _folder(path: Path) -> Path:
    return path.parent if path.name == MANIFEST else path


LAYOUT = Layout(MANIFEST, lambda path: (_folder(path) / MANIFEST).is_file(), load)


def _draft(place: _Place, table: Table) -> Draft:
    place.only(table, TASK_KEYS)
    answer = place.name(table.get("answer", DOMAINS[place.domain].answer), "answer")
    first = _case(place, table, answer, None)
    cases = [first]
    further = table.get("case", [])
    if not isinstance(further, list):
        place.fail("'case' must be written as [[task.case]]")
    for number, one in enumerate(further, 2):
        here = place.at(f"{place.what}, case {number}")
        if not isinstance(one, dict):
            here.fail("a case is a table", "write [[task.case]]")
        here.only(one, CASE_KEYS)
        cases.append(_case(here, {"range": table.get("range"), **one}, answer, first))
    query, group = place.text(table, "query"), place.text(table, "group", "")
    return Draft(place.text(table, "id"), place.domain, query, tuple(cases), group)


def _case(place: _Place, table: Table, answer: str, first: Case | None) -> Case:
    table = {key: value for key, value in table.items() if value is not None}
    inputs = _inputs(place, table.get("inputs", []), first)
    gold = place.file(table["gold"], "gold") if "gold" in table else None
    return Case(inputs, answer, gold, _region(place, DOMAINS[place.domain], table, gold))


def _region(place: _Place, domain: Domain, table: Table, gold: Path | None) -> str:
    foreign = [key for key in CASE_KEYS if key in table and key not in {"inputs", *domain.keys}]
    if foreign:
        known = ", ".join(("inputs", *domain.keys))
        place.fail(f"{foreign[0]!r} is not for the domain {domain.name}", f"it knows {known}")
    values = {key: table[key] for key in domain.keys if key in table and key != "gold"}
    try:
        return domain.region(Stated(gold, values))
    except Misstated as reason:
        place.fail(str(reason), reason.hint or _SECTION)


def _inputs(place: _Place, given: object, first: Case | None) -> dict[str, Path]:
    """Names in the work folder, and the files. Further cases have the names of the first."""
    names = list(first.inputs) if first else []
    if isinstance(given, list):
        files = [place.file(one, "inputs") for one in given]
        if not first:
            names = [path.name for path in files]
        if len(set(names)) != len(files):
            wrong = f"'inputs' has {len(files)} files for the names {', '.join(names) or '(none)'}"
            place.fail(wrong, "each file needs a name of its own, in every case the same")
        return dict(zip(names, files, strict=True))
    if not isinstance(given, dict):
        place.fail("'inputs' must be a list of files, or a table of names and files")
    if first and set(given) != set(names):
        wrong = f"'inputs' names {', '.join(given)}, and the first case {', '.join(names)}"
        place.fail(wrong, "every case needs the same names in the work folder")
    return {
        place.name(name, "inputs"): place.file(given[name], f"inputs.{name}")
        for name in (names or given)
    }
