"""`skillgit serve`: a model on this machine, behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from skillgit.cli.console import TerminalProgress, examples, out, say
from skillgit.cli.vllm_lines import Serving, all_lines, one_line
from skillgit.embedded import models
from skillgit.embedded.llama import EmbeddedServer, ServerSize, require_free_port
from skillgit.errors import SurroundingsError, UsageError
from skillgit.wiring import models_dir


@click.command(
    epilog=examples(
        "skillgit serve",
        "skillgit serve --gguf ~/models/qwen2.5-coder-7b-q4_k_m.gguf --slots 4",
        "skillgit serve --print --model Qwen/Qwen3.5-35B-A3B -- --tensor-parallel-size 2",
        "skillgit serve --print --model Qwen/Qwen3-8B --data-parallel 4 --router",
        "skillgit serve --embed --model Qwen/Qwen3-Embedding-0.6B --port 8001",
    )
)
@click.option(
    "--model",
    metavar="NAME",
    help=f"{' or '.join(models.KNOWN)} (fetched once), or for vLLM any model that it can load. "
    f"Default: {models.DEFAULT}.",
)
@click.option(
    "--gguf",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Serve this file of yours with the embedded server.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Of 127.0.0.1."
)
@click.option("--ctx", type=click.IntRange(512), help="Tokens of one call, prompt and reply.")
@click.option("--slots", type=click.IntRange(1, 1024), help="Calls at once.")
@click.option(
    "--data-parallel",
    "copies",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    metavar="N",
    help="Copies of the model on a machine, each with accelerators of its own (vLLM).",
)
@click.option(
    "--router", is_flag=True, help="With --print: servers on their own, and vllm-router in front."
)
@click.option(
    "--machine",
    "machines",
    multiple=True,
    metavar="HOST",
    help="With --print: spread over these machines; repeatable.",
)
@click.option(
    "--embed", is_flag=True, help="An embedding model, for memory banks (recall.base_url)."
)
@click.option("--print", "only_print", is_flag=True, help="Only print what starts vLLM.")
@click.argument("extra", nargs=-1, type=click.UNPROCESSED, metavar="[-- VLLM_OPTIONS...]")
def command(  # noqa: PLR0913 - the options of a verb are its arguments
    *,
    model: str | None,
    gguf: Path | None,
    port: int,
    ctx: int | None,
    slots: int | None,
    copies: int,
    router: bool,
    machines: Sequence[str],
    embed: bool,
    only_print: bool,
    extra: Sequence[str],
) -> None:
    """Start a model on this machine behind an OpenAI-compatible endpoint.

    With vLLM installed this runs `vllm serve` with the options that skillgit needs. Else it runs
    llama.cpp on the processor, from the extra 'embedded'; a model file is fetched once.
    Writes the address to stdout. Ctrl-C stops the server; the exit code is then 130.
    """
    _must_agree(model, gguf, embeds=embed, for_vllm=bool(only_print or extra or copies > 1))
    name = model or models.DEFAULT
    size = {"--max-model-len": ctx, "--max-num-seqs": slots}
    given = {key: value for key, value in size.items() if value}
    serving = Serving(name, port, given, extra, copies, machines, router, embed)
    if only_print:
        out("\n".join(all_lines(serving)))
        return
    if serving.spread:
        raise UsageError(
            "starting a server: --router and --machine take several commands",
            hint="add --print, and run each of the lines where it belongs",
        )
    require_free_port(port)
    if not gguf and _has_vllm():
        _become(one_line(serving))
    elif extra or copies > 1:
        raise SurroundingsError(
            "starting a server: options of vLLM were given, but vLLM is not installed",
            hint="pip install 'skillgit[serve]' on a machine with an accelerator, or use --print",
        )
    else:
        _serve_embedded(name, gguf, port, ServerSize(ctx or 8192, slots or 2, embeds=embed))


def _must_agree(model: str | None, gguf: Path | None, *, embeds: bool, for_vllm: bool) -> None:
    if gguf and (model or for_vllm):
        raise UsageError(
            "choosing what to serve: --gguf is for the embedded server and excludes --model, "
            "--print, --data-parallel and options of vLLM",
            hint="give --gguf alone, or --model without it",
        )
    if embeds and not (model or gguf):
        raise UsageError(
            "choosing what to serve: --embed needs a model that embeds, and none comes along",
            hint="name one with --model (vLLM) or --gguf (the embedded server)",
        )


def _has_vllm() -> bool:
    return bool(shutil.which("vllm") or importlib.util.find_spec("vllm"))


def _become(line: list[str]) -> None:
    """Go on as vLLM, so that signals and its exit status are its own."""
    say(shlex.join(line))
    sys.stdout.flush()
    if shutil.which("vllm"):
        os.execvp(line[0], line)  # noqa: S606 - no shell is wanted
    # Installed in this environment, which is not on PATH.
    module = [sys.executable, "-m", "vllm.entrypoints.cli.main", *line[1:]]
    os.execv(sys.executable, module)  # noqa: S606 - the same


def _serve_embedded(name: str, gguf: Path | None, port: int, size: ServerSize) -> None:
    if gguf:
        path, alias = models.own_gguf(gguf), gguf.stem
    else:
        known = models.known_model(name)
        alias = known.alias
        folder = models.models_folder(os.environ, models_dir())
        with TerminalProgress() as progress:
            path = models.fetch(known, folder, progress)
    say(f"loading {path.name} …")
    with EmbeddedServer(path, alias, size, port=port) as server:
        out(server.base_url)
        say(f"{alias} is served, {size.slots} calls at once of {size.ctx} tokens; Ctrl-C stops it")
        server.wait()
