"""Markdown logs of the released Trace2Skill code: `# Chat History: AGENT`, `## [n] ROLE` blocks.

The log ends with the agent's own `Success: True`, which counts for nothing. What its evaluator said
stands in the file's name alone: its triage renames a log to `…_SUCCEED.md` or `…_FAILED.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from skillgit.trajectories.documents import Document, JsonValue, SourceFile, digest_of
from skillgit.trajectories.drafts import Draft, Importer, Label, finished, remark, text_of
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

FORMAT = "Trace2Skill log"

_TITLE = "# Chat History:"
_BLOCK = re.compile(r"## \[(\d{1,6})\] (SYSTEM|USER|ASSISTANT)")
_SOURCES = {"SYSTEM": "system", "USER": "user", "ASSISTANT": "agent"}
_OBSERVATION = "Observation:"
_NAMED = re.compile(r"(?P<task>.+?)_(?P<result>SUCCEED|FAILED)(?:\.[^.]*)?")
_RESULTS = {"SUCCEED": Result.PASS, "FAILED": Result.FAIL}


def is_log(head: bytes) -> bool:
    """Do these first bytes of a file begin such a log?"""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_TITLE.encode())


def _unpack(file: SourceFile) -> Iterator[Document | Diagnostic] | None:
    return _log(file) if is_log(file.data[:200]) else None


def _log(file: SourceFile) -> Iterator[Document | Diagnostic]:
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte {error.start} of it is invalid"
        yield Diagnostic(file.origin, message, line)
        return
    yield Document(file, text, digest_of(file.data))


def _read(values: Iterable[Document | Diagnostic]) -> Iterator[Trajectory | Diagnostic]:
    for value in values:
        if isinstance(value, Diagnostic):
            yield value
        else:
            yield from _trajectory(value)


def _trajectory(document: Document) -> Iterator[Trajectory | Diagnostic]:
    lines = text_of(document.value).replace("\r\n", "\n").split("\n")
    title = next((line for line in lines if line.strip()), "")
    agent = title.strip().removeprefix(_TITLE).strip()
    named = _NAMED.fullmatch(PurePosixPath(document.file.origin).name)
    stem = named["task"] if named else PurePosixPath(document.file.origin).stem
    task = stem.removeprefix(f"{agent}_") if agent else stem
    outcome = Outcome(Result.UNKNOWN)
    if named:
        outcome = Outcome(_RESULTS[named["result"]], said_by="the log's name")
    drafts, ended = _drafts(lines)
    if not ended:
        yield remark(document, "the log has no result at its end, it may be cut off")
    yield finished(document, drafts, Label(FORMAT, task, agent), outcome)


def _drafts(lines: list[str]) -> tuple[list[Draft], bool]:
    """The blocks as steps, and whether the log has its end.

    A block begins where the next number is due, after a rule; the same text inside of a block,
    which may quote other logs, is text.
    """
    blocks: list[tuple[str, list[str]]] = []
    number, ruled, ended = -1, False, False
    for line in lines:
        begun = _BLOCK.fullmatch(line.rstrip())
        if ruled and begun and (number < 0 or int(begun[1]) == number + 1):
            number = int(begun[1])
            blocks.append((_SOURCES[begun[2]], []))
        elif blocks:
            blocks[-1][1].append(line)
        ruled = line.strip() == "---" or (ruled and not line.strip())
    if blocks:
        ended = _without_result(blocks[-1][1])
    drafts: list[Draft] = []
    for source, content in blocks:
        text = _without_rule(content)
        if source == "user" and drafts and text.startswith(_OBSERVATION):
            drafts[-1].observations.append(_unfenced(text.removeprefix(_OBSERVATION).strip("\n")))
        else:
            drafts.append(Draft(source, text))
    return drafts, ended


def _without_result(content: list[str]) -> bool:
    """Take the log's own end out of its last block; whether there was one."""
    at = next((at for at in range(len(content) - 1, -1, -1) if content[at] == "## RESULT"), -1)
    if at < 0:
        return False
    del content[at:]
    return True


def _without_rule(content: list[str]) -> str:
    text = "\n".join(content).strip()
    return text.removesuffix("---").rstrip() if text.endswith(("\n---", "\n\n---")) else text


def _unfenced(text: str) -> str:
    lines = text.strip().split("\n")
    if len(lines) > 1 and lines[0].startswith("```") and lines[-1].strip() == "```":
        return "\n".join(lines[1:-1])
    return text


def _is_never_json(_: JsonValue) -> bool:
    return False


TRACE2SKILL_LOG = Importer(FORMAT, _is_never_json, _read, _unpack)
