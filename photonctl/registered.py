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
from photonctl.files import append_private, read_bounded, replace_file, sync_folder
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.model.state import Stored
from photonctl.state_folder import refuse_foreign, work_folder, work_place

_LARGEST_NOTE = 2**20
_LONG_NOTE, _KEPT_LINES = 2**18, 1_000
_DELETED = "deleted"
_STORED = "stored"
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

    def note_given(self, project_id: str, key: str, secrets: OneTimeSecrets) -> bool:
        """Note which secrets a webhook was given; False = one was given before, for any id."""
        known = {words[1] for words in self._words_of(project_id, key) if _is_given(words)}
        given = {name: secret.digest() for name, secret in _parts(secrets) if secret is not None}
        lines = [
            f"{secrets.webhook_id} {digest} {name}"
            for name, digest in given.items()
            if digest not in known
        ]
        if lines:
            self._note(project_id, key, "\n".join(lines))
        return known.isdisjoint(given.values())

    def vouches(self, project_id: str, key: str, secrets: OneTimeSecrets) -> bool:
        """Was each of these secrets given for this very webhook?"""
        given = [s for s in (secrets.signing, secrets.standard) if s is not None]
        lines = self._words_of(project_id, key) if given else []
        known = [words[:2] for words in lines if _is_given(words)]
        return bool(given) and all([secrets.webhook_id, s.digest()] in known for s in given)

    def given(self, project_id: str, key: str, webhook_id: str) -> tuple[str, ...]:
        """Return the digests of a webhook's standard secrets, as far as known.

        The last is the one that Photon gave last; what was stored before, by a copy also, is older.
        """
        lines = self._words_of(project_id, key)
        return _standards(lines, webhook_id)

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
        parts = " ".join(secret.digest() if secret else "-" for _, secret in _parts(secrets))
        lines = [
            f"{secrets.webhook_id} {_STORED} {self._place_id(place)} {parts}" for place in places
        ]
        if lines:
            self._note(project_id, key, "\n".join(lines))

    def stored(
        self, project_id: str, key: str, webhook_id: str, place: SinkSpec, newest: str = ""
    ) -> Stored:
        """Return what was stored in a place for a webhook; unknown where nothing was ever noted.

        ``newest``: the digest of its standard secret that another place notes; "" = none does.
        """
        lines = self._words_of(project_id, key)
        kept = [words for words in lines if _is_kept(words) and words[0] == webhook_id]
        here = [words[3:] for words in kept if words[2] == self._place_id(place)]
        if not here:
            is_known = bool(kept) or _ASKED.split() in lines
            return Stored.NOTHING if is_known else Stored.UNKNOWN
        signing = any(signing != "-" for signing, _ in here)
        standard = next((found for _, found in reversed(here) if found != "-"), None)
        if standard is None:
            return Stored.SIGNING
        if newest not in ("", standard) or standard in _standards(lines, webhook_id)[:-1]:
            return Stored.OLD
        return Stored.ALL if signing else Stored.STANDARD

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

        In a journal that several folders share, a command that is relative to one is another place.
        """
        key = "" if place.type == "exec" else place.key
        words = (place.target, *place.arguments) if place.type == "exec" else ()
        is_relative = any("/" in word and not word.startswith("/") for word in words)
        is_shared = self._state is not None and is_relative
        folder = str(self._beside.resolve()) if is_shared else ""
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


def _parts(secrets: OneTimeSecrets) -> tuple[tuple[str, Secret | None], ...]:
    return ("signing", secrets.signing), ("standard", secrets.standard)


def _is_given(words: list[str]) -> bool:
    """Does a line say that a secret was given? One that a crash has cut says nothing."""
    return len(words) == 3 and words[2] in ("signing", "standard")  # noqa: PLR2004


def _standards(lines: list[list[str]], webhook_id: str) -> tuple[str, ...]:
    """Return standard secrets in the order in which they became known, up to the last given."""
    known: dict[str, None] = {}
    found: tuple[str, ...] = ()
    for words in lines:
        if words[0] != webhook_id:
            continue
        if _is_kept(words) and words[4] != "-":
            known.setdefault(words[4])
        elif _is_given(words) and words[2] == "standard":
            known.pop(words[1], None)
            known[words[1]] = None
            found = tuple(known)
    return found


def _is_kept(words: list[str]) -> bool:
    """Does a line say where a secret is stored?"""
    return len(words) == 5 and words[1] == _STORED  # noqa: PLR2004


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
