"""The floor plan and the budgets hold, in the code as it is."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "skillgit"
MODULES = sorted(PACKAGE.rglob("*.py"))

MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 50
MOST_PARAMETERS = 6

# A file or a function (path::name) that is over its budget, and why it is better whole.
LONGER: dict[str, str] = {
    "types.py": "the story of a round, meant to be read in one go",
}

# Files outside of cli/ that may print and exit, and why.
TALKERS = {"embedded/llama.py": "a server in a process of its own: it tells its parent its address"}

# Where a third-party library lives: a module, or a folder of them.
HOMES = {
    "click": "cli",
    "git": "adapters/git.py",
    "jinja2": "adapters/prompts.py",
    "jsonschema": "endpoint/schemas.py",
    "formualizer": "domains/spreadsheet",
    "markdown_it": "skill/markdown.py",
    "math_verify": "domains/math/judge.py",
    "openpyxl": "domains/spreadsheet",
    "pandas": "domains",
    "openai": "endpoint/wire.py",
    "platformdirs": "wiring/places.py",
    "pyarrow": "domains/math/rows.py",
    "rapidfuzz": "stages/consolidate",
    "ray": "executors/cluster",
    "re2": "trajectories/patterns.py",
    "rich": "cli/console.py",
    "sqlite3": "endpoint/store.py",
    "unidiff": "skill/diff.py",
    "xllamacpp": "embedded/llama.py",
    "yaml": "skill",
    "zstandard": "trajectories/importers/inspect_zip.py",
}

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}

    assert {n: c for n, c in lines.items() if c > MOST_LINES and n not in LONGER} == {}


def test_functions_are_short_enough_to_be_read_aloud() -> None:
    lengths = {
        f"{name_of(path)}::{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in functions(path)
    }

    assert {
        n: c for n, c in lengths.items() if c > MOST_LINES_OF_A_FUNCTION and n not in LONGER
    } == {}


def test_functions_take_few_parameters() -> None:
    counts = {
        f"{name_of(path)}::{node.name}": len(
            [
                arg
                for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                if arg.arg not in {"self", "cls"}
            ]
        )
        for path in MODULES
        for node in functions(path)
        # A verb's parameters are its options: click passes them, nobody else.
        if not (path.parent.name == "cli" and node.name == "command")
    }

    assert {n: c for n, c in counts.items() if c > MOST_PARAMETERS and n not in LONGER} == {}


def test_what_is_excused_is_still_over_its_budget() -> None:
    excused = [name for name in LONGER if "::" not in name]
    assert [
        name
        for name in excused
        if len((PACKAGE / name).read_text("utf-8").splitlines()) <= MOST_LINES
    ] == []


def test_each_library_is_imported_only_at_its_home() -> None:
    strays = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imports(path)
        if (top := name.partition(".")[0]) not in {*sys.stdlib_module_names, "skillgit"}
        or top in HOMES
        if not name_of(path).startswith(HOMES.get(top, "nowhere"))
    ]

    assert strays == []


def test_the_homes_are_those_that_ruff_enforces() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    banned = pyproject["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]

    told = {name: rule["msg"].partition(" lives in skillgit/")[2] for name, rule in banned.items()}

    # click is at home in all of cli/, which is the top floor already.
    assert told == {name: home for name, home in HOMES.items() if name != "click"}


def test_imports_only_go_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_no_module_imports_itself_round_a_corner() -> None:
    """Also inside a folder, where the floors say nothing."""
    known = {_dotted(path): path for path in MODULES}
    graph = {
        module: {each for each in _imported_modules(path, known) if each != module}
        for module, path in known.items()
    }

    assert list(_cycles(graph)) == []


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_modules(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            # `from package import module` imports the module, `from module import name` the module.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in names)


def _cycles(graph: dict[str, set[str]]) -> Iterator[str]:
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> Iterator[str]:
        if module in path:
            yield " → ".join((*path[path.index(module) :], module))
        elif module not in finished:
            for each in sorted(graph[module]):
                yield from visit(each, (*path, module))
            finished.add(module)

    for module in sorted(graph):
        yield from visit(module, ())


def test_a_stage_is_one_public_function_with_its_own_name() -> None:
    folder = PACKAGE / "stages"
    doors = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    doors += folder.glob("*/__init__.py")
    assert doors

    for path in doors:
        stage = path.parent.name if path.name == "__init__.py" else path.stem
        tree = ast.parse(path.read_text(encoding="utf-8"))
        public = [
            node.name
            for node in tree.body
            if isinstance(node, Function) and not node.name.startswith("_")
        ]
        assert public == [stage], name_of(path)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("module", ["skillgit.cli", "skillgit.cli.check", "skillgit.types"])
def test_what_must_start_fast_imports_nothing_slow(module: str) -> None:
    slow = {
        "openai",
        "aiohttp",
        "git",
        "rich",
        "jinja2",
        "jsonschema",
        "sqlite3",
        "rapidfuzz",
        "asyncio",
    }
    slow |= {"re2"}
    code = f"import sys, {module}; print(*sorted({slow!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "\n"


def test_only_the_command_line_prints_and_exits() -> None:
    talkers = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"print", "exit", "quit", "sys.exit", "os._exit", "input"}
    }

    assert {name for name in talkers if not name.startswith("cli/")} <= set(TALKERS)
