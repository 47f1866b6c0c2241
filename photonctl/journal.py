"""Intents that survive a crash: a secret was asked for, and may be lost.

One small file per intent in ``.photonctl/intents``, named by project and URL; those of a rotation
and of a project's creation have names apart. It is written and on disk before the request is sent,
and removed once the secret is safe. That the file is there says everything; nothing in it is read
back, so no crash can leave one that can't be read. Never holds a secret, nor a URL, which may.

Beside them, in folders of ``registered``, are the ids of the registrations that applies made, by
project and URL. They say what is ours where a server spells a URL in another way, and whose secret
a sink holds that belongs to nothing live. Each is noted before its secret is stored, or it is
deleted. A digest of each secret is beside them, so that an old one isn't taken for a new one.

They also say which secrets were stored, and where. A sink that can't be asked is believed only in
that: once a registration of a URL was asked for, whatever became of it, a live one whose secret
isn't noted as stored there has lost it.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from photonctl.errors import SinkNotWritable
from photonctl.files import append_private, create_private, read_bounded, sync_folder
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.model.state import Stored
from photonctl.state_folder import refuse_foreign, work_folder, work_place

_LARGEST_NOTE = 2**20
_DELETED = "deleted"
_STORED = "stored"
_ROTATED = "rotated"
_ASKED = "- asked"
_FAN = 2  # hexadecimal digits: 256 folders


def rotation_of(key: str) -> str:
    """Name the intent of a webhook's rotation; that of its registration is named by its key."""
    return f"rotation of {key}"


def creation_of(name: str, spectrum_url: str) -> str:
    """Name the intent of a project's creation at a host; it has no id yet."""
    return f"creation of {name} at {spectrum_url}"


class Journal:
    """The intents of the manifests in one folder."""

    def __init__(
        self,
        folder: Path,
        state: Path | None = None,
        on_intent: Callable[[str, bool], None] = lambda _, __: None,
    ) -> None:
        """Open the journal of the manifests in a folder.

        Args:
            folder: the manifests' own.
            state: where the journal is, if not in its ``.photonctl``.
            on_intent: called with the key of each intent, and whether it is open from now on.
        """
        self._beside = folder
        self._state = state
        self._on_intent = on_intent

    def check_writable(self) -> None:
        """Write an intent and remove it.

        Raises:
            SinkNotWritable: it can't be written.
        """
        self._open("", "")
        self._close("", "")

    def open_intent(self, project_id: str, key: str) -> None:
        """Note that a secret is about to be asked for; on disk when this returns.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        self._open(project_id, key)
        self.say(key, is_open=True)

    def say(self, key: str, *, is_open: bool) -> None:
        """Report an intent, wherever it is kept."""
        self._on_intent(key, is_open)

    def _open(self, project_id: str, key: str) -> None:
        try:
            create_private(self._in("intents") / _name(project_id, key), b"")
        except OSError as error:
            raise SinkNotWritable(
                f"the journal {work_place(self._beside, self._state)} can't be written: {error}",
                hint="Make the folder writable, or name another in PHOTONCTL_STATE_DIR: without "
                "it, a secret could be lost unnoticed. Nothing was changed.",
            ) from error

    def close_intents(self, project_id: str, *keys: str) -> None:
        """Note that the secret is stored, or that there is none.

        Raises:
            OSError: an intent stays, and the next plan replaces the secret needlessly.
        """
        for key in keys:
            if self._close(project_id, key):
                self.say(key, is_open=False)

    def _close(self, project_id: str, key: str) -> bool:
        path = self._path(project_id, key)
        was_there = path.exists() or path.is_symlink()
        if was_there:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        return was_there

    def has_intent(self, project_id: str, key: str) -> bool:
        """Was a registration, or a rotation, begun and not finished?"""
        return self.begun_at(project_id, key) is not None

    def begun_at(self, project_id: str, key: str) -> datetime | None:
        """Return when a step was begun that isn't finished; None = there is none."""
        path = self._path(project_id, key)
        if not _is_file(path):
            return None
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def forget_others(self, project_id: str, keys: Iterable[str]) -> None:
        """Forget a project's intents, except those of these keys. Only under the lock of an apply.

        Raises:
            OSError: some are still there.
        """
        kept = {self._path(project_id, key) for key in keys}
        for path in self._folder.glob(f"{_digest(project_id)}-*"):
            if path not in kept:
                path.unlink(missing_ok=True)

    def note_registered(self, project_id: str, key: str, webhook_id: str) -> None:
        """Note that a registration of a URL is ours. What can't be noted isn't known later."""
        self._note(project_id, key, webhook_id)

    def note_secret(self, project_id: str, key: str, webhook_id: str, secret: Secret) -> bool:
        """Note that a secret was given for a webhook; False = it was given before, for any id."""
        digest = secret.digest()
        if any(line.endswith(f" {digest}") for line in self._lines_of(project_id, key)):
            return False
        self._note(project_id, key, f"{webhook_id} {digest}")
        return True

    def vouches(self, project_id: str, key: str, secrets: OneTimeSecrets) -> bool:
        """Was each of these secrets given for this very webhook?"""
        given = [s for s in (secrets.signing, secrets.standard) if s is not None]
        lines = self._lines_of(project_id, key) if given else []
        return bool(given) and all(f"{secrets.webhook_id} {s.digest()}" in lines for s in given)

    def note_deleted(self, project_id: str, key: str, webhook_id: str) -> None:
        """Note that a registration is gone: its secret, wherever it is stored, is of no use."""
        self._note(project_id, key, f"{webhook_id} {_DELETED}")

    def note_asked(self, project_id: str, key: str) -> None:
        """Note that a registration of a URL is about to be asked for."""
        if _ASKED not in self._lines_of(project_id, key):
            self._note(project_id, key, _ASKED)

    def note_stored(
        self,
        project_id: str,
        key: str,
        webhook_id: str,
        places: Iterable[SinkSpec],
        *,
        is_whole: bool,
    ) -> None:
        """Note where a registration's secrets are stored; after a rotation, the standard one."""
        state = _STORED if is_whole else _ROTATED
        lines = [f"{webhook_id} {state} {_place_id(place)}" for place in places]
        if lines:
            self._note(project_id, key, "\n".join(lines))

    def stored(self, project_id: str, key: str, webhook_id: str, place: SinkSpec) -> Stored:
        """Return what was stored in a place for a webhook; unknown where nothing was ever noted."""
        lines = self._lines_of(project_id, key)
        if f"{webhook_id} {_STORED} {_place_id(place)}" in lines:
            return Stored.ALL
        if f"{webhook_id} {_ROTATED} {_place_id(place)}" in lines:
            return Stored.STANDARD
        is_known = _ASKED in lines or self.last_stored(project_id, key) == webhook_id
        return Stored.NOTHING if is_known else Stored.UNKNOWN

    def last_stored(self, project_id: str, key: str) -> str | None:
        """Return the id of the registration whose secrets were stored last, anywhere."""
        ids = [
            words[0]
            for line in self._lines_of(project_id, key)
            if (words := line.split())[1:2] in ([_STORED], [_ROTATED])
        ]
        return ids[-1] if ids else None

    def registered(self, project_id: str, key: str) -> str | None:
        """Return the id of our last registration of a URL, also of a deleted one; None = none."""
        lines = self._lines_of(project_id, key)
        ids = [line.partition(" ")[0] for line in lines if line != _ASKED]
        return ids[-1] if ids else None

    def all_registered(self, project_id: str) -> frozenset[str]:
        """Return the ids of our last registrations of every URL of a project, also deleted ones."""
        paths = self._notes_of(project_id).glob(f"{_digest(project_id)}-*")
        lines = (line for path in paths for line in _lines(path))
        return frozenset(line.partition(" ")[0] for line in lines if line != _ASKED)

    def all_deleted(self) -> frozenset[str]:
        """Return the ids of registrations of any project that an apply has deleted."""
        found = (
            line.partition(" ")
            for path in self._place("registered").glob("??/*")
            for line in _lines(path)
        )
        return frozenset(webhook_id for webhook_id, _, state in found if state == _DELETED)

    def _note(self, project_id: str, key: str, line: str) -> None:
        """Add a line; the break before it ends one that a crash has cut."""
        with suppress(OSError):
            self._in("registered")
            folder = self._notes_of(project_id)
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder.parent)
            append_private(folder / _name(project_id, key), f"\n{line}\n".encode())

    def _lines_of(self, project_id: str, key: str) -> list[str]:
        return _lines(self._notes_of(project_id) / _name(project_id, key))

    def _notes_of(self, project_id: str) -> Path:
        """Return the folder of a project's notes: one of many, as a fleet has many projects."""
        folder = self._place("registered") / _digest(project_id)[:_FAN]
        refuse_foreign(folder)
        return folder

    @property
    def _folder(self) -> Path:
        return self._place("intents")

    def _path(self, project_id: str, key: str) -> Path:
        return self._folder / _name(project_id, key)

    def _place(self, name: str) -> Path:
        """Return where a folder of the journal is or would be.

        Raises:
            RefusedError: somebody else may have put it there.
        """
        folder = work_place(self._beside, self._state) / name
        refuse_foreign(folder)
        return folder

    def _in(self, name: str) -> Path:
        """Return a folder of the journal, made if it isn't there; raises as ``_place``."""
        self._place(name)
        folder = work_folder(self._beside, self._state)
        if not (folder / name).is_dir():
            (folder / name).mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder)
        return folder / name


def _lines(path: Path) -> list[str]:
    """Return the registrations in a note, the last one last; none if it can't be read."""
    try:
        if not _is_file(path):
            return []
        whole = read_bounded(path, _LARGEST_NOTE).decode().split("\n")[:-1]
        return [line for line in whole if line]
    except (OSError, ValueError):
        return []


def _is_file(path: Path) -> bool:
    """Is it a file, and no link to one?"""
    return path.is_file() and not path.is_symlink()


def _name(project_id: str, key: str) -> str:
    return f"{_digest(project_id)}-{_digest(key)}"


def _place_id(place: SinkSpec) -> str:
    """Name a place of a secret. A command with other words is another place; it gets no key."""
    key = "" if place.type == "exec" else place.key
    return _digest("\0".join((place.type, place.target, key, *place.arguments)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
