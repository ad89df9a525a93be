"""The command line: options in, text out; the only place that prints or exits.

A verb is a module of this package with `command: click.Command`. It is imported when it is run, so
that `skillgit --help` stays fast; its line in the help stands here. A callback returns its exit
code (None = 0) or raises: `failures.py` says what becomes of errors.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from types import MappingProxyType

import click
from click.shell_completion import CompletionItem, shell_complete

from skillgit import __version__
from skillgit.cli.console import examples
from skillgit.cli.failures import exit_code_of
from skillgit.errors import UsageError

PROGRAM = "skillgit"
COMPLETE_VARIABLE = "_SKILLGIT_COMPLETE"
_SELDOM = 50_000
"""Objects that must have come into being before Python looks for what is not needed any more."""
VERBS = MappingProxyType(
    {
        "evolve": "Turn trajectories into a branch with one commit per lesson.",
        "import": "Turn transcripts of any agent into a folder of trajectories.",
        "new": "Draft a skill from the model's own knowledge, on a branch.",
        "remember": "Write down what each trajectory taught: a memory bank for runs.",
        "rollout": "Run an agent on tasks: trajectories with graded outcomes.",
        "eval": "Measure a skill on tasks, or compare two versions of it.",
        "ablate": "Measure what each lesson of a round is worth on tasks.",
        "experiment": "Run a matrix of skills, models and tasks, and print it as tables.",
        "grade": "Grade one answer against its gold, and list where it differs.",
        "init": "Write a commented configuration file into this repository.",
        "check": "Check skills, or a range of lesson commits, against the guardrails.",
        "rule": "Explain a guardrail.",
        "hook": "Do what one of Git's hooks is for; Git calls this.",
        "log": "List the rounds and lessons in this repository's history.",
        "show": "Show all of one lesson: its change, its teachers, its way through the merges.",
        "why": "Show which lesson, and which trajectories, a line of a skill comes from.",
        "usage": "Count which parts of a skill leave traces in trajectories.",
        "prune": "Make a branch without what was not used, and without what hurts.",
        "evidence": "Share, verify and tidy up what rounds left behind as evidence.",
        "drop": "Take lessons off the branch of their round.",
        "keep": "Undo drop: put lessons back on the branch of their round.",
        "approve": "Approve lessons that bring in commands, network calls and the like.",
        "revert": "Make a branch that reverts merged lessons.",
        "rebase-round": "Put the lessons of a round on a base that moved.",
        "pr": "Open a draft pull request for a round, or print its body.",
        "themes": "Show what a round's trajectories teach, the most prevalent first.",
        "report": "Write a round as one HTML page that needs no network.",
        "agreement": "Compare what two rounds made of the same trajectories.",
        "doctor": "Check Git, the endpoint and the model, and say what to do.",
        "serve": "Start a model on this machine behind an OpenAI-compatible endpoint.",
        "demo": "See a round on a small skills repository that comes with skillgit.",
        "config": "Show every setting, its value and where it comes from.",
        "completion": "Print the completion script of a shell.",
    }
)


class _Verbs(click.Group):
    """A group whose commands are modules, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"skillgit.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        verbs = [
            CompletionItem(verb, help=line)
            for verb, line in VERBS.items()
            if verb.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "skillgit demo --replay",
        "skillgit evolve skills/xlsx --trajectories runs/",
        "skillgit check skills/xlsx",
        "skillgit -C ../skills config",
    ),
)
@click.option(
    "-C",
    "folders",
    metavar="DIR",
    multiple=True,
    help="Run as if started in DIR; further ones count from it, as in git.",
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def group(ctx: click.Context, folders: Sequence[str]) -> None:
    """Agent skills that get better from experience: trajectories in, lesson commits out."""
    for folder in folders:
        try:
            ctx.with_resource(contextlib.chdir(folder))
        except OSError as exc:
            raise UsageError(
                f"-C {folder}: cannot go there: {exc.strerror}", hint="give a folder that exists"
            ) from exc


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no exception leaves but SystemExit."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not end a round.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _invoke(list(sys.argv[1:] if args is None else args))
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 - the one place that catches all
        return exit_code_of(exc)
    return code


def _invoke(args: list[str]) -> int:
    # Not `group.main`: it takes every EPIPE, be it of Git or of a socket, for a reader of stdout
    # that has left, and exits with 1, which means findings here.
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        return shell_complete(group, {}, PROGRAM, COMPLETE_VARIABLE, instruction)
    with group.make_context(PROGRAM, args) as ctx:
        code = group.invoke(ctx)
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console script."""
    # Modules and trajectories stay to the end. To look through them again and again, and once more
    # before the system takes everything back, is a sixth of what `skillgit check` takes.
    gc.set_threshold(_SELDOM)
    code = run()
    gc.freeze()
    sys.exit(code)
