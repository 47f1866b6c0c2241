"""What applies have registered, and where its secrets are: notes in folders of ``registered``.

They say what is ours where a server spells a URL in another way, and whose secret a sink holds that
belongs to nothing live. Each registration is noted before its secret is stored, or it is deleted. A
digest of each secret is beside it, so that an old one isn't taken for a new one.

They also say which secrets were stored, and where. A sink that can't be asked is believed only
in that: once a registration of a URL was asked for, whatever became of it, a live one whose secret
isn't noted as stored there has lost it. And a place is out of date that got an older secret last:
the order is that in which Photon gave them, no clock decides.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from photonctl.errors import RefusedError
from photonctl.files import (
    append_private,
    open_private,
    read_bounded,
    replace_file,
    sync_folder,
)
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.noted import (
    ASKED,
    DELETED,
    Note,
    given_lines,
    parts,
    seen_lines,
    shortened,
    stored_line,
)
from photonctl.state_folder import refuse_foreign, work_folder, work_place

_LARGEST_NOTE = 2**20
_LONG_NOTE, _KEPT_LINES = 2**18, 1_000
_FAN = 2  # hexadecimal digits: 256 folders


class Registered:
    """The notes of the manifests in one folder."""

    def __init__(self, folder: Path, state: Path | None = None) -> None:
        """Open them; ``state``: where they are, if not in the folder's ``.photonctl``."""
        self._beside = folder
        self._state = state

    def note_registered(self, project_id: str, key: str, webhook_id: str) -> None:
        """Note that a registration of a URL is ours. What can't be noted isn't known later."""
        self._add(project_id, key, webhook_id)

    def has_seen(self, project_id: str, key: str, secrets: OneTimeSecrets) -> bool:
        """Is one of these secrets known, for any registration of the URL? None may come again."""
        digests = (secret.digest() for _, secret in parts(secrets) if secret is not None)
        return not self.note(project_id, key).all_seen.isdisjoint(digests)

    def note_given(self, project_id: str, key: str, secrets: OneTimeSecrets) -> None:
        """Note which secrets a webhook was given: its newest from then on."""
        lines = given_lines(self.note(project_id, key), secrets)
        if lines:
            self._add(project_id, key, "\n".join(lines))

    def note_seen(self, project_id: str, key: str, secrets: OneTimeSecrets) -> None:
        """Note which secrets an answer has that isn't believed: they decide nothing else."""
        lines = seen_lines(self.note(project_id, key), secrets)
        if lines:
            self._add(project_id, key, "\n".join(lines))

    def note_deleted(self, project_id: str, key: str, webhook_id: str) -> None:
        """Note that a registration is gone: its secret, wherever it is stored, is of no use."""
        self._add(project_id, key, f"{webhook_id} {DELETED}")

    def note_asked(self, project_id: str, key: str) -> None:
        """Note that a registration of a URL is about to be asked for."""
        if not self.note(project_id, key).is_asked:
            self._add(project_id, key, ASKED)

    def check_noted(self, project_id: str, key: str) -> None:
        """Make sure that what Photon is about to give isn't refused by its note.

        Raises:
            RefusedError: the note is somebody else's.
        """
        self.note(project_id, key)
        with suppress(OSError):  # what can't be noted isn't known later
            open_private(self._note_made(project_id, key), appends=True).close()

    def note_stored(
        self, project_id: str, key: str, secrets: OneTimeSecrets, places: Iterable[SinkSpec]
    ) -> None:
        """Note where a webhook's secrets are stored: all of them, or a rotated standard one."""
        lines = [stored_line(secrets, self.place_id(place)) for place in places]
        if lines:
            self._add(project_id, key, "\n".join(lines))

    def note(self, project_id: str, key: str) -> Note:
        """Return what is noted of a URL.

        Raises:
            RefusedError: it can't be read, so it isn't known what is stored.
        """
        path = self._notes_of(project_id) / name_of(project_id, key)
        return Note([words for line in _lines(path) if (words := line.split())])

    def all_registered(self, project_id: str) -> frozenset[str]:
        """Return the ids of our last registrations of every URL of a project, also deleted ones."""
        return _ids_in(self._notes_of(project_id).glob(f"{digest_of(project_id)}-*"))

    def all_registered_elsewhere(self, project_id: str) -> frozenset[str]:
        """Return the ids of registrations of every other project."""
        paths = self._place("registered").glob("??/*")
        return _ids_in(p for p in paths if not p.name.startswith(f"{digest_of(project_id)}-"))

    def all_deleted(self) -> frozenset[str]:
        """Return the ids of registrations of any project that an apply has deleted."""
        found = (
            line.partition(" ")
            for path in self._place("registered").glob("??/*")
            for line in _lines(path)
        )
        return frozenset(webhook_id for webhook_id, _, state in found if state == DELETED)

    def place_id(self, place: SinkSpec) -> str:
        """Name a place of a secret. A command with other words is another place; it gets no key.

        In a journal that several folders share, a command that is relative to one is another place.
        """
        key = "" if place.type == "exec" else place.key
        words = (place.target, *place.arguments) if place.type == "exec" else ()
        is_relative = any("/" in word and not word.startswith("/") for word in words)
        is_shared = self._state is not None and is_relative
        folder = str(self._beside.resolve()) if is_shared else ""
        return digest_of("\0".join((place.type, place.target, key, folder, *place.arguments)))

    def _add(self, project_id: str, key: str, line: str) -> None:
        """Add a line; the break before it ends one that a crash has cut."""
        with suppress(OSError):
            path = self._note_made(project_id, key)
            append_private(path, f"\n{line}\n".encode())
            if path.stat().st_size > _LONG_NOTE:
                kept = shortened(_lines(path), _KEPT_LINES)
                replace_file(path, "".join(f"{line}\n" for line in kept).encode())

    def _note_made(self, project_id: str, key: str) -> Path:
        """Return where a URL's note is; its folder is there, and it has one name only."""
        self._in("registered")
        folder = self._notes_of(project_id)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)
        path = folder / name_of(project_id, key)
        if is_file(path) and path.stat().st_nlink > 1:  # a backup of hard links made the other
            replace_file(path, read_bounded(path, _LARGEST_NOTE))
        return path

    def _notes_of(self, project_id: str) -> Path:
        """Return the folder of a project's notes: one of many, as a fleet has many projects."""
        folder = self._place("registered") / digest_of(project_id)[:_FAN]
        refuse_foreign(folder)
        return folder

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
    """Return the registrations in a note, the last one last; none if there is no note.

    Raises:
        RefusedError: it can't be read, so it isn't known what is stored.
    """
    if not is_file(path):
        return []
    try:
        whole = read_bounded(path, _LARGEST_NOTE).decode().split("\n")[:-1]
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        raise RefusedError(
            f"the journal's note {path} can't be read, so it isn't known which secrets are stored",
            hint="Make it readable. If it isn't photonctl's own any more, remove it: secrets of "
            "commands (exec) count as unknown then.",
        ) from None
    return [line for line in whole if line]


def is_file(path: Path) -> bool:
    """Is it a file, and no link to one?"""
    return path.is_file() and not path.is_symlink()


def _ids_in(paths: Iterable[Path]) -> frozenset[str]:
    lines = (line for path in paths for line in _lines(path))
    return frozenset(line.partition(" ")[0] for line in lines if line != ASKED)


def name_of(project_id: str, key: str) -> str:
    """Name the file of a project's key: an id or a URL may hold what no name of a file can."""
    return f"{digest_of(project_id)}-{digest_of(key)}"


def digest_of(text: str) -> str:
    """Return a text's digest, short enough for names."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
