"""The credential file: Hermes' layout, several hosts, several tools (contract §1.3, interface §4).

``credential_pool.photon`` is a list of logins, ``credential_pool.photon_project`` one of projects'
own credentials. Ours say which host they are for; Hermes' say nothing, and count for production
only: no credential is sent to a host that it wasn't stored for.

Written in one step under a lock, mode 0600 in a 0700 folder.
"""

import json
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from photonctl.credentials.hosts import PRODUCTION, PRODUCTION_SPECTRUM
from photonctl.credentials.splice import splice
from photonctl.errors import AuthError, RefusedError
from photonctl.files import locked, make_private, own_target, read_bounded, write_private
from photonctl.model.secret import Secret

if TYPE_CHECKING:
    from photonctl.model.spec import JsonValue

_LARGEST = 2**20
_HOST = "dashboard_host"
_SPECTRUM_HOST = "spectrum_host"
_POOL = "credential_pool"
_OLDER = ("providers", "photon", "access_token")
_OTHERS = 0o077


class Login(Struct, frozen=True, kw_only=True):
    """A stored token.

    Attributes:
        token: None = the operating system's keyring has it.
        expires_at: seconds since 1970, if known.
    """

    token: Secret | None
    expires_at: float | None = None


class CredentialFile:
    """The one file of credentials.

    ``warn`` is called with what others could read, and what was kept aside. A mode that is too
    wide is corrected, unless the run only looks.
    """

    def __init__(
        self, path: Path, warn: Callable[[str], None] = lambda _: None, *, only_looks: bool = False
    ) -> None:
        self.path = path
        self._warn = warn
        self._only_looks = only_looks

    def login(self, host: str) -> Login | None:
        """Return the login for a dashboard: its own entry; production's may name no host.

        Raises:
            AuthError: the file can't be read.
        """
        data = self._read()
        entries = _entries(data, "photon")
        own = [e for e in entries if e.get(_HOST) == host]
        is_production = host == PRODUCTION
        general = [e for e in entries[:1] if _HOST not in e and is_production]
        for entry in (*own, *general):
            token = _text(entry, "access_token") or _text(entry, "token")
            if token or entry.get("store") == "keyring":
                expires_at = entry.get("expires_at")
                is_time = isinstance(expires_at, int | float)
                return Login(
                    token=Secret(token) if token else None,
                    expires_at=expires_at if is_time else None,
                )
        older = _older(data)
        return Login(token=Secret(older)) if older and is_production else None

    def pairs(self, host: str) -> dict[str, tuple[str, Secret]]:
        """Return the projects' credentials for a Spectrum: its id of a project → id and secret.

        Raises:
            AuthError: the file can't be read.
        """
        found: dict[str, tuple[str, Secret]] = {}
        for entry in _entries(self._read(), "photon_project"):
            project_id, secret = _spectrum_id(entry), _text(entry, "project_secret")
            if project_id and secret and _spectrum_host(entry) == host:
                found.setdefault(project_id, (project_id, Secret(secret)))
        return found

    def check_writable(self) -> None:
        """Prove that it can be written, before something is to be kept in it.

        Raises:
            AuthError, RefusedError: it can't, or holds something else.
        """
        self._read()
        self._edit("photon_project", lambda entries: entries)

    def keep_login(self, host: str, token: Secret | None, expires_at: datetime | None) -> None:
        """Store a token for a dashboard; None = the keyring has it.

        Raises:
            AuthError, RefusedError: it isn't stored; the file is as it was.
        """
        fresh: dict[str, JsonValue] = {_HOST: host, "issued_at": int(time.time())}
        if token is None:
            fresh["store"] = "keyring"
        else:
            fresh["access_token"] = token.reveal()
        if expires_at is not None:
            fresh["expires_at"] = int(expires_at.timestamp())

        def edit(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
            others = [e for e in entries if e.get(_HOST) != host]
            if host != PRODUCTION:
                return [*others, fresh]
            # Hermes takes the first entry for production's, and is to find the new token there.
            return [fresh, *(e for e in others if e is not entries[0] or _HOST in e)]

        self._edit("photon", edit)

    def forget_login(self, host: str) -> None:
        """Remove a dashboard's login, and what names no host if that is all there is.

        Raises:
            AuthError, RefusedError: it is still there.
        """
        data = self._read()

        def edit(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
            own = [e for e in entries if e.get(_HOST) == host]
            if own or host != PRODUCTION:
                return [e for e in entries if e.get(_HOST) != host]
            return [e for place, e in enumerate(entries) if place > 0 or _HOST in e]

        if not self.path.exists():
            return
        self._edit("photon", edit)
        if host == PRODUCTION and _older(data) and not _entries(data, "photon"):
            self._change(lambda text: splice(text, _OLDER, None))

    def keep_pair(self, host: str, project_id: str, secret: Secret, *, name: str) -> None:
        """Store a project's own credentials for a Spectrum.

        Raises:
            AuthError, RefusedError: they aren't stored.
        """

        def edit(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
            known = [
                e for e in entries if (_spectrum_id(e), _spectrum_host(e)) == (project_id, host)
            ]
            new = {"spectrum_project_id": project_id, "name": name}
            if host != PRODUCTION_SPECTRUM:
                new[_SPECTRUM_HOST] = host
            fresh = {
                **(known[0] if known else new),
                "project_secret": secret.reveal(),
                "issued_at": int(time.time()),
            }
            if known:
                return [fresh if e is known[0] else e for e in entries]
            return [*entries, fresh]

        self._edit("photon_project", edit)

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(read_bounded(self.path, _LARGEST))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        except (ValueError, RecursionError):
            raise self._unreadable("it is no JSON") from None
        self._check_mode()
        if not isinstance(data, dict):
            raise self._unreadable("it is no JSON object")
        return data

    def _unreadable(self, reason: str) -> AuthError:
        return AuthError(
            f"the credential file {self.path} can't be read: {reason}",
            hint="Fix or remove it; photonctl leaves it as it is. A new login keeps it aside:\n"
            "  photonctl login",
        )

    def _check_mode(self) -> None:
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if not mode & _OTHERS:
            return
        again = "If somebody may have read it, sign out and in again."
        if self._only_looks:
            self._warn(
                f"{self.path} can be read by others (mode {mode:04o}). To correct it:  chmod 600; "
                f"{again[0].lower()}{again[1:]}"
            )
            return
        with suppress(OSError):
            self.path.chmod(0o600)
            self._warn(
                f"{self.path} could be read by others (mode {mode:04o}); its mode is 0600 now. "
                f"{again}"
            )

    def _edit(
        self, pool: str, edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
    ) -> None:
        def changed(text: str) -> str:
            entries: JsonValue = edit(_entries(json.loads(text), pool))  # type: ignore[assignment]
            return splice(text, (_POOL, pool), entries)

        self._change(changed)

    def _change(self, change: Callable[[str], str]) -> None:
        folder = self.path.parent
        try:
            make_private(folder)
            with locked(folder / f".{self.path.name}.lock"):
                changed = change(self._text_or_aside()).encode()
                # What a crash leaves of it holds a token, and goes with the next write.
                target = own_target(self.path)
                write_private(target, changed, by_way_of=target.parent)
        except OSError as error:
            raise RefusedError(
                f"the credential file {self.path} can't be written: {error.strerror}",
                hint="Make its folder writable, or name another file in PHOTONCTL_AUTH_FILE.",
            ) from None

    def _text_or_aside(self) -> str:
        """Return the file's text; one that is no JSON object is kept aside, under another name."""
        try:
            text = read_bounded(self.path, _LARGEST).decode("utf-8-sig")
            if isinstance(json.loads(text), dict):
                return text
        except FileNotFoundError:
            return "{}\n"
        except (ValueError, RecursionError):
            pass
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        aside = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        self.path.chmod(0o600)
        self.path.rename(aside)
        self._warn(f"{self.path} was no JSON object; it is kept aside as {aside}")
        return "{}\n"


def _entries(data: Mapping[str, Any], pool: str) -> list[dict[str, Any]]:
    found = _object(data.get(_POOL)).get(pool)
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def _spectrum_id(entry: Mapping[str, Any]) -> str:
    return _text(entry, "spectrum_project_id") or _text(entry, "project_id")


def _spectrum_host(entry: Mapping[str, Any]) -> str:
    return _text(entry, _SPECTRUM_HOST) or PRODUCTION_SPECTRUM


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _older(data: Mapping[str, Any]) -> str:
    """Return the token where earlier versions of Hermes have it."""
    return _text(_object(_object(data.get("providers")).get("photon")), "access_token")
