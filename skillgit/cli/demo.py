"""`skillgit demo`: a round on a small repository, with a real model on this machine."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from skillgit.adapters.resources import resource
from skillgit.adapters.sample import RUNS, SKILL, branch_of, make_sample
from skillgit.cli.console import TerminalProgress, examples, out, say
from skillgit.cli.evolve import run_evolve
from skillgit.embedded import models
from skillgit.embedded.llama import EmbeddedServer, ServerSize
from skillgit.errors import UsageError
from skillgit.wiring import Errand, models_dir

_LIVE_LIMIT = 4
_SIZE = ServerSize(ctx=6144, slots=2)


@click.command(
    epilog=examples(
        "skillgit demo --replay",
        "skillgit demo",
        "skillgit demo /tmp/demo --limit 2 --gguf ~/models/qwen2.5-coder-7b-q4_k_m.gguf",
        "skillgit demo --base-url http://127.0.0.1:8000/v1 --limit 0",
    )
)
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("skillgit-demo")
)
@click.option("--replay", is_flag=True, help="Take recorded replies: seconds, no model, offline.")
@click.option(
    "--limit",
    type=click.IntRange(0),
    help=f"Use so many passes and so many fails; 0 for all. [default: {_LIVE_LIMIT}]",
)
@click.option("--model", metavar="NAME", help=f"The model. Default: {models.DEFAULT}.")
@click.option(
    "--gguf", type=click.Path(path_type=Path, dir_okay=False), help="A model file of yours."
)
@click.option("--base-url", metavar="URL", help="Ask this endpoint instead of an embedded model.")
def command(
    *,
    folder: Path,
    replay: bool,
    limit: int | None,
    model: str | None,
    gguf: Path | None,
    base_url: str | None,
) -> int:
    """See a round on a small skills repository that is made in DIR (./skillgit-demo).

    The trajectories in it are real runs of a small agent on spreadsheet tasks. Live, a tiny model
    is fetched once (1.1 GB) and runs on the processor: up to a quarter of an hour on two cores.
    An interrupted demo goes on with the same command.
    """
    if sum(map(bool, (replay, gguf or (model and not base_url), base_url))) > 1:
        raise UsageError(
            "choosing who answers: --replay, --base-url, and --model or --gguf exclude each other",
            hint="give one of them (--model may go with --base-url)",
        )
    if replay and limit is not None:
        raise UsageError(
            "choosing trajectories: a replay takes those that were recorded",
            hint="leave --limit out, or leave --replay out",
        )
    commit = make_sample(folder)
    count = len(list((folder / RUNS).glob("*.trajectory.json")))
    say(f"{folder}: a skill in {SKILL} (commit {commit[:10]}), {count} trajectories in {RUNS}/")
    if replay:
        code = _round(folder, {}, resource("templates", "demo", "replies.jsonl"))
    elif base_url:
        code = _round(folder, _live(limit, base_url, model))
    else:
        with _embedded(model or models.DEFAULT, gguf) as (url, alias):
            code = _round(folder, _live(limit, url, alias))
    _what_next(folder)
    return code


def _live(limit: int | None, base_url: str, model: str | None) -> dict[str, object]:
    few = _LIVE_LIMIT if limit is None else limit
    return {"collect.limit": few, "endpoint.base_url": base_url, "endpoint.model": model}


def _round(folder: Path, options: dict[str, object], replies: Path | None = None) -> int:
    """The same as `skillgit evolve skills/xlsx --trajectories runs` in the demo's repository."""
    errand = Errand(
        skill=SKILL,
        trajectories=(folder / RUNS,),
        options=options,
        start=folder,
        replay=replies or False,
    )
    return run_evolve(errand)


@contextmanager
def _embedded(name: str, gguf: Path | None) -> Iterator[tuple[str, str]]:
    """A server of the model; its address, and the model's name there."""
    if gguf:
        path, alias = models.own_gguf(gguf), gguf.stem
    else:
        known = models.known_model(name)
        folder, alias = models.models_folder(os.environ, models_dir()), known.alias
        if not models.is_cached(known, folder):
            size = known.download.size >> 20
            say(f"fetching {known.file} ({size} MiB, {known.licence}) into {folder}, once")
        with TerminalProgress() as progress:
            path = models.fetch(known, folder, progress)
    say(f"loading {path.name} …")
    with EmbeddedServer(path, alias, _SIZE) as server:
        say(f"{alias} answers at {server.base_url}")
        yield server.base_url, alias


def _what_next(folder: Path) -> None:
    branch = branch_of(folder)
    if not branch:
        return
    out(f"""
What to look at:
  cd {shlex.quote(str(folder))}
  git log --stat main..{branch}
  git diff main...{branch}
  skillgit log
  skillgit check --range main..{branch}
  git blame -s {branch} -- {SKILL}/SKILL.md          (choose a line of a lesson)
  skillgit why {SKILL}/SKILL.md:LINE --at {branch}""")
    say(
        "\nA tiny model wrote these lessons, and many of them are weak: the demo shows how a round "
        "works, not how good lessons can be. For those, point endpoint.base_url at your vLLM."
    )
