"""Where credentials come from; the first hit wins (interface §4). Reads, never writes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from photonctl.api.auth import ProjectPair
from photonctl.credentials.hosts import Hosts
from photonctl.errors import AuthError, WrongApi
from photonctl.files import read_bounded
from photonctl.model.secret import Secret

_LARGEST = 2**20
_PRODUCTION = "https://app.photon.codes"
_V1_PREFIX = "pho_"


def find_token(env: Mapping[str, str], hosts: Hosts) -> Secret | None:
    """Return the dashboard token: from the environment, our file, or the official CLI's.

    Raises:
        WrongApi: the first one found belongs to the v1 API (contract §9).
        AuthError: it can't be a token, or the credential file can't be read.
    """
    for where, text in _tokens(env, hosts):
        token = text.strip().removeprefix("Bearer ").strip()
        if token:
            return _checked(token, where)
    return None


def find_pair(env: Mapping[str, str]) -> ProjectPair | None:
    """Return PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET, if both are set.

    Raises:
        WrongApi, AuthError: as above.
    """
    project_id = env.get("PHOTON_PROJECT_ID", "").strip()
    secret = env.get("PHOTON_PROJECT_SECRET", "").strip()
    checked = _checked(secret, "PHOTON_PROJECT_SECRET") if secret else None
    if not project_id or checked is None:
        return None
    return ProjectPair(project_id=project_id, secret=checked)


def stored_pairs(env: Mapping[str, str]) -> dict[str, ProjectPair]:
    """Return the project credentials of the credential file, by Spectrum id (contract §1.3)."""
    entries = _pool(_credential_file(env), "photon_project")
    pairs: dict[str, ProjectPair] = {}
    for entry in entries:
        project_id = entry.get("spectrum_project_id") or entry.get("project_id")
        secret = entry.get("project_secret")
        if isinstance(project_id, str) and isinstance(secret, str) and project_id and secret:
            pairs.setdefault(project_id, ProjectPair(project_id=project_id, secret=Secret(secret)))
    return pairs


def _tokens(env: Mapping[str, str], hosts: Hosts) -> Iterator[tuple[str, str]]:
    for variable in ("PHOTON_TOKEN", "PHOTON_DASHBOARD_TOKEN"):
        yield variable, env.get(variable, "")
    data = _credential_file(env)
    for entry in _pool(data, "photon")[:1]:
        yield "the credential file", _text(entry, "access_token") or _text(entry, "token")
    yield "the credential file", _text(_at(data, "providers", "photon"), "access_token")
    yield "the Photon CLI's login", _official_token(env, hosts)


def _checked(token: str, where: str) -> Secret:
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
    return Secret(token)


def _credential_file(env: Mapping[str, str]) -> dict[str, Any]:
    chosen = env.get("PHOTONCTL_AUTH_FILE", "")
    path = Path(chosen) if chosen else _config_home(env) / "photonctl" / "auth.json"
    return _read_object(path)


def _official_token(env: Mapping[str, str], hosts: Hosts) -> str:
    """Read the official CLI's login for this very host (contract §1.3)."""
    folder = env.get("PHOTON_CONFIG_DIR") or env.get("DASHBOARD_CONFIG_DIR")
    base = Path(folder) if folder else _config_home(env) / "photon"
    data = _read_object(base / "credentials" / f"{_host_key(hosts.dashboard)}.json")
    return _text(data, "accessToken") if data.get("apiUrl") == _origin(hosts.dashboard) else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host_key(url: str) -> str:
    if _origin(url) == _PRODUCTION:
        return "production"
    parts = urlsplit(url)
    name = (parts.hostname or "").translate(str.maketrans(".:%", "___"))
    return (f"{name}_{parts.port}" if parts.port else name)[:64]


def _config_home(env: Mapping[str, str]) -> Path:
    chosen = env.get("XDG_CONFIG_HOME", "")
    return Path(chosen) if chosen else Path(env.get("HOME") or "~").expanduser() / ".config"


def _read_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_bounded(path, _LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise AuthError(
            f"the credential file {path} can't be read: {reason}",
            hint="Mend or remove it; it is left as it is.",
        ) from None
    return data if isinstance(data, dict) else {}


def _pool(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = _at(data, "credential_pool").get(name)
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def _at(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = data.get(key)
        data = inner if isinstance(inner, dict) else {}
    return data


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
