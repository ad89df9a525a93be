"""Which files of a skill a call opens or runs: told by the path that it names, and by no other.

Whoever names a file without opening it (`ls`, `echo`), writes it, or is told that it is not there,
has not opened it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from skillgit.names import SkillPath
from skillgit.types import MANIFEST
from skillgit.usage.acts import Act
from skillgit.usage.hits import Hit, Kind, hit
from skillgit.usage.place import Place
from skillgit.usage.programs import program
from skillgit.usage.shell import Command, commands

_READERS = frozenset(
    {"cat", "tac", "head", "tail", "sed", "less", "more", "nl", "bat", "batcat", "cut", "fold"}
    | {"grep", "egrep", "fgrep", "rg", "awk", "gawk", "strings", "xxd", "od", "hexdump"}
    | {"jq", "yq", "diff", "cmp", "cp", "column", "unzip"}
)
_RUNNERS = frozenset(
    {"bash", "sh", "zsh", "dash", "source", ".", "node", "deno", "bun", "perl", "ruby", "Rscript"}
)
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?|pypy3?")
_BEFORE = frozenset(
    {"sudo", "env", "time", "nohup", "exec", "command", "nice", "stdbuf", "uv", "run"}
    | {"then", "do", "else", "if", "while", "!", "{"}
)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_FAILED = re.compile(
    r"no such file|can't open file|cannot open|cannot access|permission denied|not read:"
    r"|does not exist|not found|filenotfounderror|is a directory",
    re.IGNORECASE,
)
_INLINE = re.compile(r"-[a-z]*c")
_SPAN = re.compile(r"\d+|timeout")
_DEEPEST = 3

_Found = tuple[Kind, SkillPath, str]


def opened(act: Act, place: Place) -> Iterator[Hit]:
    """The files that a call opens or runs, each once, with the words that do it."""
    done: set[tuple[Kind, SkillPath]] = set()
    for kind, path, words in _named(act, place):
        if (kind, path) not in done and not _failed(path, act.seen):
            done.add((kind, path))
            yield hit(act.step, kind, path, None, words)


def _named(act: Act, place: Place) -> Iterator[_Found]:
    if act.skill in place.names:
        yield Kind.OPENED, MANIFEST, act.text
    if act.reads and (path := place.file(act.reads.split("\n")[0].split()[0].strip("\"'"))):
        yield Kind.OPENED, path, act.reads
    yield from _in_shell(act.shell, place)
    yield from _in_python(act.python, place, "")


def _failed(path: str, seen: str) -> bool:
    """Does a line of what came back say that it is not there?"""
    name = posixpath.basename(path)
    return any(name in line and _FAILED.search(line) for line in seen.split("\n"))


# ------------------------------------------------------------------ command lines


def _in_shell(text: str, place: Place, depth: int = 0) -> Iterator[_Found]:
    if depth == _DEEPEST:
        return
    folder = ""
    known: dict[str, str] = {}
    for command in commands(text):
        words = [_expanded(word, known) for word in command.words]
        words = _without_prefix(words, known)
        told = " ".join(words)
        for path in (place.file(_expanded(one, known), folder) for one in command.inputs):
            if path:
                yield Kind.OPENED, path, told
        if not words:
            continue
        if words[0] == "cd":
            folder = posixpath.join(folder, words[1]) if len(words) > 1 else ""
            continue
        for kind, path in _of_words(words, place, folder):
            yield kind, path, told
        yield from _inner(command, words, (place, folder, depth))


def _expanded(word: str, known: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda one: known.get(one[1] or one[2], one[0]), word)


def _without_prefix(words: Sequence[str], known: dict[str, str]) -> list[str]:
    left = list(words)
    while left:
        assigned = _ASSIGNMENT.fullmatch(left[0])
        if assigned:
            known[assigned[1]] = assigned[2]
        elif left[0] not in _BEFORE and not _SPAN.fullmatch(left[0]):
            break
        left.pop(0)
    return left


def _of_words(words: Sequence[str], place: Place, folder: str) -> Iterator[tuple[Kind, SkillPath]]:
    name = posixpath.basename(words[0])
    found = [place.file(word, folder) for word in words]
    if found[0]:
        yield Kind.RAN, found[0]
    elif name in _RUNNERS or _PYTHON.fullmatch(name):
        first = next((n for n, word in enumerate(words[1:], 1) if word[:1] != "-"), 0)
        if (
            first
            and (path := found[first])
            and not any(_INLINE.fullmatch(word) or word == "-m" for word in words[1:first])
        ):
            yield Kind.RAN, path
    elif name in _READERS and not (name == "sed" and _changes(words)):
        # What is copied is read; where it is copied to is not.
        last = len(words) - 1 if name == "cp" else len(words)
        yield from ((Kind.OPENED, path) for path in found[1:last] if path)


def _changes(words: Sequence[str]) -> bool:
    return any(word == "--in-place" or re.match(r"-[a-zA-Z]*i", word) for word in words[1:])


def _inner(
    command: Command, words: Sequence[str], where: tuple[Place, str, int]
) -> Iterator[_Found]:
    """The program or the commands that a command is given as a text."""
    place, folder, depth = where
    name = posixpath.basename(words[0])
    at = next((n for n, word in enumerate(words) if _INLINE.fullmatch(word)), len(words))
    inline = words[at + 1 : at + 2]
    text = inline[0] if inline else command.here
    if _PYTHON.fullmatch(name):
        yield from _in_python(text, place, folder)
    elif name in {"bash", "sh", "zsh", "dash"} or (inline and name == "su"):
        start = f"cd '{folder}'\n" if folder else ""
        yield from _in_shell(start + text, place, depth + 1) if text else ()


# ------------------------------------------------------------------ programs


def _in_python(code: str, place: Place, folder: str) -> Iterator[_Found]:
    if not code:
        return
    found = program(code)
    for kind, paths in ((Kind.OPENED, found.opens), (Kind.RAN, found.runs)):
        for path in paths:
            if "\n" not in path and (one := place.file(path, folder)):
                yield kind, one, path
    for start in found.starts:
        if isinstance(start, str):
            yield from _in_shell(start, place, _DEEPEST - 1)
        elif start:
            for kind, one in _of_words(start, place, folder):
                yield kind, one, " ".join(start)
