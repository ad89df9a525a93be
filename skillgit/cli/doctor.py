"""`skillgit doctor`: is everything there that a round needs?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
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
    key = os.environ.get(config.endpoint.api_key_env, "")
    async for check in probe_endpoint(config.endpoint, key):
        checks.append(check)
        _show(check, show=show)
    async for check in _recall(config, key):
        checks.append(check)
        _show(check, show=show)
    return checks


async def _recall(config: Config, key: str) -> AsyncIterator[Check]:
    """Only where it is configured: few rounds need it."""
    recall, endpoint = config.recall, config.endpoint
    if not (recall.base_url or recall.model):
        return
    there = replace(endpoint, base_url=recall.base_url or endpoint.base_url, model=recall.model)
    variable = recall.api_key_env if recall.base_url else endpoint.api_key_env
    own = os.environ.get(variable, "") if recall.base_url else key
    async for check in probe_recall(there, own, variable):
        yield check


def _show(check: Check, *, show: bool) -> None:
    if not show:
        return
    level = click.style(f"{check.level:<4}", fg=_COLOURS[check.level])
    out(f"{level}  {check.name:<{_NAME_WIDTH}} {_line(check.found)}")
    if check.advice:
        out(f"{'':<6}{'':<{_NAME_WIDTH}} -> {_line(check.advice)}")


def _line(text: str) -> str:
    return " ".join(safe(text).split())
