"""Every credential of photonctl that this machine has, so that no manifest can use one."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from photonctl.credentials.places import auth_file, official_logins
from photonctl.files import home_folder, read_bounded
from photonctl.model.spec import JsonValue
from photonctl.own_credentials import credential_files, credential_values, forms_of

_LARGEST = 2**20
_SHORTEST_TOKEN = 12  # a file with a shorter word may hold a name
_NAMES = ("token", "secret")


def all_credentials(env: Mapping[str, str], token_file: str | None = None) -> Iterator[str]:
    """Yield those of the environment and of files; a file that can't be read has none to give."""
    yield from credential_values(env)
    if token_file is not None:
        with suppress(OSError, ValueError):
            for word in read_bounded(Path(token_file), _LARGEST).decode("utf-8-sig").split():
                yield from forms_of(word)
    for file in credential_files(env):
        with suppress(OSError, ValueError):
            token, *more = read_bounded(Path(file), _LARGEST).decode().split() or [""]
            if not more and len(token) >= _SHORTEST_TOKEN:
                yield from forms_of(token)
    home = home_folder(env)
    if home is not None:  # which the sink of Vault reads
        with suppress(OSError, ValueError):
            yield from forms_of(read_bounded(home / ".vault-token", _LARGEST).decode())
    for path in (auth_file(env), *official_logins(env)):
        with suppress(OSError, ValueError, RecursionError):
            if path is not None:
                yield from _secrets_of(json.loads(read_bounded(path, _LARGEST)))


def _secrets_of(value: JsonValue) -> Iterator[str]:
    """Yield the texts whose names say that they are secret, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _secrets_of(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str) and any(word in name.lower() for word in _NAMES):
                yield from forms_of(item)
            yield from _secrets_of(item)
