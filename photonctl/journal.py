"""Intents that survive a crash: a secret was asked for, and may be lost.

One small file per intent in ``.photonctl/intents``, named by project and URL; those of a rotation
and of a project's creation have names apart. It is written and on disk before the request is sent,
and removed once the secret is safe. That the file is there says nearly everything; a rotation's
holds the webhook's id, and one that a crash has cut counts for any. Never holds a secret, nor a
URL, which may.

Beside them are the notes of ``registered.py``.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from photonctl.errors import SinkNotWritable
from photonctl.files import create_private, read_bounded, sync_folder
from photonctl.registered import Registered, digest_of, is_file, name_of
from photonctl.state_folder import work_place

_LARGEST = 2**12
_UNKNOWN_TIME = datetime.max.replace(tzinfo=UTC)


def rotation_of(key: str) -> str:
    """Name the intent of a webhook's rotation; that of its registration is named by its key."""
    return f"rotation of {key}"


def creation_of(name: str, spectrum_url: str) -> str:
    """Name the intent of a project's creation at a host; it has no id yet."""
    return f"creation of {name} at {spectrum_url}"


class Journal(Registered):
    """The intents of the manifests in one folder, and its notes."""

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
        super().__init__(folder, state)
        self._on_intent = on_intent

    def check_writable(self) -> None:
        """Write an intent and remove it.

        Raises:
            SinkNotWritable: it can't be written.
        """
        self._open("", "")
        self._close("", "")

    def open_intent(self, project_id: str, key: str, webhook_id: str = "") -> None:
        """Note that a secret is about to be asked for; on disk when this returns.

        Args:
            project_id: whose secret it is.
            key: the intent's name.
            webhook_id: of the webhook that it is for, where that one exists already.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        self._open(project_id, key, webhook_id)
        self.say(key, is_open=True)

    def say(self, key: str, *, is_open: bool) -> None:
        """Report an intent, wherever it is kept."""
        self._on_intent(key, is_open)

    def _open(self, project_id: str, key: str, webhook_id: str = "") -> None:
        noted = f"{webhook_id}\n" if webhook_id else ""
        try:
            create_private(self._in("intents") / name_of(project_id, key), noted.encode())
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
        if not is_file(path):
            return None
        try:
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except (OSError, ValueError, OverflowError):  # a time that no clock has
            return _UNKNOWN_TIME

    def begun_for(self, project_id: str, key: str) -> str:
        """Return the id of the webhook that an intent is about; "" = it doesn't say."""
        return _id_in(self._path(project_id, key))

    def forget_others(self, project_id: str, keys: Iterable[str]) -> None:
        """Forget a project's intents, except those of these keys. Only under the lock of an apply.

        One that names its webhook stays: a list may lack it for a moment, and another webhook of
        the same URL isn't taken for it.

        Raises:
            OSError: some are still there.
        """
        kept = {self._path(project_id, key) for key in keys}
        for path in self._folder.glob(f"{digest_of(project_id)}-*"):
            if path not in kept and not _id_in(path):
                path.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self._place("intents")

    def _path(self, project_id: str, key: str) -> Path:
        return self._folder / name_of(project_id, key)


def _id_in(intent: Path) -> str:
    try:
        noted = read_bounded(intent, _LARGEST).decode()
    except (OSError, ValueError):
        return ""
    return noted[:-1] if noted.endswith("\n") else ""
