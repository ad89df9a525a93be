"""`skillgit completion`: the script that teaches a shell our verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from skillgit.cli import COMPLETE_VARIABLE, PROGRAM, group
from skillgit.cli.console import examples, out
from skillgit.errors import UsageError

_SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command(
    epilog=examples(
        'eval "$(skillgit completion bash)"        # in ~/.bashrc',
        'eval "$(skillgit completion zsh)"         # in ~/.zshrc',
        "skillgit completion fish > ~/.config/fish/completions/skillgit.fish",
    )
)
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print the completion script of SHELL; load it from the shell's start file."""
    complete = get_completion_class(shell)
    if complete is None:
        raise UsageError(
            f"completion for {shell}: the installed click {click.__version__} has none",
            hint="pip install --upgrade 'click>=8.5'",
        )
    out(complete(group, {}, PROGRAM, COMPLETE_VARIABLE).source())
