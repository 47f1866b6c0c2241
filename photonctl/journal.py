"""Intents that survive a crash: a secret was asked for, and may be lost.

One small file per intent in ``.photonctl/intents``, named by project and URL; those of a rotation
and of a project's creation have names apart. It is written and on disk before the request is sent,
and removed once the secret is safe. That the file is there says everything; nothing in it is read
back, so no crash can leave one that can't be read. Never holds a secret.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from photonctl.errors import SinkNotWritable
from photonctl.files import STATE_FOLDER, make_private, state_folder, sync_folder


def rotation_of(key: str) -> str:
    """Name the intent of a webhook's rotation; that of its registration is named by its key."""
    return f"rotation of {key}"


def creation_of(name: str, spectrum_url: str) -> str:
    """Name the intent of a project's creation at a host; it has no id yet."""
    return f"creation of {name} at {spectrum_url}"


class Journal:
    """The intents of the manifests in one folder."""

    def __init__(self, folder: Path) -> None:
        self._beside = folder

    def check_writable(self) -> None:
        """Note something and forget it.

        Raises:
            SinkNotWritable: nothing could be noted.
        """
        self.open_intent("", "")
        self.close_intents("", "")

    def open_intent(self, project_id: str, key: str) -> None:
        """Note that a secret is about to be asked for; on disk when this returns.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        try:
            folder = state_folder(self._beside)
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder)
            make_private(self._path(project_id, key), f"{project_id} {key}\n".encode())
        except OSError as error:
            raise SinkNotWritable(
                f"the journal {self._beside / STATE_FOLDER} can't be written: {error}",
                hint="Make the folder writable: without it, a secret could be lost unnoticed. "
                "Nothing was changed.",
            ) from error

    def close_intents(self, project_id: str, *keys: str) -> None:
        """Note that the secret is stored, or that there is none.

        Raises:
            OSError: an intent stays, and the next plan makes the secret anew needlessly.
        """
        for key in keys:
            path = self._path(project_id, key)
            if path.exists():
                path.unlink(missing_ok=True)
                sync_folder(path.parent)

    def has_intent(self, project_id: str, key: str) -> bool:
        """Was a registration, or a rotation, begun and not finished?"""
        return self._path(project_id, key).exists()

    def forget_others(self, project_id: str, keys: Iterable[str]) -> None:
        """Forget a project's intents but those of these keys. Only under the lock of an apply.

        Raises:
            OSError: some are still there.
        """
        kept = {self._path(project_id, key) for key in keys}
        for path in self._folder.glob(f"{_digest(project_id)}-*"):
            if path not in kept:
                path.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self._beside / STATE_FOLDER / "intents"

    def _path(self, project_id: str, key: str) -> Path:
        return self._folder / f"{_digest(project_id)}-{_digest(key)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
