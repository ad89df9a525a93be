"""Analysts read files of tasks and runs as they are, and what they write is kept for everybody.

What a tool shows them is without secrets; the files stay whole, since proofs are run on them.
What they say of a run is without secrets and without names, before it is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from skillgit.agent.episode import Seen, Tool
from skillgit.trajectories.redaction import Redactor
from skillgit.types import Edit, Excluded, Lesson, Patch


def showing_no_secrets(tools: Iterable[Tool], clean: Callable[[str], str]) -> tuple[Tool, ...]:
    """The same tools, whose words are cleaned before anyone sees or remembers them."""
    return tuple(replace(tool, run=_cleaned(tool, clean)) for tool in tools)


def _cleaned(
    tool: Tool, clean: Callable[[str], str]
) -> Callable[[Mapping[str, object]], Awaitable[Seen]]:
    async def run(arguments: Mapping[str, object]) -> Seen:
        seen = await tool.run(arguments)
        return replace(seen, text=clean(seen.text))

    return run


def fit_to_keep(result: Patch | Excluded) -> Patch | Excluded:
    """What an analyst said of its run, as it may stand in evidence, messages and reports."""
    clean = Redactor().text
    if isinstance(result, Excluded):
        return replace(result, reason=clean(result.reason))
    proof = result.proof
    return replace(
        result,
        edits=tuple(_edit(edit, clean) for edit in result.edits),
        fates=tuple(replace(fate, reason=clean(fate.reason)) for fate in result.fates),
        causes=tuple(replace(cause, what=clean(cause.what)) for cause in result.causes),
        memories=tuple(
            replace(one, title=clean(one.title), content=clean(one.content))
            for one in result.memories
        ),
        proof=replace(proof, program=clean(proof.program)) if proof else None,
    )


def _edit(edit: Edit, clean: Callable[[str], str]) -> Edit:
    lesson = edit.lesson
    return replace(edit, lesson=Lesson(clean(lesson.title), clean(lesson.reason)))
