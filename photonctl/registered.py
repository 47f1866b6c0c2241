"""What applies have registered, and where its secrets are: notes in folders of ``registered``.

They say what is ours where a server spells a URL in another way, and whose secret a sink holds that
belongs to nothing live. Each registration is noted before its secret is stored, or it is deleted. A
digest of each secret is beside it, so that an old one isn't taken for a new one.

They also say which secrets were stored, where and when. A sink that can't be asked is believed only
in that: once a registration of a URL was asked for, whatever became of it, a live one whose secret
isn't noted as stored there has lost it. And no place is up to date that got an older secret last.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from photonctl.errors import RefusedError
from photonctl.files import append_private, read_bounded, replace_file, sync_folder
from photonctl.model.held import Record, moment, time_of, word
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.model.state import Stored
from photonctl.state_folder import refuse_foreign, work_folder, work_place

_LARGEST_NOTE = 2**20
_LONG_NOTE, _KEPT_LINES = 2**18, 1_000
_DELETED = "deleted"
_STORED = "stored"
_ROTATED = "rotated"
_ASKED = "- asked"
_FAN = 2  # hexadecimal digits: 256 folders


class Registered:
    """The notes of the manifests in one folder."""

    def __init__(self, folder: Path, state: Path | None = None) -> None:
        """Open them; ``state``: where they are, if not in the folder's ``.photonctl``."""
        self._beside = folder
        self._state = state

    def note_registered(self, project_id: str, key: str, webhook_id: str) -> None:
        """Note that a registration of a URL is ours. What can't be noted isn't known later."""
        self._note(project_id, key, webhook_id)

    def note_secret(self, project_id: str, key: str, webhook_id: str, secret: Secret) -> bool:
        """Note that a secret was given for a webhook; False = it was given before, for any id."""
        digest = secret.digest()
        given = (words for words in self._words_of(project_id, key) if len(words) == 2)  # noqa: PLR2004
        if any(words[1] == digest for words in given):
            return False
        self._note(project_id, key, f"{webhook_id} {digest}")
        return True

    def vouches(self, project_id: str, key: str, secrets: OneTimeSecrets) -> bool:
        """Was each of these secrets given for this very webhook?"""
        given = [s for s in (secrets.signing, secrets.standard) if s is not None]
        known = self._words_of(project_id, key) if given else []
        return bool(given) and all([secrets.webhook_id, s.digest()] in known for s in given)

    def note_deleted(self, project_id: str, key: str, webhook_id: str) -> None:
        """Note that a registration is gone: its secret, wherever it is stored, is of no use."""
        self._note(project_id, key, f"{webhook_id} {_DELETED}")

    def note_asked(self, project_id: str, key: str) -> None:
        """Note that a registration of a URL is about to be asked for."""
        if _ASKED.split() not in self._words_of(project_id, key):
            self._note(project_id, key, _ASKED)

    def note_stored(
        self, project_id: str, key: str, secrets: OneTimeSecrets, places: Iterable[SinkSpec]
    ) -> None:
        """Note where a webhook's secrets are stored: all of them, or a rotated standard one."""
        known = secrets.standard or secrets.signing
        if known is None:
            return
        state = _STORED if secrets.signing is not None else _ROTATED
        holds = "standard" if secrets.standard is not None else "signing"
        now = moment(datetime.now(UTC))
        lines = [
            f"{secrets.webhook_id} {state} {self._place_id(place)} {holds} {known.digest()} {now}"
            for place in places
        ]
        if lines:
            self._note(project_id, key, "\n".join(lines))

    def stored(self, project_id: str, key: str, webhook_id: str, place: SinkSpec) -> Stored:
        """Return what was stored in a place for a webhook; unknown where nothing was ever noted."""
        words = self._words_of(project_id, key)
        kept = [line for line in words if _is_kept(line) and line[0] == webhook_id]
        here = [line for line in kept if line[2] == self._place_id(place)]
        if not here:
            is_known = bool(kept) or _ASKED.split() in words
            return Stored.NOTHING if is_known else Stored.UNKNOWN
        if here[-1][3:5] != kept[-1][3:5]:
            return Stored.OLD
        return Stored.ALL if any(line[1] == _STORED for line in here) else Stored.STANDARD

    def newest(self, project_id: str, key: str, webhook_id: str) -> Record | None:
        """Return what was stored last for a webhook, anywhere; None = nothing is noted."""
        kept = [line for line in self._words_of(project_id, key) if _is_kept(line)]
        last = next((line for line in reversed(kept) if line[0] == webhook_id), None)
        if last is None:
            return None
        return Record(
            webhook_id=word(webhook_id),
            holds=Stored.SIGNING if last[3] == "signing" else Stored.ALL,
            digest=last[4],
            since=time_of(last[5]),
        )

    def last_stored(self, project_id: str, key: str) -> str | None:
        """Return the id of the registration whose secrets were stored last, anywhere."""
        ids = [line[0] for line in self._words_of(project_id, key) if _is_kept(line)]
        return ids[-1] if ids else None

    def registered(self, project_id: str, key: str) -> str | None:
        """Return the id of our last registration of a URL, also of a deleted one; None = none."""
        ids = [line[0] for line in self._words_of(project_id, key) if line != _ASKED.split()]
        return ids[-1] if ids else None

    def all_registered(self, project_id: str) -> frozenset[str]:
        """Return the ids of our last registrations of every URL of a project, also deleted ones."""
        paths = self._notes_of(project_id).glob(f"{digest_of(project_id)}-*")
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

    def _place_id(self, place: SinkSpec) -> str:
        """Name a place of a secret. A command with other words is another place; it gets no key.

        In a journal that several folders share, what is relative to one is another place.
        """
        key = "" if place.type == "exec" else place.key
        folder = str(self._beside.resolve()) if self._state is not None else ""
        return digest_of("\0".join((place.type, place.target, key, folder, *place.arguments)))

    def _note(self, project_id: str, key: str, line: str) -> None:
        """Add a line; the break before it ends one that a crash has cut."""
        with suppress(OSError):
            self._in("registered")
            folder = self._notes_of(project_id)
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder.parent)
            path = folder / name_of(project_id, key)
            append_private(path, f"\n{line}\n".encode())
            if path.stat().st_size > _LONG_NOTE:
                replace_file(path, "".join(f"{line}\n" for line in _last(_lines(path))).encode())

    def _words_of(self, project_id: str, key: str) -> list[list[str]]:
        return [
            line.split() for line in _lines(self._notes_of(project_id) / name_of(project_id, key))
        ]

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


def _is_kept(words: list[str]) -> bool:
    """Does a line say where a secret is stored? One that a crash has cut says nothing."""
    return len(words) == 6 and words[1] in (_STORED, _ROTATED)  # noqa: PLR2004


def _last(lines: list[str]) -> list[str]:
    """Return what a long note is shortened to: what decides today."""
    older = [line for line in lines[:-_KEPT_LINES] if line == _ASKED or f" {_STORED} " in line]
    return [*older[-_KEPT_LINES:], *lines[-_KEPT_LINES:]]


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


def name_of(project_id: str, key: str) -> str:
    """Name the file of a project's key: an id or a URL may hold what no name of a file can."""
    return f"{digest_of(project_id)}-{digest_of(key)}"


def digest_of(text: str) -> str:
    """Return a text's digest, short enough for names."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
