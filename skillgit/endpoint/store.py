"""The memory of paid calls: every usable reply under the digest of the request it answers.

Beside them what must stay the same when a run resumes: when its round began, what its commands
printed, what was found out about an endpoint.

One SQLite file in the private state of the repository. Each reply is one transaction, so a
process that is killed loses at most the call it was waiting for, and several processes may
share the file.
"""

from __future__ import annotations

import json
import sqlite3  # noqa: TID251 - this is its home
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from skillgit.endpoint.recordings import Row, compact, line_of, read_rows, write_whole
from skillgit.errors import SkillgitError, SurroundingsError, UsageError
from skillgit.ports import JsonObject, Reply
from skillgit.types import Usage

STATE_FOLDER = "skillgit"
"""In Git's common directory: what all work trees share and nobody else is sent."""
STORE_FILE = "replies.db"
_VERSION = 2
"""1 had no observations and no facts; opening such a file adds the tables."""
_PATIENCE = 30.0
"""Seconds to wait for another process that writes."""

_TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    label TEXT NOT NULL,
    model TEXT NOT NULL,
    reply TEXT NOT NULL,
    usage TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rounds (
    digest TEXT PRIMARY KEY,
    started INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS observations (
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    seen TEXT NOT NULL,
    PRIMARY KEY (key, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""
_COLUMNS = "key, role, label, model, reply, usage"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stored reply answers, in the words that a person needs; the key says the rest."""

    role: str
    label: str
    model: str


@dataclass(frozen=True, slots=True)
class Past:
    """What was asked of a model in one role before. `labels` counts the different ones."""

    replies: int = 0
    labels: int = 0
    usage: Usage = field(default_factory=Usage)


class ReplyStore:
    """Replies by key, and what else must outlive a process. Open it in a `with` statement.

    Every failure of the file is a SurroundingsError that says what to do with it.
    """

    def __init__(self, path: Path, *, patience: float = _PATIENCE) -> None:
        self._path = path
        with self._told("opening"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
        try:
            with self._told("opening"):
                self._prepare(patience)
        except SkillgitError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the store cannot be used any more."""
        self._connection.close()

    def get(self, key: str) -> Reply | None:
        """The reply to the request with that key, with what it cost when it was asked."""
        with self._told("reading"):
            row = self._connection.execute(
                "SELECT reply, usage FROM replies WHERE key = ?", (key,)
            ).fetchone()
            return None if row is None else Reply(json.loads(row[0]), Usage(**json.loads(row[1])))

    def put(self, key: str, asked: Asked, reply: Reply) -> None:
        """Keep a usable reply, instead of one that is there."""
        with self._told("writing to"):
            self._insert(_row(key, asked, reply.value, asdict(reply.usage)))

    def add(self, key: str, asked: Asked, reply: Reply) -> Reply | None:
        """Keep a usable reply, unless one is there already, which comes back."""
        with self._told("writing to"):
            row = _row(key, asked, reply.value, asdict(reply.usage))
            is_first = self._insert(row, "IGNORE")
        return None if is_first else self.get(key)

    def knows(self, role: str, label: str) -> bool:
        """Was a call of that name ever answered, if perhaps to another request?"""
        with self._told("reading"):
            found = self._connection.execute(
                "SELECT 1 FROM replies WHERE role = ? AND label = ? LIMIT 1", (role, label)
            ).fetchone()
        return found is not None

    def models(self) -> tuple[str, ...]:
        """The names of all models that replied."""
        with self._told("reading"):
            rows = self._connection.execute("SELECT DISTINCT model FROM replies ORDER BY model")
            return tuple(str(model) for (model,) in rows)

    def past(self, model: str) -> Mapping[str, Past]:
        """What the replies of a model took, by role: what comes next will take about as much."""
        found: dict[str, tuple[int, set[str], Usage]] = {}
        with self._told("reading"):
            for role, label, usage in self._connection.execute(
                "SELECT role, label, usage FROM replies WHERE model = ?", (model,)
            ):
                count, labels, sums = found.get(role, (0, set(), Usage()))
                labels.add(label)
                found[role] = count + 1, labels, sums + Usage(**json.loads(usage))
        return {
            role: Past(count, len(labels), sums) for role, (count, labels, sums) in found.items()
        }

    def remember_round(self, digest: str, started: int) -> int:
        """When the round with these inputs first began: a resumed one keeps its id and dates."""
        with self._told("writing to"):
            self._connection.execute(
                "INSERT OR IGNORE INTO rounds VALUES (?, ?)", (digest, started)
            )
            (first,) = self._connection.execute(
                "SELECT started FROM rounds WHERE digest = ?", (digest,)
            ).fetchone()
        return int(first)

    def first_seen(self, key: str, position: int, seen: str) -> str:
        """What was seen at that place when it was first seen."""
        with self._told("writing to"):
            self._connection.execute(
                "INSERT OR IGNORE INTO observations VALUES (?, ?, ?)", (key, position, seen)
            )
            (first,) = self._connection.execute(
                "SELECT seen FROM observations WHERE key = ? AND position = ?", (key, position)
            ).fetchone()
        return str(first)

    def fact(self, name: str) -> str | None:
        """What was found out under that name, if anything was."""
        with self._told("reading"):
            row = self._connection.execute(
                "SELECT value FROM facts WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else str(row[0])

    def note(self, name: str, value: str) -> None:
        """Keep what was found out, instead of what was believed before."""
        with self._told("writing to"):
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def export(self, path: Path) -> int:
        """Write all replies as JSON lines in the order of their keys; how many there were."""
        with self._told("reading"):
            rows: list[Row] = self._connection.execute(
                f"SELECT {_COLUMNS} FROM replies ORDER BY key"  # noqa: S608 - a constant
            ).fetchall()
        lines = (line_of(row) for row in rows)
        try:
            write_whole(path, "".join(lines).encode())
        except OSError as error:
            raise UsageError(
                f"writing the recorded replies to {path}: {error.strerror}",
                hint="name a file in a folder that you may write to",
            ) from error
        return len(rows)

    def load(self, path: Path) -> int:
        """Take in the replies that `export` wrote, all or none; how many the file holds."""
        rows = list(read_rows(path))
        with self._told("writing to"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for row in rows:
                    self._insert(row)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        return len(rows)

    def _insert(self, row: Row, otherwise: str = "REPLACE") -> bool:
        done = self._connection.execute(
            f"INSERT OR {otherwise} INTO replies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
            row,
        )
        return done.rowcount == 1

    def _prepare(self, patience: float) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise SurroundingsError(
                f"opening the reply store {self._path}: a newer skillgit wrote it",
                hint="upgrade skillgit, or move the file away to start an empty store",
            )
        _switch_to_wal(self._connection, time.monotonic() + patience)
        # With a write-ahead log NORMAL loses nothing when a process dies, only the newest
        # replies when the machine does.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            raise _failure(f"{doing} the reply store {self._path}", error) from error


def _switch_to_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """Two processes that create the file at once do not wait for each other here by themselves."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _failure(doing: str, error: Exception) -> SurroundingsError:
    if isinstance(error, OSError):
        reason, hint = error.strerror or str(error), "check that the folder can be written to"
    elif not isinstance(error, sqlite3.Error):
        reason, hint = f"a row is damaged ({error})", _START_AFRESH
    else:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        reason = str(error)
        hint = _HINTS.get(code, "try again; if it stays, move the file away (replies are lost)")
    return SurroundingsError(f"{doing}: {reason}", hint=hint)


_START_AFRESH = (
    "move the file away to start an empty store; the replies in it are lost and will be asked again"
)
_HINTS = {
    sqlite3.SQLITE_NOTADB: _START_AFRESH,
    sqlite3.SQLITE_CORRUPT: _START_AFRESH,
    sqlite3.SQLITE_BUSY: "another skillgit holds it; wait for it to end, then try again",
    sqlite3.SQLITE_LOCKED: "another skillgit holds it; wait for it to end, then try again",
    sqlite3.SQLITE_READONLY: "check that you may write to the file and to its folder",
    sqlite3.SQLITE_CANTOPEN: "check that the file and its folder exist and can be written to",
    sqlite3.SQLITE_PERM: "check that you may write to the file and to its folder",
    sqlite3.SQLITE_FULL: "make room on the disk and run the same command again; it resumes",
    sqlite3.SQLITE_IOERR: "make room on the disk, or check it, and run the same command again",
}


def _row(key: str, asked: Asked, value: JsonObject, usage: JsonObject) -> Row:
    return (key, asked.role, asked.label, asked.model, compact(value), compact(usage))
