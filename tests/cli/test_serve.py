from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from smallest_model import smallest_model

from skillgit import cli


@pytest.fixture(autouse=True)
def _no_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on PATH nor importable, whatever this machine has."""
    monkeypatch.setitem(sys.modules, "vllm", None)
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setenv("SKILLGIT_MODELS_DIR", str(tmp_path / "models"))


def serve(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = cli.run(["serve", *args])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_line_that_starts_vllm(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = serve(
        capsys, "--print", "--model", "Qwen/Qwen3.5-35B-A3B", "--ctx", "32768", "--port", "8002"
    )
    assert (code, err) == (0, "")
    assert shlex.split(out) == [
        *("vllm", "serve", "Qwen/Qwen3.5-35B-A3B", "--served-model-name", "Qwen3.5-35B-A3B"),
        *("--host", "127.0.0.1", "--port", "8002", "--max-model-len", "32768"),
        "--enable-prompt-tokens-details",
        *("--structured-outputs-config",),
        '{"backend": "xgrammar", "disable_any_whitespace": true}',
        *("--enable-auto-tool-choice", "--tool-call-parser", "qwen3_xml"),
        *("--reasoning-parser", "qwen3"),
    ]


@pytest.mark.parametrize(
    ("model", "parsers"),
    [
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "--tool-call-parser qwen3_xml"),
        ("Qwen/Qwen3-8B", "--tool-call-parser hermes --reasoning-parser qwen3"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "--tool-call-parser hermes"),
    ],
)
def test_each_family_has_its_parsers(
    capsys: pytest.CaptureFixture[str], model: str, parsers: str
) -> None:
    assert serve(capsys, "--print", "--model", model)[1].endswith(
        f" --enable-auto-tool-choice {parsers}\n"
    )


def test_an_unknown_family_gets_no_parser(capsys: pytest.CaptureFixture[str]) -> None:
    out = serve(capsys, "--print", "--model", "some/model")[1]
    assert "parser" not in out
    assert "--enable-auto-tool-choice" not in out


def test_a_known_model_is_served_by_vllm_under_the_same_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = shlex.split(serve(capsys, "--print")[1])
    assert line[2:5] == [
        "Qwen/Qwen2.5-Coder-1.5B-Instruct",
        "--served-model-name",
        "qwen2.5-coder-1.5b",
    ]


def test_options_of_vllm_are_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    out = serve(capsys, "--print", "--slots", "4", "--", "--tensor-parallel-size", "2")[1]
    assert "--max-num-seqs 4" in out
    assert out.endswith(" --tensor-parallel-size 2\n")


def test_an_embedding_model_is_served_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--embed", "--print", "--model", "Qwen/Qwen3-Embedding-0.6B", "--ctx", "2048")
    code, out, _ = serve(capsys, *words)
    assert code == 0
    assert shlex.split(out) == [
        *("vllm", "serve", "Qwen/Qwen3-Embedding-0.6B"),
        *("--served-model-name", "Qwen3-Embedding-0.6B"),
        *("--host", "127.0.0.1", "--port", "8000", "--max-model-len", "2048"),
        *("--runner", "pooling"),
    ]
    _, out, _ = serve(capsys, *words, "--data-parallel", "2", "--router")
    assert out.endswith("# then: export SKILLGIT_RECALL_BASE_URL=http://127.0.0.1:8000/v1\n")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def test_with_vllm_on_the_path_it_is_run(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "vllm"
    program.write_text('#!/bin/sh\necho ran: "$@"\nexit 7\n')
    program.chmod(0o755)
    command = [sys.executable, "-m", "skillgit", "serve", "--port", free_port()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert done.stdout.startswith("ran: serve Qwen/Qwen2.5-Coder-1.5B-Instruct")
    assert done.stderr.startswith("vllm serve Qwen/Qwen2.5-Coder-1.5B-Instruct")


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--gguf", "a.gguf", "--model", "coder-1.5b"], 2, "--gguf is for the embedded server"),
        (["--gguf", "a.gguf", "--print"], 2, "--gguf is for the embedded server"),
        (["--gguf", "missing.gguf"], 2, "missing.gguf"),
        (["--embed"], 2, "--embed needs a model that embeds"),
        (["--model", "Qwen/Qwen3-8B"], 2, "'Qwen/Qwen3-8B' is not known"),
        (["--", "--tensor-parallel-size", "2"], 3, "vLLM is not installed"),
    ],
)
def test_what_cannot_be_served_is_said(
    capsys: pytest.CaptureFixture[str], args: list[str], code: int, message: str
) -> None:
    got, out, err = serve(capsys, "--port", free_port(), *args)
    assert (got, out) == (code, "")
    assert message in err
    assert "hint: " in err


def test_a_port_that_is_taken_is_said_before_anything_is_fetched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = serve(capsys, "--port", str(port))
    assert code == 2
    assert f"127.0.0.1:{port}" in err
    assert "choose another one with --port" in err


def test_offline_with_nothing_cached_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code, _, err = serve(capsys, "--model", "smollm2-135m", "--port", free_port())
    assert code == 3
    assert "fetching the model smollm2-135m" in err
    assert "--gguf FILE" in err
    assert "endpoint.base_url" in err


@pytest.mark.live
def test_ctrl_c_stops_the_embedded_server(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "skillgit", "serve", "--gguf", str(smallest_model())]
    command += ["--port", port, "--ctx", "512", "--slots", "1"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == f"http://127.0.0.1:{port}/v1\n"
        os.killpg(server.pid, signal.SIGINT)  # a terminal sends it to the whole group
        _, err = server.communicate(timeout=30)
    assert server.returncode == 130
    assert err.endswith("interrupted\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)
