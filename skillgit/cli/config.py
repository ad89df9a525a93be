"""`skillgit config`: what a round would use here, and who says so."""

from __future__ import annotations

from pathlib import Path

import click

from skillgit.adapters.setting_values import as_toml, unknown
from skillgit.adapters.settings import Described, describe, load_settings
from skillgit.cli.console import examples, out, print_json, safe


@click.command(
    epilog=examples(
        "skillgit config",
        "skillgit config endpoint",
        "skillgit config --json consolidate.min_support",
    )
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of TOML lines.")
@click.argument("key", required=False)
def command(*, key: str | None, as_json: bool) -> None:
    """Show every setting with its value and its origin, or only KEY, a setting or a table.

    An option of a command beats the environment (SKILLGIT_CONSOLIDATE_MIN_SUPPORT=3), which beats
    .skillgit.toml or [tool.skillgit] in pyproject.toml, which beats ~/.config/skillgit/config.toml.
    """
    shown = _matching(describe(load_settings(Path.cwd(), {})), key)
    if as_json:
        fields = [{"key": each.key, "value": each.value, "origin": each.origin} for each in shown]
        print_json("config", {"settings": fields})
        return
    lines = [f"{each.key} = {as_toml(each.value)}" for each in shown]
    width = max(map(len, lines))
    for line, each in zip(lines, shown, strict=True):
        out(f"{safe(line):<{width}}  # {safe(each.origin)}")


def _matching(described: tuple[Described, ...], key: str | None) -> tuple[Described, ...]:
    if key is None:
        return described
    shown = tuple(each for each in described if f"{each.key}.".startswith(f"{key}."))
    if not shown:
        raise unknown(key, "skillgit config")
    return shown
