"""The options that several verbs share, so that one thing has one name and one help text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

import click

from skillgit.adapters.setting_values import SEVERAL
from skillgit.errors import UsageError

F = TypeVar("F", bound=Callable[..., int])
Settings: TypeAlias = tuple[tuple[str, str, type, str], ...]
"""Options that are settings: option, key of the configuration, type, help."""

_SENT = "i-know-that-secrets-are-sent"
MOST_SEED = 2**31 - 1

ENDPOINT: Settings = (
    ("base-url", "endpoint.base_url", str, "An OpenAI-compatible API; repeatable."),
    ("model", "endpoint.model", str, "The model; not needed where only one is served."),
)
_SHARED = "The machines of a Ray cluster must all see the same files under the same paths."
EXECUTOR: Settings = (
    (
        "executor",
        "executor.address",
        str,
        f"Where the work is done: local, ray, HOST:PORT or ray://HOST:PORT. {_SHARED}",
    ),
)
RUNS: Settings = (
    *ENDPOINT,
    ("workers", "agent.parallel", int, "Runs at the same time."),
    ("turns", "agent.turns", int, "Turns of one run."),
    ("protocol", "agent.protocol", str, "How tools are called: tools, text or auto."),
    ("sandbox", "sandbox.kind", str, "What confines commands: bubblewrap, docker or podman."),
    ("recalc", "grading.recalc", str, "Compute formulas: none, formualizer or libreoffice."),
    *EXECUTOR,
)
"""What an agent that works on tasks depends on."""


def setting_options(table: Settings) -> Callable[[F], F]:
    """One option for each setting of the table; they come as `**settings`."""

    def decorated(function: F) -> F:
        for name, key, kind, text in reversed(table):
            option = click.option(
                f"--{name}", type=kind, multiple=key in SEVERAL, help=f"{text} [{key}]"
            )
            function = option(function)
        return function

    return decorated


def given(table: Settings, settings: Mapping[str, object]) -> dict[str, object]:
    """What was given of the settings of a table, by key of the configuration."""
    chosen = {key: settings[name.replace("-", "_")] for name, key, _, _ in table}
    return {key: None if value == () else value for key, value in chosen.items()}


def redaction(function: F) -> F:
    """--no-redact, which must be said twice."""
    for name, text in (
        (_SENT, "Said with --no-redact: that you know what it means."),
        ("no-redact", f"Hide nothing from the model. Also needs --{_SENT}."),
    ):
        function = click.option(f"--{name}", is_flag=True, help=text)(function)
    return function


def redacting(settings: Mapping[str, object]) -> dict[str, object]:
    """The setting that they stand for; not given is nobody's say."""
    off, known = settings["no_redact"], settings[_SENT.replace("-", "_")]
    if off and not known:
        raise UsageError(
            "--no-redact: secrets in the trajectories would be sent to the endpoint, and stored",
            hint=f"if that is meant, say --no-redact --{_SENT}",
        )
    if known and not off:
        raise UsageError(f"--{_SENT}: nothing is sent", hint="it goes with --no-redact")
    return {"collect.redact": False} if off else {}


def which_tasks(function: F) -> F:
    """--task, --group, --part and --limit: which of the tasks."""
    options = (
        click.option(
            "--task", "ids", multiple=True, metavar="ID", help="Only this task; repeatable."
        ),
        click.option(
            "--group", "groups", multiple=True, help="Only tasks of this group; repeatable."
        ),
        click.option(
            "--part",
            type=click.Choice(["all", "first-half", "second-half"]),
            default="all",
            show_default=True,
            help="Half of the tasks, drawn within each group: to learn from, or to measure on.",
        ),
        click.option("--limit", type=click.IntRange(1), help="At most so many tasks."),
    )
    for option in reversed(options):
        function = option(function)
    return function


TASKS = click.option(
    "--tasks",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A task set: a folder with a tasks.toml, or SpreadsheetBench as published.",
)
BANK = click.option(
    "--bank",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A memory bank (`skillgit remember`): runs are told what tasks like theirs taught.",
)


def bank_of(settings: Mapping[str, object]) -> Path | None:
    """What `BANK` was given."""
    bank = settings["bank"]
    return bank if isinstance(bank, Path) else None


ACTOR = click.option(
    "--agent",
    "actor",
    type=click.Choice(["model", "do-nothing", "gold"]),
    default="model",
    show_default=True,
    help="Who works: a model, or, for floor and ceiling of the set, none.",
)
REPOSITORY = click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The repository, where it is not this folder's; may be bare.",
)
UNSAFE = click.option(
    "--unsafe-no-sandbox",
    "unsafe",
    is_flag=True,
    help="Run what the model writes as yourself, with all your rights.",
)
REPLAY = click.option("--replay", is_flag=True, help="Use recorded replies alone; no network.")
REPLAY_FILE = click.option(
    "--replay-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The same with replies that were recorded elsewhere.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
FORMAT = click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "markdown", "csv"]),
    default="text",
    show_default=True,
    help="How the table is laid out.",
)
QUIET = click.option("--quiet", "-q", is_flag=True, help="No progress.")
