"""`skillgit doctor`: is everything there that a round needs?"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from skillgit.adapters.settings import load_settings
from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.config import Config
from skillgit.doctor.diagnosis import Check, Level
from skillgit.doctor.machine import probe_machine
from skillgit.doctor.probe import probe_endpoint
from skillgit.doctor.recall import probe_recall
from skillgit.errors import SurroundingsError
from skillgit.wiring.asking import embedding_endpoint, key_of

_NAME_WIDTH = 13
_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command(
    epilog=examples(
        "skillgit doctor",
        "skillgit doctor --base-url http://127.0.0.1:8000/v1",
        "skillgit doctor --json",
    )
)
@click.option(
    "--base-url",
    "base_urls",
    multiple=True,
    metavar="URL",
    help="The endpoint, as http://HOST:PORT/v1; repeatable.",
)
@click.option("--model", metavar="NAME", help="The model; the only one served, if not given.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")
def command(*, base_urls: tuple[str, ...], model: str | None, as_json: bool) -> int:
    """Check Git, the endpoint and the model, and say what to do.

    Each line is ok, warn or fail. The model is asked some short questions: without an accelerator
    that takes a minute or two. So is an embedding model where [recall] names one. Ends with 3 if
    something fails that a round cannot do without.
    """
    options = {"endpoint.base_url": base_urls or None, "endpoint.model": model}
    config = load_settings(Path.cwd(), options).config
    checks = asyncio.run(_examine(config, show=not as_json))
    failed = sum(check.level is Level.FAIL for check in checks)
    if as_json:
        print_json("doctor", {"ok": not failed, "checks": [asdict(check) for check in checks]})
    elif failed:
        say(f"{failed} of {len(checks)} checks failed")
    return SurroundingsError.exit_code if failed else 0


async def _examine(config: Config, *, show: bool) -> list[Check]:
    checks = []
    for check in probe_machine(Path.cwd(), config.sandbox):
        checks.append(check)
        _show(check, show=show)
    async for check in probe_endpoint(config.endpoint, key_of(config)):
        checks.append(check)
        _show(check, show=show)
    if config.recall.base_url or config.recall.model:  # few rounds need it
        async for check in probe_recall(*embedding_endpoint(config)):
            checks.append(check)
            _show(check, show=show)
    return checks


def _show(check: Check, *, show: bool) -> None:
    if not show:
        return
    level = click.style(f"{check.level:<4}", fg=_COLOURS[check.level])
    out(f"{level}  {check.name:<{_NAME_WIDTH}} {_line(check.found)}")
    if check.advice:
        out(f"{'':<6}{'':<{_NAME_WIDTH}} -> {_line(check.advice)}")


def _line(text: str) -> str:
    return " ".join(safe(text).split())
