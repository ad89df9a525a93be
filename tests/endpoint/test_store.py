from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.endpoint.store import Asked, Past, ReplyStore
from skillgit.errors import SurroundingsError, UsageError
from skillgit.ports import Reply
from skillgit.types import Usage

ASKED = Asked("merge", "level 1, node 2", "tiny")
REPLY = Reply({"b": [1, {"ü": None}], "a": "x\u2028y"}, Usage(calls=2, output_tokens=7))


def key(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "replies.db"


@pytest.fixture
def store(path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(path) as opened:
        yield opened


def test_a_reply_comes_back_as_it_was_in_the_order_of_the_model(store: ReplyStore) -> None:
    store.put(key(1), ASKED, REPLY)

    reply = store.get(key(1))

    assert reply == REPLY
    assert list(reply.value) == ["b", "a"]
    assert store.get(key(2)) is None


def test_the_last_reply_to_a_request_stays(store: ReplyStore) -> None:
    store.put(key(1), ASKED, Reply({"other": 1}))
    store.put(key(1), ASKED, REPLY)

    assert store.get(key(1)) == REPLY


def test_of_two_processes_that_are_answered_the_first_counts(store: ReplyStore) -> None:
    assert store.add(key(1), ASKED, REPLY) is None
    assert store.add(key(1), ASKED, Reply({"other": 1})) == REPLY
    assert store.get(key(1)) == REPLY


def test_it_knows_calls_by_name_and_models(store: ReplyStore) -> None:
    assert store.models() == ()

    store.put(key(1), ASKED, REPLY)
    store.put(key(2), Asked("error", "t-1", "big"), REPLY)

    assert store.knows("merge", "level 1, node 2")
    assert not store.knows("merge", "t-1")
    assert store.models() == ("big", "tiny")


def test_a_resumed_round_keeps_its_first_second(path: Path) -> None:
    with ReplyStore(path) as store:
        assert store.remember_round("sha256:a", 100) == 100
    with ReplyStore(path) as store:
        assert store.remember_round("sha256:a", 200) == 100
        assert store.remember_round("sha256:b", 200) == 200


def test_export_and_load_are_each_other_s_inverse(store: ReplyStore, tmp_path: Path) -> None:
    for number in (3, 1, 2):
        store.put(key(number), ASKED, REPLY)

    assert store.export(tmp_path / "one.jsonl") == 3
    with ReplyStore(tmp_path / "other.db") as other:
        assert other.load(tmp_path / "one.jsonl") == 3
        assert other.get(key(2)) == REPLY
        other.export(tmp_path / "two.jsonl")

    one = (tmp_path / "one.jsonl").read_bytes()
    assert one == (tmp_path / "two.jsonl").read_bytes()
    assert [line[8:72].decode() for line in one.splitlines()] == [key(1), key(2), key(3)]
    assert sorted(file.name for file in tmp_path.iterdir() if file.name[0] == ".") == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("aü\n\u2028"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(value=st.dictionaries(st.text("abc", max_size=3), json_values, max_size=4))
def test_any_json_object_survives(
    value: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with ReplyStore(folder / "one.db") as one, ReplyStore(folder / "two.db") as two:
        one.put(key(1), ASKED, Reply(value))
        one.export(folder / "replies.jsonl")
        two.load(folder / "replies.jsonl")

        assert two.get(key(1)) == Reply(value)


GOOD_LINE = f'{{"key":"{key(1)}","role":"r","label":"l","model":"m","reply":{{}},"usage":{{}}}}\n'


@pytest.mark.parametrize(
    "bad",
    [
        "no json",
        "[]",
        "{}",
        GOOD_LINE.replace('"reply":{}', '"reply":[]'),
        GOOD_LINE.replace(key(1), "short"),
        GOOD_LINE.replace('"usage":{}', '"usage":{"dollars":1}'),
        GOOD_LINE.replace('"usage":{}', '"usage":{"calls":"many"}'),
        "[" * 100_000,
    ],
)
def test_loading_is_all_or_nothing_and_names_the_line(
    store: ReplyStore, tmp_path: Path, bad: str
) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text(GOOD_LINE + bad, encoding="utf-8")

    with pytest.raises(UsageError, match="line 2"):
        store.load(file)

    assert store.get(key(1)) is None


def test_files_that_cannot_be_read_or_written_are_usage_errors(
    store: ReplyStore, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="No such file"):
        store.load(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="No such file"):
        store.export(tmp_path / "none" / "replies.jsonl")


@pytest.mark.parametrize("content", [b"not a database, only some words" * 40, b"\0" * 4096])
def test_a_file_that_is_no_database_is_named_with_what_to_do(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(SurroundingsError, match=r"replies\.db") as caught:
        ReplyStore(path)

    assert "move the file away" in caught.value.hint
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_found_when_it_is_read(path: Path) -> None:
    with ReplyStore(path) as store:
        for number in range(200):
            store.put(key(number), ASKED, REPLY)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)

    with pytest.raises(SurroundingsError, match="malformed") as caught, ReplyStore(path) as store:
        store.get(key(1))

    assert "move the file away" in caught.value.hint


def test_a_damaged_row_is_an_error_not_a_reply(path: Path, store: ReplyStore) -> None:
    store.put(key(1), ASKED, REPLY)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE replies SET reply = '{'")
    other.close()

    with pytest.raises(SurroundingsError, match="row is damaged"):
        store.get(key(1))


def test_a_store_of_a_newer_skillgit_is_left_alone(path: Path) -> None:
    ReplyStore(path).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()

    with pytest.raises(SurroundingsError, match="newer skillgit"):
        ReplyStore(path)


def test_a_locked_store_says_who_holds_it(path: Path) -> None:
    with ReplyStore(path, patience=0.1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(SurroundingsError, match="locked") as caught:
            store.put(key(1), ASKED, REPLY)
        other.close()

    assert "another skillgit" in caught.value.hint


def test_a_full_disk_says_that_the_round_can_go_on(store: ReplyStore) -> None:
    connection = store._connection  # noqa: SLF001 - SQLite itself is told that the disk is full
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(SurroundingsError, match="full") as caught:
        store.put(key(1), ASKED, Reply({"text": "x" * 100_000}))

    assert "resumes" in caught.value.hint
    assert store.get(key(1)) is None


def test_a_store_that_must_not_be_written_to_says_so(store: ReplyStore) -> None:
    store._connection.execute("PRAGMA query_only = 1")  # noqa: SLF001 - root may write anywhere

    with pytest.raises(SurroundingsError, match="readonly") as caught:
        store.put(key(1), ASKED, REPLY)

    assert "may write" in caught.value.hint


def test_a_path_that_cannot_hold_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SurroundingsError, match="opening the reply store"):
        ReplyStore(tmp_path / "file" / "replies.db")
    with pytest.raises(SurroundingsError, match="opening the reply store"):
        ReplyStore(tmp_path)


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from skillgit.endpoint.store import Asked, ReplyStore
    from skillgit.ports import Reply

    first, count = int(sys.argv[2]), int(sys.argv[3])
    with ReplyStore(Path(sys.argv[1])) as store:
        store.remember_round("sha256:same", first)
        for number in range(first, first + count):
            store.put(f"{number:064x}", Asked("merge", str(number), "m"), Reply({"n": number}))
            print(number, flush=True)
    """
)


def writer(path: Path, first: int, count: int) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(first), str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )


def test_processes_share_a_store_that_none_of_them_found(path: Path) -> None:
    with writer(path, 0, 100) as one, writer(path, 50, 100) as two, writer(path, 500, 1) as three:
        assert [process.wait(timeout=60) for process in (one, two, three)] == [0, 0, 0]

    with ReplyStore(path) as store:
        assert all(store.get(key(number)) for number in [*range(150), 500])
        assert store.remember_round("sha256:same", 999) in {0, 50, 500}


def test_what_was_put_before_a_kill_is_there_after_it(path: Path) -> None:
    with writer(path, 0, 1_000_000) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 40:
                break
        process.send_signal(signal.SIGKILL)

    with ReplyStore(path) as store:
        assert all(store.get(key(number)) == Reply({"n": number}) for number in range(41))


def test_the_past_of_a_model_is_told_by_role(tmp_path: Path) -> None:
    with ReplyStore(tmp_path / "replies.db") as store:
        assert store.past("tiny") == {}
        for key, role, label, model, tokens in (
            ("a", "success", "t-1", "tiny", 10),
            ("b", "success", "t-2", "tiny", 30),
            ("c", "diagnose", "t-3 start 1", "tiny", 5),
            ("d", "diagnose", "t-3 start 1", "tiny", 7),
            ("e", "success", "t-1", "other", 999),
        ):
            usage = Usage(calls=1, prompt_tokens=100, output_tokens=tokens)
            store.put(key * 64, Asked(role, label, model), Reply({}, usage))
        past = store.past("tiny")
    assert past["success"] == Past(2, 2, Usage(2, 0, 0, 200, 0, 40))
    assert past["diagnose"] == Past(2, 1, Usage(2, 0, 0, 200, 0, 12))
