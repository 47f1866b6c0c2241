"""Where credentials come from; the first hit wins (interface §4), and its name is known."""

import json
import stat
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from photonctl.api.auth import ProjectPair
from photonctl.credentials.hosts import PRODUCTION, Hosts
from photonctl.credentials.places import auth_file, official_folder
from photonctl.credentials.store import CredentialFile
from photonctl.errors import AuthError, RefusedError, UsageError, WrongApi
from photonctl.files import read_bounded
from photonctl.model.secret import Secret
from photonctl.os_keyring import read_keyring
from photonctl.own_credentials import bare_token
from photonctl.texts import quote

_LARGEST = 2**20
_OTHERS = 0o077
_V1_PREFIX = "pho_"
KEYRING_SERVICE = "photonctl"
_NO_HOME_HINT = (
    "Set PHOTON_TOKEN to a token, or PHOTONCTL_AUTH_FILE to the credential file; or set HOME or "
    "XDG_CONFIG_HOME."
)
TOKEN_VARIABLES = ("PHOTON_TOKEN", "PHOTON_DASHBOARD_TOKEN")


class Token(Struct, frozen=True, kw_only=True):
    """A dashboard token, and where it was found, in words."""

    secret: Secret
    source: str


class Sources:
    """Every place that may hold a credential for one pair of hosts."""

    def __init__(
        self,
        env: Mapping[str, str],
        hosts: Hosts,
        *,
        token_file: str | None = None,
        warn: Callable[[str], None] = lambda _: None,
        only_looks: bool = False,
    ) -> None:
        self._env = env
        self._hosts = hosts
        self._token_file = token_file
        self._warn = warn
        path = auth_file(env)
        self._file = CredentialFile(path, warn, only_looks=only_looks) if path is not None else None

    @property
    def file(self) -> CredentialFile:
        """The credential file, there or not.

        Raises:
            AuthError: nothing says where it would be.
        """
        if self._file is None:
            raise AuthError("there is no home folder, so no credential file", hint=_NO_HOME_HINT)
        return self._file

    def token(self) -> Token | None:
        """Return the first dashboard token. Files are read only if it is nowhere before them.

        Raises:
            WrongApi: it belongs to the v1 API (contract §9).
            AuthError: it can't be a token, or a file can't be read and there is no pair either.
            UsageError: there is no --token-file.
        """
        given = _first(self._given())
        if given is not None:
            return given
        try:
            found = _first(self._found())
        except WrongApi:
            raise
        except (AuthError, RefusedError) as error:
            if self.pair() is None:
                raise
            self._warn(f"{error}; the project's own id and secret are used alone")
            return None
        if found is None and self._file is None and self.pair() is None:
            raise AuthError(
                "there is no credential, and no home folder to look for one in", hint=_NO_HOME_HINT
            )
        return found

    def pair(self) -> ProjectPair | None:
        """Return PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET, if both are set.

        Raises:
            WrongApi, AuthError: as above.
        """
        project_id = self._env.get("PHOTON_PROJECT_ID", "").strip()
        secret = self._env.get("PHOTON_PROJECT_SECRET", "").strip()
        checked = _checked(secret, "PHOTON_PROJECT_SECRET") if secret else None
        if not project_id or checked is None:
            return None
        _check(project_id, "PHOTON_PROJECT_ID")
        return ProjectPair(project_id=project_id, secret=checked)

    def stored_pairs(self) -> dict[str, ProjectPair]:
        """Return the credential file's project credentials, by Spectrum id (contract §1.3).

        Raises:
            WrongApi, AuthError: as above.
        """
        found = self._file.pairs(self._hosts.spectrum) if self._file is not None else {}
        return {
            id_: ProjectPair(
                project_id=id_, secret=_checked(secret.reveal(), "the credential file")
            )
            for id_, (_, secret) in found.items()
        }

    def pairs_if_needed(self) -> Mapping[str, ProjectPair]:
        """Return the same, read at the first look; what can't be read is a warning then."""

        def read() -> dict[str, ProjectPair]:
            try:
                return self.stored_pairs()
            except AuthError as error:
                self._warn(f"{error}; its project secrets aren't used")
                return {}

        return _ReadLater(read)

    def _given(self) -> Iterator[tuple[str, str]]:
        if self._token_file is not None:
            path = Path(self._token_file)
            text = _read_token_file(path)
            found = path.stat().st_mode
            if stat.S_ISREG(found) and found & _OTHERS:
                mode = f"{path} can be read by others (mode {stat.S_IMODE(found):04o})"
                self._warn(f"{mode}:  chmod 600 {quote(str(path))}")
            yield f"the token file {path}", text
        for variable in TOKEN_VARIABLES:
            yield variable, self._env.get(variable, "")

    def _found(self) -> Iterator[tuple[str, str]]:
        login = self._file.login(self._hosts.dashboard) if self._file is not None else None
        if login is not None and login.token is not None:
            yield f"the credential file {self.file.path}", login.token.reveal()
        elif login is not None:
            kept = read_keyring(KEYRING_SERVICE, self._hosts.dashboard)
            yield "the keyring", kept.reveal() if kept else ""
        yield from _official_login(self._env, self._hosts)


class _ReadLater(Mapping[str, ProjectPair]):
    """A mapping that is read once, when somebody looks."""

    def __init__(self, read: Callable[[], Mapping[str, ProjectPair]]) -> None:
        self._read = cache(read)

    def __getitem__(self, key: str) -> ProjectPair:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def _first(places: Iterator[tuple[str, str]]) -> Token | None:
    for source, text in places:
        token = bare_token(text)
        if token:
            return Token(secret=_checked(token, source), source=source)
    return None


def _read_token_file(path: Path) -> str:
    try:
        text = read_bounded(path, _LARGEST).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"the token file {path} can't be read: {error}") from None
    if not text.strip():
        raise UsageError(f"the token file {path} is empty")
    return text


def _checked(token: str, where: str) -> Secret:
    _check(token, where)
    return Secret(token)


def _check(token: str, where: str) -> None:
    if token.startswith(_V1_PREFIX):
        raise WrongApi(
            f"{where} is a key of Photon's separate v1 API (it starts with pho_); nothing was sent",
            hint="photonctl needs a session token of app.photon.codes, or a project's own "
            "id and secret.",
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise AuthError(
            f"{where} holds no token: it has spaces, line breaks or non-ASCII characters",
            hint="Copy it again, whole and alone.",
        )


def _official_login(env: Mapping[str, str], hosts: Hosts) -> Iterator[tuple[str, str]]:
    """Read the official CLI's login for this very host (contract §1.3); read, never written."""
    base = official_folder(env)
    if base is None:
        return
    path = base / f"{_host_key(hosts.dashboard)}.json"
    data = _read_object(path)
    token = data.get("accessToken")
    if data.get("apiUrl") == _origin(hosts.dashboard) and isinstance(token, str):
        yield f"the Photon CLI's login {path}", token


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host_key(url: str) -> str:
    if _origin(url) == PRODUCTION:
        return "production"
    parts = urlsplit(url)
    name = (parts.hostname or "").translate(str.maketrans(".:%", "___"))
    return (f"{name}_{parts.port}" if parts.port else name)[:64]


def _read_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_bounded(path, _LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise AuthError(
            f"the Photon CLI's login {path} can't be read: {reason}",
            hint="Fix or remove it; photonctl leaves it as it is.",
        ) from None
    return data if isinstance(data, dict) else {}
