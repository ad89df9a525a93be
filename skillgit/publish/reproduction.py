"""The command that makes a round again, as far as its evidence tells it.

What changes a round's result is in its evidence: base, model, settings. Where its trajectories and
tasks lie is not, so a person puts that in.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping

from skillgit.adapters.setting_values import DEFAULTS
from skillgit.config import ErrorAnalyst
from skillgit.publish.story import Story
from skillgit.usage.cuts import SIGNALS, How

_OPTIONS: Mapping[str, str] = {
    "analyze.signals": "--signals",
    "analyze.error_analyst": "--error-analyst",
    "endpoint.seed": "--seed",
    "collect.limit": "--limit",
    "consolidate.strategy": "--strategy",
    "consolidate.batch": "--batch",
    "consolidate.merge_batch": "--merge-batch",
    "consolidate.min_support": "--min-support",
    "consolidate.main_support": "--main-support",
}
_TAME = re.compile(r"[A-Za-z0-9._/:+-]{1,120}")
"""A value that means nothing to a shell, to Markdown, or to a forge that reads it."""


def reproduction(story: Story) -> str:
    """Lines for a shell: settings that are none of the defaults, then the command."""
    if story.dossier.round.signals == SIGNALS:
        return _prune(story)
    this, changed = story.dossier.round, dict(_changed(story.dossier.round.settings))
    exports = [
        f"export SKILLGIT_{key.replace('.', '_').upper()}={shlex.quote(value)}"
        for key, value in changed.items()
        if key not in _OPTIONS
    ]
    agentic = this.settings.get("analyze.error_analyst") == ErrorAnalyst.AGENTIC
    words = [
        f"skillgit evolve {_path(this.skill or '.')} --base {this.base[:12]}",
        "--trajectories PATH",
        *(["--tasks PATH"] if agentic else []),
        *(_gate(story)),
        *([f"--model {this.model}"] if _TAME.fullmatch(this.model) else []),
        *(f"{option} {changed[key]}" for key, option in _OPTIONS.items() if key in changed),
    ]
    return "\n".join([*exports, " \\\n    ".join(words)])


def _prune(story: Story) -> str:
    """A round without a model asks for nothing but the trajectories."""
    this = story.dossier.round
    told = this.settings.get("prune.how")
    words = [
        f"skillgit prune {_path(this.skill or '.')}@{this.base[:12]}",
        "--trajectories PATH",
        *(["--delete"] if told == How.DELETE else []),
        *(["--any-version"] if this.settings.get("prune.any_version") is True else []),
        *(
            f"--{key.replace('_', '-')} {value}"
            for key in ("min_runs", "max_users", "min_tokens")
            if type(value := this.settings.get(f"prune.{key}")) is int
        ),
    ]
    return " \\\n    ".join(words)


def _gate(story: Story) -> Iterator[str]:
    gate = story.dossier.gate
    if gate:
        lessons = " --gate-lessons" if gate.searched or gate.dropped else ""
        rivals = f" --seeds-of-evolution {gate.rivals}" if gate.rivals > 1 else ""
        yield f"--gate PATH{lessons}{rivals}"


def _changed(settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The settings that are none of the defaults, by key, as a shell takes them."""
    for key, value in sorted(settings.items()):
        for name, one in _leaves(key, value):
            default = DEFAULTS.get(name)
            if default is None or isinstance(one, (list, dict)) or one == default:
                continue
            text = json.dumps(one) if isinstance(one, bool) else str(one)
            if _TAME.fullmatch(text):
                yield name, text


def _leaves(key: str, value: object) -> Iterator[tuple[str, object]]:
    """A sampling is kept as one JSON object."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return
        yield from ((f"{key}.{field}", one) for field, one in found.items())
    else:
        yield key, value


def _path(skill: str) -> str:
    return shlex.quote(skill) if skill.isprintable() and "`" not in skill else "PATH"
