"""The operating system's keyring: small secrets by service and name.

Which keyring it is, the keyring library finds out: from PYTHON_KEYRING_BACKEND, its own file of
settings, the system. Backends are others' code, and raise what they like.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from photonctl.errors import RefusedError
from photonctl.extras import install_command
from photonctl.model.secret import Secret

_VARIABLE = "PYTHON_KEYRING_BACKEND"
_ELSEWHERE = "a private file instead: --store file for a login, {envFile: …} for a signing secret"


def check_keyring() -> None:
    """Make sure that there is a keyring, before anything is to be kept in it.

    Raises:
        RefusedError: there is none.
    """
    with _asking() as backend:
        is_none = backend.priority <= 0 or type(backend).__module__.endswith((".fail", ".null"))
    if is_none:
        raise _no_keyring()


def read_keyring(service: str, name: str, *, is_noted: bool = True) -> Secret | None:
    """Return what is kept; None = nothing. ``is_noted``: as for ``Secret``.

    Raises:
        RefusedError: there is no keyring to ask.
    """
    with _asking() as backend:
        text = backend.get_password(service, name)
    return Secret(text, is_noted=is_noted) if text else None


def write_keyring(service: str, name: str, secret: Secret) -> None:
    """Keep a secret, and see that it is kept.

    Raises:
        RefusedError: it isn't.
    """
    with _asking() as backend:
        backend.set_password(service, name, secret.reveal())
    if read_keyring(service, name, is_noted=False) != secret:
        raise RefusedError("the keyring doesn't keep what is put into it", hint=f"Use {_ELSEWHERE}")


def forget_keyring(service: str, name: str) -> None:
    """Remove a secret, if it is there.

    Raises:
        RefusedError: there is no keyring, or it refuses.
    """
    with _asking() as backend:
        if backend.get_password(service, name) is not None:
            backend.delete_password(service, name)


@contextmanager
def _asking() -> Iterator[Any]:
    """Yield the backend, and turn whatever it raises into an error of ours.

    Raises:
        RefusedError: there is no keyring, or it refuses. Only the type of its error is shown: what
            a backend says may hold what it was given.
    """
    backend = _backend()
    try:
        yield backend
    except Exception as error:  # noqa: BLE001  # others' code
        kind = type(error).__name__
        if kind == "NoKeyringError":
            raise _no_keyring() from None
        is_locked = kind in ("KeyringLocked", "InitError")
        hint = "Unlock it, and run the command again" if is_locked else _setting_hint()
        raise RefusedError(
            f"the keyring refuses ({kind})", hint=f"{hint}. Or use {_ELSEWHERE}."
        ) from None


def _backend() -> Any:
    try:
        import logging

        import keyring

        # The library logs a broken backend with its traceback; what matters of it is in our error.
        logging.getLogger("keyring").addHandler(logging.NullHandler())
    except ImportError:
        raise RefusedError(
            "the keyring library isn't installed, or not all of it",
            hint=f"Install it with:\n  {install_command('keyring')}",
        ) from None
    try:
        return keyring.get_keyring()
    except Exception as error:  # noqa: BLE001  # others' code
        named = f"that {_setting()} names " if _setting() else ""
        raise RefusedError(
            f"the keyring backend {named}can't be loaded ({type(error).__name__})",
            hint=f"{_setting_hint()}. Or use {_ELSEWHERE}.",
        ) from None


def _setting() -> str | None:
    """Return which setting chooses the backend; None = the library chooses by itself."""
    if _VARIABLE in os.environ:
        return _VARIABLE
    try:
        from keyring.util import platform_

        path = platform_.config_root() / "keyringrc.cfg"
        return str(path) if path.is_file() else None
    except Exception:  # noqa: BLE001  # it is for a message only
        return None


def _setting_hint() -> str:
    setting = _setting()
    if setting is None:
        return "Look with python -m keyring diagnose"
    fix = f"unset {setting}" if setting == _VARIABLE else f"remove {setting}"
    return f"Correct or {fix}"


def _no_keyring() -> RefusedError:
    setting = _setting()
    chosen = f" ({setting} chooses none)" if setting else ""
    return RefusedError(
        f"there is no keyring on this machine{chosen}",
        hint="On Linux a keyring is a service on D-Bus; the package gnome-keyring brings one.\n"
        f"Or use {_ELSEWHERE}.",
    )
