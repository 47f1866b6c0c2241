"""State in SQLite: one transaction per request, complete after a ``kill -9`` at any moment."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY, expires_at REAL NOT NULL, opens_projects INTEGER NOT NULL,
    revoked INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS device_codes (
    device_code TEXT PRIMARY KEY, user_code TEXT UNIQUE NOT NULL, client_id TEXT NOT NULL,
    scope TEXT, state TEXT NOT NULL, expires_at REAL NOT NULL, polled_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS projects (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE, spectrum_id TEXT UNIQUE, name TEXT NOT NULL,
    location TEXT NOT NULL, secret TEXT, tier TEXT NOT NULL, first_name TEXT, last_name TEXT,
    avatar_url TEXT, slug TEXT, template INTEGER NOT NULL, observability INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT);
CREATE TABLE IF NOT EXISTS platforms (
    project TEXT NOT NULL, word TEXT NOT NULL, imessage_enabled INTEGER,
    PRIMARY KEY (project, word));
CREATE TABLE IF NOT EXISTS lines (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, phone TEXT NOT NULL, created_at TEXT NOT NULL,
    first_name TEXT, last_name TEXT, avatar_url TEXT, is_given INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, is_done INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS users (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE, project TEXT NOT NULL, type TEXT NOT NULL,
    phone TEXT NOT NULL, assigned TEXT NOT NULL, first_name TEXT, last_name TEXT, email TEXT,
    is_owner INTEGER NOT NULL, created_at TEXT NOT NULL, deleted_at TEXT);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE, user TEXT NOT NULL, sent_to TEXT NOT NULL,
    sent_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE, project TEXT NOT NULL, url TEXT NOT NULL,
    schema_version TEXT NOT NULL, event_types TEXT NOT NULL, enabled INTEGER NOT NULL,
    failure_email TEXT, signing TEXT NOT NULL, standard TEXT NOT NULL,
    previous_standard TEXT, previous_until TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT);
CREATE INDEX IF NOT EXISTS users_of ON users (project, phone) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS webhooks_of ON webhooks (project, url) WHERE deleted_at IS NULL;
"""
_VERSION = 4  # of the tables below; another one isn't converted: it is a test's state
_LONGEST = 8 * 2**20  # bytes of a value; bodies are far smaller
_MAGIC = 0x50686F74  # "Phot": tells our files from other SQLite files


class NotOurs(Exception):
    """The data file isn't an emulator's."""


class Store:
    """One connection, used by one request at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the state in a private file, or in memory.

        Raises:
            NotOurs: the file holds something else.
            OSError: it can't be opened.
        """
        if path is not None:
            # Made here, so that its mode is private from the first byte on.
            no_link = getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(path, os.O_CREAT | os.O_RDWR | no_link, 0o600)
            found = os.fstat(handle)
            is_file = stat.S_ISREG(found.st_mode)
            if is_file and found.st_uid == os.geteuid():
                os.fchmod(handle, 0o600)  # it may have been there, readable by others
            os.close(handle)
            if not is_file:
                raise NotOurs("it is no file")
            if found.st_uid != os.geteuid():
                raise NotOurs("it belongs to another user")
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            str(path) if path else ":memory:", check_same_thread=False, isolation_level=None
        )
        self._db.row_factory = sqlite3.Row
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise NotOurs(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give one request all of the state: its changes stay together, or not at all."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _prepare(self) -> None:
        # The file may be a stranger's: what its schema calls must not run.
        self._db.execute("PRAGMA trusted_schema = OFF")
        self._db.execute("PRAGMA cell_size_check = ON")
        self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        (magic,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if tables and magic != _MAGIC:
            raise NotOurs("it is another program's SQLite file")
        if tables and version != _VERSION:
            raise NotOurs("another version of the emulator made it; remove it to start again")
        if tables and _declared(self._db) != _own_tables():
            raise NotOurs("its tables aren't those of an emulator's file")
        marks = f"PRAGMA application_id = {_MAGIC}; PRAGMA user_version = {_VERSION};"
        self._db.executescript(f"BEGIN; {_SCHEMA} {marks} COMMIT;")


def _declared(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return what a file's tables, indexes, triggers and views are."""
    found = db.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return sorted(tuple(row) for row in found if not row[1].startswith("sqlite_"))


def _own_tables() -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_SCHEMA)
        return _declared(db)
