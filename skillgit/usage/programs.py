"""Python programs: which files they open, as far as they write down the path themselves.

A program is read, never run. A path is followed through names, `+`, `/`, `join` and `Path`.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPENERS = frozenset(
    {"open", "read_text", "read_bytes", "load_workbook", "read_csv", "read_excel", "read_json"}
    | {"copy", "copy2", "copyfile"}
)
_RUNNERS = frozenset({"run_path", "execfile"})
_STARTERS = frozenset({"run", "call", "check_call", "check_output", "Popen", "system", "popen"})
_PATHS = frozenset({"Path", "PurePath", "PosixPath", "str", "expanduser", "resolve", "fspath"})


@dataclass(slots=True)
class Program:
    """What a program opens, runs and starts; a start is a command line, or its words."""

    opens: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    starts: list[str | list[str]] = field(default_factory=list)


def program(code: str) -> Program:
    """Read a program; nothing is known of one that is no Python."""
    found = Program()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, text = node.targets[0], _text(node.value, known)
            if isinstance(target, ast.Name) and text is not None:
                known[target.id] = text
    folders = list(_module_folders(tree, known))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _call(node, known, found)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else _aliases(node)
            found.runs += [f"{folder}/{name}.py" for name in names if name for folder in folders]
    return found


def _aliases(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def _call(node: ast.Call, known: dict[str, str], found: Program) -> None:
    name, owner = _name(node.func)
    first = _text(node.args[0], known) if node.args else None
    if name in _STARTERS and node.args:
        listed = node.args[0]
        if isinstance(listed, ast.List | ast.Tuple):
            found.starts.append([_text(one, known) or "" for one in listed.elts])
        elif first is not None:
            found.starts.append(first)
    elif name in _RUNNERS and first is not None:
        found.runs.append(first)
    elif name in _OPENERS and not _writes(node, known, is_method=owner is not None):
        own = _text(owner, known) if owner is not None else None
        found.opens += [path for path in (own, first) if path is not None]


def _writes(node: ast.Call, known: dict[str, str], *, is_method: bool) -> bool:
    if _name(node.func)[0] != "open":
        return False
    at = 0 if is_method else 1
    modes = [_text(one, known) for one in node.args[at : at + 1]]
    modes += [_text(one.value, known) for one in node.keywords if one.arg == "mode"]
    return any(mode and len(mode) <= 3 and set(mode) & set("wax+") for mode in modes)


def _name(function: ast.expr) -> tuple[str, ast.expr | None]:
    if isinstance(function, ast.Attribute):
        return function.attr, function.value
    return (function.id, None) if isinstance(function, ast.Name) else ("", None)


def _module_folders(tree: ast.AST, known: dict[str, str]) -> Iterator[str]:
    """The folders that a program adds to `sys.path`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            added = node.func.attr in {"append", "insert"} and node.args
            if added and ast.unparse(node.func.value) == "sys.path":
                text = _text(node.args[-1], known)
                if text is not None:
                    yield text


def _text(node: ast.expr, known: dict[str, str]) -> str | None:
    """The text that an expression is, where the program itself says all of it."""
    found: str | None = None
    match node:
        case ast.Constant(value=str(text)):
            found = text
        case ast.Name(id=name):
            found = known.get(name)
        case ast.BinOp(left=left, op=ast.Add() | ast.Div() as sign, right=right):
            parts = [_text(left, known), _text(right, known)]
            found = _joined(parts, "/" if isinstance(sign, ast.Div) else "")
        case ast.JoinedStr(values=values):
            found = _joined([_text(one, known) for one in values], "")
        case ast.FormattedValue(value=value):
            found = _text(value, known)
        case ast.Call():
            found = _path(node, known)
        case _:
            pass
    return found


def _path(node: ast.Call, known: dict[str, str]) -> str | None:
    """What `Path`, `join` and the like make of texts."""
    name, owner = _name(node.func)
    if name in {"join", "joinpath"} or (name in _PATHS and node.args):
        own = [owner] if name == "joinpath" and owner else []
        return _joined([_text(one, known) for one in [*own, *node.args]], "/")
    return _text(owner, known) if name in _PATHS and owner is not None else None


def _joined(parts: list[str | None], between: str) -> str | None:
    return None if None in parts else between.join(part for part in parts if part is not None)
